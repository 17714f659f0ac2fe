"""Uses a window as nobody in their senses would: seeded, so that a fault can be found again."""

import contextlib
import ctypes
import gc
import os
import threading
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QGraphicsView,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QTabBar,
    QWidget,
)

LEFT = Qt.MouseButton.LeftButton
NOT_CHOSEN = {"Quit"}
KEYS = (
    ("z", Qt.KeyboardModifier.ControlModifier), ("z", Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier),
    ("m", Qt.KeyboardModifier.ControlModifier), ("t", Qt.KeyboardModifier.ControlModifier), ("k", Qt.KeyboardModifier.ControlModifier),
    ("i", Qt.KeyboardModifier.ControlModifier), ("l", Qt.KeyboardModifier.ControlModifier), ("e", Qt.KeyboardModifier.ControlModifier),
    *((key, Qt.KeyboardModifier.NoModifier) for key in (
        Qt.Key.Key_Tab, Qt.Key.Key_Escape, Qt.Key.Key_F6, Qt.Key.Key_F11, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Up,
        Qt.Key.Key_Down, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_F5,
    )),
)
TEXTS = ("", "0", "1", "300", "0.05", "-3", "1e9", "nan", "five", "100, 200", "Cen A", "0.001", "20", "8")


class Monkey:
    """Random actions on what is seen.

    Parameters
    ----------
    window : MainWindow
    rng : numpy.random.Generator

    Attributes
    ----------
    faults : list of str
        Tracebacks of exceptions nobody caught.
    done : dict
        How often each kind of action was taken.
    """

    def __init__(self, window, rng):
        self.window, self.rng = window, rng
        self.faults, self.done, self.last = [], {}, ""
        window.faults.caught.connect(lambda words, details: self.faults.append(f"after {self.last}:\n{details}"))
        self._watch = QTimer(window, interval=50)
        self._watch.timeout.connect(self._answer)
        self._watch.start()
        self._actions = (
            (6, self.click), (4, self.edit), (2, self.choose), (2, self.slide), (4, self.mouse), (2, self.wheel), (2, self.key),
            (2, self.menu), (1, self.tab), (0.3, self.resize), (0.5, self.train), (0.3, self.text),
        )

    def act(self):
        """Do one thing."""
        weights = [weight for weight, _ in self._actions]
        action = self._actions[self.rng.choice(len(self._actions), p=[weight / sum(weights) for weight in weights])][1]
        self.done[action.__name__] = self.done.get(action.__name__, 0) + 1
        action()
        QTest.qWait(int(self.rng.integers(1, 30)))

    def stop(self):
        """Touch nothing any more."""
        self._watch.stop()

    def _seen(self, *kinds):
        top = QApplication.activeModalWidget() or self.window
        return [widget for kind in kinds for widget in top.findChildren(kind) if widget.isVisible() and widget.isEnabled()]

    def _one(self, *kinds):
        found = self._seen(*kinds)
        widget = found[self.rng.integers(len(found))] if found else None
        self.last = f"{self.last.split(' <- ')[0][-60:]} | {widget}"
        return widget

    def _within(self, widget):
        return QPoint(int(self.rng.integers(max(widget.width(), 1))), int(self.rng.integers(max(widget.height(), 1))))

    def click(self):
        """Press a button."""
        if (button := self._one(QAbstractButton)) is not None:
            self.last = f"click on {button.text() or button.toolTip()!r}"
            QTest.mouseClick(button, LEFT)

    def edit(self):
        """Type something, mostly wrong, into a field."""
        box = self._one(QLineEdit, QAbstractSpinBox)
        if box is not None:
            box.setFocus()
            box.selectAll()
            text = TEXTS[self.rng.integers(len(TEXTS))]
            self.last = f"typing {text!r} into {box.toolTip() or box.accessibleName()!r}"
            QTest.keyClicks(box, text)
            if isinstance(box, QWidget):
                QTest.keyClick(box, Qt.Key.Key_Return)

    def choose(self):
        """Take another entry of a list."""
        if (box := self._one(QComboBox)) is not None:
            box.setFocus()
            QTest.keyClick(box, Qt.Key.Key_Down if self.rng.random() < 0.5 else Qt.Key.Key_Up)

    def slide(self):
        """Move a slider."""
        if (slider := self._one(QAbstractSlider)) is not None:
            slider.setValue(int(self.rng.integers(slider.minimum(), slider.maximum() + 1)))

    def mouse(self):
        """Click or drag on a picture."""
        if (view := self._one(QGraphicsView)) is not None:
            ground = view.viewport()
            start, end = self._within(ground), self._within(ground)
            QTest.mousePress(ground, LEFT, pos=start)
            if self.rng.random() < 0.5:
                QTest.mouseMove(ground, end)
                QTest.mouseRelease(ground, LEFT, pos=end)
            else:
                QTest.mouseRelease(ground, LEFT, pos=start)

    def wheel(self):
        """Turn the wheel over a picture or a panel."""
        if (view := self._one(QGraphicsView, QWidget)) is not None:
            ground = view.viewport() if isinstance(view, QGraphicsView) else view
            place = self._within(ground)
            event = QWheelEvent(
                QPointF(place), QPointF(ground.mapToGlobal(place)), QPoint(), QPoint(0, int(self.rng.choice([-240, -120, 120, 240]))),
                Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
            )
            QApplication.sendEvent(ground, event)

    def key(self):
        """Press a key wherever the keyboard is."""
        key, modifiers = KEYS[self.rng.integers(len(KEYS))]
        self.last = f"key {key} {modifiers}"
        top = QApplication.activeModalWidget() or self.window
        QTest.keyClick(top.focusWidget() or top, key, modifiers)

    def menu(self):
        """Choose an entry of a menu."""
        actions = [
            action for text, action in self.window.menus.actions_by_text.items() if action.isEnabled() and text not in NOT_CHOSEN
        ]
        if QApplication.activeModalWidget() is None:
            action = actions[self.rng.integers(len(actions))]
            self.last = f"menu {action.text()}"
            action.trigger()

    def tab(self):
        """Turn to another page."""
        if (bar := self._one(QTabBar)) is not None:
            QTest.mouseClick(bar, LEFT, pos=bar.tabRect(int(self.rng.integers(bar.count()))).center())

    def resize(self):
        """Change the size of the window."""
        self.window.resize(int(self.rng.integers(960, 1600)), int(self.rng.integers(640, 1000)))

    def train(self):
        """Begin a training, or end one."""
        if self.window.training.is_active:
            self.window.training.stop()
        elif not self.window.draft.errors:
            self.window.train()

    def text(self):
        """Type into a text."""
        if (box := self._one(QPlainTextEdit)) is not None and not box.isReadOnly():
            QTest.keyClicks(box, "x = 1")

    def _answer(self):
        """Answer what is asked: a menu, a message, a dialog."""
        popup, modal = QApplication.activePopupWidget(), QApplication.activeModalWidget()
        if isinstance(popup, QMenu):
            actions = [action for action in popup.actions() if action.isEnabled() and action.menu() is None and action.text()]
            if actions and self.rng.random() < 0.5 and not any(action.text() in NOT_CHOSEN for action in actions):
                self.last = f"popup {popup.title()}"
                # not from here: while a dialog is open that this has opened, Qt would not call this any more
                QTimer.singleShot(0, actions[self.rng.integers(len(actions))].trigger)
            popup.close()
        elif popup is not None:
            popup.close()
        elif isinstance(modal, QMessageBox):
            buttons = modal.buttons()
            self.last = f"message {modal.text()!r}"
            QTest.mouseClick(buttons[self.rng.integers(len(buttons))], LEFT)
        elif isinstance(modal, QFileDialog) or (modal is not None and self.rng.random() < 0.05):
            self.last = f"dialog {modal.windowTitle()!r}"
            modal.reject() if hasattr(modal, "reject") else modal.close()


class HeapInfo(ctypes.Structure):
    """``struct mallinfo2`` of glibc."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]


def heap_use():
    """Return what the C library has taken for small blocks, how much of that is free, and what it has mapped for large ones, MB."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        return {}
    library.mallinfo2.restype = HeapInfo
    found = library.mallinfo2()
    return {"heap": found.arena / 2**20, "heap_free": found.fordblks / 2**20, "mapped": found.hblkhd / 2**20}


def held():
    """Return what the process holds: memory (MB), threads, open files, children, shared memory."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    children = []
    for path in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended meanwhile
            children += path.read_text().split()
    heap = heap_use()
    return {
        "memory": memory / 1024, **heap, "threads": threading.active_count(), "tasks": len(os.listdir("/proc/self/task")),
        "files": len(os.listdir("/proc/self/fd")), "children": len(children), "shared": len(os.listdir("/dev/shm")),
    }


def put_away():
    """Delete what waits for its deletion."""
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
