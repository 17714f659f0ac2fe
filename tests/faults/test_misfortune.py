"""Full disks, folders that cannot be written, damaged checkpoints, a clock that goes back, sleep, two at one folder, a card that vanishes."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.core.training_runs import small_density, small_run
from zevatron.core.errors import InputError, TrainingError, ZevatronError
from zevatron.core.network import load_network
from zevatron.core.sky_density.files import read_densities, write_densities
from zevatron.core.storage.cache import read_cache, write_cache
from zevatron.core.storage.files import replacing
from zevatron.core.training import RunFolder, TrainingProcess, train
from zevatron.core.training import loop as training_loop
from zevatron.core.training.run_folder import HISTORY

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def small_disk(path, size):
    """A file system of ``size`` bytes; needs the rights to mount one."""
    path.mkdir()
    if ctypes.CDLL(None, use_errno=True).mount(b"tmpfs", str(path).encode(), b"tmpfs", 0, f"size={size}".encode()):
        pytest.skip(f"cannot mount a tmpfs here: {os.strerror(ctypes.get_errno())}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def read_only(path):
    subprocess.run(["mount", "-o", "remount,ro", path], check=True)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = RunFolder.create(tmp_path_factory.mktemp("unbroken") / "run", small_run(), small_density())
    assert train(folder).state == "done"
    return folder


def assert_same(folder, other):
    for name in HISTORY[:-1]:
        np.testing.assert_array_equal(folder.history[name], other.history[name], err_msg=name)


def test_a_full_disk_loses_no_epoch(tmp_path, unbroken):
    """Full in the middle of a training, at whatever file that is; emptied, the training goes on."""
    with small_disk(tmp_path / "disk", 2**20) as disk:
        folder = RunFolder.create(disk / "run", small_run(), small_density())

        def fill(message):
            if message["type"] == "epoch" and message["epoch"] == 1:
                with contextlib.suppress(OSError), open(disk / "rubbish", "wb", buffering=0) as stream:
                    while stream.write(bytes(4096)):
                        pass

        with pytest.raises((ZevatronError, OSError), match=r"No space left|cannot write|full"):
            train(folder, report=fill)
        assert folder.history["epoch"].tolist()[:1] == [1]
        (disk / "rubbish").unlink()
        assert train(folder).state == "done"
        assert_same(folder, unbroken)


def test_a_full_disk_leaves_what_was_there(tmp_path):
    """HDF5, cache and text: the old file or the new one, and one line that says why."""
    density, config = small_density(), small_run()
    with small_disk(tmp_path / "disk", 2**18) as disk:
        write_densities(disk / "density.h5", config, [density])
        write_cache(disk / "cache.h5", "1", {"x": np.arange(10)})
        with contextlib.suppress(OSError), open(disk / "rubbish", "wb", buffering=0) as stream:
            while stream.write(bytes(4096)):
                pass
        large = {"x": np.random.default_rng(1).random(100_000)}
        for write in (lambda: write_cache(disk / "cache.h5", "1", large), lambda: write_densities(disk / "density.h5", config, [small_density(16, 15)])):
            with pytest.raises(InputError, match="cannot write"):
                write()
        with pytest.raises(InputError, match="cannot write"), replacing(disk / "text") as stream:
            stream.write("x" * 2**19)
        assert read_densities(disk / "density.h5")[1][0].digest == density.digest
        assert read_cache(disk / "cache.h5", "1")["x"].tolist() == list(range(10))
        assert sorted(path.name for path in disk.iterdir()) == ["cache.h5", "density.h5", "rubbish"]


def test_a_limit_on_the_size_of_files_is_told_as_well():
    """The second way to a disk that takes no more, which needs no rights."""
    code = (
        "import main, resource, signal, sys, numpy as np\nfrom zevatron.core.storage.cache import write_cache\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "from zevatron.core.errors import InputError\nimport tempfile, pathlib\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    path = pathlib.Path(folder) / 'c.h5'\n"
        "    try: write_cache(path, '1', {'x': np.random.default_rng(1).random(100_000)})\n"
        "    except InputError as error: print(error)\n"
        "    print(list(pathlib.Path(folder).iterdir()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    said, left = done.stdout.strip().splitlines()
    assert done.returncode == 0 and "cannot write" in said and left == "[]", done.stderr


def test_a_read_only_folder_is_named(tmp_path, unbroken):
    with small_disk(tmp_path / "disk", 4 * 2**20) as disk:
        shutil.copytree(unbroken.path, disk / "run")
        read_only(disk)
        folder = RunFolder(disk / "run")
        assert_same(folder, unbroken)
        assert folder.state.state == "done" and folder.density.digest == small_density().digest
        for work in (lambda: train(folder), lambda: RunFolder.create(disk / "new", small_run()), lambda: write_cache(disk / "a" / "c.h5", "1", {"x": 1})):
            with pytest.raises(ZevatronError, match=r"Read-only|cannot"):
                work()
        done = subprocess.run(
            [sys.executable, "main.py", "train", "none.toml", "--out", str(disk / "new")], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1


def test_checkpoints_cut_at_every_4_kib(tmp_path, unbroken):
    """Each cut is noticed; the training goes on from the epoch before to the same history, and says so."""
    size = unbroken.last_path.stat().st_size
    chosen = range(0, size, 4096)
    for i, length in enumerate(chosen):
        folder = RunFolder.create(tmp_path / f"run{i}", small_run(), small_density())
        shutil.copytree(unbroken.path, folder.path, dirs_exist_ok=True)
        with open(folder.last_path, "r+b") as stream:
            stream.truncate(length)
        messages = []
        if i % 8 == 0:
            assert train(folder, report=messages.append).state == "done"
            assert [m["path"] for m in messages if m["type"] == "damaged"] == [str(folder.last_path)]
            assert [m["epoch"] for m in messages if m["type"] == "epoch"] == [3]
            assert_same(folder, unbroken)
        else:
            with pytest.raises(InputError, match="whole"):
                load_network(folder.last_path)


def test_without_any_sound_checkpoint_it_begins_again(tmp_path, unbroken):
    folder = RunFolder.create(tmp_path / "run", small_run(), small_density())
    shutil.copytree(unbroken.path, folder.path, dirs_exist_ok=True)
    for path in (folder.last_path, folder.previous_path, folder.state_path):
        path.write_bytes(path.read_bytes()[:100])
    assert train(folder).state == "done"
    assert_same(folder, unbroken)


def test_a_clock_set_back_changes_nothing(tmp_path, unbroken, monkeypatch):
    """Ten years back in the middle of a training; what is on disk is then from the future."""
    folder, real, back = RunFolder.create(tmp_path / "run", small_run(), small_density()), time.time, []
    monkeypatch.setattr(time, "time", lambda: real() - (3.2e8 if back else 0))

    def turn(message):
        if message["type"] == "epoch":
            for path in folder.path.iterdir():
                os.utime(path, (real() + 3.2e8,) * 2)
            back.append(True)

    assert train(folder, report=turn).state == "done"
    assert_same(folder, unbroken)
    write_cache(tmp_path / "c.h5", "1", {"x": np.arange(3)})
    assert read_cache(tmp_path / "c.h5", "1")["x"].tolist() == [0, 1, 2]


def wait_until(condition, seconds=400):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.02)


def test_two_windows_at_one_run_folder(tmp_path):
    """The second is refused and changes nothing, also when it discards; the first goes on."""
    config = small_run(training__epochs=10_000, training__patience=10_000)
    first = RunFolder.create(tmp_path / "run", config, small_density())
    running, second = TrainingProcess(first), None
    running.start()
    wait_until(lambda: first.state.state == "running")
    second = TrainingProcess(RunFolder.create(tmp_path / "run", config))
    second.start()
    ended = second.wait(400)
    assert ended["type"] == "failed" and "trained by another process" in ended["reason"]
    assert first.state.state == "running"
    third = TrainingProcess(first)
    third.start()
    third.discard()
    assert third.wait(400) is not None and first.config_path.exists()
    running.stop()
    assert running.wait(60)["type"] == "stopped"
    epochs = first.history["epoch"].tolist()
    assert epochs == list(range(1, len(epochs) + 1))


def test_a_closed_lid(tmp_path):
    """Stopped for a while and woken again, the training process goes on as if nothing had been."""
    config = small_run(training__epochs=3, training__maps_per_epoch=6400, training__threads=1)
    folders = [RunFolder.create(tmp_path / name, config, small_density()) for name in ("slept", "awake")]
    process = TrainingProcess(folders[0])
    process.start()
    for _ in range(3):
        wait_until(lambda: process.final or folders[0].state.state in ("preparing", "running"))
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(1.0)
        assert folders[0].state.is_alive  # asleep is not gone
        os.kill(process.pid, signal.SIGCONT)
        time.sleep(0.5)
    assert process.wait(800)["type"] == "done"
    awake = TrainingProcess(folders[1])  # a process of its own, too: the same number of threads
    awake.start()
    assert awake.wait(800)["type"] == "done"
    assert_same(*folders)


def test_one_that_sleeps_can_be_stopped(tmp_path):
    process = TrainingProcess(RunFolder.create(tmp_path / "run", small_run(training__epochs=1000, training__patience=1000), small_density()))
    process.start()
    wait_until(lambda: process.folder.state.epoch > 0)
    os.kill(process.pid, signal.SIGSTOP)
    process.stop()
    assert process.wait(30)["type"] == "stopped" and process.folder.best_path.exists()


def test_a_card_that_vanishes(tmp_path, monkeypatch):
    """Its step fails as those of TensorFlow do then; the next start finds no card and goes on from the last epoch on the processor."""
    folder = RunFolder.create(tmp_path / "run", small_run(), small_density())
    monkeypatch.setattr(training_loop, "has_accelerator", lambda: True)
    step = training_loop.SelfFed.step

    def failing(self, size):
        if folder.state.epoch >= 1:
            raise RuntimeError("INTERNAL: Failed to launch kernel: CUDA_ERROR_DEVICE_UNAVAILABLE: device is lost")
        return step(self, size)

    monkeypatch.setattr(training_loop.SelfFed, "step", failing)
    with pytest.raises(RuntimeError, match="device is lost"):
        train(folder)
    assert (folder.state.state, folder.state.epoch) == ("failed", 1) and "device is lost" in folder.state.reason
    first = {name: folder.history[name][0] for name in HISTORY}
    monkeypatch.setattr(training_loop, "has_accelerator", lambda: False)
    state = train(folder)
    assert state.state == "done" and state.device.startswith("CPU") and folder.history["epoch"].tolist() == [1, 2, 3]
    assert {name: folder.history[name][0] for name in HISTORY} == pytest.approx(first, nan_ok=True)


def test_a_second_training_here_is_refused(tmp_path, unbroken):
    with unbroken.locked(), pytest.raises(TrainingError, match="another process"):
        train(unbroken)
