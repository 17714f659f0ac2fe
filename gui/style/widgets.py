"""The few controls everything is made of, painted in the colours of the theme at every scale."""

import itertools

import shiboken6
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup, QColor, QFont, QFontMetrics, QKeySequence, QPainter, QPen
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyledItemDelegate,
    QVBoxLayout,
    QWidget,
)

from . import theme

TICK_SIZE = 14
EMPTY_WIDTH = 520  # of the words on a page that is still empty
TYPING_PAUSE = 400  # ms without a key before an entry is looked at


def label(text="", role=None, *, tooltip=""):
    """Make a text; ``role`` names its look in the stylesheet."""
    made = QLabel(text)
    if role:
        made.setProperty("role", role)
    if tooltip:
        made.setToolTip(tooltip)
    return made


def wrapped(text="", role=None):
    """Make a text that may take several lines."""
    made = label(text, role)
    made.setWordWrap(True)
    return made


def button(text, role=None, *, on_click=None, tooltip=""):
    """Make a button; ``role`` is None, ``"primary"`` or ``"link"``."""
    made = QPushButton(text)
    made.setAutoDefault(False)  # in a dialog Enter ends a field; it presses no button
    if role:
        made.setProperty("role", role)
    if role == "link":
        made.setCursor(Qt.CursorShape.PointingHandCursor)
    if tooltip:
        made.setToolTip(tooltip)
    if on_click is not None:
        made.clicked.connect(lambda: on_click())
    return made


def separator():
    """Make a horizontal line, one pixel high."""
    made = QFrame()
    made.setObjectName("line")
    made.setFixedHeight(1)
    return made


def restyle(widget):
    """Apply the stylesheet again after a property of ``widget`` has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def set_role(widget, role):
    """Change the role of a widget, and with it its look."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        restyle(widget)


def row(*parts, spacing=theme.RHYTHM):
    """Lay out widgets in a row; None is a stretch."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for part in parts:
        layout.addStretch(1) if part is None else layout.addWidget(part)
    return layout


def column(*parts, spacing=theme.RHYTHM, margins=(0, 0, 0, 0)):
    """Lay out widgets and layouts in a column; None is a stretch."""
    layout = QVBoxLayout()
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, QWidget):
            layout.addWidget(part)
        else:
            layout.addLayout(part)
    return layout


def laid_out(layout):
    """Yield every widget of a layout, and of the layouts in it, in their order."""
    for index in range(layout.count()):
        item = layout.itemAt(index)
        inner = item.layout() or (item.widget() and item.widget().layout())
        if item.widget() is not None:
            yield item.widget()
        if inner:
            yield from laid_out(inner)


def tab_as_laid_out(layout):
    """Let the Tab key go through a layout in its order, not in that in which widgets were made."""
    order = [widget for widget in laid_out(layout) if widget.focusPolicy() & Qt.FocusPolicy.TabFocus]
    for first, second in itertools.pairwise(order):
        QWidget.setTabOrder(first, second)


def first_focusable(parent):
    """Return the first widget inside ``parent`` that the Tab key reaches, or None."""
    widget = parent
    while (widget := widget.nextInFocusChain()) is not parent:
        if parent.isAncestorOf(widget) and widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            return widget
    return None


def delete_when_over(dialog):
    """Delete a dialog and all in it once it is over, in a later turn and in one go.

    Qt's own ``deleteLater`` does not hold the lock of the interpreter, which PySide 6.11 then takes for each part that Python
    knows; what another thread frees in between ends the program (seen in a core dump, see docs/robustness.md).
    """
    dialog.finished.connect(lambda result: QTimer.singleShot(0, lambda: _delete(dialog)))


def _delete(thing):
    if shiboken6.isValid(thing):
        shiboken6.delete(thing)


def clear_layout(layout):
    """Remove and delete everything in a layout."""
    while (item := layout.takeAt(0)) is not None:
        if item.widget() is not None:
            item.widget().hide()
            item.widget().deleteLater()
        elif item.layout() is not None:
            clear_layout(item.layout())


class Tick(QCheckBox):
    """A check box with a tick in the colour of the text."""

    def sizeHint(self):
        """Leave room for box and text."""
        width = self.fontMetrics().horizontalAdvance(self.text())
        return QSize(TICK_SIZE + theme.RHYTHM + width + 4, max(TICK_SIZE, self.fontMetrics().height()) + 4)

    def hitButton(self, position):
        """Accept clicks on the whole widget."""
        return self.rect().contains(position)

    def paintEvent(self, event):
        """Paint box, tick and text."""
        colours = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(0.5, (self.height() - TICK_SIZE) // 2 + 0.5, TICK_SIZE - 1, TICK_SIZE - 1)
        painter.setPen(QPen(QColor(colours.active if self.hasFocus() else colours.quiet), 1))
        painter.setBrush(QColor(colours.control))
        painter.drawRoundedRect(box, 3, 3)
        if self.isChecked():
            painter.setPen(QPen(QColor(colours.text), 1.8, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
            corner = box.topLeft()
            painter.drawPolyline([corner + QPointF(3.2, 6.8), corner + QPointF(5.8, 9.4), corner + QPointF(10.0, 3.6)])
        painter.setPen(QColor(colours.text if self.isEnabled() else colours.quiet))
        text_area = self.rect().adjusted(TICK_SIZE + theme.RHYTHM, 0, 0, 0)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, text_area.width())
        painter.drawText(text_area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


class Dot(QPushButton):
    """A dot that says "changed"; pressing it goes back."""

    SIZE = 14

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setAutoDefault(False)
        self.setFixedSize(self.SIZE, self.SIZE)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def paintEvent(self, event):
        """Paint the dot, larger under the mouse, with a ring when the keyboard is there."""
        colour = QColor(theme.current().active)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QPointF(self.SIZE / 2, self.SIZE / 2)
        if self.hasFocus():
            painter.setPen(QPen(colour, 1))
            painter.drawEllipse(middle, 6.0, 6.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        radius = 4.0 if self.underMouse() else 3.0
        painter.drawEllipse(middle, radius, radius)


class DefaultMark(QStyledItemDelegate):
    """Writes "default" behind one entry of a list."""

    WORD = "default"

    def __init__(self, parent=None):
        super().__init__(parent)
        self.value = None

    def paint(self, painter, option, index):
        """Paint the entry, then the word at its right end."""
        super().paint(painter, option, index)
        if self.value is None or index.data(Qt.ItemDataRole.UserRole) != self.value:
            return
        painter.save()
        painter.setFont(theme.font(theme.CAPTION_SIZE))
        painter.setPen(QColor(theme.current().quiet))
        place = option.rect.adjusted(0, 0, -theme.RHYTHM, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self.WORD)
        painter.restore()


class Choice(QComboBox):
    """A chooser that ignores the wheel until it is clicked, so that scrolling a form changes nothing.

    Parameters
    ----------
    entries : sequence of (value, text)
        A value of None is a heading, which cannot be chosen, or a line if its text is empty.
    """

    def __init__(self, entries=(), parent=None):
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for value, text in entries:
            if value is None and not text:
                self.insertSeparator(self.count())
                continue
            self.addItem(text, value)
            if value is None:
                self._make_heading(self.model().item(self.count() - 1))

    def mark_default(self, value):
        """Write "default" behind the entry of a value."""
        mark = DefaultMark(self)
        mark.value = value
        self.setItemDelegate(mark)

    @staticmethod
    def _make_heading(item):
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setFont(theme.font(theme.CAPTION_SIZE, weight=QFont.Weight.DemiBold))

    def wheelEvent(self, event):
        """Scroll the form unless the list is in use."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Segments(QWidget):
    """A row of buttons of which one is pressed."""

    chosen = Signal(object)

    def __init__(self, entries, parent=None):
        super().__init__(parent)
        self._values = [value for value, _ in entries]
        self._group = QButtonGroup(self)
        layout = row(spacing=0)
        self.setLayout(layout)
        for index, (_, text) in enumerate(entries):
            segment = QPushButton(text)
            segment.setCheckable(True)
            segment.setAutoDefault(False)
            segment.setProperty("role", "segment")
            segment.setProperty("place", "first" if index == 0 else "last" if index == len(entries) - 1 else "middle")
            self._group.addButton(segment, index)
            layout.addWidget(segment, 1)
            self._fit(segment)
        self._group.idClicked.connect(lambda index: self.chosen.emit(self._values[index]))
        theme.notifier.changed.connect(self._restyle)

    def _restyle(self, _):
        for segment in self._group.buttons():
            self._fit(segment)

    def button(self, value):
        """Return the button of a value."""
        return self._group.button(self._values.index(value))

    @staticmethod
    def _fit(segment):
        """Leave room for the text in bold, as it is when the button is pressed."""
        bold = QFontMetrics(theme.font(weight=QFont.Weight.Bold))
        segment.setMinimumWidth(bold.horizontalAdvance(segment.text()) + 2 * theme.RHYTHM + 4)

    def mark_default(self, value):
        """Underline the button of a value."""
        for index, known in enumerate(self._values):
            segment = self._group.button(index)
            segment.setProperty("standard", known == value)
            if known == value:
                segment.setToolTip("Default")
            restyle(segment)

    def choose(self, value):
        """Press the button of ``value``, or none; sends no signal."""
        self._group.setExclusive(False)
        for index, known in enumerate(self._values):
            self._group.button(index).setChecked(known == value)
        self._group.setExclusive(True)


class ValueEdit(QLineEdit):
    """A number or text that looks like plain text until the mouse comes; sends what was typed when it is finished."""

    typed = Signal(str)
    paused = Signal(str)  # what stands there when typing rests, before it is finished

    def __init__(self, *, quiet=False, parent=None):
        super().__init__(parent)
        if quiet:
            self.setProperty("role", "value")
            self.setTextMargins(-2, 0, -3, 0)  # in line with the plain texts around it
        self.setAlignment(Qt.AlignmentFlag.AlignRight if quiet else Qt.AlignmentFlag.AlignLeft)
        self._shown = ""
        self._pause = QTimer(self, singleShot=True, interval=TYPING_PAUSE)
        self._pause.timeout.connect(lambda: self.paused.emit(self.text()))
        self.textEdited.connect(lambda text: self._pause.start())
        self.editingFinished.connect(self._finish)

    def show_text(self, text):
        """Show a text without sending a signal."""
        self._shown = text
        if self.text() != text:
            self.setText(text)
            self.setCursorPosition(0)

    def _finish(self):
        self._pause.stop()
        if self.text() != self._shown:
            self._shown = self.text()
            self.typed.emit(self.text())

    def event(self, event):
        """Leave undo and redo to the window unless something is half typed."""
        if event.type() == QEvent.Type.ShortcutOverride and self.text() == self._shown and any(
            event.matches(key) for key in (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)
        ):
            event.ignore()
            return True
        return super().event(event)

    def keyPressEvent(self, event):
        """Let Escape bring back what was there."""
        if event.key() == Qt.Key.Key_Escape and self.text() != self._shown:
            self._pause.stop()
            self.setText(self._shown)
            self.paused.emit(self._shown)
            event.accept()
            return
        super().keyPressEvent(event)


class Slider(QSlider):
    """A horizontal slider that goes where it is clicked and leaves the wheel to the form around it."""

    def __init__(self, steps, parent=None):
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(0, steps)
        self.setPageStep(max(steps // 10, 1))
        self.setFixedHeight(18)
        self._default = None

    def mark_default(self, position):
        """Draw a notch at a position."""
        self._default = position
        self.update()

    def paintEvent(self, event):
        """Paint the slider, and the notch under its groove."""
        super().paintEvent(event)
        if self._default is None:
            return
        half = 6
        x = half + QStyle.sliderPositionFromValue(self.minimum(), self.maximum(), self._default, self.width() - 2 * half)
        painter = QPainter(self)
        painter.setPen(QPen(QColor(theme.current().quiet), 1))
        painter.drawLine(x, self.height() - 4, x, self.height())

    def wheelEvent(self, event):
        """Scroll the form."""
        event.ignore()

    def mousePressEvent(self, event):
        """Jump to the mouse, then drag as usual."""
        if event.button() == Qt.MouseButton.LeftButton:
            half = 6
            position = event.position().x() - half
            self.setValue(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), int(position), self.width() - 2 * half))
        super().mousePressEvent(event)


class Fold(QPushButton):
    """A word that shows and hides what belongs to it.

    Parameters
    ----------
    text : str
    content : QWidget
        Stands wherever its owner puts it.
    """

    def __init__(self, text, content, parent=None):
        super().__init__(parent)
        self._text, self.content = text, content
        self.setAutoDefault(False)
        self.setProperty("role", "link")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._is_marked = False
        self.clicked.connect(lambda: self.set_open(not self.is_open))
        self.set_open(False)

    def mark(self, is_marked):
        """Show by a dot that something in the content was changed."""
        self._is_marked = is_marked
        self.set_open(self.is_open)
        set_role(self, "link marked" if is_marked else "link")

    @property
    def is_open(self):
        """Whether the content is seen."""
        return not self.content.isHidden()

    def set_open(self, is_open):
        """Show or hide the content."""
        self.content.setVisible(is_open)
        dot = "• " if self._is_marked and not is_open else ""
        self.setText(f"{dot}{self._text} {'▴' if is_open else '▾'}")


class Elided(QLabel):
    """One line of text that is cut with an ellipsis where there is no room; the whole stands in the tooltip."""

    def minimumSizeHint(self):
        """Let it shrink."""
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event):
        """Paint the part that fits."""
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.setToolTip(self.text() if text != self.text() else "")
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), self.alignment() | Qt.AlignmentFlag.AlignVCenter, text)


class ShareBar(QProgressBar):
    """A bar without numbers."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setTextVisible(False)

    def show_share(self, share):
        """Show which share is done, 0 to 1; None while nobody knows."""
        self.setUpdatesEnabled(False)  # Qt would paint here and now, which takes milliseconds, for each report of a job
        self.setRange(0, 0 if share is None else 1000)
        if share is not None:
            self.setValue(round(1000 * min(share, 1.0)))
        self.setUpdatesEnabled(True)


def progress_line():
    """Make a :class:`ShareBar` and the quiet words that belong to it."""
    words = Elided()
    words.setProperty("role", "quiet")
    return ShareBar(), words


def empty_page(title, text, *buttons):
    """Make what a tab shows before there is anything in it: a title, what will be seen here, and the buttons that begin.

    Parameters
    ----------
    title : str or QLabel
    text : str
    *buttons : QPushButton
    """
    about = wrapped(text, "quiet")
    about.setFixedWidth(EMPTY_WIDTH)
    heading = label(title, "title") if isinstance(title, str) else title
    line = row(None)
    line.addLayout(column(None, heading, about, *([row(*buttons, None)] if buttons else []), None, None, spacing=2 * theme.RHYTHM))
    line.addStretch(1)
    page = QWidget()
    page.setLayout(line)
    return page


class Menu(QMenu):
    """A menu of groups of which one entry each is chosen, of ticks, and of verbs."""

    def choices(self, entries, choose):
        """Add a group; returns its actions by key. ``choose(key)`` is called by the person's choice alone."""
        group = QActionGroup(self)
        actions = {}
        for key, text in entries.items():
            action = QAction(text, self, checkable=True)
            action.triggered.connect(lambda checked, key=key: choose(key))
            group.addAction(action)
            self.addAction(action)
            actions[key] = action
        return actions

    def tick(self, text, change):
        """Add an entry that is on or off; ``change(is_on)`` is called by the person's choice alone."""
        action = QAction(text, self, checkable=True)
        action.triggered.connect(change)
        self.addAction(action)
        return action


def menu_button(menu, tooltip):
    """Make a button that opens a menu and looks like a chooser."""
    made = QPushButton()
    made.setProperty("role", "menu")
    made.setAutoDefault(False)
    made.setToolTip(tooltip)
    made.setAccessibleName(tooltip)
    made.setMenu(menu)
    return made
