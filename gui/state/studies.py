"""A study as the window holds it: its cells with what is known of them. No Qt here."""

import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ...core.config import digest_of, read_toml
from ...core.errors import InputError
from ...core.resources import PROGRAM
from ...core.study.engine import cell_path
from ...core.study.estimate import Cost
from ...core.study.folder import CellReader, CellReport
from ...core.study.plan import StudyCell
from .axes import axis_label, statistic_words, values_words

SHOWN = 5000  # cells in the table
FIRST = {"failed": 0, "running": 1, "stopped": 2, "waiting": 3, "done": 4}  # what is shown where not all can be
STUDY_ENTRIES, SEARCH_ENTRIES = {"statistics", "axes"}, {"parameters", "trials"}


@dataclass(frozen=True)
class CellRow:
    """One line of the table.

    Attributes
    ----------
    cell : StudyCell
    report : CellReport
    cost : Cost or None
        What it takes, or took; None before that is estimated.
    """

    cell: StudyCell
    report: CellReport
    cost: Cost | None = None

    @property
    def state(self):
        """One of those of :class:`~zevatron.core.study.cell.CellState`."""
        return self.report.state.state

    @property
    def source(self):
        """``"Cen A"``, or the members of a mixture."""
        return " + ".join(self.cell.config.sources.names)

    @property
    def n_events(self):
        """Events of one sky."""
        return self.cell.config.events.n_events[0]

    @property
    def result(self):
        """What was found, a dictionary by column; empty before."""
        return self.report.rows[0] if self.report.rows else {}

    @property
    def error(self):
        """Why it failed or was stopped, in one line."""
        return self.report.state.reason


@dataclass(frozen=True)
class Overview:
    """All cells of a study at one time.

    Attributes
    ----------
    rows : tuple of CellRow
        At most :data:`SHOWN`, in the order of the study; if there are more, what failed or is at work is among them.
    counts : dict of str to int
        Cells by state.
    seconds_left : float or None
        Wall time for what is not done, at the pace of what is; None before that is known.
    """

    rows: tuple
    counts: dict
    seconds_left: float | None = None

    @property
    def total(self):
        """Number of cells."""
        return sum(self.counts.values())

    def count(self, *states):
        """Return how many cells are in one of these states."""
        return sum(self.counts.get(state, 0) for state in states)


class StudyReader:
    """Reads a study and its folder; a job calls it again and again.

    Parameters
    ----------
    study : Study
    path : Path
        Its folder, which need not exist yet.
    """

    def __init__(self, study, path):
        self.study, self._cells, self._last = study, CellReader(study, path), None

    def read(self, cost=None, check_cancelled=lambda: None):
        """Return the :class:`Overview`, the same object as before if nothing has changed.

        Parameters
        ----------
        cost : StudyCost, optional
            With the costs.
        check_cancelled : callable, optional
            May raise to end it early.
        """
        reports = self._cells.read(check_cancelled)
        costs = [None] * len(reports) if cost is None else [one for _, _, one in cost.cells]
        rows = [CellRow(*entry) for entry in zip(self.study.cells(), reports, costs, strict=True)]
        counts = Counter(row.state for row in rows)
        found = Overview(_shown(rows), dict(counts), seconds_left(rows))
        self._last = self._last if found == self._last else found
        return self._last


def _shown(rows):
    if len(rows) <= SHOWN:
        return tuple(rows)
    order = sorted(range(len(rows)), key=lambda i: (FIRST.get(rows[i].state, 3), i))
    return tuple(rows[i] for i in sorted(order[:SHOWN]))


def seconds_left(rows):
    """Return the wall time that is left at the pace of the cells that are done, shared by those at work; None without any."""
    done = [row.report.state for row in rows if row.state == "done" and row.report.state.processor > 0]
    left = [row for row in rows if row.state not in ("done", "failed")]
    used = sum(state.processor for state in done)
    if not used or not left or any(row.cost is None for row in left):
        return None
    wall = sum(state.seconds for state in done) / used
    return wall * sum(row.cost.processor for row in left) / max(sum(row.state == "running" for row in rows), 1)


def state_of(overview, is_active=False, is_ending=False):
    """Return how a study is: ``empty``, ``new``, ``running``, ``elsewhere``, ``stopping``, ``stopped``, ``failed`` or ``done``."""
    if is_active:
        return "stopping" if is_ending else "running"
    if overview is None:
        return "empty"
    if overview.count("running"):
        return "elsewhere"
    if overview.count("done", "failed") == overview.total:
        return "failed" if overview.count("failed") else "done"
    return "stopped" if overview.count("done", "failed", "stopped") else "new"


def folder_name(study):
    """Return the name of the folder in which a study is done first: its first source, and what tells it from others."""
    names = study.base.sources.names if "sources.names" not in study.axes else study.axes["sources.names"][:1]
    first = names[0] if isinstance(names[0], str) else "-".join(names[0])
    source = "".join(character for character in first if character.isalnum() or character in "+-")
    return f"study-{source}-{digest_of(study.base, study.axes, list(study.statistics))}"


def about(study):
    """Return in one line what a study compares: ``"Events N: 50, 100  ·  Uncertainty ΔE/E: 0, 0.2"``."""
    parts = [f"{axis_label(key)}: {values_words(values)}" for key, values in study.axes.items()]
    return "  ·  ".join([", ".join(statistic_words(name) for name in study.statistics), *parts])


def cell_command(row, study_path):
    """Return the command line of one cell's run alone.

    Parameters
    ----------
    row : CellRow
    study_path : Path
        Folder of the study.
    """
    folder = cell_path(study_path, row.cell)
    run, out = shlex.quote(str(folder / "run.toml")), shlex.quote(str(folder / "again.json"))
    if not row.cell.is_network:
        return f"{PROGRAM} evaluate {run} --statistic {row.cell.statistic} --out {out}"
    training = shlex.quote(str(folder / "training"))
    model = shlex.quote(str(folder / "training" / "best.keras"))
    return f"{PROGRAM} train {run} --out {training}\n{PROGRAM} evaluate {run} --model {model} --out {out}"


def study_command(path, scheduler=""):
    """Return the command line that goes on with the study in a folder."""
    where = f" --scheduler {shlex.quote(scheduler)}" if scheduler else ""
    return f"{PROGRAM} study {shlex.quote(str(Path(path) / 'study.toml'))} --out {shlex.quote(str(path))}{where}"


def is_study_file(path):
    """Whether a TOML file is that of a study; a file that cannot be read is none."""
    try:
        entries = set(read_toml(path))
    except InputError:
        return False
    return bool(entries & STUDY_ENTRIES) and not entries & SEARCH_ENTRIES
