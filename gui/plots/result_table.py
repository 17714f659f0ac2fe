"""The table of results: sorted by what the numbers are and not by how they are written, filtered, ticked, coloured by the limit."""

import math
import textwrap

from PySide6.QtCore import QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QColor, QFont

from ..style import theme as themes
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
)
from .row_model import BACKGROUND, CHECK, FONT, FOREGROUND, TOOLTIP, RowModel
from .sky_view import translucent

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


class ResultModel(RowModel):
    """Verdicts as rows, which can be ticked.

    Attributes
    ----------
    ticked_changed : Signal()
    """

    ticked_changed = Signal()
    bold_columns = (ETA_COLUMN,)

    def __init__(self, parent=None):
        super().__init__(COLUMNS, TEXT_COLUMNS, parent)
        self._ticked, self._made = set(), {}

    def identity(self, row):
        """Return run, source, N and statistic."""
        return row.key

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
        before, self._made = self._made, {}
        for v in verdicts:
            run = runs.get(v, "")
            known = limits.get((run, v.source, v.n_events)), notes.get(v, ""), run
            kept = before.get(v)
            self._made[v] = kept if kept is not None and kept[0] == known else (known, Row(v, *known))
        self._ticked &= {row.key for _, row in self._made.values()}
        self.set_rows(row for _, row in self._made.values())

    def verdict(self, number):
        """Return the verdict of a row."""
        return self.rows[number].verdict

    def place(self, verdict):
        """Return the row of a verdict, -1 if it has none."""
        return next((i for i, row in enumerate(self.rows) if row.verdict is verdict), -1)

    def find(self, key):
        """Return the verdict with the key of a former row, or None."""
        return next((row.verdict for row in self.rows if row.key == key), None)

    def key(self, verdict):
        """Return the key of the row of a verdict, or None."""
        return self._made[verdict][1].key if verdict in self._made else None

    @property
    def ticked(self):
        """Verdicts of the ticked rows."""
        return tuple(row.verdict for row in self.rows if row.key in self._ticked)

    def set_ticked(self, numbers, on):
        """Tick rows, or untick them."""
        keys = {self.rows[number].key for number in numbers}
        if keys and (keys - self._ticked if on else keys & self._ticked):
            self._ticked = self._ticked | keys if on else self._ticked - keys
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, 0), [Qt.ItemDataRole.CheckStateRole])
            self.ticked_changed.emit()

    def toggle(self, number):
        """Tick a row, or untick it."""
        self.set_ticked([number], self.rows[number].key not in self._ticked)

    def flags(self, index):
        """Let the first column be ticked."""
        return super().flags(index) | (Qt.ItemFlag.ItemIsUserCheckable if index.column() == 0 else Qt.ItemFlag.NoItemFlags)

    def setData(self, index, value, role=Qt.ItemDataRole.EditRole):
        """Take a tick."""
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != 0:
            return False
        self.set_ticked([index.row()], Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def look(self, row, column, role):
        """Return tick, explanation, colours and weight of a cell."""
        if role == CHECK and column == 0:
            return Qt.CheckState.Checked if row.key in self._ticked else Qt.CheckState.Unchecked
        if role == TOOLTIP and column == ALPHA_COLUMN:
            return checked_text(row.verdict)
        if role == TOOLTIP and column == STATISTIC_COLUMN and row.note:
            return "\n".join(textwrap.wrap(row.note, 72))
        if role == TOOLTIP and column == RUN_COLUMN:
            return row.run or ON_SCREEN
        if role == FOREGROUND:
            return self._colour(row, column)
        if role == BACKGROUND and column == RATIO_COLUMN:
            return ratio_colour(row.ratio, themes.current())
        if role == FONT and column == ETA_COLUMN:
            return themes.font(weight=QFont.Weight.DemiBold)
        return None

    @staticmethod
    def _colour(row, column):
        theme = themes.current()
        if column in (STATISTIC_COLUMN, ETA_COLUMN):
            return QColor(getattr(theme, statistic_colour(row.verdict.statistic)))
        return QColor(theme.quiet) if column in QUIET_COLUMNS else None


class ResultFilter(QSortFilterProxyModel):
    """Shows those rows that fulfil the conditions of a text; the model under it keeps them in order."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._conditions = ()

    def set_text(self, text):
        """Take other conditions; see :func:`~.result_filter.conditions`."""
        self._conditions = conditions(text)
        self.setFilterFixedString(text)  # asks for every row again, in every version of Qt

    def sort(self, column, order=Qt.SortOrder.AscendingOrder):
        """Sort the model itself."""
        self.sourceModel().sort(column, order)

    def filterAcceptsRow(self, number, parent):
        """Whether a row of the model is shown."""
        if not self._conditions:
            return True
        row = self.sourceModel().rows[number]
        return all(is_true(row) for is_true in self._conditions)
