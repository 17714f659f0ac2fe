"""The question on the left: what was changed, the way back, undo, complaints while typing."""

from hands import click, press, type_into
from PySide6.QtCore import QPoint, Qt

from zevatron.core.config import RunConfig, with_values


def undo(qtbot, window):
    press(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def start_anew(window, config=None):
    window.draft.load(config or RunConfig())


def test_dot_says_what_was_changed_and_goes_back(window, qtbot):
    start_anew(window)
    field = window.energy_panel.resolution
    assert not field.dot.isVisible()
    type_into(qtbot, field.box, "35")
    assert field.dot.isVisible() and field.dot.toolTip() == "Changed. Press for the default: 20\u2009%"
    click(qtbot, field.dot)
    assert window.draft.config.energy.resolution == 0.2 and not field.dot.isVisible()
    undo(qtbot, window)
    assert field.box.text() == "35\u2009%" and field.dot.isVisible()


def test_dot_of_a_choice_stands_behind_the_heading(window, qtbot):
    start_anew(window)
    field = window.emission_panel.model
    window.draft.set("emission.model", "power_law")
    assert field.dot.isVisible() and "KKOS" in field.dot.toolTip()
    assert abs(field.dot.mapTo(window, QPoint()).y() - window.emission_panel.heading.mapTo(window, QPoint()).y()) < 8
    click(qtbot, field.dot)
    assert window.draft.config.emission.model == "kkos"


def test_changes_behind_a_word_are_seen_from_outside(window, qtbot):
    start_anew(window)
    fold = window.emission_panel.more
    assert fold.text() == "More ▾"
    window.draft.set("propagation.ebl", "gilmore12")
    assert fold.text() == "• More ▾"
    click(qtbot, fold)
    assert fold.text() == "More ▴"
    click(qtbot, fold)
    window.draft.reset(["propagation.ebl"])
    assert fold.text() == "More ▾"


def test_every_changed_setting_is_marked_somewhere(window, qtbot):
    """What differs from the defaults has a dot, seen or behind a fold."""
    from zevatron.gui.panels.form import Field

    values = {"energy.resolution": 0.1, "test.beta": 0.1, "sky.nside": 16, "field.seed": 4, "training.epochs": 7, "network.kind": "cnn", "seed": 3}
    start_anew(window, with_values(RunConfig(), values))
    fields = [field for field in window.left.findChildren(Field) if field.draft is window.draft]
    assert {field.path for field in fields if not field.dot.isHidden()} == set(values)


def test_undo_names_what_it_takes_back_and_follows_the_hand(window, qtbot):
    start_anew(window)
    action = window.menus.actions_by_text["Undo"]
    assert not action.isEnabled()
    type_into(qtbot, window.energy_panel.resolution.box, "30")
    type_into(qtbot, window.events_panel.n_events.box, "70")
    assert action.text() == "Undo: Number N"
    undo(qtbot, window)
    assert window.controller.choices.n_events == 100 and action.text() == "Undo: Uncertainty ΔE/E"
    undo(qtbot, window)
    assert window.draft.config == RunConfig() and not action.isEnabled()
    redo = window.menus.actions_by_text["Redo"]
    redo.trigger()
    redo.trigger()
    assert window.draft.config.energy.resolution == 0.3 and window.controller.choices.n_events == 70


def test_undo_in_a_box_that_is_half_typed_stays_in_the_box(window, qtbot):
    start_anew(window)
    type_into(qtbot, window.energy_panel.resolution.box, "30")
    box = window.test_panel.alpha.box
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "0.0")
    undo(qtbot, window)
    assert window.draft.config.energy.resolution == 0.3


def test_entry_is_looked_at_while_it_is_typed(window, qtbot):
    start_anew(window)
    field = window.energy_panel.resolution
    field.box.setFocus()
    field.box.selectAll()
    qtbot.keyClicks(field.box, "70")
    qtbot.waitUntil(field.fault.isVisible, timeout=2000)
    assert field.fault.text() == "Enter a number from 0 to 50\u2009%; this is 70\u2009%." and field.box.property("invalid")
    assert window.draft.errors == {}  # not yet an entry
    qtbot.keyClick(field.box, Qt.Key.Key_Escape)
    assert field.box.text() == "20\u2009%" and not field.fault.isVisible()
    qtbot.keyClicks(field.box, "0")
    qtbot.keyClick(field.box, Qt.Key.Key_Return)


def test_back_to_the_defaults_is_one_step(window, qtbot):
    changed = with_values(RunConfig(), {"energy.resolution": 0.1, "field.model": "none", "seed": 5})
    start_anew(window, changed)
    window.menus.actions_by_text["Back to the defaults"].trigger()
    assert window.draft.config == RunConfig()
    undo(qtbot, window)
    assert window.draft.config == changed


def test_default_is_marked_in_lists_sliders_and_buttons(window, qtbot):
    model = window.field_panel.model.box
    assert model.itemDelegate().value == "jf12"
    buttons = window.energy_panel.bins.segments
    assert [n for n in (5, 10, 20) if buttons.button(n).property("standard")] == [20]
    assert "Default: 20\u2009%" in window.energy_panel.resolution.toolTip()
    slider = window.energy_panel.resolution.slider
    assert slider._default == round(0.2 / 0.5 * slider.maximum())
