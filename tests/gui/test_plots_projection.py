"""The projections against their laws, against healpy's own and against astropy's frames."""

import healpy as hp
import numpy as np
import pytest
from healpy.projector import GnomonicProj, MollweideProj, OrthographicProj
from hypothesis import given
from hypothesis import strategies as st

from zevatron.core.sky import (
    FRAMES,
    angular_distance,
    frame_rotation,
    lonlat,
    pixel_vectors,
    unit_vectors,
    vector_pixels,
)
from zevatron.gui.plots.projection import WHOLE_SKY, Projection, pixel_centre

CEN_A = (309.5, 19.4)
PROJECTIONS = [Projection(kind, frame, CEN_A, 50.0) for kind in ("mollweide", "globe", "zoom") for frame in FRAMES]
projections = pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda p: f"{p.kind}-{p.frame}")


def random_vectors(rng, n=2000):
    vectors = rng.normal(size=(n, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@projections
def test_longitude_grows_to_the_left_and_latitude_upwards(projection):
    lon, lat = projection.frame_centre

    def place(dlon, dlat):
        return projection.project(unit_vectors(lon + dlon, lat + dlat) @ frame_rotation(projection.frame))

    assert np.hypot(*place(0, 0)) < 1e-9
    assert place(4, 0)[0] < -0.01 and place(-4, 0)[0] > 0.01
    assert place(0, 4)[1] > 0.01 and place(0, -4)[1] < -0.01


@projections
def test_the_way_back_is_the_inverse(projection, rng):
    vectors = random_vectors(rng)
    u, v = projection.place(vectors)
    seen = np.isfinite(u)
    assert seen.any() and np.array_equal(seen, np.isfinite(v))
    np.testing.assert_allclose(projection.unproject(u[seen], v[seen]), vectors[seen], atol=2e-7)
    share = {"mollweide": 1.0, "globe": 0.5}.get(projection.kind)
    if share:
        assert seen.mean() == pytest.approx(share, abs=0.04)


@given(st.floats(-0.999, 0.999), st.floats(-0.999, 0.999))
def test_every_point_on_the_sky_is_a_direction_and_no_other_one(u, v):
    for projection in PROJECTIONS[::3]:
        vector = projection.unproject(u, v)
        if projection.is_round and u * u + v * v > 1:
            assert np.isnan(vector).all()
        else:
            assert np.linalg.norm(vector) == pytest.approx(1)
            assert np.hypot(*(np.array(projection.project(vector)) - (u, v))) < 1e-6


@pytest.mark.parametrize(("glat", "v"), [(90, 1), (-90, -1), (0, 0)])
def test_poles_and_equator(glat, v):
    assert WHOLE_SKY.project(unit_vectors(123.0, glat))[1] == pytest.approx(v, abs=1e-12)


def test_the_mollweide_projection_of_healpy_agrees_to_its_own_interpolation(rng):
    vectors = random_vectors(rng)
    u, v = WHOLE_SKY.project(vectors)
    their_x, their_y = MollweideProj().vec2xy(*vectors.T)  # theirs interpolates from degree to degree
    away = np.hypot(2 * u - their_x, v - their_y)
    assert away.max() < 0.025 and np.median(away) < 2e-4


def test_globe_and_zoom_are_those_of_healpy(rng):
    vectors = random_vectors(rng)
    globe, zoom = Projection("globe", centre=CEN_A), Projection("zoom", centre=CEN_A, width=60.0)
    theirs = OrthographicProj(rot=CEN_A, half_sky=True).vec2xy(*vectors.T)
    near = vectors @ unit_vectors(*CEN_A) > 0.1
    np.testing.assert_allclose(np.array(globe.project(vectors))[:, near], np.array(theirs)[:, near], atol=1e-9)
    theirs = np.array(GnomonicProj(rot=CEN_A).vec2xy(*vectors.T))[:, near] / np.tan(np.radians(30))
    u, v = np.array(zoom.project(vectors))[:, near]
    np.testing.assert_allclose((u, v / 2), theirs, atol=1e-9)


def test_a_zoom_is_as_wide_as_it_says():
    zoom = Projection("zoom", "equatorial", CEN_A, 24.0)
    left, right = zoom.unproject(np.array([-1.0, 1.0]), np.zeros(2))
    assert angular_distance(left, right) == pytest.approx(24.0)


@pytest.mark.parametrize(("nside", "width", "height"), [(1, 64, 32), (32, 402, 201), (64, 150, 75)])
def test_the_table_holds_the_pixels_that_healpy_sees(nside, width, height):
    u, v = -1 + 2 * (np.arange(width) + 0.5) / width, 1 - 2 * (np.arange(height) + 0.5) / height
    x, y = np.meshgrid(2 * u, v)
    vectors = np.asarray(MollweideProj().xy2vec(x, y))
    on_sky = np.isfinite(vectors).all(axis=0)
    expected = hp.vec2pix(nside, *vectors[:, on_sky], nest=True)
    found = WHOLE_SKY.lookup_table(nside, width, height)[on_sky]
    differing = found != expected  # where a point lies on the border of two pixels, rounding decides
    assert differing.mean() < 1e-3
    for ours, theirs in zip(found[differing], expected[differing], strict=True):
        assert ours in hp.get_all_neighbours(nside, theirs, nest=True)


@projections
def test_a_table_holds_the_pixel_under_each_point(projection):
    table = projection.lookup_table(16, 80, 40)
    assert table.min() >= 0 and table.max() < 12 * 16**2
    for row in range(0, 40, 3):
        for column in range(0, 80, 3):
            pixel = projection.pixel_at(16, -1 + 2 * (column + 0.5) / 80, 1 - 2 * (row + 0.5) / 40)
            assert pixel is None or pixel == table[row, column]


def test_outside_the_sky_the_table_repeats_the_edge():
    table = WHOLE_SKY.lookup_table(4, 200, 100)
    assert pixel_centre(4, int(table[50, 0]))[0] == pytest.approx(180, abs=25)
    globe = Projection("globe", centre=(0.0, 0.0)).lookup_table(8, 100, 100)
    corner = pixel_vectors(8, [globe[0, 0]])[0]
    assert abs(corner[0]) < 0.15 and corner[1] > 0.5 < corner[2]


def test_equal_areas_of_sky_take_equal_areas_of_the_picture():
    width, height = 800, 400
    table = WHOLE_SKY.lookup_table(2, width, height)
    x, y = np.meshgrid((np.arange(width) + 0.5) / width * 2 - 1, (np.arange(height) + 0.5) / height * 2 - 1)
    counts = np.bincount(table[x**2 + y**2 < 1], minlength=48)
    np.testing.assert_allclose(counts / counts.mean(), 1, atol=0.02)


def test_pixels_map_back_to_themselves():
    vectors = pixel_vectors(8)
    found = [WHOLE_SKY.pixel_at(8, *WHOLE_SKY.project(vector)) for vector in vectors]
    assert found == list(range(len(vectors)))


@pytest.mark.parametrize("frame", FRAMES)
def test_every_frame_has_its_north_up_and_its_middle_in_the_middle(frame):
    projection = Projection(frame=frame)
    np.testing.assert_allclose(projection.project(frame_rotation(frame)[2]), (0, 1), atol=1e-9)
    middle = lonlat(frame_rotation(frame) @ projection.unproject(0.0, 0.0))
    assert (middle[0] - (180.0 if frame == "equatorial" else 0.0) + 180) % 360 == pytest.approx(180)
    assert middle[1] == pytest.approx(0)


@pytest.mark.parametrize("kind", ["globe", "zoom"])
@pytest.mark.parametrize("frame", FRAMES)
def test_a_drag_takes_the_sky_along(kind, frame):
    before = Projection(kind, frame, CEN_A, 40.0)
    after = before.turned(0.05, -0.08)
    was = before.unproject(0.0, 0.0)
    u, v = after.project(was)
    assert u == pytest.approx(0.05, abs=0.005)
    assert v == pytest.approx(-0.08, abs=0.005)


def test_a_drag_stops_at_the_poles_and_a_zoom_at_its_bounds():
    globe = Projection("globe")
    for _ in range(10):
        globe = globe.turned(0.0, -0.5)
    assert globe.frame_centre[1] == pytest.approx(90)
    assert Projection("zoom", width=3.0).zoomed(0.1).width == 2.0
    assert Projection("zoom", width=100.0).zoomed(10).width == 120.0


@projections
def test_the_graticule_lies_on_whole_degrees_and_its_labels_on_the_graticule(projection):
    u, v = projection.graticule()
    seen = np.isfinite(u) & (np.abs(u) < 0.999) & (np.abs(v) < 0.999)
    lon, lat = lonlat(projection.unproject(u[seen], v[seen]) @ frame_rotation(projection.frame).T)
    away = np.minimum(np.abs(lon - np.round(lon)) * np.cos(np.radians(lat)), np.abs(lat - np.round(lat)))
    away[np.isnan(away)] = 0
    assert away.max() < 1e-3
    labels = projection.labels()
    assert len(labels) >= 4
    for degrees, is_parallel, *place in labels:
        lon, lat = lonlat(frame_rotation(projection.frame) @ projection.unproject(*(0.99999 * np.array(place))))
        assert abs((lat - degrees) if is_parallel else ((lon - degrees + 180) % 360 - 180)) < 0.1


@projections
def test_a_great_circle_is_perpendicular_to_its_pole(projection):
    pole = frame_rotation("supergalactic")[2]
    u, v = projection.great_circle(pole)
    seen = np.isfinite(u) & (np.hypot(u, v) < 0.999)
    assert seen.sum() > 20
    np.testing.assert_allclose(projection.unproject(u[seen], v[seen]) @ pole, 0, atol=1e-6)
    near = (np.abs(u) < 1.01) & (np.abs(v) < 1.01)
    steps = np.hypot(np.diff(u), np.diff(v))[near[1:] & near[:-1]]
    assert steps.max() < 0.1  # no line from one limb to the other


def test_pixels_of_other_frames_are_those_of_galactic_directions():
    projection = Projection("zoom", "equatorial", CEN_A, 10.0)
    assert projection.pixel_at(64, 0.0, 0.0) == vector_pixels(64, unit_vectors(*CEN_A))
