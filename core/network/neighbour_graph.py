"""The graph of neighbouring HEALPix pixels: its weights, and its adjacency as small dense blocks."""

from dataclasses import dataclass

import healpy as hp
import numpy as np

from ..sky import check_nside, pixel_vectors
from .topology import MISSING

BLOCK_SIDE = 4  # pixels: 16 rows of the adjacency need at most the 36 pixels of a square with its border


def adjacency(nside):
    r"""Normalised adjacency :math:`D^{-1/2} W D^{-1/2}` of the graph that joins each pixel to its eight neighbours.

    :math:`W_{ij} = \exp(-|x_i - x_j|^2 / 2 \overline{|x_i - x_j|^2})` with the mean over all edges and
    :math:`D_i = \sum_j W_{ij}` (Perraudin et al., Astron. Comput. 27 (2019) 130, arXiv:1810.12186, section 2.2, with the width
    of their program).

    Returns
    -------
    neighbours : ndarray of int, shape (npix, 8)
        NESTED pixels, :data:`~.topology.MISSING` at the eight corners where three base faces meet.
    weights : ndarray, shape (npix, 8)
        0 where a neighbour is missing.
    """
    neighbours = hp.get_all_neighbours(check_nside(nside), np.arange(12 * nside**2), nest=True).T
    places = pixel_vectors(nside)
    squared = np.sum((places[:, None] - places[neighbours]) ** 2, axis=-1)
    joined = neighbours != MISSING
    weights = np.where(joined, np.exp(-squared / (2 * squared[joined].mean())), 0.0)
    degree = weights.sum(axis=1)
    return neighbours, weights / np.sqrt(degree[:, None] * degree[neighbours])


@dataclass(frozen=True, eq=False)
class AdjacencyBlocks:
    """The rows of a sparse matrix in blocks of neighbouring pixels.

    Attributes
    ----------
    sources : ndarray of int32, shape (n_blocks, width)
        NESTED pixels that a block needs.
    matrices : ndarray of float32, shape (n_blocks, rows, width)
        What each of them adds to the pixels of the block, which follow one another in NESTED order.
    """

    sources: np.ndarray
    matrices: np.ndarray


def adjacency_blocks(nside):
    """Cut :func:`adjacency` into blocks of :data:`BLOCK_SIDE` by :data:`BLOCK_SIDE` pixels, or of a face where that is less."""
    neighbours, weights = adjacency(nside)
    rows = min(BLOCK_SIDE, nside) ** 2
    known = np.where(neighbours == MISSING, np.arange(len(neighbours))[:, None], neighbours)  # weight 0
    needed = [np.unique(block) for block in known.reshape(-1, 8 * rows)]
    width = max(map(len, needed))
    sources = np.stack([np.pad(pixels, (0, width - len(pixels)), mode="edge") for pixels in needed])
    matrices = np.zeros((len(needed), rows, width))
    for matrix, pixels, block, values in zip(
        matrices, needed, known.reshape(-1, rows, 8), weights.reshape(-1, rows, 8), strict=True
    ):
        np.add.at(matrix, (np.arange(rows)[:, None], np.searchsorted(pixels, block)), values)
    return AdjacencyBlocks(sources.astype("int32"), matrices.astype("float32"))
