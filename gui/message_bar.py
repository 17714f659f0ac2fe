"""One line above the bottom bar that says what went wrong and what can be done."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QWidget

from .widgets import button, wrapped


class MessageBar(QWidget):
    """Shows the last fault until it is closed; details can be copied."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setObjectName("message")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._details = ""
        self.text = wrapped()
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy_button = button("Copy details", on_click=self._copy)
        self.close_button = button("Close", on_click=self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.copy_button)
        layout.addWidget(self.close_button)
        self.hide()

    def say(self, text, details=""):
        """Show ``text``; ``details``, such as a traceback, can be copied."""
        self._details = details
        self.text.setText(text)
        self.copy_button.setVisible(bool(details))
        self.show()

    def _copy(self):
        QGuiApplication.clipboard().setText(f"{self.text.text()}\n\n{self._details}")
