"""The Field tab: two planes of the Galaxy, a map of the whole sky, and a source's images against rigidity."""

import math

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QStackedLayout, QWidget

from ...core.sky import lonlat
from ..style import theme as themes
from ..style.numbers import THIN_SPACE, fixed, significant
from ..style.widgets import Choice, Segments, Slider, button, column, label, row, wrapped
from .base import NO_BREAK, SWATCHES, Key
from .field_curves import MEASURES, RigidityDiagram
from .field_map import FieldMap
from .field_plane import MOST_RAYS, PlaneDiagram, StrengthBar, ray_look
from .maps import ColourScale

KINDS = {"deflection": "Deflection", "magnification": "Magnification", "images": "Images"}
FRAME = 110  # ms, of the animation
SIDE_WIDTH = 326
PLANE_WORDS = {"xy": "PLANE OF THE DISK, z = 0", "xz": "THROUGH SUN AND CENTRE, y = 0"}
PLANE_HINT = "Point at a plane for the field there"
RAY_HINT = "Click the map: the nuclei seen from there are followed back through the Galaxy and drawn in both planes."
LOWEST_MAGNIFICATION = 0.1  # of the colours


class FieldView(QWidget):
    """What the Galactic field of the run is and does; shows what it is given.

    Attributes
    ----------
    shown : Signal()
        The tab has come to the front.
    kind_chosen : Signal(str)
        Key of :data:`KINDS`, chosen by the user.
    rigidity_chosen : Signal(float)
        EV, by slider or animation.
    source_chosen : Signal(str)
        Whose images are to be seen.
    sky_clicked : Signal(float, float)
        Galactic longitude and latitude, degrees.
    rays_cleared : Signal()
    rigidities : ndarray, shape (n_R,), or None
        What the slider offers, EV.
    """

    shown = Signal()
    kind_chosen = Signal(str)
    rigidity_chosen = Signal(float)
    source_chosen = Signal(str)
    sky_clicked = Signal(float, float)
    rays_cleared = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.rigidities, self._rays = None, ()
        self._make_planes()
        self._make_controls()
        self._make_sky()
        self._make_side()
        self.field_words = wrapped("", "active")
        left = column(self._planes, self._controls, self.map)
        left.setStretch(0, 10)
        left.setStretch(2, 9)
        body = row(spacing=2 * themes.RHYTHM)
        body.addLayout(left, 1)
        body.addWidget(self._side)
        layout = column(self.field_words, body)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        themes.notifier.changed.connect(self._restyle)
        self.set_field_words("")
        self.set_kind("deflection")
        self.set_setup(None)
        self.set_sky(None)
        self.set_rays(())
        self.set_statistics(None)

    def _make_planes(self):
        self.planes = {name: PlaneDiagram(name) for name in PLANE_WORDS}
        self.readout, self.strength_bar = label(PLANE_HINT, "quiet"), StrengthBar()
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * themes.RHYTHM)
        grid.setVerticalSpacing(4)
        for place, (name, diagram) in enumerate(self.planes.items()):
            grid.addWidget(label(PLANE_WORDS[name], "heading"), 0, place)
            grid.addWidget(give_room(diagram), 1, place)
            grid.setColumnStretch(place, 1)
            diagram.pointed.connect(lambda index, name=name: self._show_point(name, index))
        grid.setRowStretch(1, 1)
        line = row(self.readout, self.strength_bar)
        line.setStretch(0, 1)
        full, body = QWidget(), column(grid, line, spacing=4)
        body.setStretch(0, 1)
        full.setLayout(body)
        self.planes_message = wrapped("", "quiet")
        self.planes_message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._planes = QWidget()
        self._pages = QStackedLayout(self._planes)
        self._pages.addWidget(self.planes_message)
        self._pages.addWidget(full)

    def _make_controls(self):
        self.kinds = Segments(KINDS.items())
        self.kinds.chosen.connect(self._kind_pressed)
        self.slider = Slider(1)
        self.slider.setMinimumWidth(80)
        self.slider.setAccessibleName("Rigidity")
        self.slider.setToolTip("Rigidity R = E/Z of the nuclei; a proton of 10 EeV and iron of 260 EeV both have 10 EV")
        self.slider.valueChanged.connect(self._slid)
        self.rigidity_label = label("", "active")
        self.rigidity_label.setMinimumWidth(84)
        self.play_button = button("Play", on_click=self.toggle_play, tooltip="Let the rigidity fall and watch the images move")
        self.play_button.setMinimumWidth(76)
        self._timer = QTimer(self, interval=FRAME)
        self._timer.timeout.connect(self._next_frame)
        line = row(self.kinds, self.rigidity_label, self.slider, self.play_button)
        line.setStretch(2, 1)
        line.insertSpacing(1, 8)
        self._controls = QWidget()
        self._controls.setLayout(line)

    def _make_sky(self):
        self.map = give_room(FieldMap())
        self.map.clicked.connect(lambda picture, glon, glat: self.sky_clicked.emit(glon, glat))

    def _make_side(self):
        self.source_box = Choice()
        self.source_box.setMinimumWidth(120)
        self.source_box.setToolTip("Whose images are shown")
        self.source_box.setAccessibleName("Source of the images")
        self.source_box.activated.connect(lambda index: self.source_chosen.emit(self.source_box.itemText(index)))
        self.images_heading = label("", "heading")
        self.clear_button = button("Clear", "link", on_click=self.rays_cleared.emit, tooltip="Take the rays out of the planes")
        self.rays_label = wrapped("", "caption")
        self.rays_label.setTextFormat(Qt.TextFormat.RichText)
        self._side = QWidget()
        self._side.setFixedWidth(SIDE_WIDTH)
        curves = self._make_curves()
        rays_heading = row(label("RAYS", "heading"), None, self.clear_button)
        layout = column(row(self.images_heading, None, self.source_box), curves, rays_heading, self.rays_label, spacing=6)
        layout.setStretch(1, 1)
        self._side.setLayout(layout)

    def _make_curves(self):
        lowest = list(MEASURES)[-1]
        self.curves = {name: give_room(RigidityDiagram(name, "rigidity (EV)" if name == lowest else "")) for name in MEASURES}
        self.images_message = wrapped("", "quiet")
        self.images_message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        full, body = QWidget(), column(spacing=2)
        for name, diagram in self.curves.items():
            body.addWidget(Key(diagram.entries()))
            body.addWidget(diagram, 6 if name == lowest else 5)
        full.setLayout(body)
        holder = QWidget()
        self._image_pages = QStackedLayout(holder)
        self._image_pages.addWidget(self.images_message)
        self._image_pages.addWidget(full)
        return holder

    @property
    def kind(self):
        """Key of :data:`KINDS`."""
        return self._kind

    @property
    def rigidity(self):
        """Chosen rigidity, EV."""
        return math.nan if self.rigidities is None else float(self.rigidities[self.slider.value()])

    @property
    def is_playing(self):
        """Whether the rigidity falls by itself."""
        return self._timer.isActive()

    def set_kind(self, kind):
        """Choose which map is shown; sends no signal."""
        self._kind = kind
        self.kinds.choose(kind)

    def set_rigidities(self, rigidities, chosen):
        """Give the slider its rigidities in EV, increasing, and choose the one nearest to ``chosen``; sends no signal."""
        self.rigidities = np.asarray(rigidities, float)
        self.slider.blockSignals(True)
        self.slider.setRange(0, len(rigidities) - 1)
        self.slider.setPageStep(max(len(rigidities) // 10, 1))
        self.slider.setValue(int(np.abs(np.log(self.rigidities / chosen)).argmin()))
        self.slider.blockSignals(False)
        self._show_rigidity()

    def set_sources(self, names, chosen):
        """Offer sources; with a single one there is nothing to choose."""
        self.source_box.clear()
        self.source_box.addItems(list(names))
        self.source_box.setCurrentText(chosen)
        self.source_box.setVisible(len(names) > 1)
        self.images_heading.setText("IMAGES OF" if len(names) > 1 else f"IMAGES OF {chosen.upper()}")

    def set_field_words(self, words):
        """Say above all pictures which field they show, such as ``"first of 4 fields averaged: jf12"``; empty for nothing."""
        self.field_words.setText(f"Planes, maps, images and rays show the {words}" if words else "")
        self.field_words.setVisible(bool(words))

    def set_setup(self, setup, message=""):
        """Show the planes of a ``FieldSetup``; where there are none, a message in their place."""
        planes = {} if setup is None else setup.planes
        self.planes_message.setText(message)
        self._pages.setCurrentIndex(1 if planes else 0)
        scale = ColourScale.for_top("log", setup.top or 1.0) if planes else None
        self.strength_bar.set_scale(scale)
        for name, diagram in self.planes.items():
            diagram.set_plane(planes.get(name), scale)
        self.slider.setEnabled(setup is not None)

    def set_sky(self, sky, heading="", caption="", empty=""):
        """Show a ``SkyOfField``; while there is none, ``empty`` in its place."""
        self._set_heading(heading, caption, empty)
        self.map.set_trail()
        if sky is None:
            self.map.set_map(None, 1, None)
        elif sky.kind == "deflection":
            top = float(np.max(sky.values, where=np.isfinite(sky.values), initial=0.0))
            self.map.set_map(sky.values, sky.nside, ColourScale("linear", 0.0, top or 1.0), title="deflection (°)")
        else:
            scale = ColourScale("log", LOWEST_MAGNIFICATION, magnification_top(sky.values))
            self.map.set_map(sky.values, sky.nside, scale, title="magnification")

    def set_images(self, values, nside, heading="", caption="", empty="", *, statistics=None, current=None):
        """Show the images of a source at one rigidity, shape (npix,), relative to isotropy; None for none.

        With ``statistics`` the way of their centre through the rigidities is drawn, number ``current`` marked.
        """
        self._set_heading(heading, caption, empty)
        if statistics is None:
            self.map.set_trail()
        else:
            self.map.set_trail(*lonlat(statistics.mean_direction), current)
        if values is None or values.max() <= 0:
            self.map.set_map(None if values is None else np.full(len(values), np.nan), nside, ColourScale("linear", 0, 1))
        else:
            scale = ColourScale.for_top("log", float(values.max()))
            self.map.set_map(values, nside, scale, title="density relative to isotropy")

    def set_waiting(self, words):
        """Say what is being waited for; the map that was there stays meanwhile."""
        self.map.set_heading(self._heading, words, words)

    def _set_heading(self, heading, caption, empty):
        self._heading = heading
        self.map.set_heading(heading, caption, empty)

    def set_statistics(self, statistics, message=""):
        """Draw the ``ImageStatistics`` of the source; while there are none, a message in their place."""
        self.images_message.setText(message)
        self._image_pages.setCurrentIndex(0 if statistics is None else 1)
        for diagram in self.curves.values():
            diagram.set_statistics(statistics)
        self.play_button.setEnabled(statistics is not None)

    def set_rays(self, rays, message=""):
        """Draw rays in both planes and list them; ``message`` stands below the list."""
        self._rays = tuple(rays)[-MOST_RAYS:]
        for diagram in self.planes.values():
            diagram.set_rays(self._rays)
        self.clear_button.setVisible(bool(self._rays))
        self.map.set_numbers((*map(float, lonlat(ray.arrival)), ray_look(number)[0]) for number, ray in enumerate(self._rays))
        self._write_rays(message)

    def _restyle(self, theme):
        """Write the list of rays in the colours of the theme, and give larger letters more room."""
        self._side.setFixedWidth(themes.scaled(SIDE_WIDTH))
        self._write_rays()

    def _write_rays(self, message=""):
        theme, lines = themes.current(), []
        for number, ray in enumerate(self._rays):
            colour, style = ray_look(number)
            swatch = SWATCHES["line" if style == Qt.PenStyle.SolidLine else "dashes"]
            lines.append(
                f'<span style="color:{getattr(theme, colour)}">{swatch}&nbsp;{number + 1}</span>&nbsp; '
                + describe_ray(ray).replace(" ", NO_BREAK)
            )
        if message or not lines:
            lines.append(message or RAY_HINT)
        self.rays_label.setText("<br>".join(lines))

    def toggle_play(self):
        """Begin or end the animation; at the lowest rigidity it begins at the highest."""
        if self.is_playing:
            self.stop()
            return
        if self._kind != "images":
            self._kind_pressed("images")
            self.kinds.choose("images")
        if self.slider.value() == 0:
            self.slider.setValue(self.slider.maximum())
        self._timer.start()
        self.play_button.setText("Pause")

    def stop(self):
        """End the animation."""
        self._timer.stop()
        self.play_button.setText("Play")

    def _next_frame(self):
        self.slider.setValue(self.slider.value() - 1)
        if self.slider.value() == 0:
            self.stop()

    def _kind_pressed(self, kind):
        self._kind = kind
        if kind != "images":
            self.stop()
        self.kind_chosen.emit(kind)

    def _slid(self, _):
        self._show_rigidity()
        self.rigidity_chosen.emit(self.rigidity)

    def _show_rigidity(self):
        self.rigidity_label.setText(f"R = {rigidity_text(self.rigidity)}")
        for diagram in self.curves.values():
            diagram.set_current(self.rigidity)

    def _show_point(self, name, index):
        plane = self.planes[name].plane
        if index is None or plane is None:
            self.readout.setText(PLANE_HINT)
            return
        position, field = plane.position(*index), plane.field[index]
        place = ", ".join(f"{axis} {fixed(value)}" for axis, value in zip("xyz", position, strict=True))
        parts = ", ".join(f"B{axis} {fixed(value, 2)}" for axis, value in zip("xyz", field, strict=True))
        self.readout.setText(f"{place} kpc   ·   {significant(float(np.linalg.norm(field)))}{THIN_SPACE}µG   ·   {parts}")

    def showEvent(self, event):
        """Say that something is to be seen."""
        super().showEvent(event)
        self.shown.emit()

    def hideEvent(self, event):
        """Let nothing move unseen."""
        super().hideEvent(event)
        self.stop()


def magnification_top(values):
    """Return the upper end of the colours of a magnification map: 10, or the next power of ten above the largest value."""
    return 10.0 ** math.ceil(math.log10(max(float(values.max()), 10.0)) - 1e-9)


def give_room(widget):
    """Let a widget take what the layout gives it, whatever size it would like; returns it."""
    widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
    return widget


def rigidity_text(rigidity):
    """Return ``"10.0 EV"``."""
    return f"{significant(rigidity)}{THIN_SPACE}EV"


def describe_ray(ray):
    """Return one line that says what became of a ray."""
    seen = direction_text(*lonlat(ray.arrival))
    if ray.is_trapped:
        return f"{rigidity_text(ray.rigidity)}, seen at {seen}: does not leave the Galaxy"
    came = direction_text(*lonlat(ray.exit))
    return f"{rigidity_text(ray.rigidity)}, {seen} ← {came}: {fixed(ray.deflection)}°, {fixed(ray.path)} kpc"


def direction_text(glon, glat):
    """Return ``"(309.5°, 19.4°)"``: Galactic longitude and latitude."""
    return f"({fixed(float(glon))}°, {fixed(float(glat))}°)"
