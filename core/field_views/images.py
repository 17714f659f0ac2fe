"""Where a source's images lie and what they look like as the rigidity falls."""

from dataclasses import dataclass, replace

import healpy as hp
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..sky import angular_distance, check_nside, pixel_vectors

GROUP_NSIDE = 64  # 0.9 degrees: parts of the sky nearer than this belong to one image
FINE_NSIDE = 256  # of the directions
LEAST_SHARE = 0.01  # of the flux: what is fainter is a stray ray of another image, not an image


@dataclass(frozen=True)
class ImageStatistics:
    """The images of a source by rigidity; every array of shape (n_R,), nan or 0 where no nucleus gets through.

    Attributes
    ----------
    name : str
        Of the source.
    rigidity : ndarray
        EV, increasing.
    n_images : ndarray of int
        Separate groups of pixels of Nside ``group_nside`` that hold at least ``least_share`` of the flux each.
    spread : ndarray
        Root mean square angle to the mean direction, degrees.
    radius_68 : ndarray
        Angle from the mean direction within which 68 % of the flux arrive, degrees.
    mean_direction : ndarray, shape (n_R, 3)
        Unit vector to the centre of the flux.
    offset : ndarray
        Angle between source and mean direction, degrees; nan if the source was not given.
    magnification : ndarray
        Flux relative to no field.
    n_effective : ndarray
        Equal rays that make up the images.
    group_nside : int
    least_share : float
    """

    name: str
    rigidity: np.ndarray
    n_images: np.ndarray
    spread: np.ndarray
    radius_68: np.ndarray
    mean_direction: np.ndarray
    offset: np.ndarray
    magnification: np.ndarray
    n_effective: np.ndarray
    group_nside: int
    least_share: float


def image_statistics(lens, source_direction=None, *, group_nside=GROUP_NSIDE, least_share=LEAST_SHARE):
    """Count and measure the images of a source at every rigidity of its lens.

    Parameters
    ----------
    lens : SourceLens
    source_direction : ndarray, shape (3,), optional
        Unit vector to the source, for :attr:`ImageStatistics.offset`.
    group_nside : int
        Images are groups of pixels of this size that touch, at a side or a corner.
    least_share : float
        Smallest share of the flux, 0 to 1, that makes a group an image.

    Returns
    -------
    ImageStatistics
    """
    group_nside = check_nside(group_nside)
    fine_nside = max(FINE_NSIDE, group_nside)
    density = replace(lens, nside=fine_nside).sparse_density().tocsr()
    n = len(lens.rigidity)
    n_images, spread, radius = np.zeros(n, dtype=int), np.full(n, np.nan), np.full(n, np.nan)
    mean = np.full((n, 3), np.nan)
    for row in range(n):
        part = slice(*density.indptr[row : row + 2])
        ipix, weight = density.indices[part], density.data[part]
        if weight.sum() <= 0:
            continue
        n_images[row] = count_images(ipix // (fine_nside // group_nside) ** 2, weight, group_nside, least_share)
        mean[row], spread[row], radius[row] = centre_and_spread(pixel_vectors(fine_nside, ipix), weight)
    offset = np.full(n, np.nan) if source_direction is None else angular_distance(mean, source_direction)
    return ImageStatistics(
        lens.name, lens.rigidity, n_images, spread, radius, mean, offset, lens.magnification, lens.n_effective, group_nside,
        least_share,
    )


def count_images(ipix, weight, nside, least_share=LEAST_SHARE):
    """Count the groups of touching pixels that hold at least ``least_share`` of the weight each.

    Parameters
    ----------
    ipix : ndarray of int, shape (n,)
        NESTED pixels, repeats allowed.
    weight : ndarray, shape (n,)
        Not all zero.
    nside : int
    least_share : float

    Returns
    -------
    int
    """
    pixels, place = np.unique(ipix[weight > 0], return_inverse=True)
    flux = np.bincount(place, weight[weight > 0])
    neighbours = hp.get_all_neighbours(nside, pixels, nest=True)
    found = np.searchsorted(pixels, neighbours).clip(max=len(pixels) - 1)
    touching = pixels[found] == neighbours
    first = np.broadcast_to(np.arange(len(pixels)), neighbours.shape)[touching]
    links = coo_array((np.ones(len(first), bool), (first, found[touching])), shape=(len(pixels), len(pixels)))
    groups = connected_components(links, directed=False)[1]
    return int(np.sum(np.bincount(groups, flux) >= least_share * flux.sum()))


def centre_and_spread(vectors, weight):
    """Measure a distribution on the sky.

    Parameters
    ----------
    vectors : ndarray, shape (n, 3)
        Unit vectors.
    weight : ndarray, shape (n,)
        Not all zero.

    Returns
    -------
    mean : ndarray, shape (3,)
        Unit vector along the sum of the weighted directions.
    spread, radius_68 : float
        Root mean square angle to it, and the angle that holds 68 % of the weight, degrees.
    """
    total = weight @ vectors
    mean = total / np.linalg.norm(total)
    angle = angular_distance(vectors, mean)
    order = np.argsort(angle)
    within = np.cumsum(weight[order]) / weight.sum()
    spread = np.sqrt(weight @ angle**2 / weight.sum())
    return mean, float(spread), float(angle[order][np.searchsorted(within, 0.68).clip(max=len(order) - 1)])
