"""What a person does with mouse and keyboard."""

import sys

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication


def click(qtbot, widget):
    """Click on the middle of a control."""
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def type_into(qtbot, box, text):
    """Replace the text of a box and press Return."""
    box.setFocus()
    box.selectAll()
    qtbot.keyClick(box, Qt.Key.Key_Delete)
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


def choose(qtbot, button, text):
    """Open the menu of a button with the mouse and click the entry that reads ``text``."""
    clicked = []

    def pick():
        menu = button.menu()
        action = next(action for action in menu.actions() if action.text() == text)
        qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
        clicked.append(action)
        menu.close()

    QTimer.singleShot(50, pick)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(clicked))


def drag(qtbot, view, start, by, steps=8):
    """Press on a point of a graphics view, move the mouse by ``by`` pixels and let go."""
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, steps + 1):
        send_move(view, start + QPoint(round(by.x() * step / steps), round(by.y() * step / steps)))
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=start + by)


def send_move(view, point):
    """Move the mouse with the left button held; QTest moves it with none."""
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    viewport, button = view.viewport(), Qt.MouseButton.LeftButton
    place = QPointF(point), QPointF(viewport.mapToGlobal(point))
    event = QMouseEvent(QEvent.Type.MouseMove, *place, Qt.MouseButton.NoButton, button, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(viewport, event)


def press(qtbot, window, key, modifiers=Qt.KeyboardModifier.NoModifier):
    """Press a key wherever the keyboard is in a window, as shortcuts need an active one."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=5000)
    qtbot.keyClick(window.focusWidget() or window, key, modifiers)


def drop(window, *paths):
    """Let files go over the middle of a window; returns whether it takes them."""
    data, middle = QMimeData(), QPoint(window.width() // 2, window.height() // 2)
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    action, button, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(middle, action, data, button, keys)
    QApplication.sendEvent(window, enter)
    if enter.isAccepted():
        QApplication.sendEvent(window, QDropEvent(QPointF(middle), action, data, button, keys))
    return enter.isAccepted()


def by_script(path):
    """Return what stands in for ``own_command`` where a script takes the place of Zevatron."""
    return lambda *arguments: [sys.executable, str(path), *map(str, arguments)]
