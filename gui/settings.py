"""What the window remembers between two starts."""

from pathlib import Path

from PySide6.QtCore import QSettings, QStandardPaths

ORGANISATION = APPLICATION = "Zevatron"
MOST_RECENT = 8


def settings():
    """Return the store: an INI file in the user's configuration folder."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, ORGANISATION, APPLICATION)


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
