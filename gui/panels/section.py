"""One part of the question: a heading, its fields, and a line beneath."""

from PySide6.QtWidgets import QWidget

from .. import theme
from ..widgets import Fold, column, label, separator

MARGIN = 2 * theme.RHYTHM


class SectionPanel(QWidget):
    """A heading with fields under it."""

    def __init__(self, title, parent=None):
        super().__init__(parent)
        self.heading = label(title.upper(), "heading")
        self.body = column(spacing=theme.RHYTHM, margins=(MARGIN, 12, MARGIN, 12))
        self.body.addWidget(self.heading)
        self.setLayout(column(self.body, separator(), spacing=0))

    def add(self, *parts):
        """Put widgets or layouts under what is there."""
        for part in parts:
            self.body.addWidget(part) if isinstance(part, QWidget) else self.body.addLayout(part)

    def add_fold(self, text, *fields):
        """Put fields under a heading that hides them at first; returns the :class:`~..widgets.Fold`."""
        content = QWidget()
        content.setLayout(column(*fields, spacing=theme.RHYTHM, margins=(0, 4, 0, 4)))
        fold = Fold(text, content)
        self.add(fold)
        return fold
