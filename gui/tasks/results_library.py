"""Results of other runs beside those on screen, and the run behind a result."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from ...core.errors import ZevatronError
from ..files import settings
from ..files.scenes import TABS
from ..state.results import read_results

FILTER = "Results (result.json *.json);;All files (*)"


class ResultsLibrary(QObject):
    """Results that were added to the table.

    Parameters
    ----------
    window : MainWindow

    Attributes
    ----------
    changed : Signal()
    runs : dict of Verdict to Run
        Those of the added results.
    """

    changed = Signal()

    def __init__(self, window):
        super().__init__(window)
        self._window, self.runs = window, {}

    @property
    def names(self):
        """Name of the run of each added Verdict."""
        return {verdict: run.name for verdict, run in self.runs.items()}

    def ask(self, kind):
        """Do what the menu says: a key of :data:`.plots.results.ADDING`."""
        window, start = self._window, str(settings.runs_folder())
        if kind == "clear":
            self.runs = {}
            self.changed.emit()
        elif kind == "trainings":
            self.add(settings.runs_folder())
        elif kind == "file":
            path, _ = QFileDialog.getOpenFileName(window, "Add results", start, FILTER)
            if path:
                self.add(path)
        elif path := QFileDialog.getExistingDirectory(window, "Add results of a study or of trainings", start):
            self.add(path)

    def add(self, path, files=None):
        """Read the results behind a path, or only some files of them, in the background; see :func:`.state.results.read_results`."""
        path = Path(path)
        self._window.jobs.submit(
            f"Reading results in {path.name}", lambda progress: read_results(path, files), lane="results",
            on_done=self.take, on_failed=lambda error: self._window.messages.say(str(error)),
        )

    def take(self, read):
        """Add what :func:`.state.results.read_results` brought."""
        found, faults = read
        paths = {run.path for run in found.values()}  # what was read before is read anew
        self.runs = {verdict: run for verdict, run in self.runs.items() if run.path not in paths} | found
        self.changed.emit()
        if faults:
            more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
            self._window.messages.say(f"Not everything could be read: {faults[0]}{more}")

    def open_run(self, verdict):
        """Show the run behind a result: its source and N, and its training if it has one."""
        window, run = self._window, self.runs.get(verdict)
        if run is None:
            self._show_cell(verdict)
            folder = window.controller.answers.folder(window.controller.config, verdict)
            if folder is not None:
                self._show_training(folder)
            else:
                self._turn_to("Sky")
        elif not window.files.may_leave():
            return
        elif run.training is not None and run.training == run.path.parent:
            window.files.open_training_path(run.training)
            self._turn_to("Training")
        else:
            self._load(run, verdict)
            self._show_training(run.training) if run.training is not None else self._turn_to("Sky")

    def _turn_to(self, tab):
        self._window.tabs.setCurrentIndex(TABS.index(tab))

    def _show_cell(self, verdict):
        self._window.view.set("source", verdict.source)
        self._window.view.set("n_events", verdict.n_events)

    def _show_training(self, path):
        from ...core.training.run_folder import RunFolder

        window = self._window
        try:
            window.trainings.show_folder(RunFolder(path))
        except ZevatronError as error:
            window.messages.say(str(error))
            return
        self._turn_to("Training")

    def _load(self, run, verdict):
        """Put the run of a result on screen, its numbers with it."""
        window, answers = self._window, self._window.controller.answers
        window.draft.load(run.config)
        self._show_cell(verdict)
        try:
            for known, other in self.runs.items():
                if other.config == run.config:
                    add = answers.add_limit if known.statistic == "likelihood_ratio" else answers.add_method
                    add(run.config, known)
        except ZevatronError as error:
            window.messages.say(str(error))
        window.controller.answers_changed.emit()
