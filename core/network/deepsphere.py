"""DeepSphere: convolutions on the graph of neighbouring pixels (Perraudin et al., Astron. Comput. 27 (2019) 130).

A filter is a polynomial of the graph's Laplacian (Defferrard, Bresson &
Vandergheynst, NIPS 2016, arXiv:1606.09375): it weighs pixels by their distance
and does not know directions, so that a turned sky gives turned features. Where
twelve pixels are left, dense layers still know which is which.
"""
# ruff: noqa: D102  (build, call, compute_output_shape and get_config are the contract of Keras)

import keras
from keras import ops

from ..errors import InputError
from ..sky import check_nside
from .layers import register
from .neighbour_graph import adjacency_blocks
from .weights import seeded_initializers

ORDER = 5  # terms of the polynomial, as published
MOMENTUM = 0.9  # of the batch statistics: an epoch may have as few as sixty batches


@register
class ChebyshevConvolution(keras.layers.Layer):
    r"""Polynomial filter of the normalised graph Laplacian, without bias.

    .. math:: y = \sum_{k < K} T_k(\tilde L)\, x\, \Theta_k, \qquad T_k = 2 \tilde L T_{k-1} - T_{k-2}

    with Chebyshev's polynomials and :math:`\tilde L = 2 L / \lambda_{max} - 1`. For :math:`\lambda_{max}` stands 2, which no
    normalised Laplacian exceeds (Chung, Spectral Graph Theory (1997), lemma 1.7): :math:`\tilde L` is then minus the
    normalised adjacency, the same numbers wherever a network is loaded.

    Parameters
    ----------
    nside : int
    filters : int
        Number of feature maps that come out.
    order : int
        Number of terms K; the filter reaches K - 1 pixels far.
    kernel_initializer : str or keras.initializers.Initializer

    Input shape
        (batch, 12 nside^2, channels), NESTED.
    Output shape
        (batch, 12 nside^2, filters).
    """

    def __init__(self, nside, filters, order=ORDER, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.nside, self.filters, self.order = check_nside(nside), int(filters), int(order)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return {
            **super().get_config(), "nside": self.nside, "filters": self.filters, "order": self.order,
            "kernel_initializer": initializer,
        }

    def build(self, input_shape):
        if input_shape[1] != 12 * self.nside**2:
            raise InputError(f"expected {12 * self.nside**2} pixels for nside {self.nside}, received {input_shape[1]}")
        self._adjacency = symmetric_product(adjacency_blocks(self.nside))
        shape = (self.order * input_shape[-1], self.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=self.kernel_initializer)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)

    def call(self, maps):
        npix, channels = maps.shape[1:]
        # pixels first: a row of the product is then as long as the batch
        terms = [ops.reshape(ops.transpose(maps, (1, 0, 2)), (npix, -1))]
        for k in range(1, self.order):
            step = -self._adjacency(terms[-1])
            terms.append(step if k == 1 else 2 * step - terms[-2])
        powers = ops.concatenate([ops.reshape(term, (npix, -1, channels)) for term in terms], axis=-1)
        return ops.transpose(ops.matmul(powers, self.kernel), (1, 0, 2))


def symmetric_product(blocks):
    """Return the product of a symmetric sparse matrix with (npix, columns), blocks of dense rows multiplied at once.

    The gradient is the same product, which spares the scattering of what was gathered.

    Parameters
    ----------
    blocks : AdjacencyBlocks
    """
    n_blocks, rows, _ = blocks.matrices.shape

    @ops.custom_gradient
    def product(columns):
        taken = ops.take(columns, blocks.sources, axis=0)
        result = ops.reshape(ops.matmul(ops.cast(blocks.matrices, columns.dtype), taken), (n_blocks * rows, -1))

        def gradient(*arguments, upstream=None):
            return product(arguments[0] if upstream is None else upstream)

        return result, gradient

    return product


@register
class NestedPooling(keras.layers.Layer):
    """Largest of the four children of each pixel in NESTED order: (batch, npix, c) to (batch, npix / 4, c)."""

    def compute_output_shape(self, input_shape):
        batch, npix, channels = input_shape
        return (batch, npix // 4, channels)

    def call(self, maps):
        npix, channels = maps.shape[1:]
        return ops.max(ops.reshape(maps, (-1, npix // 4, 4, channels)), axis=2)


def deepsphere(nside, n_bins, filters, seed=None, dense=(16,)):
    """Build the graph network: (batch, npix, n_bins) counts to the probability of a source."""
    initializers = seeded_initializers(seed)
    counts = keras.Input((12 * nside**2, n_bins), name="counts")
    x, block = counts, 0
    while nside > 1:
        block += 1
        x = ChebyshevConvolution(nside, filters, kernel_initializer=next(initializers), name=f"chebyshev_{block}")(x)
        x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"normalisation_{block}")(x)
        x = NestedPooling(name=f"pooling_{block}")(x)
        x = keras.layers.Activation("relu", name=f"relu_{block}")(x)
        nside //= 2
    x = keras.layers.Flatten(name="flatten", data_format="channels_last")(x)
    for i, units in enumerate(dense, 1):
        x = keras.layers.Dense(units, "relu", kernel_initializer=next(initializers), name=f"dense_{i}")(x)
    x = keras.layers.Dense(1, dtype="float32", kernel_initializer=next(initializers), name="log_odds")(x)
    return keras.Model(counts, keras.layers.Activation("sigmoid", dtype="float32", name="probability")(x), name="deepsphere")
