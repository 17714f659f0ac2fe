"""Lookup tables and other small work off the window's thread.

A table for a map of 920 by 460 points takes 0.1 s, a first healpy import more; the window must not wait for either.
"""

import contextlib
import sys
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal

from ...core.sky import FRAMES, frame_rotation
from .projection import WHOLE_SKY

KEPT_POINTS = 12_000_000  # of 4 bytes each
KEPT_MOVING = 4  # tables of a sky that is being turned


class Background(QObject):
    """Runs functions one after the other in a thread and hands each result over in the window's thread."""

    _finished = Signal(object, object)

    def __init__(self):
        super().__init__()
        self._pool = None
        self._finished.connect(self._deliver)

    def run(self, receiver, function, *arguments):
        """Call ``function(*arguments)`` in the thread, then ``receiver(result)`` in the window's thread."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="plots")
        self._pool.submit(self._work, receiver, function, arguments)

    def _work(self, receiver, function, arguments):
        try:
            result = function(*arguments)
        except Exception:
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
        else:
            with contextlib.suppress(RuntimeError):  # the application has ended meanwhile
                self._finished.emit(receiver, result)

    def _deliver(self, receiver, result):
        receiver(result)


class TableStore(QObject):
    """Lookup tables by (nside, width, height, projection), made on demand, the oldest forgotten.

    Attributes
    ----------
    ready : Signal(tuple)
        Key of a table that has just been made.
    """

    ready = Signal(tuple)

    def __init__(self):
        super().__init__()
        self._tables, self._pending, self._wanted = OrderedDict(), set(), WeakKeyDictionary()
        self._moving = OrderedDict()
        self._keys = frozenset()  # of what is wanted, for the thread

    def get(self, owner, nside, width, height, projection=WHOLE_SKY):
        """Return the table, or None and announce it by ``ready`` when it is made.

        What ``owner``, any object, asked for before is not made any more if it has not been begun.
        """
        key = (nside, width, height, projection)
        if key in self._tables:
            self._tables.move_to_end(key)
            return self._tables[key]
        self._wanted[owner] = key
        self._keys = frozenset(self._wanted.values())
        if key not in self._pending:
            self._begin(key)
        return None

    def _begin(self, key):
        self._pending.add(key)
        background.run(lambda table: self._store(key, table), self._make, key)

    def at_once(self, nside, width, height, projection):
        """Return a small table of a sky that is being turned, made here and now."""
        key = (nside, width, height, projection)
        if key not in self._moving:
            self._moving[key] = projection.lookup_table(nside, width, height)
            while len(self._moving) > KEPT_MOVING:
                self._moving.popitem(last=False)
        return self._moving[key]

    def _make(self, key):
        *size, projection = key
        return projection.lookup_table(*size) if key in self._keys else None

    def _store(self, key, table):
        self._pending.discard(key)
        if table is None:
            if key in self._keys:  # again, since the thread looked
                self._begin(key)
            return
        self._tables[key] = table
        while sum(kept.size for kept in self._tables.values()) > KEPT_POINTS and len(self._tables) > 2:
            self._tables.popitem(last=False)
        self.ready.emit(key)


class Frames(QObject):
    """Which frames can be turned to at once; the others are loaded when first asked for.

    Attributes
    ----------
    loaded : Signal()
    """

    loaded = Signal()

    def __init__(self):
        super().__init__()
        self.are_loaded, self._asked = False, False

    def request(self, frame="equatorial"):
        """Return whether a frame is there; if not, load all, once."""
        if frame == "galactic" or self.are_loaded:
            return True
        if not self._asked:
            self._asked = True
            background.run(self._store, load_frames)
        return False

    def _store(self, _):
        self.are_loaded = True
        self.loaded.emit()


def load_frames():
    """Make every rotation; it is kept by the engine."""
    for frame in FRAMES:
        frame_rotation(frame)


background = Background()
tables = TableStore()
frames = Frames()
