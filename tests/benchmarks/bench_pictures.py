"""Skies drawn in the window beside the same pictures drawn by matplotlib."""

import time

from bench_gui import density, panels  # noqa: F401

from zevatron.core.figures import sky_figure


def test_redraw_beside_matplotlib(panels, table):  # noqa: F811
    """The large sky and fifteen bins, here and as the figure for papers at about the same size."""
    sky = density(nside=32)

    def redraw():
        panels.map._draw()
        panels.grid._draw()
        panels.map.viewport().repaint()
        panels.grid.viewport().repaint()

    ratio = table.race(
        "large sky and fifteen bins drawn anew", "matplotlib on its Agg canvas, healpy's projection", (lambda: sky_figure(sky).canvas.draw(), 1),
        (redraw, 1), unit="pictures", rounds=5, clock=time.perf_counter,
    )
    assert ratio > 5
