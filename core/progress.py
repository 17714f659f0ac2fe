"""How long work reports and how it is stopped, without knowing who listens.

A stage calls ``progress.report(...)`` as it goes. The command line turns that
into a bar, the window into a job row, a test into a list. Cancelling happens
in the computing code: ``report`` raises :class:`CancelledError`.
"""

import json
import os
import sys
import threading
import time

from .errors import CancelledError

LINES_WANTED = "ZEVATRON_PROGRESS_LINES"


class Progress:
    """Silent progress that can be cancelled; subclasses override :meth:`show`."""

    def __init__(self):
        self._cancelled = threading.Event()

    def cancel(self):
        """Ask the work to stop at its next report; safe from any thread."""
        self._cancelled.set()

    def check_cancelled(self):
        """Raise :class:`CancelledError` if :meth:`cancel` was called."""
        if self._cancelled.is_set():
            raise CancelledError()

    def report(self, stage, done, total, **values):
        """Say that ``done`` of ``total`` steps of ``stage`` are finished.

        Parameters
        ----------
        stage : str
            What is being done, in words for a person: ``"tracing 40 EV"``.
        done, total : float
            Same unit; ``done == total`` ends the stage.
        **values
            Further numbers to show, such as ``loss=0.41``.

        Raises
        ------
        CancelledError
            If the user asked to stop.
        """
        self.check_cancelled()
        self.show(stage, done, total, values)

    def show(self, stage, done, total, values):
        """Present one report; nothing here."""


SILENT = Progress()  # never cancelled: shared default of functions that take a progress


class _Passing(Progress):
    """Base of what passes reports on to the listener of the whole, which alone is cancelled."""

    def __init__(self, progress):
        super().__init__()
        self._progress = progress

    def check_cancelled(self):
        """Ask the listener of the whole."""
        self._progress.check_cancelled()


class Unreported(_Passing):
    """Passes no report on, only the question whether to stop: for parts of the work too small to be shown."""

    def report(self, stage, done, total, **values):
        """Ask the listener of the whole whether to stop."""
        self.check_cancelled()


class PartOfStage(_Passing):
    """Reports of a part of the work as one step, or a few, of the whole.

    Parameters
    ----------
    progress : Progress
        Listener of the whole.
    stage : str
        What the whole is called.
    start, size, total : float
        The part takes the whole from ``start`` to ``start + size``, of ``total``.
    """

    def __init__(self, progress, stage, start, size, total):
        super().__init__(progress)
        self._stage, self._start, self._size, self._total = stage, start, size, total

    def report(self, stage, done, total, **values):
        """Report to the listener of the whole."""
        self._progress.report(self._stage, self._start + self._size * done / total, self._total, **values)


class StageProgress(_Passing):
    """Passes reports on with a name put before the stage."""

    def __init__(self, progress, prefix):
        super().__init__(progress)
        self._prefix = prefix

    def report(self, stage, done, total, **values):
        """Report to the listener of the whole."""
        self._progress.report(f"{self._prefix}: {stage}", done, total, **values)


class TerminalProgress(Progress):
    """A one-line bar on standard error, redrawn at most five times a second; nothing if it is not a terminal."""

    def __init__(self, stream=None):
        super().__init__()
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._stage, self._started, self._drawn = None, 0.0, 0.0

    def show(self, stage, done, total, values):
        """Draw the bar with the time left."""
        if not self._live:
            return
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._started, self._drawn = stage, now, 0.0
        finished = done >= total
        if not finished and now - self._drawn < 0.2:
            return
        self._drawn = now
        fraction = min(done / total, 1.0) if total else 1.0
        left = (now - self._started) * (1 - fraction) / fraction if fraction > 0.02 else None
        extra = "".join(f"  {name} {value:.4g}" for name, value in values.items())
        bar = "#" * round(24 * fraction)
        tail = "" if left is None or finished else f"  {format_duration(left)} left"
        self._stream.write(f"\r\x1b[K{stage:<40.40} [{bar:<24}] {fraction:4.0%}{extra}{tail}")
        if finished:
            self._stream.write("\n")
            self._stage = None
        self._stream.flush()


class LineProgress(Progress):
    """A line of JSON on standard output for each report, at most ten a second, for the process that has started this one."""

    def __init__(self, stream=None):
        super().__init__()
        self._stream, self._stage, self._last = stream or sys.stdout, None, 0.0

    def show(self, stage, done, total, values):
        """Write ``{"stage", "done", "total"}``."""
        now = time.monotonic()
        if stage == self._stage and done < total and now - self._last < 0.1:
            return
        self._stage, self._last = stage, now
        self._stream.write(json.dumps({"stage": stage, "done": float(done), "total": float(total)}) + "\n")
        self._stream.flush()


def command_progress():
    """Return the progress of a command: lines if :data:`LINES_WANTED` is in the environment, otherwise a bar in the terminal."""
    return LineProgress() if os.environ.get(LINES_WANTED) else TerminalProgress()


def read_progress(line):
    """Return ``(stage, done, total)`` of a line of :class:`LineProgress`; None if it is another one."""
    try:
        report = json.loads(line)
        return report["stage"], report["done"], report["total"]
    except (ValueError, KeyError, TypeError):
        return None


def format_duration(seconds):
    """Return ``"42 s"``, ``"3 min 05 s"`` or ``"2 h 10 min"``."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"
