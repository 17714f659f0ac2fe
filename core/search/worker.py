"""The process of a search that the window starts: stops on the order ``stop``, or when its standard input ends."""

import sys
import threading
import traceback

from ..errors import CancelledError, one_line
from ..training.control import Control, heed_signals
from ..training.worker import obey
from .engine import run_search
from .folder import SearchFolder


def main(path):
    """Search in the folder ``path``; returns the exit code, 0 if it is done or was stopped. The folder tells the rest."""
    control = Control()
    heed_signals(control)
    threading.Thread(target=obey, args=(control,), daemon=True).start()
    try:
        run_search(SearchFolder(path), control)
    except CancelledError:
        return 0
    except Exception as error:  # what the folder does not say of it is in the log
        traceback.print_exc(file=sys.stderr)
        print(one_line(error), file=sys.stderr)
        return 1
    return 0
