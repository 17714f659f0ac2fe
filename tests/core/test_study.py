import json
import threading

import pytest

from zevatron.core.config import RunConfig, read_run, with_values
from zevatron.core.errors import ConfigError, DamagedFileError, NoEventsError, UnknownNameError
from zevatron.core.storage.tables import read_table
from zevatron.core.study import (
    Study,
    eta_latex,
    grid,
    make_study,
    read_result,
    read_study,
    run_cells,
    run_study,
    write_result,
)
from zevatron.core.study.cell import CellState, cell_state, do_cell
from zevatron.core.study.estimate import SKIES, study_cost
from zevatron.core.study.plan import study_toml
from zevatron.core.training import lock
from zevatron.core.training.state_file import write_state


class FakeVerdict:
    """Remembers what was asked; eta falls as 1/N."""

    def __init__(self, config):
        (self.n_events,) = config.events.n_events
        (self.source,) = config.sources.names

    def as_dict(self):
        eta = 3.0 / self.n_events
        return {"source": self.source, "n_events": self.n_events, "statistic": "likelihood_ratio", "eta_min": eta,
                "eta_low": 0.9 * eta, "eta_high": 1.1 * eta, "alpha": 0.01, "beta": 0.05, "auc": 0.99}


@pytest.fixture
def judged(monkeypatch):
    """Replace the physics: the cells that were computed, and the sources that fail."""
    calls, failing = [], set()

    def verdicts(name, config, progress):
        calls.append((config.sources.names[0], config.events.n_events[0]))
        if config.sources.names[0] in failing:
            raise NoEventsError("no nucleus arrives; raise the cutoff")
        return [FakeVerdict(config)]

    monkeypatch.setattr(grid, "statistic_verdicts", verdicts)
    return calls, failing


def grid_study():
    base = with_values(RunConfig(), {"sources.names": ("Cen A", "m82"), "events.n_events": (100, 300)})
    return Study(base, {"energy.resolution": [0.0, 0.2]}, ("likelihood_ratio",))


def test_a_run_is_split_into_one_cell_for_each_source_and_number():
    config = with_values(RunConfig(), {"sources.names": ("NGC 5128", "m82"), "events.n_events": (50, 100)})
    names = [name for name, _ in run_cells(config)]
    assert names == ["CenA_N50", "CenA_N100", "M82_N50", "M82_N100"]
    assert all(len(c.sources.names) == len(c.events.n_events) == 1 for _, c in run_cells(config))
    mixed = with_values(config, {"sources.mixture": True})
    assert [name for name, _ in run_cells(mixed)] == ["mixture_N50", "mixture_N100"]
    assert run_cells(mixed)[0][1].sources.names == ("NGC 5128", "m82")


def test_study_computes_each_cell_once_and_writes_the_table(tmp_path, judged):
    calls, _ = judged
    outcome = run_study(grid_study(), tmp_path)
    assert len(calls) == 8 and len(outcome["done"]) == 8 and not outcome["failed"]
    table = read_table(tmp_path / "eta_table.csv")
    assert len(table) == 8
    assert set(table.columns["energy.resolution"]) == {"0.0", "0.2"}
    row = next(i for i in range(8) if (table.columns["source"][i], table.columns["n_events"][i]) == ("Cen A", "300"))
    assert float(table.columns["published_bcnn"][row]) == 0.0567
    run_study(grid_study(), tmp_path)
    assert len(calls) == 8


def test_a_damaged_cell_is_computed_again(tmp_path, judged):
    calls, _ = judged
    run_study(grid_study(), tmp_path)
    result = next(iter(sorted((tmp_path / "cells").glob("*/result.json"))))
    result.write_text(result.read_text()[:40])
    run_study(grid_study(), tmp_path)
    assert len(calls) == 9
    assert read_result(result)["results"]


def test_a_failed_cell_is_listed_and_does_not_stop_the_rest(tmp_path, judged):
    calls, failing = judged
    failing.add("M82")
    outcome = run_study(grid_study(), tmp_path)
    assert len(outcome["done"]) == len(outcome["failed"]) == 4
    assert "raise the cutoff" in outcome["failed"][0]["error"]
    assert len(list((tmp_path / "cells").glob("M82*/error.txt"))) == 4
    failing.clear()
    assert not run_study(grid_study(), tmp_path)["failed"]
    assert len(calls) == 12 and not list((tmp_path / "cells").glob("*/error.txt"))


def test_latex_table_has_sources_in_rows_and_numbers_in_columns():
    rows = [
        {"source": s, "n_events": n, "statistic": "bcnn", "eta_min": eta}
        for s, n, eta in (("Cen A", 100, 0.1), ("Cen A", 300, 0.0512), ("M82", 300, None))
    ]
    text = eta_latex(rows)
    assert r"Source & Statistic & $N=100$ & $N=300$ \\" in text
    assert r"Cen A & bcnn & 10.00 & 5.12 (5.67) \\" in text
    assert r"M82 & bcnn &  & -- \\" in text


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("statistics = ['magic']", UnknownNameError, "likelihood_ratio, power_spectrum, power_spectrum_squared, robust_likelihood_ratio, bcnn, cnn"),
        ("statistic = []", ConfigError, "statistic: no such entry"),
        ("statistics = []", ConfigError, "expected a list"),
        ("[axes]\n'energy.colour' = [1]", ConfigError, r"axes\.energy\.colour"),
        ("[axes]\n'energy.resolution' = 0.2", ConfigError, "expected a list of values"),
        ("[axes]\n'energy.resolution' = [2.0]", ConfigError, r"energy\.resolution"),
        ("[axes]\n'sources.names' = ['Andromeda']", UnknownNameError, "unknown source 'Andromeda'"),
        ("[axes]\n'energy.resolution' = []", ConfigError, r"axes\.energy\.resolution: expected a list of values"),
        ("[axes]\n'energy.resolution' = [0, 0.0]", ConfigError, r"axes\.energy\.resolution: expected each value once"),
        ("[axes]\n'sources.names' = ['Cen A', 'NGC 5128']", ConfigError, r"axes\.sources\.names: expected each value once"),
        ("[axes]\n'energy.resolution' = ['wide']", ConfigError, r"axes\.energy\.resolution\[0\]: expected a number"),
        ("[axes]\n'events.n_events' = [50, 'many']", ConfigError, r"axes\.events\.n_events\[1\]: expected an integer"),
        ("[axes]\n'field.model' = ['jf12', 'jf99']", UnknownNameError, r"axes\.field\.model\[1\]: unknown Galactic field 'jf99'"),
        ("[axes]\n'field.parameters.colour' = [1]", ConfigError, r"field\.parameters\.colour"),
        ("[axes]\n'observatory.exposure' = ['moon']", UnknownNameError, r"axes\.observatory\.exposure\[0\]: unknown"),
        ("statistics = ['network']\n[axes]\n'network.kind' = ['bcnn', 'gnn']", UnknownNameError, r"axes\.network\.kind\[1\]: unknown"),
        ("[axes]\n'network.kind' = ['bcnn']", ConfigError, r"axes\.network\.kind: decides nothing"),
        ("statistics = ['bcnn']\n[axes]\n'network.kind' = ['bcnn']", ConfigError, r"axes\.network\.kind: statistics name bcnn already"),
        ("statistics = ['bcnn', 'bcnn']", ConfigError, "statistics: expected each statistic once"),
        ("[axes]\n'name' = ['a']", ConfigError, r"axes\.name: expected a setting that decides something"),
        ("[axes]\n'energy.n_bins' = [8, 60]\n'energy.bin_width' = [0.1]", ConfigError, "axes: no run for energy.n_bins = 60, energy.bin_width = 0.1"),
        ("[axes]\n'sources.names' = ['M87', ['Cen A', 'M87']]", ConfigError, "axes: expected different cells"),
        ("axes = 3", ConfigError, r"axes: expected a table"),
        ("base = 3", ConfigError, "base: expected the path of a run file"),
        ("[run.energy]\nn_bin = 3", ConfigError, r"energy\.n_bin"),
    ],
)
def test_studies_without_sense_are_refused_before_they_start(tmp_path, text, error, words):
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(error, match=words):
        read_study(path)


def test_study_file_with_base_and_axes(tmp_path):
    (tmp_path / "base.toml").write_text("seed = 9\n")
    path = tmp_path / "study.toml"
    path.write_text('base = "base.toml"\nstatistics = ["likelihood_ratio", "cnn"]\n[axes]\n"sources.names" = ["Cen A", "M87"]\n'
                    '"events.n_events" = [50]\n')
    cells = read_study(path).cells()
    assert len(cells) == 4
    assert {cell.config.network.kind for cell in cells if cell.statistic == "cnn"} == {"cnn"}
    assert all(cell.config.seed == 9 for cell in cells)
    assert len({cell.folder_name for cell in cells}) == 4


def test_results_come_back_and_damage_is_seen(tmp_path):
    path = tmp_path / "result.json"
    write_result(path, {"results": [], "run": {"digest": "x"}})
    assert read_result(path)["run"]["digest"] == "x"
    path.write_text(json.dumps([1]))
    with pytest.raises(DamagedFileError):
        read_result(path)
    with pytest.raises(ValueError, match="JSON"):
        write_result(path, {"results": [float("nan")], "run": {}})


def test_networks_are_an_axis_that_other_statistics_do_not_have():
    study = make_study(RunConfig(), {"network.kind": ["bcnn", "cnn"], "events.n_events": [50, 100], "seed": [1, 2]}, ["likelihood_ratio", "network"])
    cells = study.cells()
    assert [sum(cell.statistic == kind for cell in cells) for kind in ("likelihood_ratio", "bcnn", "cnn")] == [4, 4, 4]
    assert all(cell.config.network.kind == cell.statistic for cell in cells if cell.is_network)
    assert all("network.kind" in cell.axes for cell in cells if cell.is_network)


def test_a_study_file_written_is_the_study_read(tmp_path):
    axes = {"sources.names": ["Cen A", ["Cen A", "M82"]], "field.parameters.x_strength": [3.0, 4.6], "training.scenarios": [{}, {"A": "energy.n_bins=3"}]}
    study = make_study(with_values(RunConfig(), {"sources.mixture": True}), axes, ["bcnn"])
    (tmp_path / "study.toml").write_text(study_toml(study))
    assert [cell.folder_name for cell in read_study(tmp_path / "study.toml").cells()] == [cell.folder_name for cell in study.cells()]


def test_every_cell_is_a_run_of_its_own_with_its_state(tmp_path, judged):
    study = grid_study()
    run_study(study, tmp_path)
    for cell in study.cells():
        folder = tmp_path / "cells" / cell.folder_name
        assert read_run(folder / "run.toml") == cell.config
        assert (state := cell_state(folder)).state == "done" and state.attempts == 1
    assert read_study(tmp_path / "study.toml").cells() == study.cells()
    table = read_table(tmp_path / "cells.csv")
    assert set(table.columns["state"]) == {"done"} and not (tmp_path / "failed.csv").exists()


def test_a_longer_axis_computes_only_what_is_new(tmp_path, judged):
    calls, _ = judged
    run_study(grid_study(), tmp_path)
    longer = Study(grid_study().base, {"energy.resolution": [0.0, 0.1, 0.2]}, ("likelihood_ratio",))
    assert len(run_study(longer, tmp_path)["done"]) == 12 and len(calls) == 12


def test_a_fault_of_ours_fails_one_cell_with_its_traceback(tmp_path, monkeypatch):
    def verdicts(name, config, progress):
        if config.sources.names[0] == "M82":
            raise ZeroDivisionError("oh")
        return [FakeVerdict(config)]

    monkeypatch.setattr(grid, "statistic_verdicts", verdicts)
    outcome = run_study(grid_study(), tmp_path)
    assert len(outcome["done"]) == len(outcome["failed"]) == 4 and outcome["failed"][0]["error"] == "ZeroDivisionError: oh"
    failed = read_table(tmp_path / "failed.csv")
    assert set(failed.columns["error"]) == {"ZeroDivisionError: oh"}
    assert "Traceback" in next((tmp_path / "cells").glob("M82*/error.txt")).read_text()


def test_a_study_that_is_stopped_keeps_its_table_and_goes_on(tmp_path, monkeypatch):
    calls = []

    def verdicts(name, config, progress):
        calls.append(config.digest)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return [FakeVerdict(config)]

    monkeypatch.setattr(grid, "statistic_verdicts", verdicts)
    with pytest.raises(KeyboardInterrupt):
        run_study(grid_study(), tmp_path)
    assert len(read_table(tmp_path / "eta_table.csv")) == 3
    assert sorted(read_table(tmp_path / "cells.csv").columns["state"]) == ["done"] * 3 + ["stopped"] + ["waiting"] * 4
    assert len(run_study(grid_study(), tmp_path)["done"]) == 8 and len(calls) == 9


def test_two_processes_share_a_study_and_do_no_cell_twice(tmp_path, judged):
    """Two threads hold locks against each other as two processes do: locks belong to the opened file."""
    calls, failing = judged
    failing.add("M82")
    outcomes = []
    threads = [threading.Thread(target=lambda: outcomes.append(run_study(grid_study(), tmp_path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 8
    assert outcomes[0] == outcomes[1] and len(outcomes[0]["done"]) == len(outcomes[0]["failed"]) == 4


def test_a_cell_that_another_is_at_is_left_alone_until_it_ends(tmp_path, judged):
    calls, _ = judged
    cell = grid_study().cells()[0]
    folder = tmp_path / "cells" / cell.folder_name
    folder.mkdir(parents=True)
    with lock.held(folder / "lock"):
        assert do_cell(folder, cell.statistic, cell.config).state == "busy"
    assert do_cell(folder, cell.statistic, cell.config).state == "done" and len(calls) == 1


def test_what_may_have_killed_its_process_comes_last(tmp_path, judged):
    calls, _ = judged
    cells = grid_study().cells()
    folder = tmp_path / "cells" / cells[0].folder_name
    folder.mkdir(parents=True)
    write_state(folder / "state.json", CellState(state="running", attempts=1))  # and nobody holds the lock
    assert cell_state(folder).reason == "interrupted"
    run_study(grid_study(), tmp_path)
    assert calls[-1] == (cells[0].config.sources.names[0], cells[0].config.events.n_events[0]) and cell_state(folder).attempts == 2


def test_estimates_follow_the_work_and_then_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path / "cache"))
    base = with_values(RunConfig(), {"field.model": "jf12_regular", "events.n_events": (300,), "test.check_maps": 0})
    study = make_study(base, {"test.maps": [10_000, 20_000], "network.kind": ["bcnn", "cnn"]}, ["likelihood_ratio", "network"])
    costs = {(cell.statistic, cell.config.test.maps): cost for cell, _, cost in study_cost(study).cells}
    assert all(cost.lens == 0 for cost in costs.values())  # the maps come with Zevatron
    extra = [costs[name, 20_000].processor - costs[name, 10_000].processor for name in ("likelihood_ratio", "bcnn")]
    assert extra[0] == pytest.approx(8 * 10_000 / SKIES["likelihood_ratio"])
    assert extra[1] == pytest.approx(extra[0] + 8 * 10_000 / 234)
    assert costs["bcnn", 10_000].memory > costs["likelihood_ratio", 10_000].memory
    elsewhere = make_study(base, {"field.model": ["jf12_regular", "pt11_bss_halo"]}, ["likelihood_ratio", "power_spectrum"])
    assert [cost.lens > 0 for _, _, cost in study_cost(elsewhere).cells] == [False, False, True, False]  # traced once
    # a cell that is done at one go tells what the others of its statistic take
    first = study.cells()[0]
    folder = tmp_path / "study/cells" / first.folder_name
    folder.mkdir(parents=True)
    write_state(folder / "state.json", CellState(state="done", attempts=1, processor=30 * costs["likelihood_ratio", 10_000].processor, memory=900.0))
    found = study_cost(study, tmp_path / "study")
    assert found.measured == {"likelihood_ratio": 1} and len(found.left) == len(study.cells()) - 1
    scaled = {(cell.statistic, cell.config.test.maps): cost for cell, _, cost in found.cells}
    assert scaled["likelihood_ratio", 20_000].processor == pytest.approx(30 * costs["likelihood_ratio", 20_000].processor)
    assert scaled["likelihood_ratio", 20_000].memory == 900 and scaled["bcnn", 20_000] == costs["bcnn", 20_000]
