"""The Studies tab: what a study compares, what it takes, how far it is, and a table of its cells."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QProgressBar, QStackedLayout, QWidget

from ...core.study.estimate import summary
from ..style import theme as themes
from ..style.widgets import Elided, Menu, ValueEdit, button, column, label, menu_button, row, set_role, wrapped
from .row_model import ROW_HEIGHT, RowTable, add_row_keys
from .study_table import ETA, CellModel
from .training import Chip

WIDEST = {"Time": "12 min 34 s", ETA: "10.00 +0.12 −0.02 %"}  # of what comes later
CHIPS = {  # of a state: words and colour
    "empty": ("Counting", "quiet"), "new": ("Not started", "quiet"), "running": ("Running", "limit"), "elsewhere": ("Running elsewhere", "limit"),
    "stopping": ("Stopping…", "quiet"), "stopped": ("Stopped", "text"), "failed": ("Done, with failures", "fault"), "done": ("Done", "text"),
}
VERBS = {  # of a state: what the button does
    "empty": "Start", "new": "Start", "running": "Stop", "stopping": "Stop", "elsewhere": "Share the work", "stopped": "Continue",
    "failed": "Try failed cells again", "done": "Continue",
}
ABOUT = (
    "A study compares runs: sources, numbers of events, fields and their realisations, statistics and networks, energy resolution, bins, exposures, "
    "or any other setting. Every combination is a cell, a run of its own. Here you see how many that are and what they take before anything "
    "starts, then every cell with its state and its η. A study runs in a process of its own, or on a cluster; what is done is never done again, and what "
    "fails stops nothing."
)
EXPORTS = {"cells_csv": "Cells as CSV…", "cells_tex": "Cells as LaTeX…"}


class StudyView(QWidget):
    """One study and its cells.

    Attributes
    ----------
    new_requested, change_requested, file_requested, folder_requested, save_requested, place_requested : Signal()
    start_requested, stop_requested : Signal()
    scheduler_changed : Signal(str)
    add_requested, copy_requested : Signal(object)
        Rows that are chosen; all of them, or none, where none is.
    export_requested : Signal(str)
        A key of :data:`EXPORTS`.
    opened : Signal(object)
        The row of the cell whose run is to be shown.
    """

    new_requested = Signal()
    change_requested = Signal()
    file_requested = Signal()
    folder_requested = Signal()
    save_requested = Signal()
    place_requested = Signal()
    start_requested = Signal()
    stop_requested = Signal()
    scheduler_changed = Signal(str)
    add_requested = Signal(object)
    copy_requested = Signal(object)
    opened = Signal(object)
    export_requested = Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._counts = {}
        self._make_header()
        self._make_place()
        self._make_table()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._make_empty())
        self._stack.addWidget(self._make_full())
        self._show_buttons()

    def _make_empty(self):
        text = wrapped(ABOUT, "quiet")
        text.setFixedWidth(520)
        self.new = button("New study…", "primary", on_click=self.new_requested.emit)
        self.open = button("Open study file…", on_click=self.file_requested.emit)
        self.open_folder = button("Open folder…", on_click=self.folder_requested.emit)
        middle = column(
            None, label("No study yet", "title"), text, row(self.new, self.open, self.open_folder, None), None, None, spacing=2 * themes.RHYTHM
        )
        line = row(None)
        line.addLayout(middle)
        line.addStretch(1)
        empty = QWidget()
        empty.setLayout(line)
        return empty

    def _make_header(self):
        self.name, self.chip = Elided(""), Chip()
        self.name.setProperty("role", "title")
        self.act = button("Start", "primary", on_click=self._act, tooltip="Finished cells are kept, also if the window is closed")
        menu = Menu(self)
        for text, signal in (
            ("New study…", self.new_requested), ("Open study file…", self.file_requested), ("Open study folder…", self.folder_requested),
            ("Change axes…", self.change_requested), ("Save study file…", self.save_requested),
        ):
            menu.addAction(text).triggered.connect(lambda _=False, signal=signal: signal.emit())
        menu.addSeparator()
        for kind, text in EXPORTS.items():
            menu.addAction(text).triggered.connect(lambda _=False, kind=kind: self.export_requested.emit(kind))
        self.menu = menu_button(menu, "New, open, change, save and export")
        self.menu.setText("Study")
        self.add = button("", on_click=lambda: self.add_requested.emit(self.chosen_rows or self.model.rows))
        self.copy = button("Copy as command", on_click=lambda: self.copy_requested.emit(self.chosen_rows))
        self._header = row(self.name, self.chip, self.copy, self.add, self.menu, self.act, spacing=themes.RHYTHM)
        self._header.setStretch(0, 1)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.status, self.axes = Elided(""), Elided("")
        for part in (self.status, self.axes):
            part.setProperty("role", "quiet")
        self.estimate = wrapped(role="caption")

    def _make_place(self):
        self.place = Elided("")
        self.choose_place = button("Choose…", on_click=self.place_requested.emit, tooltip="Folder of the study: cells that are done in it are not repeated")
        self.scheduler = ValueEdit()
        self.scheduler.setPlaceholderText("this computer, or tcp://HOST:8786")
        self.scheduler.setToolTip("Address of a Dask scheduler whose workers do the cells; they need to see the folder (docs/cluster.md)")
        self.scheduler.setAccessibleName("Scheduler")
        self.scheduler.setFixedWidth(230)
        self.scheduler.textChanged.connect(lambda text: self.scheduler_changed.emit(text.strip()))
        self._place = row(label("Folder", "quiet"), self.place, self.choose_place, label("On", "quiet"), self.scheduler, spacing=themes.RHYTHM)
        self._place.setStretch(1, 1)

    def _make_table(self):
        self.model = CellModel(parent=self)
        self.table = RowTable(self.model)
        self.table.setAccessibleName("Cells")
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.horizontalHeader().setMinimumSectionSize(40)
        self.table.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.table.setMinimumHeight(6 * ROW_HEIGHT)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_chosen())
        self.table.doubleClicked.connect(lambda index: self.opened.emit(self.model.rows[index.row()]))
        add_row_keys(self.table, {"Return": self._open_current, "Enter": self._open_current})
        self.detail = wrapped(role="caption")
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _make_full(self):
        self.heading = label("CELLS", "heading")
        layout = column(
            self._header, self.progress, self.status, self.axes, self._place, self.estimate, self.heading, self.table, self.detail, spacing=themes.RHYTHM
        )
        layout.setStretch(7, 1)
        full = QWidget()
        full.setLayout(layout)
        return full

    @property
    def chosen_rows(self):
        """The rows that are chosen, from top to bottom."""
        return tuple(self.model.rows[index.row()] for index in sorted(self.table.selectionModel().selectedRows(), key=lambda index: index.row()))

    # Setters

    def set_study(self, study, words):
        """Show a study, in words what it compares; its cells come later."""
        self.model.set_study(study)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.axes.setText(words)
        self._counts = {}
        self._show_chosen()
        self._stack.setCurrentIndex(1)

    def set_place(self, path, scheduler, is_fixed):
        """Show where it is done; it stays there while it runs."""
        self.place.setText(path)
        self.scheduler.show_text(scheduler)
        self.choose_place.setEnabled(not is_fixed)
        self.scheduler.setEnabled(not is_fixed)

    def set_cells(self, overview):
        """Show the cells as they are."""
        self._counts = overview.counts
        more = overview.total - len(overview.rows)
        self.heading.setText(f"{overview.total} CELLS" + (f", {len(overview.rows)} SHOWN; ALL OF THEM STAND IN CELLS.CSV" if more else ""))
        if self.model.set_cells(overview.rows):
            self.table.fit({self.model.titles.index(title): widest for title, widest in WIDEST.items()})
        self._show_chosen()

    def set_estimate(self, cost):
        """Show what is left and what it takes; None while that is found out."""
        self.estimate.setText("Estimating time, memory and disk…" if cost is None else summary(cost))

    def set_status(self, state, *, name="", words="", fraction=0.0):
        """Show where the study is; ``state`` is a key of :data:`CHIPS`."""
        self.name.setText(name)
        self.chip.set_state(*CHIPS[state])
        self.progress.setRange(0, 1000)
        self.progress.setValue(round(1000 * fraction))
        self.status.setText(words)
        set_role(self.status, "fault" if state == "failed" else "quiet")
        self.act.setText(VERBS[state])
        self.act.setEnabled(state not in ("empty", "stopping", "done"))

    def _act(self):
        (self.stop_requested if self.act.text() == "Stop" else self.start_requested).emit()

    def _open_current(self):
        if (index := self.table.currentIndex()).isValid():
            self.opened.emit(self.model.rows[index.row()])

    def _show_chosen(self):
        rows = self.chosen_rows
        if len(rows) == 1:
            state = rows[0].report.state
            parts = [rows[0].cell.folder_name, state.host and f"on {state.host}", state.memory and f"{state.memory:.0f} MiB at most"]
            parts.append(f"begun {state.attempts} times" if state.attempts > 1 else "")
            self.detail.setText("  ·  ".join(part for part in parts if part) + (f"\n{rows[0].error}" if rows[0].error else ""))
        else:
            self.detail.setText(f"{len(rows)} cells chosen" if rows else "A double click shows the results of a cell, and its run on the left.")
        self._show_buttons()

    def _show_buttons(self):
        rows = self.chosen_rows
        done = sum(row.state == "done" for row in rows) if rows else self._counts.get("done", 0)
        self.add.setText(f"Add {done} to results" if rows else "Add all to results")
        self.add.setEnabled(done > 0)
        self.add.setToolTip("Let what was found stand in the Results tab, beside the run on screen")
        self.copy.setToolTip("Command lines of the chosen cells" if rows else "Command line that goes on with the study")
