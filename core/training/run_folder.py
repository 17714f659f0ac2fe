"""The folder of one training: the contract between command line, window and cluster.

==================  ================================================================
``config.toml``     configuration: one source (or mixture), one number of events
``density.h5``      density that the mock skies are drawn from
``state.json``      :class:`RunState`, replaced as a whole
``history.csv``     one line for each finished epoch, columns :data:`HISTORY`
``last.keras``      weights and optimizer after the last finished epoch, and the history
``previous.keras``  the same after the epoch before, in case ``last.keras`` is damaged
``best.keras``      network of the epoch with the best validation accuracy
``log.txt``         what the training process wrote on standard error
``result.json``     verdict on the best network, if it was asked for
==================  ================================================================

``last.keras`` is written first and decides: whatever else a kill has left
behind is put right from it when the training goes on.
"""

import contextlib
import csv
import math
import os
import platform
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ..config import digest_of, read_run, write_run
from ..errors import ConfigError, InputError, TrainingError
from ..scenarios import training_scenarios
from ..storage.documents import read_bytes, read_tail
from ..storage.files import claim_folder, replacing
from . import lock
from .state_file import ProcessState, WorkFolder, read_state

HISTORY = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_auc", "val_eta", "seconds")
STATES = ("queued", "preparing", "running", "paused", "stopped", "done", "failed")
ALIVE = ("preparing", "running", "paused")
INTERRUPTED = "interrupted"  # reason of a run whose process is gone
SILENT_FOR = {"preparing": 86_400, "running": 600, "paused": 86_400}  # seconds that another computer may write nothing
LOG_TAIL = 2**17  # bytes of the log that are looked at for its last lines
FREE_SETTINGS = ("epochs", "patience", "threads")  # of [training]: may change when a training goes on
KEEPS_OPEN_FILES = os.name == "nt"  # a file that is open cannot be deleted
FILES = (
    "config.toml", "density.h5", "state.json", "history.csv", "last.keras", "previous.keras", "best.keras", "log.txt", "lock", "result.json",
)


@dataclass(frozen=True)
class RunState(ProcessState):
    """How far a training is; ``state`` is one of :data:`STATES`.

    Attributes
    ----------
    epoch, epochs : int
        Finished epochs, and the most there can be.
    batch, batches : int
        In the epoch under way.
    batch_size : int
        Mock skies in one step, fewer than were asked for if memory did not suffice; 0 before the training has started.
    best_epoch : int
        0 before the first epoch ends.
    best_accuracy : float
        Validation accuracy of that epoch.
    seconds : float
        Time spent training in all finished epochs.
    device : str
        ``"CPU, 2 threads"`` or the name of a graphics card.
    memory, device_memory, device_memory_total : int
        Bytes: main memory of the process; of the graphics card what is taken, and what it has.
    host : str
        Name of the computer that it runs on.
    """

    epoch: int = 0
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    batch_size: int = 0
    best_epoch: int = 0
    best_accuracy: float = 0.0
    seconds: float = 0.0
    device: str = ""
    memory: int = 0
    device_memory: int = 0
    device_memory_total: int = 0
    host: str = ""

    @property
    def is_alive(self):
        """Whether a process should be at work on it."""
        return self.state in ALIVE

    @property
    def is_interrupted(self):
        """Whether its process ended without a word, so that it can go on."""
        return self.state == "stopped" and self.reason == INTERRUPTED

    @property
    def is_elsewhere(self):
        """Whether it should be at work on another computer, whose locks may not be seen here, and was heard of not long ago."""
        if not self.host or self.host == platform.node() or not self.updated:
            return False
        try:
            silent = datetime.now(UTC) - datetime.fromisoformat(self.updated)
        except (ValueError, TypeError):  # no time, or one without its zone
            return False
        return abs(silent.total_seconds()) < SILENT_FOR.get(self.state, 0)  # a clock may have been set back


class RunFolder(WorkFolder):
    """One training on disk; reading it never disturbs the process that trains.

    Parameters
    ----------
    path : Path
        A folder made by :meth:`create`.

    Raises
    ------
    TrainingError
        If there is no run in it.
    """

    def __init__(self, path):
        super().__init__(path)
        if not self.config_path.is_file():
            raise TrainingError(f"{self.path} is not the folder of a training: it has no config.toml")

    config_path = property(lambda self: self.path / "config.toml")
    density_path = property(lambda self: self.path / "density.h5")
    history_path = property(lambda self: self.path / "history.csv")
    last_path = property(lambda self: self.path / "last.keras")
    previous_path = property(lambda self: self.path / "previous.keras")
    best_path = property(lambda self: self.path / "best.keras")
    result_path = property(lambda self: self.path / "result.json")

    @classmethod
    def create(cls, path, config, density=None):
        """Make the folder of a training, or open one that trains the same.

        Parameters
        ----------
        path : Path
            New or empty, or the folder of a run that differs at most in :data:`FREE_SETTINGS`, which are then changed.
        config : RunConfig
            With one source (or a mixture) and one number of events.
        density : SkyDensity, optional
            Of the run and all rays, if it is at hand; otherwise, and for training skies of half of the rays or of scenarios, the
            training process computes what it draws from.

        Returns
        -------
        RunFolder

        Raises
        ------
        ConfigError, InputError, TrainingError
            If the run has several sources or numbers of events, the folder cannot be made or holds something else.
        """
        path = Path(path)
        require_one_training(config)
        if (path / "config.toml").is_file():
            return cls(path)._continue_with(config)
        claim_folder(path, is_ours)
        if density is not None and not config.sky.halves and not config.training.scenarios:
            write_density(path / "density.h5", config, density)
        write_run(path / "config.toml", config)
        folder = cls(path)
        folder.set_state(RunState(epochs=config.training.epochs))
        return folder

    def _continue_with(self, config):
        if training_digest(config) != training_digest(self.config):
            raise TrainingError(f"{self.path} holds another training (digest {self.config.digest}); choose a new folder")
        if config.digest != self.config.digest:
            if self.state.state == "done":  # there may be more to train now; said first, so that a kill in between cannot hide it
                self.set_state(self.state, state="queued", reason="")
            write_run(self.config_path, config)
        return self

    @property
    def config(self):
        """The :class:`~..config.RunConfig`."""
        return read_run(self.config_path)

    @property
    def density(self):
        """The :class:`~..sky_density.SkyDensity` that is trained on, the first of several, or None as long as it is not computed."""
        return next(iter(self.densities), None)

    @property
    def densities(self):
        """All densities that are trained on, one for each scenario; empty as long as they are not computed."""
        from ..sky_density.files import read_densities

        return read_densities(self.density_path)[1] if self.density_path.exists() else ()

    @property
    def state(self):
        """The :class:`RunState`; ``stopped`` if the process that should be at work is gone."""
        state = read_state(self.state_path, RunState, "a training")
        if state.is_alive and not lock.is_held(self.lock_path) and not state.is_elsewhere:
            return replace(state, state="stopped", reason=INTERRUPTED)
        return state

    @property
    def history(self):
        """Finished epochs: dictionary from column to ndarray; a line that is only half there, or is no numbers, is left out."""
        rows = []
        try:
            lines = read_bytes(self.history_path).decode("utf-8", "replace").split("\n")[:-1]
        except FileNotFoundError:
            lines = []
        for line in lines[1:]:
            with contextlib.suppress(ValueError, csv.Error):
                row = [float(value) for value in next(csv.reader([line]))]
                if len(row) == len(HISTORY) and math.isfinite(row[0]):
                    rows.append(row)
        table = np.array(rows).reshape(-1, len(HISTORY))
        return {name: table[:, i].astype(int) if name == "epoch" else table[:, i] for i, name in enumerate(HISTORY)}

    def append_history(self, row):
        """Add the line of one epoch, a dictionary with the keys :data:`HISTORY`."""
        with open(self.history_path, "a", encoding="utf-8", newline="") as stream:
            if stream.tell() == 0:
                csv.writer(stream, lineterminator="\n").writerow(HISTORY)
            csv.writer(stream, lineterminator="\n").writerow(row[name] for name in HISTORY)
            stream.flush()

    def write_history(self, rows):
        """Replace the history by ``rows``, unless it says the same already."""
        found = self.history
        wanted = np.array([[row[name] for name in HISTORY] for row in rows]).reshape(-1, len(HISTORY))
        if not np.array_equal(np.stack([found[name] for name in HISTORY], axis=1), wanted, equal_nan=True):
            with replacing(self.history_path, "w", encoding="utf-8", newline="") as stream:
                csv.writer(stream, lineterminator="\n").writerows([HISTORY, *([row[name] for name in HISTORY] for row in rows)])

    @property
    def log_tail(self):
        """Last lines of the log that are not notices of libraries."""
        try:
            lines = read_tail(self.log_path, LOG_TAIL).decode("utf-8", "replace").splitlines()
        except (FileNotFoundError, InputError):
            return ""
        return "\n".join(line for line in lines[-200:] if not _is_notice(line))[-4000:]

    def remove(self):
        """Delete the run's files, and the folder if nothing else is in it.

        Raises
        ------
        TrainingError
            If a process is at work on it.
        """
        complaint = f"{self.path} is being trained; stop that first"
        if lock.is_held(self.lock_path):
            raise TrainingError(complaint)
        with lock.held(self.lock_path, complaint):  # whoever begins a training meanwhile waits, and finds no run
            for entry in filter(lambda entry: is_ours(entry.name), list(self.path.iterdir())):
                if entry != self.lock_path or not KEEPS_OPEN_FILES:
                    entry.unlink(missing_ok=True)
        if KEEPS_OPEN_FILES:
            self.lock_path.unlink(missing_ok=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()

    def sweep(self):
        """Delete half-written files that a killed process has left; only for who holds the lock."""
        for entry in self.path.iterdir():
            if entry.name not in FILES and is_ours(entry.name):
                entry.unlink(missing_ok=True)


def is_ours(name):
    """Whether a file belongs to a run folder, or is the unfinished version of one that does."""
    return name in FILES or any(name.startswith(f".{known}.") for known in FILES)


def require_one_training(config):
    """Raise :class:`ConfigError` unless a run means exactly one network."""
    if len(config.sources.names) > 1 and not config.sources.mixture:
        raise ConfigError(f"expected one source for one network, received {', '.join(config.sources.names)}", "sources.names")
    if len(config.events.n_events) > 1:
        raise ConfigError(f"expected one number for one network, received {list(config.events.n_events)}", "events.n_events")
    training_scenarios(config)  # each of them must be possible


def training_digest(config):
    """Name what decides the course of a training: all settings but :data:`FREE_SETTINGS` and those of the test."""
    content = {key: value for key, value in asdict(config).items() if key not in ("name", "test")}
    content["training"] = {key: value for key, value in content["training"].items() if key not in FREE_SETTINGS}
    return digest_of(content)


def write_density(path, config, *densities):
    """Write the one density of a training, or those of its scenarios."""
    from ..sky_density.files import write_densities

    write_densities(path, config, densities)


def _is_notice(line):
    return line.startswith(("WARNING: All log messages before", "I0000", "To enable the following instructions")) or (
        len(line) > 5 and line[0] in "IW" and line[1:5].isdigit()
    )
