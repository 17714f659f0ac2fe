"""Watches the folder of runs: what another window, the command line or a cluster trains appears by itself."""

import logging

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from ..files.settings import runs_folder
from ..state.runs import Listing, RunReader

LOG = logging.getLogger(__name__)
POLL = 3000  # ms: file systems of clusters do not tell of changes
PAUSE = 150  # ms from a change to the look at it: they come in crowds
MOST_WATCHED = 128  # folders; the system has a limit for all programs together


class Runs(QObject):
    """The trainings in the folder of runs, read in a thread.

    Parameters
    ----------
    jobs : Jobs

    Attributes
    ----------
    listing : Listing
        What was found last.
    changed : Signal()
        Another :attr:`listing`.
    """

    changed = Signal()

    def __init__(self, jobs, parent=None):
        super().__init__(parent)
        self._jobs, self._reader = jobs, RunReader()
        self.listing = Listing(runs_folder())
        self._is_closed = False
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self.look_soon)
        self._poll = QTimer(self, interval=POLL)
        self._poll.timeout.connect(self.look)
        self._soon = QTimer(self, singleShot=True, interval=PAUSE)
        self._soon.timeout.connect(self.look)
        self._told = ()

    def start(self):
        """Begin to watch."""
        self._poll.start()
        self.look_soon()

    def look_soon(self, path=""):
        """Look a moment later."""
        if not self._is_closed and not self._soon.isActive():
            self._soon.start()

    def look(self):
        """Read the folder in a thread."""
        root, reader = runs_folder(), self._reader
        self._jobs.submit(
            "Reading the folder of runs", lambda progress: reader.read(root, progress.check_cancelled), lane="runs", key="runs",
            quiet=True, finish=True, on_done=self._take,
        )

    def _take(self, listing):
        if listing.root != runs_folder() or self._is_closed:
            return
        before, self.listing = self.listing, listing
        self._watch(listing)
        for fault in listing.faults:
            if fault not in self._told:
                LOG.warning("%s", fault)
        self._told = listing.faults
        if listing != before:
            self.changed.emit()

    def _watch(self, listing):
        """Watch the folder itself and the runs that are likely to change: those at work first, then the newest."""
        by_need = sorted(listing.entries, key=lambda entry: not entry.state.is_alive)
        wanted = {str(listing.root), *(str(entry.path) for entry in by_need[: MOST_WATCHED - 1])} if listing.root.is_dir() else set()
        present = set(self._watcher.directories())
        if gone := sorted(present - wanted):
            self._watcher.removePaths(gone)
        if new := sorted(wanted - present):
            self._watcher.addPaths(new)

    def entry(self, path):
        """Return the :class:`~.state.runs.RunEntry` of a folder, or None."""
        return next((entry for entry in self.listing.entries if entry.path == path), None)

    def close(self):
        """Watch no more."""
        self._is_closed = True
        self._poll.stop()
        self._soon.stop()
        if self._watcher.directories():
            self._watcher.removePaths(self._watcher.directories())
