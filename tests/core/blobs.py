"""Sources of a simple shape, for tests that need a density and no physics."""

import numpy as np

from zevatron.core.sky import equatorial_to_galactic, pixel_vectors, unit_vectors
from zevatron.core.sky_density import SkyDensity


def blob(dec, ra=150.0, width=10.0, n_bins=1, name="blob", nside=16):
    """A source of Gaussian shape in equatorial coordinates, with a steeper spectrum than isotropic events."""
    centre = unit_vectors(*equatorial_to_galactic(ra, dec))
    shape = np.exp(-np.degrees(np.arccos(np.clip(pixel_vectors(nside) @ centre, -1, 1))) ** 2 / (2 * width**2))
    source = shape[:, None] * np.arange(n_bins, 0, -1.0)
    isotropic = np.ones_like(source)
    return SkyDensity(name, nside, 56 * 1.2 ** np.arange(n_bins + 1), source / source.sum(), isotropic / isotropic.sum())
