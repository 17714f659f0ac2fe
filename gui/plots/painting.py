"""Small things painted on skies: texts with a halo, a colour bar, events and sources."""

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainterPath, QPen, QPolygonF

from ..style import theme as themes
from ..style.numbers import tick
from .maps import LEVELS


def text_width(text, font):
    """Width of a text in pixels."""
    return QFontMetricsF(font).horizontalAdvance(text)


def paint_text(painter, x, y, text, colour, font, halo=None, align="left"):
    """Write ``text`` with its baseline at ``y``; ``halo`` is a QColor around the letters."""
    if align != "left":
        x -= text_width(text, font) * (0.5 if align == "centre" else 1.0)
    if halo is None:
        painter.setFont(font)
        painter.setPen(QColor(colour))
        painter.drawText(QPointF(x, y), text)
        return
    path = QPainterPath()
    path.addText(QPointF(x, y), font, text)
    painter.strokePath(path, QPen(halo, 3.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.fillPath(path, QColor(colour))


def paint_colour_bar(painter, rect, scale, colours, theme, title="", discrete=False):
    """Draw a horizontal colour bar with round values below and a title above.

    Parameters
    ----------
    painter : QPainter
    rect : QRectF
        Of the bar itself; the texts lie above and below.
    scale : ColourScale
    colours : ndarray of uint8, shape (256, 4)
    theme : Theme
    title : str
    discrete : bool
        Counts: whole numbers only.
    """
    row = np.ascontiguousarray(colours[:LEVELS])
    strip = QImage(row.data, LEVELS, 1, 4 * LEVELS, QImage.Format.Format_RGBA8888)
    painter.drawImage(rect, strip, QRectF(0, 0, LEVELS, 1))
    painter.setPen(QPen(QColor(theme.line), 1.0))
    painter.drawRect(rect.adjusted(-0.5, -0.5, 0.5, 0.5))
    font = themes.font(themes.CAPTION_SIZE)
    free_from = -np.inf
    for value in scale.ticks(discrete=discrete):
        x = rect.left() + float(scale.fraction(value)) * rect.width()
        half = text_width(tick(value), font) / 2
        middle = min(x, rect.right() + 4 - half)
        painter.setPen(QPen(QColor(theme.quiet), 1.0))
        painter.drawLine(QLineF(x, rect.bottom() + 1, x, rect.bottom() + 4))
        if middle - half > free_from + 4:
            paint_text(painter, middle, rect.bottom() + 2 + themes.scaled(13), tick(value), theme.quiet, font, align="centre")
            free_from = middle + half
    if title:
        paint_text(painter, rect.right(), rect.top() - 7, title, theme.quiet, font, align="right")


def paint_dots(painter, x, y, diameter, colour):
    """Draw round dots.

    Parameters
    ----------
    painter : QPainter
    x, y, diameter : ndarray, shape (n,)
        Pixels; diameters are rounded to half pixels, dots at nan left out.
    colour : QColor
    """
    seen = np.isfinite(x)
    x, y, sizes = x[seen], y[seen], np.round(2 * diameter[seen]) / 2
    for size in np.unique(sizes):
        chosen = sizes == size
        painter.setPen(QPen(colour, size, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPoints(QPolygonF([QPointF(a, b) for a, b in zip(x[chosen], y[chosen], strict=True)]))


def paint_ring(painter, x, y, radius, colour, halo, width=1.4):
    """Draw a ring that is seen on any ground."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(halo, width + 2.0), QPen(colour, width)):
        painter.setPen(pen)
        painter.drawEllipse(QPointF(x, y), radius, radius)


def paint_crosshair(painter, x, y, colour, halo, inner=5.0, outer=13.0):
    """Draw four strokes that leave the chosen point free."""
    strokes = [
        QLineF(x + a * inner, y + b * inner, x + a * outer, y + b * outer) for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1))
    ]
    for pen in (QPen(halo, 3.5), QPen(colour, 1.5)):
        painter.setPen(pen)
        painter.drawLines(strokes)
