"""The large sky: one map with graticule, sources, events, the chosen pixel and a colour bar."""

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, QVariantAnimation
from PySide6.QtGui import QColor, QFont, QPen

from ...core.sky import frame_rotation, unit_vectors
from ..style import theme as themes
from ..style.numbers import fixed
from .painting import paint_colour_bar, paint_crosshair, paint_dots, paint_ring, paint_text, text_width
from .projection import graticule_labels
from .sky_view import Picture, SkyView, translucent

FADE = 120  # ms
MARGIN_X, MARGIN_Y = 34, 8  # around the ellipse, for the labels of the parallels
ABOVE, BELOW = 44, 46  # pixels around a rectangle, for heading and colour bar
BAR_WIDTH = 168
PLANES = {"galactic_plane": "galactic", "supergalactic_plane": "supergalactic"}
FRAME_WORDS = {"galactic": "Galactic l, b", "equatorial": "Equatorial α, δ", "supergalactic": "Supergalactic L, B"}
FROM_SOURCE = "from the source, p = 0"
SHADES = 6  # of the probability of an event to be from the source
DOT_SMALLEST, DOT_LARGEST = 4.0, 9.5  # pixels, lowest and highest energy


def dot_diameters(energy, bin_edges, smallest=DOT_SMALLEST, largest=DOT_LARGEST):
    """Diameter in pixels of each event, linear in lg E."""
    low, high = math.log10(bin_edges[0]), math.log10(bin_edges[-1])
    return smallest + (largest - smallest) * np.clip((np.log10(energy) - low) / (high - low), 0, 1)


def event_kinds(dots, origin, theme, opacity):
    """Return ``(mask, QColor)`` of events drawn alike, the most source-like last.

    Those whose ``probability`` is known go from the colour of isotropic ones to that of the source; otherwise isotropic ones and
    those of the source, or without ``origin`` all together.
    """
    if dots.probability is not None:
        level = np.round(dots.probability * (SHADES - 1)).astype(int)
        return tuple((level == shade, shade_colour(shade, theme)) for shade in range(SHADES))
    if not origin:
        return ((np.ones(len(dots), bool), translucent(theme.text, opacity)),)
    return (~dots.is_source, translucent(theme.quiet, opacity)), (dots.is_source, QColor(theme.active))


def shade_colour(shade, theme):
    """QColor of a probability to be from the source: 0 that of isotropic events, SHADES - 1 that of the source."""
    part, ends = shade / (SHADES - 1), (QColor(theme.quiet), QColor(theme.active))
    return QColor.fromRgbF(*((1 - part) * low + part * high for low, high in zip(*(end.getRgbF()[:3] for end in ends), strict=True)))


def small_circle(vector, radius, n=181):
    """Galactic unit vectors, shape (n, 3), at ``radius`` degrees from one of them."""
    across = np.cross(vector, (0.0, 0.0, 1.0) if abs(vector[2]) < 0.9 else (1.0, 0.0, 0.0))
    across /= np.linalg.norm(across)
    phase, radius = np.linspace(0, 2 * np.pi, n)[:, None], np.radians(radius)
    around = np.cos(phase) * across + np.sin(phase) * np.cross(vector, across)
    return np.cos(radius) * vector + np.sin(radius) * around


class SkyMap(SkyView):
    """One large map of the sky; :attr:`hovered` and :attr:`clicked` say where the mouse is."""

    def __init__(self, parent=None):
        self._heading = self._caption = self._empty = ""
        self._sources, self._chosen = (), frozenset()
        self._dots = self._bin_edges = self._selected = self._scale = None
        self._title, self._discrete, self._fading = "", False, False
        self._origin, self._radius = True, None
        super().__init__(parent)
        self._lines = frozenset({"graticule", "sources"})
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
        """Fit the picture into the middle."""
        aspect = self._projection.aspect
        is_round, margin = self._projection.is_round, themes.scaled(MARGIN_X)
        top, bottom = (MARGIN_Y, MARGIN_Y) if is_round else (themes.scaled(ABOVE), themes.scaled(BELOW))
        w = max(2.0, 2 * math.floor(min(width - 2 * margin, aspect * (height - top - bottom)) / 2))
        h = w / aspect
        return [QRectF(math.floor((width - w) / 2), math.floor(top + (height - top - bottom - h) / 2), w, h)]

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
        self.refresh_overlay()

    def set_heading(self, heading, caption="", empty=""):
        """Write a heading with a line below it, and what to do on an empty sky."""
        self._heading, self._caption, self._empty = heading, caption, empty
        self.refresh_overlay()

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

    def set_dots(self, dots, bin_edges=None, origin=True):
        """Draw events (:class:`~.maps.EventDots`), their size by energy within ``bin_edges``; None for no events.

        With ``origin`` those of the source have a colour of their own.
        """
        self._dots, self._bin_edges, self._origin = dots, bin_edges, origin
        self.refresh_overlay()

    def set_circle(self, radius):
        """Draw a circle of so many degrees around the chosen direction; None for none."""
        if radius != self._radius:
            self._radius = radius
            self.refresh()

    def set_selected(self, direction):
        """Mark a direction (longitude, latitude in degrees); None for no mark."""
        if direction != self._selected:
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
        """Paint heading, events and colour bar."""
        rect = self._rects[0] if self._rects else self.rectangles(self.width(), self.height())[0]
        theme, caption = self._theme, themes.font(themes.CAPTION_SIZE)
        paint_text(painter, 2, themes.scaled(16), self._heading, theme.text, themes.font(weight=QFont.Weight.DemiBold))
        paint_text(painter, 2, themes.scaled(34), self._caption, theme.quiet, caption)
        if not self._rects:
            paint_text(painter, rect.center().x(), rect.center().y(), self._empty, theme.quiet, themes.font(), align="centre")
            return
        wide = themes.scaled(BAR_WIDTH)
        if self._dots is not None:
            self._paint_events(painter, caption)
        if self._title:
            bar = QRectF(self.width() - wide - 4, self.height() - themes.scaled(20) - 8, wide, 8)
            paint_colour_bar(painter, bar, self._scale, self._colours, theme, self._title, self._discrete)

    def paint_marks(self, painter):
        """Paint names of lines, sources and the chosen direction."""
        if not self._rects:
            return
        rect = self._rects[0]
        self._paint_labels(painter, rect, themes.font(themes.CAPTION_SIZE))
        if "sources" in self._lines:
            self._paint_sources(painter)
        if self._selected is not None:
            self._paint_selected(painter, rect)

    def _paint_selected(self, painter, rect):
        vector = unit_vectors(*self._selected)
        x, y = map(float, self.places(vector))
        if np.isfinite(x):
            paint_crosshair(painter, x, y, QColor(self._theme.text), self._halo())
        if self._radius is None:
            return
        line = self._to_view(rect, *self._projection.line(small_circle(vector, self._radius)))
        painter.setClipRect(rect)
        for pen in (QPen(self._halo(), 3.0), QPen(QColor(self._theme.text), 1.2)):
            painter.strokePath(pg.arrayToQPath(*line, connect="finite"), pen)
        painter.setClipping(False)

    def _halo(self, opacity=0.75):
        return translucent(self.ground, opacity)

    def _paint_labels(self, painter, rect, font):
        """Name the lines of the graticule, the planes and the frame."""
        theme, halo, kind = self._theme, self._halo(0.5), self._projection.kind
        for value, is_parallel, u, v in graticule_labels(self._projection) if "graticule" in self._lines else ():
            x, y = map(float, self._to_view(rect, u, v))
            label = f"{'−' if value < 0 else ''}{abs(value):g}°"
            if is_parallel and kind == "mollweide":
                paint_text(painter, x - 7, y + 4, label, theme.quiet, font, align="right")
            else:
                right, down = {"mollweide": (4, themes.scaled(13)), "globe": (4, -4 if is_parallel else themes.scaled(13)), "zoom": (5, -4)}[kind]
                paint_text(painter, x + right, y + down, label, translucent(theme.quiet, 0.9), font, halo)
        taken = [self._to_view(rect, u, v) for *_, u, v in graticule_labels(self._projection)]
        taken += [self.position(source.glon, source.glat) for source in self._sources]
        for name, frame in PLANES.items():
            if name in self._lines:
                line = self._projection.great_circle(frame_rotation(frame)[2])
                taken += self._paint_line_name(painter, rect, line, f"{frame.capitalize()} plane", theme.text, font, taken)
        for dec, vectors in self._limits if "exposure_limit" in self._lines else ():
            name = f"not seen beyond δ = {fixed(dec)}°"
            taken += self._paint_line_name(painter, rect, self._projection.line(vectors), name, theme.limit, font, taken)
        paint_text(painter, 2, self.height() - 8, FRAME_WORDS[self._projection.frame], theme.quiet, font)

    def _paint_line_name(self, painter, rect, line, name, colour, font, taken):
        """Write the name of a line where it is seen, farthest from what is written already; returns where."""
        u, v = line
        width = text_width(name, font)
        x, y = self._to_view(rect, *(part[np.isfinite(u)][::8] for part in (u, v)))
        inside = [self._is_on_sky(*place, width) for place in zip(x + 8, y - 6, strict=True)]
        if not any(inside):
            return []
        x, y = x[inside], y[inside]
        middle, others = np.stack([x + 8 + width / 2, y - 6]), np.array([place for place in taken if np.isfinite(place[0])]).reshape(-1, 2, 1)
        free = np.hypot(*np.moveaxis(middle - others, 1, 0) * np.array([0.5, 1.0])[:, None, None]).min(0, initial=np.inf)
        at = int(np.minimum(free, 40.0).argmax())
        paint_text(painter, x[at] + 8, y[at] - 6, name, colour, font, self._halo(0.7))
        return [middle[:, at]]

    def _paint_sources(self, painter):
        theme = self._theme
        sources = sorted(self._sources, key=lambda s: s.name in self._chosen)
        places = self.position(np.array([s.glon for s in sources]), np.array([s.glat for s in sources])) if sources else ((), ())
        for source, x, y in zip(sources, *map(list, places), strict=True):
            if np.isnan(x):
                continue
            x, y, chosen = float(x), float(y), source.name in self._chosen
            colour = QColor(theme.text if chosen else theme.quiet)
            paint_ring(painter, x, y, 6.5 if chosen else 5.0, colour, self._halo())
            font = themes.font(weight=QFont.Weight.DemiBold if chosen else QFont.Weight.Normal)
            paint_text(painter, *self._name_place(x, y, text_width(source.name, font)), source.name, colour, font, self._halo())

    def _name_place(self, x, y, width):
        """Left end and baseline of a name beside a marker: up or down, after it or before, where it stays on the sky."""
        places = [(x + right, y + down) for right in (11, -11 - width) for down in (-7, themes.scaled(16))]

        def is_seen(place):
            return place[0] > 0 and place[0] + width < self.width() and 14 < place[1] < self.height()

        tests = lambda place: self._is_on_sky(*place, width), is_seen
        return next((place for test in tests for place in places if test(place)), places[0])

    def _is_on_sky(self, x, y, width):
        """Whether a text with this left end, baseline and width lies on the sky."""
        rect = self._rects[0]
        corners = [(x + a, y + b) for a in (-3, width + 3) for b in (-14, 3)]
        if not self._projection.is_round:
            return all(rect.contains(*corner) for corner in corners)
        centre = rect.center()
        return all(((a - centre.x()) * 2 / rect.width()) ** 2 + ((b - centre.y()) * 2 / rect.height()) ** 2 < 1 for a, b in corners)

    def _paint_events(self, painter, font):
        theme, dots = self._theme, self._dots
        diameters = dot_diameters(dots.energy, self._bin_edges)
        x, y = self._to_view(self._rects[0], *dots.places(self._projection))
        diameters = diameters + np.where(dots.is_source & self._origin, 1.5, 0.0)
        for chosen, colour in event_kinds(dots, self._origin, theme, 0.85):
            paint_dots(painter, x[chosen], y[chosen], diameters[chosen] + 1.6, self._halo(0.9))
            paint_dots(painter, x[chosen], y[chosen], diameters[chosen], colour)
        self._paint_legend(painter, font)

    def _paint_legend(self, painter, font):
        """Say what sizes and colours mean: at the right, or above the name of the frame where the colour bar is there."""
        theme, right, bottom = self._theme, self.width() - 4, self.height() - 8
        if self._title:
            right, bottom = text_width(FROM_SOURCE, font) + 10 * SHADES + 20, bottom - themes.scaled(17)
        kinds = (("isotropic", theme.quiet), ("from the source", theme.active)) if self._origin else ()
        if self._dots.probability is not None:
            kinds = ()
            x = right - text_width("1", font)
            paint_text(painter, x, bottom - themes.scaled(17), "1", theme.quiet, font)
            for shade in reversed(range(SHADES)):
                x -= 10
                paint_dots(painter, np.array([x]), np.array([bottom - themes.scaled(17) - 4.0]), np.array([8.0]), shade_colour(shade, theme))
            paint_text(painter, x - 8, bottom - themes.scaled(17), FROM_SOURCE, theme.quiet, font, align="right")
        for i, (name, colour) in enumerate(kinds):
            x, y = right - text_width("from the source", font), bottom - themes.scaled(17) * (i + 1)
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
