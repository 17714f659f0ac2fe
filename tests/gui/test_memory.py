"""Memory that the window gives back when it rests."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from zevatron.core.config import RunConfig, with_values
from zevatron.core.galactic_field import random_field
from zevatron.gui.background import memory
from zevatron.gui.background.jobs import GRACE, Jobs

ROOT = Path(__file__).resolve().parents[2]
BLOCK, BLOCKS = 60_000, 2000  # bytes; small enough to come from the heap


def resident():
    """Memory of this process, bytes."""
    return 1024 * next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_freed_blocks_beneath_one_in_use_go_back():
    blocks = [bytearray(b"x") * BLOCK for _ in range(BLOCKS)]
    last = blocks.pop()
    full = resident()
    blocks.clear()
    kept = resident()
    assert memory.trim() and last
    assert resident() < full - 0.9 * BLOCK * BLOCKS
    assert kept > resident()  # what was freed was kept until then


APART = """
import sys, ctypes
import numpy as np
import main
from zevatron.gui.background import memory
apart = sys.argv[1] == "apart" and memory.keep_large_blocks_apart()
for size in (1, 8, 16, 24):  # what is freed raises the bound of glibc to its size
    np.ones(size * 2**20, np.uint8)
array = np.ones(20 * 2**20, np.uint8)
place = array.ctypes.data
del array
ranges = [[int(end, 16) for end in line.split()[0].split("-")] for line in open("/proc/self/maps")]
print(any(low <= place < high for low, high in ranges), apart)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("how, is_kept", [("apart", False), ("as it comes", True)])
def test_the_place_of_a_large_array_goes_back(how, is_kept):
    done = subprocess.run([sys.executable, "-c", APART, how], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == [str(is_kept), str(how == "apart")], done.stderr


@pytest.fixture
def box(monkeypatch):
    """The cache of a small box, filled."""
    monkeypatch.setattr(random_field, "POINTS", 16)
    random_field.turbulent_box.cache_clear()
    random_field.turbulent_box(1, 0, 0.01, 0.06)
    yield random_field.turbulent_box
    random_field.turbulent_box.cache_clear()


@pytest.mark.parametrize("values, kept", [
    ({"field.model": "jf12_regular"}, 0), ({"field.model": "jf12"}, 1), ({"field.model": "pt11_ass_halo", "field.ensemble": ("jf12",)}, 1),
])
def test_a_random_field_is_kept_only_for_a_run_with_one(box, values, kept):
    memory.give_back(with_values(RunConfig(), values))
    assert box.cache_info().currsize == kept


def test_a_window_at_rest_gives_memory_back_once(new_window, qtbot, monkeypatch):
    given = []
    monkeypatch.setattr(memory, "give_back", lambda config: given.append(config))
    timer = new_window.memory._timer
    timer.setInterval(30)
    qtbot.waitUntil(lambda: not new_window.controller.is_working, timeout=20_000)
    qtbot.wait(200)
    given.clear()
    new_window.draft.set("seed", 77)
    new_window.jobs.submit("Something", lambda progress: None)
    qtbot.waitUntil(lambda: bool(given), timeout=20_000)
    qtbot.waitUntil(lambda: not new_window.jobs.active and not new_window.controller.is_working and not timer.isActive(), timeout=20_000)
    qtbot.wait(100)
    n = len(given)
    qtbot.wait(200)
    assert len(given) == n and given[-1].seed == 77  # its own job does not start it again


def test_a_lane_at_rest_holds_no_answer(qtbot):
    jobs, answers = Jobs(), []

    class Answer:
        def __del__(self):
            answers.append("gone")

    done = []
    jobs.submit("Something", lambda progress: Answer(), on_done=lambda answer: done.append(True))
    qtbot.waitUntil(lambda: bool(done) and bool(answers), timeout=5000)
    jobs.close()
    assert jobs.wait(5)


def test_memory_is_given_back_after_cancelled_work_has_ended_too(new_window, qtbot, monkeypatch):
    given, release = [], threading.Event()
    qtbot.waitUntil(lambda: not new_window.controller.is_working, timeout=20_000)
    monkeypatch.setattr(memory, "give_back", lambda config: given.append(config))
    new_window.memory._timer.setInterval(2 * GRACE)  # by then it is known that the work does not end
    deaf = new_window.jobs.submit("deaf", lambda progress: release.wait(20), lane="deaf")
    qtbot.waitUntil(lambda: deaf.state == "running")
    new_window.jobs.cancel(deaf)
    qtbot.waitUntil(lambda: new_window.jobs.n_left == 1, timeout=5000)
    given.clear()
    qtbot.wait(5 * GRACE)
    assert not given
    release.set()
    qtbot.waitUntil(lambda: bool(given), timeout=5000)


def test_memory_is_given_back_after_skies_were_made_for_a_test(new_window, qtbot, monkeypatch):
    controller, given = new_window.controller, []
    qtbot.waitUntil(lambda: not controller.is_working and controller.sky_test is not None, timeout=20_000)
    monkeypatch.setattr(memory, "give_back", lambda config: given.append(controller.sky_test))
    new_window.memory._timer.setInterval(30)
    qtbot.wait(200)
    before = controller.sky_test
    new_window.new_sky()
    qtbot.waitUntil(lambda: any(test not in (None, before) for test in given), timeout=20_000)
