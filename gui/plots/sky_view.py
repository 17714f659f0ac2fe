"""What the large map and the small ones share: pictures of whole skies with outline and graticule in one scene."""

import functools
import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QGraphicsPathItem, QGraphicsScene

from ...core.sky import frame_rotation, lonlat, unit_vectors
from ..style import colormaps
from ..style import theme as themes
from .maps import LEVELS, NO_VALUE
from .projection import WHOLE_SKY
from .tables import tables

RESIZE_PAUSE = 60  # ms without a change of size before pictures are made anew; until then the old ones are stretched
TURN_PAUSE = 90  # ms without a turn before the picture is made anew in full
ROUGH_POINTS = 60_000  # of a picture while it is turned: a few ms
DRAG_FROM = 4  # pixels; a press that moves less is a click
LAYERS = "lines", "frame", "overlay", "marks"  # over the pictures, from below
WHEEL_STEP = 1.15  # of the width of a zoom, for one notch


def colour_table(theme, name="standard"):
    """Colours of indexed sky pictures, shape (256, 4), uint8; the last stands for "no value"."""
    colours = colormaps.chosen(name, theme.sky, theme.is_dark)
    table = np.full((LEVELS + 1, 4), 255, np.uint8)
    table[:LEVELS, :3] = colours[np.round(np.linspace(0, len(colours) - 1, LEVELS)).astype(int)]
    table[NO_VALUE, :3] = QColor(theme.unseen).getRgb()[:3]
    return table


def packed(table):
    """Return the colours of a table, shape (256, 4), as the list of numbers 0xAARRGGBB that a :class:`Picture` takes."""
    return [(a << 24) + (r << 16) + (g << 8) + b for r, g, b, a in table.tolist()]


def translucent(colour, alpha):
    """Return a theme colour as QColor with an opacity from 0 to 1."""
    mixed = QColor(colour)
    mixed.setAlphaF(alpha)
    return mixed


@functools.lru_cache(16)
def graticule_path(projection):
    """Lines of the graticule in the coordinates of a picture."""
    return pg.arrayToQPath(*projection.graticule(), connect="finite")


@functools.lru_cache(16)
def plane_path(projection, frame):
    """Equator of a frame in the coordinates of a picture."""
    return pg.arrayToQPath(*projection.great_circle(frame_rotation(frame)[2]), connect="finite")


def without_index(view):
    """Let a view look through all its items instead of an index of places.

    pyqtgraph changes the bounds of items before it says so. Qt then takes them out of its index at their new place, keeps them
    at the old one, and paints them after they were deleted, which ends the program.
    """
    view.scene().setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)


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
    """A scene of pictures of the sky; subclasses place them and paint what lies on top.

    Attributes
    ----------
    hovered : Signal(int, float, float)
        Picture, Galactic longitude and latitude in degrees under the mouse; (-1, nan, nan) off the sky.
    clicked : Signal(int, float, float)
        The same where the left button was pressed and let go.
    double_clicked : Signal(int, float, float)
        The same where it was pressed twice.
    turned : Signal(object)
        The projection that a drag or the wheel asks for; whoever holds the view hands it to :meth:`set_projection`.
    """

    hovered = Signal(int, float, float)
    clicked = Signal(int, float, float)
    double_clicked = Signal(int, float, float)
    turned = Signal(object)
    graticule_opacity = 0.55

    def __init__(self, parent=None):
        super().__init__(parent, useOpenGL=False, background=None)
        without_index(self)
        self.setAntialiasing(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._theme = themes.current()
        self._images, self._rects, self._indices, self._nside, self._last_table = [], [], None, None, (None, None)
        self._layers = {}  # what lies over the pictures, kept until it changes
        self._projection, self._lines, self._colours_name = WHOLE_SKY, frozenset({"graticule"}), "standard"
        self._press, self._dragged, self._is_blank, self._limits = None, None, False, ()
        self._skies = QGraphicsPathItem()
        self._skies.setZValue(-1)
        self.addItem(self._skies)
        self._resizing = QTimer(self, singleShot=True, interval=RESIZE_PAUSE)
        self._resizing.timeout.connect(self._draw)
        self._turning = QTimer(self, singleShot=True, interval=TURN_PAUSE)
        self._turning.timeout.connect(self._draw)
        tables.ready.connect(self._table_ready)
        themes.notifier.changed.connect(self.restyle)
        self.restyle(self._theme)

    def rectangles(self, width, height):
        """Return where each picture lies in a view of this size, as a list of QRectF."""
        raise NotImplementedError

    def paint_overlay(self, painter):
        """Paint in pixels of the view what changes with every sky: events, numbers."""

    def paint_marks(self, painter):
        """Paint in pixels of the view what lies on all that and rests while skies change: names, sources."""

    def set_picture_count(self, n):
        """Have ``n`` pictures."""
        if n == len(self._images):
            return
        while len(self._images) > n:
            self.removeItem(self._images.pop())
        while len(self._images) < n:
            image = Picture()
            image.set_colours(self._packed)
            image.setVisible(not self._is_blank)
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

    def set_blank(self, is_blank):
        """Leave the pictures away, because all that is shown lies on them."""
        self._is_blank = is_blank
        for image in self._images:
            image.setVisible(not is_blank)

    @property
    def projection(self):
        """How the sky is laid on the pictures."""
        return self._projection

    def set_projection(self, projection):
        """Lay the sky otherwise: at once with few points, in full when the projection rests."""
        if projection == self._projection:
            return
        same_shape = projection.is_round == self._projection.is_round and projection.aspect == self._projection.aspect
        self._projection = projection
        self._turning.start()
        if same_shape:
            self._forget("lines", "overlay", "marks")
        else:
            self._arrange()
        self._draw()

    def set_exposure_limits(self, limits):
        """Draw where sight ends.

        Parameters
        ----------
        limits : sequence of (float, ndarray of shape (n, 3))
            Declination in degrees and Galactic unit vectors along it.
        """
        self._limits = tuple(limits)
        self._forget("lines", "marks")

    def set_lines(self, overlays):
        """Choose which lines are drawn, keys of :data:`~.look.OVERLAYS`."""
        if frozenset(overlays) != self._lines:
            self._lines = frozenset(overlays)
            self._forget("lines", "marks")

    def set_colours(self, name):
        """Choose the colours: ``"diverging"`` or a key of :data:`~zevatron.gui.style.colormaps.CHOICES`."""
        if name != self._colours_name:
            self._colours_name = name
            self.restyle(self._theme)

    @property
    def ground(self):
        """QColor of an empty sky."""
        return QColor(*(int(c) for c in self._colours[LEVELS // 2 if self._colours_name == "diverging" else 0, :3]))

    def restyle(self, theme):
        """Take the colours of a theme."""
        self._theme = theme
        self._colours = colour_table(theme, self._colours_name)
        self._packed = packed(self._colours)
        self.setBackground(theme.ground)
        self._skies.setBrush(self.ground)
        self._skies.setPen(QPen(Qt.PenStyle.NoPen))
        for image in self._images:
            image.set_colours(self._packed)
        self._forget(*LAYERS)

    def limb_colour(self, theme):
        """Colour of the outline."""
        return translucent(theme.quiet, 0.6)

    def resizeEvent(self, event):
        """Stretch the pictures at once and make them anew when the size rests."""
        super().resizeEvent(event)
        if hasattr(self, "_resizing"):
            self._arrange()
            self._resizing.start()

    def rearrange(self):
        """Place the pictures anew if that has changed with the size of letters."""
        if self.rectangles(self.width(), self.height())[: len(self._images)] != self._rects:
            self._arrange()
            self._draw()

    def _arrange(self):
        self._rects = self.rectangles(self.width(), self.height())[: len(self._images)]
        skies = QPainterPath()
        for image, rect in zip(self._images, self._rects, strict=True):
            if image.image is not None:
                image.setRect(rect)
            skies.addEllipse(rect) if self._projection.is_round else skies.addRect(rect)
        self._skies.setPath(skies)
        self._forget(*LAYERS)

    def refresh(self):
        """Have overlay and marks painted anew."""
        self._forget("overlay", "marks")

    def refresh_overlay(self):
        """Have the overlay alone painted anew."""
        self._forget("overlay")

    def _forget(self, *names):
        for name in names:
            self._layers.pop(name, None)
        self.viewport().update()

    def drawForeground(self, painter, _):
        """Lay lines, frame, overlay and marks over the pictures."""
        paint = self._paint_all_lines, self._paint_frame, self.paint_overlay, self.paint_marks
        painter.save()
        painter.resetTransform()
        for name, paint_layer in zip(LAYERS, paint, strict=True):
            if name not in self._layers or self._layers[name].devicePixelRatio() != self.devicePixelRatioF():
                self._layers[name] = self._layer(paint_layer)
            painter.drawPixmap(0, 0, self._layers[name])
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
        """Paint outlines and, outside the skies, the ground."""
        if not self._rects:
            return
        theme, mask = self._theme, QPainterPath()
        mask.addRect(QRectF(self.rect()).adjusted(-1, -1, 1, 1))
        mask.addPath(self._skies.path())
        mask.setFillRule(Qt.FillRule.OddEvenFill)
        painter.fillPath(mask, QColor(theme.ground))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self.limb_colour(theme), 1.2))
        for rect in self._rects:
            painter.drawEllipse(rect) if self._projection.is_round else painter.drawRect(rect)

    def _paint_all_lines(self, painter):
        """Paint the lines of every picture."""
        for rect in self._rects:
            painter.save()
            if not self._projection.is_round:
                painter.setClipRect(rect)
            painter.translate(rect.center())
            painter.scale(rect.width() / 2, -rect.height() / 2)
            self._paint_lines(painter)
            painter.restore()

    def _paint_lines(self, painter):
        """Paint graticule and planes of one picture in its own coordinates."""
        theme, opacity = self._theme, self.graticule_opacity
        kinds = (
            ("graticule", translucent(theme.quiet, 0.6 * opacity), 0.8, Qt.PenStyle.SolidLine, graticule_path, ()),
            ("galactic_plane", translucent(theme.text, 1.3 * opacity), 1.2, Qt.PenStyle.SolidLine, plane_path, ("galactic",)),
            ("supergalactic_plane", translucent(theme.text, 1.3 * opacity), 1.2, Qt.PenStyle.DashLine, plane_path, ("supergalactic",)),
        )
        for name, colour, width, style, path, arguments in kinds:
            if name in self._lines:
                pen = QPen(colour, width, style)
                pen.setCosmetic(True)
                painter.setPen(pen)
                painter.drawPath(path(self._projection, *arguments))
        for _, vectors in self._limits if "exposure_limit" in self._lines else ():
            pen = QPen(translucent(theme.limit, min(2.2 * opacity, 1.0)), 1.2, Qt.PenStyle.DashDotLine)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawPath(pg.arrayToQPath(*self._projection.line(vectors), connect="finite"))

    def _table(self):
        """Lookup table of the pictures' size, a small one while the sky is turned; None if there is none yet."""
        size, projection = self._picture_size(), self._projection
        if self._turning.isActive():
            share = min(math.sqrt(ROUGH_POINTS / (size[0] * size[1])), 1.0)
            return tables.at_once(self._nside, *(max(round(share * side), 1) for side in size), projection)
        fitting = None if self._resizing.isActive() else tables.get(self, self._nside, *size, projection)
        if fitting is not None:
            self._last_table = (self._nside, projection), fitting
        known, table = self._last_table
        return table if known == (self._nside, projection) else None

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
        if self._rects and key == (self._nside, *self._picture_size(), self._projection):
            self._draw()

    @staticmethod
    def _to_view(rect, u, v):
        centre = rect.center()
        return centre.x() + np.asarray(u) * rect.width() / 2, centre.y() - np.asarray(v) * rect.height() / 2

    def position(self, glon, glat, picture=0):
        """Where a direction (degrees, shape (...,)) lies in the view: x and y in pixels, nan where it is not seen."""
        return self.places(unit_vectors(glon, glat), picture)

    def places(self, vectors, picture=0):
        """Where Galactic unit vectors, shape (..., 3), lie in the view, as :meth:`position`."""
        return self._to_view(self._rects[picture], *self._projection.place(vectors))

    def direction_at(self, point):
        """Picture, longitude and latitude in degrees under a point of the view; (-1, nan, nan) off the sky."""
        for i, rect in enumerate(self._rects):
            if rect.contains(point):
                centre = rect.center()
                u = (point.x() - centre.x()) * 2 / rect.width()
                v = (centre.y() - point.y()) * 2 / rect.height()
                vector = self._projection.unproject(u, v)
                if not np.isnan(vector).any():
                    return i, *map(float, lonlat(vector))
        return -1, np.nan, np.nan

    def mouseMoveEvent(self, event):
        """Turn the sky under a pressed button; else say what lies under the mouse."""
        point = event.position()
        if self._press is None or not self._projection.can_turn:
            self.hovered.emit(*self.direction_at(point))
            return
        away = point - (self._press if self._dragged is None else self._dragged)
        if self._dragged is None and away.manhattanLength() < DRAG_FROM:
            return
        self._dragged, rect = point, self._rects[0]
        self.turned.emit(self._projection.turned(2 * away.x() / rect.width(), -2 * away.y() / rect.height()))

    def leaveEvent(self, event):
        """Say that nothing lies under the mouse."""
        self.hovered.emit(-1, np.nan, np.nan)
        super().leaveEvent(event)

    def mousePressEvent(self, event):
        """Note where the button went down on a sky."""
        if event.button() == Qt.MouseButton.LeftButton and self.direction_at(event.position())[0] >= 0:
            self._press, self._dragged = event.position(), None

    def mouseReleaseEvent(self, event):
        """Say what was chosen, unless the sky was turned."""
        if self._press is not None and self._dragged is None:
            picture, glon, glat = self.direction_at(self._press)
            if picture >= 0:
                self.clicked.emit(picture, glon, glat)
        self._press = self._dragged = None

    def mouseDoubleClickEvent(self, event):
        """Say what was chosen twice."""
        picture, glon, glat = self.direction_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and picture >= 0:
            self.double_clicked.emit(picture, glon, glat)

    def wheelEvent(self, event):
        """Widen or narrow a zoom; else leave scrolling to whoever holds the view."""
        if self._projection.kind != "zoom" or not event.angleDelta().y():
            event.ignore()
            return
        self.turned.emit(self._projection.zoomed(WHEEL_STEP ** (-event.angleDelta().y() / 120)))
        event.accept()
