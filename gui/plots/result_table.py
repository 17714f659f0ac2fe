"""The table of results: sorted by what the numbers are and not by how they are written, filtered, ticked, coloured by the limit."""

import math
import textwrap

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QTableView

from .. import theme as themes
from .base import statistic_colour
from .result_filter import conditions
from .result_rows import (
    ALPHA_COLUMN,
    COLUMNS,
    ETA_COLUMN,
    ON_SCREEN,
    QUIET_COLUMNS,
    RATIO_COLUMN,
    RUN_COLUMN,
    STATISTIC_COLUMN,
    TEXT_COLUMNS,
    Row,
    checked_text,
    sort_order,
)
from .sky_view import translucent

ROW_HEIGHT = 28
SORT_ROLE = Qt.ItemDataRole.UserRole
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LIMIT = "likelihood_ratio"
FAR = 3.0  # times the limit, from where on the colour is that of the far end
STRONGEST = 0.42  # opacity of the colours at both ends: letters stay readable on them


def ratio_colour(ratio, theme):
    """Return the colour behind a ratio to the limit: blue at 1, amber from 3 on, nothing half-way; None where there is no ratio.

    Blue and amber are told apart with every kind of colour vision, and the number stands on it.
    """
    if ratio is None:
        return None
    place = 2 * min(max(math.log(ratio) / math.log(FAR), 0.0), 1.0) - 1
    return translucent(theme.active if place > 0 else theme.limit, STRONGEST * abs(place))


class ResultModel(QAbstractTableModel):
    """Verdicts as rows, which can be ticked.

    Attributes
    ----------
    ticked_changed : Signal()
    """

    ticked_changed = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._rows, self._ticked, self._ranks = (), set(), {}

    def set_verdicts(self, verdicts, notes=None, runs=None):
        """Show other verdicts; ticks stay with the rows that are still there.

        Parameters
        ----------
        verdicts : sequence of Verdict
        notes : dict, optional
            What has to be known about some of them, by Verdict.
        runs : dict, optional
            Names of their runs by Verdict; those of the run on screen have none.
        """
        notes, runs = notes or {}, runs or {}
        limits = {(runs.get(v, ""), v.source, v.n_events): v.eta_min for v in verdicts if v.statistic == LIMIT}
        self.beginResetModel()
        self._rows = tuple(
            Row(v, limits.get((runs.get(v, ""), v.source, v.n_events)), notes.get(v, ""), runs.get(v, "")) for v in verdicts
        )
        self._ticked &= {row.key for row in self._rows}
        self._ranks = {}
        self.endResetModel()

    def verdict(self, number):
        """Return the verdict of a row."""
        return self._rows[number].verdict

    def row(self, number):
        """Return a :class:`Row`."""
        return self._rows[number]

    def row_of(self, verdict):
        """Return the row of a verdict, -1 if it has none."""
        return next((i for i, row in enumerate(self._rows) if row.verdict is verdict), -1)

    def find(self, key):
        """Return the verdict with the key of a former row, or None."""
        return next((row.verdict for row in self._rows if row.key == key), None)

    @property
    def ticked(self):
        """Verdicts of the ticked rows."""
        return tuple(row.verdict for row in self._rows if row.key in self._ticked)

    def set_ticked(self, numbers, on):
        """Tick rows, or untick them."""
        keys = {self._rows[number].key for number in numbers}
        if keys and (keys - self._ticked if on else keys & self._ticked):
            self._ticked = self._ticked | keys if on else self._ticked - keys
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 0), [Qt.ItemDataRole.CheckStateRole])
            self.ticked_changed.emit()

    def toggle(self, number):
        """Tick a row, or untick it."""
        self.set_ticked([number], self._rows[number].key not in self._ticked)

    def ranks(self, column):
        """Return the place of each row in the order of a column: the smallest value first, what is missing last."""
        if column not in self._ranks:
            order = sorted(range(len(self._rows)), key=lambda i: sort_order(COLUMNS[column][3](self._rows[i])))
            ranks = [0] * len(order)
            for place, i in enumerate(order):
                ranks[i] = place
            self._ranks[column] = ranks
        return self._ranks[column]

    def rowCount(self, parent=QModelIndex()):  # noqa: B008
        """Number of verdicts."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent=QModelIndex()):  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def flags(self, index):
        """Let the first column be ticked."""
        return super().flags(index) | (Qt.ItemFlag.ItemIsUserCheckable if index.column() == 0 else Qt.ItemFlag.NoItemFlags)

    def setData(self, index, value, role=Qt.ItemDataRole.EditRole):
        """Take a tick."""
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != 0:
            return False
        self.set_ticked([index.row()], Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def headerData(self, section, orientation, role=Qt.ItemDataRole.DisplayRole):
        """Titles and their explanations."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        title, tooltip, _, _ = COLUMNS[section]
        alignment = LEFT if section in TEXT_COLUMNS else RIGHT
        roles = {Qt.ItemDataRole.DisplayRole: title, Qt.ItemDataRole.TextAlignmentRole: alignment}
        return tooltip or None if role == Qt.ItemDataRole.ToolTipRole else roles.get(role)

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        """Text, tick, alignment, colours and weight of a cell."""
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[column][2](row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if column in TEXT_COLUMNS else RIGHT
        if role == Qt.ItemDataRole.CheckStateRole and column == 0:
            return Qt.CheckState.Checked if row.key in self._ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole and column == ALPHA_COLUMN:
            return checked_text(row.verdict)
        if role == Qt.ItemDataRole.ToolTipRole and column == STATISTIC_COLUMN and row.note:
            return "\n".join(textwrap.wrap(row.note, 72))
        if role == Qt.ItemDataRole.ToolTipRole and column == RUN_COLUMN:
            return row.run or ON_SCREEN
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(row, column)
        if role == Qt.ItemDataRole.BackgroundRole and column == RATIO_COLUMN:
            return ratio_colour(row.ratio, themes.current())
        if role == Qt.ItemDataRole.FontRole and column == ETA_COLUMN:
            return themes.font(weight=QFont.Weight.DemiBold)
        return None

    @staticmethod
    def _colour(row, column):
        theme = themes.current()
        if column in (STATISTIC_COLUMN, ETA_COLUMN):
            return QColor(getattr(theme, statistic_colour(row.verdict.statistic)))
        return QColor(theme.quiet) if column in QUIET_COLUMNS else None


class ResultFilter(QSortFilterProxyModel):
    """Sorts results by their places and shows those that fulfil the conditions of a text."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._conditions = ()

    def set_text(self, text):
        """Take other conditions; see :func:`~.result_filter.conditions`."""
        self._conditions = conditions(text)
        self.setFilterFixedString(text)  # asks for every row again, in every version of Qt

    def lessThan(self, left, right):
        """Compare two cells of one column by their places."""
        ranks = self.sourceModel().ranks(left.column())
        return ranks[left.row()] < ranks[right.row()]

    def filterAcceptsRow(self, number, parent):
        """Whether a row of the model is shown."""
        row = self.sourceModel().row(number)
        return all(is_true(row) for is_true in self._conditions)


class ResultSorter(QSortFilterProxyModel):
    """Sorts by value; what is missing comes last in rising order."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setSortRole(SORT_ROLE)

    def lessThan(self, left, right):
        """Compare two cells of one column."""
        return sort_order(left.data(SORT_ROLE)) < sort_order(right.data(SORT_ROLE))


def sorted_table(sorter):
    """Make the table that shows a sorted model: one row is chosen at a time, a click on a heading sorts."""
    table = QTableView(sortingEnabled=True, showGrid=False, cornerButtonEnabled=False)
    table.setModel(sorter)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    table.horizontalHeader().setHighlightSections(False)
    table.setStyleSheet("QTableView { border: none; } QTableView::item { padding: 0 8px; }")
    return table


def add_row_keys(table, actions):
    """Let keys work on a table while it has the keyboard: ``{key: function}``."""
    for key, function in actions.items():
        shortcut = QShortcut(QKeySequence(key), table, context=Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(function)
