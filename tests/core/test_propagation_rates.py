"""Interaction rates: against tables made elsewhere, against direct integration, and laws they must obey."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM
from scipy.integrate import quad
from scipy.interpolate import CubicSpline
from scipy.special import erf

from zevatron.core.propagation import CHARGES, ELEMENTS, MASS_NUMBERS
from zevatron.core.propagation.cosmology import expansion_rate, redshift_at
from zevatron.core.propagation.interactions import (
    LG_GAMMA,
    SAMPLED_ENERGY,
    cross_sections,
    interaction_rates,
)
from zevatron.core.propagation.nuclei import (
    HEAVY_LOSSES,
    LIGHT_LOSSES,
    MASSES,
    channel_products,
    cross_section_table,
)
from zevatron.core.propagation.photons import PHOTON_ENERGY, background_light, microwave_background
from zevatron.core.storage.tables import read_table

REFERENCE = Path(__file__).parents[1] / "reference"
FIELDS = {"cmb": None, "inoue12": "inoue12", "gilmore12": "gilmore12"}


@pytest.fixture(scope="module")
def rates():
    return {name: interaction_rates(ebl) for name, ebl in FIELDS.items()}


def at_energy(rows, mass_number, lg_energy):
    """Interpolate rows (56, n_gamma) of positive rates at an energy in eV."""
    lg_gamma = lg_energy - 18.0 - np.log10(MASSES[mass_number - 1])
    return np.exp(CubicSpline(LG_GAMMA, np.log(np.maximum(rows[mass_number - 1], 1e-300)))(lg_gamma))


@pytest.mark.parametrize("field", FIELDS)
def test_disintegration_rates_agree_with_the_table(rates, field):
    table = read_table(REFERENCE / "photodisintegration_rates.csv")
    a, i = table.floats("A").astype(int), np.round((table.floats("lg_gamma") - LG_GAMMA[0]) / 0.0125).astype(int)
    for channel, name in enumerate(("R1", "R2", "Rm")):
        expected = table.floats(f"{name}_{field}")
        ours = rates[field].disintegration[channel, a - 1, i]
        counts = expected > 1e-6
        assert counts.sum() > 60
        np.testing.assert_allclose(ours[counts], expected[counts], rtol=0.01)


def sharp_total_rate(mass_number, lg_gamma):
    """Total rate per Mpc on the CMB with exact thresholds, by nested adaptive integration of the textbook formula."""
    table = cross_section_table()
    entry = {name: values[table["A"] == mass_number][0] for name, values in table.items()}
    s = 59.8 * (entry["A"] - entry["Z"]) * entry["Z"] / entry["A"]

    def sigma(e):
        total = entry["zeta"] * s / 120.0 if 30.0 < e <= 150.0 else 0.0
        for c in "12":
            xi, thr, peak, delta = entry["xi" + c], entry["thr" + c], entry["e" + c], entry[f"delta{c}_below"]
            if xi and thr <= e <= 30.0:
                w = delta * np.sqrt(np.pi / 8) * (erf(np.sqrt(2) * (30 - peak) / delta) + erf(np.sqrt(2) * (peak - thr) / delta))
                total += xi * s / w * np.exp(-2 * ((e - peak) / delta) ** 2)
        return total

    gamma, kt = 10.0**lg_gamma, 8.617333e-5 * 2.7255

    # exchanging the integrals: R = 1/(2 gamma^2) int de' e' sigma(e') int_{e'/2gamma} deps n/eps^2, the inner one closed
    def integrand(e):
        return e * sigma(e) * -np.log(-np.expm1(-e * 1e6 / (2 * gamma) / kt))

    edges = sorted({entry["thr1"], entry["thr2"], 30.0, 150.0} - {0.0})
    integral = sum(quad(integrand, a, b, epsrel=1e-8, limit=200)[0] for a, b in itertools.pairwise(edges))
    return integral * 1e12 * 1e-27 * 3.0857e24 * 8 * np.pi * kt / (1.23984e-4) ** 3 / (2 * gamma**2)


@pytest.mark.parametrize("mass_number", [4, 12, 14, 28, 56])
@pytest.mark.parametrize("lg_gamma", [9.85, 10.1, 10.6, 11.6])
def test_disintegration_rates_agree_with_direct_integration(rates, mass_number, lg_gamma):
    i = round((lg_gamma - LG_GAMMA[0]) / 0.0125)
    ours = rates["cmb"].disintegration[:, mass_number - 1, i].sum()
    assert ours == pytest.approx(sharp_total_rate(mass_number, LG_GAMMA[i]), rel=0.01)


def test_cross_sections_integrate_to_their_strengths():
    table = cross_section_table()
    for row in range(len(table["A"])):
        entry = {name: values[row] for name, values in table.items()}
        sum_rule = 59.8 * (entry["A"] - entry["Z"]) * entry["Z"] / entry["A"]
        single, double, several = np.trapezoid(cross_sections(entry), SAMPLED_ENERGY, axis=1)
        assert single == pytest.approx(entry["xi1"] * sum_rule, rel=0.025)
        assert double == pytest.approx(entry["xi2"] * sum_rule, rel=0.025)
        assert several == pytest.approx(entry["zeta"] * sum_rule, rel=0.001)


def test_loss_lengths_of_nuclei_agree_with_the_table(rates):
    table, loss = read_table(REFERENCE / "loss_lengths.csv"), rates["inoue12"]
    lost = np.array([[1.0], [2.0], [0.0]]) * np.ones(56)
    lost[2, 3], lost[2, 9:22], lost[2, 22:] = 1.2, 3.6, mean_loss(HEAVY_LOSSES)
    for row, element in enumerate(table.columns["element"]):
        a, lg_energy = ELEMENTS[element], table.floats("lg_energy")[row]
        interaction = 1.0 / at_energy(loss.disintegration.sum(axis=0), a, lg_energy)
        energy_loss = at_energy(np.einsum("ca,cag->ag", lost, loss.disintegration), a, lg_energy) / a
        total = energy_loss + at_energy(loss.pair, a, lg_energy) + at_energy(loss.photopion, a, lg_energy) + 67.8 / 299792
        assert interaction == pytest.approx(table.floats("interaction")[row], rel=0.012)
        assert 1.0 / energy_loss == pytest.approx(table.floats("disintegration")[row], rel=0.012)
        assert 1.0 / total == pytest.approx(table.floats("total")[row], rel=0.012)


def mean_loss(probabilities):
    return sum(k * p for k, p in enumerate(probabilities, 1))


def test_branchings_are_probabilities_with_the_published_means():
    assert sum(LIGHT_LOSSES) == pytest.approx(1) and mean_loss(LIGHT_LOSSES) == pytest.approx(3.60)
    assert sum(HEAVY_LOSSES) == pytest.approx(1) and mean_loss(HEAVY_LOSSES) == pytest.approx(4.35, abs=0.005)


@pytest.mark.parametrize("mass_number", [2, 3, 4, *range(9, 57)])
def test_every_break_up_conserves_nucleons(mass_number):
    single, double, several = channel_products(mass_number) @ MASS_NUMBERS
    assert single == pytest.approx(mass_number)
    if mass_number > 2:
        assert double == pytest.approx(mass_number)
        assert several == pytest.approx(mass_number) or not has_plateau(mass_number)


def has_plateau(mass_number):
    table = cross_section_table()
    return table["zeta"][table["A"] == mass_number][0] > 0


def test_pair_losses_of_protons(rates):
    expected = {9.0: 3.44e-5, 9.5: 3.19e-4, 10.0: 7.21e-4, 10.5: 8.43e-4, 11.0: 6.95e-4}  # per Mpc; notes, section 5
    for lg_gamma, value in expected.items():
        i = round((lg_gamma - LG_GAMMA[0]) / 0.0125)
        assert rates["inoue12"].pair[0, i] == pytest.approx(value, rel=0.003)
        if lg_gamma > 9.2:
            assert rates["cmb"].pair[0, i] == pytest.approx(value, rel=0.02)
    np.testing.assert_allclose(rates["cmb"].pair[55] / rates["cmb"].pair[0], 676 / 56 * 938.272 / 931.494, rtol=1e-6)
    shortest = np.argmax(rates["inoue12"].pair[0])
    assert 1.0 / rates["inoue12"].pair[0, shortest] == pytest.approx(1190, rel=0.01)
    assert 18 + LG_GAMMA[shortest] + np.log10(MASSES[0]) == pytest.approx(np.log10(3e19), abs=0.1)


def test_proton_loss_lengths(rates):
    loss, expansion = rates["inoue12"], float(expansion_rate(0.0))
    expected = [(19.0, 1357, 2.9e4, 1002), (19.5, 1190, 6.4e3, 818), (19.75, 1279, 1445, 588), (20.0, 1464, 146, 129),
                (20.25, None, 39, 38), (20.5, None, 20, 20), (21.0, None, 12.4, 12.3)]  # notes, section 6
    for lg_energy, pair, pion, total in expected:
        ours = at_energy(loss.pair, 1, lg_energy), at_energy(loss.photopion, 1, lg_energy)
        if pair:
            assert 1 / ours[0] == pytest.approx(pair, rel=0.003)
        assert 1 / ours[1] == pytest.approx(pion, rel=0.01)
        assert 1 / (sum(ours) + expansion) == pytest.approx(total, rel=0.01)


def test_proton_loss_at_1e20_ev_agrees_with_another_fit(rates):
    """Anchordoqui et al., PRD 55 (1997) 7356: 3.66e-8 exp(-2.87e20 eV / E) per year; 2.42e-8 per year far above."""
    mpc_per_year = 3.066e-7
    assert 1 / at_energy(rates["cmb"].photopion, 1, 20.0) == pytest.approx(mpc_per_year / 3.66e-8 * np.exp(2.87), rel=0.05)
    assert 1 / at_energy(rates["cmb"].photopion, 1, 21.0) == pytest.approx(mpc_per_year / 2.42e-8, rel=0.05)


def test_microwave_background_has_the_known_density():
    ln_step = np.log(PHOTON_ENERGY[1] / PHOTON_ENERGY[0])
    assert microwave_background().sum() * ln_step == pytest.approx(410.7, rel=2e-3)  # photons / cm3
    assert (microwave_background() * PHOTON_ENERGY).sum() * ln_step == pytest.approx(0.2606, rel=2e-3)  # eV / cm3


@pytest.mark.parametrize(("ebl", "n_140um"), [("inoue12", 0.51676), ("gilmore12", 0.37254)])
def test_background_light(ebl, n_140um):
    density = background_light(ebl)
    assert np.interp(8.85601e-3, PHOTON_ENERGY, density) == pytest.approx(n_140um, rel=1e-3)
    assert not density[PHOTON_ENERGY < 1.2e-3].any() and not density[PHOTON_ENERGY > 12.4].any()
    assert background_light(ebl, 0.06).sum() / density.sum() == pytest.approx(1.06**1.8, rel=1e-3)


def test_rates_on_the_microwave_background_scale_with_redshift(rates):
    """A black body at (1 + z) T: R(gamma, z) = (1 + z)^3 R((1 + z) gamma, 0), exactly."""
    n_cells = 4
    z = 10 ** (0.0125 * n_cells) - 1
    later = interaction_rates(None, z)
    for now, then in ((rates["cmb"].disintegration, later.disintegration), (rates["cmb"].pair, later.pair)):
        inside = slice(150, 400)
        np.testing.assert_allclose(then[..., inside], (1 + z) ** 3 * now[..., 150 + n_cells : 400 + n_cells], rtol=1e-3)


def test_cosmology_against_astropy():
    universe = FlatLambdaCDM(H0=67.8, Om0=0.308, Tcmb0=0.0)
    for z in (0.005, 0.06, 0.25):
        assert redshift_at(universe.comoving_distance(z).value) == pytest.approx(z, rel=1e-5)
        assert expansion_rate(z) == pytest.approx(universe.H(z).value / 299792.458, rel=1e-6)


def test_charges():
    assert len(CHARGES) == 56
    assert [CHARGES[a - 1] for a in ELEMENTS.values()] == [1, 2, 7, 14, 26]
    table = cross_section_table()
    np.testing.assert_array_equal(CHARGES[table["A"].astype(int) - 1], table["Z"])
    assert np.all((MASS_NUMBERS[1:] >= CHARGES[1:] * 1.5 - 1) & (MASS_NUMBERS <= 2.4 * CHARGES)[1:])
