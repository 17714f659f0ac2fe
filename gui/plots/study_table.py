"""The table of a study: every cell with its state, its axes, what it takes or took, and what it found."""

from PySide6.QtGui import QColor, QFont

from ..state.axes import axis_label, statistic_words
from ..style import theme as themes
from ..style.numbers import MISSING, clock, fixed, percent, percent_interval
from .row_model import FONT, FOREGROUND, TOOLTIP, Column, RowModel

STATES = {  # words, colour of the theme, order
    "running": ("running", "limit", 0), "failed": ("failed", "fault", 1), "stopped": ("stopped", "quiet", 2),
    "waiting": ("waiting", "quiet", 3), "done": ("done", "text", 4),
}
LIMIT_ITSELF = "likelihood_ratio"
OWN_COLUMNS = ("sources.names", "events.n_events")  # axes that stand in columns of every study
STATE, ETA, ERROR = "State", "η", "Error"


def time_words(row):
    """Return what a cell took, or with a tilde what it is estimated to take of one core."""
    if row.state == "done":
        return clock(row.report.state.seconds)
    return "" if row.cost is None else f"~ {clock(row.cost.processor)}"


def seconds(row):
    """Return the time that stands in the table, to sort by."""
    return row.report.state.seconds if row.state == "done" else None if row.cost is None else row.cost.processor


def eta_words(row):
    """Return the smallest fraction that was found, or that nothing is enough."""
    found = row.result
    if not found:
        return ""
    return "not detected" if found["eta_min"] is None else percent_interval(found["eta_min"], found["eta_low"], found["eta_high"], 2)


def limit_words(row):
    """Return the limit on the same skies."""
    return percent(row.result["eta_limit"], 2) if row.result.get("eta_limit") is not None else ""


def ratio_words(row):
    """Return the ratio to that limit."""
    return fixed(row.result["ratio_to_limit"], 2) if row.result.get("ratio_to_limit") is not None else ""


def axis_words(value):
    """Return a value of an axis as it stands in a cell; a dash where the axis decides nothing."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} = {entry}" for name, entry in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(axis_words, value)) or "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def columns_of(study):
    """Return ``(title, explanation, text, value to sort by, is text)`` for every column of a study that tells its cells apart."""

    def of_axis(key):
        places = {repr(value): place for place, value in enumerate(study.axes[key])}
        is_text = any(not isinstance(value, int | float) or isinstance(value, bool) for value in study.axes[key])
        return (
            axis_label(key), key, lambda r: axis_words(r.cell.axes.get(key)), lambda r: (places.get(repr(r.cell.axes.get(key))),), is_text,
        )

    statistic = (
        ("Statistic", "Statistic, or network that is trained for the cell", lambda r: statistic_words(r.cell.statistic), lambda r: (r.cell.statistic,), True),
    )
    beside_limit = (
        ("Limit", "What the likelihood ratio detects on the same skies", limit_words, lambda r: (r.result.get("eta_limit"),), False),
        ("η / limit", "How far from the likelihood ratio", ratio_words, lambda r: (r.result.get("ratio_to_limit"),), False),
    )
    return (
        (STATE, "", lambda r: STATES[r.state][0], lambda r: (STATES[r.state][2],), True),
        *(statistic if len({cell.statistic for cell in study.cells()}) > 1 else ()),
        ("Source", "", lambda r: r.source, lambda r: (r.source,), True),
        ("N", "Events of one sky", lambda r: str(r.n_events), lambda r: (r.n_events,), False),
        *(of_axis(key) for key in study.axes if key not in OWN_COLUMNS),
        ("Time", "Wall time that it took; ~ : estimated time of one core", time_words, lambda r: (seconds(r),), False),
        (ETA, "Smallest fraction of source events that is detected, with its 68 % interval", eta_words, lambda r: (r.result.get("eta_min"),), False),
        *(beside_limit if study.statistics != (LIMIT_ITSELF,) else ()),
        (ERROR, "Why it failed; it is tried again when the study goes on", lambda r: r.error, lambda r: (r.error or None,), True),
    )


class CellModel(RowModel):
    """Cells as rows, in the order of the study until a column is chosen; rows stay while their numbers change."""

    def set_study(self, study):
        """Show the columns of a study, no cells yet."""
        columns = columns_of(study)
        self.set_columns([Column(*parts[:4]) for parts in columns], [i for i, parts in enumerate(columns) if parts[4]])
        self.bold_columns = [self.titles.index(STATE)]
        self._sorted = None

    @property
    def titles(self):
        """Of the columns."""
        return [column.title for column in self.columns]

    def set_cells(self, cells):
        """Show cells, which come in the order of the study; returns whether they are others than before."""
        before = {self.identity(row) for row in self.rows}
        self.set_rows(cells)
        return {self.identity(row) for row in self.rows} != before

    def identity(self, row):
        """The folder of a cell."""
        return row.cell.folder_name

    def look(self, row, column, role):
        """Explanation, weight and colour of an entry."""
        title = self.columns[column].title
        if role == TOOLTIP:
            return row.error or row.cell.folder_name
        if role == FONT and row.state == "running" and title == STATE:
            return themes.font(weight=QFont.Weight.DemiBold)
        if role == FOREGROUND:
            theme = themes.current()
            if title in (STATE, ERROR):
                return QColor(getattr(theme, STATES[row.state][1]))
            return QColor(theme.quiet) if row.state == "waiting" else None
        return None
