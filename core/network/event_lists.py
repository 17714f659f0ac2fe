"""Networks that look at events one by one: lists of them made from counts, and where the events of a list are.

Such a network takes lists of integers ``ipix * n_bins + bin``. Behind a layer that lists the events of counts it takes
counts like any other; :func:`~.build.event_network` leaves that layer out.
"""
# ruff: noqa: D102  (build, call, compute_output_shape and get_config are the contract of Keras)

import keras
import numpy as np
from keras import ops

from ..sky import check_nside, pixel_vectors
from .layers import register

LISTING, PLACES = "event_list", "places"  # names of the layers by which such a network is known
PADDING = np.iinfo(np.int32).max  # sorts behind every cell


@register
class EventList(keras.layers.Layer):
    """Events in the cells of counts, the inverse of :class:`~.layers.EventCounts`.

    Input shape
        (batch, npix, n_bins), counts; they are rounded to whole numbers, negative ones to 0.
    Output shape
        (batch, n) integers ``ipix * n_bins + bin``, rising, with n events in the fullest sky; the others end with -1.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_jit = False  # n is known only when counts are there

    def compute_output_shape(self, input_shape):
        return (input_shape[0], None)

    def compute_output_spec(self, counts):
        return keras.KerasTensor((counts.shape[0], None), dtype="int32")

    def call(self, counts):
        cells = counts.shape[1] * counts.shape[2]
        whole = ops.cast(ops.round(ops.maximum(ops.reshape(counts, (-1, cells)), 0)), "int32")
        totals = ops.sum(whole, axis=1)
        # events are numbered through all skies: the one with number e is in the first cell up to which there are more than e
        up_to = ops.cumsum(ops.reshape(whole, (-1,)))
        slots = ops.arange(ops.max(totals), dtype="int32")
        first = ops.expand_dims(ops.cumsum(totals) - totals, 1)
        numbers = first + ops.expand_dims(slots, 0)
        found = ops.searchsorted(up_to, ops.reshape(numbers, (-1,)), side="right")
        found = ops.reshape(ops.cast(found, "int32"), ops.shape(numbers)) % cells
        return ops.where(ops.expand_dims(slots, 0) < ops.expand_dims(totals, 1), found, -1)


@register
class EventPlaces(keras.layers.Layer):
    """Direction and energy of each event.

    Events are sorted first: whatever follows cannot depend on their order.

    Parameters
    ----------
    nside : int
    n_bins : int
        Number of energy bins.
    spare : int
        Padding that is added, so that there are at least so many entries.

    Input shape
        (batch, n) integers ``ipix * n_bins + bin``; negative entries are padding.
    Output shape
        (batch, n + spare, 4): Galactic unit vector of the pixel's centre and energy, the bin's middle on a scale from 0
        (threshold) to 1 (last edge) in lg E; and (batch, n + spare, 1): 1 for an event, 0 for padding.
    """

    def __init__(self, nside, n_bins, spare=0, **kwargs):
        super().__init__(**kwargs)
        self.nside, self.n_bins, self.spare = check_nside(nside), int(n_bins), int(spare)

    def get_config(self):
        return {**super().get_config(), "nside": self.nside, "n_bins": self.n_bins, "spare": self.spare}

    def build(self, input_shape):
        self._vectors = pixel_vectors(self.nside).astype("float32")

    def compute_output_shape(self, input_shape):
        n = None if input_shape[1] is None else input_shape[1] + self.spare
        return (input_shape[0], n, 4), (input_shape[0], n, 1)

    def compute_output_spec(self, cells):
        return tuple(keras.KerasTensor(shape, dtype=self.compute_dtype) for shape in self.compute_output_shape(cells.shape))

    def call(self, cells):
        cells = ops.pad(cells, ((0, 0), (0, self.spare)), constant_values=-1)
        cells = ops.sort(ops.where(cells < 0, PADDING, cells), axis=1)
        valid = ops.expand_dims(ops.cast(cells < PADDING, self.compute_dtype), -1)
        cells = ops.where(cells < PADDING, cells, 0)
        vectors = ops.cast(ops.take(self._vectors, cells // self.n_bins, axis=0), self.compute_dtype)
        energy = (ops.cast(cells % self.n_bins, self.compute_dtype) + 0.5) / self.n_bins
        return ops.concatenate([vectors, ops.expand_dims(energy, -1)], axis=-1) * valid, valid


def network_from_counts(lists, name):
    """Return the network from counts to probability, same weights, of one that takes lists.

    Parameters
    ----------
    lists : keras.Model
        From lists to log odds; its first layer knows ``nside`` and ``n_bins``. It becomes the layer ``log_odds``.
    name : str
    """
    first = lists.layers[1]  # behind the input
    counts = keras.Input((12 * first.nside**2, first.n_bins), name="counts")
    log_odds = lists(EventList(name=LISTING)(counts))
    return keras.Model(counts, keras.layers.Activation("sigmoid", dtype="float32", name="probability")(log_odds), name=name)


def takes_lists(network):
    """Whether a network from counts makes lists of them first."""
    return any(layer.name == LISTING for layer in network.layers)
