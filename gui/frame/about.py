"""What this is, and the versions for a report."""

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog

from ...core import __version__
from ..files.report import machine
from ..style.widgets import button, column, label, row, wrapped

WHAT = (
    "From candidate sources of ultra-high-energy cosmic rays to the smallest detectable source fraction. "
    "After Kalashev, Pshirkov and Zotov, arXiv:1912.00625 and arXiv:2105.06414."
)


class AboutDialog(QDialog):
    """Shows the versions and copies them."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setWindowTitle("About Zevatron")
        self.setMinimumWidth(440)
        text = "\n".join(machine())
        self.copy_button = button("Copy", on_click=lambda: QGuiApplication.clipboard().setText(text))
        self.setLayout(column(
            label(f"Zevatron {__version__}", "name"), wrapped(WHAT), wrapped(text, "caption"),
            row(None, self.copy_button, button("Close", "primary", on_click=self.accept)), spacing=12, margins=(24, 24, 24, 16),
        ))
