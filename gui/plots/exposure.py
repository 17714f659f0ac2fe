"""Exposure of a detector against declination."""

import numpy as np
from PySide6.QtCore import Qt

from .base import Diagram
from .sky_view import translucent

DECLINATIONS = (-90, -60, -30, 0, 30, 60, 90)


class ExposureDiagram(Diagram):
    """The curve, the mean over the sky and the declinations of the sources."""

    def __init__(self, parent=None):
        super().__init__("declination (°)", "exposure / mean", parent)
        self.dec = self.exposure = None
        self._sources = ()
        self.setAccessibleName("Exposure against declination")
        self.getAxis("bottom").setTicks([[(dec, str(dec).replace("-", "\u2212")) for dec in DECLINATIONS]])

    def set_curve(self, dec, exposure, sources=()):
        """Show a curve.

        Parameters
        ----------
        dec, exposure : ndarray, shape (n,)
            Degrees, and relative to the mean over the sky.
        sources : sequence of float
            Their declinations, degrees.
        """
        self.dec, self.exposure, self._sources = dec, exposure, tuple(sources)
        self.redraw()

    def draw(self):
        """Draw sources and mean below the curve."""
        if self.dec is None:
            return
        theme, top = self._theme, 1.08 * max(float(np.max(self.exposure)), 1.0)
        for dec in self._sources:
            self.line([dec, dec], [0, top], translucent(theme.limit, 0.8), 1.0, Qt.PenStyle.DotLine)
        self.line([-90, 90], [1, 1], translucent(theme.quiet, 0.7), 1.0, Qt.PenStyle.DashLine)
        self.line(self.dec, self.exposure, theme.active)
        self.setXRange(-90, 90, padding=0.02)
        self.setYRange(0, top, padding=0)
