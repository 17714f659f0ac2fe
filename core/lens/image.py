"""The image of a source: all arrival directions at Earth whose rays left the Galaxy near the source.

Liouville's theorem keeps the density of nuclei per solid angle constant along
their tracks, so the image is evenly filled and its shape is all there is to
know.
"""

import math
from dataclasses import dataclass

import healpy as hp
import numpy as np

WEIGHT_STEPS = 2**12  # to which the weights of a condensed image are rounded
INSIDE = 0.99  # share of a Fisher distribution that is followed


@dataclass(frozen=True)
class Image:
    """Pixels that make up the image of a source in a band of rigidities.

    Attributes
    ----------
    ipix : ndarray of int64, shape (n,)
        NESTED pixels of order ``order`` (each pixel its own).
    order : ndarray of int8, shape (n,)
        Nside is ``2**order``.
    weight : ndarray of float32, shape (n,)
        Solid angle that the pixel stands for, in pixels of order ``leaf_order``; their sum is the mean over the band.
    member : ndarray of int, shape (n,)
        Index of the rigidity within the band; even and odd ones make up the two halves.
    leaf_order : int
        Order of the smallest pixels.
    n_effective : float
        Equal rays that would make up the same image, see :func:`effective_rays`.
    """

    ipix: np.ndarray
    order: np.ndarray
    weight: np.ndarray
    member: np.ndarray
    leaf_order: int
    n_effective: float

    @property
    def solid_angle(self):
        """Solid angle of the image at Earth, mean over the band, steradian."""
        return float(self.weight.sum(dtype=float)) * hp.nside2pixarea(2**self.leaf_order)

    @property
    def share(self):
        """Probability of each pixel, shape (n,), summing to 1."""
        return self.weight / self.weight.sum(dtype=float) if len(self.weight) else self.weight

    def condensed(self, order):
        """Same image in pixels of at most ``order``, for maps that are no finer; it keeps its halves and its number of rays."""
        deeper = 2 * np.maximum(self.order.astype(int) - order, 0)
        cells = np.stack([np.minimum(self.order, order), self.ipix >> deeper, self.member % 2])
        (orders, ipix, half), place = np.unique(cells, axis=1, return_inverse=True)
        weight = np.bincount(place.ravel(), self.weight, minlength=len(ipix)) * 4.0 ** (order - self.leaf_order)
        mantissa, exponent = np.frexp(weight)
        weight = np.ldexp(np.rint(mantissa * WEIGHT_STEPS) / WEIGHT_STEPS, exponent)  # compresses well
        return Image(
            ipix, orders.astype(np.int8), weight.astype(np.float32), half.astype(np.int8), order, self.n_effective
        )


def effective_rays(weight, rays=1, variance=0.0):
    r"""Equal rays that would make up the same image, :math:`(\sum w)^2 / \sum w^2`.

    Parameters
    ----------
    weight : ndarray, shape (n,)
        Of each pixel, any unit.
    rays : ndarray, shape (n,), or int
        How many equal rays each pixel holds.
    variance : float
        Of the sum of weights because pixels were left out at random, the unit squared; it adds to :math:`\sum w^2`.
    """
    weight = np.asarray(weight, dtype=float)
    return float(weight.sum() ** 2 / (np.sum(weight**2 / rays) + variance)) if len(weight) else 0.0


def nothing():
    """Image of a source from which no nucleus gets through."""
    return Image(np.zeros(0, np.int64), np.zeros(0, np.int8), np.zeros(0, np.float32), np.zeros(0, np.int8), 0, 0.0)


def disc_solid_angle(radius, concentration=0.0):
    """Solid angle in steradian of a disc with ``radius`` in degrees, weighted by :func:`fisher_weight`."""
    versine = 2 * np.sin(np.radians(radius) / 2) ** 2
    return 2 * np.pi * (versine if concentration == 0 else -np.expm1(-concentration * versine) / concentration)


def fisher_weight(angle, concentration):
    """Density at an angle in degrees over that in the centre (Fisher, Proc. R. Soc. A 217 (1953) 295); 0: even."""
    return np.exp(-2 * concentration * np.sin(np.radians(angle) / 2) ** 2)


def source_extent(sky):
    """How the nuclei of a source are spread when they enter the Galaxy.

    Returns
    -------
    radius : float
        All of them (99 % of a Fisher distribution) within this angle, degrees.
    concentration : float
        Of the Fisher distribution, 2 over the squared rms angle; 0 for an even disc.
    """
    if sky.source_shape == "cap":
        return sky.source_radius, 0.0
    concentration = 2 / math.radians(sky.source_spread) ** 2
    return math.degrees(math.acos(max(1 + math.log(1 - INSIDE) / concentration, -1.0))), concentration
