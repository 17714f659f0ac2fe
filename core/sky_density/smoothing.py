"""A density blurred on the sky, so that a test made from it cannot know its finest structure."""

from dataclasses import replace

import numpy as np

from ..errors import InputError
from .exposed import relative_exposure

RESOLVED = 4.0  # the beam is followed to l = 4 / width, where it has fallen to exp(-8) of its value at l = 0


def smoothed_density(density, width):
    """Blur the source in each energy bin by a Gaussian beam.

    In spherical harmonics, by exp(-l (l + 1) width^2 / 2), on pixels fine enough for the beam: on those of the map itself
    narrow beams would ring over the whole sky. Every bin keeps its probability. An exposure is taken off before and put back
    after: the flux is blurred, not the edge of what the detector sees.

    Parameters
    ----------
    density : SkyDensity
    width : float
        Standard deviation of the beam, degrees; 0 changes nothing.

    Returns
    -------
    SkyDensity

    Raises
    ------
    InputError
        If the width is negative or not finite.
    """
    if not (np.isfinite(width) and width >= 0):
        raise InputError(f"expected a width of at least 0 degrees, received {width:g}")
    if width == 0:
        return density
    import healpy as hp  # slow to load

    exposure = relative_exposure(density)[:, None]
    flux = np.divide(density.source, exposure, out=np.zeros_like(density.source), where=exposure > 0)
    last = int(np.ceil(RESOLVED / np.radians(width)))
    fine = max(density.nside, 2 ** int(np.ceil(np.log2((last + 1) / 3))))
    beam = hp.gauss_beam(np.sqrt(8 * np.log(2)) * np.radians(width), lmax=last)
    blurred = np.zeros_like(density.source)
    for i in np.flatnonzero(density.source.any(axis=0)):
        harmonics = hp.map2alm(hp.ud_grade(flux[:, i], fine, order_in="NESTED", order_out="RING"), lmax=last, iter=1)
        smooth = hp.alm2map(hp.almxfl(harmonics, beam), fine, lmax=last)
        blurred[:, i] = hp.ud_grade(smooth, density.nside, order_in="RING", order_out="NESTED")
    blurred = np.maximum(blurred, 0) * exposure
    total = blurred.sum(axis=0)
    kept = np.divide(density.source_spectrum, total, out=np.zeros_like(total), where=total > 0)
    return replace(density, source=blurred * kept, parts=tuple(smoothed_density(part, width) for part in density.parts))
