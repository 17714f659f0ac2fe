"""One sky as it is shown: its maps, its events, and what is said of it. No Qt here."""

import math
from dataclasses import dataclass

import numpy as np

from ...core.sky import frame_rotation, lonlat, unit_vectors, vector_pixels
from ..style.numbers import THIN_SPACE, energy_range, fixed, percent, right_ascension, significant
from .maps import EventDots, MapStack


@dataclass(frozen=True, eq=False)
class ShownSky:
    """A density, or a mock sky as events, counts or significance.

    Attributes
    ----------
    words : str
        What it is, where nothing better is said of the events: ``"expected from Cen A"``.
    stack : MapStack
        What is read out and, unless there are dots, drawn.
    events : EventDots, optional
        The events behind it.
    ground : MapStack, optional
        What the events are drawn on in place of the maps: an empty sky, or for measured events the expected density.
    source : str, optional
        Of measured events, which nobody knows the origin of: whose density they are drawn on.
    exposure : ndarray, shape (npix,), optional
        Relative to its mean over the sky, where it is not the same everywhere.
    """

    words: str
    stack: MapStack
    events: EventDots | None = None
    ground: MapStack | None = None
    source: str | None = None
    exposure: np.ndarray | None = None

    @property
    def dots(self):
        """Events to draw, or None."""
        return None if self.ground is None else self.events

    @property
    def drawn(self):
        """The MapStack that is drawn: under mock events an empty one."""
        return self.stack if self.ground is None else self.ground

    def headings(self, number=None):
        """Return heading and caption of one bin, or of all for None."""
        edges, n_bins = self.stack.bin_edges, self.stack.n_bins
        heading = energy_range(edges[0], edges[-1]) if number is None else energy_range(*edges[number:number + 2])
        if number is None and n_bins > 1:
            heading += f", all {n_bins} bins"
        if self.events is None:
            return heading, self.words
        shown = self.events.of_bin(number)
        if self.source is not None:
            return heading, f"{len(shown)} measured events{self._expected(shown)}"
        share = percent(np.mean(shown.is_source)) if len(shown) else percent(0)
        return heading, f"{len(shown)} events, {int(shown.is_source.sum())} from the source ({share})"

    def _expected(self, shown):
        """Say how many of the events the source is expected to have sent, and otherwise whose density lies behind them."""
        if shown.probability is None:
            return f" over what {self.source} would send"
        return f", {fixed(float(shown.probability.sum()))} from {self.source} by their probabilities"

    def describe(self, direction, number=None, frame="galactic", frames_loaded=True):
        """Return the readout of a direction: coordinates, pixel, value and bin.

        Parameters
        ----------
        direction : tuple of float
            Galactic longitude and latitude, degrees.
        number : int, optional
            Energy bin; without it the sum.
        frame : str
            Of the map; its coordinates are given too.
        frames_loaded : bool
            Whether other frames than Galactic can be asked for at once.
        """
        glon, glat = direction
        vector = unit_vectors(glon, glat)
        ipix = int(vector_pixels(self.stack.nside, vector))
        parts = [f"l {fixed(glon)}°   b {fixed(glat)}°"]
        if frames_loaded:
            ra, dec = map(float, lonlat(frame_rotation("equatorial") @ vector))
            parts.append(f"{right_ascension(ra)} {fixed(dec)}°")
            if frame == "supergalactic":
                sgl, sgb = map(float, lonlat(frame_rotation(frame) @ vector))
                parts.append(f"L {fixed(sgl)}°   B {fixed(sgb)}°")
        parts.append(f"pixel {ipix}")
        parts.append(self._value(float(self.stack.values[0 if number is None else number + 1, ipix])))
        if self.exposure is not None and self.exposure[ipix] > 0:
            parts.append(f"exposure {fixed(float(self.exposure[ipix]), 2)}{THIN_SPACE}× mean")
        if number is not None:
            parts.append(energy_range(*self.stack.bin_edges[number:number + 2]))
        return "   ·   ".join(parts)

    def _value(self, value):
        if math.isnan(value):
            return "no isotropic events expected here"
        if self.stack.discrete:
            return f"{value:.0f} event{'' if value == 1 else 's'}"
        if self.stack.is_signed:
            return f"{fixed(value)}{THIN_SPACE}{self.stack.unit}"
        return f"{significant(value)}{THIN_SPACE}{self.stack.unit}"
