"""Intervals and limits: stated coverage on mock skies, no bias, and a likelihood that finds its maximum."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar
from scipy.stats import binom, kstest

from tests.core.blobs import blob
from zevatron.core.config import run_config, with_values
from zevatron.core.mock_events import EventSampler, event_energies
from zevatron.core.observatory import ObservatoryConfig
from zevatron.core.sky_density import sky_densities
from zevatron.core.sky_density.exposed import exposed
from zevatron.core.statistics import LikelihoodRatio, MaximumLikelihoodRatio
from zevatron.core.statistics.confidence import (
    LikelihoodBelt,
    ScoreBelt,
    accepted,
    fraction_grid,
    grid_to,
    intervals,
    share_at_least,
    skies_with_fraction,
)

N_EVENTS = 60
ETAS = grid_to(0.6)
AUGER_RUN = run_config("paper", sources__names=("Cen A",), observatory__exposure="auger", energy__resolution=0.08)


@pytest.fixture(scope="module")
def density():
    return exposed(blob(-30, width=12, n_bins=3, nside=8), ObservatoryConfig(exposure="auger"))


@pytest.fixture(scope="module")
def belt(density):
    return LikelihoodBelt(density, N_EVENTS, ETAS, 1500, seed=1)


def mock_skies(density, eta, n_maps, n_events=N_EVENTS, seed=5):
    """Skies from streams that the belt does not use."""
    return next(skies_with_fraction(EventSampler(density), n_events, eta, n_maps, seed, "mock"))


def within(share, expected, n, sigmas=4.0):
    """Whether a counted share agrees, the belt's own 1500 skies for each fraction counted too."""
    return abs(share - expected) < sigmas * np.sqrt(expected * (1 - expected) * (1 / n + 1 / 1500))


def test_maximum_is_that_of_a_plain_search(density):
    events, ratio = mock_skies(density, 0.2, 12), MaximumLikelihoodRatio(density)
    best, scores = ratio.fit(events)
    odds = (density.source / np.where(density.isotropic > 0, density.isotropic, 1)).ravel()
    for i in range(len(events)):
        r = odds[events.ipix[i].astype(int) * density.n_bins + events.bin[i]]

        def minus(eta, r=r):
            return -np.log(1 + eta * (r - 1)).sum()

        oracle = minimize_scalar(minus, bounds=(0, 1), method="bounded", options={"xatol": 1e-9})
        assert best[i] == pytest.approx(oracle.x, abs=1e-4)
        assert scores[i] == pytest.approx(-oracle.fun, abs=1e-6)


def test_ratios_are_those_of_the_likelihood_ratio(density):
    events, ratio = mock_skies(density, 0.1, 5), MaximumLikelihoodRatio(density)
    for eta, row in zip((0.05, 0.5), ratio.log_ratios(events, [0.05, 0.5]), strict=True):
        assert_allclose(row, LikelihoodRatio(density, eta).scores(events), atol=1e-6)
    assert_allclose(ratio.log_ratios(events, [0.0]), 0)


def test_skies_have_binomial_numbers(density):
    (events,) = skies_with_fraction(EventSampler(density), 40, 0.15, 5000, 3, "mock")
    found = np.bincount(events.n_source, minlength=41)[:15] / 5000
    assert_allclose(found, binom.pmf(np.arange(15), 40, 0.15), atol=4 * np.sqrt(0.17 * 0.83 / 5000))


@pytest.mark.parametrize("eta", [0.0, 0.01, 0.03, 0.1, 0.2])
def test_stated_coverage(density, belt, eta):
    n = 1500
    found = intervals(belt, mock_skies(density, eta, n))
    covered = np.mean([sky.low <= eta <= sky.high for sky in found])
    limited = np.mean([sky.upper >= eta for sky in found])
    assert within(covered, 0.68, n)
    assert within(limited, 0.95, n) if eta > 0 else limited == 1
    assert all(sky.low <= sky.high <= 1 for sky in found)


@pytest.mark.parametrize("eta", [0.0, 0.05, 0.2])
def test_no_bias(density, eta):
    n = 4000
    events, ratio = mock_skies(density, eta, n), MaximumLikelihoodRatio(density)
    unbiased, best = ratio.unbiased(events), ratio.fit(events)[0]
    assert abs(unbiased.mean() - eta) < 4 * unbiased.std() / np.sqrt(n)
    assert abs(np.median(best) - eta) < 5 * best.std() / np.sqrt(n)  # the mean of what cannot be negative is another thing
    assert unbiased.std() < 1.25 * best.std() or eta == 0


class Overdensity:
    """Events where the source is three times as dense as isotropy: a statistic that is not the likelihood."""

    name = "overdensity"

    def __init__(self, density):
        self._near = density.source.sum(axis=1) / np.where(density.isotropic.any(axis=1), density.isotropic.sum(axis=1), 1) > 3

    def scores(self, events):
        return self._near[events.ipix].sum(axis=1) + 0.001 * events.bin.mean(axis=1)


@pytest.mark.parametrize("eta", [0.0, 0.05, 0.15])
def test_coverage_of_any_score(density, eta):
    n, statistic = 1500, Overdensity(density)
    belt = ScoreBelt(statistic, density, N_EVENTS, ETAS, 1500, seed=1)
    found = intervals(belt, mock_skies(density, eta, n))
    covered = np.mean([sky.low <= eta <= sky.high for sky in found])
    assert covered > 0.68 - 4 * np.sqrt(0.68 * 0.32 * 2 / n)
    assert covered < 0.8  # scores are nearly whole numbers: some overcoverage belongs to counts
    assert np.mean([sky.upper >= eta for sky in found]) > 0.95 - 4 * np.sqrt(0.05 * 0.95 * 2 / n)
    assert abs(np.median([sky.best for sky in found]) - eta) < 0.03


def test_p_values_of_isotropic_skies_are_uniform(density):
    statistic = MaximumLikelihoodRatio(density)
    null = np.sort(statistic.scores(mock_skies(density, 0.0, 4000, seed=8)))
    measured = statistic.scores(mock_skies(density, 0.0, 1500, seed=9))
    p = share_at_least(null, measured)
    positive = measured > 0  # half of the skies have the score 0 and the p-value 1
    assert positive.mean() == pytest.approx((null > 0).mean(), abs=0.05)
    assert kstest(p[positive] / (null > 0).mean(), "uniform").pvalue > 0.001


def test_limit_falls_with_more_events_and_grid_holds_the_sky(density):
    limits = []
    for n_events in (30, 120):
        events = mock_skies(density, 0.0, 60, n_events)

        def belt_at(etas, n_maps, n_events=n_events):
            return LikelihoodBelt(density, n_events, etas, n_maps, 1)

        grid = fraction_grid(belt_at, events)
        found = intervals(belt_at(grid, 400), events)
        limits.append(np.median([sky.upper for sky in found]))
        assert max(sky.upper for sky in found) < grid[-1]
    assert limits[1] < 0.7 * limits[0]


def test_edges_are_interpolated():
    etas, p = np.array([0.0, 0.1, 0.2, 0.3]), np.array([0.1, 0.5, 0.5, 0.3])
    assert accepted(etas, p, 0.4, 0.15) == (pytest.approx(0.075), pytest.approx(0.25))
    assert accepted(etas, p, 0.05, 0.15) == (0.0, 0.3)
    assert accepted(etas, p, 0.9, 0.15) == (0.15, 0.15)


@pytest.mark.slow
@pytest.mark.parametrize("eta", [0.0, 0.02, 0.05, 0.1, 0.2])
def test_coverage_of_a_run(eta, tmp_path, monkeypatch):
    """Cen A in the default field as Auger sees it, as many events as in the list of 2022: the numbers of docs/events.md."""
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path))
    (density,) = sky_densities(AUGER_RUN)
    n_events, n = 438, 4000
    belt = LikelihoodBelt(density, n_events, grid_to(0.32), 4000, seed=1)
    events = mock_skies(density, eta, n, n_events)
    found = intervals(belt, events)
    unbiased = MaximumLikelihoodRatio(density).unbiased(events)
    covered, limited = np.mean([s.low <= eta <= s.high for s in found]), np.mean([s.upper >= eta for s in found])
    print(f"eta {eta}: 68 % {covered:.4f}, 95 % {limited:.4f}, mean {unbiased.mean():.5f} +- {unbiased.std() / np.sqrt(n):.5f}")
    assert abs(covered - 0.68) < 4 * np.sqrt(0.68 * 0.32 * 2 / n)
    assert limited == 1 if eta == 0 else abs(limited - 0.95) < 4 * np.sqrt(0.95 * 0.05 * 2 / n)
    assert abs(unbiased.mean() - eta) < 4 * unbiased.std() / np.sqrt(n)


@pytest.mark.slow
def test_p_values_of_a_run_are_uniform(tmp_path, monkeypatch):
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path))
    (density,) = sky_densities(AUGER_RUN)
    statistic = MaximumLikelihoodRatio(density)
    null = np.sort(statistic.scores(mock_skies(density, 0.0, 4000, 438, seed=8)))
    p = share_at_least(null, statistic.scores(mock_skies(density, 0.0, 4000, 438, seed=9)))
    share = (null > 0).mean()
    print(f"{share:.3f} of the isotropic skies have a score above 0; KS {kstest(p[p < 1], 'uniform', args=(0, share)).pvalue:.3f}")
    assert kstest(p[p < 1], "uniform", args=(0, share)).pvalue > 0.001
    assert abs((p < 1).mean() - share) < 4 * np.sqrt(0.5 / 4000)


@pytest.mark.slow
@pytest.mark.parametrize("eta", [0.0, 0.1])
def test_a_wrong_energy_scale_moves_the_fraction_little(eta, tmp_path, monkeypatch, rng):
    """Events drawn down to 40 EeV, all energies multiplied, cut at 56 EeV again: the numbers of docs/events.md."""
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path))
    (density,) = sky_densities(AUGER_RUN)
    (wider,) = sky_densities(with_values(AUGER_RUN, {"energy.threshold": 40.0, "energy.n_bins": 18}))
    events, edges, ratio = mock_skies(wider, eta, 200, 1500), density.bin_edges, MaximumLikelihoodRatio(density)
    energy = event_energies(events, wider, rng)
    truth = events.is_source[energy >= edges[0]].mean()
    for factor in (0.86, 1.0, 1.14):
        found = []
        for i, scaled in enumerate(energy * factor):
            kept = (scaled >= edges[0]) & (scaled < edges[-1])
            energy_bin = np.searchsorted(edges, scaled[kept], side="right")[None] - 1
            sky = replace(events.select(slice(i, i + 1)), ipix=events.ipix[i][kept][None], bin=energy_bin, n_bins=density.n_bins)
            found.append(ratio.unbiased(sky)[0])
        print(f"eta {truth:.4f}, energies x {factor}: {np.mean(found):.4f} +- {np.std(found) / np.sqrt(200):.4f}, one sky {np.std(found):.4f}")
        assert abs(np.mean(found) - truth) < 4 * np.std(found) / np.sqrt(200) + (0 if factor == 1 else 0.15 * truth + 0.005)
