"""Energy spectra of the isotropic background: a model's diffuse flux, or as measured."""

import functools
import itertools

import numpy as np

from ..errors import UnknownNameError
from ..propagation.spectrum import ENERGY_GRID
from ..resources import resource_path
from ..storage.tables import read_table
from .interpolation import TabulatedSpectrum

SMOOTHNESS = 0.05  # width in ln E of the breaks of the Auger form
AUGER_INDICES, AUGER_BREAKS = (3.29, 2.51, 3.05, 5.1), (5.0, 13.0, 46.0)  # breaks in EeV
TA_INDICES, TA_BREAKS = (3.28, 2.68, 4.84), (10.0**0.69, 10.0**1.81)


def background_spectrum(name):
    """Return the spectrum of isotropic events.

    Parameters
    ----------
    name : {"kkos", "auger2020", "ta2019"}
        Diffuse flux of KKOS sources (see :mod:`~..propagation.diffuse`); Pierre Auger Collaboration, PRL 125 (2020)
        121106; Telescope Array, ICRC 2019 (three power laws). The measured ones are extrapolated above 200 EeV.

    Returns
    -------
    energy : ndarray, shape (n,)
        EeV, :data:`~..propagation.spectrum.ENERGY_GRID`.
    e2j : ndarray, shape (n,)
        E^2 J, arbitrary unit.

    Raises
    ------
    UnknownNameError
        If there is no such spectrum.
    """
    if name not in BACKGROUNDS:
        raise UnknownNameError("isotropic spectrum", name, BACKGROUNDS)
    return ENERGY_GRID, BACKGROUNDS[name](ENERGY_GRID)


def kkos_diffuse(energy):
    """Return E^2 J of the diffuse KKOS flux from ``resources/emission/kkos_diffuse.csv``."""
    known, groups = kkos_diffuse_groups()
    return TabulatedSpectrum(known, sum(groups.values()))(energy)


@functools.cache
def kkos_diffuse_groups():
    """Return energies (EeV) and E^2 J by group of mass numbers, ``{"A5-16": array}``, of the shipped table."""
    table = read_table(resource_path("emission", "kkos_diffuse.csv"))
    return table.floats("energy"), {name: table.floats(name) for name in table.columns if name != "energy"}


def auger2020(energy):
    """Return E^2 J of the Pierre Auger Collaboration, PRL 125 (2020) 121106: power laws with smooth breaks."""
    log = (2.0 - AUGER_INDICES[0]) * np.log(energy)
    for (low, high), at in zip(itertools.pairwise(AUGER_INDICES), AUGER_BREAKS, strict=True):
        log += (low - high) * SMOOTHNESS * np.logaddexp(0.0, np.log(energy / at) / SMOOTHNESS)
    return np.exp(log)


def ta2019(energy):
    """Return E^2 J of the Telescope Array (ICRC 2019): three power laws with sharp breaks."""
    log = (2.0 - TA_INDICES[0]) * np.log(energy)
    for (low, high), at in zip(itertools.pairwise(TA_INDICES), TA_BREAKS, strict=True):
        log += (low - high) * np.maximum(0.0, np.log(energy / at))
    return np.exp(log)


BACKGROUNDS = {"kkos": kkos_diffuse, "auger2020": auger2020, "ta2019": ta2019}
