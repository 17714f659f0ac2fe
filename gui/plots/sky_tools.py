"""The row of tools above the sky: what is shown, how it is laid out and coloured, what it is compared with."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QComboBox, QWidget

from ..style.colormaps import CHOICES
from ..style.widgets import Menu, button, menu_button, row
from .look import MODES, OVERLAYS

PROJECTIONS = {"mollweide": "Whole sky", "globe": "Globe", "zoom": "Zoom"}
FRAMES = {"galactic": "Galactic", "equatorial": "Equatorial", "supergalactic": "Supergalactic"}
SCALES = {"linear": "Linear", "sqrt": "Square root", "asinh": "Inverse hyperbolic sine", "log": "Logarithmic"}
SHORT_SCALES = SCALES | {"asinh": "asinh"}
LEVELS = {"shared": "One scale for all bins", "panel": "One scale per bin"}
COMPARISONS = {"off": "One sky", "side": "Side by side", "blink": "Blink"}
PLAY, PAUSE = "Play", "Pause"


class SkyTools(QWidget):
    """The tools of the Sky tab.

    Attributes
    ----------
    wanted : Signal(dict)
        Changes of the :class:`~.look.SkyLook` that the person asks for.
    zoom_wanted : Signal(object)
        Galactic longitude and latitude in degrees to zoom at, None for the chosen pixel.
    other_wanted : Signal(object)
        Name of the density to compare with; None for the sky that was kept.
    keep_wanted, play_wanted : Signal()
    """

    wanted = Signal(dict)
    zoom_wanted = Signal(object)
    other_wanted = Signal(object)
    keep_wanted = Signal()
    play_wanted = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.mode_box = QComboBox()
        for key, text in MODES.items():
            self.mode_box.addItem(text, key)
        self.mode_box.setToolTip("What is shown")
        self.mode_box.setAccessibleName("What is shown")
        self.mode_box.currentIndexChanged.connect(lambda _: self.wanted.emit({"mode": self.mode_box.currentData()}))
        self._sources = ()
        self.view_button = menu_button(self._view_menu(), "Projection, coordinates, lines and marks")
        self.colour_button = menu_button(self._colour_menu(), "Colour scale, its range, colours")
        self.compare_button = menu_button(self._compare_menu(), "Compare two skies")
        self.compare_button.setText("Compare")
        self.play_button = button(PLAY, on_click=self.play_wanted.emit, tooltip="Walk through the energy bins (Space)")
        parts = self.mode_box, self.view_button, self.colour_button, self.compare_button, self.play_button
        self.setLayout(row(None, *parts))

    def _want(self, name):
        return lambda value: self.wanted.emit({name: value})

    def _view_menu(self):
        menu = Menu(self)
        self.projections = menu.choices(PROJECTIONS, self._want("projection"))
        self.zoom_menu = menu.addMenu("Zoom around")
        self.zoom_menu.aboutToShow.connect(self._fill_zoom)
        menu.addSeparator()
        self.frames = menu.choices(FRAMES, self._want("frame"))
        menu.addSeparator()
        self.overlays = {
            name: menu.tick(text, lambda is_on, name=name: self.wanted.emit({"overlay": (name, is_on)}))
            for name, text in OVERLAYS.items()
        }
        self.origin = menu.tick("Events by true origin", self._want("origin"))
        return menu

    def _colour_menu(self):
        menu = Menu(self)
        self.scales = menu.choices(SCALES, self._want("scale"))
        menu.addSeparator()
        self.levels = menu.choices(LEVELS, self._want("levels"))
        menu.addSeparator()
        self.colours = menu.choices(CHOICES, self._want("colours"))
        return menu

    def _compare_menu(self):
        menu = Menu(self)
        self.keep_action = menu.addAction("Keep this sky to compare")
        self.keep_action.triggered.connect(lambda: self.keep_wanted.emit())
        menu.addSeparator()
        self.comparisons = menu.choices(COMPARISONS, self._want("compare"))
        menu.addSeparator()
        self.others_menu = menu.addMenu("Compare with")
        self._others_group, self.others = QActionGroup(self.others_menu), {}  # actions that are deleted leave it
        self.set_others((), None, None)
        return menu

    def set_sources(self, sources):
        """Offer sources to zoom at (``name``, ``glon``, ``glat``)."""
        self._sources = tuple(sources)

    def _fill_zoom(self):
        self.zoom_menu.clear()
        self.zoom_menu.addAction("The chosen pixel").triggered.connect(lambda: self.zoom_wanted.emit(None))
        for source in self._sources:
            place = source.glon, source.glat
            self.zoom_menu.addAction(source.name).triggered.connect(lambda _=False, place=place: self.zoom_wanted.emit(place))

    def set_others(self, names, kept, chosen):
        """Offer densities to compare with.

        Parameters
        ----------
        names : sequence of str
        kept : str or None
            What is said of the sky that was kept.
        chosen : str or None
            Which density is compared with; None for the sky that was kept.
        """
        self.others_menu.clear()
        entries = ({None: f"Kept: {kept}"} if kept else {}) | {name: f"Expected from {name}" for name in names}
        self.others = {}
        for key, text in entries.items():
            action = QAction(text, self.others_menu, checkable=True, checked=key == chosen)
            action.triggered.connect(lambda _=False, key=key: self.other_wanted.emit(key))
            self._others_group.addAction(action)
            self.others_menu.addAction(action)
            self.others[key] = action
        self.others_menu.setEnabled(bool(entries))
        for key in ("side", "blink"):
            self.comparisons[key].setEnabled(bool(entries))

    def show_look(self, look):
        """Show which look is in use; sends nothing."""
        self.mode_box.blockSignals(True)
        self.mode_box.setCurrentIndex(self.mode_box.findData(look.mode))
        self.mode_box.blockSignals(False)
        for actions, value in (
            (self.projections, look.projection), (self.frames, look.frame), (self.scales, look.scale), (self.levels, look.levels),
            (self.colours, look.colours), (self.comparisons, look.compare),
        ):
            actions[value].setChecked(True)
        for name, action in self.overlays.items():
            action.setChecked(name in look.overlays)
        self.origin.setChecked(look.origin)
        frame = FRAMES[look.frame]
        self.view_button.setText(frame if look.projection == "mollweide" else f"{frame} {PROJECTIONS[look.projection].lower()}")
        is_signed = look.mode == "significance"  # on both sides of zero: always linear, in colours of its own
        for action in (*self.scales.values(), *self.colours.values()):
            action.setEnabled(not is_signed)
        self.colour_button.setText(SCALES["linear"] if is_signed else SHORT_SCALES[look.scale])
        self.compare_button.setText("Compare" if look.compare == "off" else COMPARISONS[look.compare])

    def show_playing(self, is_playing):
        """Say what the button does."""
        self.play_button.setText(PAUSE if is_playing else PLAY)
