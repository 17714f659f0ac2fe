"""Skies drawn where the network computes: distributed as those of numpy, repeatable, and trained on as they are."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import stats

from tests.core.training_runs import N_BINS, NSIDE, small_density, small_run
from zevatron.core.mock_events import draw_training_events
from zevatron.core.mock_events.composite import CompositeSampler
from zevatron.core.network import build_network, event_network
from zevatron.core.training import RunFolder, train
from zevatron.core.training import loop as training_loop
from zevatron.core.training.control import Control
from zevatron.core.training.on_device import SelfFed, SkyDrawer
from zevatron.core.training.run_folder import HISTORY

N_EVENTS = 50


def drawn(densities, batch, seed=1):
    drawer = SkyDrawer(densities, N_EVENTS)
    drawer.reseed(np.random.default_rng(seed))
    return (np.asarray(values) for values in drawer(np.zeros((batch, 1), "float32")))


def histogram(cells):
    return np.bincount(cells.ravel(), minlength=12 * NSIDE**2 * N_BINS)


def test_isotropic_skies_follow_the_density():
    density = small_density()
    cells, labels = drawn([density], 4000)
    assert_array_equal(labels.ravel(), np.arange(4000) % 2)
    expected = density.isotropic.ravel() * 2000 * N_EVENTS
    assert stats.chisquare(histogram(cells[::2]), expected).pvalue > 1e-3


@pytest.mark.parametrize("spreads", [(20.0,), (20.0, 2.0)])
def test_skies_with_a_source_are_distributed_as_those_of_numpy(spreads, rng):
    """Number of events in the source's brightest cells, sky by sky: that tells log-uniform numbers and scenarios apart."""
    densities = [small_density(spread=spread) for spread in spreads]
    events, labels = draw_training_events(CompositeSampler(densities), N_EVENTS, 8000, rng)
    theirs = (events.ipix * N_BINS + events.bin)[labels > 0]
    ours = next(drawn(densities, 8000))[1::2]
    bright = np.argsort(densities[0].source, axis=None)[-5:]
    inside = [np.isin(cells, bright).sum(axis=1) for cells in (ours, theirs)]
    assert inside[0].max() > 30  # some are nearly all source
    table = np.stack([np.bincount(np.minimum(numbers, 24) // 2, minlength=13) for numbers in inside])
    assert stats.chi2_contingency(table).pvalue > 1e-3
    both = np.stack([histogram(ours), histogram(theirs)])
    assert np.abs(both[0] - both[1]).max() < 6 * np.sqrt(both.max() * 30)  # events of one sky come together


def test_the_same_seed_draws_the_same_skies_and_every_step_others():
    drawer = SkyDrawer([small_density()], N_EVENTS)
    nothing, batches = np.zeros((4, 1), "float32"), []
    for seed in (1, 1, 2):
        drawer.reseed(np.random.default_rng(seed))
        batches.append([np.asarray(drawer(nothing)[0]) for _ in range(2)])
    assert_array_equal(batches[0], batches[1])
    assert not np.array_equal(batches[0][0], batches[0][1]) and not np.array_equal(batches[0], batches[2])


def test_a_step_trains_the_given_network_on_what_is_drawn():
    model = event_network(build_network("bcnn", NSIDE, N_BINS, 5, seed=1))
    model.compile(keras.optimizers.SGD(0.5), keras.losses.BinaryCrossentropy(from_logits=True))
    fed = SelfFed(model, [small_density()], N_EVENTS)
    cells, labels = drawn([small_density()], 64)
    scores = model.predict_on_batch(cells)
    before, twin = model.get_weights(), keras.models.clone_model(model)
    twin.set_weights(before)
    twin.compile(keras.optimizers.SGD(0.5), keras.losses.BinaryCrossentropy(from_logits=True))
    fed.reseed(np.random.default_rng(1))
    found = fed.step(64)
    twin.train_on_batch(cells, labels)
    assert found["loss"] == pytest.approx(np.logaddexp(0, np.where(labels, -scores, scores)).mean(), rel=1e-5)
    assert found["accuracy"] == np.mean((scores > 0) == labels)
    for ours, theirs in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert not np.array_equal(model.get_weights()[0], before[0])


def test_a_training_that_feeds_itself_learns_and_is_resumed_to_the_same_history(tmp_path, monkeypatch):
    """As on a graphics card, which is not at hand: only the drawing is what it would be there."""
    monkeypatch.setattr(training_loop, "has_accelerator", lambda: True)
    monkeypatch.setattr(training_loop, "draw_training_events", _validation_only(training_loop.draw_training_events))
    unbroken, broken = (RunFolder.create(tmp_path / name, small_run(), small_density()) for name in ("unbroken", "broken"))
    assert train(unbroken).state == "done"
    control = Control()
    train(broken, control=control, report=lambda m: control.stop() if m["type"] == "batch" and m["epoch"] == 2 else None)
    assert broken.state.state == "stopped" and broken.state.epoch == 1
    assert train(broken).state == "done"
    for name in HISTORY[:-1]:
        assert_array_equal(broken.history[name], unbroken.history[name])
    assert unbroken.history["val_auc"][-1] > 0.8


def _validation_only(real):
    def draw(sampler, n_events, n_maps, rng):
        assert n_maps == small_run().training.validation_maps
        return real(sampler, n_events, n_maps, rng)

    return draw


@pytest.mark.slow
def test_the_measurement_for_graphics_cards_runs_and_says_that_there_is_none(capsys):
    from tests.benchmarks import gpu_training

    assert not gpu_training.report(gpu_training.parsed(["--steps", "1"]))
    printed = capsys.readouterr().out
    assert "no graphics card found" in printed
    assert [row.split(" | ")[0] for row in printed.splitlines()[-4:]] == ["| bcnn (6 maps)"] * 2 + ["| cnn (4 maps)"] * 2


def test_operations_are_those_of_the_published_network():
    """252 + 319 + 80 + 20 + 5 million forward by layer; the gradients take as many each, but nobody asks for that of the counts."""
    from tests.benchmarks import gpu_training

    assert gpu_training.operations(build_network("bcnn", 32, 15, 76)) == pytest.approx(1.78e9, rel=0.01)
