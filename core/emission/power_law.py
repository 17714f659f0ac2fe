"""Power laws with a cutoff in rigidity: dN/dE = f_A E^-g cut(E / (Z R))."""

import functools

import numpy as np

from ..errors import ConfigError
from ..propagation.nuclei import CHARGES, ELEMENTS
from .injection import Injection


def exponential_cut(ratio):
    """Return exp(-E / (Z R)) at ``ratio`` = E / (Z R)."""
    return np.exp(-np.minimum(ratio, 700.0))


def broken_cut(ratio):
    """Return 1 below the cutoff, exp(1 - E / (Z R)) above it: the form of the Auger fits, arXiv:1612.07155."""
    return np.exp(np.minimum(0.0, 1.0 - np.minimum(ratio, 700.0)))


CUTS = {"exponential": exponential_cut, "broken": broken_cut}


def power_law(config):
    """Emission of the nuclei H, He, N, Si, Fe as the configuration's index, cutoff, shape and fractions say."""
    return mixed_power_law("power_law", config.index, config.cutoff, CUTS[config.cutoff_shape], config.fractions)


def mixed_power_law(name, index, cutoff, cut, fractions):
    """Make an :class:`Injection` of power laws.

    Parameters
    ----------
    name : str
    index : float
        g of dN/dE ~ E^-g.
    cutoff : float
        Rigidity R in EV.
    cut : callable
        One of :data:`CUTS`.
    fractions : sequence of float, shape (5,)
        Relative numbers of H, He, N, Si, Fe at equal energy below all cutoffs.

    Raises
    ------
    ConfigError
        If there are not five fractions.
    """
    if len(fractions) != len(ELEMENTS):
        raise ConfigError(f"expected {len(ELEMENTS)} fractions ({', '.join(ELEMENTS)}), received {len(fractions)}")
    total = sum(fractions)
    return Injection(name, {
        a: functools.partial(_spectrum, index=index, cutoff=CHARGES[a - 1] * cutoff, cut=cut, fraction=fraction / total)
        for a, fraction in zip(ELEMENTS.values(), fractions, strict=True) if fraction > 0
    })


def _spectrum(energy, index, cutoff, cut, fraction):
    return fraction * energy ** (2.0 - index) * cut(energy / cutoff)
