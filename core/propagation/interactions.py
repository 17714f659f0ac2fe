"""How often nuclei break up and how fast they lose energy on the photons they meet.

Every process has the same form. With x = 2 gamma eps, the largest photon energy in the frame of the nucleus,

    rate(gamma) = integral of d ln eps  n(eps) K(2 gamma eps),

where the kernel K is 2 / x^2 times the integral of e sigma(e) from 0 to x for a cross-section sigma. On
logarithmic grids of eps and gamma this is one matrix product for all nuclei, channels and Lorentz factors.
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.special import erf

from ..units import (
    ATOMIC_MASS,
    CLASSICAL_ELECTRON_RADIUS,
    CM2_PER_MILLIBARN,
    CM_PER_MPC,
    ELECTRON_MASS,
    FINE_STRUCTURE,
    PROTON_MASS,
)
from .nuclei import CHARGES, MASS_NUMBERS, cross_section_table
from .photons import PHOTON_ENERGY, PHOTON_LG_STEP, background_light, microwave_background

GAMMA_LG_STEP = 0.0125
LG_GAMMA = 7.6 + GAMMA_LG_STEP * np.arange(473)  # to 13.5: protons of 3e22 eV
LG_GAMMA.flags.writeable = False

GAUSSIAN_END = 30.0  # MeV; Puget, Stecker & Bredekamp 1976
PLATEAU_END = 150.0  # MeV
SAMPLED_ENERGY = np.linspace(0.0, PLATEAU_END, 3001)  # MeV; cross-sections are linear in between
MPC_PER_MILLIBARN = CM2_PER_MILLIBARN * CM_PER_MPC

_STRIDE = round(GAMMA_LG_STEP / PHOTON_LG_STEP)
_X = 2e-6 * PHOTON_ENERGY[0] * 10.0 ** (  # MeV; every 2 gamma eps of the two grids
    LG_GAMMA[0] + PHOTON_LG_STEP * np.arange(_STRIDE * (len(LG_GAMMA) - 1) + len(PHOTON_ENERGY))
)


@dataclass(frozen=True)
class Rates:
    """Rates per proper Mpc at one redshift, on :data:`LG_GAMMA`.

    Attributes
    ----------
    disintegration : ndarray, shape (3, 56, n_gamma)
        Breaking up with the loss of one, two, several nucleons, by mass number.
    pair, photopion : ndarray, shape (56, n_gamma)
        Continuous losses - d ln gamma / dx.
    """

    disintegration: np.ndarray
    pair: np.ndarray
    photopion: np.ndarray


def interaction_rates(ebl, redshift=0.0):
    """Return the :class:`Rates` on CMB and EBL.

    Parameters
    ----------
    ebl : {"inoue12", "gilmore12"} or None
        Background light; None: the CMB alone.
    redshift : float, optional
    """
    density = microwave_background(redshift) + (0.0 if ebl is None else background_light(ebl, redshift))
    disintegration = fold(_disintegration_kernels().reshape(-1, len(_X)), density)
    pair, pion = fold(np.stack([_pair_kernel(), _photopion_kernel()]), density)
    pair_factor = (CHARGES**2 / MASS_NUMBERS) * np.where(MASS_NUMBERS == 1, ATOMIC_MASS / PROTON_MASS, 1.0)
    return Rates(
        disintegration.reshape(3, len(MASS_NUMBERS), len(LG_GAMMA)),
        pair_factor[:, None] * pair,
        MASS_NUMBERS[:, None] ** (-1.0 / 3.0) * pion,  # cross-section A^(2/3), loss of one nucleon's share 1/A
    )


def fold(kernels, density):
    """Integrate kernels over a photon density.

    Parameters
    ----------
    kernels : ndarray, shape (n, n_x)
        In Mpc^-1 cm^3, at the 2 gamma eps of the two grids.
    density : ndarray, shape of :data:`~.photons.PHOTON_ENERGY`
        Photons per cm3 and ln eps.

    Returns
    -------
    ndarray, shape (n, n_gamma)
        Rates per Mpc.
    """
    weights = np.zeros((len(_X), len(LG_GAMMA)))
    for i in range(len(LG_GAMMA)):
        weights[_STRIDE * i : _STRIDE * i + len(density), i] = density
    return kernels @ weights * (np.log(10.0) * PHOTON_LG_STEP)


@functools.cache
def _disintegration_kernels():
    """Kernels of the three channels, shape (3, 56, n_x); zero for A = 1 and 5 ... 8."""
    table = cross_section_table()
    kernels = np.zeros((3, len(MASS_NUMBERS), len(_X)))
    for row, mass_number in enumerate(table["A"].astype(int)):
        for channel, sigma in enumerate(cross_sections({name: values[row] for name, values in table.items()})):
            moment = cumulative_trapezoid(SAMPLED_ENERGY * sigma, SAMPLED_ENERGY, initial=0.0)
            kernels[channel, mass_number - 1] = np.interp(_X, SAMPLED_ENERGY, moment)
    return kernels * (2.0 * MPC_PER_MILLIBARN / _X**2)


def cross_sections(entry):
    """Return the cross-sections of the three channels at :data:`SAMPLED_ENERGY`, shape (3, n), mb.

    Parameters
    ----------
    entry : mapping of str to float
        One row of :func:`~.nuclei.cross_section_table`.

    Notes
    -----
    Puget, Stecker & Bredekamp, ApJ 205 (1976) 638, with the thresholds of Stecker & Salamon, ApJ 512 (1999) 521.
    """
    e = SAMPLED_ENERGY
    sum_rule = 59.8 * (entry["A"] - entry["Z"]) * entry["Z"] / entry["A"]  # MeV mb
    sigma = np.zeros((3, len(e)))
    for channel in (1, 2):
        strength, threshold, peak = entry[f"xi{channel}"], entry[f"thr{channel}"], entry[f"e{channel}"]
        if strength == 0:
            continue
        below, above = np.sqrt(0.5) * entry[f"delta{channel}_below"], np.sqrt(0.5) * entry[f"delta{channel}_above"]
        norm = np.sqrt(np.pi) / 2 * (
            above * erf((GAUSSIAN_END - peak) / above) + below * erf((peak - threshold) / below)
        )
        inside = (e > threshold - 1e-9) & (e < GAUSSIAN_END - 1e-9)
        shape = np.exp(-(((e - peak) / np.where(e < peak, below, above)) ** 2))
        sigma[channel - 1] = np.where(inside, strength * sum_rule / norm * shape, 0.0)
    sigma[2] = np.where(e > GAUSSIAN_END - 1e-9, entry["zeta"] * sum_rule / (PLATEAU_END - GAUSSIAN_END), 0.0)
    return sigma


def _pair_kernel():
    """Kernel of the energy loss to electron pairs for Z^2 / A = 1 and the atomic mass unit.

    Blumenthal, PRD 1 (1970) 1596, with the fits of Chodorowski, Zdziarski & Sikora, ApJ 400 (1992) 181.
    """
    kappa = np.maximum(_X / ELECTRON_MASS, 2.0)
    k, log = kappa - 2.0, np.log(kappa)
    low = np.pi / 12.0 * k**4 / (1.0 + 0.8048 * k + 0.1459 * k**2 + 1.137e-3 * k**3 - 3.879e-6 * k**4)
    high = kappa * (-86.07 + 50.96 * log - 14.45 * log**2 + 8.0 / 3.0 * log**3)
    high /= 1.0 - 2.910 / kappa - 78.35 / kappa**2 - 1837.0 / kappa**3
    phi = np.where(kappa < 25.0, low, high)
    area = FINE_STRUCTURE * CLASSICAL_ELECTRON_RADIUS**2 * ELECTRON_MASS / ATOMIC_MASS  # cm2
    return 2.0 * area * CM_PER_MPC * phi / kappa**2


def _photopion_kernel():
    """Kernel of a proton's energy loss to pions: two steps in energy, Atoyan & Dermer, ApJ 586 (2003) 79."""
    moment = 0.34 * 0.2 * (np.clip(_X, 200.0, 500.0) ** 2 - 200.0**2) / 2.0  # mb MeV^2, with the inelasticity
    moment += 0.12 * 0.6 * (np.maximum(_X, 500.0) ** 2 - 500.0**2) / 2.0
    return 2.0 * MPC_PER_MILLIBARN * moment / _X**2
