"""Sums over discs around every pixel of the sky, a top-hat smoothing without harmonics.

HEALPix pixels lie on rings of equal latitude (Gorski et al., ApJ 622 (2005) 759), so the pixels of a disc are a
run of neighbours on each ring: differences of sums along the rings give every disc in a few steps a ring.
"""

import numba
import numpy as np

from .errors import InputError
from .harmonics import ring_places
from .sky import nside_of

ROUNDING = 1e-9  # a centre just on the edge of a disc is inside


def disc_sums(maps, radius):
    """Sum maps over the pixels whose centres lie within ``radius`` of each pixel's centre.

    Parameters
    ----------
    maps : ndarray, shape (n_maps, npix)
        NESTED.
    radius : float
        Degrees, 0 to 180; below the distance of the pixels a disc is the pixel itself.

    Returns
    -------
    ndarray of float, shape (n_maps, npix)

    Raises
    ------
    InputError
        If the radius is none.
    """
    if not 0 <= radius <= 180:
        raise InputError(f"expected a radius from 0 to 180 degrees, received {radius!r}")
    maps = np.asarray(maps, float)
    ring, longitude, z = ring_places(nside_of(maps.shape[1]))
    order = np.lexsort((longitude, ring))
    first = np.searchsorted(ring[order], np.arange(len(z) + 1))
    sums = np.zeros((maps.shape[1] + 1, len(maps)))
    np.cumsum(maps[:, order].T, axis=0, out=sums[1:])
    result = np.empty((maps.shape[1], len(maps)))
    _sum_discs(sums, first, longitude[order][first[:-1]], z, ring, longitude, np.cos(np.radians(radius)) - ROUNDING, result)
    return result.T


@numba.njit(nogil=True, cache=True)
def _sum_discs(sums, first, start, z, ring, longitude, cos_radius, result):
    n_rings = len(z)
    sine = np.sqrt(1.0 - z * z)
    for pixel in range(len(ring)):
        own = ring[pixel]
        result[pixel] = 0.0
        for step in (-1, 1):
            other = own if step < 0 else own + 1
            while 0 <= other < n_rings:
                edge = (cos_radius - z[own] * z[other]) / (sine[own] * sine[other])
                if edge > 1.0 and other != own:
                    break
                low, high = first[other], first[other + 1]
                count = high - low
                half = np.arccos(min(max(edge, -1.0), 1.0))
                width = 2.0 * np.pi / count
                begin = np.ceil((longitude[pixel] - half - start[other]) / width - ROUNDING)
                n = int(np.floor((longitude[pixel] + half - start[other]) / width + ROUNDING) - begin) + 1
                if n >= count:
                    result[pixel] += sums[high] - sums[low]
                elif n > 0:
                    at = low + int(begin) % count
                    if at + n <= high:
                        result[pixel] += sums[at + n] - sums[at]
                    else:
                        result[pixel] += sums[high] - sums[at] + sums[at + n - count] - sums[low]
                other += step
