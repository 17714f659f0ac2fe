"""The Results tab in a window: table, diagrams, exports."""

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import Qt
from scipy.stats import norm

from zevatron.core.published import published_eta
from zevatron.core.statistics import Verdict
from zevatron.gui import theme
from zevatron.gui.plots.result_plots import published_points
from zevatron.gui.plots.results import EtaPlot, ResultsView


def verdict(source, n_events, statistic, eta):
    """Gaussian scores whose separation gives the errors asked for."""
    separation = norm.isf(0.01) + norm.isf(0.05)
    false = np.concatenate([[0], np.geomspace(1e-4, 1, 100)])
    edges = np.linspace(-4, 9, 40)
    middle = (edges[1:] + edges[:-1]) / 2
    interval = (None, None) if eta is None else (0.95 * eta, 1.04 * eta)
    return Verdict(
        source, n_events, statistic, eta, *interval, 0.0099, 0.0498, 0.01, 0.05, 0.997, norm.isf(0.01), false,
        norm.sf(norm.isf(false) - separation), (edges, norm.pdf(middle)), (edges, norm.pdf(middle - separation)),
        np.array([0.02, 0.05]), np.array([0.6, 0.05]),
    )


def verdicts():
    return [
        verdict(source, n, statistic, factor * eta * (300 / n) ** 0.6)
        for source, factor in (("Cen A", 1.0), ("NGC 253", 0.7))
        for n in (50, 100, 300)
        for statistic, eta in (("likelihood_ratio", 0.029), ("bcnn", 0.055))
    ] + [verdict("M82", 50, "bcnn", None)]


@pytest.fixture
def view(qtbot):
    widget = ResultsView()
    qtbot.addWidget(widget)
    widget.resize(1000, 800)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def column(view, number):
    return [view.sorter.index(row, number).data() for row in range(view.sorter.rowCount())]


def curves(diagram):
    return [item for item in diagram.plotItem.items if isinstance(item, pg.PlotDataItem)]


def test_without_results_the_tab_says_what_will_stand_here(view):
    assert view._stack.currentIndex() == 0
    view.set_verdicts(verdicts())
    assert view._stack.currentIndex() == 1
    view.set_verdicts([])
    assert view._stack.currentIndex() == 0
    assert view.selected is None


def test_the_table_prints_as_a_physicist_writes(view):
    view.set_verdicts([verdict("Cen A", 300, "bcnn", 0.0551), verdict("Cen A", 300, "likelihood_ratio", 0.0285)])
    row = [view.sorter.index(0, c).data() for c in range(view.sorter.columnCount())]
    assert row == [
        "Cen A", "300", "BCNN", "5.51\u2009%", "5.2–5.7\u2009%", "0.99\u2009%", "4.98\u2009%", "0.9970", "1.93",
        f"{100 * published_eta('Cen A', 300)['bcnn']:.2f}\u2009%",
    ]
    assert [view.sorter.index(1, c).data() for c in (2, 8, 9)] == ["Likelihood ratio", "—", "—"]


def test_the_table_sorts_by_value_and_not_by_text(view):
    view.set_verdicts(verdicts())
    view.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert [int(n) for n in column(view, 1)] == sorted(v.n_events for v in verdicts())
    view.table.sortByColumn(3, Qt.SortOrder.AscendingOrder)
    etas = column(view, 3)
    assert etas[-1] == "not detected"
    values = [float(text.rstrip("%\u2009")) for text in etas[:-1]]
    assert values == sorted(values)
    assert values[-1] > 10 > values[0]
    view.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert column(view, 0)[0] == "NGC 253"


def test_a_click_on_a_row_shows_its_curves(view, qtbot):
    view.set_verdicts(verdicts())
    view.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    row = next(r for r in range(13) if (column(view, 0)[r], column(view, 1)[r], column(view, 2)[r]) == ("NGC 253", "100", "BCNN"))
    with qtbot.waitSignal(view.verdict_selected) as seen:
        qtbot.mouseClick(
            view.table.viewport(), Qt.MouseButton.LeftButton, pos=view.table.visualRect(view.sorter.index(row, 0)).center()
        )
    chosen = seen.args[0]
    assert (chosen.source, chosen.n_events, chosen.statistic) == ("NGC 253", 100, "bcnn")
    assert view.selected is chosen
    assert view.scores._verdict is chosen
    assert {v.statistic for v in view.roc._verdicts} == {"bcnn", "likelihood_ratio"}
    assert {v.source for v in view.eta._verdicts} == {"NGC 253"}


def test_new_results_keep_the_choice(view, qtbot):
    view.set_verdicts(verdicts())
    view.select(view.model.verdict(7))
    with qtbot.assertNotEmitted(view.verdict_selected):
        view.set_verdicts(verdicts())
    kept, former = view.selected, verdicts()[7]
    assert (kept.source, kept.n_events, kept.statistic) == (former.source, former.n_events, former.statistic)
    assert view.table.currentIndex().isValid()


def test_the_row_to_be_shown_can_come_with_the_results_and_is_drawn_once(view, monkeypatch):
    drawn, draw = [], type(view.roc).draw
    monkeypatch.setattr(type(view.roc), "draw", lambda diagram: drawn.append(1) or draw(diagram))
    all_ = verdicts()
    view.set_verdicts(all_, all_[9])
    assert view.selected is all_[9]
    assert len(drawn) == 1
    view.set_verdicts(all_)
    assert view.selected is all_[9]


def test_the_buttons_ask_for_their_export(view, qtbot):
    view.set_verdicts(verdicts())
    for kind, button in view.exports.items():
        with qtbot.waitSignal(view.export_requested) as seen:
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert seen.args == [kind]


def test_roc_passes_through_the_errors_on_either_axis(view):
    view.set_verdicts(verdicts())
    for logarithmic in (True, False):
        view.logarithmic.setChecked(logarithmic)
        assert view.roc.is_logarithmic == logarithmic
        marks = [item for item in view.roc.plotItem.items if isinstance(item, pg.ScatterPlotItem)]
        x, y = marks[0].getData()
        assert x[0] == pytest.approx(np.log10(0.0099) if logarithmic else 0.0099)
        assert y[0] == pytest.approx(1 - 0.0498)


def test_colours_say_whose_curve_it_is(view):
    view.set_verdicts(verdicts())
    for chosen in (theme.LIGHT, theme.DARK):
        theme.set_theme(chosen)
        colours = [item.opts["pen"].color().name() for item in curves(view.roc)]
        assert colours[-1] == chosen.limit
        assert chosen.active in colours
        marks = {item.opts["pen"].color().name() for item in view.eta.plotItem.items if isinstance(item, pg.ScatterPlotItem)}
        assert marks == {chosen.limit, chosen.active, chosen.quiet}


def test_published_values_stand_beside_ours(qtbot):
    numbers, etas = published_points("CenA", "power_spectrum")
    np.testing.assert_allclose(etas, [published_eta("Cen A", int(n))["power_spectrum"] for n in numbers])
    assert np.all(np.diff(numbers) > 0)
    assert published_points("Nowhere", "bcnn").shape == (2, 0)
    plot = EtaPlot()
    qtbot.addWidget(plot)
    plot.show()
    qtbot.waitExposed(plot)
    plot.set_verdicts(verdicts(), "Cen A", statistics=("bcnn",), current=300)
    assert "published" in plot.key.text()
    plot.set_verdicts([], None)
    assert plot.key.text() == ""


def test_what_is_never_detected_leaves_a_gap_and_no_error(qtbot):
    plot = EtaPlot()
    qtbot.addWidget(plot)
    plot.show()
    qtbot.waitExposed(plot)
    plot.set_verdicts([verdict("X", 50, "bcnn", None), verdict("X", 100, "bcnn", 0.4)])
    line = curves(plot.diagram)[1]
    np.testing.assert_array_equal(line.yData, [np.nan, 40.0])
    plot.set_verdicts([verdict("X", 50, "bcnn", None)])


def test_histograms_keep_their_area(view):
    view.set_verdicts(verdicts())
    steps = [item for item in view.scores.plotItem.items if isinstance(item, pg.PlotCurveItem)]
    for item in steps:
        assert np.sum(item.yData * np.diff(item.xData)) == pytest.approx(1, abs=1e-3)


def test_what_is_not_seen_is_drawn_when_it_is(view):
    view.hide()
    view.set_verdicts(verdicts())
    theme.set_theme(theme.LIGHT)
    assert not curves(view.roc)
    view.show()
    assert [item.opts["pen"].color().name() for item in curves(view.roc)][-1] == theme.LIGHT.limit
