"""Training in this process: it learns, it stops when it should, and an interruption changes nothing."""

import math
import shutil

import numpy as np
import pytest
from scipy import stats

from tests.core.training_runs import N_BINS, NSIDE, small_density, small_run
from zevatron.core.config import Table, TestConfig, run_toml, with_values
from zevatron.core.errors import CancelledError, DamagedFileError, InputError, TrainingError
from zevatron.core.mock_events import EventSampler, draw_events
from zevatron.core.network import build_network, load_network, read_record
from zevatron.core.statistics import area_under_curve
from zevatron.core.training import NetworkStatistic, RunFolder, train
from zevatron.core.training import loop as training_loop
from zevatron.core.training.control import Control
from zevatron.core.training.monitor import quick_eta, validation_measures
from zevatron.core.training.run_folder import HISTORY
from zevatron.core.training.trained_for import scenario_differences, trained_density

RESULTS = HISTORY[:-1]  # the seconds differ from run to run


class Recorder(Control):
    """Keeps the messages and can order a stop at one of them."""

    def __init__(self, stop_at=None):
        super().__init__()
        self.messages, self._stop_at = [], stop_at

    def __call__(self, message):
        self.messages.append(message)
        if self._stop_at and self._stop_at(message):
            self.stop()

    def of(self, kind):
        return [message for message in self.messages if message["type"] == kind]


def trained(path, stop_at=None, **values):
    folder = RunFolder.create(path, small_run(**values), small_density())
    recorder = Recorder(stop_at)
    return folder, train(folder, control=recorder, report=recorder), recorder


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("unbroken") / "run")


def assert_same_history(folder, other):
    for name in RESULTS:
        np.testing.assert_array_equal(folder.history[name], other.history[name], err_msg=name)


def test_training_finds_the_source(unbroken):
    folder, state, recorder = unbroken
    assert state.state == folder.state.state == "done" and state.reason == "all epochs done"
    history = folder.history
    assert history["epoch"].tolist() == [1, 2, 3]
    assert history["val_auc"][-1] > 0.8 and history["val_loss"][-1] < history["val_loss"][0] < 1
    assert state.best_epoch == 1 + np.argmax(history["val_accuracy"])
    assert state.best_accuracy == history["val_accuracy"].max()
    assert [m["type"] for m in recorder.messages if m["type"] not in ("batch", "progress")] == (
        ["started", *["epoch", "checkpoint"] * 3, "done"]
    )
    last = recorder.of("epoch")[-1]
    assert last["seconds_left"] == 0 and last["elapsed"] == pytest.approx(history["seconds"].sum())
    assert all(m["batches"] == 10 for m in recorder.of("batch"))


def test_the_best_network_is_that_of_the_best_epoch(unbroken, tmp_path):
    """Its scores on the validation skies, drawn anew, give the numbers of its line in the history."""
    folder, state, _ = unbroken
    record = read_record(folder.best_path)
    assert record["epoch"] == state.best_epoch and record["run"]["digest"] == folder.config.digest
    rng = training_loop.random_stream(folder.config.seed, "validation")
    events, labels = training_loop.draw_training_events(EventSampler(folder.density), 50, 600, rng)
    scores = NetworkStatistic(folder.best_path).scores(events)
    assert np.mean((scores > 0) == labels) == state.best_accuracy
    expected = validation_measures(scores, events, folder.config.test)
    for name, value in expected.items():
        assert folder.history[name][state.best_epoch - 1] == pytest.approx(value, rel=1e-5, nan_ok=True)


def test_loss_and_accuracy_are_means_over_the_epoch(tmp_path):
    """With a learning rate of almost nothing the network stays as it was, so all skies of the epoch can be scored again."""
    folder, _, _ = trained(tmp_path / "run", training__epochs=1, training__learning_rate=1e-6)
    rng, statistic = training_loop.random_stream(folder.config.seed, "training", 1), NetworkStatistic(folder.best_path)
    losses, hits = [], []
    for _ in range(10):
        events, labels = training_loop.draw_training_events(EventSampler(small_density()), 50, 64, rng)
        scores = statistic.scores(events).astype(float)
        losses.append(np.logaddexp(0, np.where(labels, -scores, scores)).mean())
        hits.append(np.mean((scores > 0) == labels))
    assert folder.history["loss"][0] == pytest.approx(np.mean(losses), rel=1e-4)
    assert folder.history["accuracy"][0] == pytest.approx(np.mean(hits), abs=2 / 640)


def test_stopped_in_the_middle_of_an_epoch_it_goes_on_to_the_same_history(unbroken, tmp_path):
    in_second_epoch = lambda m: m["type"] == "batch" and m["epoch"] == 2  # noqa: E731
    folder, state, recorder = trained(tmp_path / "run", in_second_epoch)
    assert (state.state, state.reason, state.epoch) == ("stopped", "stopped by the user", 1)
    assert recorder.messages[-1]["best"] == str(folder.best_path)
    state = train(folder)
    assert state.state == "done"
    assert_same_history(folder, unbroken[0])
    for ours, theirs in zip(*(load_network(f.last_path)[0].get_weights() for f in (folder, unbroken[0])), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def kill_before_best(folder):
    folder.best_path.unlink()


def kill_before_history(folder):
    lines = folder.history_path.read_text().splitlines(keepends=True)
    folder.history_path.write_text("".join(lines[:-1]) + lines[-1][:7])


def kill_before_state(folder):
    folder.set_state(folder.state, state="running", epoch=0, best_epoch=0)


def history_ahead(folder):
    folder.append_history({name: 9 for name in HISTORY})


@pytest.mark.parametrize("kill", [kill_before_best, kill_before_history, kill_before_state, history_ahead])
def test_a_kill_between_two_files_is_put_right(unbroken, tmp_path, kill):
    shutil.copytree(unbroken[0].path, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    assert folder.state.best_epoch == 3  # or the best network could not be made again from the last
    kill(folder)
    state = train(folder)
    assert state.state == "done" and state.epoch == 3
    assert_same_history(folder, unbroken[0])
    assert read_record(folder.best_path)["epoch"] == 3


def test_more_epochs_go_on_where_it_ended(unbroken, tmp_path):
    shutil.copytree(unbroken[0].path, tmp_path / "run")
    folder = RunFolder.create(tmp_path / "run", with_values(small_run(), {"training.epochs": 4}))
    folder.result_path.write_text("{}")
    assert train(folder).epoch == 4
    assert folder.history["loss"][:3].tolist() == unbroken[0].history["loss"].tolist()
    assert folder.result_path.exists() == (folder.state.best_epoch < 4)  # a verdict is about the best network, whatever the clock says


def test_a_better_network_leaves_no_verdict_on_the_one_before(tmp_path):
    def judge(message):
        if message["type"] == "started":
            folder.result_path.write_text("{}")

    folder = RunFolder.create(tmp_path / "run", small_run(training__epochs=1), small_density())
    train(folder, report=judge)
    assert folder.best_path.exists() and not folder.result_path.exists()


def test_pause_rests_and_resume_goes_on(tmp_path):
    folder = RunFolder.create(tmp_path / "run", small_run(training__epochs=1), small_density())
    recorder, states = Recorder(), []

    def report(message):
        recorder(message)
        if message["type"] == "started":
            recorder.pause()
        if message["type"] == "paused":
            states.append(folder.state.state)
            recorder.resume()

    train(folder, control=recorder, report=report)
    assert states == ["paused"]
    kinds = [m["type"] for m in recorder.messages]
    assert kinds.index("started") < kinds.index("paused") < kinds.index("resumed") < kinds.index("batch")


def test_it_ends_when_patience_is_used_up(tmp_path, monkeypatch):
    accuracies = iter([0.5, 0.7, 0.6, 0.7, 0.9])
    real = training_loop.validation_measures
    monkeypatch.setattr(
        training_loop, "validation_measures", lambda *args: real(*args) | {"val_accuracy": next(accuracies)}
    )
    values = {"training__epochs": 5, "training__patience": 2, "training__maps_per_epoch": 64}
    folder, state, _ = trained(tmp_path / "run", **values)
    assert state.reason == "no better validation accuracy for 2 epochs"  # an equal one is not better
    assert (state.epoch, state.best_epoch) == (4, 2)
    assert read_record(folder.best_path)["epoch"] == 2


def test_a_loss_that_is_no_number_ends_it_and_says_so(tmp_path, monkeypatch):
    folder, _, _ = trained(tmp_path / "run", training__epochs=1, training__maps_per_epoch=64)
    real = training_loop.draw_training_events

    def spoilt(*args):
        events, labels = real(*args)
        return events, labels * np.nan

    longer = RunFolder.create(folder.path, with_values(folder.config, {"training.epochs": 2}))
    monkeypatch.setattr(training_loop, "draw_training_events", spoilt)
    with pytest.raises(TrainingError, match=r"no longer a number in epoch 2, batch 1; lower training\.learning_rate"):
        train(longer)
    assert longer.state.state == "failed" and "no longer a number" in longer.state.reason
    assert longer.history["epoch"].tolist() == [1]
    assert longer.best_path.exists()


def test_weights_of_another_training_are_refused(unbroken, tmp_path):
    folder = RunFolder.create(tmp_path / "run", small_run(seed=5), small_density())
    shutil.copy(unbroken[0].last_path, folder.last_path)
    with pytest.raises(TrainingError, match="belongs to another training"):
        train(folder)
    assert folder.state.state == "failed"


def test_two_trainings_of_one_folder_exclude_each_other(tmp_path):
    folder = RunFolder.create(tmp_path / "run", small_run(), small_density())
    with folder.locked(), pytest.raises(TrainingError, match="is being trained by another process"):
        train(folder)


def test_a_damaged_density_is_computed_again(tmp_path, monkeypatch):
    folder = RunFolder.create(tmp_path / "run", small_run(training__epochs=1, training__maps_per_epoch=64), small_density())
    folder.density_path.write_bytes(folder.density_path.read_bytes()[:500])
    monkeypatch.setattr("zevatron.core.sky_density.sky_densities", lambda config, half, progress: (small_density(),))
    assert train(folder).state == "done"
    assert folder.density.digest == small_density().digest


# Measures of an epoch


def test_quick_eta_finds_the_crossing_of_a_known_statistic(rng):
    """A Gaussian statistic whose mean is k / 5 at k source events: alpha and beta give the crossing in closed form."""
    n_events, alpha, beta, n_maps = 300, 0.01, 0.05, 20_000
    n_source = np.where(np.arange(n_maps) % 2, np.exp(rng.uniform(0, np.log(n_events), n_maps)).astype(int), 0)
    scores = rng.normal(size=n_maps) + n_source / 5
    exact = 5 * (stats.norm.isf(alpha) + stats.norm.isf(beta)) / n_events
    assert quick_eta(scores, n_source, n_events, alpha, beta) == pytest.approx(exact, rel=0.15)


def test_quick_eta_does_not_exist_for_a_blind_statistic(rng):
    n_source = np.arange(1000) % 2 * rng.integers(1, 50, 1000)
    assert math.isnan(quick_eta(rng.normal(size=1000), n_source, 50, 0.01, 0.05))
    assert math.isnan(quick_eta(rng.normal(size=10), np.zeros(10, int), 50, 0.01, 0.05))


def test_measures_of_a_perfect_and_of_a_blind_network(rng):
    sampler = EventSampler(small_density())
    events = sampler.draw(50, np.repeat([0, 25], 500), rng)
    perfect = validation_measures(np.repeat([-40.0, 40.0], 500), events, TestConfig())
    assert perfect == pytest.approx({"val_loss": 0, "val_accuracy": 1, "val_auc": 1, "val_eta": 0.5}, abs=1e-12)
    blind = validation_measures(np.zeros(1000), events, TestConfig())
    assert blind["val_loss"] == pytest.approx(np.log(2)) and blind["val_auc"] == 0.5


# Networks as statistics


def test_scores_are_log_odds(rng):
    network = build_network("bcnn", NSIDE, N_BINS, 5, seed=1)
    events = draw_events(small_density(), 50, np.full(150, 10), rng)
    scores = NetworkStatistic(network, batch_size=64).scores(events)  # the last batch is not full
    probability = network.predict_on_batch(events.counts()).ravel()
    np.testing.assert_allclose(1 / (1 + np.exp(-scores.astype(float))), probability, rtol=1e-5)


def test_a_trained_network_tells_a_source_from_isotropy(unbroken, rng):
    statistic = NetworkStatistic(unbroken[0].best_path)
    assert statistic.name == "bcnn" and (statistic.nside, statistic.n_bins) == (NSIDE, N_BINS)
    null, signal = (statistic.scores(draw_events(small_density(), 50, np.full(500, k), rng)) for k in (0, 25))
    assert area_under_curve(null, signal) > 0.97


def test_a_saturated_probability_does_not_tie_scores(rng):
    network = build_network("bcnn", NSIDE, N_BINS, 5, seed=1)
    network.get_layer("log_odds").set_weights([w * 0 + 100 for w in network.get_layer("log_odds").get_weights()])
    events = draw_events(small_density(), 50, np.full(64, 10), rng)
    assert (network.predict_on_batch(events.counts()) == 1).all()
    assert len(set(NetworkStatistic(network).scores(events))) > 1


def test_maps_of_another_shape_are_refused(rng):
    statistic = NetworkStatistic(build_network("bcnn", NSIDE, N_BINS, 3))
    events = draw_events(small_density(nside=8), 20, [0], rng)
    with pytest.raises(InputError, match="bcnn: expected events of nside 2 in 3 bins, received nside 8 in 3 bins"):
        statistic.scores(events)
    with pytest.raises(InputError, match="expected a run of nside 2 in 3 bins, received nside 2 in 8 bins"):
        statistic.check_fits(small_run(energy__n_bins=8))


def test_another_scenario_is_warned_of(unbroken, caplog):
    statistic = NetworkStatistic(unbroken[0].best_path)
    statistic.check_fits(small_run(test__maps=400))
    assert not caplog.records
    other = small_run(field__model="none", events__n_events=(60,), sources__names=("M82",))
    statistic.check_fits(other)
    for text in ("field.model was 'jf12', is 'none'", "events.n_events was 50, is [60]", "sources.names was ['Cen A'], is ['M82']"):
        assert text in caplog.text


def test_another_density_of_the_same_settings_is_warned_of_once(unbroken, caplog):
    statistic = NetworkStatistic(unbroken[0].best_path)
    assert statistic.on_skies_of(small_density()) is statistic and not caplog.records
    for _ in range(2):
        statistic.on_skies_of(small_density(spread=21.0))
    assert caplog.text.count("another density of the same settings") == 1
    assert trained_density(statistic.record) in caplog.text and small_density(spread=21.0).digest in caplog.text


def test_a_network_of_several_scenarios_is_held_against_the_most_similar(unbroken):
    record = NetworkStatistic(unbroken[0].best_path).record
    truths = Table({"PT11": "field.model=pt11_bss_halo", "M82": ("sources.names=['M82']", "field.model=none")})
    record["run"]["config"] = run_toml(small_run(training__scenarios=truths))
    assert scenario_differences(record, small_run(field__model="pt11_bss_halo")) == ()
    other = small_run(field__model="none", sources__names=("M82",), energy__threshold=60.0)
    assert scenario_differences(record, other) == ("energy.threshold was 56.0, is 60.0",)
    assert trained_density(record) is None


def test_a_scenario_of_another_version_is_warned_of(unbroken):
    statistic = NetworkStatistic(unbroken[0].best_path)
    statistic.record["run"]["config"] += "\n[wormholes]\nnumber = 3\n"
    assert "another version" in scenario_differences(statistic.record, small_run())[0]
    assert trained_density(statistic.record) is None


def test_other_networks_are_refused(tmp_path):
    import keras

    keras.Sequential([keras.Input((100,)), keras.layers.Dense(1)]).save(tmp_path / "photos.keras")
    with pytest.raises(DamagedFileError, match=r"photos.keras: expected a network from \(npix, n_bins\) counts"):
        NetworkStatistic(tmp_path / "photos.keras")
    odd = keras.Sequential([keras.Input((100, 3)), keras.layers.Flatten(), keras.layers.Dense(1)])
    with pytest.raises(DamagedFileError, match="100 pixels are no HEALPix map"):
        NetworkStatistic(odd)


def test_a_network_of_other_origin_gives_its_output(rng):
    import keras

    network = keras.Sequential([keras.Input((48, 3)), keras.layers.Flatten(), keras.layers.Dense(1)])
    events = draw_events(small_density(), 50, np.full(3, 10), rng)
    expected = network.predict_on_batch(events.counts()).ravel()
    np.testing.assert_allclose(NetworkStatistic(network).scores(events), expected, rtol=1e-5)


# Orders


def test_a_stop_ends_a_pause():
    control = Control()
    control.pause()
    control.stop()
    with pytest.raises(CancelledError):
        control.wait()


# Memory


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's, which core must not import."""


def short_of_memory(monkeypatch, fits):
    """Let steps of more than ``fits`` skies fail, after they have spoilt the weights; returns the sizes that were tried."""
    real, tried = training_loop.Trainer._make_model, []

    def make(trainer):
        real(trainer)
        step = trainer.model.train_on_batch

        def limited(cells, labels, **options):
            tried.append(len(cells))
            if len(cells) > fits:
                step(cells, labels, **options)
                raise ResourceExhaustedError("OOM when allocating tensor")
            return step(cells, labels, **options)

        trainer.model.train_on_batch = limited

    monkeypatch.setattr(training_loop.Trainer, "_make_model", make)
    return tried


def test_without_memory_for_a_batch_it_goes_on_with_half_of_it_and_says_so(tmp_path, monkeypatch, caplog):
    smaller, _, _ = trained(tmp_path / "smaller", training__batch_size=16)
    tried = short_of_memory(monkeypatch, 16)
    folder, state, recorder = trained(tmp_path / "run")
    assert tried[:3] == [64, 32, 16] and set(tried[2:]) == {16}
    said = [(m["epoch"], m["batch_size"], m["batches"]) for m in recorder.of("batch_halved")]
    assert said == [(1, 32, 20), (1, 16, 40)]
    assert "memory does not suffice for 64 skies in one step (ResourceExhaustedError); going on with 32" in caplog.text
    assert state.state == "done" and state.batch_size == 16
    assert_same_history(folder, smaller)  # nothing is left of the steps that failed


def test_a_halved_batch_is_kept_when_the_training_goes_on(tmp_path, monkeypatch):
    in_second_epoch = lambda m: m["type"] == "batch" and m["epoch"] == 2  # noqa: E731
    tried = short_of_memory(monkeypatch, 32)
    unbroken, _, _ = trained(tmp_path / "unbroken")
    folder, _, _ = trained(tmp_path / "run", in_second_epoch)
    assert folder.state.epoch == 1
    tried.clear()
    assert train(folder).state == "done"
    assert set(tried) == {32}
    assert_same_history(folder, unbroken)


def test_memory_for_no_batch_at_all_ends_it(tmp_path, monkeypatch):
    tried = short_of_memory(monkeypatch, 0)
    with pytest.raises(TrainingError, match=r"does not suffice for 3 skies in one step .*; lower network.filters or sky.nside"):
        trained(tmp_path / "run", training__batch_size=12)
    assert tried == [12, 6, 3]
    assert RunFolder(tmp_path / "run").state.state == "failed"


def test_other_faults_do_not_halve_the_batch(tmp_path, monkeypatch):
    def broken(trainer):
        raise ValueError("shapes do not match")

    monkeypatch.setattr(training_loop.Trainer, "_epoch", lambda trainer, epoch: broken(trainer))
    with pytest.raises(ValueError, match="shapes do not match"):
        trained(tmp_path / "run")


def test_scoring_goes_on_with_half_a_batch(rng, caplog):
    statistic = NetworkStatistic(build_network("bcnn", NSIDE, N_BINS, 5, seed=1), batch_size=64)
    events = draw_events(small_density(), 50, np.full(150, 10), rng)
    expected, real, sizes = statistic.scores(events), statistic._model.predict_on_batch, []

    def limited(cells):
        sizes.append(len(cells))
        if len(cells) > 20:
            raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate")  # JAX
        return real(cells)

    statistic._model.predict_on_batch = limited
    np.testing.assert_allclose(statistic.scores(events), expected, rtol=1e-5, atol=1e-6)
    assert sizes[:3] == [64, 32, 16] and "score 64 skies in one step; going on with 32" in caplog.text


def test_half_precision_trains_and_is_resumed(tmp_path):
    in_second_epoch = lambda m: m["type"] == "batch" and m["epoch"] == 2  # noqa: E731
    values = {"training__precision": "bfloat16", "sky__nside": 8, "training__epochs": 2}
    unbroken, broken = (
        RunFolder.create(tmp_path / name, small_run(**values), small_density(nside=8)) for name in ("unbroken", "broken")
    )
    train(unbroken)
    recorder = Recorder(in_second_epoch)
    assert train(broken, control=recorder, report=recorder).state == "stopped"
    assert train(broken).state == "done"
    assert_same_history(broken, unbroken)
    assert unbroken.history["val_auc"][-1] > 0.8
    assert load_network(unbroken.best_path)[0].get_layer("convolution_1").compute_dtype == "bfloat16"
