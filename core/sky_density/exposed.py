"""The detector: what of a density at the Earth it sees, of the source and of isotropy alike."""

from dataclasses import replace

import numpy as np

from ..errors import NoEventsError
from ..exposure import exposure_map
from ..observatory import UNIFORM
from .energy_bins import normalised

LEAST_IN_VIEW = 0.01  # of a source's events at the Earth; with less there is nothing to study


def exposed(density, observatory):
    """Apply an exposure to the arrival directions at the Earth.

    Parameters
    ----------
    density : SkyDensity
        Of the flux at the Earth, isotropic events spread evenly.
    observatory : ObservatoryConfig

    Returns
    -------
    SkyDensity
        Of detected events; both parts sum to 1 again. The same object where the exposure is uniform.

    Raises
    ------
    NoEventsError
        If less than a hundredth of the source's events at the Earth come from where the detector looks.
    """
    if observatory.exposure == UNIFORM:
        return density
    weight = exposure_map(observatory, density.nside)
    require_in_view(density, weight, observatory)
    source, isotropic = density.source * weight[:, None], density.isotropic * weight[:, None]
    return replace(
        density, source=normalised(source), isotropic=normalised(isotropic), exposure_ratio=float(source.sum() / isotropic.sum()),
        losses=replace(density.losses, unseen=1 - in_view(density, weight)),
    )


def in_view(density, weight):
    """Share of the source's events at the Earth in pixels of an exposure above 0; ``weight`` has shape (npix,)."""
    return float(min(density.source[weight > 0].sum() / density.source.sum(), 1.0))


def require_in_view(density, weight, observatory):
    """Raise :class:`NoEventsError` for a source that the detector hardly sees."""
    seen = in_view(density, weight)
    if seen < LEAST_IN_VIEW:
        raise NoEventsError(
            f"{density.name}: only {seen:.2%} of its events arrive where exposure {observatory.exposure!r} looks, expected at least "
            f"{LEAST_IN_VIEW:.0%}; choose another observatory.exposure or leave the source out of sources.names"
        )


def relative_exposure(density):
    """Exposure of each pixel relative to the mean, shape (npix,), read off the isotropic part of a density."""
    weight = density.isotropic.sum(axis=1) * density.npix
    return np.ones(density.npix) if np.allclose(weight, 1, rtol=1e-9, atol=0) else weight
