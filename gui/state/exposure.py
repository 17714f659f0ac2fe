"""What is shown of an exposure; made in the background, so nothing of Qt here."""

import itertools
from dataclasses import dataclass

import numpy as np

from ..style.numbers import fixed


@dataclass(frozen=True, eq=False)
class ShownExposure:
    """Curve of an exposure and where its sight ends.

    Attributes
    ----------
    dec, exposure : ndarray, shape (n,)
        Degrees, and relative to the mean over the sky.
    sources : tuple of float
        Declinations of the sources of the run.
    limits : tuple of (float, ndarray of shape (m, 3))
        Declination where sight ends, and Galactic unit vectors along it.
    words : str
        The same for a person.
    """

    dec: np.ndarray
    exposure: np.ndarray
    sources: tuple
    limits: tuple
    words: str


def shown_exposure(observatory, sources):
    """Make the :class:`ShownExposure` of an ObservatoryConfig and the sources of a run."""
    from ...core.exposure import declination_curve, limiting_declinations, parallel
    from ...core.sky import galactic_to_equatorial

    dec, exposure = declination_curve(observatory)
    limits = limiting_declinations(observatory)
    places = tuple(float(galactic_to_equatorial(source.glon, source.glat)[1]) for source in sources)
    return ShownExposure(dec, exposure, places, tuple((limit, parallel(limit)) for limit in limits), sight_words(dec, exposure, limits))


def sight_words(dec, exposure, limits):
    """Say which declinations are seen."""
    if not limits:
        return "All declinations are seen." if np.min(exposure) > 0 else ""
    edges = [-90.0, *limits, 90.0]
    seen = [
        f"{fixed(low)}° to {fixed(high)}°" for low, high in itertools.pairwise(edges)
        if np.interp((low + high) / 2, dec, exposure) > 0
    ]
    return f"Sees declinations from {' and '.join(seen)}."
