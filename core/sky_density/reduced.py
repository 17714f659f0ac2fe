"""Densities in which a part of what is known of an event is forgotten, to see what that part is worth."""

from dataclasses import replace

import numpy as np

from ..errors import InputError

BASE_FACES = 12


def without_energies(density):
    """Put all events into one energy bin; positions stay."""
    return replace(
        density, bin_edges=density.bin_edges[[0, -1]], source=density.source.sum(axis=1, keepdims=True),
        isotropic=density.isotropic.sum(axis=1, keepdims=True), parts=tuple(map(without_energies, density.parts)),
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
    source, isotropic = (
        values.reshape(BASE_FACES * nside**2, -1, density.n_bins).sum(axis=1) for values in (density.source, density.isotropic)
    )
    parts = tuple(in_larger_pixels(part, nside) for part in density.parts)
    return replace(density, nside=nside, source=source, isotropic=isotropic, parts=parts)


def without_positions(density):
    """Spread both hypotheses evenly over the sky, in the twelve base faces: only the energies of events tell them apart."""
    source, isotropic = (
        np.tile(spectrum / BASE_FACES, (BASE_FACES, 1)) for spectrum in (density.source_spectrum, density.isotropic_spectrum)
    )
    return replace(density, nside=1, source=source, isotropic=isotropic, parts=tuple(map(without_positions, density.parts)))
