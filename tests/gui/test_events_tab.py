"""Measured events in the window: opened, dropped, tested, hidden and unblinded, judged by networks, exported."""

import json
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import training_process
from conftest import has_sky
from hands import by_script, choose, click, type_into
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from synthetic import synthetic_densities

from zevatron.core.config import RunConfig, with_values
from zevatron.core.mock_events import event_directions, event_energies
from zevatron.core.network.files import RECORD
from zevatron.core.observed.lists import read_event_list
from zevatron.core.progress import Progress
from zevatron.core.sky import galactic_to_equatorial, lonlat
from zevatron.core.sky_density.exposed import exposed
from zevatron.core.statistics.confidence import skies_with_fraction
from zevatron.core.storage.provenance import run_record
from zevatron.core.storage.tables import read_table, write_table
from zevatron.core.training.run_folder import RunFolder
from zevatron.gui.background import engine
from zevatron.gui.files.settings import runs_folder
from zevatron.gui.main_window import EVENTS, SKY
from zevatron.gui.state import observed
from zevatron.gui.state.skies import sampler_of
from zevatron.gui.tasks import events
from zevatron.gui.tasks.events_dialog import settings_for

SHARED = Path("/work/shared/data")
N, PLANTED = 60, 0.4


def exposed_densities(config, **options):
    return tuple(exposed(density, config.observatory) for density in synthetic_densities(config, **options))


def planted_list(path, config, seed=3, eta=PLANTED):
    """Write a list with events of the first source of a run, as an observatory would."""
    density, rng = exposed_densities(config)[0], np.random.default_rng(seed)
    events = next(skies_with_fraction(sampler_of(density), N, eta, 1, seed, "measured"))
    ra, dec = galactic_to_equatorial(*lonlat(event_directions(events, rng)[0]))
    write_table(path, {"ra_deg": ra, "dec_deg": dec, "energy_EeV": event_energies(events, density, rng)[0]})
    return path


@pytest.fixture
def listed(tmp_path, small_run):
    """A list whose events come from Cen A more often than chance."""
    return planted_list(tmp_path / "sky.csv", small_run)


@pytest.fixture
def events_window(open_window, monkeypatch, qtbot):
    """A window whose tests take a moment."""
    monkeypatch.setattr("zevatron.core.sky_density.sky_densities", exposed_densities)
    window = open_window()
    window.welcome.hide()
    window.events.choices.set_many({"skies": 1000, "belt_skies": 100, "scale_error": 0.0})
    qtbot.waitUntil(lambda: has_sky(window), timeout=30_000)
    return window


def open_list(window, qtbot, *paths, blind=False, adopt=True):
    """Open lists as a person does: see the dialog, tick, press the button."""
    window.events.open_paths(paths)
    qtbot.waitUntil(lambda: window.events._dialog is not None, timeout=30_000)
    dialog = window.events._dialog
    if blind:
        click(qtbot, dialog.blind)
    if not adopt:
        click(qtbot, dialog.adopt)
    click(qtbot, dialog.open_button)
    qtbot.waitUntil(lambda: window.events.selection is not None or bool(window.events.fault), timeout=30_000)


def wait_for_result(window, qtbot):
    qtbot.waitUntil(lambda: not window.events.is_running, timeout=60_000)


def cells(view):
    return [[view.events.index(row, column).data() for column in range(8)] for row in range(view.events.rowCount())]


def answer(monkeypatch, text):
    """Press the button of a question that reads ``text``; returns the questions."""
    asked = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: asked.append(box.text()))
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: next(made for made in box.buttons() if made.text() == text))
    return asked


def test_a_list_is_opened_tested_and_written(events_window, qtbot, listed, tmp_path, monkeypatch):
    window, tab = events_window, events_window.events_tab
    window.menus.actions_by_text["Events"].trigger()
    assert window.tabs.currentIndex() == EVENTS and tab.open.isVisible() and not tab.test.isVisible()
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(listed)], ""))
    window.menus.actions_by_text["Open events…"].trigger()
    qtbot.waitUntil(lambda: window.events._dialog is not None, timeout=30_000)
    dialog = window.events._dialog
    said = " ".join(made.text() for made in dialog.findChildren(type(dialog.cut)))
    assert "60 events" in said and "ra_deg" in said and "EeV" in said and "equatorial (ICRS)" in said
    assert dialog.cut.text() == "60 events from 56 EeV on." and not dialog.adopt.isVisible()
    click(qtbot, dialog.open_button)
    qtbot.waitUntil(lambda: window.events.selection is not None, timeout=30_000)
    assert tab.name.text() == "sky.csv" and "Not tested yet" in tab.view.statement.text() and len(cells(tab.view)) == N
    shown = window.sky.content.shown("measured", 12.0)
    assert window.sky.mode == "measured" and len(shown.dots) == N and shown.dots.probability is None
    assert not tab.export.isEnabled()
    click(qtbot, tab.test)
    assert tab.cancel.isVisible() and not tab.test.isEnabled()
    wait_for_result(window, qtbot)
    finding = window.events.observation.findings.sources[0]
    assert finding.local_p < 0.01 and finding.eta.low < PLANTED < finding.eta.upper
    assert tab.view.statement.text().startswith("Cen A: η = ") and "local p" in tab.view.statement.text() and not tab.cancel.isVisible()
    rows = cells(tab.view)
    probabilities = [float(row[0]) for row in rows]
    assert probabilities == sorted(probabilities, reverse=True) and probabilities[0] > 0.5
    tab.view.event_table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    energies = [float(row[1]) for row in cells(tab.view)]
    assert energies == sorted(energies)
    assert np.array_equal(window.sky.content.shown("measured", 12.0).dots.probability, finding.posterior)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "out"), ""))
    choose(qtbot, tab.export, "Events as CSV…")
    qtbot.waitUntil((tmp_path / "out.csv").is_file, timeout=20_000)
    np.testing.assert_allclose(read_table(tmp_path / "out.csv").floats("p_CenA"), finding.posterior)
    choose(qtbot, tab.export, "Sources as LaTeX…")
    qtbot.waitUntil((tmp_path / "out.tex").is_file, timeout=20_000)
    text = (tmp_path / "out.tex").read_text()
    assert "Cen A & " in text and f"${finding.eta.upper:.4g}$" in text
    (tmp_path / "out.csv").unlink()
    choose(qtbot, tab.export, "Sources as CSV…")
    qtbot.waitUntil((tmp_path / "out.csv").is_file, timeout=20_000)
    table = read_table(tmp_path / "out.csv")
    assert table.columns["source"] == ("Cen A",) and table.floats("score")[0] == finding.score
    assert [table.floats(name)[0] for name in ("eta", "eta_low", "eta_high", "eta_upper")] == [
        finding.eta.best, finding.eta.low, finding.eta.high, finding.eta.upper
    ]
    window.exports.write("events_json", tmp_path / "r.json")
    window.exports.write("events_png", tmp_path / "r.png")
    qtbot.waitUntil((tmp_path / "r.png").is_file, timeout=30_000)
    assert json.loads((tmp_path / "r.json").read_text())["analysis"]["sources"][0]["score"] == finding.score
    # another run has another result, and the old one is there again when one goes back
    type_into(qtbot, tab.panel.selection.threshold.box, "70")
    qtbot.waitUntil(lambda: window.events.selection.n_events < N, timeout=20_000)
    assert window.events.observation is None and "Not tested yet" in tab.view.statement.text()
    type_into(qtbot, tab.panel.selection.threshold.box, "56")
    qtbot.waitUntil(lambda: window.events.observation is not None, timeout=20_000)
    click(qtbot, tab.view.on_sky)
    assert window.tabs.currentIndex() == SKY


def test_several_sources_have_a_global_p_value_and_each_its_events(events_window, qtbot, listed):
    window, tab = events_window, events_window.events_tab
    click(qtbot, window.sources_panel.rows["M82"].tick)
    qtbot.waitUntil(lambda: len(window.controller.densities) == 2, timeout=20_000)
    open_list(window, qtbot, listed)
    click(qtbot, tab.test)
    wait_for_result(window, qtbot)
    assert "Global p over the 2 sources scanned" in tab.view.overall.text()
    first, second = window.events.observation.findings.sources
    assert first.local_p < second.local_p and tab.view.statement.text().startswith("Cen A")
    tab.view.source_table.selectRow(1)
    assert window.controller.density.name == "M82" and tab.view.statement.text().startswith("M82")
    assert np.array_equal(window.sky.content.shown("measured", 12.0).dots.probability, second.posterior)


def test_dropped_lists_are_told_from_tables_of_sources(events_window, qtbot, listed, tmp_path):
    window = events_window
    sources = tmp_path / "own.csv"
    sources.write_text("name,l_deg,b_deg,distance_Mpc\nMine,10,20,5\n")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in (listed, sources)])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(300, 300), Qt.DropAction.CopyAction, data, buttons, keys))
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, data, buttons, keys))
    assert window.draft.config.sources.names == ("Cen A", "Mine")
    qtbot.waitUntil(lambda: window.events._dialog is not None, timeout=30_000)
    window.events._dialog.reject()
    assert not window.events.lists


def test_a_list_that_cannot_be_right_is_refused_with_the_row(events_window, qtbot, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("ra,dec,energy\n10,20,60\n10,120,70\n")
    events_window.events.open_paths([bad])
    qtbot.waitUntil(events_window.messages.isVisible, timeout=30_000)
    assert "row 2 is off the sky" in events_window.messages.text.text() and not events_window.events.lists


def test_events_out_of_sight_say_what_to_do_and_can_be_put_right(events_window, qtbot, listed):
    window, tab = events_window, events_window.events_tab
    window.draft.set("observatory.exposure", "auger_vertical")
    qtbot.waitUntil(lambda: has_sky(window), timeout=20_000)
    open_list(window, qtbot, listed)
    assert "sees nothing" in tab.panel.selection.fault.text() and tab.chip.text().endswith("Cannot be tested") and not tab.test.isEnabled()
    box = tab.panel.selection.exposure.box
    box.setCurrentIndex(box.findData("uniform"))
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: window.events.selection is not None, timeout=20_000)
    assert not tab.panel.selection.fault.isVisible() and tab.test.isEnabled()


def test_a_long_test_is_cancelled(events_window, qtbot, listed):
    window, tab = events_window, events_window.events_tab
    open_list(window, qtbot, listed)
    window.events.choices.set("skies", 20_000_000)
    ended = []
    click(qtbot, tab.test)
    qtbot.waitUntil(lambda: bool(tab.status.text()) and tab.progress.value() >= 0 and "skies" in tab.status.text(), timeout=30_000)
    click(qtbot, tab.cancel)
    assert not window.events.is_running and not tab.cancel.isVisible() and tab.test.isEnabled()
    begun = time.monotonic()
    window.jobs.submit("next", lambda progress: None, lane="events", on_done=lambda _: ended.append(time.monotonic()))
    qtbot.waitUntil(lambda: bool(ended), timeout=20_000)
    assert ended[0] - begun < 2  # the thread is free again; a second on a machine that has nothing else to do


# Blind


def test_a_blind_test_is_recorded_and_opened_after_a_question(events_window, qtbot, listed, tmp_path, monkeypatch):
    window, tab, record = events_window, events_window.events_tab, tmp_path / "plan.json"
    open_list(window, qtbot, listed, blind=True)
    blind = tab.panel.blind
    assert blind.tick.isChecked() and tab.view.events.rowCount() == 0 and not tab.view.event_table.isVisible()
    assert window.sky.content.shown("measured", 12.0) is None and window.sky.mode == "density"
    assert tab.test.text() == "Unblind…" and not tab.test.isEnabled() and "60 events" in tab.panel.selection.count.text()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(record), ""))
    click(qtbot, blind.record)
    qtbot.waitUntil(lambda: window.events.recorded is not None, timeout=20_000)
    assert json.loads(record.read_text())["plan"]["events_seen"] is False and "seen" not in blind.words.text()
    assert "seal" in blind.words.text() and "score" not in record.read_text() and tab.test.isEnabled() and not blind.record.isEnabled()
    # a test that was changed meanwhile stays closed, and says where it differs
    asked = answer(monkeypatch, "Show the result")
    window.events.choices.set("skies", 1001)
    click(qtbot, tab.test)
    wait_for_result(window, qtbot)
    assert "different: effort.skies" in window.messages.text.text() and window.events.is_blind and window.events.observation is None
    assert blind.restore.isVisible()
    click(qtbot, blind.restore)
    assert window.events.choices.config.skies == 1000 and not blind.restore.isVisible()
    answer(monkeypatch, "Stay blind")
    click(qtbot, tab.test)
    assert not window.events.is_running and window.events.is_blind
    asked = answer(monkeypatch, "Show the result")
    click(qtbot, tab.test)
    wait_for_result(window, qtbot)
    assert asked == ["Show the result of the recorded test?"]
    assert not window.events.is_blind and tab.view.statement.text().startswith("Cen A: η") and window.sky.mode == "measured"
    assert "The result is that of the test recorded" in blind.words.text()
    window.exports.write("events_json", tmp_path / "r.json")
    qtbot.waitUntil((tmp_path / "r.json").is_file, timeout=20_000)
    assert json.loads((tmp_path / "r.json").read_text())["plan"]["seal"] == json.loads(record.read_text())["seal"]


def test_a_late_result_shows_nothing_of_other_events(events_window, qtbot, listed, tmp_path, small_run, monkeypatch):
    """The recorded test of one list ends when another one is open, blind."""
    window, tab, go_on = events_window, events_window.events_tab, threading.Event()
    open_list(window, qtbot, listed, blind=True)
    window.events.record_in(tmp_path / "plan.json")
    qtbot.waitUntil(lambda: window.events.recorded is not None, timeout=20_000)
    held = events.judged

    def slow(*arguments):
        go_on.wait(20)
        return held(*arguments)

    monkeypatch.setattr(events, "judged", slow)
    answer(monkeypatch, "Show the result")
    click(qtbot, tab.test)
    job = window.events._job
    open_list(window, qtbot, planted_list(tmp_path / "other.csv", small_run, seed=4), blind=True)
    go_on.set()
    qtbot.waitUntil(lambda: job.is_over, timeout=60_000)
    assert job.state == "done" and window.events.is_blind and tab.view.events.rowCount() == 0 and window.sky.mode == "density"


def test_a_selection_that_is_out_of_date_is_not_shown(events_window, qtbot, listed, monkeypatch):
    window, go_on, select = events_window, threading.Event(), events.selected

    def slow(*arguments):
        go_on.wait(20)
        return select(*arguments)

    open_list(window, qtbot, listed)
    monkeypatch.setattr(events, "selected", slow)
    window.events.choices.set("scales", (1.1,))
    qtbot.waitUntil(lambda: any(job.title == "Selecting events" for job in window.jobs.active), timeout=10_000)
    window.events.choices.set("scales", (1.1, 1.2, 1.3))
    qtbot.waitUntil(lambda: "one for each of the 1 lists" in window.events.fault, timeout=10_000)
    go_on.set()
    qtbot.wait(300)
    assert window.events.selection is None and "one for each" in window.events.fault


def test_a_record_of_earlier_is_opened_only_for_its_lists(events_window, qtbot, listed, tmp_path, small_run, monkeypatch):
    window, tab, record = events_window, events_window.events_tab, tmp_path / "plan.json"
    other = planted_list(tmp_path / "other.csv", small_run, seed=8)
    open_list(window, qtbot, listed, blind=True)
    window.events.record_in(record)
    qtbot.waitUntil(lambda: window.events.recorded is not None, timeout=20_000)
    open_list(window, qtbot, other, blind=True)
    assert window.events.recorded is None
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(record), ""))
    click(qtbot, tab.panel.blind.open)
    qtbot.waitUntil(window.messages.isVisible, timeout=20_000)
    assert "the record is about sky.csv" in window.messages.text.text() and window.events.recorded is None
    open_list(window, qtbot, listed, blind=True)
    click(qtbot, tab.panel.blind.open)
    qtbot.waitUntil(lambda: window.events.recorded is not None, timeout=20_000)
    assert tab.test.isEnabled()


def test_a_record_says_that_the_events_had_been_seen(events_window, qtbot, listed, tmp_path):
    window, tab, record = events_window, events_window.events_tab, tmp_path / "plan.json"
    open_list(window, qtbot, listed)
    click(qtbot, tab.panel.blind.tick)
    window.events.record_in(record)
    qtbot.waitUntil(lambda: window.events.recorded is not None, timeout=20_000)
    assert json.loads(record.read_text())["plan"]["events_seen"] is True and "seen before" in tab.panel.blind.words.text()


def test_blindness_is_given_up_only_after_a_question(events_window, qtbot, listed, monkeypatch):
    window, tab = events_window, events_window.events_tab
    open_list(window, qtbot, listed)
    click(qtbot, tab.panel.blind.tick)
    assert window.events.is_blind and tab.view.events.rowCount() == 0 and window.sky.mode == "density"
    asked = answer(monkeypatch, "Stay blind")
    click(qtbot, tab.panel.blind.tick)
    assert asked == ["Give up being blind?"] and window.events.is_blind and tab.panel.blind.tick.isChecked()
    answer(monkeypatch, "Show everything")
    click(qtbot, tab.panel.blind.tick)
    assert not window.events.is_blind and tab.view.events.rowCount() == N


# Networks


def network_file(path, config, n_events, source="Cen A"):
    """Write what a network was trained for, without a network."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        run = run_record(with_values(config, {"events.n_events": (n_events,)}))
        archive.writestr(RECORD, json.dumps({"format": 1, "kind": "bcnn", "n_events": n_events, "source": source, "run": run}))
    return path


def test_a_network_for_something_else_is_refused_and_a_training_offered(events_window, qtbot, listed, small_run, tmp_path, monkeypatch):
    window, tab = events_window, events_window.events_tab
    open_list(window, qtbot, listed)
    judge = tab.panel.judge
    assert judge.train.isVisible() and "No network has been trained" in judge.network_words.text()
    path = network_file(tmp_path / "other.keras", with_values(small_run, {"energy.resolution": 0.4}), 300)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    judge.box.setCurrentIndex(judge.box.findData("other"))
    judge.box.activated.emit(judge.box.currentIndex())
    qtbot.waitUntil(lambda: window.events.network is not None, timeout=20_000)
    said = judge.network_words.text()
    assert "trained for 300 events, the list has 60" in said and "energy.resolution was 0.4, is 0.2" in said and not tab.test.isEnabled()
    started = []
    monkeypatch.setattr(window.trainings, "start", lambda *arguments: started.append(arguments))
    click(qtbot, judge.train)
    assert started[0][1:3] == ("Cen A", N) and window.controller.choices.n_events == N


def test_the_offered_training_is_for_number_exposure_and_resolution_of_the_list_and_waits_its_turn(events_window, qtbot, listed, monkeypatch):
    window = events_window
    training_process.use_instead(monkeypatch)
    monkeypatch.setattr("zevatron.gui.tasks.monitor.evaluate", lambda folder, progress: time.sleep(60))
    window.draft.set_many({"observatory.exposure": "auger_ta", "energy.resolution": 0.14, "training.epochs": 2000})
    open_list(window, qtbot, listed, adopt=False)
    window.train()  # another one is at work
    qtbot.waitUntil(lambda: bool(window.trainings.working), timeout=20_000)
    qtbot.waitUntil(lambda: window.events.selection is not None and window.controller.is_current, timeout=30_000)
    click(qtbot, window.events_tab.panel.judge.train)
    qtbot.waitUntil(lambda: len(window.trainings.waiting) == 1, timeout=20_000)
    (name,) = window.trainings.waiting
    config = RunFolder(runs_folder() / name).config
    assert config.events.n_events == (window.events.selection.n_events,) and config.sources.names == ("Cen A",)
    assert (config.observatory.exposure, config.energy.resolution) == ("auger_ta", 0.14)


def test_a_network_that_fits_is_found_and_judges_in_a_process(events_window, qtbot, listed, small_run, tmp_path, monkeypatch):
    window, tab = events_window, events_window.events_tab
    best = network_file(runs_folder() / "CenA-N60" / "best.keras", small_run, N)
    network_file(runs_folder() / "M82-N60" / "best.keras", small_run, N, source="M82")
    network_file(runs_folder() / "CenA-N50" / "best.keras", small_run, 50)
    commands = []

    def run_command(arguments, progress):
        """Judge as the process would, by a statistic in place of the network."""
        from zevatron.core.cli.observed import _test
        from zevatron.core.cli.parser import build_parser

        commands.append([str(argument) for argument in arguments])
        where = commands[-1].index("--model")
        options = build_parser().parse_args([*commands[-1][:where], *commands[-1][where + 2:]])
        config = with_values(small_run, {"events.n_events": (N,)})
        monkeypatch.setattr("zevatron.core.observed.report.sky_densities", exposed_densities)
        _test(config, [read_event_list(path) for path in options.lists], options.energy_scale, options)

    monkeypatch.setattr(engine, "run_command", run_command)
    open_list(window, qtbot, listed)
    box = tab.panel.judge.box
    qtbot.waitUntil(lambda: len(window.events.networks) == 1, timeout=20_000)
    place = next(i for i in range(box.count()) if "CenA-N60" in box.itemText(i))
    box.setCurrentIndex(place)
    box.activated.emit(place)
    assert tab.test.isEnabled() and not tab.panel.judge.train.isVisible()
    click(qtbot, tab.test)
    wait_for_result(window, qtbot)
    finding = window.events.observation.findings.sources[0]
    assert finding.local_p < 0.01 and len(finding.posterior) == N
    (command,) = commands
    assert command[:2] == ["events", str(listed)] and command[command.index("--model") + 1] == str(best)
    assert command[command.index("--skies") + 1] == "1000" and command[command.index("--energy-scale") + 1] == "1.0"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_shipped_network_judges_a_list(open_window, qtbot, tmp_path):
    """Process, Keras and all, with the density of the physics: progress is seen, a planted source found."""
    window = open_window(RunConfig(), n_events=300)
    qtbot.waitUntil(lambda: has_sky(window), timeout=600_000)
    window.events.choices.set_many({"skies": 500, "belt_skies": 100})
    density, rng, n = window.controller.density, np.random.default_rng(4), 300
    events = next(skies_with_fraction(sampler_of(density), n, 0.2, 1, 4, "measured"))
    ra, dec = galactic_to_equatorial(*lonlat(event_directions(events, rng)[0]))
    write_table(tmp_path / "sky.csv", {"ra": ra, "dec": dec, "energy": event_energies(events, density, rng)[0]})
    open_list(window, qtbot, tmp_path / "sky.csv")
    qtbot.waitUntil(lambda: bool(window.events.networks), timeout=30_000)
    window.events.choose_network(next(network for network in window.events.networks if network.kind == "density_ratio"))
    said = set()
    window.jobs.progressed.connect(lambda job: said.add(job.report.stage))
    click(qtbot, window.events_tab.test)
    qtbot.waitUntil(lambda: not window.events.is_running, timeout=1_200_000)
    finding = window.events.observation.findings.sources[0]
    assert finding.statistic == "density_ratio" and finding.local_p < 0.01 and finding.eta.low < 0.2 < finding.eta.high + 0.1
    assert any("isotropic skies" in stage for stage in said) and any("fractions" in stage for stage in said)
    assert any("no other energy scale" in note for note in window.events.observation.notes) and "keras" not in sys.modules


def test_reports_of_a_process_reach_the_window(tmp_path, monkeypatch):
    script = tmp_path / "main.py"
    script.write_text(
        "import json, sys, time\nprint('words', flush=True)\nprint(json.dumps({'stage': 'scoring', 'done': 3, 'total': 4}), flush=True)\n"
        "time.sleep(0.4)\nif sys.argv[1] == 'bad':\n    print('zevatron: no such thing', file=sys.stderr)\n    sys.exit(2)\n"
    )
    monkeypatch.setattr(engine, "own_command", by_script(script))
    heard = []

    class Listener(Progress):
        def show(self, stage, done, total, values):
            heard.append((stage, done, total))

    engine.run_command(["good"], Listener())
    assert heard == [("scoring", 3, 4)]
    with pytest.raises(Exception, match="no such thing"):
        engine.run_command(["bad"], Listener())


# Exposure


def test_exposure_is_drawn_against_declination_and_ends_on_the_sky(events_window, qtbot):
    window, panel = events_window, events_window.observatory_panel
    assert not panel.curve.isVisible()
    panel.exposure.box.setCurrentIndex(panel.exposure.box.findData("auger_vertical"))
    panel.exposure.box.activated.emit(panel.exposure.box.currentIndex())
    qtbot.waitUntil(panel.curve.isVisible, timeout=30_000)
    assert panel.sight.text() == "Sees declinations from −90.0° to 24.8°." and panel.curve.exposure.max() > 3
    ((dec, vectors),) = window.sky.map._limits
    assert dec == pytest.approx(24.8, abs=1e-3) and vectors.shape == (181, 3)
    qtbot.waitUntil(lambda: has_sky(window), timeout=20_000)
    with_line = window.sky.map.grab().toImage()
    window.sky.set_look(window.sky.look.with_overlay("exposure_limit", False))
    assert with_line != window.sky.map.grab().toImage()
    exposure = window.sky.content.shown("density", 12.0).exposure
    pixel = int(exposure.argmax())
    window.sky.select_pixel(pixel)
    window.inspector.show_pixel(pixel)
    assert f"exposure {exposure[pixel]:.2f}" in window.sky.readout.text()
    assert window.inspector.pixel_exposure.isVisible() and window.inspector.pixel_exposure.value.text() == f"{exposure[pixel]:.2f}"
    unseen = int(exposure.argmin())
    window.inspector.show_pixel(unseen)
    assert window.inspector.pixel_exposure.value.text() == "never seen"
    window.draft.set("observatory.exposure", "uniform")
    assert not panel.curve.isVisible() and not window.sky.map._limits


# Welcome, public lists


def test_the_fourth_card_asks_for_events(events_window, qtbot, monkeypatch):
    asked = []
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *arguments: asked.append(arguments[1]) or ([], ""))
    events_window.welcome.open()
    assert len(events_window.welcome.cards) == 4
    click(qtbot, events_window.welcome.cards[3])
    assert asked == ["Open events"] and not events_window.welcome.isVisible()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public lists are not here")
def test_a_public_list_brings_its_exposure_and_citation(events_window, qtbot):
    window, tab = events_window, events_window.events_tab
    window.events.open_paths([SHARED / "auger2022_2635_events.csv"])
    qtbot.waitUntil(lambda: window.events._dialog is not None, timeout=60_000)
    dialog = window.events._dialog
    assert dialog.cut.text().startswith("438 events from 56 EeV on; 2197 below left out") and dialog.adopt.isChecked()
    click(qtbot, dialog.open_button)
    assert (window.draft.config.observatory.exposure, window.draft.config.energy.resolution) == ("auger", 0.08)
    qtbot.waitUntil(lambda: window.events.selection is not None, timeout=30_000)
    assert window.events.selection.n_events == 438 and "CC BY-SA 4.0" in tab.panel.selection.lists.text()


def test_both_lists_ask_for_both_exposures(small_run):
    lists = [SimpleNamespace(published=SimpleNamespace(exposure=exposure, resolution=resolution)) for exposure, resolution in (
        ("auger", 0.08), ("telescope_array", 0.2),
    )]
    assert settings_for(lists, small_run) == {"observatory.exposure": "auger_ta"}
    assert settings_for(lists[:1], small_run) == {"observatory.exposure": "auger", "energy.resolution": 0.08}


def test_equal_tests_have_equal_keys(small_run, listed):
    events = read_event_list(listed)
    one = observed.test_of(small_run, [events], [1.0], observed.Effort(), "power_spectrum", None, "Cen A", N)
    assert one.key == replace(one).key
    for other in (replace(one, scales=(0.9,)), replace(one, effort=observed.Effort(skies=999)), replace(one, statistic="maximum_likelihood_ratio"),
                  replace(one, config=with_values(one.config, {"seed": 5}))):
        assert other.key != one.key
