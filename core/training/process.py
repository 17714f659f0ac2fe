"""The training process seen from outside: started, listened to, paused, stopped."""

import contextlib
import json
import logging
import queue
import subprocess
import threading

from ..errors import CancelledError, TrainingError, ZevatronError
from ..progress import SILENT
from ..resources import own_command
from . import lock
from .run_folder import RunFolder

LOG = logging.getLogger(__name__)
FINAL = ("done", "stopped", "failed", "discarded")
GRACE = 0.6  # seconds from the order to stop until the process is killed: an epoch under way is lost either way


class TrainingProcess:
    """One training in a process of its own.

    Parameters
    ----------
    folder : RunFolder
    on_message : callable, optional
        Receives the messages of :func:`.loop.train` and of the worker, plain dictionaries with their name in ``type``,
        in a thread of this object. The last is always ``done``, ``stopped``, ``failed`` or ``discarded``, even if the
        process was killed.
    command : sequence of str, optional
        Starts the process instead of the command ``worker FOLDER``.
    """

    def __init__(self, folder, on_message=None, command=None):
        self.folder = folder
        self.final = None
        self._on_message = on_message or (lambda message: None)
        self._command = list(command or own_command("worker", folder.path))
        self._process = self._reader = None
        self._stopping = self._discarding = False
        self._sending = threading.Lock()

    def start(self):
        """Start the process.

        Raises
        ------
        TrainingError
            If it cannot be started, or was before.
        """
        if self._process:
            raise TrainingError("this training was started before; make a new TrainingProcess to go on")
        try:
            with open(self.folder.log_path, "ab") as log:
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except OSError as error:
            raise TrainingError(f"cannot start the training process: {error}") from None
        self._reader = threading.Thread(target=self._listen, name=f"training {self.folder.path.name}", daemon=True)
        self._reader.start()

    @property
    def pid(self):
        """Number of the process."""
        return self._process.pid if self._process else 0

    @property
    def is_running(self):
        """Whether it was started and its last message has not come yet."""
        return self._process is not None and self.final is None

    def pause(self):
        """Rest after the batch under way; processor and memory stay taken, the processor idle."""
        self._send("pause")

    def resume(self):
        """Go on after a pause."""
        self._send("resume")

    def stop(self, keep=True):
        """End after the batch under way, killed after :data:`GRACE` seconds; returns at once.

        Every finished epoch is on disk, so being killed loses nothing but the epoch under way.

        Parameters
        ----------
        keep : bool, optional
            False: delete the run folder then.
        """
        self._discarding = self._discarding or not keep
        if self.is_running and not self._stopping:
            self._stopping = True
            self._send("stop")
            threading.Thread(target=self._kill_late, daemon=True).start()

    def discard(self):
        """End and delete the run folder; returns at once."""
        if self._process is None:
            self.folder.remove()
        self.stop(keep=False)

    def wait(self, timeout=None):
        """Wait for the end; returns the last message, or None if ``timeout`` seconds were not enough."""
        if self._reader:
            self._reader.join(timeout)
        return self.final

    def _send(self, command):
        # a process that has just ended says so itself
        with self._sending, contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps({"command": command}).encode() + b"\n")
            self._process.stdin.flush()

    def _kill_late(self):
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _listen(self):
        last = None
        for line in self._process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if message["type"] in FINAL:
                last = message
            else:
                self._tell(message)
        code = self._process.wait()
        with self._sending, contextlib.suppress(OSError):
            self._process.stdin.close()
        last = last or self._epitaph(code)
        try:
            self.final = self._closed(last)
        except (OSError, ZevatronError) as error:  # a full disk, or another process at work on it: whoever waits must hear of the end
            LOG.warning("%s could not be brought in line with how its training ended: %s", self.folder.path, error)
            self.final = {"epoch": 0, "best_epoch": 0, "best": None, **last}
        self._tell(self.final)

    def _tell(self, message):
        try:
            self._on_message(message)
        except Exception:  # a fault of the listener must not leave the process without one
            LOG.exception("a listener failed on the message %r", message["type"])

    def _epitaph(self, code):
        """Say for a process that could not what became of it."""
        if self._stopping:
            return {"type": "stopped", "reason": "stopped by the user in the middle of an epoch"}
        cause = f"was killed by signal {-code} (out of memory?)" if code < 0 else f"ended with exit code {code}"
        reason = f"the training process {cause}"
        return {"type": "failed", "error": "TrainingError", "reason": reason, "traceback": self.folder.log_tail}

    def _closed(self, last):
        """Bring the run folder in line with the last message, and the message in line with the folder."""
        if self._discarding:
            self.folder.remove()
            return {"type": "discarded"}
        state = self.folder.state
        if state.state != last["type"] and not lock.is_held(self.folder.lock_path):  # held: another process trains it
            state = self.folder.set_state(state, state=last["type"], reason=last["reason"])
        best = str(self.folder.best_path) if self.folder.best_path.exists() else None
        return {**last, "epoch": state.epoch, "best_epoch": state.best_epoch, "best": best}


def train_blocking(config, path, *, density=None, progress=SILENT):
    """Train the network of a run in a process of its own and wait for it.

    Parameters
    ----------
    config : RunConfig
        With one source (or a mixture) and one number of events.
    path : Path
        Run folder; one that was interrupted is continued, a finished one is not trained again.
    density : SkyDensity, optional
        See :meth:`RunFolder.create`.
    progress : Progress, optional

    Returns
    -------
    Path
        The best network.

    Raises
    ------
    TrainingError
        If the training failed.
    CancelledError
        If it was cancelled through ``progress``; finished epochs are kept.
    KeyboardInterrupt
        After Ctrl-C, likewise.
    """
    folder = RunFolder.create(path, config, density)
    if folder.state.state == "done":
        return folder.best_path
    messages = queue.SimpleQueue()
    process = TrainingProcess(folder, messages.put)
    process.start()
    try:
        while (message := _next(messages, progress)).get("type") not in FINAL:
            _show(message, progress)
    except (KeyboardInterrupt, CancelledError):
        process.stop()
        process.wait()
        raise
    if message["type"] == "failed":
        raise TrainingError(f"{message['reason']}; see {folder.log_path}")
    if message["type"] == "stopped" or not folder.best_path.exists():
        raise CancelledError(f"stopped after epoch {message['epoch']}; the same command goes on from there")
    return folder.best_path


def shortage(message):
    """Put the message ``batch_halved`` in words."""
    return (
        f"memory did not suffice: epoch {message['epoch']} starts again with {message['batch_size']} skies in one step, "
        "as all later ones will"
    )


def _next(messages, progress):
    """Wait for a message, looking every now and then whether the user has cancelled."""
    while True:
        progress.check_cancelled()
        with contextlib.suppress(queue.Empty):
            return messages.get(timeout=0.2)


def _show(message, progress):
    kind = message["type"]
    if kind == "progress":
        progress.report(message["stage"], message["done"], message["total"])
    elif kind == "batch":
        values = {name: message[name] for name in ("loss", "accuracy")}
        progress.report(f"epoch {message['epoch']}", message["batch"], message["batches"], **values)
    elif kind == "batch_halved":
        LOG.warning("%s", shortage(message))
    elif kind == "damaged":
        LOG.warning("%s; going on from the epoch before", message["reason"])
    elif kind == "epoch":
        shown = {name: message[name] for name in ("val_loss", "val_accuracy", "val_auc", "val_eta") if message[name] is not None}
        progress.report(f"epoch {message['epoch']} of {message['epochs']}, validated", 1, 1, **shown)
