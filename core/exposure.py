r"""How long each direction of the sky was watched, relative to the mean over the sky.

A detector at latitude :math:`a` that runs all day and is fully efficient up to the zenith angle :math:`\theta_m` has

.. math:: \omega(\delta) \propto \cos a \cos\delta \sin\alpha_m + \alpha_m \sin a \sin\delta, \qquad
   \cos\alpha_m = \frac{\cos\theta_m - \sin a \sin\delta}{\cos a \cos\delta},

with :math:`\alpha_m` from 0, where the source never rises so high, to :math:`\pi`, where it never leaves (Sommers, Astropart.
Phys. 14 (2001) 271, astro-ph/0004016). Its mean over the sphere is :math:`\pi \sin^2\theta_m / 4`.
"""

import io
from pathlib import Path

import numpy as np

from .errors import InputError
from .observatory import BOTH, MAP, ORBITS, OWN_SITE, SITES, TELESCOPE_ARRAY, UNIFORM, Site
from .sky import equatorial_to_galactic, pixel_vectors, unit_vectors
from .storage.compressed import chunks, require_plain_fits
from .storage.tables import read_table

OVERSAMPLING = 8  # along a pixel's side: its exposure is the mean over so many times so many directions
FINEST_NSIDE = 512  # beyond which pixels need no division
ORBIT_STEPS = 720
LARGEST_MAP = 256 * 2**20  # bytes of a HEALPix file, unpacked
CURVE_NSIDE = 128  # at which a map is averaged over right ascension
EDGE_PRECISION = 1e-6  # degrees


def declination_exposure(dec, latitude, max_zenith):
    """Relative exposure of a detector on the ground.

    Parameters
    ----------
    dec : ndarray, any shape
        Declination, degrees.
    latitude : float or ndarray
        Degrees.
    max_zenith : float
        Degrees, above 0, up to 90.

    Returns
    -------
    ndarray
        Its mean over the sphere is 1 (Sommers 2001, see above).
    """
    dec, latitude, limit = np.radians(dec), np.radians(latitude), np.radians(max_zenith)
    cosines, sines = np.cos(latitude) * np.cos(dec), np.sin(latitude) * np.sin(dec)
    xi = (np.cos(limit) - sines) / cosines  # the cosine of 90 degrees is small, but not 0
    hour_angle = np.arccos(np.clip(xi, -1, 1))
    return (cosines * np.sin(hour_angle) + hour_angle * sines) / (np.pi * np.sin(limit) ** 2 / 4)


def orbit_exposure(dec, inclination):
    """Relative exposure of a detector on a circular orbit that looks down and sees all showers above the horizon.

    The mean of :func:`declination_exposure` to 90 degrees over the latitudes that the orbit passes, each as long as it does.
    What clouds, the Moon, the length of nights and the efficiency for slanted showers do to it is left out.

    Parameters
    ----------
    dec : ndarray, any shape
        Declination, degrees.
    inclination : float
        Of the orbit, degrees.
    """
    phase = (np.arange(ORBIT_STEPS) + 0.5) * (np.pi / 2 / ORBIT_STEPS)
    latitude = np.degrees(np.arcsin(np.sin(np.radians(inclination)) * np.sin(phase)))
    dec = np.asarray(dec, dtype=float)
    return sum(declination_exposure(dec, sign * place, 90.0) for place in latitude for sign in (1, -1)) / (2 * ORBIT_STEPS)


def exposure_at(observatory, dec):
    """Relative exposure against declination.

    Parameters
    ----------
    observatory : ObservatoryConfig
        Of any exposure that depends on the declination alone: not a HEALPix map.
    dec : ndarray, any shape
        Declination, degrees.

    Returns
    -------
    ndarray
        Its mean over the sphere is 1.

    Raises
    ------
    InputError
        If it is a HEALPix map, or a table that cannot be used.
    """
    kind, dec = observatory.exposure, np.asarray(dec, dtype=float)
    if kind == UNIFORM:
        return np.ones_like(dec)
    if kind in ORBITS:
        grid = np.linspace(-90, 90, 721)
        return np.interp(dec, grid, orbit_exposure(grid, ORBITS[kind]))
    if kind == BOTH:
        parts = ((SITES["auger"], observatory.auger_exposure), (TELESCOPE_ARRAY, observatory.ta_exposure))
        total = sum(weight for _, weight in parts)
        return sum(weight / total * _of_site(site, dec) for site, weight in parts)
    if kind == MAP:
        if _is_healpix(observatory.file):
            raise InputError(f"{observatory.file} is a map of the whole sky, not a function of the declination")
        return _of_table(observatory.file, dec)
    return _of_site(Site(observatory.latitude, observatory.max_zenith) if kind == OWN_SITE else SITES[kind], dec)


def _of_site(site, dec):
    return declination_exposure(dec, site.latitude, site.max_zenith)


def exposure_map(observatory, nside):
    """Relative exposure of each pixel, the mean over the pixel.

    Parameters
    ----------
    observatory : ObservatoryConfig
    nside : int

    Returns
    -------
    ndarray, shape (12 nside^2,)
        NESTED, Galactic coordinates; its mean is 1.

    Raises
    ------
    InputError
        If the file of an exposure cannot be used.
    """
    values = pixel_exposure(observatory, nside, np.arange(12 * nside**2))
    if not values.any():
        raise InputError(f"expected an exposure above 0 somewhere, {observatory.file} has none", "observatory.file")
    return values / values.mean()


def pixel_exposure(observatory, nside, ipix):
    """Exposure of some pixels, the mean over each, in a unit of its own: 0 where nothing is ever seen.

    Parameters
    ----------
    observatory : ObservatoryConfig
    nside : int
    ipix : ndarray of int, shape (n,)
        NESTED, Galactic coordinates.

    Returns
    -------
    ndarray, shape (n,)
    """
    if observatory.exposure == UNIFORM:
        return np.ones(len(ipix))
    parts = max(min(OVERSAMPLING * nside, FINEST_NSIDE), nside) // nside
    fine = (np.asarray(ipix, dtype=np.int64)[:, None] * parts**2 + np.arange(parts**2)).ravel()
    directions = pixel_vectors(parts * nside, fine)
    if observatory.exposure == MAP and _is_healpix(observatory.file):
        values = _of_healpix(observatory.file, directions)
    else:
        values = exposure_at(observatory, declinations(directions))
    return values.reshape(len(ipix), -1).mean(axis=1)


def declination_curve(observatory):
    """Relative exposure against declination, of a HEALPix map its mean over right ascension.

    Returns
    -------
    dec : ndarray, shape (n,)
        Degrees, from -90 to 90.
    exposure : ndarray, shape (n,)
        The mean over the sphere is 1.
    """
    if not (observatory.exposure == MAP and _is_healpix(observatory.file)):
        dec = np.linspace(-90, 90, 721)
        return dec, exposure_at(observatory, dec)
    dec = np.linspace(-89, 89, 90)
    ring = np.round((declinations(pixel_vectors(CURVE_NSIDE)) + 89) / 2).astype(int).clip(0, 89)
    values = exposure_map(observatory, CURVE_NSIDE)
    return dec, np.bincount(ring, values, 90) / np.bincount(ring, minlength=90)


def limiting_declinations(observatory):
    """Declinations that part what is seen from what never is.

    Returns
    -------
    tuple of float
        Degrees, growing; empty where everything is seen, or where sight does not end at a declination (a HEALPix map).
    """
    if observatory.exposure == MAP and _is_healpix(observatory.file):
        return ()
    dec, exposure = declination_curve(observatory)
    edges = np.flatnonzero(np.diff(exposure > 0))
    return tuple(_edge_of_sight(observatory, dec[edge], dec[edge + 1]) for edge in edges)


def _edge_of_sight(observatory, low, high):
    """Halve an interval of declinations, seen at one end, until the edge is known to 1e-6 degrees."""
    is_seen = exposure_at(observatory, low) > 0
    while high - low > EDGE_PRECISION:
        middle = (low + high) / 2
        low, high = (middle, high) if (exposure_at(observatory, middle) > 0) == is_seen else (low, middle)
    return float((low + high) / 2)


def parallel(dec, n=181):
    """Galactic unit vectors around the circle of one declination (degrees), shape (n, 3)."""
    ra, dec = np.linspace(0, 2 * np.pi, n), np.radians(dec)
    own = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.full(n, np.sin(dec))], axis=1)
    first, _, pole = _equatorial_axes()
    return own @ np.stack([first, np.cross(pole, first), pole])


def declinations(directions):
    """Declination in degrees of Galactic unit vectors, shape (..., 3)."""
    return np.degrees(np.arcsin(np.clip(np.asarray(directions) @ _equatorial_axes()[2], -1, 1)))


def _equatorial_axes():
    """Galactic unit vectors of the axes of equatorial coordinates, shape (3, 3)."""
    return unit_vectors(*equatorial_to_galactic(np.array([0.0, 90.0, 0.0]), np.array([0.0, 0.0, 90.0])))


def _is_healpix(path):
    return Path(path).name.lower().endswith((".fits", ".fits.gz", ".fit"))


def _of_table(path, dec):
    """Interpolate a CSV table of dec_deg, exposure; 0 outside its declinations."""
    table = read_table(path)
    grid, values = table.floats("dec_deg"), table.floats("exposure")
    if len(grid) < 2 or np.any(np.diff(grid) <= 0) or np.abs(grid).max() > 90:
        raise InputError(f"{path}: expected two or more declinations dec_deg that grow, from -90 to 90")
    if values.min() < 0 or not values.any():
        raise InputError(f"{path}: expected exposures of at least 0, not all 0, received {values.min():g} to {values.max():g}")
    fine = np.linspace(-90, 90, 18_001)
    weight = np.cos(np.radians(fine))
    mean = np.average(np.interp(fine, grid, values, left=0, right=0), weights=weight)
    return np.interp(dec, grid, values, left=0, right=0) / mean


FRAMES = {"G": False, "GALACTIC": False, "C": True, "EQUATORIAL": True, "ICRS": True}


def _of_healpix(path, directions):
    """Look up a HEALPix map in Galactic directions, shape (n, 3)."""
    import healpy as hp
    from astropy.io import fits

    if not Path(path).is_file():
        raise InputError(f"no file {path}", "observatory.file")
    try:
        content = b"".join(chunks(path, LARGEST_MAP))
        require_plain_fits(content)
        with fits.open(io.BytesIO(content)) as found:
            values, header = hp.read_map(found, h=True, dtype=np.float64)
    except Exception as error:  # astropy and healpy raise many kinds on files that are not maps
        raise InputError(f"cannot read {path} as a HEALPix map: {error}", "observatory.file") from None
    frame = str(dict(header).get("COORDSYS", "")).strip().upper()
    if frame not in FRAMES:
        raise InputError(f"{path}: expected COORDSYS = 'G' or 'C' in the header, received {frame or 'nothing'}", "observatory.file")
    values = np.where(values == hp.UNSEEN, 0.0, values)
    if not (np.isfinite(values).all() and values.min() >= 0):
        raise InputError(f"{path}: expected exposures of at least 0 in every pixel", "observatory.file")
    places = directions @ _equatorial_axes().T if FRAMES[frame] else directions
    return values[hp.vec2pix(hp.get_nside(values), *places.T)]
