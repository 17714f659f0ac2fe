"""Demo mode: the picture alone, in large type, from view to view."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QWidget

from ...core.errors import ZevatronError
from ...core.sources import selected_sources
from ..files.scenes import SECONDS, TABS, Scene, read_scenes, standard_scenes, write_scenes
from ..style import theme
from ..style.numbers import percent
from ..style.widgets import Elided, column, label, row, separator

LOG = logging.getLogger(__name__)
TYPE_SCALE = 1.5
LOOK = 200  # ms between two looks whether the field is there
TURN_FRAME = 40  # ms between two pictures of a turning globe
FILTER = "Demonstrations (*.toml);;All files (*)"
NEXT = (Qt.Key.Key_Right, Qt.Key.Key_PageDown, Qt.Key.Key_Space)
BACK = (Qt.Key.Key_Left, Qt.Key.Key_PageUp)
HINT = "← →   Esc"


class DemoBar(QWidget):
    """The line below the picture: what is seen, and which view it is."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title, self.place, self.hint = Elided(), label("", "quiet"), label(HINT, "quiet")
        self.title.setProperty("role", "title")
        line = row(self.title, self.place, self.hint, spacing=3 * theme.RHYTHM)
        line.setStretch(0, 1)
        line.setContentsMargins(24, 10, 24, 10)
        self.setLayout(column(separator(), line, spacing=0))


class Presentation(QObject):
    """Shows scenes one after the other and puts the window back as it was.

    Parameters
    ----------
    window : MainWindow

    Attributes
    ----------
    bar : DemoBar
        To stand at the bottom of the window; hidden while there is no demonstration.
    scenes : tuple of Scene
        Those opened or recorded; empty for the standard ones.
    """

    def __init__(self, window):
        super().__init__(window)
        self._window, self.bar, self.scenes = window, DemoBar(), ()
        self.bar.hide()
        self._shown, self._number, self._before, self._hidden, self._awaited = (), 0, None, (), None
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.next)
        self._turner = QTimer(self, interval=TURN_FRAME)
        self._turner.timeout.connect(self._turn)
        self._waiting = QTimer(self, interval=LOOK)
        self._waiting.timeout.connect(self._begin_field)
        self._shortcuts = [
            *(self._shortcut(key, self.next) for key in NEXT), *(self._shortcut(key, self.back) for key in BACK),
            self._shortcut(Qt.Key.Key_Escape, self.stop),
        ]
        window.view.subscribe(lambda names: self._write_title())
        window.controller.density_changed.connect(self._write_title)

    def _shortcut(self, key, function):
        shortcut = QShortcut(QKeySequence(key), self._window, context=Qt.ShortcutContext.ApplicationShortcut)
        shortcut.setEnabled(False)
        shortcut.activated.connect(function)
        return shortcut

    @property
    def is_on(self):
        """Whether the window is a demonstration."""
        return self._before is not None

    @property
    def scene(self):
        """The :class:`~.scenes.Scene` on screen, or None."""
        return self._shown[self._number] if self.is_on else None

    def toggle(self):
        """Begin, or put the window back as it was."""
        self.stop() if self.is_on else self.start()

    def start(self):
        """Fill the screen with the first view."""
        window = self._window
        try:
            sources = selected_sources(window.draft.config.sources)
        except ZevatronError as error:
            window.messages.say(str(error))
            return
        chosen = next((source for source in sources if source.name == window.controller.source_name), sources[0])
        self._before = self.record_scene(), window.windowState()
        self._shown, self._number = self.scenes or standard_scenes(chosen), 0
        self._hidden = [part for part in window.parts_around() if not part.isHidden()]
        for part in self._hidden:
            part.hide()
        self.bar.show()
        for shortcut in self._shortcuts:
            shortcut.setEnabled(True)
        theme.set_type_scale(TYPE_SCALE)
        window.sky.set_presenting(True)
        window.showFullScreen()
        self._show()

    def stop(self):
        """Put the window back as it was."""
        if not self.is_on:
            return
        (scene, state), self._before = self._before, None
        self._timer.stop()
        self._turner.stop()
        self._waiting.stop()
        self._window.sky.set_presenting(False)
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
        theme.set_type_scale(1.0)
        self.bar.hide()
        for part in self._hidden:
            part.show()
        self._window.setWindowState(state)
        self._apply(scene)
        self._window._fold_inspector()

    def next(self):
        """Show the next view; after the last comes the first."""
        self._go(1)

    def back(self):
        """Show the view before."""
        self._go(-1)

    def _go(self, step):
        if self.is_on:
            self._number = (self._number + step) % len(self._shown)
            self._show()

    def _show(self):
        scene = self.scene
        self._apply(scene)
        self._write_title()
        self._timer.stop()
        if scene.seconds:
            self._timer.start(round(1000 * scene.seconds))

    def _write_title(self):
        if not self.is_on:
            return
        controller, title = self._window.controller, self.scene.title
        for name, value in (
            ("source", controller.source_name), ("N", str(controller.choices.n_events)), ("eta", percent(controller.choices.eta)),
        ):
            title = title.replace(f"{{{name}}}", value)
        self.bar.title.setText(title)
        self.bar.place.setText(f"{self._number + 1} / {len(self._shown)}")

    def _apply(self, scene):
        """Let the window show what a scene says."""
        window = self._window
        for name in ("source", "n_events", "eta", "sky_seed"):
            value = getattr(scene, name)
            known = window.controller.source_name if name == "source" else window.view.value(name)
            if value not in (None, "") and known != value:
                window.view.set(name, value)
        sky, field = window.sky, window.field_view
        window.tabs.setCurrentIndex(TABS.index(scene.tab))
        if sky.is_playing:
            sky.toggle_play()
        sky.set_look(scene.sky)
        sky.select_bin(scene.bin)
        field.stop()
        if scene.tab == "Sky" and scene.play:
            sky.toggle_play()
        if scene.tab == "Field" and field.kind != scene.field:
            field.set_kind(scene.field)
            field.kind_chosen.emit(scene.field)
        self._waiting.stop()
        if scene.tab == "Field" and (scene.rigidity or scene.play):
            self._awaited = scene
            self._waiting.start()
            self._begin_field()
        can_turn = scene.turn and scene.tab == "Sky" and scene.sky.sky_projection.can_turn
        self._turner.start() if can_turn else self._turner.stop()

    def _begin_field(self):
        """Choose the rigidity of a scene and play it, as soon as the field and the images are there."""
        field, scene = self._window.field_view, self._awaited
        if field.rigidities is None or (scene.play and not field.play_button.isEnabled()):
            return
        self._waiting.stop()
        if scene.rigidity:
            field.slider.setValue(int(np.abs(np.log(field.rigidities / scene.rigidity)).argmin()))
        if scene.play and not field.is_playing:
            field.toggle_play()

    def _turn(self):
        """Turn the globe a little."""
        sky = self._window.sky
        if not sky.look.sky_projection.can_turn:
            return
        lon, lat = sky.look.sky_projection.frame_centre
        turned = sky.look.sky_projection.facing(lon + self.scene.turn * TURN_FRAME / 1000, lat)
        sky.set_look(replace(sky.look, centre=turned.centre))

    def record_scene(self):
        """Return the view on screen as a :class:`~.scenes.Scene`."""
        window = self._window
        choices, field = window.view.config, window.field_view
        rigidity = 0.0 if field.rigidities is None else field.rigidity
        return Scene(
            tab=TABS[window.tabs.currentIndex()], sky=window.sky.look, bin=window.sky.selected_bin, field=field.kind,
            play=window.sky.is_playing or field.is_playing, rigidity=rigidity, source=window.controller.source_name,
            n_events=choices.n_events, eta=choices.eta, sky_seed=choices.sky_seed,
        )

    def record(self):
        """Add the view on screen to the demonstration."""
        scene = self.record_scene()
        title = f"{scene.tab}: {'{source}'}" if scene.tab == "Sky" else scene.tab
        self.scenes = (*self.scenes, replace(scene, title=title, seconds=SECONDS))
        LOG.info("view %d of the demo: %s", len(self.scenes), scene.tab)

    def forget(self):
        """Go back to the standard views."""
        self.scenes = ()

    def open(self):
        """Ask for a demonstration and begin it."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open demo", str(Path.home()), FILTER)
        if path:
            self.open_path(path)

    def open_path(self, path):
        """Begin the demonstration in a file; a fault is shown."""
        try:
            self.scenes = read_scenes(path)
        except ZevatronError as error:
            self._window.messages.say(str(error))
            return
        self.stop()
        self.start()

    def save(self):
        """Ask for a file name and write the recorded views."""
        if not self.scenes:
            self._window.messages.say("There is no demo to save yet; record some views first.")
            return
        path, _ = QFileDialog.getSaveFileName(self._window, "Save demo", str(Path.home() / "demo.toml"), FILTER)
        if path:
            self.save_path(path if Path(path).suffix else f"{path}.toml")

    def save_path(self, path):
        """Write the recorded views; a fault is shown."""
        try:
            write_scenes(path, self.scenes)
        except OSError as error:
            self._window.messages.say(f"The demo could not be written: {error.strerror}; choose another folder.")
