"""The coarse pass: one ray per pixel over the whole sky, per field and rigidity, the same for every source."""

from dataclasses import dataclass
from functools import cache as remember

import healpy as hp
import numpy as np

from ..cache import cache_path, read_cache, write_cache
from ..config import digest_of
from ..sky import pixel_vectors
from .image import largest_distance, stand_in

COARSE_ORDER = 5  # Nside 32
VERSION = 1


@dataclass(frozen=True)
class CoarsePass:
    """Rays from the centres of all pixels of the sky.

    Attributes
    ----------
    order : int
        Nside is ``2**order``.
    exit_direction : ndarray, shape (npix, 3)
        NESTED; for a trapped ray that of a neighbour, and nan if all are trapped.
    spread : ndarray, shape (npix,)
        Largest distance of an exit direction to those of the (up to eight) neighbours, degrees.
    """

    order: int
    exit_direction: np.ndarray
    spread: np.ndarray


def trace_coarse(trace, order=COARSE_ORDER):
    """Trace the whole sky; ``trace`` turns arrival into exit directions, both of shape (n, 3), nan where trapped."""
    return _with_spread(order, trace(pixel_vectors(2**order)))


def coarse_pass(trace, field_digest, rigidity, *, cache=None):
    """Return the coarse pass of a field at one rigidity, from the cache if it is there."""
    digest = digest_of("coarse pass", VERSION, COARSE_ORDER, field_digest, f"{rigidity:.10g}")
    path = cache_path(cache, "coarse", f"{digest}.h5")
    found = read_cache(path, digest)
    if found is None:
        found = {"exit_direction": trace(pixel_vectors(2**COARSE_ORDER)).astype(np.float32)}
        write_cache(path, digest, found, {"field": field_digest, "rigidity_EV": rigidity, "ordering": "NESTED"})
    return _with_spread(COARSE_ORDER, found["exit_direction"].astype(float))


def _with_spread(order, exits):
    neighbours = _neighbours(order)
    around = exits[np.where(neighbours >= 0, neighbours, np.arange(len(exits))[:, np.newaxis])]
    exits = stand_in(exits[:, np.newaxis], around)
    return CoarsePass(order, exits[:, 0], largest_distance(exits, around)[:, 0])


@remember
def _neighbours(order):
    nside = 2**order
    return hp.get_all_neighbours(nside, np.arange(hp.nside2npix(nside)), nest=True).T
