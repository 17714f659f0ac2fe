"""Scores of a slow statistic that are needed again."""

import hashlib

import numpy as np


class RememberedScores:
    """A statistic that scores the same skies once: isotropic ones come again in every scenario and at every fraction.

    Parameters
    ----------
    statistic : object
        With ``name`` and ``scores(events)``; it does not depend on the fraction under test.
    """

    thread_safe = False

    def __init__(self, statistic):
        self.name, self._statistic, self._known = statistic.name, statistic, {}

    def scores(self, events):
        """Return the statistic of each sky."""
        content = hashlib.sha256(repr((events.ipix.shape, events.nside, events.n_bins)).encode())
        for column in (events.ipix, events.bin):
            content.update(np.ascontiguousarray(column))
        key = content.digest()
        if key not in self._known:
            self._known[key] = self._statistic.scores(events)
        return self._known[key]
