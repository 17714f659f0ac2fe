"""Seen while the slow parts are loaded, so that a start is never silent."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPixmap
from PySide6.QtWidgets import QSplashScreen

from . import theme

WIDTH, HEIGHT = 420, 140


class Splash(QSplashScreen):
    """Name and a word on the ground of the theme."""

    def __init__(self):
        ratio = QGuiApplication.primaryScreen().devicePixelRatio()
        pixmap = QPixmap(round(WIDTH * ratio), round(HEIGHT * ratio))
        pixmap.setDevicePixelRatio(ratio)
        colours = theme.current()
        pixmap.fill(QColor(colours.panel))
        painter = QPainter(pixmap)
        for text, colour, font, top in (
            ("Zevatron", colours.active, theme.font(theme.NAME_SIZE), 40), ("Opening the window…", colours.quiet, theme.font(), 72),
        ):
            painter.setFont(font)
            painter.setPen(QColor(colour))
            painter.drawText(QRect(32, top, WIDTH - 64, 24), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()
        super().__init__(pixmap)
