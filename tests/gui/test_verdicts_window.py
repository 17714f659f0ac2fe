"""Verdicts in the window: across halves, what the limit rests on, errors of the ROC, results of earlier versions."""

import json

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import Qt
from synthetic import synthetic_densities

from zevatron.core.config import with_values
from zevatron.core.statistics import limit_verdict
from zevatron.core.study import result_document, write_result
from zevatron.gui.plots.result_plots import RocDiagram
from zevatron.gui.plots.result_rows import ALPHA_COLUMN
from zevatron.gui.state.answers import read_verdicts
from zevatron.gui.tasks.information import RANDOM


def limit_on_screen(window):
    controller = window.controller
    return controller.answers.limit(controller.config, controller.source_name, controller.choices.n_events)


@pytest.fixture
def answered(window, qtbot):
    """The window once the limit on screen is there."""
    qtbot.waitUntil(lambda: limit_on_screen(window) is not None, timeout=30_000)
    return window


def test_a_tick_asks_for_the_limit_across_halves(answered, qtbot):
    window, panel = answered, answered.inspector
    window.draft.set("energy.bin_width", 0.25)
    qtbot.waitUntil(lambda: limit_on_screen(window) is not None, timeout=30_000)
    assert panel.template.isHidden()
    window.test_panel.halves.box.click()
    assert window.draft.config.sky.halves and panel.limit.value.text() in ("computing…", "not computed")
    qtbot.waitUntil(lambda: limit_on_screen(window) is not None, timeout=60_000)
    limit = limit_on_screen(window)
    assert limit.rays == "halves" and not panel.template.isHidden()
    assert "Across halves" in panel.template.text() and f"{limit.template.best_width_deg:g}°" in panel.template.text()
    window.draft.set("sky.halves", False)
    qtbot.waitUntil(lambda: limit_on_screen(window) is not None and limit_on_screen(window).rays == "all", timeout=30_000)
    assert panel.template.isHidden()


def test_what_the_limit_rests_on_is_computed_when_asked(answered, qtbot):
    window, part = answered, answered.inspector.information_part
    assert all(line.isHidden() for line in part.rows.values()) and not part.hint.isHidden() and part.ask.isEnabled()
    qtbot.mouseClick(part.ask, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not part.rows["likelihood_ratio_fixed_number"].isHidden(), timeout=60_000)
    shown = {statistic for statistic, line in part.rows.items() if not line.isHidden()}
    assert shown == set(part.rows) - {"limit_regular_field", RANDOM} and part.hint.isHidden() and part.ask.isHidden()
    controller = window.controller
    known = controller.answers.information(controller.config, "Cen A", 100)
    assert f"{100 * known['limit_one_bin'].eta_min:.2f}" in part.rows["limit_one_bin"].value.text()
    assert f"{known['limit_one_bin'].ratio_to_limit:.2f}" in part.rows["limit_one_bin"].value.text()
    window.view.set("n_events", 50)
    qtbot.waitUntil(lambda: not part.hint.isHidden(), timeout=20_000)


def test_the_random_part_is_asked_for_by_itself_and_only_where_there_is_one(answered, qtbot):
    window, part = answered, answered.inspector.information_part
    window.view.set("n_events", 50)  # of which no other test asks
    qtbot.waitUntil(lambda: limit_on_screen(window) is not None, timeout=30_000)
    assert not part.ask_random.isHidden()
    qtbot.mouseClick(part.ask_random, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not part.rows[RANDOM].isHidden(), timeout=30_000)
    assert part.ask_random.isHidden() and not part.ask.isHidden()
    for model in ("pt11_bss_halo", "jf12"):
        window.draft.set("field.model", model)
        assert part.ask_random.isHidden()


def test_rates_of_few_skies_are_drawn_with_their_errors(qtbot, small_run):
    density = synthetic_densities(small_run)[0]
    found = limit_verdict(small_run, density, density, 50)
    diagram = RocDiagram()
    qtbot.addWidget(diagram)
    diagram.show()
    qtbot.waitExposed(diagram)
    diagram.set_verdicts([found])
    bars = [item for item in diagram.plotItem.items if isinstance(item, pg.PlotDataItem)][-1]
    x, y = bars.getOriginalDataset()
    assert len(x) % 3 == 0 and np.all(np.isnan(x[2::3]))
    low, high = x[0::3], x[1::3]
    middle, half = (high + low) / 2, (high - low) / 2
    symmetric = low > 0.101 * middle
    np.testing.assert_allclose(half[symmetric], np.sqrt(middle[symmetric] / found.check_maps), rtol=1e-6)
    assert np.all(middle < 0.1) and np.all(np.diff(y[0::3]) >= 0)


def test_a_checked_rate_stands_in_the_tooltip(answered):
    results = answered.results
    index = results.sorter.index(0, ALPHA_COLUMN)
    text = index.data(Qt.ItemDataRole.ToolTipRole)
    assert "1\u2009000 other isotropic skies" in text and "±" in text


def test_results_come_back_with_all_they_say_and_those_of_earlier_versions_too(tmp_path, small_run):
    run = with_values(small_run, {"sky.halves": True})
    density = synthetic_densities(run)[0]
    found = limit_verdict(run, density, density, 50)
    document = result_document(run, [found])
    write_result(tmp_path / "new.json", document)
    (again,) = read_verdicts(tmp_path / "new.json")
    assert again.template.smoothing_deg == found.template.smoothing_deg and again.rays == "halves"
    assert again.alpha_checked == found.alpha_checked and again.ratio_to_limit == 1
    np.testing.assert_allclose(again.roc_false_positive_error, found.roc_false_positive_error, rtol=1e-4)
    later = ("eta_limit", "alpha_checked", "alpha_checked_error", "check_maps", "roc_false_positive_error", "skies", "rays", "template",
             "ratio_to_limit")
    entry = {name: value for name, value in document["results"][0].items() if name not in later}
    (tmp_path / "old.json").write_text(json.dumps({"results": [entry], "run": document["run"]}))
    (old,) = read_verdicts(tmp_path / "old.json")
    assert old.eta_min == found.eta_min and old.template is None and old.ratio_to_limit is None
