"""The Sky tab: the sum of all bins large, every bin small, one line of readout between them."""

from dataclasses import replace

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QWidget

from ..style import theme as themes
from ..style.widgets import Slider, label, row
from .look import LARGEST_RADIUS, SMALLEST_RADIUS, SkyLook
from .painting import paint_colour_bar, paint_text
from .projection import pixel_centre
from .sky_content import SkyContent
from .sky_grid import SkyGrid, grid_height
from .sky_map import SkyMap
from .sky_tools import SkyTools
from .sky_view import colour_table
from .tables import frames

__all__ = ["SkyMap", "SkyPanels"]

GRID_SHARE, GRID_SHARE_SHOWN = 0.46, 0.32  # of the height, at most, for the small skies; on a projector
READOUT_HEIGHT = 34
FRAME_OF_BINS = 450  # ms that each bin is seen while they are played
BLINK = 900  # ms that each of two skies is seen
GAP = 16  # pixels between two skies side by side
HINT = "Point at the sky for its coordinates; click a pixel for its spectrum, a small sky to see it large"
TURN_HINT = "Drag to turn the sky; click a pixel for its spectrum, twice to zoom in or out"


class BinsBar(QWidget):
    """The colour bar that all small skies share."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scale, self._discrete, self._colours = None, False, "standard"
        self.restyle()
        themes.notifier.changed.connect(self.restyle)

    def restyle(self, theme=None):
        """Take the colours of a theme and the size of its letters."""
        self.setFixedSize(themes.scaled(300), themes.scaled(READOUT_HEIGHT))
        self.update()

    def set_scale(self, scale, discrete=False, colours="standard"):
        """Show a :class:`~.maps.ColourScale`; None for no bar."""
        self._scale, self._discrete, self._colours = scale, discrete, colours
        self.update()

    def paintEvent(self, event):
        """Paint the bar with what it belongs to on its left."""
        if self._scale is None:
            return
        theme, painter = themes.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = QRectF(self.width() - 4 - themes.scaled(168), 8, themes.scaled(168), 8)
        paint_colour_bar(painter, bar, self._scale, colour_table(theme, self._colours), theme, discrete=self._discrete)
        font = themes.font(themes.CAPTION_SIZE)
        paint_text(painter, bar.left() - 12, bar.bottom() + 1, "the bins", theme.quiet, font, align="right")
        painter.end()


class RadiusBar(QWidget):
    """The radius of the top-hat, in half degrees."""

    chosen = Signal(float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.slider = Slider(1)
        self.slider.setRange(round(2 * SMALLEST_RADIUS), round(2 * LARGEST_RADIUS))
        self.slider.setFixedWidth(120)
        self.slider.setAccessibleName("Radius of the top-hat")
        self.slider.valueChanged.connect(lambda value: self.chosen.emit(value / 2))
        self._words = label("", "caption")
        self.setLayout(row(self._words, self.slider))
        self.setToolTip("Events within this radius of each point against all others: Li & Ma (1983), eq. 17")

    def show_radius(self, radius):
        """Show a radius in degrees; sends nothing."""
        self.slider.blockSignals(True)
        self.slider.setValue(round(2 * radius))
        self.slider.blockSignals(False)
        self._words.setText(f"radius {radius:g}°")
        self.adjustSize()


class SkyPanels(QWidget):
    """Large sky and small ones with their tools.

    Attributes
    ----------
    pixel_selected : Signal(int)
        NESTED pixel that was clicked.
    bin_selected : Signal(object)
        Number of the energy bin shown large, None for all bins.
    mode_changed : Signal(str)
        Key of :data:`~.look.MODES`; ``"measured"`` needs :meth:`set_measured`, all others but ``"density"`` :meth:`set_mock`.
    controls : QWidget
        The tools. They stand above the sky; take them with :meth:`take_controls` to put them elsewhere.
    """

    pixel_selected = Signal(int)
    bin_selected = Signal(object)
    mode_changed = Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.map, self.second, self.grid, self.bar = SkyMap(self), SkyMap(self), SkyGrid(self), BinsBar(self)
        self.second.setAccessibleName("Sky map to compare with")
        self.content, self.controls = SkyContent(self), SkyTools(self)
        self.readout = QLabel(HINT, self)
        self.readout.setProperty("role", "quiet")
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.all_bins = QPushButton("Show all bins", self.map)
        self.all_bins.setProperty("role", "link")
        self.all_bins.setCursor(Qt.CursorShape.PointingHandCursor)
        self.radius_bar = RadiusBar(self.map)
        self._look, self._bin, self._pixel, self._is_flipped = SkyLook(), None, None, False
        self._is_presenting, self._corner = False, None
        self._player = QTimer(self, interval=FRAME_OF_BINS)
        self._blinker = QTimer(self, interval=BLINK)
        self._connect()
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.controls.show_look(self._look)
        self._show()

    def _connect(self):
        tools = self.controls
        self.all_bins.clicked.connect(lambda: self.select_bin(None))
        self.radius_bar.chosen.connect(lambda radius: self._change(radius=radius))
        self._player.timeout.connect(lambda: self._step_bin(1))
        self._blinker.timeout.connect(self._flip)
        self.content.changed.connect(lambda fade: self._show(fade=fade))
        self.content.others_changed.connect(self._offer_others)
        tools.wanted.connect(self._want)
        tools.zoom_wanted.connect(self._zoom)
        tools.other_wanted.connect(self.content.choose_other)
        tools.keep_wanted.connect(self.keep)
        tools.play_wanted.connect(self.toggle_play)
        for view in (self.map, self.second, self.grid):
            view.hovered.connect(self._hovered)
            view.turned.connect(lambda projection: self._change(centre=projection.centre, width=projection.width))
        for view in (self.map, self.second):
            view.clicked.connect(self._map_clicked)
            view.double_clicked.connect(self._map_double_clicked)
        self.grid.clicked.connect(self._grid_clicked)
        frames.loaded.connect(self._frames_loaded)
        themes.notifier.changed.connect(self._restyle)

    def _restyle(self, _):
        """Give larger letters more room."""
        self._lay_out()
        for view in (self.map, self.second, self.grid):
            view.rearrange()
        self._place_marks()

    def sizeHint(self):
        """Room for a sky that reads well."""
        return QSize(1000, 820)

    def take_controls(self):
        """Return the tools for another place, such as the corner of the tab bar."""
        self.controls.setParent(None)
        self._lay_out()
        return self.controls

    def hold_controls(self):
        """Let the tools stand above the sky again."""
        self.controls.setParent(self)
        self.controls.show()
        self._lay_out()

    def set_corner(self, widget):
        """Let a widget lie in the upper right corner of the large map."""
        widget.setParent(self.map)
        self._corner = widget

    @property
    def look(self):
        """The :class:`~.look.SkyLook` in use."""
        return self._look

    def set_look(self, look):
        """Use another :class:`~.look.SkyLook`."""
        before, self._look = self._look, look
        self.controls.show_look(look)
        self._show()
        if look.mode != before.mode:
            self.mode_changed.emit(look.mode)

    def _change(self, **values):
        self.set_look(replace(self._look, **values))

    def _want(self, values):
        if "overlay" in values:
            self.set_look(self._look.with_overlay(*values["overlay"]))
        else:
            self._change(**values)

    @property
    def mode(self):
        """What is shown, a key of :data:`~.look.MODES`."""
        return self._look.mode

    def set_mode(self, mode):
        """Show the expected density, a mock sky's events, its counts or their significance, or measured events."""
        self._change(mode=mode)

    def set_scale(self, scale):
        """Choose ``"linear"``, ``"sqrt"``, ``"asinh"`` or ``"log"`` colours."""
        self._change(scale=scale)

    def set_levels(self, levels):
        """Let the bins share the range of colours (``"shared"``) or give each its own (``"panel"``)."""
        self._change(levels=levels)

    def set_presenting(self, is_presenting):
        """Give the large sky more room and leave hints away, for an audience."""
        self._is_presenting = is_presenting
        self._lay_out()
        self._write_readout(None)

    def set_density(self, density):
        """Show the expected density of a ``SkyDensity``; None while there is none."""
        self.content.set_density(density)

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
        self.content.set_mock(events, bin_edges, index, directions=directions, energy=energy)

    def set_measured(self, events, words=""):
        """Show measured events over the expected density.

        Parameters
        ----------
        events : EventDots or None
            None while there are none, or nobody may see them.
        words : str
            What they are: the names of their lists.
        """
        self.content.set_measured(events, words)

    def set_exposure_limits(self, limits):
        """Draw the lines beyond which nothing is seen; see :meth:`~.sky_view.SkyView.set_exposure_limits`."""
        for view in (self.map, self.second, self.grid):
            view.set_exposure_limits(limits)

    def set_others(self, densities):
        """Offer the ``SkyDensity`` of other sources to compare with."""
        self.content.set_others(densities)

    def set_sources(self, sources, chosen=()):
        """Mark sources (``name``, ``glon``, ``glat``); those whose names are ``chosen`` stand out."""
        for view in (self.map, self.second):
            view.set_sources(sources, chosen)
        self.controls.set_sources(sources)

    def select_bin(self, number):
        """Show one energy bin large; None for the sum of all."""
        if number != self._bin:
            self._bin = number
            self._show()
            self.bin_selected.emit(number)

    def select_pixel(self, ipix):
        """Mark a NESTED pixel; None for no mark."""
        self._pixel = ipix
        shown = self._shown()
        direction = None if ipix is None or shown is None else pixel_centre(shown.stack.nside, ipix)
        for view in (self.map, self.second):
            view.set_selected(direction)
        self._write_readout(None)

    @property
    def selected_pixel(self):
        """NESTED pixel that is marked, or None."""
        return self._pixel

    @property
    def selected_bin(self):
        """Number of the bin shown large, or None."""
        return self._bin

    @property
    def is_playing(self):
        """Whether the bins are being played."""
        return self._player.isActive()

    def toggle_play(self):
        """Walk through the bins, or stop where they are."""
        if self.is_playing:
            self._player.stop()
        elif self._shown() is not None and self._shown().stack.n_bins > 1:
            self._step_bin(1)
            self._player.start()
        self.controls.show_playing(self.is_playing)

    def _step_bin(self, step):
        shown = self._shown()
        if shown is not None:
            start = (-1 if step == 1 else 0) if self._bin is None else self._bin
            self.select_bin((start + step) % shown.stack.n_bins)

    def keep(self):
        """Keep the sky on screen to compare others with."""
        shown = self._shown()
        if shown is not None:
            heading, caption = shown.headings()
            self.content.keep(replace(shown, words=caption if shown.events is None else f"{caption}; {heading}"))

    def _offer_others(self):
        content = self.content
        kept = None if content.kept is None else content.kept.words
        self.controls.set_others(content.other_names, kept, content.other_name)
        self.controls.show_look(self._look)

    def _shown(self):
        """The sky of the chosen mode, or None."""
        return self.content.shown(self._look.mode, self._look.radius)

    def _comparison(self):
        """What is compared how: ``"off"``, ``"side"`` or ``"blink"``, and the other sky."""
        other = self.content.other
        return ("off", None) if other is None else (self._look.compare, other)

    def _flip(self):
        self._is_flipped = not self._is_flipped
        self._show()

    def _show(self, *, fade=False):
        shown, look = self._shown(), self._look
        self.radius_bar.setVisible(look.mode == "significance")
        self.radius_bar.show_radius(look.radius)
        if shown is None:
            self._show_nothing()
            return
        if self._bin is not None and self._bin >= shown.stack.n_bins:
            self._bin = None
        if self._pixel is not None and self._pixel >= shown.stack.npix:
            self._pixel = None
        how, other = self._comparison()
        self._set_timers(how)
        self._apply_look()
        self._lay_out()
        up = other if how == "blink" and self._is_flipped else shown
        pair = () if other is None or how == "off" else (other if up is shown else shown,)
        self._show_large(self.map, up, pair, fade)
        if how == "side":
            self._show_large(self.second, other, (shown,), False)
        self._show_bins(up, pair)
        self.all_bins.setVisible(self._bin is not None)
        self._place_marks()
        self.select_pixel(self._pixel)

    def _set_timers(self, how):
        if how != "blink":
            self._blinker.stop()
            self._is_flipped = False
        elif not self._blinker.isActive() and self.isVisible():
            self._blinker.start()

    def _apply_look(self):
        look = self._look
        can_turn = frames.request(look.frame) and ("supergalactic_plane" not in look.overlays or frames.request())
        for view in (self.map, self.second, self.grid):
            if can_turn:
                view.set_projection(look.sky_projection)
                view.set_lines(look.overlays)
            shape = Qt.CursorShape.OpenHandCursor if look.projection != "mollweide" else Qt.CursorShape.CrossCursor
            view.viewport().setCursor(shape if view is not self.grid else Qt.CursorShape.PointingHandCursor)

    def _show_large(self, view, shown, pair, fade):
        """Show the chosen bin of a sky on a large map; skies of a ``pair`` have the same colours where they have the same unit."""
        drawn, look = shown.drawn, self._look
        number = self._bin if self._bin is not None and self._bin < drawn.n_bins else None
        scale = self._scales(drawn, [sky.drawn for sky in pair])[0 if number is None else number + 1]
        view.set_colours(self._colours(drawn))
        view.set_map(
            drawn.values[0 if number is None else number + 1], drawn.nside, scale, title=drawn.title, discrete=drawn.discrete,
            fade=fade,
        )
        dots = shown.dots
        view.set_dots(None if dots is None else dots.of_bin(number), drawn.bin_edges, look.origin)
        view.set_blank(dots is not None and not drawn.title and not drawn.has_gaps)
        view.set_circle(look.radius if drawn.is_signed else None)
        view.set_heading(*shown.headings(number))

    def _show_bins(self, shown, pair):
        drawn, shared = shown.drawn, self._look.levels == "shared"
        scales = self._scales(drawn, [sky.drawn for sky in pair])
        colours = self._colours(drawn)
        self.grid.set_colours(colours)
        if drawn.n_bins > 1:
            self.grid.set_maps(
                drawn.of_bins, drawn.nside, drawn.bin_edges, scales[1:2] if shared else scales[1:], discrete=drawn.discrete
            )
            self.grid.set_dots(shown.dots, self._look.origin)
            self.grid.set_blank(shown.dots is not None and not drawn.title and not drawn.has_gaps)
            self.grid.set_current(self._bin)
        else:
            self.grid.set_maps(None, drawn.nside, drawn.bin_edges, ())
        has_bar = shared and bool(drawn.title) and drawn.n_bins > 1
        self.bar.set_scale(scales[1] if has_bar else None, drawn.discrete, colours)

    def _colours(self, stack):
        return "diverging" if stack.is_signed else self._look.colours

    def _place_marks(self):
        """Put what lies on the large map one below the other."""
        if self._corner is not None:
            self._corner.adjustSize()
            self._corner.move(self.map.width() - self._corner.width(), 4)
        self.all_bins.move(2, themes.scaled(40))
        self.all_bins.adjustSize()
        self.radius_bar.move(2, themes.scaled(60 if self.all_bins.isVisibleTo(self.map) else 40))

    def _show_nothing(self):
        self._player.stop()
        self.controls.show_playing(False)
        self.map.set_map(None, 1, None)
        self.map.set_dots(None)
        self.map.set_selected(None)
        what = "Choose a source on the left: its expected sky appears here"
        if self.mode == "measured":
            what = "Open an event list, File ▸ Open events…: its events appear here over the expected density"
        elif self.mode != "density":
            what = "A mock sky appears here as soon as the expected density is known"
        self.map.set_heading("", empty=what)
        self.second.hide()
        self.grid.set_maps(None, 1, None, ())
        self.bar.set_scale(None)
        self.readout.setText("")
        self.all_bins.hide()

    def _scales(self, stack, others=()):
        """Colour scale of the sum and of each bin, shared with other skies of the same unit and bins."""
        kind = self._look.scale
        alike = [stack, *(other for other in others if other.unit == stack.unit and other.n_bins == stack.n_bins)]

        def scale(rows):
            return stack.scale(kind, max(sky.top(rows) for sky in alike))

        if self._look.levels == "shared":
            return [scale(slice(0, 1))] + [scale(slice(1, None))] * stack.n_bins
        return [scale(slice(one, one + 1)) for one in range(stack.n_bins + 1)]

    def _zoom(self, place):
        """Zoom around a place (Galactic degrees), or around the chosen pixel for None."""
        shown = self._shown()
        if place is None and self._pixel is not None and shown is not None:
            place = pixel_centre(shown.stack.nside, self._pixel)
        self._change(projection="zoom", centre=self._look.centre if place is None else place)

    def zoom_at(self, glon, glat):
        """Zoom around a place, Galactic degrees."""
        self._zoom((glon, glat))

    def _map_double_clicked(self, _, glon, glat):
        if self._look.projection == "zoom":
            self._change(projection="mollweide")
        else:
            self._zoom((glon, glat))

    def _map_clicked(self, _, glon, glat):
        from ...core.sky import unit_vectors, vector_pixels

        shown = self._shown()
        if shown is None:
            return
        self.setFocus()
        self.select_pixel(int(vector_pixels(shown.stack.nside, unit_vectors(glon, glat))))
        self.pixel_selected.emit(self._pixel)

    def _grid_clicked(self, picture, *_):
        self.setFocus()
        self.select_bin(None if picture == self._bin else picture)

    def keyPressEvent(self, event):
        """Left and right change the bin shown large, Escape shows all of them, the space bar plays them."""
        key = event.key()
        if self._shown() is None or key not in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Escape, Qt.Key.Key_Space):
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Space:
            self.toggle_play()
        elif key == Qt.Key.Key_Escape:
            self._player.stop()
            self.controls.show_playing(False)
            self.select_bin(None)
        else:
            self._step_bin(1 if key == Qt.Key.Key_Right else -1)

    def hideEvent(self, event):
        """Let nothing move unseen."""
        super().hideEvent(event)
        self._player.stop()
        self._blinker.stop()
        self.controls.show_playing(False)

    def showEvent(self, event):
        """Go on where two skies are compared."""
        super().showEvent(event)
        self._set_timers(self._comparison()[0])

    def _hovered(self, picture, glon, glat):
        if picture < 0 or self._shown() is None:
            self._write_readout(None)
            return
        sender = self.sender()
        self._write_readout((glon, glat), picture if sender is self.grid else self._bin, sender is self.second)

    def _frames_loaded(self):
        self._show()

    def _write_readout(self, direction, number=None, is_other=False):
        shown = self._shown()
        if shown is None:
            return
        if direction is None:
            if self._pixel is None:
                hint = HINT if self._look.projection == "mollweide" else TURN_HINT
                self.readout.setText("" if self._is_presenting else hint)
                return
            direction, number = pixel_centre(shown.stack.nside, self._pixel), self._bin
        how, other = self._comparison()
        is_other = is_other or (how == "blink" and self._is_flipped)
        self.readout.setText(self.describe(direction, number, other if is_other else shown))

    def describe(self, direction, number=None, shown=None):
        """Return the readout of a direction (Galactic degrees) in an energy bin, or in all: coordinates, pixel, value."""
        loaded = frames.request("equatorial")
        return (shown or self._shown()).describe(direction, number, self._look.frame, loaded)

    def resizeEvent(self, event):
        """Share the room among large sky, readout and small skies."""
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self):
        width, top, height = self.width(), 0, self.height()
        if self.controls.parent() is self and not self.controls.isHidden():
            self.controls.setGeometry(0, 0, width, self.controls.sizeHint().height())
            top = self.controls.height() + 8
        shown, beside = self._shown(), self._comparison()[0] == "side"
        n = shown.stack.n_bins if shown is not None and shown.stack.n_bins > 1 else 0
        share = GRID_SHARE_SHOWN if self._is_presenting else GRID_SHARE
        below = grid_height(n, width, share * (height - top), self.grid.projection.aspect) if n else 0
        line = themes.scaled(READOUT_HEIGHT)
        map_height = max(height - top - below - line, 60)
        map_width = (width - GAP) // 2 if beside else width
        self.map.setGeometry(0, top, map_width, map_height)
        self.second.setGeometry(map_width + GAP, top, map_width, map_height)
        self.second.setVisible(beside and shown is not None)
        bar = self.bar.width() if self.bar.isVisibleTo(self) else 0
        self.readout.setGeometry(0, top + map_height + 4, max(width - bar - 8, 0), line - 12)
        self.bar.move(width - self.bar.width(), top + map_height)
        self._place_marks()
        self.grid.setVisible(n > 0)
        self.grid.setGeometry(0, top + map_height + line, width, below)
