"""One training seen from the window: its process, if that is ours, and its run folder as it grows."""

import dataclasses
import logging
import os
import signal
import time

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from ...core.errors import ZevatronError
from ...core.progress import format_duration
from ...core.study import read_result
from ...core.training.process import FINAL, TrainingProcess, shortage
from ...core.training.run_folder import RunState
from ..background.engine import run_command
from ..state.answers import read_verdicts
from ..state.runs import title
from ..style.numbers import significant

LOG = logging.getLogger(__name__)
POLL = 250  # ms between two looks at the run folder
ELSEWHERE = "Another process trains this; stop it where it was started."


class Training(QObject):
    """One training: none at first, then that of a run folder, trained by this window or by another process.

    Attributes
    ----------
    changed : Signal()
        State, progress or history.
    over : Signal(str)
        Its process has ended, in a word: ``done``, ``stopped``, ``failed`` or ``discarded``.
    failed : Signal(str)
        For the message bar.
    discard_wanted : Signal()
        By the button in the bar; whoever listens asks first.
    """

    changed = Signal()
    over = Signal(str)
    failed = Signal(str)
    discard_wanted = Signal()
    _heard = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.folder = self._process = None
        self.config = None
        self.state, self.history = RunState(), None
        self._ending, self._stage, self._latest, self._read = "", None, {}, None
        self._timer = QTimer(self, interval=POLL)
        self._timer.timeout.connect(self.look)
        self._heard.connect(self._hear, Qt.ConnectionType.QueuedConnection)

    @property
    def is_active(self):
        """Whether a process of this window is at work."""
        return self._process is not None

    @property
    def is_followed(self):
        """Whether another process is at work."""
        return not self.is_active and self.state.is_alive

    @property
    def shown_state(self):
        """State for the window: that of the folder, ``stopping`` and ``interrupted`` beside it."""
        if self._ending:
            return "stopping"
        return "interrupted" if self.state.is_interrupted else self.state.state

    @property
    def stage(self):
        """What it does besides training, or an empty text."""
        return (self._stage or "") if self.is_active and self._is_preparing else ""

    @property
    def name(self):
        """``"BCNN, Cen A, N = 300"``."""
        return "" if self.config is None else title(self.config)

    @property
    def title(self):
        """For the bar at the bottom."""
        return f"Training {self.name}"

    @property
    def fraction(self):
        """Share of all epochs that is done, or None while the training prepares."""
        state = self.state
        if not state.epochs or (self.is_active and self._is_preparing):
            return None
        done, batch = state.epoch, self._latest
        if batch.get("epoch", 0) > done and batch.get("batches"):
            done += batch["batch"] / batch["batches"]
        return min(done / state.epochs, 1.0)

    @property
    def seconds_left(self):
        """Most that can be left, or None."""
        if self.is_active:
            return self._latest.get("seconds_left")
        if not self.is_followed or not self._epoch_seconds:
            return None
        return self._epoch_seconds * (self.state.epochs - self.state.epoch)

    @property
    def elapsed(self):
        """Seconds spent training, or None before the first batch."""
        return self._latest.get("elapsed") or self.state.seconds or None

    @property
    def maps_per_second(self):
        """Mock skies per second, or None; of another process, the mean over its last epochs with their validation."""
        if self.is_active:
            return self._latest.get("maps_per_second")
        return self.config.training.maps_per_epoch / self._epoch_seconds if self._epoch_seconds else None

    @property
    def _epoch_seconds(self):
        seconds = () if self.history is None else self.history["seconds"][-5:]
        return float(np.median(seconds)) if len(seconds) else 0.0

    @property
    def live(self):
        """``(epoch, loss, accuracy)`` of the epoch under way, its number with a fraction, or None."""
        batch = self._latest
        if not self.is_active or "batch" not in batch or batch.get("epoch", 0) <= self.state.epoch:
            return None
        return batch["epoch"] - 1 + batch["batch"] / batch["batches"], batch["loss"], batch["accuracy"]

    @property
    def device(self):
        """``"CPU, 2 threads, 1.2 GB"``, ``"NVIDIA H100, 3.1 of 80 GB"``."""
        state = self.state
        if not state.device:
            return ""
        if state.device_memory_total:
            memory = f"{gigabytes(state.device_memory)} of {gigabytes(state.device_memory_total)} GB"
        else:
            taken = self._latest.get("memory") or state.memory
            memory = f"{gigabytes(taken)} GB" if taken and (self.is_active or self.is_followed) else ""
        return ", ".join(part for part in (state.device, memory) if part)

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
        return " · ".join([*parts, *([self.device] if self.device else [])])

    @property
    def actions(self):
        """Buttons of the bar at the bottom: ``(text, function)``."""
        if self._ending:
            return []
        if self._is_preparing:
            return [("Discard", self.discard_wanted.emit)]
        pause = ("Resume", self.resume) if self.state.state == "paused" else ("Pause", self.pause)
        return [pause, ("Stop and keep best", self.stop), ("Discard", self.discard_wanted.emit)]

    def launch(self, folder=None):
        """Train in a process of its own, the folder that is shown or another one; returns whether it was started."""
        if folder is not None and (self.folder is None or folder.path != self.folder.path):
            self.show_folder(folder)
        self._ending, self._stage, self._latest = "", None, {}
        process = TrainingProcess(self.folder, on_message=self._pass_on)
        try:
            process.start()
        except ZevatronError as error:
            self.failed.emit(str(error))
            return False
        self._process = process
        self._timer.start()
        LOG.info("training %s in %s", self.name, self.folder.path)
        self.look()
        return True

    def _pass_on(self, message):
        """Bring a message into the window's thread; called from that of the process."""
        try:
            self._heard.emit(message)
        except RuntimeError:
            LOG.debug("the window is gone")

    def show_folder(self, folder):
        """Show a training that is on disk."""
        self.folder, self.config = folder, folder.config
        self.state, self.history, self._latest, self._read = RunState(), None, {}, None
        self.look()

    def look(self):
        """Read the state of the run folder, and its history if that has grown; of another process as long as it is at work."""
        if self.folder is None:
            return
        try:
            state, mark = self.folder.state, modified(self.folder.history_path)
            if self.history is None or mark != self._read:
                self._read, self.history = mark, self.folder.history
        except (OSError, ZevatronError) as error:
            LOG.warning("%s", error)
            return
        if self.is_active and not state.is_alive and not self._latest:
            state = dataclasses.replace(state, state="preparing", reason="")  # what stands there is of an earlier attempt
        self.state = state
        if self.is_active or self.is_followed:
            self._timer.start()
        else:
            self._timer.stop()
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
            self.over.emit("discarded")
            self._forget()
            return
        self.look()
        LOG.info("training %s: %s, %s", self.name, message["type"], message.get("reason", ""))
        if message["type"] == "failed":
            self.failed.emit(f"The training failed: {message['reason']}. The log is in {self.folder.log_path}")
        elif not self.has_network:
            self.failed.emit("The training was stopped before its first epoch had ended: there is no network to keep.")
        self.over.emit(message["type"])

    @property
    def has_network(self):
        """Whether an epoch has ended, and its network can be judged."""
        return self.folder is not None and self.folder.best_path.is_file()

    def _forget(self):
        self.folder = self.config = self.history = None
        self.state, self._latest = RunState(), {}
        self.changed.emit()

    def pause(self):
        """Let it rest."""
        if self.is_active:
            self._process.pause()
        elif self.is_followed:
            self.failed.emit(ELSEWHERE)

    def resume(self):
        """Go on after a pause."""
        if self.is_active:
            self._process.resume()

    def stop(self):
        """End it and keep the best epoch."""
        if self.is_active:
            self._ending = "stopping after this step"
            self._process.stop(keep=True)
            self.changed.emit()
        elif self.is_followed:
            self.failed.emit(ELSEWHERE)

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

    def order_stop(self):
        """Tell the process to end, as the window closes; what it has finished stays on disk."""
        self._timer.stop()
        if self._process is not None:
            self._process.stop()

    def close(self, deadline):
        """Wait for the process until a time of :func:`time.monotonic`, then end it by force."""
        self.order_stop()
        if self._process is not None:
            process, self._process = self._process, None
            if process.wait(max(deadline - time.monotonic(), 0.0)) is None:
                os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
                process.wait(1.0)


def gigabytes(number):
    """Return bytes in gigabytes, to two digits below ten."""
    return f"{number / 1e9:.{0 if number >= 1e10 else 1}f}"


def modified(path):
    """Return when a file changed last, and its size; None without one."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


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
    result = folder.result_path
    run_command(["evaluate", folder.config_path, "--model", folder.best_path, "--out", result], progress)
    if (behind := folder.best_path.stat().st_mtime_ns) > result.stat().st_mtime_ns:  # the clock was set back meanwhile
        os.utime(result, ns=(behind, behind))
    return read_verdicts(result)[0]


def stored_verdict(folder):
    """Return the verdict in a run folder; None if there is none, or it is about another run or an earlier network."""
    path = folder.result_path
    if not path.is_file() or (folder.best_path.is_file() and folder.best_path.stat().st_mtime > path.stat().st_mtime):
        return None
    if read_result(path)["run"].get("digest") != folder.config.digest:
        return None
    return read_verdicts(path)[0]
