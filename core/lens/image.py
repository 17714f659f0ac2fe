"""The image of a source: all arrival directions at Earth whose rays left the Galaxy near the source.

Liouville's theorem keeps the density of nuclei per solid angle constant along
their tracks, so the image is evenly filled and its shape is all there is to
know. It is found by bisecting the sky: from a coarse pass over the whole sky
on, only pixels are traced whose rays can come near the source, judged by how
far the rays of neighbouring pixels part. Pixels whose rays cannot miss are
kept whole; the others are divided until the image is as finely resolved as if
thousands of its rays had been traced.
"""

from dataclasses import dataclass

import healpy as hp
import numpy as np

from ..sky import angular_distance, pixel_vectors

# How far rays of one pixel can lie from its central one, in largest distances between neighbouring rays, for pixels of
# the coarse pass, their children and all others; half a distance is just enough where the lens is linear.
MARGINS = (1.5, 1.0, 0.75)
TARGET = 2000.0  # equal rays that an image consists of, at least
MAX_PIXELS = 600  # more pixels than this are thinned out at random, and those that stay get the weight of the others
MIN_MAGNIFICATION = 1e-3  # a smaller image (a quarter of a pixel of Nside 512 for 1 degree) counts as none
MAX_ORDER = 20  # of the smallest pixels, 0.2 arc seconds
JITTER_ORDER = 29  # rays start anywhere in their pixel: at the centre of one of its descendants of this order
BOTH_HALVES = 2
SETTINGS = (MARGINS, TARGET, MAX_PIXELS, MIN_MAGNIFICATION, MAX_ORDER)  # for digests


@dataclass(frozen=True)
class Image:
    """Pixels that make up the image of a source at one rigidity.

    Attributes
    ----------
    ipix : ndarray of int64, shape (n,)
        NESTED pixels of order ``order`` (each pixel its own).
    order : ndarray of int8, shape (n,)
        Nside is ``2**order``.
    weight : ndarray of float32, shape (n,)
        Solid angle that the pixel stands for, in pixels of order ``leaf_order``.
    half : ndarray of int8, shape (n,)
        0 or 1: the half of the rays that found it; 2: it lies inside for both.
    leaf_order : int
        Order of the smallest pixels.
    """

    ipix: np.ndarray
    order: np.ndarray
    weight: np.ndarray
    half: np.ndarray
    leaf_order: int

    @property
    def solid_angle(self):
        """Solid angle of the image at Earth, steradian."""
        return float(self.weight.sum(dtype=float)) * hp.nside2pixarea(2**self.leaf_order)

    @property
    def n_effective(self):
        r"""Equal rays that would make up the same image: :math:`(\sum w)^2 / \sum w^2`."""
        rays = 4.0 ** (self.leaf_order - self.order)
        squares = np.sum(self.weight.astype(float) ** 2 / rays)
        return float(self.weight.sum(dtype=float) ** 2 / squares) if squares else 0.0


def disc_solid_angle(radius):
    """Solid angle in steradian of a disc with ``radius`` in degrees."""
    return 2 * np.pi * (1 - np.cos(np.radians(radius)))


@dataclass
class _Front:
    """Pixels of one order that may hold a part of the image."""

    order: int
    ipix: np.ndarray
    angle: np.ndarray  # between exit direction (of a relative if the own ray is trapped) and source, degrees
    spread: np.ndarray  # largest distance to the exit directions of relatives, degrees
    hit: np.ndarray  # whether the ray of the pixel comes from the source
    sound: np.ndarray  # whether no relative is trapped
    weight: np.ndarray  # pixels that this one stands for

    def __len__(self):
        return len(self.ipix)

    def select(self, kept):
        """Keep the pixels where ``kept`` is true."""
        for name in ("ipix", "angle", "spread", "hit", "sound", "weight"):
            setattr(self, name, getattr(self, name)[kept])


def find_image(trace, coarse, direction, radius, rng, target=TARGET):
    """Find the image of a source.

    Parameters
    ----------
    trace : callable
        Turns arrival directions, shape (n, 3), into exit directions, shape (n, 3); nan for trapped rays.
    coarse : CoarsePass
        The whole sky at this rigidity.
    direction : ndarray, shape (3,)
        Unit vector to the source.
    radius : float
        A ray within this angle of the source comes from it, degrees.
    rng : numpy.random.Generator
        Places the rays in their pixels.
    target : float
        Fewest equal rays that the image should consist of.

    Returns
    -------
    Image
        Without pixels if no nucleus gets through to the Earth.
    """
    image, thinned = _search(trace, coarse, direction, radius, rng, target)
    if not thinned or not len(image.ipix):
        return image
    other, _ = _search(trace, coarse, direction, radius, rng, target)
    return _joined(image, other)


def _search(trace, coarse, direction, radius, rng, target):
    """Divide pixels until the image has ``target`` rays; return it, and whether chance had to leave out pixels."""
    n = len(coarse.spread)
    angle = angular_distance(coarse.exit_direction, direction)
    front = _Front(coarse.order, np.arange(n), angle, coarse.spread, angle < radius, np.zeros(n, bool), np.ones(n))
    whole, thinned = [], False  # whole: (order, ipix, weight) of pixels inside
    smallest = MIN_MAGNIFICATION * disc_solid_angle(radius)
    while True:
        reach = MARGINS[min(front.order - coarse.order, len(MARGINS) - 1)] * front.spread
        near = front.angle < radius + reach
        inside = front.sound & (front.angle + reach < radius)
        whole.append((front.order, front.ipix[inside], front.weight[inside]))
        front.select(near & ~inside)
        rays, squares = _hits(front, whole)
        if _upper_limit(front, rays, squares) * hp.nside2pixarea(2**front.order) < smallest:
            return _empty(front.order), thinned
        enough = squares > 0 and 4 * rays**2 / squares >= (target / 2 if thinned else target)  # the other search halves it
        if enough or front.order == MAX_ORDER - 1 or not len(front):
            return _finish(trace, front, whole, direction, radius, rng), thinned
        if len(front) > MAX_PIXELS:
            _thin(front, radius, rng)
            thinned = True
        front = _divide(trace, front, direction, radius)


def _joined(first, second):
    """Image of two searches, each of which becomes a half."""
    leaf_order = max(first.leaf_order, second.leaf_order)
    parts = [
        (image.ipix, image.order, image.weight * 4.0 ** (leaf_order - image.leaf_order) / 2, np.full(len(image.ipix), half))
        for half, image in enumerate((first, second))
    ]
    return _image(parts, leaf_order)


def _divide(trace, front, direction, radius):
    """Trace the children of all pixels."""
    ipix = _children(front.ipix)
    families = trace(pixel_vectors(2 ** (front.order + 1), ipix)).reshape(-1, 4, 3)
    trapped = np.isnan(families[..., 0])
    families = stand_in(families, families)
    angle = angular_distance(families, direction)
    spread = largest_distance(families, families)
    spread = np.repeat(np.maximum(spread.max(axis=1), front.spread / 2), 4)
    hit, sound = (angle < radius) & ~trapped, np.repeat(~trapped.any(axis=1), 4)
    return _Front(front.order + 1, ipix, angle.ravel(), spread, hit.ravel(), sound, np.repeat(front.weight, 4))


def stand_in(exits, relatives):
    """Replace the missing exit directions of trapped rays by one of a relative.

    Parameters
    ----------
    exits : ndarray, shape (m, n, 3)
        nan for trapped rays.
    relatives : ndarray, shape (m, k, 3)
        Exit directions of rays nearby.

    Returns
    -------
    ndarray, shape (m, n, 3)
        Still nan where all relatives are trapped.
    """
    first = np.argmin(np.isnan(relatives[..., 0]), axis=1)
    substitute = relatives[np.arange(len(relatives)), first][:, np.newaxis]
    return np.where(np.isnan(exits), substitute, exits)


def largest_distance(exits, relatives):
    """Largest angle in degrees to any relative that was not trapped, shape (m, n); arguments as :func:`stand_in`."""
    distance = angular_distance(exits[:, :, np.newaxis], relatives[:, np.newaxis])
    return np.nan_to_num(np.fmax.reduce(distance, axis=2))


def _children(ipix):
    return (4 * ipix[:, np.newaxis] + np.arange(4)).ravel()


def _thin(front, radius, rng):
    """Leave out pixels at random, rather those whose rays part widely or pass far away; the rest stands for them."""
    reach = radius + front.spread
    importance = radius / reach * np.maximum(1 - front.angle / reach, 0.1) ** 2
    chance = np.minimum(1.0, MAX_PIXELS * importance / importance.sum())
    front.weight = front.weight / chance
    front.select(rng.random(len(front)) < chance)


def _hits(front, whole):
    """Sums of weights and of squared weights of the rays inside so far, as if all were of the order of ``front``."""
    weight = front.weight[front.hit]
    first, second = weight.sum(), np.sum(weight**2)
    for order, _, weight in whole:
        rays = 4.0 ** (front.order - order)
        first += rays * weight.sum()
        second += rays * np.sum(weight**2)
    return first, second


def _upper_limit(front, first, second):
    """Pixels that the image can fill: three standard deviations above the hits, and three where none was hit."""
    unseen = np.sum(front.weight**2) / front.weight.sum() if len(front) else 0.0
    return first + 3 * np.sqrt(second) + 3 * unseen


def _finish(trace, front, whole, direction, radius, rng):
    """Trace one ray from a random place in each child; diagonal pairs of children form a half."""
    ipix, weight, leaf_order = _children(front.ipix), np.repeat(front.weight, 4), front.order + 1
    half = np.tile([0, 1, 1, 0], len(front))
    hit = np.zeros(len(ipix), dtype=bool)
    if len(ipix):
        deeper = 4 ** (JITTER_ORDER - leaf_order)
        starts = pixel_vectors(2**JITTER_ORDER, ipix * deeper + rng.integers(deeper, size=len(ipix)))
        hit = angular_distance(trace(starts), direction) < radius
    parts = [(ipix[hit], np.full(hit.sum(), leaf_order), weight[hit], half[hit])]
    for order, inside, weight in whole:
        parts.append((
            inside, np.full(len(inside), order), weight * 4.0 ** (leaf_order - order), np.full(len(inside), BOTH_HALVES)
        ))
    return _image(parts, leaf_order)


def _image(parts, leaf_order):
    """Put together ``(ipix, order, weight, half)`` of several parts."""
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    ipix, order, weight, half = (
        column.astype(kind) for column, kind in zip(columns, (np.int64, np.int8, np.float32, np.int8), strict=True)
    )
    return Image(ipix, order, weight, half, leaf_order)


def _empty(order):
    return _image([(np.zeros(0),) * 4], order)
