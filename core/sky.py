"""Directions and pixels: decided once, here.

Directions are Galactic unit vectors: +x to the Galactic centre (l = 0), +y to
l = 90 degrees, +z to the north Galactic pole. Pixels inside Zevatron are
HEALPix in NESTED order (the four children of a pixel are neighbours in
memory, which pooling and refinement use); files say their own ordering.
Other frames are for people: :func:`frame_rotation` turns Galactic vectors
into theirs.
"""

import functools
import math

import numpy as np

from .errors import InputError

ORDERING = "NESTED"
FRAMES = {"galactic": "galactic", "equatorial": "icrs", "supergalactic": "supergalactic"}  # names of ours: of astropy


def check_nside(nside, path=None):
    """Return ``nside`` as an int.

    Raises
    ------
    InputError
        If it is not a power of two between 1 and 8192.
    """
    value = int(nside)
    if value != nside or not 1 <= value <= 8192 or value & (value - 1):
        raise InputError(f"expected a power of two from 1 to 8192, received {nside!r}", path)
    return value


def nside_of(npix):
    """Return the resolution of maps with ``npix`` pixels.

    Raises
    ------
    InputError
        If no HEALPix map of a power of two has so many.
    """
    nside = math.isqrt(max(npix, 0) // 12)
    if 12 * nside**2 != npix:
        raise InputError(f"{npix} pixels are no HEALPix map")
    return check_nside(nside)


def unit_vectors(glon, glat):
    """Turn longitude and latitude in degrees, shape (...,), into unit vectors, shape (..., 3)."""
    lon, lat = np.radians(glon), np.radians(glat)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def lonlat(vectors):
    """Turn vectors, shape (..., 3), of any length into longitude [0, 360) and latitude in degrees."""
    x, y, z = np.moveaxis(np.asarray(vectors), -1, 0)
    glon = np.degrees(np.arctan2(y, x)) % 360.0
    return np.where(glon == 360.0, 0.0, glon), np.degrees(np.arctan2(z, np.hypot(x, y)))


def angular_distance(a, b):
    """Angle in degrees between unit vectors, shapes (..., 3), accurate for small angles too."""
    return np.degrees(2 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1)))


def equatorial_to_galactic(ra, dec):
    """Turn ICRS right ascension and declination into Galactic longitude and latitude, all in degrees."""
    from astropy.coordinates import SkyCoord

    galactic = SkyCoord(ra, dec, unit="deg", frame="icrs").galactic
    return galactic.l.deg, galactic.b.deg


def galactic_to_equatorial(glon, glat):
    """Turn Galactic longitude and latitude into ICRS right ascension and declination, all in degrees."""
    from astropy.coordinates import SkyCoord

    icrs = SkyCoord(glon, glat, unit="deg", frame="galactic").icrs
    return icrs.ra.deg, icrs.dec.deg


@functools.cache
def frame_rotation(frame):
    """Rotation from Galactic to another frame: ``vectors @ frame_rotation(frame).T`` are unit vectors of that frame.

    Equatorial is ICRS (right ascension, declination); supergalactic is that of de Vaucouleurs et al., Third Reference
    Catalogue of Bright Galaxies (1991): pole at l = 47.37 degrees, b = 6.32 degrees. Both by astropy, which is loaded the
    first time.

    Parameters
    ----------
    frame : str
        Key of :data:`FRAMES`.

    Returns
    -------
    ndarray, shape (3, 3)

    Raises
    ------
    InputError
        If there is no such frame.
    """
    if frame not in FRAMES:
        raise InputError(f"expected a frame out of {', '.join(FRAMES)}, received {frame!r}")
    if frame == "galactic":
        rotation = np.eye(3)
    else:
        from astropy.coordinates import SkyCoord

        axes = SkyCoord([0.0, 90.0, 0.0], [0.0, 0.0, 90.0], unit="deg", frame="galactic").transform_to(FRAMES[frame])
        rotation = axes.cartesian.xyz.value.copy()
    rotation.flags.writeable = False
    return rotation


def pixel_vectors(nside, ipix=None):
    """Unit vectors, shape (n, 3), of the centres of NESTED pixels (all of them by default)."""
    import healpy as hp  # slow to load: not before a pixel is asked for

    ipix = np.arange(hp.nside2npix(nside)) if ipix is None else ipix
    return np.stack(hp.pix2vec(nside, ipix, nest=True), axis=-1)


def vector_pixels(nside, vectors):
    """NESTED pixels, shape (...,), that contain the directions ``vectors``, shape (..., 3)."""
    import healpy as hp

    return hp.vec2pix(nside, *np.moveaxis(np.asarray(vectors), -1, 0), nest=True)
