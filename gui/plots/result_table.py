"""The table of results, sorted by what the numbers are and not by how they are written."""

import math
import textwrap

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QAbstractItemView, QTableView

from ...core.published import published_eta
from .. import theme as themes
from .base import statistic_colour, statistic_label
from .numbers import DASH, MISSING, THIN_SPACE, fixed, percent, percent_interval

ROW_HEIGHT = 28
SORT_ROLE = Qt.ItemDataRole.UserRole
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Row:
    """One verdict beside the limit and the published value."""

    def __init__(self, verdict, limit, note=""):
        self.verdict, self.note = verdict, note
        published = published_eta(verdict.source, verdict.n_events)
        self.published = published.get(verdict.statistic)
        limit = limit if verdict.eta_limit is None else verdict.eta_limit
        both = verdict.eta_min is not None and limit is not None
        self.ratio = verdict.eta_min / limit if both and verdict.statistic != "likelihood_ratio" else None

    @property
    def interval(self):
        """The 68 % interval as text."""
        low, high = self.verdict.eta_low, self.verdict.eta_high
        if low is None or high is None:
            return MISSING
        return f"{fixed(100 * low)}{DASH}{fixed(100 * high)}{THIN_SPACE}%"


def checked_text(verdict):
    """Return the false-positive rate on further skies, for a tooltip; None where it was not checked."""
    if verdict.alpha_checked is None:
        return None
    rate = percent_interval(
        verdict.alpha_checked, *(verdict.alpha_checked + sign * verdict.alpha_checked_error for sign in (-1, 1)), 2,
    )
    return f"{rate} on {verdict.check_maps:,} other isotropic skies".replace(",", THIN_SPACE)


def name_text(row):
    """Return the name of the statistic, marked where there is something to know about it."""
    return f"{statistic_label(row.verdict.statistic)}{' *' if row.note else ''}"


def eta_text(row):
    """Return η, or that nothing is enough."""
    return "not detected" if row.verdict.eta_min is None else percent(row.verdict.eta_min, 2)


COLUMNS = (  # title, tooltip, text of a row, value to sort by
    ("Source", "", lambda r: r.verdict.source, lambda r: (r.verdict.source, r.verdict.n_events, r.verdict.statistic)),
    ("N", "Number of events", lambda r: str(r.verdict.n_events), lambda r: (r.verdict.n_events, r.verdict.source)),
    ("Statistic", "* : the tooltip says what has to be known", name_text, lambda r: (r.verdict.statistic, r.verdict.n_events)),
    ("η", "Smallest fraction of source events that is detected", eta_text, lambda r: (r.verdict.eta_min,)),
    ("68 % interval", "From resampled test skies", lambda r: r.interval, lambda r: (r.verdict.eta_low,)),
    ("α", "Isotropic skies called anisotropic, measured", lambda r: percent(r.verdict.alpha, 2), lambda r: (r.verdict.alpha,)),
    ("β", "Skies with the source missed, measured", lambda r: percent(r.verdict.beta, 2), lambda r: (r.verdict.beta,)),
    ("AUC", "Area under the ROC curve at η", lambda r: fixed(r.verdict.auc, 4), lambda r: (r.verdict.auc,)),
    (
        "η / limit", "How far from the likelihood ratio, which no statistic beats",
        lambda r: MISSING if r.ratio is None else fixed(r.ratio, 2), lambda r: (r.ratio,),
    ),
    (
        "Published", "Kalashev, Pshirkov & Zotov, arXiv:2105.06414, Table 1",
        lambda r: percent(r.published, 2), lambda r: (r.published,),
    ),
)
TEXT_COLUMNS = (0, 2)
STATISTIC_COLUMN, ALPHA_COLUMN = 2, 5


class ResultModel(QAbstractTableModel):
    """Verdicts as rows."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._rows = ()

    def set_verdicts(self, verdicts, notes=None):
        """Show other verdicts; ``notes`` are what has to be known about some of them, by Verdict."""
        notes = notes or {}
        limits = {(v.source, v.n_events): v.eta_min for v in verdicts if v.statistic == "likelihood_ratio"}
        self.beginResetModel()
        self._rows = tuple(Row(v, limits.get((v.source, v.n_events)), notes.get(v, "")) for v in verdicts)
        self.endResetModel()

    def verdict(self, number):
        """Return the verdict of a row."""
        return self._rows[number].verdict

    def row_of(self, verdict):
        """Return the row of a verdict, -1 if it has none."""
        return next((i for i, row in enumerate(self._rows) if row.verdict is verdict), -1)

    def rowCount(self, parent=QModelIndex()):  # noqa: B008
        """Number of verdicts."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent=QModelIndex()):  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section, orientation, role=Qt.ItemDataRole.DisplayRole):
        """Titles and their explanations."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        title, tooltip, _, _ = COLUMNS[section]
        alignment = LEFT if section in TEXT_COLUMNS else RIGHT
        roles = {Qt.ItemDataRole.DisplayRole: title, Qt.ItemDataRole.TextAlignmentRole: alignment}
        return tooltip or None if role == Qt.ItemDataRole.ToolTipRole else roles.get(role)

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        """Text, value to sort by, alignment, colour and weight of a cell."""
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[column][2](row)
        if role == SORT_ROLE:
            return COLUMNS[column][3](row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if column in TEXT_COLUMNS else RIGHT
        if role == Qt.ItemDataRole.ToolTipRole and column == ALPHA_COLUMN:
            return checked_text(row.verdict)
        if role == Qt.ItemDataRole.ToolTipRole and column == STATISTIC_COLUMN and row.note:
            return "\n".join(textwrap.wrap(row.note, 72))
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(row, column)
        if role == Qt.ItemDataRole.FontRole and column == 3:
            return themes.font(weight=QFont.Weight.DemiBold)
        return None

    @staticmethod
    def _colour(row, column):
        theme = themes.current()
        if column in (2, 3):
            return QColor(getattr(theme, statistic_colour(row.verdict.statistic)))
        return QColor(theme.quiet) if column in (4, len(COLUMNS) - 1) else None


class ResultSorter(QSortFilterProxyModel):
    """Sorts by value; what is missing comes last in rising order."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setSortRole(SORT_ROLE)

    def lessThan(self, left, right):
        """Compare two cells of one column."""
        return _order(left.data(SORT_ROLE)) < _order(right.data(SORT_ROLE))


def _order(values):
    return tuple((1, 0.0) if v is None or (isinstance(v, float) and math.isnan(v)) else (0, v) for v in values)


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
