"""The convolutional classifiers of Kalashev, Pshirkov and Zotov: BCNN (energy bins as channels) and one-map CNN.

Blocks of convolution, ReLU and pooling by four follow until twelve pixels
(nside 1) are left. Pooling stands before ReLU: the largest of four and ReLU
commute exactly, and ReLU then works on a quarter of the pixels. Without bias
empty regions of the sky stay exactly zero.
"""

import keras

from .layers import EnergySum, FaceConvolution, FacePooling, HealpixFaces
from .weights import seeded_initializers


def bcnn(nside, n_bins, filters, seed=None, dense=(16, 16)):
    """Binned network: (batch, npix, n_bins) counts to the probability of a source, 233,093 weights as in Figure 1 of the paper."""
    counts = keras.Input((12 * nside**2, n_bins), name="counts")
    return _classifier("bcnn", counts, counts, nside, _every_block(nside, filters), _hidden(dense), seed)


def cnn(nside, n_bins, filters, seed=None, dense=()):
    """One-map network: sums the bins, then as the BCNN without hidden dense layers, 37,537 weights as published."""
    counts = keras.Input((12 * nside**2, n_bins), name="counts")
    maps = EnergySum(name="all_energies")(counts)
    return _classifier("cnn", counts, maps, nside, _every_block(nside, filters), _hidden(dense), seed)


def imported(published):
    """Build the network of a :class:`.published.PublishedNetwork`, with its weights; input and output as of the others."""
    counts = keras.Input((12 * published.nside**2, published.n_bins), name="counts")
    filters = [kernel.shape[-1] for kernel in published.kernels]
    hidden = [(layer.kernel.shape[-1], layer.activation) for layer in published.dense[:-1]]
    network = _classifier("imported", counts, counts, published.nside, filters, hidden, seed=None)
    dense = (array for layer in published.dense for array in (layer.kernel, layer.bias))
    network.set_weights([*published.kernels, *dense])
    return network


def _every_block(nside, filters):
    """As many feature maps in each of the blocks that lead from ``nside`` to twelve pixels."""
    return [filters] * (nside.bit_length() - 1)


def _hidden(dense):
    return [(units, "relu") for units in dense]


def _classifier(name, counts, maps, nside, filters, dense, seed):
    initializers = seeded_initializers(seed)
    x = HealpixFaces(nside, name="faces")(maps)
    for block, number in enumerate(filters, 1):
        x = FaceConvolution(number, kernel_initializer=next(initializers), name=f"convolution_{block}")(x)
        x = FacePooling(name=f"pooling_{block}")(x)
        x = keras.layers.Activation("relu", name=f"relu_{block}")(x)
    x = keras.layers.Flatten(name="flatten", data_format="channels_last")(x)
    for i, (units, activation) in enumerate(dense, 1):
        x = keras.layers.Dense(units, activation, kernel_initializer=next(initializers), name=f"dense_{i}")(x)
    x = keras.layers.Dense(1, dtype="float32", kernel_initializer=next(initializers), name="log_odds")(x)
    return keras.Model(counts, keras.layers.Activation("sigmoid", dtype="float32", name="probability")(x), name=name)
