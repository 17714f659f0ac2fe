"""One step of the way from the source: nuclei break up, lose energy, and their spectra move down the grid.

The state is n, shape (56, n_gamma): nuclei per unit ln(gamma), by mass number, on
:data:`~.interactions.LG_GAMMA`. Breaking up conserves gamma, so it is a matrix for each gamma; losses shift each
spectrum along ln(gamma). The two alternate symmetrically (half a step of breaking up, the loss, the other half).
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from .cosmology import expansion_rate
from .interactions import GAMMA_LG_STEP, LG_GAMMA, interaction_rates
from .nuclei import MASS_NUMBERS, channel_products, prompt_decay

STEP = 0.5  # Mpc; halving it changes the number above 56 EeV by less than 0.1 %
LN_STEP = GAMMA_LG_STEP * np.log(10.0)
LN_EMPTY = -690.0  # ln of what counts as no particles, just above the smallest double
ROUGH = 3.0  # third difference of ln n from which on a cubic would overshoot: the edge of a spectrum


class Medium:
    """What fills the way at one redshift, prepared for steps of one length.

    Parameters
    ----------
    ebl : {"inoue12", "gilmore12"}
        Background light.
    redshift : float, optional
    """

    def __init__(self, ebl, redshift=0.0):
        rates = interaction_rates(ebl, redshift)
        self.generator = disintegration_generator(rates.disintegration)
        self.loss = rates.pair + rates.photopion + expansion_rate(redshift)
        self._log_loss = [CubicSpline(LG_GAMMA * np.log(10.0), row) for row in np.log(self.loss)]
        self._kept = None

    def step(self, length):
        """Return the :class:`Step` over ``length`` (proper Mpc), ready to be repeated; the last one made is kept."""
        if self._kept is None or self._kept[0] != length:
            half = exponential(self.generator, length / 2)
            self._kept = length, Step(functools.partial(np.matmul, half), self.shift(length))
        return self._kept[1]

    def single_step(self, length):
        """Return a :class:`Step` for one use: much cheaper to make than :meth:`step`, dearer to take."""
        half = functools.partial(exponential_action, self.generator, length=length / 2)
        return Step(half, self.shift(length))

    def travel(self, state, length, step=STEP):
        """Return the state (56, n_gamma) after ``length`` (proper Mpc): whole steps and what is left over."""
        n_steps = int(np.floor(length / step + 1e-9))
        for _ in range(n_steps):
            state = self.step(step)(state)
        rest = length - n_steps * step
        return self.single_step(rest)(state) if rest > 1e-9 else state

    def shift(self, length):
        """Return the :class:`Shift` of the continuous losses over ``length`` (proper Mpc).

        Notes
        -----
        Who has ln(gamma) = y now had y + s before. The flow does not change along the way, so the spectrum is
        stretched by exactly b(y + s) / b(y), where b = - d ln(gamma) / dx.
        """
        y = LG_GAMMA * np.log(10.0)
        before = np.array([_flow_back(log_loss, y, length) for log_loss in self._log_loss])
        stretch = np.array([log_loss(row) for log_loss, row in zip(self._log_loss, before, strict=True)])
        return Shift((before - y[0]) / LN_STEP, stretch - np.log(self.loss))


def _flow_back(log_loss, y, length, n_parts=2):
    """Solve dy/dx = b(y) over ``length`` with the classical Runge-Kutta method."""
    h, top = length / n_parts, y[-1]

    def loss(value):
        return np.exp(log_loss(np.minimum(value, top)))

    for _ in range(n_parts):
        k1 = loss(y)
        k2 = loss(y + h / 2 * k1)
        k3 = loss(y + h / 2 * k2)
        k4 = loss(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.minimum(y, top + 1.0)


@dataclass(frozen=True)
class Step:
    """Half a step of breaking up, the losses of a whole one, the other half.

    Attributes
    ----------
    disintegrate : callable
        Takes and gives states as columns, shape (n_gamma, 56, 1).
    shift : Shift
    """

    disintegrate: object
    shift: "Shift"

    def __call__(self, n):
        """Return the state (56, n_gamma) after the step."""
        n = self.disintegrate(n.T[:, :, None])[:, :, 0].T
        return self.disintegrate(self.shift(n).T[:, :, None])[:, :, 0].T


class Shift:
    """Reads every spectrum at other places, by a cubic through the four nearest points of its logarithm.

    Where a spectrum ends abruptly a straight line between the two nearest values takes the place of the cubic.

    Parameters
    ----------
    position : ndarray, shape (56, n)
        Where to read, in steps of the grid from its first point. Below the grid the first slope continues, above it
        there is nothing.
    log_factor : ndarray, shape (56, n), optional
        Logarithm of what the values are multiplied with.
    """

    def __init__(self, position, log_factor=0.0):
        first = np.clip(np.floor(position).astype(int), 0, len(LG_GAMMA))
        t = position - first
        self._index = first + np.arange(4)[:, None, None]  # into the padded row: one point below, three above
        self._weights = np.stack([
            -t * (t - 1) * (t - 2) / 6, (t + 1) * (t - 1) * (t - 2) / 2, -(t + 1) * t * (t - 2) / 2, (t + 1) * t * (t - 1) / 6,
        ])
        self._log_share = np.log(np.maximum([1.0 - t, t], np.exp(LN_EMPTY)))
        self._log_factor = log_factor
        self._row = np.arange(position.shape[0])[:, None]

    def __call__(self, n):
        """Return the values at the new places, shape (56, n)."""
        log = np.log(np.maximum(n, np.exp(LN_EMPTY)))
        log = np.concatenate([2 * log[:, :1] - log[:, 1:2], log, np.full((len(log), 3), LN_EMPTY)], axis=1)
        a, b, c, d = (log[self._row, index] for index in self._index)
        value = sum(weight * near for weight, near in zip(self._weights, (a, b, c, d), strict=True))
        rough = np.abs(a - 3 * b + 3 * c - d) > ROUGH
        line = np.logaddexp(b + self._log_share[0], c + self._log_share[1])
        value = np.where(rough, line, value)
        return np.where(value > LN_EMPTY + 1.0, np.exp(value + self._log_factor), 0.0)


def disintegration_generator(rates):
    """Return the matrices G of dn/dx = G n for each gamma, shape (n_gamma, 56, 56), from ``rates`` (3, 56, n_gamma)."""
    generator = np.zeros((rates.shape[2], len(MASS_NUMBERS), len(MASS_NUMBERS)))
    for a in MASS_NUMBERS:
        if np.any(rates[:, a - 1]):
            generator[:, :, a - 1] = rates[:, a - 1].T @ channel_products(a)
            generator[:, a - 1, a - 1] -= rates[:, a - 1].sum(axis=0)
    return generator


def _positive_part(generator):
    """Split G = B - d: a diagonal shift d that leaves nothing negative, so that no digit cancels in exp(B)."""
    decay = np.max(-np.diagonal(generator, axis1=1, axis2=2), axis=1)[:, None, None]
    return generator + decay * np.eye(generator.shape[1]), decay


def exponential_action(generator, state, length):
    """Return exp(G length) applied to columns ``state`` (n_gamma, 56, m), every element to full relative accuracy."""
    positive, decay = _positive_part(generator)
    result, term = state.copy(), state
    for order in range(1, 10_000):
        term = positive @ term * (length / order)
        result += term
        if order > length * decay.max() and np.all(term <= 1e-17 * result):
            break
    return result * np.exp(-decay * length)


def exponential(generator, length):
    """Return exp(G length), shape (n_gamma, 56, 56), by scaling and squaring."""
    n_squarings = max(0, int(np.ceil(np.log2(length * np.max(-generator) + 1e-300))) + 1)
    identity = np.broadcast_to(np.eye(generator.shape[1]), generator.shape)
    matrix = exponential_action(generator, identity, length / 2**n_squarings)
    for _ in range(n_squarings):
        matrix = matrix @ matrix
    return matrix


def settle(n):
    """Return the state after the prompt decays of A = 5 ... 8."""
    settled = n.copy()
    for a in (5, 6, 7, 8):
        settled[a - 1] = 0.0
        for product, number in prompt_decay(a).items():
            settled[product - 1] += number * n[a - 1]
    return settled
