"""What is dropped onto the window: a run or study file, the folder of a training or study, a result, event lists, a table of sources."""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject

from ...core.observed.lists import is_event_list
from ..state.studies import is_study_file

WHAT_CAN_BE_DROPPED = (
    "a run file (.toml), a study (its file or folder), the folder of a training, a result (.json), event lists, or a table of sources (.csv)"
)


class Drops(QObject):
    """Opens what is dropped.

    Parameters
    ----------
    window : MainWindow
    """

    def __init__(self, window):
        super().__init__(window)
        self._window = window
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched, event):
        """Accept files that come over the window, and open them when they are let go."""
        if event.type() in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and local_paths(event.mimeData()):
            event.acceptProposedAction()
            return True
        if event.type() == QEvent.Type.Drop and (paths := local_paths(event.mimeData())):
            event.acceptProposedAction()
            self.open(paths)
            return True
        return False

    def open(self, paths):
        """Open each path by what it is; event lists together, sources are added to the run, results to the table, of the rest one of a kind."""
        lists = [path for path in paths if path.is_file() and is_event_list(path)]
        tables = [path for path in paths if path.suffix.lower() == ".csv" and path not in lists]
        studies = [path for path in paths if (path / "study.toml").is_file() or (path.suffix.lower() == ".toml" and is_study_file(path))]
        results = [path for path in paths if path not in studies and (path.suffix.lower() == ".json" or (path / "cells").is_dir())]
        runs = [path for path in paths if path not in (*results, *studies) and (path.suffix.lower() == ".toml" or path.is_dir())]
        if unknown := [path for path in paths if path not in (*tables, *runs, *results, *studies, *lists)]:
            names = ", ".join(path.name for path in unknown)
            self._window.messages.say(f"Cannot open {names}; drop {WHAT_CAN_BE_DROPPED}.")
        if len(runs) > 1:
            self._window.messages.say("Drop one run file or one folder of a training at a time.")
        elif runs and self._window.files.may_leave():
            self._open_run(runs[0])
        if len(studies) > 1:
            self._window.messages.say("Drop one study at a time.")
        elif studies:
            self._window.studies.open_path(studies[0])
        if lists:
            self._window.events.open_paths(lists)
        for path in results:
            self._window.library.add(path)
            self._window.tabs.setCurrentWidget(self._window.results.parentWidget())
        for path in tables:
            self._window.sources_panel.import_sources(path)

    def _open_run(self, path):
        files = self._window.files
        files.open_training_path(path) if path.is_dir() else files.open_path(path)


def local_paths(data):
    """Return the files and folders of a piece of mime data."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []
