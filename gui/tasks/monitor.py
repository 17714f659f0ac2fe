"""What the window does with trainings: the tab, the queue, discarding, and the verdict on what has ended."""

from PySide6.QtWidgets import QMessageBox
from shiboken6 import isValid

from ...core.config import with_values
from ...core.errors import ZevatronError
from ...core.training.card import read_card
from ...core.training.pace import most_seconds
from ...core.training.run_folder import RunFolder
from ..background.throttle import Throttle
from ..controller import one_limit
from ..plots.run_table import RunRow
from ..state.answers import run_for, wanted_numbers
from ..style.numbers import clock
from ..style.widgets import delete_when_over
from .training import evaluate, modified, stored_verdict

REDRAW = 200  # ms between two looks at the training that is shown: epochs may be shorter than it takes to draw them

class Monitor:
    """Connects trainings, runs on disk and the Training tab.

    Parameters
    ----------
    window : MainWindow
    trainings : Trainings
    runs : Runs
    view : MonitorView
    """

    def __init__(self, window, trainings, runs, view):
        self._window, self._trainings, self._runs, self._view = window, trainings, runs, view
        self._detail = view.detail
        self._shown = self._history = self._log = self._card = None
        self._limits, self._limits_asked, self._limit_job = {}, set(), (None, None)  # the last: digest and job
        self._show_soon = Throttle(self.show_training, REDRAW, window)
        trainings.changed.connect(self._changed)
        trainings.ended.connect(self._ended)
        trainings.failed.connect(window.messages.say)
        trainings.discard_wanted.connect(self.discard)
        view.add_requested.connect(self.add)
        view.begin_requested.connect(trainings.begin)
        view.hold_requested.connect(trainings.hold)
        view.move_requested.connect(lambda row, by: trainings.move(row.entry.name, by))
        view.remove_requested.connect(lambda row: trainings.remove(row.entry.name))
        view.chosen.connect(lambda row: self.show_path(row.entry.path))
        view.opened.connect(self.open)
        view.at_once_chosen.connect(trainings.set_at_once)
        view.export_requested.connect(lambda kind: window.exports.ask(kind))
        detail = self._detail
        detail.train_requested.connect(window.train)
        detail.pause_requested.connect(lambda: trainings.shown.pause())
        detail.resume_requested.connect(trainings.go_on)
        detail.stop_requested.connect(lambda: trainings.shown.stop())
        detail.discard_requested.connect(lambda: self.discard(trainings.shown))
        detail.card_wanted.connect(self._show_card)
        window.controller.answers_changed.connect(self._show_limit)
        runs.start()

    def show_path(self, path):
        """Show a run that is on disk in the lower part of the tab; the question on the left stays."""
        try:
            self._trainings.show_folder(RunFolder(path))
        except (OSError, ZevatronError) as error:
            self._window.messages.say(str(error))

    def open(self, row):
        """Put the question of a run on the left, and its result on the right."""
        if self._window.files.may_leave():
            self._window.files.open_training_path(row.entry.path)

    def add(self):
        """Ask which runs are to be added to the queue."""
        from .queue_dialog import QueueDialog

        controller, trainings = self._window.controller, self._trainings
        sources, chosen = controller.sources()
        entries = [(source.name, source.name) for source in sources if source.published or source.name in chosen or source.name in controller.config.sources.names]
        dialog = QueueDialog(
            controller.config, entries, self._runs.listing.entries, trainings.queue.at_once, trainings.is_started, self._window,
        )
        dialog.accepted.connect(lambda: trainings.add(dialog.runs, dialog.begins.isChecked() or trainings.is_started))
        delete_when_over(dialog)
        dialog.open()

    def discard(self, training):
        """Ask, then end a training and delete its folder."""
        text, path = f"Discard the training {training.name}? Its network and its history are deleted.", training.folder.path
        if QMessageBox.question(self._window, "Discard training", text) == QMessageBox.StandardButton.Yes:
            if not isValid(training):  # it ended while the question stood there
                self.show_path(path)
                training = self._trainings.shown
            training.discard()
            self._runs.look_soon()

    def _changed(self, training):
        if training is None:
            self.show_runs()
            self.show_training()
        elif training is self._trainings.shown:
            self._show_soon()

    def rows(self):
        """Return the lines of the table."""
        waiting = self._trainings.waiting
        made = []
        for entry in self._runs.listing.entries:
            training = self._trainings.at_work(entry.path)
            if training is not None:
                state, epoch, place = training.shown_state, training.state.epoch, None
            else:
                state, epoch = "interrupted" if entry.state.is_interrupted else entry.state.state, entry.state.epoch
                place = waiting.index(entry.name) + 1 if entry.name in waiting else None
                state = "waiting" if place is not None and not entry.state.is_alive else state
            made.append(RunRow(entry, state, place, epoch, training is not None))
        return made

    def show_runs(self):
        """Show list and queue as they are now."""
        trainings, shown = self._trainings, self._trainings.shown
        rows = self.rows()
        self._view.set_runs(rows, None if shown.folder is None else shown.folder.path)
        self._view.set_queue(self._words(rows), trainings.queue.at_once, trainings.is_started, bool(trainings.waiting))

    def _words(self, rows):
        at_work = [row for row in rows if row.state in ("running", "preparing", "paused", "stopping")]
        waiting = [row for row in rows if row.state == "waiting"]
        parts = [f"{len(at_work)} at work"] if at_work else []
        if waiting:
            paces = [row.entry.pace for row in rows if row.entry.pace is not None]
            seconds = sum(most_seconds(row.entry.config, paces)[0] for row in waiting) / self._trainings.queue.at_once
            parts += [f"{len(waiting)} waiting, at most about {clock(seconds)}"]
        return " · ".join(parts)

    def show_training(self):
        """Show the chosen training as it is now."""
        training, detail = self._trainings.shown, self._detail
        window = self._window
        window.update_train_button()
        if training.folder is None:
            self._shown = self._history = self._log = self._card = None
            detail.clear()
            return
        if training.folder.path != self._shown:
            self._shown, self._history, self._log, self._card = training.folder.path, None, None, None
            self._show_limit()
        if training.history is not None and training.history is not self._history:
            self._history = training.history
            detail.set_history(training.history)
            self._show_limit()  # the density of a training comes after its folder
        detail.set_live(training.live)
        state, name = training.shown_state, training.folder.path.name
        detail.set_status(
            "waiting" if name in self._trainings.waiting and not training.is_followed else state, name=training.name, device=training.device,
            epoch=training.state.epoch, epochs=training.state.epochs, fraction=training.fraction,
            maps_per_second=training.maps_per_second, elapsed=training.elapsed, left=training.seconds_left,
            patience_used=training.patience_used, patience=training.config.training.patience,
            message=training.stage or training.state.reason, is_ours=not training.is_followed,
        )
        if (mark := modified(training.folder.log_path)) != self._log:
            self._log = mark
            detail.set_log(training.folder.log_tail)
        if detail.is_card_shown:
            self._show_card()

    def _show_card(self):
        """Show the card of the chosen training, made in a thread where something has changed."""
        training = self._trainings.shown
        if training.folder is None:
            return
        folder, mark = training.folder, (training.folder.path, training.state.epoch, training.state.state)
        if mark == self._card:
            return
        self._card = mark

        def show(card):
            if self._card == mark:
                self._detail.set_card(card.text, card.commands)

        self._window.jobs.submit("Card", lambda progress: read_card(folder), lane="runs", key="card", quiet=True, on_done=show)

    def _show_limit(self):
        """Draw what the likelihood ratio detects for the run that is shown; compute it where nobody knows."""
        training = self._trainings.shown
        if training.folder is None:
            return
        config, window = training.config, self._window
        known = window.controller.answers.limit(config, " + ".join(config.sources.names), config.events.n_events[0])
        entry = self._runs.entry(training.folder.path)
        eta = known.eta_min if known is not None else entry.limit if entry is not None and entry.limit else self._limits.get(config.digest)
        self._detail.set_limit(eta)
        if eta is None and not self._is_computed_anyway(config):
            self._compute_limit(training, config)

    def _is_computed_anyway(self, config):
        """Whether the run is on screen, so that its limit will come by itself."""
        controller, n_events = self._window.controller, config.events.n_events[0]
        return config == run_for(controller.config, controller.source_name, n_events) and n_events in wanted_numbers(
            controller.config, controller.choices.n_events
        )

    def _compute_limit(self, training, config):
        """Compute a limit once; again only if there was no density yet."""
        digest, folder = config.digest, training.folder
        if digest in self._limits_asked or not folder.density_path.exists():
            return
        last, job = self._limit_job
        if job is not None and not job.is_over:  # this one takes its place
            self._limits_asked.discard(last)
        self._limits_asked.add(digest)

        def work(progress):
            bare = with_values(config, {"test.bootstrap": 0, "test.check_maps": 0})
            return one_limit(bare, folder.density, config.events.n_events[0], progress).eta_min

        def keep(eta):
            self._limits[digest] = eta
            self._show_limit()

        self._limit_job = digest, self._window.jobs.submit(
            f"Limit for {training.name}", work, lane="limit", key="limit of a training", on_done=keep,
        )

    def _ended(self, training):
        """Measure what a finished network detects; turn to the results if it is what the person waits for."""
        window, folder = self._window, training.folder
        config = folder.config

        def show(verdict):
            self._runs.look_soon()
            controller, shown = window.controller, self._trainings.shown
            controller.answers.add_method(config, verdict, folder=folder.path)
            is_shown = shown.folder is not None and shown.folder.path == folder.path
            if is_shown and not self._trainings.is_active and config == run_for(controller.config, verdict.source, verdict.n_events):
                window.view.set("n_events", verdict.n_events)
                window.show_results(verdict)
            else:
                controller.answers_changed.emit()

        if (verdict := stored_verdict(folder)) is not None:
            show(verdict)
        else:
            window.jobs.submit(f"Test of {training.name}", lambda progress: evaluate(folder, progress), lane="evaluate", on_done=show)

    def show_result_of(self, training):
        """Show the verdict in a run folder, or make it if there is a network without one."""
        folder = training.folder
        verdict = stored_verdict(folder)
        if verdict is not None:
            self._window.controller.answers.add_method(folder.config, verdict, folder=folder.path)
            self._window.controller.answers_changed.emit()
        elif folder.best_path.is_file() and not folder.state.is_alive:
            self._ended(training)
