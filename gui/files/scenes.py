"""The views of a demonstration, and the file they are kept in. No Qt here."""

import math
from dataclasses import MISSING, asdict, dataclass, field, fields, replace

from ...core.config import read_toml
from ...core.errors import InputError
from ...core.storage.files import replacing
from ..plots.look import SkyLook

TABS = ("Sky", "Field", "Training", "Results", "Search", "Events", "Studies")
FIELD_KINDS = ("deflection", "magnification", "images")
SECONDS = 8.0  # that a recorded view is shown
FASTEST_TURN = 90.0  # degrees a second


@dataclass(frozen=True)
class Scene:
    """One view of a demonstration.

    Attributes
    ----------
    title : str
        Written below the picture; ``{source}``, ``{N}`` and ``{eta}`` stand for those on screen.
    tab : str
        One of :data:`TABS`.
    seconds : float
        Until the next view comes by itself; 0 waits for the presenter.
    sky : SkyLook
        Of the Sky tab.
    bin : int or None
        Energy bin shown large; None for all.
    play : bool
        The energy bins are played, or on the Field tab the rigidity falls.
    turn : float
        Degrees a second by which a globe turns.
    field : str
        Map of the Field tab, one of :data:`FIELD_KINDS`.
    rigidity : float
        Of that map, EV; 0 leaves it as it is.
    source : str
        Which of the run's sources; empty leaves it as it is.
    n_events, eta, sky_seed
        Of the mock sky; None leaves them as they are.

    Raises
    ------
    InputError
        If a value is not allowed.
    """

    title: str = ""
    tab: str = "Sky"
    seconds: float = 0.0
    sky: SkyLook = field(default_factory=SkyLook)
    bin: int | None = None
    play: bool = False
    turn: float = 0.0
    field: str = "deflection"
    rigidity: float = 0.0
    source: str = ""
    n_events: int | None = None
    eta: float | None = None
    sky_seed: int | None = None

    def __post_init__(self):
        for name, allowed in (("tab", TABS), ("field", FIELD_KINDS), ("play", (True, False))):
            if getattr(self, name) not in allowed:
                raise InputError(f"expected one of {', '.join(map(str, allowed))}, received {getattr(self, name)!r}", name)
        bounds = {
            "seconds": (0, 3600), "turn": (-FASTEST_TURN, FASTEST_TURN), "rigidity": (0, 1e6), "bin": (0, 1000),
            "n_events": (1, 100_000), "eta": (0, 1), "sky_seed": (0, 2**31),
        }
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            whole = name in ("bin", "n_events", "sky_seed")
            is_number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
            if value is not None and not (is_number and math.isfinite(value) and low <= value <= high):
                raise InputError(f"expected a {'whole ' if whole else ''}number from {low:g} to {high:g}, received {value!r}", name)
        for name in ("title", "source"):
            if not isinstance(getattr(self, name), str):
                raise InputError(f"expected a text, received {getattr(self, name)!r}", name)

    def values(self):
        """Return what differs from the defaults, as a file holds it."""
        standard = {f.name: f.default for f in fields(self) if f.default is not MISSING}
        kept = {name: value for name, value in asdict(self).items() if name in standard and value != standard[name]}
        look = self.sky.changes()
        return {"title": self.title, "tab": self.tab, **kept, **({"sky": look} if look else {})}


def scene_from_values(values):
    """Make a scene of a table of a file.

    Raises
    ------
    InputError
        If there is no such value or it is not allowed.
    """
    known = {f.name for f in fields(Scene)}
    if unknown := set(values) - known:
        raise InputError(f"expected some of {', '.join(sorted(known))}, received {', '.join(sorted(unknown))}")
    look = values.get("sky", {})
    if not isinstance(look, dict):
        raise InputError(f"expected a table, received {look!r}", "sky")
    return Scene(**{**values, "sky": SkyLook.from_values(look)})


def read_scenes(path):
    """Read the scenes of a demonstration, see docs/guide/sky.md.

    Returns
    -------
    tuple of Scene

    Raises
    ------
    InputError
        If the file cannot be read or is not a demonstration.
    """
    content = read_toml(path)
    tables = content.get("scene")
    if set(content) != {"scene"} or not isinstance(tables, list) or not tables:
        raise InputError(f"{path} is no demonstration: expected one or more [[scene]], received {', '.join(content) or 'nothing'}")
    scenes = []
    for number, table in enumerate(tables, 1):
        try:
            if not isinstance(table, dict):
                raise InputError(f"expected a table, received {table!r}")
            scenes.append(scene_from_values(table))
        except InputError as error:
            raise InputError(f"{path}, scene {number}: {error}") from None
    return tuple(scenes)


def write_scenes(path, scenes):
    """Write scenes so that :func:`read_scenes` gives them back exactly."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("Zevatron demonstration: View, Demo, Open; see docs/guide/sky.md"))
    tables = tomlkit.aot()
    for scene in scenes:
        tables.append(tomlkit.item(scene.values()))
    document.add("scene", tables)
    with replacing(path, "w", encoding="utf-8") as stream:
        stream.write(tomlkit.dumps(document))


def standard_scenes(source):
    """Return the scenes shown where none were chosen.

    Parameters
    ----------
    source : Source
        ``glon`` and ``glat`` of what is zoomed at.
    """
    centre = float(source.glon), float(source.glat)
    planes = ("graticule", "sources", "galactic_plane", "supergalactic_plane")
    density = SkyLook()
    events = replace(density, mode="events")
    return (
        Scene("What arrives from {source}, all energies together", sky=density),
        Scene("Bin by bin: the higher the energy, the less the Galaxy bends", sky=density, bin=0, play=True),
        Scene("The sky as a globe", sky=replace(density, projection="globe", centre=centre, overlays=planes), turn=12.0),
        Scene("Around {source}", sky=replace(density, projection="zoom", centre=centre, width=60.0)),
        Scene("One sky of {N} events, η = {eta}: which are from {source}?", sky=replace(events, origin=False), eta=0.1),
        Scene("The same sky, the events of {source} in colour", sky=events, eta=0.1),
        Scene("Where more events lie than chance would have it", sky=replace(density, mode="significance"), eta=0.1),
        Scene("The Galactic field, and the images of {source} as the rigidity falls", tab="Field", field="images", play=True),
        Scene("What {N} events can reveal", tab="Results"),
    )
