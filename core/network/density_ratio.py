r"""A network that knows where on the sky it is: it learns the density ratio of source and isotropy, and shapes beside it.

The best score of a sky with one known source is :math:`\sum \ln(1 + \eta (r - 1))` over the events, r being the ratio of the
densities of source and isotropy in the event's pixel and energy bin. Here ln r is a learnt table. Since the fraction is not
known, likelihood ratios of several fractions :math:`\eta` are averaged, as Neyman and Pearson demand of a mixture: the network's log
odds are the logarithm of their weighted mean. With one fraction and the true table this is the likelihood ratio itself.

Two things make the table quick to learn and keep it from learning the noise. It is a sum over the resolutions of HEALPix and
over groups of bins, the finer the slower, so that neighbours learn together where nothing tells them apart. And no event
can lower a score by more than :math:`\ln(1 - \eta)`: where the source is not, an ill-known ratio costs next to nothing.

What the table has not seen is left to convolutions that do not know where they are: at every scale, every place of the sky
gives a likelihood ratio of its own, and their means over the sky join the mixture. So that these learn anything beside a table
that knows the answer, some skies of the training are turned to another place.
"""
# ruff: noqa: D102  (build, call, compute_output_shape and get_config are the contract of Keras)

import keras
import numpy as np
from keras import ops

from ..sky import check_nside
from .event_lists import network_from_counts
from .layers import FaceConvolution, FacePooling, HealpixFaces, register
from .topology import grid_symmetries
from .weights import seeded_initializers

FRACTIONS = tuple(float(f"{eta:.3g}") for eta in np.geomspace(0.002, 0.5, 9))  # a detectable one is never far from one of them
BIN_GROUPS = (1, 4)  # and all bins as one
FINER = 0.7  # weight of a table over that of the next coarser
STEP = 10.0  # ln r over the entries of its tables: these need longer steps than the kernels of convolutions
LARGEST = 30.0  # of |ln r|: keeps the ratio finite in float32
ENERGY_MAPS = 3  # that the convolutions start from
TURNED = 1 / 8  # share of the skies of a training that are turned
SHAPE_PRIOR = -4.0  # logarithm of the weight that each scale of convolutions begins with
SCORES = "ratio_scores"


@register
class SkyTurns(keras.layers.Layer):
    """Turns some of the skies of a training by the symmetries of the grid, each to one of the sixteen; otherwise does nothing.

    Which sky is turned, and how, follows from a checksum of its cells: a training that is resumed sees the same skies.

    Parameters
    ----------
    nside : int
    n_bins : int
        Number of energy bins.
    share : float
        Of the skies, 0 to 1.

    Input shape
        (batch, n) integers ``ipix * n_bins + bin``; a negative entry is padding.
    Output shape
        The same.
    """

    def __init__(self, nside, n_bins, share=TURNED, **kwargs):
        super().__init__(**kwargs)
        self.nside, self.n_bins, self.share = check_nside(nside), int(n_bins), float(share)

    def get_config(self):
        return {**super().get_config(), "nside": self.nside, "n_bins": self.n_bins, "share": self.share}

    def build(self, input_shape):
        self._turned = grid_symmetries(self.nside).ravel().astype("int32")

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_output_spec(self, cells, training=False):
        return keras.KerasTensor(cells.shape, dtype=cells.dtype)

    def call(self, cells, training=False):
        if not training:
            return cells
        known = ops.maximum(cells, 0)
        checksum = ops.sum(known, axis=1, keepdims=True) % (16 * 256)
        pixels = ops.take(self._turned, checksum % 16 * (12 * self.nside**2) + known // self.n_bins)
        is_turned = ops.logical_and(checksum // 16 < round(256 * self.share), cells >= 0)
        return ops.where(is_turned, pixels * self.n_bins + known % self.n_bins, cells)


@register
class RatioScores(keras.layers.Layer):
    r"""Logarithms of the likelihood ratio of a sky for several fractions, :math:`\sum \ln(1 + \eta (r - 1))` over its events.

    Parameters
    ----------
    nside : int
    n_bins : int
        Number of energy bins.
    fractions : sequence of float
        Each above 0, below 1.

    Input shape
        (batch, n) integers ``ipix * n_bins + bin``; a negative entry is padding and counts nowhere.
    Output shape
        (batch, number of fractions), float32.
    """

    def __init__(self, nside, n_bins, fractions=FRACTIONS, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})  # sums of hundreds of terms: half precision would round them away
        self.nside, self.n_bins = check_nside(nside), int(n_bins)
        self.fractions = tuple(float(eta) for eta in fractions)

    def get_config(self):
        return {**super().get_config(), "nside": self.nside, "n_bins": self.n_bins, "fractions": list(self.fractions)}

    def build(self, input_shape):
        """Make the tables; the last one has an entry for every (pixel, bin)."""
        self._tables = []  # (levels up, bins in a group, number of groups, weight, entries)
        groups = sorted({min(width, self.n_bins) for width in (*BIN_GROUPS, self.n_bins)}, reverse=True)
        order = self.nside.bit_length() - 1
        for level in range(order + 1):
            for width in groups:
                number = -(-self.n_bins // width)
                entries = self.add_weight(name=f"nside{2**level}_bins{width}", shape=(12 * 4**level * number,), initializer="zeros")
                self._tables.append((order - level, width, number, STEP * FINER**level, entries))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], len(self.fractions))

    def log_ratio(self, cells):
        """Return ln r of cells, integers of any shape that are not negative."""
        pixels, bins = cells // self.n_bins, cells % self.n_bins
        total = sum(
            weight * ops.take(entries, pixels // 4**up * number + bins // width)
            for up, width, number, weight, entries in self._tables
        )
        return ops.clip(total, -LARGEST, LARGEST)

    def set_ratio(self, ratio):
        """Make the density ratio of each cell, shape (npix, n_bins), what the layer knows."""
        *coarser, (_, _, _, weight, finest) = self._tables
        for *_, entries in coarser:
            entries.assign(ops.zeros_like(entries))
        with np.errstate(divide="ignore"):
            finest.assign(np.clip(np.log(np.ravel(ratio)), -LARGEST, LARGEST) / weight)

    def call(self, cells):
        excess = ops.expm1(self.log_ratio(ops.maximum(cells, 0))) * ops.cast(cells >= 0, "float32")
        return ops.stack([ops.sum(ops.log1p(eta * excess), axis=1) for eta in self.fractions], axis=1)


@register
class EnergyMaps(keras.layers.Layer):
    """Maps of the events, each weighted by learnt functions of its energy bin; at first cosines, the first of them a constant.

    Parameters
    ----------
    nside : int
        Of the events.
    n_bins : int
        Number of energy bins.
    map_nside : int
        Of the maps, not above ``nside``.
    channels : int
        Number of maps.

    Input shape
        (batch, n) integers ``ipix * n_bins + bin``; a negative entry is padding and counts nowhere.
    Output shape
        (batch, 12 map_nside^2, channels), NESTED.
    """

    def __init__(self, nside, n_bins, map_nside, channels, **kwargs):
        super().__init__(**kwargs)
        self.nside, self.n_bins, self.map_nside, self.channels = check_nside(nside), int(n_bins), check_nside(map_nside), int(channels)

    def get_config(self):
        sizes = {"nside": self.nside, "n_bins": self.n_bins, "map_nside": self.map_nside, "channels": self.channels}
        return {**super().get_config(), **sizes}

    def build(self, input_shape):
        self.weights_of_bins = self.add_weight(
            name="weights_of_bins", shape=(self.n_bins, self.channels), initializer=lambda shape, dtype=None: _cosines(*shape)
        )

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 12 * self.map_nside**2, self.channels)

    def compute_output_spec(self, cells):
        return keras.KerasTensor(self.compute_output_shape(cells.shape), dtype=self.compute_dtype)

    def call(self, cells):
        known, batch = ops.maximum(cells, 0), ops.shape(cells)[0]
        weights = ops.take(self.weights_of_bins, known % self.n_bins, axis=0)
        weights = weights * ops.expand_dims(ops.cast(cells >= 0, weights.dtype), -1)
        pixels = known // self.n_bins // (self.nside // self.map_nside) ** 2
        rows = ops.broadcast_to(ops.expand_dims(ops.arange(batch, dtype="int32"), 1), ops.shape(cells))
        places = ops.reshape(ops.stack([rows, pixels], axis=-1), (-1, 2))
        return ops.scatter(places, ops.reshape(weights, (-1, self.channels)), (batch, 12 * self.map_nside**2, self.channels))


def _cosines(n_bins, channels):
    position = (np.arange(n_bins)[:, None] + 0.5) / n_bins
    return ops.convert_to_tensor(np.cos(np.pi * position * np.arange(channels)), dtype="float32")


@register
class AnywhereScore(keras.layers.Layer):
    """Logarithm of the mean over the sky of the likelihood ratio of each place: a source may be anywhere.

    The ratio of a place is the exponential of a linear function of its features.

    Input shape
        (batch, 12, n, n, channels).
    Output shape
        (batch, 1), float32.
    """

    def __init__(self, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def get_config(self):
        return {**super().get_config(), "kernel_initializer": keras.initializers.serialize(self.kernel_initializer)}

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], 1), initializer=self.kernel_initializer)
        self.bias = self.add_weight(name="bias", shape=(1,), initializer="zeros")

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1)

    def call(self, faces):
        places = 12 * faces.shape[2] * faces.shape[3]
        scores = ops.reshape(ops.matmul(faces, self.kernel) + self.bias, (-1, places))
        return ops.logsumexp(scores, axis=1, keepdims=True) - float(np.log(places))


@register
class ScoreMixture(keras.layers.Layer):
    """Logarithm of a weighted sum of likelihood ratios, given and returned as logarithms.

    Parameters
    ----------
    initial : sequence of float
        Logarithms of the weights at first; they are learnt.

    Input shape
        (batch, number of ratios).
    Output shape
        (batch, 1), float32.
    """

    def __init__(self, initial, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.initial = tuple(float(value) for value in initial)

    def get_config(self):
        return {**super().get_config(), "initial": list(self.initial)}

    def build(self, input_shape):
        self.log_weights = self.add_weight(
            name="log_weights", shape=(len(self.initial),),
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(self.initial, dtype="float32"),
        )  # fmt: skip

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1)

    def call(self, scores):
        return ops.logsumexp(scores + self.log_weights, axis=1, keepdims=True)


def density_ratio(nside, n_bins, filters, seed=None):
    """Build the network: (batch, npix, n_bins) counts to the probability of a source.

    ``filters`` feature maps come out of the last convolution, half as many out of the one before it, and so on.
    """
    events = keras.Input((None,), dtype="int32", name="events")
    turned = SkyTurns(nside, n_bins, name="turns")(events)
    scores = [RatioScores(nside, n_bins, name=SCORES)(turned), *_shape_scores(turned, nside, n_bins, filters, seed)]
    n_shapes = len(scores) - 1
    initial = (*np.full(len(FRACTIONS), -np.log(len(FRACTIONS))), *np.full(n_shapes, SHAPE_PRIOR))
    mixture = ScoreMixture(initial, name="mixture")(keras.layers.Concatenate(name="scores", dtype="float32")(scores))
    return network_from_counts(keras.Model(events, mixture, name="log_odds"), "density_ratio")


def _shape_scores(events, nside, n_bins, filters, seed):
    """Scores of shapes anywhere on the sky, one for each scale."""
    map_nside = max(nside // 2, min(nside, 4))  # a source is seldom smaller, and half the resolution costs a quarter
    initializers = seeded_initializers(seed)
    x = HealpixFaces(map_nside, name="faces")(EnergyMaps(nside, n_bins, map_nside, ENERGY_MAPS, name="energy_maps")(events))
    blocks, scores = map_nside.bit_length() - 1, []
    for block in range(1, blocks + 1):
        maps = max(filters >> (blocks - block), min(filters, 4))
        x = FaceConvolution(maps, kernel_initializer=next(initializers), name=f"convolution_{block}")(x)
        x = FacePooling(name=f"pooling_{block}")(x)
        x = keras.layers.Activation("relu", name=f"relu_{block}")(x)
        scores.append(AnywhereScore(kernel_initializer=next(initializers), name=f"anywhere_{block}")(x))
    return scores


def set_density(network, density):
    """Start a network from a template: let its table be the ratio of a :class:`~..sky_density.SkyDensity`.

    A cell that isotropy never fills keeps the largest ratio that the table holds.
    """
    ratio = np.divide(density.source, density.isotropic, out=np.full(density.source.shape, np.inf), where=density.isotropic > 0)
    network.get_layer("log_odds").get_layer(SCORES).set_ratio(ratio)
