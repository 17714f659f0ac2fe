"""The process of a study that the window starts: stops on the order ``stop``, or when its standard input ends.

It reports with lines of JSON on standard output, ``stage``, ``done`` and ``total``. The folder tells the rest.
"""

import os
import signal
import sys
import threading
import time
import traceback

from ..errors import CancelledError, ZevatronError
from ..training.control import Control
from ..training.worker import NICENESS, Channel, obey
from .engine import run_study
from .folder import StudyFolder

REPORT_INTERVAL = 0.1  # seconds between two reports of one stage


class _Reports(Control):
    """Passes on the first report of a stage, and then one now and then."""

    def __init__(self, send):
        super().__init__(send)
        self._stage, self._last = None, 0.0

    def show(self, stage, done, total, values):
        """Pass the report on."""
        now = time.monotonic()
        if stage != self._stage or now - self._last >= REPORT_INTERVAL:
            self._stage, self._last = stage, now
            super().show(stage, float(done), float(total), {})


def main(path, scheduler=None):
    """Do what is not done yet of the study in the folder ``path``.

    Parameters
    ----------
    path : Path
    scheduler : str, optional
        Address of a Dask scheduler whose workers do the cells.

    Returns
    -------
    int
        Exit code, 0 if it is done or was stopped; failed cells are in the folder.
    """
    channel = Channel()
    control = _Reports(channel.send)
    channel.on_broken = control.stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # left to the parent
    # in a thread: the handler may interrupt the very code whose lock stop() needs
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=control.stop).start())
    threading.Thread(target=obey, args=(control,), daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # the window stays fluid
    try:
        run_study(StudyFolder(path).study, path, control, do_jobs=_elsewhere(scheduler))
    except CancelledError:
        return 0
    except Exception as error:  # whatever it is, the window must hear of it
        if not isinstance(error, ZevatronError):
            traceback.print_exc(file=sys.stderr)
        print(" ".join(str(error).split()) or type(error).__name__, file=sys.stderr)
        return 1
    return 0


def _elsewhere(scheduler):
    """Return who does the cells, None for this process."""
    if not scheduler:
        return None
    from .cluster import jobs_on_scheduler

    return jobs_on_scheduler(scheduler)
