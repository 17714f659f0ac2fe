"""Seen at the very first start, beside the first sky: examples, what was used last, and a short tour."""

import time

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QPushButton, QScrollArea, QWidget

from ..files.settings import recent_files, runs_folder
from ..style.widgets import Elided, button, clear_layout, column, label, row, separator, wrapped
from .examples import EXAMPLES

WIDTH, MARGIN = 440, 24
MOST_TRAININGS = 4
OWN_EVENTS = (
    "Your own events",
    "What a measured list says about the sources: open one (CSV, ECSV, FITS, VOTable). Where the public lists of Auger and the Telescope Array "
    "are found stands in docs/guide/events.md.",
)


class Card(QPushButton):
    """A title and a line about it, pressed as a whole."""

    def __init__(self, title, text, on_click, parent=None):
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        head, body = label(title, "title"), wrapped(text, "quiet")
        for part in (head, body):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setLayout(column(head, body, spacing=2, margins=(14, 10, 14, 10)))
        self.clicked.connect(lambda: on_click())

    def sizeHint(self):
        """Be as high as the texts in the width that there is."""
        hint = super().sizeHint()
        hint.setHeight(self.layout().totalHeightForWidth(WIDTH - 2 * MARGIN))
        return hint


class Welcome(QWidget):
    """A sheet over the left side of the window.

    Parameters
    ----------
    parent : QWidget
    over : QWidget
        Part of it over whose left side the sheet lies.

    Attributes
    ----------
    example_chosen : Signal(object)
        An :class:`~.examples.Example`.
    run_chosen : Signal(str)
        Path of a run file, or of the folder of a training.
    tour_wanted, events_wanted : Signal()
    """

    example_chosen = Signal(object)
    run_chosen = Signal(str)
    tour_wanted = Signal()
    events_wanted = Signal()

    def __init__(self, parent, over):
        super().__init__(parent)
        self._over = over
        self.setObjectName("sheet")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.cards = [Card(example.title, example.text, lambda chosen=example: self._choose(chosen)) for example in EXAMPLES]
        self.cards.append(Card(*OWN_EVENTS, self._open_events))
        self._recent = column(spacing=6)
        self.tour_button = button("Take the &tour, one minute", on_click=self._tour)
        self.close_button = button("&Begin with Cen A", "primary", on_click=self.hide)
        content = QWidget()
        content.setObjectName("panel")
        content.setLayout(column(
            label("Welcome to Zevatron", "name"),
            wrapped("What fraction of ultra-high-energy cosmic rays from a source can be detected? The sky of Centaurus A is "
                    "already there; change anything on the left and watch sky and answer.", "quiet"),
            label("EXAMPLES", "heading"), *self.cards, self._recent, None, spacing=10, margins=(MARGIN, 20, MARGIN, 12),
        ))
        area = QScrollArea()
        area.setObjectName("panel")
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        foot = row(self.tour_button, None, self.close_button)
        foot.setContentsMargins(MARGIN, 12, MARGIN, 16)
        layout = column(area, separator(), foot, spacing=0, margins=(0, 0, 1, 0))  # its edge is seen
        layout.setStretch(0, 1)
        self.setLayout(layout)
        over.installEventFilter(self)
        self.hide()

    def open(self):
        """Show it with what was used last."""
        self._fill_recent()
        self._place()
        self.show()
        self.raise_()
        self.cards[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def _fill_recent(self):
        clear_layout(self._recent)
        entries = [(path.stem, "run file", path) for path in recent_files()]
        entries += [(path.name, f"training, {when(changed)}", path) for changed, path in recent_trainings()]
        if entries:
            self._recent.addWidget(label("RECENT RUNS", "heading"))
        for name, kind, path in entries:
            words = Elided(name)
            line = QWidget()
            open_button = button("Open", "link", on_click=lambda path=path: self._open(path))
            open_button.setAccessibleName(f"Open {name}")
            layout = row(words, label(kind, "quiet"), open_button)
            layout.setStretch(0, 1)
            line.setLayout(layout)
            line.setToolTip(str(path))
            self._recent.addWidget(line)

    def _choose(self, example):
        self.hide()
        self.example_chosen.emit(example)

    def _open(self, path):
        self.hide()
        self.run_chosen.emit(str(path))

    def _open_events(self):
        self.hide()
        self.events_wanted.emit()

    def _tour(self):
        self.hide()
        self.tour_wanted.emit()

    def _place(self):
        self.setGeometry(0, 0, min(WIDTH, self._over.width()), self._over.height())

    def eventFilter(self, watched, event):
        """Stay as high as the window."""
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self._place()
        return False

    def keyPressEvent(self, event):
        """Close with Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)


def recent_trainings():
    """Return ``(time of the last change, path)`` of the trainings used last, newest first."""
    folder = runs_folder()
    if not folder.is_dir():
        return []
    found = [(state.stat().st_mtime, state.parent) for state in folder.glob("*/state.json")]
    return sorted(found, reverse=True)[:MOST_TRAININGS]


def when(seconds):
    """Return the day of a time as a person says it."""
    days = (time.time() - seconds) / 86_400
    return "today" if days < 1 else "yesterday" if days < 2 else time.strftime("%d %b %Y", time.localtime(seconds))
