"""What is kept from one start to the next: the run as it is edited, what is shown of it, and the window's layout.

The run is written while it is edited, so that a crash loses nothing. A lock
file tells a crash from a proper end, and one window from a second one.
"""

import logging
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QTimer

from ..core.config import config_from_toml, read_run, run_toml
from ..core.errors import ZevatronError
from .settings import settings
from .state.view import Choices

LOG = logging.getLogger(__name__)
PAUSE = 800  # ms without an edit before the run is written
AFTER_A_CRASH = "Zevatron did not end properly last time. The run is as you left it."


class Session(QObject):
    """Keeps the run on disk while it is edited.

    Parameters
    ----------
    draft, view : Draft
    jobs : Jobs
        Writing the text of a run is their work.
    """

    def __init__(self, draft, view, jobs, parent=None):
        super().__init__(parent)
        self._draft, self._view, self._jobs = draft, view, jobs
        path = Path(settings().fileName()).with_suffix(".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        was_there = path.exists()
        self._lock = QLockFile(str(path))
        self._lock.setStaleLockTime(0)  # a lock ends with its process, whatever its age
        self.is_first = self._lock.tryLock(0)
        self.has_crashed = was_there and self.is_first
        self._timer = QTimer(self, singleShot=True, interval=PAUSE)
        self._timer.timeout.connect(self.write)

    @property
    def is_known(self):
        """Whether there is something to restore: false at the very first start."""
        return bool(settings().value("session/run", ""))

    def restore(self):
        """Load what was edited last; what is damaged is left out."""
        store, draft = settings(), self._draft
        try:
            if text := store.value("session/run", ""):
                config, path = config_from_toml(text), store.value("session/path", "")
                try:
                    saved = read_run(path) if path else config
                except ZevatronError:  # the file is gone or was broken meanwhile; the run is not
                    saved, path = config, ""
                draft.load(saved, Path(path) if path else None)
                if saved != config:
                    draft.replace(config)
            self._view.load(Choices(
                n_events=int(store.value("session/n_events", Choices().n_events)),
                eta=float(store.value("session/eta", Choices().eta)),
            ))
        except (ZevatronError, ValueError) as error:
            LOG.warning("the last run could not be restored: %s", error)

    def follow(self):
        """Write the run from now on whenever it was edited."""
        for draft in (self._draft, self._view):
            draft.subscribe(lambda paths: self._timer.start())

    def write(self):
        """Write the run in the background; a second window leaves that to the first."""
        if not self.is_first:
            return
        config, path, choices = self._draft.config, self._draft.path, self._view.config
        self._jobs.submit(
            "Keeping the run", lambda progress: run_toml(config, comments=False), lane="session", key="session", quiet=True,
            on_done=lambda text: self._store(text, path, choices),
        )

    @staticmethod
    def _store(text, path, choices):
        store = settings()
        for key, value in (("run", text), ("path", str(path or "")), ("n_events", choices.n_events), ("eta", choices.eta)):
            store.setValue(f"session/{key}", value)
        store.sync()

    def end(self):
        """Write the run for the last time; this was a proper end."""
        self._timer.stop()
        self._store(run_toml(self._draft.config, comments=False), self._draft.path, self._view.config)
        if self.is_first:
            self._lock.unlock()
