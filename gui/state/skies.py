"""One mock sky and what the likelihood ratio says of it; run in background threads, so nothing of Qt here."""

import functools
from dataclasses import dataclass

import numpy as np

from ...core.progress import SILENT

NULL_SKIES = 20_000
NULL_EVENTS = 6_000_000  # at most so many events in all isotropic skies together
BATCH = 2_000


@dataclass(frozen=True, eq=False)
class MockSky:
    """One mock sky.

    Attributes
    ----------
    density : SkyDensity
        What it was drawn from.
    events : MockEvents
        One sky.
    eta : float
        Fraction asked for.
    directions : ndarray, shape (n_events, 3)
        Galactic unit vectors.
    energy : ndarray, shape (n_events,)
        EeV.
    """

    density: object
    events: object
    eta: float
    directions: np.ndarray
    energy: np.ndarray

    @property
    def n_events(self):
        """Events in the sky."""
        return self.events.n_events

    @property
    def n_source(self):
        """Events from the source."""
        return int(self.events.n_source[0])


@dataclass(frozen=True, eq=False)
class SkyTest:
    """The likelihood ratio of one sky.

    Attributes
    ----------
    score : float
        Its logarithm.
    p_value : float
        How often isotropy gives as much.
    n_null : int
        Isotropic skies that say so.
    pixel_scores : ndarray, shape (npix,)
        What the events of each NESTED pixel add to the score.
    """

    score: float
    p_value: float
    n_null: int
    pixel_scores: np.ndarray


@functools.lru_cache(2)
def sampler_of(density):
    """Return the sampler of a density; its tables are made once, so that a sky follows a slider."""
    from ...core.mock_events import EventSampler

    return EventSampler(density)


def mock_sky(config, density, n_events, eta, sky_seed):
    """Draw one sky; the command ``simulate`` draws the same from the same seed.

    Returns
    -------
    MockSky
    """
    from ...core.mock_events import event_directions, event_energies, random_stream, simulate_skies

    events = simulate_skies(config, density, n_events, 1, eta, seed=sky_seed, sampler=sampler_of(density))
    rng = random_stream(sky_seed, "places")
    return MockSky(density, events, eta, event_directions(events, rng)[0], event_energies(events, density, rng)[0])


def null_scores(density, statistic, n_events, seed, progress=SILENT):
    """Score isotropic skies with a statistic.

    Returns
    -------
    ndarray
        Sorted.
    """
    from ...core.mock_events import EventSampler, random_stream

    sampler, rng = EventSampler(density), random_stream(seed, "test_null", n_events)
    n_null = max(min(NULL_SKIES, NULL_EVENTS // n_events), BATCH // 20)
    scores = []
    for done in range(0, n_null, BATCH):
        progress.report("isotropic skies", done, n_null)
        size = min(BATCH, n_null - done)
        scores.append(statistic.scores(sampler.draw(n_events, np.zeros(size, int), rng)))
    return np.sort(np.concatenate(scores))


class SkyTester:
    """Tests skies against isotropic ones; those of the last scenario are kept, so that a new sky is tested at once."""

    def __init__(self):
        self._kept = None, None, None  # scenario, statistic, scores of isotropic skies: together, as two threads may come at once

    def __call__(self, sky, seed, progress=SILENT):
        """Return the :class:`SkyTest` of a sky, or None where nothing is under test because eta is 0."""
        from ...core.statistics.ratios import likelihood_ratio

        if sky.eta <= 0:
            return None
        wanted = sky.density.digest, sky.n_events, sky.eta, seed
        key, statistic, null = self._kept
        if key != wanted:
            statistic = likelihood_ratio(sky.density, sky.eta)
            null = null_scores(sky.density, statistic, sky.n_events, seed, progress)
            self._kept = wanted, statistic, null
        score = float(statistic.scores(sky.events)[0])
        above = len(null) - int(np.searchsorted(null, score, side="left"))
        p_value = (1 + above) / (1 + len(null))
        return SkyTest(score, p_value, len(null), statistic.pixel_scores(sky.events))
