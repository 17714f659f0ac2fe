"""Units of every array in Zevatron, and the constants that connect them.

Energies are in EeV, rigidities E/Z in EV, extragalactic distances in Mpc,
Galactic positions in kpc, magnetic fields in microgauss, angles in degrees
where a person reads them and in radians inside formulas. Photon energies are
in eV and cross-sections in millibarn.

Constants: CODATA 2018 (exact where the SI fixes them), IAU 2015 B2 parsec.
"""

import math

EV_PER_EEV = 1e18
SPEED_OF_LIGHT = 299_792_458.0  # m / s, exact
METRES_PER_PARSEC = 648_000 / math.pi * 149_597_870_700.0  # IAU 2015 B2
CM_PER_MPC = METRES_PER_PARSEC * 1e6 * 1e2
CM2_PER_MILLIBARN = 1e-27

PLANCK_C = 1.239_841_984e-4  # h c in eV cm
BOLTZMANN = 8.617_333_262e-5  # eV / K
CMB_TEMPERATURE = 2.7255  # K, Fixsen, ApJ 707 (2009) 916

ATOMIC_MASS = 931.494_102  # MeV
PROTON_MASS = 938.272_088  # MeV
ELECTRON_MASS = 0.510_998_950  # MeV
FINE_STRUCTURE = 7.297_352_569e-3
CLASSICAL_ELECTRON_RADIUS = 2.817_940_326e-13  # cm

HUBBLE_CONSTANT = 67.8  # km / s / Mpc, Planck 2015 (arXiv:1502.01589), as the published spectra
MATTER_DENSITY = 0.308  # Omega_m, same

SUN_DISTANCE = 8.5  # kpc from the Galactic centre; the value JF12 and PT11 were fitted with
GALAXY_RADIUS = 20.0  # kpc, the sphere at which a nucleus enters the Galaxy
KPC_PER_MYR = 365.25 * 86_400 * 1e6 / METRES_PER_PARSEC  # what 1 km / s is in kpc / Myr

# d(direction)/d(path) = GYRATION * B / R for B in microgauss, R in EV, path in kpc: c x 1e-10 T x 1 kpc / 1 EV
GYRATION = SPEED_OF_LIGHT * 1e-10 * METRES_PER_PARSEC * 1e3 / EV_PER_EEV
