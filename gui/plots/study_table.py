"""The table of a study: every cell with its state, its axes, what it takes or took, and what it found."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PySide6.QtGui import QColor, QFont

from .. import theme as themes
from ..state.axes import axis_label, statistic_words
from .numbers import MISSING, clock, fixed, percent, percent_interval
from .result_rows import sort_order
from .result_table import LEFT, RIGHT

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


class CellModel(QAbstractTableModel):
    """Cells as rows, sorted by what a column means; rows stay while their numbers change."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.rows = ()
        self._cells, self._columns, self._sorted_by = (), (), None

    def set_study(self, study):
        """Show the columns of a study, no cells yet."""
        self.beginResetModel()
        self.rows = self._cells = ()
        self._columns, self._sorted_by = columns_of(study), None
        self.endResetModel()

    @property
    def titles(self):
        """Of the columns."""
        return [column[0] for column in self._columns]

    def set_cells(self, cells):
        """Show cells, in the order of the study; returns whether they are others than before."""
        cells = tuple(cells)
        is_other = [row.cell for row in cells] != [row.cell for row in self._cells]
        self._cells = cells
        if is_other:
            self.beginResetModel()
            self.rows = self._in_order()
            self.endResetModel()
            return True
        rows = self._in_order()
        if [row.cell for row in rows] != [row.cell for row in self.rows]:
            self._move(rows)
            return False
        changed = [i for i, (old, new) in enumerate(zip(self.rows, rows, strict=True)) if old != new]
        self.rows = rows
        if changed:
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], len(self._columns) - 1))
        return False

    def sort(self, column, order=Qt.SortOrder.AscendingOrder):
        """Sort by a column; -1 is the order of the study."""
        self._sorted_by = (column, order) if 0 <= column < len(self._columns) else None
        self._move(self._in_order())

    def _in_order(self):
        if self._sorted_by is None:
            return self._cells
        column, order = self._sorted_by
        value = self._columns[column][3]
        return tuple(sorted(self._cells, key=lambda row: sort_order(value(row)), reverse=order == Qt.SortOrder.DescendingOrder))

    def _move(self, rows):
        """Show the same cells in another order; what is chosen stays chosen."""
        self.layoutAboutToBeChanged.emit()
        before, self.rows = self.rows, rows
        place = {id(row.cell): i for i, row in enumerate(rows)}
        old = self.persistentIndexList()
        self.changePersistentIndexList(old, [self.index(place[id(before[index.row()].cell)], index.column()) for index in old])
        self.layoutChanged.emit()

    def rowCount(self, parent=QModelIndex()):  # noqa: B008
        """Number of cells."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent=QModelIndex()):  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section, orientation, role=Qt.ItemDataRole.DisplayRole):
        """Titles and their explanations."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        title, tooltip, _, _, is_text = self._columns[section]
        roles = {Qt.ItemDataRole.DisplayRole: title, Qt.ItemDataRole.TextAlignmentRole: LEFT if is_text else RIGHT}
        return tooltip or None if role == Qt.ItemDataRole.ToolTipRole else roles.get(role)

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        """Text, alignment, colour, weight and explanation of an entry."""
        row = self.rows[index.row()]
        title, _, text, _, is_text = self._columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if is_text else RIGHT
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.error or row.cell.folder_name
        if role == Qt.ItemDataRole.FontRole and row.state == "running" and title == STATE:
            return themes.font(weight=QFont.Weight.DemiBold)
        if role == Qt.ItemDataRole.ForegroundRole:
            theme = themes.current()
            if title in (STATE, ERROR):
                return QColor(getattr(theme, STATES[row.state][1]))
            return QColor(theme.quiet) if row.state == "waiting" else None
        return None
