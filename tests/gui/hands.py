"""What a person does with mouse and keyboard."""

from PySide6.QtCore import Qt


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


def press(qtbot, window, key, modifiers=Qt.KeyboardModifier.NoModifier):
    """Press a key wherever the keyboard is in a window, as shortcuts need an active one."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=5000)
    qtbot.keyClick(window.focusWidget() or window, key, modifiers)
