"""How long the window's thread does not answer: the intervals of a timer, and what the thread did in each."""

import os
import time

import numpy as np
from PySide6.QtCore import QTimer

FRAME = 16  # ms
SCHEDULER = "/proc/thread-self/schedstat"  # nanoseconds on a processor, nanoseconds in the queue for one, slices


class Pulse:
    """Measures the intervals of a timer in the thread of the window.

    An interval may be long because others have the processor. Linux says how long a thread stood in the queue for one:
    that is taken off in :meth:`own`. What is left is the window's doing: it computed, or it waited for a lock (that of the
    interpreter, or one of the program) which another thread of the program held.
    """

    def __init__(self):
        self._file = os.open(SCHEDULER, os.O_RDONLY) if os.path.exists(SCHEDULER) else None
        self._marks = []
        self.timer = QTimer(interval=FRAME)
        self.timer.timeout.connect(self._look)
        self.timer.start()

    def _look(self):
        queued = int(os.pread(self._file, 100, 0).split()[1]) / 1e6 if self._file is not None else 0.0
        self._marks.append((1000 * time.perf_counter(), 1000 * time.thread_time(), queued))

    def stop(self):
        """End the measurement."""
        self.timer.stop()
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._wall, self._busy, self._queued = np.diff(np.array(self._marks).reshape(-1, 3), axis=0).T

    def gaps(self):
        """End and return the intervals in ms, as a person sees them."""
        self.stop()
        return self._wall

    def own(self):
        """Return the intervals without the time in the queue for a processor, ms; after :meth:`stop`."""
        return self._wall - self._queued

    def busy(self):
        """Return how long the thread computed in each interval, ms; after :meth:`stop`."""
        return self._busy

    def words(self):
        """Return the three in one line; after :meth:`stop`."""
        parts = [
            f"{name}: 99 % below {np.percentile(values, 99):.0f} ms, worst {values.max():.0f} ms, {int((values > 50).sum())} above 50"
            for name, values in (("gaps", self._wall), ("without the queue for a processor", self.own()), ("of it computing", self._busy))
        ]
        return f"{len(self._wall)} frames; {'; '.join(parts)}; load {os.getloadavg()[0]:.1f}"
