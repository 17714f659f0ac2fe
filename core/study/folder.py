"""The folder of a study, read while whoever is at work on it; what stands there is listed in ``engine.py``."""

from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError
from ..storage.files import replacing
from .cell import CellState, cell_state, finished_rows
from .engine import cell_path
from .plan import read_study, study_toml
from .tables import TABLE_COLUMNS

WAITING = CellState()


@dataclass(frozen=True)
class CellReport:
    """How far a cell is, and what it found.

    Attributes
    ----------
    state : CellState
        ``done`` only where there is a result.
    rows : tuple of dict
        The columns :data:`.tables.TABLE_COLUMNS` of its results; None for what is not known.
    """

    state: CellState = WAITING
    rows: tuple = ()


class StudyFolder:
    """One study on disk; reading it never disturbs a process that is at work.

    Parameters
    ----------
    path : Path
        A folder in which a study was begun, or made by :meth:`create`.

    Raises
    ------
    InputError
        If there is no study in it.
    """

    def __init__(self, path):
        self.path = Path(path)
        if not self.study_path.is_file():
            raise InputError(f"{self.path} is not the folder of a study: it has no study.toml")

    study_path = property(lambda self: self.path / "study.toml")
    log_path = property(lambda self: self.path / "log.txt")

    @classmethod
    def create(cls, path, study):
        """Make the folder of a study, or give one of an earlier study another one; cells that are done are kept.

        Parameters
        ----------
        path : path-like
            New or empty, or the folder of a study.
        study : Study

        Raises
        ------
        InputError
            If it cannot be made, or holds something else.
        """
        path = Path(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            foreign = sorted(entry.name for entry in path.iterdir())
        except OSError as error:
            raise InputError(f"cannot make the folder {path}: {error.strerror}; choose another one") from None
        if foreign and "study.toml" not in foreign:
            raise InputError(f"{path} holds other files ({foreign[0]}, …); choose a new folder or that of a study")
        with replacing(path / "study.toml", "w", encoding="utf-8") as stream:
            stream.write(study_toml(study))
        return cls(path)

    @property
    def study(self):
        """The :class:`.plan.Study` as it was asked for last."""
        return read_study(self.study_path)


class CellReader:
    """Reads the cells of a study again and again; what has not changed is not read twice.

    Parameters
    ----------
    study : Study
    path : path-like
        Folder of the study, which need not exist yet.
    """

    def __init__(self, study, path):
        self.study, self.path = study, Path(path)
        self._kept = {}

    def read(self, check_cancelled=lambda: None):
        """Return a :class:`CellReport` of each cell, in their order; ``check_cancelled`` may raise to end it early."""
        try:
            begun = {entry.name for entry in (self.path / "cells").iterdir()}
        except OSError:
            begun = ()
        reports = []
        for cell in self.study.cells():
            check_cancelled()
            reports.append(self._report(cell) if cell.folder_name in begun else CellReport())
        return tuple(reports)

    def _report(self, cell):
        path = cell_path(self.path, cell)
        marks = tuple(_changed(path / name) for name in ("state.json", "result.json"))
        kept, report = self._kept.get(cell.folder_name, (None, None))
        if kept != marks or report.state.state == "running":  # whose process may have ended without a word
            report = _read(path, cell, has_result=marks[1] is not None)
            self._kept[cell.folder_name] = marks, report
        return report


def _read(path, cell, has_result):
    state = cell_state(path)
    rows = finished_rows(path, cell.config) if has_result else None
    if rows is not None:
        rows = tuple({name: row.get(name) for name in TABLE_COLUMNS} for row in rows)
        return CellReport(replace(state, state="done", reason=""), rows)
    if state.state == "done":
        return CellReport(replace(state, state="stopped", reason="its result is not there or damaged, so that it is computed again"))
    return CellReport(state)


def _changed(path):
    """Return when a file was written and how large it is, None without one."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
