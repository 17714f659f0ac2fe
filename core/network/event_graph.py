"""A network of the events themselves: convolutions over the edges to each event's nearest neighbours.

Dynamic graph network of Wang et al., ACM Trans. Graph. 38 (2019) 146 (arXiv:1801.07829), brought to arrival directions
by Bister et al., Astropart. Phys. 126 (2021) 102527 (arXiv:2003.13038): the first neighbours are the nearest on the sphere,
later ones the most similar in the features of the block before. It costs the same at every Nside.
"""
# ruff: noqa: D102  (build, call, compute_output_shape and get_config are the contract of Keras)

import keras
from keras import ops

from .event_lists import PLACES, EventPlaces, network_from_counts
from .layers import register
from .weights import seeded_initializers

BLOCKS = 3
NEIGHBOURS = 8  # the event itself included
MOMENTUM = 0.9  # of the batch statistics
FAR = 1e4  # beyond every distance and feature; fits into float16


@register
class EdgeConvolution(keras.layers.Layer):
    r"""Convolution over the edges from each event to the nearest ones.

    .. math:: x'_i = \max_{j \in N(i)} \mathrm{ReLU}\left(\Theta (x_j - x_i) + \Phi x_i + b\right)

    Computed event by event, :math:`\mathrm{ReLU}(\max_j \Theta x_j + (\Phi - \Theta) x_i + b)`, which is the same since ReLU rises.
    Padding is nobody's neighbour and has features 0.

    Parameters
    ----------
    filters : int
        Number of features that come out.
    neighbours : int
        Number of nearest events, the event itself among them.
    kernel_initializer : str or keras.initializers.Initializer
        Of both kernels as one, channels of edges first.

    Input shape
        Features (batch, n, channels), places (batch, n, d) in which nearness is measured and validity (batch, n, 1), 1 for
        an event and 0 for padding; n is at least ``neighbours``.
    Output shape
        (batch, n, filters).
    """

    def __init__(self, filters, neighbours=NEIGHBOURS, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.filters, self.neighbours = int(filters), int(neighbours)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return {
            **super().get_config(), "filters": self.filters, "neighbours": self.neighbours, "kernel_initializer": initializer,
        }

    def build(self, input_shape):
        channels = input_shape[0][-1]
        self.kernel = self.add_weight(
            name="kernel", shape=(2 * channels, self.filters), initializer=self.kernel_initializer
        )
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], self.filters)

    def call(self, inputs):
        features, places, valid = inputs
        edge, own = ops.split(self.kernel, 2)
        nearest = nearest_events(ops.stop_gradient(places), valid, self.neighbours)
        along = ops.matmul(features, edge)
        far = ops.where(valid > 0, along, -ops.cast(FAR, along.dtype))
        strongest = ops.max(_rows(far, nearest), axis=2)
        return valid * ops.relu(strongest + ops.matmul(features, own) - along + self.bias)


def nearest_events(places, valid, number):
    """Return the indices, (batch, n, number), of the nearest valid events, themselves included; the lower index of equals.

    Distances of few coordinates are summed one by one: the rounding of a matrix product depends on n and would decide
    between neighbours at equal distance, of which HEALPix has many.
    """
    places = ops.cast(places, "float32")
    if places.shape[-1] <= 3:
        squared = 0.0
        for column in ops.unstack(places, axis=-1):
            squared = squared + ops.square(ops.expand_dims(column, 2) - ops.expand_dims(column, 1))
    else:
        lengths = ops.sum(ops.square(places), axis=-1)
        products = ops.matmul(places, ops.transpose(places, (0, 2, 1)))
        squared = ops.expand_dims(lengths, 2) + ops.expand_dims(lengths, 1) - 2 * products
    is_event = ops.transpose(valid, (0, 2, 1)) > 0
    return ops.top_k(ops.where(is_event, -squared, float("-inf")), number)[1]


def _rows(features, indices):
    """Take rows of each sky: (batch, n, c) and (batch, n, k) to (batch, n, k, c)."""
    batch, n = ops.shape(features)[0], ops.shape(features)[1]
    first = ops.reshape(ops.arange(batch, dtype="int32") * n, (-1, 1, 1))
    flat = ops.reshape(features, (-1, features.shape[-1]))
    return ops.take(flat, ops.cast(indices, "int32") + first, axis=0)


@register
class EventPooling(keras.layers.Layer):
    """Largest and mean of each feature over the events of a sky.

    Input shape
        Features (batch, n, channels), none below 0 and those of padding 0, and validity (batch, n, 1).
    Output shape
        (batch, 2 channels); 0 for a sky without events.
    """

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 2 * input_shape[0][-1])

    def call(self, inputs):
        features, valid = inputs
        mean = ops.sum(features, axis=1) / ops.maximum(ops.sum(valid, axis=1), 1)
        return ops.concatenate([ops.max(features, axis=1), mean], axis=-1)


def event_graph(nside, n_bins, filters, seed=None):
    """Build the event network: (batch, npix, n_bins) counts to the probability of a source."""
    initializers = seeded_initializers(seed)
    events = keras.Input((None,), dtype="int32", name="events")
    x, valid = EventPlaces(nside, n_bins, spare=NEIGHBOURS, name=PLACES)(events)
    places, found = x[..., :3], []
    for block in range(1, BLOCKS + 1):
        x = EdgeConvolution(filters, kernel_initializer=next(initializers), name=f"edges_{block}")([x, places, valid])
        places = x
        found.append(x)
    x = keras.layers.Concatenate(name="all_features")(found)
    x = keras.layers.Dense(2 * filters, "relu", kernel_initializer=next(initializers), name="event_dense")(x)
    x = keras.layers.Multiply(name="events_only")([x, valid])
    x = EventPooling(name="pooling")([x, valid])
    # a source moves means over hundreds of events by little: only the normalised ones are learnt from at once
    x = keras.layers.BatchNormalization(momentum=MOMENTUM, name="normalisation")(x)
    x = keras.layers.Dense(filters, "relu", kernel_initializer=next(initializers), name="dense_1")(x)
    x = keras.layers.Dense(1, dtype="float32", kernel_initializer=next(initializers), name="log_odds")(x)
    return network_from_counts(keras.Model(events, x, name="log_odds"), "event_graph")
