"""What happens to nuclei between source and Galaxy: energy and nucleon losses over 0 to 250 Mpc."""

from .nuclei import CHARGES, ELEMENTS, MASS_NUMBERS
from .spectrum import ENERGY_GRID, SourceSpectrum, number_above, propagated_spectra, propagated_spectrum

__all__ = [
    "CHARGES",
    "ELEMENTS",
    "ENERGY_GRID",
    "MASS_NUMBERS",
    "SourceSpectrum",
    "number_above",
    "propagated_spectra",
    "propagated_spectrum",
]
