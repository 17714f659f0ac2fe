"""Blurred and turned templates: laws of the turns and of the average, what the robust ratio finds and what it costs."""

import numpy as np
import pytest
from scipy.special import logsumexp
from test_cross import blob, config

from zevatron.core.errors import InputError
from zevatron.core.mock_events import EventSampler
from zevatron.core.sky import pixel_vectors
from zevatron.core.sky_density import SkyDensity
from zevatron.core.sky_density.reduced import without_energies
from zevatron.core.sky_density.smoothing import smoothed_density
from zevatron.core.statistics import LikelihoodRatio, named_verdict
from zevatron.core.statistics.rotated import RobustRatio, Spread, TurnedRatio, random_turns, turned_ratios
from zevatron.core.statistics.verdicts import smallest_fraction, verdict

STILL = Spread(smoothing_deg=(8.0,), smallest_deg=1e-6, largest_deg=1e-6, turns=1)
FEW = Spread(smoothing_deg=(6.0, 12.0), turns=16)


def test_turns_have_angles_evenly_in_their_logarithm_about_axes_in_all_directions():
    turns, beam = random_turns(Spread(smallest_deg=2.0, largest_deg=32.0, turns=1024))
    vectors = turns.as_rotvec()
    angle = np.linalg.norm(vectors, axis=1)
    place = np.log(np.degrees(angle) / 2) / np.log(16)
    np.testing.assert_allclose(np.sort(place), (np.arange(1024) + 0.5) / 1024, atol=0.002)
    axis = vectors / angle[:, None]
    assert np.abs(axis.mean(axis=0)).max() < 0.02
    np.testing.assert_allclose(axis.T @ axis / 1024, np.eye(3) / 3, atol=0.02)
    assert np.bincount(beam).min() > 330 and abs(np.corrcoef(beam, place)[0, 1]) < 0.05
    again, _ = random_turns(Spread(smallest_deg=2.0, largest_deg=32.0, turns=1024))
    np.testing.assert_array_equal(again.as_rotvec(), vectors)


def test_a_turned_template_is_the_template_of_a_source_elsewhere():
    density = blob(0, 14.0)
    spread = Spread(smoothing_deg=(8.0,), smallest_deg=20.0, largest_deg=60.0, turns=8)
    ratios, vectors = turned_ratios(density, spread), pixel_vectors(density.nside)
    turns, _ = random_turns(spread)
    np.testing.assert_allclose(ratios.mean(axis=0), 1, rtol=1e-5)
    centre = vectors.T @ (ratios / len(vectors))
    still = vectors.T @ smoothed_density(without_energies(density), 8.0).source[:, 0]
    np.testing.assert_allclose(centre.T, turns.apply(still), atol=0.01)


def test_without_turns_it_is_the_ratio_of_the_blurred_template_without_energies(rng):
    density = blob(0)
    events = EventSampler(density).draw(40, rng.integers(0, 41, 60), rng)
    blurred = smoothed_density(without_energies(density), 8.0)
    plain = LikelihoodRatio(blurred, 0.1).scores(events.summed())
    np.testing.assert_allclose(TurnedRatio([density], 0.1, STILL).scores(events), plain, atol=0.01)


def test_averages_are_their_formulas(rng):
    densities = [blob(0), blob(300)]
    events = EventSampler(densities[1]).draw(40, rng.integers(0, 41, 60), rng)
    each = [TurnedRatio([density], 0.1, FEW).scores(events) for density in densities]
    both = TurnedRatio(densities, 0.1, FEW).scores(events)
    np.testing.assert_allclose(both, logsumexp(each, axis=0) - np.log(2), atol=1e-9)
    odds = 0.9 + 0.1 * turned_ratios(densities[0], FEW).astype(float)
    products = np.array([np.log(odds[pixels]).sum(axis=0) for pixels in events.ipix])
    np.testing.assert_allclose(each[0], logsumexp(products, axis=1) - np.log(FEW.turns), atol=1e-3)
    known = np.mean([np.exp(LikelihoodRatio(density, 0.1).scores(events)) for density in densities], axis=0)
    robust = RobustRatio(densities, 0.1, Spread(0.25, FEW.smoothing_deg, turns=16)).scores(events)
    np.testing.assert_allclose(robust, np.log(0.75 * known + 0.25 * np.exp(both)), atol=1e-9)


def test_it_is_a_likelihood_ratio(rng):
    """Its mean over isotropic skies, not logarithmic, is 1."""
    events = EventSampler(blob(0)).draw(20, np.zeros(40_000, int), rng)
    ratios = np.exp(TurnedRatio([blob(0, 25.0)], 0.1, FEW).scores(events))
    assert ratios.mean() == pytest.approx(1, abs=5 * ratios.std() / 200)


def test_order_of_the_events_does_not_matter(rng):
    events = EventSampler(blob(0)).draw(60, rng.integers(0, 61, 50), rng)
    ratio = RobustRatio([blob(0)], 0.1, FEW)
    np.testing.assert_array_equal(ratio.scores(events), ratio.scores(events.shuffled(rng)))


def test_it_sees_a_source_that_the_ratio_does_not_and_pays_little_for_it():
    """The truth lies 30 degrees beside what the template says."""
    run, vectors = config(maps=4000), pixel_vectors(8)
    known = blob(100, 10.0)
    away = blob(int(np.argmin(np.abs(vectors @ vectors[100] - np.cos(np.radians(30))))), 10.0)
    spread = Spread(smallest_deg=5.0, largest_deg=60.0)

    def found(density, statistic):
        return smallest_fraction(run, density, 100, statistic) or 1.0

    def limit(eta):
        return LikelihoodRatio(known, eta)

    def robust(eta):
        return RobustRatio([known], eta, spread)

    assert found(known, robust) < 1.15 * found(known, limit)
    assert found(away, robust) < 0.6 * found(away, limit)


def test_it_is_a_statistic_of_the_registry():
    run = config(maps=2000)
    named = named_verdict("robust_likelihood_ratio", run, blob(0), 60)
    assert named.statistic == "robust_likelihood_ratio"
    assert named.eta_min == verdict(run, blob(0), 60, lambda eta: RobustRatio([blob(0)], eta)).eta_min


def test_where_no_isotropic_event_can_be_no_ratio_is_asked_for(rng):
    """Half of the sky unseen: turned templates keep the seen part only."""
    seen = (pixel_vectors(8)[:, 2] > 0)[:, None]
    full = blob(0, 20.0)
    half = SkyDensity("half", 8, full.bin_edges, full.source * seen / (full.source * seen).sum(), full.isotropic * seen / (full.isotropic * seen).sum())
    ratios = turned_ratios(half, FEW)
    np.testing.assert_allclose((ratios * without_energies(half).isotropic).sum(axis=0), 1, rtol=1e-5)
    assert np.isfinite(TurnedRatio([half], 0.5, FEW).scores(EventSampler(half).draw(30, np.full(20, 10), rng))).all()


@pytest.mark.parametrize(("values", "words"), [
    ({"share": 1.0}, "spread.share"), ({"smoothing_deg": ()}, "spread.smoothing_deg"), ({"smoothing_deg": (0.1,)}, "0.5 to 90"),
    ({"smallest_deg": 40.0}, "ascending order"), ({"largest_deg": 200.0}, "spread.largest_deg"), ({"turns": 100}, "expected one of 1, 2, 4"),
])
def test_impossible_spreads_are_refused(values, words):
    with pytest.raises(InputError, match=words):
        Spread(**values)
