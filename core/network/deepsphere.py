"""DeepSphere: convolutions on the graph of neighbouring pixels (Perraudin et al., Astron. Comput. 27 (2019) 130).

A filter is a polynomial of the graph's Laplacian (Defferrard, Bresson &
Vandergheynst, NIPS 2016, arXiv:1606.09375): it weighs pixels by their distance
and does not know directions, so that a turned sky gives turned features. Where
the twelve pixels are left, dense layers still know which is which.
"""
# ruff: noqa: D102  (build, call, compute_output_shape and get_config are the contract of Keras)

import keras
from keras import ops

from .layers import FacePooling, HealpixFaces, bordered, register
from .topology import NEIGHBOUR_OFFSETS, neighbour_weights
from .weights import seeded_initializers

ORDER = 5  # terms of the polynomial, as published
MOMENTUM = 0.9  # of the batch statistics: an epoch may have as few as sixty batches
DENSE_UNITS = 16


@register
class ChebyshevConvolution(keras.layers.Layer):
    r"""Polynomial filter of the normalised graph Laplacian, without bias.

    .. math:: y = \sum_{k < K} T_k(\tilde L)\, x\, \Theta_k, \qquad T_k = 2 \tilde L T_{k-1} - T_{k-2}

    with Chebyshev's polynomials and :math:`\tilde L = 2 L / \lambda_{max} - 1`. For :math:`\lambda_{max}` stands 2, which no
    normalised Laplacian exceeds (Chung, Spectral Graph Theory (1997), lemma 1.7): :math:`\tilde L` is then minus the
    normalised adjacency, the same numbers wherever a network is loaded. The product is a sum over eight neighbours.

    Parameters
    ----------
    filters : int
        Number of feature maps that come out.
    order : int
        Number of terms K; the filter reaches K - 1 pixels far.
    kernel_initializer : str or keras.initializers.Initializer

    Input shape
        (batch, 12, n, n, channels).
    Output shape
        (batch, 12, n, n, filters).
    """

    def __init__(self, filters, order=ORDER, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.filters, self.order = int(filters), int(order)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return {**super().get_config(), "filters": self.filters, "order": self.order, "kernel_initializer": initializer}

    def build(self, input_shape):
        self._weights_of = neighbour_weights(input_shape[2])[..., None].astype("float32")
        shape = (self.order * input_shape[-1], self.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=self.kernel_initializer)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)

    def call(self, faces):
        channels = faces.shape[-1]
        before, last = None, faces
        result = ops.matmul(faces, self.kernel[:channels])
        for k in range(1, self.order):
            step = self._laplacian(last)
            before, last = last, step if before is None else 2 * step - before
            result = result + ops.matmul(last, self.kernel[k * channels : (k + 1) * channels])
        return result

    def _laplacian(self, faces):
        """Apply the scaled Laplacian, minus the adjacency."""
        side, wide = faces.shape[2], bordered(faces)
        total = 0.0
        for (dx, dy), weights in zip(NEIGHBOUR_OFFSETS, self._weights_of, strict=True):
            shifted = wide[:, :, 1 + dx : side + 1 + dx, 1 + dy : side + 1 + dy]
            total = total - ops.cast(weights, faces.dtype) * shifted
        return total


def deepsphere(nside, n_bins, filters, seed=None):
    """Build the graph network: (batch, npix, n_bins) counts to the probability of a source."""
    initializers = seeded_initializers(seed)
    counts = keras.Input((12 * nside**2, n_bins), name="counts")
    x, block = HealpixFaces(nside, name="faces")(counts), 0
    while x.shape[2] > 1:
        block += 1
        x = ChebyshevConvolution(filters, kernel_initializer=next(initializers), name=f"chebyshev_{block}")(x)
        x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"normalisation_{block}")(x)
        x = FacePooling(name=f"pooling_{block}")(x)
        x = keras.layers.Activation("relu", name=f"relu_{block}")(x)
    x = keras.layers.Flatten(name="flatten", data_format="channels_last")(x)
    x = keras.layers.Dense(DENSE_UNITS, "relu", kernel_initializer=next(initializers), name="dense_1")(x)
    x = keras.layers.Dense(1, kernel_initializer=next(initializers), name="log_odds")(x)
    return keras.Model(counts, keras.layers.Activation("sigmoid", name="probability")(x), name="deepsphere")
