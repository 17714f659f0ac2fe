"""The window stays fluid while it computes, and nothing is left of it when it is closed."""

import gc
import os
import time

import numpy as np
import pytest
from pulse import Pulse
from pyqtgraph import GraphicsView
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QMenu
from test_plots_results import verdict
from test_plots_sky import density

from zevatron.core.config import RunConfig
from zevatron.gui.main_window import RESULTS, SKY
from zevatron.gui.plots.base import Diagram


@pytest.mark.slow
@pytest.mark.skipif(os.getloadavg()[0] > (os.cpu_count() or 1), reason="the machine is busy with other work")
def test_window_stays_fluid_while_limits_are_computed(open_window, densities, qtbot):
    window = open_window(RunConfig())
    qtbot.waitUntil(lambda: window.controller.sky_test is not None, timeout=60_000)
    pulse = Pulse()
    qtbot.waitUntil(lambda: len(window.verdicts()) >= 3, timeout=120_000)
    gaps = pulse.gaps()
    print(pulse.words())
    assert np.percentile(gaps, 99) < 60
    assert np.mean(gaps > 100) < 0.005


def test_sliders_cost_the_window_little_and_the_sky_follows_them(window, qtbot):
    slider, skies = window.events_panel.eta.slider, []
    window.sky.set_mode("events")
    window.controller.sky_changed.connect(lambda: skies.append(window.controller.sky.eta))
    steps = range(100, 900, 20)
    started = time.thread_time()
    for position in steps:
        slider.setValue(position)
        qtbot.wait(20)
    assert (time.thread_time() - started) / len(steps) < 0.15
    qtbot.waitUntil(lambda: window.controller.sky.eta == window.controller.choices.eta, timeout=5000)
    assert len(skies) >= 3


def cost(function, *arguments, repeats=5):
    """Processor time in ms of a call in the thread of the window; the least of some, since caches are shared."""
    times = []
    for _ in range(repeats):
        started = time.thread_time()
        function(*arguments)
        times.append(1000 * (time.thread_time() - started))
    return min(times)


def many_verdicts():
    return [
        verdict(source, n, statistic, 0.03) for source in ("Cen A", "M82", "NGC 253", "M87", "Fornax A")
        for n in (50, 100, 200, 300, 400, 500) for statistic in ("likelihood_ratio", "bcnn")
    ]


def test_new_results_and_skies_take_less_than_a_frame_is_noticed(window, qtbot):
    all_ = many_verdicts()
    window.tabs.setCurrentIndex(RESULTS)
    qtbot.waitUntil(window.results.isVisible, timeout=3000)
    assert cost(window.results.set_verdicts, all_, all_[7]) < 50
    window.tabs.setCurrentIndex(SKY)
    skies = [density(60.0, 30.0, nside=32), density(200.0, 0.0, nside=32)]

    def show():
        skies.reverse()
        window.sky.set_density(skies[0])

    assert cost(show) < 50
    window.sky.set_density(window.controller.density)
    window._results_shown = None  # others than the window has put there
    window._show_results()


def test_what_comes_into_sight_is_drawn_one_part_in_a_turn(window, qtbot, monkeypatch):
    """Neither the diagrams of a page together nor one with its painting: each has a turn of the event loop."""
    turns, seen, draw, paint = [0], [], Diagram._draw_anew, GraphicsView.paintEvent

    def noted(what, done):
        def call(diagram, *arguments):
            if diagram in mine:
                seen.append((what, turns[0], diagram))
            done(diagram, *arguments)

        return call

    window.results.set_verdicts(many_verdicts()[:2])
    mine = {pane.diagram for pane in window.results.panes.panes.values()}
    monkeypatch.setattr(Diagram, "_draw_anew", noted("drawn", draw))
    monkeypatch.setattr(GraphicsView, "paintEvent", noted("painted", paint))

    def turn():
        turns[0] += 1

    dispatcher = QApplication.eventDispatcher()
    dispatcher.awake.connect(turn)
    window.tabs.setCurrentIndex(RESULTS)
    assert not seen
    qtbot.waitUntil(lambda: {diagram for what, _, diagram in seen if what == "drawn"} == mine, timeout=10_000)
    qtbot.waitUntil(lambda: len({diagram for what, _, diagram in seen if what == "painted"}) > 1, timeout=10_000)
    dispatcher.awake.disconnect(turn)
    drawn = {diagram: number for what, number, diagram in seen if what == "drawn"}
    assert len(set(drawn.values())) == len(mine) == 4
    assert not [diagram for what, number, diagram in seen if what == "painted" and number == drawn[diagram]]  # before it is drawn it is blank


def close(window):
    window.shut_down()
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_closed_windows_leave_no_widgets(open_window, densities, qtbot):
    counts = []
    for _ in range(3):
        window = open_window()
        qtbot.waitUntil(lambda window=window: window.controller.sky is not None, timeout=20_000)
        close(window)
        del window
        gc.collect()
        # pyqtgraph keeps the menus of its plots
        counts.append(sum(not isinstance(widget, QMenu) for widget in QApplication.allWidgets()))
    assert counts[2] <= counts[0] + 3, counts
