"""The Results tab in a window: table, diagrams, exports."""

import numpy as np
import pyqtgraph as pg
import pytest
from hands import choose, click
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem
from verdict_samples import verdict, verdicts

from zevatron.core import diagrams, figures
from zevatron.core.published import published_eta
from zevatron.core.study import eta_latex
from zevatron.gui.plots.drawn import can_be_drawn, drawing
from zevatron.gui.plots.power_plot import between, deviates
from zevatron.gui.plots.result_filter import conditions
from zevatron.gui.plots.result_plots import published_points
from zevatron.gui.plots.result_rows import RATIO_COLUMN, RUN_COLUMN, Row
from zevatron.gui.plots.result_table import ratio_colour
from zevatron.gui.plots.results import EXPORTS, EtaPlot, ResultsView
from zevatron.gui.style import theme


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


def settle(view, qtbot):
    """Wait until every diagram in sight is drawn."""
    qtbot.waitUntil(lambda: all(pane.diagram.is_up_to_date for pane in view.panes.panes.values() if pane.isVisible()), timeout=5000)


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
        f"{100 * published_eta('Cen A', 300)['bcnn']:.2f}\u2009%", "on screen",
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
    assert view.scores.verdicts == (chosen,)
    assert {v.statistic for v in view.roc.verdicts} == {v.statistic for v in view.power.verdicts} == {"bcnn", "likelihood_ratio"}
    assert {v.source for v in view.eta.verdicts} == {"NGC 253"}


def test_new_results_keep_the_choice(view, qtbot):
    view.set_verdicts(verdicts())
    view.select(former := view.model.verdict(7))
    with qtbot.assertNotEmitted(view.verdict_selected):
        view.set_verdicts(verdicts())
    kept = view.selected
    assert (kept.source, kept.n_events, kept.statistic) == (former.source, former.n_events, former.statistic)
    assert view.table.currentIndex().isValid()


def test_the_row_to_be_shown_can_come_with_the_results_and_is_drawn_once(view, qtbot, monkeypatch):
    drawn, draw = [], type(view.roc).draw
    monkeypatch.setattr(type(view.roc), "draw", lambda diagram: drawn.append(1) or draw(diagram))
    all_ = verdicts()
    view.set_verdicts(all_, all_[9])
    assert view.selected is all_[9]
    settle(view, qtbot)
    assert len(drawn) == 1
    view.set_verdicts(all_)
    assert view.selected is all_[9]


def test_the_menu_asks_for_its_exports(view, qtbot):
    view.set_verdicts(verdicts())
    for kind, words in EXPORTS.items():
        with qtbot.waitSignal(view.export_requested) as seen:
            choose(qtbot, view.exporting, words)
        assert seen.args == [kind]


def test_roc_passes_through_the_errors_on_either_axis(view, qtbot):
    view.set_verdicts(verdicts())
    for logarithmic in (True, False):
        view.panes.roc_logarithmic.setChecked(logarithmic)
        settle(view, qtbot)
        assert view.roc.is_logarithmic == logarithmic
        marks = [item for item in view.roc.plotItem.items if isinstance(item, pg.ScatterPlotItem)]
        x, y = marks[0].getData()
        assert x[0] == pytest.approx(np.log10(0.0099) if logarithmic else 0.0099)
        assert y[0] == pytest.approx(1 - 0.0498)
        bounds = {item.angle: item.value() for item in view.roc.plotItem.items if isinstance(item, pg.InfiniteLine)}
        assert bounds == {90: pytest.approx(np.log10(0.01) if logarithmic else 0.01), 0: pytest.approx(0.95)}


def test_colours_say_whose_curve_it_is(view, qtbot):
    view.set_verdicts(verdicts())
    for chosen in (theme.LIGHT, theme.DARK):
        theme.set_theme(chosen)
        settle(view, qtbot)
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


def test_histograms_keep_their_area(view, qtbot):
    view.set_verdicts(verdicts())
    settle(view, qtbot)
    steps = [item for item in view.scores.plotItem.items if isinstance(item, pg.PlotCurveItem)]
    for item in steps:
        assert np.sum(item.yData * np.diff(item.xData)) == pytest.approx(1, abs=1e-3)


def test_what_is_not_seen_is_drawn_when_it_is(view, qtbot):
    view.hide()
    view.set_verdicts(verdicts())
    theme.set_theme(theme.LIGHT)
    assert not curves(view.roc)
    view.show()
    settle(view, qtbot)
    assert [item.opts["pen"].color().name() for item in curves(view.roc)][-1] == theme.LIGHT.limit


# ---- power


def test_power_rises_from_alpha_through_the_power_asked_for_at_eta(view, qtbot):
    view.set_verdicts(verdicts())
    network = next(v for v in view.power.verdicts if v.statistic == "bcnn")
    for is_gaussian in (False, True):
        view.panes.gaussian.setChecked(is_gaussian)
        settle(view, qtbot)
        scale = (lambda share: float(deviates(share))) if is_gaussian else (lambda share: 100 * share)
        bounds = sorted(item.value() for item in view.power.plotItem.items if isinstance(item, pg.InfiniteLine))
        assert bounds == pytest.approx([scale(0.01), scale(0.95)])
        (line,) = (item for item in curves(view.power) if item.xData is not None and len(item.xData) > 50
                   and item.opts["pen"].color().name() == theme.current().active)
        assert (line.xData[0], line.yData[0]) == pytest.approx((0.0, scale(network.alpha)))
        assert np.interp(100 * network.eta_min, line.xData, line.yData) == pytest.approx(scale(0.95), abs=1e-6 * 100)
        assert np.all(np.diff(line.yData) > -1e-9)
        if is_gaussian:  # the scores are Gaussian: a straight line as far as shares are told apart
            straight = np.abs(line.yData) < 2.5
            fit = np.polyfit(line.xData[straight], line.yData[straight], 1)
            assert np.abs(np.polyval(fit, line.xData[straight]) - line.yData[straight]).max() < 0.02
    text = [item.textItem.toPlainText() for item in view.power.plotItem.items if isinstance(item, pg.TextItem)]
    assert text == ["α = 1\u2009%", "1\u2009−\u2009β = 95\u2009%"]


def test_a_curve_passes_through_what_was_measured():
    eta, power = np.array([0.0, 0.02, 0.03, 0.1]), np.array([0.01, 0.3, 0.8, 1.0])
    place, smooth = between(eta, power)
    np.testing.assert_allclose(np.interp(eta, place, smooth), power, atol=1e-12)
    assert np.all(np.diff(smooth) > 0) and np.all(np.diff(place) > 0)


# ---- ticks


def tick_box(view, row):
    """Middle of the box of a shown row."""
    index = view.sorter.index(row, 0)
    option = QStyleOptionViewItem()
    option.initFrom(view.table)
    option.rect = view.table.visualRect(index)
    option.features = QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator | QStyleOptionViewItem.ViewItemFeature.HasDisplay
    return view.table.style().subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, view.table).center()


def row_of(view, *cells):
    return next(r for r in range(view.sorter.rowCount()) if tuple(view.sorter.index(r, c).data() for c in (0, 1, 2)) == cells)


def test_ticked_rows_are_laid_over_each_other(view, qtbot):
    view.set_verdicts(verdicts())
    for cells in (("Cen A", "50", "BCNN"), ("NGC 253", "100", "BCNN")):
        row = row_of(view, *cells)
        view.table.scrollTo(view.sorter.index(row, 0))
        qtbot.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=tick_box(view, row))
    assert [(v.source, v.n_events) for v in view.model.ticked] == [("Cen A", 50), ("NGC 253", 100)]
    assert {(v.source, v.n_events) for v in view.roc.verdicts} == {("Cen A", 50), ("NGC 253", 100)}
    assert view.power.verdicts == view.scores.verdicts == view.roc.verdicts
    assert {(v.source, v.statistic) for v in view.eta.verdicts} == {("Cen A", "bcnn"), ("NGC 253", "bcnn")}
    assert len(view.eta.verdicts) == 6
    words = [text for _, _, text in view.roc.entries()]
    assert "Cen A, N = 50" in words[0] and "NGC 253, N = 100" in words[1]
    settle(view, qtbot)
    styles = {item.opts["pen"].style() for item in curves(view.power) if len(item.xData) > 50}
    assert len(styles) == 2
    assert "2 ticked" in view.count.text() and view.untick.isVisible()
    view.set_verdicts(verdicts())  # made anew: the ticks stay
    assert [(v.source, v.n_events) for v in view.model.ticked] == [("Cen A", 50), ("NGC 253", 100)]
    click(qtbot, view.untick)
    assert view.model.ticked == () and not view.untick.isVisible() and view.scores.verdicts == (view.selected,)


def test_the_space_key_ticks_the_chosen_row(view, qtbot):
    view.set_verdicts(verdicts())
    view.table.setFocus()
    qtbot.keyClick(view.table, Qt.Key.Key_Down)
    chosen = view.selected
    qtbot.keyClick(view.table, Qt.Key.Key_Space)
    assert view.model.ticked == (chosen,)
    qtbot.keyClick(view.table, Qt.Key.Key_Space)
    assert view.model.ticked == ()


def test_scores_of_several_statistics_share_an_axis(view, qtbot):
    """The likelihood ratio of the samples is the network's score times 40: in standard deviations they are the same."""
    view.set_verdicts(verdicts())
    view.model.set_ticked([0, 1], True)
    view.select(view.model.verdict(0))
    settle(view, qtbot)
    steps = [item for item in view.scores.plotItem.items if isinstance(item, pg.PlotCurveItem)]
    assert len(steps) == 4
    for mine, other in zip(steps[:2], steps[2:], strict=True):
        np.testing.assert_allclose(mine.xData, other.xData, atol=1e-9)
        np.testing.assert_allclose(mine.yData, other.yData, rtol=1e-9)
    thresholds = [item.value() for item in view.scores.plotItem.items if isinstance(item, pg.InfiniteLine)]
    assert thresholds == pytest.approx([2.33, 2.33], abs=0.02)


# ---- filter, colours, size


@pytest.mark.parametrize("text, wanted", [
    ("bcnn", lambda v: v.statistic == "bcnn"),
    ("Cen n>=100", lambda v: v.source == "Cen A" and v.n_events >= 100),
    ("N = 50", lambda v: v.n_events == 50),
    ("η<5", lambda v: v.eta_min is not None and 100 * v.eta_min < 5),
    ("eta > 5% likelihood", lambda v: v.statistic == "likelihood_ratio" and 100 * v.eta_min > 5),
    ("not detected", lambda v: v.eta_min is None),
    ("η/limit>1.5 n<", lambda v: v.statistic == "bcnn" and v.eta_min is not None),
    ("nothing like this", lambda v: False),
])
def test_the_filter_shows_rows_that_fulfil_everything(view, qtbot, text, wanted):
    view.set_verdicts(verdicts())
    qtbot.keyClicks(view.filter, text) if text.isascii() else view.filter.setText(text)  # QTest knows no Greek keys
    assert set(view.rows) == {v for v in view._verdicts if wanted(v)}
    assert f"{len(view.rows)} of 13" in view.count.text()
    assert view.nothing.isVisible() == (not view.rows)
    view.filter.clear()
    assert len(view.rows) == 13 and not view.nothing.isVisible()


def test_what_is_half_typed_asks_for_nothing_and_what_has_no_number_fulfils_no_condition():
    without = Row(verdict("M82", 50, "bcnn", None), None)
    assert conditions("n>") == () and conditions("  ") == ()
    assert not any(condition(without) for condition in conditions("eta<100 ratio>0"))
    assert [condition(without) for condition in conditions("n=50 m82 foo=3")] == [True, True, False]


def test_ratios_are_blue_at_the_limit_and_amber_far_from_it():
    for chosen in (theme.DARK, theme.LIGHT, theme.CONTRAST):
        near, far = ratio_colour(1.0, chosen), ratio_colour(5.0, chosen)
        assert near.name() == chosen.limit and far.name() == chosen.active
        assert ratio_colour(3**0.5, chosen).alpha() == 0 and ratio_colour(None, chosen) is None
        strength = [ratio_colour(ratio, chosen).alpha() for ratio in (1.8, 2.0, 2.5, 3.0, 4.0)]
        assert strength == sorted(strength) and strength[-2] == strength[-1]


def test_the_colours_of_the_ratios_are_seen(view, qtbot):
    view.set_verdicts([verdict("Cen A", 50, "bcnn", eta, 0.1) for eta in (0.1, 0.4)])
    qtbot.keyClick(view.table, Qt.Key.Key_Down)
    picture = view.table.viewport().grab().toImage()
    seen = []
    for row in range(2):
        corner = view.table.visualRect(view.sorter.index(row, RATIO_COLUMN)).topLeft() + QPoint(4, 4)
        seen.append(picture.pixelColor(corner * picture.devicePixelRatio()))
    chosen = view.table.currentIndex().row()
    other = seen[1 - chosen]
    assert (other.red() > other.blue()) == (chosen == 0)


def test_runs_have_a_column_where_there_are_several(view):
    all_, others = verdicts(), [verdict("Cen A", 100, "bcnn", 0.07)]
    view.set_verdicts(all_)
    assert view.table.isColumnHidden(RUN_COLUMN)
    view.set_verdicts([*all_, *others], others[0], None, {others[0]: "study: resolution 0.1"})
    assert not view.table.isColumnHidden(RUN_COLUMN)
    assert view.roc.verdicts == tuple(others) == view.eta.verdicts
    view.model.set_ticked([view.model.place(all_[3]), view.model.place(others[0])], True)
    assert [text for _, _, text in view.power.entries()][:2] == ["BCNN, on screen", "BCNN, study: resolution 0.1"]


def test_one_diagram_can_be_seen_alone(view, qtbot):
    view.set_verdicts(verdicts())
    qtbot.mouseDClick(view.roc.viewport(), Qt.MouseButton.LeftButton)
    assert [pane.isVisible() for pane in view.panes.panes.values()] == [False, True, False, False]
    click(qtbot, view.panes.panes["roc"].larger)
    assert all(pane.isVisible() for pane in view.panes.panes.values())


# ---- pictures as on screen


def drawn_lines(drawn):
    return [part for part in drawn.parts if isinstance(part, diagrams.Line)]


def test_a_picture_has_the_limits_and_the_points_of_the_screen(view, qtbot):
    view.set_verdicts(verdicts())
    view.panes.eta_logarithmic.setChecked(True)
    settle(view, qtbot)
    for name, pane in view.panes.panes.items():
        (x, y), drawn = pane.diagram.plotItem.vb.viewRange(), drawing(pane.diagram, "Cen A")
        (axes,) = diagrams.drawing_figure(drawn).axes
        in_data = [np.power(10.0, low_high) if name == "eta" or (name == "roc" and low_high is x) else low_high for low_high in (x, y)]
        np.testing.assert_allclose([axes.get_xlim(), axes.get_ylim()], in_data)
        assert axes.get_xscale() == ("log" if name in ("eta", "roc") else "linear")
        assert axes.get_xlabel() == pane.diagram.getAxis("bottom").labelText and axes.get_title() == "Cen A"
    chosen = view.selected
    network = next(line for line in drawn_lines(drawing(view.roc)) if line.colour == theme.LIGHT.active and len(line.x) > 20)
    np.testing.assert_array_equal(network.x, chosen.roc_false_positive[1:])
    marks = next(part for part in drawing(view.eta).parts if isinstance(part, diagrams.Marks) and part.colour == theme.LIGHT.active)
    np.testing.assert_allclose(marks.y, [100 * v.eta_min for v in view.eta.verdicts if v.statistic == "bcnn"])


def test_every_theme_prints_in_the_same_colours(view, qtbot):
    view.set_verdicts(verdicts())
    printed = []
    for chosen in (theme.DARK, theme.LIGHT, theme.CONTRAST):
        theme.set_theme(chosen)
        printed.append([[part.colour for part in drawing(pane.diagram).parts] for pane in view.panes.panes.values()])
    assert printed[0] == printed[1] == printed[2]
    colours = {colour[:7] for diagram in printed[0] for colour in diagram}
    assert {figures.NETWORK, figures.LIMIT, figures.PUBLISHED} <= colours <= {figures.NETWORK, figures.LIMIT, figures.PUBLISHED, figures.INK}


def test_every_diagram_of_the_window_can_be_described_or_says_so(qtbot):
    from zevatron.gui.plots.parallel import Axis, ParallelDiagram
    from zevatron.gui.plots.spectrum import SpectrumDiagram
    from zevatron.gui.plots.training import CurveDiagram, history_columns

    spectrum, curve, parallel = SpectrumDiagram(), CurveDiagram("loss", "loss"), ParallelDiagram()
    for widget in (spectrum, curve, parallel):
        qtbot.addWidget(widget)
    spectrum.set_shares(np.geomspace(56, 316, 4), np.array([0.5, 0.3, 0.2]), np.array([0.6, 0.3, 0.1]), np.array([3, 2, 0]))
    curve.set_history(history_columns({"epoch": [1, 2], "loss": [0.7, 0.5], "val_loss": [0.7, 0.6], "val_accuracy": [0.5, 0.7]}))
    curve.set_logarithmic(True)
    parallel.set_trials([Axis("N", [1, 2]), Axis("loss", [0.1, 0.3])], [0, 1], [[1, 0.1], [2, 0.3]], [0.0, 1.0], 0)
    for widget in (spectrum, curve, parallel):
        assert can_be_drawn(widget)
        (axes,) = diagrams.drawing_figure(drawing(widget)).axes
        assert axes.lines or axes.patches
    np.testing.assert_allclose([bar.get_height() for bar in diagrams.drawing_figure(drawing(spectrum)).axes[0].patches[:3]], [50, 30, 20])


def test_a_latex_table_tells_runs_apart_and_escapes_their_names():
    rows = [{**verdict("Cen A", 300, "bcnn", eta, 0.03).as_dict(), "run": run} for run, eta in (("50 % & more_x", 0.05), ("on screen", 0.06))]
    text = eta_latex(rows)
    assert r"Cen A & bcnn & 50 \% \& more\_x & 5.00 (5.67) [1.67] \\" in text
    assert r"on screen & 6.00 (5.67) [2.00]" in text and text.count(r"\hline") == 3
