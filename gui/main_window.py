"""The window: question on the left, picture in the centre, answer on the right, work in progress below."""

import logging
import time
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSize, Qt, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QMessageBox, QTabWidget, QWidget

from ..core.config import RunConfig
from ..core.errors import ZevatronError
from .background.jobs import Jobs
from .background.log import LogDrawer
from .background.memory import MemoryKeeper
from .controller import Controller
from .files.drops import Drops
from .files.exports import Exports
from .files.figure_copy import FigureMenu
from .files.run_files import Files
from .files.session import AFTER_A_CRASH, Session
from .files.settings import settings
from .frame.answer import AnswerPanel
from .frame.commands import Commands
from .frame.jobs_bar import JobsBar
from .frame.menus import Menus
from .frame.message_bar import MessageBar
from .frame.presentation import Presentation
from .frame.sky_picker import SkyPicker
from .frame.sky_tools_place import SkyToolsPlace
from .frame.text_view import TextView
from .frame.top_bar import TopBar
from .frame.welcome import Welcome
from .frame.workspace import Panel, Workspace
from .panels.question import WIDTH as LEFT_WIDTH
from .panels.question import Question
from .plots.field import FieldView
from .plots.monitor import MonitorView
from .plots.results import ResultsView
from .plots.search import SearchView
from .plots.sky import SkyPanels
from .plots.study import StudyView
from .state.answers import run_for
from .state.draft import Draft
from .state.history import History
from .state.observed import TestChoices
from .state.view import Choices
from .style import theme
from .style.widgets import Choice, column
from .tasks.events import MeasuredEvents
from .tasks.events_tab import EventsTab
from .tasks.exposure import Exposure
from .tasks.field import FieldExplorer
from .tasks.models import Models
from .tasks.monitor import Monitor
from .tasks.queue import Trainings
from .tasks.results_library import ResultsLibrary
from .tasks.runs import Runs
from .tasks.search import Search, Searches
from .tasks.statistics import FurtherStatistics
from .tasks.studies import Studies
from .tasks.study import StudyWork

LOG = logging.getLogger(__name__)
SIZE, SMALLEST = QSize(1600, 1000), QSize(960, 640)
CENTRE_WIDTH, RIGHT_WIDTH, TEXT_WIDTH = 600, 304, 420  # the first at least
RESULTS_PAUSE = 8  # ms, so that several things that are said in one turn change the table once, in a turn of its own
TABLE_HEIGHT = 176  # some rows even in the smallest window
INSPECTOR_FROM = 1400  # narrower windows fold the answer away
CLOSE_SECONDS = 2.0  # given to all processes together when the window closes
SKY, FIELD, TRAINING, RESULTS, SEARCH, EVENTS, STUDIES = range(7)


class MainWindow(QMainWindow):
    """Everything in one window.

    Parameters
    ----------
    faults : Faults
        Exceptions that nobody caught.
    log : WindowHandler
    show_early : bool
        Show it as soon as what is seen at first is there; the other pages are made a moment later. Widgets that are
        put together before the application has its stylesheet are styled once, which takes half the time.
    """

    def __init__(self, faults, log, parent=None, *, show_early=False):
        super().__init__(parent)
        theme.configure_pyqtgraph()
        self.faults = faults
        self.setWindowTitle("Zevatron")
        self.setMinimumSize(SMALLEST)
        self.resize(SIZE)
        self.draft = Draft(RunConfig(), defaults=RunConfig())
        self.view = Draft(Choices(), defaults=Choices(), passing={"source"})
        self.history = History(self.draft, self.view)
        self.jobs, self.search = Jobs(self), Search(self)
        self.study = StudyWork(self.jobs, self)
        self.runs = Runs(self.jobs, self)
        self.trainings = Trainings(self.jobs, self.runs, self)
        self.session = Session(self.draft, self.view, self.jobs, self)
        self.session.restore()
        self.controller = Controller(self.draft, self.view, self.jobs, self)
        self.files, self.exports, self.models, self.commands = Files(self), Exports(self), Models(self), Commands(self)
        self.statistics = FurtherStatistics(self.controller, self)
        self.memory = MemoryKeeper(self.draft, self.jobs, self)
        self.library = ResultsLibrary(self)
        self.messages = MessageBar(log.fresh_trace)
        self.drops, self.figure_menu = Drops(self), FigureMenu(self)
        self.jobs_bar = JobsBar(self.jobs, (self.trainings, self.search, self.study), LogDrawer(log))
        self._inspector_wish = self._results_shown = None
        self._results_soon = QTimer(self, singleShot=True, interval=RESULTS_PAUSE)
        self._results_soon.timeout.connect(self._show_results)
        self._build()
        self._restore_layout()
        self._show_sources()
        self._show_computing()
        if show_early:
            theme.apply(QApplication.instance())
            self.show()
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)  # painted, nothing answered yet
        self._fill_pages()
        self._connect(faults)
        self._show_run()
        self.session.follow()
        if not self.session.is_known:
            self.welcome.open()
        if self.session.has_crashed:
            self.messages.say(AFTER_A_CRASH)
        QTimer.singleShot(0, self.controller.compute_densities)  # once the window is painted

    def _build(self):
        self.presentation = Presentation(self)
        self.menus = Menus(self)
        self.top_bar = TopBar(self)
        self.setMenuWidget(self.top_bar)
        self.left = Question(self.draft, self.view)
        (
            self.sources_panel, self.emission_panel, self.field_panel, self.observatory_panel, self.energy_panel, self.events_panel,
            self.network_panel, self.test_panel,
        ) = self.left.panels
        self.tabs = self._centre()
        self.picker = SkyPicker(self.sky.map, lambda: self.tabs.setCurrentIndex(SKY), self.sources_panel.pick, self)
        self.inspector = AnswerPanel(self.controller)
        self._build_workspace()
        ground = QWidget()
        ground.setObjectName("ground")
        layout = column(self.workspace, self.messages, self.jobs_bar, self.presentation.bar, spacing=0)
        layout.setStretch(0, 1)
        ground.setLayout(layout)
        self.setCentralWidget(ground)

    def _fill_pages(self):
        """Make what is not seen at first."""
        self.field_view, self.monitor_view, self.results, self.search_view = FieldView(), MonitorView(), ResultsView(), SearchView()
        self.training_view = self.monitor_view.detail
        self.results.table.setMinimumHeight(TABLE_HEIGHT)
        event_choices = Draft(TestChoices(), defaults=TestChoices())
        self.events_tab = EventsTab(self.draft, event_choices)
        self.study_view = StudyView()
        pages = self.field_view, self.monitor_view, self.results, self.search_view, self.events_tab, self.study_view
        for number, page in enumerate(pages, FIELD):
            self.tabs.widget(number).layout().addWidget(page)
        self.field = FieldExplorer(self.controller, self.field_view, self)
        self.events = MeasuredEvents(self, self.events_tab, event_choices)
        self.text_dock.setWidget(TextView(self.draft))
        self.welcome = Welcome(self.centralWidget(), self.workspace)

    def _build_workspace(self):
        sides = Qt.DockWidgetArea
        self.workspace = Workspace(self.tabs)
        self.question_dock = self.workspace.add(Panel("question", "Question", self.left), sides.LeftDockWidgetArea)
        text = Panel("text", "Run as text", QWidget(), always_titled=True)
        self.text_dock = self.workspace.add(text, sides.LeftDockWidgetArea)
        self.workspace.splitDockWidget(self.question_dock, self.text_dock, Qt.Orientation.Horizontal)
        self.text_dock.hide()
        self.answer_dock = self.workspace.add(Panel("answer", "Answer", self.inspector), sides.RightDockWidgetArea)
        self.workspace.keep_first({self.question_dock: LEFT_WIDTH, self.answer_dock: RIGHT_WIDTH, self.text_dock: TEXT_WIDTH})

    def _centre(self):
        self.sky = SkyPanels()
        self.source_box = Choice()
        self.source_box.setToolTip("Which source is shown")
        self.source_box.setMinimumWidth(110)
        self.source_box.hide()
        self.source_box.activated.connect(lambda index: self.view.set("source", self.source_box.itemData(index)))
        tabs = QTabWidget()
        tabs.setDocumentMode(True)
        tabs.setMinimumWidth(CENTRE_WIDTH)
        tabs.tabBar().setDrawBase(False)
        for text, margins in (
            ("Sky", (16, 8, 16, 8)), ("Field", (16, 12, 16, 8)), ("Training", (24, 16, 24, 16)), ("Results", (24, 16, 24, 16)),
            ("Search", (24, 16, 24, 16)), ("Events", (0, 0, 0, 0)), ("Studies", (24, 16, 24, 16)),
        ):
            holder = QWidget()
            holder.setLayout(column(margins=margins))
            tabs.addTab(holder, text)
        tabs.widget(SKY).layout().addWidget(self.sky)
        self.sky.set_corner(self.source_box)
        corner = SkyToolsPlace(tabs, self.sky, lambda: not self.presentation.is_on).corner
        tabs.currentChanged.connect(lambda index: corner.setVisible(index == SKY and not self.presentation.is_on))
        return tabs

    def _connect(self, faults):
        controller = self.controller
        faults.caught.connect(self.messages.say)
        self.jobs.failed.connect(lambda job, error: self.messages.say(f"{job.title}: {error}"))
        controller.failed.connect(self.messages.say)
        self.field.failed.connect(self.messages.say)
        controller.density_changed.connect(self._show_density)
        controller.computing.connect(self._show_computing)
        controller.sky_changed.connect(self._show_sky)
        controller.answers_changed.connect(self._results_soon.start)
        self.sky.pixel_selected.connect(self.inspector.show_pixel)
        self.sources_panel.failed.connect(self.messages.say)
        self.sources_panel.pick_wanted.connect(lambda: self.picker.begin())
        for field in (self.events_panel.n_events, self.events_panel.eta):
            field.moved.connect(self._show_mock)
        self.draft.subscribe(lambda paths: self._show_run())
        self.draft.subscribe(self._sources_changed)
        self.view.subscribe(lambda names: self.update_train_button())
        self.monitor = Monitor(self, self.trainings, self.runs, self.monitor_view)
        self.searches = Searches(self, self.search, self.search_view)
        self.studies = Studies(self, self.study, self.study_view)
        self.results.statistic_chosen.connect(self.statistics.choose)
        self.statistics.failed.connect(self.messages.say)
        self.welcome.example_chosen.connect(self.commands.open_example)
        self.welcome.run_chosen.connect(lambda path: self.drops.open([Path(path)]))
        self.welcome.tour_wanted.connect(self.commands.tour)
        self.welcome.events_wanted.connect(self.events.open)
        self.exposure = Exposure(self.draft, self.jobs, self)
        self.exposure.changed.connect(self._show_exposure)
        self.exposure.ask()
        self.results.export_requested.connect(lambda kind: self.exports.ask(f"results_{kind}"))
        self.results.add_requested.connect(self.library.ask)
        self.results.open_requested.connect(self.library.open_run)
        self.library.changed.connect(self._show_results)

    def _show_run(self):
        self.top_bar.show_run(self.draft)
        self.update_train_button()

    def _sources_changed(self, paths):
        if any(path.startswith("sources.") for path in paths):
            self._show_sources()

    def _show_sources(self):
        try:
            sources, chosen = self.controller.sources()
        except ZevatronError:
            return
        self.sky.set_sources([source for source in sources if source.published or source.name in chosen], chosen)

    def _show_exposure(self, shown):
        self.observatory_panel.show_curve(shown)
        self.sky.set_exposure_limits(() if shown is None else shown.limits)

    def _show_density(self):
        controller = self.controller
        self.sky.set_density(controller.density)
        self.sky.set_others(controller.densities)
        names = [density.name for density in controller.densities]
        self.source_box.clear()
        for name in names:
            self.source_box.addItem(name, name)
        self.source_box.setVisible(len(names) > 1 and not self.presentation.is_on)
        if controller.density is not None:
            self.source_box.setCurrentIndex(names.index(controller.density.name))
        self.update_train_button()

    def _show_computing(self):
        """Say what is being waited for where there is no sky yet."""
        if self.controller.density is None:
            names = ", ".join(self.draft.config.sources.names)
            self.sky.map.set_heading("", empty=f"Following the nuclei of {names} to the Earth…")

    def _show_sky(self):
        sky = self.controller.sky
        if sky is None:
            self.sky.set_mock(None, None)
        else:
            self.sky.set_mock(sky.events, sky.density.bin_edges, directions=sky.directions, energy=sky.energy)

    def _show_mock(self):
        """Turn to the mock sky when its numbers are moved: the answer to the hand is then in the picture."""
        if self.sky.mode == "density":
            self.sky.set_mode("events")

    def new_sky(self):
        """Draw the next mock sky and turn to it."""
        self.tabs.setCurrentIndex(SKY)
        self._show_mock()
        self.controller.new_sky()

    def compute_again(self):
        """Compute what was stopped or has failed."""
        self.controller.compute_again()
        self.field.again()
        self.exposure.again()

    def verdicts(self):
        """Return every verdict of the run on screen: limits, then networks."""
        controller = self.controller
        found = []
        for name in [density.name for density in controller.densities] or [controller.source_name]:
            numbers = self.inspector.numbers()
            found += controller.answers.limits(controller.config, name, numbers)
            found += controller.answers.methods(controller.config, name, numbers)
        return found

    def verdicts_at_screen(self, verdicts=None):
        """Return those verdicts, of all by default, that belong to the source and N on screen."""
        source, n_events = self.controller.source_name, self.controller.choices.n_events
        verdicts = self.verdicts() if verdicts is None else verdicts
        return [verdict for verdict in verdicts if (verdict.source, verdict.n_events) == (source, n_events)]

    def _show_results(self):
        self._results_soon.stop()
        controller, verdicts = self.controller, self.verdicts()
        at_screen = self.verdicts_at_screen(verdicts)
        notes = {verdict: note for verdict in verdicts if (note := controller.answers.note(controller.config, verdict))}
        added = self.library.names
        kept = self.results.selected if self.results.selected in added else None  # of another run: it does not follow the left
        chosen = kept or (at_screen[-1] if at_screen else None)
        shown = [*verdicts, *added], chosen, notes, added
        if shown != self._results_shown:  # more is said of answers than that there are others
            self._results_shown = shown
            self.results.set_verdicts(*shown)

    @property
    def training(self):
        """The training that is shown."""
        return self.trainings.shown

    def update_train_button(self):
        """Let the run on screen be trained, unless it is already."""
        is_trained = self._is_trained()
        possible = not is_trained and not self.draft.errors
        self.top_bar.train_button.setEnabled(possible)
        why = "This run is being trained" if is_trained else "Put the marked entries right first" if self.draft.errors else ""
        self.top_bar.train_button.setToolTip(why)
        self.training_view.set_can_train(possible, why)

    def _is_trained(self):
        """Whether a process of this window trains the run on screen, or is about to."""
        working = [*self.trainings.beginning, *(training.config for training in self.trainings.working if training.config is not None)]
        controller = self.controller
        return bool(working) and run_for(controller.config, controller.source_name, controller.choices.n_events) in working

    def train(self):
        """Train a network for the source and N on screen."""
        controller = self.controller
        density = controller.density if controller.is_current else None
        self.trainings.start(controller.config, controller.source_name, controller.choices.n_events, density)
        self.tabs.setCurrentIndex(TRAINING)

    def show_results(self, verdict):
        """Turn to the results, a new verdict chosen if it belongs to the run on screen."""
        self.controller.answers_changed.emit()
        self._show_results()
        self.results.select(verdict)
        self.tabs.setCurrentIndex(RESULTS)

    @property
    def text_view(self):
        """The run as text."""
        return self.text_dock.widget()

    def parts_around(self):
        """Return everything around the picture, which a demonstration hides."""
        panels = self.question_dock, self.text_dock, self.answer_dock
        return self.menuWidget(), *panels, self.jobs_bar, self.tabs.tabBar(), self.tabs.cornerWidget(), self.sky.controls, self.source_box

    def toggle_text(self):
        """Show or hide the run as text."""
        if self.text_dock.isHidden():
            self.workspace.show_panel(self.text_dock)
            self.text_view.text.setFocus()
        else:
            self.text_dock.hide()

    def toggle_inspector(self):
        """Show or hide the answer on the right."""
        self._inspector_wish = self.answer_dock.isHidden()
        self._fold_inspector()

    def _fold_inspector(self):
        if self.presentation.is_on:
            return
        wide = self.width() >= INSPECTOR_FROM
        shown = wide if self._inspector_wish is None else self._inspector_wish
        self.answer_dock.setVisible(shown)
        self.top_bar.inspector_button.setVisible(not wide or not shown)
        self.top_bar.answer_line.setVisible(not shown)

    def resizeEvent(self, event):
        """Fold the answer where there is no room for it."""
        crossed = (event.oldSize().width() >= INSPECTOR_FROM) != (event.size().width() >= INSPECTOR_FROM)
        if crossed:
            self._inspector_wish = None
        super().resizeEvent(event)
        self._fold_inspector()

    def contextMenuEvent(self, event):
        """Offer what can be done with the figure under the mouse."""
        self.figure_menu.ask(event)

    def reset_layout(self):
        """Give every part its first place and size."""
        for key in ("geometry", "panels"):
            settings().remove(key)
        self._inspector_wish = None
        self.showNormal()
        self.resize(SIZE.boundedTo(self.screen().availableSize()))
        self.workspace.reset()
        self.workspace.set_unlocked(False)
        self._fold_inspector()

    def _restore_layout(self):
        store = settings()
        if (geometry := store.value("geometry")) is not None:
            self.restoreGeometry(geometry)  # Qt brings a window back that would lie off every screen
        if (state := store.value("panels")) is not None:
            self.workspace.restore(state)
            if self.width() >= INSPECTOR_FROM:
                self._inspector_wish = not self.answer_dock.isHidden()
        self._fold_inspector()

    def _save_layout(self):
        store = settings()
        store.setValue("geometry", self.saveGeometry())
        store.setValue("panels", self.workspace.save())

    def closeEvent(self, event):
        """Ask if a training, a search or a study runs; then end everything."""
        if (self.trainings.is_active or self.search.is_active or self.study.is_active) and not self._may_close():
            event.ignore()
            return
        self.presentation.stop()
        self._save_layout()
        self.session.end()
        self.shut_down()
        event.accept()

    def _may_close(self):
        box = QMessageBox(self)
        what = "training" if self.trainings.is_active else "search" if self.search.is_active else "study"
        box.setText(f"A {what} is running. Close anyway?")
        box.setInformativeText(f"Finished {'cells' if what == 'study' else 'epochs'} are kept; open the {what} again to go on.")
        close = box.addButton("Stop and close", QMessageBox.ButtonRole.AcceptRole)
        stay = {"training": "Keep training", "search": "Keep searching", "study": "Keep computing"}[what]
        box.setDefaultButton(box.addButton(stay, QMessageBox.ButtonRole.RejectRole))
        box.exec()
        return box.clickedButton() is close

    def shut_down(self):
        """End jobs, trainings, search and study; safe to call twice."""
        deadline = time.monotonic() + CLOSE_SECONDS
        self.runs.close()
        self.jobs.close()
        self.trainings.order_stop()
        self.search.order_stop()
        self.study.order_stop()
        self.trainings.close(deadline)
        self.search.close(deadline)
        self.study.close(deadline)
