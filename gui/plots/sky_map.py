"""The large sky: one map with graticule, sources, events, the chosen pixel and a colour bar."""

import math

import numpy as np
from PySide6.QtCore import QRectF, QVariantAnimation
from PySide6.QtGui import QColor, QFont

from .. import theme as themes
from .painting import paint_colour_bar, paint_crosshair, paint_dots, paint_ring, paint_text, text_width
from .projection import MERIDIANS, graticule_ends
from .sky_view import Picture, SkyView, translucent

FADE = 120  # ms
MARGIN_X, MARGIN_Y = 34, 8  # around the ellipse, for the labels of the parallels
BAR_WIDTH = 168
DOT_SMALLEST, DOT_LARGEST = 4.0, 9.5  # pixels, lowest and highest energy


def dot_diameters(energy, bin_edges, smallest=DOT_SMALLEST, largest=DOT_LARGEST):
    """Diameter in pixels of each event, linear in lg E."""
    low, high = math.log10(bin_edges[0]), math.log10(bin_edges[-1])
    return smallest + (largest - smallest) * np.clip((np.log10(energy) - low) / (high - low), 0, 1)


class SkyMap(SkyView):
    """One map of the whole sky; :attr:`hovered` and :attr:`clicked` say where the mouse is."""

    def __init__(self, parent=None):
        self._heading = self._caption = self._empty = ""
        self._sources, self._chosen = (), frozenset()
        self._dots = self._bin_edges = self._selected = self._scale = None
        self._title, self._discrete, self._fading = "", False, False
        super().__init__(parent)
        self._old = Picture()
        self._old.setZValue(1)
        self._old.setVisible(False)
        self.addItem(self._old)
        self._fade = QVariantAnimation(self, startValue=1.0, endValue=0.0, duration=FADE)
        self._fade.valueChanged.connect(lambda value: self._old.setOpacity(value))
        self._fade.finished.connect(lambda: self._old.setVisible(False))
        self.setMinimumSize(240, 130)
        self.setAccessibleName("Sky map")

    def rectangles(self, width, height):
        """Fit the ellipse, twice as wide as high, into the middle."""
        w = max(2.0, 2 * math.floor(min(width - 2 * MARGIN_X, 2 * (height - 2 * MARGIN_Y)) / 2))
        h = w / 2
        return [QRectF(math.floor((width - w) / 2), math.floor((height - h) / 2), w, h)]

    def set_map(self, values, nside, scale, *, title="", discrete=False, fade=False):
        """Show a map.

        Parameters
        ----------
        values : ndarray, shape (npix,), or None
            NESTED; nan has no colour; None empties the sky.
        nside : int
        scale : ColourScale
        title : str
            Above the colour bar; without it there is no bar.
        discrete : bool
            Counts: whole numbers at the bar.
        fade : bool
            Let the new map appear in 120 ms.
        """
        self._scale, self._title, self._discrete, self._fading = scale, title, discrete, fade
        self.set_indices(None if values is None else scale.colour_indices(values)[None], nside)
        self.refresh()

    def set_heading(self, heading, caption="", empty=""):
        """Write a heading with a line below it, and what to do on an empty sky."""
        self._heading, self._caption, self._empty = heading, caption, empty
        self.refresh()

    def set_sources(self, sources, chosen=()):
        """Mark sources.

        Parameters
        ----------
        sources : iterable of Source
            With ``name``, ``glon``, ``glat``.
        chosen : iterable of str
            Names that stand out.
        """
        self._sources, self._chosen = tuple(sources), frozenset(chosen)
        self.refresh()

    def set_dots(self, dots, bin_edges=None):
        """Draw events (:class:`~.maps.EventDots`), their size by energy within ``bin_edges``; None for no events."""
        self._dots, self._bin_edges = dots, bin_edges
        self.refresh()

    def set_selected(self, direction):
        """Mark a direction (longitude, latitude in degrees); None for no mark."""
        self._selected = direction
        self.refresh()

    def _before_picture(self, image):
        if not self._fading or image.image is None:
            return
        self._fading = False
        self._old.set_colours(self._packed)
        self._old.setImage(image.image, autoLevels=False)
        self._old.setRect(self._rects[0])
        self._old.setOpacity(1.0)
        self._old.setVisible(True)
        self._fade.start()

    def paint_overlay(self, painter):
        """Paint all that is not the map."""
        rect = self._rects[0] if self._rects else self.rectangles(self.width(), self.height())[0]
        theme, caption = self._theme, themes.font(themes.CAPTION_SIZE)
        paint_text(painter, 2, 16, self._heading, theme.text, themes.font(weight=QFont.Weight.DemiBold))
        paint_text(painter, 2, 34, self._caption, theme.quiet, caption)
        if not self._rects:
            paint_text(painter, rect.center().x(), rect.center().y(), self._empty, theme.quiet, themes.font(), align="centre")
            return
        self._paint_graticule_labels(painter, rect, caption)
        if self._dots is not None:
            self._paint_events(painter, caption)
        elif self._title:
            bar = QRectF(self.width() - BAR_WIDTH - 4, self.height() - 28, BAR_WIDTH, 8)
            paint_colour_bar(painter, bar, self._scale, self._colours, theme, self._title, self._discrete)
        self._paint_sources(painter)
        if self._selected is not None:
            x, y = self.position(*self._selected)
            paint_crosshair(painter, float(x), float(y), QColor(theme.text), self._halo())

    def _halo(self, opacity=0.75):
        ground = QColor(*(int(c) for c in self._colours[0, :3]))
        return translucent(ground, opacity)

    def _paint_graticule_labels(self, painter, rect, font):
        theme = self._theme
        for glat, *place in graticule_ends():
            x, y = self._to_view(rect, *place)
            label = f"{'−' if glat < 0 else ''}{abs(glat)}°"
            paint_text(painter, float(x) - 7, float(y) + 4, label, theme.quiet, font, align="right")
        for glon in MERIDIANS[1:-1]:
            x, y = self._to_view(rect, -glon / 90, 0)
            paint_text(
                painter, float(x) + 4, float(y) + 13, f"{glon % 360}°", translucent(theme.quiet, 0.9), font, self._halo(0.5)
            )
        paint_text(painter, 2, self.height() - 8, "Galactic l, b", theme.quiet, font)

    def _paint_sources(self, painter):
        theme = self._theme
        for source in sorted(self._sources, key=lambda s: s.name in self._chosen):
            chosen = source.name in self._chosen
            colour = QColor(theme.text if chosen else theme.quiet)
            x, y = (float(v) for v in self.position(source.glon, source.glat))
            paint_ring(painter, x, y, 6.5 if chosen else 5.0, colour, self._halo())
            font = themes.font(weight=QFont.Weight.DemiBold if chosen else QFont.Weight.Normal)
            paint_text(painter, *self._name_place(x, y, text_width(source.name, font)), source.name, colour, font, self._halo())

    def _name_place(self, x, y, width):
        """Left end and baseline of a name beside a marker: up or down, after it or before, where it stays on the sky."""
        rect = self._rects[0]
        places = [(x + right, y + down) for right in (11, -11 - width) for down in (-7, 16)]

        def is_inside(place):
            corners = [(place[0] + a, place[1] + b) for a in (-3, width + 3) for b in (-14, 3)]
            return all(
                ((a - rect.center().x()) * 2 / rect.width()) ** 2 + ((b - rect.center().y()) * 2 / rect.height()) ** 2 < 1
                for a, b in corners
            )

        return next(filter(is_inside, places), places[0])

    def _paint_events(self, painter, font):
        theme, dots = self._theme, self._dots
        diameters = dot_diameters(dots.energy, self._bin_edges)
        x, y = self._to_view(self._rects[0], *dots.plane)
        diameters = diameters + np.where(dots.is_source, 1.5, 0.0)
        kinds = ((~dots.is_source, translucent(theme.quiet, 0.85)), (dots.is_source, QColor(theme.active)))
        for chosen, colour in kinds:
            paint_dots(painter, x[chosen], y[chosen], diameters[chosen] + 1.6, self._halo(0.9))
            paint_dots(painter, x[chosen], y[chosen], diameters[chosen], colour)
        self._paint_legend(painter, font)

    def _paint_legend(self, painter, font):
        theme, right, bottom = self._theme, self.width() - 4, self.height() - 8
        for i, (name, colour) in enumerate((("isotropic", theme.quiet), ("from the source", theme.active))):
            x, y = right - text_width("from the source", font), bottom - 17 * (i + 1)
            paint_text(painter, x, y, name, theme.quiet, font)
            paint_dots(painter, np.array([x - 10]), np.array([y - 4.0]), np.array([7.0]), QColor(colour))
        x = right
        for energy in (self._bin_edges[-1], self._bin_edges[0]):
            label = f"{energy:.0f} EeV"
            paint_text(painter, x, bottom, label, theme.quiet, font, align="right")
            x -= text_width(label, font) + 10
            size = dot_diameters(np.array([energy]), self._bin_edges)
            paint_dots(painter, np.array([x]), np.array([bottom - 4.0]), size, QColor(theme.quiet))
            x -= 14
