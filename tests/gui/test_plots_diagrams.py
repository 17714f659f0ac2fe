"""Spectra and training curves in a window."""

from types import SimpleNamespace

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import Qt

from zevatron.gui.plots.base import Key, statistic_colour, statistic_label
from zevatron.gui.plots.spectrum import ROUND_ENERGIES, SpectrumPlot
from zevatron.gui.plots.training import CHIPS, TrainingView, best_epoch, history_columns
from zevatron.gui.style import theme

EDGES = 56.0 * 10 ** (0.05 * np.arange(16))


def density(rng):
    source, isotropic = rng.random((48, 15)), rng.random((48, 15))
    source[7] = 0
    return SimpleNamespace(
        name="Cen A", nside=2, bin_edges=EDGES, source=source / source.sum(), isotropic=isotropic / isotropic.sum(), n_bins=15,
    )


def history(n=8):
    epoch = np.arange(1, n + 1)
    accuracy = np.array([0.6, 0.7, 0.8, 0.85, 0.84, 0.85, 0.83, 0.8])[:n]
    return dict(
        epoch=epoch, loss=0.3 + 0.4 / epoch, accuracy=accuracy, val_loss=0.32 + 0.4 / epoch, val_accuracy=accuracy,
        val_auc=accuracy, val_eta=0.05 + 0.1 / epoch, seconds=np.full(n, 30.0),
    )


def items(diagram, kind):
    return [item for item in diagram.plotItem.items if isinstance(item, kind)]


@pytest.fixture
def spectrum(qtbot):
    plot = SpectrumPlot()
    qtbot.addWidget(plot)
    plot.resize(260, 300)
    plot.show()
    qtbot.waitExposed(plot)
    return plot


@pytest.fixture
def training(qtbot):
    view = TrainingView()
    qtbot.addWidget(view)
    view.resize(1000, 800)
    view.show()
    qtbot.waitExposed(view)
    return view


@pytest.fixture
def learning(training):
    training.set_status("running", epoch=8, epochs=100)
    return training


def test_shares_of_a_spectrum_sum_to_one_hundred_per_cent(spectrum, rng):
    sky = density(rng)
    for ipix in (None, 5):
        spectrum.set_density(sky, ipix)
        bars, steps = items(spectrum.diagram, pg.BarGraphItem)[0], items(spectrum.diagram, pg.PlotCurveItem)[0]
        assert np.sum(bars.opts["height"]) == pytest.approx(100)
        assert np.sum(steps.yData) == pytest.approx(100)
    np.testing.assert_allclose(bars.opts["height"], 100 * sky.source[5] / sky.source[5].sum())


def test_the_caption_says_how_much_more_than_isotropic(spectrum, rng):
    sky = density(rng)
    spectrum.set_density(sky)
    assert "Whole sky" in spectrum.caption.text()
    spectrum.set_pixel(5)
    assert f"{sky.source[5].sum() / sky.isotropic[5].sum():.3g}" in spectrum.caption.text()
    spectrum.set_pixel(7)
    assert "no events of Cen A" in spectrum.caption.text()
    spectrum.set_density(None)
    assert spectrum.caption.text() == "No sky yet"
    assert not items(spectrum.diagram, pg.BarGraphItem)


def test_drawn_events_are_counted_where_they_are(spectrum, rng):
    sky = density(rng)
    events = SimpleNamespace(ipix=rng.integers(0, 48, (1, 400)), bin=rng.integers(0, 15, (1, 400)))
    spectrum.set_density(sky)
    spectrum.set_events(events)
    assert "400&nbsp;events" in spectrum.key.text()
    spectrum.set_pixel(3)
    assert f"{np.sum(events.ipix == 3)}&nbsp;event" in spectrum.key.text()


def test_energies_are_written_where_there_is_room(spectrum, rng):
    spectrum.set_density(density(rng))
    (labels,) = spectrum.diagram.getAxis("bottom")._tickLevels
    positions = [position for position, _ in labels]
    assert len(labels) >= 4
    assert {float(text) for _, text in labels} <= set(ROUND_ENERGIES)
    np.testing.assert_allclose(positions, np.log10([float(text) for _, text in labels]))


def test_before_a_training_the_tab_teaches_and_has_the_button(training, qtbot):
    assert training.empty.isVisible()
    with qtbot.waitSignal(training.train_requested):
        qtbot.mouseClick(training.empty.train, Qt.MouseButton.LeftButton)
    training.set_can_train(False, "Choose a source first")
    assert not training.empty.train.isEnabled()
    training.set_status("preparing")
    assert not training.empty.isVisible()
    training.clear()
    assert training.empty.isVisible()


@pytest.mark.parametrize(("state", "buttons"), [
    ("queued", (True, False, True)), ("waiting", (False, False, True)), ("preparing", (True, True, True)), ("running", (True, True, True)),
    ("paused", (True, True, True)), ("stopping", (False, False, False)), ("stopped", (True, False, True)),
    ("done", (False, False, True)), ("failed", (True, False, True)), ("interrupted", (True, False, True)),
])
def test_the_buttons_that_make_sense_in_a_state(training, state, buttons):
    training.set_status(state, epoch=3, epochs=12)
    assert tuple(b.isEnabled() for b in (training.pause, training.stop, training.discard)) == buttons
    assert CHIPS[state][0] in training.chip.text()


def test_pause_becomes_resume(training, qtbot):
    training.set_status("running")
    with qtbot.waitSignal(training.pause_requested):
        qtbot.mouseClick(training.pause, Qt.MouseButton.LeftButton)
    training.set_status("paused")
    assert training.pause.text() == "Resume"
    with qtbot.waitSignal(training.resume_requested):
        qtbot.mouseClick(training.pause, Qt.MouseButton.LeftButton)
    for button, signal in ((training.stop, training.stop_requested), (training.discard, training.discard_requested)):
        with qtbot.waitSignal(signal):
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_line_of_numbers(training):
    training.set_status(
        "running", name="BCNN, Cen A, N = 300", device="CPU, 2 threads", epoch=12, epochs=100, maps_per_second=82.3, elapsed=612,
        left=840, patience_used=3, patience=10,
    )
    text = training.status.text()
    for part in ("epoch 12 of 100", "82 maps/s", "10 min 12 s elapsed", "14 min 00 s left", "patience 3 of 10 used"):
        assert part in text
    assert training.progress.value() == 120
    training.set_status("done", epoch=12, epochs=100)
    assert training.progress.value() == 1000
    assert "left" not in training.status.text()


def test_the_best_epoch_is_the_first_with_the_best_validation_accuracy():
    assert best_epoch(history_columns(history())) == 4
    assert best_epoch(history_columns([])) is None


def test_a_history_may_come_as_rows_of_text():
    rows = [{"epoch": "1", "loss": "0.5", "val_eta": ""}, {"epoch": "2", "loss": "0.4", "val_eta": "0.1"}]
    columns = history_columns(rows)
    np.testing.assert_array_equal(columns["epoch"], [1, 2])
    np.testing.assert_array_equal(columns["val_eta"], [np.nan, 0.1])
    assert np.isnan(columns["accuracy"]).all()


def wait_for_curves(learning, qtbot):
    """They are drawn in a later turn of the event loop."""
    qtbot.waitUntil(lambda: learning.loss.is_up_to_date and learning.eta.is_up_to_date, timeout=5000)


def test_curves_show_training_and_validation_and_the_limit(learning, qtbot):
    learning.set_history(history())
    learning.set_limit(0.03)
    wait_for_curves(learning, qtbot)
    curves = items(learning.loss, pg.PlotDataItem)
    np.testing.assert_allclose([c.yData for c in curves], [history()["loss"], history()["val_loss"]])
    limit, eta = items(learning.eta, pg.PlotDataItem)
    np.testing.assert_allclose(limit.yData, 3.0)
    np.testing.assert_allclose(eta.yData, 100 * history()["val_eta"])
    assert limit.opts["pen"].color().name() == theme.current().limit
    assert eta.opts["pen"].color().name() == theme.current().active


def test_the_loss_may_be_logarithmic(learning, qtbot):
    learning.set_history(history())
    learning.logarithmic.setChecked(True)
    wait_for_curves(learning, qtbot)
    assert learning.loss.getAxis("left").logMode
    low, high = learning.loss.viewRange()[1]
    assert low < np.log10(0.38) < high < 0.5


def test_an_unfinished_first_epoch_and_missing_values_do_no_harm(learning, qtbot):
    learning.set_history(dict(epoch=[1, 2], loss=[0.5, 0.4], val_eta=[None, 0.1], val_accuracy=[None, None]))
    wait_for_curves(learning, qtbot)
    learning.set_history([])
    wait_for_curves(learning, qtbot)


def test_the_log_is_kept_short(training):
    for i in range(20):
        training.append_log(f"line {i}\n")
    assert training.log.toPlainText().splitlines()[-1] == "line 19"
    training.set_log("other")
    assert training.log.toPlainText() == "other"


def test_curves_follow_the_theme(learning, spectrum, rng, qtbot):
    learning.set_history(history())
    spectrum.set_density(density(rng))
    theme.set_theme(theme.LIGHT)
    wait_for_curves(learning, qtbot)
    assert items(learning.loss, pg.PlotDataItem)[1].opts["pen"].color().name() == theme.LIGHT.active
    assert items(spectrum.diagram, pg.BarGraphItem)[0].opts["brush"].name() == theme.LIGHT.active
    assert theme.LIGHT.active in spectrum.key.text()


def test_every_statistic_has_one_name_and_one_colour(qtbot):
    key = Key([("line", statistic_colour("likelihood_ratio"), statistic_label("likelihood_ratio"))])
    qtbot.addWidget(key)
    assert theme.current().limit in key.text()
    assert "Likelihood&nbsp;ratio" in key.text()
    assert (statistic_label("bcnn"), statistic_colour("bcnn")) == ("BCNN", "active")
    assert statistic_label("power_spectrum", in_sentence=True) == "power spectrum D"
    assert statistic_label("deepsphere", in_sentence=True) == statistic_label("deepsphere") == "DeepSphere"
