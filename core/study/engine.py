"""A study from its cells to its tables, in this process or wherever the cells are sent.

All that is known of a study is in its folder: whoever comes later, with the same or a longer study, does what is not done yet.

================  ================================================================
``study.toml``    the study as it was asked for last, its base run in full
``cells/``        a folder for each cell, see :mod:`.cell`
``cells.csv``     every cell with its state, what it cost and why it failed
``failed.csv``    those that failed, with their errors; not there if none did
``eta_table.*``   what was found: CSV, LaTeX, HDF5
================  ================================================================
"""

import time
from dataclasses import dataclass
from pathlib import Path

from ..progress import SILENT, StageProgress
from ..settings import value_text
from ..storage.files import make_folder, write_text
from ..storage.tables import write_table
from .cell import POLL, cell_state, do_cell, finished_rows
from .plan import StudyCell, study_toml
from .tables import write_eta_tables

TABLES_EVERY = 300.0  # seconds between two writes of the tables while cells are done
LOOK_AGAIN = 1.0  # seconds until a cell that another process was at is looked at again


@dataclass(frozen=True)
class Job:
    """A cell that has to be done in the folder ``path``; ``tried`` is how often it was begun before this study started."""

    cell: StudyCell
    path: Path
    tried: int


def cell_path(folder, cell):
    """Return the folder of a cell in that of its study."""
    return Path(folder) / "cells" / cell.folder_name


def run_study(study, folder, progress=SILENT, *, do_jobs=None):
    """Compute every cell that has no result yet, then write the tables.

    Parameters
    ----------
    study : Study
    folder : path-like
        Gets what stands at the top of this module.
    progress : Progress, optional
    do_jobs : callable, optional
        ``do_jobs(jobs, progress)`` does a list of :class:`Job` and yields each with its :class:`.cell.Outcome` as it comes;
        in this process, one after the other, by default.

    Returns
    -------
    dict
        ``done`` and ``failed``: lists of cell names; ``failed`` with its error.

    Raises
    ------
    InputError
        If the folder cannot be written.
    CancelledError, KeyboardInterrupt
        If it was stopped; the tables then hold what is done.
    """
    folder, cells = Path(folder), study.cells()
    make_folder(folder / "cells", "choose a folder that can be written")
    write_text(folder / "study.toml", study_toml(study))
    record = _Record(study, folder, cells)
    jobs = []
    for i, cell in enumerate(cells):
        progress.report("looking for cells that are done", i, len(cells))
        path = cell_path(folder, cell)
        rows = finished_rows(path, cell.config)
        if rows is None:
            jobs.append(Job(cell, path, cell_state(path).attempts))
        else:
            record.rows[cell.folder_name] = rows
    jobs.sort(key=lambda job: cell_state(job.path).reason == "interrupted")  # what may have killed its process comes last
    try:
        for job, outcome in (do_jobs or in_this_process)(jobs, progress):
            record.add(job, outcome)
            progress.report("cells", record.over, len(cells))
    finally:
        record.write()
    progress.report("cells", len(cells), len(cells))
    return record.summary()


class _Record:
    """What has become of the cells of a study so far."""

    def __init__(self, study, folder, cells):
        self.study, self.folder, self.cells = study, folder, cells
        self.rows, self.failed = {}, {}
        self._written = time.monotonic()

    @property
    def over(self):
        return len(self.rows) + len(self.failed)

    def add(self, job, outcome):
        name = job.cell.folder_name
        if outcome.state == "done":
            self.rows[name] = outcome.rows
        else:
            self.failed[name] = outcome.reason
        if time.monotonic() - self._written > TABLES_EVERY:
            self.write()

    def write(self):
        axes = [key for key in self.study.axes if key not in ("sources.names", "events.n_events")]
        found = [(cell, {key: value_text(cell.axes.get(key)) for key in axes}) for cell in self.cells]
        rows = [
            {"cell": cell.folder_name, **values, **row} for cell, values in found for row in self.rows.get(cell.folder_name, ())
        ]
        if rows:
            write_eta_tables(self.folder, self.study.base, rows)
        overview = [self._overview(cell) | values for cell, values in found]
        about = [f"cells of the study in {self.folder.name}: seconds of wall time and of processor time, memory in MiB at most"]
        write_table(self.folder / "cells.csv", {key: [entry[key] for entry in overview] for key in overview[0]}, about)
        failed = [entry for entry in overview if entry["state"] == "failed"]
        if failed:
            write_table(self.folder / "failed.csv", {key: [entry[key] for entry in failed] for key in failed[0]}, about)
        else:
            (self.folder / "failed.csv").unlink(missing_ok=True)
        self._written = time.monotonic()

    def _overview(self, cell):
        name, state = cell.folder_name, cell_state(cell_path(self.folder, cell))
        over = "done" if name in self.rows else "failed" if name in self.failed else None
        return {
            "cell": name, "state": over or state.state, "error": self.failed.get(name, state.reason if over is None else ""),
            "seconds": state.seconds, "processor_seconds": state.processor, "memory_MiB": state.memory, "attempts": state.attempts, "host": state.host,
            "source": " + ".join(cell.config.sources.names), "n_events": cell.config.events.n_events[0], "statistic": cell.statistic,
        }

    def summary(self):
        names = [cell.folder_name for cell in self.cells]
        return {
            "done": [name for name in names if name in self.rows],
            "failed": [{"cell": name, "error": self.failed[name]} for name in names if name in self.failed],
        }


def in_this_process(jobs, progress=SILENT):
    """Do jobs one after the other, and those that another process is at when it has ended; yields each with its outcome."""
    waiting = list(jobs)
    while waiting:
        busy = []
        for i, job in enumerate(waiting, 1):
            stage = StageProgress(progress, f"{i} of {len(waiting)}, {job.cell.label}")
            outcome = do_cell(job.path, job.cell.statistic, job.cell.config, tried=job.tried, progress=stage)
            if outcome.state == "busy":
                busy.append(job)
            else:
                yield job, outcome
        if len(busy) == len(waiting):
            wait(LOOK_AGAIN, progress, f"waiting for {len(busy)} cells that another process is at")
        waiting = busy


def wait(seconds, progress, stage):
    """Wait, ready to be cancelled."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        progress.report(stage, 0, 1)
        time.sleep(POLL)
