"""The table of trainings: what trains, what waits in which order, what is over."""

from dataclasses import dataclass

from PySide6.QtGui import QColor, QFont

from ..style import theme as themes
from ..style.numbers import MISSING, fixed, percent
from .row_model import FONT, FOREGROUND, TOOLTIP, Column, RowModel

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


COLUMNS = (
    Column("State", "What trains, then what waits in its order", lambda r: state_text(r), lambda r: (STATES[r.state][2], r.place)),
    Column("Network", "", lambda r: r.entry.network, lambda r: (r.entry.network,)),
    Column("Source", "", lambda r: r.entry.source, lambda r: (r.entry.source, r.entry.n_events)),
    Column("N", "Events of one sky", lambda r: str(r.entry.n_events), lambda r: (r.entry.n_events,)),
    Column("Field", "Galactic field", lambda r: r.entry.field, lambda r: (r.entry.field,)),
    Column("Epochs", "Finished epochs, and the most there can be", lambda r: f"{r.epoch} of {r.entry.config.training.epochs}", lambda r: (r.epoch,)),
    Column("Accuracy", "On the validation skies, of the best epoch", lambda r: of_epochs(r, r.entry.accuracy), lambda r: (r.entry.accuracy,)),
    Column("η, val.", "Smallest detectable fraction on the validation skies, of the best epoch", lambda r: of_epochs(r, r.entry.eta), lambda r: (r.entry.eta,)),
    Column("η, test", "Smallest detectable fraction on test skies", lambda r: eta_on_test_skies(r.entry), lambda r: (r.entry.eta_test,)),
    Column("η / limit", "How far from the likelihood ratio, on test skies", lambda r: ratio_text(r.entry), lambda r: (ratio(r.entry),)),
)
STATE, FIELD = 0, 4
TEXT_COLUMNS = (0, 1, 2, 4)


def ratio(entry):
    """Return the smallest fraction of a network over the limit, or None."""
    return entry.eta_test / entry.limit if entry.eta_test and entry.limit else None


def ratio_text(entry):
    """Return that ratio as text."""
    return "" if not entry.is_judged else MISSING if ratio(entry) is None else fixed(ratio(entry), 2)


class RunTable(RowModel):
    """Trainings as rows; a row that is still there keeps its place while its numbers change."""

    def __init__(self, parent=None):
        super().__init__(COLUMNS, TEXT_COLUMNS, parent)

    def identity(self, row):
        """Return the folder."""
        return row.entry.path

    def look(self, row, column, role):
        """Return colour, weight and explanation of a cell."""
        if role == TOOLTIP:
            return tooltip(row)
        if role == FONT and row.state in ("running", "preparing", "stopping"):
            return themes.font(weight=QFont.Weight.DemiBold)
        if role == FOREGROUND:
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
