"""The Field tab as a person uses it: what it shows, what a click and a slider bring, and that nothing late is shown."""

import csv
import threading
import time

import numpy as np
import pytest
from hands import click
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from scipy.sparse import csr_array

from zevatron.core.config import RunConfig, with_values
from zevatron.core.field_views import deflection_map, magnification_map
from zevatron.core.galactic_field import galactic_field
from zevatron.core.progress import Progress
from zevatron.core.sky import angular_distance, pixel_vectors, unit_vectors, vector_pixels
from zevatron.core.storage.kept import Store, n_bytes
from zevatron.gui.main_window import FIELD, SKY
from zevatron.gui.plots.field_plane import MOST_RAYS, arrow_strokes
from zevatron.gui.state import field as state
from zevatron.gui.state.field import KEPT, SkyOfField
from zevatron.gui.state.labels import label_of
from zevatron.gui.style import theme

NSIDE = 8


@pytest.fixture(autouse=True)
def few_rays(monkeypatch, tmp_path):
    """Maps of few rays, each test with a cache of its own."""
    monkeypatch.setattr(state, "RAY_NSIDE", {"deflection": NSIDE, "magnification": 2 * NSIDE})
    monkeypatch.setattr(state, "MAGNIFICATION_NSIDE", NSIDE // 2)
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def tab(window, qtbot):
    """The Field tab of the shared window with everything that it shows at first."""
    window.field_view.set_kind("deflection")
    window.field._store = Store(KEPT)
    window.field._shown_setup = window.field_view.rigidities = None
    window.field.clear_rays()
    window.tabs.setCurrentIndex(FIELD)
    window.field.again()
    wait_for_map(qtbot, window)
    qtbot.waitUntil(lambda: window.field.images is not None, timeout=20_000)
    return window


def wait_for_map(qtbot, window):
    view = window.field_view
    qtbot.waitUntil(lambda: window.field.sky is not None, timeout=30_000)
    qtbot.waitUntil(lambda: bool(view.map._images) and view.map._images[0].image is not None, timeout=10_000)


def click_sky(qtbot, view, glon, glat):
    x, y = view.map.position(glon, glat)
    point = QPoint(round(float(x)), round(float(y)))
    qtbot.mouseClick(view.map.viewport(), Qt.MouseButton.LeftButton, pos=point)
    return view.map.direction_at(QPointF(point))[1:]


def point_in(diagram, right, up):
    """Where a point of a plane, kpc, lies in its diagram."""
    scene = diagram.plotItem.vb.mapViewToScene(QPointF(right, up))
    return diagram.mapFromScene(scene)


def test_nothing_is_computed_before_the_tab_is_seen(new_window, qtbot, monkeypatch):
    asked = []
    for name in ("setup", "sky", "images"):
        monkeypatch.setattr(new_window.field._work, name, lambda *a, name=name, **k: asked.append(name))
    new_window.draft.set("field.model", "pt11_bss_halo")
    qtbot.waitUntil(lambda: new_window.controller.is_current, timeout=20_000)
    qtbot.wait(500)
    assert asked == [] and new_window.field.setup is None
    new_window.tabs.setCurrentIndex(FIELD)
    qtbot.waitUntil(lambda: "setup" in asked, timeout=5000)


def test_planes_show_the_field_of_the_run(tab, qtbot):
    view, galaxy = tab.field_view, galactic_field("jf12_regular")
    for name, diagram in view.planes.items():
        plane = diagram.plane
        assert plane.plane == name and plane.half_width == 20.0
        inside = np.isfinite(plane.strength)
        np.testing.assert_array_equal(plane.field[inside], galaxy.values(plane.positions[inside]))
        (left, right), (low, high) = diagram.plotItem.vb.viewRange()
        assert left <= -20 and right >= 20 and low <= -20 and high >= 20
    xz = view.planes["xz"]
    qtbot.mouseMove(xz.viewport(), point_in(xz, 5.0, 3.0))
    qtbot.waitUntil(lambda: "µG" in view.readout.text(), timeout=3000)
    text = view.readout.text()
    assert text.startswith("x 5.") or text.startswith("x 4.")
    assert ", y 0.0, z 3." in text or ", y 0.0, z 2." in text


def test_strength_is_seen_as_colour_where_it_is(tab, qtbot):
    """In the dark theme the brightest part of the x-z plane is the centre, and its corner is the ground."""
    diagram = tab.field_view.planes["xz"]
    shot = diagram.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    ratio = shot.width() / diagram.width()

    def lightness(right, up):
        point = point_in(diagram, right, up)
        return QColor(shot.pixel(round(point.x() * ratio), round(point.y() * ratio))).lightness()

    def mean(right, up):
        return np.mean([lightness(right + a, up + b) for a in (-0.4, 0, 0.4) for b in (-0.4, 0, 0.4)])

    assert mean(0.0, 2.5) > mean(15.0, 6.0) + 30
    corner = min(lightness(19.5 - 0.3 * step, 19.5 - 0.1 * step) for step in range(10))  # the grid is fainter than that
    assert corner <= QColor(theme.DARK.ground).lightness()


def test_arrows_point_along_the_field():
    axis = np.linspace(-19, 19, 20)
    one = np.ones((20, 20))
    x, y = arrow_strokes(axis, 0.6 * one, 0.8 * one, one, 1.0, n=5)
    dx, dy = x[1::7] - x[0::7], y[1::7] - y[0::7]
    assert len(dx) == 25
    np.testing.assert_allclose(dy / dx, 0.8 / 0.6)
    assert (dx > 0).all()
    np.testing.assert_allclose(np.hypot(dx, dy), 0.8 * 38 / 5)
    assert len(arrow_strokes(axis, one, one, np.full((20, 20), np.nan), 1.0)[0]) == 0


def test_map_shows_deflection_at_the_rigidity_of_the_slider(tab, qtbot):
    view = tab.field_view
    assert view.rigidity == pytest.approx(10.0)
    expected = deflection_map(galactic_field("jf12_regular"), 10.0, NSIDE)
    np.testing.assert_array_equal(tab.field.sky.values, expected.angle)
    assert view.map._heading == "Deflection at 10.0\u2009EV"
    view.slider.setFocus()
    qtbot.keyClick(view.slider, Qt.Key.Key_PageUp)
    assert view.rigidity > 11 and "Following 768 rays" in view.map._caption.replace("\u202f", "")
    assert view.map._heading == "Deflection at 10.0\u2009EV"  # the old map stays until the new one is there
    wait_for_map(qtbot, tab)
    qtbot.waitUntil(lambda: view.map._heading != "Deflection at 10.0\u2009EV", timeout=10_000)
    assert tab.field.sky.deflection.rigidity == view.rigidity
    assert np.median(tab.field.sky.values) < np.median(expected.angle)


def test_a_dragged_slider_traces_when_it_rests(tab, qtbot, monkeypatch):
    traced, sky = [], tab.field._work.sky
    monkeypatch.setattr(tab.field._work, "sky", lambda config, rigidity, *a: traced.append(rigidity) or sky(config, rigidity, *a))
    for position in range(20, 40):
        tab.field_view.slider.setValue(position)
        qtbot.wait(10)
    wait_for_map(qtbot, tab)
    assert traced[-1] == tab.field_view.rigidity and len(traced) <= 5  # a busy machine makes pauses of its own
    before = len(traced)
    tab.field_view.slider.setValue(20)
    tab.field_view.slider.setValue(39)
    qtbot.wait(400)
    assert len(traced) == before  # what is known is not traced again


def test_click_on_the_sky_draws_the_ray_in_both_planes(tab, qtbot):
    view = tab.field_view
    assert "Click the map" in view.rays_label.text() and not view.clear_button.isVisible()
    glon, glat = click_sky(qtbot, view, 60.0, -40.0)
    qtbot.waitUntil(lambda: len(tab.field.rays) == 1, timeout=20_000)
    ray, pixel = tab.field.rays[0], vector_pixels(NSIDE, unit_vectors(glon, glat))
    np.testing.assert_allclose(ray.arrival, pixel_vectors(NSIDE, [pixel])[0])
    assert ray.deflection == pytest.approx(tab.field.sky.values[pixel], abs=0.02)
    for diagram, columns in zip(view.planes.values(), ([0, 1], [0, 2]), strict=True):
        drawn = [np.stack(item.getData(), axis=1) for item in diagram.plotItem.listDataItems()]
        assert any(d.shape == (200, 2) and np.allclose(d, ray.points[:, columns]) for d in drawn)
    assert "10.0\u2009EV" in view.rays_label.text().replace("&nbsp;", " ")
    for number in range(MOST_RAYS):
        click_sky(qtbot, view, 20.0 + 30 * number, 30.0)
    qtbot.waitUntil(lambda: len(tab.field.rays) == MOST_RAYS and ray is not tab.field.rays[0], timeout=20_000)
    click(qtbot, view.clear_button)
    assert tab.field.rays == [] and view.planes["xy"].rays == ()


def test_click_on_the_magnification_follows_rays_that_leave_there(tab, qtbot):
    view = tab.field_view
    click(qtbot, view.kinds.button("magnification"))
    wait_for_map(qtbot, tab)
    sky = tab.field.sky
    assert sky.kind == "magnification"
    assert sky.values.mean() == pytest.approx(1 - sky.deflection.trapped)
    assert "rays to a pixel" in view.map._caption
    glon, glat = click_sky(qtbot, view, 180.0, 10.0)
    pixel = int(vector_pixels(sky.nside, unit_vectors(glon, glat)))
    assert sky.magnification.rays[pixel] > 0
    qtbot.waitUntil(lambda: bool(tab.field.rays), timeout=20_000)
    for ray in tab.field.rays:
        assert vector_pixels(sky.nside, ray.exit) == pixel


def test_pixels_that_no_ray_leaves_say_so(tab, qtbot):
    view = tab.field_view
    click(qtbot, view.kinds.button("magnification"))
    wait_for_map(qtbot, tab)
    empty = pixel_vectors(tab.field.sky.nside)[np.flatnonzero(tab.field.sky.magnification.rays == 0)]
    assert len(empty)  # the far side of the centre is hidden at 10 EV
    from zevatron.core.sky import lonlat

    inner = empty[np.argmin(angular_distance(empty, unit_vectors(0.0, 0.0)))]
    click_sky(qtbot, view, *map(float, lonlat(inner)))
    assert view.rays_label.text().endswith("No ray of this map leaves the Galaxy there.")


def test_images_follow_the_slider_without_tracing(tab, qtbot, monkeypatch):
    view, statistics = tab.field_view, tab.field.images.statistics
    monkeypatch.setattr(tab.field._work, "sky", lambda *a: pytest.fail("traced"))
    click(qtbot, view.kinds.button("images"))
    for position in (5, 60):
        view.slider.setValue(position)
        words = view.map._caption
        n = statistics.n_images[position]
        assert words.startswith(f"{n} image{'' if n == 1 else 's'}, spread") and "effective rays" in words
        assert view.map._heading.startswith("Images of Cen A at ")
        shown = tab.field.images.row(position)
        weight = shown[:, None] * pixel_vectors(64)
        centre = weight.sum(axis=0) / np.linalg.norm(weight.sum(axis=0))
        assert angular_distance(centre, statistics.mean_direction[position]) < 0.5
        assert shown.mean() == pytest.approx(1.0)


def test_play_lets_the_rigidity_fall_and_ends_at_the_lowest(tab, qtbot):
    view = tab.field_view
    view.slider.setValue(4)
    click(qtbot, view.play_button)
    assert view.is_playing and view.kind == "images" and view.play_button.text() == "Pause"
    qtbot.waitUntil(lambda: view.slider.value() == 0, timeout=5000)
    assert not view.is_playing and view.play_button.text() == "Play"
    click(qtbot, view.play_button)
    qtbot.waitUntil(lambda: 0 < view.slider.value() < view.slider.maximum(), timeout=5000)
    tab.tabs.setCurrentIndex(SKY)
    assert not view.is_playing


def test_curves_show_number_spread_and_magnification_and_mark_the_rigidity(tab, qtbot):
    view, statistics = tab.field_view, tab.field.images.statistics
    view.slider.setValue(30)
    for name, diagram in view.curves.items():
        drawn = [item.getData()[1] for item in diagram.plotItem.listDataItems()]
        expected = getattr(statistics, name).astype(float)
        if name == "magnification":  # on a logarithmic axis
            expected = np.log10(np.where(expected >= 1e-3, expected, np.nan))
        assert any(len(y) == len(expected) and np.allclose(y, expected, equal_nan=True) for y in drawn)
        assert diagram._mark.value() == pytest.approx(np.log10(view.rigidity))


def test_another_field_takes_everything_with_it(tab, qtbot):
    view = tab.field_view
    click_sky(qtbot, view, 60.0, -40.0)
    qtbot.waitUntil(lambda: bool(tab.field.rays), timeout=20_000)
    tab.draft.set("field.model", "none")
    qtbot.waitUntil(lambda: tab.field.setup is not None and tab.field.rays == [], timeout=20_000)
    wait_for_map(qtbot, tab)
    assert np.nanmax(view.planes["xy"].plane.strength) == 0
    assert tab.field.sky.values.max() < 1e-4
    tab.draft.undo()
    qtbot.waitUntil(lambda: np.nanmax(view.planes["xy"].plane.strength) > 1, timeout=20_000)  # kept, shown at once
    assert np.median(tab.field.sky.values) > 1


def test_late_answers_of_another_field_are_dropped(tab, qtbot, monkeypatch):
    gate, sky = threading.Event(), tab.field._work.sky

    def slow(config, *arguments):
        if config.field.model == "jf12_regular":
            gate.wait(20)
        return sky(config, *arguments)

    monkeypatch.setattr(tab.field._work, "sky", slow)
    tab.field_view.slider.setValue(30)
    qtbot.waitUntil(lambda: tab.field._map_request.job is not None, timeout=5000)
    tab.draft.set("field.model", "none")
    qtbot.wait(400)
    gate.set()
    wait_for_map(qtbot, tab)
    assert tab.field.sky.values.max() < 1e-4
    assert tab.field_view.map._scale.high <= 1.0
    tab.draft.undo()


def test_cancelled_map_says_how_to_go_on(tab, qtbot, monkeypatch):
    gate, sky = threading.Event(), tab.field._work.sky

    def slow(config, rigidity, kind, progress):
        gate.wait(20)
        return sky(config, rigidity, kind, progress)

    monkeypatch.setattr(tab.field._work, "sky", slow)
    tab.field_view.slider.setValue(25)
    qtbot.waitUntil(lambda: any(job.title.startswith("Deflection at") for job in tab.jobs_bar.jobs_listed()), timeout=5000)
    job = next(job for job in tab.jobs.active if job.title.startswith("Deflection at"))
    tab.jobs.cancel(job)
    gate.set()
    assert "F5" in tab.field_view.map._caption
    tab.menus.actions_by_text["Compute again"].trigger()
    wait_for_map(qtbot, tab)
    assert "F5" not in tab.field_view.map._caption


def held(gate, progress):
    """Wait at a gate, asking whether one is still wanted."""
    while not gate.wait(0.01):
        progress.check_cancelled()


def evaluation(window, model):
    """The job that evaluates a field, once it is at work, or None."""
    title = f"Field of {label_of('field.model', model)}"
    return next((job for job in window.jobs.active if job.title == title and job.state == "running"), None)


def test_the_planes_come_back_with_the_run(tab, qtbot, monkeypatch):
    """Rigidities of another range are awaited, and given up by going back: the field is the same one."""
    gate, view, setup = threading.Event(), tab.field_view, tab.field._work.setup

    def slow(config, progress):
        held(gate, progress)
        return setup(config, progress)

    monkeypatch.setattr(tab.field._work, "setup", slow)
    tab.draft.set("energy.threshold", tab.draft.config.energy.threshold + 5)
    qtbot.waitUntil(lambda: view.planes_message.text().startswith("Evaluating"), timeout=10_000)
    tab.draft.undo()
    qtbot.waitUntil(lambda: view._pages.currentIndex() == 1 and view.slider.isEnabled(), timeout=5000)
    gate.set()


def test_what_was_stopped_says_so_to_whoever_comes_back(tab, qtbot, monkeypatch):
    gate, view = threading.Event(), tab.field_view
    monkeypatch.setattr(tab.field._work, "setup", lambda config, progress: held(gate, progress))
    seen, set_setup = [], view.set_setup
    monkeypatch.setattr(view, "set_setup", lambda setup, words="": (seen.append(words), set_setup(setup, words)))
    for model in ("pt11_bss_halo", "jf12"):
        tab.draft.set("field.model", model)
        qtbot.waitUntil(lambda model=model: evaluation(tab, model) is not None, timeout=30_000)
        assert view.planes_message.text() == f"Evaluating {label_of('field.model', model)}…"
    assert not any("Stopped" in text for text in seen)  # it was not: another field is evaluated in its place
    tab.jobs.cancel(evaluation(tab, "jf12"))
    assert "F5" in view.planes_message.text()
    tab.draft.set("field.model", "jf12_regular")
    qtbot.waitUntil(lambda: view._pages.currentIndex() == 1, timeout=10_000)
    tab.draft.set("field.model", "jf12")
    qtbot.waitUntil(lambda: view._pages.currentIndex() == 0 and "F5" in view.planes_message.text(), timeout=10_000)


def test_imported_lens_has_no_planes(tab, qtbot):
    view = tab.field_view
    tab.draft.set_many({"field.model": "imported", "field.file": "/nowhere"})
    message = view.planes_message
    qtbot.waitUntil(lambda: message.isVisible() and "no field at points" in message.text(), timeout=10_000)
    assert not view.planes["xy"].isVisible()
    assert "no field at points" in view.map._empty
    tab.draft.undo()
    qtbot.waitUntil(lambda: view.planes["xy"].isVisible(), timeout=10_000)


def test_of_averaged_fields_the_first_is_shown_and_named(tab, qtbot, tmp_path):
    view, setup = tab.field_view, tab.field.setup
    assert not view.field_words.isVisible()
    tab.draft.set("field.ensemble", ("none",))
    qtbot.waitUntil(view.field_words.isVisible, timeout=5000)
    qtbot.waitUntil(lambda: tab.controller.is_current and tab.field.images is not None, timeout=30_000)
    for kind in ("magnification", "deflection", "images"):
        click(qtbot, view.kinds.button(kind))
        assert view.field_words.isVisible()
    assert view.field_words.text() == "Planes, maps, images and rays show the first of 2 fields averaged: jf12_regular"
    assert tab.field.setup is setup  # the same field as before: nothing is computed again
    through_jf12 = tab.field.images.statistics
    tab.exports.write("field_csv", str(tmp_path / "field.csv"))
    qtbot.waitUntil((tmp_path / "field_images.csv").exists, timeout=20_000)
    assert "(first of 2 fields averaged: jf12_regular)" in (tmp_path / "field_images.csv").read_text().splitlines()[0]
    tab.draft.set("field.weights", (0.0, 1.0))
    qtbot.waitUntil(lambda: tab.field.setup is not None and tab.field.setup is not setup, timeout=20_000)
    qtbot.waitUntil(lambda: tab.controller.is_current and tab.field.images is not None, timeout=60_000)
    assert not view.field_words.isVisible() and np.nanmax(view.planes["xy"].plane.strength) == 0
    np.testing.assert_allclose(tab.field.images.statistics.magnification, 1, atol=0.1)
    assert abs(through_jf12.magnification - 1).max() > 0.3


def test_the_shown_field_is_that_of_a_run_without_average():
    single = with_values(RunConfig(), {"field.model": "jf12", "field.realisation": 2})
    several = with_values(single, {"field.realisations": 3, "field.ensemble": ("jf12_regular",)})
    assert state.which_of_several(several) == "first of 4 fields averaged: jf12, realisation 2"
    assert state.which_of_several(single) == ""
    assert state.shown_field(several) == state.shown_field(single) == single.field
    assert state.field_key(several) == state.field_key(single) != state.field_key(with_values(single, {"field.realisation": 3}))


def test_with_two_sources_the_images_of_either_can_be_seen(tab, qtbot):
    view = tab.field_view
    assert not view.source_box.isVisible() and view.images_heading.text() == "IMAGES OF CEN A"
    tab.draft.set("sources.names", ("Cen A", "M82"))
    qtbot.waitUntil(lambda: view.source_box.isVisible(), timeout=10_000)
    view.source_box.setCurrentIndex(1)
    view.source_box.activated.emit(1)
    assert tab.field.source.name == "M82"
    qtbot.waitUntil(lambda: tab.field.images is not None, timeout=30_000)
    assert tab.field.images.statistics.name == "M82"
    view.source_box.setCurrentIndex(0)
    view.source_box.activated.emit(0)
    qtbot.waitUntil(lambda: tab.field.images is not None, timeout=30_000)
    assert tab.field.images.statistics.name == "Cen A"


def test_exports_hold_what_is_on_screen(tab, qtbot, tmp_path):
    click_sky(qtbot, tab.field_view, 60.0, -40.0)
    qtbot.waitUntil(lambda: bool(tab.field.rays), timeout=20_000)
    tab.exports.write("field_csv", str(tmp_path / "field.csv"))
    parts = ("planes", "deflection", "images", "rays")
    qtbot.waitUntil(lambda: all((tmp_path / f"field_{part}.csv").exists() for part in parts), timeout=20_000)
    rows = list(csv.DictReader(line for line in (tmp_path / "field_deflection.csv").open() if line[0] != "#"))
    np.testing.assert_allclose([float(row["deflection_deg"]) for row in rows], tab.field.sky.values)
    tab.exports.write("field_pdf", str(tmp_path / "field.pdf"))
    parts = ("planes", "deflection", "images")
    qtbot.waitUntil(lambda: all((tmp_path / f"field_{part}.pdf").exists() for part in parts), timeout=60_000)


def test_colours_follow_the_theme(tab, qtbot):
    diagram = tab.field_view.planes["xy"]
    dark = diagram.grab().toImage()
    theme.set_theme(theme.LIGHT)
    qtbot.waitUntil(lambda: diagram.grab().toImage() != dark, timeout=5000)
    theme.set_theme(theme.DARK)


def test_arrivals_of_a_magnification_pixel_leave_in_it(tmp_path):
    deflection = deflection_map(galactic_field("jf12_regular"), 20.0, NSIDE, cache=tmp_path)
    sky = SkyOfField(deflection, magnification_map(deflection, 2))
    for pixel in range(48):
        arrivals = sky.arrivals(pixel)
        assert len(arrivals) == min(sky.magnification.rays[pixel], state.RAYS_TO_A_PIXEL)
        rows = vector_pixels(NSIDE, arrivals) if len(arrivals) else []
        assert all(vector_pixels(2, deflection.exit_direction[rows]) == pixel) if len(arrivals) else True


def test_bytes_of_maps_are_counted(tmp_path):
    deflection = deflection_map(galactic_field("jf12_regular"), 20.0, NSIDE, cache=tmp_path)
    sky = SkyOfField(deflection, magnification_map(deflection, 2))
    assert n_bytes(sky) == deflection.exit_direction.nbytes + sky.magnification.rays.nbytes
    assert n_bytes(SkyOfField(deflection).values) == deflection.angle.nbytes
    matrix = csr_array(np.eye(50))
    assert n_bytes({"a": matrix, "b": "text"}) == matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes


def test_the_field_of_another_run_is_let_go(tab, qtbot):
    work, other = tab.field._work, with_values(tab.draft.config, {"field.model": "pt11_ass_halo"})
    assert work._galaxy.name == "jf12_regular"
    work.forget_others(tab.draft.config)
    assert work._galaxy is not None
    work.forget_others(other)
    assert work._galaxy is None


def test_slider_and_rays_cost_the_window_little(tab, qtbot):
    """Processor time of the window's thread, painting included, for each step of the animation."""
    view = tab.field_view
    click(qtbot, view.kinds.button("images"))
    view.slider.setValue(60)
    qtbot.wait(300)
    started = time.thread_time()
    for position in range(59, 39, -1):
        view.slider.setValue(position)
        view.repaint()
        view.map.viewport().repaint()
    assert (time.thread_time() - started) / 20 < 0.1  # two paintings a step, on a busy machine
    click_sky(qtbot, view, 60.0, -40.0)
    qtbot.waitUntil(lambda: bool(tab.field.rays), timeout=20_000)
    costs = []
    for _ in range(5):
        started = time.thread_time()
        view.set_rays(tab.field.rays * MOST_RAYS)
        costs.append(time.thread_time() - started)
    assert min(costs) < 0.08  # 0.03 to 0.05 alone; other tests share the core


def test_small_window_shows_everything(tab, qtbot):
    tab.resize(1280, 800)
    qtbot.wait(100)
    view = tab.field_view
    for widget in (view.kinds, view.slider, view.play_button, view.map, *view.planes.values(), *view.curves.values()):
        corner = widget.mapTo(tab, QPoint(widget.width(), widget.height()))
        assert corner.x() <= tab.width() and corner.y() <= tab.height()
        assert widget.width() >= widget.minimumWidth() and widget.height() > 15
    assert with_values(tab.draft.config, {}) == tab.draft.config


def test_a_field_that_was_cancelled_while_it_was_drawn_is_not_kept(monkeypatch):
    """It may hold 134 MB, and nobody could let it go: the lock was taken when the run changed."""
    from zevatron.core import galactic_field as package
    from zevatron.core.errors import CancelledError

    drawing, release, faults = threading.Event(), threading.Event(), []

    def slow(field):
        drawing.set()
        release.wait(20)
        return galactic_field(field.model)

    def work():
        try:
            fields.setup(with_values(RunConfig(), {"field.model": "jf12_regular"}), progress)
        except CancelledError as fault:
            faults.append(fault)

    monkeypatch.setattr(package, "galactic_field", slow)
    fields, progress = state.FieldWork(), Progress()
    thread = threading.Thread(target=work)
    thread.start()
    drawing.wait(20)
    progress.cancel()
    fields.forget_others(RunConfig())
    release.set()
    thread.join(20)
    assert len(faults) == 1 and fields._galaxy is None and fields._key is None
