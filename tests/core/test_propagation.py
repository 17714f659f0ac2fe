"""Spectra that arrive: against the reference numbers of the published spectra, and what callers rely on."""

import time

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline

from zevatron.core.config import EmissionConfig, PropagationConfig
from zevatron.core.emission import emission_model
from zevatron.core.errors import CancelledError, InputError
from zevatron.core.progress import Progress
from zevatron.core.propagation import (
    CHARGES,
    ENERGY_GRID,
    MASS_NUMBERS,
    number_above,
    propagated_spectra,
    propagated_spectrum,
)
from zevatron.core.propagation.cosmology import expansion_rate, redshift_at
from zevatron.core.propagation.interactions import LG_GAMMA, interaction_rates
from zevatron.core.propagation.nuclei import MASSES

KKOS, INOUE = EmissionConfig("kkos"), PropagationConfig("inoue12")
GROUPS = ((5, 17), (17, 31), (31, 57))
# Published spectra, grid points of 0.05 in lg E from 56 EeV on (the project's notes on propagation, section 9):
# distance: number relative to 0.5 Mpc, shares of A 5-16, 17-30, 31-56, mean ln A, mean Z
PUBLISHED = {
    0.5: (1.0, (0.282, 0.469, 0.249), 3.304, 14.94),
    3.5: (0.9537, (0.257, 0.483, 0.260), 3.307, 14.90),
    18.5: (0.7477, (0.133, 0.543, 0.325), 3.398, 15.66),
    20.0: (0.7331, (0.124, 0.545, 0.330), 3.405, 15.73),
    25.0: (0.6902, (0.100, 0.552, 0.348), 3.426, 15.90),
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def kkos(cache):
    return {s.distance: s for s in propagated_spectra(KKOS, INOUE, list(PUBLISHED), cache=cache)}


def counts(spectrum):
    """Numbers above 56 EeV by mass number, on the grid points of the published files."""
    points = (spectrum.energy >= 56.0) & (np.arange(len(spectrum.energy)) % 4 == 0)
    return (spectrum.flux[:, points] / spectrum.energy[points]).sum(axis=1)


@pytest.mark.parametrize("distance", PUBLISHED)
def test_kkos_agrees_with_the_published_spectra(kkos, distance):
    number, shares, mean_log, mean_charge = PUBLISHED[distance]
    ours = counts(kkos[distance])
    total = ours.sum()
    assert total / counts(kkos[0.5]).sum() == pytest.approx(number, rel=0.02 if distance <= 3.5 else 0.05)
    ours_shares = [ours[low - 1 : high - 1].sum() / total for low, high in GROUPS]
    np.testing.assert_allclose(ours_shares, shares, atol=0.01 if distance <= 3.5 else 0.025)
    assert (ours * np.log(MASS_NUMBERS)).sum() / total == pytest.approx(mean_log, abs=0.03)
    assert (ours * CHARGES).sum() / total == pytest.approx(mean_charge, abs=0.3)


@pytest.mark.parametrize(("distance", "total", "light", "medium"), [(0.5, 1.004, None, None), (3.5, 0.999, 0.994, 1.001),
                                                                   (20.0, 0.973, 0.844, 0.985)])
def test_kkos_agrees_with_the_prototype(kkos, distance, total, light, medium):
    """Ratios prototype / published of the notes on source models, section 2: a separate implementation of the same."""
    number, shares, _, _ = PUBLISHED[distance]
    ours = counts(kkos[distance]) / counts(kkos[0.5]).sum() * 1.004
    assert ours.sum() / number == pytest.approx(total, abs=0.002)
    if light:
        assert ours[4:16].sum() / (number * shares[0]) == pytest.approx(light, rel=0.006)
        assert ours[16:30].sum() / (number * shares[1]) == pytest.approx(medium, rel=0.006)


@pytest.mark.parametrize(("element", "cutoff", "survival", "shares", "mean_log"), [
    (0, 100.0, 0.934, (1, 0, 0, 0, 0), 0.0), (1, 50.0, 0.082, (0.995, 0.005, 0, 0, 0), 0.004),
    (2, 10.0, 0.123, (0, 0, 1, 0, 0), 2.489), (3, 7.0, 0.822, (0, 0, 0.069, 0.931, 0), 3.191),
    (4, 5.0, 0.928, (0, 0, 0.005, 0.014, 0.982), 3.954),
])
def test_pure_elements_after_20_mpc(cache, element, cutoff, survival, shares, mean_log):
    """The project's notes on propagation, section 8."""
    fractions = tuple(float(i == element) for i in range(5))
    emission = EmissionConfig("power_law", 2.0, cutoff, fractions=fractions)
    start, end = (number_above(s) for s in propagated_spectra(emission, INOUE, [0.0, 20.0], cache=cache))
    assert end.sum() / start.sum() == pytest.approx(survival, abs=0.0025)
    ours = [end[low - 1 : high - 1].sum() / end.sum() for low, high in ((1, 2), (2, 5), *GROUPS)]
    np.testing.assert_allclose(ours, shares, atol=0.003)
    assert (end * np.log(MASS_NUMBERS)).sum() / end.sum() == pytest.approx(mean_log, abs=0.005)


def test_gilmore_leaves_more_light_nuclei(kkos, cache):
    """Prototype, notes section 9: at 20 Mpc total + 1.8 %, A 5-16 + 2.3 % of themselves, against Inoue."""
    gilmore = counts(propagated_spectrum(KKOS, PropagationConfig("gilmore12"), 20.0, cache=cache))
    inoue = counts(kkos[20.0])
    assert gilmore.sum() / inoue.sum() == pytest.approx(0.986 / 0.968, abs=0.004)
    assert gilmore[4:16].sum() / inoue[4:16].sum() == pytest.approx(0.858 / 0.838, abs=0.008)


def test_energy_grid_holds_the_energies_of_the_command_line(kkos):
    lg_energy = np.linspace(19.0, 20.3, 27)
    at = kkos[3.5].flux_at(10 ** (lg_energy - 18))
    rows = np.round((lg_energy - 18.5) / 0.0125).astype(int)
    np.testing.assert_allclose(ENERGY_GRID[rows], 10 ** (lg_energy - 18), rtol=1e-12)
    np.testing.assert_allclose(at, kkos[3.5].flux[:, rows], rtol=1e-9)
    assert ENERGY_GRID[0] <= 10 and ENERGY_GRID[-1] >= 1000


def test_between_grid_points_the_flux_is_smooth(kkos):
    spectrum = kkos[3.5]
    odd = spectrum.energy[61:137:2]
    from_even = CubicSpline(np.log(spectrum.energy[::2]), np.log(spectrum.flux[27, ::2] + 1e-300))(np.log(odd))
    np.testing.assert_allclose(np.exp(from_even), spectrum.flux[27, 61:137:2], rtol=2e-3)


@pytest.mark.parametrize("energy", [[3.0], [4000.0]])
def test_energies_outside_the_grid_are_refused(kkos, energy):
    with pytest.raises(InputError, match="expected energies from 3\\.162 to 3162"):
        kkos[3.5].flux_at(np.array(energy))


@pytest.mark.parametrize("distance", [-1.0, 250.1, np.nan])
def test_distances_out_of_range_are_refused(distance):
    with pytest.raises(InputError, match="expected a distance from 0 to 250 Mpc"):
        propagated_spectrum(KKOS, INOUE, distance)


def test_one_march_gives_what_single_marches_give(kkos, tmp_path):
    alone = propagated_spectrum(KKOS, INOUE, 18.5, cache=tmp_path)
    np.testing.assert_allclose(alone.flux, kkos[18.5].flux, rtol=1e-9)


def test_distances_between_steps_lie_on_the_curve(cache):
    numbers = [number_above(s).sum() for s in propagated_spectra(KKOS, INOUE, [3.0, 3.2, 3.25, 3.5], cache=cache)]
    assert numbers[1] == pytest.approx(np.interp(3.2, [3.0, 3.5], [numbers[0], numbers[3]]), rel=2e-4)
    assert numbers[1] > numbers[2]


def test_at_distance_zero_the_emission_arrives(cache):
    arrived = propagated_spectrum(KKOS, INOUE, 0.0, cache=cache)
    emitted = emission_model(KKOS).flux(ENERGY_GRID)
    strong = emitted > 1e-12 * emitted.max()
    strong[:, ENERGY_GRID < 4] = False  # the emission's helium starts at 10^18.5 eV
    strong[3, ENERGY_GRID > 10**1.77] = False  # and ends at 10^19.8 eV
    np.testing.assert_allclose(arrived.flux[strong], emitted[strong], rtol=0.01)
    strong[:, ENERGY_GRID > 150] = False  # the edge at 2e20 eV
    np.testing.assert_allclose(arrived.flux[strong], emitted[strong], rtol=1e-4)


def test_far_distances_continue_the_near_ones(cache):
    """At 25 Mpc the evolving fields take over: z = 0.0057 changes the flux by less than 1 %."""
    near, just_beyond, far = propagated_spectra(KKOS, INOUE, [25.0, 25.001, 50.0], cache=cache)
    step = number_above(just_beyond).sum() / number_above(near).sum()
    assert 0.99 < step < 1.0
    assert 0.7 < number_above(far).sum() / number_above(near).sum() < 0.8


def test_protons_over_60_mpc_agree_with_direct_integration(tmp_path):
    """Follow single protons back through evolving fields with an ODE solver; compare the spectrum."""
    emission = EmissionConfig("power_law", 2.0, 1000.0, fractions=(1.0, 0.0, 0.0, 0.0, 0.0))
    distance = 60.0
    arrived = propagated_spectrum(emission, INOUE, distance, cache=tmp_path)
    z_nodes = np.linspace(0.0, float(redshift_at(distance)) * 1.01, 4)
    loss = [interaction_rates("inoue12", z) for z in z_nodes]
    y = LG_GAMMA * np.log(10)
    curves = [CubicSpline(y, np.log(r.pair[0] + r.photopion[0] + expansion_rate(z))) for r, z in zip(loss, z_nodes, strict=True)]

    def back(r, v):
        z = float(redshift_at(r))
        log_loss, slope = (np.interp(z, z_nodes, [c(v[0], order) for c in curves]) for order in (0, 1))
        b = np.exp(log_loss) / (1 + z)
        return [b, -b * slope]

    for energy in (10.0, 40.0, 60.0, 80.0):
        start = np.log(energy / MASSES[0])
        at_source, log_stretch = solve_ivp(back, (0, distance), [start, 0.0], rtol=1e-6, atol=1e-8).y[:, -1]
        emitted_energy = np.exp(at_source) * MASSES[0]
        number = np.exp(-emitted_energy / 1000.0) / emitted_energy * np.exp(-log_stretch)
        assert arrived.flux_at(np.array([energy]))[0, 0] / energy == pytest.approx(number, rel=0.01)


def test_results_are_cached_and_damaged_caches_made_again(tmp_path):
    first = propagated_spectrum(KKOS, INOUE, 3.5, cache=tmp_path)
    (path,) = tmp_path.rglob("*.h5")
    started = time.process_time()
    again = propagated_spectrum(KKOS, INOUE, 3.5, cache=tmp_path)
    assert time.process_time() - started < 0.2
    np.testing.assert_array_equal(again.flux, first.flux)
    path.write_bytes(path.read_bytes()[:-100])
    np.testing.assert_allclose(propagated_spectrum(KKOS, INOUE, 3.5, cache=tmp_path).flux, first.flux, rtol=1e-12)
    propagated_spectrum(KKOS, PropagationConfig("gilmore12"), 3.5, cache=tmp_path)
    assert len(list(tmp_path.rglob("*.h5"))) == 2


def test_cancelling_stops_the_march(tmp_path):
    progress = Progress()
    progress.cancel()
    with pytest.raises(CancelledError):
        propagated_spectrum(KKOS, INOUE, 10.0, cache=tmp_path, progress=progress)
    assert not list(tmp_path.rglob("*.h5"))


def test_all_near_distances_take_less_than_ten_seconds(tmp_path):
    started = time.process_time()
    spectra = propagated_spectra(EmissionConfig("auger2017"), INOUE, 0.5 * np.arange(1, 51), cache=tmp_path)
    assert time.process_time() - started < 10.0
    assert [s.distance for s in spectra] == list(0.5 * np.arange(1, 51))
    assert np.all(np.diff([number_above(s).sum() for s in spectra]) < 0)
