"""What a person does with the tools of the Sky tab: turn, zoom, change frame and colours, compare, play, measure."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hands import choose, click, drag
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from sky_samples import EDGES, brightest, density, mock_sky, point_of, wait_for_pictures

from zevatron.core.errors import InputError
from zevatron.core.sky import angular_distance, equatorial_to_galactic, lonlat, pixel_vectors, unit_vectors
from zevatron.core.statistics import li_ma
from zevatron.gui.plots.look import SkyLook
from zevatron.gui.plots.maps import ColourScale
from zevatron.gui.plots.sky import SkyPanels
from zevatron.gui.style import colormaps, theme

CEN_A = SimpleNamespace(name="Cen A", glon=309.5, glat=19.4)


@pytest.fixture
def panels(qtbot, rng):
    widget = SkyPanels()
    qtbot.addWidget(widget)
    widget.resize(1000, 820)
    sky = density(309.5, 19.4)
    widget.set_density(sky)
    widget.set_mock(mock_sky(sky, rng, n=400, n_source=80), sky.bin_edges)
    widget.set_sources([CEN_A], ["Cen A"])
    widget.show()
    qtbot.waitExposed(widget)
    wait_for_pictures(qtbot, widget)
    return widget


def settle(qtbot, panels):
    qtbot.waitUntil(lambda: not panels.map._turning.isActive() and not panels.grid._turning.isActive(), timeout=30_000)
    wait_for_pictures(qtbot, panels)


def pixels_of(view):
    shot = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(shot.constBits(), np.uint8).reshape(shot.height(), shot.bytesPerLine() // 4, 4)[..., 2::-1].astype(int)


def test_a_globe_turns_under_the_mouse_and_a_drag_is_no_click(panels, qtbot):
    choose(qtbot, panels.controls.view_button, "Globe")
    assert panels.look.projection == "globe" and panels.controls.view_button.text() == "Galactic globe"
    rect = panels.map._rects[0]
    assert rect.width() == rect.height()
    start, by = rect.center().toPoint(), QPoint(60, 40)
    grabbed = unit_vectors(*panels.map.direction_at(QPointF(start))[1:])
    with qtbot.assertNotEmitted(panels.pixel_selected):
        drag(qtbot, panels.map, start, by)
    _, glon, glat = panels.map.direction_at(QPointF(start + by))
    assert angular_distance(unit_vectors(glon, glat), grabbed) < 5
    assert panels.grid.projection == panels.map.projection == panels.look.sky_projection
    settle(qtbot, panels)
    point = point_of(panels.map, *lonlat(grabbed))
    with qtbot.waitSignal(panels.pixel_selected) as seen:
        qtbot.mouseClick(panels.map.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert angular_distance(pixel_vectors(16, seen.args), grabbed) < 5


def test_the_far_side_of_a_globe_is_not_seen(panels, qtbot):
    panels.set_look(replace(panels.look, projection="globe", centre=(129.5, -19.4)))
    assert np.isnan(panels.map.position(309.5, 19.4)).all()
    panels.set_look(replace(panels.look, centre=(309.5, 19.4)))
    settle(qtbot, panels)
    for view, picture in ((panels.map, 0), (panels.grid, 0), (panels.grid, 14)):
        _, glon, glat = brightest(view, picture)
        assert angular_distance(unit_vectors(glon, glat), unit_vectors(309.5, 19.4)) < 12
    panels.set_mode("events")
    u, _ = panels.map._dots.places(panels.map.projection)
    assert 0.2 < np.isfinite(u).mean() < 0.8


def test_zoom_around_a_source_and_the_wheel(panels, qtbot):
    tools = panels.controls
    tools.zoom_menu.aboutToShow.emit()
    next(action for action in tools.zoom_menu.actions() if action.text() == "Cen A").trigger()
    assert panels.look.projection == "zoom"
    x, y = panels.map.position(309.5, 19.4)
    centre = panels.map._rects[0].center()
    assert np.hypot(x - centre.x(), y - centre.y()) < 1
    before = panels.look.width
    point = QPointF(centre)
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    for turns, changed in ((120, lambda w: w < before), (-240, lambda w: w > before)):
        event = QWheelEvent(
            point, QPointF(panels.map.viewport().mapToGlobal(point.toPoint())), QPoint(), QPoint(0, turns), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )
        QApplication.sendEvent(panels.map.viewport(), event)
        assert changed(panels.look.width)
    settle(qtbot, panels)
    left, right = (unit_vectors(*panels.map.direction_at(QPointF(centre.x() + side * (panels.map._rects[0].width() / 2 - 1), centre.y()))[1:])
                   for side in (-1, 1))
    assert angular_distance(left, right) == pytest.approx(panels.look.width, rel=0.02)


def test_a_double_click_zooms_in_and_out(panels, qtbot):
    point = point_of(panels.map, 100.0, -30.0)
    qtbot.mouseDClick(panels.map.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert panels.look.projection == "zoom"
    assert angular_distance(unit_vectors(*panels.look.centre), unit_vectors(100.0, -30.0)) < 1
    qtbot.mouseDClick(panels.map.viewport(), Qt.MouseButton.LeftButton, pos=panels.map._rects[0].center().toPoint())
    assert panels.look.projection == "mollweide"


@pytest.mark.parametrize(("frame", "lon", "lat"), [("Equatorial", 201.37, -43.02), ("Supergalactic", 159.75, -5.25)])
def test_frames_put_cen_a_where_catalogues_have_it(panels, qtbot, frame, lon, lat):
    choose(qtbot, panels.controls.view_button, frame)
    qtbot.waitUntil(lambda: panels.map.projection.frame == frame.lower(), timeout=30_000)
    settle(qtbot, panels)
    x, y = panels.map.position(309.5, 19.4)
    rect = panels.map._rects[0]
    u, v = (float(x) - rect.center().x()) * 2 / rect.width(), (rect.center().y() - float(y)) * 2 / rect.height()
    middle = 180.0 if frame == "Equatorial" else 0.0
    expected = panels.map.projection.project(unit_vectors(*equatorial_to_galactic(201.37, -43.02)))
    assert np.hypot(u - expected[0], v - expected[1]) < 0.01
    assert np.sign(u) == -np.sign((lon - middle + 180) % 360 - 180) and np.sign(v) == np.sign(lat)
    _, glon, glat = brightest(panels.map)
    assert angular_distance(unit_vectors(glon, glat), unit_vectors(309.5, 19.4)) < 12
    if frame == "Supergalactic":
        panels.map.hovered.emit(0, 309.515, 19.417)
        assert "L 159.8°   B −5." in panels.readout.text()


def test_planes_and_graticule_come_and_go(panels, qtbot):
    before = pixels_of(panels.map)
    choose(qtbot, panels.controls.view_button, "Supergalactic plane")
    qtbot.waitUntil(lambda: "supergalactic_plane" in panels.map._lines, timeout=30_000)
    after = pixels_of(panels.map)
    rows, columns = np.nonzero((before != after).any(axis=2))
    assert len(rows) > 200
    pole, ratio = unit_vectors(47.37, 6.32), before.shape[1] / panels.map.width()
    away = [
        90 - angular_distance(unit_vectors(*panels.map.direction_at(QPointF(column / ratio, row / ratio))[1:]), pole)
        for row, column in list(zip(rows, columns, strict=True))[::5] if panels.map.direction_at(QPointF(column / ratio, row / ratio))[0] == 0
    ]
    assert np.median(np.abs(away)) < 2  # the rest is its name
    choose(qtbot, panels.controls.view_button, "Graticule")
    assert "graticule" not in panels.map._lines and "graticule" not in panels.look.overlays


@pytest.mark.parametrize("name", ["Viridis", "Cividis", "Grey"])
def test_other_colours_reach_every_picture(panels, qtbot, name):
    choose(qtbot, panels.controls.colour_button, name)
    expected = colormaps.chosen(name.lower(), theme.current().sky, True)
    for view in (panels.map, panels.grid):
        np.testing.assert_array_equal(view._colours[0, :3], expected[0])
    point = point_of(panels.map, 95.0, -45.0)
    shot = panels.map.grab().toImage()
    ratio = shot.width() / panels.map.width()
    seen = QColor(shot.pixel(round((point.x() + 5) * ratio), round((point.y() + 5) * ratio))).getRgb()[:3]
    np.testing.assert_allclose(seen, expected[0], atol=3)


def test_asinh_is_linear_below_and_logarithmic_above():
    scale = ColourScale.for_top("asinh", 1000.0)
    small = scale.fraction(np.array([0.0, 0.01, 0.02]))
    assert small[2] == pytest.approx(2 * small[1], rel=1e-3) and small[0] == 0
    large = scale.fraction(np.array([100.0, 200.0, 400.0]))
    assert large[2] - large[1] == pytest.approx(large[1] - large[0], rel=0.02)
    assert scale.fraction(1000.0) == pytest.approx(1)
    ticks = scale.ticks()
    assert ticks[0] == 0 and 1000 in ticks


def test_bins_are_played_and_stop_where_they_are(panels, qtbot):
    panels._player.setInterval(20)
    panels.select_bin(12)
    seen = []
    panels.bin_selected.connect(seen.append)
    click(qtbot, panels.controls.play_button)
    assert panels.controls.play_button.text() == "Pause"
    qtbot.waitUntil(lambda: len(seen) >= 4, timeout=30_000)
    assert seen[:4] == [13, 14, 0, 1]
    click(qtbot, panels.controls.play_button)
    last = panels.selected_bin
    qtbot.wait(100)
    assert panels.selected_bin == last and panels.controls.play_button.text() == "Play"
    panels.setFocus()
    qtbot.keyClick(panels, Qt.Key.Key_Space)
    assert panels.is_playing
    panels.hide()
    assert not panels.is_playing


def test_two_skies_side_by_side_share_their_colours_and_the_chosen_pixel(panels, qtbot):
    tools = panels.controls
    assert not tools.comparisons["side"].isEnabled()
    choose(qtbot, tools.compare_button, "Keep this sky to compare")
    panels.set_density(density(200.0, -40.0, width=16.0))
    choose(qtbot, tools.compare_button, "Side by side")
    assert panels.second.isVisible() and tools.compare_button.text() == "Side by side"
    assert panels.map._scale == panels.second._scale
    qtbot.waitUntil(lambda: panels.second._images and panels.second._images[0].image is not None, timeout=30_000)
    settle(qtbot, panels)
    for view, place in ((panels.map, (200.0, -40.0)), (panels.second, (309.5, 19.4))):
        glon, glat = lonlat(pixel_vectors(16, int(view._indices[0].argmax())))
        assert angular_distance(unit_vectors(glon, glat), unit_vectors(*place)) < 8
    with qtbot.waitSignal(panels.pixel_selected):
        qtbot.mouseClick(panels.second.viewport(), Qt.MouseButton.LeftButton, pos=point_of(panels.second, 50.0, 10.0))
    assert panels.map._selected == panels.second._selected is not None
    choose(qtbot, tools.compare_button, "One sky")
    assert not panels.second.isVisible()


def test_two_skies_blink(panels, qtbot):
    panels._blinker.setInterval(30)
    panels.set_others([density(200.0, -40.0), replace_name(density(50.0, 50.0), "M82")])
    panels.controls.others["M82"].trigger()
    qtbot.waitUntil(lambda: panels.content.other is not None, timeout=30_000)
    choose(qtbot, panels.controls.compare_button, "Blink")
    seen = set()

    def both():
        seen.add(panels.map._caption)
        return seen == {"expected from Cen A", "expected from M82"}

    qtbot.waitUntil(both, timeout=30_000)
    choose(qtbot, panels.controls.compare_button, "One sky")
    assert not panels._blinker.isActive() and panels.map._caption == "expected from Cen A"


def replace_name(sky, name):
    sky.name = name
    return sky


def test_significance_follows_the_radius_and_is_that_of_li_and_ma(panels, qtbot):
    panels.controls.mode_box.setCurrentIndex(panels.controls.mode_box.findData("significance"))
    assert panels.mode == "significance" and panels.radius_bar.isVisible()
    qtbot.waitUntil(lambda: panels.map._title.endswith("12° top-hat"), timeout=30_000)
    assert not panels.controls.scales["log"].isEnabled()
    counts = panels.content.shown("counts", 12.0).stack.values[0]
    vectors, centre = pixel_vectors(16), unit_vectors(309.5, 19.4)
    pixel = int(np.argmax(vectors @ centre))
    for radius in (12.0, 20.0):
        panels.radius_bar.slider.setValue(round(2 * radius))
        qtbot.waitUntil(lambda radius=radius: panels.map._title.endswith(f"{radius:g}° top-hat"), timeout=30_000)
        inside = vectors @ vectors[pixel] >= np.cos(np.radians(radius))
        n_on, alpha = counts[inside].sum(), inside.sum() / (~inside).sum()
        expected = float(li_ma(n_on, counts.sum() - n_on, alpha))
        panels.select_pixel(pixel)
        assert f"{expected:.1f}\u2009σ" in panels.readout.text()
        assert expected > 4
    assert panels.map._scale.low == -panels.map._scale.high
    np.testing.assert_allclose(panels.map.ground.getRgb()[:3], colormaps.diverging(True)[127:129].mean(0), atol=1)


def test_skies_to_compare_with_come_and_go_without_a_trace(panels):
    tools = panels.controls
    tools.set_others(("A", "B"), "kept", None)
    before = len(tools.findChildren(QObject))
    for chosen in ("A", "B", None):
        tools.set_others(("A", "B"), "kept", chosen)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert [key for key, action in tools.others.items() if action.isChecked()] == [chosen]
    assert len(tools.findChildren(QObject)) == before


def test_events_show_their_origin_on_request_alone(panels, qtbot):
    panels.set_mode("events")
    active = np.array(QColor(theme.current().active).getRgb()[:3])

    def amber():
        return int((np.abs(pixels_of(panels.map) - active).max(axis=2) < 12).sum())

    assert amber() > 500
    choose(qtbot, panels.controls.view_button, "Events by true origin")
    assert not panels.look.origin and amber() == 0


def test_the_sky_that_a_detector_does_not_see_is_grey_in_every_mode(panels, qtbot, rng):
    sky = density(309.5, 19.4)
    north = pixel_vectors(16)[:, 2] > 0.7
    sky.isotropic = np.where(north[:, None], 0.0, sky.isotropic)
    sky.source = np.where(north[:, None], 0.0, sky.source)
    sky.isotropic, sky.source = sky.isotropic / sky.isotropic.sum(), sky.source / sky.source.sum()
    panels.set_density(sky)
    panels.set_mock(mock_sky(sky, rng, n=100), sky.bin_edges)
    grey = QColor(theme.current().line).getRgb()[:3]
    deep = pixel_vectors(16)[:, 2] > 0.92  # out of reach of a disc of 12 degrees
    for mode, grey_there in (("density", north), ("events", north), ("counts", north), ("significance", deep)):
        panels.set_mode(mode)
        qtbot.waitUntil(
            lambda there=grey_there: panels.map._indices is not None and panels.map._indices[0][there].min() == 255, timeout=30_000
        )
        settle(qtbot, panels)
        qtbot.waitUntil(lambda: not panels.map._old.isVisible(), timeout=30_000)
        point, ratio = point_of(panels.map, 100.0, 72.0), panels.map.devicePixelRatioF()
        assert QColor(panels.map.grab().toImage().pixel(round(point.x() * ratio), round(point.y() * ratio))).getRgb()[:3] == grey
        assert panels.map._indices[0][~north].max() < 255


def test_a_look_is_refused_with_a_reason_and_survives_a_file():
    for values, words in (
        ({"mode": "x"}, "density, events"), ({"radius": 90.0}, "from 1 to 45"), ({"overlays": ("x",)}, "graticule"),
        ({"centre": (1.0,)}, "longitude and latitude"), ({"width": float("nan")}, "from 2 to 120"),
        ({"overlays": float("inf")}, "graticule"), ({"overlays": ([],)}, "graticule"), ({"centre": 5}, "longitude and latitude"),
        ({"centre": (1.0, float("nan"))}, "longitude and latitude"), ({"colours": {}}, "standard"), ({"origin": 5}, "True, False"),
    ):
        with pytest.raises(InputError, match=words):
            SkyLook(**values)
    with pytest.raises(InputError, match="some of"):
        SkyLook.from_values({"colour": "grey"})
    look = SkyLook(mode="events", projection="zoom", centre=(10.0, -5.0), overlays=("sources",), origin=False)
    assert SkyLook.from_values(look.changes()) == look
    assert SkyLook().changes() == {}


def test_choices_that_do_not_matter_make_no_other_picture():
    assert SkyLook(centre=(3.0, 4.0), width=9.0).sky_projection == SkyLook().sky_projection
    assert SkyLook(projection="globe", width=9.0).sky_projection == SkyLook(projection="globe").sky_projection


def test_every_kind_of_sky_is_drawn_in_every_projection(panels, qtbot):
    panels.resize(640, 520)
    for mode in ("density", "events", "counts", "significance"):
        for projection in ("mollweide", "globe", "zoom"):
            panels.set_look(replace(panels.look, mode=mode, projection=projection, centre=(309.5, 19.4)))
            qtbot.waitUntil(lambda: panels.map._indices is not None, timeout=30_000)
            assert pixels_of(panels.map).std() > 5
    assert len(panels.grid._rects) == len(EDGES) - 1
