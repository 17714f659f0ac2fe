"""Cycles of widgets are freed in the thread of the window, whoever makes garbage."""

import gc
import threading
import weakref

from PySide6.QtWidgets import QWidget


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
