"""Redrawing skies: run with ``pytest tests/benchmarks/bench_gui.py`` in a real window."""

import itertools
import math
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt, QTimer

import main  # noqa: F401

sys.path.insert(0, str(Path(__file__).parents[1] / "gui"))
from pulse import Pulse
from sky_samples import density, mock_sky, wait_for_pictures
from synthetic import synthetic_densities
from verdict_samples import verdict

from zevatron.core.config import RunConfig, with_values
from zevatron.core.search.folder import NUMBERS, Trial
from zevatron.core.search.plan import make_plan
from zevatron.core.sky import frame_rotation
from zevatron.core.training.run_folder import RunState
from zevatron.gui.background.faults import Faults
from zevatron.gui.background.log import WindowHandler
from zevatron.gui.plots.maps import relative_density
from zevatron.gui.plots.monitor import MonitorView
from zevatron.gui.plots.projection import WHOLE_SKY
from zevatron.gui.plots.results import ResultsView
from zevatron.gui.plots.run_table import RunRow
from zevatron.gui.plots.search import SearchView
from zevatron.gui.plots.sky import SkyPanels
from zevatron.gui.plots.sky_grid import SkyGrid
from zevatron.gui.state.runs import RunEntry
from zevatron.gui.style import theme


@pytest.fixture
def panels(qtbot):
    """Fifteen bins at Nside 32, as large as in a window of 1600 by 1000."""
    theme.set_theme(theme.DARK)
    widget = SkyPanels()
    qtbot.addWidget(widget)
    widget.resize(1007, 880)
    widget.set_density(density(nside=32))
    widget.show()
    qtbot.waitExposed(widget)
    wait_for_pictures(qtbot, widget)
    return widget


def test_redraw_fifteen_panels(panels, benchmark):
    """New pictures of fifteen bins, painted."""
    def redraw():
        panels.grid._draw()
        panels.grid.viewport().repaint()

    benchmark(redraw)


def test_redraw_large_map(panels, benchmark):
    """A new picture of the large sky, painted."""
    def redraw():
        panels.map._draw()
        panels.map.viewport().repaint()

    benchmark(redraw)


def test_new_density(panels, benchmark):
    """All from a new density to both views painted."""
    skies = [density(60.0, 30.0, nside=32), density(200.0, 0.0, nside=32)]

    def show():
        skies.reverse()
        panels.set_density(skies[0])
        panels.map.viewport().repaint()
        panels.grid.viewport().repaint()

    benchmark(show)


def test_new_mock_sky(panels, benchmark):
    """All from new events to both views painted, as when a slider moves."""
    sky = density(nside=32)
    rng = np.random.default_rng(1)
    mocks = [mock_sky(sky, rng, n=300) for _ in range(2)]
    panels.set_mode("events")

    def show():
        mocks.reverse()
        panels.set_mock(mocks[0], sky.bin_edges)
        panels.map.viewport().repaint()
        panels.grid.viewport().repaint()

    benchmark(show)


@pytest.mark.parametrize("frame", ["galactic", "equatorial"])
@pytest.mark.parametrize("kind", ["globe", "zoom"])
def test_turn(panels, benchmark, kind, frame):
    """One step of a sky that is turned under the mouse: large map and fifteen small ones, painted."""
    look = replace(panels.look, projection=kind, frame=frame)
    frame_rotation(frame)
    panels.set_look(look)
    centres = iter(np.linspace(0, 360, 10_000))

    def turn():
        panels.set_look(replace(look, centre=(float(next(centres)), 10.0)))
        panels.map.viewport().repaint()
        panels.grid.viewport().repaint()

    benchmark(turn)


def test_fifteen_panels_of_300_by_150(qtbot, benchmark):
    """New pictures of fifteen panels of 300 by 150 pixels, painted: under 33 ms."""
    grid = SkyGrid()
    qtbot.addWidget(grid)
    grid.resize(5 * 310, 3 * 175)
    sky = density(nside=64)
    stacks = [relative_density(source, sky.isotropic, 64, sky.bin_edges) for source in (sky.source, sky.source[::-1])]
    grid.show()
    qtbot.waitExposed(grid)
    shown = [(stack.of_bins, 64, sky.bin_edges, [stack.scale("log", stack.top(slice(1, None)))]) for stack in stacks]
    grid.set_maps(*shown[0])
    qtbot.waitUntil(lambda: grid._images[0].image is not None, timeout=10_000)
    width, height = grid._picture_size()
    assert width >= 300 and height >= 150

    def show():
        shown.reverse()
        grid.set_maps(*shown[0])
        grid.viewport().repaint()

    benchmark(show)


@pytest.mark.parametrize("name", ["eta", "n_events"])
def test_sky_follows_the_slider(qtbot, benchmark, monkeypatch, tmp_path, name):
    """How often the mock sky is painted anew while a slider never rests, and the gaps of a timer of 16 ms meanwhile."""
    from zevatron.gui.main_window import MainWindow

    monkeypatch.setattr("zevatron.core.sky_density.sky_densities", synthetic_densities)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path))
    theme.set_theme(theme.DARK)
    window = MainWindow(Faults(), WindowHandler())
    qtbot.addWidget(window)
    window.controller.missing_limits = lambda: []  # other work of the machine would be measured with it
    window.show()
    qtbot.waitUntil(lambda: window.controller.sky is not None, timeout=60_000)
    window.sky.set_mode("events")
    qtbot.wait(500)
    painted, used = [], [0.0]
    paint = window.sky.map.paint_overlay
    window.sky.map.paint_overlay = lambda painter: (paint(painter), painted.append(time.perf_counter()))
    slider = getattr(window.events_panel, name).slider
    places, mover, pulse = itertools.count(), QTimer(interval=10), Pulse()
    mover.timeout.connect(lambda: slider.setValue(round(500 + 400 * math.sin(next(places) / 20))))

    def drag():
        mover.start()
        used[0] = time.process_time()
        qtbot.wait(4000)
        used[0] = time.process_time() - used[0]
        mover.stop()
        pulse.stop()

    benchmark.pedantic(drag, rounds=1)
    benchmark.extra_info["skies_per_second"] = rate = len(painted) / 4
    print(f"\n{name}: {rate:.0f} skies a second, {1000 * used[0] / len(painted):.0f} ms of processor time a sky; {pulse.words()}")
    window.shut_down()
    if os.getloadavg()[0] > (os.cpu_count() or 1) + 2:
        pytest.skip(f"others are using this machine, load {os.getloadavg()[0]:.0f}: {rate:.0f} skies a second say nothing")
    assert rate >= 30


@pytest.mark.parametrize("size", [(194, 97), (920, 460), (1840, 920)])
def test_table(benchmark, size):
    """A lookup table; made in a thread, once for each size."""
    benchmark(WHOLE_SKY.lookup_table, 32, *size)


def many_verdicts(n):
    """Verdicts of many sources, five numbers of events and four statistics."""
    statistics = ("likelihood_ratio", "bcnn", "cnn", "power_spectrum")
    return [
        verdict(f"Source {i // 20}", (50, 100, 200, 300, 500)[i // 4 % 5], statistics[i % 4], 0.03 + 0.001 * (i % 79), 0.03) for i in range(n)
    ]


@pytest.fixture
def results(qtbot):
    """The Results tab as large as in a window of 1600 by 1000, with 500 rows."""
    theme.set_theme(theme.DARK)
    widget = ResultsView()
    qtbot.addWidget(widget)
    widget.resize(950, 860)
    widget.show()
    qtbot.waitExposed(widget)
    widget.set_verdicts(many_verdicts(500))
    return widget


@pytest.mark.parametrize("name", ["eta", "roc", "power", "scores"])
@pytest.mark.parametrize("ticked", [0, 6])
def test_one_diagram_of_the_results(results, qtbot, benchmark, name, ticked):
    """What one turn of the event loop draws, of four statistics or of six ticked rows of several sources."""
    results.model.set_ticked([25 * i for i in range(ticked)], True)
    diagram = results.panes.panes[name].diagram

    def draw():
        diagram._draw_anew()
        diagram.viewport().repaint()

    benchmark(draw)


@pytest.mark.parametrize("column", [0, 8])
def test_sort_500_results(results, benchmark, column):
    """A click on a heading."""
    orders = itertools.cycle((Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder))
    benchmark(lambda: results.table.sortByColumn(column, next(orders)))


def test_filter_500_results(results, benchmark):
    """A letter typed into the filter."""
    texts = itertools.cycle(("bcnn n>=100", "bcnn n>=10"))
    benchmark(lambda: results.filter.setText(next(texts)))


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "known"])
def test_fill_1000_results(results, benchmark, is_new):
    """New results, or one more among known ones; the diagrams are drawn in later turns of the event loop."""
    sets = itertools.cycle([many_verdicts(1000) for _ in range(2)] if is_new else [many_verdicts(1000)])

    def show():
        found = next(sets)
        results.set_verdicts(found, found[5])
        results.table.viewport().repaint()

    benchmark(show)


def many_runs(n):
    """Lines of the table of trainings, as of a folder that several people share."""
    config = with_values(RunConfig(), {"events.n_events": (300,)})
    states = ("done", "waiting", "stopped", "queued", "failed")
    return [
        RunRow(
            RunEntry(Path(f"/runs/run{i}"), f"run{i}", config, RunState(state=states[i % 5], epoch=i % 40), 0.8 + 0.0001 * i, 0.05, 0.051, 0.04, True),
            states[i % 5], i if i % 5 == 1 else None, i % 40,
        ) for i in range(n)
    ]


def test_first_fill_of_500_runs(qtbot, benchmark):
    """The table of trainings in the first look at a folder of 500."""
    theme.set_theme(theme.DARK)
    rows = many_runs(500)

    def empty():
        view = MonitorView()
        qtbot.addWidget(view)
        view.resize(950, 860)
        view.show()
        qtbot.waitExposed(view)
        return (view,), {}

    def fill(view):
        view.set_runs(rows)
        view.set_queue("", 1, False, True)
        view.table.viewport().repaint()

    benchmark.pedantic(fill, setup=empty, rounds=5)


@pytest.fixture
def searched(qtbot):
    """The Search tab with room for its table and lines, and two sets of 100 trials of five parameters."""
    theme.set_theme(theme.DARK)
    view, rng = SearchView(), np.random.default_rng(1)
    qtbot.addWidget(view)
    view.resize(950, 860)
    view.show()
    qtbot.waitExposed(view)
    spaces = {
        "sky.nside": [8, 16, 32], "network.filters": {"low": 4, "high": 64, "log": True}, "network.dense": [[], [0], [8, 8]],
        "energy.bin_width": [0.05, 0.1, 0.2], "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
    }
    plan = make_plan(with_values(RunConfig(), {"events.n_events": (100,)}), spaces, trials=100)

    def trial(number):
        values = {
            "sky.nside": int(rng.choice([8, 16, 32])), "network.filters": int(rng.integers(4, 64)), "network.dense": ((), (0,), (8, 8))[number % 3],
            "energy.bin_width": float(rng.choice([0.05, 0.1, 0.2])), "training.learning_rate": float(10 ** rng.uniform(-4, -2)),
        }
        numbers = dict.fromkeys(NUMBERS) | {"value": float(rng.uniform(0.2, 0.7)), "seconds": 60.0, "val_eta": 0.04}
        return Trial(number, "done", values, f"folder{number}", "", numbers)

    return view, plan, [tuple(trial(number) for number in range(1, 101)) for _ in range(2)]


def test_new_trials_of_a_search(searched, benchmark):
    """Everything of the tab anew, as when a trial has ended."""
    view, plan, sets = searched

    def show():
        sets.reverse()
        view.set_search(plan, sets[0])
        view.repaint()
        view.diagram.viewport().repaint()

    benchmark(show)


def test_choose_a_trial(searched, benchmark):
    """A click on a line of the diagram."""
    view, plan, sets = searched
    view.set_search(plan, sets[0])
    numbers = itertools.cycle((3, 50, 99))

    def choose():
        view.choose(next(numbers))
        view.diagram.viewport().repaint()

    benchmark(choose)
