"""What happened, for the drawer at the bottom: records of the standard `logging` from every thread."""

import logging
import time

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from ..style.widgets import button, column, label, row

MOST_LINES = 2000
FRESH = 0.5  # s within which a fault is logged before it is shown


class _Bridge(QObject):
    written = Signal(str)


class WindowHandler(logging.Handler):
    """Passes records to the window's thread."""

    def __init__(self):
        super().__init__(logging.INFO)
        self._bridge = _Bridge()
        self.written = self._bridge.written
        self._trace, self._traced_at = "", 0.0
        self.setFormatter(logging.Formatter("%(asctime)s  %(levelname)s  %(message)s", "%H:%M:%S"))

    def emit(self, record):
        """Pass one record on."""
        text = self.format(record)
        if record.exc_info:
            self._trace, self._traced_at = text, record.created
        try:
            self._bridge.written.emit(text)
        except RuntimeError:  # the application is gone
            logging.getLogger().removeHandler(self)

    def fresh_trace(self):
        """Return the traceback that was logged a moment ago, or an empty text."""
        return self._trace if time.time() - self._traced_at < FRESH else ""


class LogDrawer(QWidget):
    """The log as text that can be selected and copied."""

    def __init__(self, handler, parent=None):
        super().__init__(parent)
        self.setObjectName("drawer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.text = QPlainTextEdit()
        self.text.setObjectName("log")
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(MOST_LINES)
        copy = button("Copy", on_click=lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        clear = button("Clear", on_click=self.text.clear)
        self.setLayout(column(row(label("LOG", "heading"), None, copy, clear), self.text, margins=(16, 8, 16, 8)))
        self.setFixedHeight(180)
        handler.written.connect(self.text.appendPlainText)
