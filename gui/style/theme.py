"""Colours, fonts and their change, in one place: widgets and plots ask here and hard-code nothing.

Two accents only: `active` for what is ours and active (the network, the main
button, sliders), `limit` for the limit and for progress. Grey (`quiet`) is for
published values and for what rests. `fault` marks what has to be put right and
is seen only then.
"""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPalette

from .colormaps import lookup_table

FONT_FAMILIES = ("Inter", "SF Pro Text", "Segoe UI", "Noto Sans", "Helvetica Neue", "DejaVu Sans Condensed", "DejaVu Sans")
TEXT_SIZE, CAPTION_SIZE, NAME_SIZE = 13, 11, 15  # pixels before scaling
RHYTHM, CORNER = 8, 6


@dataclass(frozen=True)
class Theme:
    """Named colours as ``#rrggbb``; ``sky`` names the colour map of sky maps (:func:`sky_lookup`), ``unseen`` is for pixels without a value."""

    name: str
    ground: str
    panel: str
    control: str
    line: str
    text: str
    quiet: str
    active: str
    on_active: str
    limit: str
    fault: str
    sky: str
    unseen: str

    @property
    def is_dark(self):
        """Whether the ground is dark."""
        return QColor(self.ground).lightness() < 128


DARK = Theme(
    name="dark", ground="#12151c", panel="#1a1f29", control="#212734", line="#2d3545", text="#e6e9ef", quiet="#8f99ab",
    active="#ffb454", on_active="#1b1508", limit="#5cc8ff", fault="#ff7a70", sky="inferno", unseen="#2d3545",
)
LIGHT = Theme(
    name="light", ground="#f4f5f7", panel="#ffffff", control="#f7f8fa", line="#dfe3ea", text="#1b2130", quiet="#667085",
    active="#c2571a", on_active="#ffffff", limit="#1769aa", fault="#b3261e", sky="paper", unseen="#dfe3ea",
)
CONTRAST = Theme(
    name="contrast", ground="#000000", panel="#000000", control="#000000", line="#707070", text="#ffffff", quiet="#d4d4d4",
    active="#ffd23f", on_active="#000000", limit="#4dd2ff", fault="#ff9a92", sky="inferno", unseen="#2e2e2e",
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT, CONTRAST)}
LABELS = {"dark": "Dark", "light": "Light", "contrast": "High contrast"}


class Notifier(QObject):
    """Says that the theme has changed; the new one comes with the signal."""

    changed = Signal(object)


notifier = Notifier()
_current = DARK
_type_scale = 1.0


def current():
    """Return the :class:`Theme` in use."""
    return _current


def set_theme(theme):
    """Use another theme, given as :class:`Theme` or by name, everywhere at once."""
    global _current
    from PySide6.QtWidgets import QApplication

    _current = THEMES[theme] if isinstance(theme, str) else theme
    if (application := QApplication.instance()) is not None:
        apply(application)
    notifier.changed.emit(_current)


def toggle():
    """Change between dark and light; from high contrast to dark."""
    set_theme(LIGHT if _current is DARK else DARK)


def scaled(pixels):
    """Return a size of letters, or of what has to hold them, in the current size of type."""
    return round(pixels * _type_scale)


def set_type_scale(scale):
    """Make all letters so many times as large as usual, for a projector."""
    global _type_scale
    from PySide6.QtWidgets import QApplication

    _type_scale = scale
    if (application := QApplication.instance()) is not None:
        apply(application)
    notifier.changed.emit(_current)


def apply(application):
    """Give an application the style, palette, font and stylesheet of the current theme."""
    from .stylesheet import stylesheet

    if not application.property("has_fusion"):  # a style in use hides its name behind the stylesheet; setting it is slow
        application.setStyle("Fusion")
        application.setProperty("has_fusion", True)
    # tells the platform which scheme we draw; under X11 and offscreen it changes nothing, hence our own palette
    application.styleHints().setColorScheme(Qt.ColorScheme.Dark if _current.is_dark else Qt.ColorScheme.Light)
    application.setPalette(palette(_current))
    application.setFont(font())
    application.setStyleSheet(stylesheet(_current))


def font(size=TEXT_SIZE, *, weight=QFont.Weight.Normal):
    """Return the one type family in one of the three sizes."""
    chosen = QFont()
    chosen.setFamilies(list(FONT_FAMILIES))
    chosen.setPixelSize(scaled(size))
    chosen.setWeight(weight)
    return chosen


def palette(theme):
    """Return the palette of a theme for everything the stylesheet does not reach."""
    roles = {
        QPalette.ColorRole.Window: theme.ground, QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.control, QPalette.ColorRole.AlternateBase: theme.panel,
        QPalette.ColorRole.Text: theme.text, QPalette.ColorRole.PlaceholderText: theme.quiet,
        QPalette.ColorRole.Button: theme.control, QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.ToolTipBase: theme.panel, QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.Highlight: theme.active, QPalette.ColorRole.HighlightedText: theme.on_active,
        QPalette.ColorRole.Link: theme.limit, QPalette.ColorRole.Mid: theme.line, QPalette.ColorRole.BrightText: theme.fault,
    }
    made = QPalette()
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.quiet))
    return made


def sky_lookup(theme=None):
    """Return the colours of sky maps, shape (256, 3), uint8, faintest first."""
    return lookup_table((theme or _current).sky)


def configure_pyqtgraph():
    """Set what every plot shares: rows before columns, smooth lines, no OpenGL; call before the first plot is made."""
    import pyqtgraph

    pyqtgraph.setConfigOptions(imageAxisOrder="row-major", antialias=True, useOpenGL=False)
