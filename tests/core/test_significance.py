"""The significance of an excess: the likelihood it comes from, its symmetries, its distribution, discs by brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from zevatron.core.discs import disc_sums
from zevatron.core.errors import InputError
from zevatron.core.sky import pixel_vectors, unit_vectors
from zevatron.core.statistics import li_ma, significance_maps

numbers, ratios = st.integers(0, 400), st.floats(0.01, 100)


@given(numbers, numbers, ratios)
def test_it_is_the_likelihood_ratio_of_one_mean_against_two(n_on, n_off, alpha):
    both = n_on + n_off
    shared = both * alpha / (1 + alpha), both / (1 + alpha)  # largest likelihood of one rate
    one = sum(poisson.logpmf(n, mean) for n, mean in zip((n_on, n_off), shared, strict=True))
    two = poisson.logpmf(n_on, n_on) + poisson.logpmf(n_off, n_off)
    assert li_ma(n_on, n_off, alpha) ** 2 == pytest.approx(2 * (two - one), abs=1e-6, rel=1e-6)


@given(numbers, numbers, ratios)
def test_an_excess_inside_is_a_deficit_outside(n_on, n_off, alpha):
    assert li_ma(n_on, n_off, alpha) == pytest.approx(-li_ma(n_off, n_on, 1 / alpha), abs=1e-6)
    assert np.sign(li_ma(n_on, n_off, alpha)) * (n_on - alpha * n_off) >= 0


@given(numbers, st.integers(1, 20))
def test_what_is_expected_is_no_excess(n_off, factor):
    assert li_ma(factor * n_off, n_off, factor) == pytest.approx(0, abs=1e-6)


def test_the_hotspot_of_telescope_array_has_its_published_significance():
    """19 events where 4.49 are expected from many more of a simulation: 5.1 sigma (ApJL 790 (2014) L21)."""
    assert li_ma(19, 4.49e6, 1e-6) == pytest.approx(5.1, abs=0.05)


def test_without_a_source_it_is_a_standard_normal_variable(rng):
    values = li_ma(rng.poisson(60, 40_000), rng.poisson(300, 40_000), 0.2)
    assert values.mean() == pytest.approx(0, abs=0.05)
    assert values.std() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("nside", "radius"), [(1, 100.0), (4, 0.0), (4, 14.0), (8, 33.3), (8, 90.0), (8, 180.0)])
def test_discs_hold_the_pixels_within_the_radius(rng, nside, radius):
    vectors = pixel_vectors(nside)
    maps = rng.normal(size=(3, len(vectors)))
    inside = vectors @ vectors.T >= np.cos(np.radians(radius)) - 1e-12
    np.testing.assert_allclose(disc_sums(maps, radius), maps @ inside, atol=1e-9)


def test_a_map_is_what_its_definition_says(rng):
    counts, isotropic = rng.poisson(0.3, (192, 3)), rng.uniform(0.5, 1.5, (192, 3))
    found = significance_maps(counts, isotropic / isotropic.sum(), 25.0)
    vectors = pixel_vectors(4)
    inside = vectors @ vectors[70] >= np.cos(np.radians(25.0))
    for row, bins in enumerate((slice(None), [0], [1], [2])):
        n_on, on = counts[inside][:, bins].sum(), isotropic[inside][:, bins].sum()
        n_off, off = counts[~inside][:, bins].sum(), isotropic[~inside][:, bins].sum()
        assert found[row, 70] == pytest.approx(float(li_ma(n_on, n_off, on / off)))


def test_a_cluster_stands_out_and_the_unexposed_sky_is_empty(rng):
    vectors = pixel_vectors(8)
    isotropic = np.where(vectors[:, 2:] > 0.5, 0.0, 1.0) * np.ones((1, 2))
    centre = unit_vectors(100.0, -20.0)
    counts = np.zeros_like(isotropic)
    counts[rng.choice(np.flatnonzero(isotropic[:, 0]), 60), 0] += 1
    counts[np.argsort(vectors @ centre)[-6:], 1] += 3
    found = significance_maps(counts, isotropic, 15.0)
    assert vectors[np.nanargmax(found[2])] @ centre > np.cos(np.radians(15.0))
    assert np.nanmax(found[2]) > 8 > np.nanmax(found[1])
    pole = np.argmax(vectors[:, 2])
    assert np.isnan(found[:, pole]).all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="radius"):
        disc_sums(np.zeros((1, 12)), -1.0)
    with pytest.raises(InputError, match="shape"):
        significance_maps(np.zeros((12, 2)), np.zeros((12, 3)), 10.0)
