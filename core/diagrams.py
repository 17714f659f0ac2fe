"""Diagrams as plain data, and how they are drawn with matplotlib on its Agg canvas.

Whoever shows a diagram on a screen describes it in these parts; the picture for a paper then has the same points, limits and axes.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from .figures import INK

STYLES = {
    "solid": "-", "dashed": (0, (5, 3)), "dotted": (0, (1, 1.8)), "dash_dotted": (0, (6, 2, 1, 2)),
    "dash_dot_dotted": (0, (6, 2, 1, 2, 1, 2)),
}
POINTS_PER_PIXEL = 0.72  # a pixel of the screen on paper
SMALL, USUAL = 8, 9  # points
KEY_LINE = {"line": "solid", "dashes": "dashed"} | {style: style for style in STYLES if style != "solid"}
KEY_MARK = {"dot": "o", "cross": "x", "plus": "+", "star": "*"}


@dataclass(frozen=True)
class Line:
    """A line through points, nan breaks it; colours of all parts are ``#rrggbb`` or ``#rrggbbaa``, widths and sizes pixels."""

    x: np.ndarray
    y: np.ndarray
    colour: str
    width: float = 2.0
    style: str = "solid"


@dataclass(frozen=True)
class Marks:
    """Symbols at points, by matplotlib's names of markers."""

    x: np.ndarray
    y: np.ndarray
    colour: str
    symbol: str = "o"
    size: float = 7.0


@dataclass(frozen=True)
class Steps:
    """A histogram of ``n`` values between ``n + 1`` edges, filled where ``fill`` is a colour."""

    edges: np.ndarray
    values: np.ndarray
    colour: str
    width: float = 1.4
    fill: str = ""


@dataclass(frozen=True)
class Bars:
    """Bars from the axis up."""

    left: np.ndarray
    width: np.ndarray
    height: np.ndarray
    colour: str


@dataclass(frozen=True)
class Rule:
    """A straight line across the diagram."""

    value: float
    is_vertical: bool
    colour: str
    width: float = 1.0
    style: str = "dashed"


@dataclass(frozen=True)
class Words:
    """A text; ``anchor`` is the point of its box that stands at (x, y): (0, 0) the upper left corner."""

    x: float
    y: float
    text: str
    colour: str
    anchor: tuple = (0.0, 0.0)


@dataclass(frozen=True)
class Axis:
    """One axis: limits in the unit of the data; ``ticks`` are ``(value, text)`` where they are not left to the program."""

    label: str
    low: float
    high: float
    is_logarithmic: bool = False
    ticks: tuple | None = None
    is_shown: bool = True


@dataclass(frozen=True)
class Drawing:
    """All that is seen of one diagram.

    Attributes
    ----------
    x, y : Axis
    parts : tuple
        In the order of drawing.
    key : tuple of (str, str, str)
        Swatch, colour, text.
    aspect : float
        Height over width.
    title : str
    """

    x: Axis
    y: Axis
    parts: tuple = ()
    key: tuple = ()
    aspect: float = 0.7
    title: str = ""


def drawing_figure(drawing, width=5.6):
    """Draw a diagram.

    Parameters
    ----------
    drawing : Drawing
    width : float, optional
        Inches.

    Returns
    -------
    matplotlib.figure.Figure
    """
    lines = -(-len(drawing.key) // 2)
    figure = Figure(figsize=(width, width * drawing.aspect + 0.17 * lines), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for part in drawing.parts:
        _DRAW[type(part)](axes, part)
    for side, axis, parallel in (("x", drawing.x, axes.xaxis), ("y", drawing.y, axes.yaxis)):
        if axis.is_logarithmic:
            axes.set(**{f"{side}scale": "log"})
        axes.set(**{f"{side}lim": (axis.low, axis.high)})
        if axis.is_logarithmic:
            parallel.set_major_locator(FixedLocator(round_values(axis.low, axis.high)))
            parallel.set_major_formatter(FuncFormatter(_round_text))
            parallel.set_minor_formatter(NullFormatter())
        if axis.ticks is not None:
            parallel.set_ticks([value for value, _ in axis.ticks], [text for _, text in axis.ticks])
            parallel.set_minor_locator(NullLocator())
        parallel.set_visible(axis.is_shown)
        parallel.set_label_text(axis.label, color=INK, fontsize=USUAL)
    axes.tick_params(labelsize=SMALL, color=INK, labelcolor=INK)
    axes.grid(alpha=0.25, lw=0.5)
    axes.set_axisbelow(True)
    for side, is_seen in (("top", False), ("right", False), ("left", drawing.y.is_shown), ("bottom", drawing.x.is_shown)):
        axes.spines[side].set_visible(is_seen)
    if drawing.title:
        axes.set_title(drawing.title, color=INK, fontsize=USUAL + 1)
    if drawing.key:
        figure.legend(
            handles=[_key(*entry) for entry in drawing.key], loc="outside upper left", ncols=2, frameon=False, fontsize=SMALL,
            labelcolor=INK,
        )
    return figure


def round_values(low, high):
    """Return round numbers along a logarithmic axis: powers of ten over many decades, 2 and 5 times them too over few."""
    decades = np.log10(high / low)
    digits = (1,) if decades > 2.5 else (1, 2, 5) if decades > 0.7 else range(1, 10)
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    return [digit * 10.0**power for power in powers for digit in digits if low <= digit * 10.0**power <= high]


def _round_text(value, _):
    if 1e-3 <= value < 1e5:
        return f"{value:.6g}"
    power = int(np.floor(np.log10(value) + 1e-9))
    digit = round(value / 10.0**power)
    return f"$10^{{{power}}}$" if digit == 1 else f"${digit}\\times10^{{{power}}}$"


def _key(swatch, colour, text):
    if swatch in KEY_LINE:
        return Line2D([], [], color=colour, ls=STYLES[KEY_LINE[swatch]], lw=1.6, label=text)
    if swatch in KEY_MARK:
        return Line2D([], [], color=colour, ls="none", marker=KEY_MARK[swatch], ms=5, label=text)
    return Patch(color=colour, alpha=0.6, lw=0, label=text)


def _line(axes, part):
    axes.plot(part.x, part.y, color=part.colour, lw=POINTS_PER_PIXEL * part.width, ls=STYLES[part.style])


def _marks(axes, part):
    axes.plot(
        part.x, part.y, part.symbol, color=part.colour, ms=POINTS_PER_PIXEL * part.size, mew=1.2 if part.symbol in "x+" else 0,
    )


def _steps(axes, part):
    if part.fill:
        axes.stairs(part.values, part.edges, color=part.fill, fill=True, lw=0)
    axes.stairs(part.values, part.edges, color=part.colour, lw=POINTS_PER_PIXEL * part.width)


def _bars(axes, part):
    axes.bar(part.left, part.height, part.width, align="edge", color=part.colour)


def _rule(axes, part):
    across = axes.axvline if part.is_vertical else axes.axhline
    across(part.value, color=part.colour, lw=POINTS_PER_PIXEL * part.width, ls=STYLES[part.style])


def _words(axes, part):
    across, up = part.anchor
    horizontal = "left" if across < 0.25 else "right" if across > 0.75 else "center"
    vertical = "top" if up < 0.25 else "bottom" if up > 0.75 else "center"
    axes.text(part.x, part.y, part.text, color=part.colour, ha=horizontal, va=vertical, fontsize=SMALL, clip_on=False)


_DRAW = {Line: _line, Marks: _marks, Steps: _steps, Bars: _bars, Rule: _rule, Words: _words}
