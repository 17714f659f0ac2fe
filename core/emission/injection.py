"""What a source emits, as a function of mass number and energy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..propagation.nuclei import MASS_NUMBERS


@dataclass(frozen=True)
class Injection:
    """Emitted spectra.

    Attributes
    ----------
    name : str
        As in the registry.
    spectra : mapping of int to callable
        By mass number: takes energies in EeV, gives E^2 dN/dE in one arbitrary unit for all of them.
    content : str
        Digest of the file that the model was read from; empty for formulas.
    """

    name: str
    spectra: Mapping[int, Callable]
    content: str = ""

    def flux(self, energy):
        """Return E^2 dN/dE at energies in EeV.

        Parameters
        ----------
        energy : array_like, shape (n,) or (56, n)
            The same for all mass numbers, or a row for each.

        Returns
        -------
        ndarray, shape (56, n)
            Zero for nuclei that are not emitted.
        """
        energy = np.broadcast_to(energy, (len(MASS_NUMBERS), np.shape(energy)[-1]))
        flux = np.zeros(energy.shape)
        for mass_number, spectrum in self.spectra.items():
            flux[mass_number - 1] = spectrum(energy[mass_number - 1])
        return flux
