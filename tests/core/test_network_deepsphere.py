"""DeepSphere: the graph against healpy and dense linear algebra, the filters by the symmetries of the sphere."""

import json

import healpy as hp
import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from tests.core.training_runs import small_density, small_run
from zevatron.core.errors import InputError
from zevatron.core.network import build_network, event_network, register_layers
from zevatron.core.network.deepsphere import ChebyshevConvolution, NestedPooling
from zevatron.core.network.neighbour_graph import adjacency, adjacency_blocks
from zevatron.core.training import RunFolder, train


def dense_adjacency(nside):
    """Normalised adjacency, pixel by pixel as in the paper."""
    npix = 12 * nside**2
    vectors = np.stack(hp.pix2vec(nside, np.arange(npix), nest=True), axis=1)
    edges = [(i, j) for i in range(npix) for j in hp.get_all_neighbours(nside, i, nest=True) if j >= 0]
    squared = [np.sum((vectors[i] - vectors[j]) ** 2) for i, j in edges]
    weights = np.zeros((npix, npix))
    for (i, j), value in zip(edges, squared, strict=True):
        weights[i, j] = np.exp(-value / (2 * np.mean(squared)))
    degree = weights.sum(axis=1)
    return weights / np.sqrt(np.outer(degree, degree)), degree


def convolved(layer, maps):
    return ops.convert_to_numpy(layer(maps.astype("float32")))


class DenseChebyshev(keras.layers.Layer):
    """The same filter by dense matrices, differentiated by the backend."""

    def __init__(self, nside, filters, order, **kwargs):
        super().__init__(**kwargs)
        values, vectors = np.linalg.eigh(-dense_adjacency(nside)[0])
        polynomials = np.polynomial.chebyshev.chebvander(values, order - 1)
        self.matrices = np.einsum("pv,vk,qv->kpq", vectors, polynomials, vectors).astype("float32")
        self.filters, self.order = filters, order

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=(self.order * input_shape[-1], self.filters))

    def call(self, maps):
        terms = [ops.einsum("pq,bqc->bpc", ops.convert_to_tensor(matrix), maps) for matrix in self.matrices]
        return ops.matmul(ops.concatenate(terms, axis=-1), self.kernel)


# The graph


@pytest.mark.parametrize("nside", [1, 2, 4])
def test_graph_is_that_of_the_paper(nside):
    expected, degree = dense_adjacency(nside)
    blocks = adjacency_blocks(nside)
    found = np.zeros_like(expected)
    rows = np.arange(12 * nside**2).reshape(len(blocks.sources), -1)
    for own, sources, matrix in zip(rows, blocks.sources, blocks.matrices, strict=True):
        np.add.at(found, (own[:, None], sources[None, :]), matrix)
    assert_allclose(found, expected, atol=1e-7)
    assert_array_equal(np.abs(found - found.T) < 1e-7, True)
    assert_allclose(found @ np.sqrt(degree), np.sqrt(degree), rtol=1e-6)  # the Laplacian's eigenvector of 0


def test_scaled_laplacian_stays_where_the_polynomials_are_defined():
    values = np.linalg.eigvalsh(dense_adjacency(4)[0])
    assert values.max() == pytest.approx(1, abs=1e-12) and values.min() > -1


@pytest.mark.parametrize("nside", [8, 32])
def test_only_the_corners_have_seven_neighbours(nside):
    neighbours, weights = adjacency(nside)
    assert np.sum(neighbours < 0) == 24
    assert_array_equal(weights == 0, neighbours < 0)


# The filter


@pytest.mark.parametrize(("nside", "order"), [(1, 3), (2, 5), (4, 5), (4, 1)])
def test_filter_is_the_polynomial_of_the_laplacian(nside, order, rng):
    maps = rng.normal(size=(3, 12 * nside**2, 2)).astype("float32")
    fast, plain = ChebyshevConvolution(nside, 4, order), DenseChebyshev(nside, 4, order)
    expected = convolved(plain, maps)
    fast.build(maps.shape)
    fast.set_weights(plain.get_weights())
    assert_allclose(convolved(fast, maps), expected, atol=2e-6)


def test_gradients_are_those_of_dense_matrices(rng):
    nside, order = 2, 5
    maps, wanted = rng.normal(size=(4, 48, 3)).astype("float32"), rng.normal(size=(4, 48, 2)).astype("float32")

    def after_a_step(filters):
        inputs = keras.Input((48, 3))
        network = keras.Model(inputs, filters(keras.layers.Dense(2, name="before")(inputs)))
        network.set_weights(start)
        network.compile(keras.optimizers.SGD(1.0), "mse")
        network.train_on_batch(maps, wanted)
        return network.get_weights()

    start = [rng.normal(size=shape).astype("float32") for shape in ((3, 2), (2,), (order * 2, 2))]
    for ours, theirs in zip(
        after_a_step(ChebyshevConvolution(nside, 2, order)), after_a_step(DenseChebyshev(nside, 2, order)), strict=True
    ):
        assert_allclose(ours, theirs, atol=1e-5)


def test_filter_reaches_as_far_as_its_order():
    nside, npix = 8, 768
    bright = np.zeros((1, npix, 1), "float32")
    bright[0, 300] = 1.0
    reached = {300}
    for order in range(1, 5):
        answer = convolved(ChebyshevConvolution(nside, 3, order, kernel_initializer="ones"), bright)
        assert set(np.flatnonzero(np.abs(answer[0, :, 0]) > 1e-9)) <= reached
        reached |= {j for i in reached for j in hp.get_all_neighbours(nside, i, nest=True) if j >= 0}


@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_and_mirrored_skies_give_turned_and_mirrored_features(mirrored, rng):
    """A quarter turn about the poles and the mirror of the equator map HEALPix onto itself; the filters know no direction."""
    nside = 8
    lon, lat = hp.pix2ang(nside, np.arange(12 * nside**2), nest=True, lonlat=True)
    moved = hp.ang2pix(nside, lon + 90, -lat if mirrored else lat, nest=True, lonlat=True)
    maps = rng.normal(size=(1, 12 * nside**2, 2)).astype("float32")
    layer = ChebyshevConvolution(nside, 4)
    assert_allclose(convolved(layer, maps[:, moved]), convolved(layer, maps)[:, moved], atol=1e-5)


def test_pooling_takes_the_largest_of_the_four_children(rng):
    maps = rng.normal(size=(2, 192, 3)).astype("float32")
    pooled = convolved(NestedPooling(), maps)
    for parent in range(48):
        assert_array_equal(pooled[:, parent], maps[:, 4 * parent : 4 * parent + 4].max(axis=1))


def test_maps_of_another_size_are_refused():
    with pytest.raises(InputError, match="expected 192 pixels for nside 4, received 48"):
        ChebyshevConvolution(4, 2).build((None, 48, 2))


# The network


@pytest.mark.parametrize("n_bins", [1, 15])
def test_network_comes_back_without_custom_objects(n_bins, rng, tmp_path):
    network = build_network("deepsphere", 4, n_bins, 3, seed=1)
    counts = rng.poisson(0.2, (2, 192, n_bins)).astype("float32")
    network.save(tmp_path / "network.keras")
    register_layers()
    again = keras.models.load_model(tmp_path / "network.keras")
    assert_array_equal(again.predict_on_batch(counts), network.predict_on_batch(counts))
    assert all(len(json.dumps(layer.get_config())) < 1500 for layer in network.layers)


def test_events_in_any_order_with_any_padding_give_one_answer(rng):
    network = event_network(build_network("deepsphere", 4, 3, 3, seed=1))
    cells = rng.integers(0, 192 * 3, (4, 30)).astype("int32")
    padded = np.concatenate([np.full((4, 5), -1, "int32"), rng.permuted(cells, axis=1)], axis=1)
    assert_array_equal(network.predict_on_batch(padded), network.predict_on_batch(cells))


def test_it_learns_a_source(tmp_path):
    folder = RunFolder.create(tmp_path / "run", small_run(network__kind="deepsphere"), small_density())
    train(folder)
    assert folder.history["val_accuracy"].max() > 0.6  # chance: 0.5 with an error of 0.02
