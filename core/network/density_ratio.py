r"""A network that knows where on the sky it is: it learns the density ratio of source and isotropy, and shapes beside it.

The best score of a sky with one known source is :math:`\sum \ln(1 + \eta (r - 1))` over the events, r being the ratio of the
densities of source and isotropy in the event's pixel and energy bin. Here ln r is a learnt table. Since the fraction is not
known, likelihood ratios of several fractions :math:`\eta` are averaged, as Neyman and Pearson demand of a mixture: the network's log
odds are the logarithm of their weighted mean. With one fraction and the true table this is the likelihood ratio itself.

Two things make the table quick to learn and keep it from learning the noise. It is a sum over the resolutions of HEALPix and
over groups of bins, the finer the slower, so that neighbours learn together where nothing tells them apart. And no event
can lower a score by more than :math:`\ln(1 - \eta)`: where the source is not, an ill-known ratio costs next to nothing.

In training every event is a sample of its own (Cranmer, Pavez & Louppe, arXiv:1506.02169): the odds that it came in a sky with a
source are 1 + f (r - 1), f being the mean fraction of the skies with a source. That tells far more of r than whole skies do, of which those
with many events from the source are told right at once and then teach nothing.

What the table has not seen is left to convolutions that do not know where they are: at every scale, every place of the sky
gives a likelihood ratio of its own, and their means over the sky join the mixture, as a source that is not the known one with
a small probability. The two are trained apart, each as if there were no other: convolutions on skies that are turned, where
the table knows nothing, and the table on the others, so that neither learns what the other answers for.
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
TURNED = 1 / 4  # share of the skies of a training that are turned and teach the convolutions; the others teach the table
UNKNOWN = 0.05  # probability of a source that the table does not know
SCORES = "ratio_scores"


@register
class SkyTurns(keras.layers.Layer):
    """Turns the first skies of each batch of a training, each by one of the symmetries of the grid; otherwise does nothing.

    A checksum of its cells decides how a sky is turned: a training that is resumed sees the same skies.

    Parameters
    ----------
    nside : int
    n_bins : int
        Number of energy bins.
    share : float
        Of the skies of a batch, 0 to 1.

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

    def compute_output_spec(self, cells, training=False):
        return keras.KerasTensor(cells.shape, dtype=cells.dtype)

    def call(self, cells, training=False):
        if not training:
            return cells
        first = _first_skies(cells, self.share)
        known = ops.maximum(first, 0)
        symmetry = ops.sum(known, axis=1, keepdims=True) % 16
        pixels = ops.take(self._turned, symmetry * (12 * self.nside**2) + known // self.n_bins)
        turned = ops.where(first >= 0, pixels * self.n_bins + known % self.n_bins, first)
        return ops.concatenate([turned, cells[ops.shape(first)[0] :]], axis=0)


@register
class FirstSkies(keras.layers.Layer):
    """The first skies of each batch of a training; otherwise all.

    Parameters
    ----------
    share : float
        Of the skies of a batch, above 0, up to 1.

    Input shape
        (batch, ...).
    Output shape
        (smaller batch, ...).
    """

    def __init__(self, share=TURNED, **kwargs):
        super().__init__(**kwargs)
        self.share = float(share)

    def get_config(self):
        return {**super().get_config(), "share": self.share}

    def compute_output_spec(self, skies, training=False):
        return keras.KerasTensor((None, *skies.shape[1:]), dtype=skies.dtype)

    def call(self, skies, training=False):
        return _first_skies(skies, self.share) if training else skies


def _first_skies(skies, share):
    return skies[: (ops.shape(skies)[0] * round(64 * share) + 63) // 64]


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
        (batch, number of fractions), and r - 1 of each event, (batch, n), 0 for padding; float32.
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
        return (input_shape[0], len(self.fractions)), tuple(input_shape)

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
        return ops.stack([ops.sum(ops.log1p(eta * excess), axis=1) for eta in self.fractions], axis=1), excess


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
    """Logarithm of a mean of likelihood ratios, given and returned as logarithms: of a known source and of an unknown one.

    Each of the two is itself a mean with learnt weights. In training there is no mean of both: the first skies have an unknown
    source, the others a known one, and the log odds of each event follow those of the sky (:func:`~.losses.cross_entropy`).

    Parameters
    ----------
    unknown : float
        Probability of an unknown source, above 0, below 1.

    Input shape
        Scores of the known source, (batch, k), and of shapes, (batch, m); in training the latter of the first skies only. Also r - 1
        of each event, (batch, n); without it (files of earlier versions) only whole skies teach.
    Output shape
        (batch, 1), float32; in training (batch, 1 + n), those of the first skies being 0.
    """

    def __init__(self, unknown=UNKNOWN, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.unknown = float(unknown)

    def get_config(self):
        return {**super().get_config(), "unknown": self.unknown}

    def build(self, input_shape):
        (_, ratios), (_, shapes), *_ = input_shape
        self.log_weights = self.add_weight(name="log_weights", shape=(ratios,), initializer=_equal_weights)
        self.log_weights_of_shapes = self.add_weight(name="log_weights_of_shapes", shape=(shapes,), initializer=_equal_weights)

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1)

    def compute_output_spec(self, scores, training=False):
        return keras.KerasTensor((scores[0].shape[0], 1), dtype="float32")

    def call(self, scores, training=False):
        ratios, shapes, *events = scores
        known = ops.logsumexp(ratios + self.log_weights, axis=1, keepdims=True)
        shape = ops.logsumexp(shapes + self.log_weights_of_shapes, axis=1, keepdims=True)
        if training:
            first = ops.shape(shape)[0]
            skies = ops.concatenate([shape, known[first:]], axis=0)
            return ops.concatenate([skies, *(_event_scores(excess, first) for excess in events)], axis=1)
        return ops.logaddexp(known + float(np.log1p(-self.unknown)), shape + float(np.log(self.unknown)))


def _event_scores(excess, first):
    """Log odds of each event that its sky has a source; those of the first skies, which are turned, are left at 0."""
    odds = ops.log1p(mean_fraction(ops.cast(ops.shape(excess)[1], "float32")) * excess[first:])
    return ops.concatenate([ops.zeros_like(excess[:first]), odds], axis=0)


def mean_fraction(n_events):
    """Mean fraction from the source in the training skies that have one, their numbers being log-uniform (Stirling's formula, 1 %)."""
    log_factorial = n_events * ops.log(n_events) - n_events + 0.5 * ops.log(2 * np.pi * n_events)
    return 1 - log_factorial / (n_events * ops.log(n_events + 1))


def _equal_weights(shape, dtype=None):
    return ops.full(shape, -float(np.log(shape[0])), dtype="float32")


def density_ratio(nside, n_bins, filters, seed=None):
    """Build the network: (batch, npix, n_bins) counts to the probability of a source.

    ``filters`` feature maps come out of the last convolution, half as many out of the one before it, and so on.
    """
    events = keras.Input((None,), dtype="int32", name="events")
    turned = SkyTurns(nside, n_bins, name="turns")(events)
    shapes = _shape_scores(FirstSkies(name="first_skies")(turned), nside, n_bins, filters, seed)
    ratios, excess = RatioScores(nside, n_bins, name=SCORES)(turned)
    mixture = ScoreMixture(name="mixture")([ratios, shapes, excess])
    return network_from_counts(keras.Model(events, mixture, name="log_odds"), "density_ratio")


def _shape_scores(events, nside, n_bins, filters, seed):
    """Scores of shapes anywhere on the sky, (batch, scales)."""
    map_nside = max(nside // 2, min(nside, 4))  # a source is seldom smaller, and half the resolution costs a quarter
    initializers = seeded_initializers(seed)
    x = EnergyMaps(nside, n_bins, map_nside, ENERGY_MAPS, name="energy_maps")(events)
    x = HealpixFaces(map_nside, name="faces")(x)
    blocks, scores = map_nside.bit_length() - 1, []
    for block in range(1, blocks + 1):
        maps = max(filters >> (blocks - block), min(filters, 4))
        x = FaceConvolution(maps, kernel_initializer=next(initializers), name=f"convolution_{block}")(x)
        x = FacePooling(name=f"pooling_{block}")(x)
        x = keras.layers.Activation("relu", name=f"relu_{block}")(x)
        scores.append(AnywhereScore(kernel_initializer=next(initializers), name=f"anywhere_{block}")(x))
    return keras.layers.Concatenate(name="shape_scores", dtype="float32")(scores) if blocks > 1 else scores[0]


def set_density(network, density):
    """Start a network from a template: let its table be the ratio of a :class:`~..sky_density.SkyDensity`.

    A cell that isotropy never fills keeps the largest ratio that the table holds.
    """
    ratio = np.divide(density.source, density.isotropic, out=np.full(density.source.shape, np.inf), where=density.isotropic > 0)
    network.get_layer("log_odds").get_layer(SCORES).set_ratio(ratio)
