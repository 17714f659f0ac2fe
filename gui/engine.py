"""Commands of Zevatron in processes of their own: Keras never lives where the window does."""

import subprocess
import tempfile
import time

from ..core.errors import TrainingError
from ..core.resources import own_command

POLL = 0.05  # seconds between two looks at the process


def run_command(arguments, progress):
    """Run one command of the command line and wait for it.

    Parameters
    ----------
    arguments : sequence of str or Path
    progress : Progress
        Cancelling ends the process.

    Raises
    ------
    TrainingError
        With the last line that the process wrote.
    """
    command = own_command(*arguments)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said) as process:
            try:
                while process.poll() is None:
                    progress.check_cancelled()
                    time.sleep(POLL)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            said.seek(0)
            lines = said.read().strip().splitlines()
            raise TrainingError(lines[-1] if lines else f"the command {arguments[0]} ended with exit code {process.returncode}")
