"""The run file as text, beside the form: what is edited in one appears in the other."""

import difflib
import re

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QFontDatabase, QSyntaxHighlighter, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from ...core.config import config_from_toml, run_toml
from ...core.errors import ZevatronError
from ...core.sources import selected_sources
from ..style import theme
from ..style.widgets import TYPING_PAUSE, button, column, label, row, wrapped

NARROWEST = 320
FOLLOW = 120  # ms after an edit in the form; a slider that is pulled is followed when it rests
COMMENT, SECTION, KEY = re.compile(r"^\s*#.*"), re.compile(r"^\s*\[.*\]\s*$"), re.compile(r"^\s*[\w.]+(?=\s*=)")


class RunHighlighter(QSyntaxHighlighter):
    """Comments quiet, sections and keys as headings and names, in the colours of the theme."""

    def highlightBlock(self, text):
        """Colour one line."""
        colours = theme.current()
        for pattern, colour, weight in (
            (COMMENT, colours.quiet, QFont.Weight.Normal), (SECTION, colours.active, QFont.Weight.DemiBold),
            (KEY, colours.limit, QFont.Weight.Normal),
        ):
            if found := pattern.match(text):
                made = QTextCharFormat()
                made.setForeground(QColor(colour))
                made.setFontWeight(weight)
                self.setFormat(found.start(), found.end() - found.start(), made)
                return


class TextView(QWidget):
    """The run as the text of its file.

    Parameters
    ----------
    draft : Draft
        What is typed here is one step of its history as soon as it is a valid run.
    """

    def __init__(self, draft, parent=None):
        super().__init__(parent)
        self.setObjectName("panel")
        self.setMinimumWidth(NARROWEST)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._draft = draft
        self._is_writing = False
        self._known = ""  # text that is no news: the editor calls new colours a change too
        self.text = QPlainTextEdit()
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName("Run file")
        self.text.installEventFilter(self)
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        fixed.setPixelSize(theme.TEXT_SIZE - 1)
        self.text.setStyleSheet(f"font-family: '{fixed.family()}'; font-size: {theme.TEXT_SIZE - 1}px;")
        self._highlighter = RunHighlighter(self.text.document())
        self.fault = wrapped(role="fault")
        self.fault.hide()
        self.status = label("", "caption")
        self.revert_button = button("Write anew", "link", on_click=self.show_run, tooltip="Throw away what is typed here and write the run")
        layout = column(self.text, self.fault, row(self.status, None, self.revert_button), margins=(16, 12, 16, 12))
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self._pause = QTimer(self, singleShot=True, interval=TYPING_PAUSE)
        self._pause.timeout.connect(self.take)
        self.text.textChanged.connect(self._typed)
        self.destroyed.connect(draft.subscribe(self._draft_changed))
        theme.notifier.changed.connect(self._highlighter.rehighlight)
        self._is_stale = True
        self._later = QTimer(self, singleShot=True, interval=FOLLOW)
        self._later.timeout.connect(self.show_run)

    def showEvent(self, event):
        """Write what has changed meanwhile."""
        super().showEvent(event)
        if self._is_stale:
            self.show_run()

    def _draft_changed(self, paths):
        if self._is_writing:
            return
        if self.isVisible():
            self._later.start()
        else:
            self._is_stale = True

    def _typed(self):
        if not self._is_writing and self.text.toPlainText() != self._known:
            self.status.setText("…")
            self._pause.start()

    def eventFilter(self, watched, event):
        """Take what is typed at once when the keyboard leaves; let the window undo what is no longer half typed."""
        if event.type() == QEvent.Type.FocusOut and self._pause.isActive():
            self.take()
        return super().eventFilter(watched, event)

    def show_run(self):
        """Write the run (without the line of its digest), changing only the lines that differ, so that the place in the text is kept."""
        self._pause.stop()
        self._later.stop()
        self._is_stale = False
        wanted, present = run_toml(self._draft.config).splitlines()[1:], self.text.toPlainText().splitlines()
        self._is_writing = True
        cursor = QTextCursor(self.text.document())
        cursor.beginEditBlock()
        for kind, start, end, first, last in reversed(difflib.SequenceMatcher(None, present, wanted, False).get_opcodes()):
            if kind != "equal":
                self._replace_lines(cursor, start, end, wanted[first:last], len(present))
        cursor.endEditBlock()
        self._is_writing = False
        self._known = self.text.toPlainText()
        self._complain(None)

    def _replace_lines(self, cursor, start, end, lines, n_present):
        document = self.text.document()
        if start >= n_present:  # behind the last line
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(("\n" if n_present else "") + "\n".join(lines))
            return
        cursor.setPosition(document.findBlockByNumber(start).position())
        if end < document.blockCount():
            cursor.setPosition(document.findBlockByNumber(end).position(), QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText("".join(f"{line}\n" for line in lines))
        else:
            cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText("\n".join(lines))

    def take(self):
        """Make the text the run, if it is one; else say what is wrong and where."""
        self._pause.stop()
        text = self._known = self.text.toPlainText()
        try:
            config = config_from_toml(text)
            selected_sources(config.sources)
        except ZevatronError as error:
            self._complain(error)
            return
        self._complain(None)
        self._is_writing = True
        self._draft.replace(config)
        self._is_writing = False

    def _complain(self, error):
        self.fault.setVisible(error is not None)
        marks = []
        if error is not None:
            line = fault_line(self.text.toPlainText(), error)
            where = f"Line {line + 1}: " if line is not None else ""
            self.fault.setText(f"{where}{error}. The form keeps the last valid run.")
            if line is not None:
                marks.append(self._mark(line))
        self.text.setExtraSelections(marks)
        self.status.setText("not valid yet" if error is not None else "the same as the form")

    def _mark(self, line):
        mark = QTextEdit.ExtraSelection()
        colour = QColor(theme.current().fault)
        colour.setAlphaF(0.25)
        mark.format.setBackground(colour)
        mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        mark.cursor = QTextCursor(self.text.document().findBlockByNumber(line))
        return mark


def fault_line(text, error):
    """Return the number (from 0) of the line that an error speaks of, or None."""
    if found := re.search(r"at line (\d+)", str(error)):
        return int(found[1]) - 1
    path = getattr(error, "path", None)
    if not path:
        return None
    section, _, key = re.sub(r"\[\d+\].*", "", path).rpartition(".")
    current = ""
    for number, line in enumerate(text.splitlines()):
        if found := re.match(r"\s*\[+\s*([\w.]+)\s*\]+", line):
            current = found[1]
            if current == path:
                return number
        elif current in (section, path.rpartition(".")[0]) and re.match(rf"\s*{re.escape(key)}\s*=", line):
            return number
    return None
