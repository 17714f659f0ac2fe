"""The plain way to convolve on HEALPix, as published: gather nine neighbours of every pixel. Oracle of the fast layers.

The published networks have their pixels in RING order, which costs a second gather before each pooling.
"""

import healpy as hp
import keras
import numpy as np
from keras import ops

TAPS = ((0, 0), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""Steps in x and y on a face to the pixel itself, SW, W, NW, N, NE, E, SE, S: the published order of the nine taps."""


class PlainConvolution(keras.layers.Layer):
    """(batch, npix, channels), NESTED or RING, to (batch, npix, filters); a missing neighbour counts as zero."""

    def __init__(self, filters, nest=True, **kwargs):
        super().__init__(**kwargs)
        self.nest = nest
        self.convolution = keras.layers.Conv1D(filters, 9, strides=9, use_bias=False)

    def build(self, input_shape):
        npix = input_shape[1]
        own = np.arange(npix)
        neighbours = hp.get_all_neighbours(hp.npix2nside(npix), own, nest=self.nest)
        self._pixels = np.where(neighbours < 0, npix, neighbours)
        self._pixels = np.concatenate([own[None], self._pixels]).T.ravel().astype("int32")
        self.convolution.build((None, 9 * npix, input_shape[-1]))

    def call(self, maps):
        return self.convolution(ops.take(ops.pad(maps, ((0, 0), (0, 1), (0, 0))), self._pixels, axis=1))


class PlainPooling(keras.layers.Layer):
    """Largest of the four children of each pixel, gathered first: (batch, npix, channels) to (batch, npix / 4, channels), RING."""

    def build(self, input_shape):
        nside = hp.npix2nside(input_shape[1])
        children = 4 * hp.ring2nest(nside // 2, np.arange(3 * nside**2))[:, None] + np.arange(4)
        self._children = hp.nest2ring(nside, children).ravel().astype("int32")
        self.pooling = keras.layers.MaxPooling1D(4, data_format="channels_last")

    def call(self, maps):
        return self.pooling(ops.take(maps, self._children, axis=1))


def plain_network(nside, n_bins, filters, dense_units=(16, 16), nest=True):
    """Same layers as the BCNN, every one the plain way, ReLU before pooling; log odds come out."""
    counts = keras.Input((12 * nside**2, n_bins))
    x = counts
    while x.shape[1] > 12:
        x = keras.layers.Activation("relu")(PlainConvolution(filters, nest)(x))
        x = (keras.layers.MaxPooling1D(4, data_format="channels_last") if nest else PlainPooling())(x)
    x = keras.layers.Flatten()(x)
    for units in dense_units:
        x = keras.layers.Dense(units, "relu")(x)
    return keras.Model(counts, keras.layers.Dense(1)(x))


def copy_weights(fast, plain):
    """Give a plain network the weights of a fast one: 3 by 3 kernels become nine taps."""
    plain.set_weights([nine_taps(w) if w.ndim == 4 else w for w in fast.get_weights()])


def nine_taps(kernel):
    """Turn a kernel or its gradient, (3, 3, channels, filters), into (9, channels, filters)."""
    return np.stack([kernel[1 + dx, 1 + dy] for dx, dy in TAPS])
