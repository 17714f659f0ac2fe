"""The training process: supervised, killed, resumed. Most tests put a small script in its place."""

import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.core.training_runs import small_density, small_run
from zevatron.core.backend import THREAD_VARIABLES, prepare_environment
from zevatron.core.errors import CancelledError, TrainingError
from zevatron.core.progress import Progress
from zevatron.core.statistics import verdict
from zevatron.core.training import NetworkStatistic, RunFolder, RunState, TrainingProcess, train_blocking
from zevatron.core.training import process as training_process
from zevatron.core.training.control import Control
from zevatron.core.training.run_folder import HISTORY
from zevatron.core.training.worker import obey

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path / "run", small_run(), small_density())


def script(body):
    """Command of a process that talks like the worker; `say` writes a message, `ask` reads a command."""
    head = (
        "import json, sys, time, os, signal\n"
        "def say(type, **values): print(json.dumps({'type': type, **values}), flush=True)\n"
        "def ask(): return json.loads(sys.stdin.readline())['command']\n"
    )
    return [sys.executable, "-c", head + textwrap.dedent(body)]


def run_script(folder, body):
    messages = []
    process = TrainingProcess(folder, messages.append, script(body))
    process.start()
    return process, messages


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.02)


# Supervision


def test_messages_arrive_in_order_and_orders_are_passed_on(folder):
    process, messages = run_script(folder, """
        say('hello')
        print('not json')
        for _ in range(2): say('told', order=ask())
        say('done', reason='all epochs done')
    """)  # fmt: skip
    process.pause()
    process.resume()
    final = process.wait(30)
    assert [m["type"] for m in messages] == ["hello", "told", "told", "done"]
    assert [m.get("order") for m in messages[1:3]] == ["pause", "resume"]
    assert final == messages[-1] == {"type": "done", "reason": "all epochs done", "epoch": 0, "best_epoch": 0, "best": None}
    assert not process.is_running


def test_a_process_that_dies_silently_has_failed_and_the_log_says_why(folder):
    process, _ = run_script(folder, """
        say('hello')
        print('MemoryError: 13 GB', file=sys.stderr)
        sys.exit(3)
    """)  # fmt: skip
    final = process.wait(30)
    assert final["type"] == "failed" and final["reason"] == "the training process ended with exit code 3"
    assert "MemoryError: 13 GB" in final["traceback"]
    assert folder.state.state == "failed" and folder.state.reason == final["reason"]


def test_a_killed_process_has_failed(folder):
    process, messages = run_script(folder, "say('hello'); time.sleep(60)")
    wait_until(lambda: messages)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(30)["reason"] == "the training process was killed by signal 9 (out of memory?)"


def test_one_that_does_not_stop_is_killed_and_counts_as_stopped(folder, monkeypatch):
    monkeypatch.setattr(training_process, "GRACE", 0.3)
    process, messages = run_script(folder, "say('hello'); time.sleep(60)")
    wait_until(lambda: messages)
    began = time.monotonic()
    process.stop()
    assert time.monotonic() - began < 0.1
    assert process.wait(30)["type"] == "stopped"
    assert time.monotonic() - began < 5
    assert folder.state.state == "stopped"


def test_discarding_deletes_the_folder(folder):
    process, _ = run_script(folder, "ask(); say('stopped', reason='stopped by the user')")
    process.discard()
    assert process.wait(30) == {"type": "discarded"}
    assert not folder.path.exists()


def test_discarding_before_the_start_deletes_the_folder(folder):
    TrainingProcess(folder).discard()
    assert not folder.path.exists()


def test_a_listener_that_fails_does_not_lose_the_end(folder, caplog):
    def broken(message):
        raise ValueError("a fault in the window")

    process = TrainingProcess(folder, broken, script("say('hello'); say('done', reason='')"))
    process.start()
    assert process.wait(30)["type"] == "done"
    assert "a fault in the window" in caplog.text


def test_a_process_that_cannot_start(folder):
    with pytest.raises(TrainingError, match="cannot start the training process"):
        TrainingProcess(folder, command=["/no/such/program"]).start()


def test_orders_after_the_end_do_nothing(folder):
    process, _ = run_script(folder, "say('done', reason='')")
    process.wait(30)
    process.pause()
    process.stop()
    assert process.final["type"] == "done"
    with pytest.raises(TrainingError, match="was started before"):
        process.start()


# train_blocking


@pytest.fixture
def blocking(monkeypatch, tmp_path):
    """Run `train_blocking` with a script for the worker."""
    def run(body, progress=None):
        monkeypatch.setattr(training_process, "own_command", lambda *words: [sys.executable, str(tmp_path / "worker.py"), *map(str, words)])
        (tmp_path / "worker.py").write_text(script(body)[-1])
        return train_blocking(small_run(), tmp_path / "run", density=small_density(), progress=progress or Progress())

    return run


class Listener(Progress):
    def __init__(self, cancel_at=None):
        super().__init__()
        self.stages, self._cancel_at = [], cancel_at

    def show(self, stage, done, total, values):
        self.stages.append((stage, done, total, values))
        if stage == self._cancel_at:
            self.cancel()


EPOCH = "dict(epoch=1, epochs=3, val_loss=.5, val_accuracy=.7, val_auc=.8, val_eta=None)"


def test_progress_is_shown_and_the_best_network_returned(blocking, tmp_path):
    listener = Listener()
    best = blocking(f"""
        say('progress', stage='lens', done=1, total=2)
        say('batch', epoch=1, batch=4, batches=10, loss=.6, accuracy=.5)
        say('epoch', **{EPOCH})
        open(os.path.join(sys.argv[2], 'best.keras'), 'w').close()
        say('done', reason='')
    """, listener)  # fmt: skip
    assert best == tmp_path / "run" / "best.keras"
    assert listener.stages == [
        ("lens", 1, 2, {}), ("epoch 1", 4, 10, {"loss": 0.6, "accuracy": 0.5}),
        ("epoch 1 of 3, validated", 1, 1, {"val_loss": 0.5, "val_accuracy": 0.7, "val_auc": 0.8}),
    ]


def test_a_failed_training_is_an_error_in_one_line(blocking):
    with pytest.raises(TrainingError, match=r"the loss is no longer a number; see .*log.txt"):
        blocking("say('failed', reason='the loss is no longer a number')")


def test_cancelling_stops_and_keeps(blocking, tmp_path):
    with pytest.raises(CancelledError):
        blocking("say('progress', stage='lens', done=1, total=2); ask(); say('stopped', reason='by the user')", Listener("lens"))
    assert RunFolder(tmp_path / "run").state.state == "stopped"


def test_ctrl_c_stops_and_keeps(blocking, tmp_path):
    class Interrupt(Progress):
        def show(self, stage, done, total, values):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        blocking("say('progress', stage='lens', done=1, total=2); ask(); say('stopped', reason='by the user')", Interrupt())
    assert RunFolder(tmp_path / "run").state.state == "stopped"


def test_a_finished_training_is_not_repeated(blocking, tmp_path):
    blocking("open(os.path.join(sys.argv[2], 'best.keras'), 'w').close(); say('done', reason='')")
    assert blocking("sys.exit(1)") == tmp_path / "run" / "best.keras"


# Inside the worker


def test_commands_are_obeyed_and_the_end_of_input_stops():
    class Orders(Control):
        def __init__(self):
            super().__init__()
            self.orders = []

    control = Orders()
    for name in ("pause", "resume", "stop"):
        setattr(control, name, lambda name=name: control.orders.append(name))
    obey(control, io.BytesIO(b'{"command": "pause"}\nnonsense\n{"command": "dance"}\n[]\n{"command": "resume"}\n'))
    assert control.orders == ["pause", "resume", "stop"]


def test_the_environment_of_keras(monkeypatch):
    monkeypatch.setattr(os, "nice", lambda increment: None)
    environment = {"KERAS_BACKEND": "jax"}
    prepare_environment(3, environment)
    assert environment["KERAS_BACKEND"] == "jax"
    assert environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert {environment[name] for name in THREAD_VARIABLES} == {"3"}
    prepare_environment(0, environment := {})
    assert environment["KERAS_BACKEND"] == "tensorflow" and not set(THREAD_VARIABLES) & set(environment)


def test_a_folder_without_a_run_is_a_message_not_a_traceback(tmp_path):
    outcome = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "worker", str(tmp_path)], stdin=subprocess.PIPE, capture_output=True, text=True
    )
    message = json.loads(outcome.stdout)
    assert outcome.returncode == 1 and message["type"] == "failed"
    assert "is not the folder of a training" in message["reason"]
    assert "Traceback" not in outcome.stderr


# The real thing


@pytest.mark.timeout(500)
def test_a_killed_process_is_resumed_to_the_history_of_an_unbroken_one(tmp_path):
    """Started, paused, resumed, killed in the middle of an epoch, resumed; beside it a run that nobody disturbs."""
    config = small_run(training__epochs=3, training__maps_per_epoch=6400)
    first = RunFolder.create(tmp_path / "first", config, small_density())
    other = RunFolder.create(tmp_path / "other", config, small_density())
    quiet = TrainingProcess(other)
    quiet.start()
    in_second, paused = threading.Event(), threading.Event()

    def listen(message):
        if message["type"] == "started":
            process.pause()
        if message["type"] == "paused":
            paused.set()
        if message["type"] == "batch" and message["epoch"] == 2:
            os.kill(process.pid, signal.SIGKILL)
            in_second.set()

    process = TrainingProcess(first, listen)
    process.start()
    assert paused.wait(200)
    assert first.state.state == "paused" and first.state.device == "CPU, 1 thread"
    process.resume()
    assert in_second.wait(200)
    assert process.wait(20)["type"] == "failed"
    assert first.state.epoch == 1
    again = TrainingProcess(first)
    again.start()
    assert again.wait(200)["type"] == "done" and quiet.wait(200)["type"] == "done"
    assert first.state.state == other.state.state == "done"
    for name in HISTORY[:-1]:
        np.testing.assert_array_equal(first.history[name], other.history[name])


@pytest.mark.timeout(500)
def test_on_another_number_of_threads_the_fraction_stays_in_its_interval(tmp_path):
    """Sums over more threads end in other digits; the networks judge the same test skies."""
    found = []
    for threads in (1, 2):
        config = small_run(
            training__threads=threads, training__maps_per_epoch=3200, test__maps=4000, test__check_maps=0, test__bootstrap=100,
        )
        folder = RunFolder.create(tmp_path / str(threads), config, small_density())
        process = TrainingProcess(folder)
        process.start()
        assert process.wait(200)["type"] == "done"
        found.append(verdict(config, small_density(), 50, NetworkStatistic(folder.best_path)))
    one, two = found
    assert one.eta_low <= two.eta_min <= one.eta_high and two.eta_low <= one.eta_min <= two.eta_high


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_training_ends_with_its_parent(tmp_path):
    """A window that is killed leaves no process behind, and a folder that says so."""
    config = small_run(training__epochs=1000, training__patience=1000, training__maps_per_epoch=6400)
    folder = RunFolder.create(tmp_path / "run", config, small_density())
    code = (
        "import main, time\nfrom zevatron.core.training import RunFolder, TrainingProcess\n"
        f"p = TrainingProcess(RunFolder({str(folder.path)!r})); p.start(); print(p.pid, flush=True); time.sleep(1000)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    wait_until(lambda: folder.state.state == "running" and folder.state.epoch > 0, 120)
    parent.kill()
    parent.communicate()
    wait_until(lambda: folder.state.state == "stopped", 30)
    assert folder.state.reason == "stopped by the user"
    assert folder.best_path.exists()


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_ctrl_c_in_the_terminal_is_left_to_the_parent(tmp_path):
    folder = RunFolder.create(tmp_path / "run", small_run(training__epochs=1000, training__patience=1000), small_density())
    process = TrainingProcess(folder)
    process.start()
    wait_until(lambda: folder.state.state == "running" and folder.state.epoch > 0, 120)
    os.kill(process.pid, signal.SIGINT)
    epoch = folder.state.epoch
    wait_until(lambda: folder.state.epoch > epoch, 30)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(30)["type"] == "stopped"
    assert isinstance(folder.state, RunState)
