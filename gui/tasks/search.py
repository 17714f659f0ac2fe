"""The search seen from the window: starts and stops its process, and reads the search folder as it grows."""

import logging
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog

from ...core.errors import ZevatronError
from ...core.resources import own_command
from ...core.search import SearchFolder, SearchState
from ..background.worker_process import WorkerProcess, last_line
from ..files import settings
from ..state.answers import run_for
from ..state.labels import registry_labels
from ..style.widgets import delete_when_over

LOG = logging.getLogger(__name__)
POLL = 500  # ms between two looks at the search folder
GRACE = 600  # ms from the order to stop until the process is ended by force: a training under way loses its epoch either way


class Search(QObject):
    """One search at a time, of this window or of another process.

    Attributes
    ----------
    changed : Signal()
        State or trials.
    failed : Signal(str)
        For the message bar.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.folder = self.plan = self._process = None
        self.state, self.trials = SearchState(), ()
        self._ending, self._seen = False, None
        self._timer = QTimer(self, interval=POLL)
        self._timer.timeout.connect(self.look)
        self._deadline = QTimer(self, singleShot=True, interval=GRACE)
        self._deadline.timeout.connect(self._end_by_force)

    @property
    def is_active(self):
        """Whether a process of this window searches."""
        return self._process is not None

    @property
    def lines(self):
        """Itself while it is at work, for the bar at the bottom."""
        return [self] if self.is_active else []

    @property
    def is_followed(self):
        """Whether the search goes on, here or in another process."""
        return self.is_active or self.state.state == "running"

    @property
    def shown_state(self):
        """State for the window."""
        if self._ending:
            return "stopping"
        return "running" if self.is_active else self.state.state

    @property
    def name(self):
        """``"BCNN, Cen A, N = 300"``."""
        if self.plan is None:
            return ""
        base = self.plan.base
        kind = registry_labels("network.kind")[base.network.kind]
        if "network.kind" in self.plan.parameters:
            kind = "Networks"
        return f"{kind}, {' + '.join(base.sources.names)}, N = {base.events.n_events[0]}"

    @property
    def title(self):
        """For the bar at the bottom."""
        return f"Search {self.name}"

    @property
    def fraction(self):
        """Share of the trials that is done."""
        return min(self.state.done / self.state.total, 1.0) if self.state.total else None if self.is_active else 0.0

    @property
    def words(self):
        """One line about where it is."""
        state = self.state
        if self._ending:
            return "stopping after this step"
        if self.is_active and state.state != "running":
            return "starting the process"
        parts = [f"{state.done} of {state.total} trials"] if state.total else []
        if state.trial:
            parts.append(f"trial {state.trial}")
        parts += [state.stage] if state.stage else []
        if state.state in ("stopped", "failed"):
            parts.append(state.reason)
        return " · ".join(parts)

    @property
    def actions(self):
        """Buttons of the bar at the bottom: ``(text, function)``."""
        return [] if self._ending else [("Stop", self.stop)]

    def start(self, plan, path):
        """Search in a new folder."""
        if self.is_active:
            self.failed.emit("A search is running; stop it before you start another one.")
            return
        try:
            folder = SearchFolder.create(path, plan)
        except ZevatronError as error:
            self.failed.emit(str(error))
            return
        self.show_folder(folder)
        self.resume()

    def resume(self):
        """Go on, in a process of its own."""
        if self.folder is None or self.is_followed:
            return
        self._ending = False
        try:
            self._process = WorkerProcess(own_command("search-worker", self.folder.path), self.folder.log_path)
        except OSError as error:
            self.failed.emit(f"The search could not be started: {error}")
            return
        LOG.info("search %s in %s", self.name, self.folder.path)
        self._timer.start()
        self.look()

    def stop(self):
        """End it after the step under way; finished epochs are kept."""
        if self.is_active and not self._ending:
            self._ending = True
            self._process.tell_to_stop()
            self._deadline.start()
            self.changed.emit()
        elif self.is_followed:
            self.failed.emit("Another process searches in this folder; stop it where it was started.")

    def _end_by_force(self):
        if self.is_active:
            self._process.kill()
            self.look()

    def show_folder(self, folder):
        """Show a search that is on disk and follow it while it goes on.

        Raises
        ------
        ZevatronError
            If its files are damaged.
        """
        plan = folder.plan
        self.folder, self.plan, self._seen = folder, plan, None
        self.state, self.trials = folder.state, folder.trials()
        self._timer.start()
        self.changed.emit()

    def look(self):
        """Read the folder if it has changed."""
        if self.folder is None:
            return
        code = self._process.exit_code if self.is_active else None
        try:
            state = self.folder.state
            table = self.folder.table_path
            seen = table.stat().st_mtime_ns if table.exists() else 0
            changed = state != self.state or seen != self._seen or self.is_active
            if seen != self._seen:
                self._seen, self.trials, self.plan = seen, self.folder.trials(), self.folder.plan
        except (OSError, ZevatronError) as error:
            LOG.warning("%s", error)
            if code is not None:  # whatever became of the folder
                self._end(code)
                self._timer.stop()
                self.changed.emit()
            return
        self.state = state
        if code is not None:
            self._end(code)
            changed = True
        if not self.is_followed:
            self._timer.stop()
        if changed:
            self.changed.emit()

    def _end(self, code):
        self._process.close_input()
        was_stopped, self._process, self._ending = self._ending, None, False
        self._deadline.stop()
        LOG.info("search %s: %s, %s", self.name, self.state.state, self.state.reason)
        if code and not was_stopped:
            reason = self.state.reason if self.state.state == "failed" else last_line(self.folder.log_path)
            self.failed.emit(f"The search failed: {reason}. The log is in {self.folder.log_path}")

    def order_stop(self):
        """Tell the process to end, as the window closes; what it has finished stays on disk."""
        self._timer.stop()
        self._deadline.stop()
        if self._process is not None:
            self._process.close_input()

    def close(self, deadline):
        """Wait for the process until a time of :func:`time.monotonic`, then end it by force."""
        self.order_stop()
        if self._process is not None:
            process, self._process = self._process, None
            process.end(deadline)


class Searches:
    """What the window does with searches: new, open, and a trial's training.

    Parameters
    ----------
    window : MainWindow
    search : Search
    view : SearchView
    """

    def __init__(self, window, search, view):
        self._window, self._search, self._view = window, search, view
        self._shown = None, None  # plan and trials that are drawn; while a search runs there is other news twice a second
        search.changed.connect(self.show)
        search.failed.connect(window.messages.say)
        view.new_requested.connect(self.new)
        view.open_requested.connect(self.open)
        view.stop_requested.connect(search.stop)
        view.resume_requested.connect(search.resume)
        view.network_requested.connect(self.open_trial)
        view.export_requested.connect(lambda kind: window.exports.ask(kind))

    def show(self):
        """Show the search as it is now."""
        search = self._search
        before, self._shown = self._shown, (search.plan, search.trials)
        if search.plan is None:
            self._view.clear()
            return
        if before[0] is not search.plan or before[1] is not search.trials:
            self._view.set_search(search.plan, search.trials)
        self._view.set_status(search.shown_state, name=search.name, words=search.words, fraction=search.fraction or 0.0)

    def new(self):
        """Ask what is to be searched for, then start."""
        from .search_dialog import SearchDialog

        if self._search.is_active:
            self._window.messages.say("A search is running; stop it before you start another one.")
            return
        controller = self._window.controller
        base = run_for(controller.config, controller.source_name, controller.choices.n_events)
        dialog = SearchDialog(base, self._window)
        dialog.accepted.connect(lambda: self._start(dialog.plan))
        delete_when_over(dialog)
        dialog.open()

    def _start(self, plan):
        source = "".join(character for character in "-".join(plan.base.sources.names) if character.isalnum() or character in "+-")
        name = f"search-{source}-N{plan.base.events.n_events[0]}-{plan.digest}"
        self._search.start(plan, settings.runs_folder() / name)

    def open(self):
        """Ask for the folder of a search and show it."""
        path = QFileDialog.getExistingDirectory(self._window, "Open search", str(settings.runs_folder()))
        if path:
            self.open_path(path)

    def open_path(self, path):
        """Show a search that is on disk; one that is going on is followed."""
        if self._search.is_active:
            self._window.messages.say("A search is running; stop it before you open another one.")
            return
        try:
            self._search.show_folder(SearchFolder(Path(path)))
        except ZevatronError as error:
            self._window.messages.say(str(error))
            return
        self._window.tabs.setCurrentWidget(self._view.parentWidget())

    def open_trial(self, name):
        """Show the training of a trial: its run on the left, its curves, its result."""
        if self._window.files.may_leave():
            self._window.files.open_training_path(self._search.folder.runs_path / name)

