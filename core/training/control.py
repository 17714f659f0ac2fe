"""What can be asked of a training that runs, by a person or by the system: pause, go on, stop."""

import signal
import threading

from ..progress import Progress


def heed_signals(control):
    """Stop on SIGTERM, and leave Ctrl-C to the parent: in the main thread of a process that does one piece of work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # in a thread: the handler may interrupt the very code whose lock stop() needs
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=control.stop).start())


class Control(Progress):
    """Orders to a training, safe from any thread; it obeys between two batches.

    As a :class:`~..progress.Progress` it also stops the preparation of the density.

    Parameters
    ----------
    report : callable, optional
        Receives ``{"type": "progress", "stage": …, "done": …, "total": …}``.
    """

    def __init__(self, report=None):
        super().__init__()
        self._report = report
        self._free = threading.Event()
        self._free.set()

    def pause(self):
        """Rest until :meth:`resume` or :meth:`stop`."""
        self._free.clear()

    def resume(self):
        """Go on."""
        self._free.set()

    def stop(self):
        """End after the batch under way; finished epochs are kept."""
        self.cancel()
        self._free.set()

    @property
    def is_paused(self):
        """Whether the training is to rest."""
        return not self._free.is_set()

    def wait(self):
        """Block as long as the training is to rest.

        Raises
        ------
        CancelledError
            If it is to end.
        """
        self._free.wait()
        self.check_cancelled()

    def show(self, stage, done, total, values):
        """Pass the report on."""
        if self._report:
            self._report({"type": "progress", "stage": stage, "done": done, "total": total, **values})
