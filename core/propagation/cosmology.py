"""Redshift and expansion along the way: a flat universe of matter and a cosmological constant (Planck 2015)."""

import functools

import numpy as np
from scipy.interpolate import CubicSpline

from ..units import HUBBLE_CONSTANT, MATTER_DENSITY, SPEED_OF_LIGHT


def expansion_rate(redshift):
    """Return H(z) / c per proper Mpc: how fast energies fall, - d ln E / dx."""
    growth = np.sqrt(MATTER_DENSITY * (1.0 + redshift) ** 3 + 1.0 - MATTER_DENSITY)
    return HUBBLE_CONSTANT * 1e3 / SPEED_OF_LIGHT * growth


@functools.cache
def _redshift_spline():
    redshift = np.linspace(0.0, 0.5, 501)
    distance = CubicSpline(redshift, 1.0 / expansion_rate(redshift)).antiderivative()(redshift)
    return CubicSpline(distance, redshift)


def redshift_at(distance):
    """Return the redshift at a comoving distance in Mpc, 0 ... 1900."""
    return _redshift_spline()(distance)
