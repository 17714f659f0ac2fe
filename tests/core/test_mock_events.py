"""Mock events: they follow their density, streams do not disturb each other, nothing is copied."""

import healpy as hp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from zevatron.core.config import RunConfig
from zevatron.core.errors import InputError
from zevatron.core.mock_events import (
    EventSampler,
    draw_events,
    draw_training_events,
    event_directions,
    event_energies,
    random_stream,
    random_streams,
    simulate_skies,
    source_counts,
)
from zevatron.core.mock_events.alias import alias_table
from zevatron.core.mock_events.events import log_uniform_integers
from zevatron.core.mock_events.places import log_slopes
from zevatron.core.sky import vector_pixels
from zevatron.core.sky_density import SkyDensity

NSIDE, N_BINS = 4, 3
NPIX = 12 * NSIDE**2


@pytest.fixture(scope="module")
def density():
    rng = np.random.default_rng(7)
    source = rng.random((NPIX, N_BINS)) ** 4 * (rng.random((NPIX, 1)) < 0.1)
    isotropic = np.tile(np.array([0.6, 0.3, 0.1]) / NPIX, (NPIX, 1))
    return SkyDensity("Cen A", NSIDE, 56 * 10 ** (0.1 * np.arange(4)), source / source.sum(), isotropic)


def cells(events):
    return events.ipix * events.n_bins + events.bin


@settings(deadline=None)
@given(st.lists(st.one_of(st.just(0.0), st.floats(1e-12, 1e6)), min_size=1, max_size=60).filter(any))
def test_alias_table_holds_the_probabilities(weights):
    weights = np.array(weights)
    table = alias_table(weights)
    kept, alias = table[:, 0], table[:, 1].astype(int)
    probability = (kept + np.bincount(alias, 1 - kept, minlength=len(weights))) / len(weights)
    np.testing.assert_allclose(probability, weights / weights.sum(), atol=1e-12)
    assert np.all(probability[weights == 0] < 1e-14)


@pytest.mark.parametrize("n_source", [0, 40])
def test_events_follow_their_density(density, rng, n_source):
    events = draw_events(density, 40, np.full(20_000, n_source), rng)
    expected = (density.source if n_source else density.isotropic).ravel() * events.ipix.size
    counts = np.bincount(cells(events).ravel(), minlength=NPIX * N_BINS)
    assert counts[expected == 0].sum() == 0
    usual = expected > 10
    assert stats.chisquare(counts[usual], expected[usual] * counts[usual].sum() / expected[usual].sum()).pvalue > 1e-3
    assert abs(counts[~usual].sum() - expected[~usual].sum()) < 5 * np.sqrt(expected[~usual].sum() + 1)


def test_events_are_independent_pairs_in_a_pixel_are_poisson(density, rng):
    n_events, n_maps = 50, 4000
    counts = draw_events(density, n_events, np.zeros(n_maps, int), rng).counts().sum(axis=2)
    pairs = (counts * (counts - 1) / 2).sum(axis=1)
    mean = n_events * (n_events - 1) / 2 / NPIX
    assert pairs.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / n_maps))
    assert pairs.var() == pytest.approx(mean * (1 - 1 / NPIX), rel=0.1)  # pairs of a uniform sky are independent


def test_number_of_source_events_is_what_was_asked(density, rng):
    n_source = rng.integers(0, 31, 500)
    events = draw_events(density, 30, n_source, rng)
    np.testing.assert_array_equal(events.is_source.sum(axis=1), n_source)
    assert np.all(density.source[events.ipix, events.bin][events.is_source] > 0)
    assert (events.ipix.dtype, events.bin.dtype, events.is_source.dtype) == (np.int32, np.int8, bool)


@pytest.mark.parametrize("n_source", [[-1], [31], [[3]]])
def test_impossible_numbers_of_source_events_are_refused(density, rng, n_source):
    with pytest.raises(InputError, match="expected 0 to 30 source events"):
        draw_events(density, 30, n_source, rng)


def test_one_source_event_more_replaces_one_event_and_keeps_the_rest(density):
    sampler = EventSampler(density)
    few, more = (sampler.draw(30, np.full(50, k), random_stream(1, "test_signal")) for k in (6, 7))
    np.testing.assert_array_equal(np.delete(cells(few), 6, axis=1), np.delete(cells(more), 6, axis=1))
    assert np.mean(cells(few)[:, 6] != cells(more)[:, 6]) > 0.8


def test_counts_are_those_of_bincount(density, rng):
    events = draw_events(density, 25, rng.integers(0, 26, 7), rng)
    counts = events.counts()
    assert counts.shape == (7, NPIX, N_BINS) and counts.dtype == np.float32
    for sky, row in zip(counts, cells(events), strict=True):
        np.testing.assert_array_equal(sky.ravel(), np.bincount(row, minlength=NPIX * N_BINS))


def test_selection_and_shuffling_keep_every_event(density, rng):
    events = draw_events(density, 25, rng.integers(0, 26, 9), rng)
    np.testing.assert_array_equal(events.select(slice(2, 5)).counts(), events.counts()[2:5])
    assert len(events.select([1, 1, 8])) == 3
    mixed = events.shuffled(rng)
    np.testing.assert_array_equal(mixed.counts(), events.counts())
    key = lambda e: np.sort(cells(e) * 2 + e.is_source, axis=1)  # noqa: E731
    np.testing.assert_array_equal(key(mixed), key(events))


def test_streams_repeat_and_do_not_depend_on_each_other():
    def first(name, *numbers):
        return random_stream(3, name, *numbers).random(4).tolist()

    assert first("training") == first("training") == random_streams(3)["training"].random(4).tolist()
    names = ("training", "validation", "test_null", "test_signal", "simulate", "bootstrap")
    seen = [first(name) for name in names] + [first("training", 0), first("training", 1)]
    assert len({tuple(values) for values in seen}) == len(seen)
    assert random_stream(4, "training").random() != random_stream(3, "training").random()
    streams = random_streams(3)
    streams["something new"].random(1000)
    assert streams["training"].random(4).tolist() == first("training")
    assert streams["training"] is streams["training"]


def test_the_stream_of_a_name_stays_the_same_for_ever():
    assert random_stream(1, "training").integers(2**32) == FIRST_TRAINING_NUMBER


FIRST_TRAINING_NUMBER = 1762258519  # of seed 1; a change means that nobody's results repeat any more


def test_training_skies_are_half_isotropic_and_log_uniform(density, rng):
    n_events, n_maps = 20, 40_000
    events, labels = draw_training_events(EventSampler(density), n_events, n_maps, rng)
    assert labels.dtype == np.float32 and labels.sum() == n_maps / 2
    np.testing.assert_array_equal(events.n_source > 0, labels == 1)
    k = np.arange(1, n_events + 1)
    counts = np.bincount(events.n_source[labels == 1], minlength=n_events + 1)[1:]
    assert stats.chisquare(counts, n_maps / 2 * np.log1p(1 / k) / np.log(n_events + 1)).pvalue > 1e-3
    assert abs(np.corrcoef(labels[:-1], labels[1:])[0, 1]) < 0.02


def test_log_uniform_integers_reach_both_ends(rng):
    assert set(log_uniform_integers(1, 50, rng)) == {1}
    assert set(log_uniform_integers(3, 500, rng)) == {1, 2, 3}


def test_directions_lie_in_their_pixel_and_fill_it_evenly(density, rng):
    events = draw_events(density, 40, np.zeros(2000, int), rng)
    directions = event_directions(events, rng)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=-1), 1)
    np.testing.assert_array_equal(vector_pixels(NSIDE, directions), events.ipix)
    finer = vector_pixels(NSIDE * 4, directions).ravel() % 16
    assert stats.chisquare(np.bincount(finer, minlength=16)).pvalue > 1e-3
    assert stats.kstest(directions[..., 2].ravel(), stats.uniform(-1, 2).cdf).pvalue > 1e-3  # uniform on the sphere


def test_energies_lie_in_their_bin_and_join_smoothly(density, rng):
    events = draw_events(density, 50, rng.integers(0, 51, 4000), rng)
    energy = event_energies(events, density, rng)
    assert np.all(energy >= density.bin_edges[events.bin]) and np.all(energy <= density.bin_edges[events.bin + 1])
    inside = energy[(events.bin == 1) & ~events.is_source]
    position = np.log10(inside / density.bin_edges[1]) / 0.1
    slope = log_slopes(density.isotropic_spectrum)[1]
    assert slope == pytest.approx(np.log(0.1 / 0.6) / 2)
    cdf = np.expm1(slope * np.linspace(0, 1, 200)) / np.expm1(slope)
    assert stats.kstest(position, lambda x: np.interp(x, np.linspace(0, 1, 200), cdf)).pvalue > 1e-3


def test_slopes_are_flat_where_a_neighbour_is_empty():
    np.testing.assert_array_equal(log_slopes(np.array([1.0])), [0])
    assert np.all(np.isfinite(log_slopes(np.array([0.5, 0.5, 0.0, 0.0]))))


@pytest.mark.parametrize(("eta", "n_events", "expected"), [
    (0.07, 100, (7, 8, 0.0)), (0.075, 100, (7, 8, 0.5)), (0.0, 50, (0, 1, 0.0)), (1.0, 50, (50, 50, 0.0)), (0.001, 10, (0, 1, 0.01)),
])
def test_a_fraction_is_a_mixture_of_two_whole_numbers(eta, n_events, expected):
    low, high, weight = source_counts(eta, n_events)
    assert (low, high) == expected[:2] and weight == pytest.approx(expected[2], abs=1e-9)
    assert (1 - weight) * low + weight * high == pytest.approx(eta * n_events)


def test_simulated_skies_of_a_fraction_are_not_binomial(density):
    config = RunConfig()
    events = simulate_skies(config, density, 100, 400, 0.0725)
    values, counts = np.unique(events.n_source, return_counts=True)
    assert values.tolist() == [7, 8] and counts.tolist() == [300, 100]
    assert len(set(events.n_source[:20])) == 2  # in random order
    place = np.flatnonzero(events.is_source.ravel()) % 100
    assert stats.kstest(place, stats.uniform(0, 100).cdf).pvalue > 1e-3  # the order of events does not tell their origin
    assert simulate_skies(config, density, 100, 30, 0.0).n_source.max() == 0
    trained = simulate_skies(config, density, 100, 400)
    assert np.sum(trained.n_source == 0) == 200 and trained.n_source.max() > 20


def test_same_seed_same_events(density):
    first, again = (cells(simulate_skies(RunConfig(), density, 30, 20, 0.2)) for _ in range(2))
    other = cells(simulate_skies(RunConfig(), density, 30, 20, 0.2, seed=2))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


def test_neighbouring_pixels_are_not_linked(density, rng):
    events = draw_events(density, 2, np.zeros(200_000, int), rng)
    neighbours = hp.get_all_neighbours(NSIDE, events.ipix[:, 0], nest=True)
    share = np.mean(np.any(neighbours == events.ipix[:, 1], axis=0))
    expected = np.mean(np.sum(hp.get_all_neighbours(NSIDE, np.arange(NPIX), nest=True) >= 0, axis=0)) / NPIX
    assert share == pytest.approx(expected, abs=5 * np.sqrt(expected / 200_000))
