"""What a field does to the whole sky at one rigidity: how far it bends, and what it makes brighter or fainter."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..config import digest_of
from ..errors import InputError
from ..galactic_field import backtrack
from ..progress import SILENT
from ..sky import angular_distance, check_nside, pixel_vectors, vector_pixels
from ..storage.cache import cache_path, read_cache, write_cache

TOLERANCE = 1e-5  # radians per step: rays are right to about 0.01 degrees, as those of the lens
VERSION = 1


@dataclass(frozen=True)
class DeflectionMap:
    """Where the rays of an evenly sampled sky at Earth leave the Galaxy.

    Attributes
    ----------
    nside : int
        One ray starts at the centre of each pixel.
    rigidity : float
        EV.
    exit_direction : ndarray, shape (npix, 3)
        Unit vectors at the Galaxy's edge by NESTED pixel of arrival; nan where the ray is trapped.
    """

    nside: int
    rigidity: float
    exit_direction: np.ndarray

    @cached_property
    def angle(self):
        """Angle between arrival and exit direction in degrees, shape (npix,), NESTED; nan where the ray is trapped."""
        return angular_distance(pixel_vectors(self.nside), self.exit_direction)

    @property
    def trapped(self):
        """Share of the sky at Earth to which no ray leads from outside."""
        return float(np.mean(np.isnan(self.exit_direction[:, 0])))


@dataclass(frozen=True)
class MagnificationMap:
    """Flux at Earth from each direction outside the Galaxy, relative to that without a field.

    Attributes
    ----------
    nside : int
        Of the pixels at the Galaxy's edge.
    rigidity : float
        EV.
    rays : ndarray of int, shape (npix,)
        Rays that leave in each pixel, NESTED.
    rays_per_pixel : float
        How many there would be without a field.
    """

    nside: int
    rigidity: float
    rays: np.ndarray
    rays_per_pixel: float

    @property
    def value(self):
        """Magnification, shape (npix,), NESTED; its mean over the sky is 1 less the share of trapped rays."""
        return self.rays / self.rays_per_pixel

    @property
    def error(self):
        """Standard deviation of :attr:`value` if the rays fell at random, shape (npix,); at least that of one ray.

        Rays start on a grid, so that where the field is smooth the true error is smaller.
        """
        return np.sqrt(np.maximum(self.rays, 1)) / self.rays_per_pixel


def deflection_map(galaxy, rigidity, nside=64, *, cache=None, progress=SILENT):
    """Trace one ray from the centre of every pixel of the sky out of the Galaxy, or take them from the cache.

    Parameters
    ----------
    galaxy : GalacticField
    rigidity : float
        EV.
    nside : int
    cache : Path, optional
        Folder of the caches.
    progress : Progress

    Returns
    -------
    DeflectionMap

    Raises
    ------
    InputError
        If ``nside`` or ``rigidity`` is out of range.
    CancelledError
        If ``progress`` was cancelled.
    """
    nside = check_nside(nside)
    digest = digest_of("deflection map", VERSION, TOLERANCE, galaxy.digest, nside, f"{rigidity:.10g}")
    path = cache_path(cache, "deflection", f"{digest}.h5")
    found = read_cache(path, digest)
    if found is None:
        rays = backtrack(galaxy, rigidity, pixel_vectors(nside), tolerance=TOLERANCE, progress=progress)
        found = {"exit_direction": rays.exit_direction.astype(np.float32)}
        write_cache(path, digest, found, {"field": galaxy.name, "rigidity_EV": rigidity, "ordering": "NESTED"})
    return DeflectionMap(nside, float(rigidity), found["exit_direction"].astype(float))


def magnification_map(deflection, nside=16):
    """Count the rays of an evenly sampled sky at Earth by where they leave the Galaxy.

    Liouville's theorem keeps the flux per solid angle constant along a track (Lemaitre & Vallarta, Phys. Rev. 43 (1933)
    87), so an isotropic sky stays isotropic, and a point outside is magnified by the ratio of the solid angle in which
    it is seen at Earth to that which it fills outside: the rays that leave in a pixel over those that would without a
    field.

    Parameters
    ----------
    deflection : DeflectionMap
        Its rays; with ``n`` rays to a pixel the error at magnification M is at most ``sqrt(M / n)``.
    nside : int
        Of the map, at most that of ``deflection``.

    Returns
    -------
    MagnificationMap

    Raises
    ------
    InputError
        If there are fewer rays than pixels.
    """
    nside = check_nside(nside)
    if nside > deflection.nside:
        raise InputError(f"expected a map of Nside {deflection.nside} at most, as many as its rays, received {nside}")
    left = ~np.isnan(deflection.exit_direction[:, 0])
    rays = np.bincount(vector_pixels(nside, deflection.exit_direction[left]), minlength=12 * nside**2)
    return MagnificationMap(nside, deflection.rigidity, rays, (deflection.nside / nside) ** 2)
