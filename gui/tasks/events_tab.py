"""The Events tab: measured events, how they are tested, and what they say."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedLayout, QWidget

from ..panels.observed import ObservedPanel
from ..plots.observed import ObservedView
from ..plots.training import Chip
from ..style import theme
from ..style.widgets import Elided, Menu, button, column, empty_page, menu_button, progress_line, row

FORMATS = {
    "sources_csv": "Sources as CSV…", "sources_tex": "Sources as LaTeX…", "events_csv": "Events as CSV…", "events_tex": "Events as LaTeX…",
    "events_json": "Result as JSON…", "events_png": "Sky as PNG…", "events_pdf": "Sky as PDF…",
}
STATES = {  # words and colour of the chip
    "untested": ("Not tested", "quiet"), "testing": ("Testing", "limit"), "done": ("Done", "text"), "blind": ("Blind", "active"),
    "sealed": ("Blind, recorded", "active"), "fault": ("Cannot be tested", "fault"),
}
ABOUT = (
    "Event lists of observatories (CSV, ECSV, FITS, VOTable) are read with whatever their columns are called. Here you will see what they say about "
    "the sources of the run on the left: the chance of isotropic skies to do as well, the fraction η of the events with its interval and upper "
    "limit, the chance over all sources that are tried, and of every event the probability to be from the source. A test can be recorded before "
    "anything is seen. Where the public lists of Auger and the Telescope Array are found stands in docs/events.md."
)


class EventsTab(QWidget):
    """Form on the left, result on the right.

    Attributes
    ----------
    open_wanted, test_wanted, cancel_wanted : Signal()
    export_wanted : Signal(str)
        Key of :data:`FORMATS`.
    """

    open_wanted = Signal()
    test_wanted = Signal()
    cancel_wanted = Signal()
    export_wanted = Signal(str)

    def __init__(self, draft, choices, parent=None):
        super().__init__(parent)
        self.panel, self.view = ObservedPanel(draft, choices), ObservedView()
        self.name, self.chip = Elided(), Chip()
        self.name.setProperty("role", "title")
        self.test = button("Test events", "primary", on_click=self.test_wanted.emit)
        menu = Menu(self)
        for kind, text in FORMATS.items():
            menu.addAction(text).triggered.connect(lambda _=False, kind=kind: self.export_wanted.emit(kind))
        self.export = menu_button(menu, "Write the result")
        self.export.setText("Export")
        self.another = button("Open events…", on_click=self.open_wanted.emit)
        self.progress, self.status = progress_line()
        self.cancel = button("Cancel", on_click=self.cancel_wanted.emit)
        self.open = button("Open events…", "primary", on_click=self.open_wanted.emit)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(empty_page("No events yet", ABOUT, self.open))
        self._stack.addWidget(self._full())
        self.show_progress(None, "")

    def _full(self):
        header = row(self.name, self.chip, self.another, self.export, self.test, spacing=theme.RHYTHM)
        header.setStretch(0, 1)
        self._busy = QWidget()
        line = row(self.progress, self.status, self.cancel, spacing=12)
        line.setStretch(0, 1)
        line.setStretch(1, 1)
        self._busy.setLayout(line)
        right = column(header, self._busy, self.view, spacing=theme.RHYTHM, margins=(24, 16, 24, 16))
        right.setStretch(2, 1)
        full = QWidget()
        both = row(self.panel, spacing=0)
        both.addLayout(right, 1)
        full.setLayout(both)
        return full

    def show_lists(self, names):
        """Show the page of some lists; of none the one that says what it will show."""
        self._stack.setCurrentIndex(1 if names else 0)
        self.name.setText(" and ".join(names))

    def show_state(self, state, action, can_act, why="", can_export=False):
        """Show where it is (key of :data:`STATES`), what the button does, and whether it can."""
        self.chip.set_state(*STATES[state])
        self.test.setText(action)
        self.test.setEnabled(can_act)
        self.test.setToolTip(why)
        self.export.setEnabled(can_export)

    def show_progress(self, fraction, words, is_running=False):
        """Show how far the test is; ``fraction`` None while nothing is known."""
        self._busy.setVisible(is_running)
        self.progress.show_share(fraction if is_running else 0.0)
        self.status.setText(words)
