"""Run files and training folders: new, open, save."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox

from ...core.config import RunConfig, read_run, write_run
from ...core.errors import InputError, ZevatronError
from ...core.sources import selected_sources
from ..state.studies import is_study_file
from . import settings

FILTER = "Run files (*.toml);;All files (*)"
SAVE, DISCARD, CANCEL = "Save", "Do not save", "Cancel"


class Files:
    """What the File menu does with runs.

    Parameters
    ----------
    window : MainWindow
    """

    def __init__(self, window):
        self._window = window

    @property
    def _draft(self):
        return self._window.draft

    def new(self):
        """Begin with the published settings."""
        if self.may_leave():
            self._draft.load(RunConfig())

    def open(self):
        """Ask for a run file and open it; a study file is opened as such."""
        if not self.may_leave():
            return
        path, _ = QFileDialog.getOpenFileName(self._window, "Open run", self._start_folder(), FILTER)
        if path and is_study_file(path):
            self._window.studies.open_path(Path(path))
        elif path:
            self.open_path(path)

    def open_path(self, path):
        """Open a run file; a fault is shown and leaves the run as it is."""
        try:
            config = read_run(path)
            selected_sources(config.sources)
        except ZevatronError as error:
            self._window.messages.say(str(error))
            return
        self._draft.load(config, Path(path))
        settings.add_recent_file(path)

    def save(self):
        """Save where the run came from, or ask; returns whether it was saved."""
        return self.save_path(self._draft.path) if self._draft.path else self.save_as()

    def save_as(self):
        """Ask where to save; returns whether it was saved."""
        start = str(Path(self._start_folder()) / "run.toml")
        path, _ = QFileDialog.getSaveFileName(self._window, "Save run", start, FILTER)
        if not path:
            return False
        return self.save_path(Path(path) if Path(path).suffix else Path(path).with_suffix(".toml"))

    def save_path(self, path):
        """Save the run; returns whether it was saved."""
        if self._draft.errors:
            where, message = next(iter(self._draft.errors.items()))
            self._window.messages.say(f"The run was not saved: put {where} right first ({message}).")
            return False
        try:
            write_run(path, self._draft.config)
        except (OSError, InputError) as error:
            self._window.messages.say(f"The run was not saved: {error}. Choose another place.")
            return False
        self._draft.mark_saved(Path(path))
        settings.add_recent_file(path)
        return True

    def may_leave(self):
        """Ask what to do with edits that are not saved; returns whether the run may be left."""
        if not self._draft.is_edited:
            return True
        box = QMessageBox(self._window)
        box.setText("Save the changes to this run?")
        box.setInformativeText("Otherwise they are lost.")
        save = box.addButton(SAVE, QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton(DISCARD, QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(CANCEL, QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        box.exec()
        if box.clickedButton() is save:
            return self.save()
        return box.clickedButton() is discard

    def open_training(self):
        """Ask for the folder of a training and show it."""
        path = QFileDialog.getExistingDirectory(self._window, "Open training", str(settings.runs_folder()))
        if path:
            self.open_training_path(path)

    def open_training_path(self, path):
        """Show a training that is on disk, with its run and its result."""
        from ...core.training.run_folder import RunFolder

        try:
            folder = RunFolder(path)
            config = folder.config
        except ZevatronError as error:
            self._window.messages.say(str(error))
            return
        self._draft.load(config)
        self._window.view.set("n_events", config.events.n_events[0])
        self._window.trainings.show_folder(folder)
        self._window.monitor.show_result_of(self._window.training)

    def choose_runs_folder(self):
        """Ask where trainings are kept."""
        path = QFileDialog.getExistingDirectory(self._window, "Folder for trainings", str(settings.runs_folder()))
        if path:
            settings.set_runs_folder(path)
            self._window.runs.look()

    def _start_folder(self):
        return str(self._draft.path.parent if self._draft.path else Path.home())
