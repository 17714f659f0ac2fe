"""Shifted compositions: laws of the shift, and that a run carries it to rigidities and no further."""

import numpy as np
import pytest

from zevatron.core.config import EmissionConfig, PropagationConfig, RunConfig, with_values
from zevatron.core.errors import ConfigError
from zevatron.core.propagation import CHARGES, MASS_NUMBERS, propagated_spectrum
from zevatron.core.propagation.composition import with_masses
from zevatron.core.sky_density import sky_density
from zevatron.core.sky_density.samples import density_of_sample
from zevatron.core.sources import find_source

KKOS = EmissionConfig("kkos")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def mean_mass(flux):
    return MASS_NUMBERS @ flux / flux.sum(axis=0)


@pytest.mark.parametrize("factor", [0.02, 0.5, 0.73, 1.3, 2.0, 56.0])
def test_every_energy_keeps_its_nuclei(rng, factor):
    flux = rng.random((56, 7))
    np.testing.assert_allclose(with_masses(flux, factor).sum(axis=0), flux.sum(axis=0))


@pytest.mark.parametrize("factor", [0.3, 0.73, 1.3, 1.9])
def test_the_mean_mass_is_multiplied(rng, factor):
    flux = np.zeros((56, 5))
    flux[4:28] = rng.random((24, 5))  # neither below 1 nor above 56 afterwards
    np.testing.assert_allclose(mean_mass(with_masses(flux, factor)), factor * mean_mass(flux))


def test_masses_end_at_protons_and_iron():
    flux = np.zeros((56, 1))
    flux[[0, 39]] = 1.0
    assert np.flatnonzero(with_masses(flux, 2.0)).tolist() == [1, 55]
    assert np.flatnonzero(with_masses(flux, 0.02)).tolist() == [0]
    assert with_masses(flux, 2.0)[55, 0] == 1


def test_one_nucleus_replaces_all(rng):
    flux = rng.random((56, 4))
    only = with_masses(flux, mass_number=14)
    np.testing.assert_allclose(only[13], flux.sum(axis=0))
    assert not np.delete(only, 13, axis=0).any()


def test_no_change_is_no_change(rng):
    flux = rng.random((56, 4))
    np.testing.assert_array_equal(with_masses(flux), flux)
    np.testing.assert_array_equal(with_masses(flux, 1.0, 0), flux)


def test_what_arrives_is_shifted_and_cached_once(cache):
    plain = propagated_spectrum(KKOS, PropagationConfig(), 3.5, cache=cache)
    files = sorted(path.name for path in (cache / "spectra").iterdir())
    iron = propagated_spectrum(KKOS, PropagationConfig(one_mass=56), 3.5, cache=cache)
    light = propagated_spectrum(KKOS, PropagationConfig(mass_factor=0.5), 3.5, cache=cache)
    assert sorted(path.name for path in (cache / "spectra").iterdir()) == files
    seen = plain.flux.sum(axis=0) > 0
    np.testing.assert_allclose(iron.flux[55], plain.flux.sum(axis=0))
    heavy = plain.flux[1:].sum(axis=0)[seen] > 0.999 * plain.flux.sum(axis=0)[seen]
    np.testing.assert_allclose(mean_mass(light.flux[:, seen][:, heavy]), mean_mass(plain.flux[:, seen][:, heavy]) / 2, rtol=0.01)


def test_a_run_of_one_nucleus_has_its_rigidities_only(cache):
    """The same energies in every bin; images of protons are smaller and nearer to the source than those of iron."""
    base = with_values(RunConfig(), {"sky.nside": 8, "field.model": "jf12_regular", "energy.bin_width": 0.375})
    source = find_source("Cen A")
    found = {
        a: sky_density(with_values(base, {"propagation.one_mass": a}), source, cache=cache) for a in (1, 26, 56)
    }
    for density in found.values():
        np.testing.assert_allclose(density.source_spectrum, found[1].source_spectrum, rtol=1e-3)
    extent = {a: 1 / np.sum(density.source.sum(axis=1) ** 2) for a, density in found.items()}
    assert extent[1] < extent[26] < extent[56]
    assert CHARGES[25] < CHARGES[55]


def test_two_changes_at_once_and_changes_of_a_sample_are_refused():
    with pytest.raises(ConfigError, match=r"propagation\.mass_factor: expected 1, because propagation\.one_mass"):
        PropagationConfig(mass_factor=2.0, one_mass=56)
    run = with_values(RunConfig(), {"propagation.mass_factor": 2.0})
    with pytest.raises(ConfigError, match="nuclei of a sample have arrived already"):
        density_of_sample(run, find_source("Cen A"), None, None, 0.0)
