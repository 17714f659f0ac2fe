"""The Sky tab in a window: where things are drawn, what a click says, which colours are used."""

import gc
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from sky_samples import brightest, density, mock_sky, point_of, wait_for_pictures

from zevatron.core.sky import angular_distance, lonlat, pixel_vectors, unit_vectors, vector_pixels
from zevatron.gui.plots import tables
from zevatron.gui.plots.projection import WHOLE_SKY
from zevatron.gui.plots.sky import SkyPanels
from zevatron.gui.plots.sky_grid import grid_columns, grid_height, picture_width
from zevatron.gui.style import theme


@pytest.fixture
def panels(qtbot):
    widget = SkyPanels()
    qtbot.addWidget(widget)
    widget.resize(1000, 820)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def test_a_blob_at_60_30_is_drawn_in_the_upper_left(panels, qtbot):
    panels.set_density(density())
    wait_for_pictures(qtbot, panels)
    shot = panels.map.grab().toImage()
    ratio, centre = shot.width() / panels.map.width(), panels.map._rects[0].center()

    def lightness(dx, dy):
        return QColor(shot.pixel(round((centre.x() + dx) * ratio), round((centre.y() + dy) * ratio))).lightness()

    x, y = panels.map.position(60.0, 30.0)
    dx, dy = float(x) - centre.x(), float(y) - centre.y()
    assert dx < 0 > dy
    assert lightness(dx, dy) > 150
    assert max(lightness(-dx, dy), lightness(dx, -dy), lightness(-dx, -dy)) < 80  # the graticule


def test_large_and_small_skies_show_the_blob_where_it_is(panels, qtbot):
    panels.set_density(density(310.0, -20.0))
    wait_for_pictures(qtbot, panels)
    for view, picture in ((panels.map, 0), (panels.grid, 0), (panels.grid, 14)):
        found, glon, glat = brightest(view, picture)
        assert found == picture
        assert angular_distance(unit_vectors(glon, glat), unit_vectors(310.0, -20.0)) < 15


def test_a_click_selects_the_pixel_under_the_mouse(panels, qtbot):
    panels.set_density(density())
    wait_for_pictures(qtbot, panels)
    point = point_of(panels.map, 120.0, -40.0)
    _, glon, glat = panels.map.direction_at(QPointF(point))
    with qtbot.waitSignal(panels.pixel_selected) as seen:
        qtbot.mouseClick(panels.map.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert seen.args == [int(vector_pixels(16, unit_vectors(glon, glat)))]
    assert panels.selected_pixel == seen.args[0]
    assert f"pixel {seen.args[0]}" in panels.readout.text()


def test_a_click_beside_the_sky_selects_nothing(panels, qtbot):
    panels.set_density(density())
    wait_for_pictures(qtbot, panels)
    with qtbot.assertNotEmitted(panels.pixel_selected):
        qtbot.mouseClick(panels.map.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(3, panels.map.height() // 2 - 150))


def test_a_click_on_a_small_sky_shows_it_large_and_a_second_one_all(panels, qtbot):
    panels.set_density(density())
    wait_for_pictures(qtbot, panels)
    point = point_of(panels.grid, 0.0, 0.0, 4)
    for expected in (4, None):
        with qtbot.waitSignal(panels.bin_selected) as seen:
            qtbot.mouseClick(panels.grid.viewport(), Qt.MouseButton.LeftButton, pos=point)
        assert seen.args == [expected]
        assert panels.selected_bin == expected
        assert panels.all_bins.isVisible() == (expected is not None)
    np.testing.assert_array_equal(panels.map._indices[0].shape, (12 * 16**2,))


def test_keys_walk_through_the_bins(panels, qtbot):
    panels.set_density(density())
    for key, expected in (
        (Qt.Key.Key_Right, 0), (Qt.Key.Key_Right, 1), (Qt.Key.Key_Left, 0), (Qt.Key.Key_Left, 14), (Qt.Key.Key_Escape, None),
    ):
        qtbot.keyClick(panels, key)
        assert panels.selected_bin == expected


def test_the_readout_names_coordinates_pixel_value_and_bin(panels, qtbot):
    from zevatron.gui.plots.tables import frames

    sky = density()
    panels.set_density(sky)
    wait_for_pictures(qtbot, panels)
    frames.request()
    qtbot.waitUntil(lambda: frames.are_loaded, timeout=30_000)
    text = panels.describe((309.52, 19.42), 3)
    ipix = int(vector_pixels(16, unit_vectors(309.52, 19.42)))
    for part in ("l 309.5°", "b 19.4°", "13h25m −43.0°", f"pixel {ipix}", "× isotropic", "79–89 EeV"):
        assert part in text
    peak = int(sky.source.sum(1).argmax())
    glon, glat = lonlat(pixel_vectors(16, peak))
    expected = sky.source[peak].sum() / sky.isotropic[peak].sum()
    assert f"{expected:.1f}" in panels.describe((float(glon), float(glat)))


def test_the_readout_follows_the_mouse_and_rests_on_the_chosen_pixel(panels, qtbot):
    panels.set_density(density())
    wait_for_pictures(qtbot, panels)
    panels.select_pixel(77)
    qtbot.mouseMove(panels.map.viewport(), point_of(panels.map, 20.0, 10.0))
    panels.map.hovered.emit(0, 20.0, 10.0)
    assert "l 20.0°   b 10.0°" in panels.readout.text()
    panels.grid.hovered.emit(2, 20.0, 10.0)
    assert "70–79 EeV" in panels.readout.text()
    panels.map.hovered.emit(-1, np.nan, np.nan)
    assert "pixel 77" in panels.readout.text()


def test_bins_share_one_scale_or_have_their_own(panels):
    sky = density()
    panels.set_density(sky)
    tops = (sky.source / sky.source.sum(0)).max(axis=0) * sky.npix
    assert [scale.high for scale in panels.grid.scales] == pytest.approx([tops.max()], rel=1e-5)
    panels.set_levels("panel")
    assert [scale.high for scale in panels.grid.scales] == pytest.approx(list(tops), rel=1e-5)
    for row in panels.grid._indices:
        assert row.max() == 254
    panels.set_levels("shared")
    assert panels.grid._indices.max() == 254
    assert panels.grid._indices[0].max() < 254


@pytest.mark.parametrize("kind", ["linear", "sqrt", "asinh", "log"])
def test_the_colour_scale_is_the_one_chosen(panels, kind):
    panels.set_density(density())
    panels.set_scale(kind)
    assert {scale.kind for scale in panels.grid.scales} == {kind}


def test_a_mock_sky_shows_its_events_and_its_counts(panels, qtbot, rng):
    sky = density()
    events = mock_sky(sky, rng)
    panels.set_density(sky)
    with qtbot.waitSignal(panels.mode_changed) as seen:
        panels.set_mode("events")
    assert seen.args == ["events"]
    assert "mock sky" in panels.map._empty.lower()
    panels.set_mock(events, sky.bin_edges)
    assert len(panels.map._dots) == 200
    assert panels.map._caption.startswith("200 events, 20 from the source")
    panels.select_bin(0)
    assert len(panels.map._dots) == np.sum(events.bin[0] == 0)
    panels.set_mode("counts")
    assert panels.map._dots is None
    counts = np.bincount(events.ipix[0][events.bin[0] == 0], minlength=sky.npix)
    np.testing.assert_array_equal(panels.map._indices[0] > 0, counts > 0)


def test_a_new_sky_of_other_bins_forgets_the_old_mock_sky(panels, rng):
    sky = density()
    panels.set_density(sky)
    panels.set_mock(mock_sky(sky, rng), sky.bin_edges)
    panels.select_bin(12)
    panels.set_density(density(n_bins=8))
    assert panels.selected_bin is None
    panels.set_mode("events")
    assert panels.map._indices is None


@pytest.mark.parametrize("n_bins", [1, 4, 8, 60])
def test_any_number_of_bins_has_its_place(panels, qtbot, n_bins):
    panels.set_density(density(n_bins=n_bins, nside=4))
    wait_for_pictures(qtbot, panels)
    assert len(panels.grid._rects) == (n_bins if n_bins > 1 else 0)
    for rect in panels.grid._rects:
        assert panels.grid.rect().adjusted(-1, -1, 1, 1).contains(rect.toAlignedRect())
    for i, rect in enumerate(panels.grid._rects):
        assert not any(rect.intersects(other) for other in panels.grid._rects[i + 1:])


@pytest.mark.parametrize(("width", "height"), [(1000, 380), (640, 260), (2400, 700)])
def test_small_skies_fit(width, height):
    for n in range(1, 61):
        columns = grid_columns(n, width, height)
        assert picture_width(n, columns, width, height) > 20
        assert grid_height(n, width, height) <= height + 1


def test_large_skies_are_prepared_in_the_background_and_old_answers_dropped(panels, qtbot, monkeypatch):
    monkeypatch.setattr("zevatron.gui.plots.sky_content.SMALL_WORK", 0)
    panels.set_density(density(0.0, 0.0))
    panels.set_density(density(60.0, 30.0))
    assert panels.map._indices is None
    qtbot.waitUntil(lambda: panels.map._indices is not None, timeout=10_000)
    glon, glat = lonlat(pixel_vectors(16, int(panels.map._indices[0].argmax())))
    assert angular_distance(unit_vectors(glon, glat), unit_vectors(60.0, 30.0)) < 5
    panels.set_density(density())
    panels.set_density(None)
    qtbot.wait(200)
    assert panels.map._indices is None


def test_an_empty_sky_says_what_to_do(panels):
    panels.set_density(None)
    assert "Choose a source" in panels.map._empty
    panels.map.clicked.emit(0, 10.0, 10.0)
    assert panels.selected_pixel is None


def test_a_change_of_theme_changes_every_colour(panels, qtbot):
    panels.set_density(density())
    wait_for_pictures(qtbot, panels)
    point = point_of(panels.map, 240.0, -30.0)  # where there is nothing
    for chosen in (theme.LIGHT, theme.DARK):
        theme.set_theme(chosen)
        shot = panels.map.grab().toImage()
        ratio = shot.width() / panels.map.width()
        sky = QColor(shot.pixel(round(point.x() * ratio) + 6, round(point.y() * ratio) + 6))
        lowest = theme.sky_lookup(chosen)[0]
        np.testing.assert_allclose(sky.getRgb()[:3], lowest, atol=2)
        assert QColor(shot.pixel(shot.width() // 4, 3)).name() == chosen.ground
    assert QColor(*theme.sky_lookup(theme.LIGHT)[0]).lightness() > 245


def test_a_new_sky_fades_in_and_the_old_one_is_gone_after(panels, qtbot):
    panels.set_density(density())
    wait_for_pictures(qtbot, panels)
    panels.set_density(density(200.0, 0.0))
    assert panels.map._old.isVisible()
    qtbot.waitUntil(lambda: not panels.map._old.isVisible(), timeout=3000)


def test_controls_can_stand_elsewhere(panels, qtbot):
    below = panels.map.geometry().top()
    controls = panels.take_controls()
    qtbot.addWidget(controls)
    assert controls.parent() is None
    assert panels.map.geometry().top() == 0 < below


def test_sources_are_marked_on_the_sky(panels, qtbot):
    source = SimpleNamespace(name="Nowhere", glon=150.0, glat=-50.0)
    panels.set_density(density())
    wait_for_pictures(qtbot, panels)
    before = panels.map.grab().toImage()
    panels.set_sources([source], ["Nowhere"])
    after = panels.map.grab().toImage()
    point, ratio = point_of(panels.map, 150.0, -50.0), before.width() / panels.map.width()
    where = round((point.x() + 6.5) * ratio), round(point.y() * ratio)
    assert before.pixel(*where) != after.pixel(*where)


def test_views_leave_nothing_behind(qtbot):
    sky = density(nside=4, n_bins=4)
    alive, timers, windows = [], None, None
    for i in range(50):
        widget = SkyPanels()
        widget.resize(500, 400)
        widget.set_density(sky)
        widget.show()
        QApplication.processEvents()
        alive.append(weakref.ref(widget))
        widget.close()
        widget.deleteLater()
        del widget
        qtbot.wait(1)
        if i == 9:
            gc.collect()
            timers = sum(issubclass(type(o), QTimer) for o in gc.get_objects())
            windows = len(QApplication.topLevelWidgets())
    gc.collect()
    assert sum(ref() is not None for ref in alive) <= 1
    assert len(QApplication.topLevelWidgets()) <= windows
    assert sum(issubclass(type(o), QTimer) for o in gc.get_objects()) <= timers + 1


def test_a_table_that_is_wanted_again_while_the_thread_leaves_it_out_is_made(qapp, monkeypatch):
    """Two sizes and back, as when an edge of the window is pulled."""
    store, waiting, owner, made = tables.TableStore(), [], QTimer(), []
    monkeypatch.setattr(tables.background, "run", lambda receiver, function, *arguments: waiting.append((receiver, function, arguments)))
    store.ready.connect(made.append)
    small, large = (8, 40, 20), (8, 80, 40)
    store.get(owner, *small)
    store.get(owner, *large)
    receiver, function, arguments = waiting.pop(0)
    left_out = function(*arguments)
    assert left_out is None  # nobody wants it just now
    store.get(owner, *small)
    receiver(left_out)
    while waiting:
        receiver, function, arguments = waiting.pop(0)
        receiver(function(*arguments))
    assert (*small, WHOLE_SKY) in made and store.get(owner, *small) is not None
