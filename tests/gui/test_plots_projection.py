"""The Mollweide projection against its laws and against healpy's own."""

import healpy as hp
import numpy as np
import pytest
from healpy.projector import MollweideProj
from hypothesis import given
from hypothesis import strategies as st

from zevatron.core.sky import galactic_to_equatorial
from zevatron.gui.plots.projection import (
    equatorial,
    equatorial_matrix,
    graticule,
    lookup_table,
    picture_plane,
    pixel_at,
    pixel_centre,
    project,
    unproject,
)


def test_longitude_grows_to_the_left_and_latitude_upwards():
    x, y = project(60.0, 30.0)
    assert x < 0 < y
    x, y = project(300.0, -30.0)
    assert y < 0 < x


@given(st.floats(0, 359.999), st.floats(-89.9, 89.9))
def test_the_way_back_is_the_inverse(glon, glat):
    back = unproject(*project(glon, glat))
    away = (back[0] - glon + 180) % 360 - 180
    assert abs(away) * np.cos(np.radians(glat)) < 1e-6
    assert abs(back[1] - glat) < 1e-6


@pytest.mark.parametrize(("glat", "y"), [(90, 1), (-90, -1), (0, 0)])
def test_poles_and_equator(glat, y):
    assert project(123.0, glat)[1] == pytest.approx(y, abs=1e-12)


def test_off_the_sky_there_is_no_direction():
    assert np.isnan(unproject(1.9, 0.9)).all()
    assert pixel_at(8, -1.9, -0.9) is None


def test_the_projection_of_healpy_agrees_to_its_own_interpolation(rng):
    glon, glat = rng.uniform(0, 360, 2000), np.degrees(np.arcsin(rng.uniform(-0.999, 0.999, 2000)))
    x, y = project(glon, glat)
    their_x, their_y = MollweideProj().ang2xy(glon, glat, lonlat=True)  # theirs interpolates from degree to degree
    np.testing.assert_allclose(np.hypot(x - their_x, y - their_y), 0, atol=0.025)
    np.testing.assert_allclose(np.median(np.hypot(x - their_x, y - their_y)), 0, atol=2e-4)


@pytest.mark.parametrize(("nside", "width", "height"), [(1, 64, 32), (32, 402, 201), (64, 150, 75)])
def test_the_table_holds_the_pixels_that_healpy_sees(nside, width, height):
    x, y = np.meshgrid(*picture_plane(width, height))
    vectors = np.asarray(MollweideProj().xy2vec(x, y))
    on_sky = np.isfinite(vectors).all(axis=0)
    expected = hp.vec2pix(nside, *vectors[:, on_sky], nest=True)
    found = lookup_table(nside, width, height)[on_sky]
    differing = found != expected  # where a point lies on the border of two pixels, rounding decides
    assert differing.mean() < 1e-3
    for ours, theirs in zip(found[differing], expected[differing], strict=True):
        assert ours in hp.get_all_neighbours(nside, theirs, nest=True)


def test_outside_the_sky_the_table_repeats_the_edge():
    table = lookup_table(4, 200, 100)
    middle = table[50]
    assert table.min() >= 0
    assert table.max() < 12 * 4**2
    assert pixel_centre(4, int(middle[0]))[0] == pytest.approx(180, abs=25)


def test_equal_areas_of_sky_take_equal_areas_of_the_picture():
    width, height = 800, 400
    x, y = np.meshgrid(*picture_plane(width, height))
    inside = x**2 / 4 + y**2 < 1
    counts = np.bincount(lookup_table(2, width, height)[inside], minlength=48)
    np.testing.assert_allclose(counts / counts.mean(), 1, atol=0.02)


def test_pixels_map_back_to_themselves():
    for ipix in range(12 * 8**2):
        assert pixel_at(8, *project(*pixel_centre(8, ipix))) == ipix


def test_right_ascension_and_declination_are_those_of_astropy(rng):
    matrix = equatorial_matrix()
    for glon, glat in zip(rng.uniform(0, 360, 20), rng.uniform(-85, 85, 20), strict=True):
        np.testing.assert_allclose(equatorial(glon, glat, matrix), galactic_to_equatorial(glon, glat), atol=1e-6)


def test_the_graticule_stays_on_the_sky():
    curves = graticule()
    assert len(curves) == 10
    for curve in curves:
        assert np.all(curve.x**2 / 4 + curve.y**2 <= 1 + 1e-9)
