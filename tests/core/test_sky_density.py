"""Energy bins and densities: sum rules, limits, Monte Carlo and the published sampling as oracles."""

import csv
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from zevatron.core.config import EnergyConfig, RunConfig, with_values
from zevatron.core.emission.background import background_spectrum
from zevatron.core.errors import InputError, NoEventsError
from zevatron.core.sky_density import Losses, SkyDensity
from zevatron.core.sky_density.arrivals import expected_density, nuclei_in_cells, sampled_density
from zevatron.core.sky_density.build import density_from_parts, mixture
from zevatron.core.sky_density.energy_bins import (
    bin_probabilities,
    energy_cells,
    numbers_in_cells,
    smearing,
    smearing_of_energies,
)

REFERENCE = Path(__file__).parent.parent / "reference"
NSIDE = 2
NPIX = 12 * NSIDE**2


@dataclass(frozen=True)
class Spectrum:
    """What the propagation hands over."""

    energy: np.ndarray
    flux: np.ndarray
    distance: float = 3.5


@dataclass(frozen=True)
class Lens:
    """What the lens hands over: one pixel for each rigidity unless maps are given."""

    rigidity: np.ndarray
    maps: np.ndarray
    magnification: np.ndarray
    nside: int = NSIDE

    @property
    def n_effective(self):
        return 1000.0 * self.magnification

    def sparse_density(self, half=None):
        return sparse.csr_array(self.maps)


CHARGES = np.array([1, 2, 7, 26])
PUBLISHED = EnergyConfig()
SHARP = EnergyConfig(resolution=0.0)


def power_law(index=2.0, rows=(0, 1, 2, 3), end=200.0):
    energy = np.geomspace(10, end, 200)
    flux = np.zeros((len(CHARGES), len(energy)))
    flux[list(rows)] = energy ** (2 - index)
    return Spectrum(energy, flux)


def one_pixel_lens(low=1.0, high=320.0, n=26, closed=()):
    maps = np.zeros((n, NPIX))
    maps[np.arange(n), np.arange(n)] = 1
    maps[list(closed)] = 0
    magnification = np.where(maps.any(axis=1), np.linspace(0.5, 3, n), 0.0)
    return Lens(np.geomspace(low, high, n), maps, magnification)


def expected(spectrum, lens, energy=PUBLISHED, normalisation="edge"):
    return expected_density(nuclei_in_cells(spectrum, CHARGES, energy), lens, sparse.csr_array(lens.maps), energy, normalisation)


def test_cells_have_every_bin_edge_and_start_three_sigma_below_the_threshold():
    for energy in (EnergyConfig(), EnergyConfig(resolution=0.0), EnergyConfig(bin_width=0.2, threshold=40.0)):
        cells = energy_cells(energy, 1000.0)
        assert math.exp(cells[0]) == pytest.approx(energy.threshold * math.exp(-3 * energy.resolution))
        assert math.exp(cells[0]) == pytest.approx(energy.lowest_energy)
        assert math.exp(cells[-1]) == pytest.approx(1000)
        assert np.all(np.diff(cells) > 0) and np.diff(cells).max() < 0.0116
        distance = np.abs(cells[:, None] - np.log(energy.bin_edges)).min(axis=0)
        assert distance.max() < 1e-9


@pytest.mark.parametrize("index", [-1.0, 1.0, 2.7, 8.0])
def test_numbers_in_cells_integrate_a_power_law_exactly(index):
    energy = 10 ** np.arange(1.0, 2.501, 0.05)
    cells = energy_cells(EnergyConfig(), energy[-1])
    numbers = numbers_in_cells(energy, energy ** (2 - index), cells)
    edges = np.exp(cells)
    truth = np.diff(np.log(edges) if index == 1 else edges ** (1 - index) / (1 - index))
    np.testing.assert_allclose(numbers, truth, rtol=4e-4)


def test_nothing_is_counted_outside_the_spectrum():
    energy = np.geomspace(60, 100, 20)
    cells = energy_cells(EnergyConfig(), 100.0)
    numbers = numbers_in_cells(energy, np.ones(20), cells)
    middle = np.exp((cells[1:] + cells[:-1]) / 2)
    assert np.all(numbers[middle < 60] == 0) and np.all(numbers[middle > 60] > 0)
    assert math.exp(cells[-1]) == pytest.approx(100)


def test_smearing_agrees_with_random_energies(rng):
    edges, sigma, n = EnergyConfig().bin_edges, 0.2, 400_000
    cells = np.array([math.log(45.0), math.log(60.0), math.log(300.0)])  # wide cells, where the closed form has to work
    weights = smearing(cells, edges, sigma)
    for cell in range(2):
        true = rng.uniform(cells[cell], cells[cell + 1], n)
        seen = np.exp(true + sigma * rng.standard_normal(n))
        counts, _ = np.histogram(seen, [*edges, np.inf])
        np.testing.assert_allclose(counts / n, weights[cell], atol=4 * np.sqrt(0.25 / n))
        np.testing.assert_allclose(smearing_of_energies(true, edges, sigma).mean(axis=0), weights[cell], atol=2e-3)


def test_resolution_zero_is_sharp_and_the_limit_of_small_ones():
    energy = EnergyConfig(resolution=0.0)
    cells = energy_cells(energy, 400.0)
    sharp = smearing(cells, energy.bin_edges, 0.0)
    middle = np.exp((cells[1:] + cells[:-1]) / 2)
    index = np.searchsorted(energy.bin_edges, middle) - 1
    np.testing.assert_allclose(sharp, np.eye(16)[index], atol=1e-9)
    np.testing.assert_allclose(smearing(cells, energy.bin_edges, 1e-6), sharp, atol=1e-3)
    half = smearing(np.log([50.0, 62.72]), np.array([56.0, 100.0]), 0.0)  # ln 56 is in the middle of the cell
    np.testing.assert_allclose(half, [[0.5, 0.0]], atol=1e-9)


def test_sharp_bins_are_the_integral_of_the_spectrum():
    config = EnergyConfig(resolution=0.0)
    energy = np.geomspace(10, 1000, 400)
    probability, above = bin_probabilities(energy, energy ** (2 - 3.0), config)
    number = config.bin_edges**-2.0
    np.testing.assert_allclose(probability, -np.diff(number) / (number[0] - number[-1]), rtol=1e-4)
    assert above == pytest.approx((number[-1] - 1000**-2.0) / (number[0] - 1000**-2.0), rel=1e-3)


@settings(deadline=None)
@given(sigma=st.floats(0, 0.5), width=st.floats(0.03, 0.3), threshold=st.floats(20, 80))
def test_no_probability_appears_or_vanishes(sigma, width, threshold):
    edges = threshold * 10 ** (width * np.arange(4))
    cells = np.log(np.geomspace(threshold / 3, threshold * 12, 60))
    weights = smearing(cells, edges, sigma)
    below = 1 - weights.sum(axis=1)
    assert weights.min() >= 0 and below.min() > -1e-12
    assert np.all(np.diff(below) < 1e-9)  # the higher the energy, the less is lost below the threshold
    assert np.all(np.diff(weights[:, -1]) > -1e-9)


@pytest.mark.parametrize(("name", "tolerance"), [("auger2020", 1e-3), ("ta2019", 1e-3), ("kkos", 7e-3)])
def test_isotropic_bins_agree_with_an_independent_calculation(name, tolerance):
    with open(REFERENCE / "bin_probabilities.csv") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    reference = np.array([float(row[name]) for row in rows])
    config = EnergyConfig()
    energy, flux = background_spectrum(name)
    probability, above = bin_probabilities(energy, flux, config)
    np.testing.assert_allclose(probability, reference[:-1], atol=tolerance)
    assert above < 2e-3
    cells = energy_cells(config, energy[-1])
    smeared = numbers_in_cells(energy, flux, cells)[:, None] * smearing(cells, config.bin_edges, 0.2)[:, :-1]
    below = smeared[cells[1:] < math.log(56.001)].sum() / smeared.sum()
    assert below == pytest.approx(reference[-1], abs=0.02)


def test_density_of_one_rigidity_lies_between_its_two_rows():
    lens = one_pixel_lens()
    energy = EnergyConfig(resolution=0.0, bin_width=0.01, n_bins=1)  # a narrow bin: nearly one energy
    density, losses = expected(power_law(rows=[2]), lens, energy)
    rigidity = 56 * 10**0.005 / 7
    row = np.searchsorted(lens.rigidity, rigidity) - 1
    weight = np.log(rigidity / lens.rigidity[row]) / np.log(lens.rigidity[row + 1] / lens.rigidity[row])
    np.testing.assert_allclose(density[row : row + 2, 0], [1 - weight, weight], atol=1e-3)
    assert np.flatnonzero(density).tolist() == [row, row + 1]
    assert losses.blocked == 0 and losses.outside_rigidity == 0


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_density_sums_to_one_and_ignores_the_unit_of_the_flux(seed):
    rng = np.random.default_rng(seed)
    maps = rng.random((12, NPIX)) * (rng.random((12, 1)) < 0.7)
    maps[5] = 1.0
    maps /= np.maximum(maps.sum(axis=1, keepdims=True), 1e-300)
    lens = Lens(np.geomspace(1, 320, 12), maps, rng.random(12) * maps.any(axis=1) + 0.1 * maps.any(axis=1))
    spectrum = power_law(rng.uniform(0, 4))
    for normalisation in ("edge", "flux"):
        density, losses = expected(spectrum, lens, normalisation=normalisation)
        assert density.min() >= 0 and density.sum() == pytest.approx(1, abs=1e-12)
        again, _ = expected(replace(spectrum, flux=spectrum.flux * 1e-30), lens, normalisation=normalisation)
        np.testing.assert_allclose(again, density, rtol=1e-9, atol=1e-15)
        assert 0 <= losses.blocked < 1 and 0 <= losses.above_source < 1


def test_edge_counts_nuclei_and_flux_weighs_them_by_the_magnification():
    lens = one_pixel_lens()
    edge, _ = expected(power_law(), lens)
    flux, _ = expected(power_law(), lens, normalisation="flux")
    weighted = edge * np.pad(lens.magnification, (0, NPIX - 26))[:, None]
    np.testing.assert_allclose(flux, weighted / weighted.sum(), atol=1e-14)
    uniform = replace(lens, magnification=np.full(26, 0.37))
    np.testing.assert_allclose(expected(power_law(), uniform, normalisation="flux")[0], edge, atol=1e-14)


def test_closed_rigidities_lose_what_falls_to_them_and_change_nothing_else():
    whole, _ = expected(power_law(), one_pixel_lens(), SHARP)
    density, losses = expected(power_law(), one_pixel_lens(closed=(6, 7)), SHARP)
    kept = whole.copy()
    kept[[6, 7]] = 0
    np.testing.assert_allclose(density, kept / kept.sum(), atol=1e-14)
    assert losses.blocked == pytest.approx(1 - kept.sum(), abs=1e-9)


def test_nuclei_outside_the_lens_are_lost_not_clipped():
    lens = one_pixel_lens(low=4.0, high=320.0)
    density, losses = expected(power_law(), lens)
    iron_and_some_nitrogen = power_law(rows=[3])
    with pytest.raises(NoEventsError, match=r"sky\.source_radius"):
        expected(iron_and_some_nitrogen, replace(lens, rigidity=np.geomspace(10, 320, 26)))
    assert losses.outside_rigidity > 0.1 and losses.blocked == 0
    wide, _ = expected(power_law(), one_pixel_lens(low=0.5))
    assert density[0].sum() < 0.1 < wide.sum()


def test_a_spectrum_without_nuclei_says_so():
    spectrum = power_law(end=25.0)
    with pytest.raises(NoEventsError, match=r"no nucleus arrives above 31 EeV from 3\.5 Mpc"):
        nuclei_in_cells(spectrum, CHARGES, EnergyConfig())
    with pytest.raises(NoEventsError, match="lets no nucleus"):
        expected(power_law(), one_pixel_lens(closed=range(26)))


def test_share_above_the_last_edge_is_reported_and_left_out():
    energy = EnergyConfig(resolution=0.0, bin_width=0.1, n_bins=2)
    density, losses = expected(power_law(index=2.0, end=1000.0), one_pixel_lens(high=1001.0), energy)
    assert density.shape == (NPIX, 2) and density.sum() == pytest.approx(1)
    last = 56 * 10**0.2
    truth = (1 / last - 1 / 1000) / (1 / 56 - 1 / 1000)
    assert losses.above_source == pytest.approx(truth, rel=2e-3)


@pytest.mark.parametrize("normalisation", ["edge", "flux"])
def test_sampled_nuclei_tend_to_the_closed_form(rng, normalisation):
    lens = one_pixel_lens(closed=(7,))
    exact, exact_losses = expected(power_law(1.0), lens, normalisation=normalisation)
    distance = []
    for n in (1_000, 100_000):
        energy = EnergyConfig(n_sampled=n)
        nuclei = nuclei_in_cells(power_law(1.0), CHARGES, energy)
        sampled, losses = sampled_density(nuclei, lens, sparse.csr_array(lens.maps), energy, normalisation, rng)
        assert sampled.sum() == pytest.approx(1)
        distance.append(np.abs(sampled - exact).sum() / 2)
    assert distance[1] < 0.01 and 4 < distance[0] / distance[1] < 25  # ten times smaller for a hundred times more
    assert losses.blocked == pytest.approx(exact_losses.blocked, abs=0.01)
    assert losses.outside_rigidity == pytest.approx(exact_losses.outside_rigidity, abs=0.01)
    assert losses.above_source == pytest.approx(exact_losses.above_source, abs=0.002)


def test_a_run_gives_both_densities_and_repeats_its_sample():
    config = with_values(RunConfig(), {"energy.background": "auger2020"})
    nuclei = nuclei_in_cells(power_law(), CHARGES, config.energy)
    density = density_from_parts(config, "Cen A", "CenA", nuclei, one_pixel_lens())
    assert (density.npix, density.n_bins, density.key) == (NPIX, 15, "CenA")
    np.testing.assert_allclose(density.isotropic, density.isotropic[:1].repeat(NPIX, axis=0))
    assert density.isotropic.sum() == pytest.approx(1)
    assert density.losses.above_isotropic > 0
    sampled = with_values(config, {"energy.method": "sampled", "energy.n_sampled": 1000})
    first, second = (density_from_parts(sampled, "Cen A", "CenA", nuclei, one_pixel_lens()) for _ in range(2))
    assert first.digest == second.digest != density.digest


def test_default_rigidities_reach_from_iron_at_the_lowest_to_a_proton_at_the_highest_energy():
    low, high = EnergyConfig().rigidity_range
    assert low == pytest.approx(56 * math.exp(-0.6) / 26) and high == pytest.approx(314.9, abs=0.1)


def toy_density(name, pixel, **losses):
    source = np.zeros((NPIX, 2))
    source[pixel] = [0.25, 0.75]
    return SkyDensity(name, NSIDE, np.array([56.0, 80.0, 120.0]), source, np.full((NPIX, 2), 0.5 / NPIX), losses=Losses(**losses))


def test_mixture_is_the_weighted_sum():
    parts = toy_density("Cen A", 3, blocked=0.4), toy_density("M 82", 9)
    mixed = mixture(parts, (3, 1))
    assert (mixed.name, mixed.key) == ("Cen A + M 82", "CenA+M82")
    np.testing.assert_allclose(mixed.source, 0.75 * parts[0].source + 0.25 * parts[1].source)
    assert mixed.losses.blocked == pytest.approx(0.3)


def test_densities_are_checked_and_cannot_be_changed():
    density = toy_density("Cen A", 3)
    with pytest.raises(ValueError, match="read-only"):
        density.source[0, 0] = 1
    with pytest.raises(InputError, match="expected shape"):
        replace(density, source=density.source[:5])
    with pytest.raises(InputError, match="sum to 1"):
        replace(density, isotropic=density.isotropic * 2)
    with pytest.raises(InputError, match="sum to 1"):
        replace(density, isotropic=np.full((NPIX, 2), np.nan))
    assert density.digest == toy_density("renamed", 3).digest != toy_density("Cen A", 4).digest
