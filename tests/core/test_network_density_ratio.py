"""The network of density ratio and shapes: it holds the likelihood ratio, learns it, and comes back from disk the same."""

import os

import healpy as hp
import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.core.training_runs import small_density, small_run
from zevatron.core.config import RunConfig, with_values
from zevatron.core.errors import ConfigError
from zevatron.core.mock_events import EventSampler, draw_events, draw_training_events, random_stream
from zevatron.core.network import build_network, event_network, load_network, save_network, start_from_template
from zevatron.core.network.density_ratio import (
    FRACTIONS,
    SCORES,
    UNKNOWN,
    AnywhereScore,
    EnergyMaps,
    FirstSkies,
    RatioScores,
    ScoreMixture,
    SkyTurns,
    mean_fraction,
)  # fmt: skip
from zevatron.core.network.losses import SkyCrossentropy, accuracy, cross_entropy
from zevatron.core.network.topology import grid_symmetries
from zevatron.core.statistics import LikelihoodRatio, area_under_curve, verdict
from zevatron.core.training import NetworkStatistic, RunFolder, train
from zevatron.core.training.control import Control

KIND = "density_ratio"
NOTHING = -1e9  # logarithm of a weight that counts for nothing


def cells_of(events):
    return events.ipix * np.int32(events.n_bins) + events.bin


def only_ratios(network, index=slice(None)):
    """Leave the scores of shapes out, and of the fractions all but the given one."""
    mixture = network.get_layer("log_odds").get_layer("mixture")
    mixture.log_weights_of_shapes.assign(np.full(mixture.log_weights_of_shapes.shape, NOTHING))
    values = np.full(len(FRACTIONS), NOTHING)
    values[index] = -np.log(np.size(values[index])) - np.log1p(-UNKNOWN)
    mixture.log_weights.assign(values)


def as_template(density):
    network = build_network(KIND, density.nside, density.n_bins, 4, seed=1)
    start_from_template(KIND, network, density)
    return network


# What it holds


@pytest.mark.parametrize("index", [0, 3, len(FRACTIONS) - 1])
def test_it_holds_the_likelihood_ratio(rng, index):
    density = small_density(nside=8, n_bins=5, spread=300.0)
    network = as_template(density)
    only_ratios(network, index)
    events = draw_events(density, 120, np.repeat([0, 2, 40, 120], 25), rng)
    exact = LikelihoodRatio(density, FRACTIONS[index]).scores(events)
    assert np.ptp(exact) > 1
    assert_allclose(NetworkStatistic(network).scores(events), exact, rtol=1e-5, atol=1e-5)


def test_every_pixel_and_bin_has_a_weight_of_its_own(rng):
    """One event alone in any cell: arbitrary ratios come out as they went in."""
    nside, n_bins, eta = 4, 6, 0.25
    layer = RatioScores(nside, n_bins, fractions=[eta])
    layer.build((None, None))
    ratio = np.exp(rng.normal(size=(12 * nside**2, n_bins)) * 3)
    layer.set_ratio(ratio)
    cells = np.arange(ratio.size, dtype="int32")[:, None]
    assert_allclose(np.ravel(layer(cells)[0]), np.log1p(eta * (ratio.ravel() - 1)), rtol=1e-5, atol=1e-6)


def test_a_cell_without_source_costs_what_the_fraction_says():
    layer = RatioScores(2, 3, fractions=[0.1, 0.5])
    layer.build((None, None))
    layer.set_ratio(np.zeros((48, 3)))
    assert_allclose(layer(np.zeros((1, 7), "int32"))[0], 7 * np.log([[0.9, 0.5]]), rtol=1e-5)


def test_a_coarse_entry_raises_its_pixels_and_bins_alike():
    layer = RatioScores(4, 5)
    layer.build((None, None))
    *_, number, weight, entries = next(table for table in layer._tables if table[:2] == (1, 4))
    values = np.zeros(entries.shape, "float32")
    values[7 * number] = 0.1  # pixel 7 of Nside 2, the first four of the five bins
    entries.assign(values)
    ratio = np.reshape(layer.log_ratio(np.arange(192 * 5, dtype="int32")), (192, 5))
    expected = np.zeros((192, 5))
    expected[28:32, :4] = 0.1 * weight
    assert_allclose(ratio, expected, rtol=1e-6)


def test_before_training_it_says_nothing(rng):
    """Ratios of 1 and small kernels: the log odds of any sky are near 0, whatever its number of events."""
    network = build_network(KIND, 8, 3, 8, seed=2)
    skies = rng.integers(0, 768 * 3, (20, 60)).astype("int32")
    assert np.abs(event_network(network).predict_on_batch(skies)).max() < 0.5


def test_the_mixture_is_the_mean_of_likelihood_ratios():
    layer = ScoreMixture(unknown=0.1)
    layer.build([(None, 2), (None, 3)])
    layer.set_weights([np.log([0.7, 0.3]), np.log([0.5, 0.25, 0.25])])
    ratios = np.array([[1.0, -2.0], [9.0, 0.0]], "float32")
    shapes = np.array([[3.0, 0.0, 1.0], [8.0, 8.0, 8.0]], "float32")
    known, unknown = np.exp(ratios) @ [0.7, 0.3], np.exp(shapes) @ [0.5, 0.25, 0.25]
    assert_allclose(np.ravel(layer([ratios, shapes])), np.log(0.9 * known + 0.1 * unknown), rtol=1e-5)
    assert_allclose(np.ravel(layer([ratios, shapes[:1]], training=True)), np.log([unknown[0], known[1]]), rtol=1e-5)


def test_each_event_of_a_training_learns_of_its_own():
    """The odds of an event are those of Bayes for skies with a mean fraction; turned skies teach nothing so."""
    layer = ScoreMixture()
    excess = np.array([[0.0, 3.0, -1.0], [9.0, 0.0, -0.5]], "float32")
    layer.build([(None, 1), (None, 1), (None, None)])
    ratios, shapes = np.zeros((2, 1), "float32"), np.zeros((1, 1), "float32")
    found = np.asarray(layer([ratios, shapes, excess], training=True))
    assert_array_equal(found[0, 1:], 0)
    assert_allclose(found[1, 1:], np.log1p(mean_fraction(3.0) * excess[1]), rtol=1e-5)
    assert layer([ratios, np.zeros((2, 1), "float32"), excess]).shape == (2, 1)


@pytest.mark.parametrize("n_events", [5, 50, 300])
def test_the_mean_fraction_is_that_of_the_training_skies(n_events):
    numbers = np.arange(1, n_events + 1)
    exact = np.sum(numbers * np.log1p(1 / numbers)) / np.log(n_events + 1) / n_events
    assert float(mean_fraction(keras.ops.convert_to_tensor(float(n_events)))) == pytest.approx(exact, rel=0.01)


def test_the_loss_is_that_of_skies_but_events_have_a_gradient(rng):
    scores, labels = rng.normal(size=(6, 4)).astype("float32"), np.array([[0], [1]] * 3, "float32")
    plain = np.log1p(np.exp(-scores[:, :1] * (2 * labels - 1)))
    assert_allclose(cross_entropy(labels, scores), plain, rtol=1e-5)
    assert_allclose(cross_entropy(labels, scores[:, :1]), plain, rtol=1e-5)
    assert_array_equal(np.ravel(accuracy(labels, scores)), np.ravel((scores[:, :1] > 0) == labels))
    layer = keras.layers.Dense(3, use_bias=False)  # log odds of a sky and two events
    network = keras.Sequential([keras.Input((1,)), layer])
    before = np.ravel(layer.kernel)
    network.compile(keras.optimizers.SGD(1.0), loss=SkyCrossentropy())
    network.train_on_batch(np.ones((6, 1), "float32"), labels)
    assert_allclose(np.ravel(layer.kernel) - before, 0.5 - 1 / (1 + np.exp(-before)), rtol=1e-4)


# What it does with events


def test_padding_and_order_change_nothing(rng):
    network = event_network(build_network(KIND, 4, 3, 6, seed=3))
    cells = rng.integers(0, 192 * 3, (5, 20)).astype("int32")
    padded = np.concatenate([np.full((5, 4), -1, "int32"), rng.permuted(cells, axis=1), np.full((5, 3), -1, "int32")], axis=1)
    assert_allclose(network.predict_on_batch(padded), network.predict_on_batch(cells), atol=1e-5)


def test_events_and_counts_give_the_same_answer(rng):
    density = small_density(nside=4)
    events = draw_events(density, 50, [0, 0, 10, 50], rng)
    network = as_template(density)
    log_odds = event_network(network).predict_on_batch(cells_of(events))
    assert_allclose(network.predict_on_batch(events.counts()), 1 / (1 + np.exp(-log_odds)), rtol=1e-5)


def test_energy_maps_are_counts_weighted_by_bins(rng):
    density = small_density(nside=4, n_bins=3)
    events = draw_events(density, 50, [0, 25], rng)
    layer = EnergyMaps(4, 3, 2, 2)
    maps = layer(cells_of(events))
    weights = np.cos(np.pi * (np.arange(3)[:, None] + 0.5) / 3 * np.arange(2))
    assert_allclose(maps, events.counts().reshape(2, 48, 4, 3).sum(axis=2) @ weights, atol=1e-5)


def test_shapes_do_not_know_where_they_are(rng):
    """Without its table the network gives a sky turned by a quarter the same score; with it, another."""
    nside, n_bins = 8, 3
    network = build_network(KIND, nside, n_bins, 8, seed=4)
    skies = rng.integers(0, 12 * nside**2 * n_bins, (6, 80)).astype("int32")
    quarter = grid_symmetries(nside)[1]
    turned = quarter[skies // n_bins].astype("int32") * n_bins + skies % n_bins
    scores = event_network(network)
    assert np.ptp(scores.predict_on_batch(skies)) > 1e-3
    assert_allclose(scores.predict_on_batch(turned), scores.predict_on_batch(skies), atol=1e-4)
    start_from_template(KIND, network, small_density(nside=nside, n_bins=n_bins))
    assert np.abs(scores.predict_on_batch(turned) - scores.predict_on_batch(skies)).max() > 0.1


def test_the_mean_over_the_sky_is_of_ratios_not_of_logarithms(rng):
    faces = rng.normal(size=(3, 12, 2, 2, 4)).astype("float32")
    layer = AnywhereScore()
    found = layer(faces)
    places = np.exp(faces.reshape(3, 48, 4).astype(float) @ np.ravel(layer.kernel))
    assert_allclose(np.ravel(found), np.log(places.mean(axis=1)), atol=1e-5)


@pytest.mark.parametrize("nside", [1, 2, 8])
def test_symmetries_of_the_grid_keep_distances(nside, rng):
    symmetries = grid_symmetries(nside)
    vectors = np.stack(hp.pix2vec(nside, np.arange(12 * nside**2), nest=True), axis=-1)
    assert len(np.unique(symmetries, axis=0)) == 16 if nside > 1 else True
    assert_array_equal(symmetries[0], np.arange(12 * nside**2))
    for moved in symmetries:
        assert_array_equal(np.sort(moved), np.arange(12 * nside**2))
        assert_allclose(vectors[moved] @ vectors[moved].T, vectors @ vectors.T, atol=1e-9)


def test_only_in_training_the_first_skies_are_turned(rng):
    nside, n_bins = 4, 3
    layer = SkyTurns(nside, n_bins, share=0.25)
    skies = rng.integers(0, 192 * n_bins, (64, 9)).astype("int32")
    skies[:, -1] = -1
    assert_array_equal(layer(skies), skies)
    turned = keras.ops.convert_to_numpy(layer(skies, training=True))
    assert_array_equal(turned[16:], skies[16:])
    assert_array_equal(turned[:, -1], -1)
    used = set()
    for sky, moved in zip(skies[:16, :-1], turned[:16, :-1], strict=True):
        which = [i for i, pixels in enumerate(grid_symmetries(nside)) if np.array_equal(pixels[sky // n_bins], moved // n_bins)]
        assert len(which) == 1 and np.array_equal(sky % n_bins, moved % n_bins)
        used.update(which)
    assert len(used) > 5
    assert_array_equal(layer(skies, training=True), turned)  # nothing is drawn
    assert len(FirstSkies(0.25)(skies, training=True)) == 16 and len(FirstSkies(0.25)(skies)) == 64


# Training


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """Trained through the loop from scratch, at Nside 8 for a source about as large as a pixel."""
    density = small_density(nside=8, n_bins=3, spread=100.0)
    run = small_run(network__kind=KIND, sky__nside=8, events__n_events=(100,), training__epochs=1, training__maps_per_epoch=24_000)
    folder = RunFolder.create(tmp_path_factory.mktemp("learnt") / "run", run, density)
    train(folder)
    return folder, density


def test_trained_from_scratch_it_comes_near_the_limit(learnt):
    folder, density = learnt
    config = with_values(folder.config, {"test.maps": 10_000, "test.bootstrap": 0})
    limit = verdict(config, density, 100, lambda eta: LikelihoodRatio(density, eta)).eta_min
    found = verdict(config, density, 100, NetworkStatistic(folder.best_path)).eta_min
    assert limit < found * 1.02  # its own density: nothing beats the limit by more than the noise
    assert found / limit < 1.15


def test_what_it_learnt_is_the_density_ratio(learnt):
    folder, density = learnt
    layer = load_network(folder.best_path)[0].get_layer("log_odds").get_layer(SCORES)
    known = np.reshape(layer.log_ratio(np.arange(768 * 3, dtype="int32")), (768, 3))
    true = np.log(density.source / density.isotropic)
    bright = true > 1
    assert bright.sum() > 20
    assert np.corrcoef(known[bright], true[bright])[0, 1] > 0.75
    assert known[true < -3].mean() < known[bright].mean() - 2


def test_a_source_elsewhere_is_seen_by_its_shape(learnt, rng):
    """Turned where no symmetry of the training brought it: the table is blind there, the convolutions are not."""
    folder, density = learnt
    network = load_network(folder.best_path)[0]
    lon, lat = hp.pix2ang(8, np.arange(768), nest=True, lonlat=True)
    events = draw_events(density, 100, np.repeat([0, 30], 400), rng)
    elsewhere = events.ipix.copy()
    x, y, z = hp.ang2vec(lon, lat, lonlat=True).T
    tipped = hp.vec2pix(8, x, 0.8 * y - 0.6 * z, 0.6 * y + 0.8 * z, nest=True)
    elsewhere[events.is_source] = tipped[events.ipix][events.is_source]
    moved = type(events)(elsewhere.astype("int32"), events.bin, events.is_source, events.n_source, 8, 3)

    def area(network):
        scores = NetworkStatistic(network).scores(moved)
        return area_under_curve(scores[:400], scores[400:])

    with_shapes = area(network)
    only_ratios(network)
    assert with_shapes > max(0.75, area(network) + 0.1)


def small_training(path, stop_at=None, **values):
    settings = {"network__kind": KIND, "training__epochs": 2, "training__maps_per_epoch": 640} | values
    folder = RunFolder.create(path, small_run(**settings), small_density())
    control = Control(lambda message: stop_at and stop_at(message) and control.stop())
    return folder, train(folder, control=control, report=control._report)


def test_a_resumed_training_is_the_same_bit_for_bit(tmp_path):
    whole, _ = small_training(tmp_path / "whole")
    broken, state = small_training(tmp_path / "broken", lambda m: m["type"] == "batch" and m["epoch"] == 2)
    assert state.state == "stopped" and state.epoch == 1
    assert train(broken).state == "done"
    for name in set(whole.history) - {"seconds"}:
        assert_array_equal(broken.history[name], whole.history[name])
    for ours, theirs in zip(*(load_network(folder.last_path)[0].get_weights() for folder in (broken, whole)), strict=True):
        assert_array_equal(ours, theirs)


def test_from_the_template_it_starts_where_the_limit_is(tmp_path):
    """A learning rate of almost nothing keeps what it starts with."""
    values = {"training__epochs": 1, "training__maps_per_epoch": 64, "training__learning_rate": 1e-6}
    folder, _ = small_training(tmp_path / "run", network__start="template", **values)
    events, labels = draw_training_events(EventSampler(folder.density), 50, 600, random_stream(folder.config.seed, "validation"))
    mixed = np.mean([np.exp(LikelihoodRatio(folder.density, eta).scores(events)) for eta in FRACTIONS], axis=0)
    assert folder.history["val_auc"][0] == pytest.approx(area_under_curve(mixed[labels == 0], mixed[labels == 1]), abs=0.01)


def test_only_a_network_with_a_place_for_it_starts_from_a_template():
    assert with_values(RunConfig(), {"network.kind": KIND, "network.start": "template"}).network.start == "template"
    with pytest.raises(ConfigError, match=r"network\.start: expected scratch for bcnn; networks that can start from a template: density_ratio"):
        with_values(RunConfig(), {"network.start": "template"})


# On disk


def test_it_comes_back_from_disk_the_same(tmp_path, rng):
    density = small_density()
    network = as_template(density)
    save_network(tmp_path / "network.keras", network, {"kind": KIND})
    again, record = load_network(tmp_path / "network.keras")
    counts = draw_events(density, 40, [0, 5, 20], rng).counts()
    assert record["kind"] == KIND
    assert_array_equal(again.predict_on_batch(counts), network.predict_on_batch(counts))


def test_at_the_paper_s_size_it_fits_into_three_megabytes(tmp_path):
    network = build_network(KIND, 32, 15, 76, seed=1)
    for weights in network.weights:  # zeros would compress
        weights.assign(np.random.default_rng(1).normal(size=weights.shape))
    save_network(tmp_path / "network.keras", network, {})
    assert network.count_params() == 362_076
    assert os.path.getsize(tmp_path / "network.keras") < 3e6


@pytest.mark.parametrize(("nside", "n_bins"), [(2, 1), (4, 3), (64, 2)])
def test_it_can_be_built_at_any_size(nside, n_bins, rng):
    network = build_network(KIND, nside, n_bins, 5)
    counts = rng.poisson(20 / (12 * nside**2 * n_bins), (2, 12 * nside**2, n_bins)).astype("float32")
    assert network.predict_on_batch(counts).shape == (2, 1)
