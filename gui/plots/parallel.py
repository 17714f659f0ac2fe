"""Parallel coordinates: one vertical axis for each quantity, one line through all of them for each trial."""

import math

import numpy as np
from PySide6.QtCore import QPointF, Qt, Signal

from ..style.numbers import significant
from .base import Diagram, Words
from .sky_view import translucent

MARGIN = 0.07  # of the height, above and below the values
TICKS = 4  # of an axis without choices
NEAR = 12  # pixels from a line that still mean it
FAINTEST, BOLDEST = 0.14, 0.95  # opacity of the worst and of the best trial
SHADES = 10
MOST_SMOOTH = 12  # lines; the others, which are fainter, are drawn as steps of pixels, which is ten times as fast
ABOVE = 10  # all lines
SPREAD = 0.045  # of the height: lines through one choice are spread so far


class Axis:
    """Where the values of one quantity stand on its axis, 0 at the bottom and 1 at the top.

    Parameters
    ----------
    name : str
        Written above it.
    values : sequence
        Of all trials; None where a trial has none.
    choices : sequence, optional
        All values there can be, evenly spaced.
    low, high : float, optional
        Ends of the axis where there are no choices; without them the smallest and the largest value.
    log : bool
    upward : bool
        Whether larger numbers stand higher.
    text : callable, optional
        Turns a value into text.
    """

    def __init__(self, name, values, *, choices=None, low=None, high=None, log=False, upward=True, text=None):
        self.name, self.choices, self._log, self._upward = name, choices, log, upward
        self._text = text or (lambda value: significant(value, 3))
        numbers = [] if choices is not None else [float(value) for value in values if value is not None and math.isfinite(value)]
        self._low = low if low is not None else min(numbers, default=0.0)
        self._high = high if high is not None else max(numbers, default=1.0)
        self._is_whole = isinstance(low, int) and isinstance(high, int)

    def position(self, value):
        """Return the height of a value; nan where there is none."""
        if self.choices is not None:
            if value not in self.choices:
                return math.nan
            place = self.choices.index(value) / (len(self.choices) - 1) if len(self.choices) > 1 else 0.5
            return MARGIN + (1 - 2 * MARGIN) * place
        if value is None:
            return math.nan
        if not math.isfinite(value):
            return 0.0
        low, high, value = (math.log(v) if self._log else v for v in (self._low, self._high, value))
        place = 0.5 if high == low else (value - low) / (high - low)
        return MARGIN + (1 - 2 * MARGIN) * (place if self._upward else 1 - place)

    def ticks(self):
        """Return ``(height, text)`` of what is written beside the axis."""
        if self.choices is not None:
            return [(self.position(value), self._text(value)) for value in self.choices]
        if self._low == self._high:
            return [(self.position(self._low), self._text(self._low))]
        values = (np.geomspace if self._log else np.linspace)(self._low, self._high, TICKS).tolist()
        if self._is_whole:
            values = sorted({round(value) for value in values})
        return [(self.position(value), self._text(value)) for value in values]


class ParallelDiagram(Diagram):
    """One line for each trial: the better, the bolder; the chosen one in the colour of text.

    Attributes
    ----------
    picked : Signal(int)
        Number of the trial whose line was clicked.
    """

    picked = Signal(int)

    def __init__(self, parent=None):
        super().__init__("", "", parent)
        self._axes, self._numbers, self._heights, self._ranks, self._chosen = (), [], np.zeros((0, 0)), [], None
        self._marked = []  # items of the chosen trial
        for side in ("bottom", "left"):
            self.hideAxis(side)
        self.setAccessibleName("Parallel coordinates: parameters and result of every trial")
        self.setMinimumHeight(160)

    def set_trials(self, axes, numbers, values, ranks, chosen=None):
        """Show trials.

        Parameters
        ----------
        axes : sequence of Axis
        numbers : sequence of int
            Of the trials.
        values : sequence of sequence
            A value for each axis, for each trial.
        ranks : sequence of float or None
            0 for the best, 1 for the worst; None for what has no result: drawn grey.
        chosen : int, optional
            Number of the trial that is marked.
        """
        self._axes, self._numbers, self._ranks, self._chosen = tuple(axes), list(numbers), list(ranks), chosen
        self._heights = np.array([[axis.position(v) for axis, v in zip(axes, row, strict=True)] for row in values]).reshape(-1, len(axes))
        for column, axis in enumerate(self._axes):
            if axis.choices is not None and len(self._numbers) > 1:
                self._heights[:, column] += SPREAD * (self._order() - 0.5)
        self.redraw()

    def choose(self, number):
        """Mark the line of a trial; None for none."""
        if number == self._chosen:
            return
        self._chosen = number
        if self.is_up_to_date:  # all other lines stay
            for item in self._marked:
                self.removeItem(item)
            self._mark()

    def _order(self):
        """A place between 0 and 1 for each trial, the better the higher."""
        ranks = np.array([1.0 if rank is None else rank for rank in self._ranks])
        return 1 - ranks

    def draw(self):
        """Draw axes, then lines from the worst to the best, then the chosen one."""
        theme = self._theme
        if not self._axes:
            return
        last = len(self._axes) - 1
        self.line(np.repeat(np.arange(last + 1), 3), np.tile([0.0, 1.0, math.nan], last + 1), theme.line, 1.2)
        shades = np.array([-1 if rank is None else round((SHADES - 1) * (1 - rank) ** 2) for rank in self._ranks], int)
        self._lines(np.flatnonzero(shades < 0), translucent(theme.quiet, 0.35), 1.0, Qt.PenStyle.DotLine, is_smooth=False)
        for shade in np.unique(shades[shades >= 0]):
            boldness = float(shade) / (SHADES - 1)
            colour = translucent(theme.active, FAINTEST + (BOLDEST - FAINTEST) * boldness)
            is_smooth = int(np.count_nonzero(shades >= shade)) <= MOST_SMOOTH
            self._lines(np.flatnonzero(shades == shade), colour, 1.2 + 1.2 * boldness if is_smooth else 1.0, is_smooth=is_smooth)
        self._mark()
        words = Words(self._theme)
        for x, axis in enumerate(self._axes):
            words.add(axis.name, x, 1.01, theme.text, (0.5, 1.0), bold=x == last)
            for height, text in axis.ticks():
                words.add(text, x, height, theme.quiet, (-0.1 if x == last else 1.1, 0.5))
        words.setZValue(ABOVE)
        self.addItem(words, ignoreBounds=True)
        self.setXRange(0, last, padding=0.09)
        self.setYRange(-0.02, 1.1, padding=0)

    def _mark(self):
        """Draw the chosen trial."""
        self._marked = []
        if self._chosen in self._numbers:
            chosen, theme = self._numbers.index(self._chosen), self._theme
            self._marked = [
                self._lines([chosen], theme.text, 2.6), self.marks(np.arange(len(self._axes)), self._heights[chosen], theme.text, size=7),
            ]

    def _lines(self, trials, colour, width, style=Qt.PenStyle.SolidLine, *, is_smooth=True):
        """Draw some trials as one item, segment by segment: many items are slow, and so is one long path of a wide pen."""
        if not len(trials):
            return None
        heights = np.pad(self._heights[trials], ((0, 0), (0, 1)), constant_values=np.nan)  # parts one line from the next
        item = self.line(np.tile(np.arange(heights.shape[1]), len(heights)), heights.ravel(), colour, width, style, antialias=is_smooth)
        item.curve.setSegmentedLineMode("on")
        return item

    def nearest(self, point):
        """Return the number of the trial whose line is nearest to a point of the widget; None if none is near."""
        if not len(self._numbers):
            return None
        to_scene = self.plotItem.vb.mapViewToScene
        corners = np.array([
            [(p.x(), p.y()) if math.isfinite(p.y()) else (math.nan, math.nan)
             for p in (to_scene(QPointF(x, float(y))) for x, y in enumerate(row))] for row in self._heights
        ])
        at = self.mapToScene(point)
        distances = _distance(corners, np.array([at.x(), at.y()]))
        best = int(np.argmin(distances))
        return self._numbers[best] if distances[best] <= NEAR else None

    def mousePressEvent(self, event):
        """Pick the line under the mouse."""
        if event.button() == Qt.MouseButton.LeftButton and (number := self.nearest(event.position().toPoint())) is not None:
            self.picked.emit(number)
        super().mousePressEvent(event)


def _distance(corners, point):
    """Distance of a point from each polyline: corners of shape (n, k, 2), point (2,); infinite where there is no whole segment."""
    start, step = corners[:, :-1], np.diff(corners, axis=1)
    length = np.maximum((step**2).sum(axis=2), 1e-12)
    share = np.clip(((point - start) * step).sum(axis=2) / length, 0, 1)
    away = np.hypot(*np.moveaxis(start + share[..., None] * step - point, 2, 0))
    return np.min(np.where(np.isfinite(away), away, np.inf), axis=1, initial=np.inf)
