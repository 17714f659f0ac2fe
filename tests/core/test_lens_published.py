"""Published deflection tables: text as the published scripts write it, round trips, and what is refused."""

import lzma

import healpy as hp
import numpy as np
import pytest

from zevatron.core.errors import DamagedFileError, InputError
from zevatron.core.lens import published
from zevatron.core.lens.published import find_tables, read_table, table_name, write_table
from zevatron.core.sky import angular_distance

NSIDE, NPIX = 2, 48


def table_rows(nside=NSIDE, turn=30.0):
    """Rows of a field that turns every direction by an angle in longitude, from healpy's own pixel centres."""
    lon, lat = hp.pix2ang(nside, np.arange(12 * nside**2), lonlat=True)
    turned = lon + turn
    cosine = np.sin(np.radians(lat)) ** 2 + np.cos(np.radians(lat)) ** 2 * np.cos(np.radians(turn))
    wrap = [180 - (180 - angle) % 360 for angle in (lon, turned)]  # above -180, up to 180
    return np.column_stack([lat, wrap[0], lat, wrap[1], np.degrees(np.arccos(np.clip(cosine, -1, 1)))])


def text_of(rows):
    lines = [" PID = -1000010010 (proton), E = 5 EeV", " GMF: x", "", " lat_ini lon_ini lat_res lon_res deflection", ""]
    return "".join(f"#{line}\n" for line in lines) + "".join(
        "".join(f"{number:11.5f}" for number in row) + "\n" for row in rows
    )


def expected(turn=30.0):
    lon, lat = hp.pix2ang(NSIDE, np.arange(NPIX), lonlat=True)
    return np.array(hp.ang2vec(lon + turn, lat, lonlat=True))


@pytest.mark.parametrize("ending", [".txt", ".txt.xz"])
def test_table_of_the_published_scripts_is_read(tmp_path, ending):
    path = tmp_path / f"proton_005EeV{ending}"
    content = text_of(table_rows()).encode()
    path.write_bytes(lzma.compress(content) if ending.endswith("xz") else content)
    assert angular_distance(read_table(path), expected()).max() < 2e-5


def test_longitudes_from_0_to_360_are_the_same(tmp_path):
    path, rows = tmp_path / "proton_005EeV.txt", table_rows()
    rows[:, [1, 3]] %= 360
    path.write_text(text_of(rows))
    assert angular_distance(read_table(path), expected()).max() < 2e-5


@pytest.mark.parametrize("ending", [".txt", ".txt.xz"])
def test_table_is_read_by_numpy_as_by_us(tmp_path, ending):
    path, exits = tmp_path / f"proton_005EeV{ending}", expected()
    exits[7] = np.nan
    write_table(path, exits, ["from a test"])
    with lzma.open(path, "rt") if ending.endswith("xz") else open(path) as stream:
        found = np.genfromtxt(stream)
    right = table_rows()
    right[7, 2:] = np.nan
    np.testing.assert_allclose(found, right, atol=1.1e-5)
    back = read_table(path)
    assert np.isnan(back[7]).all()
    assert np.nanmax(angular_distance(back, exits)) < 2e-5


def test_large_text_is_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("zevatron.core.storage.compressed.CHUNK", 100)
    for path in (tmp_path / "proton_005EeV.txt", tmp_path / "proton_005EeV.txt.xz"):
        write_table(path, expected())
        assert angular_distance(read_table(path), expected()).max() < 2e-5


def changed(change):
    rows = table_rows()
    return text_of(change(rows) if callable(change) else rows)


def with_value(row, column, value):
    def change(rows):
        rows[row, column] = value
        return rows

    return change


@pytest.mark.parametrize(("change", "message"), [
    (lambda rows: np.delete(rows, 17, axis=0), r"48 rows for Nside 2, received 47; the first missing pixel \(RING\) is 17"),
    (lambda rows: rows[:40], "first missing pixel .* is 40"),
    (lambda rows: rows[[0, 1, 2, 2, *range(4, 48)]], "row 3: expected lat_ini"),
    (lambda rows: table_rows(3), r"power of two, received 3 \(108 rows\)"),
    (with_value(5, 2, np.nan), "row 5: expected lat_res from -90 to 90 degrees, received nan"),
    (with_value(5, 4, np.nan), "row 5: expected deflection"),
    (with_value(5, 0, np.nan), "row 5: expected lat_ini"),
    (with_value(5, 2, 91), "row 5: expected lat_res from -90 to 90 degrees, received 91"),
    (with_value(5, 3, 361), "row 5: expected lon_res from -180 to 360"),
    (with_value(5, 4, 20), "row 5: expected a deflection of"),
    (with_value(5, 1, 12.0), "row 5: expected lat_ini .* the centre of RING pixel 5"),
    (lambda rows: np.column_stack([90 - rows[:, 0], rows[:, 1], 90 - rows[:, 2], rows[:, 3:]]), "row .* lat_ini"),  # colatitudes
    (lambda rows: np.radians(rows), "row 0"),
    (lambda rows: rows[hp.nest2ring(2, np.arange(48))], "centre of RING pixel"),  # NESTED
    (lambda rows: rows[:, :4], "line 6: expected 5 numbers"),
    (lambda rows: rows[:0], "received none"),
])
def test_table_without_sense_is_refused(tmp_path, change, message):
    path = tmp_path / "proton_005EeV.txt"
    path.write_text(changed(change))
    with pytest.raises(InputError, match=rf"proton_005EeV\.txt.*{message}"):
        read_table(path)


def test_text_among_the_numbers_is_named_with_its_line(tmp_path):
    path = tmp_path / "proton_005EeV.txt"
    lines = text_of(table_rows()).splitlines()
    lines[20] = "1 2 3 north 5"
    path.write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"line 21: expected 5 numbers .* received '1 2 3 north 5'"):
        read_table(path)


def test_truncated_table_is_damaged(tmp_path):
    path = tmp_path / "proton_005EeV.txt.xz"
    path.write_bytes(lzma.compress(text_of(table_rows()).encode())[:-40])
    with pytest.raises(DamagedFileError, match="too early"):
        read_table(path)


def test_file_that_grows_without_end_is_refused_early(tmp_path, monkeypatch):
    path = tmp_path / "proton_005EeV.txt.xz"
    path.write_bytes(lzma.compress(b"0 0 0 0 0\n" * 5_000_000))  # 50 MB in 8 kB
    assert path.stat().st_size < 100_000
    read, chunks = [], published.chunks

    def counting(path, largest):
        for piece in chunks(path, largest):
            read.append(len(piece))
            yield piece

    monkeypatch.setattr(published, "chunks", counting)
    monkeypatch.setattr(published, "LARGEST_FILE", 3 * 2**20)
    with pytest.raises(DamagedFileError, match="at most 3 MiB"):
        read_table(path)
    assert sum(read) <= 3 * 2**20


@pytest.mark.parametrize(("charge", "energy", "name"), [
    (1, 5, "proton_005EeV.txt.xz"), (14, 56, "silicon_056EeV.txt.xz"), (26, 1200, "iron_1200EeV.txt.xz"),
    (1, 5.62341, "proton_5.62341EeV.txt.xz"),
])
def test_names_are_the_published_ones(charge, energy, name):
    assert table_name(charge, energy) == name


def test_tables_are_found_by_rigidity(tmp_path):
    for name in ("iron_052EeV.txt", "helium_004EeV.txt.xz", "proton_5.5EeV.txt", "sulfur_160EeV.txt", "sufur_064EeV.txt", "notes.txt"):
        (tmp_path / name).write_text("")
    found = find_tables(tmp_path)
    assert [table.rigidity for table in found] == [2, 4, 5.5, 10]  # helium 4 and iron 52 are the same
    assert found[1].path.name == "sufur_064EeV.txt"


@pytest.mark.parametrize(("name", "message"), [("kryptonite_010EeV.txt", "kryptonite"), ("notes.txt", "found 1")])
def test_folder_without_tables_is_refused(tmp_path, name, message):
    for file in (name, "proton_005EeV.txt"):
        (tmp_path / file).write_text("")
    with pytest.raises(InputError, match=message):
        find_tables(tmp_path)
