"""The Results tab: what can be detected, as diagrams and as a table."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHeaderView, QStackedLayout, QWidget

from ...core.statistics.registry import STATISTICS
from .. import theme as themes
from ..widgets import Menu, Tick, button, column, label, menu_button, row, wrapped
from .base import Key
from .result_plots import EtaDiagram, RocDiagram, ScoreDiagram
from .result_table import ResultModel, ResultSorter, sorted_table

WORDY_COLUMNS = (0, 2, 3, 4)
FORMATS = {"png": "PNG", "pdf": "PDF", "csv": "CSV"}


class EtaPlot(QWidget):
    """Smallest detectable fraction against N with a line that says which colour is what."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.diagram, self.key = EtaDiagram(self), Key(parent=self)
        self.setLayout(column(self.key, self.diagram, spacing=4))
        self.setAccessibleName("Smallest detectable fraction against the number of events")

    def set_verdicts(self, verdicts, source=None, *, statistics=("bcnn", "power_spectrum"), current=None):
        """Show verdicts; see :meth:`.result_plots.EtaDiagram.set_verdicts`."""
        self.diagram.set_verdicts(verdicts, source, statistics=statistics, current=current)
        self.key.set_entries(self.diagram.entries())


class ResultsView(QWidget):
    """Three diagrams and the table they are about.

    Attributes
    ----------
    export_requested : Signal(str)
        ``"png"``, ``"pdf"`` or ``"csv"``.
    statistic_chosen : Signal(str, bool)
        Whether a statistic that needs no training is wanted beside the likelihood ratio.
    verdict_selected : Signal(object)
        The Verdict of the row that was chosen.
    """

    export_requested = Signal(str)
    statistic_chosen = Signal(str, bool)
    verdict_selected = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._verdicts, self._selected = (), None
        self.eta, self.roc, self.scores = EtaDiagram(), RocDiagram(), ScoreDiagram()
        self._eta_key, self._roc_key, self._scores_key = Key(), Key(), Key()
        self.logarithmic = Tick("Logarithmic")
        self.logarithmic.setChecked(True)
        self.logarithmic.toggled.connect(self.roc.set_logarithmic)
        self._make_table()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._make_empty())
        self._stack.addWidget(self._make_full())

    def _make_empty(self):
        text = wrapped(
            "Here stand, for every source and number of events, the smallest fraction η of source events that a statistic "
            "detects, its ROC curve and its scores with and without the source, beside the published values. "
            "The likelihood ratio appears by itself as soon as a sky is known; a network once it is trained.", "quiet",
        )
        text.setFixedWidth(520)
        line = row(None)
        line.addLayout(column(None, label("No results yet", "title"), text, None, None, spacing=2 * themes.RHYTHM))
        line.addStretch(1)
        empty = QWidget()
        empty.setLayout(line)
        return empty

    def _make_full(self):
        grid = QGridLayout()
        grid.setHorizontalSpacing(2 * themes.RHYTHM)
        grid.setVerticalSpacing(4)
        panes = (
            (row(label("SMALLEST DETECTABLE FRACTION", "heading")), self._eta_key, self.eta),
            (row(label("ROC CURVE", "heading"), None, self.logarithmic), self._roc_key, self.roc),
            (row(label("SCORES", "heading")), self._scores_key, self.scores),
        )
        for place, (heading, key, diagram) in enumerate(panes):
            grid.addLayout(heading, 0, place)
            grid.addWidget(key, 1, place, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(diagram, 2, place)
            grid.setColumnStretch(place, 1)
        grid.setRowStretch(2, 1)
        self.exports = {
            kind: button(text, on_click=lambda kind=kind: self.export_requested.emit(kind)) for kind, text in FORMATS.items()
        }
        beside = Menu(self)
        beside.setToolTipsVisible(True)
        self.further = {
            name: beside.tick(entry.label, lambda on, name=name: self.statistic_chosen.emit(name, on))
            for name, entry in STATISTICS.items() if name != "likelihood_ratio"
        }
        self.beside = menu_button(beside, "Statistics that need no training: computed for every source and N, what is on screen first")
        self.beside.setText("Other statistics")
        heading = row(
            label("ALL RESULTS", "heading"), None, self.beside, label("Export", "quiet"), *self.exports.values(), spacing=12,
        )
        heading.insertSpacing(heading.indexOf(self.exports["png"]) - 1, 2 * themes.RHYTHM)
        layout = column(grid, heading, self.table)
        layout.setStretch(0, 3)
        layout.setStretch(2, 2)
        full = QWidget()
        full.setLayout(layout)
        return full

    def _make_table(self):
        self.model, self.sorter = ResultModel(self), ResultSorter(self)
        self.sorter.setSourceModel(self.model)
        self.table = sorted_table(self.sorter)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for column_number in WORDY_COLUMNS:
            header.setSectionResizeMode(column_number, QHeaderView.ResizeMode.ResizeToContents)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)

    def set_verdicts(self, verdicts, chosen=None, notes=None):
        """Show verdicts of any sources, numbers of events and statistics.

        Parameters
        ----------
        verdicts : iterable of Verdict
        chosen : Verdict, optional
            One of them, whose ROC and scores are shown; without it the choice of the row is kept if it can be.
        notes : dict, optional
            What has to be known about some of them.
        """
        verdicts = tuple(verdicts)
        kept = self._key(self._selected)
        self._verdicts = verdicts
        self.model.set_verdicts(verdicts, notes)
        self._selected = None
        if verdicts:
            first = self.model.verdict(self.sorter.mapToSource(self.sorter.index(0, 0)).row())
            self.select(chosen or next((v for v in verdicts if self._key(v) == kept), first))
        else:
            self._show()
        self._stack.setCurrentIndex(1 if verdicts else 0)  # last, so that what comes into sight is drawn once

    @staticmethod
    def _key(verdict):
        return None if verdict is None else (verdict.source, verdict.n_events, verdict.statistic)

    @property
    def selected(self):
        """The Verdict whose ROC and scores are shown, or None."""
        return self._selected

    def select(self, verdict):
        """Show the ROC and scores of a verdict of the table."""
        number = self.model.row_of(verdict)
        if number >= 0:
            self._selected = verdict
            self.table.selectRow(self.sorter.mapFromSource(self.model.index(number, 0)).row())
            self._show()

    def _row_chosen(self, current, _):
        chosen = self.model.verdict(self.sorter.mapToSource(current).row()) if current.isValid() else None
        if chosen is not None and chosen is not self._selected:
            self._selected = chosen
            self._show()
            self.verdict_selected.emit(chosen)

    def _show(self):
        chosen = self._selected
        source, number = (chosen.source, chosen.n_events) if chosen else (None, None)
        self.eta.set_verdicts(self._verdicts, source, current=number)
        self.roc.set_verdicts(v for v in self._verdicts if (v.source, v.n_events) == (source, number))
        self.scores.set_verdict(chosen)
        for key, diagram in ((self._eta_key, self.eta), (self._roc_key, self.roc), (self._scores_key, self.scores)):
            key.set_entries(diagram.entries())
