"""What there is to report: read from the folder of a training, of ``demo`` or of a study, or from a result as JSON."""

from dataclasses import dataclass
from pathlib import Path

from ..config import config_from_toml, differing_settings, read_run, value_at
from ..errors import DamagedFileError, InputError, ZevatronError
from ..network.registry import NETWORKS
from ..resources import PROGRAM
from ..settings import value_text
from ..statistics.registry import STATISTICS
from ..storage.documents import json_document, read_bytes
from ..study import read_result, verdict_from_entry
from ..training.run_folder import RunFolder

NEVER_AN_AXIS = ("name", "sources.names", "events.n_events", "network.kind")


@dataclass(frozen=True)
class Part:
    """Results of one run: ``config``, entries of ``results`` as they stand in the file, and the record of who made them."""

    config: object
    rows: tuple
    record: dict
    path: Path


@dataclass(frozen=True)
class Content:
    """All that a report shows.

    Attributes
    ----------
    kind : {"training", "demo", "study", "result"}
    path : Path
        What was given.
    config : RunConfig
        Of the run, or of the first cell of a study.
    parts : tuple of Part
        One for each result file.
    trainings : tuple of RunFolder
        Those with at least one finished epoch.
    failed : tuple of (str, str)
        Cells of a study that failed, and why.
    """

    kind: str
    path: Path
    config: object
    parts: tuple = ()
    trainings: tuple = ()
    failed: tuple = ()

    @property
    def rows(self):
        """All results; in a study with the settings in which its cells differ."""
        if self.kind != "study":
            return [row for part in self.parts for row in part.rows]
        varied = differing_settings([part.config for part in self.parts], but=NEVER_AN_AXIS)
        return [
            {**{path: value_text(value_at(part.config, path)) for path in varied}, **row} for part in self.parts for row in part.rows
        ]

    @property
    def statistics(self):
        """Names of all statistics and networks."""
        trained = [folder.config.network.kind for folder in self.trainings]
        return tuple(dict.fromkeys([row["statistic"] for part in self.parts for row in part.rows] + trained))


def read_content(path, training=None):
    """Find out what ``path`` is and read it.

    Parameters
    ----------
    path : path-like
        Folder of a training, of ``demo`` or of a study, or a result as JSON.
    training : path-like, optional
        Folder of a training whose curves belong to a result that is given as JSON.

    Raises
    ------
    InputError, DamagedFileError, TrainingError
        If it is none of them, nothing has come out yet or a file cannot be read.
    """
    path = Path(path)
    further = _with_epochs([RunFolder(training)]) if training is not None else ()
    if path.is_file():
        part = _part(path)
        return Content("result", path, part.config, (part,), further)
    if not path.is_dir():
        raise InputError(f"no file or folder {path}; give the folder of a training, of demo or of a study, or a result as JSON")
    if (path / "cells").is_dir():
        return _study(path)
    if (path / "config.toml").is_file():
        folder = RunFolder(path)
        content = Content("training", path, folder.config, _parts_in(path), (*_with_epochs([folder]), *further))
    elif (path / "run.toml").is_file() and (path / "training").is_dir():
        trainings = _with_epochs([RunFolder(path / "training")])
        content = Content("demo", path, read_run(path / "run.toml"), _parts_in(path), trainings)
    else:
        raise InputError(f"{path} is no folder of a training (config.toml), of demo (run.toml, training) or of a study (cells)")
    if not content.parts and not content.trainings:
        raise InputError(f"{path} has neither a result nor a finished epoch yet; let the training go on, or evaluate it")
    return content


def _study(path):
    parts, trainings, failed = [], [], []
    for cell in sorted(entry for entry in (path / "cells").iterdir() if entry.is_dir()):
        if (cell / "result.json").is_file():
            parts.append(_part(cell / "result.json"))
        if (cell / "error.txt").is_file():
            failed.append((cell.name, read_bytes(cell / "error.txt").decode("utf-8", "replace").strip()))
        if (cell / "training" / "config.toml").is_file():
            trainings.append(RunFolder(cell / "training"))
    if not parts:
        raise InputError(f"no cell of the study in {path} has a result yet; run it with: {PROGRAM} study")
    return Content("study", path, parts[0].config, tuple(parts), _with_epochs(trainings), tuple(failed))


def _with_epochs(folders):
    return tuple(folder for folder in folders if len(folder.history["epoch"]))


def _parts_in(folder):
    """Read every result in a folder; other JSON files are left alone."""
    parts = []
    for path in sorted(folder.glob("*.json")):
        try:
            document = json_document(read_bytes(path))
        except (OSError, InputError, ValueError):
            document = None
        if path.name == "result.json" or (isinstance(document, dict) and {"results", "run"} <= set(document)):
            parts.append(_part(path))
    return tuple(parts)


def _part(path):
    document = read_result(path)
    try:
        config, rows = config_from_toml(document["run"]["config"]), tuple(document["results"])
        for row in rows:
            verdict_from_entry(row, path)
    except (KeyError, TypeError, ZevatronError) as error:
        raise DamagedFileError(f"{path} is not a result of Zevatron: {error}") from None
    if not rows:
        raise InputError(f"{path} holds no result")
    return Part(config, rows, document["run"], path)


def kind_of(statistic):
    """Return ``"network"``, ``"limit"`` or ``"statistic"``."""
    return "network" if statistic in NETWORKS else "statistic" if statistic in STATISTICS else "limit"
