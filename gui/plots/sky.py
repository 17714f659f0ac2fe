"""The Sky tab: the sum of all bins large, every bin small, one line of readout between them."""

import math

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from .. import theme as themes
from .maps import ColourScale, EventDots, event_counts, relative_density
from .numbers import THIN_SPACE, energy_range, fixed, percent, right_ascension, significant
from .painting import paint_colour_bar, paint_text
from .projection import equatorial, pixel_centre
from .sky_grid import SkyGrid, grid_height
from .sky_map import SkyMap
from .sky_view import colour_table
from .tables import background, equatorial_frame

__all__ = ["SkyMap", "SkyPanels"]

MODES = {"density": "Expected density", "events": "Mock sky, events", "counts": "Mock sky, counts"}
SCALES = {"linear": "Linear", "sqrt": "Square root", "log": "Logarithmic"}
LEVELS = {"shared": "One scale for all bins", "panel": "One scale per bin"}
GRID_SHARE = 0.46  # of the height, at most, for the small skies
READOUT_HEIGHT = 34
SMALL_WORK = 4_000_000  # map values made at once; more are made in the background
HINT = "Point at the sky for its coordinates; click a pixel for its spectrum, a small sky to see it large"


class BinsBar(QWidget):
    """The colour bar that all small skies share."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scale, self._discrete = None, False
        self.setFixedSize(300, READOUT_HEIGHT)
        themes.notifier.changed.connect(self.update)

    def set_scale(self, scale, discrete=False):
        """Show a :class:`~.maps.ColourScale`; None for no bar."""
        self._scale, self._discrete = scale, discrete
        self.update()

    def paintEvent(self, event):
        """Paint the bar with what it belongs to on its left."""
        if self._scale is None:
            return
        theme, painter = themes.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = QRectF(self.width() - 172, 8, 168, 8)
        paint_colour_bar(painter, bar, self._scale, colour_table(theme), theme, discrete=self._discrete)
        font = themes.font(themes.CAPTION_SIZE)
        paint_text(painter, bar.left() - 12, bar.bottom() + 1, "the bins", theme.quiet, font, align="right")
        painter.end()


class SkyPanels(QWidget):
    """Large sky and small ones with their controls.

    Attributes
    ----------
    pixel_selected : Signal(int)
        NESTED pixel that was clicked.
    bin_selected : Signal(object)
        Number of the energy bin shown large, None for all bins.
    mode_changed : Signal(str)
        ``"density"``, ``"events"`` or ``"counts"``, chosen by the user; events and counts need :meth:`set_mock`.
    controls : QWidget
        The three combo boxes. They stand above the sky; take them with :meth:`take_controls` to put them elsewhere.
    """

    pixel_selected = Signal(int)
    bin_selected = Signal(object)
    mode_changed = Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.map, self.grid, self.bar = SkyMap(self), SkyGrid(self), BinsBar(self)
        self.readout = QLabel(HINT, self)
        self.readout.setProperty("role", "quiet")
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.all_bins = QPushButton("Show all bins", self.map)
        self.all_bins.setProperty("role", "link")
        self.all_bins.setCursor(Qt.CursorShape.PointingHandCursor)
        self.all_bins.move(2, 40)
        self.all_bins.hide()
        self.all_bins.clicked.connect(lambda: self.select_bin(None))
        self._density = self._counts = self._dots = None
        self._bin = self._pixel = None
        self._name, self._ticket = "", 0
        self._make_controls()
        for view in (self.map, self.grid):
            view.hovered.connect(self._hovered)
        self.map.clicked.connect(self._map_clicked)
        self.grid.clicked.connect(self._grid_clicked)
        equatorial_frame.loaded.connect(self._frame_loaded)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._show()

    def sizeHint(self):
        """Room for a sky that reads well."""
        return QSize(1000, 820)

    def _make_controls(self):
        self.controls = QWidget(self)
        row = QHBoxLayout(self.controls)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addStretch(1)
        self._mode_box, self._scale_box, self._levels_box = (
            self._combo(row, choices, name)
            for choices, name in ((MODES, "What is shown"), (SCALES, "Colour scale"), (LEVELS, "Range of colours"))
        )
        self._scale_box.setCurrentIndex(list(SCALES).index("log"))
        self._mode_box.currentIndexChanged.connect(self._mode_chosen)
        for box in (self._scale_box, self._levels_box):
            box.currentIndexChanged.connect(self._show)

    def _combo(self, row, choices, name):
        box = QComboBox(self.controls)
        for key, label in choices.items():
            box.addItem(label, key)
        box.setToolTip(name)
        box.setAccessibleName(name)
        row.addWidget(box)
        return box

    def take_controls(self):
        """Return the combo boxes for another place, such as the corner of the tab bar."""
        self.controls.setParent(None)
        self._lay_out()
        return self.controls

    @property
    def mode(self):
        """What is shown: ``"density"``, ``"events"`` or ``"counts"``."""
        return self._mode_box.currentData()

    @property
    def scale(self):
        """Colour scale: ``"linear"``, ``"sqrt"`` or ``"log"``."""
        return self._scale_box.currentData()

    @property
    def levels(self):
        """Range of colours: ``"shared"`` by the bins or one for each ``"panel"``."""
        return self._levels_box.currentData()

    def set_mode(self, mode):
        """Show the expected density, a mock sky's events or its counts."""
        self._mode_box.setCurrentIndex(self._mode_box.findData(mode))

    def set_scale(self, scale):
        """Choose ``"linear"``, ``"sqrt"`` or ``"log"`` colours."""
        self._scale_box.setCurrentIndex(self._scale_box.findData(scale))

    def set_levels(self, levels):
        """Let the bins share the range of colours (``"shared"``) or give each its own (``"panel"``)."""
        self._levels_box.setCurrentIndex(self._levels_box.findData(levels))

    def set_density(self, density):
        """Show the expected density of a ``SkyDensity``; None while there is none."""
        self._ticket += 1
        if density is None:
            self._density_ready(self._ticket, "", None)
            return
        arguments = density.source, density.isotropic, density.nside, density.bin_edges
        if density.source.size <= SMALL_WORK:
            self._density_ready(self._ticket, density.name, relative_density(*arguments))
            return
        ticket, name = self._ticket, density.name
        background.run(lambda stack: self._density_ready(ticket, name, stack), relative_density, *arguments)

    def _density_ready(self, ticket, name, stack):
        if ticket != self._ticket:
            return
        self._density, self._name = stack, name
        if stack is None or (self._counts is not None and self._counts.n_bins != stack.n_bins):
            self._counts = self._dots = None
        self._show(fade=True)

    def set_mock(self, events, bin_edges, index=0, *, directions=None, energy=None):
        """Show one sky of mock events.

        Parameters
        ----------
        events : MockEvents or None
            ``ipix``, ``bin``, ``is_source`` of shape (n_maps, n_events), ``nside``.
        bin_edges : ndarray, shape (n_bins + 1,)
            EeV.
        index : int
            Which of the skies.
        directions : ndarray, shape (n_events, 3), optional
            Galactic unit vectors of that sky's events; without them the centres of the pixels.
        energy : ndarray, shape (n_events,), optional
            EeV; without it the middle of the bin.
        """
        if events is None:
            self._counts = self._dots = None
            self._show()
            return
        from ...core.sky import lonlat, pixel_vectors

        ipix, bins = np.asarray(events.ipix[index]), np.asarray(events.bin[index], np.intp)
        edges = np.asarray(bin_edges, float)
        glon, glat = lonlat(pixel_vectors(events.nside, ipix) if directions is None else directions)
        energy = np.sqrt(edges[bins] * edges[bins + 1]) if energy is None else np.asarray(energy)
        self._counts = event_counts(ipix, bins, events.nside, edges)
        self._dots = EventDots(glon, glat, energy, bins, np.asarray(events.is_source[index], bool))
        if self.mode != "density":
            self._show()

    def set_sources(self, sources, chosen=()):
        """Mark sources (``name``, ``glon``, ``glat``); those whose names are ``chosen`` stand out."""
        self.map.set_sources(sources, chosen)

    def select_bin(self, number):
        """Show one energy bin large; None for the sum of all."""
        if number != self._bin:
            self._bin = number
            self._show()
            self.bin_selected.emit(number)

    def select_pixel(self, ipix):
        """Mark a NESTED pixel; None for no mark."""
        self._pixel = ipix
        stack = self._stack()
        self.map.set_selected(None if ipix is None or stack is None else pixel_centre(stack.nside, ipix))
        self._write_readout(None)

    @property
    def selected_pixel(self):
        """NESTED pixel that is marked, or None."""
        return self._pixel

    @property
    def selected_bin(self):
        """Number of the bin shown large, or None."""
        return self._bin

    def _stack(self):
        return self._density if self.mode == "density" else self._counts

    def _mode_chosen(self):
        self._show()
        self.mode_changed.emit(self.mode)

    def _show(self, *_, fade=False):
        stack = self._stack()
        if stack is None:
            self._show_nothing()
            return
        if self._bin is not None and self._bin >= stack.n_bins:
            self._bin = None
        if self._pixel is not None and self._pixel >= stack.npix:
            self._pixel = None
        self._lay_out()
        dots = self._dots if self.mode == "events" else None
        values = np.zeros_like(stack.values) if dots is not None else stack.values
        scales = self._scales(stack)
        row = 0 if self._bin is None else self._bin + 1
        self.map.set_map(
            values[row], stack.nside, scales[row], title=stack.title, discrete=stack.discrete, fade=fade
        )
        self.map.set_dots(None if dots is None else dots.of_bin(self._bin), stack.bin_edges)
        self.map.set_heading(*self._headings(stack))
        self.all_bins.setVisible(self._bin is not None)
        shared = self.levels == "shared"
        if stack.n_bins > 1:
            self.grid.set_maps(
                values[1:], stack.nside, stack.bin_edges, scales[1:2] if shared else scales[1:], discrete=stack.discrete
            )
            self.grid.set_dots(dots)
            self.grid.set_current(self._bin)
        else:
            self.grid.set_maps(None, stack.nside, stack.bin_edges, ())
        self.bar.set_scale(scales[1] if shared and dots is None and stack.n_bins > 1 else None, stack.discrete)
        self.select_pixel(self._pixel)

    def _show_nothing(self):
        self.map.set_map(None, 1, None)
        self.map.set_dots(None)
        self.map.set_selected(None)
        what = "Choose a source on the left: its expected sky appears here"
        if self.mode != "density":
            what = "A mock sky appears here as soon as the expected density is known"
        self.map.set_heading("", empty=what)
        self.grid.set_maps(None, 1, None, ())
        self.bar.set_scale(None)
        self.readout.setText("")
        self.all_bins.hide()

    def _scales(self, stack):
        """Colour scale of the sum and of each bin."""
        def scale(rows):
            return ColourScale.for_top(self.scale, stack.top(rows), stack.discrete)

        if self.levels == "shared":
            return [scale(slice(0, 1))] + [scale(slice(1, None))] * stack.n_bins
        return [scale(slice(row, row + 1)) for row in range(stack.n_bins + 1)]

    def _headings(self, stack):
        low, high = stack.bin_edges[0], stack.bin_edges[-1]
        heading = energy_range(low, high) if self._bin is None else energy_range(*stack.bin_edges[self._bin:self._bin + 2])
        if self._bin is None and stack.n_bins > 1:
            heading += f", all {stack.n_bins} bins"
        if self.mode == "density" or self._dots is None:
            return heading, f"expected from {self._name}" if self._name else "expected density"
        shown = self._dots.of_bin(self._bin)
        share = percent(np.mean(shown.is_source)) if len(shown) else percent(0)
        return heading, f"{len(shown)} events, {int(shown.is_source.sum())} from the source ({share})"

    def _map_clicked(self, _, glon, glat):
        from ...core.sky import unit_vectors, vector_pixels

        stack = self._stack()
        if stack is None:
            return
        self.select_pixel(int(vector_pixels(stack.nside, unit_vectors(glon, glat))))
        self.pixel_selected.emit(self._pixel)

    def _grid_clicked(self, picture, *_):
        self.setFocus()
        self.select_bin(None if picture == self._bin else picture)

    def keyPressEvent(self, event):
        """Left and right change the bin shown large, Escape shows all of them."""
        stack, key = self._stack(), event.key()
        if stack is None or key not in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Escape):
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Escape:
            self.select_bin(None)
        else:
            step = 1 if key == Qt.Key.Key_Right else -1
            start = (-1 if step == 1 else 0) if self._bin is None else self._bin
            self.select_bin((start + step) % stack.n_bins)

    def _hovered(self, picture, glon, glat):
        if picture < 0 or self._stack() is None:
            self._write_readout(None)
            return
        number = picture if self.sender() is self.grid else self._bin
        self._write_readout((glon, glat), number)

    def _frame_loaded(self):
        self._write_readout(None)

    def _write_readout(self, direction, number=None):
        stack = self._stack()
        if stack is None:
            return
        if direction is None:
            if self._pixel is None:
                self.readout.setText(HINT)
                return
            direction, number = pixel_centre(stack.nside, self._pixel), self._bin
        self.readout.setText(self.describe(direction, number))

    def describe(self, direction, number=None):
        """Return the readout of a direction: coordinates, pixel, value and bin.

        Parameters
        ----------
        direction : tuple of float
            Galactic longitude and latitude, degrees.
        number : int, optional
            Energy bin; without it the sum.
        """
        from ...core.sky import unit_vectors, vector_pixels

        stack, (glon, glat) = self._stack(), direction
        ipix = int(vector_pixels(stack.nside, unit_vectors(glon, glat)))
        parts = [f"l {fixed(glon)}°   b {fixed(glat)}°"]
        equatorial_frame.request()
        if equatorial_frame.matrix is not None:
            ra, dec = equatorial(glon, glat, equatorial_frame.matrix)
            parts.append(f"{right_ascension(ra)} {fixed(dec)}°")
        parts.append(f"pixel {ipix}")
        value = float(stack.values[0 if number is None else number + 1, ipix])
        if math.isnan(value):
            parts.append("no isotropic events expected here")
        elif stack.discrete:
            parts.append(f"{value:.0f} event{'' if value == 1 else 's'}")
        else:
            parts.append(f"{significant(value)}{THIN_SPACE}{stack.unit}")
        if number is not None:
            parts.append(energy_range(*stack.bin_edges[number:number + 2]))
        return "   ·   ".join(parts)

    def resizeEvent(self, event):
        """Share the room among large sky, readout and small skies."""
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self):
        width, top, height = self.width(), 0, self.height()
        if self.controls.parent() is self:
            self.controls.setGeometry(0, 0, width, self.controls.sizeHint().height())
            top = self.controls.height() + 8
        stack = self._stack()
        n = stack.n_bins if stack is not None and stack.n_bins > 1 else 0
        below = grid_height(n, width, GRID_SHARE * (height - top)) if n else 0
        map_height = max(height - top - below - READOUT_HEIGHT, 60)
        self.map.setGeometry(0, top, width, map_height)
        bar = self.bar.width() if self.bar.isVisibleTo(self) else 0
        self.readout.setGeometry(0, top + map_height + 4, max(width - bar - 8, 0), 22)
        self.bar.move(width - self.bar.width(), top + map_height)
        self.grid.setVisible(n > 0)
        self.grid.setGeometry(0, top + map_height + READOUT_HEIGHT, width, below)
