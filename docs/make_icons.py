"""Draw the icon's pictures from its drawing, `resources/desktop/zevatron.svg`: python docs/make_icons.py."""

import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "desktop"
SIZES = (16, 32, 48, 128, 256)  # pixels; those that the desktops look for


def draw(size):
    """Return the icon as a square picture of ``size`` pixels."""
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(FOLDER / "zevatron.svg")).render(painter)
    painter.end()
    return image


if __name__ == "__main__":
    application = QGuiApplication([])
    for size in SIZES:
        draw(size).save(str(FOLDER / f"zevatron-{size}.png"))
