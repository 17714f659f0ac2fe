"""Densities in which a part of what is known of an event is forgotten, to see what that part is worth."""

from dataclasses import replace

import numpy as np

from ..errors import InputError

BASE_FACES = 12


def without_energies(density):
    """Put all events into one energy bin; positions stay."""
    return replace(
        density, bin_edges=density.bin_edges[[0, -1]], source=density.source.sum(axis=1, keepdims=True),
        isotropic=density.isotropic.sum(axis=1, keepdims=True),
    )


def in_larger_pixels(density, nside):
    """Know positions only to the pixels of a coarser map.

    Parameters
    ----------
    density : SkyDensity
    nside : int
        Resolution that stays: 1 for the twelve base faces, to which a network that pools to Nside 1 is blind inside.

    Returns
    -------
    SkyDensity

    Raises
    ------
    InputError
        If ``nside`` is above the density's own.
    """
    if nside > density.nside:
        raise InputError(f"expected an Nside of at most {density.nside}, received {nside}")
    coarse = (values.reshape(BASE_FACES * nside**2, -1, density.n_bins).sum(axis=1) for values in (density.source, density.isotropic))
    return replace(density, nside=nside, **dict(zip(("source", "isotropic"), coarse, strict=True)))


def without_positions(density):
    """Spread both hypotheses evenly over the sky, in the twelve base faces: only the energies of events tell them apart."""
    even = (np.tile(spectrum / BASE_FACES, (BASE_FACES, 1)) for spectrum in (density.source_spectrum, density.isotropic_spectrum))
    return replace(density, nside=1, **dict(zip(("source", "isotropic"), even, strict=True)))
