"""A study read from its folder while it grows, what it takes on disk, and its process."""

import json
import os
import subprocess

import pytest

from zevatron.core.config import RunConfig, with_values
from zevatron.core.errors import InputError, NoEventsError
from zevatron.core.resources import own_command
from zevatron.core.storage.tables import read_table
from zevatron.core.study import engine, folder, grid, make_study, run_study
from zevatron.core.study.cell import CellState
from zevatron.core.study.engine import cell_path
from zevatron.core.study.estimate import study_cost, summary
from zevatron.core.study.folder import CellReader, StudyFolder
from zevatron.core.training import lock
from zevatron.core.training.state_file import write_state

TINY = {
    "field.model": "jf12_regular", "sky.nside": 8, "events.n_events": (50,), "test.maps": 400, "test.bootstrap": 20, "test.check_maps": 0,
}


class FakeVerdict:
    """What a cell of this run would find."""

    def __init__(self, config):
        self.eta = 0.01 * config.seed

    def as_dict(self):
        return {"source": "Cen A", "n_events": 50, "statistic": "likelihood_ratio", "eta_min": self.eta, "roc_true_positive": [0.0] * 1000}


@pytest.fixture
def study():
    return make_study(with_values(RunConfig(), TINY), {"seed": [1, 2, 3, 4]}, ["likelihood_ratio"])


@pytest.fixture
def judged(monkeypatch):
    """Cells take a moment; that of seed 3 fails."""

    def verdicts(name, config, progress):
        if config.seed == 3:
            raise NoEventsError("no nucleus arrives")
        return [FakeVerdict(config)]

    monkeypatch.setattr(grid, "statistic_verdicts", verdicts)


def test_what_is_read_is_what_the_engine_says(tmp_path, study, judged):
    reader = CellReader(study, tmp_path)
    assert [report.state.state for report in reader.read()] == ["waiting"] * 4
    run_study(study, tmp_path)
    table, reports = read_table(tmp_path / "cells.csv"), reader.read()
    assert tuple(report.state.state for report in reports) == tuple(table.columns["state"]) == ("done", "done", "failed", "done")
    assert tuple(report.state.reason for report in reports) == tuple(table.columns["error"])
    assert [report.rows[0]["eta_min"] for report in reports if report.rows] == pytest.approx([0.01, 0.02, 0.04])
    assert "roc_true_positive" not in reports[0].rows[0]  # thousands of cells have to fit


def test_only_what_has_changed_is_read_again(tmp_path, study, judged, monkeypatch):
    run_study(study, tmp_path)
    reader, read = CellReader(study, tmp_path), []
    real = folder.finished_rows
    monkeypatch.setattr(folder, "finished_rows", lambda path, config: read.append(path.name) or real(path, config))
    reader.read()
    assert len(read) == 3
    reader.read()
    assert len(read) == 3
    first = cell_path(tmp_path, study.cells()[0])
    (first / "result.json").write_text("{")
    report = reader.read()[0]
    assert read[3:] == [first.name] and report.state.state == "stopped" and "computed again" in report.state.reason and not report.rows
    # a process that ends without a word changes no file
    with lock.held(first / "lock"):
        write_state(first / "state.json", CellState(state="running"))
        assert reader.read()[0].state.state == "running"
    assert reader.read()[0].state.reason == "interrupted"


def test_a_folder_of_something_else_is_no_place_for_a_study(tmp_path, study, judged):
    with pytest.raises(InputError, match=r"has no study\.toml|it has no study"):
        StudyFolder(tmp_path)
    (tmp_path / "thesis.pdf").touch()
    with pytest.raises(InputError, match=r"holds other files \(thesis\.pdf"):
        StudyFolder.create(tmp_path, study)
    with pytest.raises(InputError, match="cannot make the folder"):
        StudyFolder.create(tmp_path / "thesis.pdf" / "study", study)
    made = StudyFolder.create(tmp_path / "study", study)
    run_study(made.study, made.path)
    longer = make_study(study.base, {"seed": [1, 2, 5]}, ["likelihood_ratio"])
    StudyFolder.create(made.path, longer)
    assert [report.state.state for report in CellReader(longer, made.path).read()] == ["done", "done", "waiting"]


def test_disk_is_estimated_and_then_measured(tmp_path, study, judged, monkeypatch):
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path / "cache"))
    both = make_study(study.base, {"seed": [1, 2]}, ["likelihood_ratio", "bcnn"])
    first = study_cost(both)
    disk = {cell.statistic: cost.disk for cell, _, cost in first.cells}
    assert 5 < disk["bcnn"] / 1 < 20 and disk["likelihood_ratio"] < 0.1
    assert first.disk == pytest.approx(2 * sum(disk.values())) and f"{first.disk:.1f} MiB on disk" in summary(first)
    run_study(make_study(study.base, {"seed": [1]}, ["likelihood_ratio"]), tmp_path / "study")
    path = cell_path(tmp_path / "study", both.cells()[0])
    size = sum(entry.stat().st_size for entry in path.iterdir()) / 2**20
    state = json.loads((path / "state.json").read_text())
    write_state(path / "state.json", CellState(**state | {"processor": max(state["processor"], 0.01)}))
    found = [cost.disk for _, _, cost in study_cost(both, tmp_path / "study").cells]
    size_now = sum(entry.stat().st_size for entry in path.iterdir()) / 2**20
    assert found[0] == pytest.approx(size_now) == pytest.approx(size, rel=0.1)
    assert found[2] == pytest.approx(size_now) and found[1] == disk["bcnn"]  # what was measured stands for the others of its statistic


def test_the_process_of_a_study_ends_with_its_input_and_goes_on_later(tmp_path, study):
    """As when the window is closed, or killed."""
    one = make_study(study.base, {"test.check_maps": [0, 100_000_000]}, ["likelihood_ratio"])
    path = StudyFolder.create(tmp_path / "study", one).path
    environment = os.environ | {"ZEVATRON_CACHE": str(tmp_path / "cache")}
    process = subprocess.Popen(own_command("study-process", path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    try:
        stages = [json.loads(line)["stage"] for line in _until(process.stdout, "2 of 2")]
        assert any(stage.startswith("1 of 2, CenA_N50") for stage in stages)
        process.stdin.close()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.stdout.close()
    reader = CellReader(one, path)
    assert [report.state.state for report in reader.read()] == ["done", "stopped"] and reader.read()[1].state.reason == "stopped by the user"
    assert tuple(read_table(path / "cells.csv").columns["state"]) == ("done", "stopped")
    assert engine.run_study(make_study(one.base, {"test.check_maps": [0]}, ["likelihood_ratio"]), path)["failed"] == []


def _until(lines, word):
    for line in lines:
        yield line
        if word.encode() in line:
            return
