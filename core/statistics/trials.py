"""Mock skies of both hypotheses, and the errors that a statistic makes on them."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..config import digest_of
from ..mock_events import EventSampler, random_stream
from ..progress import SILENT
from .roc import threshold_at

EVENTS_PER_BATCH = 600_000
EVENTS_AT_ONCE = 30_000  # scored between two looks whether anyone still wants them
EVENTS_KEPT = 32_000_000  # of isotropic skies, six bytes each: every fraction under test asks for them again


class Trials:
    """The test skies of one density and number of events.

    Skies are drawn again whenever they are scored, batch by batch, each batch from a stream of its own: nothing has to
    fit into memory (isotropic skies are kept while they do), and a sky with k + 1 source events is the one with k of
    them in which one event is replaced.

    Parameters
    ----------
    density : SkyDensity
    n_events : int
    n_maps : int
        Of each hypothesis.
    seed : int
        Of the run.
    progress : Progress, optional
    null_stream : str, optional
        Random stream of the isotropic skies; with another name they are others.
    """

    def __init__(self, density, n_events, n_maps, seed, progress=SILENT, *, null_stream="test_null"):
        self.n_events, self.n_maps = n_events, n_maps
        self.digest = digest_of("test skies", density.digest, n_events, n_maps, seed)
        self._null_stream = null_stream
        self.batch = min(max(EVENTS_PER_BATCH // n_events, 1), n_maps)
        self._seed, self._progress = seed, progress
        self._sampler = EventSampler(density)
        self._kept = {}

    def batches(self, n_maps):
        """Number of batches that hold at least ``n_maps`` skies (all of them at most)."""
        return -(-min(n_maps, self.n_maps) // self.batch)

    def skies(self, n_source, batch):
        """Draw one batch with ``n_source`` source events in each sky; ``None`` for the isotropic hypothesis."""
        if n_source is None and batch in self._kept:
            return self._kept[batch]
        size = min(self.batch, self.n_maps - batch * self.batch)
        stream = self._null_stream if n_source is None else "test_signal"
        rng = random_stream(self._seed, stream, self.n_events, batch)
        events = self._sampler.draw(self.n_events, np.full(size, n_source or 0), rng)
        if n_source is None and self.n_maps * self.n_events <= EVENTS_KEPT and self._null_stream == "test_null":
            self._kept[batch] = events
        return events

    def scores(self, statistic, n_source, batches):
        """Score some batches; returns a list of arrays, one for each of ``batches``.

        Statistics that say they are ``thread_safe`` are scored by all processors at once.
        """
        stage = "scoring isotropic skies" if n_source is None else f"scoring skies with {n_source} source events"

        def score(events):
            return np.asarray(statistic.scores(events), dtype=float)

        def work_in_steps(batch):
            return in_steps(score, self.skies(n_source, batch), self._progress)

        def keep(scores):
            results.append(scores)
            self._progress.report(stage, len(results), len(batches))

        results = []
        if getattr(statistic, "thread_safe", False):
            on_all_processors(work_in_steps, batches, keep)
        else:
            for batch in batches:
                keep(score(self.skies(n_source, batch)))
        return results


def in_steps(function, events, progress):
    """Return ``function(events)``, some skies at a time: a batch of the power spectrum takes seconds, and who cancels does not wait for it."""
    step, found = max(EVENTS_AT_ONCE // events.n_events, 1), []
    for first in range(0, events.n_maps, step):
        progress.check_cancelled()
        found.append(function(events.select(slice(first, first + step))))
    return np.concatenate(found)


def on_all_processors(work, items, keep):
    """Call ``keep(work(item))`` for each of ``items`` in their order; if that fails, nobody waits for those still to come."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for result in pool.map(work, items):
                keep(result)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class Measurement:
    """Errors of one statistic on the skies of :class:`Trials`; every sky is scored at most once.

    Parameters
    ----------
    trials : Trials
    statistic : object
        With ``name`` and ``scores(events)``.
    alpha : float
        Requested false-positive rate.
    """

    def __init__(self, trials, statistic, alpha):
        self.trials, self.statistic, self.alpha = trials, statistic, alpha
        self._scores = {}

    def null(self, n_maps=None):
        """Scores of isotropic skies, at least ``n_maps`` (all by default)."""
        return self._scored(None, n_maps)

    def signal(self, n_source, n_maps=None):
        """Scores of skies with ``n_source`` source events."""
        return self._scored(n_source, n_maps)

    def threshold(self, n_maps=None):
        """Threshold for the requested ``alpha``."""
        return threshold_at(self.null(n_maps), self.alpha)

    def missed(self, n_source, n_maps=None):
        """Share of skies with ``n_source`` source events that are not called anisotropic."""
        return float(np.mean(self.signal(n_source, n_maps) <= self.threshold(n_maps)))

    def beta(self, low, high, weight):
        """Share of missed skies of a mixture, see :func:`~..mock_events.source_counts`."""
        return (1 - weight) * self.missed(low) + (weight * self.missed(high) if weight else 0.0)

    def _scored(self, n_source, n_maps):
        wanted = self.trials.batches(n_maps or self.trials.n_maps)
        known = self._scores.setdefault(n_source, [])
        if len(known) < wanted:
            known += self.trials.scores(self.statistic, n_source, range(len(known), wanted))
        return np.concatenate(known[:wanted])
