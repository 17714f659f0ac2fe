"""Nuclei as the propagation knows them: one isotope for each mass number A = 1 ... 56, neutrons counted as protons."""

import functools
from types import MappingProxyType

import numpy as np

from ..resources import resource_path
from ..storage.tables import read_table
from ..units import ATOMIC_MASS, PROTON_MASS

MASS_NUMBERS = np.arange(1, 57)
ELEMENTS = MappingProxyType({"H": 1, "He": 4, "N": 14, "Si": 28, "Fe": 56})  # mass numbers of what sources emit
CHARGES = np.array([
    1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 8, 9, 10, 10, 10, 11, 12, 12, 12, 13, 14, 14, 14, 15, 16, 16, 16,
    17, 16, 17, 18, 19, 20, 20, 20, 20, 20, 21, 22, 22, 22, 22, 22, 23, 24, 24, 24, 25, 26,
])
MASSES = 1e-12 * np.where(MASS_NUMBERS == 1, PROTON_MASS, ATOMIC_MASS * MASS_NUMBERS)  # EeV; energy is gamma times this
for _array in (MASS_NUMBERS, CHARGES, MASSES):
    _array.flags.writeable = False

# Probabilities to lose k = 1, 2, 3 ... nucleons in the flat channel: Puget, Stecker & Bredekamp, ApJ 205 (1976) 638
HELIUM_LOSSES = (0.8, 0.2)
LIGHT_LOSSES = (0.10, 0.30, 0.10, 0.10, 0.20, 0.20)
HEAVY_LOSSES = (0.10, 0.35, 0.10, 0.05, 0.15, 0.045, 0.04, 0.035, 0.03, 0.025, 0.02, 0.018, 0.015, 0.012, 0.01)


@functools.cache
def cross_section_table():
    """Return ``resources/propagation/psb_photodisintegration.csv`` as ``{column: array}``, energies in MeV; read-only."""
    table = read_table(resource_path("propagation", "psb_photodisintegration.csv"))
    columns = {name: table.floats(name) for name in table.columns}
    for values in columns.values():
        values.flags.writeable = False
    return MappingProxyType(columns)


def prompt_decay(mass_number):
    """Return ``{A: number}`` into which a nucleus falls at once; itself unless it is one of A = 5 ... 8."""
    return {5: {4: 1, 1: 1}, 6: {4: 1, 1: 2}, 7: {4: 1, 1: 3}, 8: {4: 2}}.get(mass_number, {mass_number: 1})


def products(mass_number, lost):
    """Return what is left when a nucleus loses nucleons.

    Parameters
    ----------
    mass_number : int
        2 ... 56, without 5 ... 8.
    lost : int
        Number of nucleons; each flies on as a proton of the same Lorentz factor.

    Returns
    -------
    dict of int to int
        Number of nuclei by mass number; nucleons are conserved. Be-9 breaks into 2 He-4 and a nucleon whatever it loses.
    """
    if mass_number == 9:
        return {4: 2, 1: 1}
    left = dict(prompt_decay(mass_number - lost))
    left[1] = left.get(1, 0) + lost
    return left


def channel_products(mass_number):
    """Return the mean products of the three channels (one, two, several nucleons) of a nucleus, shape (3, 56)."""
    several = HELIUM_LOSSES if mass_number == 4 else LIGHT_LOSSES if mass_number <= 22 else HEAVY_LOSSES
    mean = np.zeros((3, len(MASS_NUMBERS)))
    for channel, losses in enumerate(((1.0,), (0.0, 1.0), several)):
        for lost, probability in enumerate(losses, 1):
            if probability and lost < mass_number:
                for product, number in products(mass_number, lost).items():
                    mean[channel, product - 1] += probability * number
    return mean
