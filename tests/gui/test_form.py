"""Fields drawn from the settings: both directions of every binding, bounds, complaints."""

import pytest
from hands import type_into
from PySide6.QtCore import Qt

from zevatron.core.config import RunConfig, settings_of
from zevatron.gui.panels.field import EnsembleField, ParametersField
from zevatron.gui.panels.form import (
    ChoiceField,
    ListField,
    NumberField,
    NumberFormat,
    SliderField,
    TextField,
    TickField,
    field_for,
    specification,
)
from zevatron.gui.panels.method import preset_of, preset_values
from zevatron.gui.panels.observatory import ObservatoryPanel
from zevatron.gui.panels.physics import BinsField, EnergyPanel
from zevatron.gui.state.draft import Draft


@pytest.fixture
def draft():
    return Draft(RunConfig())


def shown(qtbot, widget):
    qtbot.addWidget(widget)
    widget.show()
    return widget


@pytest.mark.parametrize("path", [path for path, spec in settings_of() if path != "sources.custom"])
def test_every_setting_has_a_field_that_shows_it(qtbot, draft, path):
    field = shown(qtbot, field_for(draft, path))
    spec = specification(draft, path)
    assert spec.metadata["help"].split()[0] in field.toolTip()
    assert type(field) in {ChoiceField, TextField, TickField, ListField, NumberField, ParametersField, EnsembleField}
    if type(field) is ChoiceField:
        assert field.box.currentData() == draft.value(path)
    elif type(field) in (NumberField, ListField):
        assert field.format.read(field.box.text()) == pytest.approx(draft.value(path))


def test_number_goes_to_the_draft_and_back(qtbot, draft):
    field = shown(qtbot, NumberField(draft, "energy.threshold"))
    type_into(qtbot, field.box, "40")
    assert draft.config.energy.threshold == 40.0
    draft.set("energy.threshold", 45.5)
    assert field.box.text() == "45.5\u2009EeV"


@pytest.mark.parametrize("text", ["0,3", "-1", "70", "many", ""])
def test_bad_number_is_marked_and_says_what_to_do(qtbot, draft, text):
    field = shown(qtbot, NumberField(draft, "energy.resolution", percent=True))
    type_into(qtbot, field.box, text)
    assert draft.config == RunConfig()
    assert field.fault.isVisible() and field.box.property("invalid")
    assert "Enter a number from 0 to 50\u2009%" in field.fault.text()
    assert field.box.text() == (text.replace("-", "\u2212") + "\u2009%" if text in ("-1", "70") else text)
    type_into(qtbot, field.box, "30 %")
    assert draft.config.energy.resolution == 0.3
    assert not field.fault.isVisible() and not field.box.property("invalid")


def test_escape_brings_the_number_back(qtbot, draft):
    field = shown(qtbot, NumberField(draft, "energy.threshold"))
    field.box.setFocus()
    field.box.selectAll()
    qtbot.keyClicks(field.box, "99")
    qtbot.keyClick(field.box, Qt.Key.Key_Escape)
    assert field.box.text() == "56\u2009EeV"


def test_list_of_numbers(qtbot, draft):
    field = shown(qtbot, field_for(draft, "events.n_events"))
    type_into(qtbot, field.box, "30; 60,90")
    assert draft.config.events.n_events == (30, 60, 90)
    type_into(qtbot, field.box, "30, -5")
    assert field.fault.text() == "Enter a whole number from 1 to 100000; this is \u22125."


def test_slider_and_number_move_together(qtbot, draft):
    panel = shown(qtbot, EnergyPanel(draft))
    field = panel.resolution
    assert isinstance(field, SliderField)
    field.slider.setValue(field.slider.maximum())
    assert draft.config.energy.resolution == 0.5 and field.box.text() == "50\u2009%"
    type_into(qtbot, field.box, "25")
    assert field.slider.value() == field.slider.maximum() // 2
    type_into(qtbot, field.box, "99")
    assert field.slider.value() == field.slider.maximum() // 2  # the last valid place


def test_choice_and_tick(qtbot, draft):
    field = shown(qtbot, ChoiceField(draft, "field.model"))
    assert field.box.currentText() == "JF12"
    field.box.activated.emit(field.box.findData("none"))
    assert draft.config.field.model == "none"
    draft.set("field.model", "pt11_bss_halo")
    assert field.box.currentData() == "pt11_bss_halo"
    tick = shown(qtbot, TickField(draft, "sources.mixture"))
    qtbot.mouseClick(tick.box, Qt.MouseButton.LeftButton)
    assert draft.config.sources.mixture and tick.box.isChecked()


def test_bins_per_decade(qtbot, draft):
    field = shown(qtbot, BinsField(draft))
    qtbot.mouseClick(field.segments.button(5), Qt.MouseButton.LeftButton)
    assert draft.config.energy.bin_width == 0.2 and draft.config.energy.bin_count == 4
    type_into(qtbot, field.other, "8")
    assert draft.config.energy.bin_width == 0.125
    assert not any(field.segments.button(n).isChecked() for n in (5, 10, 20))
    type_into(qtbot, field.other, "0")
    assert field.fault.text() == "Enter from 1 to 100 bins per decade." and field.other.property("invalid")
    draft.set("energy.bin_width", 0.1)
    assert field.segments.button(10).isChecked() and field.other.text() == "" and not field.fault.isVisible()


def test_range_follows_the_bins(qtbot, draft):
    panel = shown(qtbot, EnergyPanel(draft))
    assert panel.range.text() == "56–315 EeV, 15 bins"
    draft.set_many({"energy.n_bins": 1, "energy.bin_width": 0.05})
    assert panel.range.text().endswith("1 bin")


def test_fields_of_a_closed_form_listen_no_more(qtbot, draft):
    field = NumberField(draft, "seed")
    field.deleteLater()
    qtbot.waitUntil(lambda: not draft._listeners)
    draft.set("seed", 5)


@pytest.mark.parametrize("preset", ["quick", "paper"])
def test_presets(draft, preset):
    draft.set_many(preset_values(preset))
    assert preset_of(draft.config) == preset
    assert draft.config.events.n_events == RunConfig().events.n_events
    draft.set("training.epochs", 33)
    assert preset_of(draft.config) is None


def test_numbers_survive_writing_and_reading(draft):
    for path, spec in settings_of():
        kind = NumberFormat(spec)
        value = draft.value(path)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            assert kind.read(kind.write(value)) == value


def test_exposure_shows_what_it_needs(qtbot, draft):
    panel = shown(qtbot, ObservatoryPanel(draft))
    latitude, weight, choice = panel.needs["latitude"], panel.needs["ta_exposure"], panel.exposure
    assert not (latitude.isVisible() or weight.isVisible() or panel.file.isVisible() or panel.curve.isVisible())
    choice.box.setCurrentIndex(choice.box.findText("Own site"))
    choice.box.activated.emit(choice.box.currentIndex())
    assert draft.config.observatory.exposure == "site" and latitude.isVisible() and not weight.isVisible()
    type_into(qtbot, latitude.box, "-35.2")
    assert draft.config.observatory.latitude == -35.2
    draft.set("observatory.exposure", "map")
    assert panel.file.isVisible() and not latitude.isVisible()
    assert "observatory.exposure" in draft.errors and choice.fault.isVisible()
    draft.set("observatory.file", "exposure.fits")
    assert draft.config.observatory.exposure == "map" and not choice.fault.isVisible()
