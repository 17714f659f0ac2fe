"""The four diagrams of the results, two by two or one alone."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from ..style import theme as themes
from ..style.widgets import Elided, Tick, button, column, row
from .base import Key, in_a_later_turn
from .power_plot import PowerDiagram
from .result_plots import EtaDiagram, RocDiagram, ScoreDiagram

LOWEST = 196  # pixels of a pane with a key of two lines, under which one scrolls
MANY = 4  # curves; of more the key stands at the ROC alone
CURVES_AS_IN_ROC = (("line", "quiet", "curves as in the ROC"),)


class Pane(QWidget):
    """A heading with a switch of the axes, what the colours are, and the diagram.

    Parameters
    ----------
    title : str
    diagram : Diagram
    enlarge : callable
        Called with the pane when it is to be seen alone, or no longer.
    tick : Tick, optional
    """

    def __init__(self, title, diagram, enlarge, tick=None, parent=None):
        super().__init__(parent)
        self.title, self.diagram, self.key, self.tick = title, diagram, Key(), tick
        diagram.setAccessibleName(title)
        self._enlarge = enlarge
        self.larger = button("Larger", "link", on_click=lambda: enlarge(self), tooltip="This diagram alone; also by a double click on it")
        words = Elided(title.upper())
        words.setProperty("role", "heading")
        heading = row(words, *([tick] if tick else []), self.larger, spacing=2 * themes.RHYTHM)
        heading.setStretch(0, 1)
        layout = column(heading, self.key, diagram, spacing=4)
        layout.setStretch(2, 1)
        self.setLayout(layout)
        diagram.viewport().installEventFilter(self)

    def eventFilter(self, watched, event):
        """Let a double click on the diagram show it alone."""
        if event.type() == QEvent.Type.MouseButtonDblClick and event.button() == Qt.MouseButton.LeftButton:
            self._enlarge(self)
            return True
        return super().eventFilter(watched, event)


class ResultPanes(QWidget):
    """η against N, ROC, power and scores of the same verdicts.

    Attributes
    ----------
    eta, roc, power, scores : Diagram
    panes : dict of str to Pane
        By the names of the diagrams.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self.eta, self.roc, self.power, self.scores = EtaDiagram(), RocDiagram(), PowerDiagram(), ScoreDiagram()
        self.eta_logarithmic, self.roc_logarithmic, self.gaussian = Tick("Logarithmic"), Tick("Logarithmic"), Tick("Gaussian axis")
        self.gaussian.setToolTip("Probability paper: both errors far apart, and the curve of a Gaussian score straight")
        self.roc_logarithmic.setChecked(True)
        self.eta_logarithmic.toggled.connect(self.eta.set_logarithmic)
        self.roc_logarithmic.toggled.connect(self.roc.set_logarithmic)
        self.gaussian.toggled.connect(self.power.set_gaussian)
        self.panes = {
            "eta": Pane("Smallest detectable fraction", self.eta, self._enlarge, self.eta_logarithmic),
            "roc": Pane("ROC curve", self.roc, self._enlarge, self.roc_logarithmic),
            "power": Pane("Power", self.power, self._enlarge, self.gaussian),
            "scores": Pane("Scores", self.scores, self._enlarge),
        }
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, themes.RHYTHM, 0)  # of the scroll bar, if there is one
        self._grid.setHorizontalSpacing(3 * themes.RHYTHM)
        self._grid.setVerticalSpacing(themes.RHYTHM)
        for place, pane in enumerate(self.panes.values()):
            pane.setMinimumHeight(LOWEST)
            self._grid.addWidget(pane, *divmod(place, 2))
        self._alone = None
        for pane in self.panes.values():
            pane.diagram.postpone = in_a_later_turn

    def heightForWidth(self, width):
        """Scroll only where not even the lowest diagrams fit; a scroll area asks for this height as the least."""
        return self.minimumSizeHint().height()

    @property
    def alone(self):
        """Name of the diagram that is seen alone, or None."""
        return self._alone

    def show_alone(self, name):
        """Show one diagram in the place of all; None for all."""
        self._alone = name
        for key, pane in self.panes.items():
            pane.setVisible(name in (None, key))
            pane.larger.setText("All four" if name else "Larger")
        self._show_keys()

    def _enlarge(self, pane):
        name = next(name for name, known in self.panes.items() if known is pane)
        self.show_alone(None if self._alone else name)

    def show_verdicts(self, verdicts, of_eta, of_scores, *, source, current, runs, chosen):
        """Draw verdicts; η against N and the scores may show others.

        Parameters
        ----------
        verdicts, of_eta, of_scores : sequence of Verdict
        source, current
            See :meth:`.result_plots.EtaDiagram.set_verdicts`.
        runs, chosen
            See :class:`.overlay.Overlay`.
        """
        self.eta.set_verdicts(of_eta, source, current=current, runs=runs, chosen=chosen)
        for diagram in (self.roc, self.power):
            diagram.set_verdicts(verdicts, runs, chosen)
        self.scores.set_verdicts(of_scores, runs, chosen)
        self._show_keys()

    def _show_keys(self):
        """Say which curve is which: of many only once, as long as the ROC stands beside."""
        shared = not self._alone and len(self.roc.verdicts) > MANY
        for name, pane in self.panes.items():
            pane.key.set_entries(CURVES_AS_IN_ROC if shared and name in ("power", "scores") else pane.diagram.entries())
        self._give_room()

    def _give_room(self):
        """Let a key of several lines take no room from its diagram."""
        for pane in self.panes.values():
            lines = pane.key.heightForWidth(max(pane.width(), pane.minimumSizeHint().width()))
            pane.setMinimumHeight(LOWEST + max(lines - 2 * pane.key.fontMetrics().lineSpacing(), 0))

    def resizeEvent(self, event):
        """Keys have other lines in another width."""
        super().resizeEvent(event)
        self._give_room()
