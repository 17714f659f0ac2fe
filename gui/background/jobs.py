"""Work in the background, seen and stopped from the window.

A lane is one thread and its queue: skies do not wait behind verdicts. Requests
with the same key collapse, so of many only the newest is computed, and what an
older one still brings is dropped. Results and progress reach the window's
thread as plain data through queued signals.

A thread cannot be stopped from outside, and a library that is being loaded, or
machine code that is being made, asks nobody whether it is still wanted. A lane
does not wait for such work once it is cancelled: it goes on in another thread,
and the one that was left ends by itself at the next question.
"""

import contextlib
import itertools
import logging
import queue
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from ...core.errors import CancelledError
from ...core.progress import Progress, format_duration
from ..style.numbers import significant

LOG = logging.getLogger(__name__)
REPORT_INTERVAL = 1 / 15  # seconds between two reports to the window
GRACE = 400  # ms that cancelled work has to end before its lane goes on without it
MOST_LEFT = 3  # threads of cancelled work at one time; with more, lanes wait: each takes a processor from what is wanted
TURN = 0.001  # seconds of Python's lock at most while the window waits for it; Python's own 0.005 add up: the window needs it for each call of Qt
QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"


@dataclass(frozen=True)
class Report:
    """How far a job is: ``done`` of ``total`` steps of ``stage`` and further numbers."""

    stage: str = ""
    done: float = 0.0
    total: float = 0.0
    values: dict = field(default_factory=dict)

    @property
    def fraction(self):
        """Share done, 0..1, or None if nothing is known."""
        return min(self.done / self.total, 1.0) if self.total else None


class JobProgress(Progress):
    """Passes reports on, at most about 15 a second, and always the last one of a stage."""

    def __init__(self, deliver):
        super().__init__()
        self._deliver = deliver
        self._last = 0.0

    @property
    def is_cancelled(self):
        """Whether the job was asked to stop."""
        return self._cancelled.is_set()

    def show(self, stage, done, total, values):
        """Deliver a report unless the last one was delivered just before."""
        now = time.monotonic()
        if done >= total or now - self._last >= REPORT_INTERVAL:
            self._last = now
            self._deliver(Report(stage, float(done), float(total), dict(values)))


class Job:
    """One piece of work; made by :meth:`Jobs.submit`."""

    def __init__(self, number, title, work, on_done, on_failed, key, quiet):
        self.number, self.title, self.work, self.key, self.quiet = number, title, work, key, quiet
        self.on_done, self.on_failed = on_done, on_failed
        self.state, self.report = QUEUED, Report()
        self.submitted = self.stage_started = time.monotonic()
        self.progress = self.lane = None

    @property
    def is_over(self):
        """Whether nothing more will come from it."""
        return self.state in (DONE, FAILED, CANCELLED)

    @property
    def seconds_left(self):
        """Estimate for the current stage from its pace so far, or None."""
        fraction = self.report.fraction
        if not fraction or fraction < 0.02:
            return None
        return (time.monotonic() - self.stage_started) * (1 - fraction) / fraction

    @property
    def words(self):
        """Stage, numbers and time left."""
        if self.state != RUNNING:
            return "waiting"
        parts = [self.report.stage] if self.report.stage else []
        parts += [
            f"{name.replace('_', ' ')} {significant(value)}" for name, value in self.report.values.items()
            if isinstance(value, (int, float))
        ]
        if (left := self.seconds_left) is not None and left >= 1:
            parts.append(f"{format_duration(left)} left")
        return " · ".join(parts)

    def take(self, report):
        """Note a report; a new stage starts a new estimate."""
        if report.stage != self.report.stage:
            self.stage_started = time.monotonic()
        self.report = report


class Lane:
    """One thread and what it has to do, one job after the other.

    Parameters
    ----------
    name : str
    run : callable
        Does one job, in the thread.
    """

    def __init__(self, name, run):
        self._run = run
        self._waiting = queue.SimpleQueue()
        self.job = None  # what the thread does now
        self.thread = threading.Thread(target=self._work, name=f"jobs-{name}", daemon=True)
        self.thread.start()

    def put(self, job):
        """Do a job when its turn comes; None ends the thread."""
        self._waiting.put(job)

    def leave(self):
        """Return what has not been begun; the thread ends with what it is doing now."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._waiting.get_nowait())
        self._waiting.put(None)
        return found

    def _work(self):
        while (job := self._waiting.get()) is not None:
            if not job.progress.is_cancelled:
                self.job = job
                self._run(job)
                self.job = None
            del job  # a lane that rests holds neither what was asked nor the answer


class Jobs(QObject):
    """Runs jobs in background threads; lives in the window's thread."""

    changed = Signal(object)  # Job: queued, running, over
    progressed = Signal(object)  # Job
    failed = Signal(object, object)  # Job, exception

    _reported = Signal(object, object)
    _started = Signal(object)
    _ended = Signal(object, object, object)

    def __init__(self, parent=None):
        super().__init__(parent)
        sys.setswitchinterval(TURN)
        self._numbers = itertools.count(1)
        self._lanes, self._newest = {}, {}
        self._left = []  # lanes whose cancelled work does not end
        self._is_closed = False
        self.active = []
        self._endings = deque()  # what jobs have brought and is not shown yet
        self._deliverer = QTimer(self, interval=1)
        self._deliverer.timeout.connect(self._deliver_next)
        self._started.connect(self._on_started, Qt.ConnectionType.QueuedConnection)
        self._reported.connect(self._on_reported, Qt.ConnectionType.QueuedConnection)
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)

    def submit(self, title, work, *, lane="work", key=None, on_done=None, on_failed=None, quiet=False, finish=False):
        """Run ``work(progress)`` in the background.

        Parameters
        ----------
        title : str
            For people.
        work : callable
            Takes a :class:`~zevatron.core.progress.Progress`; must touch nothing of Qt.
        lane : str
            Jobs of one lane run one after the other.
        key : hashable, optional
            A newer job with the same key takes the place of an older one.
        on_done : callable, optional
            Called with the result in the window's thread, unless the job was cancelled or replaced.
        on_failed : callable, optional
            Called with the exception, in place of the signal `failed`.
        quiet : bool
            Too short to be listed.
        finish : bool
            An older job with the same key that is already running may finish and bring its result, so that a picture
            follows a slider that never rests.

        Returns
        -------
        Job
        """
        if key is not None and (older := self._newest.get(key)) is not None and not (finish and older.state == RUNNING):
            self.cancel(older)
        job = Job(next(self._numbers), title, work, on_done, on_failed, key, quiet)
        job.progress = JobProgress(lambda report: self._emit(self._reported, job, report))
        if self._is_closed:
            job.state = CANCELLED
            return job
        if key is not None:
            self._newest[key] = job
        self.active.append(job)
        self.changed.emit(job)
        job.lane = lane
        if lane not in self._lanes:
            self._lanes[lane] = Lane(lane, self._run)
        self._lanes[lane].put(job)
        return job

    def cancel(self, job):
        """Stop a job; what it still brings is dropped, and its lane does not wait for it longer than :data:`GRACE`."""
        if job.is_over:
            return
        job.progress.cancel()
        self._finish(job, CANCELLED)
        if not self._is_closed:
            QTimer.singleShot(GRACE, self, lambda: self._go_on_without(job))

    def _go_on_without(self, job):
        """Let another thread do what waits behind a cancelled job that has not ended."""
        lane = self._lanes.get(job.lane)
        self._left = [left for left in self._left if left.thread.is_alive()]
        if lane is None or lane.job is not job:
            return
        if len(self._left) >= MOST_LEFT:
            QTimer.singleShot(GRACE, self, lambda: self._go_on_without(job))
            return
        LOG.info("%s was cancelled; what it is loading or compiling now ends by itself", job.title)
        self._left.append(lane)
        self._lanes[job.lane] = following = Lane(job.lane, self._run)
        for waiting in lane.leave():
            following.put(waiting)

    @property
    def n_left(self):
        """Number of threads that still do cancelled work, which keeps its memory until it ends."""
        return sum(lane.thread.is_alive() for lane in self._left)

    def cancel_all(self):
        """Stop everything."""
        for job in tuple(self.active):
            self.cancel(job)

    def close(self):
        """Stop everything and let the threads end; what is submitted later is cancelled at once."""
        self._is_closed = True
        self.cancel_all()
        self._deliverer.stop()
        self._endings.clear()
        for lane in self._lanes.values():
            lane.put(None)
            self._left.append(lane)
        self._lanes.clear()

    def wait(self, seconds):
        """Wait for the threads after :meth:`close`; returns whether all have ended."""
        deadline = time.monotonic() + seconds
        for lane in self._left:
            lane.thread.join(max(deadline - time.monotonic(), 0.0))
        return not any(lane.thread.is_alive() for lane in self._left)

    def _run(self, job):
        """Do a job; called in the thread of its lane."""
        self._emit(self._started, job)
        result = error = None
        try:
            result = job.work(job.progress)
        except CancelledError as fault:
            if job.progress.is_cancelled:
                return
            error = fault  # somebody else's work ended it: nobody here has said goodbye to the job
        except BaseException as fault:  # whatever it is, the lane goes on
            error = fault
        self._emit(self._ended, job, result, error)

    @staticmethod
    def _emit(signal, *values):
        try:
            signal.emit(*values)
        except RuntimeError:  # the window is gone and its signals with it
            LOG.debug("dropped what a job brought after the window had closed")

    def _on_started(self, job):
        if not job.is_over:
            job.state = RUNNING
            job.stage_started = time.monotonic()
            self.changed.emit(job)

    def _on_reported(self, job, report):
        if not job.is_over:
            job.take(report)
            self.progressed.emit(job)

    def _on_ended(self, job, result, error):
        """Let what comes at the same time be shown in turns of the event loop, so that it does not add up."""
        self._endings.append((job, result, error))
        if not self._deliverer.isActive():
            self._deliverer.start()

    def _deliver_next(self):
        job, result, error = self._endings.popleft()
        if not self._endings:
            self._deliverer.stop()
        if not job.is_over:
            self._end(job, result, error)

    def _end(self, job, result, error):
        if error is None:
            self._finish(job, DONE)
            if job.on_done is not None:
                job.on_done(result)
            return
        self._finish(job, FAILED)
        LOG.error("%s failed: %s", job.title, error, exc_info=error)
        if job.on_failed is not None:
            job.on_failed(error)
        else:
            self.failed.emit(job, error)

    def _finish(self, job, state):
        job.state = state
        self.active.remove(job)
        if self._newest.get(job.key) is job:
            del self._newest[job.key]
        self.changed.emit(job)
