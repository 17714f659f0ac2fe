"""The order in which trainings are to run: ``queue.json`` in the folder that holds their run folders.

Every run that waits is a run folder already, so that the queue is no more than names in an order. It is read
and changed by whoever works through it, and outlives them all.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ..errors import DamagedFileError, InputError, ZevatronError
from ..storage.documents import LARGEST_RUN, json_document, read_bytes, write_json
from ..storage.files import make_folder
from . import lock
from .run_folder import RunFolder

MOST_AT_ONCE = 16
PATIENCE = 5.0  # seconds for the lock: a change takes milliseconds, on a busy machine a second for ten of them


@dataclass(frozen=True)
class QueueState:
    """What waits.

    Attributes
    ----------
    runs : tuple of str
        Names of run folders in the folder of the queue, the next first.
    at_once : int
        How many of them train at one time.
    """

    runs: tuple = ()
    at_once: int = 1


class RunQueue:
    """The queue in a folder of runs; every change is written before the method returns.

    Parameters
    ----------
    path : Path
        Folder that holds the run folders; made when something is added.
    """

    def __init__(self, path):
        self.path = Path(path)

    file_path = property(lambda self: self.path / "queue.json")
    lock_path = property(lambda self: self.path / "queue.lock")

    def read(self):
        """Return the :class:`QueueState`, without runs whose folder is gone.

        Raises
        ------
        DamagedFileError
            If the file is no queue.
        """
        try:
            found = json_document(read_bytes(self.file_path, LARGEST_RUN))
            runs, at_once = [str(name) for name in found["runs"]], int(found["at_once"])
        except FileNotFoundError:
            return QueueState()
        except (InputError, ValueError, TypeError, KeyError, OverflowError) as error:
            raise DamagedFileError(f"{self.file_path} is not a queue of trainings ({error}); delete it and add the runs again") from None
        there = (name for name in dict.fromkeys(runs) if is_name(name) and (self.path / name / "config.toml").is_file())
        return QueueState(tuple(there), min(max(at_once, 1), MOST_AT_ONCE))

    def add(self, runs):
        """Make run folders and put them in the queue, behind those that wait.

        Parameters
        ----------
        runs : sequence of RunConfig
            Each with one source (or a mixture) and one number of events. One that waits keeps its place, one that is done is
            left out.

        Returns
        -------
        QueueState

        Raises
        ------
        ConfigError, TrainingError, InputError
            If a run is no single training, or its folder holds something else; then nothing is added.
        """
        names, made = [], []
        try:
            for config in runs:
                path = self.path / run_name(config)
                made += [] if path.exists() else [path]
                if RunFolder.create(path, config).state.state != "done":
                    names.append(path.name)
        except ZevatronError:
            for path in filter(is_untouched, made):
                RunFolder(path).remove()
            raise

        def put(state):
            new = [name for name in names if name not in state.runs]
            return replace(state, runs=(*state.runs, *new))

        return self._change(put)

    def append(self, name):
        """Put a run folder that is there already behind those that wait."""
        return self._change(lambda state: state if name in state.runs else replace(state, runs=(*state.runs, name)))

    def remove(self, name):
        """Take a run out; one that was never trained is deleted, any other stays where it is.

        Returns
        -------
        QueueState
        """
        state, path = self.take(name), self.path / name
        if is_untouched(path):
            RunFolder(path).remove()
        return state

    def take(self, name):
        """Take a run out whose training is over; its folder stays."""
        return self._change(lambda state: replace(state, runs=tuple(other for other in state.runs if other != name)))

    def move(self, name, by):
        """Move a run towards the front (``by`` negative) or the back; returns the :class:`QueueState`."""
        def moved(state):
            if name not in state.runs:
                return state
            place = state.runs.index(name)
            rest = [other for other in state.runs if other != name]
            rest.insert(min(max(place + by, 0), len(rest)), name)
            return replace(state, runs=tuple(rest))

        return self._change(moved)

    def set_at_once(self, number):
        """Let so many trainings run at one time; returns the :class:`QueueState`."""
        if not 1 <= number <= MOST_AT_ONCE:
            raise InputError(f"expected 1 to {MOST_AT_ONCE} trainings at one time, received {number}")
        return self._change(lambda state: replace(state, at_once=number))

    def _change(self, change):
        make_folder(self.path, "choose another one for trainings")
        with lock.held(self.lock_path, f"{self.path} is changed by another process; try again", PATIENCE):
            before = self.read()
            after = change(before)
            if after != before:
                write_json(self.file_path, asdict(after))
        return after


def run_name(config):
    """Return the name of the folder of a training: ``"CenA-N300-1a2b3c4d5e6f"``, source, events and digest."""
    source = "".join(letter for letter in "+".join(config.sources.names) if letter.isalnum() or letter in "+-")
    return f"{source}-N{config.events.n_events[0]}-{config.digest}"


def is_name(name):
    """Whether a name stays inside the folder of the queue."""
    return 0 < len(name.encode(errors="replace")) < 256 and Path(name).name == name and name not in (".", "..")


def is_untouched(path):
    """Whether a folder is that of a training that nobody has begun."""
    try:
        state = RunFolder(path).state
    except ZevatronError:
        return False
    return state.state == "queued" and state.epoch == 0 and not (path / "last.keras").exists()
