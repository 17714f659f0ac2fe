"""Spherical harmonics on HEALPix: the rings of a map and the Legendre functions on them.

HEALPix pixels lie on rings of equal latitude, so that a harmonic is a Legendre
function of the ring times a phase of the pixel (Gorski et al., ApJ 622 (2005)
759, section 3): tables grow with the number of rings, not of pixels.
"""

import math

import numpy as np

from .sky import check_nside

HIGHEST_MULTIPOLE = 32
"""Of the published power spectra: Kalashev, Pshirkov & Zotov, JCAP 09 (2019) 034."""


def highest_multipole(nside):
    """Highest multipole that is used at a resolution: :data:`HIGHEST_MULTIPOLE`, or what the pixels can carry, 3 nside - 1."""
    return min(HIGHEST_MULTIPOLE, 3 * check_nside(nside) - 1)


def ring_places(nside):
    """Where NESTED pixels lie on the rings.

    Returns
    -------
    ring : ndarray of int, shape (npix,)
        Number of the ring from the north, 0 to 4 nside - 2.
    longitude : ndarray, shape (npix,)
        Radians.
    z : ndarray, shape (4 nside - 1,)
        Cosine of the colatitude of each ring.
    """
    import healpy as hp

    ipix = np.arange(12 * check_nside(nside) ** 2)
    ring = hp.pix2ring(nside, ipix, nest=True) - 1
    colatitude, longitude = hp.pix2ang(nside, ipix, nest=True)
    z = np.empty(4 * nside - 1)
    z[ring] = np.cos(colatitude)
    return ring, longitude, z


def legendre_functions(z, l_max):
    r"""Normalised associated Legendre functions: :math:`Y_{lm}(\theta, \phi) = \lambda_{lm}(\cos\theta)\, e^{im\phi}`.

    By the recurrence in l, upwards from l = m (Press et al., Numerical Recipes, 3rd ed. (2007), section 6.7), with the sign
    of Condon and Shortley.

    Parameters
    ----------
    z : ndarray, shape (n,)
        Cosines of colatitudes.
    l_max : int

    Returns
    -------
    ndarray, shape (n, l_max + 1, l_max + 1)
        Indexed by place, m and l; 0 where l < m.
    """
    z = np.asarray(z, dtype=float)
    table = np.zeros((len(z), l_max + 1, l_max + 1))
    sine = np.sqrt((1 - z) * (1 + z))
    diagonal = np.full(len(z), math.sqrt(1 / (4 * math.pi)))
    for m in range(l_max + 1):
        if m:
            diagonal = -math.sqrt((2 * m + 1) / (2 * m)) * sine * diagonal
        table[:, m, m] = diagonal
        before, last, factor = np.zeros(len(z)), diagonal, 1.0
        for degree in range(m + 1, l_max + 1):
            following = math.sqrt((4 * degree**2 - 1) / (degree**2 - m**2))
            before, last = last, following * (z * last - before / factor)
            table[:, m, degree], factor = last, following
    return table
