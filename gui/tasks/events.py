"""Measured events seen from the window: lists are opened, tested in the background, hidden while a test is blind."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox

from ...core.config import with_values
from ...core.errors import ZevatronError
from ...core.statistics.registry import FOR_EVENTS, label_of
from ...core.storage.kept import Store
from ..files import settings
from ..plots.maps import EventDots
from ..state.observed import as_document, fitting_networks, judged, network_for, only_source, test_of

LOG = logging.getLogger(__name__)
FILTER = "Event lists (*.csv *.ecsv *.fits *.fit *.gz *.vot *.votable *.xml *.dat *.txt);;All files (*)"
RECORDS, NETWORKS = "Recorded tests (*.json);;All files (*)", "Networks (*.keras)"
SELECT_PAUSE = 200  # ms after an edit before the events are selected anew
DECISIVE = ("observatory.", "energy.", "sky.nside")
LANE = "events"
KEPT = 64 * 2**20  # bytes of results


@dataclass(frozen=True)
class Recorded:
    """A test that was recorded: ``path`` of the record, its content ``plan`` and ``seal``."""

    path: Path
    plan: dict
    seal: str

    @property
    def words(self):
        """What was recorded, for a person."""
        plan = self.plan
        return (
            f"Recorded {plan['created'][:16].replace('T', ', ')} UTC in {self.path.name}, seal {self.seal[:12]}: {label_of(plan['statistic'])}, "
            f"{plan['effort']['skies']} isotropic skies, {', '.join(entry['file'] for entry in plan['lists'])}."
            + (" The events had been seen before." if plan.get("events_seen") else "")
        )


class MeasuredEvents(QObject):
    """What the window does with event lists.

    Parameters
    ----------
    window : MainWindow
    tab : EventsTab
    choices : Draft
        Of the :class:`~.state.observed.TestChoices`.

    Attributes
    ----------
    changed : Signal()
        Lists, selection, result or what may be seen of them.
    failed : Signal(str)
        For the message bar.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, window, tab, choices):
        super().__init__(window)
        self._window, self._tab, self.choices = window, tab, choices
        self.lists, self.selection, self.fault = (), None, ""
        self.statistic, self.network, self.networks, self._networks_source = FOR_EVENTS[0], None, (), None
        self.is_blind, self.recorded, self.differs = False, None, False
        self._results, self._job, self._dialog = Store(KEPT), None, None  # observation and plan by the key of the test
        self._selection_job = None
        self._shown, self._seen = (None, None, None, None), set()
        self._selecting = QTimer(self, singleShot=True, interval=SELECT_PAUSE)
        self._selecting.timeout.connect(self._select)
        self._connect()
        self.show()

    def _connect(self):
        window, tab, controller = self._window, self._tab, self._window.controller
        self.failed.connect(window.messages.say)
        self.changed.connect(self.show)
        controller.density_changed.connect(self._source_changed)
        window.draft.subscribe(self._run_changed)
        self.choices.subscribe(self._choices_changed)
        window.jobs.progressed.connect(self._progressed)
        window.jobs.changed.connect(self._progressed)
        window.trainings.ended.connect(lambda training: self._look_for_networks())
        tab.open_wanted.connect(self.open)
        tab.test_wanted.connect(self.act)
        tab.cancel_wanted.connect(self.cancel)
        tab.export_wanted.connect(window.exports.ask)
        tab.view.source_chosen.connect(lambda name: window.view.set("source", name))
        tab.view.event_wanted.connect(self.show_on_sky)
        panel = tab.panel
        panel.judge.statistic_chosen.connect(self.choose_statistic)
        panel.judge.network_chosen.connect(self.choose_network)
        panel.judge.train_wanted.connect(self.train)
        panel.blind.blind_wanted.connect(self.set_blind)
        panel.blind.record_wanted.connect(self.record)
        panel.blind.open_wanted.connect(self.open_record)
        panel.blind.restore_wanted.connect(self.restore)

    # Lists

    def open(self):
        """Ask for event lists."""
        paths, _ = QFileDialog.getOpenFileNames(self._window, "Open events", str(Path.home()), FILTER)
        if paths:
            self.open_paths(map(Path, paths))

    def open_paths(self, paths):
        """Read lists in the background, then show what was understood."""
        paths, config = tuple(paths), self._window.draft.config

        def work(progress):
            from ...core.observed.lists import read_event_list
            from .events_dialog import settings_for

            lists = []
            for number, path in enumerate(paths):
                progress.report(f"reading {path.name}", number, len(paths))
                lists.append(read_event_list(path))
            preview = selected(lists, self.choices.config.scales_for(len(lists)) or (1.0,) * len(lists), with_values(config, settings_for(lists, config)))
            return tuple(lists), preview

        self._window.jobs.submit(
            f"Reading {', '.join(path.name for path in paths)}", work, lane=LANE, key="event lists", on_done=lambda found: self._ask(config, *found),
            on_failed=lambda error: self.failed.emit(str(error)),
        )

    def _ask(self, config, lists, preview):
        from .events_dialog import EventsDialog

        self._dialog = dialog = EventsDialog(lists, config, preview, self._window)
        dialog.accepted.connect(lambda: self._accept(lists, dialog.settings, dialog.is_blind))
        dialog.destroyed.connect(lambda: setattr(self, "_dialog", None))
        dialog.open()

    def _accept(self, lists, wanted, is_blind):
        self.lists, self.selection, self.fault, self.recorded = lists, None, "", None
        self.is_blind = is_blind
        if self.choices.config.scales_for(len(lists)) is None:
            self.choices.set("scales", (1.0,))
        if wanted:
            self._window.draft.set_many(wanted)
        if not is_blind:
            self._window.sky.set_mode("measured")
        self._select()
        self.changed.emit()
        self._window.tabs.setCurrentWidget(self._tab.parentWidget())

    def _run_changed(self, paths):
        if any(path.startswith(DECISIVE) for path in paths) and self.lists:
            self._selecting.start()
        if paths:
            self.show()

    def _source_changed(self):
        """Look for the networks of another source: those that were found are not offered for it."""
        self.show()
        if self._window.controller.source_name != self._networks_source:
            self._look_for_networks()

    def _choices_changed(self, paths):
        if "scales" in paths and self.lists:
            self._selecting.start()
        self.show()

    def _select(self):
        """Find out which events the run tests, in the background."""
        self._selecting.stop()
        if not self.lists:
            return
        lists, config, scales = self.lists, self._window.draft.config, self._scales
        if self._selection_job is not None:
            self._window.jobs.cancel(self._selection_job)  # what it finds is out of date, whether there is a new one or not
        if scales is None:
            self.selection, self.fault = None, f"Enter one factor on the energies, or one for each of the {len(lists)} lists."
            self.changed.emit()
            return
        self._selection_job = self._window.jobs.submit(
            "Selecting events", lambda progress: selected(lists, scales, config), lane=LANE, quiet=True, on_done=self._selected,
            on_failed=lambda error: self._selected(str(error) or type(error).__name__),
        )

    def _selected(self, found):
        self.selection, self.fault = (None, found) if isinstance(found, str) else (found, "")
        self._look_for_networks()
        self.changed.emit()

    @property
    def _scales(self):
        return self.choices.config.scales_for(len(self.lists))

    # The test

    @property
    def test(self):
        """The :class:`~.state.observed.Test` that is chosen, or None while there can be none."""
        if self.selection is None or self._scales is None or self._window.draft.errors or self.choices.errors:
            return None
        return test_of(
            self._window.draft.config, self.lists, self._scales, self.choices.config.effort(), self.statistic, self.network,
            self._window.controller.source_name, self.selection.n_events,
        )

    @property
    def observation(self):
        """The result of what is chosen, if it is known and may be seen."""
        test = self.test
        return None if test is None or self.is_blind else self._result(test)[0]

    def _result(self, test):
        return self._results.get(test.key) or (None, None)

    @property
    def is_running(self):
        """Whether a test is under way."""
        return self._job is not None and not self._job.is_over

    def choose_statistic(self, name):
        """Test with a statistic that needs no training."""
        self.statistic, self.network = name, None
        self.changed.emit()

    def choose_network(self, network):
        """Test with a network; None asks for its file."""
        if network is not None:
            self.network = network
            self.changed.emit()
            return
        path, _ = QFileDialog.getOpenFileName(self._window, "Open network", str(settings.runs_folder()), NETWORKS)
        self.changed.emit()  # the box shows again what is in use
        if path and self.selection is not None:
            self._read_network(Path(path))

    def _read_network(self, path):
        config, source, n_events = self._window.draft.config, self._window.controller.source_name, self.selection.n_events
        self._window.jobs.submit(
            f"Reading {path.name}", lambda progress: network_for(path, config, source, n_events), lane=LANE, key="network", quiet=True,
            on_done=self.choose_network, on_failed=lambda error: self.failed.emit(str(error)),
        )

    def _look_for_networks(self):
        """Look for trained networks that fit the events, and whether the chosen one still does."""
        if self.selection is None:
            return
        config, source, n_events = self._window.draft.config, self._window.controller.source_name, self.selection.n_events
        folder, chosen, self._networks_source = settings.runs_folder(), self.network, source

        def work(progress):
            again = None if chosen is None or not chosen.path.is_file() else network_for(chosen.path, config, source, n_events)
            return fitting_networks(folder, config, source, n_events), again

        def show(found):
            self.networks = found[0]
            if self.network is chosen:
                self.network = found[1]
            self.changed.emit()

        self._window.jobs.submit("Networks that fit", work, lane=LANE, key="networks", quiet=True, on_done=show, on_failed=lambda error: None)

    def train(self):
        """Train a network for the number of events, exposure and energies of the list."""
        self._window.view.set("n_events", self.selection.n_events)
        self._window.train()

    def act(self):
        """Do what the button says: test, or show the result of the recorded test."""
        if not self.is_blind:
            self._run(None)
        elif self.recorded is not None and self._agrees():
            self._run(self.recorded)

    def _agrees(self):
        box = QMessageBox(self._window)
        box.setText("Show the result of the recorded test?")
        box.setInformativeText(f"{self.recorded.words}\n\nWhat has been seen cannot be unseen: this test is then fixed for good.")
        show = box.addButton("Show the result", QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton("Stay blind", QMessageBox.ButtonRole.RejectRole))
        box.exec()
        return box.clickedButton() is show

    def _run(self, recorded):
        test, selection, controller = self.test, self.selection, self._window.controller
        if test is None or self.is_running:
            return
        densities = only_source(controller.densities, test, controller.source_name) if controller.is_current and controller.densities else None
        path = None if recorded is None else recorded.path
        self._job = self._window.jobs.submit(
            f"Test of {self.names}", lambda progress: judged(test, selection, densities, progress, path), lane="test of events", key="test of events",
            on_done=lambda found: self._judged(test, *found), on_failed=self._test_failed,
        )
        self.changed.emit()

    def _judged(self, test, observation, plan):
        self._results.put(test.key, (observation, plan))
        if plan is not None and test.lists is self.lists:  # other events may be hidden by now
            self.is_blind = False
            self._window.sky.set_mode("measured")
        self.changed.emit()

    def _test_failed(self, error):
        self.differs = self.is_blind and "not the test that was recorded" in str(error)
        self.failed.emit(str(error) or type(error).__name__)
        self.changed.emit()

    def cancel(self):
        """Stop the test."""
        if self.is_running:
            self._window.jobs.cancel(self._job)

    # Blind

    def set_blind(self, is_blind):
        """Hide the events and every result, or show them after a question."""
        if not is_blind and self.is_blind and not self._gives_up():
            self.show()
            return
        self.is_blind = is_blind
        if is_blind and self._window.sky.mode == "measured":
            self._window.sky.set_mode("density")
        self.changed.emit()

    def _gives_up(self):
        box = QMessageBox(self._window)
        box.setText("Give up being blind?")
        box.setInformativeText("Events and results are then shown although no test was opened that was recorded before.")
        show = box.addButton("Show everything", QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton("Stay blind", QMessageBox.ButtonRole.RejectRole))
        box.exec()
        return box.clickedButton() is show

    def record(self):
        """Ask where the test is recorded, and seal it."""
        path, _ = QFileDialog.getSaveFileName(self._window, "Record the test", str(Path.home() / "test.json"), RECORDS)
        if path:
            self.record_in(Path(path) if Path(path).suffix else Path(path).with_suffix(".json"))

    def record_in(self, path):
        """Seal the test in a file; nothing of the events is looked at."""
        test, lists, were_seen = self.test, self.lists, not self._seen.isdisjoint(events.sha256 for events in self.lists)

        def work(progress):
            from ...core.observed.blind import SEEN, seal, write_plan

            plan = test.plan() | {SEEN: were_seen}
            write_plan(path, plan)
            return Recorded(path, plan, seal(plan))

        self._window.jobs.submit(
            "Recording the test", work, lane=LANE, quiet=True, on_done=lambda recorded: self._is_recorded(lists, recorded), on_failed=lambda error: self.failed.emit(str(error)),
        )

    def open_record(self):
        """Ask for a test that was recorded before."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open record", str(Path.home()), RECORDS)
        if path:
            self.open_record_path(Path(path))

    def open_record_path(self, path):
        """Read a record and see whether it is of these events."""
        lists = self.lists

        def work(progress):
            from ...core.observed.blind import read_plan, require_lists, seal

            plan = read_plan(path)
            require_lists(plan, lists)
            return Recorded(path, plan, seal(plan))

        self._window.jobs.submit(
            "Reading the record", work, lane=LANE, quiet=True, on_done=lambda recorded: self._is_recorded(lists, recorded), on_failed=lambda error: self.failed.emit(str(error)),
        )

    def _is_recorded(self, lists, recorded):
        if lists is not self.lists:  # of events that are not open any more
            return
        self.recorded, self.differs = recorded, False
        self.changed.emit()

    def restore(self):
        """Go back to run, scales, statistic and effort of the record."""
        from ...core.config import config_from_toml

        plan = self.recorded.plan
        try:
            config = config_from_toml(plan["run"]["config"])
            self.choices.set_many({**plan["effort"], "scales": tuple(entry["scale"] for entry in plan["lists"])})
        except ZevatronError as error:
            self.failed.emit(str(error))
            return
        self.differs = False
        self._window.draft.replace(config)
        if plan["statistic"] in FOR_EVENTS:
            self.choose_statistic(plan["statistic"])
        self.changed.emit()

    # What is shown

    @property
    def names(self):
        """Of the lists."""
        return ", ".join(events.path.name for events in self.lists)

    def show_on_sky(self, number):
        """Turn to the sky with the events; a number of one zooms in at it."""
        window, selection = self._window, self.selection
        window.sky.set_mode("measured")
        if number >= 0:
            window.sky.zoom_at(float(selection.glon[number]), float(selection.glat[number]))
        window.tabs.setCurrentIndex(0)

    def show(self):
        """Show everything as it is now."""
        tab, observation, source = self._tab, self.observation, self._window.controller.source_name
        selection = None if self.is_blind else self.selection
        finding = None
        if observation is not None:
            finding = next((f for f in observation.findings.sources if f.source == source), observation.findings.sources[0])
        panel = tab.panel
        panel.selection.show_selection(self.selection, self._window.draft.config.energy.threshold, self.fault)
        panel.judge.show_tests(self.networks, self.statistic, self.network)
        self._show_blind()
        self._show_state(observation)
        shown = self.lists, selection, observation, finding
        if all(now is before for now, before in zip(shown, self._shown, strict=True)):
            return
        self._shown = shown
        tab.show_lists([events.path.name for events in self.lists])
        panel.selection.show_lists(self.lists)
        tab.view.set_result(observation, None if finding is None else finding.source)
        if finding is not None:
            tab.view.choose(finding.source)
        self._show_events(selection, None if finding is None else finding.posterior)

    def _show_events(self, selection, probability):
        """Show the events in the table and on the sky."""
        self._tab.view.set_events(selection, [events.path.name for events in self.lists], probability)
        if selection is None:
            self._window.sky.set_measured(None)
            return
        self._seen.update(events.sha256 for events in self.lists)
        n = selection.n_events
        dots = EventDots(
            selection.glon, selection.glat, selection.energy, selection.events.bin[0].astype(np.intp), np.zeros(n, bool), probability
        )
        self._window.sky.set_measured(dots, self.names)

    def _show_blind(self):
        words = "" if not self.is_blind else "No event and no result is shown until a recorded test is opened." if self.recorded is None else self.recorded.words
        if not self.is_blind and (plan := self._plan_of_result()) is not None:
            from ...core.observed.blind import seal

            words = f"The result is that of the test recorded {plan['created'][:16].replace('T', ', ')} UTC, seal {seal(plan)[:12]}."
        self._tab.panel.blind.show_state(self.is_blind, words, self.test is not None and self.recorded is None, self.differs)

    def _plan_of_result(self):
        test = self.test
        return None if test is None else self._result(test)[1]

    def _show_state(self, observation):
        tab, test = self._tab, self.test
        network_fits = self.network is None or not self.network.faults
        can_act = test is not None and network_fits and not self.is_running and (not self.is_blind or self.recorded is not None)
        why = (
            "A test is under way" if self.is_running else "" if can_act else "The network was not trained for these events" if not network_fits
            else "Record the test first" if self.is_blind and test is not None else "The events cannot be tested as the run stands"
        )
        state = (
            "testing" if self.is_running else "fault" if self.fault else "sealed" if self.is_blind and self.recorded else "blind" if self.is_blind
            else "done" if observation is not None else "untested"
        )
        tab.show_state(state, "Unblind…" if self.is_blind else "Test events", can_act, why, observation is not None)
        tab.view.on_sky.setEnabled(not self.is_blind)
        if self.is_blind:
            tab.view.set_hint("Blind", "Choose events and test on the left, then record the test. Its result is shown when it is opened.")
        elif self.is_running and observation is None:
            tab.view.set_hint("Testing", "Isotropic skies and skies of many fractions are simulated and judged as the events are.")
        elif observation is None:
            tab.view.set_hint(
                "Not tested yet" if not self.fault else "These events cannot be tested", self.fault or "“Test events” compares them with isotropic skies of "
                "the same exposure, for every source of the run.",
            )
        if self.is_running:
            tab.show_progress(self._job.report.fraction, self._job.words, is_running=True)
        else:
            tab.show_progress(None, "")

    def _progressed(self, job):
        if job is not self._job:
            return
        if job.is_over:
            self.show()
        else:
            self._tab.show_progress(job.report.fraction, job.words, is_running=True)

    def export(self, path):
        """Return the work that writes the result to a file, by its ending; None while there is no result."""
        observation = self.observation
        if observation is None:
            return None
        plan = self._plan_of_result()

        def work(progress):
            if path.suffix in (".csv", ".tex"):
                from ...core.observed.report import event_columns
                from ..files.exports import write_columns

                write_columns(path, *event_columns(observation))
            elif path.suffix == ".json":
                from ...core.study import write_result

                write_result(path, as_document(observation, plan))
            else:
                from ...core import figures

                figures.save(figures.observed_figure(observation), path)
            return [path]

        return work


def selected(lists, scales, config):
    """Return the Selection of a run, or in words why there is none."""
    from ...core.observed.selection import select

    try:
        return select(lists, scales, config)
    except ZevatronError as error:
        return str(error)
