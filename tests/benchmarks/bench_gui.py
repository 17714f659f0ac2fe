"""Redrawing skies: run with ``pytest tests/benchmarks/bench_gui.py`` in a real window."""

import sys
from pathlib import Path

import numpy as np
import pytest

import main  # noqa: F401

sys.path.insert(0, str(Path(__file__).parents[1] / "gui"))
from test_plots_sky import density, mock_sky, wait_for_pictures

from zevatron.gui import theme
from zevatron.gui.plots.projection import WHOLE_SKY
from zevatron.gui.plots.sky import SkyPanels


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


@pytest.mark.parametrize("size", [(194, 97), (920, 460), (1840, 920)])
def test_table(benchmark, size):
    """A lookup table; made in a thread, once for each size."""
    benchmark(WHOLE_SKY.lookup_table, 32, *size)
