"""Asks which trainings are to be added to the queue: sources × N × fields × networks of the run on the left."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QScrollArea, QWidget

from ...core.config import settings_of
from ...core.errors import ConfigError, ZevatronError
from ...core.progress import format_duration
from ...core.training.pace import most_seconds
from ..state.labels import choice_entries
from ..state.plan import planned_runs
from ..style.widgets import Tick, ValueEdit, button, column, label, row, wrapped

LIST_HEIGHT = 220
LIST_WIDTHS = (150, 250, 220)
WITHOUT = ("imported",)  # a field from a file belongs to the run that names the file


class TickList(QWidget):
    """A heading and a scrolled list of entries to tick.

    Parameters
    ----------
    title : str
    entries : sequence of (value, text)
        A value of None is a heading, or nothing if its text is empty.
    ticked : sequence
        Values that are ticked at first.
    changed : callable
    """

    def __init__(self, title, entries, ticked, changed, width, parent=None):
        super().__init__(parent)
        self.ticks = {}
        lines = column(spacing=4, margins=(8, 6, 8, 6))
        for value, text in entries:
            if value is None:
                if text:
                    lines.addWidget(label(text, "caption"))
                continue
            self.ticks[value] = made = Tick(text)
            made.setChecked(value in ticked)
            made.toggled.connect(lambda on: changed())
            lines.addWidget(made)
        lines.addStretch(1)
        inner = QWidget()
        inner.setObjectName("panel")
        inner.setLayout(lines)
        area = QScrollArea(widgetResizable=True)
        area.setObjectName("panel")
        area.setWidget(inner)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedHeight(LIST_HEIGHT)
        self.setMinimumWidth(width)
        self.setLayout(column(label(title.upper(), "heading"), area))

    @property
    def chosen(self):
        """Values that are ticked, in the order of the list."""
        return tuple(value for value, made in self.ticks.items() if made.isChecked())


class QueueDialog(QDialog):
    """Which runs to add; ``runs`` is the result, ``begins`` whether the queue is to start.

    Parameters
    ----------
    base : RunConfig
    sources : sequence of (str, str)
        Names and labels of all sources; those of the run are ticked.
    entries : sequence of RunEntry
        Trainings that are on disk: how fast they were, and which need not be added again.
    at_once : int
    is_started : bool
        Whether the queue works already.
    """

    def __init__(self, base, sources, entries, at_once=1, is_started=False, parent=None):
        super().__init__(parent)
        self.setWindowTitle("Add runs")
        self._base, self._at_once, self.runs = base, at_once, ()
        self._paces = [entry.pace for entry in entries if entry.pace is not None]
        self._done = {entry.config for entry in entries if entry.state.state == "done"}
        specs = dict(settings_of())
        fields = [(value, text) for value, text in choice_entries("field.model", specs["field.model"]) if value not in WITHOUT or value == base.field.model]
        networks = choice_entries("network.kind", specs["network.kind"])
        is_mixture = base.sources.mixture
        own = [("mixture", " + ".join(base.sources.names))] if is_mixture else sources
        lists = (
            ("Sources", own, ("mixture",) if is_mixture else base.sources.names),
            ("Galactic fields", fields, (base.field.model,)),
            ("Networks", networks, (base.network.kind,)),
        )
        made = [TickList(*entry, self._count, width) for entry, width in zip(lists, LIST_WIDTHS, strict=True)]
        self.sources, self.fields, self.networks = made
        self.numbers = ValueEdit()
        self.numbers.setAccessibleName("Numbers of events")
        self.numbers.show_text(", ".join(map(str, base.events.n_events)))
        self.numbers.textChanged.connect(lambda text: self._count())
        self.begins = Tick("Start the queue now")
        self.begins.setChecked(True)
        self.begins.setVisible(not is_started)
        self.estimate, self.fault = wrapped(role="quiet"), wrapped(role="fault")
        self.add_button = button("Add runs", "primary", on_click=self.accept)
        about = wrapped(
            "One training for each combination of what is ticked. Everything else is as on the left: energies, resolution, length and seed.", "quiet",
        )
        line = QHBoxLayout()
        line.setSpacing(16)
        for part in made:
            line.addWidget(part)
        self.setLayout(column(
            label("Add runs", "title"), about, line,
            row(label("Events N"), self.numbers, spacing=16), self.estimate, self.fault,
            row(self.begins, None, button("Cancel", on_click=self.reject), self.add_button),
            spacing=12, margins=(24, 24, 24, 16),
        ))
        self._count()

    def _entered(self):
        try:
            numbers = tuple(dict.fromkeys(int(part) for part in self.numbers.text().replace(";", ",").split(",") if part.strip()))
        except ValueError:
            raise ConfigError(f"expected numbers of events such as 100, 300, received {self.numbers.text()!r}") from None
        names = self._base.sources.names if self._base.sources.mixture and self.sources.chosen else self.sources.chosen
        return planned_runs(self._base, names, numbers, self.fields.chosen, self.networks.chosen)

    def _count(self):
        """Say how many runs that is and how long they take at most."""
        try:
            runs = self._entered()
        except ZevatronError as error:
            self.runs = ()
            self._show_fault(str(error))
            return
        self._show_fault("")
        self.runs = tuple(run for run in runs if run not in self._done)
        done = len(runs) - len(self.runs)
        self.add_button.setText(f"Add {counted(len(self.runs))}")
        self.add_button.setEnabled(bool(self.runs))
        parts = [counted(len(runs)) + (f", {done} of them done already" if done else "")]
        if self.runs:
            parts.append(self._time())
        self.estimate.setText("; ".join(parts) + ".")

    def _time(self):
        found = [most_seconds(run, self._paces) for run in self.runs]
        seconds = sum(seconds for seconds, _ in found)
        order = "one after the other" if self._at_once == 1 else f"{self._at_once} at once, which share the processor,"
        text = f"at most about {format_duration(round(seconds, -1))} {order} if none ends early" if seconds >= 20 else "less than half a minute"
        pace = next((measured for _, measured in found if measured is not None), None)
        if pace is None:
            return f"{text} — a guess from BCNN on one core of another computer, as nothing was trained in this folder yet"
        return f"{text}, at the pace of {pace.name}"

    def _show_fault(self, text):
        self.fault.setText(text)
        self.fault.setVisible(bool(text))
        self.estimate.setVisible(not text)
        if text:
            self.add_button.setText("Add runs")
            self.add_button.setEnabled(False)


def counted(number):
    """Return ``"1 run"``, ``"12 runs"``."""
    return f"{number} run{'s' * (number != 1)}"
