"""A process of Zevatron that obeys on its standard input: told to stop, waited for, ended by force."""

import contextlib
import json
import subprocess
import threading
import time
from collections import deque

from ...core.errors import InputError
from ...core.progress import read_progress
from ...core.storage.documents import read_tail

LOG_TAIL = 4096  # bytes of a log in which its last line is looked for


class WorkerProcess:
    """Runs until it is done, told to stop, or until its input ends.

    Parameters
    ----------
    command : sequence of str
    log_path : Path
        Gets what it writes on standard error.

    Raises
    ------
    OSError
        If it cannot be started.
    """

    def __init__(self, command, log_path):
        self._reports = deque(maxlen=1)
        with open(log_path, "ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        threading.Thread(target=self._listen, name="worker", daemon=True).start()

    def _listen(self):
        with self._process.stdout as lines:
            for line in lines:
                if (report := read_progress(line)) is not None:
                    self._reports.append(report)

    @property
    def report(self):
        """The last ``(stage, done, total)`` that it reported, or None."""
        return self._reports[0] if self._reports else None

    @property
    def exit_code(self):
        """Its exit code, None while it runs."""
        return self._process.poll()

    def tell_to_stop(self):
        """Send the order to stop."""
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps({"command": "stop"}).encode() + b"\n")
            self._process.stdin.flush()

    def close_input(self):
        """End its input, which it takes as the order to stop."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def kill(self):
        """End it by force."""
        self._process.kill()

    def end(self, deadline):
        """Wait for it until a time of :func:`time.monotonic`, then end it by force."""
        self.close_input()
        try:
            self._process.wait(max(deadline - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(1.0)


def last_line(path):
    """Return the last line of a log, for a person."""
    try:
        lines = read_tail(path, LOG_TAIL).decode("utf-8", "replace").strip().splitlines()
    except (OSError, InputError):
        lines = []
    return lines[-1] if lines else "its process ended without a word"
