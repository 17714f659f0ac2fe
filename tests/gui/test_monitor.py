"""The Training tab by hand: runs are added, put in order, trained, paused, discarded; runs from elsewhere appear and go on."""

import json
import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest
import training_process
from hands import click
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMessageBox
from shiboken6 import isValid

from zevatron.core.config import with_values
from zevatron.core.errors import TrainingError
from zevatron.core.study import result_document, write_result
from zevatron.core.training import lock
from zevatron.core.training.queue import RunQueue, run_name
from zevatron.core.training.run_folder import RunFolder
from zevatron.gui.files.settings import runs_folder
from zevatron.gui.frame.jobs_bar import JobRow
from zevatron.gui.main_window import TRAINING
from zevatron.gui.plots.run_table import COLUMNS
from zevatron.gui.state.answers import run_for
from zevatron.gui.tasks import monitor
from zevatron.gui.tasks.queue_dialog import QueueDialog
from zevatron.gui.tasks.training import Training

SHORT = {"training.epochs": 3, "events.n_events": (50, 100)}
LONG = 2000  # epochs that no test waits for
TITLES = [title for title, *_ in COLUMNS]


@pytest.fixture
def started(monkeypatch):
    """Names of the folders that were trained, in order; verdicts come from the likelihood ratio."""
    from synthetic import synthetic_densities

    from zevatron.core.statistics import limit_verdict

    def judge(folder, progress):
        config = folder.config
        density = synthetic_densities(config)[0]
        verdict = limit_verdict(config, density, density, config.events.n_events[0])
        write_result(folder.path / "result.json", result_document(config, [verdict]))
        return verdict

    monkeypatch.setattr(monitor, "evaluate", judge)
    return training_process.use_instead(monkeypatch)


@pytest.fixture
def tab(open_window, densities, small_run, qtbot, started):
    """A window that shows the Training tab, with a short run."""
    window = open_window(with_values(small_run, SHORT))
    window.welcome.hide()
    window.tabs.setCurrentIndex(TRAINING)
    qtbot.waitUntil(lambda: window.controller.density is not None, timeout=30_000)
    return window


def states(window):
    """Lines of the table, as they are seen: state of each run by its folder."""
    model = window.monitor_view.model
    return {row.entry.name: model.index(i, 0).data() for i, row in enumerate(model.rows)}


def cell(window, name, title):
    view = window.monitor_view
    return view.model.index(view.model.row_of(runs_folder() / name), TITLES.index(title)).data()


def click_row(qtbot, window, name):
    view = window.monitor_view
    index = view.model.index(view.model.row_of(runs_folder() / name), 0)
    view.table.scrollTo(index)
    qtbot.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=view.table.visualRect(index).center())


def add_runs(qtbot, window, *, begin, choose=lambda dialog: None):
    """Go through the dialog; returns what it said."""
    button = window.monitor_view.add if window.monitor_view.add.isVisible() else window.training_view.empty.add
    click(qtbot, button)
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), QueueDialog), timeout=5000)
    dialog = QApplication.activeModalWidget()
    choose(dialog)
    if dialog.begins.isChecked() != begin:
        click(qtbot, dialog.begins)
    said = dialog.estimate.text()
    click(qtbot, dialog.add_button)
    assert not dialog.isVisible()
    return said


def answer(words):
    """Press a button of the question that comes next."""
    def press():
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(50, press)
            return
        next(button for button in box.buttons() if button.text().replace("&", "") == words).click()

    QTimer.singleShot(50, press)


def run_folder(window, n_events=100, **values):
    """Make the folder of a run, as the command line would."""
    run = run_for(with_values(window.draft.config, values), "Cen A", n_events)
    return RunFolder.create(runs_folder() / run_name(run), run)


def test_runs_are_added_ordered_removed_and_trained_one_after_the_other(tab, qtbot, started):
    def choose(dialog):
        assert dialog.add_button.text() == "Add 2 runs"
        click(qtbot, dialog.fields.ticks["none"])
        click(qtbot, dialog.networks.ticks["cnn"])
        assert dialog.add_button.text() == "Add 8 runs"
        click(qtbot, dialog.sources.ticks["Cen A"])
        assert not dialog.add_button.isEnabled() and "source" in dialog.fault.text()
        click(qtbot, dialog.sources.ticks["Cen A"])
        click(qtbot, dialog.fields.ticks["none"])

    said = add_runs(qtbot, tab, begin=False, choose=choose)
    assert said.startswith("4 runs") and "guess" in said
    qtbot.waitUntil(lambda: list(states(tab).values()) == ["waiting, 1", "waiting, 2", "waiting, 3", "waiting, 4"], timeout=10_000)
    first, second, third, fourth = states(tab)
    assert RunQueue(runs_folder()).read().runs == (first, second, third, fourth) and not started

    view = tab.monitor_view
    click_row(qtbot, tab, first)
    assert not view.up.isEnabled() and view.down.isEnabled()
    click(qtbot, view.down)
    qtbot.waitUntil(lambda: list(states(tab)) == [second, first, third, fourth])
    click_row(qtbot, tab, fourth)
    assert not view.down.isEnabled()
    click(qtbot, view.remove)
    qtbot.waitUntil(lambda: list(states(tab)) == [second, first, third], timeout=10_000)
    assert not (runs_folder() / fourth).exists()

    click(qtbot, view.begin)
    most = [0]
    tab.trainings.changed.connect(lambda training: most.append(len(tab.trainings.working)))
    qtbot.waitUntil(lambda: list(states(tab).values()) == ["done"] * 3, timeout=60_000)
    assert started == [second, first, third] and max(most) == 1
    assert RunQueue(runs_folder()).read().runs == () and not tab.trainings.is_started
    assert cell(tab, second, "Epochs") == "3 of 3" and cell(tab, second, "Accuracy").startswith("80.00")
    qtbot.waitUntil(lambda: all(cell(tab, name, "η, test") for name in started), timeout=30_000)
    assert cell(tab, first, "η / limit") != ""

    said = add_runs(qtbot, tab, begin=False, choose=lambda dialog: click(qtbot, dialog.networks.ticks["deepsphere"]))
    assert "2 of them done already" in said and "at the pace of" in said


def test_a_training_is_watched_paused_resumed_stopped_and_discarded(tab, qtbot):
    tab.draft.set("training.epochs", LONG)
    click(qtbot, tab.training_view.empty.train)
    detail = tab.training_view
    qtbot.waitUntil(lambda: "120 maps/s" in detail.status.text() and tab.training.state.epoch > 2, timeout=30_000)
    assert not tab.top_bar.train_button.isEnabled()
    assert "left" in detail.status.text() and "patience 0 of" in detail.status.text()
    assert detail.device.text() == "CPU, 1 thread, 0.2 GB"
    qtbot.waitUntil(lambda: detail.loss._live is not None)
    qtbot.waitUntil(lambda: tab.training.live is not None)
    epoch, loss, _ = tab.training.live
    assert tab.training.state.epoch < epoch and loss <= 1
    qtbot.waitUntil(lambda: detail.eta._limit is not None, timeout=30_000)  # the limit of the run on screen, computed meanwhile
    assert detail.eta._limit == tab.controller.answers.limit(tab.draft.config, "Cen A", 100).eta_min

    click(qtbot, detail.pause)
    qtbot.waitUntil(lambda: detail.pause.text() == "Resume", timeout=10_000)
    epochs = tab.training.state.epoch
    qtbot.wait(400)
    assert tab.training.folder.state.epoch == epochs
    click(qtbot, detail.pause)
    qtbot.waitUntil(lambda: tab.training.state.epoch > epochs and detail.pause.text() == "Pause", timeout=10_000)

    click(qtbot, detail.stop)
    qtbot.waitUntil(lambda: not tab.trainings.is_active, timeout=10_000)
    qtbot.waitUntil(lambda: "Stopped" in detail.chip.text(), timeout=5000)
    assert detail.pause.text() == "Continue"
    kept = tab.training.folder.state.epoch
    tab.tabs.setCurrentIndex(TRAINING)
    click(qtbot, detail.pause)
    qtbot.waitUntil(lambda: tab.training.state.epoch > kept, timeout=20_000)

    answer("No")
    click(qtbot, detail.discard)
    assert tab.trainings.is_active
    folder = tab.training.folder.path
    answer("Yes")
    click(qtbot, detail.discard)
    qtbot.waitUntil(lambda: not folder.exists() and detail.empty.isVisible(), timeout=10_000)
    qtbot.waitUntil(lambda: not states(tab), timeout=10_000)


def test_runs_from_elsewhere_appear_and_one_whose_process_died_goes_on(tab, qtbot, started):
    folder = run_folder(tab, **{"training.epochs": LONG})
    process = training_process.start(folder.path)
    try:
        name = folder.path.name
        qtbot.waitUntil(lambda: states(tab).get(name) == "training" and cell(tab, name, "Epochs") > "1", timeout=30_000)
        click_row(qtbot, tab, name)
        detail = tab.training_view
        qtbot.waitUntil(lambda: "Running" in detail.chip.text() and "maps/s" in detail.status.text(), timeout=10_000)
        assert not (detail.pause.isEnabled() or detail.stop.isEnabled() or detail.discard.isEnabled())
        before = tab.training.state.epoch
        qtbot.waitUntil(lambda: tab.training.state.epoch > before, timeout=10_000)
        assert tab.training_view.loss._history["epoch"][-1] >= before
    finally:
        process.kill()
        process.wait(10)
        process.stdin.close()
    qtbot.waitUntil(lambda: states(tab)[name] == "interrupted" and "Interrupted" in detail.chip.text(), timeout=15_000)
    kept = folder.state.epoch
    assert detail.pause.text() == "Continue" and kept > 0 and not started
    click(qtbot, detail.pause)
    qtbot.waitUntil(lambda: tab.training.state.epoch > kept, timeout=30_000)
    assert started == [name]
    assert list(folder.history["epoch"]) == list(range(1, len(folder.history["epoch"]) + 1))


def test_the_queue_survives_the_window_and_goes_on(tab, open_window, small_run, qtbot, started):
    add_runs(qtbot, tab, begin=True)
    tab.draft.set("training.epochs", LONG)
    add_runs(qtbot, tab, begin=True)
    qtbot.waitUntil(lambda: len(started) == 3 and tab.trainings.is_active and tab.trainings.working[0].state.epoch > 1, timeout=60_000)
    (training,) = tab.trainings.working
    name, pid = training.folder.path.name, training._process.pid
    answer("Keep training")
    assert not tab.close() and tab.trainings.is_active
    answer("Stop and close")
    began = time.monotonic()
    assert tab.close() and time.monotonic() - began < 3
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    folder = RunFolder(runs_folder() / name)
    assert folder.state.state == "stopped" and not lock.is_held(folder.lock_path)
    kept = folder.state.epoch
    assert len(RunQueue(runs_folder()).read().runs) == 2

    window = open_window(with_values(small_run, SHORT))
    window.welcome.hide()
    window.tabs.setCurrentIndex(TRAINING)
    qtbot.waitUntil(lambda: states(window).get(name) == "waiting, 1", timeout=20_000)
    assert not window.trainings.is_active
    click(qtbot, window.monitor_view.begin)
    qtbot.waitUntil(lambda: window.trainings.is_active and window.trainings.working[0].state.epoch > kept, timeout=30_000)
    assert started[-1] == name and len(started) == 4


def test_several_train_at_once_if_the_person_says_so(tab, qtbot, started):
    tab.draft.set("training.epochs", LONG)
    add_runs(qtbot, tab, begin=False)
    qtbot.waitUntil(lambda: len(states(tab)) == 2, timeout=10_000)
    box = tab.monitor_view.at_once
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: tab.trainings.queue.at_once == 2, timeout=10_000)
    click(qtbot, tab.monitor_view.begin)
    qtbot.waitUntil(lambda: set(states(tab).values()) == {"training"}, timeout=30_000)
    assert len(tab.trainings.working) == 2 and len(tab.jobs_bar._lines()) >= 2
    began = time.monotonic()
    tab.shut_down()
    assert time.monotonic() - began < 3
    for name in started:
        assert RunFolder(runs_folder() / name).state.state == "stopped"


def test_train_network_waits_for_its_turn_while_another_trains(tab, qtbot, started):
    tab.draft.set("training.epochs", LONG)
    click(qtbot, tab.top_bar.train_button)
    qtbot.waitUntil(lambda: tab.trainings.is_active, timeout=20_000)
    tab.view.set("n_events", 50)
    assert tab.top_bar.train_button.isEnabled()
    click(qtbot, tab.top_bar.train_button)
    qtbot.waitUntil(lambda: "Waiting" in tab.training_view.chip.text(), timeout=10_000)
    assert tab.training.config.events.n_events == (50,) and len(started) == 1
    tab.trainings.working[0].stop()
    qtbot.waitUntil(lambda: len(started) == 2, timeout=20_000)
    assert tab.training.is_active and tab.training.config.events.n_events == (50,)


def test_the_card_is_copied_as_commands(tab, qtbot):
    folder = run_folder(tab)
    qtbot.waitUntil(lambda: len(states(tab)) == 1, timeout=10_000)
    click_row(qtbot, tab, folder.path.name)
    detail = tab.training_view
    click(qtbot, detail.pages.button(1))
    qtbot.waitUntil(lambda: folder.config.digest in detail.card.toPlainText(), timeout=10_000)
    QGuiApplication.clipboard().clear()
    click(qtbot, detail.copy_command)
    text = QGuiApplication.clipboard().text()
    assert f"digest {folder.config.digest}" in text and f"--seed {folder.config.seed}" in text and "keras" in text
    assert f"main.py train {folder.path.name}.toml --out {folder.path.name}" in text
    assert text in detail.card.toPlainText()
    click(qtbot, detail.pages.button(0))
    assert detail.log.isVisible() and not detail.copy_command.isVisible()


def test_a_damaged_run_or_queue_is_named_in_the_log_and_leaves_the_rest(tab, qtbot, caplog):
    folder = run_folder(tab)
    broken = runs_folder() / "broken"
    broken.mkdir()
    (broken / "config.toml").write_text("[energy]\nresolution = 7")
    (runs_folder() / "queue.json").write_text(json.dumps({"runs": 3}))
    qtbot.waitUntil(lambda: states(tab) == {folder.path.name: "not begun"}, timeout=15_000)
    assert "broken" in caplog.text and "queue.json" in caplog.text
    add_runs(qtbot, tab, begin=False)
    qtbot.waitUntil(lambda: "not a queue of trainings" in tab.messages.text.text(), timeout=10_000)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX")
def test_a_process_of_the_window_that_is_killed_is_told_of(tab, qtbot):
    tab.draft.set("training.epochs", LONG)
    click(qtbot, tab.top_bar.train_button)
    qtbot.waitUntil(lambda: tab.trainings.is_active and tab.training.state.epoch > 1, timeout=30_000)
    os.kill(tab.training._process.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: "Failed" in tab.training_view.chip.text(), timeout=20_000)
    assert "signal 9" in tab.messages.text.text() and tab.training_view.pause.text() == "Continue"


def test_a_run_that_could_not_leave_the_queue_can_be_added_again(tab, qtbot, monkeypatch):
    """As when the disk is full, or another window changes the queue for longer than is waited."""
    folder, trainings = run_folder(tab), tab.trainings
    trainings.add([folder.config])
    qtbot.waitUntil(lambda: folder.path.name in trainings.waiting, timeout=10_000)
    with monkeypatch.context() as patch:
        patch.setattr(RunQueue, "take", _refused)
        trainings._leave(folder.path.name)
        qtbot.waitUntil(lambda: "changed by another process" in tab.messages.text.text(), timeout=10_000)
    assert not trainings.waiting
    trainings.add([folder.config])
    qtbot.waitUntil(lambda: folder.path.name in trainings.waiting, timeout=10_000)


def _refused(queue, name):
    raise TrainingError(f"{queue.path} is changed by another process; try again")


def test_a_queued_run_that_another_process_trains_is_looked_at_without_a_trace(tab, qtbot):
    """Every look at the queue made an object that asked the folder four times a second for ever."""
    trainings, folder = tab.trainings, run_folder(tab, **{"training.epochs": LONG})
    trainings.add([folder.config])
    qtbot.waitUntil(lambda: folder.path.name in trainings.waiting, timeout=10_000)
    process = training_process.start(folder.path)
    try:
        qtbot.waitUntil(lambda: folder.state.state == "running", timeout=30_000)
        qtbot.waitUntil(lambda: not tab.jobs.active, timeout=20_000)
        before = len(trainings.findChildren(Training))
        for _ in range(5):
            trainings.begin()
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert len(trainings.findChildren(Training)) == before and not trainings.is_active
    finally:
        trainings.hold()
        process.stdin.close()
        process.wait(20)


def test_a_training_that_ends_while_one_is_asked_whether_to_discard_it_is_discarded(tab, qtbot, started, monkeypatch):
    tab.draft.set("training.epochs", LONG)
    tab.train()
    qtbot.waitUntil(lambda: tab.training.state.epoch > 0, timeout=30_000)
    training, path = tab.training, tab.training.folder.path
    tab.monitor.show_path(run_folder(tab, 50, **{"sky.nside": 4}).path)

    def ends_meanwhile(*arguments):
        training.stop()
        qtbot.waitUntil(lambda: not isValid(training), timeout=20_000)
        return QMessageBox.StandardButton.Yes

    monkeypatch.setattr(QMessageBox, "question", ends_meanwhile)
    tab.monitor.discard(training)
    qtbot.waitUntil(lambda: not (path / "config.toml").exists(), timeout=10_000)


def test_the_same_buttons_act_on_what_is_shown_now(qtbot):
    """One training ends and the next has the same buttons: they pressed those of the first, which was gone."""
    pressed, shown = [], JobRow()
    qtbot.addWidget(shown)
    for name in ("first", "second"):
        shown.show_actions([(text, lambda name=name, text=text: pressed.append((name, text))) for text in ("Pause", "Discard")])
    shown.show()
    for number in range(shown.buttons.count()):
        click(qtbot, shown.buttons.itemAt(number).widget())
    assert pressed == [("second", "Pause"), ("second", "Discard")]


def test_the_limit_of_a_run_is_computed_after_that_of_another_has_taken_its_place(tab, qtbot, monkeypatch):
    """Two runs are looked at in quick succession, then the first again."""
    release, asked = threading.Event(), []

    def slow(config, density, n_events, progress):
        asked.append(n_events)
        while not release.wait(0.01):
            progress.check_cancelled()
        return SimpleNamespace(eta_min=0.001 * n_events)

    monkeypatch.setattr(monitor, "one_limit", slow)
    first, second = (run_folder(tab, n, **{"sky.nside": 4}) for n in (61, 62))
    for made in (first, second):
        made.density_path.touch()
    monkeypatch.setattr(RunFolder, "density", None)
    for made in (first, second, first):
        tab.monitor.show_path(made.path)
        tab.monitor.show_training()
        qtbot.waitUntil(lambda made=made: asked[-1:] == [made.config.events.n_events[0]], timeout=10_000)
    release.set()
    qtbot.waitUntil(lambda: tab.monitor._limits.get(first.config.digest) == 0.061, timeout=10_000)
    assert asked == [61, 62, 61]


def test_two_windows_at_one_run_folder(tab, open_window, qtbot, started):
    """The second sees what the first trains, may neither train, stop nor delete it, and the first goes on when the second is gone."""
    tab.draft.set("training.epochs", LONG)
    tab.train()
    qtbot.waitUntil(lambda: tab.training.state.epoch > 0, timeout=30_000)
    second = open_window(tab.draft.config)
    qtbot.waitUntil(lambda: second.controller.density is not None, timeout=30_000)
    second.train()
    qtbot.waitUntil(lambda: second.training.folder is not None, timeout=10_000)
    assert second.training.folder.path == tab.training.folder.path and not second.training.is_active
    assert second.messages.text.text() == "Another process trains this already."
    qtbot.waitUntil(lambda: second.training.is_followed and second.training.state.epoch > 0, timeout=10_000)
    second.training.stop()
    assert "stop it where it was started" in second.messages.text.text()
    second.training.discard()
    assert "could not be deleted" in second.messages.text.text() and tab.training.folder.config_path.exists()
    second.shut_down()
    second._may_close = lambda: True
    assert second.close()
    epoch = tab.training.state.epoch
    qtbot.waitUntil(lambda: tab.training.state.epoch > epoch + 1, timeout=20_000)
    assert len(started) == 1 and tab.training.is_active
    tab.training.stop()
    qtbot.waitUntil(lambda: not tab.trainings.is_active, timeout=20_000)
    assert tab.training.history["epoch"].tolist() == list(range(1, tab.training.state.epoch + 1))
