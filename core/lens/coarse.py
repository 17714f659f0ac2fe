"""The coarse pass: one ray per pixel over the whole sky, per field and rigidity, the same for every source."""

from dataclasses import dataclass
from functools import cache as remember

import healpy as hp
import numpy as np

from ..cache import cache_path, read_cache, write_cache
from ..config import digest_of
from ..sky import pixel_vectors
from .image import largest_distance

COARSE_ORDER = 5  # Nside 32
VERSION = 1


@dataclass(frozen=True)
class CoarsePass:
    """Exit directions of rays from all pixel centres, shape (npix, 3), NESTED, nan where trapped.

    Attributes
    ----------
    order : int
        Nside is ``2**order``.
    exit_direction : ndarray, shape (npix, 3)
    spread : ndarray, shape (npix,)
        Largest distance of an exit direction to those of the (up to eight) neighbours, degrees.
    """

    order: int
    exit_direction: np.ndarray
    spread: np.ndarray


def trace_coarse(trace, order=COARSE_ORDER):
    """Trace the whole sky; ``trace`` turns arrival into exit directions, both of shape (n, 3)."""
    return _with_spread(order, trace(pixel_vectors(2**order)))


def coarse_pass(trace, field_digest, rigidity, *, cache=None):
    """Return the coarse pass of a field at one rigidity, from the cache if it is there."""
    digest = digest_of("coarse pass", VERSION, COARSE_ORDER, field_digest, f"{rigidity:.10g}")
    path = cache_path(cache, "coarse", f"{digest}.h5")
    found = read_cache(path, digest)
    if found is not None:
        return _with_spread(COARSE_ORDER, found["exit_direction"].astype(float))
    coarse = trace_coarse(trace)
    arrays = {"exit_direction": coarse.exit_direction.astype(np.float32)}
    write_cache(path, digest, arrays, {"field": field_digest, "rigidity_EV": rigidity, "ordering": "NESTED"})
    return coarse


def _with_spread(order, exits):
    around = np.where((neighbours := _neighbours(order)) >= 0, neighbours, np.arange(len(exits))[:, np.newaxis])
    return CoarsePass(order, exits, largest_distance(exits[around], exits[:, np.newaxis], axis=1))


@remember
def _neighbours(order):
    nside = 2**order
    return hp.get_all_neighbours(nside, np.arange(hp.nside2npix(nside)), nest=True).T
