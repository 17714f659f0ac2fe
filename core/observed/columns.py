"""Which column of an event list is what, in which unit."""

import re
from dataclasses import dataclass

import numpy as np

from ..errors import InputError, one_line

ALIASES = {
    "ra": ("ra", "raj2000", "raicrs", "alpha", "rightascension"),
    "dec": ("dec", "de", "decl", "dej2000", "decj2000", "deicrs", "decicrs", "delta", "declination"),
    "glon": ("l", "glon", "gallon", "gall", "galacticlongitude"),
    "glat": ("b", "glat", "gallat", "galb", "galacticlatitude"),
    "energy": ("energy", "e", "en", "erec", "etot"),
    "log_energy": ("lge", "loge", "log10e", "lgenergy", "log10energy"),
    "zenith": ("zenith", "zenithangle", "zen", "th", "theta"),
}
TIMES = (
    "time", "date", "datetime", "utc", "utcunix", "utcunixs", "unixtime", "gps", "jd", "mjd", "year", "yr", "month", "day", "dayofyear",
    "hour", "minute", "second",
)
UNIT_WORDS = {
    "eev": "EeV", "ev": "eV", "gev": "GeV", "tev": "TeV", "pev": "PeV", "zev": "ZeV", "deg": "deg", "degree": "deg", "degrees": "deg",
    "rad": "rad", "hours": "hourangle", "hourangle": "hourangle",
}
ENERGY_RANGE = (1.0, 1000.0)  # EeV: what an event list of these energies can hold
BYTE_ORDER_MARK = "\ufeff"  # first character of tables that some programs write
FEWEST_FOR_RADIANS = 10  # so many events all within 1.6 degrees of the equator and 6.3 of the equinox are given in radians


@dataclass(frozen=True)
class Recognised:
    """A column that was understood; ``unit`` says whether it was given or guessed."""

    quantity: str
    column: str
    unit: str

    def __str__(self):
        return f"{self.quantity}: column {self.column} ({self.unit})"


def split_name(name):
    """Split ``energy_EeV``, ``E [EeV]``, ``log10(E/eV)`` or ``R.A. (deg)`` into a bare lower-case name and a unit or None."""
    name = name.lstrip(BYTE_ORDER_MARK)
    logarithm = re.fullmatch(r"(?:lg|log|log10)\s*\(\s*E\s*/\s*(\w+)\s*\)", name.strip(), re.IGNORECASE)
    if logarithm:
        return "loge", UNIT_WORDS.get(logarithm.group(1).lower())
    bare = re.sub(r"[\[(].*", "", name)
    unit = re.search(r"[\[(]\s*([^\])]+?)\s*[\])]", name)
    words = [word for word in re.split(r"[_\s]+", bare.replace(".", "").strip("_ ")) if word]
    found = UNIT_WORDS.get(unit.group(1).lower()) if unit else None
    if not found and len(words) > 1 and words[-1].lower() in UNIT_WORDS:
        found = UNIT_WORDS[words.pop().lower()]
    return "".join(words).lower(), found


def recognise(names):
    """Return ``{quantity: column}`` for the names of a table's columns.

    Raises
    ------
    InputError
        If two columns could be the same quantity.
    """
    found = {}
    for name in names:
        bare, _ = split_name(_name_in_file(name, names))
        for quantity, aliases in ALIASES.items():
            if bare in aliases:
                if quantity in found:
                    raise InputError(f"columns {found[quantity]} and {name} could both be {quantity}; leave one out")
                found[quantity] = name
    return found


def _name_in_file(name, names):
    """Return the name of a column that astropy has renamed because another one has it too: ``energy`` for ``energy_1``."""
    original, _, number = name.rpartition("_")
    return original if number.isdigit() and original in names else name


def time_columns(names):
    """Names of the columns that say when an event was seen."""
    return [name for name in names if split_name(name)[0] in TIMES]


def energies(table, found):
    """Return energies in EeV, shape (n,), and the :class:`Recognised` column.

    Raises
    ------
    InputError
        If there is none, or the values cannot be energies of one unit.
    """
    quantity = "energy" if "energy" in found else "log_energy"
    if quantity not in found:
        raise InputError(f"expected a column of energies such as energy_EeV, E or lgE, found {', '.join(table.colnames)}")
    name = found[quantity]
    values = _numbers(table, name)
    unit = _unit_of(table, name)
    if quantity == "log_energy":
        said = f"lg(E / {unit})" if unit else "lg(E / eV), guessed" if np.median(values) > 10 else "lg(E / EeV), guessed"
        values, unit = 10.0**values, unit or ("eV" if np.median(values) > 10 else "EeV")
    else:
        said = unit or ("eV, guessed" if np.median(values) > 1e15 else "EeV, guessed")
        unit = unit or said.split(",")[0]
    values = values * _factor(unit, "EeV", name)
    bad = np.flatnonzero(~((values >= ENERGY_RANGE[0]) & (values <= ENERGY_RANGE[1])))
    if bad.size:
        mixed = "; the units are mixed: give one unit for all rows" if bad.size < len(values) else ""
        raise InputError(
            f"row {bad[0] + 1}: expected an energy from {ENERGY_RANGE[0]:g} to {ENERGY_RANGE[1]:g} EeV in column {name} ({said}), received "
            f"{values[bad[0]]:.4g} EeV{mixed}"
        )
    return values, Recognised("energy", name, said)


def angles(table, name, quantity):
    """Return a column of angles in degrees, shape (n,), and the :class:`Recognised` column.

    Sexagesimal text is taken as hours for a right ascension, else as degrees.
    """
    column = table[name]
    if column.dtype.kind in "USO":
        return _from_text(column, name, quantity)
    values, unit = _numbers(table, name), _unit_of(table, name)
    return values * _factor(unit or "deg", "deg", name), Recognised(quantity, name, unit or "degrees, guessed")


def _from_text(column, name, quantity):
    from astropy.coordinates import Angle
    from astropy.units import UnitsError

    unit = "hourangle" if quantity == "ra" else "deg"
    values = np.empty(len(column))
    for row, text in enumerate(column):
        try:
            values[row] = Angle(str(text), unit=unit).deg
        except (ValueError, OverflowError, UnitsError) as error:
            raise InputError(f"row {row + 1}: expected an angle in column {name}, received {str(text)[:80]!r} ({one_line(error)[:200]})") from None
    return values, Recognised(quantity, name, f"text, {'hours' if unit == 'hourangle' else 'degrees'} unless it says otherwise")


def _numbers(table, name):
    column = table[name]
    try:
        values = np.ma.filled(np.ma.asarray(column, dtype=float), np.nan)
    except (TypeError, ValueError):
        values = np.array([_number(text) for text in column])
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise InputError(f"row {bad[0] + 1}: expected a number in column {name}, received {str(column[bad[0]])!r}")
    return values


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return np.nan


def _unit_of(table, name):
    unit = getattr(table[name], "unit", None)
    return str(unit) if unit is not None and str(unit) else split_name(name)[1]


def _factor(unit, wanted, name):
    from astropy import units

    try:
        return units.Unit(unit).to(wanted)
    except (ValueError, TypeError, units.UnitsError):
        raise InputError(f"expected a unit that can be turned into {wanted} for column {name}, received {unit}") from None


def in_degrees(lon, lat, names):
    """Raise :class:`InputError` for directions off the sky, or in radians by the look of them."""
    bad = np.flatnonzero(~((np.abs(lat) <= 90) & (lon >= -180) & (lon <= 360)))
    if bad.size:
        row = bad[0]
        raise InputError(
            f"row {row + 1} is off the sky: expected {names[0]} from 0 to 360 and {names[1]} from -90 to 90 degrees, received "
            f"{lon[row]:g}, {lat[row]:g}"
        )
    if len(lon) >= FEWEST_FOR_RADIANS and np.abs(lat).max() <= np.pi / 2 and np.abs(lon).max() <= 2 * np.pi:
        raise InputError(f"expected degrees in {names[0]} and {names[1]}, received what look like radians; name the unit, as in {names[0]}_rad")
