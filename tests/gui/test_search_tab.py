"""The Search tab: opened and followed, picked by line and by row, begun from a dialog, stopped."""

import json
import math
import shutil
import sys

import numpy as np
import pytest
from hands import by_script, click, type_into
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMessageBox

from zevatron.core.config import RunConfig, with_values
from zevatron.core.search import SearchFolder
from zevatron.core.search.folder import NUMBERS, Trial
from zevatron.core.search.plan import make_plan
from zevatron.gui.files.settings import runs_folder
from zevatron.gui.main_window import SEARCH, TRAINING
from zevatron.gui.plots.parallel import MARGIN, Axis
from zevatron.gui.tasks import search as search_module
from zevatron.gui.tasks.search_dialog import SearchDialog, read_values

PARAMETERS = {"sky.nside": [8, 16], "network.filters": {"low": 4, "high": 64, "log": True}, "network.dense": [[], [0], [8, 8]]}
WORKER = """
import json, sys
from pathlib import Path
folder = Path(sys.argv[2])
def say(**values):
    (folder / "state.json").write_text(json.dumps(values))
import fcntl, os
lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
fcntl.flock(lock, fcntl.LOCK_EX)
say(state="running", done=1, total=3, trial=2, stage="epoch 4", fraction=0.5)
line = sys.stdin.readline()
assert not line or json.loads(line) == {"command": "stop"}, line
say(state="stopped", reason="stopped by the user", done=1, total=3)
"""


def plan(run, **entries):
    return make_plan(with_values(run, {"events.n_events": (100,)}), PARAMETERS, **{"trials": 3, **entries})


def trial(number, state, filters, value=None, dense=(), **numbers):
    found = dict.fromkeys(NUMBERS) | {"value": value, "seconds": 60.0, "val_eta": 0.04} | numbers
    return Trial(number, state, {"sky.nside": 16, "network.filters": filters, "network.dense": dense}, f"folder{number}", "", found)


TRIALS = (
    trial(1, "done", 4, 0.5), trial(2, "done", 32, 0.3, (8, 8), eta_min=0.02, eta_low=0.019, eta_high=0.021, eta_limit=0.015),
    trial(3, "failed", 64, dense=(0,)),
)


@pytest.fixture
def folder(tmp_path, small_run):
    """A search of three trials, one of them failed."""
    made = SearchFolder.create(tmp_path / "search", plan(small_run))
    made.write_trials(made.plan, TRIALS)
    made.set_state(made.state, state="done", done=3, total=3)
    return made


def cells(view, row):
    return [view.model.index(row, column).data() for column in range(view.model.columnCount())]


def test_the_empty_page_teaches(new_window, qtbot):
    new_window.menus.actions_by_text["Search"].trigger()
    assert new_window.tabs.currentIndex() == SEARCH and new_window.search_view.new.isVisible()


def test_a_search_is_opened_with_the_best_first(new_window, folder, qtbot):
    window, view = new_window, new_window.search_view
    window.searches.open_path(folder.path)
    assert window.tabs.currentIndex() == SEARCH and view.name.text() == "BCNN, Cen A, N = 100"
    assert cells(view, 0)[:6] == ["2", "done", "16", "32", "8 × 8", "0.3000"] and "2.00" in cells(view, 0)[6]
    assert [cells(view, row)[0] for row in range(3)] == ["2", "1", "3"] and cells(view, 2)[4] == "none" and cells(view, 1)[4] == "own"
    assert view.chosen.number == 2 and "best: trial 2, validation loss 0.3000, η 2.00" in view.status.text()
    view.table.sortByColumn(3, Qt.SortOrder.AscendingOrder)
    assert [cells(view, row)[3] for row in range(3)] == ["4", "32", "64"]


def test_line_and_row_choose_each_other(new_window, folder, qtbot):
    window, view = new_window, new_window.search_view
    window.searches.open_path(folder.path)
    diagram = view.diagram
    qtbot.wait(50)
    place = diagram.plotItem.vb.mapViewToScene(
        type(diagram.plotItem.vb.mapViewToScene(QPoint(0, 0)))(0.5, float(np.mean(diagram._heights[0][:2])))
    )
    point = diagram.mapFromScene(place)
    assert diagram.nearest(point) == 1 and diagram.nearest(QPoint(2, 2)) is None
    qtbot.mouseClick(diagram.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert view.chosen.number == 1 and cells(view, view.table.currentIndex().row())[0] == "1"
    view.table.selectRow(0)
    assert view.chosen.number == 2 == diagram._chosen


def test_a_search_of_another_process_is_followed(new_window, folder, qtbot, small_run):
    window, view = new_window, new_window.search_view
    with folder.locked():
        folder.set_state(folder.state, state="running", done=3, total=5, trial=4, stage="epoch 2", fraction=0.3)
        window.searches.open_path(folder.path)
        assert view.stop.text() == "Stop" and "trial 4 · epoch 2" in view.status.text()
        folder.write_trials(folder.plan, (*TRIALS, trial(4, "done", 16, 0.2)))
        qtbot.waitUntil(lambda: view.model.rowCount() == 4, timeout=5000)
        assert cells(view, 0)[0] == "4" and view.chosen.number == 2  # the choice stays
        click(qtbot, view.stop)
        assert "stop it where it was started" in window.messages.text.text()
    qtbot.waitUntil(lambda: view.stop.text() == "Resume", timeout=5000)
    assert not window.search._timer.isActive()


def test_a_folder_without_a_search_is_refused(new_window, tmp_path):
    new_window.searches.open_path(tmp_path)
    assert "is not the folder of a search" in new_window.messages.text.text()


def test_a_search_is_asked_for_started_and_stopped(new_window, qtbot, tmp_path, monkeypatch):
    window, view = new_window, new_window.search_view
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER)
    monkeypatch.setattr(search_module, "own_command", by_script(worker))
    window.tabs.setCurrentIndex(SEARCH)
    click(qtbot, view.new)
    dialog = window.findChild(SearchDialog)
    type_into(qtbot, dialog.rows["sky.nside"][1], "8, 12")
    click(qtbot, dialog.start_button)
    assert dialog.isVisible() and "power of two" in dialog.fault.text()
    type_into(qtbot, dialog.rows["sky.nside"][1], "8, 16")
    click(qtbot, dialog.rows["energy.bin_width"][0])
    dialog.sampler.setCurrentIndex(2)
    assert dialog.start_button.text() == "Start search"  # a range has no grid
    type_into(qtbot, dialog.rows["network.filters"][1], "4, 8")
    assert dialog.start_button.text() == "Start search, 16 trials"
    click(qtbot, dialog.start_button)
    assert window.search.is_active and window.search.plan.parameters.keys() == {"sky.nside", "network.filters", "network.dense"}
    row = window.jobs_bar.main_row
    qtbot.waitUntil(lambda: "epoch 4" in row.words.text(), timeout=20_000)
    assert row.title.text() == "Search BCNN, Cen A, N = 100" and view.progress.value() == 333
    (path,) = (entry for entry in runs_folder().iterdir() if entry.name.startswith("search-"))
    assert SearchFolder(path).plan == window.search.plan
    click(qtbot, row.buttons.itemAt(0).widget())
    qtbot.waitUntil(lambda: not window.search.is_active, timeout=20_000)
    assert view.stop.text() == "Resume" and "stopped by the user" in view.status.text()
    click(qtbot, view.stop)
    qtbot.waitUntil(lambda: window.search.is_active and window.search.state.state == "running", timeout=20_000)
    asked = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: asked.append(box.text()))
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: box.buttons()[-1])
    window.close()
    assert asked == ["A search is running. Close anyway?"] and window.isVisible()


def test_a_dialog_is_gone_when_it_was_answered(new_window, qtbot):
    for answer in ("reject", "reject"):
        new_window.searches.new()
        getattr(new_window.findChild(SearchDialog), answer)()
        qtbot.waitUntil(lambda: new_window.findChild(SearchDialog) is None, timeout=5000)


def test_the_end_of_a_search_is_seen_when_its_folder_is_gone(new_window, folder, qtbot, monkeypatch, tmp_path):
    worker = tmp_path / "worker.py"
    worker.write_text("import sys; sys.stdin.read()")
    monkeypatch.setattr(search_module, "own_command", by_script(worker))
    folder.set_state(folder.state, state="stopped")
    new_window.searches.open_path(folder.path)
    new_window.search.resume()
    assert new_window.search.is_active
    shutil.rmtree(folder.path)
    new_window.search.stop()
    qtbot.waitUntil(lambda: not new_window.search.is_active, timeout=10_000)
    assert not new_window.search._timer.isActive() and not new_window.search.lines


def test_a_search_that_fails_says_why(new_window, folder, qtbot, tmp_path, monkeypatch):
    worker = tmp_path / "worker.py"
    worker.write_text("import sys; print('no such thing', file=sys.stderr); sys.exit(1)")
    monkeypatch.setattr(search_module, "own_command", by_script(worker))
    folder.set_state(folder.state, state="stopped")
    new_window.searches.open_path(folder.path)
    click(qtbot, new_window.search_view.stop)
    qtbot.waitUntil(lambda: "no such thing" in new_window.messages.text.text(), timeout=20_000)
    assert not new_window.search.is_active and str(folder.log_path) in new_window.messages.text.text()


def test_a_search_that_does_not_obey_is_ended_within_a_second_or_so(new_window, folder, qtbot, monkeypatch, tmp_path):
    stubborn = tmp_path / "stubborn.py"
    stubborn.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(search_module, "own_command", by_script(stubborn))
    folder.set_state(folder.state, state="stopped")
    new_window.searches.open_path(folder.path)
    click(qtbot, new_window.search_view.stop)
    assert new_window.search.is_active
    click(qtbot, new_window.search_view.stop)
    assert new_window.search.shown_state == "stopping"
    qtbot.waitUntil(lambda: not new_window.search.is_active, timeout=10_000)
    assert not new_window.messages.isVisible()  # it was asked for, so nothing has failed


def test_values_are_read_as_they_are_written():
    assert read_values("sky.nside", "16, 32,64") == [16, 32, 64]
    assert read_values("energy.bin_width", "0.2") == [0.2]
    assert read_values("network.filters", "16 to 128") == {"low": 16, "high": 128, "log": True}
    assert read_values("network.dense", "own, none, 16, 32 × 16x8") == [[], [0], [16], [32, 16, 8]]
    for path, text in (("sky.nside", "many"), ("sky.nside", ""), ("network.dense", "32 x"), ("network.filters", "1 to")):
        with pytest.raises(Exception, match=f"{path}: expected (whole )?numbers"):
            read_values(path, text)


def test_places_on_an_axis():
    axis = Axis("maps", [4, 64], low=4, high=64, log=True)
    assert [axis.position(v) for v in (4, 16, 64)] == pytest.approx([MARGIN, 0.5, 1 - MARGIN])
    assert [text for _, text in axis.ticks()] == ["4.00", "10.0", "25.0", "64.0"] and math.isnan(axis.position(None))
    loss = Axis("loss", [0.2, None, 0.4, math.inf], upward=False)
    assert loss.position(0.2) == pytest.approx(1 - MARGIN) and loss.position(math.inf) == 0 and loss.position(0.4) == pytest.approx(MARGIN)
    assert [Axis("one", [], choices=["a"]).position("a"), Axis("three", [], choices=[1, 2, 3]).position(2)] == [0.5, 0.5]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_real_search_from_the_window(open_window, qtbot, tmp_path, monkeypatch):
    """Processes and all: two trainings, the better one judged, its training opened."""
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path / "cache"))
    base = with_values(RunConfig(), {
        "field.model": "none", "sky.nside": 8, "sky.source_radius": 10.0, "energy.bin_width": 0.2, "events.n_events": (50,),
        "training.epochs": 2, "training.maps_per_epoch": 640, "training.validation_maps": 500, "training.threads": 1, "test.maps": 1000,
        "test.bootstrap": 10, "test.check_maps": 0,
    })
    window = open_window(base, n_events=50)
    qtbot.waitUntil(lambda: window.controller.density is not None, timeout=600_000)
    loaded = {"keras", "optuna"} & set(sys.modules)
    window.search.start(make_plan(base, {"network.filters": [4, 6]}, sampler="grid"), tmp_path / "search")
    qtbot.waitUntil(lambda: not window.search.is_active, timeout=600_000)
    assert window.search.state.state == "done", window.search.folder.log_path.read_text()
    assert {"keras", "optuna"} & set(sys.modules) == loaded
    assert sum(found.numbers["eta_limit"] is not None for found in window.search.trials) == 1
    click(qtbot, window.search_view.show_network)
    assert window.training.config.network.filters == window.search_view.chosen.values["network.filters"]
    assert window.controller.answers.network(window.controller.config, "Cen A", 50) is not None
    assert window.tabs.currentIndex() in (SEARCH, TRAINING) and json.loads(window.search.folder.state_path.read_text())["done"] == 2
