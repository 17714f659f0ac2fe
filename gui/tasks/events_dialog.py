"""What was read of event lists, before they are opened: columns, units, what will be cut, how to cite."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QScrollArea, QWidget

from ...core.observatory import BOTH
from ..panels.observed import selection_words
from ..state.labels import WORDS
from ..style.numbers import fixed, percent, significant
from ..style.widgets import Tick, button, column, delete_when_over, label, row, separator, wrapped

WIDTH, MOST_HEIGHT = 600, 420
QUANTITIES = {
    "ra": "Right ascension", "dec": "Declination", "glon": "Galactic longitude", "glat": "Galactic latitude", "energy": "Energy", "zenith": "Zenith angle",
}


def settings_for(lists, config):
    """Return the settings of a run that published lists ask for and it has not: ``{path: value}``."""
    known = [events.published for events in lists if events.published]
    if not known:
        return {}
    exposures = {published.exposure for published in known}
    wanted = {
        "observatory.exposure": exposures.pop() if len(exposures) == 1 else BOTH,
        "energy.resolution": max(published.resolution for published in known),
    }
    now = {"observatory.exposure": config.observatory.exposure, "energy.resolution": config.energy.resolution}
    return {path: value for path, value in wanted.items() if value != now[path]}


def frame_words(events):
    """Return the frame in which a list gives directions."""
    quantities = {column.quantity for column in events.recognised}
    frames = [name for name, needed in (("equatorial (ICRS)", "ra"), ("Galactic", "glon")) if needed in quantities]
    return " and ".join(frames)


class EventsDialog(QDialog):
    """Shows event lists that were read; after it is accepted ``settings`` and ``is_blind`` say how they are opened.

    Parameters
    ----------
    lists : sequence of EventList
    config : RunConfig
        On screen.
    selection : Selection or str
        What the run with :func:`settings_for` the lists would test, or why it cannot.
    """

    def __init__(self, lists, config, selection, parent=None):
        super().__init__(parent)
        self.setWindowTitle("Open events")
        delete_when_over(self)
        self.setMinimumWidth(WIDTH)
        self._wanted = settings_for(lists, config)
        self.cut = wrapped()
        self.fault = wrapped(role="fault")
        self.adopt = Tick(f"Set the run to {self._words()}" if self._wanted else "")
        self.adopt.setChecked(bool(self._wanted))
        self.adopt.setVisible(bool(self._wanted))
        self.blind = Tick("Blind: show no event and no result before the test is recorded")
        self.open_button = button("Open events", "primary", on_click=self.accept)
        self.open_button.setDefault(True)
        content = QWidget()
        content.setLayout(column(*(self._of_list(events, len(lists) > 1) for events in lists), None, spacing=16))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        area.setMinimumHeight(min(content.layout().totalHeightForWidth(WIDTH - 60) + 8, MOST_HEIGHT))
        n = sum(len(events) for events in lists)
        self._show_selection(selection, config)
        self.setLayout(column(
            label(f"{n} events in {len(lists)} lists" if len(lists) > 1 else lists[0].path.name, "title"), area, separator(), self.cut, self.fault,
            self.adopt, self.blind, row(None, button("Cancel", on_click=self.reject), self.open_button), spacing=12, margins=(24, 24, 24, 16),
        ))

    @property
    def settings(self):
        """Settings that the run takes over."""
        return self._wanted if self.adopt.isChecked() else {}

    @property
    def is_blind(self):
        """Whether nothing may be seen before the test is recorded."""
        return self.blind.isChecked()

    def _words(self):
        parts = []
        if (exposure := self._wanted.get("observatory.exposure")) is not None:
            parts.append(f"exposure “{WORDS['observatory.exposure'][exposure]}”")
        if (resolution := self._wanted.get("energy.resolution")) is not None:
            parts.append(f"ΔE/E = {percent(resolution, 0)}")
        return " and ".join(parts)

    def _of_list(self, events, has_heading):
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(2, 1)
        for line, recognised in enumerate(events.recognised):
            name = label(QUANTITIES.get(recognised.quantity, recognised.quantity), "quiet")
            for place, part in enumerate((name, label(recognised.column), label(recognised.unit))):
                grid.addWidget(part, line, place)
        energies = f"{significant(events.energy.min())} to {significant(events.energy.max())} EeV"
        facts = (
            f"{len(events)} events, {energies}, declination {fixed(events.dec.min())}° to {fixed(events.dec.max())}°, directions "
            f"{frame_words(events)}"
        )
        parts = [*([label(events.path.name.upper(), "heading")] if has_heading else []), wrapped(facts), grid]
        if events.other_columns:
            parts.append(wrapped(f"Not needed: {', '.join(events.other_columns)}", "caption"))
        if events.published:
            parts.append(wrapped(f"These are the columns of {events.published.name}. Cite {events.published.citation}", "caption"))
        return column(*parts, spacing=6)

    def _show_selection(self, selection, config):
        is_fault = isinstance(selection, str)
        self.fault.setText(f"{selection}. It can be put right after opening." if is_fault else "")
        self.fault.setVisible(is_fault)
        self.cut.setVisible(not is_fault)
        if not is_fault:
            notes = "".join(f"\n{note}" for note in selection.notes)
            self.cut.setText(f"{selection_words(selection, config.energy.threshold)}.{notes}")
