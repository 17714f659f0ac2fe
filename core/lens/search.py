"""Find the image of a source without tracing every pixel of a fine sky.

The sky is bisected: from a coarse pass over the whole of it on, only pixels are traced whose rays can come near the
source, judged by how far the rays of neighbouring pixels part. Pixels whose rays cannot miss are kept whole; the others
are divided until a ray in them weighs no more than one of the thousands of equal rays that an image should consist of.
Where the field is chaotic, more pixels are in question than can be traced: they are left out at random, and those that
stay stand for the others.

An image wanders as the rigidity changes, by more than its own size from one
rigidity of a grid to the next. Each map therefore stands for a band of
rigidities: it is made of the images at several rigidities inside the band,
searched together, and alternate ones make up its two halves.
"""

from dataclasses import dataclass, fields

import healpy as hp
import numpy as np

from ..sky import angular_distance, pixel_vectors
from .image import Image, disc_solid_angle, effective_rays, fisher_weight, nothing

# How far rays of one pixel can lie from its central one, in largest distances between neighbouring rays, for pixels of
# the coarse pass, their children and all others; half a distance is just enough where the lens is linear ...
MARGINS = (1.5, 1.0, 0.75)
CHAOTIC_MARGIN, CHAOTIC_SPREAD = 2.0, 3.0  # ... and rays that part by so many degrees lie anywhere within so many distances
# What a pixel may be expected to add: (1 + (a - r) / s)^-FALL for a central ray at an angle a from a disc of radius r, over
# 1 + (s / (WIDTH r))^POWER. The second entries are for a random field, fitted to the root mean square share of rays of many
# pixels that come from the source; the first for a regular one, chosen flatter so that no single draw outweighs the others.
FALL = (5.0, 4.5)
WIDTH = (2.6, 4.5)
POWER = (1.0, 2.0)
TARGETS = ((0.1, 5000.0), (0.01, 500.0), (0.0, 100.0))  # equal rays that a map consists of, at least, above a magnification
MAX_PIXELS = 2500  # of one order are divided by default; more are left out at random, and those that stay get their weight
BLUR, BLUR_LIMIT = 0.4, 16.0  # a ray stands for a disc of so many distances to its neighbours, and so many degrees at most
MIN_MAGNIFICATION = 4e-3  # a smaller image (one pixel of Nside 512 for 1 degree) counts as none, as it was published
FINE_ORDER = 10  # a pixel is divided at least so far where its rays stay together, ...
DUST_ORDER = 8  # ... so far where they part, unless that is because the field is random, and ...
MAX_ORDER = 13  # ... at most so far: 26 arc seconds, where in chaos nothing more is to be learnt
ENOUGH = 2.0  # smaller pixels are no use once what they cannot improve weighs so many times what they can
SLOPE = 0.25  # a pixel whose exit directions reach so far, over the width of a Fisher distribution, is not kept whole
SETTINGS = (
    MARGINS, CHAOTIC_MARGIN, CHAOTIC_SPREAD, FALL, WIDTH, POWER, TARGETS, BLUR, BLUR_LIMIT,
    MIN_MAGNIFICATION, FINE_ORDER, DUST_ORDER, MAX_ORDER, ENOUGH,
)  # for digests


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
    whole: np.ndarray  # whether it is known that no ray of it misses the source
    weight: np.ndarray  # pixels that this one stands for
    draw: np.ndarray  # the latest of the pixels it descends from that were drawn to stand for others, -1: none

    def __len__(self):
        return len(self.ipix)

    def selected(self, kept):
        """The pixels where ``kept`` is true."""
        columns = (getattr(self, spec.name)[kept] for spec in fields(self) if spec.name != "order")
        return _Front(self.order, *columns)


@dataclass(frozen=True)
class Source:
    """Where rays have to end: arguments of :func:`find_image`."""

    direction: np.ndarray
    radius: float
    concentration: float
    is_random: bool

    @property
    def widest(self):
        """Reach up to which a pixel of exit directions has one weight, degrees."""
        return np.inf if self.concentration == 0 else SLOPE * np.degrees(self.concentration**-0.5)


class _Draws:
    """Pixels that were drawn to stand for others, order by order: their descendants may be drawn again."""

    def __init__(self):
        self.number, self.stages = 0, []

    def drawn(self, front, chance):
        """Number the pixels that stayed with a ``chance`` below 1, shape (n,)."""
        new = chance < 1
        draw = np.where(new, self.number + np.cumsum(new) - 1, front.draw)
        self.number += np.count_nonzero(new)
        self.stages.append((chance[new], front.draw[new]))
        return draw

    def variance(self, draw, weight):
        """Of the sum of weights, shape (n,), of pixels with these draws: (1 - chance) W^2 from each, W in all it led to."""
        total, first, variance = np.bincount(draw + 1, weight, minlength=self.number + 1), self.number + 1, 0.0
        for chance, ancestor in reversed(self.stages):
            first -= len(chance)
            led_to = total[first : first + len(chance)]
            variance += np.sum((1 - chance) * led_to**2)
            np.add.at(total, ancestor + 1, led_to)
        return variance


def find_image(
    trace, passes, rigidities, direction, radius, rng, *, max_pixels=MAX_PIXELS, targets=TARGETS, concentration=0.0,
    is_random=False,
):
    """Find the image of a source in a band of rigidities.

    Parameters
    ----------
    trace : callable
        Turns arrival directions, shape (n, 3), and rigidities in EV, shape (n,), into exit directions, shape (n, 3);
        nan for trapped rays.
    passes : sequence of CoarsePass
        The whole sky, at the middle of the band or at each of its members.
    rigidities : ndarray, shape (m,)
        Members of the band, EV.
    direction : ndarray, shape (3,)
        Unit vector to the source.
    radius : float
        A ray within this angle of the source comes from it, degrees.
    rng : numpy.random.Generator
        Draws the pixels that stand for others.
    max_pixels : int
        Pixels of one order, of all members together, that are divided; of more, some stand for the others.
    targets : sequence of (float, float)
        Fewest equal rays that the images should consist of, all members together, above a magnification; decreasing.
    concentration : float
        Of the Fisher distribution of the source's nuclei within the disc; 0 where they fill it evenly.
    is_random : bool
        Whether rays that part widely do so because the field is random: smaller pixels then do not bring them together.

    Returns
    -------
    Image
        Without pixels if no nucleus gets through to the Earth.
    """
    source = Source(direction, radius, concentration, is_random)
    front, draws = _start(passes, len(rigidities), source), _Draws()
    done = []  # pixels inside and rays that were found, of all orders
    disc = disc_solid_angle(radius, concentration) * len(rigidities)
    while True:
        inside = front.sound & (front.angle + front.reach < radius) & (front.reach < source.widest)
        front.whole[inside] = True
        front.share[inside] = fisher_weight(front.angle[inside], concentration)
        done.append(front.selected(inside))
        front = front.selected((front.angle < radius + front.reach) & ~inside)
        rays, loose, fixed = _found(done, front, draws)
        pixel = hp.nside2pixarea(2**front.order) / disc
        one = front.weight * (radius / (radius + front.blur)) ** 2  # what a ray weighs that is found
        unseen = np.sum(one**2) / one.sum() if len(front) else 0.0
        if (rays + 3 * np.sqrt(loose + fixed) + 3 * unseen) * pixel < MIN_MAGNIFICATION:
            return nothing()
        target = next(fewest for magnification, fewest in targets if rays * pixel >= magnification)
        fine = rays > 0 and (rays**2 >= target * (loose + fixed) or fixed > ENOUGH * loose)
        light = one * target <= rays
        if is_random:  # smaller pixels tell no more, and a drawn one would weigh more
            light |= (front.blur > 0) & (one * max_pixels <= _expected(front, source).sum())
        deep = front.order >= np.where(front.blur > 0, -1 if is_random else DUST_ORDER, FINE_ORDER)
        light = deep & (light | (fine and front.order >= DUST_ORDER)) | (front.order == MAX_ORDER)
        done.append(front.selected(light & (front.share > 0)))
        front = front.selected(~light)
        if not len(front):
            break
        front = _thinned(front, source, max_pixels, rng, draws)
        front = _divided(trace, front, rigidities, source, front.order - passes[0].order)
    image = _image(done, len(rigidities), draws)
    return image if image.solid_angle * len(rigidities) >= MIN_MAGNIFICATION * disc else nothing()


def _start(passes, n_members, source):
    """Pixels of the coarse passes that come near; those of a single pass once for each member of the band."""
    members = []
    for member, coarse in enumerate(passes):
        angle, reach = angular_distance(coarse.exit_direction, source.direction), MARGINS[0] * coarse.spread + coarse.motion
        near = np.flatnonzero(angle < source.radius + reach)
        blur = blur_of(coarse.spread[near])
        share = share_of_source(angle[near], blur, source) * ~coarse.trapped[near]
        columns = (near, np.full(len(near), member), angle[near], reach[near], (coarse.spread + coarse.motion)[near], blur, share)
        members.append(columns)
    ipix, member, angle, reach, spread, blur, share = (np.concatenate(column) for column in zip(*members, strict=True))
    if len(passes) < n_members:  # the rays are those of another rigidity: they only tell where to look
        copies = np.tile(np.arange(n_members), len(ipix))
        ipix, angle, reach, spread = (np.repeat(column, n_members) for column in (ipix, angle, reach, spread))
        member, blur, share = copies, np.zeros(len(ipix)), np.zeros(len(ipix))
    n, no = len(ipix), np.zeros(len(ipix), dtype=bool)
    return _Front(passes[0].order, ipix, member, angle, reach, spread, blur, share, no, no.copy(), np.ones(n), np.full(n, -1))


def _divided(trace, front, rigidities, source, level):
    """Trace the children of all pixels, which are ``level`` + 1 orders below those of the coarse pass."""
    ipix, member = (4 * front.ipix[:, np.newaxis] + np.arange(4)).ravel(), np.repeat(front.member, 4)
    families = trace(pixel_vectors(2 ** (front.order + 1), ipix), rigidities[member]).reshape(-1, 4, 3)
    trapped = np.isnan(families[..., 0])
    families = stand_in(families, families)
    angle = angular_distance(families, source.direction).ravel()
    spread = np.repeat(np.maximum(largest_distance(families, families).max(axis=1), front.spread / 2), 4)
    blur = blur_of(spread)
    share = share_of_source(angle, blur, source) * ~trapped.ravel()
    margin = MARGINS[min(level + 1, len(MARGINS) - 1)]
    reach = spread * (margin + (CHAOTIC_MARGIN - margin) * np.minimum(spread / CHAOTIC_SPREAD, 1.0))
    sound, whole = np.repeat(~trapped.any(axis=1), 4), np.zeros(len(ipix), dtype=bool)
    weight, draw = np.repeat(front.weight, 4), np.repeat(front.draw, 4)
    return _Front(front.order + 1, ipix, member, angle, reach, spread, blur, share, sound, whole, weight, draw)


def blur_of(spread):
    """Radius of the disc that a ray stands for at the Galaxy's edge, degrees."""
    return np.minimum(BLUR * np.maximum(spread - CHAOTIC_SPREAD, 0), BLUR_LIMIT)


def share_of_source(angle, blur, source):
    """What the nuclei of the source are to the disc of each ray, shape (n,)."""
    mean = disc_solid_angle(source.radius, source.concentration) / disc_solid_angle(source.radius)
    return _share_of_disc(angle, source.radius, blur) * np.where(blur > 0, mean, fisher_weight(angle, source.concentration))


def expected_of_passes(passes, source):
    """What the pixels of the coarse passes may be expected to contribute to the image, shape (npix,), any unit."""
    front = _start(passes, len(passes), source)
    return np.bincount(front.ipix, _expected(front, source), minlength=hp.nside2npix(2**front.order))


def _expected(front, source):
    """What pixels contribute to the image, root mean square, shape (n,), in pixels."""
    fall, width, power = (values[source.is_random] for values in (FALL, WIDTH, POWER))
    away = np.maximum(front.angle - source.radius, 0) / np.maximum(front.spread, 1e-9)
    return front.weight * (1 + away) ** -fall / (1 + (front.spread / (width * source.radius)) ** power)


def _thinned(front, source, max_pixels, rng, draws):
    """Leave out pixels at random, rather those of little weight or whose rays hardly come from the source.

    The rest stands for them, each with a weight that in the end differs little among those that hit.
    """
    expected = _expected(front, source)
    chance = np.minimum(1.0, max_pixels * expected / expected.sum())
    if len(front) <= max_pixels:
        chance[front.spread < CHAOTIC_SPREAD] = 1.0
    # one random number for all: as many as expected stay, from everywhere (systematic sampling)
    kept = np.diff(np.floor(np.cumsum(chance) + rng.random()), prepend=0) > 0
    front, chance = front.selected(kept), chance[kept]
    front.weight = front.weight / chance
    front.draw = draws.drawn(front, chance)
    return front


def _weights(parts, order):
    """Weight in pixels of ``order``, number of rays held and draw, each shape (n,), of all pixels of several orders.

    A pixel of which no ray misses is as good as all rays that could be traced in it, one whose rays stay together
    holds as many as pixels of ``order``; else it has what one ray tells.
    """
    columns = ((part.weight * part.share, np.full(len(part), part.order), part.blur, part.whole, part.draw) for part in parts)
    weight, own, blur, whole, draw = (np.concatenate(column) for column in zip(*columns, strict=True))
    pixels = 4.0 ** (order - own)
    return weight * pixels, np.where(whole, 4.0 ** (MAX_ORDER - own), np.where(blur > 0, 1.0, pixels)), draw


def rays_aimed_at(image, radius, concentration=0.0):
    """How many equal rays an image should consist of, by :data:`TARGETS`; 0 where it is too dim for an aim."""
    magnification = image.solid_angle / disc_solid_angle(radius, concentration)
    return next((rays for least, rays in TARGETS[:2] if magnification > least), 0.0)


def _found(done, front, draws):
    """Rays found, in pixels of the order of ``front``, and their variance.

    Returns
    -------
    rays : float
        Sum of weights.
    loose, fixed : float
        Their variance that smaller pixels would lower, and what they would not: from draws and from rays that stay.
    """
    weight, rays, draw = _weights([*done, front], front.order)
    squares, stay = weight**2 / rays, rays == 1
    stay[len(weight) - len(front) :] = False
    fixed = np.sum(squares[stay]) + draws.variance(draw, weight)
    return weight.sum(), np.sum(squares[~stay]), fixed


def _image(parts, n_members, draws):
    """Put pixels of several orders together."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return nothing()
    leaf_order = max(part.order for part in parts)
    order = np.repeat([part.order for part in parts], [len(part) for part in parts])
    weight, rays, draw = _weights(parts, leaf_order)
    return Image(
        ipix=np.concatenate([part.ipix for part in parts]).astype(np.int64),
        order=order.astype(np.int8),
        weight=(weight / n_members).astype(np.float32),
        member=np.concatenate([part.member for part in parts]).astype(np.int16),
        leaf_order=leaf_order,
        n_effective=effective_rays(weight, rays, draws.variance(draw, weight)),
    )


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
