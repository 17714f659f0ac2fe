"""Which pixel lies where on the twelve base faces, and what borders on it.

A base face of HEALPix is a square of ``nside`` by ``nside`` pixels (Gorski et
al., ApJ 622 (2005) 759, section 5.3): x grows to the north-east, y to the
north-west. Every pixel of a face has its eight neighbours at x, y = -1, 0, +1
beside it, so a convolution over neighbours is an ordinary 3 by 3 convolution
on squares, once each square has a border of one pixel copied from the
adjoining faces. Only at corners where three faces meet is there no pixel.
"""

from functools import cache

import healpy as hp
import numpy as np

from ..sky import check_nside

NEIGHBOUR_OFFSETS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""Steps in x and y to the neighbours SW, W, NW, N, NE, E, SE, S: the order of ``healpy.get_all_neighbours``."""

MISSING = -1


def face_pixels(nside, nest=True):
    """Pixel numbers of the faces, shape (12, nside, nside), indexed by face, x and y."""
    nside = check_nside(nside)
    face, x, y = np.indices((12, nside, nside)).reshape(3, -1)
    return hp.xyf2pix(nside, x, y, face, nest=nest).reshape(12, nside, nside)


def bordered_face_cells(nside):
    """Cells of the faces with a border of one cell around each face.

    Returns
    -------
    ndarray of int, shape (12, nside + 2, nside + 2)
        Numbers of cells in ``(face, x, y)`` order, 0 to 12 nside^2 - 1, or :data:`MISSING`.
    """
    nside = check_nside(nside)
    face, x, y = np.indices((12, nside, nside)).reshape(3, -1)
    pixels = hp.xyf2pix(nside, x, y, face, nest=True)
    cell_of_pixel = np.append(np.argsort(pixels), MISSING)  # the last entry answers for pixel -1
    cells = np.full((12, nside + 2, nside + 2), MISSING)
    cells[face, x + 1, y + 1] = np.arange(len(pixels))
    neighbours = hp.get_all_neighbours(nside, pixels, nest=True)
    for (dx, dy), neighbour in zip(NEIGHBOUR_OFFSETS, neighbours, strict=True):
        cells[face, x + 1 + dx, y + 1 + dy] = cell_of_pixel[neighbour]
    return cells


@cache
def grid_symmetries(nside):
    """Pixels into which pixels are carried by the sixteen symmetries of the grid, quarter turns and mirrors.

    Returns
    -------
    ndarray of int, shape (16, 12 nside^2)
        NESTED; each row holds every pixel once, the first in their own order; read-only.
    """
    nside = check_nside(nside)
    theta, phi = hp.pix2ang(nside, np.arange(12 * nside**2), nest=True)
    moved = [
        hp.ang2pix(nside, colatitude, longitude + quarter * np.pi / 2, nest=True)
        for colatitude in (theta, np.pi - theta) for longitude in (phi, -phi) for quarter in range(4)
    ]  # fmt: skip
    symmetries = np.array(moved)
    symmetries.flags.writeable = False
    return symmetries


def neighbour_pairs(nside):
    """Who is whose neighbour, in the order of the source: the table of :func:`bordered_face_cells` read the other way round.

    Returns
    -------
    source, target, tap : ndarray of int, shape (n_pairs,)
        NESTED pixels, and the entry of a flat 3 by 3 kernel through which ``source`` acts on ``target``.
    """
    pixels = face_pixels(nside)
    bordered = bordered_face_cells(nside)
    known = np.append(pixels.ravel(), MISSING)[bordered]
    windows = np.lib.stride_tricks.sliding_window_view(known, (3, 3), axis=(1, 2)).reshape(-1, 9)
    target, tap = np.broadcast_arrays(pixels.reshape(-1, 1), np.arange(9))
    pairs = np.stack([windows, target, tap])[:, windows != MISSING]
    return pairs[:, np.lexsort(pairs[::-1])]


def occurrences(*keys):
    """Number each entry among those before it with the same keys, which must be sorted lexicographically."""
    new = np.ones(len(keys[0]), bool)
    new[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    first = np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))
    return np.arange(len(new)) - first
