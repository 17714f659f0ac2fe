"""The centre with panels around it that can be moved, taken out of the window and closed; their places are kept."""

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from ..style.widgets import button, label, row

STATE_VERSION = 1
REACHABLE = 40  # pixels of a window's title that have to lie on a screen
MOVABLE = QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetFloatable


class PanelTitle(QWidget):
    """Name of a panel, the place to drag it by, and words to take it out and to close it."""

    def __init__(self, panel, title):
        super().__init__(panel)
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.float_button = button("Take out", "link", on_click=lambda: panel.setFloating(not panel.isFloating()))
        self.close_button = button("Close", "link", on_click=panel.hide)
        layout = row(label(title.upper(), "heading"), None, self.float_button, self.close_button, spacing=12)
        layout.setContentsMargins(16, 5, 16, 5)
        self.setLayout(layout)
        panel.topLevelChanged.connect(lambda floats: self.float_button.setText("Put back" if floats else "Take out"))


class Panel(QDockWidget):
    """One panel around the centre.

    Parameters
    ----------
    name : str
        By which its place is kept.
    title : str
    content : QWidget
    always_titled : bool
        Show its title where it stands in the window too.
    """

    def __init__(self, name, title, content, *, always_titled=False, parent=None):
        super().__init__(title, parent)
        self.setObjectName(name)
        self._always_titled = always_titled
        self._title, self._no_title = PanelTitle(self, title), QWidget(self)
        self._no_title.setFixedHeight(0)
        self.setWidget(content)
        self.topLevelChanged.connect(lambda floats: self._show_title())
        self._is_unlocked = False

    def unlock(self, is_unlocked):
        """Let it be dragged, or not."""
        self._is_unlocked = is_unlocked
        self._show_title()

    def _show_title(self):
        titled = self._is_unlocked or self._always_titled or self.isFloating()
        self.setFeatures(MOVABLE if titled else QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        self.setTitleBarWidget(self._title if titled else self._no_title)
        self._title.setVisible(titled)


class Workspace(QMainWindow):
    """Panels around a centre.

    Attributes
    ----------
    unlocked : Signal(bool)
        Whether panels can be moved.
    """

    unlocked = Signal(bool)

    def __init__(self, centre, parent=None):
        super().__init__(parent, Qt.WindowType.Widget)
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setCentralWidget(centre)
        self._panels, self._first, self._widths = [], None, {}
        self.is_unlocked = False

    def add(self, panel, area):
        """Put a panel beside the centre."""
        self._panels.append(panel)
        self.addDockWidget(area, panel)
        panel.unlock(self.is_unlocked)
        return panel

    def set_unlocked(self, is_unlocked):
        """Let panels be moved, or keep them where they are."""
        self.is_unlocked = is_unlocked
        for panel in self._panels:
            panel.unlock(is_unlocked)
        self.unlocked.emit(is_unlocked)

    def keep_first(self, widths):
        """Note the present places, and the widths of panels, as the first ones."""
        self._widths = widths
        self._first = self.saveState(STATE_VERSION)
        self._set_widths()

    def show_panel(self, panel):
        """Show a panel that was closed, as wide as it was meant to be."""
        panel.show()
        self.resizeDocks([panel], [self._widths[panel]], Qt.Orientation.Horizontal)

    def _set_widths(self):
        panels, widths = zip(*self._widths.items(), strict=True)
        self.resizeDocks(panels, widths, Qt.Orientation.Horizontal)

    def reset(self):
        """Put every panel where it was at first."""
        for panel in self._panels:
            panel.setFloating(False)
        self.restoreState(self._first, STATE_VERSION)
        self._set_widths()

    def save(self):
        """Return the places of all panels."""
        return self.saveState(STATE_VERSION)

    def restore(self, state):
        """Take places that :meth:`save` returned; panels outside every screen come back."""
        self.restoreState(state, STATE_VERSION)
        self.bring_back()

    def bring_back(self):
        """Move panels that cannot be reached with the mouse onto a screen."""
        for panel in self._panels:
            if panel.isFloating():
                place = reachable(panel.geometry(), [screen.availableGeometry() for screen in QGuiApplication.screens()])
                panel.setGeometry(place)


def reachable(window, screens):
    """Return the place of a window, moved onto the first of the screens if its title lies on none of them.

    Parameters
    ----------
    window : QRect
    screens : sequence of QRect
    """
    title = QRect(window.left(), window.top(), window.width(), REACHABLE)
    for screen in screens:
        common = title.intersected(screen)
        if common.width() >= min(REACHABLE, window.width()) and common.height() >= REACHABLE // 2:
            return window
    screen, moved = screens[0], QRect(window)
    moved.setSize(window.size().boundedTo(screen.size()))
    moved.moveCenter(screen.center())
    return moved
