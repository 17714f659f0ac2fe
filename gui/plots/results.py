"""The Results tab: what can be detected, as diagrams and as a table."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QLinearGradient, QPainter
from PySide6.QtWidgets import QLineEdit, QMenu, QScrollArea, QSplitter, QStackedLayout, QWidget

from ...core.statistics.registry import STATISTICS
from ..style import theme as themes
from ..style.numbers import THIN_SPACE
from ..style.widgets import Menu, button, column, empty_page, label, menu_button, row, wrapped
from .base import Key
from .result_panes import ResultPanes
from .result_plots import PUBLISHED_SYMBOLS, EtaDiagram
from .result_rows import COLUMNS, ETA_COLUMN, RUN_COLUMN
from .result_table import FAR, ResultFilter, ResultModel, ratio_colour
from .row_model import RowTable, add_row_keys

WORDY_COLUMNS = (0, 2, 3, 4)
SHARE_OF_DIAGRAMS = 64  # per cent of the height
EXPORTS = {  # kind: words
    "png": "Diagrams as PNG…", "pdf": "Diagrams as PDF…", "svg": "Diagrams as SVG…", "csv": "Table as CSV…", "tex": "Table as LaTeX…",
}
ADDING = {
    "file": "Result file…", "folder": "Folder of a study or of trainings…", "trainings": "All my trainings", "clear": "Remove added results",
}
STATISTICS_WORDS = "Statistics without training, for every N"
ABOUT = (
    "Here stand, for every source and number of events, the smallest fraction η of source events that a statistic "
    "detects, its ROC curve, its power and its scores with and without the source, beside the published values. "
    "The likelihood ratio appears by itself as soon as a sky is known; a network once it is trained."
)
FILTER_HELP = (
    "Words that have to stand in a row, and conditions such as N>=100, η<5 (per cent), η/limit<2, AUC>0.99; "
    "also eta, alpha, beta, ratio, paper"
)


class EtaPlot(QWidget):
    """Smallest detectable fraction against N with a line that says which colour is what."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.diagram, self.key = EtaDiagram(self), Key(parent=self)
        self.setLayout(column(self.key, self.diagram, spacing=4))
        self.setAccessibleName("Smallest detectable fraction against the number of events")

    def set_verdicts(self, verdicts, source=None, *, statistics=tuple(PUBLISHED_SYMBOLS), current=None):
        """Show verdicts; see :meth:`.result_plots.EtaDiagram.set_verdicts`."""
        self.diagram.set_verdicts(verdicts, source, statistics=statistics, current=current)
        self.key.set_entries(self.diagram.entries())


class RatioScale(QWidget):
    """What the colours behind the ratios to the limit mean."""

    SIZE = 72, 10

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setFixedSize(*self.SIZE)

    def paintEvent(self, event):
        """Paint the colours from the limit to the far end."""
        painter, gradient = QPainter(self), QLinearGradient(0, 0, self.width(), 0)
        painter.fillRect(self.rect(), QColor(themes.current().panel))
        for step in range(9):
            gradient.setColorAt(step / 8, ratio_colour(FAR ** (step / 8), themes.current()))
        painter.fillRect(self.rect(), gradient)


class ResultsView(QWidget):
    """Four diagrams and the table they are about.

    Attributes
    ----------
    export_requested : Signal(str)
        A key of :data:`EXPORTS`.
    add_requested : Signal(str)
        A key of :data:`ADDING`.
    open_requested : Signal(object)
        The Verdict whose run is to be opened.
    statistic_chosen : Signal(str, bool)
        Whether a statistic that needs no training is wanted beside the likelihood ratio.
    verdict_selected : Signal(object)
        The Verdict of the row that was chosen.
    """

    export_requested = Signal(str)
    add_requested = Signal(str)
    open_requested = Signal(object)
    statistic_chosen = Signal(str, bool)
    verdict_selected = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._verdicts, self._selected, self._runs = (), None, {}
        self.panes = ResultPanes()
        self.eta, self.roc, self.power, self.scores = (pane.diagram for pane in self.panes.panes.values())
        self._make_table()
        self._make_buttons()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(empty_page("No results yet", ABOUT))
        self._stack.addWidget(self._make_full())

    def _make_buttons(self):
        self.filter = QLineEdit(placeholderText="Filter: bcnn N>=100", clearButtonEnabled=True, toolTip=FILTER_HELP)
        self.filter.setAccessibleName("Filter the results")
        self.filter.setMinimumWidth(150)
        self.filter.setMaximumWidth(260)
        self.filter.textChanged.connect(self._filter)
        self.count = label("", "caption")
        self.untick = button("Untick all", "link", on_click=lambda: self.model.set_ticked(range(self.model.rowCount()), False))
        self.open = button("Open run", on_click=self._ask_to_open, tooltip="Show the run behind the chosen row; also by a double click or Enter")
        beside = Menu(self)
        beside.setToolTipsVisible(True)
        self.further = {
            name: beside.tick(entry.label, lambda on, name=name: self.statistic_chosen.emit(name, on))
            for name, entry in STATISTICS.items() if name != "likelihood_ratio"
        }
        beside.insertSection(beside.actions()[0], STATISTICS_WORDS)
        beside.addSection("Results of other runs")
        self._offer(beside, ADDING, self.add_requested)
        self.adding = menu_button(beside, "Statistics that need no training, and results of other runs, to stand beside those on screen")
        self.adding.setText("Add")
        exports = Menu(self)
        self._offer(exports, EXPORTS, self.export_requested)
        self.exporting = menu_button(exports, "Diagrams with the limits they have here, and the rows that are shown here")
        self.exporting.setText("Export")

    @staticmethod
    def _offer(menu, entries, signal):
        for kind, words in entries.items():
            menu.addAction(words).triggered.connect(lambda checked=False, kind=kind: signal.emit(kind))

    def _make_full(self):
        heading = row(
            label("ALL RESULTS", "heading"), self.filter, None, self.open, self.adding, self.exporting, spacing=themes.RHYTHM,
        )
        heading.setStretch(1, 1)
        self.nothing = wrapped("No row fulfils the filter.", "quiet")
        self.nothing.hide()
        scale = row(
            self.count, self.untick, None, label(f"η over the limit:{THIN_SPACE} 1", "caption"), RatioScale(), label("3 and more", "caption"),
            spacing=6,
        )
        below = QWidget()
        below.setLayout(column(heading, self.nothing, self.table, scale, margins=(0, themes.RHYTHM, 0, 0)))
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        scroller = QScrollArea(widgetResizable=True)
        scroller.setWidget(self.panes)
        self.splitter.addWidget(scroller)
        self.splitter.addWidget(below)
        self.splitter.setStretchFactor(0, SHARE_OF_DIAGRAMS)
        self.splitter.setStretchFactor(1, 100 - SHARE_OF_DIAGRAMS)
        self.splitter.setSizes([100 * SHARE_OF_DIAGRAMS, 100 * (100 - SHARE_OF_DIAGRAMS)])
        return self.splitter

    def _make_table(self):
        self.model, self.sorter = ResultModel(self), ResultFilter(self)
        self.sorter.setSourceModel(self.model)
        self.table = RowTable(self.sorter, stretch=[n for n in range(len(COLUMNS)) if n not in WORDY_COLUMNS])
        self.table.horizontalHeader().moveSection(RUN_COLUMN, ETA_COLUMN)
        self._fit_columns()
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self.table.doubleClicked.connect(lambda index: self._ask_to_open())
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(lambda place: self.row_menu().popup(self.table.viewport().mapToGlobal(place)))
        add_row_keys(self.table, {Qt.Key.Key_Space: self._tick_chosen, Qt.Key.Key_Return: self._ask_to_open, Qt.Key.Key_Enter: self._ask_to_open})
        self.model.ticked_changed.connect(self._show)

    def _fit_columns(self):
        """Show the column of runs where there are several."""
        self.table.setColumnHidden(RUN_COLUMN, not self._runs)
        self.table.fit()

    def row_menu(self):
        """Return the menu of the chosen row."""
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.addAction("Open this run").triggered.connect(self._ask_to_open)
        menu.addAction("Tick or untick").triggered.connect(self._tick_chosen)
        return menu

    def set_verdicts(self, verdicts, chosen=None, notes=None, runs=None):
        """Show verdicts of any sources, numbers of events and statistics.

        Parameters
        ----------
        verdicts : iterable of Verdict
        chosen : Verdict, optional
            One of them, whose ROC and scores are shown; without it the choice of the row is kept if it can be.
        notes : dict, optional
            What has to be known about some of them.
        runs : dict, optional
            Name of the run of those that are not of the run on screen.
        """
        kept = None if self._selected is None else self.model.key(self._selected)
        self._verdicts, self._runs = tuple(verdicts), dict(runs or {})
        self.model.set_verdicts(self._verdicts, notes, self._runs)
        self._fit_columns()
        self._selected = None
        if self._verdicts:
            first = self.sorter.mapToSource(self.sorter.index(0, 0)).row()
            self.select(chosen or self.model.find(kept) or self.model.verdict(max(first, 0)))
        else:
            self._show()
        self._stack.setCurrentIndex(1 if self._verdicts else 0)  # last, so that what comes into sight is drawn once

    @property
    def selected(self):
        """The Verdict whose ROC and scores are shown, or None."""
        return self._selected

    @property
    def title(self):
        """What is compared, for a figure: source and N where it is one."""
        sources, numbers = ({getattr(v, name) for v in self.compared} for name in ("source", "n_events"))
        return ", ".join([*sources][:1] * (len(sources) == 1) + [f"N = {n}" for n in numbers] * (len(numbers) == 1))

    @property
    def rows(self):
        """Verdicts of the rows that are shown, in their order."""
        return tuple(self._verdict(number) for number in range(self.sorter.rowCount()))

    @property
    def compared(self):
        """Verdicts that are compared: the ticked ones and the chosen one; without ticks all of the chosen one's skies."""
        chosen, ticked = self._selected, self.model.ticked
        if ticked:
            return ticked if chosen in ticked or chosen is None else (*ticked, chosen)
        if chosen is None:
            return ()
        return tuple(v for v in self._verdicts if self._skies(v) == self._skies(chosen))

    def _skies(self, verdict):
        return self._runs.get(verdict, ""), verdict.source, verdict.n_events

    def _series(self, verdict):
        return self._runs.get(verdict, ""), verdict.source, verdict.statistic

    def _verdict(self, number_shown):
        return self.model.verdict(self.sorter.mapToSource(self.sorter.index(number_shown, 0)).row())

    def select(self, verdict):
        """Show the ROC and scores of a verdict of the table."""
        number = self.model.place(verdict)
        if number >= 0:
            self._selected = verdict
            self._mark()
            self._show()

    def _mark(self):
        """Mark the row of the chosen verdict, if it is shown."""
        shown = self.sorter.mapFromSource(self.model.index(self.model.place(self._selected), 0))
        if shown.isValid():
            self.table.selectRow(shown.row())

    def _row_chosen(self, current, _):
        chosen = self.model.verdict(self.sorter.mapToSource(current).row()) if current.isValid() else None
        if chosen is not None and chosen is not self._selected:
            self._selected = chosen
            self._show()
            self.verdict_selected.emit(chosen)

    def _filter(self, text):
        self.sorter.set_text(text)
        self._count()

    def _count(self):
        shown, known, ticked = self.sorter.rowCount(), self.model.rowCount(), len(self.model.ticked)
        words = f"{known} result{'' if known == 1 else 's'}" if shown == known else f"{shown} of {known} results"
        self.count.setText(f"{words} · {ticked} ticked" if ticked else words)
        self.untick.setVisible(ticked > 0)
        self.nothing.setVisible(shown == 0)

    def _tick_chosen(self):
        if self._selected is not None:
            self.model.toggle(self.model.place(self._selected))

    def _ask_to_open(self):
        if self._selected is not None:
            self.open_requested.emit(self._selected)

    def _show(self):
        chosen, compared, ticked = self._selected, self.compared, self.model.ticked
        series = {self._series(v) for v in compared}
        is_wanted = (lambda v: self._series(v) in series) if ticked else (lambda v: self._skies(v)[:2] == self._skies(chosen)[:2])
        self.panes.show_verdicts(
            compared, [v for v in self._verdicts if chosen is not None and is_wanted(v)], compared if ticked else compared and (chosen,),
            source=chosen and chosen.source, current=chosen and chosen.n_events, runs=self._runs, chosen=chosen,
        )
        self._count()
