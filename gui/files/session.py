"""What is kept from one start to the next: the run as it is edited, what is shown of it, and the window's layout.

The run is written while it is edited, so that a crash loses nothing: every edit
at once to a file of its own, the text of the run to the settings when there is
a moment. A lock file tells a crash from a proper end, and one window from a
second one.
"""

import json
import logging
from dataclasses import asdict
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QTimer

from ...core.config import config_from_dict, config_from_toml, read_run, run_toml
from ...core.errors import DamagedFileError, ZevatronError
from ...core.storage.documents import LARGEST_RUN, json_document, read_bytes
from ...core.storage.files import replacing
from ..state.view import Choices
from .settings import settings

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
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            LOG.warning("what is edited is not kept: cannot make the folder %s: %s", path.parent, error.strerror)
        was_there = path.exists()
        self.edits_path = path.with_suffix(".edits.json")
        self._is_warned = False
        self._lock = QLockFile(str(path))
        self._lock.setStaleLockTime(0)  # a lock ends with its process, whatever its age
        self.is_first = self._lock.tryLock(0)
        self.has_crashed = was_there and self.is_first
        if self.is_first:
            for unfinished in path.parent.glob(f".{self.edits_path.name}.*"):  # of a window that was killed
                unfinished.unlink(missing_ok=True)
        self._timer = QTimer(self, singleShot=True, interval=PAUSE)
        self._timer.timeout.connect(self.write)

    @property
    def is_known(self):
        """Whether there is something to restore: false at the very first start."""
        return bool(settings().value("session/run", "")) or self.edits_path.exists()

    def restore(self):
        """Load what was edited last; what is damaged is left out."""
        store, draft = settings(), self._draft
        try:
            found = self._edits() or self._stored(store)
            if found is not None:
                config, path, choices = found
                try:
                    saved = read_run(path) if path else config
                except ZevatronError:  # the file is gone or was broken meanwhile; the run is not
                    saved, path = config, ""
                draft.load(saved, Path(path) if path else None)
                if saved != config:
                    draft.replace(config)
                self._view.load(Choices(**choices))
        except (ZevatronError, ValueError, TypeError) as error:
            LOG.warning("the last run could not be restored: %s", error)

    @staticmethod
    def _stored(store):
        """Return run, path and choices as the settings have them, or None."""
        text = store.value("session/run", "")
        if not text:
            return None
        choices = {"n_events": int(store.value("session/n_events", Choices().n_events)), "eta": float(store.value("session/eta", Choices().eta))}
        return config_from_toml(text), store.value("session/path", ""), choices

    def _edits(self):
        """Return run, path and choices after the last edit of a window that did not end properly, or None."""
        if not self.is_first:  # they are the other window's
            return None
        try:
            return read_edits(self.edits_path)
        except ZevatronError as error:
            LOG.warning("%s", error)
            return None

    def follow(self):
        """Write the run from now on whenever it was edited."""
        for draft in (self._draft, self._view):
            draft.subscribe(lambda paths: self._keep_edits())

    def _keep_edits(self):
        """Write the run at once, without the care for readers that the settings get."""
        self._timer.start()
        if not self.is_first:
            return
        choices = self._view.config
        edits = {"run": asdict(self._draft.config), "path": str(self._draft.path or ""), "n_events": choices.n_events, "eta": choices.eta}
        try:
            with replacing(self.edits_path, "w", encoding="utf-8", durable=False) as stream:
                json.dump(edits, stream)
        except ZevatronError as error:
            if not self._is_warned:
                LOG.warning("edits are not kept: %s", error)
            self._is_warned = True

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
        if store.status() != store.Status.NoError:
            LOG.warning("the run could not be kept in %s; is the disk full or the folder read-only?", store.fileName())
            return False
        return True

    def end(self):
        """Write the run for the last time; this was a proper end."""
        self._timer.stop()
        is_kept = self._store(run_toml(self._draft.config, comments=False), self._draft.path, self._view.config)
        if self.is_first:
            if is_kept:
                self.edits_path.unlink(missing_ok=True)
            self._lock.unlock()


def read_edits(path):
    """Read what was edited last.

    Returns
    -------
    tuple of (RunConfig, str, dict) or None
        The run, the path of its file, and the values of the :class:`~.state.view.Choices`; None without a file.

    Raises
    ------
    DamagedFileError
        If the file holds something else.
    """
    try:
        found = json_document(read_bytes(path, LARGEST_RUN))
        choices = {"n_events": found["n_events"], "eta": found["eta"]}
        Choices(**choices)
        return config_from_dict(found["run"]), str(found["path"]), choices
    except FileNotFoundError:
        return None
    except (ZevatronError, ValueError, TypeError, KeyError) as error:
        raise DamagedFileError(f"{path} does not hold the last edits ({error}); the run is as it was a moment before") from None
