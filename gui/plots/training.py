"""The Training tab: how a classifier learns, and the buttons to pause, stop or discard it."""

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QGridLayout, QLabel, QPlainTextEdit, QStackedLayout, QWidget

from ..style import theme as themes
from ..style.numbers import clock, percent, significant
from ..style.widgets import Segments, Tick, button, column, empty_page, label, progress_line, row, set_role
from .base import Diagram, Key, in_a_later_turn

COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_auc", "val_eta", "seconds")
CHIPS = {  # state: words, colour
    "queued": ("Not begun", "quiet"), "waiting": ("Waiting in the queue", "quiet"), "preparing": ("Preparing", "limit"),
    "running": ("Running", "limit"), "paused": ("Paused", "active"), "stopping": ("Stopping…", "quiet"),
    "stopped": ("Stopped, best kept", "text"), "interrupted": ("Interrupted, finished epochs kept", "fault"), "done": ("Done", "text"),
    "failed": ("Failed", "fault"),
}
ACTIVE_STATES = ("preparing", "running", "paused")
GO_ON = {"paused": "Resume", "stopped": "Continue", "interrupted": "Continue", "failed": "Continue", "queued": "Train", "waiting": "Train"}
ELSEWHERE = "Another process trains this; it can be stopped where it was started"
LOG, CARD = range(2)
LOG_LINES = 5000
HEADING_HEIGHT = 20


def best_epoch(history):
    """Epoch with the best validation accuracy, the earliest of equals; None without one."""
    accuracy = history["val_accuracy"]
    return None if not np.isfinite(accuracy).any() else history["epoch"][int(np.nanargmax(accuracy))]


def history_columns(history):
    """Turn rows or columns of a ``history.csv`` into float arrays, missing values as nan.

    Parameters
    ----------
    history : mapping of str to sequence, or sequence of mappings

    Returns
    -------
    dict of str to ndarray, shape (n_epochs,)
    """
    if isinstance(history, dict):
        columns = {name: history.get(name) for name in COLUMNS}
    else:
        rows = list(history)
        columns = {name: [entry.get(name) for entry in rows] for name in COLUMNS}
    n = max((len(values) for values in columns.values() if values is not None), default=0)
    blank = (None, "")
    return {
        name: np.array([np.nan if v in blank else float(v) for v in (values if values is not None else [None] * n)])
        for name, values in columns.items()
    }


class CurveDiagram(Diagram):
    """One quantity against the epoch: training thin, validation thick, the best epoch marked."""

    def __init__(self, quantity, y_label, parent=None):
        super().__init__("epoch", y_label, parent)
        self.getAxis("bottom").is_whole = True
        self._quantity, self._history, self._limit, self._live = quantity, history_columns([]), None, None

    def set_history(self, history):
        """Show columns as made by :func:`history_columns`."""
        self._history = history
        self.redraw()

    def set_live(self, point):
        """Lead the training curve on to ``(epoch, value)`` of the epoch under way; None for nowhere."""
        if point != self._live:
            self._live = point
            self.redraw()

    def set_limit(self, value):
        """Draw a horizontal line; None for no line."""
        self._limit = value
        self.redraw()

    def set_logarithmic(self, on):
        """Use a logarithmic axis or a linear one."""
        self.setLogMode(y=on)
        self.redraw()

    @property
    def _factor(self):
        return 1.0 if self._quantity == "loss" else 100.0

    def draw(self):
        """Draw the curves."""
        theme, history, epoch = self._theme, self._history, self._history["epoch"]
        limit_span = (0.5, max(epoch.max() if len(epoch) else 1, 1) + 0.5)
        if self._limit is not None:
            self.line(limit_span, [self._factor * self._limit] * 2, theme.limit, 1.8)
        self._draw_live()
        if not len(epoch):
            return
        best = best_epoch(history)
        trained, validated = history.get(self._quantity), history[f"val_{self._quantity}"]
        if trained is not None:
            self.line(epoch, self._factor * trained, theme.quiet, 1.0)
        self.line(epoch, self._factor * validated, theme.active, 2.4)
        self.marks(epoch[-1:], self._factor * validated[-1:], theme.active, size=5)
        if best is not None:
            self.marks([best], self._factor * validated[epoch == best][:1], theme.text, size=9)
            self.marks([best], self._factor * validated[epoch == best][:1], theme.active, size=6)
        self.setXRange(0.5, max(epoch.max(), 4, 0 if self._live is None else self._live[0]) + 0.5, padding=0)

    def _draw_live(self):
        """Draw the epoch under way as a thin line from the last one to an open end."""
        if self._live is None:
            return
        (x, y), history = self._live, self._history
        trained = history.get(self._quantity)
        if len(history["epoch"]) and trained is not None and x > history["epoch"][-1]:
            self.line([history["epoch"][-1], x], [self._factor * trained[-1], self._factor * y], self._theme.quiet, 1.0)
        self.marks([x], [self._factor * y], self._theme.quiet, size=5)
        if not len(history["epoch"]):
            self.setXRange(0, 4.5, padding=0)

    def marks(self, x, y, colour, symbol="o", size=7):
        """Add symbols, in logarithms where the axis is logarithmic."""
        if self.getAxis("left").logMode:
            with np.errstate(invalid="ignore", divide="ignore"):
                y = np.log10(np.asarray(y, float))
        return super().marks(x, y, colour, symbol, size)


class Chip(QLabel):
    """A state in a word, its colour before it."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._text, self._colour = "", "quiet"
        self.setTextFormat(Qt.TextFormat.RichText)
        themes.notifier.changed.connect(self._write)

    def set_state(self, text, colour="quiet"):
        """Show a text with a dot in a colour of the theme."""
        self._text, self._colour = text, colour
        self._write(themes.current())

    def _write(self, theme):
        self.setText(f'<span style="color:{getattr(theme, self._colour)}">●</span>&nbsp; {self._text}' if self._text else "")


class EmptyTraining(QWidget):
    """What the tab will show, and the button that starts it."""

    train_requested = Signal()
    add_requested = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.train = button("Train network", "primary", on_click=self.train_requested.emit)
        self.add = button("Add runs…", on_click=self.add_requested.emit, tooltip="Sources × N × fields × networks, one after the other")
        self.title = label("No training yet", "title")
        self.setLayout(column(empty_page(
            self.title,
            "A training draws mock skies afresh, half of them isotropic, and teaches the network to tell them apart. "
            "Here you will watch its loss and accuracy, see after each epoch the smallest fraction η it detects beside "
            "the limit of the likelihood ratio, and pause it, stop it and keep the best epoch, or discard it. "
            "It runs in a process of its own: the window stays free, and an interrupted training goes on where it was. "
            "Several wait for each other in a queue, and whatever is trained into the folder of runs from elsewhere appears here.",
            self.train, self.add,
        )))

    def show_choice(self, has_runs):
        """Say whether there is a training to choose above."""
        self.title.setText("Choose a training above, or begin one" if has_runs else "No training yet")


class TrainingView(QWidget):
    """Curves, progress, log and card of one training.

    Attributes
    ----------
    train_requested, pause_requested, resume_requested, stop_requested, discard_requested : Signal()
        The buttons; stop means: stop and keep the best epoch.
    card_wanted : Signal()
        The card is seen.
    """

    train_requested = Signal()
    pause_requested = Signal()
    resume_requested = Signal()
    stop_requested = Signal()
    discard_requested = Signal()
    card_wanted = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._state = ""
        self._make_header()
        self._make_card()
        self.log = QPlainTextEdit(readOnly=True, maximumBlockCount=LOG_LINES)
        self.log.setObjectName("log")
        self.log.setPlaceholderText("Messages of the training process")
        self._make_curves()
        self.empty = EmptyTraining()
        self.empty.train_requested.connect(self.train_requested)
        self._full = QWidget()
        self._full.setLayout(column(self._header, self.progress, self.status, self._curves, spacing=themes.RHYTHM))
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._full)

    def _make_header(self):
        self.name, self.chip, self.device = label("", "title"), Chip(), label("", "quiet")
        self.pause = button("Pause", on_click=self._pause_or_resume)
        self.stop = button("Stop and keep best", on_click=self.stop_requested.emit)
        self.discard = button("Discard", on_click=self.discard_requested.emit)
        self._tooltips = {
            self.pause: "Frees the processor; goes on exactly where it was",
            self.stop: "Ends after this step; the epoch with the best validation accuracy is kept and judged",
            self.discard: "Ends and deletes this training",
        }
        self._header = row(self.name, self.chip, self.device, None, self.pause, self.stop, self.discard, spacing=16)
        self.progress, self.status = progress_line()

    def _make_curves(self):
        self.loss = CurveDiagram("loss", "cross-entropy")
        self.accuracy = CurveDiagram("accuracy", "accuracy (%)")
        self.eta = CurveDiagram("eta", "η (%)")
        for diagram in (self.loss, self.accuracy, self.eta):
            diagram.postpone = in_a_later_turn
        self.logarithmic = Tick("Logarithmic")
        self.logarithmic.toggled.connect(self.loss.set_logarithmic)
        both = (("line", "active", "validation"), ("line", "quiet", "training"), ("dot", "active", "best epoch"))
        self._eta_key = Key()
        self._write_eta_key(None)
        self._curves = QGridLayout()
        self._curves.setSpacing(2 * themes.RHYTHM)
        panes = (
            (row(label("LOSS", "heading"), None, self.logarithmic), Key(both), self.loss),
            (row(label("ACCURACY", "heading")), Key(both), self.accuracy),
            (row(label("SMALLEST DETECTABLE FRACTION, VALIDATION SKIES", "heading")), self._eta_key, self.eta),
        )
        for i, (heading, key, diagram) in enumerate(panes):
            head = QWidget()
            head.setLayout(heading)
            head.setFixedHeight(HEADING_HEIGHT)
            self._curves.addLayout(column(head, key, diagram, spacing=4), i // 2, i % 2)
        self._curves.addLayout(self._make_words(), 1, 1)
        for i in range(2):
            self._curves.setColumnStretch(i, 1)
            self._curves.setRowStretch(i, 1)

    def _make_words(self):
        """The pane of words: log or card."""
        self.pages = Segments([(LOG, "Log"), (CARD, "Card")])
        self.pages.choose(LOG)
        self.pages.chosen.connect(self.show_page)
        self._words = QStackedLayout()
        self._words.addWidget(self.log)
        self._words.addWidget(self.card)
        head = QWidget()
        head.setLayout(row(self.pages, None, self.copy_card, self.copy_command))
        for part in (self.copy_card, self.copy_command):
            part.hide()
        return column(head, self._words, spacing=4)

    def _make_card(self):
        self.card, self._commands = QPlainTextEdit(readOnly=True), ""
        self.card.setObjectName("log")
        self.card.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.card.setAccessibleName("Reproducibility card")
        self.card.setPlaceholderText("What makes this training again")
        self.card.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.copy_card = button("Copy card", on_click=lambda: QGuiApplication.clipboard().setText(self.card.toPlainText()))
        self.copy_command = button(
            "Copy as command", on_click=lambda: QGuiApplication.clipboard().setText(self._commands),
            tooltip="Command lines that make this training again, with its seed, digest and versions",
        )

    def show_page(self, page):
        """Show the log or the card."""
        self.pages.choose(page)
        self._words.setCurrentIndex(page)
        for part in (self.copy_card, self.copy_command):
            part.setVisible(page == CARD)
        if page == CARD:
            self.card_wanted.emit()

    @property
    def is_card_shown(self):
        """Whether the card is in front."""
        return self._words.currentIndex() == CARD

    def set_card(self, text, commands):
        """Show another card."""
        self._commands = commands
        if self.card.toPlainText() != text:
            self.card.setPlainText(text)

    def _write_eta_key(self, limit):
        entries = [("line", "active", "network"), ("dot", "active", "best epoch")]
        if limit is not None:
            entries.insert(1, ("line", "limit", f"likelihood ratio {percent(limit)}"))
        self._eta_key.set_entries(entries)

    def clear(self):
        """Go back to the page that says what a training is."""
        self._state = ""
        self.set_history([])
        self.set_live(None)
        self.set_limit(None)
        self.set_card("", "")
        self.log.clear()
        self._stack.setCurrentWidget(self.empty)

    def set_can_train(self, possible, why=""):
        """Allow the button of the empty page, or say why not."""
        self.empty.train.setEnabled(possible)
        self.empty.train.setToolTip(why)

    def set_status(
        self, state, *, name="", device="", epoch=0, epochs=0, fraction=None, maps_per_second=None, elapsed=None,
        left=None, patience_used=None, patience=None, message="", is_ours=True,
    ):
        """Show where a training is.

        Parameters
        ----------
        state : str
            A key of :data:`CHIPS`.
        name, device : str
            ``"BCNN, Cen A, N = 300"``; ``"GPU NVIDIA H200"`` or ``"CPU, 2 threads"``.
        epoch, epochs : int
            Finished ones and most of all.
        fraction : float, optional
            Share done, 0 to 1, where it is known better than ``epoch / epochs``.
        maps_per_second, elapsed, left : float, optional
            Mock skies per second; seconds.
        patience_used, patience : int, optional
            Epochs without better validation accuracy, and how many end the training.
        message : str
            What is being done, or why it failed.
        is_ours : bool
            Whether it can be paused and stopped from here.
        """
        self._state = state
        self._stack.setCurrentWidget(self._full)
        self.name.setText(name)
        self.chip.set_state(*CHIPS.get(state, (state, "quiet")))
        self.device.setText(device)
        share = fraction if fraction is not None else epoch / epochs if epochs else 0.0
        self.progress.show_share(1.0 if state == "done" else share)
        active = state in ACTIVE_STATES
        parts = [message] if message else []
        if epochs:
            parts.append(f"epoch {epoch} of {epochs}")
        if maps_per_second and state == "running":
            parts.append(f"{significant(maps_per_second, 2)} maps/s")
        if elapsed is not None:
            parts.append(f"{clock(elapsed)} elapsed")
        if left is not None and active:
            parts.append(f"{clock(left)} left")
        if patience and patience_used is not None and active:
            parts.append(f"patience {patience_used} of {patience} used")
        self.status.setText("   ·   ".join(parts))
        set_role(self.status, "fault" if state == "failed" else "quiet")
        self.pause.setText(GO_ON.get(state, "Pause"))
        self.pause.setEnabled(is_ours and state not in ("waiting", "stopping", "done"))
        self.stop.setEnabled(is_ours and active)
        self.discard.setEnabled(is_ours and state not in ("", "stopping"))
        for part, words in self._tooltips.items():
            part.setToolTip(words if is_ours else ELSEWHERE)

    def set_history(self, history):
        """Show the curves of a ``history.csv``, as rows or as columns."""
        columns = history_columns(history)
        for diagram in (self.loss, self.accuracy, self.eta):
            diagram.set_history(columns)

    def set_live(self, live):
        """Lead the training curves on to the epoch under way, ``(epoch, loss, accuracy)``; None for nowhere."""
        self.loss.set_live(None if live is None else (live[0], live[1]))
        self.accuracy.set_live(None if live is None else (live[0], live[2]))

    def set_limit(self, eta):
        """Draw the smallest fraction of the likelihood ratio beside that of the network; None for no line."""
        self._write_eta_key(eta)
        self.eta.set_limit(eta)

    def append_log(self, text):
        """Add lines to the log."""
        self.log.appendPlainText(text.rstrip("\n"))

    def set_log(self, text):
        """Show another log."""
        self.log.setPlainText(text)

    def _pause_or_resume(self):
        (self.pause_requested if self.pause.text() == "Pause" else self.resume_requested).emit()
