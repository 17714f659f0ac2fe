"""The Mollweide projection of the Galactic sky, seen from inside: longitude grows to the left.

Plane coordinates are those of healpy: x from -2 (l = 180 degrees, left limb) to 2, y from -1 to 1.

    x = -(2 / pi) l cos t,    y = sin t,    2 t + sin 2t = pi sin b        (l from -180 to 180 degrees)

(Snyder, USGS Professional Paper 1395, 1987, eqs. 31-1 to 31-4, scaled by sqrt 2.) The way back, needed for every
point of a picture, is in closed form. No Qt here, and healpy only where pixels are asked for.
"""

import functools
from typing import NamedTuple

import numpy as np

NEWTON_STEPS = 12
MERIDIANS = tuple(range(-180, 181, 60))
PARALLELS = tuple(range(-60, 61, 30))


def project(glon, glat):
    """Turn Galactic longitude and latitude in degrees, shape (...,), into plane coordinates x and y, shape (...,)."""
    lon = (np.asarray(glon, float) + 180.0) % 360.0 - 180.0
    target = np.pi * np.sin(np.radians(np.asarray(glat, float)))
    angle = _auxiliary_angle(target)
    return -lon / 90.0 * np.cos(angle), np.sin(angle)


def _auxiliary_angle(target):
    """Solve ``2 t + sin 2t = target`` by Newton's method from the cube-root law that holds near the poles."""
    target = np.clip(target, -np.pi, np.pi)
    # near a pole t = pi/2 - d with 4 d^3 / 3 = pi - target
    angle = np.sign(target) * (np.pi / 2 - np.cbrt(0.75 * (np.pi - np.abs(target))))
    for _ in range(NEWTON_STEPS):
        slope = 2 + 2 * np.cos(2 * angle)
        step = np.divide(2 * angle + np.sin(2 * angle) - target, slope, out=np.zeros_like(angle), where=slope > 1e-12)
        angle = np.clip(angle - step, -np.pi / 2, np.pi / 2)
    return angle


def unproject(x, y):
    """Turn plane coordinates, shape (...,), into longitude [0, 360) and latitude in degrees; nan off the sky."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        angle = np.arcsin(y)
        glat = np.degrees(np.arcsin((2 * angle + np.sin(2 * angle)) / np.pi))
        lon = -90.0 * x / np.maximum(np.cos(angle), 1e-6)
        on_sky = x * x / 4 + y * y <= 1.0 + 1e-12
    return np.where(on_sky, lon % 360.0, np.nan), np.where(on_sky, glat, np.nan)


def picture_plane(width, height):
    """Plane coordinates of the pixel centres of a picture, row 0 on top: x of shape (width,), y of shape (height,)."""
    x = -2.0 + 4.0 * (np.arange(width) + 0.5) / width
    y = 1.0 - 2.0 * (np.arange(height) + 0.5) / height
    return x, y


def lookup_table(nside, width, height):
    """HEALPix pixel behind each point of a picture of the whole sky.

    Points outside the ellipse repeat its edge, so that a smooth outline can be laid over the picture.

    Parameters
    ----------
    nside : int
    width, height : int
        Size of the picture that spans the projection, device pixels.

    Returns
    -------
    ndarray of int32, shape (height, width)
        NESTED pixels, row 0 on top.
    """
    from ...core.sky import vector_pixels

    x, y = picture_plane(width, height)
    angle = np.arcsin(y)
    sin_glat = (2 * angle + np.sin(2 * angle)) / np.pi
    cos_glat = np.sqrt(1 - sin_glat**2)
    longitude = -np.pi / 2 * np.clip(x / np.cos(angle)[:, None], -2 + 1e-9, 2 - 1e-9)
    vectors = np.empty((height, width, 3))
    vectors[..., 0] = cos_glat[:, None] * np.cos(longitude)
    vectors[..., 1] = cos_glat[:, None] * np.sin(longitude)
    vectors[..., 2] = sin_glat[:, None]
    return vector_pixels(nside, vectors).astype(np.int32)


def pixel_at(nside, x, y):
    """NESTED pixel at one point of the plane, or None off the sky."""
    from ...core.sky import unit_vectors, vector_pixels

    glon, glat = unproject(x, y)
    return None if np.isnan(glon) else int(vector_pixels(nside, unit_vectors(glon, glat)))


def pixel_centre(nside, ipix):
    """Galactic longitude and latitude in degrees of the centre of a NESTED pixel."""
    from ...core.sky import lonlat, pixel_vectors

    glon, glat = lonlat(pixel_vectors(nside, ipix))
    return float(glon), float(glat)


class Curve(NamedTuple):
    """A line of the graticule: plane coordinates, shape (n,)."""

    x: np.ndarray
    y: np.ndarray


@functools.cache
def graticule(meridians=MERIDIANS, parallels=PARALLELS):
    """Curves of the inner meridians and of the parallels, degrees; the limb is :func:`outline`."""
    glat = np.linspace(-90, 90, 61)
    curves = [Curve(*project(np.full_like(glat, lon), glat)) for lon in meridians if abs(lon) < 180]
    for lat in parallels:
        edge, y = project(-179.999999, lat)
        curves.append(Curve(np.array([-edge, edge]), np.array([y, y])))
    return tuple(curves)


@functools.cache
def graticule_ends(parallels=PARALLELS):
    """Latitude of each parallel, and x and y of its left end."""
    return tuple((lat, *map(float, project(179.999999, lat))) for lat in parallels)


@functools.cache
def equatorial_matrix():
    """Rotation from Galactic to equatorial (ICRS) unit vectors, shape (3, 3); loads astropy the first time."""
    from ...core.sky import galactic_to_equatorial, unit_vectors

    return unit_vectors(*galactic_to_equatorial(np.array([0.0, 90.0, 0.0]), np.array([0.0, 0.0, 90.0]))).T


def equatorial(glon, glat, matrix):
    """Right ascension and declination in degrees of one direction, by :func:`equatorial_matrix`."""
    from ...core.sky import lonlat, unit_vectors

    ra, dec = lonlat(matrix @ unit_vectors(glon, glat))
    return float(ra), float(dec)
