"""Diagrams of what a statistic can detect: ROC, scores under both hypotheses, smallest fraction against N."""

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from ...core.published import published_table
from .base import Diagram, statistic_colour, statistic_label, statistic_lines
from .numbers import percent
from .sky_view import translucent

PUBLISHED_SYMBOLS = {"bcnn": "x", "cnn": "x", "power_spectrum": "+"}
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


class EtaDiagram(Diagram):
    """Smallest detectable fraction against the number of events."""

    def __init__(self, parent=None):
        super().__init__("number of events N", "η (%)", parent)
        self._verdicts, self._published, self._current = (), {}, None

    def set_verdicts(self, verdicts, source=None, *, statistics=("bcnn", "power_spectrum"), current=None):
        """Show the verdicts of one source.

        Parameters
        ----------
        verdicts : iterable of Verdict
        source : str, optional
            Without it the source of the first verdict.
        statistics : sequence of str
            Whose published values stand beside.
        current : int, optional
            Number of events that is marked.
        """
        verdicts = tuple(verdicts)
        source = source or (verdicts[0].source if verdicts else None)
        self._verdicts = tuple(v for v in verdicts if v.source == source)
        self._current = current
        self._published = {} if source is None else {name: published_points(source, name) for name in statistics}
        self.redraw()

    def entries(self):
        """Return what is seen, for a :class:`~.base.Key`."""
        names = sorted({v.statistic for v in self._verdicts}, key=lambda name: name == "likelihood_ratio")
        lines = statistic_lines(names)
        entries = [(lines[name][2], statistic_colour(name), statistic_label(name)) for name in names]
        for name, (numbers, _) in self._published.items():
            if len(numbers):
                swatch = {"x": "cross", "+": "plus"}[PUBLISHED_SYMBOLS[name]]
                entries.append((swatch, "quiet", f"published, {statistic_label(name, in_sentence=True)}"))
        return entries

    def draw(self):
        """Draw the curves, the interval of each point and the published values."""
        theme, tops, numbers = self._theme, [0.0], []
        lines = statistic_lines(v.statistic for v in self._verdicts)
        for name, (style, symbol, _) in lines.items():
            mine = sorted((v for v in self._verdicts if v.statistic == name), key=lambda v: v.n_events)
            colour = getattr(theme, statistic_colour(name))
            n = [v.n_events for v in mine]
            eta, low, high = (
                [math.nan if value is None else 100 * value for value in values]
                for values in zip(*((v.eta_min, v.eta_low, v.eta_high) for v in mine), strict=True)
            )
            self.error_bars(n, low, high, colour)
            self.line(n, eta, colour, style=style)
            self.marks(n, eta, colour, symbol)
            tops.extend(v for v in (*eta, *high) if math.isfinite(v))
            numbers.extend(n)
        for name, (n, eta) in self._published.items():
            if not len(n):
                continue
            self.marks(n, 100 * eta, theme.quiet, PUBLISHED_SYMBOLS[name], 9)
            tops.extend(100 * eta)
            numbers.extend(n)
        if not numbers:
            return
        if self._current is not None:
            self.addItem(pg.InfiniteLine(self._current, 90, self.pen(translucent(theme.quiet, 0.6), 1.0, Qt.PenStyle.DashLine)))
        self.setXRange(0, 1.08 * max(numbers), padding=0)
        self.setYRange(0, 1.08 * max(tops) if max(tops) > 0 else 1, padding=0)


class RocDiagram(Diagram):
    """True against false positives of the statistics of one source and one number of events."""

    def __init__(self, parent=None):
        super().__init__("isotropic skies called anisotropic", "skies with the source recognised", parent)
        self._verdicts = ()
        self.setLogMode(x=True)

    def set_verdicts(self, verdicts):
        """Show the ROC of each verdict at its own smallest fraction."""
        self._verdicts = tuple(verdicts)
        self.redraw()

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
        lines = statistic_lines(v.statistic for v in self._verdicts)
        return [
            (lines[v.statistic][2], statistic_colour(v.statistic), f"{statistic_label(v.statistic)} at η = {percent(v.eta_min or 1.0)}")
            for v in sorted(self._verdicts, key=lambda v: v.statistic == "likelihood_ratio")
        ]

    def draw(self):
        """Draw the curves, chance, and the errors asked for."""
        theme = self._theme
        chance = np.geomspace(LOWEST_RATE, 1, 60)
        self.line(chance, chance, translucent(theme.quiet, 0.7), 1.0, Qt.PenStyle.DashLine)
        lowest, lines = 1.0, statistic_lines(v.statistic for v in self._verdicts)
        for v in sorted(self._verdicts, key=lambda v: v.statistic == "likelihood_ratio"):
            false, true = np.asarray(v.roc_false_positive, float), np.asarray(v.roc_true_positive, float)
            positive = false > 0
            if self.is_logarithmic:
                false, true = false[positive], true[positive]
            lowest = min(lowest, false[false > 0].min(initial=1.0))
            self.line(false, true, getattr(theme, statistic_colour(v.statistic)), style=lines[v.statistic][0])
            self._poisson_bars(v)
            point = math.log10(v.alpha) if self.is_logarithmic and v.alpha > 0 else v.alpha
            self.marks([point], [1 - v.beta], getattr(theme, statistic_colour(v.statistic)), size=8)
        self.setYRange(0, 1.02, padding=0)
        if self.is_logarithmic:
            self.setXRange(math.log10(max(lowest, LOWEST_RATE)), 0, padding=0.02)
        else:
            self.setXRange(0, 1, padding=0.02)


    def _poisson_bars(self, verdict):
        """Draw the errors of rates that rest on few skies: a bar at every place where another factor of 1.6 is reached."""
        rate, error = (np.asarray(v, float) for v in (verdict.roc_false_positive, verdict.roc_false_positive_error))
        if not len(error):
            return
        few = np.flatnonzero((rate > 0) & (error > FEW_SKIES**-0.5 * rate))
        _, first = np.unique(np.round(np.log(rate[few]) / SPACING), return_index=True)
        rate, error, true = rate[few][first], error[few][first], np.asarray(verdict.roc_true_positive, float)[few][first]
        low, high = np.maximum(rate - error, 0.1 * rate), rate + error
        x = np.stack([low, high, np.full(len(rate), np.nan)], axis=1).ravel()
        self.line(x, np.repeat(true, 3), getattr(self._theme, statistic_colour(verdict.statistic)), 1.2)


class ScoreDiagram(Diagram):
    """Distributions of one statistic over skies without and with the source."""

    def __init__(self, parent=None):
        super().__init__("score", "skies (relative)", parent)
        self._verdict = None
        self.getAxis("left").setStyle(showValues=False)

    def set_verdict(self, verdict):
        """Show a Verdict; None for none."""
        self._verdict = verdict
        self.set_label("bottom", "score" if verdict is None else f"score, {statistic_label(verdict.statistic)}")
        self.redraw()

    def entries(self):
        """Return what is seen, for a :class:`~.base.Key`."""
        v = self._verdict
        if v is None:
            return []
        signal = ("bar", statistic_colour(v.statistic), f"η = {percent(v.eta_min or 1.0)}")
        return [("bar", "quiet", "isotropic"), signal, ("dashes", "text", "threshold")]

    def draw(self):
        """Draw both histograms and the threshold."""
        v, theme = self._verdict, self._theme
        if v is None:
            return
        both = ((v.null_histogram, theme.quiet), (v.signal_histogram, getattr(theme, statistic_colour(v.statistic))))
        for (edges, density), colour in both:
            self.addItem(pg.PlotCurveItem(
                np.asarray(edges, float), np.asarray(density, float), stepMode="center", fillLevel=0,
                brush=translucent(colour, 0.30), pen=self.pen(colour, 1.4),
            ))
        self.addItem(pg.InfiniteLine(v.threshold, 90, self.pen(theme.text, 1.2, Qt.PenStyle.DashLine)))
        edges = np.concatenate([np.asarray(h[0], float) for h, _ in both])
        self.setXRange(edges.min(), edges.max(), padding=0.01)
        self.setYRange(0, 1.08 * max(np.max(h[1]) for h, _ in both), padding=0)
