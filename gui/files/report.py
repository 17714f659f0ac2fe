"""What a bug report needs, as text to be copied: versions, machine, screens, the run, the last lines of the log."""

import os
import platform

import PySide6
from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit

from ...core.config import RunConfig, differing_settings, value_at
from ...core.storage.provenance import versions
from ..style import theme
from ..style.widgets import button, column, label, row, wrapped
from .settings import runs_folder, settings

LAST_LINES = 30
WHAT = "Paste this into a report. It names folders and settings of this computer and holds no data of yours."


def machine():
    """Return versions, system, processor threads, screens and folders, one a line."""
    numbers = [f"{name} {number}" for name, number in versions().items()]
    screens = [
        f"screen {screen.name()}: {screen.size().width()}×{screen.size().height()}, scale {screen.devicePixelRatio():g}"
        for screen in QGuiApplication.screens()
    ]
    return [
        *numbers, f"PySide6 {PySide6.__version__}, Qt {qVersion()} on {QGuiApplication.platformName()}",
        platform.platform(), f"{os.cpu_count()} processor threads", *screens, f"colours: {theme.current().name}",
        f"settings {settings().fileName()}", f"trainings {runs_folder()}",
    ]


def changed_settings(config):
    """Return what differs from the defaults, one setting a line."""
    changed = differing_settings([config, RunConfig()])
    return [f"{path} = {value_at(config, path)!r}" for path in changed] or ["all as by default"]


def report(config, log_text):
    """Return the report of a run and the text of the log."""
    parts = (
        ("Program and machine", machine()), (f"Run {config.digest}", changed_settings(config)),
        (f"Last {LAST_LINES} lines of the log", log_text.splitlines()[-LAST_LINES:] or ["empty"]),
    )
    return "\n\n".join("\n".join([f"## {title}", *lines]) for title, lines in parts)


class ReportDialog(QDialog):
    """Shows the report and copies it."""

    def __init__(self, text, parent=None):
        super().__init__(parent)
        self.setWindowTitle("Information for a report")
        self.resize(640, 560)
        self.text = QPlainTextEdit(text)
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Report")
        self.copy_button = button("&Copy", "primary", on_click=lambda: QGuiApplication.clipboard().setText(text))
        layout = column(
            label("Information for a report", "title"), wrapped(WHAT, "quiet"), self.text,
            row(None, button("C&lose", on_click=self.accept), self.copy_button), spacing=12, margins=(24, 24, 24, 16),
        )
        layout.setStretch(2, 1)
        self.setLayout(layout)
        self.copy_button.setFocus()
