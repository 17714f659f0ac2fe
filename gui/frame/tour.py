"""A short tour: one part of the window after the other stands out, with a few words about it."""

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QWidget

from ..style import theme
from ..style.widgets import button, column, label, row, wrapped

CARD_WIDTH, GAP, DIMMED = 340, 16, 0.62


class Tour(QWidget):
    """Lies over the window until it is over.

    Parameters
    ----------
    parent : QWidget
        Over which it lies.
    stops : sequence of (find, title, text)
        ``find()`` returns the widget that stands out, and makes sure that it is seen.
    """

    def __init__(self, parent, stops):
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._stops, self._number = list(stops), -1
        self._spot = QRect()
        self.title, self.text, self.count = label("", "title"), wrapped(), label("", "quiet")
        self.back_button = button("&Back", on_click=lambda: self.go(-1))
        self.next_button = button("&Next", "primary", on_click=lambda: self.go(1))
        self.end_button = button("&End", on_click=self.close)
        self.card = QWidget(self)
        self.card.setObjectName("callout")
        self.card.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.card.setFixedWidth(CARD_WIDTH)
        self.card.setLayout(column(
            self.title, self.text, row(self.count, None, self.end_button, self.back_button, self.next_button),
            spacing=12, margins=(20, 16, 20, 16),
        ))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        parent.installEventFilter(self)
        self.setGeometry(parent.rect())
        self.show()
        self.raise_()
        self.go(1)

    def go(self, step):
        """Show the next stop, or the one before."""
        number = self._number + step
        if number >= len(self._stops):
            self.close()
            return
        self._number = max(number, 0)
        _, title, text = self._stops[self._number]
        self.title.setText(title)
        self.text.setText(text)
        self.count.setText(f"{self._number + 1} of {len(self._stops)}")
        self.back_button.setEnabled(self._number > 0)
        self.next_button.setText("&Next" if self._number + 1 < len(self._stops) else "&Done")
        self._place()
        self.next_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _place(self):
        widget = self._stops[self._number][0]()
        self._spot = QRect(self.mapFromGlobal(widget.mapToGlobal(QPoint())), widget.size()).intersected(self.rect())
        height = self.card.layout().totalHeightForWidth(CARD_WIDTH)
        self.card.resize(CARD_WIDTH, height)
        self.card.move(place_beside(self._spot, self.card.size(), self.rect()))
        self.update()

    def paintEvent(self, event):
        """Dim everything but the spot."""
        colours = theme.current()
        dim = QColor(colours.ground)
        dim.setAlphaF(DIMMED)
        path = QPainterPath()
        path.addRect(QRectF(self.rect()))
        path.addRoundedRect(QRectF(self._spot), theme.CORNER, theme.CORNER)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(path, dim)
        painter.setPen(QPen(QColor(colours.active), 2))
        painter.drawRoundedRect(QRectF(self._spot).adjusted(1, 1, -1, -1), theme.CORNER, theme.CORNER)

    def eventFilter(self, watched, event):
        """Stay as large as the window."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self.parentWidget().rect())
            self._place()
        return False

    def keyPressEvent(self, event):
        """Arrows go on and back, Escape ends."""
        steps = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        elif event.key() in steps:
            self.go(steps[event.key()])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event):
        """A click beside the card goes on."""
        self.go(1)


def place_beside(spot, size, area):
    """Return where a card lies: right of the spot, left of it, below, above, or in its middle, where there is room.

    Parameters
    ----------
    spot, area : QRect
    size : QSize
    """
    middle = QPoint(spot.center().x() - size.width() // 2, spot.center().y() - size.height() // 2)
    places = (
        QPoint(spot.right() + GAP, middle.y()), QPoint(spot.left() - GAP - size.width(), middle.y()),
        QPoint(middle.x(), spot.bottom() + GAP), QPoint(middle.x(), spot.top() - GAP - size.height()), middle,
    )
    for place in places:
        inside = QPoint(
            min(max(place.x(), area.left() + GAP), area.right() - GAP - size.width()),
            min(max(place.y(), area.top() + GAP), area.bottom() - GAP - size.height()),
        )
        if not QRect(inside, size).intersects(spot):
            return inside
    return inside


def stops(window):
    """Return the stops of the tour through the main window."""
    def on_tab(number, widget):
        window.tabs.setCurrentIndex(number)
        return widget

    def answer():
        if not window.inspector.isVisible():
            window.toggle_inspector()
        return window.inspector

    return (
        (lambda: window.left, "The question", "Sources, field, energy, events: everything that decides the run. A dot marks what "
         "differs from the defaults; press it to go back. Ctrl+Z undoes."),
        (lambda: on_tab(0, window.sky), "The sky", "What is expected from the source, all energies above, each bin below. Point for "
         "coordinates, click a pixel for its spectrum, a small sky to see it large."),
        (lambda: window.events_panel, "Mock skies", "Pull N and η: a mock sky of N events with the fraction η from the source is "
         "drawn at once. “New sky” draws another."),
        (answer, "The answer", "The smallest fraction that N events can reveal: the likelihood ratio, which no test can beat, "
         "trained networks and published values beside it."),
        (lambda: window.top_bar.train_button, "A network of your own", "Trains in the background, in a process of its own. Close the "
         "window at any time: finished epochs are kept."),
        (lambda: window.menus, "Everything else", "Ctrl+K finds every command and setting by its name, Ctrl+E shows the run as "
         "text, Help brings this tour back."),
    )
