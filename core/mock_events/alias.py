"""Draws from a large table of probabilities in constant time: the alias method (Walker 1977, Vose 1991)."""

import numba
import numpy as np


def alias_table(probability):
    """Prepare draws of an index with the given probabilities.

    Every index shares one slot of a table of equal slots with at most one other, its alias (Vose, IEEE Trans.
    Softw. Eng. 17 (1991) 972).

    Parameters
    ----------
    probability : ndarray, shape (n,)
        Not negative, not all zero; need not sum to 1.

    Returns
    -------
    ndarray, shape (n, 2)
        Share of the slot that belongs to its own index, and the alias.
    """
    scaled = np.asarray(probability, dtype=float).ravel()
    return _fill_table(scaled * (len(scaled) / scaled.sum()))


@numba.njit(cache=True)
def _fill_table(scaled):
    n = len(scaled)
    table = np.empty((n, 2))
    waiting = np.empty(n, np.int64)  # small ones from the left, large ones from the right
    n_small, first_large = 0, n
    for i in range(n):
        if scaled[i] < 1.0:
            waiting[n_small] = i
            n_small += 1
        else:
            first_large -= 1
            waiting[first_large] = i
    while n_small > 0 and first_large < n:
        n_small -= 1
        small, large = waiting[n_small], waiting[first_large]
        table[small, 0], table[small, 1] = scaled[small], large
        scaled[large] -= 1.0 - scaled[small]
        if scaled[large] < 1.0:
            first_large += 1
            waiting[n_small] = large
            n_small += 1
    for i in range(n_small):  # only rounding leaves small ones here
        table[waiting[i], 0], table[waiting[i], 1] = 1.0, waiting[i]
    for i in range(first_large, n):
        table[waiting[i], 0], table[waiting[i], 1] = 1.0, waiting[i]
    return table


@numba.njit(nogil=True, cache=True)
def draw_cells(uniform, n_source, source, isotropic, n_bins, ipix, energy_bin):
    """Turn numbers from [0, 1) into events, in place.

    The integer part of ``uniform`` times the number of slots chooses a slot, the rest between its two indices.

    Parameters
    ----------
    uniform : ndarray, shape (n_maps, n_events)
    n_source : ndarray of int, shape (n_maps,)
        So many events of each row come from the first table, the others from the second.
    source, isotropic : ndarray, shape (npix * n_bins, 2)
        Tables of :func:`alias_table` over (pixel, bin).
    n_bins : int
    ipix, energy_bin : ndarray of int, shape (n_maps, n_events)
        Written.
    """
    n_maps, n_events = uniform.shape
    for i in range(n_maps):
        for j in range(n_events):
            table = source if j < n_source[i] else isotropic
            position = uniform[i, j] * table.shape[0]
            slot = np.int64(position)
            cell = np.uint32(slot if position - slot < table[slot, 0] else np.int64(table[slot, 1]))
            pixel = cell // np.uint32(n_bins)
            ipix[i, j] = pixel
            energy_bin[i, j] = cell - pixel * np.uint32(n_bins)
