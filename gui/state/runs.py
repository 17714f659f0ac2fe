"""The trainings that lie in a folder, read again only where something has changed. No Qt: this is work of a thread."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...core.config import RunConfig
from ...core.errors import ZevatronError
from ...core.study import read_result
from ...core.training.pace import Pace, measured_pace
from ...core.training.queue import QueueState, RunQueue
from ...core.training.run_folder import RunFolder, RunState
from .labels import registry_labels

DEPTH = 3  # folders in folders: `train` of several sources, studies
MOST = 1000  # run folders that are listed
NOT_LOOKED_INTO = ("search.toml",)  # a search shows its trainings itself


@dataclass(frozen=True)
class RunEntry:
    """One training on disk.

    Attributes
    ----------
    path : Path
    name : str
        Path below the folder of runs.
    config : RunConfig
    state : RunState
    accuracy, eta : float or None
        Of the best epoch on validation skies.
    eta_test, limit : float or None
        Smallest fraction on test skies, of network and likelihood ratio; None where that was not measured.
    pace : Pace or None
    """

    path: Path
    name: str
    config: RunConfig
    state: RunState
    accuracy: float | None = None
    eta: float | None = None
    eta_test: float | None = None
    limit: float | None = None
    is_judged: bool = False
    pace: Pace | None = None

    @property
    def network(self):
        """``"BCNN"``."""
        return network_label(self.config)

    @property
    def source(self):
        """``"Cen A"``, or the members of a mixture."""
        return " + ".join(self.config.sources.names)

    @property
    def n_events(self):
        """Events of one sky."""
        return self.config.events.n_events[0]

    @property
    def field(self):
        """What the field model is called."""
        return registry_labels("field.model").get(self.config.field.model, self.config.field.model)


@dataclass(frozen=True)
class Listing:
    """What was found: the runs, the newest first, the queue, and what could not be read."""

    root: Path
    entries: tuple = ()
    queue: QueueState = field(default_factory=QueueState)
    faults: tuple = ()


class RunReader:
    """Reads a folder of runs again and again; what has not changed is not read twice."""

    def __init__(self):
        self._kept = {}

    def read(self, root, check_cancelled=lambda: None):
        """Return the :class:`Listing` of a folder; ``check_cancelled`` may raise to end it early."""
        root, entries, faults = Path(root), [], []
        try:
            queue = RunQueue(root).read()
        except ZevatronError as error:
            queue, faults = QueueState(), [str(error)]
        found = list(run_paths(root))
        for path in found:
            check_cancelled()
            try:
                entries.append(self._entry(root, path))
            except (ZevatronError, OSError, KeyError) as error:
                faults.append(f"{path.name}: {error}")
        self._kept = {path: kept for path, kept in self._kept.items() if path.parent in found}
        entries.sort(key=lambda entry: (entry.state.updated, entry.name), reverse=True)
        return Listing(root, tuple(entries), queue, tuple(faults))

    def _entry(self, root, path):
        folder = RunFolder(path)
        config = self._once(folder.config_path, lambda: folder.config)
        state = folder.state  # never kept: its process may end without a word
        history = self._once(folder.history_path, lambda: folder.history)
        verdict = self._once(path / "result.json", lambda: judged_in(path / "result.json", config))
        accuracy = eta = pace = None
        if history is not None and len(history["epoch"]):
            best = int(np.argmax(history["val_accuracy"]))
            accuracy, eta = float(history["val_accuracy"][best]), _finite(history["val_eta"][best])
            pace = measured_pace(config, history["seconds"], title(config))
        eta_test, limit = verdict or (None, None)
        name = path.relative_to(root).as_posix()
        return RunEntry(path, name, config, state, accuracy, eta, eta_test, limit, verdict is not None, pace)

    def _once(self, path, read):
        """Return what was read from a file when it last changed; None without one."""
        try:
            status = path.stat()
        except OSError:
            self._kept.pop(path, None)
            return None
        mark = status.st_mtime_ns, status.st_size
        kept = self._kept.get(path)
        if kept is None or kept[0] != mark:
            self._kept[path] = kept = mark, read()
        return kept[1]


def network_label(config):
    """Return what the network of a run is called."""
    return registry_labels("network.kind")[config.network.kind]


def title(config):
    """Return what a training is called: ``"BCNN, Cen A, N = 300"``."""
    return f"{network_label(config)}, {' + '.join(config.sources.names)}, N = {config.events.n_events[0]}"


def run_paths(root, depth=DEPTH):
    """Yield run folders below ``root``, also in folders of several of them, at most :data:`MOST`."""
    left, level = MOST, [Path(root)]
    for _ in range(depth):
        inner = []
        for folder in level:
            try:
                children = sorted(child for child in folder.iterdir() if not child.name.startswith(".") and child.is_dir())
            except OSError:
                continue
            for child in children:
                if (child / "config.toml").is_file():
                    yield child
                    left -= 1
                elif not any((child / name).exists() for name in NOT_LOOKED_INTO):
                    inner.append(child)
                if not left:
                    return
        level = inner


def judged_in(path, config):
    """Return ``(eta_min, eta_limit)`` of a ``result.json``, or None if it is about another run or damaged."""
    try:
        found = read_result(path)
        entry = found["results"][0]
        return (entry["eta_min"], entry.get("eta_limit")) if found["run"].get("digest") == config.digest else None
    except (ZevatronError, KeyError, IndexError, TypeError):
        return None


def _finite(value):
    return float(value) if math.isfinite(value) else None
