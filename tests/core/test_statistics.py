"""Statistics and verdicts: exact enumeration, laws of the likelihood ratio, and other statistics on the same skies."""

import itertools
import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, multinomial

from zevatron.core.config import RunConfig, with_values
from zevatron.core.errors import CancelledError, InputError
from zevatron.core.mock_events import draw_events
from zevatron.core.progress import Progress
from zevatron.core.sky_density import SkyDensity
from zevatron.core.statistics import (
    LikelihoodRatio,
    area_under_curve,
    likelihood_verdict,
    roc_curve,
    threshold_at,
    verdict,
)
from zevatron.core.statistics.roc import histogram
from zevatron.core.statistics.search import bracket, crossing
from zevatron.core.statistics.trials import Measurement, Trials


def config(**test):
    return with_values(RunConfig(), {f"test.{key}": value for key, value in {"maps": 10_000, **test}.items()})


def sky(source, isotropic, nside, name="toy"):
    n_bins = source.shape[1]
    edges = 56 * 10 ** (0.1 * np.arange(n_bins + 1))
    return SkyDensity(name, nside, edges, source / source.sum(), isotropic / isotropic.sum())


def one_hot_pixel():
    source = np.zeros((12, 1))
    source[0] = 1
    return sky(source, np.ones((12, 1)), 1, "one pixel")


def spread_source(nside=4, n_bins=3):
    rng = np.random.default_rng(11)
    npix = 12 * nside**2
    place = np.exp(-0.5 * (np.arange(npix) / 4.0) ** 2) * rng.uniform(0.5, 1, npix)
    source = place[:, None] * np.array([0.4, 0.35, 0.25])[:n_bins]
    return sky(source, np.tile(np.array([0.6, 0.3, 0.1])[:n_bins], (npix, 1)), nside, "spread")


class Statistic:
    """Makes a statistic of a function of the events."""

    def __init__(self, name, function):
        self.name, self.scores = name, function


def random_statistic():
    rng = np.random.default_rng(5)
    return Statistic("random", lambda events: rng.random(len(events)))


# ---- the likelihood ratio


def test_ratio_is_the_sum_of_its_formula(rng):
    density = spread_source()
    events = draw_events(density, 20, rng.integers(0, 21, 30), rng)
    odds = density.source[events.ipix, events.bin] / density.isotropic[events.ipix, events.bin]
    for eta in (0.01, 0.3, 0.99):
        np.testing.assert_allclose(
            LikelihoodRatio(density, eta).scores(events), np.log(1 - eta + eta * odds).sum(axis=1), atol=20 * 2.0**-32
        )


def test_order_of_events_does_not_matter_to_the_last_bit(rng):
    density = spread_source()
    events = draw_events(density, 300, rng.integers(0, 30, 200), rng)
    ratio = LikelihoodRatio(density, 0.02)
    np.testing.assert_array_equal(ratio.scores(events), ratio.scores(events.shuffled(rng)))


def test_pixels_share_the_score_among_them(rng):
    density = sky(rng.random((48, 3)), rng.random((48, 3)), 2)
    events = draw_events(density, 200, [40, 0], rng)
    ratio = LikelihoodRatio(density, 0.2)
    for index, score in enumerate(ratio.scores(events)):
        parts = ratio.pixel_scores(events, index)
        assert parts.shape == (48,) and parts.sum() == pytest.approx(score)
        mine = events.bin[index][events.ipix[index] == 7]
        odds = density.source[7, mine] / density.isotropic[7, mine]
        assert parts[7] == pytest.approx(np.log(0.8 + 0.2 * odds).sum(), abs=1e-6)


def test_expectation_of_the_ratio_is_one_under_isotropy(rng):
    density = spread_source()
    events = draw_events(density, 10, np.zeros(200_000, int), rng)
    ratio = np.exp(LikelihoodRatio(density, 0.05).scores(events))
    assert ratio.mean() == pytest.approx(1, abs=5 * ratio.std() / np.sqrt(len(ratio)))


def test_ratio_stays_finite_where_one_hypothesis_is_impossible(rng):
    source, isotropic = np.zeros((12, 1)), np.ones((12, 1))
    source[:2], isotropic[1] = 0.5, 0
    density = sky(source, isotropic, 1)
    scores = LikelihoodRatio(density, 1.0).scores(draw_events(density, 3, [0, 1, 3], rng))
    assert np.all(np.isfinite(scores)) and scores[0] < scores[2]


def test_ratio_refuses_what_does_not_fit(rng):
    density = spread_source()
    with pytest.raises(InputError, match="expected a fraction above 0"):
        LikelihoodRatio(density, 0.0)
    with pytest.raises(InputError, match="expected events of nside 4 in 3 bins, received nside 1 in 1 bins"):
        LikelihoodRatio(density, 0.1).scores(draw_events(one_hot_pixel(), 3, [0], rng))


# ---- thresholds, curves, areas


@settings(deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=200), st.floats(1e-4, 0.5))
def test_threshold_never_exceeds_alpha_and_is_the_lowest_that_does_not(scores, alpha):
    scores = np.array(scores, dtype=float)
    threshold = threshold_at(scores, alpha)
    assert np.mean(scores > threshold) <= alpha
    lower = scores[scores < threshold]
    if len(lower):
        assert np.mean(scores > lower.max()) > alpha


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_area_counts_half_of_the_ties(null, signal):
    null, signal = np.array(null, float), np.array(signal, float)
    pairs = (signal[:, None] > null).mean() + 0.5 * (signal[:, None] == null).mean()
    assert area_under_curve(null, signal) == pytest.approx(pairs)


def test_weights_are_repetitions(rng):
    null, signal = rng.integers(0, 9, 500).astype(float), rng.integers(2, 12, 300).astype(float)
    weights = rng.integers(0, 4, 300)
    repeated = np.repeat(signal, weights)
    assert area_under_curve(null, signal, weights) == pytest.approx(area_under_curve(null, repeated))
    np.testing.assert_allclose(roc_curve(null, signal, weights), roc_curve(null, repeated), atol=1e-12)
    np.testing.assert_allclose(histogram(null, signal, weights)[2], histogram(null, repeated)[2], atol=1e-12)


def test_curve_is_monotone_and_has_the_area(rng):
    null, signal = rng.normal(0, 1, 20_000), rng.normal(1.5, 1, 20_000)
    false_positive, true_positive = roc_curve(null, signal)
    assert (false_positive[0], true_positive[0], false_positive[-1], true_positive[-1]) == (0, 0, 1, 1)
    assert np.all(np.diff(false_positive) >= 0) and np.all(np.diff(true_positive) >= 0) and len(false_positive) <= 402
    assert np.trapezoid(true_positive, false_positive) == pytest.approx(area_under_curve(null, signal), abs=2e-3)
    edges, null_density, signal_density = histogram(null, signal)
    assert np.sum(null_density * np.diff(edges)) == pytest.approx(1) == np.sum(signal_density * np.diff(edges))


# ---- the search


@settings(deadline=None)
@given(n_events=st.integers(1, 2000), answer=st.integers(1, 2200), start=st.floats(0, 2000), steep=st.floats(0.3, 20))
def test_bracket_finds_the_neighbours_with_few_questions(n_events, answer, start, steep):
    asked = []

    def missed(count):
        asked.append(count)
        return 0.05 * (0.999 if count == answer else 1) * np.exp(-(count - answer) / steep) if count > answer - 30 * steep else 0.99

    low, high = bracket(lambda k: min(missed(k), 0.99), n_events, start, 0.01, 0.05)
    if answer > n_events:
        assert high is None and low[0] == n_events
    else:
        assert (low[0], high[0]) == (answer - 1, answer) and (high[1] <= 0.05 < low[1])
    assert len(asked) == len(set(asked)) <= 26


def exact_crossing(n_events, p, alpha, beta):
    """Smallest fraction for a count of events in a cell of probability ``p``: binomial tails, no random numbers."""
    null = binom(n_events, p)
    threshold = next(c for c in range(n_events) if null.sf(c) <= alpha)
    assert null.sf(threshold) < 0.8 * alpha and null.sf(threshold - 1) > 1.2 * alpha  # measured ones cannot differ
    missed = [binom(n_events - k, p).cdf(threshold - k) if k <= threshold else 0.0 for k in range(n_events + 1)]
    high = next(k for k in range(n_events + 1) if missed[k] <= beta)
    return (high - (beta - missed[high]) / (missed[high - 1] - missed[high])) / n_events, missed


def test_smallest_fraction_of_one_bright_pixel_is_the_binomial_one():
    density, n_events = one_hot_pixel(), 40
    run = config(maps=40_000)
    exact, missed = exact_crossing(n_events, 1 / 12, 0.01, 0.05)
    for statistic in (lambda eta: LikelihoodRatio(density, eta), Statistic("count", lambda e: np.sum(e.ipix == 0, axis=1))):
        found = verdict(run, density, n_events, statistic)
        assert found.eta_min == pytest.approx(exact, rel=0.01)
        assert found.alpha == pytest.approx(binom(n_events, 1 / 12).sf(8), abs=5 * np.sqrt(0.005 / 40_000))
        for eta, beta in zip(found.eta_grid, found.beta_grid, strict=True):
            count = eta * n_events
            exact_beta = np.interp(count, np.arange(n_events + 1), missed)
            assert beta == pytest.approx(exact_beta, abs=5 * np.sqrt(max(exact_beta * (1 - exact_beta), 1e-4) / 3334))


def enumerated_scores(density, eta, n_source, n_events):
    """All values of the likelihood ratio with their probabilities, cell by cell."""
    source, isotropic = density.source.ravel(), density.isotropic.ravel()
    values = np.log(1 - eta + eta * source / isotropic)

    def sums(n, probability):
        vectors = [v for v in itertools.product(range(n + 1), repeat=len(values) - 1) if sum(v) <= n]
        counts = np.array([(*v, n - sum(v)) for v in vectors])
        return counts @ values, multinomial(n, probability).pmf(counts)

    scores, weights = sums(n_events - n_source, isotropic)
    if n_source:
        more, more_weights = sums(n_source, source)
        scores = np.round(np.add.outer(scores, more), 9).ravel()
        weights = np.multiply.outer(weights, more_weights).ravel()
    return np.round(scores, 9), weights


def test_errors_and_area_agree_with_enumeration_of_all_skies():
    weights = np.array([0.5, 0.3, 0.15, 0.05])
    density = sky(np.repeat(weights, 3)[:, None], np.ones((12, 1)), 1)
    merged = sky(np.pad(weights, (0, 8))[:, None], np.pad([1.0] * 4, (0, 8))[:, None], 1)  # the same in four cells
    four = type("Four", (), {"source": merged.source[:4], "isotropic": merged.isotropic[:4]})
    n_events, n_source, eta, n_maps = 10, 6, 0.5, 100_000
    null_scores, null_weights = enumerated_scores(four, eta, 0, n_events)
    signal_scores, signal_weights = enumerated_scores(four, eta, n_source, n_events)
    measurement = Measurement(Trials(density, n_events, n_maps, seed=1), LikelihoodRatio(density, eta), 0.02)
    null, signal = measurement.null(), measurement.signal(n_source)
    for score in np.quantile(null, [0.1, 0.5, 0.9, 0.99]) + 1e-6:  # just above: never between equal scores
        for drawn, exact, weight in ((null, null_scores, null_weights), (signal, signal_scores, signal_weights)):
            share = weight[exact > score].sum()
            assert np.mean(drawn > score) == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / n_maps))
    order = np.argsort(null_scores)
    cumulative = np.concatenate([[0], np.cumsum(null_weights[order])])
    left, right = (cumulative[np.searchsorted(null_scores[order], signal_scores, side)] for side in ("left", "right"))
    area = np.sum(signal_weights * (left + right) / 2)
    assert area_under_curve(np.round(null, 9), np.round(signal, 9)) == pytest.approx(area, abs=0.005)


def test_a_random_statistic_detects_nothing_and_keeps_its_false_positive_rate():
    found = verdict(config(alpha=0.05), spread_source(), 20, random_statistic())
    assert (found.eta_min, found.eta_low, found.eta_high) == (None, None, None)
    assert found.alpha == pytest.approx(0.05) and found.beta == pytest.approx(0.95, abs=0.015)
    assert found.auc == pytest.approx(0.5, abs=0.02)
    np.testing.assert_allclose(found.roc_true_positive, found.roc_false_positive, atol=0.03)


def test_skies_without_source_events_are_isotropic():
    density = spread_source()
    measurement = Measurement(Trials(density, 50, 40_000, seed=3), LikelihoodRatio(density, 0.1), 0.05)
    assert measurement.missed(0) == pytest.approx(0.95, abs=5 * np.sqrt(2 * 0.05 * 0.95 / 40_000))


def rivals(density):
    bright = np.zeros(density.npix, bool)
    bright[np.argsort(density.source.sum(axis=1))[-8:]] = True
    energy = np.log(density.source_spectrum / density.isotropic_spectrum)
    place = np.log1p(0.1 * (density.source.sum(axis=1) * density.npix - 1))
    return [
        LikelihoodRatio(density, 0.9), LikelihoodRatio(density, 0.002),
        Statistic("disc", lambda e: bright[e.ipix].sum(axis=1)),
        Statistic("energy", lambda e: energy[e.bin].sum(axis=1)),
        Statistic("place", lambda e: place[e.ipix].sum(axis=1)),
        Statistic("pairs", lambda e: (e.counts().sum(axis=2) ** 2).sum(axis=1)),
    ]


def test_nothing_beats_the_likelihood_ratio_on_the_same_skies():
    density, run = spread_source(), config()
    best = likelihood_verdict(run, density, 60)
    trials = Trials(density, 60, run.test.maps, run.seed)
    for rival in rivals(density):
        found = verdict(run, density, 60, rival)
        assert found.eta_min is None or found.eta_min > best.eta_min * 0.995, rival.name
        eta = crossing(Measurement(trials, rival, run.test.alpha), 0.2, run.test.beta)
        assert eta == found.eta_min


def test_template_of_other_rays_detects_less():
    density = spread_source()
    coarse = density.source.copy()
    coarse[::2] = 0
    other = sky(coarse, density.isotropic, density.nside)
    run = config(maps=5000)
    own = likelihood_verdict(run, density, 60)
    crossed = verdict(run, density, 60, lambda eta: LikelihoodRatio(other, eta))
    assert crossed.eta_min > own.eta_min * 1.05


def test_a_statistic_is_never_turned_round():
    density = one_hot_pixel()
    found = verdict(config(), density, 20, Statistic("reversed", lambda e: -np.sum(e.ipix == 0, axis=1)))
    assert found.eta_min is None and found.auc < 0.5 and found.beta > 0.9


# ---- the verdict


def test_verdict_measures_what_it_says():
    run, density = config(), spread_source()
    found = likelihood_verdict(run, density, 60)
    assert found.beta == pytest.approx(0.05, abs=1e-9) and found.beta <= 0.05
    assert 0 < found.alpha <= 0.01
    assert found.eta_low < found.eta_min < found.eta_high
    assert np.all(np.diff(found.eta_grid) > 0) and np.all(np.diff(found.beta_grid) < 0.01)
    assert found.beta_grid[found.eta_grid == found.eta_min] == found.beta
    at_eta = np.sqrt(found.beta * (1 - found.beta) / run.test.maps)
    np.testing.assert_allclose(found.beta_error[found.eta_grid == found.eta_min], at_eta)
    others = (found.beta_error > 0) & (found.eta_grid != found.eta_min)
    n_maps = (found.beta_grid * (1 - found.beta_grid))[others] / found.beta_error[others] ** 2
    assert np.all((n_maps > 4999) & (n_maps < run.test.maps + 1))
    power = np.interp(found.alpha, found.roc_false_positive, found.roc_true_positive)
    assert power == pytest.approx(0.95, abs=0.01)
    assert likelihood_verdict(run, density, 60).eta_min == found.eta_min


def test_dictionary_is_plain_json():
    found = likelihood_verdict(config(maps=5000, bootstrap=20), spread_source(), 30)
    entry = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert {"source", "n_events", "statistic", "eta_min", "eta_low", "eta_high", "alpha", "beta", "alpha_requested",
            "beta_requested", "auc", "threshold"} <= set(entry)
    assert entry["source"] == "spread" and entry["statistic"] == "likelihood_ratio" and entry["n_events"] == 30
    assert len(entry["null_histogram"][0]) == len(entry["null_histogram"][1]) + 1


def test_more_events_need_a_smaller_fraction_and_smaller_errors_a_larger_one():
    density = spread_source()
    eta = [likelihood_verdict(config(maps=5000), density, n).eta_min for n in (20, 60, 200)]
    assert eta[0] > eta[1] > eta[2]
    strict = likelihood_verdict(config(maps=5000, alpha=0.002), density, 60)
    lenient = likelihood_verdict(config(maps=5000, beta=0.3), density, 60)
    assert strict.eta_min > eta[1] > lenient.eta_min


def test_one_event_or_a_source_like_isotropy_cannot_be_detected():
    density = spread_source()
    for case, n_events in ((density, 1), (sky(density.isotropic.copy(), density.isotropic, 4), 50)):
        found = likelihood_verdict(config(maps=2000), case, n_events)
        assert found.eta_min is None and found.eta_low is None and found.beta > 0.05


def test_without_resampling_there_is_no_interval():
    found = likelihood_verdict(config(maps=2000, bootstrap=0), spread_source(), 30)
    assert found.eta_min is not None and found.eta_low is None and found.eta_high is None


def test_interval_covers_two_thirds():
    density, n_skies, alpha = spread_source(), 40, 0.05
    statistic = Statistic("ratio", LikelihoodRatio(density, 0.15).scores)
    truth = verdict(config(maps=100_000, alpha=alpha, bootstrap=0), density, 40, statistic).eta_min
    inside = 0
    for seed in range(1, n_skies + 1):
        run = with_values(config(maps=1000, alpha=alpha, bootstrap=100), {"seed": seed})
        found = verdict(run, density, 40, statistic)
        inside += found.eta_low <= truth <= found.eta_high
    assert 18 <= inside <= 36  # 27 expected, 3 sigma


def test_skies_do_not_depend_on_how_many_are_scored_at_once():
    density = spread_source()
    measurement = Measurement(Trials(density, 3000, 1000, seed=1), LikelihoodRatio(density, 0.05), 0.05)
    few = measurement.signal(10, 300).copy()
    np.testing.assert_array_equal(measurement.signal(10)[: len(few)], few)
    assert len(few) < len(measurement.signal(10)) == 1000


def test_threads_change_nothing():
    density = spread_source()
    ratio = LikelihoodRatio(density, 0.05)
    trials = Trials(density, 600, 5000, seed=1)
    slow = Measurement(trials, Statistic("same", ratio.scores), 0.05)
    np.testing.assert_array_equal(Measurement(trials, ratio, 0.05).null(), slow.null())


def test_an_expensive_statistic_is_asked_seldom():
    density, scored = spread_source(), []
    ratio = LikelihoodRatio(density, 0.03)

    def scores(events):
        scored.append(len(events))
        return ratio.scores(events)

    run = config(maps=20_000)
    verdict(run, density, 300, Statistic("network", scores))
    assert sum(scored) <= 6 * run.test.maps + run.test.check_maps


def test_work_can_be_cancelled():
    progress = Progress()
    progress.cancel()
    with pytest.raises(CancelledError):
        likelihood_verdict(config(), spread_source(), 30, progress=progress)


def test_cancelling_leaves_the_batches_that_wait_undone():
    """A statistic that is scored on all processors: whoever cancels does not wait for what was queued."""
    class Impatient(Progress):
        def show(self, stage, done, total, values):
            self.cancel()

    class Slow:
        name, thread_safe, done = "slow", True, 0

        def scores(self, events):
            time.sleep(0.02)
            Slow.done += 1
            return np.zeros(len(events))

    trials = Trials(one_hot_pixel(), 600, 300_000, 1, Impatient(), null_stream="other")
    with pytest.raises(CancelledError):
        trials.scores(Slow(), None, range(trials.batches(300_000)))
    assert trials.batches(300_000) == 300 and Slow.done < 60
