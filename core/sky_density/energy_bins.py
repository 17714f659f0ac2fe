r"""From true energies to bins of reconstructed energy, in closed form.

A true energy :math:`E` is reconstructed as :math:`\ln E' \sim N(\ln E, \sigma^2)` with
:math:`\sigma = \Delta E / E` (Kalashev, Pshirkov, Zotov, arXiv:2105.06414). The spectrum is
integrated over narrow cells of :math:`\ln E` whose edges fall on the bins' edges; the Gaussian is
integrated over cell and bin analytically, so that any resolution down to zero (sharp bins) is exact.
"""

import math

import numpy as np
from scipy.special import ndtr

CELL_WIDTH = 0.005 * math.log(10)  # of ln E, at most
SHARP = 1e-9  # a smaller resolution is none


def energy_cells(energy, end):
    """Cut the true energies into cells.

    Parameters
    ----------
    energy : EnergyConfig
    end : float
        Where the spectrum ends, EeV.

    Returns
    -------
    edges : ndarray, shape (n_cells + 1,)
        ln(E / EeV), increasing from 3 sigma below the threshold to ``end``; every bin edge below ``end`` is one.
    """
    start, threshold, end = math.log(energy.lowest_energy), math.log(energy.threshold), math.log(end)
    below = np.linspace(start, threshold, math.ceil((threshold - start) / CELL_WIDTH) + 1)
    bin_width = energy.bin_width * math.log(10)
    step = bin_width / math.ceil(bin_width / CELL_WIDTH)
    above = threshold + step * np.arange(1, max(math.ceil((end - threshold) / step), 0) + 1)
    edges = np.concatenate([below, above])
    return np.append(edges[edges < end - 1e-9], end)


def numbers_in_cells(energy, flux, edges):
    """Integrate a spectrum over cells.

    Parameters
    ----------
    energy : ndarray, shape (n_E,)
        EeV, increasing.
    flux : ndarray, shape (..., n_E)
        E^2 dN/dE; between two positive values a power law, nothing outside ``energy``.
    edges : ndarray, shape (n_cells + 1,)
        ln(E / EeV).

    Returns
    -------
    ndarray, shape (..., n_cells)
        Number, in units of ``flux`` / EeV: the number per ln E is flux / E.
    """
    grid, middle = np.log(energy), (edges[1:] + edges[:-1]) / 2
    inside = (middle >= grid[0]) & (middle <= grid[-1])
    i = np.clip(np.searchsorted(grid, middle, side="right") - 1, 0, len(grid) - 2)
    weight = (middle - grid[i]) / (grid[i + 1] - grid[i])
    per_log = flux / energy
    left, right = per_log[..., i], per_log[..., i + 1]
    both = (left > 0) & (right > 0)
    ratio = np.divide(right, left, out=np.ones_like(left), where=both)
    value = np.where(both, left * ratio**weight, (1 - weight) * left + weight * right)
    return np.where(inside, value, 0.0) * np.diff(edges)


def smearing(cells, bin_edges, resolution):
    """Probability that a true energy, uniform in ln E over a cell, is reconstructed in a bin.

    Parameters
    ----------
    cells : ndarray, shape (n_cells + 1,)
        ln(E / EeV).
    bin_edges : ndarray, shape (n_bins + 1,)
        EeV.
    resolution : float
        Sigma of ln E; 0 for sharp bins.

    Returns
    -------
    ndarray, shape (n_cells, n_bins + 1)
        The last column is the probability to lie above the last edge.
    """
    edges = np.log(bin_edges)
    low, high = cells[:-1, None], cells[1:, None]
    below = (_ramp(edges - low, resolution) - _ramp(edges - high, resolution)) / (high - low)
    return _bins_from_cumulative(below)


def smearing_of_energies(log_energy, bin_edges, resolution):
    """Same as :func:`smearing` for single energies ``log_energy`` = ln(E / EeV), shape (n,)."""
    distance = np.log(bin_edges) - log_energy[:, None]
    below = ndtr(distance / resolution) if resolution > SHARP else (distance > 0).astype(float)
    return _bins_from_cumulative(below)


def bin_probabilities(energy, flux, config):
    """Probability of each bin for a smeared spectrum.

    Parameters
    ----------
    energy, flux : ndarray, shape (n_E,)
        EeV and E^2 dN/dE.
    config : EnergyConfig

    Returns
    -------
    probability : ndarray, shape (n_bins,)
        Sums to 1, or all 0 where the spectrum has nothing in the bins.
    above : float
        Share above the last edge, of what is above the threshold.
    """
    cells = energy_cells(config, energy[-1])
    numbers = numbers_in_cells(energy, flux, cells) @ smearing(cells, config.bin_edges, config.resolution)
    return normalised(numbers[:-1]), share(numbers[-1], numbers.sum())


def normalised(values):
    """Divide by the sum; zeros stay."""
    total = values.sum()
    return values / total if total > 0 else values


def share(part, whole):
    """Return ``part / whole`` as a float, 0 of nothing."""
    return float(part / whole) if whole > 0 else 0.0


def _bins_from_cumulative(below):
    bins = np.diff(below, axis=1, append=1.0)
    return np.clip(bins, 0.0, 1.0)  # rounding leaves -1e-16


def _ramp(x, sigma):
    """Integral of the Gaussian's cumulative distribution up to ``x``; max(x, 0) for a sharp one."""
    if sigma <= SHARP:
        return np.maximum(x, 0.0)
    z = x / sigma
    return sigma * (z * ndtr(z) + np.exp(-z * z / 2) / math.sqrt(2 * math.pi))
