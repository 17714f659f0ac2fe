"""Every energy bin as a small sky, with its energies below."""

import math

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont

from ..style import theme as themes
from ..style.numbers import energy_range, significant
from .painting import paint_dots, paint_text, text_width
from .sky_map import dot_diameters, event_kinds
from .sky_view import SkyView, translucent

CAPTION = 19  # pixels below a picture
GAP_X, GAP_Y = 8, 5
WIDEST, SMALLEST = 0.2, 120  # a picture takes at most this share of the width, but may have so many pixels
SMALLEST_PIXEL = 2.5  # device pixels
PIXEL_SIZE = 60.0  # degrees across a pixel of Nside 1, about


def grid_columns(n, width, height, aspect=2.0):
    """Number of columns that gives ``n`` pictures the most room in ``width`` by ``height`` pixels, its rows about equally full."""
    columns = max(range(1, n + 1), key=lambda columns: (round(picture_width(n, columns, width, height, aspect)), columns))
    return math.ceil(n / math.ceil(n / columns))


def picture_width(n, columns, width, height, aspect=2.0):
    """Width in pixels of each of ``n`` pictures in so many columns; ``aspect`` is their width over their height."""
    rows = math.ceil(n / columns)
    by_width = (width - (columns - 1) * GAP_X) / columns
    by_height = aspect * ((height - (rows - 1) * GAP_Y) / rows - themes.scaled(CAPTION))
    return min(by_width, by_height, max(width * WIDEST * aspect / 2, SMALLEST))


def grid_height(n, width, height, aspect=2.0):
    """Height in pixels that ``n`` pictures need of at most ``height``."""
    columns = grid_columns(n, width, height, aspect)
    rows = math.ceil(n / columns)
    return math.ceil(rows * (picture_width(n, columns, width, height, aspect) / aspect + themes.scaled(CAPTION)) + (rows - 1) * GAP_Y)


def thickened(picture):
    """Return the largest value among each point of a picture and its eight neighbours."""
    wide = np.maximum(picture, np.maximum(np.roll(picture, 1, 1), np.roll(picture, -1, 1)))
    return np.maximum(wide, np.maximum(np.roll(wide, 1, 0), np.roll(wide, -1, 0)))


class SkyGrid(SkyView):
    """Small skies, one for each energy bin; the one shown large is marked."""

    graticule_opacity = 0.35

    def __init__(self, parent=None):
        self._edges, self._scales, self._current, self._dots = None, (), None, None
        self._discrete, self._origin, self._values = False, True, None
        super().__init__(parent)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Skies of the energy bins")

    @property
    def scales(self):
        """Colour scales in use: one for each bin, or a single one that all share."""
        return self._scales

    def limb_colour(self, theme):
        """A fainter outline than that of the large map."""
        return translucent(theme.quiet, 0.4)

    def rectangles(self, width, height):
        """Rows from low to high energy, the last one filled from the left."""
        n = len(self._images)
        if n == 0:
            return []
        aspect = self._projection.aspect
        columns = grid_columns(n, width, height, aspect)
        w = max(2, 2 * math.floor(picture_width(n, columns, width, height, aspect) / 2))
        pitch_x = (width - w) / max(columns - 1, 1) if columns > 1 else 0
        pitch_x = min(pitch_x, w + 4 * GAP_X)
        left = (width - w - pitch_x * (columns - 1)) / 2
        h = w / aspect
        pitch_y = h + themes.scaled(CAPTION) + GAP_Y
        return [
            QRectF(1 + round(left + (i % columns) * pitch_x), 1 + round((i // columns) * pitch_y), w - 2, (w - 2) / aspect)
            for i in range(n)
        ]

    def set_maps(self, values, nside, bin_edges, scales, *, discrete=False):
        """Show the maps of all bins.

        Parameters
        ----------
        values : ndarray, shape (n_bins, npix), or None
        nside : int
        bin_edges : ndarray, shape (n_bins + 1,)
            EeV.
        scales : sequence of ColourScale
            One for each bin, or a single one that all share.
        discrete : bool
            Counts: pixels with events are drawn larger where they would be a single point of the screen.
        """
        known = values is not None and values is self._values and tuple(scales) == self._scales and nside == self._nside
        self._edges, self._scales, self._discrete, self._values = bin_edges, tuple(scales), discrete, values
        if values is None:
            self.set_indices(None, nside)
            return
        if known:
            return
        if len(self._scales) == 1:
            self.set_indices(self._scales[0].colour_indices(values), nside)
        else:
            pairs = zip(values, self._scales, strict=True)
            self.set_indices(np.stack([scale.colour_indices(row) for row, scale in pairs]), nside)
        self.refresh()

    def picture(self, row, table):
        """Make single lit points of counts three points wide."""
        picture = row[table]
        seen = 360.0 if self._projection.kind == "mollweide" else 180.0 if self._projection.is_round else self._projection.width
        points_per_pixel = picture.shape[1] * PIXEL_SIZE / self._nside / seen
        return thickened(picture) if self._discrete and points_per_pixel < SMALLEST_PIXEL else picture

    def set_dots(self, dots, origin=True):
        """Draw events in the sky of their bin; None for no events. ``origin``: those of the source in their colour."""
        self._dots, self._origin = dots, origin
        self.refresh_overlay()

    def set_current(self, number):
        """Mark the bin shown large; None for none."""
        if number != self._current:
            self._current = number
            self.refresh_overlay()

    def paint_overlay(self, painter):
        """Write the energies below each sky and draw the events."""
        if not self._rects or self._edges is None:
            return
        per_panel = len(self._scales) > 1
        for i, rect in enumerate(self._rects):
            self._paint_caption(painter, i, rect, per_panel)
        if self._dots is not None:
            self._paint_events(painter)

    def _paint_caption(self, painter, i, rect, per_panel):
        theme, current = self._theme, i == self._current
        font = themes.font(themes.CAPTION_SIZE, weight=QFont.Weight.DemiBold if current else QFont.Weight.Normal)
        text = energy_range(self._edges[i], self._edges[i + 1])
        if per_panel and self._dots is None:
            high = self._scales[i].high
            long = f"{text}  ≤ {high:.0f}" if self._discrete else f"{text}  ≤ {significant(high)}"
            text = long if text_width(long, font) < rect.width() else text
        if text_width(text, font) > rect.width() + GAP_X:
            text = energy_range(self._edges[i], self._edges[i + 1], unit=False)
        colour = theme.active if current else theme.quiet
        paint_text(painter, rect.center().x(), rect.bottom() + themes.scaled(14), text, colour, font, align="centre")
        if current:
            painter.setPen(QColor(theme.active))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(rect) if self._projection.is_round else painter.drawRect(rect)

    def _paint_events(self, painter):
        theme, dots = self._theme, self._dots
        scale = min(1.0, self._rects[0].width() / 260)
        u, v = dots.places(self._projection)
        sizes = np.maximum(dot_diameters(dots.energy, self._edges) * scale * 0.8, 2.0)
        kinds = event_kinds(dots, self._origin, theme, 0.9)
        for i, rect in enumerate(self._rects):
            mine = dots.indices_of(i)
            for of_kind, colour in kinds:
                chosen = mine[of_kind[mine]]
                if len(chosen):
                    paint_dots(painter, *self._to_view(rect, u[chosen], v[chosen]), sizes[chosen], colour)
