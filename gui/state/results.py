"""Results of other runs, to stand beside those of the run on screen: read from result files, trainings and studies. No Qt here."""

from dataclasses import dataclass
from pathlib import Path

from ...core.config import RunConfig, config_from_toml, differing_settings, value_at
from ...core.errors import DamagedFileError, InputError, ZevatronError

RESULT = "result.json"
PATTERNS = (RESULT, f"*/{RESULT}", f"cells/*/{RESULT}")  # of a training or cell, of a folder of them, of a study
OF_THE_CELL = ("sources.names", "events.n_events", "network.kind")  # stand in columns of their own
MOST_NAMED = 2  # settings in the name of a run


@dataclass(frozen=True)
class Run:
    """The run behind a result.

    Attributes
    ----------
    name : str
        For people: the folder, and in what it differs from others that were read with it.
    path : Path
        Of the result file.
    config : RunConfig
    """

    name: str
    path: Path
    config: RunConfig

    @property
    def training(self):
        """The folder of the training that it is the result of, also in the cell of a study; None without one."""
        places = self.path.parent, self.path.parent / "training"
        return next((place for place in places if (place / "config.toml").is_file()), None)


def result_files(path):
    """Return the result files that a path stands for: itself, or those of a training, a study or a folder of them.

    Raises
    ------
    InputError
        If there is none.
    """
    path = Path(path)
    found = [path] if path.is_file() else sorted(set().union(*(path.glob(pattern) for pattern in PATTERNS)))
    if not found:
        raise InputError(f"found no {RESULT} in {path}; choose a result file, or the folder of a training or of a study")
    return found


def read_results(path, files=None):
    """Read results with the runs behind them.

    Parameters
    ----------
    path : path-like
        See :func:`result_files`.
    files : sequence of Path, optional
        Only these of its result files.

    Returns
    -------
    found : dict of Verdict to Run
    faults : list of str
        What could not be read, a line each.

    Raises
    ------
    InputError
        If nothing could be read.
    """
    files, read, faults = files or result_files(path), [], []
    for file in files:
        try:
            read.append((file, *_read(file)))
        except ZevatronError as error:
            faults.append(str(error))
    if not read:
        raise InputError(faults[0])
    return {verdict: run for file, run, verdicts in _named(Path(path), read) for verdict in verdicts}, faults


def _read(file):
    from ...core.study import read_result, verdict_from_entry

    document = read_result(file)
    try:
        config = config_from_toml(document["run"]["config"])
    except (KeyError, TypeError):
        raise DamagedFileError(f"{file}: expected a result with the configuration of its run; make it again") from None
    return config, tuple(verdict_from_entry(entry, file) for entry in document["results"])


def _named(root, read):
    """Yield file, Run and verdicts; trainings are called by their folders, cells of a study by the settings in which they differ."""
    paths = differing_settings([config for _, config, _ in read], but=OF_THE_CELL)
    is_study = (root / "cells").is_dir()
    for file, config, verdicts in read:
        folder = file.resolve().parent.name if file.name == RESULT else file.stem
        name = root.resolve().name if is_study else folder
        if is_study and paths:
            shown = [f"{path.rpartition('.')[2]} {plain(value_at(config, path))}" for path in paths[:MOST_NAMED]]
            name = f"{name}: {', '.join(shown)}" + (", …" if len(paths) > MOST_NAMED else "")
        yield file, Run(name, file, config), verdicts


def plain(value):
    """Return a setting as a few words."""
    return ", ".join(map(plain, value)) if isinstance(value, (tuple, list)) else f"{value:g}" if isinstance(value, float) else str(value)
