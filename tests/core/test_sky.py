import healpy as hp
import numpy as np
import pytest

from zevatron.core.errors import InputError
from zevatron.core.sky import (
    FRAMES,
    angular_distance,
    check_nside,
    equatorial_to_galactic,
    frame_rotation,
    galactic_to_equatorial,
    lonlat,
    nside_of,
    pixel_vectors,
    unit_vectors,
    vector_pixels,
)


def test_longitude_and_latitude_are_the_inverse_of_unit_vectors(rng):
    glon, glat = rng.uniform(0, 360, 1000), rng.uniform(-90, 90, 1000)
    assert np.allclose(lonlat(unit_vectors(glon, glat)), (glon, glat))


def test_longitude_never_reaches_360():
    glon, _ = lonlat(np.array([[1.0, -1e-300, 0.0], [1.0, -1e-17, 0.0], [1.0, 0.0, 0.0]]))
    assert np.all((glon >= 0) & (glon < 360))


@pytest.mark.parametrize("nside", [1, 2, 8, 8192])
def test_resolution_is_the_inverse_of_the_number_of_pixels(nside):
    assert nside_of(hp.nside2npix(nside)) == nside


@pytest.mark.parametrize("npix", [-12, 0, 11, 13, 100, 108])
def test_other_numbers_of_pixels_are_refused(npix):
    with pytest.raises(InputError):
        nside_of(npix)


@pytest.mark.parametrize("nside", [1, 2, 8, 64])
def test_pixel_centres_map_back_to_their_pixel(nside):
    ipix = np.arange(hp.nside2npix(nside))
    assert np.array_equal(vector_pixels(nside, pixel_vectors(nside)), ipix)
    assert np.allclose(pixel_vectors(nside), np.transpose(hp.pix2vec(nside, ipix, nest=True)))


def test_angular_distance_is_accurate_for_tiny_and_opposite_directions():
    a = unit_vectors(30.0, 40.0)
    assert angular_distance(a, unit_vectors(30.0, 40.0 + 1e-9)) == pytest.approx(1e-9, rel=1e-5)
    assert angular_distance(a, -a) == pytest.approx(180.0)


def test_frames_are_inverse_and_put_the_galactic_poles_where_they_belong():
    # J2000 north Galactic pole and Galactic centre: Reid & Brunthaler, ApJ 616 (2004) 872
    glon, glat = equatorial_to_galactic(192.85948, 27.12825)
    assert glat == pytest.approx(90.0, abs=1e-4)
    glon, glat = equatorial_to_galactic(266.40499, -28.93617)
    assert min(glon, 360 - glon) < 1e-4 and abs(glat) < 1e-4
    ra, dec = galactic_to_equatorial(*equatorial_to_galactic(123.4, -56.7))
    assert (ra, dec) == (pytest.approx(123.4), pytest.approx(-56.7))


@pytest.mark.parametrize("nside", [0, 3, -1, 2.5, 16384])
def test_nside_must_be_a_power_of_two(nside):
    with pytest.raises(InputError, match="power of two"):
        check_nside(nside)


@pytest.mark.parametrize("frame", FRAMES)
def test_frames_are_those_of_astropy(frame, rng):
    from astropy.coordinates import SkyCoord

    glon, glat = rng.uniform(0, 360, 50), np.degrees(np.arcsin(rng.uniform(-1, 1, 50)))
    expected = SkyCoord(glon, glat, unit="deg", frame="galactic").transform_to(FRAMES[frame]).cartesian.xyz.value.T
    rotation = frame_rotation(frame)
    np.testing.assert_allclose(unit_vectors(glon, glat) @ rotation.T, expected, atol=1e-12)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_the_supergalactic_pole_and_origin_lie_where_they_are_defined():
    pole, origin = frame_rotation("supergalactic")[2], frame_rotation("supergalactic")[0]
    np.testing.assert_allclose(lonlat(pole), (47.37, 6.32), atol=1e-6)
    np.testing.assert_allclose(lonlat(origin), (137.37, 0.0), atol=1e-6)


def test_an_unknown_frame_is_refused():
    with pytest.raises(InputError, match="galactic, equatorial, supergalactic"):
        frame_rotation("ecliptic")
