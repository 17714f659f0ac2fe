"""Every command and every setting by its name: type a few letters, press Return."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QStyledItemDelegate

from ..style import theme
from ..style.widgets import column, label

WIDTH, ROWS, ROW_HEIGHT = 560, 12, 30
HINT = Qt.ItemDataRole.UserRole + 1


def match(wanted, text):
    """Return how well letters typed fit a text: None for not at all, else smaller is better.

    All letters have to occur in their order; those at the beginnings of words and those that follow each other count more.
    """
    wanted, text = wanted.casefold().replace(" ", ""), text.casefold()
    cost, place = 0, -1
    for letter in wanted:
        found = text.find(letter, place + 1)
        starts = [i for i in range(place + 1, len(text)) if text[i] == letter and (i == 0 or not text[i - 1].isalnum())]
        if found < 0:
            return None
        if found != place + 1 and starts:
            found = starts[0]
        cost += 0 if found == place + 1 else 1 if found in starts else 3 + found - place
        place = found
    return cost + 0.01 * len(text)


class Row(QStyledItemDelegate):
    """A command with its shortcut, or a setting with its value, quiet at the right."""

    def paint(self, painter, option, index):
        """Paint the name, then the hint."""
        super().paint(painter, option, index)
        painter.save()
        painter.setFont(theme.font(theme.CAPTION_SIZE))
        painter.setPen(QColor(theme.current().quiet))
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        place = option.rect.adjusted(option.rect.width() // 2, 0, -2 * theme.RHYTHM, 0)
        text = QFontMetrics(painter.font()).elidedText(index.data(HINT) or "", Qt.TextElideMode.ElideLeft, place.width())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
        painter.restore()


class Palette(QDialog):
    """Finds what can be done.

    Parameters
    ----------
    entries : sequence of (text, hint, function)
        What is offered; the function is called when it is chosen.
    """

    def __init__(self, entries, parent=None):
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._entries = list(entries)
        self.box = QLineEdit()
        self.box.setPlaceholderText("Type what you want to do or to set")
        self.box.setAccessibleName("Command")
        self.list = QListWidget()
        self.list.setItemDelegate(Row(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.nothing = label("Nothing is called so", "quiet")
        self.setLayout(column(self.box, self.list, self.nothing, margins=(12, 12, 12, 12)))
        self.box.textChanged.connect(self._filter)
        self.box.returnPressed.connect(self._choose)
        self.list.itemClicked.connect(lambda item: self._choose())
        self.box.installEventFilter(self)
        self._filter("")

    def open_over(self, window):
        """Show it near the top of a window, with the keyboard in it."""
        self.resize(min(WIDTH, window.width() - 40), self.sizeHint().height())
        self.move(window.mapToGlobal(QPoint((window.width() - self.width()) // 2, 60)))
        self.show()
        self.activateWindow()
        self.box.setFocus()

    def _filter(self, text):
        found = [(cost, number) for number, (words, *_) in enumerate(self._entries) if (cost := match(text, words)) is not None]
        self.list.clear()
        for _, number in sorted(found) if text.strip() else found:
            words, hint, _ = self._entries[number]
            item = QListWidgetItem(words)
            item.setData(Qt.ItemDataRole.UserRole, number)
            item.setData(HINT, hint)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setVisible(bool(found))
        self.nothing.setVisible(not found)
        self.list.setFixedHeight(max(min(len(found), ROWS), 1) * ROW_HEIGHT + 10)
        self.adjustSize()

    def eventFilter(self, watched, event):
        """Let the arrows move through the list while the keyboard is in the box."""
        if event.type() == event.Type.KeyPress and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -ROWS, Qt.Key.Key_PageDown: ROWS}[event.key()]
            self.list.setCurrentRow(min(max(self.list.currentRow() + step, 0), self.list.count() - 1))
            return True
        return super().eventFilter(watched, event)

    def _choose(self):
        item = self.list.currentItem()
        if item is None:
            return
        function = self._entries[item.data(Qt.ItemDataRole.UserRole)][2]
        self.close()
        function()


def menu_entries(menu, before=""):
    """Yield ``(text, shortcut, function)`` of every action of a menu bar or menu that can be used now."""
    for action in menu.actions():
        text = action.text().replace("&", "")
        if action.menu() is not None:
            action.menu().aboutToShow.emit()  # menus that are filled when they are opened
            yield from menu_entries(action.menu(), f"{before}{text}: ")
        elif text and action.isEnabled():
            yield f"{before}{text}", action.shortcut().toString(), action.trigger


def setting_entries(question):
    """Yield ``(text, value, function)`` of every setting that the form shows."""
    for field in question.fields():
        if not field.isHidden():
            heading = question.panel_of(field).heading.text().capitalize()
            value = field.draft.value(field.path)
            words = str(value) if field.path in field.draft.errors else field.words(value)  # as typed: it need not even be a number
            yield f"{heading}: {field.text}", words, lambda field=field: question.go_to(field)
