"""The tables of the tabs as CSV and LaTeX, as a person asks for them; the files are read back."""

import pytest
from hands import choose
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu
from test_search_tab import TRIALS, folder  # noqa: F401
from test_studies_tab import NORTH, show

from zevatron.core.config import with_values
from zevatron.core.search.folder import NUMBERS
from zevatron.core.storage.tables import read_table
from zevatron.core.study import make_study
from zevatron.core.training.run_folder import RunFolder, RunState
from zevatron.gui.files.settings import runs_folder
from zevatron.gui.main_window import TRAINING
from zevatron.gui.state.answers import run_for


@pytest.fixture
def save_as(monkeypatch, tmp_path):
    """Names the file that is asked for next; returns its path without the ending, which is that of the format."""
    def name(stem):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda parent, words, path, filters: (str(tmp_path / stem), filters.split(";;")[0]))
        return tmp_path / stem

    return name


def latex_rows(path):
    """Cells of a LaTeX table, its heading first."""
    lines = [line.removesuffix(r" \\") for line in path.read_text().splitlines() if line.endswith(r" \\")]
    return [line.replace("\\_", "_").split(" & ") for line in lines]


def test_trials_of_a_search(new_window, folder, qtbot, save_as):  # noqa: F811
    window, view = new_window, new_window.search_view
    window.searches.open_path(folder.path)
    view.table.sortByColumn(3, Qt.SortOrder.DescendingOrder)  # feature maps
    path = save_as("trials").with_suffix(".csv")
    choose(qtbot, view.exporting, "Trials as CSV…")
    qtbot.waitUntil(path.is_file, timeout=10_000)
    table, shown = read_table(path), (TRIALS[2], TRIALS[1], TRIALS[0])
    assert table.columns["trial"] == ("3", "2", "1") and table.columns["state"] == ("failed", "done", "done")
    assert table.columns["network.dense"] == ("[0]", "[8, 8]", "[]") and table.columns["network.filters"] == ("64", "32", "4")
    for name in NUMBERS:
        assert table.columns[name] == tuple("" if t.numbers[name] is None else str(t.numbers[name]) for t in shown)
    assert f"digest of the search {folder.plan.digest}" in path.read_text()
    choose(qtbot, view.exporting, "Trials as LaTeX…")
    qtbot.waitUntil(path.with_suffix(".tex").is_file, timeout=10_000)
    rows = latex_rows(path.with_suffix(".tex"))
    assert rows[0] == list(table.columns) and [row[0] for row in rows[1:]] == ["3", "2", "1"]
    assert rows[2][rows[0].index("eta_min")] == "$0.02$" and rows[1][rows[0].index("eta_min")] == "--"


def test_trainings(new_window, qtbot, save_as):
    window, config = new_window, new_window.draft.config
    window.tabs.setCurrentIndex(TRAINING)
    for n, state in ((70, "done"), (80, "stopped")):
        RunFolder.create(runs_folder() / f"N{n}", run_for(config, "Cen A", n)).set_state(RunState(state=state, epoch=3, epochs=30))
    window.runs.look()
    model, table_view = window.monitor_view.model, window.monitor_view.table
    qtbot.waitUntil(lambda: len(model.rows) == 2, timeout=10_000)
    table_view.sortByColumn(3, Qt.SortOrder.DescendingOrder)  # N
    path = save_as("runs").with_suffix(".csv")
    chosen = []

    def pick():
        menu = QApplication.activePopupWidget()
        if not isinstance(menu, QMenu):
            QTimer.singleShot(20, pick)
            return
        action = next(action for action in menu.actions() if action.text() == "Table as CSV…")
        qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
        chosen.append(action)

    QTimer.singleShot(20, pick)
    table_view.customContextMenuRequested.emit(table_view.visualRect(model.index(0, 0)).center())  # what a right click sends
    qtbot.waitUntil(lambda: bool(chosen) and path.is_file(), timeout=10_000)
    table = read_table(path)
    assert table.columns["n_events"] == ("80", "70") and table.columns["state"] == ("stopped", "done")
    assert table.columns["digest"] == tuple(run_for(config, "Cen A", n).digest for n in (80, 70))
    assert table.columns["epochs"] == ("3", "3") and table.columns["eta_test"] == ("", "")
    save_as("runs.tex")
    window.menus.actions_by_text["Trainings as table…"].trigger()
    qtbot.waitUntil(path.with_suffix(".tex").is_file, timeout=10_000)
    rows = latex_rows(path.with_suffix(".tex"))
    assert rows[0][:2] == ["run", "state"] and [row[0] for row in rows[1:]] == ["N80", "N70"]


def test_cells_of_a_study(new_window, qtbot, save_as, small_run, tmp_path):
    window = new_window
    study = make_study(with_values(small_run, NORTH), {"events.n_events": [50, 60], "energy.resolution": [0.1, 0.2]}, ["likelihood_ratio"])
    show(qtbot, window, study, tmp_path / "study")
    path = save_as("cells").with_suffix(".csv")
    window.tabs.setCurrentWidget(window.study_view.parentWidget())
    choose(qtbot, window.study_view.menu, "Cells as CSV…")
    qtbot.waitUntil(path.is_file, timeout=10_000)
    table = read_table(path)
    assert table.columns["cell"] == tuple(cell.folder_name for cell in study.cells()) and set(table.columns["state"]) == {"waiting"}
    assert sorted(zip(table.columns["n_events"], table.columns["energy.resolution"], strict=True)) == [
        ("50", "0.1"), ("50", "0.2"), ("60", "0.1"), ("60", "0.2")
    ]
    save_as("cells.tex")
    choose(qtbot, window.study_view.menu, "Cells as LaTeX…")
    qtbot.waitUntil(path.with_suffix(".tex").is_file, timeout=10_000)
    assert len(latex_rows(path.with_suffix(".tex"))) == 5


@pytest.mark.parametrize("kind, words", [
    ("trials_csv", "begin or open a search"), ("runs_tex", "train a network"), ("cells_csv", "make or open a study"), ("sources_tex", "open an event list"),
])
def test_a_table_that_is_empty_says_what_to_do(window, tmp_path, kind, words):
    window.exports.write(kind, tmp_path / "nothing.csv")
    assert words in window.messages.text.text() and not (tmp_path / "nothing.csv").exists()
