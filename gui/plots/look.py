"""How the Sky tab looks, in one place: what is shown, how it is laid out and coloured. No Qt here."""

import math
from dataclasses import asdict, dataclass, fields, replace

from ...core.errors import InputError
from ...core.sky import FRAMES
from ..style.colormaps import CHOICES
from .maps import SCALES
from .projection import KINDS, NARROWEST, WIDEST, Projection

MODES = {
    "density": "Expected density", "events": "Mock sky, events", "counts": "Mock sky, counts", "significance": "Significance",
    "measured": "Measured events",
}
OVERLAYS = {
    "graticule": "Graticule", "sources": "Sources", "galactic_plane": "Galactic plane", "supergalactic_plane": "Supergalactic plane",
    "exposure_limit": "Exposure limit",
}
COMPARISONS = ("off", "side", "blink")
LEVELS = ("shared", "panel")
SMALLEST_RADIUS, LARGEST_RADIUS = 1.0, 45.0  # degrees, of the top-hat


@dataclass(frozen=True)
class SkyLook:
    """The look of the Sky tab; another look is a copy.

    Attributes
    ----------
    mode : str
        Key of :data:`MODES`.
    scale : str
        Colour scale, one of :data:`~.maps.SCALES`.
    levels : str
        ``"shared"``: one range of colours for all bins, or one for each ``"panel"``.
    colours : str
        Key of :data:`~zevatron.gui.style.colormaps.CHOICES`.
    projection, frame, centre, width
        See :class:`~.projection.Projection`.
    overlays : tuple of str
        Keys of :data:`OVERLAYS` that are drawn.
    origin : bool
        Whether events of the source have a colour of their own.
    radius : float
        Of the top-hat of the significance, degrees.
    compare : str
        One of :data:`COMPARISONS`.

    Raises
    ------
    InputError
        If a value is none of those.
    """

    mode: str = "density"
    scale: str = "log"
    levels: str = "shared"
    colours: str = "standard"
    projection: str = "mollweide"
    frame: str = "galactic"
    centre: tuple = (0.0, 0.0)
    width: float = 40.0
    overlays: tuple = ("graticule", "sources", "exposure_limit")
    origin: bool = True
    radius: float = 12.0
    compare: str = "off"

    def __post_init__(self):
        for name, allowed in ALLOWED.items():
            value = getattr(self, name)
            if not isinstance(value, str | bool) or value not in allowed:
                raise InputError(f"expected one of {', '.join(map(str, allowed))}, received {value!r}", f"sky.{name}")
        for name, (low, high) in BOUNDS.items():
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not low <= value <= high:
                raise InputError(f"expected a number from {low:g} to {high:g}, received {value!r}", f"sky.{name}")
        if not isinstance(self.overlays, tuple) or not all(isinstance(name, str) and name in OVERLAYS for name in self.overlays):
            raise InputError(f"expected some of {', '.join(OVERLAYS)}, received {self.overlays!r}", "sky.overlays")
        if not isinstance(self.centre, tuple) or len(self.centre) != 2 or not all(map(_is_finite, self.centre)):
            raise InputError(f"expected longitude and latitude in degrees, received {self.centre!r}", "sky.centre")
        object.__setattr__(self, "overlays", tuple(name for name in OVERLAYS if name in self.overlays))
        object.__setattr__(self, "centre", tuple(map(float, self.centre)))

    @classmethod
    def from_values(cls, values):
        """Make a look of some of its values, as they stand in a file; the others have their defaults.

        Raises
        ------
        InputError
            If there is no such value or it is not allowed.
        """
        known = {field.name for field in fields(cls)}
        if unknown := set(values) - known:
            raise InputError(f"expected some of {', '.join(sorted(known))}, received {', '.join(sorted(unknown))}", "sky")
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})

    def changes(self):
        """Return the values that differ from the defaults, as a file holds them."""
        standard = asdict(SkyLook())
        return {name: list(value) if isinstance(value, tuple) else value
                for name, value in asdict(self).items() if value != standard[name]}

    def with_overlay(self, name, is_drawn):
        """Return the look with one overlay more or less."""
        others = tuple(overlay for overlay in self.overlays if overlay != name)
        return replace(self, overlays=(*others, name) if is_drawn else others)

    @property
    def sky_projection(self):
        """The :class:`~.projection.Projection`; what does not matter for its kind is left out, so that equal pictures are equal."""
        if self.projection == "mollweide":
            return Projection(frame=self.frame)
        if self.projection == "globe":
            return Projection("globe", self.frame, self.centre)
        return Projection("zoom", self.frame, self.centre, float(self.width))


def _is_finite(value):
    return isinstance(value, int | float) and math.isfinite(value)


ALLOWED = {
    "mode": MODES, "scale": SCALES, "levels": LEVELS, "colours": CHOICES, "projection": KINDS, "frame": FRAMES,
    "compare": COMPARISONS, "origin": (True, False),
}
BOUNDS = {"width": (NARROWEST, WIDEST), "radius": (SMALLEST_RADIUS, LARGEST_RADIUS)}
