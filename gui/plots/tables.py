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

from .projection import equatorial_matrix, lookup_table

KEPT_POINTS = 12_000_000  # of 4 bytes each


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
    """Lookup tables by (nside, width, height), made on demand, the oldest forgotten.

    Attributes
    ----------
    ready : Signal(tuple)
        Key of a table that has just been made.
    """

    ready = Signal(tuple)

    def __init__(self):
        super().__init__()
        self._tables, self._pending, self._wanted = OrderedDict(), set(), WeakKeyDictionary()

    def get(self, owner, nside, width, height):
        """Return the table, or None and announce it by ``ready`` when it is made.

        What ``owner``, any object, asked for before is not made any more if it has not been begun.
        """
        key = (nside, width, height)
        if key in self._tables:
            self._tables.move_to_end(key)
            return self._tables[key]
        self._wanted[owner] = key
        if key not in self._pending:
            self._pending.add(key)
            background.run(lambda table: self._store(key, table), self._make, key)
        return None

    def _make(self, key):
        return lookup_table(*key) if key in tuple(self._wanted.values()) else None

    def _store(self, key, table):
        self._pending.discard(key)
        if table is None:
            return
        self._tables[key] = table
        while sum(kept.size for kept in self._tables.values()) > KEPT_POINTS and len(self._tables) > 2:
            self._tables.popitem(last=False)
        self.ready.emit(key)


class EquatorialFrame(QObject):
    """Rotation to right ascension and declination, loaded when first asked for; ``matrix`` is None until then.

    Attributes
    ----------
    loaded : Signal()
    """

    loaded = Signal()

    def __init__(self):
        super().__init__()
        self.matrix, self._asked = None, False

    def request(self):
        """Load it, once."""
        if not self._asked:
            self._asked = True
            background.run(self._store, equatorial_matrix)

    def _store(self, matrix):
        self.matrix = matrix
        self.loaded.emit()


background = Background()
tables = TableStore()
equatorial_frame = EquatorialFrame()
