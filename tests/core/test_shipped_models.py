"""Networks that come with Zevatron: they open, belong to the shipped maps, and detect what their cards say."""

import json

import pytest

from zevatron.core.config import config_from_toml, with_values
from zevatron.core.network.files import read_record, shipped_models
from zevatron.core.resources import resource_path
from zevatron.core.sky_density import sky_density
from zevatron.core.sources import find_source
from zevatron.core.statistics import verdict
from zevatron.core.training.statistic import NetworkStatistic
from zevatron.core.training.trained_for import scenario_differences

CARD = resource_path("models", "README.md").read_text(encoding="utf-8")
LARGEST = 3e6  # bytes
QUICK = "CenA-jf12-N300-density_ratio"  # a BCNN scores 100,000 skies in minutes

models = pytest.mark.parametrize("path", shipped_models(), ids=lambda path: path.stem)


def run_of(record):
    config = config_from_toml(record["run"]["config"])
    return config, sky_density(config, find_source(record["source"]))


@models
def test_is_small_and_has_a_card_and_a_verdict(path):
    assert path.stat().st_size < LARGEST and f"`{path.name}`" in CARD
    record, document = read_record(path), json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["density"] in CARD
    assert {entry["source"] for entry in document["results"]} == {record["source"]}


@models
def test_was_trained_on_the_density_that_the_shipped_maps_give(path):
    record = read_record(path)
    config, density = run_of(record)
    assert density.digest == record["density"]
    assert not scenario_differences(record, config)


@pytest.mark.parametrize("path", [
    pytest.param(path, id=path.stem, marks=[] if path.stem == QUICK else pytest.mark.slow) for path in shipped_models()
])
def test_detects_what_its_card_says(path):
    record = read_record(path)
    config, density = run_of(record)
    (said,) = (e for e in json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["results"] if e["statistic"] == record["kind"])
    config = with_values(config, {"test.maps": 5000, "test.bootstrap": 0, "test.check_maps": 0})
    found = verdict(config, density, record["n_events"], NetworkStatistic(path))
    assert found.eta_min == pytest.approx(said["eta_min"], rel=0.1)  # the same skies for all, but ten times fewer
