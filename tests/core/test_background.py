"""Spectra of the isotropic background against tables made elsewhere, and the shipped table made again."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from zevatron.core.config import EmissionConfig
from zevatron.core.emission.background import background_spectrum, kkos_diffuse_groups
from zevatron.core.emission.injection import Injection
from zevatron.core.emission.kkos import kkos
from zevatron.core.emission.power_law import power_law
from zevatron.core.errors import UnknownNameError
from zevatron.core.propagation import ENERGY_GRID
from zevatron.core.propagation.diffuse import diffuse_flux, mass_group_columns
from zevatron.core.storage.tables import read_table

REFERENCE = Path(__file__).parents[1] / "reference"
SIGMA = 0.2 / np.log(10)


def bin_probabilities(energy, e2j):
    """Probabilities of the 15 bins from 56 EeV, smeared; energies from 10 to 400 EeV count, as in the reference."""
    lg = np.linspace(1.0, np.log10(400.0), 4001)
    number = np.exp(np.interp(lg, np.log10(energy), np.log(np.maximum(e2j / energy, 1e-300))))
    edges = np.log10(56.0) + 0.05 * np.arange(16)
    below_edge = ndtr((edges[:, None] - lg) / SIGMA)
    share = np.trapezoid(np.diff(below_edge, axis=0) * number, lg, axis=1)
    return share / share.sum()


@pytest.mark.parametrize(("name", "tolerance"), [("kkos", 0.01), ("auger2020", 0.0004), ("ta2019", 0.0004)])
def test_binned_backgrounds_agree_with_the_table(name, tolerance):
    """The KKOS one differs by the evolution of the photon fields, which the reference leaves out."""
    expected = read_table(REFERENCE / "background_bins.csv").floats(name)
    ours = bin_probabilities(*background_spectrum(name))
    assert np.abs(ours - expected).sum() / 2 < tolerance


@pytest.mark.parametrize("name", ["kkos", "auger2020", "ta2019"])
def test_backgrounds_cover_the_energies_of_the_sources(name):
    energy, e2j = background_spectrum(name)
    np.testing.assert_array_equal(energy, ENERGY_GRID)
    assert np.all(np.isfinite(e2j)) and np.all(e2j >= 0) and np.all(e2j[energy < 250] > 0)


def test_measured_spectra_have_their_published_slopes():
    for name, slopes in (("auger2020", {3.5: 3.29, 8.0: 2.51, 25.0: 3.05, 120.0: 5.1}),
                         ("ta2019", {4.0: 3.28, 20.0: 2.68, 120.0: 4.84})):
        energy, e2j = background_spectrum(name)
        slope = 2 - np.gradient(np.log(e2j), np.log(energy))
        for at, expected in slopes.items():
            assert np.interp(at, energy, slope) == pytest.approx(expected, abs=0.02)


def test_shape_and_composition_of_the_kkos_background():
    """Within what the evolution of the fields makes of the reference, which was calculated at z = 0."""
    table = read_table(REFERENCE / "kkos_diffuse.csv")
    energy, groups = kkos_diffuse_groups()
    total = sum(groups.values())
    at = [int(np.argmin(np.abs(np.log10(energy) + 18 - lg))) for lg in table.floats("lg_energy")]
    relative = total[at] / total[np.argmin(np.abs(energy - 10**1.6))]
    np.testing.assert_allclose(relative, table.floats("e2j"), rtol=0.12)
    for name, values in groups.items():
        np.testing.assert_allclose(values[at] / total[at], table.floats(name), atol=0.035)


def test_unknown_background():
    with pytest.raises(UnknownNameError, match="known: kkos, auger2020, ta2019"):
        background_spectrum("hires")


def test_nearby_sources_alone_have_the_spectrum_they_emit():
    """Over a way much shorter than the loss length the sum of all sources is distance times emission."""
    protons = power_law(EmissionConfig("power_law", 2.0, 1000.0, fractions=(1.0, 0.0, 0.0, 0.0, 0.0)))
    flux = diffuse_flux(protons, "inoue12", farthest=25.0)
    for energy, loss_length in ((10.0, 1000.0), (31.6, 818.0)):
        i = int(np.argmin(np.abs(ENERGY_GRID - energy)))
        mean_loss = 12.5 / loss_length  # of ln E, and of n as well for an E^-2 spectrum
        assert flux[0, i] == pytest.approx(25.0 * protons.flux(ENERGY_GRID)[0, i] * (1 - mean_loss), rel=0.005)


@pytest.mark.slow
def test_diffuse_flux_at_redshift_zero_agrees_with_the_prototype():
    table = read_table(REFERENCE / "kkos_diffuse.csv")
    heavy = Injection("kkos without helium", {a: s for a, s in kkos().spectra.items() if a > 4})
    groups = mass_group_columns(diffuse_flux(heavy, "inoue12", evolving=False))
    total = sum(groups.values())
    at = np.round((table.floats("lg_energy") - 18.5) / 0.0125).astype(int)
    relative = total[at] / total[round(1.1 / 0.0125)]
    np.testing.assert_allclose(relative, table.floats("e2j"), rtol=0.004, atol=5e-5)  # its last digit
    for name, values in groups.items():
        np.testing.assert_allclose(values[at] / total[at], table.floats(name), atol=0.0025)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_shipped_kkos_background_can_be_made_again():
    made = mass_group_columns(diffuse_flux(kkos(), "inoue12"))
    scale = 1.0 / sum(made.values()).max()
    energy, shipped = kkos_diffuse_groups()
    np.testing.assert_allclose(energy, ENERGY_GRID, rtol=1e-5)
    for name, values in shipped.items():
        np.testing.assert_allclose(scale * made[name], values, rtol=1e-3, atol=1e-12)
