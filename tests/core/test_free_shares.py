"""Mixtures with unknown shares: how their skies are drawn, the averaged ratio against integrals and the lemma, what carries them."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.special import gamma
from test_cross import blob, config

from zevatron.core.config import RunConfig, config_from_toml, run_toml, with_values
from zevatron.core.errors import ConfigError, InputError
from zevatron.core.information import FIXED_NUMBER, information_runs
from zevatron.core.mock_events import EventSampler, random_stream
from zevatron.core.sky_density import SkyDensity, sky_densities
from zevatron.core.sky_density.build import mixture
from zevatron.core.sky_density.files import read_densities, write_densities
from zevatron.core.sky_density.reduced import in_larger_pixels, without_energies, without_positions
from zevatron.core.sky_density.smoothing import smoothed_density
from zevatron.core.statistics import LikelihoodRatio, named_verdict, threshold_at
from zevatron.core.statistics.free_shares import FreeSharesRatio, shares_and_weights
from zevatron.core.statistics.likelihood import density_ratios
from zevatron.core.statistics.ratios import likelihood_ratio


def free(*parts):
    """A mixture of these sources with free shares."""
    mean = mixture(parts, np.ones(len(parts)))
    return SkyDensity("mix", mean.nside, mean.bin_edges, mean.source, mean.isotropic, parts=parts)


def coins(n):
    """Sources that are one pixel of twelve each."""
    return tuple(
        SkyDensity(f"coin {i}", 1, np.array([56.0, 100.0]), np.eye(12)[:, [i]], np.full((12, 1), 1 / 12)) for i in range(n)
    )


# ---- skies


@pytest.mark.parametrize("n_sources", [2, 3])
def test_numbers_of_events_are_uniform_over_all_compositions(n_sources):
    """Even shares make every split of n events among the sources equally likely (Polya, Laplace)."""
    n, n_maps = 5, 40_000
    events = EventSampler(free(*coins(n_sources))).draw(n, np.full(n_maps, n), np.random.default_rng(2))
    counts = np.stack([(events.ipix == i).sum(axis=1) for i in range(n_sources)], axis=1)
    splits = [s for s in itertools.product(range(n + 1), repeat=n_sources) if sum(s) == n]
    found = np.array([np.sum((counts == s).all(axis=1)) for s in splits])
    expected = n_maps / len(splits)
    assert np.sum((found - expected) ** 2 / expected) < len(splits) + 5 * np.sqrt(2 * len(splits))


def test_one_source_event_more_replaces_one_event():
    sampler = EventSampler(free(blob(0), blob(300), blob(600)))
    few, more = (sampler.draw(50, np.full(200, k), np.random.default_rng(4)) for k in (7, 8))
    changed = (few.ipix != more.ipix) | (few.bin != more.bin)
    assert not np.delete(changed, 7, axis=1).any() and changed[:, 7].mean() > 0.9


def test_isotropic_skies_are_those_of_any_density():
    parts = blob(0), blob(300)
    skies = [EventSampler(d).draw(30, np.zeros(50, int), np.random.default_rng(4)) for d in (free(*parts), parts[0])]
    np.testing.assert_array_equal(skies[0].ipix, skies[1].ipix)


# ---- the ratio


@pytest.mark.parametrize("n_sources", [2, 3, 4, 5, 6])
def test_nodes_integrate_powers_of_the_shares_exactly(n_sources):
    """The moments of Dirichlet's distribution: E[f_1^a f_2^b] = Gamma(k) a! b! / Gamma(k + a + b)."""
    shares, weights = shares_and_weights(n_sources)
    assert weights.sum() == pytest.approx(1) and np.allclose(shares.sum(axis=1), 1) and shares.min() > 0
    for (i, j), (a, b) in itertools.product(((0, 1), (1, 0), (0, n_sources - 1)), ((1, 0), (1, 1), (3, 1), (2, 3))):
        exact = gamma(n_sources) * gamma(a + 1) * gamma(b + 1) / gamma(n_sources + a + b)
        assert weights @ (shares[:, i] ** a * shares[:, j] ** b) == pytest.approx(exact, rel=1e-10)


def test_ratio_is_its_integral(rng):
    parts, eta = (blob(0), blob(300), blob(600)), 0.15
    events = EventSampler(free(*parts)).draw(40, rng.integers(0, 20, 4), rng)
    cells = events.ipix * events.n_bins + events.bin
    ratios = np.array([density_ratios(part)[cells] for part in parts])

    def product(shares, sky):
        return np.prod(1 - eta + eta * np.tensordot(shares, ratios[: len(shares), sky], 1))

    two = FreeSharesRatio(parts[:2], eta).scores(events)
    three = FreeSharesRatio(parts, eta).scores(events)
    for sky in range(len(events)):
        assert two[sky] == pytest.approx(np.log(quad(lambda f: product((f, 1 - f), sky), 0, 1)[0]), abs=1e-3)  # noqa: B023
        whole = 2 * dblquad(lambda g, f: product((f, g, 1 - f - g), sky), 0, 1, 0, lambda f: 1 - f, epsrel=1e-8)[0]  # noqa: B023
        assert three[sky] == pytest.approx(np.log(whole), rel=1e-6, abs=1e-6)


def test_equal_sources_make_the_ratio_of_one_of_them(rng):
    events = EventSampler(blob(0)).draw(40, rng.integers(0, 41, 30), rng)
    np.testing.assert_allclose(FreeSharesRatio([blob(0)] * 3, 0.2).scores(events), LikelihoodRatio(blob(0), 0.2).scores(events), atol=1e-7)


def test_order_of_the_events_does_not_matter(rng):
    events = EventSampler(blob(0)).draw(40, rng.integers(0, 41, 30), rng)
    ratio = FreeSharesRatio([blob(0), blob(300)], 0.2)
    np.testing.assert_array_equal(ratio.scores(events), ratio.scores(events.shuffled(rng)))


def test_no_ratio_of_given_shares_has_more_power():
    parts, eta, n_events, n_maps = (blob(0, 8.0), blob(300, 8.0)), 0.15, 60, 20_000
    sampler = EventSampler(free(*parts))
    null = sampler.draw(n_events, np.zeros(n_maps, int), random_stream(3, "null"))
    rng = random_stream(3, "signal")
    signal = sampler.draw(n_events, rng.binomial(n_events, eta, n_maps), rng)

    def power(statistic):
        return np.mean(statistic.scores(signal) > threshold_at(statistic.scores(null), 0.01))

    best = power(likelihood_ratio(free(*parts), eta))
    rivals = [power(LikelihoodRatio(mixture(parts, shares), eta)) for shares in ((1, 0), (1, 3), (1, 1), (3, 1))]
    assert 0.2 < best < 0.95 and max(rivals) < best + 3 * np.sqrt(0.25 / n_maps)
    assert rivals[0] < best - 0.1


def test_limit_of_free_shares_lies_above_the_best_known_ones():
    """Not to know the shares costs; with a source that nothing tells from the sky there is less to see."""
    run, parts = config(maps=5000), (blob(0, 8.0), blob(300, 8.0))
    known = named_verdict("likelihood_ratio", run, mixture(parts, (1, 0)), 60).eta_min
    unknown = named_verdict("likelihood_ratio", run, free(*parts), 60)
    assert known < unknown.eta_min < 2 * known and unknown.statistic == "likelihood_ratio"


# ---- what carries them


def run_of_two(**values):
    return with_values(RunConfig(), {
        "sky.nside": 8, "energy.bin_width": 0.375, "field.model": "jf12_regular", "sources.names": ("Cen A", "M82"),
        "sources.mixture": True, "sources.free_shares": True, **values,
    })


def test_a_run_makes_them_and_files_keep_them(tmp_path):
    run = run_of_two()
    assert config_from_toml(run_toml(run)) == run
    (density,) = sky_densities(run, cache=tmp_path)
    assert [part.name for part in density.parts] == ["Cen A", "M82"] and density.name == "Cen A + M82"
    np.testing.assert_allclose(density.source, sum(part.source for part in density.parts) / 2)
    write_densities(tmp_path / "d.h5", run, [density])
    _, (back,) = read_densities(tmp_path / "d.h5")
    assert back.digest == density.digest and [p.key for p in back.parts] == ["CenA", "M82"]
    (fixed,) = sky_densities(with_values(run, {"sources.free_shares": False}), cache=tmp_path)
    assert not fixed.parts and fixed.digest != density.digest
    np.testing.assert_array_equal(fixed.source, density.source)


@pytest.mark.parametrize("change", [
    without_energies, without_positions, lambda d: in_larger_pixels(d, 2), lambda d: smoothed_density(d, 10.0),
])
def test_what_forgets_a_part_of_a_density_does_so_in_every_source(change):
    density = free(blob(0), blob(300))
    changed = change(density)
    np.testing.assert_allclose(changed.source, sum(part.source for part in changed.parts) / 2, atol=1e-8)
    np.testing.assert_array_equal(changed.parts[1].source, change(blob(300)).source)


def test_the_number_of_events_of_each_source_is_not_asked_for():
    assert FIXED_NUMBER not in [aspect for aspect, _, _ in information_runs(run_of_two())]
    assert FIXED_NUMBER in [aspect for aspect, _, _ in information_runs(run_of_two(**{"sources.free_shares": False}))]


def test_impossible_mixtures_are_refused():
    with pytest.raises(ConfigError, match=r"sources\.shares: expected none, because sources\.free_shares"):
        run_of_two(**{"sources.shares": (1.0, 2.0)})
    with pytest.raises(ConfigError, match=r"sources\.free_shares: expected at most 6 sources, received 7"):
        run_of_two(**{"sources.names": tuple("ABCDEFG")})
    with pytest.raises(InputError, match="expected one source of shape"):
        replace(blob(0), parts=(blob(0), without_energies(blob(1))))
    assert not run_of_two(**{"sources.mixture": False}).sources.has_free_shares
