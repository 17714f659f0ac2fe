"""The training seen from the window: starts, pauses and ends its process, and reads the run folder as it grows."""

import dataclasses
import logging
import os
import signal

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from ..core.errors import ZevatronError
from ..core.progress import format_duration
from ..core.study import read_result
from ..core.training.process import FINAL, TrainingProcess, shortage
from ..core.training.run_folder import RunFolder, RunState
from .engine import run_command
from .panels.labels import registry_labels
from .plots.numbers import significant
from .settings import runs_folder
from .state.answers import read_verdicts, run_for

LOG = logging.getLogger(__name__)
POLL = 250  # ms between two looks at the run folder
CLOSE_SECONDS = 2.0  # given to the training process when the window closes
RESULT = "result.json"


class Training(QObject):
    """One training at a time.

    Attributes
    ----------
    changed : Signal()
        State, progress or history.
    ended : Signal(object)
        The :class:`~zevatron.core.training.run_folder.RunFolder` of a training that has a network to judge.
    failed : Signal(str)
        For the message bar.
    """

    changed = Signal()
    ended = Signal(object)
    failed = Signal(str)
    _heard = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.folder = self._process = None
        self.config = None
        self.state, self.history = RunState(), None
        self._ending, self._stage, self._latest = "", None, {}
        self._timer = QTimer(self, interval=POLL)
        self._timer.timeout.connect(self.look)
        self._heard.connect(self._hear, Qt.ConnectionType.QueuedConnection)

    @property
    def is_active(self):
        """Whether a training process is at work."""
        return self._process is not None

    @property
    def is_ending(self):
        """Whether it was told to stop and has not yet."""
        return bool(self._ending)

    @property
    def stage(self):
        """What it does besides training, or an empty text."""
        return (self._stage or "") if self.is_active and self._is_preparing else ""

    @property
    def name(self):
        """``"BCNN, Cen A, N = 300"``."""
        if self.config is None:
            return ""
        kind = registry_labels("network.kind")[self.config.network.kind]
        return f"{kind}, {' + '.join(self.config.sources.names)}, N = {self.config.events.n_events[0]}"

    @property
    def title(self):
        """For the bar at the bottom."""
        return f"Training {self.name}"

    @property
    def fraction(self):
        """Share of all epochs that is done, or None while the training prepares."""
        state = self.state
        if not state.epochs or self._is_preparing:
            return None
        done, batch = state.epoch, self._latest
        if batch.get("epoch", 0) > done and batch.get("batches"):
            done += batch["batch"] / batch["batches"]
        return min(done / state.epochs, 1.0)

    @property
    def seconds_left(self):
        """Most that can be left, or None."""
        return self._latest.get("seconds_left") if self.is_active else None

    @property
    def elapsed(self):
        """Seconds spent training, or None before the first batch."""
        return self._latest.get("elapsed") or self.state.seconds or None

    @property
    def maps_per_second(self):
        """Mock skies per second, or None."""
        return self._latest.get("maps_per_second")

    @property
    def patience_used(self):
        """Epochs since the best one."""
        return self.state.epoch - self.state.best_epoch

    @property
    def _is_preparing(self):
        return self.state.state in ("queued", "preparing") or not self._latest

    @property
    def words(self):
        """One line about where it is."""
        state = self.state
        if self._ending:
            return self._ending
        if self._is_preparing:
            return self._stage or "starting the training process"
        parts = [f"epoch {min(state.epoch + 1, state.epochs)} of {state.epochs}"]
        if (loss := self._latest.get("loss")) is not None:
            parts.append(f"loss {significant(loss, 2)}")
        if 0 < state.batch_size < self.config.training.batch_size:
            parts.append(f"batch {state.batch_size} for want of memory")
        if state.state == "paused":
            parts.append("paused")
        else:
            parts += [f"{significant(self.maps_per_second, 2)} maps/s"] if self.maps_per_second else []
            parts += [f"at most {format_duration(self.seconds_left)} left"] if self.seconds_left is not None else []
        return " · ".join([*parts, *([state.device] if state.device else [])])

    @property
    def actions(self):
        """Buttons of the bar at the bottom: ``(text, function)``."""
        if self._ending:
            return []
        if self._is_preparing:
            return [("Discard", self.discard)]
        pause = ("Resume", self.resume) if self.state.state == "paused" else ("Pause", self.pause)
        return [pause, ("Stop and keep best", self.stop), ("Discard", self.discard)]

    def start(self, config, source, n_events, density=None):
        """Train a network for one source and number of events; goes on with an earlier training of the same."""
        if self.is_active:
            self.failed.emit("A training is running; stop it before you start another one.")
            return
        run = run_for(config, source, n_events)
        key = "".join(character for character in source if character.isalnum() or character in "+-")
        try:
            folder = RunFolder.create(runs_folder() / f"{key}-N{n_events}-{run.digest}", run, density)
        except ZevatronError as error:
            self.failed.emit(str(error))
            return
        self.show_folder(folder)
        if self.state.state == "done":
            self.ended.emit(folder)
        else:
            self._launch()

    def _launch(self):
        self._ending, self._stage, self._latest = "", None, {}
        process = TrainingProcess(self.folder, on_message=self._pass_on)
        try:
            process.start()
        except ZevatronError as error:
            self.failed.emit(str(error))
            return
        self._process = process
        self._timer.start()
        LOG.info("training %s in %s", self.name, self.folder.path)
        self.look()

    def _pass_on(self, message):
        """Bring a message into the window's thread; called from that of the process."""
        try:
            self._heard.emit(message)
        except RuntimeError:
            LOG.debug("the window is gone")

    def show_folder(self, folder):
        """Show a training that is on disk."""
        self.folder, self.config = folder, folder.config
        self.state, self.history, self._latest = RunState(), None, {}
        self.look()

    def look(self):
        """Read state and history of the run folder."""
        if self.folder is None:
            return
        try:
            state, history = self.folder.state, self.folder.history
        except (OSError, ZevatronError) as error:
            LOG.warning("%s", error)
            return
        if self.is_active and not state.is_alive and not self._latest:
            state = dataclasses.replace(state, state="preparing", reason="")  # what stands there is of an earlier attempt
        self.state, self.history = state, history
        self.changed.emit()

    def _hear(self, message):
        kind = message["type"]
        if kind == "progress":
            self._stage = message["stage"]
        elif kind in ("batch", "epoch"):
            self._latest = {**self._latest, **message}
        elif kind in FINAL:
            self._end(message)
            return
        if kind == "batch_halved":
            LOG.warning("%s: %s", self.name, shortage(message))
        if kind == "damaged":
            self.failed.emit(f"{message['reason']}; going on from the epoch before.")
        if kind == "epoch":
            LOG.info("%s: epoch %d, validation accuracy %.4f", self.name, message["epoch"], message["val_accuracy"] or 0)
        if kind in ("epoch", "started", "paused", "resumed", "batch_halved"):
            self.look()

    def _end(self, message):
        if self._process is None:
            return
        self._process, self._ending = None, ""
        self._timer.stop()
        if message["type"] == "discarded":
            self._forget()
            return
        self.look()
        LOG.info("training %s: %s, %s", self.name, message["type"], message.get("reason", ""))
        if message["type"] == "failed":
            self.failed.emit(f"The training failed: {message['reason']}. The log is in {self.folder.log_path}")
        elif self.folder.best_path.is_file():
            self.ended.emit(self.folder)
        else:
            self.failed.emit("The training was stopped before its first epoch had ended: there is no network to keep.")

    def _forget(self):
        self.folder = self.config = self.history = None
        self.state, self._latest = RunState(), {}
        self.changed.emit()

    def pause(self):
        """Let it rest."""
        if self.is_active:
            self._process.pause()

    def resume(self):
        """Go on, also with a training that was stopped."""
        if self.is_active:
            self._process.resume()
        elif self.folder is not None:
            self._launch()

    def stop(self):
        """End it and keep the best epoch."""
        if self.is_active:
            self._ending = "stopping after this step"
            self._process.stop(keep=True)
            self.changed.emit()

    def discard(self):
        """End it and delete the run folder."""
        if self.is_active:
            self._ending = "discarding"
            self._process.discard()
            self.changed.emit()
        elif self.folder is not None:
            try:
                self.folder.remove()
            except (OSError, ZevatronError) as error:
                self.failed.emit(f"The training could not be deleted: {error}")
                return
            self._forget()

    def close(self):
        """End the process with the window; what it has finished stays on disk."""
        self._timer.stop()
        if self._process is not None:
            process, self._process = self._process, None
            process.stop()
            if process.wait(CLOSE_SECONDS) is None:
                os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
                process.wait(1.0)


def evaluate(folder, progress):
    """Judge the best network of a run folder in a process of its own.

    Parameters
    ----------
    folder : RunFolder
    progress : Progress

    Returns
    -------
    Verdict

    Raises
    ------
    TrainingError
        With the last line that the process wrote.
    """
    result = folder.path / RESULT
    run_command(["evaluate", folder.config_path, "--model", folder.best_path, "--out", result], progress)
    return read_verdicts(result)[0]


def stored_verdict(folder):
    """Return the verdict in a run folder; None if there is none, or it is about another run or an earlier network."""
    path = folder.path / RESULT
    if not path.is_file() or (folder.best_path.is_file() and folder.best_path.stat().st_mtime > path.stat().st_mtime):
        return None
    if read_result(path)["run"].get("digest") != folder.config.digest:
        return None
    return read_verdicts(path)[0]
