"""One part of the question: a heading, its fields, and a line beneath."""

from PySide6.QtWidgets import QWidget

from ..style import theme
from ..style.widgets import Fold, column, label, row, separator
from .form import Field

MARGIN = 2 * theme.RHYTHM


class SectionPanel(QWidget):
    """A heading with fields under it; what is seldom changed hides behind a word at the end of the heading."""

    def __init__(self, title, parent=None):
        super().__init__(parent)
        self.heading = label(title.upper(), "heading")
        self._head = row(self.heading, None, spacing=4)
        self.body = column(self._head, spacing=theme.RHYTHM, margins=(MARGIN, 10, MARGIN, 12))
        self.setLayout(column(self.body, separator(), spacing=0))

    def add(self, *parts):
        """Put widgets or layouts under what is there."""
        for part in parts:
            self.body.addWidget(part) if isinstance(part, QWidget) else self.body.addLayout(part)

    def add_title_dot(self, field):
        """Let the dot of a field without a label stand behind the heading."""
        if field.dot is not None:
            self._head.insertWidget(1, field.dot)

    def add_fold(self, *fields, text="More"):
        """Hide fields behind a word at the end of the heading; returns the :class:`~..widgets.Fold`."""
        content = QWidget()
        content.setLayout(column(*fields, spacing=theme.RHYTHM, margins=(0, 4, 0, 4)))
        fold = Fold(text, content)
        self._head.addWidget(fold)
        self.add(content)
        hidden = [field for field in fields if isinstance(field, Field)]

        def refresh(paths=None):
            fold.mark(any(field.draft.is_changed(field.path) for field in hidden))

        for draft in {id(field.draft): field.draft for field in hidden}.values():
            fold.destroyed.connect(draft.subscribe(refresh))
        refresh()
        return fold
