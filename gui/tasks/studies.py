"""What the window does with studies: new, open, save, a cell's run and its results."""

from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from ...core.errors import ZevatronError
from ...core.storage.files import replacing
from ...core.study.engine import cell_path
from ...core.study.folder import StudyFolder
from ...core.study.plan import read_study, study_toml
from ..files import settings
from ..state.results import RESULT, read_results
from ..state.studies import about, cell_command, folder_name, study_command
from ..style.widgets import delete_when_over

FILTER = "Study files (*.toml);;All files (*)"
MOST_ADDED = 500  # results in one go
RUNNING = "A study is running; stop it before you open another one."


class Studies:
    """Connects the study, its tab and the rest of the window.

    Parameters
    ----------
    window : MainWindow
    work : StudyWork
    view : StudyView
    """

    def __init__(self, window, work, view):
        self._window, self._work, self._view = window, work, view
        self._said = self._shown = None
        work.changed.connect(self.show)
        work.failed.connect(window.messages.say)
        view.new_requested.connect(self.new)
        view.change_requested.connect(self.change)
        view.file_requested.connect(self.open)
        view.folder_requested.connect(self.open_folder)
        view.save_requested.connect(self.save_as)
        view.place_requested.connect(self.choose_place)
        view.scheduler_changed.connect(lambda address: setattr(work, "scheduler", address))
        view.start_requested.connect(work.start)
        view.stop_requested.connect(work.stop)
        view.add_requested.connect(self.add_results)
        view.opened.connect(self.open_cell)
        view.copy_requested.connect(self.copy_command)
        view.export_requested.connect(lambda kind: window.exports.ask(kind))

    def show(self):
        """Show the study as it is now."""
        work, view = self._work, self._view
        if work.study is None:
            return
        if work.study is not self._said:
            self._said = work.study
            view.set_study(work.study, about(work.study))
        view.set_place(str(work.path), work.scheduler, is_fixed=work.is_active)
        if work.overview is not None and work.overview is not self._shown:
            self._shown = work.overview
            view.set_cells(work.overview)
        view.set_estimate(work.cost)
        view.set_status(work.state, name=work.name, words=work.words, fraction=work.fraction or 0.0)

    # New, open, save

    def new(self):
        """Ask for the axes of a study of the run on the left."""
        if not self._is_busy():
            self._ask(self._window.controller.config, None)

    def change(self):
        """Ask for other axes of the study that is shown; cells that are done in its folder stay done."""
        if self._work.study is not None and not self._is_busy():
            self._ask(self._work.study.base, self._work.study)

    def _is_busy(self):
        if self._work.is_active:
            self._window.messages.say(RUNNING)
        return self._work.is_active

    def _ask(self, base, study):
        from .study_dialog import StudyDialog

        sources, chosen = self._window.controller.sources()
        dialog = StudyDialog(base, sources, chosen, self._window.jobs, study, self._window)
        dialog.accepted.connect(lambda: self._made(dialog.study, study))
        delete_when_over(dialog)
        dialog.open()

    def _made(self, study, before):
        began = before is not None and self._work.overview is not None and self._work.state != "new"
        self._show_new(study, self._work.path if began else settings.runs_folder() / folder_name(study))

    def _show_new(self, study, path):
        self._work.show_study(study, path)
        self._window.tabs.setCurrentWidget(self._view.parentWidget())

    def open(self):
        """Ask for a study file and show it."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open study", self._start_folder(), FILTER)
        if path:
            self.open_path(Path(path))

    def open_folder(self):
        """Ask for the folder of a study and show it."""
        path = QFileDialog.getExistingDirectory(self._window, "Open study", self._start_folder())
        if path:
            self.open_path(Path(path))

    def _start_folder(self):
        return str(settings.runs_folder() if self._work.path is None else self._work.path.parent)

    def open_path(self, path):
        """Show a study file, or the folder of a study as far as it is; a fault is shown and changes nothing."""
        if self._is_busy():
            return

        def work(progress):
            if path.is_dir():
                return StudyFolder(path).study, path
            study = read_study(path)
            return study, path.parent if path.name == "study.toml" and (path.parent / "cells").is_dir() else settings.runs_folder() / folder_name(study)

        self._window.jobs.submit(
            f"Reading {path.name}", work, lane="study file", key="study file", on_done=lambda found: self._show_new(*found),
            on_failed=lambda error: self._window.messages.say(f"{path.name}: {error}"),
        )

    def save_as(self):
        """Ask where to write the study file."""
        if self._work.study is None:
            return
        path, _ = QFileDialog.getSaveFileName(self._window, "Save study", str(Path.home() / "study.toml"), FILTER)
        if path:
            self.save_path(Path(path) if Path(path).suffix else Path(path).with_suffix(".toml"))

    def save_path(self, path):
        """Write the study file, in the background."""
        study = self._work.study

        def work(progress):
            with replacing(path, "w", encoding="utf-8") as stream:
                stream.write(study_toml(study))

        self._window.jobs.submit(
            "Saving the study", work, lane="study file", quiet=True,
            on_failed=lambda error: self._window.messages.say(f"The study was not saved: {error}"),
        )

    def choose_place(self):
        """Ask for the folder in which the study is done; what is done there already is not repeated."""
        path = QFileDialog.getExistingDirectory(self._window, "Folder for the study", self._start_folder())
        if path:
            self._work.set_path(path)

    # Cells

    def copy_command(self, rows):
        """Put the command of the study, or of the chosen cells alone, on the clipboard."""
        work = self._work
        lines = [cell_command(row, work.path) for row in rows] or [study_command(work.path, work.scheduler)]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def add_results(self, rows):
        """Let the results of cells stand in the Results tab."""
        files = self._files(rows)
        if len(files) > MOST_ADDED:
            self._window.messages.say(f"Choose at most {MOST_ADDED} cells to be added; {len(files)} are done.")
        elif files:
            self._window.library.add(self._work.path, files)
            self._window.tabs.setCurrentWidget(self._window.results.parentWidget())

    def _files(self, rows):
        return [cell_path(self._work.path, row.cell) / RESULT for row in rows if row.state == "done"]

    def open_cell(self, row):
        """Show the results of a cell with its run on the left; of one that is not done its run alone."""
        if not (files := self._files([row])):
            self._show_run(row)
            return
        path = self._work.path
        self._window.jobs.submit(
            f"Reading {row.cell.folder_name}", lambda progress: read_results(path, files), lane="results", on_done=self._show_result,
            on_failed=lambda error: self._window.messages.say(str(error)),
        )

    def _show_result(self, read):
        library = self._window.library
        library.take(read)
        verdict = next(iter(read[0]))
        library.open_run(verdict)
        self._window.show_results(verdict)

    def _show_run(self, row):
        window = self._window
        if not window.files.may_leave():
            return
        try:
            window.draft.load(row.cell.config)
        except ZevatronError as error:
            window.messages.say(str(error))
            return
        window.view.set("n_events", row.n_events)
        window.tabs.setCurrentIndex(0)
