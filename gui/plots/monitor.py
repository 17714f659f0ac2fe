"""The Training tab: the runs above, the one that is chosen beneath."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QMenu, QSplitter, QWidget

from ..style import theme as themes
from ..style.widgets import Choice, Elided, button, column, label, row
from .row_model import ROW_HEIGHT, RowTable
from .run_table import FIELD, STATE, RunTable
from .training import TrainingView

AT_ONCE = (1, 2, 3, 4, 6, 8, 12, 16)
ROWS = 5  # of the table at first
EXPORTS = {"runs_csv": "Table as CSV…", "runs_tex": "Table as LaTeX…"}
HELD, STARTED = "Start queue", "Hold queue"


class MonitorView(QWidget):
    """Queue and list of trainings, and the one that is chosen.

    Attributes
    ----------
    detail : TrainingView
    add_requested, begin_requested, hold_requested : Signal()
        The buttons.
    move_requested : Signal(object, int)
        Row of a run that waits, and by how many places.
    remove_requested : Signal(object)
        Row of a run to take out of the queue.
    chosen : Signal(object)
        Row of the run to show.
    opened : Signal(object)
        Row of the run whose question is to be put on the left.
    at_once_chosen : Signal(int)
    export_requested : Signal(str)
        A key of :data:`EXPORTS`.
    """

    add_requested = Signal()
    begin_requested = Signal()
    hold_requested = Signal()
    move_requested = Signal(object, int)
    remove_requested = Signal(object)
    chosen = Signal(object)
    opened = Signal(object)
    at_once_chosen = Signal(int)
    export_requested = Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._is_filling = False
        self.detail = TrainingView()
        self.detail.empty.add_requested.connect(self.add_requested)
        self._make_table()
        self._make_header()
        self._list = QWidget()
        self._list.setLayout(column(self._header, self.table, spacing=themes.RHYTHM, margins=(0, 0, 0, themes.RHYTHM)))
        lower = QWidget()
        lower.setLayout(column(self.detail, margins=(0, themes.RHYTHM, 0, 0)))
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self._list)
        self.splitter.addWidget(lower)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([(ROWS + 2) * ROW_HEIGHT + 56, 10_000])
        self.setLayout(column(self.splitter))
        self._list.hide()

    def _make_table(self):
        self.model = RunTable(self)
        self.table = RowTable(self.model, stretch=(FIELD,))
        self.table.setAccessibleName("Runs")
        self.table.horizontalHeader().setMinimumSectionSize(40)
        self.table.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.table.setMinimumHeight(3 * ROW_HEIGHT)
        self.table.sortByColumn(STATE, Qt.SortOrder.AscendingOrder)
        self.table.selectionModel().currentRowChanged.connect(lambda current, _: self._row_chosen(current))
        self.table.doubleClicked.connect(lambda index: self.opened.emit(self.chosen_row))
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(lambda place: self.table_menu().popup(self.table.viewport().mapToGlobal(place)))

    def _make_header(self):
        self.summary = Elided("")
        self.summary.setProperty("role", "quiet")
        self.at_once = Choice([(n, str(n)) for n in AT_ONCE])
        self.at_once.setFixedWidth(56)
        self.at_once.setToolTip("So many train at one time; they share processor and memory")
        self.at_once.activated.connect(lambda index: self.at_once_chosen.emit(self.at_once.itemData(index)))
        words = label("At once", "quiet")
        words.setBuddy(self.at_once)
        self.up = button("Up", on_click=lambda: self.move_requested.emit(self.chosen_row, -1), tooltip="Train the chosen run earlier")
        self.down = button("Down", on_click=lambda: self.move_requested.emit(self.chosen_row, 1), tooltip="Train the chosen run later")
        self.remove = button(
            "Remove", on_click=lambda: self.remove_requested.emit(self.chosen_row),
            tooltip="Take the chosen run out of the queue; finished epochs stay on disk",
        )
        self.add = button("Add runs…", on_click=self.add_requested.emit, tooltip="Sources × N × fields × networks of the run on the left")
        self.begin = button(HELD, on_click=self._begin_or_hold)
        self._header = row(label("RUNS", "heading"), self.summary, words, self.at_once, self.up, self.down, self.remove, self.add, self.begin)
        self._header.setStretch(1, 1)

    def table_menu(self):
        """Return the menu of the table."""
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        for kind, words in EXPORTS.items():
            menu.addAction(words).triggered.connect(lambda _=False, kind=kind: self.export_requested.emit(kind))
        return menu

    def sizeHint(self):
        """Ask for as much as there is."""
        return QSize(900, 800)

    @property
    def chosen_row(self):
        """The :class:`~.run_table.RunRow` that is chosen, or None."""
        index = self.table.currentIndex()
        return self.model.rows[index.row()] if index.isValid() else None

    def set_runs(self, rows, shown=None):
        """Show runs; ``shown`` is the folder of the one in the lower part, whose line is chosen."""
        self._is_filling = True
        self.model.set_rows(rows)
        self.table.fit()
        wanted = self.model.row_of(shown)
        if wanted < 0:
            self.table.selectionModel().clear()
        elif wanted != self.table.currentIndex().row():
            self.table.selectRow(wanted)
        self._is_filling = False
        self._list.setVisible(bool(self.model.rows))
        self.detail.empty.show_choice(bool(self.model.rows))
        self._show_buttons()

    def set_queue(self, words, at_once, is_started, can_begin):
        """Show where the queue is."""
        self.summary.setText(words)
        place = self.at_once.findData(at_once)
        if place < 0:
            self.at_once.addItem(str(at_once), at_once)
            place = self.at_once.count() - 1
        self.at_once.setCurrentIndex(place)
        self.begin.setText(STARTED if is_started else HELD)
        self.begin.setToolTip("Start no more runs; what trains goes on" if is_started else "Train what waits, one after the other")
        self.begin.setEnabled(is_started or can_begin)

    def _show_buttons(self):
        row = self.chosen_row
        waits = [other.place for other in self.model.rows if other.state == "waiting"]
        is_waiting = row is not None and row.state == "waiting"
        self.up.setEnabled(is_waiting and row.place > min(waits))
        self.down.setEnabled(is_waiting and row.place < max(waits))
        self.remove.setEnabled(is_waiting)

    def _row_chosen(self, current):
        self._show_buttons()
        if current.isValid() and not self._is_filling:
            self.chosen.emit(self.chosen_row)

    def _begin_or_hold(self):
        (self.hold_requested if self.begin.text() == STARTED else self.begin_requested).emit()
