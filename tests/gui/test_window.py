"""The window as a person uses it: clicking, typing, choosing, in a real window where there is one."""

import re
import sys
import threading
import tomllib
from dataclasses import replace

import numpy as np
import pytest
from conftest import has_sky
from hands import choose, click, type_into
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMessageBox
from synthetic import synthetic_densities, synthetic_report

from zevatron.core.config import RunConfig, read_run, run_toml, with_values
from zevatron.core.errors import InputError
from zevatron.core.sky_density import AveragedField
from zevatron.core.statistics import limit_verdict
from zevatron.gui.background.jobs import RUNNING
from zevatron.gui.files import settings
from zevatron.gui.frame.about import AboutDialog
from zevatron.gui.frame.answer import rays_details, rays_text, signed
from zevatron.gui.main_window import INSPECTOR_FROM, RESULTS, SKY, TRAINING
from zevatron.gui.panels.source_dialog import SourceDialog
from zevatron.gui.plots.projection import pixel_centre
from zevatron.gui.style import theme


def limits_known(window):
    return window.controller.is_current and not window.controller.missing_limits()


def test_first_sky_and_first_answers_come_by_themselves(window, qtbot):
    qtbot.waitUntil(lambda: limits_known(window), timeout=30_000)
    answer = window.inspector
    assert answer.fraction_part.heading.text() == "DETECTABLE FRACTION, N = 100"
    assert re.fullmatch(r"\d+\.\d\d .*\u2009%", answer.limit.value.text())
    assert answer.network.value.text() == "not trained yet"
    assert answer.source_events.value.text() == "5 of 100"
    qtbot.waitUntil(lambda: answer.p_value.value.text() != "—", timeout=5000)
    assert window.results.model.rowCount() == len(window.verdicts()) == 2


def test_run_can_be_changed_by_hand_and_the_sky_follows(window, qtbot):
    before = window.controller.density
    click(qtbot, window.energy_panel.bins.segments.button(5))
    assert window.energy_panel.range.text() == "56–353 EeV, 4 bins"
    assert window.top_bar.edited.isVisible()
    qtbot.waitUntil(lambda: window.controller.density is not before, timeout=10_000)
    assert window.controller.density.n_bins == 4
    qtbot.waitUntil(lambda: window.controller.sky.density is window.controller.density, timeout=5000)


def test_going_back_shows_the_old_answer_at_once(window, qtbot):
    qtbot.waitUntil(lambda: limits_known(window), timeout=30_000)
    text = window.inspector.limit.value.text()
    window.draft.set("test.alpha", 0.05)
    assert window.inspector.limit.value.text() == "computing…"
    window.draft.undo()
    assert window.inspector.limit.value.text() == text


@pytest.mark.parametrize("taken_back", ["before it is computed", "while it is computed"])
def test_an_edit_that_is_taken_back_leaves_the_answer_to_be_found(open_window, qtbot, monkeypatch, taken_back):
    may_go_on = threading.Event()

    def densities(config, *, progress):
        while config.energy.resolution == 0.35 and not may_go_on.wait(0.01):
            progress.check_cancelled()
        return synthetic_densities(config, progress=progress)

    limit_begun = threading.Event()

    def held_limit(*arguments, progress, **options):
        limit_begun.set()
        while not may_go_on.wait(0.01):
            progress.check_cancelled()
        return limit_verdict(*arguments, progress=progress, **options)

    monkeypatch.setattr("zevatron.core.sky_density.sky_densities", densities)
    monkeypatch.setattr("zevatron.core.statistics.limit_verdict", held_limit)
    window = open_window()
    qtbot.waitUntil(lambda: has_sky(window) and limit_begun.is_set(), timeout=20_000)
    window.draft.set("energy.resolution", 0.35)
    if taken_back == "while it is computed":
        qtbot.waitUntil(lambda: any(job.key == "density" and job.state == RUNNING for job in window.jobs.active), timeout=5000)
    window.draft.undo()
    assert not any(job.key == "density" for job in window.jobs.active)
    may_go_on.set()
    qtbot.waitUntil(lambda: limits_known(window) and bool(window.results.rows), timeout=10_000)
    window.draft.set("energy.resolution", 0.35)
    assert window.inspector.limit.value.text() == "computing…"
    window.draft.undo()
    assert re.fullmatch(r"\d+\.\d\d .*\u2009%", window.inspector.limit.value.text())


def test_sliders_redraw_the_mock_sky_at_once(window, qtbot):
    eta = window.events_panel.eta
    first = window.controller.sky
    eta.slider.setFocus()
    qtbot.keyClick(eta.slider, Qt.Key.Key_PageUp)
    qtbot.waitUntil(lambda: window.controller.sky is not first, timeout=5000)
    assert window.sky.mode == "events"
    assert window.controller.sky.eta == window.controller.choices.eta > 0.05
    click(qtbot, window.events_panel.n_events.slider)
    qtbot.waitUntil(lambda: window.controller.sky.n_events == window.controller.choices.n_events != 100, timeout=5000)
    expected = f"DETECTABLE FRACTION, N = {window.controller.choices.n_events}"
    assert window.inspector.fraction_part.heading.text() == expected


def test_raising_eta_keeps_the_other_events(window, qtbot):
    first = window.controller.sky
    window.view.set("eta", 0.06)
    qtbot.waitUntil(lambda: window.controller.sky is not first, timeout=5000)
    second = window.controller.sky
    assert (first.n_source, second.n_source) == (5, 6)
    same = np.sum(np.sort(first.events.ipix[0]) == np.sort(second.events.ipix[0]))
    common = len(np.intersect1d(first.events.ipix[0], second.events.ipix[0]))
    assert max(same, common) > 50


def test_new_sky_button_draws_another_one(window, qtbot):
    first = window.controller.sky
    window.tabs.setCurrentIndex(RESULTS)
    click(qtbot, window.top_bar.new_sky_button)
    qtbot.waitUntil(lambda: window.controller.sky is not first, timeout=5000)
    assert window.tabs.currentIndex() == SKY
    assert not np.array_equal(first.events.ipix, window.controller.sky.events.ipix)


def test_pixel_that_is_clicked_shows_its_spectrum(window, qtbot):
    sky = window.sky.map
    source = window.controller.sources()[0][0]
    x, y = sky.position(source.glon, source.glat)
    qtbot.mouseClick(sky.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(int(x), int(y)))
    assert window.inspector.spectrum_part.heading.text() == "SPECTRUM AT THIS PIXEL"
    assert "Pixel" in window.inspector.spectrum.caption.text()


def test_a_pixel_says_what_it_adds_to_the_likelihood_ratio(window, qtbot):
    window.view.set("eta", 0.2)
    qtbot.waitUntil(lambda: has_sky(window) and window.controller.sky_test is not None, timeout=20_000)
    test, events = window.controller.sky_test, window.controller.sky.events
    assert test.pixel_scores.sum() == pytest.approx(test.score)
    empty = int(np.flatnonzero(np.bincount(events.ipix[0], minlength=768) == 0)[0])
    full = int(np.bincount(events.ipix[0]).argmax())
    for pixel in (full, empty):
        x, y = window.sky.map.position(*pixel_centre(8, pixel))
        qtbot.mouseClick(window.sky.map.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(round(float(x)), round(float(y))))
        assert window.sky.selected_pixel == pixel and window.inspector.pixel_score.isVisible()
        assert window.inspector.pixel_score.value.text() == signed(test.pixel_scores[pixel], 2)
    assert window.inspector.pixel_score.value.text() == "0.00"
    window.inspector.show_pixel(None)
    assert not window.inspector.pixel_score.isVisible()


def test_the_sky_can_be_compared_with_the_other_source_of_the_run(window, qtbot):
    click(qtbot, window.sources_panel.rows["M82"].tick)
    qtbot.waitUntil(lambda: len(window.controller.densities) == 2, timeout=10_000)
    tools = window.sky.controls
    tools.others["M82"].trigger()
    qtbot.waitUntil(lambda: window.sky.content.other is not None, timeout=5000)
    choose(qtbot, tools.compare_button, "Side by side")
    assert window.sky.second.isVisible() and window.sky.second._caption == "expected from M82"
    click(qtbot, window.sources_panel.rows["M82"].tick)
    qtbot.waitUntil(lambda: len(window.controller.densities) == 1, timeout=10_000)
    qtbot.waitUntil(lambda: not window.sky.second.isVisible(), timeout=5000)


def test_second_source_gives_a_second_sky(window, qtbot):
    click(qtbot, window.sources_panel.rows["M82"].tick)
    qtbot.waitUntil(lambda: len(window.controller.densities) == 2, timeout=10_000)
    assert window.source_box.isVisible() and window.controller.density.name == "Cen A"
    window.source_box.setCurrentIndex(1)
    window.source_box.activated.emit(1)
    assert window.controller.density.name == "M82"
    qtbot.waitUntil(lambda: window.controller.sky.density.name == "M82", timeout=5000)
    assert window.sources_panel.mixture.isVisible()
    click(qtbot, window.sources_panel.rows["M82"].tick)
    qtbot.waitUntil(lambda: [d.name for d in window.controller.densities] == ["Cen A"], timeout=10_000)
    assert not window.source_box.isVisible()


def test_last_source_cannot_be_taken_away_unnoticed(window, qtbot):
    click(qtbot, window.sources_panel.rows["Cen A"].tick)
    assert window.sources_panel.fault.text() == "Choose at least one source."
    assert not window.top_bar.train_button.isEnabled()
    click(qtbot, window.sources_panel.rows["M82"].tick)
    assert not window.sources_panel.fault.isVisible() and window.top_bar.train_button.isEnabled()
    assert window.draft.config.sources.names == ("M82",)


def test_further_sources_are_found_by_any_name(window, qtbot):
    panel = window.sources_panel
    click(qtbot, panel.more)
    qtbot.keyClicks(panel.search, "m77")
    shown = [name for name, row in panel.rows.items() if row.isVisible() and not row.source.published]
    assert shown == ["NGC 1068"]


def test_own_source_in_equatorial_coordinates(window, qtbot):
    click(qtbot, window.sources_panel.add_button)
    dialog = window.findChild(SourceDialog)
    type_into(qtbot, dialog.name.box, "Mine")
    click(qtbot, dialog.frame.button("equatorial"))
    lon, lat = dialog.position_fields()
    assert lon.text == "Right ascension α"
    type_into(qtbot, lon.box, "400")
    assert lon.fault.isVisible() and not dialog.add_button.isEnabled()
    type_into(qtbot, lon.box, "187.7")
    type_into(qtbot, lat.box, "12.4")
    type_into(qtbot, dialog.distance.box, "16")
    click(qtbot, dialog.add_button)
    row = window.sources_panel.rows["Mine"]
    assert row.tick.isChecked() and row.source.glat == pytest.approx(74.5, abs=0.1)
    assert window.draft.config.sources.names == ("Cen A", "Mine")


def test_name_that_is_taken_is_refused(window, qtbot):
    click(qtbot, window.sources_panel.add_button)
    dialog = window.findChild(SourceDialog)
    type_into(qtbot, dialog.name.box, "centaurus a")
    click(qtbot, dialog.add_button)
    assert dialog.isVisible() and "taken" in dialog.fault.text()
    dialog.reject()


def test_sources_from_a_file(window, qtbot, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("# mine\nname,l_deg,b_deg,distance_Mpc\nA,10,20,5\nB,30,-40,7\n")
    window.sources_panel.import_sources(path)
    assert window.draft.config.sources.names == ("Cen A", "A", "B")
    path.write_text("name,l_deg\nA,10\n")
    window.sources_panel.import_sources(path)
    assert "missing: b_deg, distance_Mpc" in window.messages.text.text()


def test_invalid_entry_is_marked_and_stops_saving(window, qtbot, tmp_path):
    type_into(qtbot, window.test_panel.alpha.box, "3")
    assert window.test_panel.alpha.fault.isVisible()
    assert not window.top_bar.train_button.isEnabled()
    assert not window.files.save_path(tmp_path / "run.toml")
    assert "test.alpha" in window.messages.text.text() and not (tmp_path / "run.toml").exists()


def test_negative_number_of_events_is_refused(window, qtbot):
    field = window.events_panel.n_events
    type_into(qtbot, field.box, "-100")
    assert field.fault.text() == "Enter a whole number from 1 to 100000; this is −100."
    assert window.controller.choices.n_events == 100
    type_into(qtbot, window.events_panel.eta.box, "140 %")
    assert window.events_panel.eta.fault.text() == "Enter a number from 0 to 100\u2009%; this is 140\u2009%."


def test_run_file_survives_saving_and_opening(window, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "mine.toml"
    type_into(qtbot, window.energy_panel.resolution.box, "35")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    assert window.files.save()
    saved = window.draft.config
    assert read_run(path) == saved and not window.top_bar.edited.isVisible() and window.top_bar.run_name.text() == "mine"
    monkeypatch.setattr(window.files, "may_leave", lambda: True)
    window.files.new()
    assert window.draft.config == RunConfig()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    window.files.open()
    assert window.draft.config == saved
    assert settings.recent_files() == [path.resolve()]


@pytest.mark.parametrize("text, said", [
    ("seed = 'x'", "seed"), ("[energy]\nresolutoin = 0.2", "energy.resolutoin"), ("[sky", "not valid TOML"),
    ("[sources]\nnames = ['Nowhere']", "unknown source 'Nowhere'"),
])
def test_broken_run_file_is_refused_with_a_reason(window, tmp_path, text, said):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    before = window.draft.config
    window.files.open_path(path)
    assert said in window.messages.text.text() and window.messages.isVisible()
    assert window.draft.config == before


def test_edits_are_not_lost_without_a_question(window, monkeypatch):
    window.draft.set("seed", 9)
    answers = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: answers.append(box.text()))
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: box.buttons()[-1])
    monkeypatch.setattr(window.files, "save", lambda: False)
    window.files.new()
    assert answers == ["Save the changes to this run?"]


def test_theme_changes_everywhere(window, qtbot):
    def ground():
        return window.grab().toImage().pixelColor(4, 400)

    def is_like(colour, wanted):  # screens of 16 bits round
        return all(abs(a - b) <= 8 for a, b in zip(colour.getRgb(), QColor(wanted).getRgb(), strict=True))

    assert is_like(ground(), theme.DARK.panel)
    window.menus.actions_by_text["Light or dark"].trigger()
    qtbot.wait(50)
    assert is_like(ground(), theme.LIGHT.panel)
    assert settings.settings().value("theme") == "light"


def test_narrow_window_folds_the_answer_away(window, qtbot):
    window.resize(1280, 800)
    qtbot.waitUntil(lambda: window.width() < INSPECTOR_FROM)
    assert not window.inspector.isVisible() and window.top_bar.inspector_button.isVisible() and window.top_bar.answer_line.isVisible()
    click(qtbot, window.top_bar.inspector_button)
    assert window.inspector.isVisible() and window.top_bar.answer_line.isHidden()
    window.menus.actions_by_text["Reset layout"].trigger()
    assert window.inspector.isVisible() == (window.width() >= INSPECTOR_FROM)


def test_the_tools_of_the_sky_hide_no_tab(window, qtbot):
    """They stand beside the tabs where both have room, and above the sky where not."""
    bar, tools = window.tabs.tabBar(), window.sky.controls

    def are_apart():
        return not tools.rect().translated(tools.mapTo(window, QPoint())).intersects(bar.rect().translated(bar.mapTo(window, QPoint())))

    for width, is_above in ((1050, True), (1600, False), (1050, True)):
        window.resize(width, 800)
        window.answer_dock.hide()
        qtbot.waitUntil(lambda is_above=is_above: (tools.parent() is window.sky) is is_above, timeout=5000)
        qtbot.waitUntil(lambda: bar.tabRect(bar.count() - 1).right() <= bar.width() and are_apart(), timeout=5000)
        assert tools.isVisible() and window.sky.map.isVisible()


def test_long_job_can_be_cancelled_from_the_bar(open_window, qtbot, monkeypatch):
    started = threading.Event()

    def endless(config, *, progress):
        step = 0
        while True:
            step += 1
            started.set()
            progress.report("tracing 40 EV", step % 100, 100)
            threading.Event().wait(0.01)

    monkeypatch.setattr("zevatron.core.sky_density.sky_densities", endless)
    window = open_window()
    bar = window.jobs_bar
    qtbot.waitUntil(lambda: bar.main_row.isVisible() and "tracing 40 EV" in bar.main_row.words.text(), timeout=10_000)
    cancel = bar.main_row.buttons.itemAt(0).widget()
    assert cancel.text() == "Cancel"
    click(qtbot, cancel)
    assert not window.jobs.active
    qtbot.waitUntil(lambda: bar.rest.isVisible(), timeout=1000)
    assert window.inspector.limit.value.text() == "not computed"


def test_fault_of_the_engine_is_shown_and_the_window_lives_on(open_window, qtbot, monkeypatch):
    def fails(config, *, progress):
        raise InputError("the field file has text in it")

    monkeypatch.setattr("zevatron.core.sky_density.sky_densities", fails)
    window = open_window()
    qtbot.waitUntil(lambda: window.messages.isVisible(), timeout=10_000)
    assert window.messages.text.text() == "the field file has text in it"
    click(qtbot, window.messages.close_button)
    assert not window.messages.isVisible()


@pytest.mark.parametrize("where", ["slot", "thread"])
def test_exceptions_nobody_caught_are_shown_and_logged(new_window, qtbot, where):
    window = new_window

    def broken():
        raise ValueError("unforeseen")

    if where == "thread":
        thread = threading.Thread(target=broken)
        thread.start()
        thread.join()
    else:
        try:
            broken()
        except ValueError:
            sys.excepthook(*sys.exc_info())  # what PySide does with an exception in a slot
    qtbot.waitUntil(lambda: window.messages.isVisible(), timeout=2000)
    assert "unforeseen" in window.messages.text.text()
    assert "ValueError: unforeseen" in window.jobs_bar.log.text.toPlainText()
    click(qtbot, window.messages.copy_button)
    assert "Traceback" in QGuiApplication.clipboard().text()


def test_layout_and_last_run_survive_a_restart(open_window, densities, qtbot):
    first = open_window()
    qtbot.waitUntil(lambda: first.controller.density is not None, timeout=20_000)
    if first.screen().availableSize().width() < 1500:
        pytest.skip("needs a screen of 1500 pixels")
    first.draft.set("energy.resolution", 0.1)
    first.view.set_many({"eta": 0.2, "n_events": 70})
    first.resize(1500, 900)
    qtbot.wait(200)  # until the panels have followed the window
    first.workspace.resizeDocks([first.question_dock], [360], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: first.left.width() > 320, timeout=5000)
    sizes = first.left.width(), first.inspector.width()
    first.close()
    second = open_window(config=None)
    assert second.draft.config.energy.resolution == 0.1
    assert (second.controller.choices.eta, second.controller.choices.n_events) == (0.2, 70)
    assert (second.left.width(), second.inspector.width()) == pytest.approx(sizes, abs=3)


def test_damaged_session_begins_anew(open_window, densities, own_settings):
    own_settings.setValue("session/run", "[energy]\nresolution = 7")
    own_settings.setValue("session/eta", "much")
    assert open_window(config=None).draft.config == RunConfig()


def test_pages_before_the_first_training_teach(window, qtbot):
    window.tabs.setCurrentIndex(TRAINING)
    assert window.training_view.empty.isVisible() and window.training_view.empty.train.isEnabled()


def test_everything_can_be_exported(new_window, qtbot, tmp_path):
    window = new_window
    qtbot.waitUntil(lambda: limits_known(window) and bool(window.results.rows), timeout=30_000)
    for kind, name in (("sky_fits", "s.fits"), ("sky_h5", "s.h5"), ("results_csv", "e.csv"), ("results_pdf", "r.pdf"), ("sky_png", "s.png")):
        window.exports.write(kind, tmp_path / name)
    wanted = {"s.fits", "s.h5", "e.csv", "r_roc.pdf", "r_eta.pdf", "r_power.pdf", "r_scores.pdf", "s.png"}
    qtbot.waitUntil(lambda: wanted <= {path.name for path in tmp_path.iterdir()}, timeout=60_000)
    assert "likelihood_ratio" in (tmp_path / "e.csv").read_text()


def test_export_of_nothing_says_what_to_do(new_window, tmp_path):
    for kind, words in (("training_pdf", "train a network"), ("field_csv", "open the Field tab first")):
        new_window.exports.write(kind, tmp_path / "nothing")
        assert f"nothing to export yet; {words}" in new_window.messages.text.text()
    assert not list(tmp_path.glob("nothing*"))


def test_about_copies_the_versions(window, qtbot):
    window.menus.actions_by_text["About Zevatron"].trigger()
    dialog = window.findChild(AboutDialog)
    click(qtbot, dialog.copy_button)
    text = QGuiApplication.clipboard().text()
    assert "zevatron" in text and "numpy" in text
    dialog.accept()


def test_session_holds_a_run_file(window, own_settings):
    window.session.end()
    assert tomllib.loads(own_settings.value("session/run")) == tomllib.loads(run_toml(window.draft.config, comments=False))


def test_preset_button(window, qtbot):
    click(qtbot, window.network_panel.presets.button("quick"))
    assert window.draft.config.sky.nside == 16
    assert "minutes" in window.network_panel.summary.text()
    assert with_values(window.draft.config, {}) == window.draft.config


def test_answer_says_how_many_rays_the_sky_rests_on(window):
    answer = window.inspector
    assert answer.rays.isVisible()
    assert answer.rays.text() == (
        "2\u202f500 rays a rigidity, at least 120; dimmed below 0.1: 20.0\u2009% of the nuclei, 1.2\u2009% of the flux."
    )
    assert "weighted by the magnification: 6000 effective rays" in answer.rays.toolTip().replace("\n", " ")


def test_answer_names_the_sources_of_a_mixture_and_the_fields_left_out():
    fields = AveragedField("jf12, realisation 0", 0.5), AveragedField("jf12, realisation 1", 0.5, arrives=False)
    bright = replace(synthetic_report("Cen A"), magnification=np.ones(3))
    assert rays_text(bright, "edge") == "2\u202f500 rays a rigidity, at least 120; nowhere dimmed below 0.1."
    report = replace(synthetic_report("Cen A"), fields=fields)
    text = rays_text(report, "flux", name_source=True)
    assert text.startswith("Cen A: 6\u202f000 rays a rigidity") and text.endswith("1 of 2 fields left out: nothing arrives.")
    assert "jf12, realisation 1" in rays_details(report).splitlines()[-1]
