"""Candidate sources: one catalogue with references, and the user's own."""

import functools
import tomllib
from dataclasses import dataclass

from .config import CustomSource
from .errors import ConfigError, InputError, UnknownNameError
from .resources import resource_path
from .sky import equatorial_to_galactic, unit_vectors
from .storage.tables import read_table, write_table


@dataclass(frozen=True)
class Source:
    """One candidate source.

    Attributes
    ----------
    name : str
        As shown to people: ``"Cen A"``.
    glon, glat : float
        Galactic coordinates, degrees.
    distance : float
        Distance of the analysis, Mpc.
    other_names : tuple of str
        Also accepted.
    reference : str
        Where position or distance come from.
    published : bool
        One of the five of the published analysis.
    """

    name: str
    glon: float
    glat: float
    distance: float
    other_names: tuple[str, ...] = ()
    reference: str = ""
    published: bool = False

    @property
    def key(self):
        """Name without blanks, as used in files and folders: ``"CenA"``."""
        return "".join(c for c in self.name if c.isalnum() or c in "+-")

    @property
    def direction(self):
        """Galactic unit vector, shape (3,)."""
        return unit_vectors(self.glon, self.glat)


def _normalised(name):
    return "".join(c for c in name.lower() if c.isalnum() or c in "+-")


@functools.cache
def catalogue():
    """Return the sources of ``resources/sources.toml``, the published five first."""
    with open(resource_path("sources.toml"), "rb") as stream:
        entries = tomllib.load(stream)["source"]
    return tuple(
        Source(
            name=e["name"], glon=e["glon"], glat=e["glat"], distance=e["distance"],
            other_names=tuple(e.get("other_names", ())), reference=e["reference"], published=e.get("published", False),
        )
        for e in entries
    )


def custom_source(entry):
    """Turn a :class:`~.config.CustomSource` into a :class:`Source`."""
    glon, glat = entry.lon, entry.lat
    if entry.frame == "equatorial":
        glon, glat = (float(x) for x in equatorial_to_galactic(entry.lon, entry.lat))
    return Source(entry.name, glon, glat, entry.distance, reference="user")


def known_sources(config=None):
    """Return the catalogue followed by the own sources of a :class:`~.config.SourcesConfig`."""
    own = tuple(custom_source(entry) for entry in config.custom) if config else ()
    taken = {_normalised(n) for source in catalogue() for n in (source.name, *source.other_names)}
    for source in own:
        if _normalised(source.name) in taken:
            raise ConfigError(f"expected a name that no other source has, received {source.name!r}", "sources.custom")
        taken.add(_normalised(source.name))
    return catalogue() + own


def find_source(name, config=None, path=None):
    """Return the source called ``name``: any of its names, upper or lower case, with or without blanks.

    Raises
    ------
    UnknownNameError
        If no source is called so.
    """
    wanted = _normalised(name)
    sources = known_sources(config)
    for source in sources:
        if wanted in {_normalised(n) for n in (source.name, *source.other_names)}:
            return source
    raise UnknownNameError("source", name, [source.name for source in sources], path)


def selected_sources(config):
    """Return the sources that a :class:`~.config.SourcesConfig` names, in its order.

    Raises
    ------
    UnknownNameError, ConfigError
        If a name is unknown, or two names mean the same source.
    """
    chosen = tuple(find_source(name, config, f"sources.names[{i}]") for i, name in enumerate(config.names))
    if len(set(chosen)) < len(chosen):
        raise ConfigError(f"expected each source once, received {', '.join(config.names)}", "sources.names")
    return chosen


def write_sources(path, sources):
    """Write sources as the CSV that :func:`read_custom_sources` reads, in Galactic coordinates.

    Parameters
    ----------
    path : str or Path
    sources : sequence of Source
    """
    columns = {
        "name": [source.name for source in sources], "l_deg": [source.glon for source in sources],
        "b_deg": [source.glat for source in sources], "distance_Mpc": [source.distance for source in sources],
    }
    write_table(path, columns, ["candidate sources: Galactic longitude and latitude, distance"])


def read_custom_sources(path):
    """Read own sources from CSV: ``name``, ``distance_Mpc`` and ``l_deg,b_deg`` or ``ra_deg,dec_deg``.

    Lines that start with ``#`` are skipped.

    Returns
    -------
    tuple of CustomSource

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing or a value is not allowed; the line is named.
    """
    table = read_table(path)
    frame = "equatorial" if {"ra_deg", "dec_deg"} <= set(table.columns) else "galactic"
    lon, lat = ("ra_deg", "dec_deg") if frame == "equatorial" else ("l_deg", "b_deg")
    table.require("name", lon, lat, "distance_Mpc")
    sources = []
    rows = zip(table.columns["name"], *(table.floats(c).tolist() for c in (lon, lat, "distance_Mpc")), strict=True)
    for line, (name, *numbers) in zip(table.lines, rows, strict=True):
        try:
            sources.append(CustomSource(name, frame, *numbers))
        except ConfigError as error:
            raise InputError(f"{table.path}, line {line}: {error}") from None
    return tuple(sources)
