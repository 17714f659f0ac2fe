"""Combined fits of the Pierre Auger Collaboration to spectrum and composition: broken exponential power laws.

Sources: arXiv:1612.07155 (2017) and arXiv:2211.02857 (2023). Index and cutoff of the 2017 reference fit are confirmed
in a second source; all other numbers were quoted by public codes or from memory and are not checked against the
articles' tables.
"""

import numpy as np

from ..propagation.nuclei import CHARGES, ELEMENTS
from .power_law import broken_cut, mixed_power_law

# index, lg(R / V), number fractions of H, He, N, Si, Fe at equal energy
SCENARIOS_2017 = {
    "auger2017": (0.96, 18.68, (0.0, 0.673, 0.281, 0.046, 0.0)),
    "auger2017_second": (2.04, 19.88, (0.0, 0.0, 0.798, 0.202, 0.0)),
    "auger2017_systematics": (1.22, 18.72, (0.064, 0.467, 0.375, 0.094, 0.0)),
    "auger2017_ctg": (-1.03, 18.21, (0.6794, 0.31, 0.01, 0.0006, 0.0)),
    "auger2017_ctg_second": (0.87, 18.62, (0.0, 0.0, 0.88, 0.12, 0.0)),
}
INDEX_2023, LG_CUTOFF_2023 = -1.47, 18.19
ENERGY_SHARES_2023 = (0.0, 0.245, 0.681, 0.049, 0.025)  # of what is emitted above 10^17.8 eV
LOWEST_2023 = 10.0**-0.2  # EeV


def _scenario_2017(name):
    index, lg_cutoff, fractions = SCENARIOS_2017[name]
    return mixed_power_law(name, index, 10.0 ** (lg_cutoff - 18.0), broken_cut, fractions)


def auger2017(config=None):
    """Reference fit (SimProp, PSB cross-sections, Gilmore EBL), first minimum."""
    return _scenario_2017("auger2017")


def auger2017_second(config=None):
    """Reference fit, second minimum."""
    return _scenario_2017("auger2017_second")


def auger2017_systematics(config=None):
    """Fit with experimental systematics, EPOS-LHC, first minimum."""
    return _scenario_2017("auger2017_systematics")


def auger2017_ctg(config=None):
    """CRPropa, TALYS, Gilmore EBL, first minimum."""
    return _scenario_2017("auger2017_ctg")


def auger2017_ctg_second(config=None):
    """CRPropa, TALYS, Gilmore EBL, second minimum."""
    return _scenario_2017("auger2017_ctg_second")


def auger2023(config=None):
    """High-energy component of scenario 1; the published shares of energy become fractions of number."""
    cutoff = 10.0 ** (LG_CUTOFF_2023 - 18.0)
    fractions = [
        share / emitted_energy(INDEX_2023, CHARGES[a - 1] * cutoff, LOWEST_2023)
        for a, share in zip(ELEMENTS.values(), ENERGY_SHARES_2023, strict=True)
    ]
    return mixed_power_law("auger2023", INDEX_2023, cutoff, broken_cut, fractions)


def emitted_energy(index, cutoff, lowest):
    """Integrate E E^-g cut(E / cutoff) from ``lowest`` on; energies in EeV."""
    energy = np.geomspace(lowest, max(lowest, 200.0 * cutoff), 20_001)
    return np.trapezoid(energy ** (2.0 - index) * broken_cut(energy / cutoff), np.log(energy))
