"""Measured events tested: p-values that mean what they say, planted events found, networks that fit, tests that are fixed first."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from tests.core.blobs import blob
from tests.core.training_runs import small_density, small_run
from zevatron.core.config import run_config, with_values
from zevatron.core.errors import DamagedFileError, InputError, UnknownNameError
from zevatron.core.mock_events import EventSampler, event_directions, event_energies
from zevatron.core.network import read_record
from zevatron.core.observatory import ObservatoryConfig
from zevatron.core.observed import report
from zevatron.core.observed.analysis import examine, global_p_value, posterior
from zevatron.core.observed.blind import make_plan, read_plan, require_lists, require_same, write_plan
from zevatron.core.observed.effort import Effort
from zevatron.core.observed.lists import read_event_list
from zevatron.core.observed.stored import read_observation
from zevatron.core.observed.trained import mismatches, require_trained_for
from zevatron.core.sky import galactic_to_equatorial, lonlat
from zevatron.core.sky_density.exposed import exposed
from zevatron.core.statistics import MaximumLikelihoodRatio
from zevatron.core.statistics.confidence import share_at_least, skies_with_fraction
from zevatron.core.storage.provenance import run_record
from zevatron.core.storage.tables import read_table, write_table
from zevatron.core.study import write_result
from zevatron.core.training import NetworkStatistic, RunFolder, train

AUGER = ObservatoryConfig(exposure="auger")
FEW = Effort(skies=1500, belt_skies=200, scale_error=0.0)
N_BINS = 3
RUN = with_values(run_config("quick"), {"observatory.exposure": "auger", "sky.nside": 8, "energy.bin_width": 0.1, "energy.n_bins": N_BINS})


@pytest.fixture(scope="module")
def densities():
    edges = RUN.energy.bin_edges
    found = (blob(-30, 150, 12, N_BINS, "south", 8), blob(10, 20, 12, N_BINS, "east", 8), blob(-60, 280, 12, N_BINS, "pole", 8))
    return tuple(replace(exposed(density, AUGER), bin_edges=edges) for density in found)


def sky(density, eta, n_events=80, seed=3):
    return next(skies_with_fraction(EventSampler(density), n_events, eta, 1, seed, "measured"))


def test_planted_source_is_found_and_the_others_are_not(densities):
    findings = examine(RUN, densities, sky(densities[0], 0.25), effort=FEW)
    south, *others = findings.sources
    assert south.local_p < 0.002 and 0.05 < south.eta.low < 0.3 and south.eta.upper > 0.25
    assert abs(south.eta_unbiased - south.eta.best) < 0.06
    assert all(other.local_p > 0.01 for other in others)
    assert south.local_p <= findings.global_p <= 4 * south.local_p  # three sources were tried, and no p-value is below 1 in 1501
    assert south.flux["best"] == pytest.approx(densities[0].flux_fraction(south.eta.best))
    assert 0 < south.expected_upper < 0.2


def test_isotropic_skies_have_uniform_p_values_local_and_global(densities):
    """Each sky of many as if it were the measured one; half of the scores are 0 and have the p-value 1."""
    n = 400
    findings = examine(RUN, densities, sky(densities[0], 0), effort=FEW).sources
    null = [np.sort(finding.null_scores) for finding in findings]
    measured = next(skies_with_fraction(EventSampler(densities[0]), 80, 0.0, n, 77, "measured"))
    p = np.stack([share_at_least(s, MaximumLikelihoodRatio(d).scores(measured)) for s, d in zip(null, densities, strict=True)])
    overall = [global_p_value([replace(f, local_p=p[i, k]) for i, f in enumerate(findings)]) for k in range(n)]
    share = (null[0] > 0).mean()
    assert 0.3 < share < 0.7
    assert kstest(p[0][p[0] < 1], "uniform", args=(0, share)).pvalue > 0.001
    low = [value for value in overall if value < 0.8]
    assert abs(len(low) / n - 0.8) < 4 * np.sqrt(0.8 * 0.2 * (1 / n + 1 / FEW.skies))
    assert kstest(low, "uniform", args=(0, 0.8)).pvalue > 0.001


def test_posterior_adds_up_to_the_source(densities):
    density = densities[0]
    events = next(skies_with_fraction(EventSampler(density), 400, 0.2, 1, 4, "measured"))
    p = posterior(MaximumLikelihoodRatio(density), events)
    truth = events.is_source[0]
    assert np.all((p >= 0) & (p <= 1))
    assert p.sum() == pytest.approx(truth.sum(), abs=4 * np.sqrt((p * (1 - p)).sum()) + 10)
    confident = p > 0.7
    assert abs(truth[confident].mean() - p[confident].mean()) < 4 * np.sqrt((p * (1 - p))[confident].sum()) / confident.sum()
    assert p[truth].mean() > 3 * p[~truth].mean()


def write_list(path, events, density, rng, factor=1.0):
    """Write one sky as an observatory would."""
    ra, dec = galactic_to_equatorial(*lonlat(event_directions(events, rng)[0]))
    write_table(path, {"ra_deg": ra, "dec_deg": dec, "energy_EeV": factor * event_energies(events, density, rng)[0]})
    return read_event_list(path)


@pytest.fixture
def one_density(densities, monkeypatch):
    """Let the job on lists judge the first source, whose physics no test needs."""
    monkeypatch.setattr(report, "sky_densities", lambda config, progress=None: densities[:1])
    return densities[0]


def inside_sight(density, n_events, eta, seed):
    """A sky without events in pixels at the edge of sight, whose directions could lie beyond."""
    events = sky(density, eta, n_events, seed)
    assert np.all(density.isotropic.sum(axis=1)[events.ipix[0]] > 0)
    return events


def test_list_gives_back_what_was_put_in(one_density, tmp_path, rng):
    listed = write_list(tmp_path / "sky.csv", inside_sight(one_density, 150, 0.3, 6), one_density, rng)
    found = report.observe(RUN, [listed], [1.0], effort=Effort(1000, 200, 0.14))
    (finding,) = found.findings.sources
    assert found.selection.n_events == 150 and found.config.events.n_events == (150,)
    assert finding.local_p < 0.002 and finding.eta.low < 0.3 < finding.eta.upper
    low, high = found.shifted[0.86], found.shifted[1.14]
    assert low.n_events < 150 and high.n_events <= 150  # higher energies leave the last bin
    assert all(abs(shifted.sources[0].eta.best - 0.3) < 0.2 for shifted in (low, high))
    assert any("energies x 1.14" in note and "missing" in note for note in found.notes)  # nothing below the threshold in the list
    whatever = found.with_scale()["south"]
    assert whatever["low"] <= finding.eta.low and whatever["upper"] == max(f.sources[0].eta.upper for f in (found.findings, low, high))
    document = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert document["analysis"]["sources"][0]["eta"]["upper"] == finding.eta.upper
    report.write_event_table(tmp_path / "events.csv", found)
    table = read_table(tmp_path / "events.csv")
    assert len(table) == 150 and table.floats("p_south").max() <= 1
    np.testing.assert_allclose(table.floats("p_south"), finding.posterior)
    text = "\n".join(found.lines())
    assert "eta = " in text and "below" in text and "of the flux at the Earth" in text


def test_other_statistics_judge_too(one_density):
    findings = examine(RUN, [one_density], sky(one_density, 0.5, 60), "power_spectrum", Effort(400, 100, 0.0))
    assert findings.sources[0].statistic == "power_spectrum" and findings.sources[0].local_p < 0.01
    assert findings.sources[0].eta.low < 0.5 < findings.sources[0].eta.upper


@pytest.mark.parametrize("values", [{"skies": 10}, {"belt_skies": 10}, {"scale_error": 0.9}, {"level": 1.0}, {"upper_level": 0.2}])
def test_efforts_that_say_nothing_are_refused(values):
    with pytest.raises(InputError, match="expected"):
        Effort(**values)


def test_statistics_of_a_known_fraction_are_refused(one_density):
    for name in ("likelihood_ratio", "robust_likelihood_ratio"):
        with pytest.raises(UnknownNameError, match="maximum_likelihood_ratio"):
            examine(RUN, [one_density], sky(one_density, 0.5, 60), name, FEW)


def test_a_result_is_read_back(one_density, tmp_path, rng):
    listed = write_list(tmp_path / "sky.csv", inside_sight(one_density, 100, 0.3, 6), one_density, rng)
    found = report.observe(RUN, [listed], [0.95], effort=Effort(300, 100, 0.1), densities=[one_density])
    write_result(tmp_path / "r.json", found.as_dict())
    report.write_event_table(tmp_path / "t.csv", found)
    known = {"config": found.config, "lists": [listed], "scales": [0.95], "densities": [one_density]}
    again = read_observation(tmp_path / "r.json", tmp_path / "t.csv", selection=found.selection, **known)
    assert again.as_dict() == found.as_dict() and again.lines() == found.lines()
    np.testing.assert_array_equal(again.findings.sources[0].posterior, found.findings.sources[0].posterior)
    with pytest.raises(DamagedFileError, match=r"is not the result of an event list"):
        (tmp_path / "x.json").write_text("{}")
        read_observation(tmp_path / "x.json", tmp_path / "t.csv", selection=found.selection, **known)
    other = replace(found.selection, energy=found.selection.energy[:50])
    with pytest.raises(DamagedFileError, match="expected the result of 50 events"):
        read_observation(tmp_path / "r.json", tmp_path / "t.csv", selection=other, **known)


# Networks


def test_a_network_judges_only_what_it_was_trained_for():
    record = {"n_events": 100, "run": run_record(with_values(RUN, {"events.n_events": (100,)}))}
    run = with_values(RUN, {"events.n_events": (100,)})
    assert mismatches(record, run, 100) == ()
    for path, value in (
        ("observatory.exposure", "uniform"), ("energy.resolution", 0.08), ("energy.threshold", 40.0), ("sky.nside", 16),
    ):
        with pytest.raises(InputError, match=rf"net\.keras was not trained for these events: {path} was .*main\.py train my\.toml --events 100"):
            require_trained_for(record, "net.keras", with_values(run, {path: value}), 100, "my.toml")
    with pytest.raises(InputError, match="trained for 100 events, the list has 72"):
        require_trained_for(record, "net.keras", run, 72)
    with pytest.raises(InputError, match="does not say what it was trained for"):
        require_trained_for({}, "net.keras", run, 100)
    # what the exposure does not use and another way to say the same bins make no other detector
    for path, value in (("observatory.max_zenith", 70.0), ("observatory.ta_exposure", 1.0), ("energy.n_sampled", 5000)):
        assert mismatches(record, with_values(run, {path: value}), 100) == ()
    widest = {"energy.bin_width": 0.25, "energy.n_bins": 0}
    record_auto = record | {"run": run_record(with_values(run, widest))}
    assert mismatches(record_auto, with_values(run, widest | {"energy.n_bins": 3}), 100) == ()
    # another field is another question, and allowed
    assert mismatches(record, with_values(run, {"field.model": "none"}), 100) == ()


def test_a_trained_network_under_an_exposure(tmp_path):
    """From training to p-value on exposed skies."""
    run = small_run(observatory__exposure="auger_ta", network__kind="cnn", training__epochs=2)
    density = exposed(small_density(), run.observatory)
    folder = RunFolder.create(tmp_path / "training", run, density)
    train(folder)
    require_trained_for(read_record(folder.best_path), folder.best_path, run, 50)
    network = NetworkStatistic(folder.best_path)
    findings = examine(run, [density], sky(density, 0.6, 50), network, Effort(300, 100, 0.0))
    assert findings.sources[0].statistic == "cnn" and findings.sources[0].local_p < 0.05
    assert findings.sources[0].eta.upper > 0.3


# Blind


@pytest.fixture
def plan(tmp_path, one_density, rng):
    listed = write_list(tmp_path / "sky.csv", sky(one_density, 0.1), one_density, rng)
    return make_plan(RUN, [listed], [1.0], "maximum_likelihood_ratio", FEW)


def test_a_recorded_test_is_sealed(plan, tmp_path):
    path = tmp_path / "plan.json"
    write_plan(path, plan)
    require_same(read_plan(path), plan)
    assert read_plan(path) == json.loads(json.dumps(plan))
    with pytest.raises(InputError, match="is not replaced"):
        write_plan(path, plan)
    document = json.loads(path.read_text())
    document["plan"]["statistic"] = "power_spectrum"
    path.write_text(json.dumps(document))
    with pytest.raises(DamagedFileError, match="changed after it was sealed"):
        read_plan(path)
    path.write_text(json.dumps({"kind": document["kind"], "seal": "0"}))
    with pytest.raises(DamagedFileError, match="is not the record of a test"):
        read_plan(path)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(DamagedFileError, match="not the record"):
        read_plan(tmp_path / "other.json")
    with pytest.raises(InputError, match="record a test"):
        read_plan(tmp_path / "none.json")


@pytest.mark.parametrize(("changes", "path"), [
    ({"statistic": "power_spectrum"}, "statistic"), ({"lists": []}, "lists"), ({"effort": {}}, r"effort\.belt_skies"),
    ({"model": {"sha256": "0"}}, r"model"),
])
def test_another_test_is_not_the_recorded_one(plan, changes, path):
    with pytest.raises(InputError, match=rf"not the test that was recorded; different: {path}"):
        require_same(plan, plan | changes)
    require_same(plan, plan | {"created": "later", "versions": {}})


def test_other_content_of_a_file_that_the_run_names_is_noticed(tmp_path, one_density, rng):
    listed = write_list(tmp_path / "sky.csv", sky(one_density, 0.1), one_density, rng)
    exposure, spectra = tmp_path / "exposure.csv", tmp_path / "spectra"
    exposure.write_text("dec_deg,exposure\n-90,1\n90,0\n")
    spectra.mkdir()
    (spectra / "a.txt").write_text("1 2\n")
    run = with_values(RUN, {
        "observatory.exposure": "map", "observatory.file": str(exposure), "emission.model": "published", "emission.file": str(spectra),
    })

    def now():
        return make_plan(run, [listed], [1.0], "maximum_likelihood_ratio", FEW)

    before = now()
    require_same(before, now())
    exposure.write_text("dec_deg,exposure\n-90,1\n90,0.1\n")
    (spectra / "b.txt").write_text("1 2\n")
    with pytest.raises(InputError, match=r"different: files\.emission\.file, files\.observatory\.file"):
        require_same(before, now())
    exposure.unlink()
    with pytest.raises(InputError, match=r"cannot read .*exposure\.csv, which the run names"):
        now()


def test_a_record_knows_its_lists(plan, tmp_path, one_density, rng):
    first, second = (write_list(tmp_path / f"{seed}.csv", sky(one_density, 0.1, seed=seed), one_density, rng) for seed in (3, 9))
    plan = make_plan(RUN, [first], [1.0], "maximum_likelihood_ratio", FEW)
    require_lists(plan, [first])
    for lists in ([second], [first, second], []):
        with pytest.raises(InputError, match=r"the record is about 3\.csv"):
            require_lists(plan, lists)


def test_events_of_another_file_are_noticed(plan, tmp_path, one_density, rng):
    other = write_list(tmp_path / "sky.csv", sky(one_density, 0.1, seed=9), one_density, rng)
    with pytest.raises(InputError, match=r"lists\[0\]\.sha256"):
        require_same(plan, make_plan(RUN, [other], [1.0], "maximum_likelihood_ratio", FEW))


# Command


def test_command_reads_tests_and_hides(run_in, tmp_path, densities, rng):
    run = run_in(tmp_path)
    write_list(tmp_path / "sky.csv", sky(densities[0], 0.1), densities[0], rng)
    said = run("events", "sky.csv")
    assert "80 events" in said and "energy: column energy_EeV (EeV)" in said
    run("new", "--preset", "quick", "--out", "run.toml", "--set", "observatory.exposure=auger", "--set", "field.model=jf12_regular", "--set",
        "sky.nside=8", "--set", "energy.n_bins=3", "--set", "energy.bin_width=0.1")
    few = ("--skies", "300", "--belt-skies", "100")
    blind = run("events", "sky.csv", "--run", "run.toml", "--out", "plan.json", "--blind", *few)
    assert "nothing else was looked at" in blind and "p-value" not in blind
    assert "score" not in (tmp_path / "plan.json").read_text()
    assert "different: effort.skies" in run(
        "events", "sky.csv", "--run", "run.toml", "--out", "r.json", "--unblind", "plan.json", "--skies", "301", "--belt-skies", "100", code=2
    )
    assert not (tmp_path / "r.json").exists()
    said = run("events", "sky.csv", "--run", "run.toml", "--out", "r.json", "--unblind", "plan.json", "--table", "t.csv", "--png", "t.png", *few)
    assert "local p-value" in said and (tmp_path / "t.png").is_file() and (tmp_path / "t.csv").is_file()
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["plan"]["seal"] == json.loads((tmp_path / "plan.json").read_text())["seal"]
    assert document["analysis"]["n_events"] == 80 and [shifted["factor"] for shifted in document["energy_scale"]] == [0.86, 1.14]
    assert document["events"]["lists"][0]["columns"]


@pytest.mark.parametrize(("arguments", "match"), [
    (("events", "none.csv"), "no file"), (("events", "sky.csv", "--out", "r.json"), "--out: expected --run"),
    (("events", "sky.csv", "--run", "run.toml"), "--out: expected a file"),
    (("events", "sky.csv", "--run", "run.toml", "--out", "r.json", "--energy-scale", "1,2"), "--energy-scale"),
    (("events", "sky.csv", "--run", "run.toml", "--out", "r.json", "--model", "none.keras"), "no file none.keras"),
    (("events", "sky.csv", "--run", "run.toml", "--out", "r.json", "--skies", "5"), "expected skies"),
    (("events", "sky.csv", "--run", "run.toml", "--out", "r.json", "--set", "energy.threshold=150"), "at least 2 events"),
])
def test_command_says_what_is_wrong(run_in, tmp_path, densities, rng, arguments, match):
    run = run_in(tmp_path)
    write_list(tmp_path / "sky.csv", sky(densities[0], 0.1, 20), densities[0], rng)
    run("new", "--out", "run.toml", "--set", "observatory.exposure=auger")
    assert match in run(*arguments, code=2)
