"""Exceptions nobody caught, in slots and in threads: they are shown and logged, and the window lives on."""

import logging
import sys
import threading
import traceback

from PySide6.QtCore import QObject, Signal

from ...core.errors import ZevatronError

LOG = logging.getLogger(__name__)


class Faults(QObject):
    """Catches what would otherwise be lost.

    Attributes
    ----------
    caught : Signal(str, str)
        One line for a person, and the traceback.
    """

    caught = Signal(str, str)

    def install(self):
        """Take over the hooks of the interpreter; :meth:`uninstall` gives them back."""
        self._before = sys.excepthook, threading.excepthook
        sys.excepthook = self._handle
        threading.excepthook = lambda arguments: self._handle(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    def uninstall(self):
        """Give the hooks back."""
        sys.excepthook, threading.excepthook = self._before

    def _handle(self, kind, error, trace):
        if issubclass(kind, SystemExit):
            return
        if issubclass(kind, KeyboardInterrupt):
            self._before[0](kind, error, trace)
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        LOG.error("%s", details.rstrip())
        self.caught.emit(describe(error), details)


def describe(error):
    """Return one line about an exception for a person."""
    if isinstance(error, ZevatronError):
        return str(error)
    first = str(error).strip().splitlines()
    return f"Something went wrong: {first[0] if first else type(error).__name__}. The details are in the log."
