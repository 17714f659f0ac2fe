"""All trainings of the window: those at work, the one that is shown, and the queue of those to come."""

import logging
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from ...core.errors import ZevatronError
from ...core.training.queue import QueueState, RunQueue, run_name
from ...core.training.run_folder import RunFolder
from ..files.settings import runs_folder
from ..state.answers import run_for
from ..state.runs import title
from .training import Training

LOG = logging.getLogger(__name__)


class Trainings(QObject):
    """Starts trainings, at most so many at one time as the queue says, and shows one.

    Parameters
    ----------
    jobs : Jobs
        Writes the queue.
    runs : Runs

    Attributes
    ----------
    shown : Training
        What the Training tab shows; one without a folder at first.
    working : tuple of Training
        Those with a process of this window, in the order of their start.
    queue : QueueState
    is_started : bool
        Whether runs of the queue are started as soon as there is room.
    changed : Signal(object)
        A :class:`~.training.Training`: its state, progress or history; None: queue, or which are at work.
    ended : Signal(object)
        A :class:`~.training.Training` that has a network to judge.
    failed : Signal(str)
        For the message bar.
    discard_wanted : Signal(object)
        A :class:`~.training.Training` is to be discarded; whoever listens asks first.
    """

    changed = Signal(object)
    ended = Signal(object)
    failed = Signal(str)
    discard_wanted = Signal(object)

    def __init__(self, jobs, runs, parent=None):
        super().__init__(parent)
        self._jobs, self._runs = jobs, runs
        self.working, self.queue, self.is_started = (), QueueState(), False
        self._is_closed, self._leaving, self._beginning = False, set(), {}
        self.shown = self._new()
        runs.changed.connect(self._listed)

    def _new(self):
        training = Training(self)
        training.changed.connect(lambda: self.changed.emit(training))
        training.over.connect(lambda how: self._over(training, how))
        training.failed.connect(self.failed)
        training.discard_wanted.connect(lambda: self.discard_wanted.emit(training))
        return training

    @property
    def lines(self):
        """Those at work, for the bar at the bottom."""
        return list(self.working)

    @property
    def is_active(self):
        """Whether a process of this window trains."""
        return bool(self.working)

    @property
    def waiting(self):
        """Names in the queue that are not at work here, the next first."""
        busy = {training.folder.path.name for training in self.working if training.folder is not None}
        return tuple(name for name in self.queue.runs if name not in busy)

    def at_work(self, path):
        """Return the training of this window in a folder, or None."""
        return next((training for training in self.working if training.folder is not None and training.folder.path == path), None)

    def start(self, config, source, n_events, density=None):
        """Train a network for one source and number of events, or let it wait if others train; goes on with an earlier training of the same.

        The folder is made in a thread: its density alone is some megabytes.
        """
        run = run_for(config, source, n_events)
        if run in self.beginning:
            return
        path = runs_folder() / run_name(run)
        self._beginning[run] = self._jobs.submit(
            f"Folder of {title(run)}", lambda progress: RunFolder.create(path, run, density), lane="folder of a training", quiet=True,
            on_done=self._begin, on_failed=self._not_begun,
        )
        self.changed.emit(None)

    def _not_begun(self, error):
        self.failed.emit(str(error))
        self.changed.emit(None)

    @property
    def beginning(self):
        """The runs whose folders are being made."""
        self._beginning = {run: job for run, job in self._beginning.items() if not job.is_over}
        return tuple(self._beginning)

    def _begin(self, folder):
        """Train what has a folder now."""
        self.show_folder(folder)
        if self.shown.state.state == "done":
            self.ended.emit(self.shown)
        else:
            self.go_on()

    def show_folder(self, folder):
        """Show a training that is on disk, or at work."""
        self._release_shown()
        self.shown = self.at_work(folder.path) or self._new()
        if self.shown.is_active:
            self.changed.emit(self.shown)
            return
        try:
            self.shown.show_folder(folder)
        except (OSError, ZevatronError) as error:
            self.failed.emit(str(error))

    def _release_shown(self):
        """Forget what is shown, unless it is at work."""
        if self.shown not in self.working:
            self.shown.deleteLater()
            self.shown.order_stop()

    def go_on(self):
        """Train what is shown, from its last epoch on: at once if there is room, else behind those that wait."""
        training = self.shown
        if training.folder is None or training.is_active:
            training.resume()
            return
        if training.is_followed:
            self.failed.emit("Another process trains this already.")
        elif len(self.working) < self.queue.at_once:
            self._launch(training)
        else:
            name = training.folder.path.name
            self.is_started = True
            self._come_back(name)
            self._edit(lambda queue: queue.append(name))

    def _launch(self, training):
        self.working = (*self.working, training)
        if not training.launch():
            self.working = tuple(other for other in self.working if other is not training)
        self.changed.emit(None)

    def _over(self, training, how):
        """The process of a training has ended: keep what it brought, and begin the next."""
        self.working = tuple(other for other in self.working if other is not training)
        if training.folder is not None:
            self._leave(training.folder.path.name)
            if how != "failed" and training.has_network:
                self.ended.emit(training)
        self._runs.look_soon()
        if training is not self.shown:
            training.deleteLater()
        self.changed.emit(None)
        self._fill()

    def _leave(self, name):
        """Take a run whose training is over out of the queue, at once here and soon on disk."""
        if name not in self.queue.runs:
            return
        self._leaving.add(name)
        self.queue = self._without_leaving(self.queue)

        def left(queue):
            self._leaving.discard(name)
            self._take(queue)

        self._edit(lambda queue: queue.take(name), left)  # where that fails it is over nevertheless: :meth:`_come_back`

    def _without_leaving(self, queue):
        return replace(queue, runs=tuple(name for name in queue.runs if name not in self._leaving))

    def begin(self):
        """Start the queue."""
        self.is_started = True
        self._fill()
        self.changed.emit(None)

    def hold(self):
        """Start no more of the queue; what trains goes on."""
        self.is_started = False
        self.changed.emit(None)

    def _fill(self):
        """Start those that are next as long as there is room; what another process trains is left to it."""
        if self._is_closed or not self.is_started:
            return
        for name in self.waiting:
            if len(self.working) >= self.queue.at_once:
                return
            try:
                folder = RunFolder(runs_folder() / name)
                if self.shown.folder is not None and self.shown.folder.path == folder.path:
                    training = self.shown
                else:
                    training = self._new()
                    training.show_folder(folder)
            except (OSError, ZevatronError) as error:
                self.failed.emit(str(error))
                continue
            if training.state.state == "done":
                self._leave(name)
            elif not training.is_followed:
                self._launch(training)
            if training is not self.shown and training not in self.working:
                training.order_stop()
                training.deleteLater()
        if not self.waiting and not self.working:
            self.is_started = False

    def add(self, runs, begin=False):
        """Put runs, each one training, into the queue; ``begin``: start it."""
        self.is_started = self.is_started or begin
        self._come_back(*map(run_name, runs))
        self._edit(lambda queue: queue.add(runs))

    def remove(self, name):
        """Take a run that waits out of the queue."""
        self._edit(lambda queue: queue.remove(name))

    def move(self, name, by):
        """Move a run that waits among the others that do."""
        waiting = self.waiting
        if name not in waiting or not 0 <= (place := waiting.index(name) + by) < len(waiting):
            return
        steps = self.queue.runs.index(waiting[place]) - self.queue.runs.index(name)
        self._edit(lambda queue: queue.move(name, steps))

    def set_at_once(self, number):
        """Let so many train at one time."""
        self._edit(lambda queue: queue.set_at_once(number))

    def _come_back(self, *names):
        """Let runs be seen in the queue again, also those that could not be taken out of it when they were over."""
        self._leaving.difference_update(names)

    def _edit(self, change, on_done=None):
        """Change the queue on disk, or read it, in a thread, one after the other."""
        root = runs_folder()
        self._jobs.submit(
            "Writing the queue", lambda progress: change(RunQueue(root)), lane="queue", quiet=True, on_done=on_done or self._take,
            on_failed=lambda error: self.failed.emit(str(error)),
        )

    def _take(self, queue):
        self.queue = self._without_leaving(queue)
        self._runs.look_soon()
        self._fill()
        self.changed.emit(None)

    def _listed(self):
        """Read the queue again if another window, or an editor, has changed it; behind what this window still writes."""
        if self._runs.listing.queue != self.queue:
            self._edit(RunQueue.read)
        self.changed.emit(None)

    def order_stop(self):
        """Tell all processes to end, as the window closes; runs of the queue stay in it."""
        self._is_closed = True
        for training in self.working:
            training.order_stop()
        self.shown.order_stop()

    def close(self, deadline):
        """Wait for all processes until a time of :func:`time.monotonic`, then end them by force."""
        self.order_stop()
        working, self.working = self.working, ()
        for training in working:
            training.close(deadline)
