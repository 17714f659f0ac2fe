"""Python's collector of garbage, run where the window lives: elsewhere it would delete widgets under Qt's hands."""

import gc
import sys

from PySide6.QtCore import QObject, QTimer

INTERVAL = 200  # ms between two looks at how much garbage there may be
MANY = 30  # modules: so many more, and a large library is being loaded


class GarbageCollector(QObject):
    """Takes the collection of reference cycles over from the interpreter, which runs it in whatever thread allocates.

    A cycle that holds a widget must not be freed in a thread of a job: Qt then deletes it there and crashes.

    A collection of everything takes as long as there are objects, and libraries are most of them: 150 ms with those that
    compute. So they are left alone for good once they are loaded, those at the start as those that a job loads later, and what
    is left takes milliseconds. While one is being loaded nothing is collected.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._known = self._seen = 0  # modules when all was left alone last, and in the last look
        self._timer = QTimer(self, interval=INTERVAL)
        self._timer.timeout.connect(self.look)

    def start(self):
        """Collect only here from now on; what exists already is left alone."""
        gc.disable()
        self._leave_alone()
        self._timer.start()

    def stop(self):
        """Give the collection back to the interpreter."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    def _leave_alone(self):
        gc.freeze()
        self._known = self._seen = len(sys.modules)

    def look(self):
        """Collect the oldest generation that has grown over its threshold, and with it the younger ones, as the interpreter does."""
        before, self._seen = self._seen, len(sys.modules)
        if self._seen - self._known >= MANY:
            if self._seen == before:
                self._leave_alone()
            return
        due = [generation for generation, (n, most) in enumerate(zip(gc.get_count(), self._thresholds, strict=True)) if n > most]
        if due:
            gc.collect(max(due))
