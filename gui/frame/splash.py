"""Seen while the slow parts are loaded, so that a start is never silent."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from ..style import theme

WIDTH, HEIGHT = 420, 140


class Splash(QWidget):
    """Name and a word on the ground of the theme.

    QSplashScreen would wait up to a second for the window system before anything else is done.
    """

    def __init__(self):
        super().__init__(None, Qt.WindowType.SplashScreen | Qt.WindowType.FramelessWindowHint)
        self.setFixedSize(WIDTH, HEIGHT)
        area = self.screen().availableGeometry()
        self.move(area.center() - self.rect().center())

    def paintEvent(self, event):
        """Paint the words."""
        colours, painter = theme.current(), QPainter(self)
        painter.fillRect(self.rect(), QColor(colours.panel))
        for text, colour, font, top in (
            ("Zevatron", colours.active, theme.font(theme.NAME_SIZE), 40), ("Opening the window…", colours.quiet, theme.font(), 72),
        ):
            painter.setFont(font)
            painter.setPen(QColor(colour))
            painter.drawText(QRect(32, top, WIDTH - 64, 24), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def finish(self, window):
        """Make way for the window."""
        self.close()
