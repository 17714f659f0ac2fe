"""Where the tools of the sky stand: beside the tabs, or above the sky where both have no room in one line."""

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

from ..style.widgets import row

MARGINS = 0, 4, 16, 4
BETWEEN = 20  # pixels left of the tabs, and between them and the tools


class SkyToolsPlace(QObject):
    """Moves the tools when the room changes.

    Parameters
    ----------
    tabs : QTabWidget
        Whose corner the tools may have.
    sky : SkyPanels
    is_free : callable
        Whether the tools may be moved now; they are not while everything around the picture is hidden.
    """

    def __init__(self, tabs, sky, is_free):
        super().__init__(tabs)
        self._tabs, self._sky, self._is_free = tabs, sky, is_free
        self.corner = QWidget()
        self.corner.setLayout(row(sky.take_controls()))
        self.corner.layout().setContentsMargins(*MARGINS)
        tabs.setCornerWidget(self.corner)
        self._soon = QTimer(self, singleShot=True, interval=0)  # a widget does not change its parent while it is laid out or styled
        self._soon.timeout.connect(self._place)
        for watched in (tabs, sky.controls):
            watched.installEventFilter(self)

    @property
    def is_above_sky(self):
        """Whether the tools stand above the sky."""
        return self._sky.controls.parent() is self._sky

    def eventFilter(self, watched, event):
        """Look again when the tabs have another width, or the tools other words."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self._soon.start()
        return super().eventFilter(watched, event)

    def _place(self):
        if not self._is_free():
            return
        controls = self._sky.controls
        wanted = self._tabs.tabBar().sizeHint().width() + controls.sizeHint().width() + BETWEEN + MARGINS[2]
        if (wanted > self._tabs.width()) is self.is_above_sky:
            return
        if self.is_above_sky:
            self.corner.layout().addWidget(self._sky.take_controls())
            controls.show()
        else:
            self._sky.hold_controls()
        self.corner.updateGeometry()
