"""The Search tab: what trials of a search have in common, as parallel coordinates and as a table."""

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QStackedLayout, QWidget

from ...core.config import settings_of
from ...core.search.folder import best_first
from ...core.search.plan import OBJECTIVES, Range
from ..style import theme as themes
from ..style.numbers import MISSING, clock, fixed, percent, percent_interval, tick
from ..style.widgets import Menu, button, column, empty_page, label, menu_button, progress_line, row, set_role
from .base import Key, in_a_later_turn
from .parallel import Axis, ParallelDiagram
from .row_model import FONT, FOREGROUND, ROW_HEIGHT, TOOLTIP, Column, RowModel, RowTable
from .training import Chip

STATE = 1  # number of the column
OBJECTIVE_WORDS = {  # name on the axis, text of a value
    "val_loss": ("Validation loss", lambda v: fixed(v, 4)), "val_accuracy": ("Validation accuracy", lambda v: percent(v, 2)),
    "val_auc": ("Validation AUC", lambda v: fixed(v, 4)), "val_eta": ("Validation η", lambda v: "not detected" if math.isinf(v) else percent(v, 2)),
}
SHORT = {"energy.bin_width": "Bin width", "energy.n_bins": "Bins", "sky.nside": "Nside"}
STATES = {  # of a trial: words, colour
    "waiting": ("waiting", "quiet"), "running": ("training", "limit"), "interrupted": ("interrupted", "quiet"), "done": ("done", "text"),
    "pruned": ("ended early", "quiet"), "failed": ("failed", "fault"),
}
EXPORTS = {"trials_csv": "Trials as CSV…", "trials_tex": "Trials as LaTeX…"}
CHIPS = {
    "queued": ("Queued", "quiet"), "running": ("Running", "limit"), "stopping": ("Stopping…", "quiet"), "stopped": ("Stopped", "text"),
    "done": ("Done", "text"), "failed": ("Failed", "fault"),
}


def setting_name(path):
    """Return what a setting is called on an axis."""
    return SHORT.get(path) or dict(settings_of())[path].metadata["label"]


def value_words(value):
    """Return the value of a parameter for people: ``"16 × 16"``, ``"none"``, ``"own"``."""
    if isinstance(value, tuple):
        return "own" if not value else "none" if value == (0,) else " × ".join(map(str, value))
    if isinstance(value, float):
        return tick(float(f"{value:.3g}"))
    return MISSING if value is None else str(value)


def eta_words(trial):
    """Return what a trial's network detects on test skies."""
    numbers = trial.numbers
    if numbers.get("eta_limit") is None and numbers.get("eta_min") is None:
        return ""
    if numbers["eta_min"] is None:
        return "not detected"
    return percent_interval(numbers["eta_min"], numbers["eta_low"], numbers["eta_high"], 2)


class TrialModel(RowModel):
    """Trials as rows: number, state, parameters, measures, verdict."""

    def __init__(self, parent=None):
        super().__init__(parent=parent)
        self._plan, self._best = None, None

    def identity(self, trial):
        """Return its number."""
        return trial.number

    def set_trials(self, plan, trials):
        """Show the trials of a plan."""
        best = best_first(trials, plan.objective)
        self._best = best[0].number if best else None
        if self._plan is None or plan.digest != self._plan.digest:
            self._plan = plan
            self.set_columns(_columns(plan), (STATE,))
        self.set_rows(trials)

    def look(self, trial, column, role):
        """Return colour, weight and reason of a cell."""
        if role == TOOLTIP:
            return trial.reason or None
        is_best = trial.number == self._best
        if role == FONT and is_best:
            return themes.font(weight=QFont.Weight.DemiBold)
        if role == FOREGROUND:
            theme = themes.current()
            if column == STATE:
                return QColor(getattr(theme, STATES.get(trial.state, ("", "quiet"))[1]))
            return QColor(theme.active) if is_best else QColor(theme.quiet) if trial.value is None else None
        return None


def _columns(plan):
    """Yield the columns of a plan."""
    yield Column("Trial", "", lambda t: str(t.number), lambda t: (t.number,))
    yield Column("State", "", lambda t: STATES.get(t.state, (t.state, ""))[0], lambda t: (t.state, t.number))
    for path, space in plan.parameters.items():
        yield Column(setting_name(path), "", lambda t, path=path: value_words(t.values.get(path)), _parameter_order(path, space))
    words, text = OBJECTIVE_WORDS[plan.objective]
    sign = 1 if OBJECTIVES[plan.objective] else -1
    yield Column(
        words, "", lambda t: MISSING if t.value is None else text(t.value), lambda t: (None if t.value is None else sign * t.value,),
    )
    yield Column("η, test skies", "", eta_words, lambda t: (t.numbers.get("eta_min"),))
    yield Column(
        "Limit", "", lambda t: percent(limit, 2) if (limit := t.numbers.get("eta_limit")) else "", lambda t: (t.numbers.get("eta_limit"),),
    )
    if plan.objective != "val_eta":
        yield Column("Validation η", "", lambda t: percent(t.numbers.get("val_eta"), 2), lambda t: (t.numbers.get("val_eta"),))
    yield Column("Time", "", lambda t: clock(t.numbers.get("seconds")), lambda t: (t.numbers.get("seconds"),))


def _parameter_order(path, space):
    if isinstance(space, Range):
        return lambda t: (t.values.get(path), t.number)
    return lambda t: (space.values.index(v) if (v := t.values.get(path)) in space.values else None, t.number)


class SearchView(QWidget):
    """Parallel coordinates and table of one search.

    Attributes
    ----------
    new_requested, open_requested, stop_requested, resume_requested : Signal()
    export_requested : Signal(str)
        A key of :data:`EXPORTS`.
    network_requested : Signal(str)
        Name of the run folder whose training is to be shown.
    """

    new_requested = Signal()
    open_requested = Signal()
    stop_requested = Signal()
    resume_requested = Signal()
    network_requested = Signal(str)
    export_requested = Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._plan, self._trials, self._chosen = None, (), None
        self._make_header()
        self._make_table()
        self.diagram = ParallelDiagram()
        self.diagram.postpone = in_a_later_turn  # when the table is there
        self.diagram.picked.connect(self.choose)
        self._key = Key()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._make_empty())
        self._stack.addWidget(self._make_full())

    def _make_empty(self):
        self.new = button("New search…", "primary", on_click=self.new_requested.emit)
        self.open = button("Open search…", on_click=self.open_requested.emit)
        return empty_page(
            "No search yet",
            "A search trains many networks that differ in a few settings: resolution of the maps, bins of energy, feature maps, dense layers, "
            "learning rate. Optuna proposes each from what the earlier ones reached on validation skies; the best are judged on test skies, "
            "which had no part in the choice. Here every trial will be a line through its settings to its result, and a row of a table. "
            "It runs in a process of its own and goes on where it was stopped.", self.new, self.open,
        )

    def _make_header(self):
        self.name, self.chip = label("", "title"), Chip()
        self.show_network = button(
            "Open training", on_click=self._ask_for_network, tooltip="Show the training of the chosen trial, and its run on the left"
        )
        self.stop = button("Stop", on_click=self._stop_or_resume, tooltip="Finished epochs are kept; resume goes on from there")
        exports = Menu(self)
        for kind, words in EXPORTS.items():
            exports.addAction(words).triggered.connect(lambda _=False, kind=kind: self.export_requested.emit(kind))
        self.exporting = menu_button(exports, "Every trial with its settings and all that was measured, in the order of the table")
        self.exporting.setText("Export")
        self.another = button("New search…", on_click=self.new_requested.emit)
        self.another_folder = button("Open search…", on_click=self.open_requested.emit)
        self._header = row(
            self.name, self.chip, None, self.show_network, self.exporting, self.stop, self.another, self.another_folder, spacing=themes.RHYTHM
        )
        self.progress, self.status = progress_line()

    def _make_table(self):
        self.model = TrialModel(self)
        self.table = RowTable(self.model)
        self.table.setMinimumHeight(6 * ROW_HEIGHT)
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self.table.doubleClicked.connect(lambda index: self._ask_for_network())

    def _make_full(self):
        layout = column(
            self._header, self.progress, self.status, self._key, self.diagram, label("TRIALS", "heading"), self.table, spacing=themes.RHYTHM
        )
        layout.setStretch(4, 3)
        layout.setStretch(6, 2)
        full = QWidget()
        full.setLayout(layout)
        return full

    def clear(self):
        """Go back to the page that says what a search is."""
        self._plan, self._trials, self._chosen = None, (), None
        self._stack.setCurrentIndex(0)

    def set_search(self, plan, trials):
        """Show the trials of a plan; the choice of the row is kept if it can be."""
        is_new = self._plan is None or plan.digest != self._plan.digest
        self._plan, self._trials = plan, tuple(trials)
        self.model.set_trials(plan, trials)
        if is_new:
            self._chosen = None
            objective = 2 + len(plan.parameters)
            self.table.sortByColumn(objective, Qt.SortOrder.AscendingOrder)
        self.table.fit()
        best = best_first(trials, plan.objective)
        if self.model.row_of(self._chosen) < 0:
            self._chosen = best[0].number if best else None
        self._draw(best)
        self._select()
        self._stack.setCurrentIndex(1)

    def best_words(self):
        """Return in one line what the best trial reached; empty before there is one."""
        best = best_first(self._trials, self._plan.objective)
        if not best:
            return ""
        words, text = OBJECTIVE_WORDS[self._plan.objective]
        said = f"best: trial {best[0].number}, {words[:1].lower()}{words[1:]} {text(best[0].value)}"
        if eta := eta_words(best[0]):
            said += f", η {eta} on test skies, limit {percent(best[0].numbers['eta_limit'], 2)}"
        return said

    def set_status(self, state, *, name="", words="", fraction=0.0):
        """Show where the search is; ``state`` is a key of :data:`CHIPS`."""
        self._stack.setCurrentIndex(1)
        self.name.setText(name)
        self.chip.set_state(*CHIPS.get(state, (state, "quiet")))
        self.progress.show_share(fraction)
        self.status.setText("   ·   ".join(part for part in (words, self.best_words()) if part))
        set_role(self.status, "fault" if state == "failed" else "quiet")
        self.stop.setText("Stop" if state in ("running", "stopping") else "Resume")
        self.stop.setEnabled(state not in ("stopping", "done"))

    @property
    def chosen(self):
        """The trial whose line is marked, or None."""
        return next((trial for trial in self._trials if trial.number == self._chosen), None)

    def choose(self, number):
        """Mark a trial in diagram and table."""
        self._chosen = number
        self._select()

    def _select(self):
        self.diagram.choose(self._chosen)
        place = self.model.row_of(self._chosen)
        if place >= 0:
            self.table.selectRow(place)
        self.show_network.setEnabled(self.chosen is not None and bool(self.chosen.folder))

    def _row_chosen(self, current, _):
        if current.isValid():
            number = self.model.rows[current.row()].number
            if number != self._chosen:
                self.choose(number)

    def _draw(self, best):
        plan, trials = self._plan, self._trials
        place = {trial.number: i / max(len(best) - 1, 1) for i, trial in enumerate(best)}
        axes = [
            Axis(
                setting_name(path), [t.values.get(path) for t in trials], text=value_words,
                **({"low": space.low, "high": space.high, "log": space.log} if isinstance(space, Range) else {"choices": list(space.values)}),
            )
            for path, space in plan.parameters.items()
        ]
        words, text = OBJECTIVE_WORDS[plan.objective]
        axes.append(Axis(words, [t.value for t in trials], upward=not OBJECTIVES[plan.objective], text=text))
        values = [[*(t.values.get(path) for path in plan.parameters), t.value] for t in trials]
        self.diagram.set_trials(axes, [t.number for t in trials], values, [place.get(t.number) for t in trials], self._chosen)
        entries = [("line", "active", "the better, the bolder"), ("line", "text", "chosen"), ("dashes", "quiet", "without a result")]
        self._key.set_entries(entries)

    def _ask_for_network(self):
        if self.chosen is not None and self.chosen.folder:
            self.network_requested.emit(self.chosen.folder)

    def _stop_or_resume(self):
        (self.stop_requested if self.stop.text() == "Stop" else self.resume_requested).emit()
