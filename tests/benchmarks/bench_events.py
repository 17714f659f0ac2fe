"""Event lists and counts maps per second of one core, beside numpy's own draws and sums."""

import numpy as np
import pytest

from zevatron.core.mock_events import EventSampler
from zevatron.core.sky_density import SkyDensity

N_MAPS, N_EVENTS = 2000, 300


@pytest.fixture(scope="module")
def density():
    rng = np.random.default_rng(1)
    source = np.zeros((12288, 15))
    source[2000:2400] = rng.random((400, 15))
    isotropic = np.tile(np.exp(-0.4 * np.arange(15)), (12288, 1))
    return SkyDensity("Cen A", 32, 56 * 10 ** (0.05 * np.arange(16)), source / source.sum(), isotropic / isotropic.sum())


def plain_draw(density, n_maps, n_source, rng):
    """Cells of source and isotropic events by ``Generator.choice``, sky by sky."""
    source, isotropic = density.source.ravel(), density.isotropic.ravel()
    return [
        np.concatenate([rng.choice(source.size, n_source, p=source), rng.choice(source.size, N_EVENTS - n_source, p=isotropic)])
        for _ in range(n_maps)
    ]


def test_event_lists(table, density):
    sampler, rng = EventSampler(density), np.random.default_rng(2)
    ratio = table.race(
        f"mock skies of {N_EVENTS} events", "`Generator.choice` with probabilities, sky by sky",
        (lambda: plain_draw(density, 20, 30, rng), 20), (lambda: sampler.draw(N_EVENTS, np.full(N_MAPS, 30), rng), N_MAPS), unit="skies",
    )
    assert ratio > 10


def test_event_lists_of_all_skies_at_once(table, density):
    """The best that numpy alone does: a search in the cumulative sum for all events together."""
    sampler, rng = EventSampler(density), np.random.default_rng(2)
    cumulative = np.cumsum(density.isotropic.ravel())
    ratio = table.race(
        f"mock skies of {N_EVENTS} events", "`searchsorted` in the cumulative sum, all skies at once",
        (lambda: np.searchsorted(cumulative, rng.random((N_MAPS, N_EVENTS))), N_MAPS),
        (lambda: sampler.draw(N_EVENTS, np.zeros(N_MAPS, int), rng), N_MAPS), unit="skies",
    )
    assert ratio > 1


def test_counts_of_a_batch(table, density):
    events = EventSampler(density).draw(N_EVENTS, np.full(64, 30), np.random.default_rng(2))
    cells = events.ipix * events.n_bins + events.bin

    def plainly():
        counts = np.zeros((len(cells), density.source.size), np.float32)
        np.add.at(counts, (np.arange(len(cells))[:, None], cells), 1)
        return counts

    assert np.array_equal(plainly().reshape(events.counts().shape), events.counts())
    table.race("counts maps of 64 skies, Nside 32, 15 bins", "`np.add.at`", (plainly, 64), (events.counts, 64), unit="skies", rounds=10)
