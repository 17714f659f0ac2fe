"""The search for meta-parameters: its file, what is proposed, and that interruptions change nothing."""

import csv
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from training_runs import small_density, small_run

from zevatron.core.cli import main
from zevatron.core.config import run_toml, with_values
from zevatron.core.errors import CancelledError, ConfigError, InputError, TrainingError, UnknownNameError, ZevatronError
from zevatron.core.progress import SILENT, Progress
from zevatron.core.search import Choices, Range, SearchFolder, engine, read_search
from zevatron.core.search.folder import best_first
from zevatron.core.search.plan import make_plan, search_toml
from zevatron.core.training import RunFolder
from zevatron.core.training.run_folder import RunState

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS = {"network.filters": {"low": 4, "high": 64, "log": True}, "network.dense": [[0], [8, 8]], "energy.bin_width": [0.2, 0.1]}
BEST_FILTERS = 16
pytest.importorskip("optuna")


def loss_of(config, epoch):
    """A landscape with one lowest place: 16 maps, dense layers of 8 and 8, bins of 0.1."""
    distance = abs(math.log(config.network.filters / BEST_FILTERS)) + (config.network.dense == (0,)) + (config.energy.bin_width != 0.1)
    return 0.3 + 0.1 * distance + 0.5 / epoch


class Trainer:
    """Stands in for the training process: a run folder with the history that :func:`loss_of` gives."""

    def __init__(self, epochs=3):
        self.epochs, self.begun, self.stop_at, self.fail = epochs, [], None, lambda config: False

    def __call__(self, config, path, *, progress=SILENT):
        folder = RunFolder.create(path, config)
        if folder.state.state == "done":
            return folder.best_path
        self.begun.append(config)
        if self.fail(config):
            raise TrainingError("the loss is no longer a number")
        for epoch in range(len(folder.history["epoch"]) + 1, self.epochs + 1):
            loss = loss_of(config, epoch)
            row = {"epoch": epoch, "loss": loss, "accuracy": 0.5, "val_loss": loss, "val_accuracy": 1 - loss, "val_auc": 1 - loss / 2,
                   "val_eta": float("nan"), "seconds": 1.0}
            folder.append_history(row)
            folder.set_state(RunState(state="stopped", epoch=epoch, best_epoch=epoch, seconds=float(epoch)))
            if self.stop_at == (len(self.begun), epoch):
                raise CancelledError()
            progress.report(f"epoch {epoch}", 1, 1, val_loss=loss)
        folder.best_path.touch()
        folder.set_state(folder.state, state="done")
        return folder.best_path


@pytest.fixture
def trainer(monkeypatch):
    made = Trainer()
    monkeypatch.setattr(engine, "train_blocking", made)
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # hundreds of small files
    return made


def plan(**entries):
    return make_plan(small_run(), PARAMETERS, **{"trials": 6, "judged": 0, **entries})


def searched(path, wanted, progress=SILENT):
    folder = SearchFolder.create(path, wanted)
    return engine.run_search(folder, progress), folder


def content(trials):
    return [(t.number, t.state, t.values, t.numbers) for t in trials]


# The file


def test_a_plan_survives_its_file(tmp_path):
    for entries in ({}, {"objective": "val_auc", "sampler": "random", "pruner": "median", "judged": 3}):
        wanted = plan(**entries)
        (tmp_path / "search.toml").write_text(search_toml(wanted), encoding="utf-8")
        assert read_search(tmp_path / "search.toml") == wanted
    assert wanted.parameters == {
        "network.filters": Range(4, 64, True), "network.dense": Choices(((0,), (8, 8))), "energy.bin_width": Choices((0.2, 0.1))
    }


def test_a_search_file_may_name_its_base_run(tmp_path):
    (tmp_path / "run.toml").write_text(run_toml(small_run()), encoding="utf-8")
    (tmp_path / "search.toml").write_text('base = "run.toml"\n[parameters]\n"sky.nside" = [2, 4]\n', encoding="utf-8")
    found = read_search(tmp_path / "search.toml")
    assert found.base == small_run() and found.trials == 30 and found.objective == "val_loss"


@pytest.mark.parametrize(("text", "error", "message"), [
    ("", ConfigError, r"parameters: expected a table"),
    ("tirals = 3", ConfigError, r"tirals: no such entry"),
    ("trials = 0", ConfigError, r"trials: expected an integer from 1"),
    ('objective = "loss"', UnknownNameError, "unknown objective 'loss'; known: val_loss"),
    ("[parameters]\nsky = 4", ConfigError, r"parameters\.sky: no setting that a search may vary"),
    ('[parameters]\n"field.model" = ["jf12"]', ConfigError, r"parameters\.field\.model: no setting that a search may vary.*sky\.nside"),
    ('[parameters]\n"training.threads" = [1, 2]', ConfigError, "no setting that a search may vary"),
    ('[parameters]\n"sky.nside" = []', ConfigError, "expected a list of values"),
    ('[parameters]\n"sky.nside" = [4, 4]', ConfigError, "expected each value once"),
    ('[parameters]\n"sky.nside" = [4, 5]', InputError, r"sky\.nside.*power of two"),
    ('[parameters]\n"network.filters" = ["many"]', ConfigError, r"parameters\.network\.filters\[0\]: expected an integer"),
    ('[parameters]\n"network.filters" = { low = 8, high = 4 }', ConfigError, "expected low below high"),
    ('[parameters]\n"network.filters" = { low = 0, high = 4, log = true }', ConfigError, "above 0"),
    ('[parameters]\n"network.filters" = { low = 1, hi = 4 }', ConfigError, r"filters\.hi: no such entry"),
    ('[parameters]\n"network.dense" = { low = 1, high = 4 }', ConfigError, "expected a list of values"),
    ('sampler = "grid"\n[parameters]\n"network.filters" = { low = 1, high = 4 }', ConfigError, "expected a list of values for a grid"),
    ('[run.events]\nn_events = [50, 100]\n[parameters]\n"sky.nside" = [4]', ConfigError, "events.n_events: expected one number"),
    ('[run.network]\nkind = "density_ratio"\n[parameters]\n"network.dense" = [[16]]', ConfigError, r"network\.dense: expected an empty"),
])  # fmt: skip
def test_a_wrong_file_is_refused_by_its_entry(tmp_path, text, error, message):
    path = tmp_path / "search.toml"
    path.write_text(text if "n_events" in text else text + "\n[run.events]\nn_events = [50]\n", encoding="utf-8")
    with pytest.raises(error, match=message):
        read_search(path)


# What comes out


def test_a_grid_trains_every_combination_and_finds_the_best(trainer, tmp_path):
    wanted = make_plan(small_run(), PARAMETERS | {"network.filters": [4, 16, 64]}, sampler="grid", judged=0)
    trials, folder = searched(tmp_path / "s", wanted)
    assert len(trials) == wanted.total == 12 and {t.state for t in trials} == {"done"}
    assert len({json.dumps(t.values) for t in trials}) == 12 == len(list(folder.runs_path.iterdir()))
    best = best_first(trials, "val_loss")[0]
    assert best.values == {"network.filters": 16, "network.dense": (8, 8), "energy.bin_width": 0.1}
    for trial in trials:
        config = wanted.config(trial.values)
        assert trial.value == pytest.approx(loss_of(config, 3)) and trial.folder == config.digest
        assert trial.numbers["best_epoch"] == trial.numbers["seconds"] == 3 and trial.numbers["val_eta"] is None
    assert content(folder.trials()) == [(n, s, v, {k: num.get(k) for k in f}) for (n, s, v, num), f in
                                        zip(content(trials), [t.numbers for t in folder.trials()], strict=True)]
    assert folder.state.state == "done" and (folder.state.done, folder.state.total) == (12, 12)


def test_proposals_learn_from_what_was_found(trainer, tmp_path):
    """After its random start the estimator stays near the lowest place, which proposals at random do not."""
    trials, _ = searched(tmp_path / "tpe", plan(trials=40))
    at_random, _ = searched(tmp_path / "random", plan(trials=40, sampler="random"))

    def mean(trials):
        return np.mean([trial.value for trial in trials[20:]])

    assert mean(trials) < mean(at_random) - 0.05
    assert best_first(trials, "val_loss")[0].value < 0.3 + 0.5 / 3 + 0.03


def test_more_accurate_is_better_where_that_is_the_objective(trainer, tmp_path):
    trials, folder = searched(tmp_path / "s", plan(objective="val_accuracy"))
    best = best_first(trials, "val_accuracy")[0]
    assert best.value == max(t.value for t in trials) == pytest.approx(1 - loss_of(folder.plan.config(best.values), 3))


def test_a_network_that_detects_nothing_is_the_worst(trainer, tmp_path):
    trials, folder = searched(tmp_path / "s", plan(objective="val_eta", trials=2))
    assert all(t.value == math.inf for t in trials) and all(t.value == math.inf for t in folder.trials())


@pytest.mark.parametrize("sampler", ["tpe", "random"])
@pytest.mark.parametrize("epoch", [1, 3])
def test_an_interrupted_search_ends_as_one_that_was_not(trainer, tmp_path, sampler, epoch):
    wanted = plan(trials=13, sampler=sampler)
    unbroken, _ = searched(tmp_path / "unbroken", wanted)
    for begun in (1, 6):
        trainer.begun, trainer.stop_at = [], (begun, epoch)
        with pytest.raises(CancelledError):
            searched(tmp_path / "broken", wanted)
        folder = SearchFolder(tmp_path / "broken")
        assert folder.state.state == "stopped" and folder.trials()[-1].state == "interrupted"
    trainer.stop_at = None
    trials, _ = searched(tmp_path / "broken", wanted)
    assert content(trials) == content(unbroken)


def test_what_a_kill_leaves_behind_is_put_right(trainer, tmp_path):
    """Half a line in the journal, the lock of its writer, a trial that never ended."""
    wanted = plan(trials=5)
    unbroken, _ = searched(tmp_path / "unbroken", wanted)
    trainer.begun, trainer.stop_at = [], (3, 2)
    with pytest.raises(CancelledError):
        searched(tmp_path / "killed", wanted)
    folder, trainer.stop_at = SearchFolder(tmp_path / "killed"), None
    folder.set_state(folder.state, state="running")
    assert (folder.state.state, folder.state.reason) == ("stopped", "interrupted")
    with open(folder.journal_path, "ab") as stream:
        stream.write(b'{"op_code":5,"wor')
    (folder.path / "journal.log.lock").symlink_to(folder.journal_path)
    folder.table_path.unlink()
    trials, _ = searched(tmp_path / "killed", wanted)
    assert content(trials) == content(unbroken)


def test_a_run_is_trained_once_and_a_finished_search_can_be_made_longer(trainer, tmp_path):
    wanted = make_plan(small_run(), {"network.dense": [[0], [8, 8]]}, trials=5, judged=0)
    trials, folder = searched(tmp_path / "s", wanted)
    assert len(trials) == 5 and len(trainer.begun) == 2 == len(list(folder.runs_path.iterdir()))
    again, _ = searched(tmp_path / "s", make_plan(small_run(), {"network.dense": [[0], [8, 8]]}, trials=7, judged=0))
    assert content(again[:5]) == content(trials) and len(again) == 7 and len(trainer.begun) == 2
    with pytest.raises(InputError, match="holds another search; choose a new folder"):
        SearchFolder.create(tmp_path / "s", plan())
    with pytest.raises(InputError, match="holds other files"):
        SearchFolder.create(tmp_path, plan())


def test_trials_that_fail_are_listed_with_their_reason_and_stop_nothing(trainer, tmp_path):
    trainer.fail = lambda config: config.network.dense == (0,)
    wanted = make_plan(
        small_run(network__kind="density_ratio"), {"network.kind": ["bcnn", "density_ratio"], "network.dense": [[], [0], [8]]},
        sampler="grid", judged=0,
    )
    trials, folder = searched(tmp_path / "s", wanted)
    by_values = {(t.values["network.kind"], t.values["network.dense"]): t for t in folder.trials()}
    assert by_values["bcnn", (0,)].reason == "the loss is no longer a number"
    assert "expected an empty list for density_ratio" in by_values["density_ratio", (8,)].reason
    assert [t.state for t in trials] == ["done", "failed", "done", "done", "failed", "failed"]
    trainer.fail = lambda config: True
    with pytest.raises(InputError, match="none of 1 trials gave a network; the first: the loss is no longer a number"):
        searched(tmp_path / "none", make_plan(small_run(), {"sky.nside": [4]}, sampler="grid", judged=0))
    assert SearchFolder(tmp_path / "none").state.state == "failed"


def test_worse_trainings_are_ended_early_when_that_is_wished(trainer, tmp_path):
    trainer.epochs = 6
    trials, folder = searched(tmp_path / "s", plan(trials=30, sampler="random", pruner="median"))
    pruned, done = ([t for t in trials if t.state == state] for state in ("pruned", "done"))
    assert len(pruned) >= 5 and len(done) >= 5
    assert all(len(RunFolder(folder.runs_path / t.folder).history["epoch"]) < 6 for t in pruned)
    assert np.mean([loss_of(folder.plan.config(t.values), 6) for t in pruned]) > np.mean([t.value for t in done])
    assert best_first(trials, "val_loss")[0].state == "done"
    whole, _ = searched(tmp_path / "whole", plan(trials=30, sampler="random"))
    assert {t.state for t in whole} == {"done"}


def test_two_cannot_search_in_one_folder(trainer, tmp_path):
    folder = SearchFolder.create(tmp_path / "s", plan())
    with folder.locked(), pytest.raises(ZevatronError, match="another process; stop that one first"):
        engine.run_search(folder)


def test_reports_name_the_trial_and_reach_the_folder(trainer, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "STATE_INTERVAL", 0.0)
    said, states = [], []

    class Listener(Progress):
        def show(self, stage, done, total, values):
            said.append(stage)
            states.append(SearchFolder(tmp_path / "s").state)

    searched(tmp_path / "s", plan(trials=2), Listener())
    assert said == [f"trial {trial} of 2: epoch {epoch}" for trial in (1, 2) for epoch in (1, 2, 3)]
    assert all(state.state == "running" and state.trial for state in states) and states[-1].done == 1


def test_folders_are_read_without_optuna(trainer, tmp_path):
    searched(tmp_path / "s", plan(trials=2))
    code = (
        "import main, sys\nfrom zevatron.core.search import SearchFolder\n"
        f"folder = SearchFolder({str(tmp_path / 's')!r}); print(len(folder.trials()), folder.state.state, folder.plan.total)\n"
        "print([m for m in ('optuna', 'sqlalchemy', 'keras', 'healpy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert found.splitlines() == ["2 done 2", "[]"]


def test_without_optuna_one_line_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "optuna", None)
    (tmp_path / "search.toml").write_text(search_toml(plan()), encoding="utf-8")
    assert main(["search", str(tmp_path / "search.toml"), "--out", str(tmp_path / "s")]) == 2
    assert "pip install" in capsys.readouterr().err


# With real networks


def test_real_trainings_are_searched_and_the_best_is_judged(tmp_path, monkeypatch, capsys):
    """The command, with trainings in this process: that each has a process of its own is tested elsewhere."""
    from zevatron.core.training.loop import train

    def train_here(config, path, *, progress=SILENT):
        folder = RunFolder.create(path, config, small_density(n_bins=config.energy.bin_count))
        train(folder, report=lambda m: m["type"] == "epoch" and progress.report("epoch", 1, 1, val_loss=m["val_loss"]))
        return folder.best_path

    def densities(config, **_):
        return (small_density(n_bins=config.energy.bin_count),)

    monkeypatch.setattr(engine, "train_blocking", train_here)
    monkeypatch.setattr("zevatron.core.sky_density.sky_densities", densities)
    base = small_run(test__maps=1000, test__check_maps=0, test__bootstrap=10)
    parameters = {"network.dense": [[], [0], [4]], "energy.n_bins": [1, 3]}
    (tmp_path / "search.toml").write_text(search_toml(make_plan(base, parameters, trials=3)), encoding="utf-8")
    assert main(["search", str(tmp_path / "search.toml"), "--out", str(tmp_path / "s"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    with open(tmp_path / "s" / "trials.csv", newline="") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    best = min(rows, key=lambda row: float(row["value"]))
    assert said["best"] == int(best["trial"]) and [row["eta_min"] != "" for row in rows] == [row is best for row in rows]
    assert float(best["eta_min"]) >= 0.9 * float(best["eta_limit"]) > 0
    run = RunFolder(tmp_path / "s" / "trials" / best["folder"])
    history, place = run.history, int(best["best_epoch"]) - 1
    assert float(best["val_loss"]) == pytest.approx(history["val_loss"][place]) and history["val_accuracy"].argmax() == place
    assert with_values(base, {"network.dense": json.loads(best["network.dense"]), "energy.n_bins": int(best["energy.n_bins"])}) == run.config


@pytest.mark.slow
def test_a_killed_search_goes_on(tmp_path):
    """The real thing: processes of its own, killed in the middle of a training."""
    base = small_run(field__model="none", sky__source_radius=10.0, training__epochs=4, test__maps=1000, test__check_maps=0)
    (tmp_path / "search.toml").write_text(search_toml(make_plan(base, {"network.filters": [4, 6]}, sampler="grid")), encoding="utf-8")
    command = [sys.executable, str(ROOT / "main.py"), "search", str(tmp_path / "search.toml"), "--out", str(tmp_path / "s")]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not list(tmp_path.glob("s/trials/*/history.csv")):
            assert process.poll() is None
        process.kill()
    folder = SearchFolder(tmp_path / "s")
    assert folder.state.state == "stopped"
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert folder.state.state == "done" and [t.state for t in folder.trials()] == ["done", "done"]
    assert sum(t.numbers["eta_limit"] is not None for t in folder.trials()) == 1
