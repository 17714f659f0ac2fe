"""The commands that write what other programs read, and runs that read it: files, words, one line of error."""

import json

import healpy as hp
import numpy as np
import pytest

from zevatron.core.cli.parser import build_parser
from zevatron.core.lens.crpropa import read_config, read_matrix
from zevatron.core.lens.published import find_tables
from zevatron.core.sky_density.files import read_densities
from zevatron.core.sky_density.samples import read_sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cli")


@pytest.fixture
def run(folder, run_in):
    return run_in(folder)


@pytest.fixture
def two(run, folder):
    run("new", "--source", "Cen A", "--source", "M82", "--events", "40", "--preset", "quick", "--set", "sky.nside=8",
        "--set", "energy.bin_width=0.25", "--set", "sky.source_radius=15", "--set", "field.model=imported", "--set", "field.file=lens",
        "--set", "test.maps=1000", "--set", "test.bootstrap=20", "--out", "two.toml")
    if not (folder / "lens").exists():
        run("lens", "none", "--nside", "8", "--rigidities", "1..320:0.5", "--rays-per-pixel", "4", "--out", "lens")
    return "two.toml"


def test_lens_writes_what_crpropa_reads(run, folder):
    summary = json.loads(run("lens", "none", "--nside", "4", "--rigidities", "1..10:0.25", "--out", "small", "--json"))
    assert summary["files"] == summary["traced"] == 4
    parts = read_config(folder / "small")
    np.testing.assert_allclose([part.high for part in parts], 10 ** np.arange(0.25, 1.1, 0.25))
    assert (read_matrix(parts[0].path).toarray() == np.eye(192)).all()
    assert "(4 were there)" in run("lens", "none", "--nside", "4", "--rigidities", "1..10:0.25", "--out", "small")


def test_lens_writes_deflection_tables(run, folder):
    run("lens", "none", "--nside", "2", "--format", "deflections", "--rigidities", "4,9,16", "--out", "tables")
    assert [table.path.name for table in find_tables(folder / "tables")] == ["proton_006EeV.txt.xz", "proton_012EeV.txt.xz"]
    run("lens", "none", "--nside", "2", "--format", "deflections", "--nuclei", "helium,silicon", "--energies", "56..58", "--out", "tables")
    assert (folder / "tables/silicon_057EeV.txt.xz").is_file()
    assert len(find_tables(folder / "tables")) == 8


def test_realisation_and_parameters_reach_the_field(run, folder):
    run("lens", "jf12", "--nside", "1", "--rigidities", "90,110", "--realisation", "3", "--set", "field.parameters.x_strength=0",
        "--out", "changed")
    run("lens", "jf12", "--nside", "1", "--rigidities", "90,110", "--out", "published")
    records = [json.loads((folder / name / "export.json").read_text()) for name in ("changed", "published")]
    assert "realisation 3" in records[0]["description"][0]
    assert records[0]["digest"] != records[1]["digest"]


def test_shipped_maps_have_a_command_of_their_own():
    options = build_parser().parse_args(["example-maps", "--out", "x"])
    assert options.command.__name__ == "example_maps"


def test_run_with_an_imported_lens_works_like_any_other(run, folder, two):
    text = run("sky", two, "--out", "maps.h5", "--fits", "maps.fits", "--png", "maps.png")
    for name in ("maps-CenA.fits", "maps-M82.fits", "maps-CenA.png", "maps-M82.png"):
        assert name in text and (folder / name).is_file()
    assert not (folder / "maps.fits").exists()
    _, densities = read_densities(folder / "maps.h5")
    for density in densities:
        columns = hp.read_map(folder / f"maps-{density.key}.fits", field=None, nest=True)
        np.testing.assert_allclose(columns[: density.n_bins], density.source.T)
    assert "eta = " in run("likelihood", two, "--source", "M82", "--out", "limit.json")


def test_one_source_has_the_name_that_was_given(run, folder, two):
    run("sky", two, "--set", 'sources.names=["M82"]', "--out", "one.h5", "--fits", "one.fits")
    assert (folder / "one.fits").is_file() and not list(folder.glob("one-*"))


def test_sample_goes_out_and_in(run, folder, two):
    words = run("src-sample", two, "--source", "M82", "--set", "field.model=jf12_regular", "--set", "sky.source_radius=1", "--number", "400",
                "--nside", "64", "--lowest-energy", "90", "--out", "sample.txt.xz")
    assert "nuclei of M82" in words
    sample = read_sample(folder / "sample.txt.xz")
    assert 350 < len(sample) <= 400 and sample.energy.min() >= 90 and sample.angsep.max() < 1
    run("sky", two, "--set", 'sources.names=["M82"]', "--set", "field.file=sample.txt.xz", "--out", "sampled.h5")
    _, (density,) = read_densities(folder / "sampled.h5")
    assert density.source.sum() == pytest.approx(1)
    assert "--report: expected a run through a lens" in run(
        "sky", two, "--set", 'sources.names=["M82"]', "--set", "field.file=sample.txt.xz", "--report", "rays.csv", "--out", "again.h5",
        code=2,
    )
    assert not (folder / "again.h5").exists() and not (folder / "rays.csv").exists()


LENS = ["lens", "none", "--nside", "4", "--out", "x"]
BAD = {
    "Nside that is no power of two": ([*LENS, "--nside", "6", "--rigidities", "1,2"], "--nside: expected a power of two"),
    "rays that are no power of 4": ([*LENS, "--rays-per-pixel", "2", "--rigidities", "1,2"], "--rays-per-pixel: expected 1, 4, 16"),
    "no rigidities": (LENS, "--rigidities: expected ranges"),
    "rigidities that fall": ([*LENS, "--rigidities", "2,1"], "--rigidities: expected two or more increasing"),
    "NaN in a rigidity": ([*LENS, "--rigidities", "nan,2"], "--rigidities"),
    "negative realisation": ([*LENS, "--realisation", "-1", "--rigidities", "1,2"], "field.realisation: expected an integer"),
    "unknown field": (["lens", "jf99", "--rigidities", "1,2", "--out", "x"], "known: jf12"),
    "field that is a lens": (["lens", "imported", "--set", "field.file=lens", "--rigidities", "1,2", "--out", "x"], "is a lens"),
    "several fields in a lens": ([*LENS, "--set", 'field.ensemble=["jf12_regular"]', "--rigidities", "1,2"],
                                 "field.ensemble: expected one field, received 2"),
    "setting that does not matter to a lens": ([*LENS, "--set", "sky.nside=8", "--rigidities", "1,2"], "expected field.KEY=VALUE"),
    "lens averaged with a model": (["sky", "two.toml", "--set", 'field.ensemble=["none"]', "--out", "x.h5"], "field.ensemble: expected none"),
    "sample through several fields": (
        ["src-sample", "two.toml", "--source", "M82", "--set", "field.model=jf12", "--set", "field.realisations=3", "--out", "x.txt"],
        "field.realisations: expected one field, received 3",
    ),
    "nuclei for CRPropa": ([*LENS, "--nuclei", "helium", "--energies", "56"], "--format deflections"),
    "nuclei without energies": ([*LENS, "--format", "deflections", "--nuclei", "helium"], "--energies together"),
    "unknown nucleus": ([*LENS, "--format", "deflections", "--nuclei", "unobtainium", "--energies", "56"], "unknown nucleus 'unobtainium'"),
    "energy that is no number": ([*LENS, "--format", "deflections", "--nuclei", "iron", "--energies", "high"], "--energies: expected whole"),
    "energy zero": ([*LENS, "--format", "deflections", "--nuclei", "iron", "--energies", "0"], "from 1 to 10000 EeV"),
    "several rays in a table": ([*LENS, "--format", "deflections", "--rays-per-pixel", "4", "--rigidities", "1,2"], "one ray for each pixel"),
    "lens that is not there": (["sky", "two.toml", "--set", "field.file=nowhere", "--out", "x.h5"], "field.file: no folder nowhere"),
    "lens without a file": (["sky", "two.toml", "--set", "field.file=", "--out", "x.h5"], "field.file: expected the folder"),
    "rigidities outside the lens": (["sky", "two.toml", "--set", "field.file=high", "--out", "x.h5"], "field.file: high covers 500 to 900 EV"),
    "sample of two sources": (["src-sample", "two.toml", "--out", "x.txt"], "--source NAME"),
    "sample through a lens": (["src-sample", "two.toml", "--source", "M82", "--out", "x.txt"], "is a lens"),
    "sample at another Nside": (["src-sample", "two.toml", "--source", "M82", "--nside", "3", "--out", "x.txt"], "power of two"),
    "source inside the Galaxy": (["new", "--sources-file", "near.csv", "--out", "x.toml"],
                                 "near.csv, line 2: sources.custom.distance: expected a source outside the Galaxy"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line_that_says_what_to_do(run, folder, two, case):
    (folder / "near.csv").write_text("name,l_deg,b_deg,distance_Mpc\nCrab,184.6,-5.8,0.002\n")
    if not (folder / "high").exists():
        run("lens", "none", "--nside", "1", "--rigidities", "500,900", "--out", "high")
    arguments, words = BAD[case]
    assert words in run(*arguments, code=2)
    assert not list(folder.glob("x*"))
