"""What is taken out of a picture is not painted again, also if its bounds had changed unannounced."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QGraphicsScene, QGraphicsView

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import gc, sys
import main
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QApplication, QGraphicsScene

class Growing(pg.GraphicsObject):
    bounds = QRectF(0, 0, 5, 5)
    def boundingRect(self):
        return self.bounds
    def paint(self, painter, *arguments):
        pass

application = QApplication([])
if sys.argv[1] == "diagram":
    from zevatron.gui.plots.base import Diagram
    view = Diagram("x", "y")
elif sys.argv[1] == "sky":
    from zevatron.gui.plots.sky_map import SkyMap
    view = SkyMap()
else:
    view = pg.GraphicsView()
view.resize(800, 600)
view.show()
items = []
for i in range(600):
    items.append(Growing() if i % 2 else pg.QtWidgets.QGraphicsRectItem(0, 0, 5, 5))
    items[-1].setPos((i * 37) % 780, (i * 53) % 580)
    view.scene().addItem(items[-1])
for _ in range(5):
    application.processEvents()
    view.viewport().repaint()
for item in items[1::2]:
    item.bounds = QRectF(5000, 5000, 5, 5)
    view.scene().removeItem(item)
del items[1::2], item
gc.collect()
taken = [bytearray(b"\\xff" * n) for n in range(16, 600, 8) for _ in range(50)]
for _ in range(5):
    application.processEvents()
    view.viewport().repaint()
print("alive")
"""


def painted(kind):
    return subprocess.run([sys.executable, "-c", PROGRAM, kind], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("kind", ["diagram", "sky"])
def test_items_whose_bounds_changed_are_gone_when_taken_out(kind):
    done = painted(kind)
    assert done.returncode == 0 and done.stdout.strip() == "alive", done.stderr


def test_pyqtgraph_alone_ends_the_program():
    """Why views have no index; when this fails, they may have one again."""
    assert painted("pyqtgraph").returncode < 0


def test_no_picture_of_the_window_has_an_index(new_window):
    views = new_window.findChildren(QGraphicsView)
    assert len(views) > 10
    assert {view.scene().itemIndexMethod() for view in views} == {QGraphicsScene.ItemIndexMethod.NoIndex}
