"""Every command as a user's script runs it: a process, files, exit codes, one line of error."""

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from zevatron.core.config import read_run, with_values
from zevatron.core.storage.tables import read_table, write_table

ROOT = Path(__file__).resolve().parents[2]
TINY = [
    "sky.nside=8", "energy.bin_width=0.25", "network.filters=4", "training.epochs=2", "training.maps_per_epoch=256",
    "training.validation_maps=200", "training.threads=1", "test.maps=1000", "test.bootstrap=20", "test.check_maps=2000",
    "field.model=none",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cli")


def run(folder, *arguments, code=0):
    result = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *map(str, arguments)],
        cwd=folder, capture_output=True, text=True, timeout=280,
        env=os.environ | {"ZEVATRON_CACHE": str(folder / "cache"), "MPLCONFIGDIR": str(folder / "mpl")},
    )
    assert result.returncode == code, result.stderr
    if code == 2:
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
        assert "Traceback" not in result.stderr
        return result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def tiny(folder):
    settings = [part for text in TINY for part in ("--set", text)]
    run(folder, "new", "--source", "centaurus a", "--events", "40", "--preset", "quick", *settings, "--out", "tiny.toml")
    return folder / "tiny.toml"


def test_help_lists_every_command(folder):
    text = run(folder, "--help")
    for command in ("new", "field", "backtrack", "spectrum", "sky", "simulate", "train", "evaluate", "likelihood", "study", "info",
                    "import-model", "score", "search"):
        assert f"\n    {command}" in text
    assert "worker" not in text


def test_new_writes_every_setting_with_its_help(folder):
    run(folder, "new", "--source", "m82", "--source", "NGC5128", "--field", "pt11_bss_halo", "--events", "50,100",
        "--seed", "7", "--set", "energy.n_bins=8", "--realisation", "2", "--out", "two.toml")
    config = read_run(folder / "two.toml")
    assert config.sources.names == ("M82", "Cen A")
    assert config.field.realisation == 2
    assert (config.field.model, config.events.n_events, config.seed, config.energy.n_bins) == ("pt11_bss_halo", (50, 100), 7, 8)
    text = (folder / "two.toml").read_text(encoding="utf-8")
    assert "# HEALPix resolution" in text


def test_own_sources_from_a_file(folder):
    (folder / "own.csv").write_text("name,l_deg,b_deg,distance_Mpc\nMine,10,20,5\n")
    run(folder, "new", "--sources-file", "own.csv", "--out", "own.toml")
    config = read_run(folder / "own.toml")
    assert config.sources.names == ("Mine",) and config.sources.custom[0].distance == 5.0


def test_field_keeps_further_columns(folder):
    (folder / "positions.csv").write_text("# kpc\nx_kpc,y_kpc,z_kpc,tag\n-8.5,0,0.1,sun\n1,2,3,else\n")
    run(folder, "field", "jf12_regular", "--at", "positions.csv", "--out", "field.csv")
    table = read_table(folder / "field.csv")
    assert table.columns["tag"] == ("sun", "else")
    strength = np.sqrt(sum(table.floats(f"B{axis}_uG") ** 2 for axis in "xyz"))
    assert np.all((strength > 0.01) & (strength < 20))


def test_backtrack_goes_rigidity_by_rigidity(folder):
    write_table(folder / "dirs.csv", {"l_deg": [10.0, 200.0], "b_deg": [5.0, -60.0], "tag": ["a", "b"]})
    run(folder, "backtrack", "none", "--rigidity", "5,2", "--directions", "dirs.csv", "--out", "back.csv")
    table = read_table(folder / "back.csv")
    assert list(table.columns)[:6] == ["R_EV", "l_earth_deg", "b_earth_deg", "l_exit_deg", "b_exit_deg", "path_kpc"]
    assert table.floats("R_EV").tolist() == [5, 5, 2, 2]
    assert table.columns["tag"] == ("a", "b", "a", "b")
    assert np.allclose(table.floats("l_exit_deg"), [10, 200, 10, 200])


def test_field_takes_changed_parameters(folder):
    (folder / "points.csv").write_text("x_kpc,y_kpc,z_kpc\n-8.5,0,0.1\n1,2,3\n")
    run(folder, "field", "jf12_regular", "--at", "points.csv", "--out", "published.csv")
    run(folder, "field", "jf12_regular", "--at", "points.csv", "--set", "field.parameters.x_strength=0",
        "--set", "field.parameters.north_strength=0", "--realisation", "3", "--out", "changed.csv")
    before, after = read_table(folder / "published.csv").floats("Bz_uG"), read_table(folder / "changed.csv").floats("Bz_uG")
    assert before[1] != 0 and after.tolist() == [0, 0]  # only the X field leaves the plane


def test_field_adds_the_strengths_of_the_random_parts(folder):
    (folder / "points.csv").write_text("x_kpc,y_kpc,z_kpc\n-8.5,0,0.1\n1,2,3\n")
    run(folder, "field", "pt11_bss_halo", "--at", "points.csv", "--rms", "--out", "rms.csv")
    table = read_table(folder / "rms.csv")
    assert list(table.columns) == ["x_kpc", "y_kpc", "z_kpc", "Bx_uG", "By_uG", "Bz_uG", "Bturb_rms_uG", "Bstriated_uG"]
    assert table.floats("Bturb_rms_uG").tolist() == table.floats("Bstriated_uG").tolist() == [0, 0]
    for realisation in ("0", "1"):
        run(folder, "field", "jf12", "--at", "points.csv", "--rms", "--realisation", realisation, "--out", f"rms{realisation}.csv")
    one, other = read_table(folder / "rms0.csv"), read_table(folder / "rms1.csv")
    assert one.columns["Bturb_rms_uG"] == other.columns["Bturb_rms_uG"] and one.columns["Bx_uG"] != other.columns["Bx_uG"]
    assert np.all(one.floats("Bturb_rms_uG") > 1) and np.all(one.floats("Bstriated_uG") > 0.5)


def test_spectrum_has_one_column_for_each_mass_number(folder):
    run(folder, "spectrum", "--emission", "kkos", "--distance", "3.5", "--out", "spectrum.csv")
    table = read_table(folder / "spectrum.csv")
    assert list(table.columns) == ["E_eV"] + [f"A{a}" for a in range(1, 57)]
    energy = table.floats("E_eV")
    assert energy[0] == pytest.approx(1e19) and energy[-1] == pytest.approx(10**20.3) and len(energy) == 27
    # silicon carries most of the number above 56 EeV at 3.5 Mpc (source-models.md, section 2)
    above = energy > 56e18
    number = {a: np.sum(table.floats(f"A{a}")[above] / energy[above]) for a in (4, 14, 28, 56)}
    assert max(number, key=number.get) == 28


def test_sky_writes_densities_pictures_and_fits(folder, tiny):
    text = run(folder, "sky", tiny, "--out", "maps.h5", "--png", "sky.png", "--fits", "sky.fits", "--report", "lens.csv", "--json")
    lens = json.loads(text)["lens"]["Cen A"]
    assert lens["fields"] == [{"name": "none", "weight": 1.0, "arrives": True}]
    assert lens["edge"]["blocked"] == lens["flux"]["dim"] == 0 and lens["edge"]["least_rays"] > 10
    report = read_table(folder / "lens.csv")
    assert report.floats("share_edge").sum() == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(report.floats("magnification"), 1, atol=0.1)
    with h5py.File(folder / "maps.h5") as file:
        for name in ("sources/CenA/density", "isotropic/density"):
            data = file[name]
            assert data.shape == (768, 3)
            assert data[...].sum() == pytest.approx(1.0, abs=1e-6)
            assert data.attrs["ordering"] == "NESTED" and data.attrs["nside"] == 8
            assert np.allclose(data.attrs["bin_edges_EeV"], read_run(tiny).energy.bin_edges)
            assert data.attrs["normalisation"] == "edge"
        assert file.attrs["digest"] == read_run(tiny).digest
    assert (folder / "sky.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "sky.fits").read_bytes().startswith(b"SIMPLE")


def test_simulate_draws_the_asked_fraction_and_repeats_with_the_seed(folder, tiny):
    for name in ("a.h5", "b.h5"):
        run(folder, "simulate", tiny, "--maps", "50", "--eta", "0.26", "--out", name)
    with h5py.File(folder / "a.h5") as a, h5py.File(folder / "b.h5") as b:
        assert a["events/ipix"].shape == (50, 40)
        assert np.array_equal(a["events/ipix"][...], b["events/ipix"][...])
        n_source = a["n_source"][...]
        assert np.array_equal(a["events/is_source"][...].sum(axis=1), n_source)
        assert set(n_source) <= {10, 11} and n_source.mean() == pytest.approx(10.4, abs=0.05)
        energy, bins = a["events/energy_EeV"][...], a["events/bin"][...]
        edges = a["events/energy_EeV"].attrs["bin_edges_EeV"]
        assert np.all((energy >= edges[bins]) & (energy <= edges[bins + 1]))
    run(folder, "simulate", tiny, "--maps", "20", "--eta", "0", "--out", "iso.h5", "--seed", "5")
    with h5py.File(folder / "iso.h5") as file:
        assert not file["n_source"][...].any()


def check_result(path, config, statistic):
    document = json.loads(path.read_text())
    assert document["run"]["digest"] == config.digest and document["run"]["seed"] == config.seed
    assert document["run"]["versions"]["zevatron"]
    (row,) = document["results"]
    assert (row["source"], row["n_events"], row["statistic"]) == ("Cen A", 40, statistic)
    assert row["alpha"] <= row["alpha_requested"] == 0.01
    return row


def test_likelihood_gives_eta_with_its_errors(folder, tiny):
    run(folder, "likelihood", tiny, "--out", "limit.json")
    row = check_result(folder / "limit.json", read_run(tiny), "likelihood_ratio")
    assert 0 < row["eta_low"] <= row["eta_min"] <= row["eta_high"] < 0.3
    assert row["beta"] <= row["beta_requested"] == 0.05
    assert 0.95 < row["auc"] <= 1


def test_train_then_evaluate(folder, tiny):
    run(folder, "train", tiny, "--out", "trained")
    assert (folder / "trained/best.keras").is_file()
    assert len(read_table(folder / "trained/history.csv")) == 2
    text = run(folder, "evaluate", tiny, "--model", "trained/best.keras", "--out", "net.json", "--json")
    row = check_result(folder / "net.json", read_run(tiny), "bcnn")
    assert json.loads(text)["results"][0]["eta_min"] == row["eta_min"]
    error = run(folder, "evaluate", tiny, "--model", "trained/best.keras", "--set", "sky.nside=16", "--out", "x.json", code=2)
    assert "nside" in error.lower()


def test_evaluate_a_statistic_that_needs_no_training(folder, tiny):
    for statistic in ("power_spectrum", "power_spectrum_squared"):
        run(folder, "evaluate", tiny, "--statistic", statistic, "--set", "test.maps=2000", "--out", "spectrum.json")
        config = with_values(read_run(tiny), {"test.maps": 2000})
        assert 0.05 < check_result(folder / "spectrum.json", config, statistic)["eta_min"] < 0.6
    error = run(folder, "evaluate", tiny, "--statistic", "bcnn", "--out", "x.json", code=2)
    assert "power_spectrum" in error
    assert "--model" in run(folder, "evaluate", tiny, "--out", "x.json", code=2)


def test_study_writes_the_table_and_repeats_nothing(folder, tiny):
    (folder / "study.toml").write_text(
        'base = "tiny.toml"\nstatistics = ["likelihood_ratio", "power_spectrum"]\n[axes]\n"sources.names" = ["Cen A", "M82"]\n'
        '"events.n_events" = [30, 60]\n"energy.resolution" = [0.0, 0.2]\n'
    )
    plan = json.loads(run(folder, "study", "study.toml", "--dry-run", "--json"))
    assert len(plan["cells"]) == 16 and plan["processor_seconds"] > 0 and not (folder / "study").exists()
    assert "--dry-run" in run(folder, "study", "study.toml", code=2)
    summary = json.loads(run(folder, "study", "study.toml", "--out", "study", "--json"))
    assert len(summary["done"]) == 16 and not summary["failed"]
    table = read_table(folder / "study/eta_table.csv")
    assert len(table) == 16 and set(table.columns["statistic"]) == {"likelihood_ratio", "power_spectrum"}
    assert {"source", "n_events", "statistic", "eta_min", "energy.resolution", "published_bcnn"} <= set(table.columns)
    assert (folder / "study/eta_table.tex").read_text().startswith(r"\begin{tabular}")
    with h5py.File(folder / "study/eta_table.h5") as file:
        assert np.allclose(file["eta_min"][...], table.floats("eta_min"))
    results = sorted((folder / "study/cells").glob("*/result.json"))
    before = [path.stat().st_mtime_ns for path in results]
    run(folder, "study", "study.toml", "--out", "study")
    assert [path.stat().st_mtime_ns for path in results] == before


def test_info_names_versions_and_models(folder):
    facts = json.loads(run(folder, "info", "--json"))
    assert "jf12_regular" in facts["field_models"] and facts["versions"]["numpy"] == np.__version__


BAD = {
    "unknown source": (["new", "--source", "Andromeda", "--out", "x.toml"], "known: Cen A"),
    "negative N": (["new", "--events", "-5", "--out", "x.toml"], "received -5"),
    "N that is no number": (["new", "--events", "many", "--out", "x.toml"], "whole numbers"),
    "unknown field": (["field", "jf99", "--at", "positions.csv", "--out", "x.csv"], "known: jf12"),
    "parameter of another field": (
        ["field", "pt11_bss_halo", "--at", "positions.csv", "--set", "field.parameters.x_strength=3", "--out", "x.csv"],
        "field.parameters.x_strength: no parameter of pt11_bss_halo",
    ),
    "setting that does not matter": (
        ["field", "none", "--at", "positions.csv", "--set", "energy.n_bins=3", "--out", "x.csv"], "expected field.KEY=VALUE",
    ),
    "several fields at once": (
        ["backtrack", "none", "--rigidity", "5", "--directions", "dirs2.csv", "--set", 'field.ensemble=["pt11_bss_halo"]',
         "--out", "x.csv"], "expected one field",
    ),
    "negative realisation": (
        ["field", "none", "--at", "positions.csv", "--realisation", "-1", "--out", "x.csv"], "field.realisation: expected an integer",
    ),
    "no such command": (["fly"], "invalid choice"),
    "no run file": (["sky", "missing.toml", "--out", "x.h5"], "no file missing.toml"),
    "eta above 1": (["simulate", "tiny.toml", "--eta", "1.5", "--out", "x.h5"], "from 0 to 1, received 1.5"),
    "no maps": (["simulate", "tiny.toml", "--maps", "0", "--out", "x.h5"], "at least one map"),
    "bins outside the range": (["sky", "tiny.toml", "--set", "energy.n_bins=60", "--out", "x.h5"], "energy.n_bins"),
    "typo in a setting": (["sky", "tiny.toml", "--set", "energy.nbins=6", "--out", "x.h5"], "energy.nbins: no such setting"),
    "text among numbers": (["field", "none", "--at", "text.csv", "--out", "x.csv"], "line 3: expected a number in column y_kpc"),
    "missing column": (["field", "none", "--at", "dirs2.csv", "--out", "x.csv"], "missing: x_kpc"),
    "rigidity zero": (["backtrack", "none", "--rigidity", "0", "--directions", "dirs2.csv", "--out", "x.csv"], "above 0 EV"),
    "latitude off the sky": (["backtrack", "none", "--rigidity", "5", "--directions", "dirs2.csv", "--out", "x.csv"], "line 2"),
    "distance too far": (["spectrum", "--distance", "999", "--out", "x.csv"], "0 to 250 Mpc"),
    "unknown emission": (["spectrum", "--emission", "magic", "--distance", "3", "--out", "x.csv"], "known: kkos"),
    "folder that is not there": (["sky", "tiny.toml", "--out", "no/where/x.h5"], "cannot write"),
    "no model": (["evaluate", "tiny.toml", "--model", "none.keras", "--out", "x.json"], "no file none.keras"),
    "model that is none": (["evaluate", "tiny.toml", "--model", "text.csv", "--out", "x.json"], "text.csv"),
    "broken run file": (["sky", "broken.toml", "--out", "x.h5"], "not valid TOML"),
    "study without sense": (["study", "bad_study.toml", "--out", "x"], "axes.energy.colour"),
    "several sources": (["simulate", "five.toml", "--out", "x.h5"], "--source NAME"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line_that_says_what_to_do(folder, tiny, case):
    (folder / "text.csv").write_text("x_kpc,y_kpc,z_kpc\n1,2,3\n1,north,3\n")
    (folder / "dirs2.csv").write_text("l_deg,b_deg\n10,95\n")
    (folder / "broken.toml").write_text("[energy\nthreshold=")
    (folder / "bad_study.toml").write_text('[axes]\n"energy.colour" = [1]\n')
    (folder / "five.toml").write_text('[sources]\nnames = ["Cen A", "M82"]\n[sky]\nnside = 8\n[field]\nmodel = "none"\n')
    arguments, words = BAD[case]
    assert words in run(folder, *arguments, code=2)
    assert not list(folder.glob("x.*"))
