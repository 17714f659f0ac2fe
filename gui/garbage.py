"""Python's collector of garbage, run where the window lives: elsewhere it would delete widgets under Qt's hands."""

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL = 200  # ms between two looks at how much garbage there may be


class GarbageCollector(QObject):
    """Takes the collection of reference cycles over from the interpreter, which runs it in whatever thread allocates.

    A cycle that holds a widget must not be freed in a thread of a job: Qt then deletes it there and crashes.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._timer = QTimer(self, interval=INTERVAL)
        self._timer.timeout.connect(self.look)

    def start(self):
        """Collect only here from now on; what exists already is left alone, so that a collection takes milliseconds."""
        gc.disable()
        gc.freeze()
        self._timer.start()

    def stop(self):
        """Give the collection back to the interpreter."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    def look(self):
        """Collect the oldest generation that has grown over its threshold, and with it the younger ones, as the interpreter does."""
        due = [generation for generation, (n, most) in enumerate(zip(gc.get_count(), self._thresholds, strict=True)) if n > most]
        if due:
            gc.collect(max(due))
