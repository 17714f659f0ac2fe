"""The march: each step against laws and other integrators, the whole against two independent implementations."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline
from scipy.linalg import expm

from zevatron.core.config import EmissionConfig
from zevatron.core.emission import emission_model
from zevatron.core.propagation import MASS_NUMBERS
from zevatron.core.propagation.march import emitted_state, local_medium, states_at
from zevatron.core.propagation.nuclei import MASSES
from zevatron.core.propagation.transport import LG_GAMMA, LN_STEP, Shift, exponential, exponential_action, settle

Y = LG_GAMMA * np.log(10.0)


@pytest.fixture(scope="module")
def medium():
    return local_medium("inoue12")


def power_law_state(index, cutoff, fractions):
    return emitted_state(emission_model(EmissionConfig("power_law", index, cutoff, fractions=fractions)))


def test_exponential_agrees_with_scipy_and_is_positive(medium):
    some = medium.generator[100:380:40]
    ours = exponential(some, 0.7)
    np.testing.assert_allclose(ours, expm(some * 0.7), atol=1e-12)
    assert np.all(ours >= 0)
    state = np.linspace(0.1, 1.0, 56)[None, :, None] * np.ones((len(some), 56, 1))
    np.testing.assert_allclose(exponential_action(some, state, 0.7), ours @ state, rtol=1e-12)


def test_break_up_conserves_nucleons(medium):
    n = np.ones((56, len(LG_GAMMA)))
    after = exponential(medium.generator, 5.0) @ n.T[:, :, None]
    np.testing.assert_allclose(after[:, :, 0] @ MASS_NUMBERS, MASS_NUMBERS.sum(), rtol=1e-10)


def test_prompt_decays_conserve_nucleons():
    n = np.arange(1.0, 57.0)[:, None] * np.ones((56, 3))
    settled = settle(n)
    assert not settled[4:8].any()
    np.testing.assert_allclose(MASS_NUMBERS @ settled, MASS_NUMBERS @ n)


def test_shift_of_a_power_law_is_exact():
    n = np.exp(-1.7 * Y) * np.ones((2, 1))
    position = np.arange(400)[None, :] + np.array([[0.3], [1.9]])
    expected = np.exp(-1.7 * (Y[0] + position * LN_STEP))
    np.testing.assert_allclose(Shift(position)(n), expected, rtol=1e-10)


def test_shift_converges_with_the_fourth_power():
    """Twice as broad a bump means half as large a step for it."""
    errors = []
    for width in (0.3, 0.6):
        def bump(y, width=width):
            return np.exp(3 * np.sin((y - Y[200]) / width))
        position = np.arange(100, 300)[None, :] + 0.5
        errors.append(np.abs(Shift(position)(bump(Y)[None]) / bump(Y[0] + position * LN_STEP) - 1).max())
    assert errors[0] / errors[1] > 12 and errors[1] < 1e-4


def test_shift_makes_nothing_new_at_an_edge():
    n = np.where(np.arange(len(Y)) < 250, 1.0, 0.0)[None]
    moved = n
    for _ in range(50):
        moved = Shift(np.arange(len(Y))[None, :] + 0.37)(moved)
    assert moved.max() < 1.1 and moved.min() >= 0
    assert moved.sum() == pytest.approx(250 - 50 * 0.37, abs=0.5)
    assert Shift(np.arange(len(Y))[None, :] + 5.0)(np.ones((1, len(Y))))[:, -5:].max() < 1e-290


@pytest.mark.parametrize("mass_number", [1, 28])
def test_losses_conserve_the_number_of_particles(medium, mass_number):
    n = np.zeros((56, len(Y)))
    n[mass_number - 1] = np.exp(-0.5 * ((LG_GAMMA - 11.2) / 0.15) ** 2)
    shift = medium.shift(0.5)
    moved = n
    for _ in range(20):
        moved = shift(moved)
    assert moved.sum() == pytest.approx(n.sum(), rel=2e-4)
    assert np.argmax(moved[mass_number - 1]) < np.argmax(n[mass_number - 1])


def survivors(medium, state, mass_number, distance, y):
    """Parents that arrive: solve dy/dx = b(y), d ln n/dx = R - b'(y) back from the Galaxy to the source."""
    a = mass_number - 1
    loss = CubicSpline(Y, np.log(medium.loss[a]))
    decay = CubicSpline(Y, np.log(np.maximum(-medium.generator[:, a, a], 1e-300)))
    source = CubicSpline(Y, np.log(np.maximum(state[a], 1e-300)))

    def back(_, v):
        b = np.exp(loss(v[0]))
        return [b, np.exp(decay(v[0])) - b * loss(v[0], 1)]

    at_source, depth = solve_ivp(back, (0, distance), [y, 0.0], rtol=1e-9, atol=1e-11).y[:, -1]
    return np.exp(source(at_source) - depth)


@pytest.mark.parametrize(("mass_number", "fractions", "cutoff"), [
    (56, (0.0, 0.0, 0.0, 0.0, 1.0), 5.0), (28, (0.0, 0.0, 0.0, 1.0, 0.0), 7.0), (14, (0.0, 0.0, 1.0, 0.0, 0.0), 10.0),
    (1, (1.0, 0.0, 0.0, 0.0, 0.0), 100.0),
])
def test_parents_agree_with_integration_along_characteristics(medium, mass_number, fractions, cutoff):
    state = power_law_state(2.0, cutoff, fractions)
    arrived = states_at(state, "inoue12", [20.0])[20.0][mass_number - 1]
    energy = MASSES[mass_number - 1] * 10**LG_GAMMA
    for lowest in (30.0, 56.0, 80.0, 120.0):
        i = np.searchsorted(energy, lowest)
        assert arrived[i] == pytest.approx(survivors(medium, state, mass_number, 20.0, Y[i]), rel=4e-3)


@pytest.mark.parametrize("lg_gamma", [9.2, 9.6, 10.0])
def test_fragments_agree_with_an_ode_solver(medium, lg_gamma):
    """Without losses the 56 numbers at one gamma obey an ordinary differential equation."""
    i = round((lg_gamma - LG_GAMMA[0]) / 0.0125)
    start = np.zeros(56)
    start[55] = 1.0
    solution = solve_ivp(lambda _, n: medium.generator[i] @ n, (0, 5.0), start, method="LSODA", rtol=1e-9, atol=1e-13)
    half = exponential(medium.generator[i : i + 1], 0.25)[0]
    np.testing.assert_allclose(np.linalg.matrix_power(half, 20) @ start, solution.y[:, -1], rtol=1e-5, atol=1e-10)


def monte_carlo(medium, mass_number, energy, distance, rng, step=0.04):
    """Follow nuclei one by one in plain first-order steps; return mass number and energy of what is left of each."""
    a, y = np.full(len(energy), mass_number), np.log(energy / MASSES[mass_number - 1])
    gains = medium.generator.transpose(0, 2, 1).copy()  # [cell, parent, product]
    decay = -np.diagonal(gains, axis1=1, axis2=2)
    gains *= 1.0 - np.eye(56)
    gains[:, 1:, 0] = 0.0  # single nucleons accompany the heavy product
    gains[:, :, 0] += gains.sum(axis=2) == 0
    choice = np.cumsum(gains / gains.sum(axis=2, keepdims=True), axis=2)
    choice[:, :, -1] = 1.0
    for _ in range(round(distance / step)):
        near = np.clip(np.round((y - Y[0]) / LN_STEP).astype(int), 0, len(Y) - 1)
        y = y - step * medium.loss[a - 1, near]
        hit = np.flatnonzero(rng.random(len(a)) < -np.expm1(-step * decay[near, a - 1]))
        a[hit] = 1 + (choice[near[hit], a[hit] - 1] < rng.random((len(hit), 1))).sum(axis=1)
    return a, np.exp(y) * MASSES[a - 1]


def test_march_agrees_with_a_monte_carlo_of_single_nuclei(medium, rng):
    distance, cutoff, lowest = 20.0, 7.0, 56.0
    energy = np.exp(rng.uniform(np.log(50.0), np.log(600.0), 30_000))
    weight = np.exp(-energy / (14 * cutoff)) / energy  # E^-2 dE = E^-1 d ln E
    a, arrived = monte_carlo(medium, 28, energy, distance, rng)
    counted = weight * (arrived > lowest)
    state = states_at(power_law_state(2.0, cutoff, (0.0, 0.0, 0.0, 1.0, 0.0)), "inoue12", [0.0, distance])

    def above(n):
        return np.array([np.interp(np.log(lowest / m), Y, np.cumsum(row[::-1])[::-1] - row / 2) for m, row in zip(MASSES, n, strict=True)])

    before, after = above(state[0.0]).sum(), above(state[distance])
    started = weight[energy > lowest].sum()
    assert counted.sum() / started == pytest.approx(after.sum() / before, abs=0.012)
    assert counted[a <= 16].sum() / counted.sum() == pytest.approx(after[1:16].sum() / after.sum(), abs=0.008)
    mean_log = (counted * np.log(a)).sum() / counted.sum()
    assert mean_log == pytest.approx((after * np.log(MASS_NUMBERS)).sum() / after.sum(), abs=0.01)


def test_step_size_has_converged():
    state = emitted_state(emission_model(EmissionConfig("kkos")))
    coarse, fine = (states_at(state, "inoue12", [20.0], step=step)[20.0] for step in (0.5, 0.125))
    energy = MASSES[:, None] * 10**LG_GAMMA
    above = energy > 56
    assert (coarse * above).sum() == pytest.approx((fine * above).sum(), rel=5e-4)
    strong = above & (fine > 1e-4 * fine.max(axis=1, keepdims=True)) & (fine > 1e-6 * fine.max())
    np.testing.assert_allclose(coarse[strong], fine[strong], rtol=0.01)
