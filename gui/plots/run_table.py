"""The table of trainings: what trains, what waits in which order, what is over."""

from dataclasses import dataclass

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PySide6.QtGui import QColor, QFont

from .. import theme as themes
from .numbers import MISSING, fixed, percent
from .result_table import LEFT, RIGHT, SORT_ROLE

STATES = {  # words, colour of the theme, order
    "running": ("training", "limit", 0), "preparing": ("preparing", "limit", 0), "stopping": ("stopping…", "quiet", 0),
    "paused": ("paused", "active", 1), "waiting": ("waiting", "text", 2), "interrupted": ("interrupted", "fault", 3),
    "failed": ("failed", "fault", 4), "stopped": ("stopped", "quiet", 5), "done": ("done", "text", 6),
    "queued": ("not begun", "quiet", 7),
}


@dataclass(frozen=True)
class RunRow:
    """One line of the table.

    Attributes
    ----------
    entry : RunEntry
    state : str
        A key of :data:`STATES`.
    place : int or None
        In the queue, from 1.
    epoch : int
        Finished epochs, perhaps newer than in ``entry``.
    is_ours : bool
        Whether a process of this window trains it.
    """

    entry: object
    state: str
    place: int | None = None
    epoch: int = 0
    is_ours: bool = False


def state_text(row):
    """Return the state, and the place in the queue."""
    return STATES[row.state][0] + (f", {row.place}" if row.state == "waiting" else "")


def of_epochs(row, fraction):
    """Return what was reached, a dash where an epoch has not reached it, nothing before the first."""
    return percent(fraction, 2) if row.epoch else ""


def eta_on_test_skies(entry):
    """Return what a network detects on test skies."""
    if not entry.is_judged:
        return ""
    return "not detected" if entry.eta_test is None else percent(entry.eta_test, 2)


COLUMNS = (  # title, explanation, text, value to sort by
    ("State", "What trains, then what waits in its order", lambda r: state_text(r), lambda r: (STATES[r.state][2], r.place)),
    ("Network", "", lambda r: r.entry.network, lambda r: (r.entry.network,)),
    ("Source", "", lambda r: r.entry.source, lambda r: (r.entry.source, r.entry.n_events)),
    ("N", "Events of one sky", lambda r: str(r.entry.n_events), lambda r: (r.entry.n_events,)),
    ("Field", "Galactic field", lambda r: r.entry.field, lambda r: (r.entry.field,)),
    ("Epochs", "Finished epochs, and the most there can be", lambda r: f"{r.epoch} of {r.entry.config.training.epochs}", lambda r: (r.epoch,)),
    ("Accuracy", "On the validation skies, of the best epoch", lambda r: of_epochs(r, r.entry.accuracy), lambda r: (r.entry.accuracy,)),
    ("η, val.", "Smallest detectable fraction on the validation skies, of the best epoch", lambda r: of_epochs(r, r.entry.eta), lambda r: (r.entry.eta,)),
    ("η, test", "Smallest detectable fraction on test skies", lambda r: eta_on_test_skies(r.entry), lambda r: (r.entry.eta_test,)),
    ("η / limit", "How far from the likelihood ratio, on test skies", lambda r: ratio_text(r.entry), lambda r: (ratio(r.entry),)),
)
STATE, FIELD = 0, 4
TEXT_COLUMNS = (0, 1, 2, 4)


def ratio(entry):
    """Return the smallest fraction of a network over the limit, or None."""
    return entry.eta_test / entry.limit if entry.eta_test and entry.limit else None


def ratio_text(entry):
    """Return that ratio as text."""
    return "" if not entry.is_judged else MISSING if ratio(entry) is None else fixed(ratio(entry), 2)


class RunModel(QAbstractTableModel):
    """Trainings as rows; a row that is still there keeps its place while its numbers change."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.rows = ()

    def set_rows(self, rows):
        """Show other rows."""
        rows = tuple(rows)
        if [row.entry.path for row in rows] != [row.entry.path for row in self.rows]:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        changed = [i for i, (old, new) in enumerate(zip(self.rows, rows, strict=True)) if old != new]
        self.rows = rows
        if changed:
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], len(COLUMNS) - 1))

    def row_of(self, path):
        """Return the row of a folder, -1 if it has none."""
        return next((i for i, row in enumerate(self.rows) if row.entry.path == path), -1)

    def rowCount(self, parent=QModelIndex()):  # noqa: B008
        """Number of trainings."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent=QModelIndex()):  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section, orientation, role=Qt.ItemDataRole.DisplayRole):
        """Titles and their explanations."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        title, tooltip, _, _ = COLUMNS[section]
        roles = {Qt.ItemDataRole.DisplayRole: title, Qt.ItemDataRole.TextAlignmentRole: LEFT if section in TEXT_COLUMNS else RIGHT}
        return tooltip or None if role == Qt.ItemDataRole.ToolTipRole else roles.get(role)

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        """Text, value to sort by, alignment, colour, weight and explanation of a cell."""
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[column][2](row)
        if role == SORT_ROLE:
            return COLUMNS[column][3](row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if column in TEXT_COLUMNS else RIGHT
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(row)
        if role == Qt.ItemDataRole.FontRole and row.state in ("running", "preparing", "stopping"):
            return themes.font(weight=QFont.Weight.DemiBold)
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(row, column)
        return None

    @staticmethod
    def _colour(row, column):
        theme = themes.current()
        if column == STATE:
            return QColor(getattr(theme, STATES[row.state][1]))
        return QColor(theme.quiet) if row.state in ("queued", "waiting") else None


def tooltip(row):
    """Return where a training lies, its digest, and what there is to know of its state."""
    entry, state = row.entry, row.entry.state
    lines = [str(entry.path), f"digest {entry.config.digest}, seed {entry.config.seed}, Nside {entry.config.sky.nside}"]
    if row.state in ("running", "preparing", "paused") and not row.is_ours:
        lines.append(f"trained by another process{f' on {state.host}' if state.host else ''}")
    if row.state == "interrupted":
        lines.append("its process has ended; finished epochs are kept, Continue goes on from there")
    elif state.reason:
        lines.append(state.reason)
    return "\n".join(lines)
