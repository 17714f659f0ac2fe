"""Event lists: every format and usual name, the public lists, and lists that cannot be right."""

from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.table import MaskedColumn, Table
from numpy.testing import assert_allclose

from zevatron.core.config import run_config, with_values
from zevatron.core.errors import DamagedFileError, InputError
from zevatron.core.observed.columns import split_name
from zevatron.core.observed.lists import is_event_list, read_event_list
from zevatron.core.observed.selection import select
from zevatron.core.sky import equatorial_to_galactic, vector_pixels

SHARED = Path("/work/shared/data")
RA, DEC, ENERGY = np.array([10.0, 200.5, 355.0]), np.array([-30.0, 41.2, 0.5]), np.array([60.0, 75.5, 101.0])
GLON, GLAT = equatorial_to_galactic(RA, DEC)
RUN = with_values(run_config("quick"), {"observatory.exposure": "auger", "sky.nside": 8})


def written(path, columns, **options):
    Table(columns).write(path, overwrite=True, **options)
    return path


@pytest.fixture
def csv(tmp_path):
    """Write a CSV of the given columns, the good ones by default."""

    def write(**columns):
        return written(tmp_path / "events.csv", columns or {"ra_deg": RA, "dec_deg": DEC, "energy_EeV": ENERGY}, format="ascii.csv")

    return write


def check(events):
    assert_allclose(np.stack([events.ra, events.dec]), np.stack([RA, DEC]), atol=1e-6)
    assert_allclose(np.stack([events.glon, events.glat]), np.stack([GLON, GLAT]), atol=1e-6)
    assert_allclose(events.energy, ENERGY, rtol=1e-9)


@pytest.mark.parametrize(("name", "options"), [
    ("a.csv", {"format": "ascii.csv"}), ("a.ecsv", {"format": "ascii.ecsv"}), ("a.fits", {"format": "fits"}),
    ("a.vot", {"format": "votable"}), ("a.dat", {"format": "ascii.basic"}),
])
def test_formats(tmp_path, name, options):
    check(read_event_list(written(tmp_path / name, {"ra": RA, "dec": DEC, "energy": ENERGY}, **options)))


@pytest.mark.parametrize("names", [
    ("RAJ2000", "DEJ2000", "E"), ("alpha", "delta", "Energy [EeV]"), ("R.A. (deg)", "Decl. (deg)", "energy_EeV"), ("ra_deg", "dec_deg", "E_EeV"),
])
def test_usual_names(csv, names):
    events = read_event_list(csv(**dict(zip(names, (RA, DEC, ENERGY), strict=True))))
    check(events)
    assert [column.column for column in events.recognised] == list(names)


def test_galactic_directions(csv):
    check(read_event_list(csv(l=GLON, b=GLAT, energy=ENERGY)))
    check(read_event_list(csv(glon_deg=GLON - 360 * (GLON > 180), glat_deg=GLAT, energy=ENERGY)))


@pytest.mark.parametrize(("values", "said"), [
    ({"E_eV": ENERGY * 1e18}, "(eV)"), ({"E": ENERGY * 1e18}, "(eV, guessed)"), ({"lgE": np.log10(ENERGY) + 18}, "guessed"),
    ({"log10(E/eV)": np.log10(ENERGY) + 18}, "lg(E / eV)"), ({"E_PeV": ENERGY * 1e3}, "(PeV)"),
])
def test_units_of_energies(csv, values, said):
    events = read_event_list(csv(ra=RA, dec=DEC, **values))
    assert_allclose(events.energy, ENERGY, rtol=1e-9)
    assert said in str(events.recognised[-1])


def test_units_in_the_file_and_sexagesimal_text(tmp_path):
    table = {"ra": (RA / 15) * units.hourangle, "dec": np.radians(DEC) * units.rad, "energy": ENERGY * 1e18 * units.eV}
    check(read_event_list(written(tmp_path / "a.ecsv", table, format="ascii.ecsv")))
    text = {"ra": ["00:40:00", "13:22:00", "23:40:00"], "dec": ["-30:00:00", "+41:12:00", "00:30:00"], "E": ENERGY}
    check(read_event_list(written(tmp_path / "b.csv", text, format="ascii.csv")))


def test_headers_that_astropy_writes_are_read(tmp_path):
    """Descriptions, notes, quoted names, a comma, empty fields, and columns that are not needed, of any kind."""
    columns = {"R.A. [deg]": RA, "dec": DEC, "E (EeV)": ENERGY, "date": ["2010-01-01", "a b", ""], "n": MaskedColumn([1, 2, 3], mask=[0, 1, 0])}
    table = Table(columns, meta={"about": {"by": ["me", "you"], "where": "l\u00e0"}})
    table["dec"].description, table["dec"].unit = "declination, [J2000]: \"of the shower\"", "deg"
    for delimiter in " ,":
        table.write(tmp_path / "a.ecsv", format="ascii.ecsv", delimiter=delimiter, overwrite=True)
        events = read_event_list(tmp_path / "a.ecsv")
        check(events)
        assert events.other_columns == ("date", "n")


def test_names_of_columns_from_the_name_of_the_file(tmp_path):
    """The data set of ApJ 935 (2022) 170 says its columns in its name."""
    path = tmp_path / "AugerApJS2022_Yr_JD_UTC_Th_Ph_RA_Dec_E_Expo.dat"
    rows = zip((2004, 2005, 2006), (1, 2, 3), (1, 2, 3), (30.0, 40.0, 50.0), (1.0, 2.0, 3.0), RA, DEC, ENERGY, (100.0, 200.0, 300.0), strict=True)
    path.write_text("\n".join(" ".join(map(str, row)) for row in rows))
    events = read_event_list(path)
    check(events)
    assert events.published.name == "Auger 2022" and "CC BY-SA 4.0" in events.published.citation


PUBLIC_FORMS = {
    "Auger 2022": ("year", "day_of_year", "utc_unix_s", "zenith_deg", "azimuth_deg", "ra_deg", "dec_deg", "energy_EeV", "exposure_km2_sr_yr"),
    "Auger 2015": ("year", "day_of_year", "zenith_deg", "energy_EeV", "ra_deg", "dec_deg", "l_deg", "b_deg"),
    "Telescope Array 2014": (
        "year", "month", "day", "hour", "minute", "second", "zenith_deg", "energy_EeV", "ra_deg", "dec_deg", "l_deg", "b_deg",
    ),
}


@pytest.mark.parametrize("name", PUBLIC_FORMS)
def test_forms_of_the_public_lists(csv, name):
    known = {"ra_deg": RA, "dec_deg": DEC, "energy_EeV": ENERGY, "l_deg": GLON, "b_deg": GLAT}
    events = read_event_list(csv(**{column: known.get(column, np.arange(3)) for column in PUBLIC_FORMS[name]}))
    check(events)
    assert events.published.name == name and events.published.citation in str(events.published)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public lists are not here")
@pytest.mark.parametrize(("file", "name", "n", "above"), [
    ("ta2014_72_events.csv", "Telescope Array 2014", 72, 72), ("auger2015_231_events.csv", "Auger 2015", 231, 170),
    ("auger2022_2635_events.csv", "Auger 2022", 2635, 438),
])
def test_the_public_lists(file, name, n, above):
    events = read_event_list(SHARED / file)
    assert (events.published.name, len(events)) == (name, n)
    run = with_values(RUN, {"observatory.exposure": events.published.exposure, "energy.threshold": 56.0})
    assert select([events], [1.0], run).n_events == above
    if name == "Auger 2022":
        assert (events.energy >= 100).sum() == 35


def refused(path, match, error=InputError):
    with pytest.raises(error, match=match) as caught:
        read_event_list(path)
    assert len(str(caught.value).splitlines()) == 1


def test_lists_that_cannot_be_right(csv, tmp_path):
    good = {"ra": RA, "dec": DEC, "energy": ENERGY}
    refused(csv(**good | {"dec": DEC + np.array([0, 60, 0])}), r"row 2 is off the sky: .*received 200\.5, 101\.2")
    refused(csv(**good | {"ra": RA + np.array([0, 0, 30])}), "row 3 is off the sky")
    refused(csv(**good | {"energy": ENERGY * [1, 1e18, 1]}), r"row 2: .*7\.55e\+19 EeV; the units are mixed")
    refused(csv(**good | {"energy": ENERGY / 1e5}), "row 1: expected an energy from 1 to 1000 EeV")
    refused(csv(ra=RA, dec=DEC, energy=["60", "many", "80"]), "row 2: expected a number in column energy, received 'many'")
    refused(csv(ra=["1:0:0", "x", "2:0:0"], dec=DEC, energy=ENERGY), "row 2: expected an angle in column ra")
    refused(csv(ra=RA, dec=DEC), "expected a column of energies .*found ra, dec")
    refused(csv(ra=RA, energy=ENERGY), "expected columns ra, dec or l, b")
    refused(csv(ra=RA, RAJ2000=RA, dec=DEC, energy=ENERGY), "columns ra and RAJ2000 could both be ra")
    refused(csv(ra=RA, dec=DEC, energy=ENERGY, l=RA, b=DEC), r"row 1: its equatorial and its Galactic direction are \d+\.\d degrees apart")
    refused(csv(ra_m=RA, dec=DEC, energy=ENERGY), "expected columns ra, dec")
    many = np.linspace(0, 6, 12)
    refused(csv(ra=many, dec=many / 4, energy=np.linspace(60, 80, 12)), "look like radians")
    masked = MaskedColumn(ENERGY, mask=[False, True, False])
    refused(written(tmp_path / "m.ecsv", {"ra": RA, "dec": DEC, "energy": masked}, format="ascii.ecsv"), "row 2: expected a number in column energy")
    refused(written(tmp_path / "u.ecsv", {"ra": RA, "dec": DEC, "energy": ENERGY * units.m}, format="ascii.ecsv"), "turned into EeV")


def test_an_event_that_is_there_twice(csv):
    columns = {"ra": RA[[0, 1, 0]], "dec": DEC[[0, 1, 0]], "energy": ENERGY[[0, 1, 0]]}
    refused(csv(**columns), "row 3 is the event of row 1 again")
    assert len(read_event_list(csv(year=[2004, 2005, 2006], **columns))) == 3  # seen at other times: another event


def test_files_that_are_no_lists(tmp_path):
    refused(tmp_path / "none.csv", "no file")
    refused(tmp_path / "list.xlsx", "ends in")
    (tmp_path / "a.fits").write_text("no table")
    refused(tmp_path / "a.fits", "cannot read", DamagedFileError)
    (tmp_path / "empty.csv").write_text("ra,dec,energy\n")
    refused(tmp_path / "empty.csv", "expected 1 to 1000000 events, received 0")


def test_a_table_with_a_byte_order_mark(tmp_path):
    """As spreadsheets write them."""
    path = tmp_path / "events.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "\n".join(["ra,dec,energy", *(f"{a},{d},{e}" for a, d, e in zip(RA, DEC, ENERGY, strict=True))]).encode())
    check(read_event_list(path))


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("ra,dec,energy,energy\n10,20,60,61\n20,30,70,71\n")
    refused(path, "columns energy and energy_1 could both be energy")
    path.write_text("ra,dec,energy,energy_2\n10,20,60,61\n20,30,70,71\n")
    refused(path, "could both be energy")


@pytest.mark.parametrize(("name", "text", "expected"), [
    ("a.csv", "# any\n\n\"RA\", dec ,energy_EeV\n1,2,60\n", True), ("a.csv", "name,l_deg,b_deg,distance_Mpc\nA,1,2,3\n", False), ("a.csv", "", False),
    ("a.csv", "l,b,log10(E/eV)\n", True), ("a.fits", "", True), ("a.vot", "", True), ("a.toml", "energy = 3", False),
])
def test_event_lists_are_told_from_other_files(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text)
    assert is_event_list(tmp_path / name) is expected
    assert not is_event_list(tmp_path / "none.csv")


@pytest.mark.parametrize(("name", "bare", "unit"), [
    ("energy_EeV", "energy", "EeV"), ("E [eV]", "e", "eV"), ("Decl. (deg)", "decl", "deg"), ("exposure_km2_sr_yr", "exposurekm2sryr", None),
])
def test_names_and_units(name, bare, unit):
    assert split_name(name) == (bare, unit)


def test_selection_takes_what_the_run_judges(csv):
    events = read_event_list(csv())
    chosen = select([events, events], [1.0, 0.9], RUN)
    assert (chosen.n_events, chosen.below, chosen.above) == (5, 1, 0)  # 0.9 x 60 EeV is below 56
    assert_allclose(chosen.energy, [*ENERGY, *(0.9 * ENERGY[1:])])
    assert list(chosen.of_list) == [0, 0, 0, 1, 1] and list(chosen.row) == [0, 1, 2, 1, 2]
    edges = RUN.energy.bin_edges
    assert np.all((edges[chosen.events.bin[0]] <= chosen.energy) & (chosen.energy < edges[chosen.events.bin[0] + 1]))
    assert list(chosen.events.ipix[0][:3]) == list(vector_pixels(8, events.direction))


def test_selections_that_say_nothing_are_refused(csv):
    events = read_event_list(csv())
    with pytest.raises(InputError, match=r"expected at least 2 events from 150 .*received 0 \(3 of 3 are below, the highest has 101 EeV\)"):
        select([events], [1.0], with_values(RUN, {"energy.threshold": 150.0}))
    with pytest.raises(InputError, match=r"expected at least 2 events .*received 1"):
        select([events], [1.0], with_values(RUN, {"energy.threshold": 90.0}))
    with pytest.raises(InputError, match=r"row 2 is at declination 41\.2 degrees, where exposure 'auger_vertical' sees nothing"):
        select([events], [1.0], with_values(RUN, {"observatory.exposure": "auger_vertical"}))


def test_list_that_starts_above_the_threshold_is_told(csv, rng):
    n = 100
    energy = 70 * (1 - rng.random(n)) ** (-1 / 3.5)
    events = read_event_list(csv(ra=rng.uniform(0, 360, n), dec=rng.uniform(-60, 0, n), energy=np.minimum(energy, 200)))
    (note,) = select([events], [1.0], RUN).notes
    assert "are missing in it; raise energy.threshold" in note
    assert select([events], [1.0], with_values(RUN, {"energy.threshold": float(events.energy.min())})).notes == ()
