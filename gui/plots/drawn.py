"""What is seen of a diagram as plain data, in the colours of print: the picture for a paper is drawn from it in the background."""

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from ..style import theme as themes
from .base import Words

PRINT = themes.LIGHT
STYLES = {
    Qt.PenStyle.SolidLine: "solid", Qt.PenStyle.DashLine: "dashed", Qt.PenStyle.DotLine: "dotted", Qt.PenStyle.DashDotLine: "dash_dotted",
    Qt.PenStyle.DashDotDotLine: "dash_dot_dotted",
}
SYMBOLS = {"o": "o", "s": "s", "t1": "^", "t": "v", "d": "D", "x": "x", "+": "+", "star": "*"}
NAMES = ("text", "quiet", "active", "limit", "fault", "line", "ground", "panel", "control")  # of colours, the likeliest first


def drawing(diagram, title=""):
    """Describe a diagram as it would be seen now.

    Parameters
    ----------
    diagram : Diagram
    title : str, optional

    Returns
    -------
    zevatron.core.diagrams.Drawing
    """
    from ...core.diagrams import Drawing

    diagram.bring_up_to_date()
    size = diagram.size()
    return Drawing(
        _axis(diagram, "bottom"), _axis(diagram, "left"), tuple(part for item in diagram.plotItem.items for part in _parts(item, diagram)),
        tuple((swatch, getattr(PRINT, colour), text) for swatch, colour, text in diagram.entries()),
        min(max(size.height() / max(size.width(), 1), 0.45), 1.0), title,
    )


def can_be_drawn(diagram):
    """Whether everything in a diagram can be described; a picture of pixels cannot."""
    return not any(isinstance(item, pg.ImageItem) for item in diagram.plotItem.items)


def print_colour(colour):
    """Return the colour of print, ``#rrggbb`` or ``#rrggbbaa``, that stands for one of the theme in use."""
    colour, theme = QColor(colour), themes.current()
    seen = colour.name()
    name = next((name for name in NAMES if getattr(theme, name) == seen), None)
    found = seen if name is None else getattr(PRINT, name)
    return found if colour.alpha() == 255 else f"{found}{colour.alpha():02x}"


def _axis(diagram, side):
    from ...core.diagrams import Axis

    axis = diagram.getAxis(side)
    low, high = diagram.plotItem.vb.viewRange()[0 if side == "bottom" else 1]
    own = axis._tickLevels  # pyqtgraph has no other way to ask for the ticks that were set
    ticks = None if own is None else tuple((_data(axis, value), text) for level in own for value, text in level)
    if not axis.style["showValues"]:
        ticks = ()
    return Axis(diagram.label(side), _data(axis, low), _data(axis, high), bool(axis.logMode), ticks, axis.isVisible())


def _data(axis, value):
    return float(10.0**value if axis.logMode else value)


def _parts(item, diagram):
    """Yield the parts of one item in the units of the data."""
    from ...core import diagrams

    axes = diagram.getAxis("bottom"), diagram.getAxis("left")

    def places(x, y):
        return tuple(10.0 ** np.asarray(v, float) if axis.logMode else np.asarray(v, float) for axis, v in zip(axes, (x, y), strict=True))

    if isinstance(item, pg.PlotDataItem):
        x, y = item.getOriginalDataset()
        if x is not None:
            yield diagrams.Line(np.asarray(x), np.asarray(y), *_pen(item.opts["pen"]))
    elif isinstance(item, pg.ScatterPlotItem):
        colour = print_colour(item.opts["brush"].color())
        yield diagrams.Marks(*places(*item.getData()), colour, SYMBOLS[item.opts["symbol"]], float(item.opts["size"]))
    elif isinstance(item, pg.PlotCurveItem):
        x, y = item.getData()
        brush = item.opts["brush"]
        fill = print_colour(brush.color()) if brush is not None and item.opts["fillLevel"] is not None else ""
        colour, width, _ = _pen(item.opts["pen"])
        yield diagrams.Steps(np.asarray(x), np.asarray(y), colour, width, fill)
    elif isinstance(item, pg.BarGraphItem):
        left, width, height = (np.asarray(item.opts[name], float) for name in ("x0", "width", "height"))
        yield diagrams.Bars(left, width, height, print_colour(item.opts["brush"]))
    elif isinstance(item, pg.InfiniteLine):
        is_vertical = item.angle == 90
        yield diagrams.Rule(_data(axes[0 if is_vertical else 1], item.value()), is_vertical, *_pen(item.pen))
    elif isinstance(item, pg.TextItem):
        x, y = places(item.pos().x(), item.pos().y())
        yield diagrams.Words(float(x), float(y), item.textItem.toPlainText(), print_colour(item.color), tuple(item.anchor))
    elif isinstance(item, Words):
        for text, x, y, colour, anchor, _ in item.entries:
            yield diagrams.Words(*map(float, places(x, y)), text, print_colour(colour), tuple(anchor))
    else:
        raise TypeError(f"no words for {type(item).__name__}")


def _pen(pen):
    pen = pg.mkPen(pen)
    width = pen.widthF()
    return print_colour(pen.color()), 1.0 if math.isclose(width, 0) else width, STYLES.get(pen.style(), "solid")
