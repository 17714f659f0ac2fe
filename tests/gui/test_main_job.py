"""The main job by hand, nothing replaced: from the source through a real training to eta in the results."""

import re
import sys
from dataclasses import replace

import pytest
from hands import click
from PySide6.QtWidgets import QMessageBox

from zevatron.core.config import RunConfig, with_values
from zevatron.core.training.run_folder import RunFolder
from zevatron.gui.files.settings import runs_folder
from zevatron.gui.main_window import RESULTS, TRAINING

TINY = {
    "field.model": "none", "sky.nside": 8, "sky.source_radius": 10.0, "energy.bin_width": 0.2, "events.n_events": (50, 100),
    "network.filters": 8, "training.epochs": 4, "training.maps_per_epoch": 1280, "training.batch_size": 32, "training.validation_maps": 500,
    "training.threads": 2, "test.maps": 1000, "test.bootstrap": 20, "test.check_maps": 2000,
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Spectra and lenses of these tests, empty at first."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def loaded_before():
    """What other tests have loaded into this process; the window may add nothing to it."""
    return {"keras", "tensorflow"} & set(sys.modules)


@pytest.fixture
def tiny_window(open_window, qtbot, cache, monkeypatch):
    """The window with a tiny run, its first sky there."""
    monkeypatch.setenv("ZEVATRON_CACHE", str(cache))
    window = open_window(with_values(RunConfig(), TINY))
    qtbot.waitUntil(lambda: window.controller.density is not None, timeout=180_000)
    return window


@pytest.mark.timeout(900)
def test_main_job_by_hand(tiny_window, qtbot, loaded_before):
    window, answer = tiny_window, tiny_window.inspector
    qtbot.waitUntil(lambda: not window.controller.missing_limits(), timeout=120_000)
    assert re.match(r"\d", answer.limit.value.text())

    click(qtbot, window.top_bar.train_button)
    assert window.tabs.currentIndex() == TRAINING and not window.top_bar.train_button.isEnabled()
    qtbot.waitUntil(lambda: "epoch" in window.jobs_bar.main_row.words.text(), timeout=180_000)
    assert window.jobs_bar.main_row.title.text() == "Training BCNN, Cen A, N = 100"
    qtbot.waitUntil(lambda: window.training.history is not None and len(window.training.history["epoch"]) > 0, timeout=180_000)
    assert {"keras", "tensorflow"} & set(sys.modules) == loaded_before

    qtbot.waitUntil(lambda: window.tabs.currentIndex() == RESULTS, timeout=300_000)
    assert re.match(r"\d+\.\d\d .*\u2009%", answer.network.value.text())
    answers, config = window.controller.answers, window.controller.config
    network, limit = answers.network(config, "Cen A", 100), answers.limit(config, "Cen A", 100)
    assert network.statistic == "bcnn" and network.eta_min >= 0.9 * limit.eta_min
    assert {verdict.statistic for verdict in window.verdicts_at_screen()} == {"likelihood_ratio", "bcnn"}
    assert window.results.model.rowCount() == 3

    (path,) = runs_folder().iterdir()
    assert RunFolder(path).state.state == "done"
    assert window.top_bar.train_button.isEnabled() and not window.training.is_active
    assert {"keras", "tensorflow"} & set(sys.modules) == loaded_before

    answers.add_method(config, replace(limit, statistic="bcnn"))
    window.files.open_training_path(path)  # shows what lies in the folder
    assert answers.network(window.controller.config, "Cen A", 100).as_dict() == network.as_dict()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_training_is_paused_resumed_and_discarded(tiny_window, qtbot, monkeypatch):
    window = tiny_window
    window.draft.set("training.epochs", 500)
    click(qtbot, window.top_bar.train_button)
    row = window.jobs_bar.main_row

    def buttons():
        return {row.buttons.itemAt(i).widget().text(): row.buttons.itemAt(i).widget() for i in range(row.buttons.count())}

    qtbot.waitUntil(lambda: set(buttons()) == {"Pause", "Stop and keep best", "Discard"}, timeout=180_000)
    click(qtbot, buttons()["Pause"])
    qtbot.waitUntil(lambda: window.training.state.state == "paused" and "Resume" in buttons(), timeout=60_000)
    click(qtbot, buttons()["Resume"])
    qtbot.waitUntil(lambda: window.training.state.state == "running", timeout=60_000)
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    window.monitor.discard(window.training)
    qtbot.waitUntil(lambda: not window.training.is_active, timeout=60_000)
    assert list(runs_folder().iterdir()) == []
    assert window.training_view.empty.isVisible()
