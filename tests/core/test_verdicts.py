"""Verdicts that can be trusted: alpha on further skies, the ROC far below it, one set of skies for all, nothing above the limit."""

import csv
import itertools
import json
from dataclasses import replace

import h5py
import numpy as np
import pytest
from scipy.stats import binom

from zevatron.core.config import RunConfig, with_values
from zevatron.core.errors import InputError
from zevatron.core.mock_events import EventSampler, random_stream
from zevatron.core.sky_density import SkyDensity, sky_densities
from zevatron.core.sky_density.reduced import in_larger_pixels, without_energies, without_positions
from zevatron.core.sky_density.smoothing import smoothed_density
from zevatron.core.statistics import FixedNumberRatio, LikelihoodRatio, likelihood_verdict, threshold_at, verdict
from zevatron.core.study import beside_limits, eta_latex, write_eta_tables


def config(**test):
    return with_values(RunConfig(), {f"test.{key}": value for key, value in {"maps": 10_000, "check_maps": 0, **test}.items()})


class Statistic:
    """A function of the events under a name."""

    thread_safe = True

    def __init__(self, name, scores):
        self.name, self.scores = name, scores


def blob(nside=4, n_bins=2):
    """A source that fades over the pixels of a base face, harder than isotropic events."""
    npix = 12 * nside**2
    place = np.exp(-np.arange(npix) / 5.0)[:, None] * np.linspace(1, 2, n_bins)
    falling = np.broadcast_to(np.linspace(2, 1, n_bins), place.shape)
    return SkyDensity("blob", nside, 56 * 10 ** (0.1 * np.arange(n_bins + 1)), place / place.sum(), falling / falling.sum())


@pytest.fixture(scope="module")
def centaurus(tmp_path_factory):
    """Cen A in the shipped lens, all rays."""
    return sky_densities(RunConfig(), cache=tmp_path_factory.mktemp("cache"))[0]


# ---- alpha and the ROC on further skies


def bright_pixel():
    source = np.zeros((12, 1))
    source[0] = 1
    return SkyDensity("pixel", 1, np.array([56.0, 316.0]), source, np.full((12, 1), 1 / 12))


def count_in_pixel():
    return Statistic("count", lambda events: (events.ipix == 0).sum(axis=1).astype(float))


def test_alpha_and_every_point_of_the_roc_are_the_binomial_ones_on_skies_of_their_own():
    """The count in one pixel: its false-positive rate at a threshold c is the binomial tail above c, far below alpha too."""
    n_events, n_maps = 60, 200_000
    found = verdict(config(check_maps=n_maps), bright_pixel(), n_events, count_in_pixel())
    null = binom(n_events, 1 / 12)
    exact = null.sf(found.threshold)
    assert found.alpha_checked == pytest.approx(exact, abs=5 * np.sqrt(exact / n_maps))
    assert found.alpha_checked_error == pytest.approx(np.sqrt(found.alpha_checked / n_maps))
    assert found.alpha_checked != found.alpha and found.check_maps == n_maps
    tails = null.sf(np.arange(n_events))
    inner = slice(1, -1)
    rates, errors = found.roc_false_positive[inner], found.roc_false_positive_error[inner]
    drawn = rates > 0
    assert rates[drawn].min() < 1e-4
    nearest = tails[np.argmin(np.abs(np.log(tails[None]) - np.log(rates[drawn][:, None])), axis=1)]
    np.testing.assert_array_less(np.abs(rates[drawn] - nearest), 5 * np.sqrt(nearest / n_maps) + 1e-12)
    np.testing.assert_allclose(errors, np.sqrt(rates / n_maps))


def test_a_threshold_that_was_fitted_to_the_test_skies_is_found_out():
    """A score that is a hash of the sky: few test skies place the threshold with a spread that the check sees."""
    density = blob()
    scores = Statistic("hash", lambda events: np.sin(1e5 * (events.ipix * np.arange(1, events.n_events + 1)).sum(axis=1)))
    spread = [
        verdict(with_values(config(maps=1000, bootstrap=0, check_maps=50_000), {"seed": seed}), density, 20, scores)
        for seed in range(1, 9)
    ]
    assert all(0.009 <= v.alpha <= 0.01 for v in spread)
    checked = np.array([v.alpha_checked for v in spread])
    assert np.std(checked) > 4 * np.mean([v.alpha_checked_error for v in spread])  # binomial: 0.003 against 0.0004
    assert np.mean(checked) == pytest.approx(0.0105, abs=0.004)


@pytest.mark.slow
def test_the_limit_has_a_roc_down_to_one_in_ten_thousand(centaurus):
    found = likelihood_verdict(config(maps=20_000, check_maps=1_000_000, bootstrap=0), centaurus, 300)
    rates = found.roc_false_positive
    point = np.argmin(np.abs(rates - 1e-4))
    assert rates[point] == pytest.approx(1e-4, rel=0.1) and found.roc_false_positive_error[point] == pytest.approx(1e-5, rel=0.1)
    assert 0.3 < found.roc_true_positive[point] < 0.5 < np.interp(1e-3, rates, found.roc_true_positive) < 0.9
    assert abs(found.alpha_checked - 0.01) < 5 * np.hypot(1e-4, np.sqrt(0.01 / 20_000))


def test_without_check_skies_the_curve_is_that_of_the_test_skies():
    found = verdict(config(), blob(), 30, LikelihoodRatio(blob(), 0.1))
    assert (found.alpha_checked, found.alpha_checked_error, found.check_maps) == (None, None, 0)
    np.testing.assert_allclose(found.roc_false_positive * 10_000, np.round(found.roc_false_positive * 10_000), atol=1e-6)


# ---- the same skies for every method


def recorder(name, thread_safe):
    seen = {}

    def scores(events):
        kind = "null" if events.n_source.max() == 0 else f"{events.n_source[0]} source events"
        seen.setdefault(kind, set()).update(a.tobytes() + b.tobytes() for a, b in zip(events.ipix, events.bin, strict=True))
        return events.is_source.sum(axis=1) + 0.4 * np.sin(events.ipix.sum(axis=1))

    statistic = Statistic(name, scores)
    statistic.thread_safe = thread_safe
    return statistic, seen


def test_every_method_is_judged_on_the_same_skies():
    density, run = blob(), config(maps=3000, check_maps=2000)
    (one, seen), (other, seen_by_other) = recorder("fast", True), recorder("slow", False)
    first, second = verdict(run, density, 40, one), verdict(run, density, 40, other)
    assert seen == seen_by_other and len(seen["null"]) > 1
    assert first.skies == second.skies == likelihood_verdict(run, density, 40).skies
    assert first.eta_min == second.eta_min
    for changed in (with_values(run, {"seed": 2}), with_values(run, {"test.maps": 4000})):
        assert verdict(changed, density, 40, one).skies != first.skies
    assert verdict(run, replace(density, source=density.source[::-1]), 40, one).skies != first.skies


# ---- nothing beats the limit


def rivals(density, eta):
    bright = np.argsort(density.source.sum(axis=1))[::-1]
    disc = np.zeros(density.npix)
    disc[bright[: max(density.npix // 100, 4)]] = 1
    energy = np.log((density.source_spectrum + 1e-9) / density.isotropic_spectrum)
    places = LikelihoodRatio(in_larger_pixels(without_energies(density), density.nside), eta)

    def positions_alone(events):
        return places.scores(replace(events, bin=np.zeros_like(events.bin), n_bins=1))

    return [
        LikelihoodRatio(density, min(3 * eta, 1.0)), LikelihoodRatio(density, eta / 3),
        LikelihoodRatio(smoothed_density(density, 3.0), eta),
        Statistic("disc", lambda events: disc[events.ipix].sum(axis=1)),
        Statistic("energies", lambda events: energy[events.bin].sum(axis=1)),
        Statistic("places", positions_alone),
    ]


@pytest.mark.parametrize("n_events", [50, 150])
def test_on_events_of_its_own_density_the_likelihood_ratio_is_never_beaten_by_more_than_its_error(centaurus, n_events):
    """Skies have a fixed number of source events: the ratio for just that number is what nothing beats.

    The one for a binomial number, which is the limit everywhere, comes close, the closer the more source events there are.
    """
    run = config(maps=5000, bootstrap=60)
    exact = verdict(run, centaurus, n_events, lambda eta: FixedNumberRatio(centaurus, eta, n_events))
    limit = likelihood_verdict(run, centaurus, n_events)
    assert exact.eta_low < limit.eta_min < exact.eta_min * {50: 1.09, 150: 1.04}[n_events]
    for rival in rivals(centaurus, exact.eta_min):
        found = verdict(with_values(run, {"test.bootstrap": 0}), centaurus, n_events, rival)
        assert found.skies == exact.skies == limit.skies
        assert found.eta_min is None or found.eta_min > exact.eta_low, rival.name


def test_ratio_for_a_fixed_number_is_the_mean_over_all_choices_of_events(rng):
    density = blob()
    events = EventSampler(density).draw(7, np.array([0, 1, 2, 3, 7]), rng)
    ratio = density.source[events.ipix, events.bin] / density.isotropic[events.ipix, events.bin]
    means = [np.array([np.mean([row[list(c)].prod() for c in itertools.combinations(range(7), k)]) for row in ratio]) for k in range(8)]
    for eta, low, weight in ((2 / 7, 2, 0.0), (2.25 / 7, 2, 0.25), (0.5 / 7, 0, 0.5), (1.0, 7, 0.0)):
        mixed = (1 - weight) * means[low] + (weight * means[low + 1] if weight else 0)
        np.testing.assert_allclose(FixedNumberRatio(density, eta, 7).scores(events), np.log(mixed), atol=1e-8)


def test_ratio_for_a_fixed_number_stays_finite_for_any_number(rng):
    density = blob()
    for n_source in (1, 150, 299, 300):
        scores = FixedNumberRatio(density, n_source / 300, 300).scores(EventSampler(density).draw(300, np.array([0, n_source]), rng))
        assert np.all(np.isfinite(scores)) and scores[1] > scores[0]
    with pytest.raises(InputError, match="300 in a sky"):
        FixedNumberRatio(density, 0.1, 300).scores(EventSampler(density).draw(299, np.array([0]), rng))
    with pytest.raises(InputError, match="above 0"):
        FixedNumberRatio(density, 0.0, 300)


def test_lemma_of_neyman_and_pearson_at_several_errors(centaurus):
    """Each event is from the source with probability eta: then the lemma holds exactly, whatever alpha."""
    n_events, eta, n_maps = 100, 0.025, 20_000
    sampler = EventSampler(centaurus)
    null = sampler.draw(n_events, np.zeros(n_maps, int), random_stream(5, "null"))
    rng = random_stream(5, "signal")
    signal = sampler.draw(n_events, rng.binomial(n_events, eta, n_maps), rng)

    def power(statistic, alpha):
        return np.mean(statistic.scores(signal) > threshold_at(statistic.scores(null), alpha))

    best, others = LikelihoodRatio(centaurus, eta), rivals(centaurus, eta)
    for alpha in (0.1, 0.01, 0.001):
        limit = power(best, alpha)
        error = np.sqrt(limit * (1 - limit) / n_maps + 0.25 * alpha / n_maps)
        for rival in others:
            assert power(rival, alpha) < limit + 3 * error, (rival.name, alpha)


# ---- the ratio to the limit


def test_every_method_stands_beside_the_limit_on_its_skies(monkeypatch):
    density = blob()
    monkeypatch.setattr("zevatron.core.sky_density.sky_densities", lambda config, half, progress: (density,))
    run = with_values(config(maps=5000), {"events.n_events": (40, 80)})
    best = np.argsort(density.source.sum(axis=1))[-6:]
    disc = Statistic("disc", lambda events: np.isin(events.ipix, best).sum(axis=1))
    found = beside_limits(run, lambda template, n_events, progress: disc)
    for one in found:
        limit = likelihood_verdict(run, density, one.n_events)
        assert one.eta_limit == limit.eta_min and limit.ratio_to_limit == 1
        assert one.ratio_to_limit == pytest.approx(one.eta_min / limit.eta_min) and one.ratio_to_limit > 1
        entry = json.loads(json.dumps(one.as_dict(), allow_nan=False))
        assert entry["ratio_to_limit"] == one.ratio_to_limit and entry["skies"] == limit.skies


def test_the_ratio_is_in_every_table(tmp_path):
    density, run = blob(), config(maps=3000, check_maps=3000)
    limit = likelihood_verdict(run, density, 40)
    slow = replace(verdict(run, density, 40, LikelihoodRatio(density, 0.9)), statistic="bcnn", eta_limit=limit.eta_min)
    rows = [limit.as_dict(), slow.as_dict()]
    write_eta_tables(tmp_path, run, rows)
    with open(tmp_path / "eta_table.csv") as stream:
        table = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    assert [float(row["ratio_to_limit"]) for row in table] == [1.0, slow.ratio_to_limit]
    assert [float(row["alpha_checked"]) for row in table] == [limit.alpha_checked, slow.alpha_checked]
    with h5py.File(tmp_path / "eta_table.h5") as file:
        np.testing.assert_array_equal(file["ratio_to_limit"][()], [1.0, slow.ratio_to_limit])
    assert f"{100 * slow.eta_min:.2f} [{slow.ratio_to_limit:.2f}]" in eta_latex(rows)


# ---- what is forgotten


def test_forgetting_keeps_probabilities_and_what_is_still_known():
    density = blob(nside=8, n_bins=3)
    one = without_energies(density)
    assert one.n_bins == 1 and one.bin_edges.tolist() == density.bin_edges[[0, -1]].tolist()
    np.testing.assert_allclose(one.source[:, 0], density.source.sum(axis=1))
    faces = in_larger_pixels(density, 1)
    np.testing.assert_allclose(faces.source.sum(axis=0), density.source_spectrum)
    np.testing.assert_allclose(faces.source[0], density.source[:64].sum(axis=0))
    blind = without_positions(density)
    assert np.ptp(blind.source, axis=0).max() == 0
    np.testing.assert_allclose(blind.source_spectrum, density.source_spectrum)
    np.testing.assert_allclose(blind.isotropic_spectrum, density.isotropic_spectrum)


def test_knowing_less_never_helps(centaurus):
    run = config(maps=5000, bootstrap=0)
    eta = {
        name: likelihood_verdict(run, known, 300).eta_min
        for name, known in (
            ("all", centaurus), ("one bin", without_energies(centaurus)), ("nside 8", in_larger_pixels(centaurus, 8)),
            ("faces", in_larger_pixels(centaurus, 1)), ("energies", without_positions(centaurus)),
        )
    }
    assert eta["all"] < 1.01 * eta["one bin"] and eta["all"] < eta["nside 8"] < eta["faces"] < eta["energies"]
