"""Event lists of observatories: CSV, ECSV, FITS, VOTable or plain text, with whatever their columns are called."""

import hashlib
import io
import itertools
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DamagedFileError, InputError, one_line
from ..sky import angular_distance, equatorial_to_galactic, galactic_to_equatorial, unit_vectors
from ..storage.compressed import chunks
from .columns import ALIASES, Recognised, angles, energies, in_degrees, recognise, split_name, time_columns
from .ecsv import read_ecsv
from .harmless import MOST_EVENTS, require_harmless
from .published import published_list

FORMATS = {
    ".csv": {"format": "ascii.csv", "comment": "#"}, ".ecsv": {"format": "ascii.ecsv"}, ".fits": {"format": "fits"}, ".fit": {"format": "fits"},
    ".gz": {"format": "fits"}, ".vot": {"format": "votable"}, ".votable": {"format": "votable"}, ".xml": {"format": "votable"},
    ".dat": {"format": "ascii"}, ".txt": {"format": "ascii"},
}
FRAMES_AGREE = 0.5  # degrees between equatorial and Galactic directions of one event, which may both be rounded
MOST_COMMENTS = 200  # lines before the names of the columns, where a file is only looked at
LARGEST_LIST = 64 * 2**20  # bytes, unpacked
LARGEST_GUESS = 2**21  # bytes of a text that all of astropy's readers try; larger ones have to be what the compiled ones understand


@dataclass(frozen=True, eq=False)
class EventList:
    """Events as an observatory gives them.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of the file.
    ra, dec, glon, glat : ndarray, shape (n,)
        ICRS and Galactic, degrees.
    energy : ndarray, shape (n,)
        EeV, on the scale of the list.
    recognised : tuple of Recognised
        Which column was taken for what.
    other_columns : tuple of str
        Those that were not needed.
    published : PublishedList or None
        The list whose columns these are.
    """

    path: Path
    sha256: str
    ra: np.ndarray
    dec: np.ndarray
    glon: np.ndarray
    glat: np.ndarray
    energy: np.ndarray
    recognised: tuple
    other_columns: tuple
    published: object = None

    def __len__(self):
        return len(self.energy)

    @property
    def direction(self):
        """Galactic unit vectors, shape (n, 3)."""
        return unit_vectors(self.glon, self.glat)

    def lines(self):
        """Return in a few lines what was understood."""
        lines = [
            f"{self.path}: {len(self)} events, {self.energy.min():.1f} to {self.energy.max():.1f} EeV, declination "
            f"{self.dec.min():.1f} to {self.dec.max():.1f} degrees",
            *(f"  {column}" for column in self.recognised),
        ]
        if self.other_columns:
            lines.append(f"  not needed: {', '.join(self.other_columns)}")
        if self.published:
            lines.append(f"  columns of {self.published}")
        return lines


def read_event_list(path):
    """Read an event list.

    Columns are found by their names (right ascension and declination, or Galactic longitude and latitude, and the energy),
    units in the file, in the name (``energy_EeV``) or, where there is none, by size.

    Parameters
    ----------
    path : path-like
        ``.csv``, ``.ecsv``, ``.fits``, ``.vot``, ``.xml``, or ``.dat``, ``.txt`` with a line of names.

    Returns
    -------
    EventList

    Raises
    ------
    InputError
        If columns are missing or ambiguous, an event is off the sky, is there twice, or has an energy that cannot be; the row
        is named, counted from 1.
    DamagedFileError
        If the file cannot be read.
    """
    path = Path(path)
    table = _table(path)
    if not 1 <= len(table) <= MOST_EVENTS:
        raise InputError(f"{path}: expected 1 to {MOST_EVENTS} events, received {len(table)}")
    try:
        return _event_list(path, table)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def is_event_list(path):
    """Whether a file is an event list by its name, and a CSV by the names of its columns: one of them is an energy."""
    path = Path(path)
    if path.suffix.lower() != ".csv":
        return path.suffix.lower() in FORMATS
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            lines = itertools.islice(stream, MOST_COMMENTS)
            header = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    except OSError:
        return False
    return any(split_name(name.strip().strip('"'))[0] in (*ALIASES["energy"], *ALIASES["log_energy"]) for name in header.split(","))


def _event_list(path, table):
    found = recognise(table.colnames)
    energy, energy_column = energies(table, found)
    ra, dec, glon, glat, columns = _directions(table, found)
    recognised = (*columns, energy_column)
    if "zenith" in found:
        recognised += (Recognised("zenith", found["zenith"], "not used"),)
    times = time_columns(table.colnames)
    _refuse_duplicates(np.stack([ra, dec, energy], axis=1), [np.asarray(table[name]).astype(str) for name in times])
    used = {column.column for column in recognised}
    return EventList(
        path, hashlib.sha256(path.read_bytes()).hexdigest(), ra, dec, glon, glat, energy, recognised,
        tuple(name for name in table.colnames if name not in used), published_list(table.colnames),
    )


def _table(path):
    from astropy.table import Table

    options = FORMATS.get(path.suffix.lower())
    if options is None:
        raise InputError(f"{path}: expected an event list that ends in {', '.join(FORMATS)}")
    if not path.is_file():
        raise InputError(f"no file {path}; give an event list, see docs/events.md")
    try:
        content = b"".join(chunks(path, LARGEST_LIST))
        if options["format"] == "ascii.ecsv" or (options["format"] == "ascii" and b"%ECSV" in content):
            table = read_ecsv(content)
        else:
            require_harmless(content, options["format"])
            if options["format"] == "ascii" and len(content) > LARGEST_GUESS:
                options = options | {"fast_reader": {"enable": "force"}}
            table = Table.read(io.BytesIO(content), **options)
    except InputError:
        raise
    except Exception as error:  # astropy's readers raise many kinds on files that are not what their names say
        raise DamagedFileError(f"cannot read {path} as {options['format']}: {one_line(error)[:200]}") from None
    return _named_by_file(table, path)


def _named_by_file(table, path):
    """Take the names of the columns from the name of the file where it says them: AugerApJS2022_Yr_JD_UTC_Th_Ph_RA_Dec_E_Expo.dat."""
    names = re.findall(r"_([A-Za-z]+)", path.stem)
    if names and all(re.fullmatch(r"col\d+", name) for name in table.colnames) and len(names) == len(table.colnames):
        table.rename_columns(table.colnames, names)
    return table


def _directions(table, found):
    """Return ra, dec, glon, glat and the columns they came from."""
    both = [{*pair} <= set(found) for pair in (("ra", "dec"), ("glon", "glat"))]
    if not any(both):
        raise InputError(f"expected columns ra, dec or l, b (or other usual names), found {', '.join(table.colnames)}")
    columns, places = [], {}
    for pair, there in zip((("ra", "dec"), ("glon", "glat")), both, strict=True):
        if there:
            values = [angles(table, found[quantity], quantity) for quantity in pair]
            in_degrees(values[0][0], values[1][0], [found[quantity] for quantity in pair])
            places[pair] = values[0][0] % 360.0, values[1][0]
            columns += [column for _, column in values]
    equatorial, galactic = places.get(("ra", "dec")), places.get(("glon", "glat"))
    if equatorial is None:
        return *galactic_to_equatorial(*galactic), *galactic, columns
    computed = equatorial_to_galactic(*equatorial)
    if galactic is not None:
        apart = angular_distance(unit_vectors(*computed), unit_vectors(*galactic))
        bad = np.flatnonzero(apart > FRAMES_AGREE)
        if bad.size:
            raise InputError(
                f"row {bad[0] + 1}: its equatorial and its Galactic direction are {apart[bad[0]]:.1f} degrees apart; put units and "
                "frames right or leave one pair out"
            )
    return *equatorial, *computed, columns


def _refuse_duplicates(numbers, times):
    rows = np.column_stack([numbers.astype(str), *times])
    _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[np.ravel(inverse)] != np.arange(len(rows)))
    if again.size:
        row = again[0]
        raise InputError(f"row {row + 1} is the event of row {first[np.ravel(inverse)[row]] + 1} again ({again.size} such); leave it out")
