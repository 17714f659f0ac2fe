"""What windows leave behind when they are closed: nothing."""

import gc
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import training_process
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import getAllValidWrappers, isValid

from zevatron.core.config import run_toml, with_values
from zevatron.gui.background.faults import Faults
from zevatron.gui.background.log import WindowHandler
from zevatron.gui.main_window import FIELD, MainWindow

ENDING = 20  # seconds that threads may take to see that they are to end
CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children")  # Linux
NOISE = 3  # wrappers that come and go
SETTLED = 600  # ms after which single shots are over: turns to come, and the patience with cancelled jobs


def children():
    """Numbers of the processes that this one has started and that are still there."""
    found = set()
    for path in Path("/proc/self/task").glob("*/children"):
        found |= set(path.read_text().split())
    return found


def alive():
    """Count what a window may leave behind: widgets, timers at work, objects of Qt, threads, processes, loggers."""
    gc.unfreeze()  # what the window leaves alone for good with the libraries that it has loaded
    gc.collect()
    wrappers = [made for made in getAllValidWrappers() if isinstance(made, QObject)]
    return {
        "widgets": len(QApplication.allWidgets()),
        "active timers": sum(isinstance(made, QTimer) and made.isActive() for made in wrappers),
        "objects": len(wrappers),
        "threads": len(threading.enumerate()),
        "processes": len(children()),
        "handlers": len(logging.getLogger().handlers) + len(logging.getLogger("zevatron").handlers),
    }


def wait(qtbot, condition, seconds=30):
    qtbot.waitUntil(condition, timeout=1000 * seconds)


def cycle(qtbot, visit):
    """Open a window, do something in it, close it as a person does, and let it go."""
    window = MainWindow(Faults(), WindowHandler())
    window._may_close = lambda: True
    window.welcome.hide()
    window.show()
    qtbot.waitExposed(window)
    wait(qtbot, lambda: window.controller.density is not None)
    visit(window)
    assert window.close()
    jobs = window.jobs
    assert jobs.wait(ENDING), [thread.name for thread in threading.enumerate()]
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    assert not isValid(window)


@pytest.fixture
def small_session(own_settings, small_run, densities):
    """The next windows open with a small run."""
    own_settings.setValue("session/run", run_toml(with_values(small_run, {"training.epochs": 2000}), comments=False))


def assert_nothing_is_left(before, after, cycles):
    grown = {what: after[what] - before[what] for what in before}
    assert grown.pop("objects") < NOISE + cycles / 2, grown  # less than one for each window
    assert all(number <= 0 for number in grown.values()), grown


def run_cycles(qtbot, cycles, pids):
    """Open and close so many windows, each of which shows every page and dialog and trains."""
    def visit(window):
        for page in range(window.tabs.count()):
            window.tabs.setCurrentIndex(page)
            QApplication.processEvents()
        window.tabs.setCurrentIndex(FIELD)
        window.toggle_text()
        window.monitor.add()
        window.commands.report()
        window.train()
        wait(qtbot, lambda: window.trainings.is_active and window.training.state.epoch > 0)
        pids.append(window.training._process.pid)
        os.kill(pids[-1], 0)

    cycle(qtbot, visit)  # what is made once for all windows stays
    qtbot.wait(SETTLED)
    before, began = alive(), time.monotonic()
    for _ in range(cycles):
        cycle(qtbot, visit)
    qtbot.wait(SETTLED)
    after = alive()
    print(f"\n{cycles} windows in {time.monotonic() - began:.0f} s; before {before}, after {after}")
    assert_nothing_is_left(before, after, cycles)


def test_windows_leave_nothing_behind(qtbot, small_session, monkeypatch):
    training_process.use_instead(monkeypatch)
    pids = []
    run_cycles(qtbot, 2, pids)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_fifty_windows_leave_nothing_behind(qtbot, small_session, monkeypatch):
    training_process.use_instead(monkeypatch)
    run_cycles(qtbot, 50, [])


def test_what_is_left_behind_would_be_seen(qapp):
    before, end = alive(), threading.Event()
    widget, timer, thread = QWidget(), QTimer(), threading.Thread(target=end.wait)
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        timer.start(1000)
        thread.start()
        after = alive()
        with pytest.raises(AssertionError):
            assert_nothing_is_left(before, after, 2)
        assert [after[what] - before[what] for what in ("widgets", "active timers", "objects", "threads")] == [1, 1, 2, 1]
        assert after["processes"] - before["processes"] == CHILDREN.exists()
    finally:
        end.set()
        process.communicate()
        thread.join()
        widget.deleteLater()
        timer.stop()
