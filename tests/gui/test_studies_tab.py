"""The Studies tab: a study is made by clicks, estimated, started, stopped and continued; failures, folders from elsewhere, files."""

import sys
import time

import pytest
from hands import by_script, click, drop, type_into
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from test_fluid import cost

from zevatron.core.config import RunConfig, with_values
from zevatron.core.errors import ConfigError
from zevatron.core.sky_density import sky_densities
from zevatron.core.statistics import limit_verdict
from zevatron.core.study import make_study, read_study
from zevatron.core.study.cell import CellState
from zevatron.core.study.engine import cell_path, run_study
from zevatron.core.study.folder import StudyFolder
from zevatron.core.study.plan import study_toml
from zevatron.core.training import lock
from zevatron.core.training.run_folder import RunFolder
from zevatron.core.training.state_file import write_state
from zevatron.gui.files.settings import runs_folder
from zevatron.gui.main_window import RESULTS, SKY, STUDIES
from zevatron.gui.plots.study_table import CellModel
from zevatron.gui.state.axes import axis_choices, axis_settings, base_values, read_values, write_values
from zevatron.gui.state.results import read_results
from zevatron.gui.state.studies import SHOWN, StudyReader, is_study_file
from zevatron.gui.tasks import study as study_module
from zevatron.gui.tasks.study_dialog import StudyDialog

NORTH = {"observatory.latitude": 90.0, "observatory.max_zenith": 20.0, "events.n_events": (50,)}  # a site that never sees Cen A
LONG = 1_000_000  # check maps that take seconds


@pytest.fixture
def tab(open_window, densities, small_run, qtbot, tmp_path, monkeypatch):
    """A window that shows the Studies tab, its run seen from a site of one's own only if an axis says so."""
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path / "cache"))
    window = open_window(with_values(small_run, NORTH), n_events=50)
    window.welcome.hide()
    window.tabs.setCurrentIndex(STUDIES)
    qtbot.waitUntil(lambda: window.controller.density is not None, timeout=30_000)
    return window


def column(view, title):
    """What stands in a column of the table, from top to bottom; nothing before there is such a column."""
    if title not in view.model.titles:
        return []
    place = view.model.titles.index(title)
    return [view.model.index(number, place).data() for number in range(view.model.rowCount())]


def show(qtbot, window, study, path):
    """Show a study and wait for its cells and its estimate."""
    window.study.show_study(study, path)
    qtbot.waitUntil(lambda: window.study.cost is not None, timeout=30_000)


def answer(monkeypatch, text):
    """Press the button of a question that reads ``text``; returns the questions."""
    asked = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: asked.append(box.text()))
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: next(made for made in box.buttons() if made.text() == text))
    return asked


@pytest.mark.timeout(180)
def test_a_study_is_made_by_clicks_estimated_done_and_its_failure_listed(tab, qtbot):
    view = tab.study_view
    click(qtbot, view.new)
    dialog = tab.findChild(StudyDialog)
    qtbot.waitUntil(lambda: dialog.make_button.isEnabled(), timeout=30_000)
    assert dialog.make_button.text() == "Show study of 1 cell" and "MiB on disk" in dialog.estimate.text()

    type_into(qtbot, dialog.rows["events.n_events"].box, "many")
    qtbot.waitUntil(lambda: "expected whole numbers" in dialog.fault.text(), timeout=5000)
    assert not dialog.make_button.isEnabled()
    type_into(qtbot, dialog.rows["events.n_events"].box, "50")
    exposure = dialog.rows["observatory.exposure"]
    click(qtbot, exposure.tick)
    exposure.box.ticks["site"].trigger()
    assert exposure.box.button.text() == "Uniform over the sky, Own site"
    qtbot.waitUntil(lambda: dialog.make_button.text() == "Show study of 2 cells" and dialog.make_button.isEnabled(), timeout=30_000)
    assert "they take about" in dialog.estimate.text()
    click(qtbot, dialog.make_button)
    assert not dialog.isVisible()

    qtbot.waitUntil(lambda: "the others take about" in view.estimate.text(), timeout=30_000)
    assert column(view, "Exposure") == ["uniform", "site"] and column(view, "State") == ["waiting"] * 2
    assert all(words.startswith("~ ") for words in column(view, "Time")) and view.act.text() == "Start"
    assert not tab.study.path.exists() and tab.study.path.parent == runs_folder()  # nothing has started yet

    click(qtbot, view.act)
    qtbot.waitUntil(lambda: tab.jobs_bar.main_row.title.text() == f"Study {tab.study.name}", timeout=5000)
    qtbot.waitUntil(lambda: not tab.study.is_active, timeout=120_000)
    qtbot.waitUntil(lambda: view.act.text() == "Try failed cells again", timeout=10_000)
    assert column(view, "State") == ["done", "failed"] and "1 of 2 cells" in tab.messages.text.text()
    done, failed = view.model.rows
    assert "arrive where exposure 'site' looks" in failed.error and column(view, "Error")[1] == failed.error
    (density,) = sky_densities(done.cell.config)  # the real one
    found = limit_verdict(done.cell.config, density, density, 50)
    assert done.result["eta_min"] == found.eta_min  # as on the command line

    click(qtbot, view.act)
    qtbot.waitUntil(lambda: tab.study.is_active is False and view.model.rows[1].report.state.attempts == 2, timeout=120_000)
    assert [row.report.state.attempts for row in view.model.rows] == [1, 2]  # what is done is not done again

    place = view.table.visualRect(view.model.index(0, 0)).center()
    qtbot.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert view.add.text() == "Add 1 to results" and done.cell.folder_name in view.detail.text()
    qtbot.mouseDClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: tab.tabs.currentIndex() == RESULTS, timeout=10_000)
    assert tab.draft.config == done.cell.config and tab.results.selected.eta_min == found.eta_min


@pytest.mark.timeout(240)
def test_a_study_is_stopped_continued_and_survives_the_window(tab, open_window, qtbot, monkeypatch, tmp_path):
    view, path = tab.study_view, tmp_path / "study"
    base = with_values(tab.draft.config, {"observatory.exposure": "uniform"})
    show(qtbot, tab, make_study(base, {"test.check_maps": [0, LONG]}, ["likelihood_ratio"]), path)
    loaded = {"keras", "tensorflow"} & set(sys.modules)
    click(qtbot, view.act)
    qtbot.waitUntil(lambda: column(view, "State") == ["done", "running"], timeout=120_000)
    assert view.chip.text().endswith("Running") and "1 of 2 cells done" in view.status.text()
    click(qtbot, view.act)
    qtbot.waitUntil(lambda: not tab.study.is_active, timeout=10_000)
    qtbot.waitUntil(lambda: column(view, "State") == ["done", "stopped"], timeout=10_000)
    assert view.act.text() == "Continue" and (path / "cells.csv").is_file() and not tab.messages.isVisible()

    kept = (cell_path(path, view.model.rows[0].cell) / "result.json").stat().st_mtime_ns
    click(qtbot, view.act)
    qtbot.waitUntil(lambda: "running" in column(view, "State"), timeout=60_000)
    process = tab.study._process._process
    asked = answer(monkeypatch, "Keep computing")
    tab.close()
    assert asked == ["A study is running. Close anyway?"] and tab.isVisible() and tab.study.is_active
    answer(monkeypatch, "Stop and close")
    started = time.monotonic()
    tab.close()
    assert time.monotonic() - started < 3 and not tab.isVisible() and process.poll() is not None

    window = open_window(None)
    window.welcome.hide()
    window.studies.open_path(path)
    qtbot.waitUntil(lambda: window.study.cost is not None, timeout=30_000)
    assert window.tabs.currentIndex() == STUDIES and window.study_view.act.text() == "Continue"
    click(qtbot, window.study_view.act)
    qtbot.waitUntil(lambda: window.study.state == "done", timeout=120_000)
    assert column(window.study_view, "State") == ["done"] * 2 and all(column(window.study_view, "η"))
    assert (cell_path(path, window.study_view.model.rows[0].cell) / "result.json").stat().st_mtime_ns == kept
    assert {"keras", "tensorflow"} & set(sys.modules) == loaded


def test_a_study_of_another_process_appears_as_its_folder_changes(tab, qtbot, tmp_path, monkeypatch):
    view, path = tab.study_view, tmp_path / "elsewhere"
    study = make_study(tab.draft.config, {"seed": [1, 2]}, ["likelihood_ratio"])
    folder = cell_path(StudyFolder.create(path, study).path, study.cells()[0])
    folder.mkdir(parents=True)
    with lock.held(folder / "lock"):
        write_state(folder / "state.json", CellState(state="running", attempts=1, host="node7"))
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(path))
        click(qtbot, view.open_folder)
        qtbot.waitUntil(lambda: column(view, "State") == ["running", "waiting"], timeout=10_000)
        assert view.chip.text().endswith("Running elsewhere") and "another process is at work" in view.status.text()
        view.table.selectRow(1)
    qtbot.waitUntil(lambda: column(view, "State") == ["stopped", "waiting"], timeout=10_000)  # its process is gone
    assert view.chosen_rows[0].cell is study.cells()[1] or view.chosen_rows[0].cell == study.cells()[1]  # the choice stays
    run_study(study, path)
    qtbot.waitUntil(lambda: column(view, "State") == ["done"] * 2 and view.chip.text().endswith("Done"), timeout=20_000)
    qtbot.waitUntil(lambda: view.estimate.text() == "2 cells, 2 done", timeout=10_000)
    assert not view.act.isEnabled()

    view.table.clearSelection()
    click(qtbot, view.copy)
    assert QGuiApplication.clipboard().text().endswith(f"study {path / 'study.toml'} --out {path}")
    view.table.selectRow(0)
    click(qtbot, view.copy)
    assert f"evaluate {cell_path(path, view.chosen_rows[0].cell) / 'run.toml'} --statistic likelihood_ratio" in QGuiApplication.clipboard().text()
    click(qtbot, view.add)
    qtbot.waitUntil(lambda: len(tab.library.runs) == 1, timeout=10_000)
    assert tab.tabs.currentIndex() == RESULTS


def test_files_are_opened_dropped_saved_and_refused(tab, qtbot, tmp_path, small_run, monkeypatch):
    study = make_study(small_run, {"energy.resolution": [0.1, 0.2], "field.parameters.x_strength": [3.0, 4.6]}, ["likelihood_ratio", "bcnn"])
    (tmp_path / "good.toml").write_text(study_toml(study))
    assert is_study_file(tmp_path / "good.toml")
    drop(tab, tmp_path / "good.toml")
    view = tab.study_view
    qtbot.waitUntil(lambda: view.model.rowCount() == 16, timeout=10_000)
    assert "x_strength" in view.model.titles and set(column(view, "x_strength")) == {"3", "4.6"}
    assert "Uncertainty ΔE/E: 0.1, 0.2" in view.axes.text()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "saved"), ""))
    view.save_requested.emit()
    qtbot.waitUntil((tmp_path / "saved.toml").is_file, timeout=10_000)
    assert [cell.folder_name for cell in read_study(tmp_path / "saved.toml").cells()] == [cell.folder_name for cell in study.cells()]

    (tmp_path / "bad.toml").write_text('[axes]\n"energy.resolution" = [2.0]\n')
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "bad.toml"), ""))
    tab.files.open()
    qtbot.waitUntil(lambda: "axes.energy.resolution[0]: expected a number" in tab.messages.text.text(), timeout=10_000)
    assert view.model.rowCount() == 16  # what was shown stays
    tab.studies.open_path(tmp_path)
    qtbot.waitUntil(lambda: "is not the folder of a study" in tab.messages.text.text(), timeout=10_000)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.pdf").touch()
    tab.study.set_path(tmp_path / "full")
    qtbot.waitUntil(lambda: view.act.isEnabled(), timeout=10_000)
    click(qtbot, view.act)
    qtbot.waitUntil(lambda: "holds other files (thesis.pdf" in tab.messages.text.text(), timeout=10_000)
    assert not tab.study.is_active and not (tmp_path / "full" / "study.toml").exists()


def test_axes_are_changed_and_done_cells_stay(tab, qtbot, tmp_path):
    run = with_values(tab.draft.config, {"observatory.exposure": "uniform"})
    study = make_study(run, {"seed": [1], "sources.names": ["Cen A", "M82"], "sky.halves": [False]}, ["likelihood_ratio"])
    run_study(study, tmp_path)
    show(qtbot, tab, study, tmp_path)
    tab.studies.change()
    dialog = tab.findChild(StudyDialog)
    assert dialog.sources.chosen == ("Cen A", "M82") and dialog.rows["seed"].box.text() == "1" and dialog.rows["sky.halves"].values == [False]
    type_into(qtbot, dialog.rows["seed"].box, "1 to 3")
    click(qtbot, dialog.sources.ticks["M82"])
    qtbot.waitUntil(lambda: dialog.make_button.isEnabled(), timeout=20_000)
    click(qtbot, dialog.make_button)
    qtbot.waitUntil(lambda: column(tab.study_view, "State") == ["done", "waiting", "waiting"], timeout=20_000)
    assert tab.study.path == tmp_path and column(tab.study_view, "Seed") == ["1", "2", "3"]
    row = tab.study_view.model.rows[1]
    tab.studies.open_cell(row)
    assert tab.tabs.currentIndex() == SKY and tab.draft.config == row.cell.config


def test_an_axis_is_added_from_all_settings(tab, qtbot):
    tab.studies.new()
    dialog = tab.findChild(StudyDialog)
    place = dialog.further.findData("emission.cutoff")
    dialog.further.activated.emit(place)
    assert dialog.further.findData("emission.cutoff") == -1 and dialog.rows["emission.cutoff"].is_axis
    click(qtbot, dialog.statistics.ticks["power_spectrum"])
    click(qtbot, dialog.fields.ticks["none"])
    qtbot.waitUntil(lambda: dialog.make_button.text() == "Show study of 4 cells", timeout=20_000)
    click(qtbot, dialog.fields.ticks["none"])
    click(qtbot, dialog.fields.ticks["jf12_regular"])
    qtbot.waitUntil(lambda: "Galactic field; tick one" in dialog.fault.text(), timeout=5000)
    assert not dialog.make_button.isEnabled()


def test_a_process_that_fails_or_does_not_obey(tab, qtbot, tmp_path, monkeypatch):
    study = make_study(tab.draft.config, {"seed": [1, 2]}, ["likelihood_ratio"])
    worker = tmp_path / "worker.py"
    worker.write_text("import sys; print('no Dask scheduler answers at', sys.argv[-1], file=sys.stderr); sys.exit(1)")
    monkeypatch.setattr(study_module, "own_command", by_script(worker))
    show(qtbot, tab, study, tmp_path / "study")
    type_into(qtbot, tab.study_view.scheduler, "tcp://nowhere:1")
    click(qtbot, tab.study_view.act)
    qtbot.waitUntil(lambda: "no Dask scheduler answers at tcp://nowhere:1" in tab.messages.text.text(), timeout=10_000)
    assert not tab.study.is_active and StudyFolder(tmp_path / "study").study == study

    tab.messages.hide()
    worker.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(study_module, "GRACE", 300)
    tab.study._deadline.setInterval(300)
    click(qtbot, tab.study_view.act)
    qtbot.waitUntil(lambda: tab.study._process is not None, timeout=10_000)
    tab.studies.open_path(tmp_path / "study")
    assert "A study is running" in tab.messages.text.text()
    tab.messages.hide()
    click(qtbot, tab.study_view.act)
    assert tab.study.state == "stopping"
    qtbot.waitUntil(lambda: not tab.study.is_active, timeout=10_000)
    assert not tab.messages.isVisible()  # it was asked for, so nothing has failed


def test_the_end_of_a_study_is_seen_when_its_folder_is_damaged(tab, qtbot, tmp_path, monkeypatch):
    study = make_study(tab.draft.config, {"seed": [1, 2]}, ["likelihood_ratio"])
    worker = tmp_path / "worker.py"
    worker.write_text("import sys; sys.stdin.read()")
    monkeypatch.setattr(study_module, "own_command", by_script(worker))
    show(qtbot, tab, study, tmp_path / "study")
    click(qtbot, tab.study_view.act)
    qtbot.waitUntil(lambda: tab.study._process is not None, timeout=10_000)
    monkeypatch.setattr(StudyReader, "read", lambda *arguments: 1 / 0)
    tab.study._process.close_input()
    qtbot.waitUntil(lambda: not tab.study.is_active, timeout=10_000)
    qtbot.waitUntil(lambda: "cannot be read" in tab.messages.text.text() and not tab.study._timer.isActive(), timeout=10_000)


def test_every_axis_is_read_as_it_is_written():
    base = with_values(RunConfig(), {"field.parameters": {"x_strength": 3.5}})
    for path in axis_settings(base):
        values = base_values(base, path)
        choices = axis_choices(path)
        if choices:
            assert values[0] in [value for value, _ in choices], path
        else:
            study = make_study(base, {path: read_values(path, write_values(values))}, ["likelihood_ratio", "network"])
            assert {cell.config for cell in study.cells()} == {cell.config for cell in make_study(base, {}, ["likelihood_ratio", "network"]).cells()}, path
    assert read_values("energy.resolution", "0, 20 %; 0.5") == [0.0, 0.2, 0.5] and read_values("seed", "2 to 5") == [2, 3, 4, 5]
    assert read_values("network.dense", "[], [16, 16]") == [[], [16, 16]] and base_values(base, "field.parameters.x_strength") == [3.5]
    for path, text in (("seed", "5 to 2"), ("seed", "1 to 1000000000"), ("seed", "x"), ("energy.resolution", ""), ("network.dense", "[1")):
        with pytest.raises(ConfigError, match="expected"):
            read_values(path, text)


def test_a_search_is_no_study_and_a_run_neither(tmp_path):
    for name, text, expected in (
        ("study", "statistics = ['bcnn']", True), ("search", "trials = 3\n[parameters]\n'sky.nside' = [8]", False), ("run", "seed = 3", False), ("torn", "[", False),
    ):
        (tmp_path / name).write_text(text)
        assert is_study_file(tmp_path / name) is expected
    assert not is_study_file(tmp_path / "absent")


def test_the_training_of_a_cell_is_found_behind_its_result(tmp_path, small_run):
    from verdict_samples import verdict

    from zevatron.core.study import result_document, write_result

    run = with_values(small_run, {"events.n_events": (50,)})
    cell = tmp_path / "cells" / "CenA"
    RunFolder.create(cell / "training", run)
    write_state(cell / "state.json", CellState(state="done"))
    write_result(cell / "result.json", result_document(run, [verdict("Cen A", 50, "bcnn", 0.05)]))
    ((_, found),) = read_results(tmp_path)[0].items()
    assert found.training == cell / "training"


def test_thousands_of_cells_take_less_than_a_frame_is_noticed(qapp, tmp_path):
    study = make_study(RunConfig(), {"seed": list(range(840)), "events.n_events": list(range(100, 106))}, ["likelihood_ratio"])
    reader = StudyReader(study, tmp_path)
    overview = reader.read()
    assert reader.read() is overview and overview.total == len(study.cells()) > len(overview.rows) == SHOWN
    model = CellModel()
    model.set_study(study)
    model.set_cells(overview.rows)
    once_more = StudyReader(study, tmp_path).read()
    times = [cost(model.set_cells, once_more.rows), cost(model.sort, 3, Qt.SortOrder.DescendingOrder)]
    print(f"{SHOWN} cells: {times[0]:.0f} ms to look for changes, {times[1]:.0f} ms to sort")
    assert max(times) < 50


def test_the_tab_is_on_its_key(window, qtbot):
    window.menus.actions_by_text["Studies"].trigger()
    assert window.tabs.currentIndex() == STUDIES and window.study_view.new.isVisible()
    assert QApplication.activeModalWidget() is None
