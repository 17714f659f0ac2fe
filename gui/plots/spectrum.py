"""Energy spectrum in one pixel of the sky, or of all of it."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from ..style.numbers import THIN_SPACE, significant, tick
from ..style.widgets import column, label
from .base import Diagram, Key

ROUND_ENERGIES = (100, 1000, 200, 60, 300, 30, 20, 40, 150, 80, 400, 600, 50, 800)  # EeV, the more wanted first
LABEL_ROOM = 28  # pixels from one label of the energy axis to the next
UNIT = "energy (EeV)"


class SpectrumDiagram(Diagram):
    """Bars of the source, steps of isotropy, points of the drawn events; logarithmic energy."""

    def __init__(self, parent=None):
        super().__init__(UNIT, "share of events (%)", parent)
        self._edges = self._source = self._isotropic = self._events = None

    def set_shares(self, edges, source, isotropic, events=None):
        """Show spectra.

        Parameters
        ----------
        edges : ndarray, shape (n_bins + 1,), or None
            EeV; None empties the plot.
        source, isotropic : ndarray, shape (n_bins,)
            Expected shares, 0 to 1; all zero where nothing is expected.
        events : ndarray of int, shape (n_bins,), optional
            Numbers of drawn events.
        """
        self._edges, self._source, self._isotropic, self._events = edges, source, isotropic, events
        self._place_labels()
        self.redraw()

    def resizeEvent(self, event):
        """Choose the energies that fit."""
        super().resizeEvent(event)
        if getattr(self, "_edges", None) is not None:
            self._place_labels()

    def _place_labels(self):
        if self._edges is None:
            return
        low, high = np.log10(self._edges[[0, -1]])
        self.setXRange(low, high, padding=0.02)
        per_decade = max(self.width() - 60, 60) / (high - low)
        chosen = {}
        for energy in ROUND_ENERGIES:
            position = np.log10(energy)
            is_free = all(abs(position - other) * per_decade >= LABEL_ROOM for other in chosen)
            if low - 1e-9 <= position <= high + 1e-9 and is_free:
                chosen[position] = tick(energy)
        self.getAxis("bottom").setTicks([sorted(chosen.items())])

    def draw(self):
        """Draw the three."""
        if self._edges is None:
            return
        theme, edges = self._theme, np.log10(self._edges)
        width = np.diff(edges)
        self.addItem(pg.BarGraphItem(
            x0=edges[:-1] + 0.08 * width, width=0.84 * width, height=100 * self._source, y0=0,
            brush=QColor(theme.active), pen=pg.mkPen(None),
        ))
        steps = pg.PlotCurveItem(edges, 100 * self._isotropic, stepMode="center", pen=self.pen(theme.quiet, 1.8))
        self.addItem(steps)
        top = 100 * max(self._source.max(), self._isotropic.max())
        if self._events is not None and self._events.sum() > 0:
            total, middle = self._events.sum(), edges[:-1] + width / 2
            share, error = 100 * self._events / total, 100 * np.sqrt(self._events) / total
            seen = self._events > 0
            self.error_bars(middle[seen], (share - error)[seen], (share + error)[seen], theme.text, 1.2)
            self.marks(middle[seen], share[seen], theme.text, size=5)
            top = max(top, share.max())
        self.setYRange(0, 1.06 * top if top > 0 else 1.0, padding=0)


class SpectrumPlot(QWidget):
    """Spectrum of source and isotropy with a caption that says where; for the right column."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.diagram = SpectrumDiagram(self)
        self.key = Key(parent=self)
        self.caption = label("", "caption")
        self._density = self._ipix = self._sky = None
        self.setLayout(column(self.caption, self.diagram, self.key, spacing=4))
        self.setAccessibleName("Spectrum")
        self._show()

    def set_density(self, density, ipix=None):
        """Show a ``SkyDensity`` in the NESTED pixel ``ipix``, or of the whole sky; None for none."""
        self._density, self._ipix = density, ipix
        self._show()

    def set_pixel(self, ipix):
        """Show another pixel of the same density; None for the whole sky."""
        self.set_density(self._density, ipix)

    def set_events(self, events, index=0):
        """Add the events of one mock sky of ``MockEvents``; None for none."""
        self._sky = None if events is None else (np.asarray(events.ipix[index]), np.asarray(events.bin[index], np.intp))
        self._show()

    def _show(self):
        density = self._density
        if density is None:
            self.caption.setText("No sky yet")
            self.key.set_entries(())
            self.diagram.set_shares(None, None, None)
            return
        where = slice(None) if self._ipix is None else slice(self._ipix, self._ipix + 1)
        source, isotropic = density.source[where].sum(0), density.isotropic[where].sum(0)
        events = None
        if self._sky is not None:
            ipix, bins = self._sky
            here = bins if self._ipix is None else bins[ipix == self._ipix]
            events = np.bincount(here, minlength=density.n_bins)[: density.n_bins]
        self.caption.setText(self._describe(source.sum(), isotropic.sum()))
        entries = [("bar", "active", density.name), ("line", "quiet", "isotropic")]
        if events is not None and events.sum():
            n = int(events.sum())
            entries.append(("dot", "text", f"{n} event{'' if n == 1 else 's'} drawn"))
        self.key.set_entries(entries)
        self.diagram.set_shares(density.bin_edges, share(source), share(isotropic), events)

    def _describe(self, source, isotropic):
        if self._ipix is None:
            return "Whole sky; click a pixel to see its own"
        if source == 0:
            return f"Pixel {self._ipix}: no events of {self._density.name} arrive here"
        return f"Pixel {self._ipix}: {significant(source / isotropic)}{THIN_SPACE}× isotropic"


def share(values):
    """Return values divided by their sum; zeros stay zeros."""
    total = values.sum()
    return values / total if total > 0 else np.zeros_like(values)
