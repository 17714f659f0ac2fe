"""Spectra of nuclei after extragalactic propagation, by distance and mass number."""

from dataclasses import dataclass

import numpy as np

from ..config import digest_of
from ..emission import emission_model
from ..emission.registry import EMISSION_MODELS
from ..errors import InputError
from ..progress import SILENT
from ..storage.cache import cache_path, read_cache, write_cache
from .composition import with_masses
from .march import emitted_state, states_at
from .nuclei import MASSES
from .transport import GAMMA_LG_STEP, LG_GAMMA, Shift

ENERGY_LG_STEP = 0.0125
ENERGY_GRID = 10.0 ** (0.5 + ENERGY_LG_STEP * np.arange(241))  # EeV: 10^18.5 ... 10^21.5 eV
ENERGY_GRID.flags.writeable = False
LONGEST_DISTANCE = 250.0  # Mpc
VERSION = 2  # of the computation; a new number makes old caches void


@dataclass(frozen=True)
class SourceSpectrum:
    """What arrives from one source at the Galaxy.

    Attributes
    ----------
    distance : float
        Mpc.
    energy : ndarray, shape (n,)
        EeV, equal steps in lg E.
    flux : ndarray, shape (56, n)
        E^2 dN/dE by mass number A = 1 ... 56, in one arbitrary unit for all rows and for all distances of one emission;
        without 1 / (4 pi r^2).
    """

    distance: float
    energy: np.ndarray
    flux: np.ndarray

    def flux_at(self, energy):
        """Return E^2 dN/dE at energies in EeV inside the grid, shape (56, n); exact on the grid, cubic in ln between."""
        position = np.log10(np.asarray(energy, float) / self.energy[0]) / np.log10(self.energy[1] / self.energy[0])
        if position.size and (position.min() < -1e-6 or position.max() > len(self.energy) - 1 + 1e-6):
            raise InputError(
                f"expected energies from {self.energy[0]:.4g} to {self.energy[-1]:.4g} EeV, "
                f"received {np.min(energy):.4g} to {np.max(energy):.4g}"
            )
        return Shift(np.broadcast_to(position, (len(self.flux), position.size)))(self.flux)


def propagated_spectrum(emission, propagation, distance, *, cache=None, progress=SILENT):
    """Return the :class:`SourceSpectrum` at one distance; see :func:`propagated_spectra`."""
    return propagated_spectra(emission, propagation, [distance], cache=cache, progress=progress)[0]


def propagated_spectra(emission, propagation, distances, *, cache=None, progress=SILENT):
    """Propagate the nuclei that a source emits over several distances.

    Parameters
    ----------
    emission : EmissionConfig
    propagation : PropagationConfig
    distances : sequence of float
        0 ... 250 Mpc (comoving). To 25 Mpc one march through all of them; beyond, where the photon fields evolve on
        the way, one for each.
    cache : Path, optional
        Folder of the caches; None: the user's.
    progress : Progress, optional

    Returns
    -------
    list of SourceSpectrum
        In the order of ``distances``, energies :data:`ENERGY_GRID`, with the masses that ``propagation`` asks for.

    Raises
    ------
    InputError
        If a distance is out of range, or a file of spectra cannot be used.
    """
    distances = [float(d) for d in distances]
    for distance in distances:
        if not 0 <= distance <= LONGEST_DISTANCE:
            raise InputError(f"expected a distance from 0 to {LONGEST_DISTANCE:g} Mpc, received {distance:g}")
    model = emission_model(emission)
    if EMISSION_MODELS[emission.model].propagated:
        return [_spectrum(d, model.flux(d, ENERGY_GRID), propagation) for d in distances]
    found, paths = {}, {}
    for distance in set(distances):
        digest = digest_of(VERSION, emission, model.content, {"ebl": propagation.ebl}, distance)
        paths[distance] = cache_path(cache, "spectra", f"{emission.model}-{distance:g}Mpc-{digest}.h5"), digest
        arrays = read_cache(*paths[distance])
        if arrays is not None:
            found[distance] = arrays["flux"]
    missing = sorted(set(distances) - found.keys())
    for distance, state in states_at(emitted_state(model), propagation.ebl, missing, progress=progress).items():
        found[distance] = flux_on_energies(state)
        path, digest = paths[distance]
        write_cache(path, digest, {"flux": found[distance], "energy": ENERGY_GRID}, {"distance_Mpc": distance})
    return [_spectrum(d, found[d], propagation) for d in distances]


def _spectrum(distance, flux, propagation):
    return SourceSpectrum(distance, ENERGY_GRID, with_masses(flux, propagation.mass_factor, propagation.one_mass))


def flux_on_energies(state):
    """Turn nuclei per ln(gamma), shape (56, n_gamma), into E^2 dN/dE on :data:`ENERGY_GRID`, shape (56, n)."""
    lg_gamma = np.log10(ENERGY_GRID / MASSES[:, None])
    return Shift((lg_gamma - LG_GAMMA[0]) / GAMMA_LG_STEP)(state) * ENERGY_GRID


def number_above(spectrum, threshold=56.0):
    """Integrate dN/dE from ``threshold`` (EeV) to the end of the grid, by mass number, shape (56,)."""
    energy = np.geomspace(threshold, spectrum.energy[-1], 2001)
    return np.trapezoid(spectrum.flux_at(energy) / energy, np.log(energy), axis=1)
