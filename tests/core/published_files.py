"""Files like those of the published analysis with random weights, and the plain arithmetic of their layers."""

import json

import h5py
import healpy as hp
import numpy as np


class PublishedFile:
    """What such a file holds; a test changes a part of it and writes it.

    Parameters
    ----------
    nside, n_bins : int
    filters : sequence of int
        Of each block; each halves the resolution.
    units : sequence of int
        Of the hidden dense layers.
    """

    def __init__(self, rng, nside, n_bins=1, filters=(3, 4), units=(), activation="relu", dropout=False, use_bias=True):
        self.rng, self.weights, self.layers, self.n_bins = rng, {}, [], n_bins
        npix, channels = 12 * nside**2, n_bins
        self.add("InputLayer", batch_input_shape=[None, npix] if n_bins == 1 else [None, npix, n_bins], dtype="float32")
        if n_bins == 1:
            self.add("Reshape", target_shape=[-1, 1])
        for number in filters:
            if dropout:
                self.add("Dropout", rate=0.1)
            self.add("OrderMap", indices={"type": "ndarray", "value": neighbour_table(nside).ravel().tolist()})
            kernel = rng.normal(size=(9, channels, number)) / np.sqrt(9 * channels)
            self.add("Conv1D", kernel, filters=number, kernel_size=[9], strides=[9], padding="valid", dilation_rate=[1],
                     activation="linear", use_bias=False)
            self.add("Activation", activation="relu")
            self.add("OrderMap", indices={"type": "ndarray", "value": child_table(nside).ravel().tolist()})
            self.add("MaxPooling1D", pool_size=[4], strides=[4], padding="valid")
            nside, channels = nside // 2, number
        self.add("Flatten", data_format="channels_last")
        inputs = 12 * nside**2 * channels
        for number in units:
            self.add_dense(inputs, number, activation, use_bias)
            inputs = number
        self.add_dense(inputs, 1, "sigmoid", use_bias)

    def add(self, class_name, *weights, **config):
        """Append a layer that takes what the one before it gives."""
        inbound = [[[self.layers[-1]["name"], 0, 0, {}]]] if self.layers else []
        name = f"{class_name.lower()}_{len(self.layers)}"
        self.layers.append({"class_name": class_name, "name": name, "config": {"name": name, **config}, "inbound_nodes": inbound})
        self.weights[name] = [np.asarray(array, dtype=np.float32) for array in weights]

    def add_dense(self, inputs, units, activation, use_bias):
        bias = [self.rng.normal(size=units)] if use_bias else []
        self.add("Dense", self.rng.normal(size=(inputs, units)) / np.sqrt(inputs), *bias, units=units, activation=activation,
                 use_bias=use_bias)

    def of(self, class_name, number=0):
        """Return one layer of a class, to be changed."""
        return [layer for layer in self.layers if layer["class_name"] == class_name][number]

    def write(self, path):
        """Write the file as Keras 2 does; return its path."""
        ends = [[self.layers[-1]["name"], 0, 0]]
        model = {"class_name": "Model", "config": {
            "name": "model_1", "layers": self.layers, "input_layers": [[self.layers[0]["name"], 0, 0]], "output_layers": ends,
        }}
        with h5py.File(path, "w") as file:
            file.attrs["backend"], file.attrs["keras_version"] = "tensorflow", "2.1.6"
            file.attrs["model_config"] = json.dumps(model)
            for name, arrays in self.weights.items():
                group = file.create_group(f"model_weights/{name}")
                names = [f"{name}/{part}:0" for part in ("kernel", "bias")][: len(arrays)]
                group.attrs["weight_names"] = np.array(names, dtype="S")
                for part, array in zip(names, arrays, strict=True):
                    group[part] = array
        return path

    def log_odds(self, maps):
        """Log odds of maps in RING order, (n, npix) or (n, npix, n_bins), layer by layer in float64."""
        x = np.asarray(maps, dtype=float).reshape(len(maps), -1, self.n_bins)
        for layer in self.layers:
            config, weights = layer["config"], self.weights[layer["name"]]
            if layer["class_name"] == "Conv1D":
                nside = hp.npix2nside(x.shape[1])
                table = hp.get_all_neighbours(nside, np.arange(x.shape[1]))
                x = sum(
                    np.where(tap[:, None] >= 0, x[:, tap], 0) @ kernel
                    for tap, kernel in zip([np.arange(x.shape[1]), *table], weights[0].astype(float), strict=True)
                )
            elif layer["class_name"] == "Activation":
                x = np.maximum(x, 0)
            elif layer["class_name"] == "MaxPooling1D":
                nside = hp.npix2nside(x.shape[1])
                nested = x[:, hp.nest2ring(nside, np.arange(x.shape[1]))].reshape(len(x), -1, 4, x.shape[2])
                x = nested.max(axis=2)[:, hp.ring2nest(nside // 2, np.arange(nested.shape[1]))]
            elif layer["class_name"] == "Flatten":
                x = x.reshape(len(x), -1)
            elif layer["class_name"] == "Dense":
                x = x @ weights[0].astype(float) + (weights[1] if config["use_bias"] else 0)
                x = {"relu": lambda x: np.maximum(x, 0), "tanh": np.tanh, "sigmoid": lambda x: x}[config["activation"]](x)
        return x[:, 0]


def neighbour_table(nside):
    """Nine RING pixels of each pixel, the number of pixels where there is none, shape (npix, 9)."""
    npix = 12 * nside**2
    table = np.array([[pixel, *hp.get_all_neighbours(nside, pixel)] for pixel in range(npix)])
    table[table < 0] = npix
    return table


def child_table(nside):
    """Four RING pixels of each pixel of half the resolution, found by their directions, shape (npix / 4, 4)."""
    parents = hp.vec2pix(nside // 2, *hp.pix2vec(nside, np.arange(12 * nside**2)))
    return np.argsort(parents, kind="stable").reshape(-1, 4)
