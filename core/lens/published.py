"""Deflection tables in the text format of the published analysis (arXiv:2105.06414), read and written.

One file for each nucleus and energy, ``silicon_056EeV.txt`` or ``.txt.xz``, with one line for each pixel of the sky in
HEALPix RING order: ``lat_ini lon_ini`` is the pixel's centre, where the antinucleus was sent out from the Earth,
``lat_res lon_res`` its direction of motion on leaving the Galaxy, ``deflection`` the angle between both. All are
degrees, Galactic, longitudes from -180 to 180, five decimals; lines with ``#`` are comments. Only E/Z matters. A ray that
stayed in the Galaxy, for which the published format has nothing, has ``nan`` in its last three columns.
"""

import lzma
import re
from dataclasses import dataclass
from pathlib import Path

import healpy as hp
import numpy as np

from ..errors import InputError
from ..sky import angular_distance, lonlat, unit_vectors
from ..storage.compressed import chunks
from ..storage.files import replacing_path

# One element for each charge; the misspelt 16th is what the published files are called.
ELEMENT_NAMES = (
    "proton", "helium", "lithium", "beryllium", "boron", "carbon", "nitrogen", "oxygen", "fluorine", "neon", "sodium",
    "magnesium", "aluminium", "silicon", "phosphorus", "sufur", "chlorine", "argon", "potassium", "calcium", "scandium",
    "titanium", "vanadium", "chromium", "manganese", "iron",
)
OTHER_SPELLINGS = {"sulfur": 16, "sulphur": 16, "aluminum": 13}
FILE_NAME = re.compile(r"(?P<element>[a-z]+)_(?P<energy>\d+(\.\d+)?)EeV\.txt(\.xz|\.gz|\.bz2)?")
COLUMNS = ("lat_ini", "lon_ini", "lat_res", "lon_res", "deflection")
LARGEST_FILE = 2**30  # bytes after decompression; Nside 1024 has 0.7 GB
LARGEST_NSIDE = 1024
AT_CENTRE = 1e-3  # degrees: how near to the centre of its pixel a ray must start
SAME_ANGLE = 1e-2  # degrees: how well the deflection must fit the directions
FORMAT = "%11.5f"
XZ_PRESET = 2


@dataclass(frozen=True)
class TableFile:
    """One deflection table on disk.

    Attributes
    ----------
    path : Path
    rigidity : float
        E/Z by its name, EV.
    """

    path: Path
    rigidity: float


def charge_of(element):
    """Charge of an element by its name in the published files, or None."""
    if element in ELEMENT_NAMES:
        return ELEMENT_NAMES.index(element) + 1
    return OTHER_SPELLINGS.get(element)


def table_name(charge, energy, ending=".txt.xz"):
    """Name of the table of a nucleus with ``energy`` in EeV; whole energies have three digits, as published."""
    text = f"{energy:.6g}"
    return f"{ELEMENT_NAMES[charge - 1]}_{text.zfill(3) if text.isdigit() else text}EeV{ending}"


def find_tables(folder):
    """Find the deflection tables in a folder.

    Returns
    -------
    tuple of TableFile
        By increasing rigidity, one for each: tables of one E/Z are the same.

    Raises
    ------
    InputError
        If there are fewer than two, or a nucleus has an unknown name.
    """
    folder = Path(folder)
    found = {}
    for path in sorted(folder.iterdir()):
        match = FILE_NAME.fullmatch(path.name)
        if match is None:
            continue
        charge = charge_of(match["element"])
        if charge is None or float(match["energy"]) == 0:
            raise InputError(f"{path}: expected a name such as {table_name(14, 56)}: an element and an energy above 0")
        rigidity = float(match["energy"]) / charge
        found.setdefault(f"{rigidity:.6g}", TableFile(path, rigidity))
    if len(found) < 2:
        raise InputError(
            f"{folder}: expected lens.cfg, or two or more deflection tables named such as {table_name(14, 56)}, "
            f"found {len(found)}", "field.file",
        )
    return tuple(sorted(found.values(), key=lambda table: table.rigidity))


def write_table(path, exit_direction, comments=()):
    """Write a deflection table, compressed if ``path`` ends in ``.xz``.

    Parameters
    ----------
    path : path-like
    exit_direction : ndarray, shape (npix, 3)
        Of the rays from the centres of all pixels in RING order; nan for rays that stayed in the Galaxy.
    comments : iterable of str, optional
        Lines put first, each behind ``#``.
    """
    start = ring_centres(hp.npix2nside(len(exit_direction)))
    exit_lon, exit_lat = lonlat(exit_direction)
    columns = (*_published_angles(*lonlat(start)), *_published_angles(exit_lon, exit_lat))
    header = "\n".join((*comments, "  ".join(COLUMNS)))
    save_text(path, np.column_stack([*columns, angular_distance(start, exit_direction)]), FORMAT, header)


def _published_angles(glon, glat):
    """Latitude, then longitude from -180 to 180 degrees."""
    return glat, np.where(glon > 180, glon - 360, glon)


def save_text(path, rows, fmt, header):
    """Write rows of numbers below a header of lines with ``#``, compressed if ``path`` ends in ``.xz``."""
    compressed = Path(path).suffix == ".xz"
    with (
        replacing_path(path) as temporary,
        lzma.open(temporary, "wt", preset=XZ_PRESET) if compressed else open(temporary, "w", encoding="ascii") as stream,
    ):
        np.savetxt(stream, rows, fmt=fmt, header=header, comments="# ")


def ring_centres(nside):
    """Unit vectors, shape (npix, 3), of the centres of all pixels in RING order."""
    return np.stack(hp.pix2vec(nside, np.arange(12 * nside**2)), axis=-1)


def read_table(path):
    """Read a deflection table.

    Returns
    -------
    ndarray, shape (npix, 3)
        Exit directions of the rays from all pixels in RING order; nan for those that stayed in the Galaxy.

    Raises
    ------
    InputError
        If rows are missing, Nside is no power of two, or an angle is missing, out of range or in the wrong place; file
        and row are named.
    DamagedFileError
        If it cannot be read or decompressed, or is larger than any table.
    """
    rows = read_rows(path, COLUMNS, LARGEST_FILE)
    trapped = np.isnan(rows[:, 2:]).all(axis=1)
    check_angles(path, rows[~trapped], np.flatnonzero(~trapped), COLUMNS)
    check_angles(path, rows[trapped, :2], np.flatnonzero(trapped), COLUMNS[:2])
    start = unit_vectors(rows[:, 1], rows[:, 0])
    _check_pixels(path, start)
    exits = unit_vectors(rows[:, 3], rows[:, 2])
    wrong = np.flatnonzero(np.abs(angular_distance(start, exits) - rows[:, 4]) > SAME_ANGLE)
    if wrong.size:
        raise InputError(
            f"{path}, row {wrong[0]}: expected a deflection of {angular_distance(start, exits)[wrong[0]]:.4f} degrees between "
            f"the directions, received {rows[wrong[0], 4]:.4f}; are the columns {', '.join(COLUMNS)}?"
        )
    return exits


def read_rows(path, columns, largest):
    """Read lines of numbers, shape (n, n_columns), without holding the whole text.

    Raises
    ------
    InputError
        If a line has another number of values or one that is no number; the line is named.
    DamagedFileError
        As of :func:`..compressed.chunks`.
    """
    parts, rest, line = [], b"", 1
    for piece in chunks(path, largest):
        text, newline, tail = (rest + piece).rpartition(b"\n")
        rest = tail
        if newline:
            parts.append(_numbers(path, text, columns, line))
            line += text.count(b"\n") + 1
    parts.append(_numbers(path, rest, columns, line))
    rows = np.concatenate(parts)
    if not len(rows):
        raise InputError(f"{path}: expected lines of {len(columns)} numbers ({', '.join(columns)}), received none")
    return rows


def _numbers(path, text, columns, first_line):
    try:
        lines = text.decode("ascii").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected a text of {len(columns)} columns, received binary data") from None
    kept = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not kept:
        return np.empty((0, len(columns)))
    try:
        rows = np.loadtxt(kept, ndmin=2, comments=None)
    except ValueError:
        rows = None
    if rows is None or rows.shape[1] != len(columns):
        bad = ((first_line + i, line) for i, line in enumerate(lines) if not _is_row(line, len(columns)))
        number, line = next(bad, (first_line, lines[0]))
        raise InputError(f"{path}, line {number}: expected {len(columns)} numbers ({', '.join(columns)}), received {line.strip()[:80]!r}")
    return rows


def _is_row(line, n_columns):
    words = line.split()
    if not words or words[0].startswith("#"):
        return True
    try:
        return len([float(word) for word in words]) == n_columns
    except ValueError:
        return False


def check_angles(path, rows, numbers, columns):
    """Raise :class:`InputError` where a latitude, longitude or angle is no number or out of range.

    Parameters
    ----------
    path : path-like
    rows : ndarray, shape (n, n_columns)
    numbers : ndarray of int, shape (n,)
        What the rows are called in messages.
    columns : sequence of str
        Names of the columns: those of latitudes start with ``lat``, those of longitudes with ``lon``.
    """
    for column, name in zip(rows.T, columns, strict=True):
        low, high = (-90, 90) if name.startswith("lat") else (-180, 360) if name.startswith("lon") else (0, 180)
        bad = np.flatnonzero(~((column >= low - 1e-9) & (column <= high + 1e-9)))
        if bad.size:
            raise InputError(
                f"{path}, row {numbers[bad[0]]}: expected {name} from {low} to {high} degrees, received {column[bad[0]]:g}"
            )


def _check_pixels(path, start):
    """Raise unless the rays start from the centres of all pixels of a sky in RING order."""
    n_rows = len(start)
    nside = round((n_rows / 12) ** 0.5)
    if n_rows == 12 * nside**2 and nside & (nside - 1):
        raise InputError(f"{path}: expected an Nside that is a power of two, received {nside} ({n_rows} rows)")
    nside = 2 ** max(int(np.ceil(np.log2(n_rows / 12) / 2)), 0)
    if nside > LARGEST_NSIDE:
        raise InputError(f"{path}: expected an Nside of at most {LARGEST_NSIDE}, received {n_rows} rows")
    centres = ring_centres(nside)
    off = np.flatnonzero(angular_distance(start, centres[:n_rows]) > AT_CENTRE)
    first = off[0] if off.size else n_rows
    if n_rows < 12 * nside**2:
        raise InputError(
            f"{path}: expected {12 * nside**2} rows for Nside {nside}, received {n_rows}; the first missing pixel (RING) is {first}"
        )
    if off.size:
        (glon,), (glat,) = (np.atleast_1d(angle) for angle in lonlat(start[first]))
        (lon,), (lat,) = (np.atleast_1d(angle) for angle in lonlat(centres[first]))
        raise InputError(
            f"{path}, row {first}: expected lat_ini {lat:.5f} and lon_ini {lon:.5f}, the centre of RING pixel {first} of Nside "
            f"{nside}, received {glat:.5f} and {glon:.5f}"
        )
