"""The ground of every diagram: axes, grid and letters in the colours of the theme, numbers as in print."""

import math
import weakref

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QObject, QPointF, QRectF, QSizeF, Qt, QTimer
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy
from shiboken6 import isValid

from ...core.statistics.registry import STATISTICS, label_of
from ..style import theme as themes
from ..style.numbers import THIN_SPACE, fixed, tick
from .sky_view import translucent, without_index

GRID_OPACITY = 26  # of 255
GROUND_OPACITY, WORDS_MARGIN = 0.7, 3.0  # of the ground behind words, pixels around them
PAUSE = 8  # ms between two diagrams that are drawn one after the other
NO_BREAK = "&nbsp;"
SWATCHES = {
    "line": "━", "dot": "●", "cross": "×", "plus": "+", "star": "★", "bar": "■", "dashes": "╌", "dashed": "╍╍", "dotted": "┉", "dash_dotted": "╍·",
    "dash_dot_dotted": "╍··",
}
LINES = (  # of several statistics in one colour: pen, symbol, swatch
    (Qt.PenStyle.SolidLine, "o", "line"), (Qt.PenStyle.DashLine, "s", "dashed"), (Qt.PenStyle.DotLine, "t1", "dotted"),
    (Qt.PenStyle.DashDotLine, "d", "dash_dotted"), (Qt.PenStyle.DashDotDotLine, "t", "dash_dot_dotted"),
)


class LaterTurns(QObject):
    """Draws diagrams one after the other, each in a turn of the event loop of its own: a :attr:`Diagram.postpone`.

    Timers that were started together end in one turn, and what was drawn is painted in the next one: only a timer that is
    started after each diagram, and is not over when its picture is painted, keeps the three apart.
    """

    def __init__(self):
        super().__init__()
        self._waiting, self._is_due = [], False

    def __call__(self, diagram):
        """Draw a diagram soon, once, whatever is changed until then; not if it is hidden by then."""
        if all(known() is not diagram for known in self._waiting):
            self._waiting.append(weakref.ref(diagram))  # a window that was closed does not wait for it
        self._go_on()

    def _go_on(self):
        if self._waiting and not self._is_due:
            self._is_due = True
            QTimer.singleShot(PAUSE, self._next)

    def _next(self):
        self._is_due = False
        diagram = self._waiting.pop(0)()
        try:
            if diagram is not None and isValid(diagram) and diagram.isVisible():  # one that is hidden is drawn when it is seen
                diagram.bring_up_to_date()
        finally:
            self._go_on()


in_a_later_turn = LaterTurns()


def decimals_of(step):
    """Decimals that multiples of a round step need: 2 for 0.05 and for 0.25."""
    decimals = max(math.ceil(-math.log10(step) - 1e-9), 0)
    return decimals if abs(round(step, decimals) - step) < 1e-6 * step else decimals + 1


def first_digit(power):
    """Return 2 for the logarithm of 0.2 or 200, and no whole number for that of a value of more digits."""
    digit = round(10 ** (power % 1), 6)
    return 1 if digit == 10 else digit


class PrintedAxis(pg.AxisItem):
    """An axis with true minus signs and, where it is logarithmic, powers of ten."""

    def __init__(self, orientation):
        super().__init__(orientation)
        self.enableAutoSIPrefix(False)
        self._finest, self._written = 1.0, (1,)
        self.is_whole = False  # there is nothing between whole numbers

    def tickValues(self, low, high, size):
        """Remember the finest step that is written, so that all numbers of an axis have as many decimals."""
        levels = [level for level in super().tickValues(low, high, size) if not (self.is_whole and level[0] and level[0] < 1)]
        written = [spacing for spacing, values in levels[: self.style["maxTickLevel"] + 1] if spacing and len(values)]
        self._finest = min(written, default=1.0)
        return levels

    def boundingRect(self):
        """Leave room for the numbers at both ends, which would be left out otherwise."""
        return super().boundingRect().adjusted(-16, -8, 16, 8)

    def logTickValues(self, low, high, size, levels):
        """Remember which numbers of a decade are written: 1 alone over many decades, 2 and 5 too over few, else every one."""
        decades = high - low
        self._written = (1,) if decades > 2.5 else (1, 2, 5) if decades > 0.7 else tuple(range(1, 10))
        return super().logTickValues(low, high, size, levels)

    def tickStrings(self, values, scale, spacing):
        """Write the values; on a logarithmic axis as many numbers of a decade as there is room for."""
        if self.logMode:
            return [tick(float(f"{10.0**v:.6g}")) if first_digit(v) in self._written else "" for v in values]
        step = self._finest * scale
        if step >= 1 or max(map(abs, values), default=0) * scale >= 1e4:
            return [tick(round(v * scale, 12)) for v in values]
        decimals = decimals_of(step)
        return [fixed(v * scale, decimals) if decimals <= 4 else tick(float(f"{v * scale:.6g}")) for v in values]


class Diagram(pg.PlotWidget):
    """A plot that follows the theme; subclasses draw their data in :meth:`draw`.

    Parameters
    ----------
    x_label, y_label : str
    parent : QWidget, optional
    """

    def __init__(self, x_label, y_label, parent=None):
        axes = {side: PrintedAxis(side) for side in ("bottom", "left")}
        super().__init__(parent, background=None, axisItems=axes, enableMenu=False)
        without_index(self)
        self._labels = {"bottom": x_label, "left": y_label}
        self._theme = themes.current()
        self._stale = self._axes_stale = True
        self._is_blank = False  # seen, but never drawn since it was hidden
        self.postpone = None  # takes a diagram that may be drawn a moment later, so that many do not hold up the window together
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(120, 100)
        self.plotItem.setContentsMargins(0, 4, 6, 0)
        themes.notifier.changed.connect(self.restyle)

    def draw(self):
        """Add the items of the plot in the colours of ``self._theme``; the plot is empty when this is called."""

    def entries(self):
        """Return what is seen, for a :class:`Key`."""
        return []

    def redraw(self):
        """Draw everything anew, at once if it is seen and otherwise when it will be."""
        self._stale = True
        if self.isVisible():
            self._draw_soon()

    def _draw_soon(self):
        self.bring_up_to_date() if self.postpone is None else self.postpone(self)

    @property
    def is_up_to_date(self):
        """Whether nothing waits to be drawn."""
        return not self._stale

    def bring_up_to_date(self):
        """Draw what has changed meanwhile, seen or not."""
        if not self._stale:
            return
        was_blank, self._stale, self._is_blank = self._is_blank, False, False
        self._draw_anew()
        if was_blank:  # Qt still waits for the painting that was left out, and asks for no other one
            self.viewport().update()

    def _draw_anew(self):
        if self._axes_stale:
            self._style_axes()
        self.clear()
        self.draw()

    def showEvent(self, event):
        """Draw what has changed meanwhile."""
        super().showEvent(event)
        if self._stale:
            self._is_blank = self.postpone is not None
            self._draw_soon()

    def paintEvent(self, event):
        """Paint nothing in place of what is out of date and will be drawn in a moment: four axes take 20 ms."""
        if not self._is_blank:
            super().paintEvent(event)

    def restyle(self, theme):
        """Take the colours of a theme."""
        self._theme, self._axes_stale = theme, True
        self.redraw()

    def label(self, side):
        """Return what is written along the ``"bottom"`` or the ``"left"`` axis."""
        return self._labels[side]

    def set_label(self, side, label):
        """Write something else along the ``"bottom"`` or the ``"left"`` axis."""
        self._labels[side] = label
        self._axes_stale = True

    def _style_axes(self):
        theme, self._axes_stale = self._theme, False
        for side, label in self._labels.items():
            axis = self.getAxis(side)
            axis.setPen(QPen(translucent(theme.quiet, 0.5), 1.0))
            axis.setTextPen(QColor(theme.quiet))
            axis.setStyle(tickFont=themes.font(themes.CAPTION_SIZE), tickLength=4, tickTextOffset=5, maxTickLevel=1)
            axis.setLabel(label, **{"color": theme.quiet, "font-size": f"{themes.scaled(themes.CAPTION_SIZE)}px"})
            axis.setGrid(GRID_OPACITY)

    @staticmethod
    def pen(colour, width=1.0, style=Qt.PenStyle.SolidLine):
        """Make a pen as wide on the screen as said."""
        pen = QPen(QColor(colour), width, style)
        pen.setCosmetic(True)
        return pen

    def wheelEvent(self, event):
        """Leave scrolling to whoever holds the plot."""
        event.ignore()

    def line(self, x, y, colour, width=2.0, style=Qt.PenStyle.SolidLine, **options):
        """Add a line through points; nan breaks it."""
        pen = self.pen(colour, width, style)
        return self.plot(np.asarray(x, float), np.asarray(y, float), pen=pen, connect="finite", **options)

    def placed(self, x, y):
        """Return points as they stand in the view: their logarithms along logarithmic axes, nan for what has none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return tuple(
                np.log10(np.asarray(v, float)) if self.getAxis(side).logMode else np.asarray(v, float)
                for side, v in (("bottom", x), ("left", y))
            )

    def marks(self, x, y, colour, symbol="o", size=7):
        """Add symbols; ``"x"`` and ``"+"`` are drawn as strokes."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        good = np.isfinite(x) & np.isfinite(y)
        item = pg.ScatterPlotItem(
            x[good], y[good], symbol=symbol, size=size, pen=pg.mkPen(colour, width=0), brush=pg.mkBrush(colour)
        )
        self.addItem(item)
        return item

    def error_bars(self, x, low, high, colour, width=1.5):
        """Add vertical bars from ``low`` to ``high``."""
        x, low, high = (np.asarray(v, float) for v in (x, low, high))
        good = np.isfinite(low) & np.isfinite(high)
        points = np.stack([low[good], high[good], np.full(good.sum(), np.nan)], axis=1).ravel()
        return self.line(np.repeat(x[good], 3), points, colour, width)


class Words(pg.GraphicsObject):
    """Texts at places of a diagram, each on a ground that lets lines shine through; one item, as each costs a millisecond.

    Parameters
    ----------
    theme : Theme
    """

    def __init__(self, theme):
        super().__init__()
        self._ground = translucent(theme.ground, GROUND_OPACITY)
        self.entries = []

    def add(self, text, x, y, colour, anchor, bold=False):
        """Add a text: where its point ``anchor`` (0 to 1 of its width and height, from the upper left) lies in the diagram."""
        font = themes.font(themes.CAPTION_SIZE)
        font.setBold(bold)
        self.entries.append((text, x, y, colour, anchor, font))

    def boundingRect(self):
        """Return what is seen of the diagram."""
        return self.viewRect()

    def viewTransformChanged(self):
        """Follow the view."""
        self.prepareGeometryChange()

    def paint(self, painter, option, widget=None):
        """Paint the texts in pixels of the screen."""
        to_device = painter.transform()
        painter.save()
        painter.resetTransform()
        ratio = 1.0 if widget is None else widget.devicePixelRatioF()
        painter.scale(ratio, ratio)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        for text, x, y, colour, (left, top), font in self.entries:
            place = to_device.map(QPointF(x, y)) / ratio
            size = QFontMetricsF(font, painter.device()).size(0, text) + QSizeF(2 * WORDS_MARGIN, 2 * WORDS_MARGIN)
            area = QRectF(place - QPointF(left * size.width(), top * size.height()), size)
            painter.fillRect(area, self._ground)
            painter.setFont(font)
            painter.setPen(QColor(colour))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()


class Key(QLabel):
    """One line that says which colour is what.

    Entries are ``(swatch, colour name of the theme, text)`` with swatches from :data:`SWATCHES`.
    """

    def __init__(self, entries=(), parent=None):
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setProperty("role", "caption")
        self.setWordWrap(True)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._entries = tuple(entries)
        themes.notifier.changed.connect(self._write)
        self._write(themes.current())

    def set_entries(self, entries):
        """Say something else."""
        self._entries = tuple(entries)
        self._write(themes.current())

    def _write(self, theme):
        parts = (
            f'<span style="color:{getattr(theme, colour)}">{SWATCHES[swatch]}</span>&nbsp;{unbroken(text)}'
            for swatch, colour, text in self._entries
        )
        self.setText(f"{3 * NO_BREAK} ".join(parts))


def unbroken(text):
    """Return a text in which no line ends, for rich text."""
    return text.replace(" ", NO_BREAK).replace(THIN_SPACE, NO_BREAK)


def statistic_label(name, in_sentence=False):
    """Return how a statistic is called in print: ``"Likelihood ratio"``, ``"BCNN"``."""
    label = label_of(name)
    return label[0].lower() + label[1:] if in_sentence and name in STATISTICS else label


def statistic_colour(name):
    """Return the theme's name of the colour of a statistic: ``limit``, ``active`` for networks, ``text`` for what needs no training."""
    return "limit" if name == "likelihood_ratio" else "text" if name in STATISTICS else "active"


def statistic_lines(names):
    """Return ``{name: (pen style, symbol, swatch)}``, so that statistics of one colour can be told apart.

    Names are those of statistics, or tuples that begin with one, as where one statistic is seen several times.
    """
    found, used = {}, {}
    for name in sorted(set(names)):
        colour = statistic_colour(name if isinstance(name, str) else name[0])
        found[name] = LINES[used.get(colour, 0) % len(LINES)]
        used[colour] = used.get(colour, 0) + 1
    return found
