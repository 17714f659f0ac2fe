"""Convolutions computed only where events are: against the plain gather of nine neighbours, and against the layers on maps."""

import healpy as hp
import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.core.plain_network import copy_weights, nine_taps, plain_network
from zevatron.core.network import (
    build_network,
    counts_network,
    event_network,
    load_network,
    save_network,
    score_network,
)
from zevatron.core.network.event_blocks import EventBlocks
from zevatron.core.network.layers import EventCounts, FaceConvolution
from zevatron.core.network.registry import NETWORKS
from zevatron.core.network.topology import neighbour_pairs

N_BINS = 3


def random_cells(rng, nside, batch=6):
    """Events of which several share a cell, as many as are still computed sparsely; padding, and one empty sky."""
    cells = rng.integers(0, 12 * nside**2 * N_BINS, (batch, 3 * nside**2 // 4)).astype("int32")
    cells[0, 1:4] = cells[0, 0]
    cells[1, ::2] = -1
    cells[2] = -1
    return cells


def counts_of(cells, nside):
    return keras.ops.convert_to_numpy(EventCounts(nside, N_BINS)(cells))


@pytest.fixture
def sparse_only(monkeypatch):
    def refuse(self, cells):
        raise AssertionError("computed on full maps")

    monkeypatch.setattr(EventBlocks, "_on_maps", refuse)


def gradients(model, inputs, labels):
    """A step of plain descent is the gradient; its length makes rounding of the weights harmless."""
    before, rate = model.get_weights(), 1024.0
    model.compile(keras.optimizers.SGD(rate), keras.losses.BinaryCrossentropy(from_logits=True))
    model.train_on_batch(inputs, labels)
    return [(b - a) / rate for b, a in zip(before, model.get_weights(), strict=True)]


@pytest.mark.parametrize("nside", [2, 4, 8])
def test_pairs_are_the_neighbours_of_healpy_seen_from_the_source(nside):
    source, target, tap = neighbour_pairs(nside)
    assert len(set(zip(source, target, tap, strict=True))) == len(source) == 9 * 12 * nside**2 - 24
    neighbours = np.append(hp.get_all_neighbours(nside, target, nest=True), target[None], axis=0)
    assert (neighbours == source).any(axis=0).all()
    assert_array_equal(np.unique(target[tap == 4]), np.arange(12 * nside**2))
    assert_array_equal(source[tap == 4], target[tap == 4])


@pytest.mark.parametrize("nside", [4, 16])
def test_network_of_events_equals_the_plain_one_in_outputs_and_gradients(nside, rng, sparse_only):
    cells, labels = random_cells(rng, nside), rng.integers(0, 2, (6, 1)).astype("float32")
    network, plain = build_network("bcnn", nside, N_BINS, 7, seed=1), plain_network(nside, N_BINS, 7)
    fast = event_network(network)
    copy_weights(network, plain)
    counts = counts_of(cells, nside)
    assert_allclose(fast.predict_on_batch(cells), plain.predict_on_batch(counts), atol=1e-5)
    ours, theirs = gradients(fast, cells, labels), gradients(plain, counts, labels)
    for our, their in zip(ours, theirs, strict=True):
        assert_allclose(nine_taps(our) if our.ndim == 4 else our, their, atol=1e-5 * max(np.abs(their).max(), 1e-2))


@pytest.mark.parametrize("one_map", [False, True])
def test_blocks_equal_the_layers_on_maps(one_map, rng):
    cells, blocks = random_cells(rng, 8), EventBlocks(8, N_BINS, FaceConvolution(5), FaceConvolution(4), one_map)
    sparse = blocks(cells)
    assert_allclose(sparse, blocks._on_maps(cells), atol=1e-6)
    assert np.abs(sparse).max() > 0.1 and not np.any(sparse[2])


def test_many_events_are_computed_as_maps(rng, monkeypatch):
    blocks = EventBlocks(4, 1, FaceConvolution(2), FaceConvolution(2))
    blocks.build((None, None))
    monkeypatch.setattr(EventBlocks, "_where_events_are", lambda self, cells: "sparse")
    monkeypatch.setattr(EventBlocks, "_on_maps", lambda self, cells: "maps")
    assert [blocks.call(np.zeros((2, n), "int32")) for n in (1, 12, 13, 1000)] == ["sparse", "sparse", "maps", "maps"]
    monkeypatch.setattr("zevatron.core.network.event_blocks.computes_on_processor", lambda: False)
    assert blocks.call(np.zeros((2, 1), "int32")) == "maps"  # shapes may not depend on values there


def test_a_network_is_known_by_its_chain_of_layers(rng):
    network, cells = build_network("bcnn", 4, N_BINS, 5, seed=2), random_cells(rng, 4)
    first, second = event_network(network), event_network(network)  # its layers have been used before
    again = event_network(counts_network(first))
    assert [model.layers[1].name for model in (first, second, again)] == ["event_blocks"] * 3
    assert_array_equal(first.predict_on_batch(cells), again.predict_on_batch(cells))
    counts, layers = network.input, network.layers[1:]
    x = counts
    for layer in layers[:5]:
        x = layer(x)
    side = keras.layers.GlobalAveragePooling1D()(counts)
    branched = keras.Model(counts, keras.layers.Dense(1)(keras.layers.Concatenate()([keras.layers.Flatten()(x), side])))
    assert event_network(branched).layers[1].name == "counts_of_events"


@pytest.mark.parametrize("kind", ["bcnn", "cnn"])
def test_a_saved_training_gives_the_network_of_counts_back(kind, rng, tmp_path):
    network, cells = build_network(kind, 8, N_BINS, 5, seed=2), random_cells(rng, 8)
    model = event_network(network)
    model.compile(keras.optimizers.Adadelta(1.0), keras.losses.BinaryCrossentropy(from_logits=True))
    model.train_on_batch(cells, np.ones((6, 1)))
    save_network(tmp_path / "last.keras", model, {"kind": kind})
    again, _ = load_network(tmp_path / "last.keras", training=True)
    assert_array_equal(again.predict_on_batch(cells), model.predict_on_batch(cells))
    for old, new in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        assert_array_equal(old, new)
    restored = counts_network(again)
    assert [layer.name for layer in restored.layers] == [layer.name for layer in network.layers]
    assert [layer.get_config() for layer in restored.layers[1:]] == [layer.get_config() for layer in network.layers[1:]]
    counts = counts_of(cells, 8)
    assert_array_equal(restored.predict_on_batch(counts), network.predict_on_batch(counts))
    again.train_on_batch(cells, np.zeros((6, 1)))  # the same weights, not copies
    assert not np.array_equal(restored.predict_on_batch(counts), network.predict_on_batch(counts))


def test_a_training_of_earlier_versions_goes_on(rng, tmp_path):
    """Its network took counts made by a layer of their own."""
    network, cells = build_network("bcnn", 4, N_BINS, 5, seed=3), random_cells(rng, 4)
    events = keras.Input((None,), dtype="int32", name="events")
    counts = EventCounts(4, N_BINS, name="counts_of_events")(events)
    old = keras.Model(events, score_network(network)(counts), name="bcnn_events")
    save_network(tmp_path / "last.keras", old, {})
    loaded, _ = load_network(tmp_path / "last.keras", training=True)
    assert_array_equal(loaded.predict_on_batch(cells), old.predict_on_batch(cells))
    assert_allclose(loaded.predict_on_batch(cells), event_network(network).predict_on_batch(cells), atol=1e-5)
    maps = counts_of(cells, 4)
    assert_array_equal(counts_network(loaded).predict_on_batch(maps), network.predict_on_batch(maps))


# Precision


@pytest.mark.parametrize("kind", NETWORKS)
def test_half_precision_moves_scores_little_and_keeps_weights_whole(kind, rng, tmp_path):
    cells = random_cells(rng, 8)
    full, half = (build_network(kind, 8, N_BINS, 6, seed=4, precision=name) for name in ("float32", "bfloat16"))
    for our, their in zip(half.get_weights(), full.get_weights(), strict=True):
        assert our.dtype == "float32"
        assert_array_equal(our, their)
    exact, rough = (event_network(network).predict_on_batch(cells) for network in (full, half))
    assert rough.dtype == "float32"
    assert_allclose(rough, exact, atol=0.03 + 0.03 * np.abs(exact).max())
    save_network(tmp_path / "half.keras", half, {})
    again, _ = load_network(tmp_path / "half.keras")
    assert_array_equal(event_network(again).predict_on_batch(cells), rough)


@pytest.mark.parametrize("kind", ["bcnn", "cnn"])
def test_half_precision_changes_the_arithmetic(kind, rng):
    network = build_network(kind, 8, N_BINS, 6, seed=4, precision="bfloat16")
    cells = random_cells(rng, 8)
    by_events, by_counts = event_network(network), score_network(network)
    assert by_events.get_layer("event_blocks").compute_dtype == "bfloat16"
    exact = event_network(build_network(kind, 8, N_BINS, 6, seed=4)).predict_on_batch(cells)
    assert not np.array_equal(by_events.predict_on_batch(cells), exact)
    assert_allclose(by_events.predict_on_batch(cells), by_counts.predict_on_batch(counts_of(cells, 8)), atol=0.02)
    assert keras.config.dtype_policy().name == "float32"
