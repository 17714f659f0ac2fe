"""The image of a source: all arrival directions at Earth whose rays left the Galaxy near the source.

Liouville's theorem keeps the density of nuclei per solid angle constant along
their tracks, so the image is evenly filled and its shape is all there is to
know. It is found by bisecting the sky: from a coarse pass over the whole sky
on, only pixels are traced whose rays can come near the source, judged by how
far the rays of neighbouring pixels part. Pixels whose rays cannot miss are
kept whole; the others are divided until the image is as finely resolved as if
thousands of its rays had been traced.

An image wanders as the rigidity changes, by more than its own size from one
rigidity of a grid to the next. Each map therefore stands for a band of
rigidities: it is made of the images at several rigidities inside the band,
searched together, and alternate ones make up its two halves.
"""

from dataclasses import dataclass, fields

import healpy as hp
import numpy as np

from ..sky import angular_distance, pixel_vectors

# How far rays of one pixel can lie from its central one, in largest distances between neighbouring rays, for pixels of
# the coarse pass, their children and all others; half a distance is just enough where the lens is linear ...
MARGINS = (1.5, 1.0, 0.75)
CHAOTIC_MARGIN, CHAOTIC_SPREAD = 2.0, 3.0  # ... and rays that part by so many degrees lie anywhere within so many distances
TARGETS = ((0.1, 5000.0), (0.0, 500.0))  # equal rays that a map consists of, at least, above a magnification
MAX_PIXELS = 3000  # more pixels than this are thinned out at random, and those that stay get the weight of the others
BLUR, BLUR_LIMIT = 0.4, 8.0  # a ray stands for a disc of so many distances to its neighbours, and so many degrees at most
MIN_MAGNIFICATION = 4e-3  # a smaller image (one pixel of Nside 512 for 1 degree) counts as none, as it was published
MAX_ORDER = 15  # of the smallest pixels, 6 arc seconds ...
CROWDED_MAX_ORDER = 13  # ... and where their number is limited: in chaos smaller ones tell no more
SLOPE = 0.25  # a pixel whose exit directions reach so far, over the width of a Fisher distribution, is not kept whole
WEIGHT_STEPS = 2**12  # to which the weights of a condensed image are rounded
JITTER_ORDER = 29  # rays start anywhere in their pixel: at the centre of one of its descendants of this order
SETTINGS = (
    MARGINS, CHAOTIC_MARGIN, CHAOTIC_SPREAD, TARGETS, MAX_PIXELS, BLUR, BLUR_LIMIT, MIN_MAGNIFICATION, MAX_ORDER,
    CROWDED_MAX_ORDER,
)  # for digests


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
        Solid angle that the pixel stands for, in pixels of order ``leaf_order``: their sum is the mean over the band, to
        which every rigidity with an image contributes the same.
    member : ndarray of int8, shape (n,)
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


def effective_rays(weight, order, leaf_order, family=None):
    r"""Equal rays that would make up the same image, :math:`(\sum w)^2 / \sum w^2`.

    A pixel larger than the smallest counts as all the rays that it holds, the pixels of one family as one ray.

    Parameters
    ----------
    weight : ndarray, shape (n,)
        Of each pixel, any unit.
    order : ndarray of int, shape (n,)
    leaf_order : int
        Order of pixels with one ray.
    family : ndarray of int, shape (n,), optional
        Pixels that came into the image by one draw have the same number here.
    """
    if family is not None and len(weight):
        weight = np.bincount(np.unique(family, return_inverse=True)[1], weight)
        return float(weight.sum() ** 2 / np.sum(weight**2))
    rays = 4.0 ** (leaf_order - np.asarray(order, dtype=float))
    return float(np.sum(weight, dtype=float) ** 2 / np.sum(np.square(weight, dtype=float) / rays)) if len(weight) else 0.0


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


@dataclass
class _Front:
    """Pixels of one order that may hold a part of the image."""

    order: int
    ipix: np.ndarray
    member: np.ndarray  # which rigidity of the band
    angle: np.ndarray  # between exit direction (of a relative if the own ray is trapped) and source, degrees
    reach: np.ndarray  # how far the rays of the pixel can lie from the central one, degrees
    spread: np.ndarray  # largest distance to the exit directions of relatives, degrees
    blur: np.ndarray  # radius of the disc that the ray of the pixel stands for at the Galaxy's edge, degrees
    share: np.ndarray  # of that disc that lies in the source
    sound: np.ndarray  # whether no relative is trapped
    weight: np.ndarray  # pixels that this one stands for

    def __len__(self):
        return len(self.ipix)

    def selected(self, kept):
        """The pixels where ``kept`` is true."""
        columns = (getattr(self, spec.name)[kept] for spec in fields(self) if spec.name != "order")
        return _Front(self.order, *columns)


def find_image(trace, coarse, rigidities, direction, radius, rng, *, targets=TARGETS, concentration=0.0):
    """Find the image of a source in a band of rigidities.

    Parameters
    ----------
    trace : callable
        Turns arrival directions, shape (n, 3), and rigidities in EV, shape (n,), into exit directions, shape (n, 3);
        nan for trapped rays.
    coarse : CoarsePass
        The whole sky at the middle of the band.
    rigidities : ndarray, shape (m,)
        Members of the band, EV.
    direction : ndarray, shape (3,)
        Unit vector to the source.
    radius : float
        A ray within this angle of the source comes from it, degrees.
    rng : numpy.random.Generator
        Places the rays in their pixels.
    targets : sequence of (float, float)
        Fewest equal rays that the images should consist of, all members together, above a magnification; decreasing.
    concentration : float
        Of the Fisher distribution of the source's nuclei within the disc; 0 where they fill it evenly.

    Returns
    -------
    Image
        Without pixels if no nucleus gets through to the Earth.
    """
    front = _start(coarse, len(rigidities), direction, radius)
    whole = []  # pixels inside, of all orders
    disc = disc_solid_angle(radius, concentration) * len(rigidities)
    widest = np.inf if concentration == 0 else SLOPE * np.degrees(concentration**-0.5)  # pixel of one weight
    while True:
        near = front.angle < radius + front.reach
        inside = front.sound & (front.angle + front.reach < radius) & (front.reach < widest)
        whole.append(_weighted(front.selected(inside), concentration))
        front = front.selected(near & ~inside)
        rays, squares = _hits(front, whole)
        pixel = hp.nside2pixarea(2**front.order) / disc
        if _upper_limit(front, rays, squares) * pixel < MIN_MAGNIFICATION:
            return nothing()
        target = next(fewest for magnification, fewest in targets if rays * pixel >= magnification)
        last = MAX_ORDER
        if len(front) > MAX_PIXELS:
            front, last = _thinned(front, radius, rng), CROWDED_MAX_ORDER
            rays, squares = _hits(front, whole)
        if 4 * rays**2 >= target * squares > 0 or front.order >= last - 1 or not len(front):
            break
        margin = MARGINS[min(front.order + 1 - coarse.order, len(MARGINS) - 1)]
        front = _divided(trace, front, rigidities, direction, radius, margin)
    leaves = _weighted(_leaves(trace, front, rigidities, direction, radius, rng), concentration)
    image = _image([leaves, *whole], leaves.order, len(rigidities), is_thinned=(front.weight > 1).any())
    return image if image.solid_angle * len(rigidities) >= MIN_MAGNIFICATION * disc else nothing()


def _weighted(front, concentration):
    front.weight = front.weight * fisher_weight(front.angle, concentration)
    return front


def _start(coarse, n_members, direction, radius):
    """Pixels of the coarse pass that come near at any rigidity of the band, once for each of its members."""
    angle = angular_distance(coarse.exit_direction, direction)
    reach = MARGINS[0] * coarse.spread + coarse.motion
    near = np.repeat(np.flatnonzero(angle < radius + reach), n_members)
    member = np.tile(np.arange(n_members), len(near) // n_members)
    no, zero, one = np.zeros(len(near), dtype=bool), np.zeros(len(near)), np.ones(len(near))
    angle, spread = angle[near], coarse.spread[near]
    share = _share_of_disc(angle, radius, zero)
    return _Front(coarse.order, near, member, angle, reach[near], spread, zero, share, no, one)


def _divided(trace, front, rigidities, direction, radius, margin):
    """Trace the children of all pixels."""
    ipix, member = _children(front.ipix), np.repeat(front.member, 4)
    families = trace(pixel_vectors(2 ** (front.order + 1), ipix), rigidities[member]).reshape(-1, 4, 3)
    trapped = np.isnan(families[..., 0])
    families = stand_in(families, families)
    angle = angular_distance(families, direction).ravel()
    spread = np.repeat(np.maximum(largest_distance(families, families).max(axis=1), front.spread / 2), 4)
    blur = np.minimum(BLUR * np.maximum(spread - CHAOTIC_SPREAD, 0), BLUR_LIMIT)
    share = np.where(trapped.ravel(), 0.0, _share_of_disc(angle, radius, blur))
    reach = spread * (margin + (CHAOTIC_MARGIN - margin) * np.minimum(spread / CHAOTIC_SPREAD, 1.0))
    sound = np.repeat(~trapped.any(axis=1), 4)
    return _Front(front.order + 1, ipix, member, angle, reach, spread, blur, share, sound, np.repeat(front.weight, 4))


def _share_of_disc(angle, radius, own):
    """Share of the rays that a traced one stands for that lie in the disc of the source.

    Where the field is chaotic, the rays about a traced one leave anywhere within a disc that is larger than the source, and
    counting the share of it instead of a hit or a miss makes use of all rays that pass by.

    Parameters
    ----------
    angle : ndarray, shape (n,)
        Of the traced ray to the source, degrees.
    radius : float
        Of the source, degrees.
    own : ndarray, shape (n,)
        Radius of the disc that the ray stands for, degrees; 0 for the ray alone.

    Returns
    -------
    ndarray, shape (n,)
        Area common to the two discs, in the plane, over that of the disc of the ray.
    """
    small, large = np.minimum(own, radius), np.maximum(own, radius)
    inside = np.square(small / np.maximum(own, 1e-9))
    distance = np.clip(angle, large - small + 1e-9, large + small)
    first = (distance**2 + small**2 - large**2) / (2 * distance * np.maximum(small, 1e-9))
    second = (distance**2 + large**2 - small**2) / (2 * distance * large)
    height = (small + large - distance) * (distance + small - large) * (distance - small + large) * (distance + small + large)
    common = small**2 * np.arccos(np.clip(first, -1, 1)) + large**2 * np.arccos(np.clip(second, -1, 1))
    common -= np.sqrt(np.maximum(height, 0)) / 2
    partly = common / (np.pi * np.maximum(own, 1e-9) ** 2)
    return np.where(angle >= large + small, 0.0, np.where(angle <= large - small, np.where(own < 1e-9, 1.0, inside), partly))


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


def _thinned(front, radius, rng):
    """Leave out pixels at random, rather those of little weight or whose rays part widely or pass far away.

    The rest stands for them, each with a weight that in the end differs little among those that hit.
    """
    near = radius + front.blur
    passing = near / (near + front.spread) * np.maximum(1 - front.angle / (near + 2 * front.spread), 0.1) ** 2
    importance = front.weight * passing * (radius / near) ** 2
    chance = np.minimum(1.0, MAX_PIXELS * importance / importance.sum())
    front.weight = front.weight / chance
    # one random number for all: as many as expected stay, from everywhere (systematic sampling)
    return front.selected(np.diff(np.floor(np.cumsum(chance) + rng.random()), prepend=0) > 0)


def _hits(front, whole):
    """Sums of weights and of squared weights of the rays inside so far, as if all were of the order of ``front``."""
    weight = front.weight * front.share
    first, second = weight.sum(), np.sum(weight**2)
    for part in whole:
        rays = 4.0 ** (front.order - part.order)
        first += rays * part.weight.sum()
        second += rays * np.sum(part.weight**2)
    return first, second


def _upper_limit(front, first, second):
    """Pixels that the image can fill: three standard deviations above the hits, and three where none was hit."""
    unseen = np.sum(front.weight**2) / front.weight.sum() if len(front) else 0.0
    return first + 3 * np.sqrt(second) + 3 * unseen


def _leaves(trace, front, rigidities, direction, radius, rng):
    """Trace one ray from a random place in each child of all pixels; return those whose ray comes from the source."""
    ipix, member, order = _children(front.ipix), np.repeat(front.member, 4), front.order + 1
    deeper = 4 ** (JITTER_ORDER - order)
    starts = pixel_vectors(2**JITTER_ORDER, ipix * deeper + rng.integers(deeper, size=len(ipix)))
    angle = angular_distance(trace(starts, rigidities[member]), direction) if len(ipix) else np.zeros(0)
    share = np.nan_to_num(_share_of_disc(angle, radius, np.repeat(front.blur, 4)))
    leaves = _Front(order, ipix, member, angle, angle, angle, angle, share, share > 0, np.repeat(front.weight, 4) * share)
    return leaves.selected(share > 0)


def _image(parts, leaf_order, n_members, is_thinned):
    """Put pixels of several orders together; rigidities of the band that have an image get the same weight.

    Where pixels were thinned out, the four rays of one that stayed are one draw, whatever their number.
    """
    member = np.concatenate([part.member for part in parts])
    order = np.repeat([part.order for part in parts], [len(part) for part in parts])
    weight = np.concatenate([part.weight * 4.0 ** (leaf_order - part.order) for part in parts])
    if len(weight):
        total = np.bincount(member, weight)
        weight *= total.sum() / (np.count_nonzero(total) * total[member])
    ipix = np.concatenate([part.ipix for part in parts]).astype(np.int64)
    family = np.where(order == leaf_order, (ipix >> 2) * n_members + member, -1 - np.arange(len(ipix)))
    return Image(
        ipix=ipix,
        order=order.astype(np.int8),
        weight=(weight / n_members).astype(np.float32),
        member=member.astype(np.int8),
        leaf_order=leaf_order,
        n_effective=effective_rays(weight, order, leaf_order, family if is_thinned else None),
    )
