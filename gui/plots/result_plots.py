"""Diagrams of what a statistic can detect: ROC, scores under both hypotheses, smallest fraction against N."""

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from ...core.published import published_table
from ..style.numbers import percent
from .base import statistic_colour, statistic_label
from .overlay import WITHOUT_NUMBER, Overlay, VerdictDiagram, tested_eta
from .sky_view import translucent

PUBLISHED_SYMBOLS = {"bcnn": ("x", "cross"), "cnn": ("star", "star"), "power_spectrum": ("+", "plus")}  # of the plot, of the key
LOWEST_RATE = 1e-5
FEW_SKIES = 100  # false-positive rates that rest on fewer isotropic skies are drawn with their errors ...
SPACING = 0.5  # ... at these steps of the logarithm


def published_points(source, statistic):
    """Published smallest fractions of a source: numbers of events and fractions, each of shape (n,)."""
    wanted = source.replace(" ", "")
    points = sorted(
        (n, etas[statistic]) for (name, n), etas in published_table().items()
        if name.replace(" ", "") == wanted and statistic in etas
    )
    return np.array(points, float).reshape(-1, 2).T


class EtaDiagram(VerdictDiagram):
    """Smallest detectable fraction against the number of events."""

    def __init__(self, parent=None):
        super().__init__("number of events N", "η (%)", parent)
        self._published, self._current = {}, None

    def set_verdicts(self, verdicts, source=None, *, statistics=tuple(PUBLISHED_SYMBOLS), current=None, runs=None, chosen=None):
        """Show verdicts.

        Parameters
        ----------
        verdicts : iterable of Verdict
        source : str, optional
            Whose published values stand beside; without it that of the first verdict.
        statistics : sequence of str
            Of the published values.
        current : int, optional
            Number of events that is marked.
        runs, chosen
            See :class:`~.overlay.Overlay`.
        """
        verdicts = tuple(verdicts)
        source = source or (verdicts[0].source if verdicts else None)
        self._overlay = Overlay(verdicts, runs, chosen, WITHOUT_NUMBER)
        self._current = current
        self._published = {} if source is None else {name: published_points(source, name) for name in statistics}
        self._source = source
        self.redraw()

    def set_logarithmic(self, on):
        """Use logarithmic axes of N and η or linear ones."""
        self.setLogMode(x=on, y=on)
        self.redraw()

    def entries(self):
        """Return what is seen, for a :class:`~.base.Key`."""
        entries = self._overlay.entries()
        several = len({v.source for v in self.verdicts}) > 1
        for name, (numbers, _) in self._published.items():
            if len(numbers):
                text = f"published, {statistic_label(name, in_sentence=True)}" + (f", {self._source}" if several else "")
                entries.append((PUBLISHED_SYMBOLS[name][1], "quiet", text))
        return entries

    def draw(self):
        """Draw the curves, the interval of each point and the published values."""
        theme, overlay, numbers, values = self._theme, self._overlay, [], []
        for mine in overlay.groups().values():
            style, symbol, _ = overlay.line(mine[0])
            colour = overlay.colour(mine[0], theme)
            n = [v.n_events for v in mine]
            eta, low, high = (
                [math.nan if value is None else 100 * value for value in column]
                for column in zip(*((v.eta_min, v.eta_low, v.eta_high) for v in mine), strict=True)
            )
            self.error_bars(n, low, high, colour)
            self.line(n, eta, colour, overlay.width(mine[0]), style)
            self.marks(*self.placed(n, eta), colour, symbol)
            values.extend((*eta, *low, *high))
            numbers.extend(n)
        for name, (n, eta) in self._published.items():
            if not len(n):
                continue
            self.marks(*self.placed(n, 100 * eta), theme.quiet, PUBLISHED_SYMBOLS[name][0], 9)
            values.extend(100 * eta)
            numbers.extend(n)
        if not numbers:
            return
        if self._current is not None:
            place = float(self.placed(self._current, 1.0)[0])
            self.addItem(pg.InfiniteLine(place, 90, self.pen(translucent(theme.quiet, 0.6), 1.0, Qt.PenStyle.DashLine)))
        self._set_range(np.array(numbers, float), np.array(values, float))

    def _set_range(self, numbers, values):
        values = values[np.isfinite(values) & (values > 0)]
        if self.getAxis("left").logMode:
            low, high = (values.min(), values.max()) if len(values) else (0.1, 100.0)
            self.setXRange(math.log10(numbers.min() / 1.15), math.log10(1.15 * numbers.max()), padding=0)
            self.setYRange(math.log10(low / 1.2), math.log10(1.2 * high), padding=0)
        else:
            self.setXRange(0, 1.08 * numbers.max(), padding=0)
            self.setYRange(0, 1.08 * values.max(initial=0.0) or 1.0, padding=0)


class RocDiagram(VerdictDiagram):
    """True against false positives of several statistics, each at its own smallest fraction; the errors asked for are dashed."""

    def __init__(self, parent=None):
        super().__init__("false-positive rate α", "power 1 − β", parent)
        self.setLogMode(x=True)

    def set_logarithmic(self, on):
        """Use a logarithmic axis of false positives or a linear one."""
        self.setLogMode(x=on)
        self.redraw()

    @property
    def is_logarithmic(self):
        """Whether false positives are on a logarithmic axis."""
        return self.getAxis("bottom").logMode

    def entries(self):
        """Return what is seen, for a :class:`~.base.Key`."""
        if not self.verdicts:
            return []
        return [*self._overlay.entries(with_eta=True), ("dashes", "quiet", "errors asked for, and chance")]

    def draw(self):
        """Draw the curves, chance, and the errors asked for."""
        theme, overlay = self._theme, self._overlay
        chance = np.geomspace(LOWEST_RATE, 1, 60)
        self.line(chance, chance, translucent(theme.quiet, 0.7), 1.0, Qt.PenStyle.DashLine)
        pen = self.pen(translucent(theme.quiet, 0.7), 1.0, Qt.PenStyle.DashLine)
        for alpha, beta in sorted({(v.alpha_requested, v.beta_requested) for v in self.verdicts}):
            self.addItem(pg.InfiniteLine(float(self.placed(alpha, 1.0)[0]), 90, pen))
            self.addItem(pg.InfiniteLine(1 - beta, 0, pen))
        lowest = 1.0
        for v in self.verdicts:
            false, true = np.asarray(v.roc_false_positive, float), np.asarray(v.roc_true_positive, float)
            positive = false > 0
            if self.is_logarithmic:
                false, true = false[positive], true[positive]
            lowest = min(lowest, false[false > 0].min(initial=1.0))
            colour = overlay.colour(v, theme)
            self.line(false, true, colour, overlay.width(v), overlay.line(v)[0])
            self._poisson_bars(v, colour)
            if v.alpha > 0 or not self.is_logarithmic:
                self.marks(*self.placed([v.alpha], [1 - v.beta]), colour, size=8)
        self.setYRange(0, 1.02, padding=0)
        if self.is_logarithmic:
            self.setXRange(math.log10(max(lowest, LOWEST_RATE)), 0, padding=0.02)
        else:
            self.setXRange(0, 1, padding=0.02)

    def _poisson_bars(self, verdict, colour):
        """Draw the errors of rates that rest on few skies: a bar at every place where another factor of 1.6 is reached."""
        rate, error = (np.asarray(v, float) for v in (verdict.roc_false_positive, verdict.roc_false_positive_error))
        if not len(error):
            return
        few = np.flatnonzero((rate > 0) & (error > FEW_SKIES**-0.5 * rate))
        _, first = np.unique(np.round(np.log(rate[few]) / SPACING), return_index=True)
        rate, error, true = rate[few][first], error[few][first], np.asarray(verdict.roc_true_positive, float)[few][first]
        low, high = np.maximum(rate - error, 0.1 * rate), rate + error
        x = np.stack([low, high, np.full(len(rate), np.nan)], axis=1).ravel()
        self.line(x, np.repeat(true, 3), colour, 1.2)


class ScoreDiagram(VerdictDiagram):
    """Distributions of the score over skies without and with the source.

    Scores of several verdicts are shifted and scaled so that the isotropic skies of each have mean 0 and standard deviation 1.
    """

    def __init__(self, parent=None):
        super().__init__("score", "skies (relative)", parent)
        self.getAxis("left").setStyle(showValues=False)

    def set_verdicts(self, verdicts, runs=None, chosen=None):
        """Show verdicts; see :class:`~.overlay.Overlay`."""
        verdicts = tuple(verdicts)
        if len(verdicts) == 1:
            self.set_label("bottom", f"score, {statistic_label(verdicts[0].statistic, in_sentence=True)}")
        else:
            self.set_label("bottom", "score (standard deviations of isotropic skies)" if verdicts else "score")
        super().set_verdicts(verdicts, runs, chosen)

    def entries(self):
        """Return what is seen, for a :class:`~.base.Key`."""
        if not self.verdicts:
            return []
        if len(self.verdicts) == 1:
            (v,) = self.verdicts
            signal = [("bar", statistic_colour(v.statistic), f"η = {percent(tested_eta(v))}")]
        else:
            signal = self._overlay.entries(with_eta=True)
        return [("bar", "quiet", "isotropic"), *signal, ("dashes", "text", "threshold")]

    def draw(self):
        """Draw both histograms and the threshold of each verdict."""
        theme, edges_seen, tops = self._theme, [], [0.0]
        for v in self.verdicts:
            shift, scale = (0.0, 1.0) if len(self.verdicts) == 1 else moments(*v.null_histogram)
            colour, style = self._overlay.colour(v, theme), self._overlay.line(v)[0]
            for (edges, density), shade in ((v.null_histogram, theme.quiet), (v.signal_histogram, colour)):
                x, y = (np.asarray(edges, float) - shift) / scale, np.asarray(density, float) * scale
                pen = self.pen(shade, 0.7 * self._overlay.width(v), style)
                fill = translucent(shade, 0.30 if len(self.verdicts) == 1 else 0.10)
                self.addItem(pg.PlotCurveItem(x, y, stepMode="center", fillLevel=0, brush=fill, pen=pen))
                edges_seen.append(x)
                tops.append(y.max())
            rule = theme.text if len(self.verdicts) == 1 else colour
            self.addItem(pg.InfiniteLine((v.threshold - shift) / scale, 90, self.pen(rule, 1.2, Qt.PenStyle.DashLine)))
        if edges_seen:
            self.setXRange(min(x.min() for x in edges_seen), max(x.max() for x in edges_seen), padding=0.01)
            self.setYRange(0, 1.08 * max(tops) or 1.0, padding=0)


def moments(edges, density):
    """Return mean and standard deviation of a histogram; the deviation is 1 where all lies in one place."""
    edges, density = np.asarray(edges, float), np.asarray(density, float)
    weight, middle = density * np.diff(edges), (edges[1:] + edges[:-1]) / 2
    total = weight.sum()
    if total <= 0:
        return 0.0, 1.0
    mean = (weight * middle).sum() / total
    return mean, float(np.sqrt((weight * (middle - mean) ** 2).sum() / total)) or 1.0
