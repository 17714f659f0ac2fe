"""Lets a person point at a place on the large sky."""

from PySide6.QtCore import QEvent, QObject, Qt

from ..style import theme
from ..style.widgets import label

WORDS = "Click the sky: on a marker to choose that source, elsewhere to add one there. Escape: no source"


class SkyPicker(QObject):
    """Waits for one click on the sky.

    Parameters
    ----------
    sky : SkyView
        With a signal ``clicked(picture, glon, glat)``.
    show_sky : callable
        Brings the sky to the front.
    picked : callable
        Called with Galactic longitude and latitude in degrees.
    """

    def __init__(self, sky, show_sky, picked, parent=None):
        super().__init__(parent)
        self._sky, self._show_sky, self._picked = sky, show_sky, picked
        self.is_waiting = False
        self.banner = label(WORDS, "banner")
        self.banner.setParent(sky)
        self.banner.hide()
        sky.clicked.connect(self._clicked)

    def begin(self):
        """Wait for a click."""
        self._show_sky()
        self.is_waiting = True
        self._sky.setCursor(Qt.CursorShape.CrossCursor)
        self.banner.adjustSize()
        self.banner.move((self._sky.width() - self.banner.width()) // 2, theme.RHYTHM)
        self.banner.show()
        self.banner.raise_()
        self._sky.window().installEventFilter(self)

    def end(self):
        """Wait no more."""
        self.is_waiting = False
        self._sky.unsetCursor()
        self.banner.hide()
        self._sky.window().removeEventFilter(self)

    def _clicked(self, picture, glon, glat):
        if self.is_waiting:
            self.end()
            self._picked(glon, glat)

    def eventFilter(self, watched, event):
        """End with Escape, wherever the keyboard is."""
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            self.end()
            return True
        return False
