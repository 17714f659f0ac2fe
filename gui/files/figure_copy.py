"""Pictures of what is on screen, for the clipboard: sharp enough for a slide."""

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QColor, QGuiApplication, QPixmap
from PySide6.QtWidgets import QAbstractScrollArea, QGraphicsView, QMenu, QWidget

from ..plots.base import Diagram
from ..plots.drawn import can_be_drawn
from ..style import theme

SHARPNESS = 2  # device pixels a pixel, at least


def picture_of(widget):
    """Return a widget as a picture on the ground of the theme, twice as fine as a usual screen.

    Returns
    -------
    QPixmap
    """
    ratio = max(SHARPNESS, widget.devicePixelRatioF())
    picture = QPixmap(widget.size() * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(QColor(theme.current().ground))
    QWidget.render(widget, picture, QPoint())  # a graphics view has another method of that name
    return picture


def copy_figure(widget):
    """Put a picture of a widget on the clipboard."""
    QGuiApplication.clipboard().setPixmap(picture_of(widget))


class FigureMenu(QObject):
    """Offers to copy or export the figure under the right mouse button, whichever it is.

    Parameters
    ----------
    window : MainWindow
    """

    def __init__(self, window):
        super().__init__(window)
        self._window = window

    def ask(self, event):
        """Show the menu if a QContextMenuEvent that nothing else wanted came over a figure."""
        figure = figure_at(self._window.childAt(event.pos()), self._window)
        if figure is not None:
            self.menu_for(figure).popup(event.globalPos())

    def menu_for(self, figure):
        """Return the menu of a figure."""
        menu = QMenu(self._window)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction("Copy this figure").triggered.connect(lambda: copy_figure(figure))
        menu.addAction("Copy the whole page").triggered.connect(self.copy_page)
        if isinstance(figure, Diagram) and can_be_drawn(figure):
            menu.addAction("Export this figure…").triggered.connect(lambda: self._window.exports.ask_diagram(figure))
        menu.addSeparator()
        menu.addMenu(self._window.menus.export)
        return menu

    def copy_page(self):
        """Copy what the tab in front shows."""
        copy_figure(self._window.tabs.currentWidget())


def figure_at(widget, window):
    """Return the plot or sky that a widget of a window is part of, or None."""
    while widget is not None and widget is not window:
        if isinstance(widget, QGraphicsView):
            return widget if widget.window() is window else None
        if isinstance(widget, QAbstractScrollArea):
            return None
        widget = widget.parentWidget()
    return None
