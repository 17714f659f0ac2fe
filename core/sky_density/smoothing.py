"""A density blurred on the sky, so that a test made from it cannot know its finest structure."""

from dataclasses import replace

import numpy as np

from ..errors import InputError


def smoothed_density(density, width):
    """Blur the source in each energy bin by a Gaussian beam.

    In spherical harmonics, by exp(-l (l + 1) width^2 / 2). What the cut at l = 3 Nside - 1 leaves below zero is set to
    zero, and every bin keeps its probability.

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

    beam = hp.gauss_beam(np.sqrt(8 * np.log(2)) * np.radians(width), lmax=3 * density.nside - 1)
    blurred = np.empty_like(density.source)
    for column, values in zip(blurred.T, density.source.T, strict=True):
        harmonics = hp.map2alm(hp.reorder(values, n2r=True), iter=1)
        column[:] = hp.reorder(hp.alm2map(hp.almxfl(harmonics, beam), density.nside), r2n=True)
    blurred = np.maximum(blurred, 0)
    total = blurred.sum(axis=0)
    kept = np.divide(density.source_spectrum, total, out=np.zeros_like(total), where=total > 0)
    return replace(density, source=blurred * kept)
