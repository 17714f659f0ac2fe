"""Hours of use without an exception, a leak or a growing memory.

``make test-long-life`` takes two hours and 10,000 actions (``ZEVATRON_HOURS`` and ``ZEVATRON_ACTIONS`` change that); its
results stand in docs/robustness.md.
"""

import os
import time
from statistics import median

import numpy as np
import pytest
from monkey import Monkey, held, put_away
from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from zevatron.core.config import with_values
from zevatron.core.galactic_field.registry import FIELD_MODELS
from zevatron.gui.main_window import FIELD, SKY
from zevatron.gui.plots.sky_view import RESIZE_PAUSE
from zevatron.gui.plots.tables import KEPT_POINTS, tables

REST = 250  # actions between two rests
WARM_UP = 4  # rests before memory counts: by then every page and most dialogs were seen, and what they load stays
SOME = 5  # rests whose median is compared, at both ends: one rest may come just after a large picture
MOST_GROWTH = 0.05  # of the memory after the warm-up
TINY = {
    "network.kind": "density_ratio", "training.maps_per_epoch": 200, "training.batch_size": 50, "training.epochs": 3,
    "training.validation_maps": 100,
}


def rest(window, config, qtbot, seconds=60):
    """Bring the window back to a small run with nothing at work, and return what it holds."""
    while (modal := QApplication.activeModalWidget()) is not None:
        modal.close()
        QTest.qWait(20)
    window.presentation.stop()
    window.trainings.hold()
    for work in (*window.trainings.working, window.search):
        work.stop()
    window.draft.load(config)
    window.controller.compute_again()
    wait_for_rest(window, qtbot, seconds)
    put_away()
    return held()


def wait_for_rest(window, qtbot, seconds=300):
    """Wait until nothing is at work and memory was given back; what takes too long is cancelled."""
    def is_at_rest():
        busy = window.trainings.is_active or window.search.is_active or window.controller.is_working or window.memory.is_waiting
        return not busy and all(job.quiet for job in window.jobs.active)

    deadline = time.monotonic() + seconds
    while not is_at_rest() and time.monotonic() < deadline:
        QTest.qWait(100)
    window.jobs.cancel_all()
    qtbot.waitUntil(is_at_rest, timeout=600_000)  # a thread of cancelled work ends at its next question
    QTest.qWait(500)


def use_every_field(window, qtbot):
    """Follow a few rays through a field of each kind: its compiled formulae are loaded once and stay."""
    kinds = {(entry.module, entry.random): name for name, entry in FIELD_MODELS.items()}
    window.tabs.setCurrentIndex(FIELD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zevatron.gui.state.field.RAY_NSIDE", {"deflection": 4, "magnification": 4})
        for name in kinds.values():
            window.draft.set("field.model", name)
            qtbot.waitUntil(lambda: window.field.setup is not None and window.field.sky is not None, timeout=300_000)
            window.jobs.cancel_all()
            print(f"{name}: {held()['memory']:.0f} MB", flush=True)


def use_every_size(window, qtbot):
    """Show the sky in windows of so many sizes that the tables that are kept are as many as ever."""
    window.tabs.setCurrentIndex(SKY)
    for width in range(1600, 960, -16):
        if sum(table.size for table in tables._tables.values()) > 0.95 * KEPT_POINTS:
            break
        window.resize(width, 1000 - (1600 - width) // 4)
        QTest.qWait(2 * RESIZE_PAUSE)
        qtbot.waitUntil(lambda: not tables._pending, timeout=60_000)
    print(f"{len(tables._tables)} tables: {held()['memory']:.0f} MB", flush=True)


@pytest.fixture
def tiny_run(small_run):
    """A run whose trainings take seconds."""
    return with_values(small_run, TINY)


@pytest.fixture
def monkey(open_window, densities, tiny_run, tmp_path, monkeypatch, qtbot):
    """A monkey at a window of its own; files land in a temporary folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path / "cache"))
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    QStandardPaths.setTestModeEnabled(True)
    window = open_window(tiny_run)
    qtbot.waitUntil(lambda: window.controller.density is not None, timeout=300_000)  # on a busy machine
    seed = int(os.environ.get("ZEVATRON_SEED", 1))
    monkey = Monkey(window, np.random.default_rng(seed))
    yield monkey
    monkey.stop()
    window.training.stop()
    QStandardPaths.setTestModeEnabled(False)


def test_a_hundred_random_actions_raise_nothing(monkey, tiny_run, qtbot):
    for _ in range(100):
        monkey.act()
    rest(monkey.window, tiny_run, qtbot, seconds=5)
    assert not monkey.faults, monkey.faults[0]


@pytest.mark.recorded
def test_two_hours_of_use_leave_nothing_behind(monkey, tiny_run, qtbot):
    actions, seconds = int(os.environ.get("ZEVATRON_ACTIONS", 10_000)), 3600 * float(os.environ.get("ZEVATRON_HOURS", 2))
    use_every_field(monkey.window, qtbot)
    use_every_size(monkey.window, qtbot)
    rest(monkey.window, tiny_run, qtbot)
    started, records, done, seen = time.monotonic(), [], 0, 0
    while done < actions or time.monotonic() - started < seconds:
        for _ in range(REST):
            monkey.act()
            done += 1
            QTest.qWait(max(round(1000 * (started + seconds * done / actions - time.monotonic())), 0))  # spread over the time
        records.append(rest(monkey.window, tiny_run, qtbot))
        print(f"{done} actions, {time.monotonic() - started:.0f} s:", {key: round(value) for key, value in records[-1].items()}, flush=True)
        print(*monkey.faults[seen:], sep="\n", end="", flush=True)
        seen = len(monkey.faults)
    print(monkey.done)
    assert not monkey.faults, monkey.faults[0]
    growth = growth_of([record["memory"] for record in records])
    print(f"growth after {WARM_UP * REST} actions: {growth:.1%}")
    assert growth < MOST_GROWTH
    for kind in ("threads", "tasks", "files", "children", "shared"):
        assert records[-1][kind] <= max(record[kind] for record in records[:WARM_UP + 1]), kind


def growth_of(memory):
    """Return by what share the memory at the last rests is larger than that at the first ones after the warm-up."""
    counted = memory[min(WARM_UP, len(memory) - 1):]
    return median(counted[-SOME:]) / median(counted[:SOME]) - 1


def test_a_leak_is_seen_and_a_single_large_picture_is_none():
    rests = range(40)
    assert growth_of([600 + 10 * (number > 3) for number in rests]) == 0
    assert growth_of([600 + number for number in rests]) > 0.04
    assert growth_of([600 + 1.5 * number for number in rests]) > MOST_GROWTH
    assert abs(growth_of([600 + 90 * (number % 10 == 9) for number in rests])) < 1e-9
