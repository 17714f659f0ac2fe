"""One cell of a study in its folder: done once, whoever comes first.

===============  ================================================================
``run.toml``     the run of the cell, as every command with a run file takes it
``result.json``  what came out; a cell that has it is not done again
``state.json``   :class:`CellState`: how far it is, what it cost
``error.txt``    why it failed
``training/``    the run folder of its network
``lock``         held by the process at work on it
===============  ================================================================
"""

import contextlib
import logging
import os
import platform
import time
import traceback
from dataclasses import dataclass, replace

from ..config import write_run
from ..errors import CancelledError, DamagedFileError, InputError, TrainingError, ZevatronError, one_line
from ..progress import SILENT
from ..statistics.registry import STATISTICS
from ..storage.files import make_folder, write_text
from ..training import lock
from ..training.state_file import ProcessState, read_state, write_state
from . import grid
from .results import read_result, result_document, write_result

LOG = logging.getLogger(__name__)
MIB = 2**20
POLL = 0.2  # seconds between two looks at what another process is at work on


@dataclass(frozen=True)
class CellState(ProcessState):
    """How far a cell is; ``state`` is ``waiting``, ``running``, ``stopped``, ``done`` or ``failed``.

    Attributes
    ----------
    attempts : int
        How often it was begun.
    seconds, processor : float
        Wall time and processor time, its training included, of the attempts that were not killed.
    memory : float
        Largest memory of the process that did it, and of its training, MiB; 0 where the system does not tell.
    host : str
        Name of the computer that it was done on.
    """

    state: str = "waiting"
    attempts: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    memory: float = 0.0
    host: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a cell: ``done`` with its ``rows``, ``failed`` with a ``reason``, or ``busy`` in another process."""

    state: str
    rows: tuple = ()
    reason: str = ""


BUSY = Outcome("busy")


def cell_state(path):
    """Return the :class:`CellState` of a folder; ``stopped`` if the process that should be at work is gone."""
    state = read_cell_state(path)
    if state.state == "running" and not lock.is_held(path / "lock"):
        return replace(state, state="stopped", reason="interrupted")
    return state


def read_cell_state(path):
    """Return the :class:`CellState` as it was written; a damaged one is as good as none."""
    try:
        return read_state(path / "state.json", CellState, "a cell")
    except DamagedFileError as error:
        LOG.warning("%s", error)
        return CellState()


def finished_rows(path, config):
    """Return the rows of a cell that is done, None if it is not; a damaged result is as good as none."""
    try:
        document = read_result(path / "result.json") if (path / "result.json").exists() else None
    except DamagedFileError as error:
        LOG.warning("%s", error)
        return None
    return tuple(document["results"]) if document and document["run"].get("digest") == config.digest else None


def do_cell(path, statistic, config, *, tried=None, progress=SILENT):
    """Do a cell unless it is done, or another process is at it.

    Parameters
    ----------
    path : Path
        Its folder, made if it is not there.
    statistic : str
        In :data:`~..statistics.registry.STATISTICS`, or the kind of a network.
    config : RunConfig
        With one source (or a mixture) and one number of events.
    tried : int, optional
        Attempts that the caller knows of: if it has failed in a later one, that failure counts, and it is not tried again.
    progress : Progress, optional

    Returns
    -------
    Outcome

    Raises
    ------
    InputError
        If the folder cannot be written.
    CancelledError, KeyboardInterrupt
        If it was stopped; what is finished of it is kept.
    """
    make_folder(path, "choose a folder that can be written")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(lock.held(path / "lock", patience=0))
        except TrainingError:
            return BUSY
        except OSError as error:
            raise InputError(f"cannot lock {path / 'lock'}: {error.strerror}; a study needs a file system with locks") from None
        if (rows := finished_rows(path, config)) is not None:
            return Outcome("done", rows)
        state = read_cell_state(path)
        if state.state == "failed" and tried is not None and state.attempts > tried:
            return Outcome("failed", reason=state.reason)
        return _attempt(path, statistic, config, state, progress)


def _attempt(path, statistic, config, state, progress):
    write_run(path / "run.toml", config)
    before, started, used = state, time.monotonic(), _processor_time()
    state = write_state(
        path / "state.json", state, state="running", reason="", attempts=state.attempts + 1, host=platform.node(), pid=os.getpid()
    )

    def end(how, reason=""):
        write_state(
            path / "state.json", state, state=how, reason=reason, seconds=round(before.seconds + time.monotonic() - started, 3),
            processor=round(before.processor + _processor_time() - used, 3), memory=_peak_memory(),
        )

    try:
        document = result_document(config, _verdicts(path, statistic, config, progress))
        write_result(path / "result.json", document)
    except (CancelledError, KeyboardInterrupt):
        end("stopped", "stopped by the user")
        raise
    except Exception as error:  # a cell that fails, for whatever reason, does not stop the others
        reason = one_line(error)
        if not isinstance(error, ZevatronError):
            reason = f"{type(error).__name__}: {reason}"
        LOG.warning("cell %s failed: %s", path.name, reason)
        where = "" if isinstance(error, ZevatronError) else f"\n{traceback.format_exc()}"
        write_text(path / "error.txt", f"{reason}\n{where}")
        end("failed", reason)
        return Outcome("failed", reason=reason)
    end("done")
    (path / "error.txt").unlink(missing_ok=True)
    return Outcome("done", tuple(document["results"]))


def _verdicts(path, statistic, config, progress):
    if statistic in STATISTICS:
        return grid.statistic_verdicts(statistic, config, progress)
    from ..training import train_blocking

    training = path / "training"
    while lock.is_held(training / "lock"):  # by the training of a process that was killed, which is about to end
        progress.report("waiting for another training of this cell to end", 0, 1)
        time.sleep(POLL)
    return grid.network_verdicts(config, train_blocking(config, training, progress=progress), progress)


def note_failure(path, reason):
    """Write down that a cell failed where its own process could not; not if another process is at it or it is done."""
    with contextlib.suppress(OSError, TrainingError), lock.held(path / "lock", patience=0):
        state = read_cell_state(path)
        if state.state not in ("done", "failed"):
            write_text(path / "error.txt", f"{reason}\n")
            write_state(path / "state.json", state, state="failed", reason=reason)


def _processor_time():
    """Seconds of processor time of this process and those that it started and that have ended."""
    return sum(os.times()[:4])


def _peak_memory():
    """Most memory that this process, and the largest it has started, ever had at once, MiB; an upper bound for the cell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    unit = 1 if platform.system() == "Darwin" else 1024
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return round(sum(peaks) * unit / MIB, 1)
