"""The field in one plane through the Galaxy: strength as colour, direction as arrows, rays as lines."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem, QWidget

from ...core.units import GALAXY_RADIUS, SUN_DISTANCE
from ..style import theme as themes
from .base import Diagram
from .maps import NO_VALUE
from .painting import paint_colour_bar, paint_text, text_width
from .sky_view import Picture, colour_table, packed, translucent

ARROWS = 16  # along each axis
HEAD_LENGTH, HEAD_ANGLE = 0.32, np.radians(150)  # of an arrow: share of its length, and angle to its direction
WEAKEST = 1e-3  # of the strongest field: what is weaker has no arrow
RAY_COLOURS = ("active", "limit", "text")
RAY_STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine)
MOST_RAYS = len(RAY_COLOURS) * len(RAY_STYLES)


def ray_look(number):
    """Return the theme's name of the colour and the style of the line of a ray."""
    return RAY_COLOURS[number % len(RAY_COLOURS)], RAY_STYLES[number // len(RAY_COLOURS) % len(RAY_STYLES)]


def arrow_strokes(axis, right, up, strength, top, n=ARROWS):
    """Return the strokes of sparse arrows along the field as one broken line.

    Parameters
    ----------
    axis : ndarray, shape (m,)
        Coordinates of the points, kpc.
    right, up, strength : ndarray, shape (m, m)
        Components in the plane, and strength, microgauss; nan where there is no field.
    top : float
        Strongest field of the picture.
    n : int
        Arrows along each axis; each is as long as the share of the field that lies in the plane.

    Returns
    -------
    x, y : ndarray
        kpc; nan between strokes.
    """
    places = np.round((np.arange(n) + 0.5) / n * len(axis) - 0.5).astype(int)
    x, y = (part.ravel() for part in np.meshgrid(axis[places], axis[places]))
    right, up, strength = (part[np.ix_(places, places)].ravel() for part in (right, up, strength))
    seen = np.nan_to_num(strength) > WEAKEST * top
    x, y, right, up, strength = (part[seen] for part in (x, y, right, up, strength))
    length = 0.8 * (axis[-1] - axis[0]) / n / strength
    arrow = length * (right + 1j * up)
    centre = x + 1j * y
    tip, tail = centre + arrow / 2, centre - arrow / 2
    sides = [tip + HEAD_LENGTH * arrow * np.exp(sign * 1j * HEAD_ANGLE) for sign in (1, -1)]
    gap = np.full_like(tip, np.nan)
    strokes = np.stack([tail, tip, gap, sides[0], tip, sides[1], gap], axis=1).ravel()
    return strokes.real, strokes.imag


class PlaneDiagram(Diagram):
    """One plane of the Galaxy.

    Attributes
    ----------
    pointed : Signal(object)
        The mouse is over a point of the picture (index upwards, index to the right), or over none (None).
    """

    pointed = Signal(object)

    def __init__(self, plane, parent=None):
        super().__init__(f"{plane[0]} (kpc)", f"{plane[1]} (kpc)", parent)
        self._plane = self._scale = self._indices = self._strokes = None
        self._axes = (0, 1 if plane == "xy" else 2)
        self._rays = ()
        self.setAspectLocked(True)
        self.scene().sigMouseMoved.connect(self._mouse_moved)
        self.setAccessibleName(f"Galactic field in the {plane[0]}-{plane[1]} plane")

    @property
    def plane(self):
        """The ``FieldPlane`` shown, or None."""
        return self._plane

    @property
    def rays(self):
        """The rays drawn."""
        return self._rays

    def set_plane(self, plane, scale):
        """Show a ``FieldPlane`` in the colours of a :class:`~.maps.ColourScale`; None for none."""
        self._plane, self._scale = plane, scale
        if plane is not None:
            strength = plane.strength
            self._indices = np.ascontiguousarray(scale.colour_indices(strength))
            self._strokes = arrow_strokes(plane.axis, plane.right, plane.up, strength, scale.high)
        self.redraw()

    def set_rays(self, rays):
        """Draw rays (``points`` in kpc); the first is number 1."""
        self._rays = tuple(rays)
        self.redraw()

    def draw(self):
        """Draw strength, arrows, the edge of the Galaxy, the Sun and the rays."""
        plane, theme = self._plane, self._theme
        if plane is None:
            return
        half = plane.half_width
        picture = Picture()
        colours = colour_table(theme)
        colours[NO_VALUE, 3] = 0
        picture.set_colours(packed(colours))
        picture.setImage(self._indices, autoLevels=False)
        picture.setRect(QRectF(-half, -half, 2 * half, 2 * half))
        self.addItem(picture)
        halo = translucent(QColor(*(int(c) for c in colours[0, :3])), 0.55)
        self.line(*self._strokes, halo, 2.6)
        self.line(*self._strokes, translucent(theme.text, 0.9), 1.0)
        self._draw_edge()
        self._draw_rays(halo)
        self._mark(-SUN_DISTANCE, 0, "Sun", halo)
        self.plotItem.vb.setRange(QRectF(-half, -half, 2 * half, 2 * half), padding=0.02)

    def _draw_edge(self):
        path = QPainterPath()
        path.addEllipse(QPointF(0, 0), GALAXY_RADIUS, GALAXY_RADIUS)
        edge = QGraphicsPathItem(path)
        edge.setPen(self.pen(translucent(self._theme.quiet, 0.6), 1.0))
        self.addItem(edge)

    def _draw_rays(self, halo):
        for number, ray in enumerate(self._rays):
            colour, style = ray_look(number)
            x, y = (ray.points[:, axis] for axis in self._axes)
            self.line(x, y, halo, 4.5)
            self.line(x, y, getattr(self._theme, colour), 2.0, style)
        for number, ray in enumerate(self._rays):
            colour, _ = ray_look(number)
            self._write(*(ray.points[-1, axis] for axis in self._axes), str(number + 1), colour, 5, halo)

    def _mark(self, x, y, text, halo):
        self.marks([x], [y], halo, size=13)
        self.marks([x], [y], self._theme.active, size=8)
        self._write(x, y, text, "text", 20, halo)

    def _write(self, x, y, text, colour, down, halo):
        """Write ``text`` centred at a point of the plane, its baseline so many pixels below."""
        font, path = themes.font(weight=QFont.Weight.DemiBold), QPainterPath()
        path.addText(QPointF(-text_width(text, font) / 2, down), font, text)
        pen = QPen(halo, 3.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        for stroke, fill in ((pen, halo), (QPen(Qt.PenStyle.NoPen), QColor(getattr(self._theme, colour)))):
            item = QGraphicsPathItem(path)
            item.setFlag(QGraphicsPathItem.GraphicsItemFlag.ItemIgnoresTransformations)
            item.setPen(stroke)
            item.setBrush(fill)
            item.setPos(float(x), float(y))
            self.addItem(item, ignoreBounds=True)

    def _mouse_moved(self, position):
        if self._plane is None:
            return
        n, half = len(self._plane.axis), self._plane.half_width
        point = self.plotItem.vb.mapSceneToView(position)
        right, up = (int(np.floor((value + half) / (2 * half) * n)) for value in (point.x(), point.y()))
        inside = 0 <= right < n and 0 <= up < n and not np.isnan(self._plane.field[up, right, 0])
        self.pointed.emit((up, right) if inside else None)

    def leaveEvent(self, event):
        """Say that the mouse is over none."""
        super().leaveEvent(event)
        self.pointed.emit(None)


class StrengthBar(QWidget):
    """The colour bar that both planes share."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scale = None
        self.setFixedSize(330, 30)
        themes.notifier.changed.connect(self.update)

    def set_scale(self, scale):
        """Show a :class:`~.maps.ColourScale`; None for no bar."""
        self._scale = scale
        self.update()

    def paintEvent(self, event):
        """Paint the bar with what it shows on its left."""
        if self._scale is None:
            return
        theme, painter = themes.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = QRectF(self.width() - 188, 3, 172, 8)
        paint_colour_bar(painter, bar, self._scale, colour_table(theme), theme)
        font = themes.font(themes.CAPTION_SIZE)
        paint_text(painter, bar.left() - 12, bar.bottom() + 1, "field strength (µG)", theme.quiet, font, align="right")
        painter.end()
