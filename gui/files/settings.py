"""What the window remembers between two starts."""

import logging
import os
import re
from pathlib import Path

from PySide6.QtCore import QSettings, QStandardPaths

LOG = logging.getLogger(__name__)
ORGANISATION = APPLICATION = "Zevatron"
MOST_RECENT = 8
LARGEST = 16 * 2**20  # bytes; what is kept here takes some kB


def _hidden(word):
    """Return a pattern for a word that may be broken up by what Qt leaves out, its characters by their numbers."""
    left_out = rb'(?:"|\\[^x0-7])*'
    return left_out.join(rb"(?:%s|\\x[0-9a-f]*%x|\\[0-7]*%o)" % (re.escape(bytes([c])), c, c) for c in word)


# values that Qt makes by its own streams; of Python's objects these are pickles, which run whatever they say
STREAMED = re.compile(b"|".join(map(_hidden, (b"@Variant(", b"@DateTime("))), re.IGNORECASE)
_known = {}  # path: when it was looked at


def settings():
    """Return the store: an INI file in the user's configuration folder; one that could run code is put aside before anything is read."""
    store = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, ORGANISATION, APPLICATION)
    store.setFallbacksEnabled(False)  # no other file is read than the one that is looked at
    path = Path(store.fileName())
    try:
        status = path.stat()
        mark = status.st_mtime_ns, status.st_size
        if _known.get(path) != mark:
            if status.st_size > LARGEST or STREAMED.search(path.read_bytes()):
                aside = path.with_suffix(".refused")
                os.replace(path, aside)
                store.sync()
                LOG.warning("the settings in %s hold what Zevatron never writes; they were not read and lie in %s", path, aside)
            else:
                _known[path] = mark
    except OSError:  # there are none
        pass
    return store


def runs_folder():
    """Return the folder in which training makes its run folders."""
    chosen = settings().value("runs_folder", "")
    if chosen:
        return Path(chosen)
    home = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.HomeLocation)
    return Path(home) / "Zevatron" / "runs"


def set_runs_folder(path):
    """Choose another folder for runs."""
    settings().setValue("runs_folder", str(path))


def recent_files():
    """Return the run files used last that still exist, newest first."""
    stored = settings().value("recent_files", [])
    stored = [stored] if isinstance(stored, str) else stored or []
    return [path for path in map(Path, stored) if path.is_file()]


def add_recent_file(path):
    """Put a run file first among those used last."""
    path = Path(path).resolve()
    others = [str(known) for known in recent_files() if known != path]
    settings().setValue("recent_files", [str(path), *others][:MOST_RECENT])
