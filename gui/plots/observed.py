"""What measured events say: a row for each source, a row for each event."""

import functools

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QWidget

from ..style import theme as themes
from ..style.numbers import DASH, MISSING, THIN_SPACE, fixed, percent, significant
from ..style.widgets import button, column, label, row, wrapped
from .row_model import FONT, FOREGROUND, ROW_HEIGHT, Column, RowModel, RowTable

MOST_EVENTS = 5000  # rows of the table; the file has all
MOST_SOURCES = 6  # rows seen without scrolling
PADDING = 5  # pixels at each side of a text
NARROWEST = 52  # pixels, of a column: its heading and the arrow
PROBABILITY, LIST = 0, 7  # numbers of columns of the events
NO_BREAK = "\u202f"  # a narrow space at which no line ends
LIKELY = 0.5  # probability from which an event stands out


def p_words(p, counted, equals=""):
    """Return a counted p-value, after ``equals``; the least there can be is an upper bound."""
    return f"<{THIN_SPACE}{significant(1 / counted, 1)}" if counted and p <= 1 / counted else f"{equals}{significant(p, 2)}"


def span(low, high):
    """Return ``"3.1–9.8 %"``."""
    return f"{fixed(100 * low)}{DASH}{fixed(100 * high)}{THIN_SPACE}%"


SOURCE_COLUMNS = (  # title, tooltip, text of (finding, with energy scale, isotropic skies), value to sort by
    ("Source", "", lambda f, s, n: f.source, lambda f, s: f.source),
    ("Score", "Of the chosen test", lambda f, s, n: significant(f.score, 3), lambda f, s: f.score),
    ("Local p", "Share of isotropic skies that score as high", lambda f, s, n: p_words(f.local_p, n), lambda f, s: f.local_p),
    (
        "η", "Fraction of the detected events that fits best, and its interval: Neyman's construction, ordered as Feldman and Cousins do",
        lambda f, s, n: f"{percent(f.eta.best).removesuffix(f'{THIN_SPACE}%')} ({span(f.eta.low, f.eta.high)})", lambda f, s: f.eta.best,
    ),
    ("Below", "Upper limit", lambda f, s, n: percent(f.eta.upper), lambda f, s: f.eta.upper),
    ("Expected", "Median upper limit of isotropic skies", lambda f, s, n: percent(f.expected_upper), lambda f, s: f.expected_upper),
    (
        "Any scale", "Upper limit whatever the energy scale is, within its error", lambda f, s, n: MISSING if s is None else percent(s["upper"]),
        lambda f, s: -1.0 if s is None else s["upper"],
    ),
)
EVENT_COLUMNS = (  # title, tooltip, decimals
    ("p", "Probability to be from the source, averaged over its fraction with a flat prior", 3), ("E (EeV)", "With the factor of its list", 1),
    ("α (°)", "Right ascension, ICRS", 2), ("δ (°)", "Declination, ICRS", 2), ("l (°)", "Galactic longitude", 2), ("b (°)", "Galactic latitude", 2),
    ("Row", "In its list, from 1", 0), ("List", "", None),
)


class ValueRows(RowModel):
    """Rows that are a value for each column and a name behind the last."""

    def __init__(self, columns, text_columns=(), parent=None):
        super().__init__(columns, text_columns, parent)
        self._bold = None

    def identity(self, row):
        """Return its name."""
        return row[-1]

    def set_values(self, rows, bold=None):
        """Show rows; ``bold(name)`` says which stand out."""
        self._bold = bold
        self.set_rows(rows)

    def name(self, number):
        """Return the name of a row."""
        return self.rows[number][-1]

    def look(self, row, column, role):
        """Return colour and weight of a cell."""
        if role not in (FONT, FOREGROUND) or self._bold is None or not self._bold(row[-1]):
            return None
        return themes.font(weight=QFont.Weight.DemiBold) if role == FONT else QColor(themes.current().active)


def source_columns():
    """Yield the columns of the sources, whose values are pairs of what is written and what is sorted by."""
    for place, (title, tooltip, *_) in enumerate(SOURCE_COLUMNS):
        yield Column(title, tooltip, lambda row, place=place: row[place][0], lambda row, place=place: (row[place][1],))


def event_columns():
    """Yield the columns of the events."""
    for place, (title, tooltip, decimals) in enumerate(EVENT_COLUMNS):
        text = event_text if decimals is None else functools.partial(event_number, decimals=decimals)
        yield Column(title, tooltip, lambda row, place=place, text=text: text(row[place]), lambda row, place=place: (row[place],))


def event_text(value):
    """Write a word about an event."""
    return MISSING if value is None else value


def event_number(value, decimals):
    """Write a number about an event."""
    return MISSING if value is None else fixed(value, decimals)


def table_of(model):
    """Make the table of a :class:`ValueRows`."""
    table = RowTable(model, PADDING)
    header = table.horizontalHeader()
    header.setSortIndicator(-1, Qt.SortOrder.DescendingOrder)  # in the order in which they come until a heading is clicked
    header.setMinimumSectionSize(NARROWEST)
    return table


class ObservedView(QWidget):
    """Sources above, events below.

    Attributes
    ----------
    source_chosen : Signal(str)
    event_wanted : Signal(int)
        Number of the event in its selection that is to be seen on the sky; -1 for all of them.
    """

    source_chosen = Signal(str)
    event_wanted = Signal(int)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.statement, self.overall, self.notes = wrapped(role="title"), wrapped(role="quiet"), wrapped(role="caption")
        self.sources = ValueRows(source_columns(), (0,), self)
        self.source_table = table_of(self.sources)
        self.source_table.setAccessibleName("Sources tested")
        self.source_table.selectionModel().currentRowChanged.connect(self._source_chosen)
        self.events = ValueRows(event_columns(), (LIST,), self)
        self.event_table = table_of(self.events)
        self.event_table.setAccessibleName("Events")
        self.event_table.doubleClicked.connect(lambda index: self.event_wanted.emit(self.events.name(index.row())))
        self.events_heading = label("EVENTS", "heading")
        self.on_sky = button(
            "Show on the sky", on_click=lambda: self.event_wanted.emit(-1), tooltip="A double click on an event zooms in at it"
        )
        self.sources_heading = label("SOURCES", "heading")
        layout = column(
            self.statement, self.overall, self.sources_heading, self.source_table, self.notes, row(self.events_heading, None, self.on_sky),
            self.event_table, spacing=themes.RHYTHM,
        )
        layout.addStretch(0)
        layout.setStretch(6, 1000)
        layout.setStretch(7, 1)  # the room that is left while there is no table
        layout.setContentsMargins(0, themes.RHYTHM, 0, 0)
        self.setLayout(layout)
        self.set_result(None, "")

    def set_hint(self, title, text):
        """Say what there is to do, where there is no result."""
        self.statement.setText(title)
        self.overall.setText(text)

    def set_result(self, observation, source):
        """Show an :class:`~zevatron.core.observed.report.Observation`, its events by one of its sources; None for none."""
        parts = self.sources_heading, self.source_table, self.notes
        for part in parts:
            part.setVisible(observation is not None)
        if observation is None:
            self.sources.set_values(())
            return
        findings, scale = observation.findings, observation.with_scale() if observation.shifted else {}
        skies = observation.effort.skies + 1
        self.sources.set_values([
            (*((text(f, scale.get(f.source), skies), value(f, scale.get(f.source))) for _, _, text, value in SOURCE_COLUMNS), f.source)
            for f in findings.sources
        ], bold=lambda name: name == source)
        self.source_table.fit()
        self.source_table.setFixedHeight(
            self.source_table.horizontalHeader().sizeHint().height() + ROW_HEIGHT * min(len(findings.sources), MOST_SOURCES) + 4
            + self.source_table.horizontalScrollBar().sizeHint().height()
        )
        shown = next((f for f in findings.sources if f.source == source), findings.sources[0])
        self.statement.setText(statement(shown, skies))
        self.overall.setText(overall_words(observation, shown, skies))
        self.notes.setText("\n".join(f"Note: {note}" for note in observation.notes))
        self.notes.setVisible(bool(observation.notes))

    def set_events(self, selection, names, probability=None):
        """Show the events of a Selection.

        Parameters
        ----------
        selection : Selection or None
        names : sequence of str
            Of the lists.
        probability : ndarray, shape (n_events,), optional
            To be from the source; without it they stand by energy.
        """
        visible = selection is not None
        for part in (self.events_heading, self.on_sky, self.event_table):
            part.setVisible(visible)
        if not visible:
            self.events.set_values(())
            return
        measure = selection.energy if probability is None else probability
        order = (-measure).argsort(kind="stable")[:MOST_EVENTS]
        s = selection
        values = [values[order].tolist() for values in (s.energy, s.ra, s.dec, s.glon, s.glat, s.row + 1)]
        first = [None] * len(order) if probability is None else probability[order].tolist()
        lists = [names[i] for i in s.of_list[order]]
        self.events.set_values(
            zip(first, *values, lists, order.tolist(), strict=True), None if probability is None else lambda i: probability[i] >= LIKELY
        )
        self.event_table.setColumnHidden(PROBABILITY, probability is None)
        self.event_table.setColumnHidden(LIST, len(names) < 2)  # its name stands above
        self.event_table.fit()
        n = selection.n_events
        self.events_heading.setText("EVENTS" if n <= MOST_EVENTS else f"EVENTS, {MOST_EVENTS} OF {n}")

    def choose(self, source):
        """Mark the row of a source; sends nothing."""
        number = self.sources.row_of(source)
        if number >= 0:
            selection = self.source_table.selectionModel()
            selection.blockSignals(True)
            self.source_table.selectRow(number)
            selection.blockSignals(False)

    def _source_chosen(self, current, _):
        if current.isValid():
            self.source_chosen.emit(self.sources.name(current.row()))


def statement(finding, skies):
    """Return the result for one source in a sentence."""
    eta = finding.eta
    return (
        f"{finding.source}: η = {percent(eta.best)} ({span(eta.low, eta.high)} at {percent(eta.level, 0)}), below {percent(eta.upper)} "
        f"at {percent(eta.upper_level, 0)}; local p {p_words(finding.local_p, skies, '= ')} ({fixed(finding.local_z)}{NO_BREAK}σ)"
    )


def overall_words(observation, finding, skies):
    """Return what is said beside it: the global p-value, and what the energy scale does."""
    n, parts = len(observation.findings.sources), []
    if n > 1:
        parts.append(f"Global p over the {n} sources scanned: {p_words(observation.findings.global_p, skies)}.")
    for factor, moved in observation.shifted.items():
        there = next(f for f in moved.sources if f.source == finding.source)
        parts.append(f"Energies × {factor:g}: {moved.n_events} events, η {percent(there.eta.best)}, below {percent(there.eta.upper)}.")
    if finding.flux["upper"] != finding.eta.upper:
        parts.insert(0, f"Of the flux at the Earth {percent(finding.flux['best'])}, below {percent(finding.flux['upper'])}.")
    return " ".join(parts) or f"{observation.selection.n_events} events against {observation.effort.skies} isotropic skies."
