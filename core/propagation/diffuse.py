"""The diffuse flux of identical sources of constant density, with all losses on the way."""

import itertools

import numpy as np

from ..progress import SILENT
from .march import SHELL, emitted_state, local_medium, proper_length, shell_medium
from .nuclei import MASS_NUMBERS
from .spectrum import ENERGY_GRID, flux_on_energies
from .transport import STEP

NEGLIGIBLE = 1e-15  # of the largest E^2 J: written as 0


def diffuse_flux(injection, ebl, *, farthest=1000.0, evolving=True, step=STEP, progress=SILENT):
    """Sum the spectra of sources at all distances.

    The number of sources per comoving volume and their emission do not change with time. Then every stretch dx of the
    proper way adds the same emission Q dx, because the factor r^2 of the volume cancels 1 / r^2 of the flux and
    dx = dr / (1 + z) takes care of the rate at which particles arrive.

    Parameters
    ----------
    injection : Injection
    ebl : str
    farthest : float, optional
        Comoving Mpc, a multiple of the shells' 25 Mpc.
    evolving : bool, optional
        False: photon fields and expansion rate of z = 0 all the way, as in simpler calculations.
    step : float, optional
        Mpc.
    progress : Progress, optional

    Returns
    -------
    ndarray, shape (56, n)
        E^2 J on :data:`~.spectrum.ENERGY_GRID` in an arbitrary unit.
    """
    emitted = emitted_state(injection)
    state = np.zeros_like(emitted)
    n_shells = round(farthest / SHELL)
    for shell in range(n_shells)[::-1]:
        progress.report("diffuse flux", n_shells - 1 - shell, n_shells)
        medium = shell_medium(ebl, shell) if evolving else local_medium(ebl)
        length = proper_length(shell * SHELL, (shell + 1) * SHELL) if evolving else SHELL
        n_steps = round(length / step)
        advance = medium.step(length / n_steps)
        added = emitted * (length / n_steps)
        for _ in range(n_steps):
            state = advance(state + added / 2) + added / 2
    progress.report("diffuse flux", n_shells, n_shells)
    return flux_on_energies(state)


def mass_group_columns(flux, edges=(1, 2, 5, 17, 31, 57)):
    """Return E^2 J of groups of mass numbers, ``{"A5-16": array}``, of a flux (56, n)."""
    return {
        f"A{low}-{high - 1}" if high > low + 1 else f"A{low}": flux[(low <= MASS_NUMBERS) & (high > MASS_NUMBERS)].sum(axis=0)
        for low, high in itertools.pairwise(edges)
    }


def write_kkos_diffuse(path, *, progress=SILENT):
    """Make ``resources/emission/kkos_diffuse.csv``.

    From the checkout: ``python main.py background --out resources/emission/kkos_diffuse.csv``; about a minute.
    """
    from ..emission.kkos import kkos
    from ..storage.tables import write_table

    flux = diffuse_flux(kkos(), "inoue12", progress=progress)
    scale = 1.0 / flux.sum(axis=0).max()
    columns = {"energy": [f"{energy:.10g}" for energy in ENERGY_GRID]}
    for name, row in mass_group_columns(flux).items():
        columns[name] = [f"{value:.5g}" if value > NEGLIGIBLE else "0" for value in scale * row]
    write_table(path, columns, [
        "E^2 J of identical sources of constant density to 1000 Mpc by mass number (arbitrary unit); energy in EeV.",
        "Emission kkos, all losses, Inoue et al. 2012 background light; made by core.propagation.diffuse.write_kkos_diffuse",
    ])
