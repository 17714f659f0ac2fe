"""Nothing is left without an answer: requests that are overtaken, given up or fail, and whoever comes back to them."""

import re
import threading
from dataclasses import replace

from conftest import has_sky
from hands import click
from synthetic import synthetic_densities

from zevatron.core.errors import InputError
from zevatron.core.statistics import limit_verdict
from zevatron.core.training.run_folder import RunFolder
from zevatron.gui.background.jobs import RUNNING
from zevatron.gui.files.settings import runs_folder
from zevatron.gui.frame.jobs_bar import JobRow
from zevatron.gui.state.answers import run_for
from zevatron.gui.tasks.queue import Trainings

NUMBER = r"\d+\.\d\d .*\u2009%"


class Gate:
    """Work that waits until it is let through, and asks meanwhile whether it is still wanted."""

    def __init__(self):
        self.opened, self.reached = threading.Event(), threading.Event()

    def wait(self, progress):
        self.reached.set()
        while not self.opened.wait(0.01):
            progress.check_cancelled()


def limits_known(window):
    return not window.controller.missing_limits()


def running(window, title):
    return next((job for job in window.jobs.active if job.title.startswith(title) and job.state == RUNNING), None)


def test_a_sky_that_was_given_up_leaves_the_answer_to_the_run_before(open_window, qtbot, monkeypatch):
    gate = Gate()

    def densities(config, *, progress):
        if config.energy.resolution == 0.35:
            gate.wait(progress)
        return synthetic_densities(config, progress=progress)

    monkeypatch.setattr("zevatron.core.sky_density.sky_densities", densities)
    window = open_window()
    qtbot.waitUntil(lambda: has_sky(window) and limits_known(window), timeout=20_000)
    window.draft.set("energy.resolution", 0.35)
    qtbot.waitUntil(lambda: gate.reached.is_set() and running(window, "Sky of") is not None, timeout=20_000)
    window.jobs.cancel(running(window, "Sky of"))
    assert window.inspector.limit.value.text() == "not computed"
    window.draft.undo()
    assert re.fullmatch(NUMBER, window.inspector.limit.value.text())
    window.view.set("n_events", 50)
    qtbot.waitUntil(lambda: limits_known(window), timeout=10_000)
    assert re.fullmatch(NUMBER, window.inspector.limit.value.text())


def test_a_limit_or_statistic_that_fails_holds_up_no_other(open_window, densities, qtbot, monkeypatch):
    def fails_once(config, template, drawn, n_events, **options):
        if n_events == 50:
            raise InputError("not with 50")
        return limit_verdict(config, template, drawn, n_events, **options)

    def one_verdict(name, config, density, n_events, progress):
        if name == "power_spectrum":
            raise InputError("not this one")
        return replace(limit_verdict(config, density, density, n_events, progress=progress), statistic=name)

    monkeypatch.setattr("zevatron.core.statistics.limit_verdict", fails_once)
    monkeypatch.setattr("zevatron.gui.tasks.statistics.one_verdict", one_verdict)
    window = open_window(n_events=50)
    qtbot.waitUntil(lambda: [n for _, n in window.controller.missing_limits()] == [50] and has_sky(window), timeout=20_000)
    assert "not with 50" in window.messages.text.text() and window.inspector.limit.value.text() == "not computed"
    others = [name for name in window.results.further if name != "power_spectrum"][:1]
    for name in ("power_spectrum", *others):
        window.statistics.choose(name, True)
    qtbot.waitUntil(lambda: all(name == "power_spectrum" for name, *_ in window.statistics.missing()), timeout=20_000)
    qtbot.waitUntil(lambda: not window.jobs.active, timeout=10_000)
    assert len(window.statistics.missing()) == 2


def test_an_exposure_that_failed_is_asked_for_again(window, qtbot, monkeypatch):
    asked, shown = [], []

    def fails(*arguments):
        asked.append(arguments)
        raise InputError("no such file")

    monkeypatch.setattr("zevatron.gui.tasks.exposure.shown_exposure", fails)
    window.exposure.changed.connect(shown.append)
    window.draft.set("observatory.exposure", "auger")
    qtbot.waitUntil(lambda: len(asked) == 1 and not any(job.title == "Exposure" for job in window.jobs.active), timeout=10_000)
    window.draft.set("energy.resolution", 0.3)
    assert len(asked) == 1
    monkeypatch.undo()
    window.menus.actions_by_text["Compute again"].trigger()
    qtbot.waitUntil(lambda: bool(shown) and shown[-1] is not None, timeout=20_000)


def test_a_run_whose_place_in_the_queue_could_not_be_given_up_can_be_queued_again(new_window, qtbot, monkeypatch):
    trainings, said = new_window.trainings, []
    trainings.failed.connect(said.append)
    folder = RunFolder.create(runs_folder() / "N70", run_for(new_window.draft.config, "Cen A", 70), new_window.controller.density)
    trainings.add([folder.config])
    qtbot.waitUntil(lambda: len(trainings.waiting) == 1, timeout=10_000)
    (name,) = trainings.waiting

    def fails(queue, name):
        raise InputError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("zevatron.core.training.queue.RunQueue.take", fails)
        trainings._leave(name)
        assert trainings.waiting == ()
        qtbot.waitUntil(lambda: "the disk is full" in said, timeout=10_000)
    new_window.runs.look()
    trainings.add([folder.config])
    qtbot.waitUntil(lambda: trainings.waiting == (name,), timeout=10_000)


def test_a_training_is_begun_once(new_window, qtbot, monkeypatch):
    """The folder is made in a thread; a second click meanwhile makes no second one."""
    gate, made, create, launched = Gate(), [], RunFolder.create, []

    def slow(path, config, density=None):
        made.append(path)
        gate.opened.wait(10)
        return create(path, config, density)

    monkeypatch.setattr(RunFolder, "create", slow)
    monkeypatch.setattr(Trainings, "_launch", lambda self, training: launched.append(training.folder.path))
    window = new_window
    click(qtbot, window.top_bar.train_button)
    assert not window.top_bar.train_button.isEnabled() and window.trainings.beginning
    window.train()
    gate.opened.set()
    qtbot.waitUntil(lambda: bool(launched), timeout=10_000)
    assert len(made) == 1 and launched == made and not window.trainings.beginning


def test_buttons_of_a_line_act_on_what_it_shows(qtbot):
    """Two trainings one after the other have the same words on their buttons."""
    line, pressed = JobRow(), []
    qtbot.addWidget(line)
    for name in ("first", "second"):
        line.show_actions([("Stop", lambda name=name: pressed.append(name))])
    click(qtbot, line.buttons.itemAt(0).widget())
    assert pressed == ["second"]


def test_a_training_that_cannot_begin_can_be_tried_again(new_window, qtbot, monkeypatch):
    def fails(path, config, density=None):
        raise InputError("the disk is full")

    monkeypatch.setattr(RunFolder, "create", fails)
    click(qtbot, new_window.top_bar.train_button)
    qtbot.waitUntil(lambda: "the disk is full" in new_window.messages.text.text(), timeout=10_000)
    assert new_window.top_bar.train_button.isEnabled() and not new_window.trainings.beginning
