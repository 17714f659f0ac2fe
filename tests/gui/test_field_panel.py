"""The field in the form: what is shown for which model, parameters and weights as a person edits them."""

import pytest
from hands import click, type_into
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from zevatron.core.config import RunConfig, with_values
from zevatron.core.galactic_field import registry
from zevatron.gui.panels.field import FieldPanel
from zevatron.gui.state.draft import Draft
from zevatron.gui.state.labels import with_families

RANDOM = "jf12"


@pytest.fixture
def draft():
    return Draft(with_values(RunConfig(), {"field.model": "jf12_regular"}))


@pytest.fixture
def panel(qtbot, draft):
    made = FieldPanel(draft)
    qtbot.addWidget(made)
    made.show()
    made.more.set_open(True)
    return made


def choose(qtbot, field, value):
    """Choose an entry of a drop-down list with the keyboard, as far down as it is."""
    box = field.box
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.count()):
        if box.currentData() == value:
            return
        qtbot.keyClick(box, Qt.Key.Key_Down)
    raise AssertionError(f"{value} cannot be reached")


def choose_at_once(field, value):
    """Choose an entry without passing those between, as the mouse does."""
    index = field.box.findData(value)
    assert index >= 0, f"no entry {value}"
    field.box.setCurrentIndex(index)
    field.box.activated.emit(index)


def opened(qtbot, field):
    click(qtbot, field.button)
    qtbot.waitExposed(field.dialog)
    return field.dialog


def test_models_stand_under_their_family():
    entries = [("a", "One, first"), ("n", "No field"), ("b", "One Planck, first"), ("c", "Two")]
    one = [(None, "One"), ("a", "One, first"), ("b", "One Planck, first")]
    assert list(with_families(entries)) == [*one, (None, ""), ("n", "No field"), ("c", "Two")]


def test_headings_cannot_be_chosen_and_every_model_can(qtbot, panel, draft):
    box = panel.model.box
    headings = [i for i in range(box.count()) if box.itemData(i) is None]
    assert "PT11" in [box.itemText(i) for i in headings]
    assert headings and not any(box.model().item(i).flags() & Qt.ItemFlag.ItemIsSelectable for i in headings)
    for model in registry.FIELD_MODELS:
        choose(qtbot, panel.model, model)
        assert draft.config.field.model == model


def test_only_what_matters_is_shown(qtbot, panel, draft):
    seed = panel.random["field.seed"]
    assert panel.parameters.isVisible() and not seed.isVisible() and not panel.file.isVisible()
    draft.set("field.model", RANDOM)
    assert all(field.isVisible() for field in panel.random.values())
    draft.set("field.model", "none")
    assert not seed.isVisible() and not panel.parameters.isVisible()
    draft.set("field.ensemble", (RANDOM,))
    assert seed.isVisible()  # it is averaged with one that has a random part
    assert panel.shape["radius"].isVisible() and not panel.shape["spread"].isVisible()
    choose(qtbot, panel.shape["shape"], "fisher")
    assert panel.shape["spread"].isVisible() and not panel.shape["radius"].isVisible()


def test_imported_lens_asks_for_its_folder_and_is_averaged_with_nothing(qtbot, panel, draft, monkeypatch):
    draft.set_many({"field.ensemble": ("none",), "field.weights": (1.0, 2.0)})
    assert panel.ensemble.isVisible()
    choose(qtbot, panel.model, "imported")
    assert panel.file.isVisible() and not panel.parameters.isVisible()
    assert panel.model.fault.text().startswith("Expected the folder of a lens")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *arguments: "/lenses/mine")
    folder, file = panel.file.buttons
    click(qtbot, folder)
    assert (draft.config.field.model, draft.config.field.file) == ("imported", "/lenses/mine") and not draft.errors
    assert (draft.config.field.ensemble, draft.config.field.weights) == ((), ()) and not panel.ensemble.isVisible()
    assert not panel.model.fault.isVisible()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *arguments: ("/samples/src_sample.txt.xz", ""))
    click(qtbot, file)
    assert draft.config.field.file == "/samples/src_sample.txt.xz"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *arguments: ("", ""))  # cancelled
    click(qtbot, file)
    assert draft.config.field.file == "/samples/src_sample.txt.xz"


def test_parameters_are_edited_marked_and_reset(qtbot, panel, draft):
    dialog = opened(qtbot, panel.parameters)
    assert list(dialog.rows) == [parameter.name for parameter in registry.model_parameters("jf12_regular")]
    made = dialog.rows["x_strength"]
    assert made.box.text().startswith("4.6") and not made.is_changed and not made.reset_button.isVisible()
    type_into(qtbot, made.box, "3.5")
    assert draft.config.field.parameters == {"x_strength": 3.5}
    assert made.dot.text() == "●" and made.published.text().startswith("published 4.6")
    assert panel.parameters.value.text() == "1 changed" and dialog.status.text().startswith("1 of ")
    type_into(qtbot, dialog.rows["arm_strengths"].box, "0,0,0,0, 0,0,0,0")
    assert draft.config.field.parameters["arm_strengths"] == (0.0,) * 8
    click(qtbot, made.reset_button)
    assert list(draft.config.field.parameters) == ["arm_strengths"] and not made.is_changed
    click(qtbot, dialog.reset_button)
    assert draft.config.field.parameters == {} and dialog.status.text() == "all as published"
    assert panel.parameters.value.text() == "as published" and not dialog.reset_button.isEnabled()
    draft.undo()
    assert dialog.rows["arm_strengths"].is_changed


@pytest.mark.parametrize(("name", "text", "words"), [
    ("x_strength", "strong", "strong"), ("x_strength", "nan", "nan"), ("arm_strengths", "1, 2", "8 numbers"),
    ("arm_strengths", "1,2,3,4,5,6,7,x", "a finite number (µG), received 'x'"),
])
def test_a_bad_parameter_is_marked_at_its_row_until_it_is_put_right(qtbot, panel, draft, name, text, words):
    dialog = opened(qtbot, panel.parameters)
    made = dialog.rows[name]
    type_into(qtbot, made.box, text)
    assert made.fault.isVisible() and words in made.fault.text() and made.box.property("invalid")
    assert draft.config.field.parameters == {}
    assert not any(row.fault.isVisible() for row in dialog.rows.values() if row is not made)
    click(qtbot, made.reset_button)
    assert not draft.errors and not made.fault.isVisible() and not made.box.property("invalid")
    type_into(qtbot, made.box, text)
    click(qtbot, dialog.reset_button)
    assert not draft.errors and not made.is_changed


def test_another_model_keeps_the_parameters_it_has_in_one_step(panel, draft):
    draft.set_many({"field.parameters.x_strength": 3.0, "field.parameters.pitch": 10.0, "field.ensemble": ("pt11_bss_halo",),
                    "field.weights": (2.0, 1.0)})
    draft.set("field.parameters.x_core", "bad")
    before = draft.config
    choose_at_once(panel.model, "pt11_bss_halo")
    field = draft.config.field
    assert (field.model, field.parameters, field.ensemble, field.weights) == ("pt11_bss_halo", {"pitch": 10.0}, (), ())
    assert not draft.errors
    draft.undo()
    assert draft.config == before
    choose_at_once(panel.model, RANDOM)  # of the same class: all stay
    assert draft.config.field.parameters == {"x_strength": 3.0, "pitch": 10.0} and draft.config.field.ensemble == ("pt11_bss_halo",)
    choose_at_once(panel.model, "none")
    assert draft.config.field.parameters == {} and not draft.errors


def test_models_are_ticked_and_weighted(qtbot, panel, draft):
    before = len(draft._listeners)
    dialog = opened(qtbot, panel.ensemble)
    first, other, none = (dialog.rows[name] for name in ("jf12_regular", "pt11_ass_halo", "none"))
    assert first.tick.isChecked() and not first.tick.isEnabled() and not other.weight.isVisible()
    click(qtbot, other.tick)
    assert draft.config.field.ensemble == ("pt11_ass_halo",) and draft.config.field.weights == ()
    assert other.share.text() == first.share.text() == "50.0\u2009%"
    type_into(qtbot, other.weight, "3")
    assert draft.config.field.weights == (1.0, 3.0) and other.share.text() == "75.0\u2009%"
    click(qtbot, none.tick)
    assert draft.config.field.ensemble == ("none", "pt11_ass_halo") and draft.config.field.weights == (1.0, 1.0, 3.0)
    assert panel.ensemble.value.text() == "2 more models"
    click(qtbot, none.tick)
    type_into(qtbot, other.weight, "-1")
    assert other.weight.property("invalid") and "at least 0" in dialog.fault.text()
    assert draft.config.field.weights == (1.0, 3.0)
    type_into(qtbot, other.weight, "1")
    assert not draft.errors and draft.config.field.weights == () and not dialog.fault.isVisible()
    click(qtbot, dialog.reset_button)
    assert draft.config.field.ensemble == () and panel.ensemble.value.text() == "no other"
    click(qtbot, dialog.done_button)
    qtbot.waitUntil(lambda: len(draft._listeners) == before)
