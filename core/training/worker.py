"""The training process: one training, told what to do by lines of JSON on standard input, answering on standard output.

Messages are those of :func:`.loop.train`, before them ``hello`` (pid,
versions, device) and at the end ``failed`` (error, reason, traceback) if it
went wrong. Commands: ``{"command": "pause"}``, ``resume``, ``stop``. When the
input ends, whoever started it is gone, and the training stops as if told to;
Ctrl-C is left to the parent.

The environment must be complete before Keras is imported, so nothing heavy
is imported at the top.
"""

import json
import os
import sys
import threading
import traceback

from ..backend import load_backend
from ..errors import ZevatronError, one_line
from ..storage.provenance import versions
from .control import Control, heed_signals
from .run_folder import RunFolder

PROTOCOL = 1
NICENESS = 10


def main(folder):
    """Train the run in ``folder``; returns the exit code, 0 if it is done or was stopped."""
    channel = Channel()
    control = Control(channel.send)
    channel.on_broken = control.stop
    heed_signals(control)
    threading.Thread(target=obey, args=(control,), daemon=True).start()
    try:
        run = RunFolder(folder)
        if hasattr(os, "nice"):
            os.nice(NICENESS)  # the window stays fluid
        channel.send({"type": "progress", "stage": "loading Keras", "done": 0, "total": 1})
        load_backend(run.config.training.threads)  # what it says about missing drivers is no part of the log
        from .device import device_name
        from .loop import train

        device = device_name(run.config.training.threads)
        channel.send({"type": "hello", "protocol": PROTOCOL, "pid": os.getpid(), "versions": versions(), "device": device})
        train(run, control=control, report=channel.send)
    except Exception as error:  # whatever it is, the window must hear of it
        if not isinstance(error, ZevatronError):
            traceback.print_exc()
        trace = traceback.format_exc()
        channel.send({"type": "failed", "error": type(error).__name__, "reason": one_line(error), "traceback": trace})
        return 1
    return 0


def obey(control, stream=None):
    """Carry out commands until the input ends, then stop the training."""
    # raw and unbuffered: a thread that waits in sys.stdin would hold its lock while the interpreter shuts down
    with stream or os.fdopen(os.dup(0), "rb", buffering=0) as lines:
        orders = {"pause": control.pause, "resume": control.resume, "stop": control.stop}
        for line in lines:
            try:
                order = orders[json.loads(line)["command"]]
            except (ValueError, KeyError, TypeError):
                print(f"ignored: {line!r}; known commands: {', '.join(orders)}", file=sys.stderr)
                continue
            order()
    control.stop()


class Channel:
    """Standard output as a line of JSON for each message; what else is printed goes to standard error.

    Attributes
    ----------
    on_broken : callable
        Called once when nobody reads any more.
    """

    def __init__(self):
        sys.stdout.flush()
        self._stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._lock = threading.Lock()
        self._broken = False
        self.on_broken = lambda: None

    def send(self, message):
        """Write one message."""
        with self._lock:
            if self._broken:
                return
            try:
                self._stream.write(json.dumps(message, allow_nan=False) + "\n")
                self._stream.flush()
            except OSError:
                self._broken = True
        if self._broken:
            self.on_broken()
