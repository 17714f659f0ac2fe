"""Event lists and counts maps per second, one core: pytest tests/benchmarks/bench_events.py --benchmark-only."""

import numpy as np
import pytest

from zevatron.core.mock_events import EventSampler, event_directions
from zevatron.core.sky_density import SkyDensity

N_MAPS, N_EVENTS = 2000, 300


@pytest.fixture(scope="module")
def density():
    rng = np.random.default_rng(1)
    source = np.zeros((12288, 15))
    source[2000:2400] = rng.random((400, 15))
    isotropic = np.tile(np.exp(-0.4 * np.arange(15)), (12288, 1))
    return SkyDensity("Cen A", 32, 56 * 10 ** (0.05 * np.arange(16)), source / source.sum(), isotropic / isotropic.sum())


@pytest.mark.parametrize("n_source", [0, 30, 300])
def test_event_lists(benchmark, density, n_source):
    sampler, rng = EventSampler(density), np.random.default_rng(2)
    benchmark(sampler.draw, N_EVENTS, np.full(N_MAPS, n_source), rng)
    benchmark.extra_info["lists_per_second"] = N_MAPS / benchmark.stats["min"]


def test_counts_of_a_batch(benchmark, density):
    events = EventSampler(density).draw(N_EVENTS, np.full(64, 30), np.random.default_rng(2))
    benchmark(events.counts)
    benchmark.extra_info["maps_per_second"] = 64 / benchmark.stats["min"]


def test_tables(benchmark, density):
    benchmark(EventSampler, density)


def test_directions(benchmark, density):
    events = EventSampler(density).draw(N_EVENTS, np.full(64, 30), np.random.default_rng(2))
    benchmark(event_directions, events, np.random.default_rng(3))
