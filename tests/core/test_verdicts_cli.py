"""Halves and what a limit rests on, from the command line; files and records are the contract."""

import json

import numpy as np
import pytest

from zevatron.core.cli import main
from zevatron.core.config import config_from_toml, read_run
from zevatron.core.sky_density import sky_densities
from zevatron.core.training.run_folder import RunFolder

SETTINGS = [
    "sky.nside=8", "energy.bin_width=0.375", "network.filters=2", "training.epochs=1", "training.maps_per_epoch=64",
    "training.validation_maps=64", "training.threads=1", "test.maps=1000", "test.bootstrap=10", "test.check_maps=2000",
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache, monkeypatch):
    monkeypatch.setenv("ZEVATRON_CACHE", str(cache))


@pytest.fixture
def run_file(tmp_path):
    path = tmp_path / "run.toml"
    assert main(["new", "--events", "60", "--out", str(path), *(part for text in SETTINGS for part in ("--set", text))]) == 0
    return path


def results(path):
    document = json.loads(path.read_text())
    return document["results"], config_from_toml(document["run"]["config"]), document["run"]["digest"]


def test_likelihood_across_halves_says_which_template_won_and_the_record_carries_it(run_file, tmp_path, capsys):
    out = tmp_path / "halves.json"
    assert main(["likelihood", str(run_file), "--halves", "--out", str(out)]) == 0
    (row,), config, digest = results(out)
    assert config.sky.halves and config.digest == digest != read_run(run_file).digest
    choice = row["template"]
    assert row["rays"] == "halves" and row["statistic"] == "likelihood_ratio"
    assert row["eta_min"] == min(choice["eta_raw"], choice["eta_smoothed"])
    assert choice["smoothing_deg"] == (0 if choice["eta_raw"] <= choice["eta_smoothed"] else choice["best_width_deg"])
    said = capsys.readouterr().out
    assert "across halves, raw template" in said or "across halves, template smoothed by" in said
    by_setting = tmp_path / "setting.json"
    assert main(["likelihood", str(run_file), "--set", "sky.halves=true", "--out", str(by_setting)]) == 0
    assert results(by_setting)[0] == [row]


def test_information_adds_rows_beside_the_limit(run_file, tmp_path, capsys):
    out = tmp_path / "information.json"
    assert main(["likelihood", str(run_file), "--information", "--out", str(out)]) == 0
    rows = {row["statistic"]: row for row in results(out)[0]}
    assert next(iter(rows)) == "likelihood_ratio" and rows["likelihood_ratio"]["ratio_to_limit"] == 1
    assert rows["limit_base_faces"]["ratio_to_limit"] > 1.3 > 1 > rows["limit_perfect_energies"]["ratio_to_limit"]
    assert main(["likelihood", str(run_file), "--random-field", "--out", str(out)]) == 2
    assert "expected --information" in capsys.readouterr().err


def test_a_network_trained_on_one_half_is_tested_on_the_other(run_file, tmp_path, capsys, caplog):
    folder, out = tmp_path / "trained", tmp_path / "network.json"
    assert main(["train", str(run_file), "--halves", "--out", str(folder)]) == 0
    trained = RunFolder(folder)
    first, second = (sky_densities(trained.config, half=half)[0] for half in (0, 1))
    assert trained.config.sky.halves and trained.density.digest == first.digest != second.digest
    model = str(folder / "best.keras")
    assert main(["evaluate", str(run_file), "--halves", "--model", model, "--out", str(out)]) == 0
    assert "another scenario" not in caplog.text
    (row,), config, _ = results(out)
    assert config.sky.halves and row["rays"] == "halves" and row["statistic"] == "bcnn" and row["check_maps"] == 2000
    limit = tmp_path / "limit.json"
    assert main(["likelihood", str(run_file), "--halves", "--out", str(limit)]) == 0
    ((of_limit,), _, _) = results(limit)
    assert row["skies"] == of_limit["skies"] and row["eta_limit"] == of_limit["eta_min"]
    assert row["eta_min"] is None or np.isclose(row["ratio_to_limit"], row["eta_min"] / of_limit["eta_min"])
    assert main(["evaluate", str(run_file), "--model", model, "--out", str(out)]) == 0
    assert "sky.halves was True, is False" in caplog.text
    (same,), _, _ = results(out)
    assert same["skies"] != row["skies"] and same["rays"] == "all"
