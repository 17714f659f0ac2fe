"""Forecasts obey laws: more events, fewer per cent; worse knowledge is never better; years are N over the rate."""

import itertools
import json
import math

import numpy as np
import pytest

from zevatron.core.config import run_config, with_values
from zevatron.core.errors import ConfigError
from zevatron.core.forecast import ForecastConfig, exponents, flux_ratio, forecast_config, run_forecast, yearly_rates
from zevatron.core.storage.tables import read_table

RUN = with_values(run_config("quick"), {
    "field.model": "jf12_regular", "sky.nside": 8, "test.maps": 2000, "test.bootstrap": 30, "test.check_maps": 0,
})
PLAN = ForecastConfig(
    events=(100, 1600, 6400), reference_events=300, resolutions=(0.0, 0.2), bin_widths=(0.05, 0.75), auger_rate=30.0
)


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("ZEVATRON_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield run_forecast(RUN, PLAN)
    patch.undo()


def test_more_events_need_a_smaller_fraction_and_in_background_it_falls_as_the_root(document):
    eta = np.array([row["eta_min"] for row in document["curve"]])
    assert np.all(np.diff(eta) < 0)
    slopes = np.diff(np.log(eta)) / np.diff(np.log(PLAN.events))
    assert np.all(slopes > -1), "never faster than a fixed number of events"
    assert slopes[-1] == pytest.approx(-0.5, abs=0.08)  # many isotropic events under the image
    assert slopes[0] < slopes[-1] + 0.02  # few events: nearer to a fixed number of events from the source
    assert document["exponents"]["Cen A"] == pytest.approx(np.polyfit(np.log(PLAN.events), np.log(eta), 1)[0])


def test_worse_energies_and_wider_bins_never_improve_the_limit_beyond_its_error(document):
    for part in ("resolution", "bin_width"):
        rows = document[part]
        assert [row[part] for row in rows] == sorted(row[part] for row in rows)
        for better, worse in itertools.pairwise(rows):
            error = math.hypot(*(0.5 * (row["eta_high"] - row["eta_low"]) for row in (better, worse)))
            assert worse["eta_min"] > better["eta_min"] - 3 * error
    assert document["bin_width"][-1]["eta_min"] > document["bin_width"][0]["eta_min"], "energies are worth something"


def test_years_are_events_over_rates(document):
    assert document["rates"]["auger"] == 30.0
    for row in document["curve"]:
        assert row["years"] == {name: pytest.approx(row["n_events"] / rate) for name, rate in document["rates"].items()}


def test_default_of_auger_is_438_events_in_17_years():
    assert 17 * ForecastConfig().rates["auger"] == pytest.approx(438)


def test_rates_follow_the_measured_spectrum_to_another_threshold():
    assert flux_ratio(56.0, 56.0) == pytest.approx(1)
    assert flux_ratio(40.0, 56.0) * flux_ratio(56.0, 80.0) == pytest.approx(flux_ratio(40.0, 80.0), rel=1e-3)
    # Auger's list of 2022 itself: 1387 events above 40 EeV, 438 above 56 (errors of 3 and 5 per cent, and
    # energies with their resolution, where the spectrum is unfolded)
    assert flux_ratio(40.0, 56.0) == pytest.approx(1387 / 438, rel=0.2)
    plan = ForecastConfig(k_euso_rate=0.0)
    assert set(yearly_rates(plan, 80.0)) == {"auger", "telescope_array", "poemma"}
    assert yearly_rates(plan, 80.0)["poemma"] == pytest.approx(plan.poemma_rate * flux_ratio(80.0, 56.0))


def test_exponent_of_a_power_law_is_found():
    rows = [{"source": "A", "n_events": n, "eta_min": 0.3 * n**-0.7} for n in (10, 100, 1000)]
    assert exponents([*rows, {"source": "B", "n_events": 10, "eta_min": None}]) == {"A": pytest.approx(-0.7)}


@pytest.mark.parametrize(("values", "path"), [
    ({"forecast.events": []}, "forecast.events"), ({"forecast.resolutions": [0.1, 0.1]}, "forecast.resolutions"),
    ({"forecast.auger_rate": -1}, "forecast.auger_rate"), ({"forecast.years": 3}, "forecast.years"),
    ({f"forecast.{name}_rate": 0 for name in ("auger", "telescope_array", "poemma", "k_euso")}, "forecast.auger_rate"),
])
def test_impossible_plans_are_refused(values, path):
    with pytest.raises(ConfigError) as caught:
        forecast_config(values)
    assert caught.value.path == path


def test_command_writes_tables_and_pictures(run_in, tmp_path):
    run = run_in(tmp_path)
    run("new", "--preset", "quick", "--out", "run.toml", "--set", "field.model=none", "--set", "sky.nside=8",
        "--set", "test.maps=1000", "--set", "test.bootstrap=0")
    options = ("--set", "forecast.events=[100, 300]", "--set", "forecast.resolutions=[0.1]", "--set", "forecast.bin_widths=[]")
    said = run("forecast", "run.toml", "--out", "ahead", *options)
    assert "Cen A, N = 300: eta = " in said and "auger 11.6 yr" in said
    table = read_table(tmp_path / "ahead/curve.csv")
    assert np.allclose(table.floats("years_auger"), np.array([100, 300]) * 17 / 438)
    written = json.loads((tmp_path / "ahead/forecast.json").read_text())
    assert [row["eta_min"] for row in written["curve"]] == table.floats("eta_min").tolist()
    assert {path.name for path in (tmp_path / "ahead").iterdir()} == {
        "forecast.json", "curve.csv", "resolution.csv", "curve.png", "sensitivity.png"
    }
    assert "forecast.event" in run("forecast", "run.toml", "--out", "no", "--set", "forecast.event=[1]", code=2)
