"""The classifier of the angular power spectrum: a small dense network on C_l, blind to where on the sky events are."""
# ruff: noqa: D102  (build, call, compute_output_shape and get_config are the contract of Keras)

import math

import keras
import numpy as np
from keras import ops

from ..harmonics import highest_multipole, legendre_functions, ring_places
from ..sky import check_nside
from .layers import register
from .weights import seeded_initializers

HIDDEN_LAYERS = 2


@register
class PowerSpectra(keras.layers.Layer):
    r"""Angular power spectra of the events above each edge of the energy bins, against the shot noise.

    The feature is the arsinh, which tames strong sources, of

    .. math:: \sqrt{(2\ell + 1) / 2}\, (C_\ell / (4\pi / N) - 1), \qquad \ell = 1 \ldots 32

    with C_l of the relative intensity at uniform exposure: for isotropy of mean 0 and about unit variance at many events. N
    are the events above the edge; without any the feature is 0. The first edge is the threshold: all events.

    Parameters
    ----------
    nside : int

    Input shape
        (batch, 12 nside^2, n_bins), counts in NESTED order.
    Output shape
        (batch, n_bins, l_max).
    """

    def __init__(self, nside, **kwargs):
        super().__init__(**kwargs)
        self.nside = check_nside(nside)
        self.l_max = highest_multipole(self.nside)

    def get_config(self):
        return {**super().get_config(), "nside": self.nside}

    def build(self, input_shape):
        ring, longitude, z = ring_places(self.nside)
        npix, orders = len(ring), np.arange(self.l_max + 1)
        order = np.lexsort((longitude, ring))
        first = np.searchsorted(ring[order], np.arange(len(z)))
        place = np.empty(npix, int)
        place[order] = np.arange(npix) - first[ring[order]]
        # each ring is a row of 4 nside pixels; where it has fewer, the zero put at the end fills it
        rows = np.full((len(z), 4 * self.nside), npix)
        rows[ring, place] = np.arange(npix)
        phases = np.zeros((*rows.shape, len(orders)), complex)
        phases[ring, place] = np.exp(1j * np.multiply.outer(longitude, orders))
        legendre = legendre_functions(z, self.l_max)
        legendre[:, 1:] *= math.sqrt(2)  # orders m and -m
        self._rows = rows.ravel().astype("int32")
        self._phases = np.concatenate([phases.real, phases.imag], axis=-1).astype("float32")
        self._legendre = np.concatenate([legendre, legendre], axis=1).astype("float32")

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[2], self.l_max)

    def call(self, counts):
        rings, columns, _ = self._phases.shape
        padded = ops.pad(counts, ((0, 0), (0, 1), (0, 0)))
        rows = ops.reshape(ops.take(padded, self._rows, axis=1), (-1, rings, columns, counts.shape[-1]))
        sums = ops.einsum("brpk,rpm->brkm", rows, ops.cast(self._phases, counts.dtype))
        harmonics = ops.einsum("brkm,rml->bkml", sums, ops.cast(self._legendre, counts.dtype))
        power = ops.sum(ops.square(_above(harmonics)), axis=2)[..., 1:]
        degree = np.arange(1, self.l_max + 1, dtype="float32")
        number = ops.expand_dims(_above(ops.sum(counts, axis=1)), -1)
        relative = power * (4 * math.pi / (2 * degree + 1)) / ops.maximum(number, 1)
        return ops.where(number > 0, ops.arcsinh((relative - 1) * np.sqrt(degree + 0.5)), 0.0)


def _above(values):
    """Sum over this and all higher energy bins, which are the second axis."""
    return ops.flip(ops.cumsum(ops.flip(values, axis=1), axis=1), axis=1)


def spectrum_network(nside, n_bins, filters, seed=None):
    """Build the spectrum network: (batch, npix, n_bins) counts to the probability of a source."""
    initializers = seeded_initializers(seed)
    counts = keras.Input((12 * nside**2, n_bins), name="counts")
    # squares of sums over the sky: not in half precision
    x = PowerSpectra(nside, dtype="float32", name="spectra")(counts)
    x = keras.layers.Flatten(name="flatten")(x)
    for i in range(1, HIDDEN_LAYERS + 1):
        x = keras.layers.Dense(filters, "relu", kernel_initializer=next(initializers), name=f"dense_{i}")(x)
    x = keras.layers.Dense(1, dtype="float32", kernel_initializer=next(initializers), name="log_odds")(x)
    return keras.Model(counts, keras.layers.Activation("sigmoid", dtype="float32", name="probability")(x), name="spectrum_network")
