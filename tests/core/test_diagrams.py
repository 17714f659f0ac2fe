"""Diagrams drawn from plain data: what is said is drawn, axes and limits as they are said."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from zevatron.core.diagrams import Axis, Bars, Drawing, Line, Marks, Rule, Steps, Words, drawing_figure, round_values


def test_every_part_is_drawn_where_it_is_said():
    edges, values = np.array([1.0, 2.0, 4.0]), np.array([3.0, 5.0])
    drawn = Drawing(Axis("x", 1, 10, True), Axis("y", 0, 6, ticks=((1.0, "one"), (5.0, "five"))), (
        Line(np.array([1, 10.0]), np.array([2, 4.0]), "#1769aa", 2.0, "dashed"), Marks(np.array([2.0]), np.array([3.0]), "#c2571a"),
        Steps(edges, values, "#667085", fill="#66708540"), Bars(np.array([5.0]), np.array([1.0]), np.array([2.0]), "#1b2130"),
        Rule(3.0, True, "#667085"), Rule(0.5, False, "#667085"), Words(2.0, 1.0, "here", "#667085", (1, 0)),
    ), (("line", "#1769aa", "a line"), ("cross", "#667085", "a cross"), ("bar", "#c2571a", "a bar")), 0.6, "Title")
    figure = drawing_figure(drawn)
    (axes,) = figure.axes
    assert (axes.get_xlim(), axes.get_ylim(), axes.get_xscale()) == ((1, 10), (0, 6), "log")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "five"]
    assert axes.get_title() == "Title" and axes.get_xlabel() == "x"
    line, marks, upright, level = axes.lines
    np.testing.assert_array_equal(line.get_ydata(), [2, 4])
    assert to_hex(line.get_color()) == "#1769aa" and marks.get_marker() == "o"
    assert upright.get_xdata() == [3.0, 3.0] and level.get_ydata() == [0.5, 0.5]
    assert [text.get_text() for text in axes.texts] == ["here"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a line", "a cross", "a bar"]
    stairs = [patch for patch in axes.patches if hasattr(patch, "get_data")]
    assert len(stairs) == 2
    np.testing.assert_array_equal(stairs[0].get_data().values, values)
    figure.canvas.draw()


@pytest.mark.parametrize("low, high, wanted", [
    (1e-4, 1, [1e-4, 1e-3, 1e-2, 0.1, 1]), (40, 600, [50, 100, 200, 500]), (2, 5, [2, 3, 4, 5]),
])
def test_round_numbers_stand_along_a_logarithmic_axis(low, high, wanted):
    np.testing.assert_allclose(round_values(low, high), wanted)
