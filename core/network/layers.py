"""HEALPix layers: events to counts, counts to faces, convolution over neighbours, pooling.

Arrays on the sphere inside a network have the shape (batch, 12, n, n,
channels): the twelve base faces at resolution n. Index tables are computed
from ``nside`` and never saved.
"""
# ruff: noqa: D102  (build, call, compute_output_shape and get_config are the contract of Keras)

import keras
from keras import ops

from ..errors import InputError
from ..sky import check_nside
from .topology import bordered_face_cells, face_pixels

register = keras.saving.register_keras_serializable(package="zevatron")


@register
class EventCounts(keras.layers.Layer):
    """Counts of events in cells: the network's input made inside the graph from short lists.

    Parameters
    ----------
    nside : int
    n_bins : int
        Number of energy bins.

    Input shape
        (batch, n) integers ``ipix * n_bins + bin``; a negative entry is padding and counts nowhere.
    Output shape
        (batch, 12 nside^2, n_bins).
    """

    def __init__(self, nside, n_bins, **kwargs):
        super().__init__(**kwargs)
        self.nside, self.n_bins = check_nside(nside), int(n_bins)

    def get_config(self):
        return {**super().get_config(), "nside": self.nside, "n_bins": self.n_bins}

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 12 * self.nside**2, self.n_bins)

    def call(self, cells):
        npix = 12 * self.nside**2
        batch = ops.shape(cells)[0]
        rows = ops.broadcast_to(ops.expand_dims(ops.arange(batch, dtype="int32"), 1), ops.shape(cells))
        places = ops.reshape(ops.stack([rows, ops.maximum(cells, 0)], axis=-1), (-1, 2))
        weights = ops.reshape(ops.cast(cells >= 0, self.compute_dtype), (-1,))
        counts = ops.scatter(places, weights, (batch, npix * self.n_bins))
        return ops.reshape(counts, (-1, npix, self.n_bins))


@register
class EnergySum(keras.layers.Layer):
    """Sum over the energy bins: (batch, npix, n_bins) to (batch, npix, 1)."""

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)

    def call(self, counts):
        return ops.sum(counts, axis=-1, keepdims=True)


@register
class HealpixFaces(keras.layers.Layer):
    """Maps as twelve squares.

    Parameters
    ----------
    nside : int
    order : {"NESTED", "RING"}
        Order of the pixels that come in.

    Input shape
        (batch, 12 nside^2, channels).
    Output shape
        (batch, 12, nside, nside, channels).
    """

    def __init__(self, nside, order="NESTED", **kwargs):
        super().__init__(**kwargs)
        if order not in ("NESTED", "RING"):
            raise InputError(f"expected the pixel order NESTED or RING, received {order!r}")
        self.nside, self.order = check_nside(nside), order

    def get_config(self):
        return {**super().get_config(), "nside": self.nside, "order": self.order}

    def build(self, input_shape):
        if input_shape[1] != 12 * self.nside**2:
            raise InputError(f"expected {12 * self.nside**2} pixels for nside {self.nside}, received {input_shape[1]}")
        self._pixels = face_pixels(self.nside, nest=self.order == "NESTED").ravel().astype("int32")

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 12, self.nside, self.nside, input_shape[-1])

    def call(self, maps):
        return ops.reshape(ops.take(maps, self._pixels, axis=1), (-1, 12, self.nside, self.nside, maps.shape[-1]))


@register
class FaceConvolution(keras.layers.Layer):
    """Convolution over each pixel and its eight neighbours, without bias; a missing neighbour counts as zero.

    Each face takes a border of one pixel from the adjoining faces (one gather), then an ordinary 3 by 3
    convolution runs on squares: on two cores about three times as fast as gathering nine neighbours of every pixel.

    Parameters
    ----------
    filters : int
        Number of feature maps that come out.
    kernel_initializer : str or keras.initializers.Initializer

    Input shape
        (batch, 12, n, n, channels).
    Output shape
        (batch, 12, n, n, filters).
    """

    def __init__(self, filters, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.filters = int(filters)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return {**super().get_config(), "filters": self.filters, "kernel_initializer": initializer}

    def build(self, input_shape):
        self._nside = input_shape[2]
        cells = bordered_face_cells(self._nside)
        self._cells = (cells.ravel() % (12 * self._nside**2 + 1)).astype("int32")  # MISSING: the zero put at the end
        self.kernel = self.add_weight(
            name="kernel", shape=(3, 3, input_shape[-1], self.filters), initializer=self.kernel_initializer
        )

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)

    def call(self, faces):
        side, channels = self._nside, faces.shape[-1]
        flat = ops.pad(ops.reshape(faces, (-1, 12 * side**2, channels)), ((0, 0), (0, 1), (0, 0)))
        bordered = ops.reshape(ops.take(flat, self._cells, axis=1), (-1, side + 2, side + 2, channels))
        convolved = ops.conv(bordered, self.kernel, padding="valid", data_format="channels_last")
        return ops.reshape(convolved, (-1, 12, side, side, self.filters))


@register
class FacePooling(keras.layers.Layer):
    """Largest of the four children of each pixel: (batch, 12, n, n, c) to (batch, 12, n / 2, n / 2, c)."""

    def compute_output_shape(self, input_shape):
        batch, faces, side, _, channels = input_shape
        return (batch, faces, side // 2, side // 2, channels)

    def call(self, faces):
        side, channels = faces.shape[2], faces.shape[-1]
        squares = ops.reshape(faces, (-1, side, side, channels))
        pooled = ops.max_pool(squares, 2, 2, data_format="channels_last")
        return ops.reshape(pooled, (-1, 12, side // 2, side // 2, channels))
