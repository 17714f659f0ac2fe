"""Nuclei at the Galaxy's edge, the lens and the bins brought together, exactly or by sampling."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..errors import NoEventsError
from .density import Losses
from .energy_bins import energy_cells, normalised, numbers_in_cells, share, smearing, smearing_of_energies


@dataclass(frozen=True)
class Nuclei:
    """A propagated spectrum cut into cells of energy.

    Attributes
    ----------
    cells : ndarray, shape (n_cells + 1,)
        Edges, ln(E / EeV).
    charge : ndarray, shape (n_species,)
        Z.
    number : ndarray, shape (n_species, n_cells)
        Nuclei at the Galaxy's edge, any unit.
    """

    cells: np.ndarray
    charge: np.ndarray
    number: np.ndarray

    @property
    def log_rigidity(self):
        """ln(R / EV) at the middle of each cell, shape (n_species, n_cells)."""
        return (self.cells[1:] + self.cells[:-1]) / 2 - np.log(self.charge)[:, None]


def nuclei_in_cells(spectrum, charges, energy):
    """Cut a :class:`~..propagation.SourceSpectrum` into cells for an :class:`~..config.EnergyConfig`.

    Raises
    ------
    NoEventsError
        If it has no nucleus there.
    """
    present = spectrum.flux.any(axis=1)
    cells = energy_cells(energy, max(spectrum.energy[-1], energy.threshold))
    number = numbers_in_cells(spectrum.energy, spectrum.flux[present], cells)
    if not number.any():
        raise NoEventsError(
            f"no nucleus arrives above {np.exp(cells[0]):.0f} EeV from {spectrum.distance:g} Mpc; "
            "lower energy.threshold or choose a nearer source or another emission"
        )
    return Nuclei(cells, np.asarray(charges)[present], number)


def rows_and_weights(log_rigidity, lens):
    """Place rigidities between the rows of a lens.

    Parameters
    ----------
    log_rigidity : ndarray
        ln(R / EV).
    lens : SourceLens

    Returns
    -------
    row : ndarray of int
        Row below.
    weight : ndarray
        Share of the row above, linear in ln R; the row below has the rest.
    inside : ndarray of bool
        False outside the lens.
    """
    grid = np.log(lens.rigidity)
    inside = (log_rigidity >= grid[0] - 1e-9) & (log_rigidity <= grid[-1] + 1e-9)
    row = np.clip(np.searchsorted(grid, log_rigidity, side="right") - 1, 0, len(grid) - 2)
    weight = (log_rigidity - grid[row]) / (grid[row + 1] - grid[row])
    return row, np.clip(weight, 0.0, 1.0), inside


def nuclei_at_rigidities(nuclei, lens, energy):
    """Distribute nuclei over the rows of a lens and the bins.

    Returns
    -------
    per_row : ndarray, shape (n_R, n_bins + 1)
        Nuclei at the Galaxy's edge by row and by bin of reconstructed energy; the last column lies above the last edge.
    entering : ndarray, shape (n_bins + 1,)
        Those of all rigidities, outside the lens too.
    """
    row, weight, inside = rows_and_weights(nuclei.log_rigidity, lens)
    n_rows, n_cells = len(lens.rigidity), nuclei.number.shape[1]
    cell = np.broadcast_to(np.arange(n_cells), row.shape)
    numbers = np.where(inside, nuclei.number, 0.0)
    at_rigidity = np.zeros((n_rows, n_cells))
    np.add.at(at_rigidity, (row, cell), numbers * (1 - weight))
    np.add.at(at_rigidity, (row + 1, cell), numbers * weight)

    smear = smearing(nuclei.cells, energy.bin_edges, energy.resolution)
    entering = nuclei.number.sum(axis=0) @ smear
    return at_rigidity @ smear, entering


def expected_density(nuclei, lens, maps, energy, normalisation):
    """Density of a source in closed form.

    A nucleus between two rigidities of the lens is shared between them. A rigidity at which the field lets nothing
    through has an empty row: what falls to it is lost, so that the border of transparency is neither moved up nor down.

    Parameters
    ----------
    nuclei : Nuclei
    lens : SourceLens
    maps : array or sparse array, shape (n_R, npix)
        Rows of the lens, each summing to 1 or 0.
    energy : EnergyConfig
    normalisation : str
        ``"edge"``: each nucleus that gets through counts once; ``"flux"``: by the lens' magnification.

    Returns
    -------
    density : ndarray, shape (npix, n_bins)
        Sums to 1.
    losses : Losses
        The isotropic share is left 0.

    Raises
    ------
    NoEventsError
        If nothing arrives in the bins.
    """
    per_row, entering = nuclei_at_rigidities(nuclei, lens, energy)
    open_rows = maps.sum(axis=1) > 0
    arriving = per_row * (open_rows * row_factors(lens, normalisation))[:, None]
    density = maps.T @ arriving[:, :-1]
    if not density.any():
        raise NoEventsError(nothing_arrives(energy))
    losses = Losses(
        blocked=share(per_row[~open_rows].sum(), entering.sum()),
        outside_rigidity=share(max(entering.sum() - per_row.sum(), 0.0), entering.sum()),
        above_source=share(arriving[:, -1].sum(), arriving.sum()),
    )
    return normalised(density), losses


def sampled_density(nuclei, lens, maps, energy, normalisation, rng):
    """Density of a source from ``energy.n_sampled`` random nuclei, as the published analysis makes it.

    Each nucleus has a species and an energy drawn from the spectrum, one arrival pixel drawn from the lens at its
    rigidity, and feeds the bins with the Gaussian weights of its own energy. Arguments and result are those of
    :func:`expected_density`, which it tends to as ``n_sampled`` grows.
    """
    n_species, n_cells = nuclei.number.shape
    cumulative = np.cumsum(nuclei.number)
    drawn = np.searchsorted(cumulative, rng.random(energy.n_sampled) * cumulative[-1], side="right")
    species, cell = np.unravel_index(np.minimum(drawn, n_species * n_cells - 1), (n_species, n_cells))
    width = np.diff(nuclei.cells)
    log_energy = nuclei.cells[cell] + rng.random(len(cell)) * width[cell]
    row, weight, inside = rows_and_weights(log_energy - np.log(nuclei.charge[species]), lens)
    row = row + (rng.random(len(row)) < weight)

    smear = smearing_of_energies(log_energy, energy.bin_edges, energy.resolution)
    open_rows = maps.sum(axis=1) > 0
    arrives = inside & open_rows[row]
    counts = smear * (arrives * row_factors(lens, normalisation)[row])[:, None]
    ipix = _sampled_pixels(sparse.csr_array(maps), np.where(arrives, row, -1), rng)
    n_bins = smear.shape[1] - 1
    target = ipix[:, None] * n_bins + np.arange(n_bins)
    density = np.bincount(target[arrives].ravel(), counts[arrives, :-1].ravel(), minlength=maps.shape[1] * n_bins)
    if not density.any():
        raise NoEventsError(nothing_arrives(energy))
    total = smear.sum()
    losses = Losses(
        blocked=share(smear[inside & ~open_rows[row]].sum(), total),
        outside_rigidity=share(smear[~inside].sum(), total),
        above_source=share(counts[:, -1].sum(), counts.sum()),
    )
    return normalised(density.reshape(-1, n_bins)), losses


def row_factors(lens, normalisation):
    """Weight of each row of a lens, shape (n_R,): 1 or the magnification."""
    return np.asarray(lens.magnification, dtype=float) if normalisation == "flux" else np.ones(len(lens.rigidity))


def nothing_arrives(energy):
    """Message of the :class:`NoEventsError` of a source none of whose nuclei gets through."""
    return (
        f"the Galactic field lets no nucleus of this source through into {energy.threshold:g} to "
        f"{energy.bin_edges[-1]:.0f} EeV; choose another source or field, or a larger sky.source_radius"
    )


def _sampled_pixels(maps, rows, rng):
    ipix = np.zeros(len(rows), dtype=np.int64)
    for row in np.unique(rows[rows >= 0]):
        members = np.flatnonzero(rows == row)
        stored = slice(maps.indptr[row], maps.indptr[row + 1])
        cumulative = np.cumsum(maps.data[stored])
        place = np.searchsorted(cumulative, rng.random(len(members)) * cumulative[-1], side="right")
        ipix[members] = maps.indices[stored][place]
    return ipix
