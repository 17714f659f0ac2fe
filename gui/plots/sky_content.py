"""What the Sky tab can show: density, mock sky, its significance, and a second sky to compare with."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, Signal

from .maps import EventDots, empty_sky, event_counts, relative_density, significance
from .sky_shown import ShownSky
from .tables import background

SAME_EXPOSURE = 1e-6  # of the mean: differences of rounding
SMALL_WORK = 4_000_000  # map values made at once; more are made in the background


class SkyContent(QObject):
    """Keeps the maps that can be shown; what takes long is made in the background.

    Attributes
    ----------
    changed : Signal(bool)
        Something else is to be shown; whether a new sky may fade in.
    others_changed : Signal()
        Other skies can be compared with.
    """

    changed = Signal(bool)
    others_changed = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._density = self._isotropic = self._counts = self._events = self._ground = self._unexposed = None
        self._significance = self._asked = self._measured = None
        self._ticket, self._other_ticket = 0, 0
        self._densities, self._kept, self._other, self.other_name = {}, None, None, None

    @property
    def density(self):
        """MapStack of the density relative to isotropy, or None."""
        return None if self._density is None else self._density.stack

    def set_density(self, density):
        """Take the expected density, a ``SkyDensity``; None while there is none."""
        self._ticket += 1
        self._ground = self._unexposed = None
        self._significance = self._asked = None
        if density is None:
            self._isotropic = None
            self._density_ready(self._ticket, None)
            return
        self._isotropic = density.isotropic
        if not (seen := density.isotropic.any(axis=1)).all():
            self._unexposed = ~seen
        if density.source.size <= SMALL_WORK:
            self._density_ready(self._ticket, density_sky(density))
            return
        ticket = self._ticket
        background.run(lambda sky: self._density_ready(ticket, sky), density_sky, density)

    def _density_ready(self, ticket, sky):
        if ticket != self._ticket:
            return
        self._density = sky
        if sky is None or (self._counts is not None and self._counts.n_bins != sky.stack.n_bins):
            self._counts = self._events = None
        self.changed.emit(True)

    def set_mock(self, events, bin_edges, index=0, *, directions=None, energy=None):
        """Take one sky of mock events, see :meth:`~.sky.SkyPanels.set_mock`."""
        if events is None:
            self._counts = self._events = None
            self.changed.emit(False)
            return
        from ...core.sky import lonlat, pixel_vectors

        ipix, bins = np.asarray(events.ipix[index]), np.asarray(events.bin[index], np.intp)
        edges = np.asarray(bin_edges, float)
        glon, glat = lonlat(pixel_vectors(events.nside, ipix) if directions is None else directions)
        energy = np.sqrt(edges[bins] * edges[bins + 1]) if energy is None else np.asarray(energy)
        npix = 12 * events.nside**2
        unexposed = self._unexposed if self._unexposed is not None and len(self._unexposed) == npix else None
        self._counts = event_counts(ipix, bins, events.nside, edges, unexposed)
        if self._ground is None or self._ground.values.shape != self._counts.values.shape:
            self._ground = empty_sky(events.nside, edges, unexposed)
        self._events = EventDots(glon, glat, energy, bins, np.asarray(events.is_source[index], bool))
        self.changed.emit(False)

    def set_measured(self, events, words=""):
        """Take measured events, an :class:`~.maps.EventDots`, and what they are; None for none."""
        self._measured = None if events is None else (events, words)
        self.changed.emit(False)

    def shown(self, mode, radius):
        """Return the :class:`~.sky_shown.ShownSky` of a mode, or None while there is none; ``radius`` of the top-hat in degrees."""
        if mode == "density":
            return self._density
        if mode == "measured":
            return self._shown_measured()
        if self._counts is None:
            return None
        if mode != "significance":
            ground = self._ground if mode == "events" else None
            return ShownSky("mock sky", self._counts, self._events, ground, exposure=self._exposure(self._counts.npix))
        if self._isotropic is None or self._isotropic.shape != (self._counts.npix, self._counts.n_bins):
            return None
        self._ask_significance(self._counts, radius)
        stack = self._significance
        return None if stack is None else ShownSky("mock sky", stack, self._events)

    def _exposure(self, npix):
        """Exposure of so many pixels, None where it is the same everywhere or not known."""
        exposure = None if self._density is None else self._density.exposure
        return exposure if exposure is not None and len(exposure) == npix else None

    def _shown_measured(self):
        density = self._density
        if density is None or self._measured is None:
            return None
        events, words = self._measured
        return replace(density, words=words, events=events, ground=density.stack, source=density.source)

    def _ask_significance(self, counts, radius):
        """Have the significance made unless it is there; of several that are asked for while one is made, only the last is."""
        if self._asked is not None and self._asked[0] is counts and self._asked[1] == radius:
            return
        self._asked = asked = counts, radius, self._isotropic

        def work():
            return significance(counts, asked[2], radius) if self._asked is asked else None

        background.run(lambda stack: self._significance_ready(stack), work)

    def _significance_ready(self, stack):
        if stack is not None and self._asked is not None and self._asked[0].npix == stack.npix:
            self._significance = stack
            self.changed.emit(False)

    @property
    def other(self):
        """The ShownSky to compare with, or None."""
        return self._other

    @property
    def other_names(self):
        """Names of the densities that can be compared with."""
        return tuple(self._densities)

    @property
    def kept(self):
        """The ShownSky that was kept, or None."""
        return self._kept

    def set_others(self, densities):
        """Offer several ``SkyDensity`` to compare with."""
        self._densities = {density.name: density for density in densities}
        if self.other_name is not None:
            self.choose_other(self.other_name if self.other_name in self._densities else None)
        self.others_changed.emit()

    def keep(self, sky):
        """Keep a ShownSky to compare others with."""
        self._kept = sky
        self.choose_other(None)

    def choose_other(self, name):
        """Compare with the density of a name, or with the sky that was kept for None."""
        self._other_ticket += 1
        self.other_name = name
        if name is None:
            self._other_ready(self._other_ticket, self._kept)
        else:
            ticket = self._other_ticket
            background.run(lambda sky: self._other_ready(ticket, sky), density_sky, self._densities[name])

    def _other_ready(self, ticket, sky):
        if ticket == self._other_ticket:
            self._other = sky
            self.others_changed.emit()
            self.changed.emit(False)


def density_sky(density):
    """Return the ShownSky of a ``SkyDensity``."""
    stack = relative_density(density.source, density.isotropic, density.nside, density.bin_edges)
    exposure = density.isotropic.sum(axis=1) * len(density.isotropic)
    return ShownSky(
        f"expected from {density.name}" if density.name else "expected density", stack, source=density.name or "the source",
        exposure=None if np.ptp(exposure) < SAME_EXPOSURE else exposure,
    )
