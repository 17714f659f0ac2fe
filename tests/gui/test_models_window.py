"""Networks opened as files, statistics beside the likelihood ratio, what is exported, and results that are out of date."""

import csv
import os
import time
from dataclasses import replace

import pytest
from hands import choose
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox
from synthetic import synthetic_densities

from zevatron.core.config import run_toml, with_values
from zevatron.core.errors import TrainingError
from zevatron.core.progress import SILENT
from zevatron.core.statistics.registry import STATISTICS, statistic_named
from zevatron.core.study import read_result, result_document, write_result
from zevatron.core.training.run_folder import RunFolder
from zevatron.gui.files.settings import runs_folder
from zevatron.gui.main_window import RESULTS
from zevatron.gui.plots.base import statistic_lines
from zevatron.gui.plots.result_rows import STATISTIC_COLUMN
from zevatron.gui.tasks import models, training
from zevatron.gui.tasks.models import model_name
from zevatron.gui.tasks.training import stored_verdict


def limits_known(window):
    return window.controller.is_current and not window.controller.missing_limits()


@pytest.fixture
def answered(new_window, qtbot):
    qtbot.waitUntil(lambda: limits_known(new_window), timeout=30_000)
    return new_window


@pytest.fixture
def engine(monkeypatch, answered):
    """Stands in for the processes: remembers what they were asked and answers with the limit of the run."""
    asked, limit = [], answered.controller.answers.limit(answered.controller.config, "Cen A", 100)
    records = {}

    def run_command(arguments, progress):
        asked.append([str(argument) for argument in arguments])
        if arguments[0] == "import-model":
            arguments[-1].touch()
        else:
            write_result(arguments[-1], result_document(answered.controller.config, [replace(limit, statistic="bcnn", eta_min=0.5)]))

    monkeypatch.setattr(models, "run_command", run_command)
    monkeypatch.setattr(models, "read_record", lambda path: records.get(path.name, {}))
    return asked, records


def record_of(config):
    return {"run": {"config": run_toml(config)}, "n_events": config.events.n_events[0], "source": "Cen A", "density": "abc"}


def opened(window, path, qtbot, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    window.menus.actions_by_text["Open model…"].trigger()


def model_verdict(window, name):
    return window.controller.answers.method(window.controller.config, "Cen A", 100, f"model:{name}")


def test_a_network_of_the_same_scenario_is_judged_without_a_question(answered, engine, qtbot, monkeypatch, tmp_path):
    window, (asked, records) = answered, engine
    records["mine.keras"] = record_of(with_values(window.controller.config, {"events.n_events": (100,)}))
    monkeypatch.setattr(QMessageBox, "exec", lambda box: pytest.fail(box.text()))
    opened(window, tmp_path / "mine.keras", qtbot, monkeypatch)
    qtbot.waitUntil(lambda: model_verdict(window, "mine") is not None, timeout=10_000)
    assert window.tabs.currentIndex() == RESULTS and window.results.selected.statistic == "model:mine"
    ((command, run, flag, model, *_),) = asked
    assert (command, flag, model) == ("evaluate", "--model", str(tmp_path / "mine.keras")) and run.endswith("run.toml")
    texts = [window.results.sorter.index(row, STATISTIC_COLUMN).data() for row in range(window.results.sorter.rowCount())]
    assert sorted(texts) == ["Likelihood ratio", "Likelihood ratio", "mine"] and window.messages.isHidden()
    window.draft.set("energy.resolution", 0.1)  # another question: this is no answer to it
    assert model_verdict(window, "mine") is None


@pytest.mark.parametrize("agrees", [True, False])
def test_a_network_of_another_scenario_is_warned_of_before_it_is_judged(answered, engine, qtbot, monkeypatch, tmp_path, agrees):
    window, (asked, records) = answered, engine
    records["other.keras"] = record_of(with_values(window.controller.config, {"sources.names": ("M82",), "events.n_events": (50,)}))
    said = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: said.append((box.text(), box.informativeText(), len(asked))))
    wanted = "Test it all the same" if agrees else "Cancel"
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: next(b for b in box.buttons() if b.text() == wanted))
    opened(window, tmp_path / "other.keras", qtbot, monkeypatch)
    qtbot.waitUntil(lambda: bool(said), timeout=10_000)
    ((text, details, before),) = said
    assert text == "other was trained for another scenario." and before == 0
    assert "sources.names was ['M82'], is ['Cen A']" in details and "events.n_events was 50, is [100]" in details
    if not agrees:
        qtbot.waitUntil(lambda: not window.jobs.active, timeout=10_000)
        assert not asked and model_verdict(window, "other") is None
        return
    qtbot.waitUntil(lambda: model_verdict(window, "other") is not None, timeout=10_000)
    results = window.results
    index = next(i for row in range(3) if (i := results.sorter.index(row, STATISTIC_COLUMN)).data() == "other *")
    assert "sources.names" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_a_published_network_is_imported_and_said_to_be_of_unknown_origin(answered, engine, qtbot, monkeypatch, tmp_path):
    window, (asked, records) = answered, engine
    name = "CenA_N300_Bjf_Ns32-1_F32_v9"
    records[f"{name}.keras"] = {"imported": {"file": f"{name}.h5"}}
    opened(window, tmp_path / f"{name}.h5.bz2", qtbot, monkeypatch)
    qtbot.waitUntil(lambda: model_verdict(window, name) is not None, timeout=10_000)
    target = str(runs_folder() / "models" / f"{name}.keras")
    assert asked[0] == ["import-model", str(tmp_path / f"{name}.h5.bz2"), "--out", target] and asked[1][3] == target
    assert f"{name} does not say which sources" in window.messages.text.text()


def test_a_file_that_is_no_network_is_refused(answered, qtbot, monkeypatch, tmp_path):
    (tmp_path / "photos.keras").write_text("holiday")
    opened(answered, tmp_path / "photos.keras", qtbot, monkeypatch)
    qtbot.waitUntil(lambda: "is not a whole .keras file" in answered.messages.text.text(), timeout=10_000)

    def fails(arguments, progress):
        raise TrainingError("zevatron: photos.h5: expected a layer OrderMap")

    monkeypatch.setattr(models, "run_command", fails)
    opened(answered, tmp_path / "photos.h5", qtbot, monkeypatch)
    qtbot.waitUntil(lambda: "expected a layer OrderMap" in answered.messages.text.text(), timeout=10_000)


def test_networks_have_names_that_tell(tmp_path):
    assert model_name("a/CenA_N300.h5.bz2") == model_name("CenA_N300.keras") == model_name("CenA_N300.h5") == "CenA_N300"
    assert model_name(tmp_path / "CenA-N300-abc" / "best.keras") == "CenA-N300-abc"


def test_the_power_spectrum_stands_beside_the_likelihood_ratio_when_it_is_asked_for(answered, qtbot):
    window = answered
    controller, tick, text = window.controller, window.results.further["power_spectrum"], STATISTICS["power_spectrum"].label
    window.tabs.setCurrentIndex(RESULTS)
    assert not window.statistics.chosen
    choose(qtbot, window.results.adding, text)
    qtbot.waitUntil(lambda: tick.isChecked() and window.statistics.chosen == ("power_spectrum",), timeout=1000)
    qtbot.waitUntil(lambda: not window.statistics.missing(), timeout=60_000)
    found = {n: controller.answers.method(controller.config, "Cen A", n, "power_spectrum") for n in (50, 100)}
    for n_events, verdict in found.items():
        limit = controller.answers.limit(controller.config, "Cen A", n_events)
        assert verdict.skies == limit.skies and verdict.eta_limit == limit.eta_min and verdict.eta_min > limit.eta_min
    from zevatron.core.statistics import verdict as judged

    density = synthetic_densities(controller.config)[0]
    same = judged(controller.config, density, 50, statistic_named("power_spectrum", controller.config, density, 50))
    assert found[50].eta_min == same.eta_min
    assert {v.statistic for v in window.verdicts_at_screen()} == {"likelihood_ratio", "power_spectrum"}
    window.draft.set("energy.resolution", 0.3)  # follows the run
    qtbot.waitUntil(lambda: limits_known(window) and not window.statistics.missing() and controller.is_current, timeout=60_000)
    assert controller.answers.method(controller.config, "Cen A", 100, "power_spectrum") is not None
    choose(qtbot, window.results.adding, text)
    window.draft.set("energy.resolution", 0.4)
    qtbot.waitUntil(lambda: limits_known(window) and controller.is_current, timeout=60_000)
    assert not window.statistics.missing()
    assert controller.answers.method(controller.config, "Cen A", 100, "power_spectrum") is None


def test_statistics_of_one_colour_have_lines_of_their_own():
    lines = statistic_lines(["likelihood_ratio", "power_spectrum", "power_spectrum_squared", "bcnn", "cnn", "model:x", "deepsphere"])
    by_colour = [[lines[n] for n in group] for group in (("bcnn", "cnn", "model:x", "deepsphere"), ("power_spectrum", "power_spectrum_squared"))]
    assert all(len(set(group)) == len(group) for group in by_colour)


def test_the_table_of_the_export_holds_what_the_limit_rests_on_and_every_warning(answered, qtbot, tmp_path):
    window, controller = answered, answered.controller
    controller.compute_information(("limit_one_bin", "limit_base_faces"))
    qtbot.waitUntil(lambda: len(controller.answers.information(controller.config, "Cen A", 100)) == 2, timeout=60_000)
    limit = controller.answers.limit(controller.config, "Cen A", 100)
    controller.answers.add_method(controller.config, replace(limit, statistic="model:x"), "Trained for another scenario: it was M82")
    controller.answers_changed.emit()
    qtbot.waitUntil(lambda: window.results.model.rowCount() == len(window.verdicts()), timeout=5000)
    window.exports.write("results_csv", tmp_path / "eta.csv")
    qtbot.waitUntil(lambda: (tmp_path / "eta.csv").exists(), timeout=10_000)
    lines = (tmp_path / "eta.csv").read_text().splitlines()
    assert "# model:x: Trained for another scenario: it was M82" in lines
    rows = {(row["statistic"], row["n_events"]): row for row in csv.DictReader(line for line in lines if not line.startswith("#"))}
    known = controller.answers.information(controller.config, "Cen A", 100)
    for statistic, verdict in known.items():
        assert float(rows[statistic, "100"]["eta_min"]) == verdict.eta_min
        assert float(rows[statistic, "100"]["ratio_to_limit"]) == pytest.approx(verdict.eta_min / limit.eta_min)
    assert len(rows) == 5


def test_a_result_of_another_run_or_an_earlier_network_is_not_shown(tmp_path, small_run):
    from zevatron.core.statistics import limit_verdict

    run = with_values(small_run, {"events.n_events": (50,)})
    density = synthetic_densities(run)[0]
    folder = RunFolder.create(tmp_path / "run", run)
    assert stored_verdict(folder) is None
    write_result(folder.path / "result.json", result_document(run, [limit_verdict(run, density, density, 50)]))
    assert stored_verdict(folder).n_events == 50 and read_result(folder.path / "result.json")
    folder.best_path.touch()
    os.utime(folder.best_path, (1, 1))
    assert stored_verdict(folder) is not None
    os.utime(folder.best_path)
    os.utime(folder.path / "result.json", (2, 2))
    assert stored_verdict(folder) is None  # the network was trained on
    os.utime(folder.best_path, (1, 1))
    RunFolder.create(tmp_path / "run", with_values(run, {"test.alpha": 0.05}))  # may go on, but is another question
    assert stored_verdict(folder) is None


def test_a_verdict_made_after_the_clock_was_set_back_counts(tmp_path, small_run, monkeypatch):
    from zevatron.core.statistics import limit_verdict

    run = with_values(small_run, {"events.n_events": (50,)})
    density = synthetic_densities(run)[0]
    folder = RunFolder.create(tmp_path / "run", run)
    folder.best_path.touch()
    ahead = time.time() + 10 * 365 * 86_400
    os.utime(folder.best_path, (ahead, ahead))
    document = result_document(run, [limit_verdict(run, density, density, 50)])
    monkeypatch.setattr(training, "run_command", lambda arguments, progress: write_result(arguments[-1], document))
    verdict = training.evaluate(folder, SILENT)
    assert stored_verdict(folder).eta_min == verdict.eta_min


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_real_network_from_a_file_in_a_process_of_its_own(answered, qtbot, tmp_path):
    from zevatron.core.network import build_network, save_network

    config = answered.controller.config
    network = build_network("bcnn", 8, config.energy.bin_count, 4, seed=1)
    save_network(tmp_path / "small.keras", network, {"kind": "bcnn"} | record_of(with_values(config, {"events.n_events": (100,)})))
    answered.models.open_path(tmp_path / "small.keras")
    qtbot.waitUntil(lambda: model_verdict(answered, "small") is not None, timeout=300_000)
    assert model_verdict(answered, "small").statistic == "model:small" and model_verdict(answered, "small").eta_limit > 0
