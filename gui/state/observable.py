"""Telling others that something has changed."""


class Observable:
    """Keeps listeners and calls them; a listener that is removed while others are called is not called any more."""

    def __init__(self):
        self._listeners = []

    def subscribe(self, listener):
        """Call ``listener(names)`` with a frozenset of what has changed; returns a function that ends it."""
        self._listeners.append(listener)

        def unsubscribe():
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def notify(self, *names):
        """Tell every listener that ``names`` have changed."""
        for listener in tuple(self._listeners):
            if listener in self._listeners:
                listener(frozenset(names))
