"""The sky of the Field tab: besides the map the way of a source's images and where the rays in the planes are seen."""

import numpy as np
from PySide6.QtGui import QColor, QFont

from ..style import theme as themes
from .painting import paint_dots, paint_ring, paint_text
from .sky_map import SkyMap
from .sky_view import translucent

TRAIL_DOT, RING = 2.5, 9.0  # pixels
TOP = 28  # pixels above the sky, for heading and caption


class FieldMap(SkyMap):
    """A map of the whole sky with marks of its own."""

    def __init__(self, parent=None):
        self._trail = self._current = None
        self._numbers = ()
        super().__init__(parent)
        self.setAccessibleName("Sky map of the Galactic field")

    def rectangles(self, width, height):
        """Leave room for two lines of text, so that they stand clear of the sky in a low window."""
        return [rect.translated(0, TOP) for rect in super().rectangles(width, height - TOP)]

    def set_trail(self, glon=None, glat=None, current=None):
        """Mark where the centre of the images lies at all rigidities, and at the one chosen; no argument for no marks.

        Parameters
        ----------
        glon, glat : ndarray, shape (n_R,)
            Degrees; nan where there is none.
        current : int
            Index of the chosen rigidity.
        """
        self._trail, self._current = None if glon is None else (np.asarray(glon), np.asarray(glat)), current
        self.refresh()

    def set_numbers(self, numbers):
        """Write numbers of rays: ``(longitude, latitude in degrees, theme's name of the colour)``, the first is 1."""
        self._numbers = tuple(numbers)
        self.refresh()

    def paint_marks(self, painter):
        """Paint all that is marked on the map."""
        super().paint_marks(painter)
        if not self._rects:
            return
        theme = self._theme
        if self._trail is not None:
            x, y = self.position(*self._trail)
            here = x[self._current], y[self._current]
            good = np.isfinite(x) & ~(np.hypot(x - here[0], y - here[1]) < RING)  # the chosen image itself is to be seen
            paint_dots(painter, x[good], y[good], np.full(good.sum(), TRAIL_DOT + 2), self._halo(0.6))
            paint_dots(painter, x[good], y[good], np.full(good.sum(), TRAIL_DOT), translucent(theme.limit, 0.9))
            if np.isfinite(here[0]):
                paint_ring(painter, *here, RING, QColor(theme.limit), self._halo())
        font = themes.font(weight=QFont.Weight.DemiBold)
        for number, (glon, glat, colour) in enumerate(self._numbers):
            x, y = (float(value) for value in self.position(glon, glat))
            paint_text(painter, x, y + 5, str(number + 1), getattr(theme, colour), font, self._halo(0.9), align="centre")
