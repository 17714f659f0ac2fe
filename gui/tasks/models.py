"""Networks as files: one of ours or a published one is opened and judged on the run on screen, beside the others."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox

from ...core.config import write_run
from ...core.errors import ZevatronError
from ...core.network.files import read_record
from ...core.statistics.registry import MODEL
from ...core.training.trained_for import is_of_unknown_origin, scenario_differences
from ..background.engine import run_command
from ..files import settings
from ..state.answers import read_verdicts, run_for

FILTER = "Networks (*.keras *.h5 *.h5.bz2 *.h5.gz *.h5.xz);;All files (*)"
IMPORTED = "models"  # folder beside the trainings
UNTELLING = ("best", "last")  # names that every run folder has
SHOWN_DIFFERENCES = 6


@dataclass(frozen=True)
class ModelFile:
    """A network that can be judged.

    Attributes
    ----------
    name : str
        For people.
    path : Path
        Of the ``.keras`` file.
    record : dict
        What it was trained for.
    """

    name: str
    path: Path
    record: dict


def model_name(path):
    """Return what a network is called: its file's name, or that of its run folder."""
    path = Path(path)
    name = path.name.partition(".h5")[0] if ".h5" in path.name else path.stem
    return path.resolve().parent.name if name in UNTELLING else name


def read_model(path, folder, progress):
    """Read what there is to know of a network; a published one is imported first.

    Parameters
    ----------
    path : Path
    folder : Path
        Where imported networks are kept.
    progress : Progress

    Returns
    -------
    ModelFile
    """
    name = model_name(path)
    if path.suffix != ".keras":
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{name}.keras"
        run_command(["import-model", path, "--out", target], progress)
        path = target
    return ModelFile(name, path, read_record(path))


def judge(model, run, progress):
    """Judge a network on a run with one source and one number of events; returns its Verdict under the name of the model."""
    with tempfile.TemporaryDirectory() as temporary:
        config, result = Path(temporary) / "run.toml", Path(temporary) / "result.json"
        write_run(config, run)
        run_command(["evaluate", config, "--model", model.path, "--out", result], progress)
        return replace(read_verdicts(result)[0], statistic=f"{MODEL}{model.name}")


class Models:
    """What the File menu does with networks.

    Parameters
    ----------
    window : MainWindow
    """

    def __init__(self, window):
        self._window = window

    def open(self):
        """Ask for a network and judge it."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open model", str(settings.runs_folder()), FILTER)
        if path:
            self.open_path(path)

    def open_path(self, path):
        """Read a network, say what it was trained for, and judge it on the source and N on screen."""
        path, controller = Path(path), self._window.controller
        run = run_for(controller.config, controller.source_name, controller.choices.n_events)
        folder = settings.runs_folder() / IMPORTED
        self._window.jobs.submit(
            f"Reading {path.name}", lambda progress: read_model(path, folder, progress), lane="evaluate",
            on_done=lambda model: self._judge(model, run),
        )

    def _judge(self, model, run):
        """Warn where the network was trained for something else, before any number is shown."""
        note = ""
        if is_of_unknown_origin(model.record):
            note = f"{model.name} does not say which sources, field and number of events it was trained for."
            self._window.messages.say(f"{note} It is judged on the run on screen.")
        elif differences := scenario_differences(model.record, run):
            if not self._agrees(model, differences):
                return
            note = f"Trained for another scenario: {'; '.join(differences)}"
        n_events = run.events.n_events[0]
        self._window.jobs.submit(
            f"Test of {model.name}, N = {n_events}", lambda progress: judge(model, run, progress), lane="evaluate",
            on_done=lambda verdict: self._show(run, verdict, note),
        )

    def _agrees(self, model, differences):
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(f"{model.name} was trained for another scenario.")
        more = len(differences) - SHOWN_DIFFERENCES
        lines = [*differences[:SHOWN_DIFFERENCES], *([f"and {more} more"] if more > 0 else [])]
        box.setInformativeText("\n".join(lines) + "\n\nIts η will be that of a network that was prepared for something else.")
        go_on = box.addButton("Test it all the same", QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole))
        box.exec()
        return box.clickedButton() is go_on

    def _show(self, run, verdict, note):
        controller = self._window.controller
        try:
            controller.answers.add_method(run, verdict, note)
        except ZevatronError as error:
            self._window.messages.say(str(error))
            return
        self._window.show_results(verdict)
