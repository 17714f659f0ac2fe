"""The process of a search that the window starts: stops on the order ``stop``, or when its standard input ends."""

import signal
import sys
import threading
import traceback

from ..errors import CancelledError
from ..training.control import Control
from ..training.worker import obey
from .engine import run_search
from .folder import SearchFolder


def main(path):
    """Search in the folder ``path``; returns the exit code, 0 if it is done or was stopped. The folder tells the rest."""
    control = Control()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # left to the parent
    # in a thread: the handler may interrupt the very code whose lock stop() needs
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=control.stop).start())
    threading.Thread(target=obey, args=(control,), daemon=True).start()
    try:
        run_search(SearchFolder(path), control)
    except CancelledError:
        return 0
    except Exception as error:  # what the folder does not say of it is in the log
        traceback.print_exc(file=sys.stderr)
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0
