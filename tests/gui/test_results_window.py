"""Results of other runs in the window: added, compared, opened, exported."""

import csv
import json
from xml.etree import ElementTree

import pytest
from hands import choose, click, drop
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from verdict_samples import verdict

from zevatron.core.config import with_values
from zevatron.core.errors import InputError
from zevatron.core.study import result_document, write_result
from zevatron.core.training.run_folder import RunFolder
from zevatron.gui.files.settings import runs_folder
from zevatron.gui.main_window import RESULTS, SKY, TRAINING
from zevatron.gui.state.results import read_results

LIMIT, NETWORK = "likelihood_ratio", "bcnn"


def write_study(folder, base, resolutions=(0.1, 0.3)):
    """Write the results of a study of one source and N over the energy resolution; returns the runs."""
    runs = []
    for resolution in resolutions:
        run = with_values(base, {"energy.resolution": resolution, "events.n_events": (100,), "sources.names": ("Cen A",)})
        for statistic, eta in ((LIMIT, 0.2 * resolution), (NETWORK, 0.4 * resolution)):
            cell = folder / "cells" / f"CenA_N100_{statistic}_{run.digest}"
            cell.mkdir(parents=True)
            write_result(cell / "result.json", result_document(run, [verdict("Cen A", 100, statistic, eta, 0.2 * resolution)]))
        runs.append(run)
    return runs


def row_of(results, run, statistic):
    return next(v for v in results._verdicts if results._runs.get(v) == run and v.statistic == statistic)


def click_row(qtbot, results, wanted, double=False):
    index = results.sorter.mapFromSource(results.model.index(results.model.place(wanted), 1))
    results.table.scrollTo(index)
    place = results.table.visualRect(index).center()
    qtbot.mouseClick(results.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    if double:
        qtbot.mouseDClick(results.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


@pytest.fixture
def results(window, qtbot):
    """The tab in front, nothing added to it."""
    window.library.runs = {}
    window.results.filter.clear()
    window.library.changed.emit()
    window.tabs.setCurrentIndex(RESULTS)
    qtbot.waitUntil(lambda: window.results.model.rowCount() > 0, timeout=30_000)
    return window.results


@pytest.fixture
def study(window, results, qtbot, tmp_path, monkeypatch):
    """A study that was added by the menu."""
    runs = write_study(tmp_path / "resolutions", window.draft.config)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "resolutions"))
    choose(qtbot, results.adding, "Folder of a study or of trainings…")
    qtbot.waitUntil(lambda: len(window.library.runs) == 4, timeout=10_000)
    return runs


def test_a_study_stands_beside_the_run_on_screen_and_is_removed_again(window, results, study, qtbot):
    names = {run.name for run in window.library.runs.values()}
    assert names == {"resolutions: resolution 0.1", "resolutions: resolution 0.3"}
    assert not results.table.isColumnHidden(10)
    on_screen = [v for v in results._verdicts if v not in window.library.runs]
    assert on_screen and len(results._verdicts) == len(on_screen) + 4
    wanted = row_of(results, "resolutions: resolution 0.3", NETWORK)
    click_row(qtbot, results, wanted)
    assert {v.statistic for v in results.roc.verdicts} == {LIMIT, NETWORK}
    assert {results._runs[v] for v in results.roc.verdicts} == {"resolutions: resolution 0.3"}
    window.controller.answers_changed.emit()  # another limit is there: the choice stays
    assert results.selected is wanted
    choose(qtbot, results.adding, "Remove added results")
    assert window.library.runs == {} and results.table.isColumnHidden(10) and len(results._verdicts) == len(on_screen)


def test_the_run_behind_a_row_is_opened_with_its_numbers(window, results, study, qtbot):
    click_row(qtbot, results, row_of(results, "resolutions: resolution 0.1", NETWORK))
    click(qtbot, results.open)
    assert window.draft.config == study[0] and window.tabs.currentIndex() == SKY
    assert window.controller.choices.n_events == 100
    answers = window.controller.answers
    assert answers.limit(study[0], "Cen A", 100).eta_min == 0.2 * 0.1
    assert answers.network(study[0], "Cen A", 100).eta_min == 0.4 * 0.1
    assert "4.0" in window.inspector.network.value.text()


def test_a_row_of_the_run_on_screen_leads_to_its_sky(window, results, qtbot):
    qtbot.waitUntil(lambda: {v.n_events for v in window.verdicts()} == {50, 100}, timeout=30_000)
    click_row(qtbot, results, next(v for v in results._verdicts if v.n_events == 50), double=True)
    assert window.tabs.currentIndex() == SKY and window.controller.choices.n_events == 50


def test_trainings_are_added_and_opened(window, results, qtbot):
    run = with_values(window.draft.config, {"events.n_events": (100,), "sources.names": ("M82",)})
    folder = RunFolder.create(runs_folder() / "M82-N100", run)
    write_result(folder.path / "result.json", result_document(run, [verdict("M82", 100, NETWORK, 0.08, 0.05)]))
    choose(qtbot, results.adding, "All my trainings")
    qtbot.waitUntil(lambda: [run.name for run in window.library.runs.values()] == ["M82-N100"], timeout=10_000)
    click_row(qtbot, results, row_of(results, "M82-N100", NETWORK), double=True)
    assert window.tabs.currentIndex() == TRAINING and window.training.folder.path == folder.path
    assert window.draft.config.sources.names == ("M82",)
    window.training.discard()


def test_results_are_dropped_onto_the_window(window, results, qtbot, tmp_path):
    write_study(tmp_path / "dropped", window.draft.config, (0.2,))
    window.tabs.setCurrentIndex(SKY)
    drop(window, tmp_path / "dropped")
    assert window.tabs.currentIndex() == RESULTS
    qtbot.waitUntil(lambda: len(window.library.runs) == 2, timeout=10_000)


def test_what_cannot_be_read_is_said_and_the_rest_is_added(window, results, qtbot, tmp_path):
    write_study(tmp_path / "half", window.draft.config, (0.2,))
    (tmp_path / "half" / "cells" / "broken").mkdir()
    (tmp_path / "half" / "cells" / "broken" / "result.json").write_text("{")
    window.library.add(tmp_path / "half")
    qtbot.waitUntil(lambda: "not a complete JSON file" in window.messages.text.text(), timeout=10_000)
    assert len(window.library.runs) == 2
    window.library.add(tmp_path)
    qtbot.waitUntil(lambda: "found no result.json" in window.messages.text.text(), timeout=10_000)


def test_results_without_later_entries_or_of_no_run(tmp_path, small_run):
    document = result_document(small_run, [verdict("Cen A", 100, NETWORK, 0.05)])
    entry = {name: value for name, value in document["results"][0].items() if name not in ("beta_error", "eta_limit")}
    (tmp_path / "old.json").write_text(json.dumps({**document, "results": [entry]}))
    (found,), faults = read_results(tmp_path / "old.json")
    assert len(found.beta_error) == 0 and faults == []
    (tmp_path / "none.json").write_text(json.dumps({**document, "run": {}}))
    with pytest.raises(InputError, match="configuration of its run"):
        read_results(tmp_path / "none.json")
    with pytest.raises(InputError, match="choose a result file"):
        read_results(tmp_path / "nowhere")


def test_the_rows_that_are_shown_are_exported(window, results, study, qtbot, tmp_path):
    qtbot.keyClicks(results.filter, "bcnn")
    for kind in ("csv", "tex"):
        window.exports.write(f"results_{kind}", tmp_path / f"eta.{kind}")
    qtbot.waitUntil(lambda: (tmp_path / "eta.csv").exists() and (tmp_path / "eta.tex").exists(), timeout=10_000)
    lines = (tmp_path / "eta.csv").read_text().splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert sorted((row["run"], row["statistic"], float(row["eta_min"])) for row in rows) == [
        (f"resolutions: resolution {r}", NETWORK, pytest.approx(0.4 * r)) for r in (0.1, 0.3)
    ]
    text = (tmp_path / "eta.tex").read_text()
    assert "resolutions: resolution 0.3 & 12.00 [2.00]" in text and LIMIT not in text


@pytest.mark.parametrize("typed, chosen, name", [("roc", "SVG (*.svg)", "roc.svg"), ("roc.pdf", "PNG (*.png)", "roc.pdf")])
def test_one_figure_is_exported_by_its_menu(window, results, qtbot, tmp_path, monkeypatch, typed, chosen, name):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / typed), chosen))
    menu = window.figure_menu.menu_for(results.roc)
    next(action for action in menu.actions() if action.text() == "Export this figure…").trigger()
    qtbot.waitUntil((tmp_path / name).exists, timeout=30_000)
    if name.endswith("svg"):
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")
    else:
        assert (tmp_path / name).read_bytes().startswith(b"%PDF")


def test_the_diagrams_are_exported_in_the_format_of_the_menu(window, results, qtbot, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *arguments: asked.append(arguments[3]) or (str(tmp_path / "all"), arguments[3].partition(";;")[0]))
    choose(qtbot, results.exporting, "Diagrams as SVG…")
    wanted = {f"all_{name}.svg" for name in ("eta", "roc", "power", "scores")}
    qtbot.waitUntil(lambda: wanted == {path.name for path in tmp_path.glob("all*")}, timeout=30_000)
    assert asked[0].startswith("SVG (*.svg);;") and "PDF" in asked[0]
