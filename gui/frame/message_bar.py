"""A line above the bottom bar that says what went wrong and what can be done; its details unfold."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from ..style.widgets import button, column, row, wrapped

DETAILS_HEIGHT = 150


class MessageBar(QWidget):
    """Shows the last fault until it is closed, and says how many came before it.

    Parameters
    ----------
    find_details : callable, optional
        Asked for the details of a fault that came without.
    """

    def __init__(self, find_details=lambda: "", parent=None):
        super().__init__(parent)
        self.setObjectName("message")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._find_details = find_details
        self._earlier = []
        self.text = wrapped()
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.details = QPlainTextEdit()
        self.details.setObjectName("log")
        self.details.setReadOnly(True)
        self.details.setFixedHeight(DETAILS_HEIGHT)
        self.details.hide()
        self.earlier_button = button("", on_click=self._show_earlier, tooltip="Show the message before this one")
        self.details_button = button("Details", on_click=self.toggle_details)
        self.copy_button = button("Copy details", on_click=self._copy)
        self.close_button = button("Close", on_click=self.close_messages)
        line = row(self.text, self.earlier_button, self.details_button, self.copy_button, self.close_button)
        line.setStretch(0, 1)
        self.setLayout(column(line, self.details, margins=(16, 8, 16, 8)))
        self.hide()

    def say(self, text, details=""):
        """Show ``text``; ``details``, such as a traceback, unfold and can be copied."""
        if not self.isHidden() and self.text.text() != text:
            self._earlier.append((self.text.text(), self.details.toPlainText()))
        self._show(text, details or self._find_details())

    def _show(self, text, details):
        self.text.setText(text)
        self.details.setPlainText(details)
        self.details.hide()
        self.details_button.setText("Details")
        for made in (self.details_button, self.copy_button):
            made.setVisible(bool(details))
        self.earlier_button.setText(f"{len(self._earlier)} earlier")
        self.earlier_button.setVisible(bool(self._earlier))
        self.show()

    def _show_earlier(self):
        self._show(*self._earlier.pop())

    def toggle_details(self):
        """Unfold the details, or fold them."""
        self.details.setVisible(self.details.isHidden())
        self.details_button.setText("Details" if self.details.isHidden() else "Hide details")

    def close_messages(self):
        """Put this message and the earlier ones away."""
        self._earlier.clear()
        self.hide()

    def _copy(self):
        QGuiApplication.clipboard().setText(f"{self.text.text()}\n\n{self.details.toPlainText()}")
