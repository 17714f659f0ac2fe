"""The convolutional classifiers of Kalashev, Pshirkov and Zotov: BCNN (energy bins as channels) and one-map CNN.

Blocks of convolution, ReLU and pooling by four follow until twelve pixels
(nside 1) are left. Pooling stands before ReLU: the largest of four and ReLU
commute exactly, and ReLU then works on a quarter of the pixels. Without bias
empty regions of the sky stay exactly zero.
"""

import keras

from .layers import EnergySum, FaceConvolution, FacePooling, HealpixFaces
from .weights import seeded_initializers

DENSE_UNITS = (16, 16)  # of the BCNN, Figure 1 of the paper


def bcnn(nside, n_bins, filters, seed=None):
    """Binned network: (batch, npix, n_bins) counts to the probability of a source, 233,093 weights as published."""
    counts = keras.Input((12 * nside**2, n_bins), name="counts")
    return _classifier("bcnn", counts, counts, nside, filters, DENSE_UNITS, seed)


def cnn(nside, n_bins, filters, seed=None):
    """One-map network: sums the bins, then as the BCNN without hidden dense layers, 37,537 weights as published."""
    counts = keras.Input((12 * nside**2, n_bins), name="counts")
    return _classifier("cnn", counts, EnergySum(name="all_energies")(counts), nside, filters, (), seed)


def _classifier(name, counts, maps, nside, filters, dense_units, seed):
    initializers = seeded_initializers(seed)
    x, block = HealpixFaces(nside, name="faces")(maps), 0
    while x.shape[2] > 1:
        block += 1
        x = FaceConvolution(filters, kernel_initializer=next(initializers), name=f"convolution_{block}")(x)
        x = FacePooling(name=f"pooling_{block}")(x)
        x = keras.layers.Activation("relu", name=f"relu_{block}")(x)
    x = keras.layers.Flatten(name="flatten", data_format="channels_last")(x)
    for i, units in enumerate(dense_units, 1):
        x = keras.layers.Dense(units, "relu", kernel_initializer=next(initializers), name=f"dense_{i}")(x)
    x = keras.layers.Dense(1, kernel_initializer=next(initializers), name="log_odds")(x)
    return keras.Model(counts, keras.layers.Activation("sigmoid", name="probability")(x), name=name)
