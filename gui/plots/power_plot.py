"""The power of statistics against the fraction of source events, between the errors asked for."""

from statistics import NormalDist

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from ..style import theme as themes
from ..style.numbers import THIN_SPACE, percent, tick
from .overlay import VerdictDiagram
from .sky_view import translucent

NORMAL = NormalDist()
SMALLEST = 1e-4  # shares are taken to be no nearer to 0 and 1 where they become Gaussian deviates
GAUSSIAN_TICKS = (0.1, 1, 5, 20, 50, 80, 95, 99, 99.9)  # per cent
BETWEEN = 12  # points of the curve from one measured point to the next


def deviates(shares):
    """Return how many standard deviations from its mean a Gaussian variable has to stay below to leave these shares, shape kept."""
    return np.array([NORMAL.inv_cdf(min(max(float(share), SMALLEST), 1 - SMALLEST)) for share in np.ravel(shares)]).reshape(np.shape(shares))


def between(eta, power):
    """Return a smooth curve through measured points: the Gaussian deviate of the power is linear between them, as it nearly is anyway."""
    place = np.interp(np.arange(BETWEEN * (len(eta) - 1) + 1) / BETWEEN, np.arange(len(eta)), eta)
    smooth = np.array([NORMAL.cdf(z) for z in np.interp(place, eta, deviates(power))])
    smooth[::BETWEEN] = power
    return place, smooth


class PowerDiagram(VerdictDiagram):
    """Share of skies in which the source is recognised, 1 − β, against η, from α at η = 0."""

    def __init__(self, parent=None):
        super().__init__("source fraction η (%)", "power 1 − β (%)", parent)
        self._is_gaussian = False

    def set_gaussian(self, on):
        """Spread the ends of the power as on probability paper, where a Gaussian's curve is straight, or use a linear axis."""
        self._is_gaussian = on
        self.getAxis("left").setTicks([[(float(deviates(v / 100)), tick(v)) for v in GAUSSIAN_TICKS]] if on else None)
        self.redraw()

    def entries(self):
        """Return what is seen, for a :class:`~.base.Key`."""
        return [*self._overlay.entries(), ("dashes", "quiet", "α and 1 − β asked for")] if self.verdicts else []

    def _heights(self, shares):
        """Return where shares, 0 to 1, stand on the axis."""
        return deviates(shares) if self._is_gaussian else 100 * np.asarray(shares, float)

    def _height_of(self, share):
        """Return where one share stands on the axis."""
        return float(self._heights(share))

    def draw(self):
        """Draw the curve of each verdict with its errors, and between what bounds it has to pass."""
        theme, overlay, furthest = self._theme, self._overlay, 0.0
        bounds = sorted({(v.alpha_requested, v.beta_requested) for v in self.verdicts})
        for alpha, beta in bounds:
            for share in (alpha, 1 - beta):
                self._bound(share)
        for v in overlay.verdicts:
            colour, (style, symbol, _) = overlay.colour(v, theme), overlay.line(v)
            eta, power, error = measured_power(v)
            place, smooth = between(eta, power)
            self.line(100 * place, self._heights(smooth), colour, overlay.width(v), style)
            self.error_bars(100 * eta, self._heights(power - error), self._heights(power + error), colour)
            self.marks(100 * eta[1:], self._heights(power[1:]), colour, symbol, 6)
            furthest = max(furthest, 100 * eta.max())
        self._feet()
        for share, name in ((bounds[0][0], "α"), (1 - bounds[0][1], f"1{THIN_SPACE}−{THIN_SPACE}β")) if len(bounds) == 1 else ():
            self._name_bound(share, name, furthest)
        self.setXRange(0, furthest or 1.0, padding=0.02)
        if self._is_gaussian:
            self.setYRange(*deviates([5e-4, 1 - 5e-4]), padding=0)
        else:
            self.setYRange(0, 102, padding=0)

    def _feet(self):
        """Lead from each point at the smallest detectable fraction down to the axis; one item, as each costs a millisecond."""
        found = [v for v in self.verdicts if v.eta_min is not None]
        x = [place for v in found for place in (100 * v.eta_min, 100 * v.eta_min, np.nan)]
        y = [place for v in found for place in (self._height_of(0.0), self._height_of(1 - v.beta), np.nan)]
        self.line(x, y, translucent(self._theme.quiet, 0.8), 1.0, Qt.PenStyle.DotLine)

    def _bound(self, share):
        """Draw one of the errors asked for."""
        self.addItem(pg.InfiniteLine(self._height_of(share), 0, self.pen(translucent(self._theme.quiet, 0.8), 1.0, Qt.PenStyle.DashLine)))

    def _name_bound(self, share, name, place):
        """Write which of the errors a line is, at its right end, where no curve comes near."""
        decimals = 0 if abs(100 * share - round(100 * share)) < 1e-9 else 1
        words = pg.TextItem(f"{name} = {percent(share, decimals)}", QColor(self._theme.quiet), anchor=(1, 1 if share < 0.5 else 0))
        words.setFont(themes.font(themes.CAPTION_SIZE))
        words.setPos(place, self._height_of(share))
        self.addItem(words, ignoreBounds=True)


def measured_power(verdict):
    """Return fractions, powers and their errors, each of shape (n,): first α at η = 0, then what was measured."""
    eta, beta = np.asarray(verdict.eta_grid, float), np.asarray(verdict.beta_grid, float)
    error = np.asarray(verdict.beta_error, float)
    error = error if len(error) == len(beta) else np.full(len(beta), np.nan)
    return np.concatenate([[0.0], eta]), np.concatenate([[verdict.alpha], 1 - beta]), np.concatenate([[np.nan], error])
