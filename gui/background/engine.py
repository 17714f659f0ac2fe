"""Commands of Zevatron in processes of their own: Keras never lives where the window does."""

import os
import subprocess
import tempfile
import threading
import time
from collections import deque

from ...core.errors import TrainingError
from ...core.progress import LINES_WANTED, read_progress
from ...core.resources import own_command

POLL = 0.05  # seconds between two looks at the process


def run_command(arguments, progress):
    """Run one command of the command line and wait for it.

    Parameters
    ----------
    arguments : sequence of str or Path
    progress : Progress
        Cancelling ends the process; what the command reports comes here.

    Raises
    ------
    TrainingError
        With the last line that the process wrote.
    """
    command, heard = own_command(*arguments), deque(maxlen=1)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, encoding="utf-8", errors="replace",
            env=os.environ | {LINES_WANTED: "1"},
        ) as process:
            listener = threading.Thread(target=_listen, args=(process.stdout, heard), daemon=True)
            listener.start()
            try:
                while process.poll() is None:
                    progress.check_cancelled()
                    if heard:
                        progress.report(*heard.pop())
                    time.sleep(POLL)
            except BaseException:
                process.kill()
                raise
            finally:
                listener.join(1.0)
        if process.returncode:
            said.seek(0)
            lines = said.read().strip().splitlines()
            raise TrainingError(lines[-1] if lines else f"the command {arguments[0]} ended with exit code {process.returncode}")


def _listen(stream, heard):
    """Keep the last report of a process."""
    for line in stream:
        if (report := read_progress(line)) is not None:
            heard.append(report)
