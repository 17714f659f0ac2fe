"""The model of Kachelriess, Kalashev, Ostapchenko & Semikoz (KKOS), PRD 96 (2017) 083006, arXiv:1704.06893.

Nuclei are accelerated to a cutoff in rigidity and lose some of their number on photons close to the source, the more
the lower their energy. What is coded here are fits to the model's published spectra at 0.5 Mpc, with the losses on the
way divided out; index, depth and exponent are strongly correlated and describe, rather than explain, the shapes. The
published spectra end at 2e20 eV, because the tables they came from did.
"""

import functools

import numpy as np

from .injection import Injection

EDGE = 10.0**2.26  # EeV, end of the published input tables; width from the fit
FITTED_HELIUM = (18.5, 19.8)  # lg(E / eV) of the helium fit; above it there is no helium to speak of

# mass number: charge, ln K, index, cutoff (EV), depth, exponent of the depth
FREE = {
    14: (7, -18.0562, 1.256, 2.881, 0.0170, 1.706),
    28: (14, -19.4203, 1.645, 3.097, 0.1251, 1.738),
    56: (26, -19.4335, 2.072, 2.244, 0.8919, 1.711),
}
COMMON = {
    14: (7, -18.1461, 2.0, 3.185, 0.4173, 0.781),
    28: (14, -19.2926, 2.0, 3.185, 0.3110, 1.362),
    56: (26, -20.4061, 2.0, 3.185, 0.4729, 2.158),
}


def kkos(config=None):
    """Emission with each nucleus fitted on its own; reproduces the published spectra to 1-4 %."""
    return _fitted("kkos", FREE)


def kkos_common(config=None):
    """Emission with one index and one cutoff in rigidity for all nuclei; reproduces the published spectra to 3-6 %."""
    return _fitted("kkos_common", COMMON)


def _fitted(name, parameters):
    spectra = {a: functools.partial(_survivors, parameters=row) for a, row in parameters.items()}
    return Injection(name, {4: _helium} | spectra)


def _survivors(energy, parameters):
    """Return E^2 dN/dE of a power law with exponential cutoff times the probability to escape from the source."""
    charge, log_norm, index, cutoff, depth, exponent = parameters
    x = energy / 100.0
    log = log_norm + (2.0 - index) * np.log(x) - energy / (charge * cutoff) - depth * x**-exponent
    return np.exp(np.maximum(log - np.logaddexp(0.0, 40.0 * np.log(energy / EDGE)), -700.0))


def _helium(energy):
    """Return E^2 dN/dE of helium; only needed below 20 EeV."""
    lg_energy = np.log10(energy) + 18.0
    u = np.clip(lg_energy, *FITTED_HELIUM) - 19.8
    fit = 10.0 ** (-13.33 - 6.96 * u - 3.31 * u**2 + 0.83 * u**3 + 0.83 * u**4)
    return np.where((lg_energy >= FITTED_HELIUM[0]) & (lg_energy <= FITTED_HELIUM[1]), fit, 0.0)
