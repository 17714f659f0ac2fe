import json

import pytest

from zevatron.core.config import RunConfig, with_values
from zevatron.core.errors import ConfigError, DamagedFileError, NoEventsError, UnknownNameError
from zevatron.core.study import Study, eta_latex, grid, read_result, read_study, run_cells, run_study, write_result
from zevatron.core.tables import read_table


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
