"""HEALPix networks: against a plain implementation on healpy's neighbours, and by the symmetries of the sphere."""

import json

import healpy as hp
import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.core.plain_network import PlainConvolution, copy_weights, nine_taps, plain_network
from zevatron.core.config import NetworkConfig
from zevatron.core.errors import ConfigError, InputError, UnknownNameError
from zevatron.core.mock_events import MockEvents
from zevatron.core.network import build_network, counts_network, event_network, score_network
from zevatron.core.network.layers import EventCounts, FaceConvolution, FacePooling, HealpixFaces
from zevatron.core.network.registry import NETWORKS
from zevatron.core.network.topology import MISSING, NEIGHBOUR_OFFSETS, bordered_face_cells, face_pixels

NSIDES = (1, 2, 4, 8, 32)


def random_counts(rng, batch, nside, n_bins, events=50):
    return rng.poisson(events / (12 * nside**2 * n_bins), (batch, 12 * nside**2, n_bins)).astype("float32")


def on_faces(nside, *layers):
    """Model of layers between NESTED maps and faces."""
    maps = keras.Input((12 * nside**2, 2))
    x = HealpixFaces(nside)(maps)
    for layer in layers:
        x = layer(x)
    return keras.Model(maps, x)


def from_faces(faces):
    """Turn faces, (batch, 12, n, n, c), back into NESTED maps."""
    nside = faces.shape[2]
    maps = np.empty((len(faces), 12 * nside**2, faces.shape[-1]), faces.dtype)
    maps[:, face_pixels(nside).ravel()] = faces.reshape(len(faces), -1, faces.shape[-1])
    return maps


# Topology


@pytest.mark.parametrize("nside", NSIDES)
@pytest.mark.parametrize("nest", [True, False])
def test_faces_hold_every_pixel_once(nside, nest):
    assert_array_equal(np.sort(face_pixels(nside, nest), axis=None), np.arange(12 * nside**2))


@pytest.mark.parametrize("nside", [2, 4, 8, 32])
def test_borders_hold_the_neighbours_of_every_pixel(nside):
    pixels = np.append(face_pixels(nside).ravel(), MISSING)
    bordered = pixels[bordered_face_cells(nside)]
    assert_array_equal(bordered[:, 1:-1, 1:-1], face_pixels(nside))
    for (dx, dy), neighbours in zip(NEIGHBOUR_OFFSETS, hp.get_all_neighbours(nside, face_pixels(nside), nest=True), strict=True):
        shifted = bordered[:, 1 + dx : nside + 1 + dx, 1 + dy : nside + 1 + dy]
        assert_array_equal(shifted, neighbours)


@pytest.mark.parametrize("nside", [2, 16])
def test_only_the_corners_where_three_faces_meet_are_missing(nside):
    missing = bordered_face_cells(nside) == MISSING
    assert missing.sum() == 24  # eight such points, three faces at each
    assert missing[:, [0, 0, -1, -1], [0, -1, 0, -1]].sum() == 24


# Layers against the oracle


@pytest.mark.parametrize("nside", [2, 4, 16])
def test_convolution_equals_the_plain_gather(nside, rng):
    maps = rng.normal(size=(2, 12 * nside**2, 2)).astype("float32")
    fast, plain = FaceConvolution(5), PlainConvolution(5)
    model = on_faces(nside, fast)
    plain.build((None, 12 * nside**2, 2))
    plain.set_weights([nine_taps(fast.get_weights()[0])])
    assert_allclose(from_faces(model.predict_on_batch(maps)), keras.ops.convert_to_numpy(plain(maps)), atol=1e-5)


@pytest.mark.parametrize("nside", [4, 16])
def test_network_equals_the_plain_one_in_outputs_and_gradients(nside, rng):
    counts, labels = random_counts(rng, 6, nside, 3), rng.integers(0, 2, (6, 1)).astype("float32")
    fast, plain = score_network(build_network("bcnn", nside, 3, 7, seed=1)), plain_network(nside, 3, 7)
    copy_weights(fast, plain)
    assert_allclose(fast.predict_on_batch(counts), plain.predict_on_batch(counts), atol=1e-5)

    def gradients(model):
        """A step of plain descent is the gradient; its length makes rounding of the weights harmless."""
        before, rate = model.get_weights(), 1024.0
        model.compile(keras.optimizers.SGD(rate), keras.losses.BinaryCrossentropy(from_logits=True))
        model.train_on_batch(counts, labels)
        return [(b - a) / rate for b, a in zip(before, model.get_weights(), strict=True)]

    for ours, theirs in zip(gradients(fast), gradients(plain), strict=True):
        assert_allclose(nine_taps(ours) if ours.ndim == 4 else ours, theirs, atol=1e-5 * max(np.abs(theirs).max(), 1e-2))


def test_pooling_takes_the_largest_of_the_four_children(rng):
    maps = rng.normal(size=(3, 12 * 8**2, 2)).astype("float32")
    pooled = from_faces(on_faces(8, FacePooling()).predict_on_batch(maps))
    assert_array_equal(pooled, maps.reshape(3, -1, 4, 2).max(axis=2))


def test_turning_the_sky_by_a_quarter_turns_the_features(rng):
    """HEALPix looks the same after a rotation by 90 degrees about the poles, and so must the convolution."""
    nside = 8
    lon, lat = hp.pix2ang(nside, np.arange(12 * nside**2), nest=True, lonlat=True)
    turned = hp.ang2pix(nside, lon + 90, lat, nest=True, lonlat=True)
    maps = rng.normal(size=(1, 12 * nside**2, 2)).astype("float32")
    model = on_faces(nside, FaceConvolution(4))
    direct = from_faces(model.predict_on_batch(maps[:, turned]))
    assert_allclose(direct, from_faces(model.predict_on_batch(maps))[:, turned], atol=1e-5)


def test_an_empty_sky_stays_zero_until_the_dense_layers():
    network = build_network("bcnn", 8, 3, 4)
    features = keras.Model(network.input, network.get_layer("flatten").output)
    assert not features.predict_on_batch(np.zeros((1, 768, 3), "float32")).any()


def test_ring_order_is_reordered_nested_order(rng):
    nside = 4
    maps = rng.normal(size=(2, 12 * nside**2, 3)).astype("float32")
    ring = maps[:, hp.ring2nest(nside, np.arange(12 * nside**2))]
    assert_array_equal(HealpixFaces(nside, order="RING")(ring), HealpixFaces(nside)(maps))


# Events


def random_events(rng, n_maps, n_events, nside, n_bins):
    ipix = rng.integers(0, 12 * nside**2, (n_maps, n_events)).astype("int32")
    energy_bin = rng.integers(0, n_bins, (n_maps, n_events)).astype("int8")
    return MockEvents(ipix, energy_bin, np.zeros(ipix.shape, bool), np.zeros(n_maps, int), nside, n_bins)


def test_counts_in_the_graph_are_the_counts_of_the_events(rng):
    events = random_events(rng, 4, 200, 2, 3)  # many events share a cell
    cells = events.ipix * 3 + events.bin
    assert_array_equal(EventCounts(2, 3)(cells), events.counts())


def test_padding_counts_nowhere(rng):
    cells = rng.integers(0, 48 * 3, (3, 10)).astype("int32")
    padded = np.concatenate([cells, np.full((3, 7), -1, "int32")], axis=1)
    layer = EventCounts(2, 3)
    assert_array_equal(layer(padded), layer(cells))
    assert not np.any(layer(np.full((2, 5), -1, "int32")))


def test_events_and_counts_give_the_same_answer(rng):
    events = random_events(rng, 5, 30, 4, 3)
    network = build_network("bcnn", 4, 3, 6, seed=2)
    by_events = event_network(network)
    log_odds = by_events.predict_on_batch(events.ipix * 3 + events.bin)
    assert_allclose(1 / (1 + np.exp(-log_odds)), network.predict_on_batch(events.counts()), rtol=1e-5)
    assert_array_equal(counts_network(by_events).predict_on_batch(events.counts()), network.predict_on_batch(events.counts()))


# Architectures


def test_published_numbers_of_weights():
    assert build_network("bcnn", 32, 15, 76).count_params() == 233_093
    assert build_network("cnn", 32, 15, 32).count_params() == 37_537


@pytest.mark.parametrize(("kind", "weights"), [("bcnn", 233_093), ("cnn", 37_537)])
def test_networks_have_the_published_size_of_their_own(kind, weights):
    config = NetworkConfig(kind=kind, filters=0)
    assert build_network(kind, 32, 15, config.filter_count).count_params() == weights
    assert NetworkConfig(kind=kind, filters=5).filter_count == 5


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("n_bins", [1, 4])
def test_every_network_gives_a_probability_and_its_log_odds(kind, n_bins, rng):
    network = build_network(kind, 4, n_bins, 3, seed=1)
    counts = random_counts(rng, 3, 4, n_bins)
    probability, log_odds = network.predict_on_batch(counts), score_network(network).predict_on_batch(counts)
    assert network.name == kind and probability.shape == log_odds.shape == (3, 1)
    assert_allclose(probability, 1 / (1 + np.exp(-log_odds)), rtol=1e-5)
    again = build_network(kind, 4, n_bins, 3, seed=1)
    assert_array_equal(again.predict_on_batch(counts), probability)


@pytest.mark.parametrize("kind", [name for name, entry in NETWORKS.items() if entry.dense is not None])
def test_dense_layers_are_the_networks_own_or_as_wished(kind):
    def units(**settings):
        config = NetworkConfig(kind=kind, filters=4, **settings)
        network = build_network(kind, 4, 2, 4, dense=config.dense_units)
        return tuple(layer.units for layer in network.layers if layer.name.startswith("dense_"))

    assert units() == NETWORKS[kind].dense == tuple(
        layer.units for layer in build_network(kind, 4, 2, 4).layers if layer.name.startswith("dense_")
    )
    assert units(dense=(5, 7, 3)) == (5, 7, 3) and units(dense=(0,)) == ()


def test_dense_layers_are_refused_where_there_are_none_to_choose():
    with pytest.raises(ConfigError, match=r"network\.dense: expected an empty list for density_ratio; .*bcnn, cnn, deepsphere"):
        NetworkConfig(kind="density_ratio", dense=(16,))
    with pytest.raises(ConfigError, match=r"network\.dense: expected units of at least 1, or a single 0"):
        NetworkConfig(dense=(16, 0))
    assert NetworkConfig(kind="event_graph").dense_units is None


def test_the_one_map_network_ignores_energy(rng):
    network = build_network("cnn", 4, 5, 3)
    counts = random_counts(rng, 2, 4, 5)
    shuffled = np.roll(counts, 2, axis=2)
    assert_allclose(network.predict_on_batch(counts), network.predict_on_batch(shuffled), rtol=1e-6)
    binned = build_network("bcnn", 4, 5, 3)
    assert not np.allclose(binned.predict_on_batch(counts), binned.predict_on_batch(shuffled), rtol=1e-6)


def test_the_seed_decides_the_weights():
    first, again, other = (build_network("bcnn", 4, 3, 4, seed=s).get_weights() for s in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    kernels = [(a, b) for a, b in zip(first, other, strict=True) if a.ndim > 1]
    assert all(not np.array_equal(a, b) for a, b in kernels)
    assert not np.array_equal(first[1], first[2])  # layers of equal shape start differently


def test_configurations_hold_no_tables():
    for layer in build_network("cnn", 32, 15, 4).layers:
        assert len(json.dumps(layer.get_config())) < 1000
    assert HealpixFaces(4, order="RING").get_config().items() >= {"nside": 4, "order": "RING"}.items()


@pytest.mark.parametrize(("kind", "nside", "n_bins", "filters", "error", "message"), [
    ("mlp", 8, 3, 4, UnknownNameError, "unknown network 'mlp'; known: bcnn, cnn"),
    ("bcnn", 12, 3, 4, InputError, "power of two"),
    ("bcnn", 1, 3, 4, ConfigError, "sky.nside: expected at least 2 for a network, received 1"),
    ("bcnn", 8, 3, 0, ConfigError, "network.filters: expected at least 1"),
])  # fmt: skip
def test_impossible_networks_are_refused(kind, nside, n_bins, filters, error, message):
    with pytest.raises(error, match=message):
        build_network(kind, nside, n_bins, filters)


def test_maps_of_another_size_are_refused():
    with pytest.raises(InputError, match="expected 192 pixels for nside 4, received 48"):
        HealpixFaces(4)(np.zeros((1, 48, 2), "float32"))
    with pytest.raises(InputError, match="NESTED or RING"):
        HealpixFaces(4, order="nested")
