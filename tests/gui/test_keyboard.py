"""The whole window without a mouse: every control is reached, seen when it is, and does its work."""

import itertools

import numpy as np
import pytest
from hands import press, type_into
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from zevatron.core.config import RunConfig
from zevatron.gui.state.view import Choices
from zevatron.gui.style import theme


def pixels(widget):
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4).copy()


def reached(parent):
    """Widgets that Tab reaches inside a part of the window, in its order."""
    found, widget = [], parent.nextInFocusChain()
    while widget is not parent:
        if parent.isAncestorOf(widget) and widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            found.append(widget)
        widget = widget.nextInFocusChain()
    return found


@pytest.fixture
def active(window, qtbot):
    """The window with the keyboard."""
    window.draft.load(RunConfig())
    window.view.load(Choices())
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=5000)
    return window


@pytest.mark.parametrize("name", theme.THEMES)
def test_keyboard_is_seen_wherever_it_is(active, qtbot, name):
    theme.set_theme(name)
    active.draft.set("energy.resolution", 0.3)  # with a dot
    rest = active.tabs.tabBar()
    unseen = []
    for widget in reached(active.left):
        rest.setFocus()
        before = pixels(widget)
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        after = pixels(widget)
        if hasattr(widget, "deselect"):
            widget.deselect()
            after = pixels(widget)
        if before.shape == after.shape and not np.any(before != after):
            unseen.append(f"{type(widget).__name__} {widget.accessibleName()}")
    assert not unseen


def test_tab_goes_down_the_form(active):
    heights = [widget.mapTo(active.left.widget(), widget.rect().center()).y() for widget in reached(active.left)]
    backwards = [b for a, b in itertools.pairwise(heights) if b < a - 40]  # rows are as high as that
    assert len(heights) > 20 and not backwards


def test_f6_goes_from_part_to_part_and_around(active, qtbot):
    parts = (active.left, active.tabs, active.inspector, active.jobs_bar)
    active.left.setFocus()
    reached(active.left)[0].setFocus()
    seen = []
    for _ in range(len(parts)):
        press(qtbot, active, Qt.Key.Key_F6)
        seen.append(next(i for i, part in enumerate(parts) if part.isAncestorOf(active.focusWidget())))
    assert sorted(seen) == [0, 1, 2, 3] and seen[-1] == 0


def test_a_run_is_changed_and_shown_with_keys_alone(active, qtbot):
    tick = active.sources_panel.rows["M82"].tick
    tick.setFocus()
    qtbot.keyClick(tick, Qt.Key.Key_Space)
    assert active.draft.config.sources.names == ("Cen A", "M82")
    slider = active.energy_panel.resolution.slider
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert active.draft.config.energy.resolution == 0.0
    dot = active.energy_panel.resolution.dot
    dot.setFocus()
    qtbot.keyClick(dot, Qt.Key.Key_Space)
    assert active.draft.config.energy.resolution == 0.2
    press(qtbot, active, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert active.tabs.currentIndex() == 3


def test_menus_open_with_alt_and_their_letter(active, qtbot):
    press(qtbot, active, Qt.Key.Key_E, Qt.KeyboardModifier.AltModifier)
    menu = QApplication.activePopupWidget()
    assert menu is not None and menu.title() == "&Edit"
    menu.close()


def test_no_two_commands_share_a_shortcut(active):
    keys = [key.toString() for action in active.menus.actions_by_text.values() for key in action.shortcuts()]
    assert len(keys) == len(set(keys)) and {"Ctrl+K", "Ctrl+Shift+P", "Ctrl+Z", "F6"} <= set(keys)


def test_first_wrong_entry_is_one_press_away(active, qtbot):
    assert not active.top_bar.fault_button.isVisible()
    fields = [field for field in active.left.fields() if field.path in ("test.alpha", "field.seed")]
    for field in fields:
        active.draft.set(field.path, -3)
    assert active.top_bar.fault_button.text() == "2 entries to put right"
    qtbot.keyClick(active.top_bar.fault_button, Qt.Key.Key_Space)
    (seed,) = [field for field in fields if field.path == "field.seed"]
    assert active.focusWidget() is seed.box and seed.isVisible()
    type_into(qtbot, seed.box, "4")
    assert active.top_bar.fault_button.text() == "1 entry to put right"
    active.draft.set("test.alpha", 0.01)
    active.draft.set("sources.names", ())
    qtbot.keyClick(active.top_bar.fault_button, Qt.Key.Key_Space)
    assert active.sources_panel.isAncestorOf(active.focusWidget())


def test_controls_without_words_have_a_name(active):
    nameless = [
        type(widget).__name__ for widget in active.findChildren(QWidget)
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus and active.left.isAncestorOf(widget)
        and not (widget.accessibleName() or (hasattr(widget, "text") and widget.text()))
    ]
    assert not nameless
