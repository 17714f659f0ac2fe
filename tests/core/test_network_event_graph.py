"""The network of events: lists of events, nearest neighbours and edges against plain loops; padding and order."""

import json

import healpy as hp
import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial import KDTree

from tests.core.training_runs import small_density, small_run
from zevatron.core.network import build_network, counts_network, event_network, register_layers, score_network
from zevatron.core.network.event_graph import EdgeConvolution, EventPooling, nearest_events
from zevatron.core.network.event_lists import EventList, EventPlaces
from zevatron.core.network.layers import EventCounts
from zevatron.core.training import NetworkStatistic, RunFolder, train

NSIDE, N_BINS = 8, 3


def random_cells(rng, n_maps=5, n_events=40):
    return rng.integers(0, 12 * NSIDE**2 * N_BINS, (n_maps, n_events)).astype("int32")


def padded_and_mixed(rng, cells, extra):
    padded = np.concatenate([cells, np.full((len(cells), extra), -1, "int32")], axis=1)
    return rng.permuted(padded, axis=1)


@pytest.fixture(scope="module")
def network():
    return build_network("event_graph", NSIDE, N_BINS, 6, seed=1)


# Lists and places


def test_lists_are_the_inverse_of_counts(rng):
    cells = np.full((4, 9), -1, "int32")
    cells[0] = rng.integers(0, 48 * 3, 9)
    cells[1, :4] = 143  # the last cell, four times
    cells[3, 2:5] = 0, 0, 7
    listed = ops.convert_to_numpy(EventList()(EventCounts(2, 3)(cells)))
    assert listed.shape == (4, 9)
    for found, given in zip(listed, cells, strict=True):
        n_events = np.sum(given >= 0)
        assert_array_equal(found[:n_events], np.sort(given[given >= 0]))
        assert np.all(found[n_events:] == -1)


def test_empty_skies_have_empty_lists():
    assert EventList()(np.zeros((3, 48, 2), "float32")).shape == (3, 0)


def test_places_are_the_centres_of_pixels_and_the_middles_of_bins(rng):
    cells = random_cells(rng, 2, 6)
    features, valid = map(ops.convert_to_numpy, EventPlaces(NSIDE, N_BINS, spare=2)(padded_and_mixed(rng, cells, 3)))
    assert features.shape == (2, 11, 4) and valid.shape == (2, 11, 1)
    assert_array_equal(valid[:, :, 0], [[1] * 6 + [0] * 5] * 2)
    assert not features[:, 6:].any()
    cells = np.sort(cells, axis=1)
    assert_allclose(features[:, :6, :3], np.stack(hp.pix2vec(NSIDE, cells // N_BINS, nest=True), axis=-1), atol=1e-6)
    assert_allclose(features[:, :6, 3], (cells % N_BINS + 0.5) / N_BINS, atol=1e-6)


# Neighbours and edges


@pytest.mark.parametrize("dimensions", [3, 7])
def test_nearest_events_are_those_of_a_tree(dimensions, rng):
    places = rng.normal(size=(2, 50, dimensions)).astype("float32")
    valid = np.ones((2, 50, 1), "float32")
    valid[1, 20:] = 0
    found = ops.convert_to_numpy(nearest_events(places, valid, 5))
    for sky, n_events in ((0, 50), (1, 20)):
        expected = KDTree(places[sky, :n_events]).query(places[sky, :n_events], 5)[1]
        assert_array_equal(np.sort(found[sky, :n_events]), np.sort(expected))


def test_edge_convolution_equals_its_definition_edge_by_edge(rng):
    places, features = rng.normal(size=(2, 12, 3)).astype("float32"), rng.normal(size=(2, 12, 4)).astype("float32")
    valid = np.ones((2, 12, 1), "float32")
    valid[1, 3:] = 0  # fewer events than neighbours
    layer = EdgeConvolution(5, neighbours=4)
    layer.build([features.shape, places.shape, valid.shape])
    kernel, bias = rng.normal(size=(8, 5)).astype("float32"), rng.normal(size=5).astype("float32")
    layer.set_weights([kernel, bias])
    found = ops.convert_to_numpy(layer([features, places, valid]))
    for sky, n_events in ((0, 12), (1, 3)):
        for i in range(n_events):
            nearest = np.argsort(np.sum((places[sky, :n_events] - places[sky, i]) ** 2, axis=1))[:4]
            edges = [(features[sky, j] - features[sky, i]) @ kernel[:4] + features[sky, i] @ kernel[4:] + bias for j in nearest]
            assert_allclose(found[sky, i], np.maximum(np.max(edges, axis=0), 0), atol=1e-5)
        assert not found[sky, n_events:].any()


def test_pooling_knows_how_many_events_there_are():
    features, valid = np.zeros((2, 4, 1), "float32"), np.zeros((2, 4, 1), "float32")
    features[0, :2, 0], valid[0, :2] = (1, 4), 1
    assert_array_equal(EventPooling()([features, valid]), [[4, 2.5], [0, 0]])


# The network


def test_the_order_of_events_changes_no_bit(network, rng):
    by_events, cells = event_network(network), random_cells(rng)
    assert_array_equal(by_events.predict_on_batch(rng.permuted(cells, axis=1)), by_events.predict_on_batch(cells))


def test_padding_changes_nothing(network, rng):
    by_events, cells = event_network(network), random_cells(rng)
    expected = by_events.predict_on_batch(cells)
    for extra in (1, 7, 60):
        assert_allclose(by_events.predict_on_batch(padded_and_mixed(rng, cells, extra)), expected, atol=1e-6)


def test_neighbours_at_equal_distance_do_not_depend_on_padding(network, rng):
    """The eight neighbours of a pixel and their neighbours: many distances are equal, as between real pixels."""
    patch = np.unique(hp.get_all_neighbours(NSIDE, hp.get_all_neighbours(NSIDE, 100, nest=True), nest=True))
    cells = (patch[None] * N_BINS).astype("int32")
    by_events = event_network(network)
    found = [float(by_events.predict_on_batch(padded_and_mixed(rng, cells, extra))[0, 0]) for extra in range(6)]
    assert_allclose(found, found[0], atol=1e-6)


@pytest.mark.parametrize("n_events", [0, 1, 3])
def test_few_events_are_a_sky_too(network, n_events, rng):
    by_events = event_network(network)
    cells = padded_and_mixed(rng, random_cells(rng, 2, n_events), 4)
    assert np.all(np.isfinite(by_events.predict_on_batch(cells)))


def test_position_energy_and_company_matter(network):
    by_events = event_network(network)
    alone, elsewhere, harder, in_company = [0, -1], [900, -1], [2, -1], [0, 3]
    scores = by_events.predict_on_batch(np.array([alone, elsewhere, harder, in_company], "int32"))[:, 0]
    assert len(np.unique(scores)) == 4


def test_counts_and_events_give_the_same_answer(network, rng):
    cells = random_cells(rng)
    cells[:, 1] = cells[:, 0]  # two events in one cell
    counts = ops.convert_to_numpy(EventCounts(NSIDE, N_BINS)(cells))
    by_events = event_network(network)
    log_odds = by_events.predict_on_batch(cells)
    assert_allclose(score_network(network).predict_on_batch(counts), log_odds, atol=1e-6)
    assert_allclose(network.predict_on_batch(counts), 1 / (1 + np.exp(-log_odds)), rtol=1e-5)
    assert_array_equal(counts_network(by_events).predict_on_batch(counts), network.predict_on_batch(counts))


@pytest.mark.parametrize("n_bins", [1, 15])
def test_network_comes_back_without_custom_objects(n_bins, rng, tmp_path):
    network = build_network("event_graph", 4, n_bins, 3, seed=1)
    counts = rng.poisson(0.1, (2, 192, n_bins)).astype("float32")
    network.save(tmp_path / "network.keras")
    register_layers()
    again = keras.models.load_model(tmp_path / "network.keras")
    assert_array_equal(again.predict_on_batch(counts), network.predict_on_batch(counts))
    layers = [*network.layers, *network.get_layer("log_odds").layers]
    assert all(len(json.dumps(layer.get_config())) < 1500 for layer in layers if not isinstance(layer, keras.Model))


def test_weights_do_not_grow_with_the_resolution():
    assert build_network("event_graph", 4, 3, 8).count_params() == build_network("event_graph", 64, 3, 8).count_params()


def test_it_learns_a_source_and_goes_on_after_a_stop(tmp_path):
    def trained(name, epochs):
        run = small_run(network__kind="event_graph", events__n_events=(20,), training__epochs=epochs)
        folder = RunFolder.create(tmp_path / name, run, small_density(spread=60.0))
        train(folder)
        return folder

    unbroken = trained("unbroken", 2)
    assert unbroken.history["val_accuracy"].max() > 0.6  # chance: 0.5 with an error of 0.02
    trained("broken", 1)
    broken = trained("broken", 2)
    assert_array_equal(broken.history["val_loss"], unbroken.history["val_loss"])
    statistic = NetworkStatistic(broken.best_path)
    assert (statistic.name, statistic.nside, statistic.n_bins) == ("event_graph", 2, 3)
