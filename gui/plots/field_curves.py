"""Number, spread and magnification of a source's images against rigidity."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from ..style import theme as themes
from ..style.numbers import tick
from .base import Diagram
from .sky_view import translucent

MEASURES = {"n_images": "images", "spread": "angle (°)", "magnification": "magnification"}
AXIS_WIDTH = 46  # pixels, so that diagrams above each other are as wide
LOWEST_MAGNIFICATION = 1e-3
RIGIDITIES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # EV, written at the axis


class RigidityDiagram(Diagram):
    """One measure of the images against rigidity, the chosen rigidity marked.

    Parameters
    ----------
    measure : str
        Key of :data:`MEASURES`.
    x_label : str, optional
        Empty for all but the lowest of several.
    """

    def __init__(self, measure, x_label="rigidity (EV)", parent=None):
        super().__init__(x_label, MEASURES[measure], parent)
        self._statistics, self._measure, self._current = None, measure, None
        self._mark = self._dot = None
        self.setLogMode(x=True, y=measure == "magnification")
        self.getAxis("bottom").setTicks([[(np.log10(value), tick(value)) for value in RIGIDITIES]])

    def _style_axes(self):
        super()._style_axes()
        self.getAxis("left").setWidth(themes.scaled(AXIS_WIDTH))

    def set_statistics(self, statistics):
        """Show an ``ImageStatistics``; None for none."""
        self._statistics = statistics
        self.redraw()

    def set_current(self, rigidity):
        """Mark a rigidity in EV."""
        self._current = rigidity
        self._place_mark()

    def entries(self):
        """Return what is seen, for a :class:`~.base.Key`."""
        if self._measure == "n_images":
            return [("line", "active", "groups that hold 1 % of the flux or more")]
        if self._measure == "magnification":
            return [("line", "active", "flux relative to no field")]
        return [("line", "active", "r.m.s. about centre"), ("line", "limit", "68 % of flux"), ("line", "quiet", "centre to source")]

    def curves(self):
        """Return ``(values, theme's name of the colour)`` of every curve, the most important last."""
        statistics = self._statistics
        if self._measure == "n_images":
            return [(statistics.n_images.astype(float), "active")]
        if self._measure == "magnification":
            values = statistics.magnification
            return [(np.where(values >= LOWEST_MAGNIFICATION, values, np.nan), "active")]
        return [(statistics.offset, "quiet"), (statistics.radius_68, "limit"), (statistics.spread, "active")]

    def draw(self):
        """Draw the curves and the mark."""
        self._mark = self._dot = None
        if self._statistics is None:
            return
        theme, rigidity, curves = self._theme, self._statistics.rigidity, self.curves()
        if self._measure == "magnification":
            self.line(rigidity[[0, -1]], [1, 1], translucent(theme.quiet, 0.7), 1.0, Qt.PenStyle.DashLine)
        for values, colour in curves:
            self.line(rigidity, values, getattr(theme, colour), 2.0 if colour == "active" else 1.4)
        self._mark = pg.InfiniteLine(0, 90, self.pen(translucent(theme.text, 0.6), 1.0, Qt.PenStyle.DashLine))
        self.addItem(self._mark)
        self._dot = self.marks([0], [0], theme.active, size=8)
        self._place_mark()
        self._set_range(np.concatenate([values for values, _ in curves]))

    def _place_mark(self):
        """Move line and dot alone, so that a slider costs no new diagram."""
        if self._mark is None or self._current is None or self._statistics is None:
            return
        here, (values, _) = np.log10(self._current), self.curves()[-1]
        value = values[np.abs(self._statistics.rigidity - self._current).argmin()]
        self._mark.setValue(here)
        self._dot.setData([here], [np.log10(value) if self._measure == "magnification" else value])

    def _set_range(self, values):
        low, high = np.log10(self._statistics.rigidity[[0, -1]])
        self.setXRange(low, high, padding=0.02)
        values = values[np.isfinite(values)]
        if self._measure == "magnification":
            lowest, highest = np.log10([values.min(initial=0.5), values.max(initial=2.0)])
            self.setYRange(lowest, highest, padding=0.05)
        else:
            self.setYRange(0, 1.08 * values.max(initial=1.0), padding=0)
