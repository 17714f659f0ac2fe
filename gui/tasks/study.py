"""The study seen from the window: starts and stops its process, and reads the folder of the study as it grows."""

import logging
import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from ...core.progress import format_duration
from ...core.resources import own_command
from ...core.study.estimate import study_cost
from ...core.study.folder import StudyFolder
from ..background.worker_process import WorkerProcess, last_line
from ..state.studies import StudyReader, state_of

LOG = logging.getLogger(__name__)
POLL, FOLLOW = 500, 2000  # ms between two looks at the folder, of a study at work here and otherwise
GRACE = 2500  # ms from the order to stop until the process is ended by force: time to write the tables
ESTIMATE_AGAIN, SHARE = 2.0, 0.05  # seconds between two estimates while cells are done, and the share of a core that they may take
LANE = "study"


class StudyWork(QObject):
    """One study at a time: new, or on disk, done by this window or by another process.

    Parameters
    ----------
    jobs : Jobs
        Read folders and estimate, away from the window's thread.

    Attributes
    ----------
    study : Study or None
    path : Path or None
        Its folder, which need not exist before it starts.
    overview : Overview or None
        Its cells as they are.
    cost : StudyCost or None
        What they take.
    scheduler : str
        Address of a Dask scheduler whose workers do the cells; empty: this computer.
    changed : Signal()
    failed : Signal(str)
        For the message bar.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, jobs, parent=None):
        super().__init__(parent)
        self._jobs = jobs
        self._forget()
        self._process = None
        self._is_starting = self._is_ending = self._is_closed = False
        self._timer = QTimer(self, interval=FOLLOW)
        self._timer.timeout.connect(self.look)
        self._deadline = QTimer(self, singleShot=True, interval=GRACE)
        self._deadline.timeout.connect(self._end_by_force)

    def _forget(self):
        self.study = self.path = self.overview = self.cost = self._reader = self._look = None  # a look under way is not waited for
        self.scheduler, self._next_estimate, self._done_then = "", 0.0, None

    @property
    def is_active(self):
        """Whether a process of this window is at work, or about to be."""
        return self._process is not None or self._is_starting

    @property
    def state(self):
        """How it is, see :func:`.state.studies.state_of`."""
        return state_of(self.overview, self.is_active, self._is_ending)

    @property
    def name(self):
        """Of the folder."""
        return "" if self.path is None else self.path.name

    @property
    def title(self):
        """For the bar at the bottom."""
        return f"Study {self.name}"

    @property
    def lines(self):
        """Itself while it is at work, for the bar at the bottom."""
        return [self] if self.is_active else []

    @property
    def fraction(self):
        """Share of the cells that are over, or None."""
        if self.overview is None:
            return None
        return self.overview.count("done", "failed") / self.overview.total

    @property
    def words(self):
        """One line about where it is."""
        if self._is_ending:
            return "stopping"
        if self.overview is None:
            return "counting the cells"
        parts = [f"{self.overview.count('done')} of {self.overview.total} cells done"]
        if failed := self.overview.count("failed"):
            parts.append(f"{failed} failed")
        if self.is_active and (stage := self._stage):
            parts.append(stage)
        elif self.state == "elsewhere":
            parts.append("another process is at work")
        if self.state in ("running", "elsewhere") and (left := self.overview.seconds_left) is not None:
            parts.append(f"about {format_duration(left)} left")
        return " · ".join(parts)

    @property
    def _stage(self):
        if self._process is None or (report := self._process.report) is None:
            return "starting the process"
        stage, done, total = report
        return "" if stage == "cells" else f"{stage} {done / total:.0%}" if total > 1 else stage

    @property
    def actions(self):
        """Buttons of the bar at the bottom: ``(text, function)``."""
        return [] if self._is_ending else [("Stop", self.stop)]

    # What is shown

    def show_study(self, study, path):
        """Show a study whose folder is, or will be, ``path``; follow what happens there."""
        if self.is_active:
            self.failed.emit("A study is running; stop it before you open another one.")
            return
        scheduler = self.scheduler
        self._forget()
        self.study, self.path, self.scheduler = study, Path(path), scheduler
        self._reader = StudyReader(study, self.path)
        self.look()
        self._timer.start()
        self.changed.emit()

    def set_path(self, path):
        """Do it in another folder."""
        if self.study is not None and not self.is_active:
            self.show_study(self.study, path)

    def look(self):
        """Read the folder in a thread, and estimate now and then; a look that is under way is enough."""
        if self._reader is None or (self._look is not None and not self._look.is_over):
            return
        reader, study, path = self._reader, self.study, self.path
        known, is_first = self.cost if self._is_estimate_good() else None, self.overview is None

        def work(progress):
            started = time.monotonic()
            found = known if known or is_first else study_cost(study, path, progress.check_cancelled)
            return reader.read(found, progress.check_cancelled), found, time.monotonic() - started

        self._look = self._jobs.submit(
            "Looking at the study", work, lane=LANE, quiet=True, on_done=lambda found: self._take(reader, *found), on_failed=self._look_failed,
        )

    def _is_estimate_good(self):
        """Whether nothing has been done since the estimate, or it is new and more is being done."""
        if self.cost is None:
            return False
        is_working = self.is_active or self.overview.count("running") > 0
        return self.overview.count("done") == self._done_then or (is_working and time.monotonic() < self._next_estimate)

    def _take(self, reader, overview, found, seconds):
        if reader is not self._reader:
            return
        if found is not self.cost and found is not None:
            self._next_estimate, self._done_then = time.monotonic() + max(ESTIMATE_AGAIN, seconds / SHARE), overview.count("done")
        is_new = overview is not self.overview or found is not self.cost
        self.overview, self.cost = overview, found
        was_active = self.is_active
        self._watch_process()
        if is_new or was_active:
            self.changed.emit()
        if found is None:
            self.look()

    def _look_failed(self, error):
        self.failed.emit(f"The study cannot be read: {error}")
        self._watch_process()
        if not self.is_active:
            self._timer.stop()
            self.changed.emit()

    # The process

    def start(self):
        """Do what is not done yet, in a process of its own."""
        if self.study is None or self.is_active:
            return
        study, path, self._is_starting, self._is_ending = self.study, self.path, True, False
        self._jobs.submit(
            "Preparing the study", lambda progress: StudyFolder.create(path, study), lane="study folder", quiet=True,
            on_done=self._launch, on_failed=self._not_started,
        )
        self.changed.emit()

    def _launch(self, folder):
        self._is_starting = False
        if self._is_closed or self._is_ending:
            self._is_ending = False
            self.changed.emit()
            return
        where = ("--scheduler", self.scheduler) if self.scheduler else ()
        try:
            self._process = WorkerProcess(own_command("study-process", folder.path, *where), folder.log_path)
        except OSError as error:
            self._not_started(error)
            return
        LOG.info("study %s in %s", self.name, folder.path)
        self._timer.start(POLL)
        self.look()
        self.changed.emit()

    def _not_started(self, error):
        self._is_starting = self._is_ending = False
        self.failed.emit(f"The study could not be started: {error}")
        self.changed.emit()

    def stop(self):
        """End it; finished cells, and finished epochs of a training, are kept."""
        if not self.is_active or self._is_ending:
            return
        self._is_ending = True
        if self._process is not None:
            self._process.tell_to_stop()
            self._deadline.start()
        self.changed.emit()

    def _end_by_force(self):
        if self._process is not None:
            self._process.kill()
            self.look()

    def _watch_process(self):
        """See whether the process has ended."""
        if self._process is None or (code := self._process.exit_code) is None:
            return
        self._process.close_input()
        was_stopped, self._process, self._is_ending = self._is_ending, None, False
        self._deadline.stop()
        self._timer.start(FOLLOW)
        self._done_then = None  # what was done tells what the rest takes
        LOG.info("study %s: exit code %d", self.name, code)
        if code and not was_stopped:
            log = self.path / "log.txt"
            self.failed.emit(f"The study ended: {last_line(log)}. The log is in {log}")
        elif self.overview is not None and (failed := self.overview.count("failed")):
            self.failed.emit(f"{failed} of {self.overview.total} cells of {self.name} failed; the table says why. They are tried again when it goes on.")
        self.look()

    def order_stop(self):
        """Tell the process to end, as the window closes; what it has finished stays on disk."""
        self._is_closed = True
        self._timer.stop()
        self._deadline.stop()
        if self._process is not None:
            self._process.close_input()

    def close(self, deadline):
        """Wait for the process until a time of :func:`time.monotonic`, then end it by force."""
        self.order_stop()
        if self._process is not None:
            process, self._process = self._process, None
            process.end(deadline)
