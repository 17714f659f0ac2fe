"""What the large map and the small ones share: pictures of whole skies with outline and graticule in one scene."""

import functools

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QGraphicsPathItem

from .. import theme as themes
from .maps import LEVELS, NO_VALUE
from .projection import graticule, project, unproject
from .tables import tables

RESIZE_PAUSE = 60  # ms without a change of size before pictures are made anew; until then the old ones are stretched


def colour_table(theme):
    """Colours of indexed sky pictures, shape (256, 4), uint8; the last stands for "no value"."""
    colours = themes.sky_lookup(theme)
    table = np.full((LEVELS + 1, 4), 255, np.uint8)
    table[:LEVELS, :3] = colours[np.round(np.linspace(0, len(colours) - 1, LEVELS)).astype(int)]
    table[NO_VALUE, :3] = QColor(theme.line).getRgb()[:3]
    return table


def packed(table):
    """Return the colours of a table, shape (256, 4), as the list of numbers 0xAARRGGBB that a :class:`Picture` takes."""
    return [(a << 24) + (r << 16) + (g << 8) + b for r, g, b, a in table.tolist()]


def translucent(colour, alpha):
    """Return a theme colour as QColor with an opacity from 0 to 1."""
    mixed = QColor(colour)
    mixed.setAlphaF(alpha)
    return mixed


@functools.cache
def graticule_polygons():
    """Curves of the graticule in plane coordinates."""
    return tuple(QPolygonF([QPointF(x, y) for x, y in zip(*curve, strict=True)]) for curve in graticule())


class Picture(pg.ImageItem):
    """An image of colour indices; its 256 colours are given once instead of being worked out for every picture."""

    def __init__(self):
        super().__init__(axisOrder="row-major")
        self._colour_table = []

    def set_colours(self, table):
        """Use other colours, a list of 256 numbers 0xAARRGGBB."""
        self._colour_table = table
        self._renderRequired = True
        self.update()

    def render(self):
        """Make the image that is drawn."""
        height, width = self.image.shape
        self.qimage = QImage(self.image.data, width, height, self.image.strides[0], QImage.Format.Format_Indexed8)
        self.qimage.setColorTable(self._colour_table)
        self._renderRequired = self._unrenderable = False


class SkyView(pg.GraphicsView):
    """A scene of whole-sky pictures; subclasses place them and paint what lies on top.

    Attributes
    ----------
    hovered : Signal(int, float, float)
        Picture, Galactic longitude and latitude in degrees under the mouse; (-1, nan, nan) off the sky.
    clicked : Signal(int, float, float)
        The same where the left button was pressed.
    """

    hovered = Signal(int, float, float)
    clicked = Signal(int, float, float)
    graticule_opacity = 0.55

    def __init__(self, parent=None):
        super().__init__(parent, useOpenGL=False, background=None)
        self.setAntialiasing(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._theme = themes.current()
        self._images, self._rects, self._indices, self._nside, self._last_table = [], [], None, None, (None, None)
        self._frame = self._overlay = None  # what lies over the pictures, kept until it changes
        self._skies = QGraphicsPathItem()
        self._skies.setZValue(-1)
        self.addItem(self._skies)
        self._resizing = QTimer(self, singleShot=True, interval=RESIZE_PAUSE)
        self._resizing.timeout.connect(self._draw)
        tables.ready.connect(self._table_ready)
        themes.notifier.changed.connect(self.restyle)
        self.restyle(self._theme)

    def rectangles(self, width, height):
        """Return where each picture lies in a view of this size, as a list of QRectF."""
        raise NotImplementedError

    def paint_overlay(self, painter):
        """Paint markers and texts in pixels of the view."""

    def set_picture_count(self, n):
        """Have ``n`` pictures."""
        if n == len(self._images):
            return
        while len(self._images) > n:
            self.removeItem(self._images.pop())
        while len(self._images) < n:
            image = Picture()
            image.set_colours(self._packed)
            self._images.append(image)
            self.addItem(image)
        self._arrange()

    def set_indices(self, indices, nside):
        """Show maps given as colour indices.

        Parameters
        ----------
        indices : ndarray of uint8, shape (n_pictures, npix), or None
            NESTED; None empties the view.
        nside : int
        """
        if nside == self._nside and indices is not None and np.array_equal(indices, self._indices):
            return
        self._indices, self._nside = indices, nside
        self.set_picture_count(0 if indices is None else len(indices))
        self._draw()

    def restyle(self, theme):
        """Take the colours of a theme."""
        self._theme = theme
        self._colours = colour_table(theme)
        self._packed = packed(self._colours)
        self.setBackground(theme.ground)
        self._skies.setBrush(QColor(*(int(c) for c in self._colours[0, :3])))
        self._skies.setPen(QPen(Qt.PenStyle.NoPen))
        self._frame = None
        for image in self._images:
            image.set_colours(self._packed)
        self.refresh()

    def limb_colour(self, theme):
        """Colour of the outline."""
        return translucent(theme.quiet, 0.6)

    def resizeEvent(self, event):
        """Stretch the pictures at once and make them anew when the size rests."""
        super().resizeEvent(event)
        if hasattr(self, "_resizing"):
            self._arrange()
            self._resizing.start()

    def _arrange(self):
        self._rects = self.rectangles(self.width(), self.height())[: len(self._images)]
        skies = QPainterPath()
        for image, rect in zip(self._images, self._rects, strict=True):
            if image.image is not None:
                image.setRect(rect)
            skies.addEllipse(rect)
        self._skies.setPath(skies)
        self._frame = None
        self.refresh()

    def refresh(self):
        """Have the overlay painted anew."""
        self._overlay = None
        self.viewport().update()

    def drawForeground(self, painter, _):
        """Lay frame and overlay over the pictures."""
        if self._frame is None or self._frame.devicePixelRatio() != self.devicePixelRatioF():
            self._frame, self._overlay = self._layer(self._paint_frame), None
        if self._overlay is None:
            self._overlay = self._layer(self.paint_overlay)
        painter.save()
        painter.resetTransform()
        painter.drawPixmap(0, 0, self._frame)
        painter.drawPixmap(0, 0, self._overlay)
        painter.restore()

    def _layer(self, paint):
        ratio = self.devicePixelRatioF()
        layer = QPixmap(self.size() * ratio)
        layer.setDevicePixelRatio(ratio)
        layer.fill(Qt.GlobalColor.transparent)
        painter = QPainter(layer)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint(painter)
        painter.end()
        return layer

    def _paint_frame(self, painter):
        """Paint outline, graticule and, outside the skies, the ground."""
        if not self._rects:
            return
        theme, mask = self._theme, QPainterPath()
        mask.addRect(QRectF(self.rect()).adjusted(-1, -1, 1, 1))
        mask.addPath(self._skies.path())
        mask.setFillRule(Qt.FillRule.OddEvenFill)
        painter.fillPath(mask, QColor(theme.ground))
        pen = QPen(translucent(theme.quiet, self.graticule_opacity * 0.6), 0.8)
        pen.setCosmetic(True)
        painter.setPen(pen)
        for rect in self._rects:
            painter.save()
            painter.translate(rect.center())
            painter.scale(rect.width() / 4, -rect.height() / 2)
            for curve in graticule_polygons():
                painter.drawPolyline(curve)
            painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self.limb_colour(theme), 1.2))
        for rect in self._rects:
            painter.drawEllipse(rect)

    def _table(self):
        """Lookup table of the pictures' size; while that is being made the last one, None if there is none."""
        fitting = None if self._resizing.isActive() else tables.get(self, self._nside, *self._picture_size())
        if fitting is not None:
            self._last_table = self._nside, fitting
        nside, table = self._last_table
        return table if nside == self._nside else None

    def _picture_size(self):
        ratio = self.devicePixelRatioF()
        return max(round(self._rects[0].width() * ratio), 1), max(round(self._rects[0].height() * ratio), 1)

    def _draw(self):
        """Make the pictures, if there is a table."""
        table = self._table() if self._indices is not None and self._rects else None
        if table is None:
            return
        for image, rect, row in zip(self._images, self._rects, self._indices, strict=True):
            self._before_picture(image)
            image.setImage(self.picture(row, table), autoLevels=False)
            image.setRect(rect)

    def picture(self, row, table):
        """Return the picture, shape (height, width), of one map of colour indices."""
        return row[table]

    def _before_picture(self, image):
        """Look at the old picture before it is replaced."""

    def _table_ready(self, key):
        if self._rects and key == (self._nside, *self._picture_size()):
            self._draw()

    @staticmethod
    def _to_view(rect, x, y):
        centre = rect.center()
        return centre.x() + np.asarray(x) * rect.width() / 4, centre.y() - np.asarray(y) * rect.height() / 2

    def position(self, glon, glat, picture=0):
        """Where a direction (degrees, shape (...,)) lies in the view: x and y in pixels."""
        return self._to_view(self._rects[picture], *project(glon, glat))

    def direction_at(self, point):
        """Picture, longitude and latitude in degrees under a point of the view; (-1, nan, nan) off the sky."""
        for i, rect in enumerate(self._rects):
            if rect.contains(point):
                centre = rect.center()
                x = (point.x() - centre.x()) * 4 / rect.width()
                y = (centre.y() - point.y()) * 2 / rect.height()
                glon, glat = unproject(x, y)
                if not np.isnan(glon):
                    return i, float(glon), float(glat)
        return -1, np.nan, np.nan

    def mouseMoveEvent(self, event):
        """Say what lies under the mouse."""
        self.hovered.emit(*self.direction_at(event.position()))

    def leaveEvent(self, event):
        """Say that nothing lies under the mouse."""
        self.hovered.emit(-1, np.nan, np.nan)
        super().leaveEvent(event)

    def mousePressEvent(self, event):
        """Say what was chosen."""
        if event.button() == Qt.MouseButton.LeftButton:
            picture, glon, glat = self.direction_at(event.position())
            if picture >= 0:
                self.clicked.emit(picture, glon, glat)

    def mouseReleaseEvent(self, event):
        """Nothing: a press has been answered."""

    def mouseDoubleClickEvent(self, event):
        """Answer like a press."""
        self.mousePressEvent(event)

    def wheelEvent(self, event):
        """Leave scrolling to whoever holds the view."""
        event.ignore()
