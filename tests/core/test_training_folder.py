"""Run folders: what is on disk is true, whatever was killed in between."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace

import numpy as np
import pytest

from tests.core.training_runs import small_density, small_run
from zevatron.core.cli.analysis import _say_what_is_there
from zevatron.core.config import with_values
from zevatron.core.errors import ConfigError, DamagedFileError, InputError, TrainingError
from zevatron.core.training import RunFolder, RunState, lock, run_folder, state_file
from zevatron.core.training.run_folder import HISTORY, training_digest

ROW = {name: 0.1 * i for i, name in enumerate(HISTORY)} | {"epoch": 1, "val_eta": float("nan")}


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path / "deep" / "run", small_run(), small_density())


def test_a_new_folder_is_queued_and_holds_the_run(folder):
    assert folder.state == RunState(epochs=3, updated=folder.state.updated)
    assert folder.state.state == "queued"
    assert folder.config == small_run()
    assert folder.density.digest == small_density().digest
    assert all(len(column) == 0 for column in folder.history.values())
    assert folder.log_tail == ""


def test_the_density_is_left_to_the_training_if_there_is_none(tmp_path):
    assert RunFolder.create(tmp_path / "run", small_run()).density is None


def test_history_comes_back_exactly(folder):
    rows = [ROW, ROW | {"epoch": 2, "loss": 1 / 3, "val_eta": 0.125}]
    for row in rows:
        folder.append_history(row)
    history = folder.history
    assert history["epoch"].tolist() == [1, 2] and history["loss"].tolist() == [ROW["loss"], 1 / 3]
    assert np.isnan(history["val_eta"][0]) and history["val_eta"][1] == 0.125


def test_half_a_line_of_history_is_no_epoch(folder):
    folder.append_history(ROW)
    with open(folder.history_path, "a") as stream:
        stream.write("2,0.3,0.")
    assert folder.history["epoch"].tolist() == [1]


def test_history_is_rewritten_only_if_it_differs(folder):
    folder.append_history(ROW)
    before = folder.history_path.stat().st_ino
    folder.write_history([ROW])
    assert folder.history_path.stat().st_ino == before
    folder.write_history([ROW, ROW | {"epoch": 2}])
    assert folder.history["epoch"].tolist() == [1, 2]
    folder.write_history([])
    assert folder.history["epoch"].tolist() == []


def test_a_run_whose_process_is_gone_is_stopped(folder):
    folder.set_state(RunState(state="running", epoch=2))
    assert (folder.state.state, folder.state.reason, folder.state.epoch) == ("stopped", "interrupted", 2)
    with folder.locked():
        assert folder.state.state == "running"
    assert folder.state.state == "stopped"


def test_a_lock_dies_with_its_process(folder):
    code = (
        f"import main, os, sys\nfrom zevatron.core.training import RunFolder\n"
        f"with RunFolder({str(folder.path)!r}).locked():\n print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(TrainingError, match="is being trained by another process"), folder.locked():
            pass
        with pytest.raises(TrainingError, match="is being trained; stop that first"):
            folder.remove()
    finally:
        holder.kill()
        holder.communicate()
    with folder.locked():
        pass


def test_several_networks_do_not_fit_into_one_folder(tmp_path):
    with pytest.raises(ConfigError, match=r"events.n_events: expected one number for one network, received \[50, 100\]"):
        RunFolder.create(tmp_path, small_run(events__n_events=(50, 100)))
    with pytest.raises(ConfigError, match=r"sources.names: expected one source for one network, received Cen A, M82"):
        RunFolder.create(tmp_path, small_run(sources__names=("Cen A", "M82")))
    RunFolder.create(tmp_path, small_run(sources__names=("Cen A", "M82"), sources__mixture=True))


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match=r"holds other files \(thesis.tex"):
        RunFolder.create(tmp_path, small_run())
    with pytest.raises(TrainingError, match=r"is not the folder of a training: it has no config.toml"):
        RunFolder(tmp_path)


def test_a_folder_goes_on_with_the_same_run_only(folder):
    config = small_run()
    folder.set_state(RunState(state="done", epoch=3, epochs=3))
    assert RunFolder.create(folder.path, config).state.state == "done"
    longer = with_values(config, {"training.epochs": 9, "training.threads": 2, "test.maps": 500})
    assert RunFolder.create(folder.path, longer).config == longer
    assert folder.state.state == "queued"  # there is more to train now
    with pytest.raises(TrainingError, match="holds another training"):
        RunFolder.create(folder.path, with_values(config, {"training.learning_rate": 0.5}))


def test_a_kill_while_a_done_run_is_made_longer_hides_no_epoch(folder, monkeypatch):
    """Whichever of the two files was written last, what is not trained does not count as done."""
    folder.set_state(RunState(state="done", epoch=3, epochs=3))
    longer = with_values(small_run(), {"training.epochs": 9})
    for writer in ("write_state", "write_run"):
        target = state_file if writer == "write_state" else run_folder
        with monkeypatch.context() as patch:
            patch.setattr(target, writer, _killed)
            with pytest.raises(KeyboardInterrupt):
                RunFolder.create(folder.path, longer)
        assert folder.state.state == "queued" or folder.config.training.epochs == 3
    assert RunFolder.create(folder.path, longer).config == longer and folder.state.state == "queued"


def _killed(*arguments, **options):
    raise KeyboardInterrupt


def test_who_waits_for_a_folder_that_is_removed_holds_a_lock_that_others_see(folder):
    """The file of the lock is gone then: another one would be made, and held by somebody else."""
    begun, release, seen = threading.Event(), threading.Event(), []

    def wait():
        begun.set()
        with lock.held(folder.lock_path, patience=20):
            seen.append(True)
            release.wait(20)

    with lock.held(folder.lock_path):
        waiting = threading.Thread(target=wait)
        waiting.start()
        begun.wait(5)
        time.sleep(0.1)  # it has opened the file
        folder.lock_path.unlink()
    while not seen and waiting.is_alive():
        time.sleep(0.01)
    assert lock.is_held(folder.lock_path)
    with pytest.raises(TrainingError, match="stop that first"):
        folder.remove()
    release.set()
    waiting.join(5)
    folder.remove()
    assert not folder.path.exists()
    with pytest.raises(TrainingError, match="cannot write in"), lock.held(folder.lock_path):
        pass


@pytest.mark.parametrize("updated", ["", "yesterday", "2026-11-25T12:00:00", "2036-11-25T12:00:00+00:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_cannot_be_keeps_no_training_alive(folder, updated):
    """A clock that was set back, or a file by hand: the run counts as interrupted and can go on."""
    state = replace(RunState(state="running", host="elsewhere"), updated=updated)
    folder.state_path.write_text(json.dumps(asdict(state)))
    assert folder.state.is_interrupted


@pytest.mark.parametrize(("path", "value", "same"), [
    ("training.epochs", 50, True), ("training.patience", 2, True), ("training.threads", 2, True), ("test.maps", 500, True),
    ("name", "best yet", True), ("training.batch_size", 32, False), ("seed", 2, False), ("field.model", "none", False),
    ("training.validation_maps", 100, False),
])  # fmt: skip
def test_what_decides_the_course_of_a_training(path, value, same):
    config = small_run()
    assert (training_digest(with_values(config, {path: value})) == training_digest(config)) is same


def test_a_damaged_state_is_named(folder):
    folder.state_path.write_text('{"state": "run')
    with pytest.raises(DamagedFileError, match=r"state.json is not a state of a training.*delete it"):
        _ = folder.state


def test_a_state_of_a_later_version_is_read(folder):
    folder.state_path.write_text(json.dumps({"state": "done", "epoch": 4, "mood": "good"}))
    assert folder.state == replace(RunState(), state="done", epoch=4)


def test_removing_takes_only_the_files_of_the_run(folder):
    note = folder.path / "notes.txt"
    note.write_text("keep me")
    folder.remove()
    assert [p.name for p in folder.path.iterdir()] == ["notes.txt"]
    other = RunFolder.create(folder.path.parent / "other", small_run())
    (other.path / ".last.keras.x1y2z3.keras").write_text("half of a checkpoint")
    other.remove()
    assert not other.path.exists()


def test_what_a_killed_process_left_half_written_is_swept_away(folder):
    for name in (".last.keras.x1y2z3.keras", ".state.json.abc.json", ".gitignore"):
        (folder.path / name).write_text("half")
    folder.sweep()
    assert sorted(p.name for p in folder.path.glob(".*")) == [".gitignore"]
    assert folder.config == small_run()


def test_the_log_leaves_out_notices_of_libraries(folder):
    folder.log_path.write_text(
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
        "I0000 00:00:1795420002.467658    6501 cudart_stub.cc:31] Could not find cuda drivers\n"
        "Traceback (most recent call last):\nMemoryError\n"
    )
    assert folder.log_tail == "Traceback (most recent call last):\nMemoryError"


@pytest.mark.parametrize("state, words", [("running", "interrupted; going on"), ("stopped", "going on"), ("done", "done before")])
def test_the_command_says_what_an_earlier_training_has_left(folder, capsys, state, words):
    _say_what_is_there(folder.path)
    assert capsys.readouterr().err == ""
    folder.set_state(folder.state, state=state, epoch=2)
    _say_what_is_there(folder.path)
    assert capsys.readouterr().err == f"{folder.path}: 2 epochs are there, {words}\n"
