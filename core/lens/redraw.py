"""Draw the rays of an image anew, from where a first search found it.

The search of :mod:`.search` has to look everywhere, and the few rays that then come from the source differ much in what they
weigh. Once there is an image, however noisy, rays can be drawn where it lies, in proportion to what they promise, and each
weighs one over its chance. What is known of the image decides only where rays go, not what they count: none of its own rays is
in the new one, whose mean is right whatever was known (a deterministic mixture of proposals: Owen & Zhou, J. Am. Stat. Assoc. 95
(2000) 135).
"""

import healpy as hp
import numpy as np

from ..sky import angular_distance, pixel_vectors
from .coarse import neighbour_pixels
from .image import Image, disc_solid_angle, effective_rays, nothing
from .search import (
    MAX_ORDER,
    MIN_MAGNIFICATION,
    blur_of,
    expected_of_passes,
    largest_distance,
    rays_aimed_at,
    share_of_source,
)

CELL_ORDER = 8  # a family of rays is one at random in each quarter of a cell: they tell how far rays part there
# Shares of the families that go by the image as far as it is known: in the cells it lies in, and smoothed over pixels of an order
# and their neighbours. The rest goes by the coarse passes, since the image may have parts that are not known: in proportion to what
# their pixels promise, and to the root of it, since of wide areas that promise little each a part of the image comes together.
IN_CELLS, SMOOTHED = 0.25, {8: 0.15, 7: 0.15, 6: 0.1, 5: 0.1}
PROMISED, ANYWHERE = 0.1, 0.15
# Chances go as this power of the share of a cell that the image fills: 1/2 would be best if it were known, for a ray of such a cell
# has the variance p (1 - p); as it is, more is measured to be better.
POWER = 0.75
GOLDEN = (5**0.5 - 1) / 2  # its multiples fill the unit interval evenly
FIRST_FAMILIES, MOST_FAMILIES = 2000, 100_000  # of a map; the most are 400,000 rays, a minute of one processor
GROWTH = 5  # a step has at most so many times the families of all before: its chances are only as good as what they found
RESERVE, LEAST_STEP = 1.05, 0.2  # the rays that a step will bring are not known exactly; it has so many of all families before
SETTINGS = (
    1, CELL_ORDER, IN_CELLS, *SMOOTHED.items(), PROMISED, ANYWHERE, POWER, FIRST_FAMILIES, MOST_FAMILIES, GROWTH,
    RESERVE, LEAST_STEP,
)  # for digests


def redrawn(trace, known, passes, rigidities, source, rng):
    """Trace an image anew, step by step, until it has as many rays as :func:`~.search.rays_aimed_at` says.

    All rays of all steps are in it but for the first. A step counts by its number of families times its place in the sequence,
    for the later ones know better where to look, never by what it found, which would move the mean.

    Parameters
    ----------
    trace : callable
        As for :func:`~.search.find_image`.
    known : Image
        From :func:`~.search.find_image`.
    passes : sequence of CoarsePass
        With which it was found.
    rigidities : ndarray, shape (m,)
        Members of the band, EV; any number, they cost nothing.
    source : Source
    rng : numpy.random.Generator

    Returns
    -------
    Image
        With fewer rays if :data:`MOST_FAMILIES` do not bring them, without pixels if it is too small to count.
    """
    steps, traced, n_families = [], 0, FIRST_FAMILIES
    image = nothing()
    while len(known.ipix) and n_families:
        chance = chances([known, *(found for _, found in steps)], passes, source)
        steps.append((n_families, redraw(trace, chance, rigidities, source, rng, n_families)))
        traced += n_families
        image, latest = _together(steps), steps[-1][1]
        aim = rays_aimed_at(image if len(steps) > 1 else latest, source.radius, source.concentration)
        if len(steps) > 1 and image.n_effective >= aim:
            break
        lacking = RESERVE * (aim - image.n_effective) / max(latest.n_effective, 1.0) * n_families
        n_families = int(min(max(lacking, LEAST_STEP * traced), GROWTH * traced, MOST_FAMILIES - traced))
    least = MIN_MAGNIFICATION * disc_solid_angle(source.radius, source.concentration)
    return image if image.solid_angle >= least else nothing()


def chances(images, passes, source):
    """Chance of each cell that a family of rays is drawn from it.

    Parameters
    ----------
    images : sequence of Image
        What is known, at least one of them not empty; each counts by its number of equal rays.
    passes : sequence of CoarsePass
    source : Source

    Returns
    -------
    ndarray, shape (npix,)
        NESTED, order :data:`CELL_ORDER`; sums to 1.
    """
    filled = sum(image.n_effective * _filled(image) for image in images) / sum(image.n_effective for image in images)
    promise, order = expected_of_passes(passes, source), passes[0].order
    chance = IN_CELLS * _even(filled**POWER, CELL_ORDER)
    chance += PROMISED * _even(promise, order) + ANYWHERE * _even(np.sqrt(promise), order)
    for order, part in SMOOTHED.items():
        mean = filled.reshape(-1, 4 ** (CELL_ORDER - order)).mean(axis=1)
        beside = neighbour_pixels(order)
        near = np.where(beside >= 0, mean[beside], 0).sum(axis=1)
        chance += part * _even(((mean + near / 2) / (1 + (beside >= 0).sum(axis=1) / 2)) ** POWER, order)
    return chance


def redraw(trace, chance, rigidities, source, rng, n_families):
    """Draw families of four rays and make an image of those that come from the source.

    Parameters
    ----------
    trace : callable
        As for :func:`~.search.find_image`.
    chance : ndarray, shape (npix,)
        From :func:`chances`.
    rigidities : ndarray, shape (m,)
        Members of the band, EV; any number, they cost nothing.
    source : Source
    rng : numpy.random.Generator
    n_families : int
        How many to draw, on average.

    Returns
    -------
    Image
        Its parts are single rays, in pixels of the smallest order.
    """
    mean = n_families * chance
    number = np.diff(np.floor(np.cumsum(mean) + rng.random()), prepend=0).astype(int)  # systematic sampling
    cell = np.repeat(np.arange(len(chance)), number)
    n, subpixels = len(cell), 4 ** (MAX_ORDER - CELL_ORDER - 1)
    pixel = (4 * cell[:, np.newaxis] + np.arange(4)) * subpixels + rng.integers(subpixels, size=(n, 4))
    # families that follow each other, often of one cell, have rigidities far apart
    member = ((np.arange(n) * GOLDEN + rng.random()) % 1 * len(rigidities)).astype(int)
    exits = trace(pixel_vectors(2**MAX_ORDER, pixel.ravel()), np.repeat(rigidities[member], 4)).reshape(n, 4, 3)
    angle = angular_distance(exits, source.direction)
    blur = np.repeat(blur_of(largest_distance(exits, exits).max(axis=1)), 4).reshape(n, 4)
    share = np.where(np.isnan(angle), 0.0, share_of_source(np.nan_to_num(angle), blur, source))
    weight = share * (subpixels / mean[cell])[:, np.newaxis]
    found = weight > 0
    return Image(
        ipix=pixel[found],
        order=np.full(np.count_nonzero(found), MAX_ORDER, dtype=np.int8),
        weight=weight[found].astype(np.float32),
        member=np.repeat(member, 4).reshape(n, 4)[found].astype(np.int16),
        leaf_order=MAX_ORDER,
        n_effective=effective_rays(weight[found], 1, _variance_of_numbers(mean, number, cell, weight.sum(axis=1))),
    )


def _together(steps):
    """One image of those of several steps, each given with its number of families."""
    count = [place * number for place, (number, _) in enumerate(steps)]
    steps = [(one / max(sum(count), 1), image) for one, (_, image) in zip(count, steps, strict=True) if one and len(image.ipix)]
    if not steps:
        return nothing()
    variance = sum((share * image.solid_angle) ** 2 / image.n_effective for share, image in steps)
    return Image(
        *(np.concatenate([getattr(image, name) for _, image in steps]) for name in ("ipix", "order")),
        weight=np.concatenate([share * image.weight for share, image in steps]).astype(np.float32),
        member=np.concatenate([image.member for _, image in steps]),
        leaf_order=MAX_ORDER,
        n_effective=sum(share * image.solid_angle for share, image in steps) ** 2 / variance,
    )


def _variance_of_numbers(mean, number, cell, weight):
    """Variance of the sum of the weights of families because a cell gets a whole ``number`` of them, ``mean`` on average."""
    part = mean % 1
    chance = np.where(mean < 1, 1.0, part)  # a cell below 1 that has a family stands for others without
    of_one = np.bincount(cell, weight, minlength=len(mean)) / np.maximum(number, 1)
    return np.sum(chance * (1 - part) * of_one**2)


def _filled(image):
    """Share of each cell that lies in an image, shape (npix,)."""
    image = image.condensed(CELL_ORDER)
    copies = 4 ** (CELL_ORDER - image.order.astype(int))
    cell = np.repeat(image.ipix * copies, copies) + np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
    return np.bincount(cell, np.repeat(image.weight / copies, copies), minlength=hp.nside2npix(2**CELL_ORDER))


def _even(density, order):
    """Density in pixels of an order, spread evenly over the cells in each, summing to 1."""
    copies = 4 ** (CELL_ORDER - order)
    return np.repeat(density / (density.sum() * copies), copies)
