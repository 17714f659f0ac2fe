"""What the answer on the right is made of: a heading with what belongs to it, a name with its value."""

from PySide6.QtWidgets import QWidget

from . import theme
from .numbers import percent_interval
from .widgets import Elided, column, label, row, separator, set_role

MARGIN = 2 * theme.RHYTHM


class ValueRow(QWidget):
    """A name, cut where there is no room for it, and its value, aligned to the right."""

    def __init__(self, text, role=None, parent=None):
        super().__init__(parent)
        self.name, self.value = Elided(text), label("", role)
        self._role = role
        layout = row(self.name, self.value)
        layout.setStretch(0, 1)
        self.setLayout(layout)

    def show_value(self, text, is_quiet=False):
        """Show a value, in grey where it is none."""
        self.value.setText(text)
        set_role(self.value, "quiet" if is_quiet else self._role)


class Part(QWidget):
    """A heading and what belongs to it."""

    def __init__(self, title, *parts, line=True, parent=None):
        super().__init__(parent)
        self.heading = label(title.upper(), "heading")
        body = column(self.heading, *parts, spacing=6, margins=(MARGIN, 10, MARGIN, 12))
        layout = column(body, *([separator()] if line else []), spacing=0)
        layout.setStretch(0, 1)
        self.setLayout(layout)


def eta_text(verdict):
    """Return the smallest detectable fraction of a verdict with its interval."""
    if verdict.eta_min is None:
        return "not even η = 1"
    return percent_interval(verdict.eta_min, verdict.eta_low, verdict.eta_high, 2)
