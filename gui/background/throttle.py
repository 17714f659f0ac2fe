"""Calls that come faster than anyone can see."""

from PySide6.QtCore import QObject, QTimer


class Throttle(QObject):
    """Calls a function at once, then at most once in ``interval`` ms; the last call is never left out."""

    def __init__(self, function, interval, parent):
        super().__init__(parent)
        self._function, self._is_wanted = function, False
        self._timer = QTimer(self, singleShot=True, interval=interval)
        self._timer.timeout.connect(self._rested)

    def __call__(self):
        """Call the function, now or soon."""
        if self._timer.isActive():
            self._is_wanted = True
            return
        self._timer.start()
        self._function()

    def _rested(self):
        if self._is_wanted:
            self._is_wanted = False
            self()
