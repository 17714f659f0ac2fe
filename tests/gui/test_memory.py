"""Memory that the window gives back when it rests."""

import sys
from pathlib import Path

import pytest

from zevatron.core.config import RunConfig, with_values
from zevatron.core.galactic_field import random_field
from zevatron.gui import memory
from zevatron.gui.jobs import Jobs

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
