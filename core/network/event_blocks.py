"""The first two convolutions of a network on lists of events, computed only where events are.

A sky of 300 events at Nside 32 has counts in 1 of 600 cells. Each event adds nine rows of the first kernel to the maps, and
what comes out of the first block is zero but for the parents of those pixels, at most four for an event. These are held
as rows without the empty ones between them. Each row is multiplied with the whole second kernel at once, and the nine products are
added where they belong. The gradient works on the same rows: elsewhere ReLU lets nothing pass. Results are those of the layers on
full maps, to rounding.
"""
# ruff: noqa: D102  (build, call, compute_output_shape and get_config are the contract of Keras)

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from ..backend import computes_on_processor
from ..errors import InputError
from ..sky import check_nside
from .layers import EnergySum, EventCounts, FaceConvolution, FacePooling, HealpixFaces, register
from .topology import face_pixels, neighbour_pairs, occurrences

BLOCKS = "event_blocks"  # name of the layer by which such a network is known


@dataclass(frozen=True, eq=False)
class Reach:
    """Where an event in a pixel acts through the first kernel.

    Attributes
    ----------
    children : ndarray of int32, shape (npix, 9)
        NESTED pixels.
    taps : ndarray of int32, shape (npix, 9)
        First of the rows of the kernel, (9 * channels, filters), through which it acts; beyond the last one: through none.
    parents : ndarray of int32, shape (npix, 4)
        Of all those pixels, some of them twice.
    """

    children: np.ndarray
    taps: np.ndarray
    parents: np.ndarray


def _reach(nside, channels):
    source, target, tap = neighbour_pairs(nside)
    column = occurrences(source)
    children = np.repeat(np.arange(12 * nside**2)[:, None], 9, axis=1)
    taps = np.full(children.shape, 9 * channels)
    children[source, column], taps[source, column] = target, tap * channels
    parents = np.sort(children // 4, axis=1)
    fresh = np.diff(parents, axis=1, prepend=-1) > 0
    four = np.repeat(parents[:, :1], 4, axis=1)
    pixel, place = np.nonzero(fresh)
    four[pixel, occurrences(pixel)] = parents[pixel, place]
    return Reach(children.astype("int32"), taps.astype("int32"), four.astype("int32"))


@dataclass(frozen=True, eq=False)
class Places:
    """Who acts on whom in the second convolution.

    Across some edges of the base faces directions turn, so that a pixel may act on two others through one entry of the kernel:
    such a pixel has a second place.

    Attributes
    ----------
    sources : ndarray of int32, shape (9 npix,)
        For each cell in the order of the faces and entry of the kernel the NESTED pixel; npix where there is none.
    pixels : ndarray of int32, shape (n_places,)
        NESTED, every pixel at least once.
    targets : ndarray of int32, shape (n_places, 9)
        Cells on which it acts through each entry of the kernel; npix where there is none.
    """

    sources: np.ndarray
    pixels: np.ndarray
    targets: np.ndarray


def _places(nside):
    npix = 12 * nside**2
    source, target, tap = neighbour_pairs(nside)
    target = np.argsort(face_pixels(nside), axis=None)[target]
    sources = np.full((npix, 9), npix)
    sources[target, tap] = source
    order = np.lexsort((tap, source))
    source, target, tap = source[order], target[order], tap[order]
    pixels, place = np.unique(occurrences(source, tap) * npix + source, return_inverse=True)
    targets = np.full((len(pixels), 9), npix)
    targets[place, tap] = target
    return Places(*(table.astype("int32") for table in (sources.ravel(), pixels % npix, targets)))


@register
class EventBlocks(keras.layers.Layer):
    """From events to what comes out of the second convolution of a network.

    Of many events, on a graphics processor, and where a backend wants fixed shapes the layers work on full maps.

    Parameters
    ----------
    nside : int
        At least 4.
    n_bins : int
        Number of energy bins of the events.
    first, second : FaceConvolution
        Of the network; between them are pooling and ReLU. The first takes either all bins or their sum.
    one_map : bool, optional
        Whether it takes the sum.

    Input shape
        (batch, n) integers ``ipix * n_bins + bin``; a negative entry is padding and counts nowhere.
    Output shape
        (batch, 12, nside / 2, nside / 2, filters of the second convolution).
    """

    def __init__(self, nside, n_bins, first, second, one_map=False, **kwargs):
        super().__init__(**kwargs)
        self.nside, self.n_bins, self.one_map = check_nside(nside), int(n_bins), bool(one_map)
        if self.nside < 4:
            raise InputError(f"expected an nside of at least 4 for two convolutions, received {self.nside}")
        self.first, self.second = first, second
        self.supports_jit = not computes_on_processor()

    def get_config(self):
        layers = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in ("first", "second")}
        return {**super().get_config(), "nside": self.nside, "n_bins": self.n_bins, "one_map": self.one_map, **layers}

    @classmethod
    def from_config(cls, config):
        layers = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("first", "second")}
        return cls(**{**config, **layers})

    def build(self, input_shape):
        half, channels = self.nside // 2, 1 if self.one_map else self.n_bins
        if not self.first.built:
            self.first.build((None, 12, self.nside, self.nside, channels))
        if not self.second.built:
            self.second.build((None, 12, half, half, self.first.filters))
        self._reach = _reach(self.nside, channels)
        self._places = _places(half)

    def compute_output_spec(self, cells):
        shape = (cells.shape[0], 12, self.nside // 2, self.nside // 2, self.second.filters)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def call(self, cells):
        n, parents = cells.shape[1], 3 * self.nside**2
        # fewer than two in three are then reached; beyond, maps are about as fast and take less memory
        sparse = n is not None and 4 * n <= parents and computes_on_processor()
        return self._where_events_are(cells) if sparse else self._on_maps(cells)

    def _on_maps(self, cells):
        counts = EventCounts(self.nside, self.n_bins, dtype="float32")(cells)  # beyond 256 bfloat16 cannot count
        if self.one_map:
            counts = EnergySum(dtype="float32")(counts)
        faces = HealpixFaces(self.nside, dtype=self.dtype_policy.name)(counts)
        return self.second(ops.relu(FacePooling(dtype=self.dtype_policy.name)(self.first(faces))))

    def _where_events_are(self, cells):
        rows, slots, batch = self._first_block(cells)
        return self._second_convolution(ops.cast(rows, self.compute_dtype), slots, batch)

    def _first_block(self, cells):
        """Return the rows that are not empty, (number, filters), and the slot of each (sky, pixel), -1 for empty ones."""
        batch, parents = ops.shape(cells)[0], 3 * self.nside**2
        valid, known = cells >= 0, ops.maximum(cells, 0)
        pixels = known // self.n_bins
        sky = ops.expand_dims(ops.arange(batch, dtype="int32") * parents, 1)
        reached = ops.expand_dims(sky, 2) + ops.take(self._reach.parents, pixels, axis=0)
        reached = ops.where(ops.expand_dims(valid, 2), reached, batch * parents)
        touched = ops.scatter(ops.reshape(reached, (-1, 1)), ops.ones((ops.size(reached),), "int32"), (batch * parents + 1,))
        filled = ops.cast(touched[:-1] > 0, "int32")
        slots = ops.cumsum(filled) * filled - 1
        number = ops.sum(filled)

        # nine rows of the kernel for each event; what reaches no pixel takes a row of zeros and may be added anywhere
        kernel = ops.cast(ops.reshape(self.first.kernel, (-1, self.first.filters)), "float32")
        taps = ops.take(self._reach.taps, pixels, axis=0)
        if not self.one_map:
            taps = taps + ops.expand_dims(known % self.n_bins, 2)
        nothing = ops.logical_or(taps >= kernel.shape[0], ops.logical_not(ops.expand_dims(valid, 2)))
        taps = ops.reshape(ops.where(nothing, kernel.shape[0], taps), (-1,))
        children = ops.take(self._reach.children, pixels, axis=0)
        slot = ops.take(slots, ops.reshape(ops.expand_dims(sky, 2) + children // 4, (-1,)))
        places = ops.maximum(slot, 0) * 4 + ops.reshape(children % 4, (-1,))
        added = ops.take(ops.pad(kernel, ((0, 1), (0, 0))), taps, axis=0)
        maps = sum_of_rows(added, places, 4 * ops.maximum(number, 1))
        squares = ops.reshape(maps, (-1, 2, 2, self.first.filters))
        pooled = ops.max_pool(squares, 2, 2, data_format="channels_last")
        return ops.relu(ops.reshape(pooled, (-1, self.first.filters))), ops.reshape(slots, (batch, parents)), batch

    def _second_convolution(self, rows, slots, batch):
        side, filters = self.nside // 2, self.second.filters
        npix, places = 12 * side**2, self._places
        slots = ops.pad(slots, ((0, 0), (0, 1)), constant_values=-1)  # the last answers for pixels that do not exist
        kernel = ops.reshape(ops.transpose(ops.reshape(self.second.kernel, (9, -1, filters)), (1, 0, 2)), (-1, 9 * filters))

        # products in the order of the cells that they are added in; one more behind the last cell, so that every cell is there
        of_cells = ops.reshape(ops.take(slots, places.sources, axis=1), (-1,))
        (found,) = ops.nonzero(of_cells >= 0)
        products = ops.pad(ops.take(of_cells, found) * 9 + found % 9, ((0, 1),))
        cells = ops.pad(found // 9, ((0, 1),), constant_values=batch * npix)

        def gradients(rows, kernel, upstream):
            of_places = ops.take(slots, places.pixels, axis=1)
            sky, place = ops.nonzero(of_places >= 0)
            taken = ops.take(ops.reshape(of_places, (-1,)), sky * of_places.shape[1] + place)
            targets = ops.take(places.targets, place, axis=0)
            targets = ops.where(targets < npix, ops.expand_dims(sky, 1) * npix + targets, batch * npix)
            arrived = ops.take(ops.pad(upstream, ((0, 1), (0, 0))), ops.reshape(targets, (-1,)), axis=0)
            arrived = ops.reshape(arrived, (-1, 9 * filters))
            of_rows = ops.segment_sum(ops.matmul(arrived, ops.transpose(kernel)), taken, ops.shape(rows)[0])
            return of_rows, ops.matmul(ops.transpose(ops.take(rows, taken, axis=0)), arrived)

        @ops.custom_gradient
        def convolved(rows, kernel):
            def gradient(*arguments, upstream=None):
                return gradients(rows, kernel, arguments[0] if upstream is None else upstream)

            every = ops.reshape(ops.matmul(rows, kernel), (-1, filters))
            maps = ops.segment_sum(ops.take(every, products, axis=0), cells, sorted=True)
            return ops.slice(maps, (0, 0), (batch * npix, filters)), gradient

        return ops.reshape(convolved(rows, kernel), (-1, 12, side, side, filters))


def sum_of_rows(rows, places, number):
    """Add rows, (n, c), where they belong, (number, c); the gradient takes them back from there in fewer steps than Keras does."""

    @ops.custom_gradient
    def added(rows):
        def gradient(*arguments, upstream=None):
            return ops.take(arguments[0] if upstream is None else upstream, places, axis=0)

        return ops.segment_sum(rows, places, number), gradient

    return added(rows)


def network_of_events(network):
    """Return the network, same layers, from events to log odds.

    Parameters
    ----------
    network : keras.Model
        From counts, of which :func:`starts_with_blocks` is true.
    """
    n_bins, layers = network.input_shape[2], network.layers[1:]
    one_map = isinstance(layers[0], EnergySum)
    faces, first, _, _, second, *rest = layers[one_map:]
    events = keras.Input((None,), dtype="int32", name="events")
    x = EventBlocks(faces.nside, n_bins, first, second, one_map, dtype=faces.dtype_policy.name, name=BLOCKS)(events)
    for layer in rest:
        if layer.name != "probability":
            x = layer(x)
    return keras.Model(events, x, name=f"{network.name}_events")


def network_of_counts(events_network):
    """Return the network, same layers, from counts to probability, that :func:`network_of_events` was made from."""
    _, blocks, *rest = events_network.layers
    counts = keras.Input((12 * blocks.nside**2, blocks.n_bins), name="counts")
    policy = blocks.dtype_policy.name
    x = EnergySum(dtype=policy, name="all_energies")(counts) if blocks.one_map else counts
    x = blocks.first(HealpixFaces(blocks.nside, dtype=policy, name="faces")(x))
    x = keras.layers.Activation("relu", dtype=policy, name="relu_1")(FacePooling(dtype=policy, name="pooling_1")(x))
    x = blocks.second(x)
    for layer in rest:
        x = layer(x)
    probability = keras.layers.Activation("sigmoid", dtype="float32", name="probability")(x)
    return keras.Model(counts, probability, name=events_network.name.removesuffix("_events"))


def starts_with_blocks(network):
    """Whether a network from counts is a chain of layers that begins as :class:`EventBlocks` computes it."""
    layers = network.layers[1:]
    start = layers[isinstance(layers[0], EnergySum) :][:5]
    kinds = HealpixFaces, FaceConvolution, FacePooling, keras.layers.Activation, FaceConvolution
    return (
        [type(layer) for layer in start] == list(kinds)
        and start[0].order == "NESTED" and start[3].activation is keras.activations.relu
        and _is_chain(network)
    )


def _is_chain(network):
    """Whether each layer takes what the one before it gives, and nothing else."""
    layers = network.get_config()["layers"]
    fed = [[argument for node in layer["inbound_nodes"] for argument in node["args"]] for layer in layers[1:]]
    names = [layer["name"] for layer in layers]
    return all(
        len(arguments) == 1 and isinstance(arguments[0], dict) and arguments[0]["config"]["keras_history"][0] == before
        for arguments, before in zip(fed, names, strict=False)
    )


def made_of_blocks(events_network):
    """Whether a network from events came from :func:`network_of_events`."""
    return any(layer.name == BLOCKS for layer in events_network.layers)
