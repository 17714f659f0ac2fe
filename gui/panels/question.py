"""Everything that is asked, in one column that scrolls."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget

from ..style.widgets import column, tab_as_laid_out
from .field import FieldPanel
from .form import Field
from .method import NetworkPanel, TestPanel
from .observatory import ObservatoryPanel
from .physics import EmissionPanel, EnergyPanel, EventsPanel
from .sources import SourcesPanel

WIDTH, WIDEST = 300, 420  # with the scroll bar


class Question(QScrollArea):
    """The form of a run.

    Parameters
    ----------
    draft : Draft
        Of the run.
    view : Draft
        Of the choices of what to show.
    """

    def __init__(self, draft, view, parent=None):
        super().__init__(parent)
        self.panels = (
            SourcesPanel(draft), EmissionPanel(draft), FieldPanel(draft), ObservatoryPanel(draft), EnergyPanel(draft),
            EventsPanel(draft, view), NetworkPanel(draft), TestPanel(draft),
        )
        content = QWidget()
        content.setObjectName("panel")
        content.setLayout(column(*self.panels, None, spacing=0))
        self.setObjectName("panel")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its entries have the keyboard and are scrolled to
        self.setAccessibleName("Question")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(WIDTH)
        self.setMaximumWidth(WIDEST)
        self.setWidget(content)
        tab_as_laid_out(content.layout())

    def fields(self):
        """Return every :class:`~.form.Field`, in the order of the column."""
        return [field for panel in self.panels for field in panel.findChildren(Field)]

    def panel_of(self, field):
        """Return the panel that a field belongs to."""
        return next(panel for panel in self.panels if panel.isAncestorOf(field))

    def go_to(self, field):
        """Unfold and scroll to a field, and bring the keyboard there."""
        panel = self.panel_of(field)
        fold = getattr(panel, "more", None)
        if fold is not None and fold.content.isAncestorOf(field):
            fold.set_open(True)
        self.widget().layout().activate()
        target = next((child for child in field.findChildren(QWidget) if child.focusPolicy() & Qt.FocusPolicy.TabFocus
                       and child is not field.dot and child.isEnabled()), field)
        self.ensureWidgetVisible(field, 0, 80)
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if hasattr(target, "selectAll"):
            target.selectAll()
