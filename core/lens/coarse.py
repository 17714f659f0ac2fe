"""The coarse pass: one ray per pixel over the whole sky, per field and rigidity, the same for every source."""

import threading
from dataclasses import dataclass
from functools import cache as remember

import healpy as hp
import numpy as np

from ..config import digest_of
from ..sky import angular_distance, pixel_vectors
from ..storage.cache import cache_path, read_cache, write_cache
from .search import largest_distance, stand_in

COARSE_ORDER = 5  # Nside 32
MOTION_MARGIN = 1.5
VERSION = 2
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class CoarsePass:
    """Rays from the centres of all pixels of the sky.

    Attributes
    ----------
    order : int
        Nside is ``2**order``.
    exit_direction : ndarray, shape (npix, 3)
        NESTED; for a trapped ray that of a neighbour, and nan if all are trapped.
    trapped : ndarray of bool, shape (npix,)
    spread : ndarray, shape (npix,)
        Largest distance of an exit direction to those of the (up to eight) neighbours, degrees.
    motion : ndarray, shape (npix,)
        How far the exit direction moves within the band of rigidities that the pass serves, degrees.
    """

    order: int
    exit_direction: np.ndarray
    trapped: np.ndarray
    spread: np.ndarray
    motion: np.ndarray


def coarse_pass(exits, beside=()):
    """Judge the rays of a whole sky.

    Parameters
    ----------
    exits : ndarray, shape (npix, 3)
        Exit directions of the rays from all pixel centres, NESTED, nan where trapped.
    beside : sequence of ndarray, shape (npix, 3)
        The same at the neighbouring rigidities of the grid, for a pass that serves the whole band: it ends half way to them.
    """
    order = hp.npix2order(len(exits))
    neighbours = neighbour_pixels(order)
    around = exits[np.where(neighbours >= 0, neighbours, np.arange(len(exits))[:, np.newaxis])]
    filled = stand_in(exits[:, np.newaxis], around)
    motion = np.zeros(len(exits))
    for other in beside:
        motion = np.fmax(motion, MOTION_MARGIN / 2 * angular_distance(filled[:, 0], other))
    return CoarsePass(order, filled[:, 0], np.isnan(exits[:, 0]), largest_distance(filled, around)[:, 0], motion)


def trace_coarse(trace, rigidity, order=COARSE_ORDER):
    """Trace the whole sky, shape (npix, 3); ``trace`` is as in :func:`~.search.find_image`."""
    directions = pixel_vectors(2**order)
    return trace(directions, np.full(len(directions), rigidity))


def cached_exits(trace, field_digest, rigidity, *, cache=None):
    """Return what :func:`trace_coarse` returns, from the cache if it is there."""
    digest = digest_of("coarse pass", VERSION, COARSE_ORDER, field_digest, f"{rigidity:.10g}")
    path = cache_path(cache, "coarse", f"{digest}.h5")
    with _ONE_AT_A_TIME:  # the next may be in want of the same
        found = read_cache(path, digest)
        if found is None:
            found = {"exit_direction": trace_coarse(trace, rigidity).astype(np.float32)}
            write_cache(path, digest, found, {"field": field_digest, "rigidity_EV": rigidity, "ordering": "NESTED"})
    return found["exit_direction"].astype(float)


@remember
def neighbour_pixels(order):
    """The (up to eight) neighbours of each pixel, shape (npix, 8), NESTED; -1 where there is none."""
    nside = 2**order
    return hp.get_all_neighbours(nside, np.arange(hp.nside2npix(nside)), nest=True).T
