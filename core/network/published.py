"""The published networks: Keras 2 files with layers of NNhealpix, read as data.

What such a file holds (okolo/ml_cr_aniso, NNhealpix): the architecture as JSON in
the attribute ``model_config`` and the weights as plain arrays. Maps are in RING
order. ``OrderMap`` puts pixels in the order of its table ``indices``, where the
number of pixels itself stands for a pixel that does not exist and is zero. Each
block is

- ``OrderMap`` with nine entries for each pixel: itself and its neighbours SW, W,
  NW, N, NE, E, SE, S;
- ``Conv1D`` of width and stride nine without bias, then ReLU;
- ``OrderMap`` with the four children of each larger pixel, then ``MaxPooling1D``
  over four,

then come ``Flatten`` and dense layers, of which the last gives the probability
that there is a source (the label of training was 1 where there was one).
Nothing in the file is run: whatever is not exactly this is refused.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..backend import load_backend
from ..errors import DamagedFileError
from ..sky import nside_of
from ..storage.compressed import chunks
from ..storage.hdf5 import open_content, require_plain
from ..storage.provenance import versions
from .topology import NEIGHBOUR_OFFSETS, face_pixels

LARGEST = 64 * 2**20  # bytes, of the unpacked file and of its weights; the published files have 1.5 MB
# what means the same in Keras 2 and 3
ACTIVATIONS = ("elu", "linear", "relu", "selu", "sigmoid", "softplus", "softsign", "tanh")
LATER_SETTINGS = {"data_format": "channels_last", "groups": 1}  # later versions of Keras 2 write them as well
ONLY_IN_TRAINING = ("Dropout",)


@dataclass(frozen=True, eq=False)
class DenseWeights:
    """A dense layer: ``kernel`` (inputs, units) and ``bias`` (units,), float32, and the name of its activation."""

    kernel: np.ndarray
    bias: np.ndarray
    activation: str


@dataclass(frozen=True, eq=False)
class PublishedNetwork:
    """A published network in the terms of our layers.

    Attributes
    ----------
    nside, n_bins : int
        Of the maps that go in; one bin is a map of all energies.
    kernels : tuple of ndarray of float32, shape (3, 3, channels, filters)
        Of the convolutions on faces, one for each block of convolution, ReLU and pooling.
    dense : tuple of DenseWeights
        The last one gives the probability of a source.
    origin : dict
        ``file``, ``sha256`` of the unpacked content, ``keras_version``.
    """

    nside: int
    n_bins: int
    kernels: tuple
    dense: tuple
    origin: dict


def read_published(path):
    """Read a published network.

    Parameters
    ----------
    path : path-like
        Of an ``.h5`` file, perhaps packed (``.h5.bz2``, ``.gz``, ``.xz``).

    Returns
    -------
    PublishedNetwork

    Raises
    ------
    DamagedFileError
        If it is not a whole file of this kind, holds other layers than those above, or is too large.
    """
    path = Path(path)
    content = b"".join(chunks(path, LARGEST))
    try:
        with open_content(content) as file:
            network = _network(_Layers(path, file))
            version = _text(file.attrs.get("keras_version", ""))
    except DamagedFileError:
        raise
    except Exception as error:  # a foreign file can fail anywhere inside HDF5, JSON and what is expected of both
        raise DamagedFileError(
            f"{path} is not a whole network as Keras 2 writes it ({type(error).__name__}: {str(error)[:200]}); expected "
            "an .h5 file of the published analysis"
        ) from None
    origin = {"file": path.name, "sha256": hashlib.sha256(content).hexdigest(), "keras_version": version[:20]}
    return PublishedNetwork(*network, origin)


def import_network(path, out):
    """Read a published network and save it as one of ours, with a record of where it came from.

    Parameters
    ----------
    path : path-like
        As for :func:`read_published`.
    out : path-like
        Ends in ``.keras``.

    Returns
    -------
    keras.Model

    Raises
    ------
    InputError, DamagedFileError
        If the one cannot be read or the other cannot be written.
    """
    published = read_published(path)
    load_backend()
    from .convolutional import imported
    from .files import save_network

    network = imported(published)
    save_network(out, network, {
        "kind": network.name, "nside": published.nside, "n_bins": published.n_bins, "imported": published.origin,
        "versions": versions(),
    })
    return network


def _network(layers):
    """Resolution, bins, kernels of the blocks and dense layers of a network read layer by layer."""
    _, npix, *bins = layers.take("InputLayer")["batch_input_shape"]
    if len(bins) > 1:
        raise layers.fault(f"expected maps (npix,) or (npix, n_bins), found {(npix, *bins)}")
    if not bins:
        layers.take("Reshape", target_shape=[-1, 1])
    nside, n_bins = nside_of(npix), bins[0] if bins else 1
    kernels, side, channels = [], nside, n_bins
    while layers.following == "OrderMap":
        kernels.append(_block(layers, side, channels))
        side, channels = side // 2, kernels[-1].shape[-1]
    layers.take("Flatten")
    dense, inputs = [], 12 * side**2 * channels
    while layers.following:
        dense.append(_dense(layers, inputs))
        inputs = dense[-1].kernel.shape[1]
    if not (kernels and dense and dense[-1].activation == "sigmoid" and inputs == 1):
        raise layers.fault("expected convolutions at the beginning and one sigmoid unit at the end")
    dense[0] = DenseWeights(_on_faces(dense[0].kernel, side), dense[0].bias, dense[0].activation)
    return nside, n_bins, tuple(kernels), tuple(dense)


def _block(layers, nside, channels):
    """Kernel on faces of one block of convolution, ReLU and pooling."""
    if nside < 2:
        raise layers.fault("expected Flatten at twelve pixels")
    layers.take_table(_neighbours, nside, 9, "the nine neighbours")
    filters = layers.take("Conv1D", kernel_size=[9], strides=[9], padding="valid", dilation_rate=[1], use_bias=False,
                          activation="linear")["filters"]
    (kernel,) = layers.weights((9, channels, filters))
    layers.take("Activation", activation="relu")
    layers.take_table(_children, nside, 1, "the four children")
    layers.take("MaxPooling1D", pool_size=[4], strides=[4], padding="valid")
    square = np.empty((3, 3, *kernel.shape[1:]), dtype=np.float32)
    for (dx, dy), tap in zip(((0, 0), *NEIGHBOUR_OFFSETS), kernel, strict=True):
        square[1 + dx, 1 + dy] = tap
    return square


def _dense(layers, inputs):
    config = layers.take("Dense")
    units, activation = config["units"], config["activation"]
    if activation not in ACTIVATIONS:
        raise layers.fault(f"expected an activation of {', '.join(ACTIVATIONS)}, found {activation!r}")
    if config["use_bias"]:
        return DenseWeights(*layers.weights((inputs, units), (units,)), activation)
    return DenseWeights(*layers.weights((inputs, units)), np.zeros(units, dtype=np.float32), activation)


def _on_faces(kernel, nside):
    """Put the rows of a dense kernel, (pixel in RING order, channel), in the order of the faces."""
    rows = kernel.reshape(12 * nside**2, -1, kernel.shape[1])
    return rows[face_pixels(nside, nest=False).ravel()].reshape(kernel.shape)


def _neighbours(nside):
    """Nine RING pixels for each pixel, shape (npix, 9); the number of pixels stands for a missing one."""
    import healpy as hp

    pixels = np.arange(12 * nside**2)
    table = np.stack([pixels, *hp.get_all_neighbours(nside, pixels)], axis=1)
    return np.where(table < 0, len(pixels), table)


def _children(nside):
    """Four RING pixels in each pixel of half the resolution, shape (npix / 4, 4), ascending."""
    import healpy as hp

    parents = hp.ring2nest(nside // 2, np.arange(3 * nside**2))
    return np.sort(hp.nest2ring(nside, 4 * parents[:, None] + np.arange(4)), axis=1)


def _text(value):
    """Return an attribute as str; versions of h5py and Keras differ in writing bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


class _Layers:
    """The layers of a file, first to last; each is taken as what it must be."""

    def __init__(self, path, file):
        self._path, self._file = path, file
        self._name, self._size = "model_config", 0
        try:
            require_plain(file, LARGEST)
        except ValueError as error:
            raise self.fault(str(error)) from None
        if "model_config" not in file.attrs:
            raise self.fault("expected the architecture of the network; weights alone cannot be imported")
        model = json.loads(file.attrs["model_config"])
        if model["class_name"] not in ("Model", "Functional"):
            raise self.fault(f"expected a functional model, found {model['class_name']}")
        layers = model["config"]["layers"]
        chained = [[], *([[[layer["name"], 0, 0, {}]]] for layer in layers[:-1])]
        ends = [[layers[-1]["name"], 0, 0]]
        if [layer["inbound_nodes"] for layer in layers] != chained or model["config"]["output_layers"] != ends:
            raise self.fault("expected layers one after the other, found branches")
        self._layers = [layer for layer in layers if layer["class_name"] not in ONLY_IN_TRAINING]

    def fault(self, message):
        """Return an error that names file and layer."""
        return DamagedFileError(
            f"{self._path}, {self._name}: {message}; only the published networks of NNhealpix layers can be imported"
        )

    @property
    def following(self):
        """Class of the next layer; None at the end."""
        return self._layers[0]["class_name"] if self._layers else None

    def take(self, class_name, **settings):
        """Return the configuration of the next layer, which must be of this class with these settings."""
        self._name = self._layers[0]["name"] if self._layers else "end"
        if self.following != class_name:
            raise self.fault(f"expected a layer {class_name}, found {self.following}")
        config = self._layers.pop(0)["config"]
        for key, value in (settings | LATER_SETTINGS).items():
            found = config.get(key, LATER_SETTINGS.get(key))
            if found != value:
                raise self.fault(f"expected {key} {value}, found {found}")
        return config

    def take_table(self, table, nside, entries, what):
        """Take an ``OrderMap`` whose indices must be ``table(nside)``, with ``entries`` for each pixel."""
        indices = self.take("OrderMap")["indices"]
        indices = np.asarray(indices["value"] if isinstance(indices, dict) else indices)
        if indices.shape == (entries * 12 * nside**2,):  # asked first: a false Nside must not cost a large table
            expected = table(nside)
            indices = indices.reshape(expected.shape)
            if np.array_equal(indices if entries == 9 else np.sort(indices, axis=1), expected):
                return
        raise self.fault(f"expected {what} of RING pixels of Nside {nside}")

    def weights(self, *shapes):
        """Return the arrays of the layer taken last, float32, which must have these shapes."""
        group = self._file["model_weights"][self._name]
        found = [group[_text(name)] for name in group.attrs["weight_names"]]
        if [array.shape for array in found] != list(shapes) or not all(array.size for array in found):
            raise self.fault(f"expected weights of shapes {shapes}, found {[array.shape for array in found]}")
        if any(array.dtype.kind != "f" or array.external or array.is_virtual for array in found):
            raise self.fault("expected floats in the file itself, found others")
        self._size += sum(array.nbytes for array in found)
        if self._size > LARGEST:  # HDF5 can say much in few bytes
            raise self.fault(f"expected at most {LARGEST / 2**20:g} MiB of weights, found more")
        arrays = [array[...].astype(np.float32) for array in found]
        if not all(np.isfinite(array).all() for array in arrays):
            raise self.fault("expected finite weights, found others")
        return arrays
