"""Several scenarios: averages of likelihood ratios against their formula and the lemma, minimax weights, cross tables."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from zevatron.core.cli import main
from zevatron.core.config import RunConfig, config_from_toml, run_toml, with_values
from zevatron.core.cross import read_cross, run_cross
from zevatron.core.errors import ConfigError, InputError, UnknownNameError
from zevatron.core.mock_events import CompositeSampler, EventSampler, random_stream
from zevatron.core.network import read_record
from zevatron.core.scenarios import training_scenarios
from zevatron.core.sky import pixel_vectors
from zevatron.core.sky_density import SkyDensity, sky_densities
from zevatron.core.statistics import LikelihoodRatio, threshold_at
from zevatron.core.statistics.average import AveragedLikelihoodRatio, minimax_weights
from zevatron.core.statistics.search import bracket
from zevatron.core.statistics.verdicts import smallest_fraction
from zevatron.core.training.loop import train
from zevatron.core.training.run_folder import RunFolder, training_digest

NSIDE = 8


def blob(pixel, width=12.0, isotropic=None):
    """A Gaussian source of so many degrees about a pixel, in two bins."""
    vectors = pixel_vectors(NSIDE)
    place = np.exp((vectors @ vectors[pixel] - 1) / np.radians(width) ** 2)
    source = place[:, None] * np.array([0.4, 0.6])
    flat = np.tile([0.6, 0.4], (len(place), 1)) if isotropic is None else np.tile(isotropic, (len(place), 1))
    return SkyDensity(f"blob {pixel}", NSIDE, np.array([56.0, 80.0, 110.0]), source / source.sum(), flat / flat.sum())


def config(**test):
    return with_values(RunConfig(), {f"test.{key}": value for key, value in {"maps": 5000, "check_maps": 0, "bootstrap": 0, **test}.items()})


# ---- the average


def test_average_is_its_formula(rng):
    densities = [blob(0), blob(300), blob(600)]
    events = EventSampler(densities[1]).draw(40, rng.integers(0, 41, 50), rng)
    ratios = np.array([np.exp(LikelihoodRatio(d, 0.1).scores(events)) for d in densities])
    np.testing.assert_allclose(AveragedLikelihoodRatio(densities, 0.1).scores(events), np.log(ratios.mean(axis=0)))
    weights = np.array([3.0, 0.0, 1.0])
    np.testing.assert_allclose(
        AveragedLikelihoodRatio(densities, 0.1, weights).scores(events), np.log(0.75 * ratios[0] + 0.25 * ratios[2])
    )
    np.testing.assert_array_equal(
        AveragedLikelihoodRatio(densities[:1], 0.1).scores(events), LikelihoodRatio(densities[0], 0.1).scores(events)
    )


def test_no_single_ratio_has_more_power_where_one_of_several_is_true():
    """Each sky is from a scenario drawn at random: there the average is the likelihood ratio, and the lemma holds."""
    densities, shares, eta, n_events, n_maps = [blob(0), blob(300, 25.0)], (0.7, 0.3), 0.12, 60, 20_000
    null = EventSampler(densities[0]).draw(n_events, np.zeros(n_maps, int), random_stream(3, "null"))
    rng = random_stream(3, "signal")
    signal = [EventSampler(d).draw(n_events, rng.binomial(n_events, eta, n_maps), rng) for d in densities]

    def power(statistic, alpha):
        threshold = threshold_at(statistic.scores(null), alpha)
        return sum(share * np.mean(statistic.scores(events) > threshold) for share, events in zip(shares, signal, strict=True))

    mean = SkyDensity(
        "mean", NSIDE, densities[0].bin_edges, sum(s * d.source for s, d in zip(shares, densities, strict=True)), densities[0].isotropic
    )
    rivals = [*(LikelihoodRatio(d, eta) for d in densities), LikelihoodRatio(mean, eta), AveragedLikelihoodRatio(densities, eta, (0.2, 0.8))]
    for alpha in (0.05, 0.01):
        best = power(AveragedLikelihoodRatio(densities, eta, shares), alpha)
        assert 0.1 < best < 0.95
        assert all(power(rival, alpha) < best + 3 * np.sqrt(0.25 / n_maps) for rival in rivals)
        assert power(rivals[0], alpha) < best - 0.03 and power(rivals[2], alpha) < best - 0.01


def test_scenarios_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="same isotropic events"):
        AveragedLikelihoodRatio([blob(0), blob(0, isotropic=[0.5, 0.5])], 0.1)
    with pytest.raises(InputError, match="a weight for each of 2 scenarios"):
        AveragedLikelihoodRatio([blob(0), blob(1)], 0.1, [1.0])
    with pytest.raises(InputError, match="not all zero"):
        AveragedLikelihoodRatio([blob(0), blob(1)], 0.1, [0.0, 0.0])


def test_minimax_weights_are_equal_by_symmetry_and_otherwise_help_the_worst():
    run, n_events = config(), 60
    weights, losses = minimax_weights(run, *[[blob(0), blob(300)]] * 2, n_events)
    assert np.abs(weights - 0.5).max() < 0.2 and np.ptp(losses) < 0.05
    four = [blob(0, 30.0), blob(1, 30.0), blob(2, 30.0), blob(300, 8.0)]  # three alike find each other, the fourth is alone
    weights, losses = minimax_weights(run, four, four, n_events)
    equal = [
        smallest_fraction(run, d, n_events, lambda eta: AveragedLikelihoodRatio(four, eta))
        / smallest_fraction(run, d, n_events, lambda eta, d=d: LikelihoodRatio(d, eta))
        for d in four
    ]
    assert losses.max() < max(equal) - 0.02 and weights[3] > 0.4
    assert weights.sum() == pytest.approx(1)


def test_minimax_needs_scenarios_that_can_be_detected():
    flat = SkyDensity("flat", NSIDE, blob(0).bin_edges, blob(0).isotropic, blob(0).isotropic)
    with pytest.raises(InputError, match="detectable by its own likelihood ratio"):
        minimax_weights(config(maps=1000), *[[blob(0), flat]] * 2, 30)


def test_the_search_goes_on_where_a_test_misses_every_sky():
    """A ratio for another source can miss all skies with few source events, more than isotropic ones."""
    missed = {k: 1.0 if k < 200 else 0.0 for k in range(301)}
    low, high = bracket(missed.__getitem__, 300, 30, 0.01, 0.05)
    assert (low[0], high[0]) == (199, 200)


# ---- cross files


CROSS = """
averages = ["average", "leave_one_out", "minimax"]
[run]
[run.sky]
nside = 8
[run.energy]
bin_width = 0.375
[run.events]
n_events = [80]
[run.test]
maps = 2000
bootstrap = 20
[[scenario]]
name = "from Cen A"
[[scenario]]
name = "from M82"
"sources.names" = ["M82"]
"""


@pytest.fixture
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path_factory.getbasetemp() / "cross-cache"))


def written(tmp_path, text=CROSS):
    path = tmp_path / "cross.toml"
    path.write_text(text)
    return path


def test_cross_table_has_every_test_in_every_scenario(tmp_path, own_cache, capsys):
    assert main(["cross", str(written(tmp_path)), "--out", str(tmp_path / "out")]) == 0
    document = json.loads((tmp_path / "out/result.json").read_text())
    eta = {(row["test"], row["scenario"]): row["eta_min"] for row in document["results"]}
    scenarios = ("from Cen A", "from M82")
    tests = [f"likelihood ratio for {s}" for s in scenarios] + ["average of all", "average of the others", "minimax average"]
    assert set(eta) == {(test, scenario) for test in tests for scenario in scenarios}
    for own, other in (scenarios, scenarios[::-1]):
        limit = eta[f"likelihood ratio for {own}", own]
        assert limit < eta["average of all", own] < 1.6 * limit
        assert eta["average of the others", own] == eta[f"likelihood ratio for {other}", own]  # there are only two
        assert eta["average of the others", own] is None or eta["average of the others", own] > 3 * limit
    assert {row["skies"] for row in document["results"] if row["scenario"] == "from M82"} == {document["results"][-1]["skies"]}
    assert sum(document["weights"]["80"].values()) == pytest.approx(1)
    assert "names = [\"M82\"]" in document["scenarios"]["from M82"] and document["run"]["digest"]
    with open(tmp_path / "out/cross_N80.csv") as stream:
        table = {row["test"]: row for row in csv.DictReader(line for line in stream if not line.startswith("#"))}
    average = table["average of all"]
    assert float(average["eta: from M82"]) == eta["average of all", "from M82"]
    ratios = [float(average[f"ratio: {s}"]) for s in scenarios]
    assert float(average["largest ratio"]) == max(ratios) and min(ratios) > 1
    assert rf"\textbf{{{100 * eta['likelihood ratio for from M82', 'from M82']:.2f}}}" in (tmp_path / "out/cross_N80.tex").read_text()
    assert "skies of from M82, average of all: eta =" in capsys.readouterr().out


def test_families_are_left_out_together_and_the_robust_average_beside_a_network(tmp_path, own_cache, monkeypatch):
    """Three scenarios of two families; the network counts events of the northern sky and is asked once for each sky."""
    text = CROSS.replace('"minimax"]', '"robust", "robust_leave_one_out"]\nmodels = ["north.keras"]\nspread = { turns = 8, share = 0.4 }')
    text = text.replace('name = "from Cen A"', 'name = "from Cen A"\nfamily = "south"') + '''
[[scenario]]
name = "iron from Cen A"
family = "south"
"propagation.one_mass" = 56
'''
    asked = []

    class North:
        name, thread_safe = "north", False

        def __init__(self, path):
            assert path.name == "north.keras"

        def check_fits(self, config):
            pass

        def scores(self, events):
            asked.append(events.ipix.tobytes())
            return np.sum(pixel_vectors(NSIDE)[events.ipix, 2] > 0, axis=1) - 40.0

    monkeypatch.setattr("zevatron.core.training.NetworkStatistic", North)
    plan = read_cross(written(tmp_path, text))
    assert [scenario.family for scenario in plan.scenarios] == ["south", "from M82", "south"]
    assert (plan.spread.turns, plan.spread.share) == (8, 0.4)
    document = run_cross(plan, tmp_path / "out")
    assert len(asked) == len(set(asked)) > 3
    eta = {(row["test"], row["scenario"]): row["eta_min"] or 2.0 for row in document["results"]}
    north, iron = "network north.keras", "iron from Cen A"
    assert {test for test, _ in eta} > {f"robust average of {who}{end}" for who in ("all", "the others") for end in ("", f" with {north}")}
    for south in ("from Cen A", iron):  # what is left there is M82 alone
        assert eta["average of the others", south] == eta["likelihood ratio for from M82", south]
    for scenario in ("from Cen A", "from M82", iron):
        limit = eta[f"likelihood ratio for {scenario}", scenario]
        assert limit < eta["robust average of all", scenario] < 2 * limit
    with_network = eta[f"robust average of the others with {north}", "from M82"]  # its odds are far above those of the templates
    assert eta[north, "from M82"] < 1 and with_network == pytest.approx(eta[north, "from M82"], rel=0.1)


def test_shipped_cross_files_can_be_read():
    folder = Path(__file__).parents[2] / "docs/cross"
    plans = {path.stem: read_cross(path) for path in folder.glob("*.toml")}
    assert set(plans) == {"compositions", "fields", "sources"}
    assert {scenario.family for scenario in plans["fields"].scenarios} >= {"JF12", "PT11", "UF23"}
    assert sum(scenario.config.sources.has_free_shares for scenario in plans["sources"].scenarios) == 1
    assert {scenario.config.propagation.one_mass for scenario in plans["compositions"].scenarios} >= {0, 1, 56}


def test_other_compositions_and_blurred_templates_are_scenarios_too(tmp_path, own_cache):
    text = CROSS.replace('averages = ["average", "leave_one_out", "minimax"]', 'averages = ["average"]\nsmoothing_deg = 4')
    text = text.replace('"sources.names" = ["M82"]', 'emission = { model = "power_law", fractions = [1, 0, 0, 0, 0], cutoff = 200.0 }')
    plan = read_cross(written(tmp_path, text))
    assert plan.smoothing == 4 and plan.scenarios[1].config.emission.fractions == (1, 0, 0, 0, 0)
    document = run_cross(plan, tmp_path / "out")
    eta = {(row["test"], row["scenario"]): row["eta_min"] for row in document["results"]}
    assert len(eta) == 6 and document["weights"] == {}
    protons = eta["likelihood ratio for from M82", "from M82"]  # the name stayed: protons of Cen A
    assert protons < eta["likelihood ratio for from Cen A", "from Cen A"]
    sharp = run_cross(read_cross(written(tmp_path, text.replace("smoothing_deg = 4", ""))), tmp_path / "sharp")
    own = ("likelihood ratio for from Cen A", "from Cen A")
    assert {(row["test"], row["scenario"]): row["eta_min"] for row in sharp["results"]}[own] < eta[own]


@pytest.mark.parametrize(("change", "error", "words"), [
    (("[[scenario]]\nname = \"from M82\"\n\"sources.names\" = [\"M82\"]\n", ""), ConfigError, "two or more tables"),
    (('name = "from M82"', 'name = "from Cen A"'), ConfigError, r"scenario\[1\]\.name: expected a name of its own"),
    (('["M82"]', '["M82", "M87"]'), ConfigError, "one source or a mixture"),
    (('"sources.names" = ["M82"]', '"sky.nside" = 16'), ConfigError, "the same for all scenarios"),
    (('"sources.names" = ["M82"]', '"field.colour" = 1'), ConfigError, "field.colour: no such setting"),
    (('["average", "leave_one_out", "minimax"]', '["median"]'), UnknownNameError, "unknown average 'median'"),
    (('["average", "leave_one_out", "minimax"]', '"average"'), ConfigError, "averages: expected a list of texts"),
    (("averages =", "means ="), ConfigError, "means: no such entry"),
    (("averages =", "smoothing_deg = -1\naverages ="), ConfigError, "smoothing_deg: expected degrees"),
    (("averages =", "spread = { width = 3 }\naverages ="), ConfigError, "spread: expected a table with some of share, smoothing_deg"),
    (("averages =", "spread = { smoothing_deg = 3 }\naverages ="), ConfigError, r"spread\.smoothing_deg: expected a list of numbers"),
    (("averages =", "spread = { turns = 3 }\naverages ="), InputError, r"spread\.turns"),
    (('name = "from M82"', 'name = "from M82"\nfamily = "from Cen A"'), ConfigError, "two or more families"),
    (('name = "from M82"', 'name = "from M82"\nfamily = 3'), ConfigError, r"scenario\[1\]\.family: expected a text"),
])
def test_cross_files_without_sense_are_refused(tmp_path, change, error, words):
    assert change[0] in CROSS
    with pytest.raises(error, match=words):
        read_cross(written(tmp_path, CROSS.replace(*change)))


def test_scenarios_with_other_isotropic_events_are_refused(tmp_path, own_cache):
    text = CROSS.replace('"sources.names" = ["M82"]', '"energy.background" = "auger2020"')
    with pytest.raises(InputError, match="same isotropic events"):
        run_cross(read_cross(written(tmp_path, text)), tmp_path / "out")


# ---- training on scenarios


def test_each_sky_of_several_scenarios_is_wholly_from_one():
    left, right = np.zeros((2, 12, 1))
    left[0], right[1] = 1, 1
    flat = np.full((12, 1), 1 / 12)
    densities = [SkyDensity(name, 1, np.array([56.0, 100.0]), source, flat) for name, source in (("left", left), ("right", right))]
    sampler = CompositeSampler(densities, weights=(1, 3))
    n_source = np.full(4000, 6)
    events = sampler.draw(10, n_source, np.random.default_rng(1))
    first = events.ipix[:, 0]
    assert set(first) == {0, 1} and np.all(events.ipix[:, :6] == first[:, None])
    assert np.mean(first == 1) == pytest.approx(0.75, abs=5 * np.sqrt(0.75 * 0.25 / 4000))
    assert np.bincount(events.ipix[:, 6:].ravel(), minlength=12).std() < 5 * np.sqrt(16_000 / 12)
    assert events.is_source.sum(axis=1).tolist() == n_source.tolist()
    again = sampler.draw(10, n_source, np.random.default_rng(1))
    np.testing.assert_array_equal(again.ipix, events.ipix)


def scenario_run(**values):
    return with_values(RunConfig(), {
        "sky.nside": 8, "energy.bin_width": 0.375, "events.n_events": (60,), "network.filters": 2, "training.epochs": 1,
        "training.maps_per_epoch": 64, "training.validation_maps": 64, "training.threads": 1,
        "training.scenarios": {"Cen A": "sources.names=['Cen A']", "M82, protons": (
            "sources.names=['M82']", "emission.model=power_law", "emission.fractions=[1, 0, 0, 0, 0]",
        )}, **values,
    })


def test_scenarios_of_a_training_are_part_of_the_run():
    run = scenario_run()
    assert config_from_toml(run_toml(run)) == run and config_from_toml(run_toml(run)).digest == run.digest
    other = with_values(run, {"training.scenarios.M82, protons": "sources.names=['M87']"})
    assert training_digest(other) != training_digest(run) != training_digest(scenario_run(**{"training.scenarios": {}}))
    first, second = training_scenarios(run)
    assert (first.name, second.name) == ("Cen A", "M82, protons")
    assert second.config.emission.model == "power_law" and second.config.sources.names == ("M82",)
    assert not second.config.training.scenarios


def test_a_network_is_trained_on_skies_of_its_scenarios(tmp_path, own_cache):
    run = scenario_run()
    folder = RunFolder.create(tmp_path / "run", run, blob(0))  # a density of the run itself does not count
    assert folder.density is None
    assert train(folder).state == "done"
    expected = [sky_densities(scenario.config)[0] for scenario in training_scenarios(run)]
    assert [d.digest for d in folder.densities] == [d.digest for d in expected] and folder.densities[1].name == "M82, protons"
    record = read_record(folder.best_path)
    assert record["source"] == "Cen A | M82, protons" and "M82, protons" in record["run"]["config"]
    folder.density_path.unlink()
    longer = RunFolder.create(tmp_path / "run", with_values(run, {"training.epochs": 2}))
    assert train(longer).epoch == 2  # made again, found to be the same, and gone on with


@pytest.mark.parametrize(("entry", "words"), [
    ("field.colour=1", "field.colour: no such setting"), ("sky.nside=4", "the same for all scenarios"),
    (3, "expected assignments"), ("sources.names=['M82', 'M87']", "one source or a mixture"), ("training.epochs=3", "the same for all"),
])
def test_a_training_on_impossible_scenarios_does_not_start(tmp_path, entry, words):
    with pytest.raises(ConfigError, match=words):
        RunFolder.create(tmp_path / "run", scenario_run(**{"training.scenarios": {"first": entry}}))
    assert not (tmp_path / "run").exists()
