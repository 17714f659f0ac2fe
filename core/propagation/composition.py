"""Other compositions with the same energies: mass numbers multiplied by a factor, or one nucleus in place of all.

What is changed are the nuclei that enter the Galaxy, after all losses on the way; how many there are at each energy stays.
Only their charge, and so their rigidity, is another. The published analysis varied its composition so (okolo/ml_cr_aniso).
"""

import numpy as np

from .nuclei import MASS_NUMBERS


def with_masses(flux, factor=1.0, mass_number=0):
    """Give the nuclei of a spectrum other mass numbers.

    Parameters
    ----------
    flux : ndarray, shape (56, n)
        E^2 dN/dE by mass number.
    factor : float, optional
        Of the mass numbers. Products between two whole numbers are shared by both so that the mean is kept; those below 1
        or above 56 count as 1 or 56.
    mass_number : int, optional
        One nucleus, 1 ... 56, in place of all; 0: as they are.

    Returns
    -------
    ndarray, shape (56, n)
        The sum over mass numbers is that of ``flux`` at every energy.
    """
    if mass_number:
        return np.where(MASS_NUMBERS[:, None] == mass_number, flux.sum(axis=0), 0.0)
    if factor == 1:
        return flux
    target = np.clip(MASS_NUMBERS * factor, MASS_NUMBERS[0], MASS_NUMBERS[-1])
    share = np.maximum(1 - np.abs(target - MASS_NUMBERS[:, None]), 0)  # of every old row (column) for every new one
    return share @ flux
