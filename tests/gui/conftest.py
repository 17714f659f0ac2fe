"""A window of its own for each test: nothing is read from or written to the user's folders."""

import logging
import os
import sys

import pytest
from synthetic import synthetic_densities

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QSettings
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from zevatron.core.config import run_toml, with_values
from zevatron.gui.background.faults import Faults
from zevatron.gui.background.garbage import GarbageCollector
from zevatron.gui.background.log import WindowHandler
from zevatron.gui.files import settings
from zevatron.gui.main_window import MainWindow
from zevatron.gui.plots.look import SkyLook
from zevatron.gui.state.view import Choices
from zevatron.gui.style import theme

SMALL = {"field.model": "jf12_regular", "sky.nside": 8, "test.maps": 400, "test.bootstrap": 20, "test.check_maps": 1000, "events.n_events": (50, 100)}


@pytest.fixture(autouse=True)
def own_settings(tmp_path):
    """Settings and run folders in a temporary folder."""
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "config"))
    settings.set_runs_folder(tmp_path / "runs")
    return settings.settings()


@pytest.fixture(autouse=True)
def garbage(qapp):
    """As in the application: cycles that hold widgets are not freed in the threads of jobs."""
    collector = GarbageCollector()
    collector.start()
    yield collector
    collector.look()
    collector.stop()


@pytest.fixture(autouse=True)
def dark(qapp):
    """Every test begins in the dark theme."""
    theme.set_theme(theme.DARK)


@pytest.fixture
def small_run():
    """A run that is judged in a moment."""
    from zevatron.core.config import RunConfig

    return with_values(RunConfig(), SMALL)


@pytest.fixture
def densities(monkeypatch):
    """Skies made in a moment instead of the real ones."""
    monkeypatch.setattr("zevatron.core.sky_density.sky_densities", synthetic_densities)


def close_window(window):
    """Close a window and see that its threads end."""
    window.shut_down()
    window._may_close = lambda: True
    window.close()
    assert window.jobs.wait(20)
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def open_window(qtbot, own_settings, small_run):
    """Open the window as the application does, with a small run; closes it and looks for what is left behind."""
    opened = []

    def open_(config=small_run, n_events=100):
        if config is not None:
            own_settings.setValue("session/run", run_toml(config, comments=False))
            own_settings.setValue("session/n_events", n_events)
        faults, log = Faults(), WindowHandler()
        faults.install()
        logging.getLogger("zevatron").addHandler(log)
        window = MainWindow(faults, log)
        opened.append((window, faults, log))
        window.show()
        qtbot.waitExposed(window)
        return window

    yield open_
    for window, faults, log in opened:
        if isValid(window):
            close_window(window)
        faults.uninstall()
        logging.getLogger("zevatron").removeHandler(log)


@pytest.fixture
def new_window(open_window, densities, qtbot):
    """A window of its own, once its first sky is there."""
    opened = open_window()
    qtbot.waitUntil(lambda: has_sky(opened), timeout=20_000)
    return opened


@pytest.fixture(scope="module")
def shared_window(qapp, tmp_path_factory):
    """One window for the tests of a module that leave it as they like."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zevatron.core.sky_density.sky_densities", synthetic_densities)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path_factory.mktemp("config")))
        theme.set_theme(theme.DARK)
        log = WindowHandler()
        opened = MainWindow(Faults(), log)
        opened.welcome.hide()
        opened.show()
        yield opened
        close_window(opened)


@pytest.fixture
def window(shared_window, small_run, qtbot):
    """The shared window with a small run, as if it had just been opened."""
    opened = shared_window
    opened.draft.load(small_run)
    opened.view.load(Choices(n_events=100))
    opened.controller.compute_densities()
    opened.presentation.stop()
    opened.sky.set_look(SkyLook())
    opened.sky.select_bin(None)
    opened.tabs.setCurrentIndex(0)
    opened.messages.hide()
    opened.reset_layout()
    qtbot.waitUntil(lambda: has_sky(opened), timeout=20_000)
    return opened


def has_sky(window):
    """Whether density and mock sky belong to what is asked for."""
    sky, choices = window.controller.sky, window.controller.choices
    return (
        window.controller.is_current and sky is not None and sky.density is window.controller.density
        and (sky.eta, sky.n_events) == (choices.eta, choices.n_events)
    )
