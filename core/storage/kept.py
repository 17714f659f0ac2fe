"""What was computed and is kept in memory: bounded in bytes, what was not asked for longest forgotten first."""

import functools
import threading
from collections import Counter, OrderedDict
from types import FunctionType, ModuleType

import numpy as np

_FORGETTERS = []  # of every function that keeps what it returned


class Store:
    """Values by key; the newest stay whatever their size.

    Parameters
    ----------
    size : int
        Bytes of all arrays in keys and values together, those that several share counted once.

    Attributes
    ----------
    n_bytes : int
        Bytes of all arrays in it.
    least : int
        How many of the newest stay.
    """

    def __init__(self, size):
        self._size, self._kept, self._holders = size, OrderedDict(), Counter()
        self.n_bytes, self.least = 0, 1

    def __len__(self):
        return len(self._kept)

    def clear(self):
        """Forget everything."""
        self._kept.clear()
        self._holders.clear()
        self.n_bytes = 0

    def get(self, key):
        """Return what is kept under ``key``, or None."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key, value):
        """Keep a value."""
        if key in self._kept:
            self._forget(key)
        self._kept[key] = value, (arrays := _arrays((key, value)))
        for one, size in arrays.items():
            self.n_bytes += 0 if self._holders[one] else size
            self._holders[one] += 1
        while len(self._kept) > self.least and self.n_bytes > self._size:
            self._forget(next(iter(self._kept)))

    def _forget(self, key):
        for one, size in self._kept.pop(key)[1].items():
            self._holders[one] -= 1
            if not self._holders[one]:
                del self._holders[one]
                self.n_bytes -= size


def kept_within(size):
    """Make a decorator that keeps what a function of hashable arguments returns in a :class:`Store` of its own; safe in threads.

    Parameters
    ----------
    size : int
        Bytes.
    """
    def keep(function):
        store, lock = Store(size), threading.Lock()

        @functools.wraps(function)
        def call(*arguments):
            with lock:
                found = store.get(arguments)
            if found is None:
                found = function(*arguments)
                with lock:
                    store.put(arguments, found)
            return found

        def forget():
            with lock:
                store.clear()

        call.store = store
        _FORGETTERS.append(forget)
        return call

    return keep


def forget_all():
    """Forget what all functions made by :func:`kept_within` keep: nothing is lost by it but time."""
    for forget in _FORGETTERS:
        forget()


def n_bytes(value):
    """Return how many bytes the arrays in a value take, also those in tuples, dataclasses, tables and sparse arrays."""
    return sum(_arrays(value).values())


def _arrays(value):
    """Return ``{identity: bytes}`` of the arrays in a value."""
    found, seen, waiting = {}, set(), [value]
    while waiting:
        part = waiting.pop()
        if id(part) in seen or isinstance(part, (type, ModuleType, FunctionType)):
            continue
        seen.add(id(part))
        if isinstance(part, np.ndarray):
            found[id(part)] = part.nbytes
        elif isinstance(part, (tuple, list)):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
        elif hasattr(part, "__dict__"):
            waiting += vars(part).values()
    return found
