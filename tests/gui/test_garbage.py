"""Cycles of widgets are freed in the thread of the window, whoever makes garbage."""

import gc
import sys
import threading
import time
import types
import weakref

from PySide6.QtWidgets import QWidget

from zevatron.gui.background.garbage import MANY


class Ring(QWidget):
    """Holds itself."""

    def __init__(self, died):
        super().__init__()
        self.ring = self
        weakref.finalize(self, lambda: died.append(threading.current_thread()))


def make_garbage(n=100_000):
    for _ in range(n):
        cycle = []
        cycle.append(cycle)


def test_a_job_that_makes_garbage_does_not_delete_widgets(garbage, qtbot):
    died = []
    Ring(died)
    thread = threading.Thread(target=make_garbage)
    thread.start()
    thread.join()
    assert died == []
    qtbot.waitUntil(lambda: bool(died), timeout=5000)
    assert died == [threading.main_thread()]
    assert not gc.isenabled()


def test_the_interpreter_gets_its_collection_back(garbage):
    garbage.stop()
    assert gc.isenabled() and gc.get_freeze_count() == 0


def seconds_of_a_full_collection():
    began = time.thread_time()
    gc.collect()
    return time.thread_time() - began


def test_libraries_that_a_job_loads_are_left_alone(garbage, qtbot, monkeypatch):
    kept = [[i] for i in range(400_000)]  # as many objects as numba brings
    loud = seconds_of_a_full_collection()
    before = gc.get_freeze_count()
    for number in range(MANY):
        monkeypatch.setitem(sys.modules, f"library_{number}", types.ModuleType(f"library_{number}"))
    qtbot.waitUntil(lambda: gc.get_freeze_count() > before + len(kept) / 2, timeout=5000)
    assert seconds_of_a_full_collection() < 0.3 * loud
    died = []
    Ring(died)  # what comes later is collected as before
    make_garbage(2000)
    qtbot.waitUntil(lambda: bool(died), timeout=5000)
    assert len(kept) == 400_000


def test_a_module_or_two_leave_everything_as_it_is(garbage, qtbot, monkeypatch):
    before = gc.get_freeze_count()
    for number in range(MANY - 1 - len(sys.modules) + garbage._known):
        monkeypatch.setitem(sys.modules, f"page_{number}", types.ModuleType(f"page_{number}"))
    qtbot.wait(700)
    assert gc.get_freeze_count() == before
