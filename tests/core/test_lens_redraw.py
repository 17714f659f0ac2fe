"""Images drawn anew from what is known of them: their mean is that of the lens, whatever is known, and rays count what they say."""

from dataclasses import replace

import numba
import numpy as np
import pytest

from zevatron.core.galactic_field import galactic_field
from zevatron.core.lens import assembly, redraw
from zevatron.core.lens.assembly import SourceLens
from zevatron.core.lens.coarse import coarse_pass, trace_coarse
from zevatron.core.lens.image import disc_solid_angle, nothing
from zevatron.core.lens.search import Source, find_image, rays_aimed_at
from zevatron.core.sky import angular_distance, lonlat, pixel_vectors, unit_vectors
from zevatron.core.sources import find_source

DISC = Source(unit_vectors(40.0, 25.0), 1.0, 0.0, True)
MEMBERS = np.ones(8)


def kicked_top(directions, strength=3.0, times=3):
    """A lens that keeps areas: turned a quarter about one axis, then each parallel about the other, again and again.

    Haake, Kus & Scharf, Z. Phys. B 65 (1987) 381: chaotic but for islands at a strength of 3.
    """
    for _ in range(times):
        x, y, z = directions.T
        turn = strength * x  # of the parallel, which is now at the height x
        directions = np.stack([np.cos(turn) * z + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * z, x], axis=1)
    return directions


def gathering(directions, factor=0.45):
    """A lens that enlarges what is near the pole: tan(exit colatitude / 2) = tan(colatitude / 2) / ``factor``."""
    glon, glat = lonlat(directions)
    return unit_vectors(glon, 90 - 2 * np.degrees(np.arctan(np.tan(np.radians(90 - glat) / 2) / factor)))


def lens(trace, ends=DISC, seed=1, max_pixels=300):
    """Tracer of any rigidity, first image and passes of a lens that is the same for all of them."""

    def trace_any(directions, rigidities):
        return trace(directions)

    passes = [coarse_pass(trace_coarse(trace_any, 1.0))]
    image = find_image(
        trace_any, passes, MEMBERS, ends.direction, ends.radius, np.random.default_rng(seed), max_pixels=max_pixels,
        targets=((0.0, 200.0),), concentration=ends.concentration, is_random=ends.is_random,
    )
    return trace_any, image, passes


def magnification(image, radius=1.0):
    return image.solid_angle / disc_solid_angle(radius)


@pytest.fixture(scope="module")
def chaos():
    return lens(kicked_top)


def test_the_chaotic_lens_is_chaotic_and_keeps_areas(rng):
    first = rng.normal(size=(20_000, 3))
    first /= np.linalg.norm(first, axis=1)[:, np.newaxis]
    parted = angular_distance(kicked_top(first), kicked_top(first + 1e-6 * rng.normal(size=first.shape)))
    assert np.median(parted) > 5 * np.degrees(1e-6)
    assert np.mean(kicked_top(first), axis=0) == pytest.approx(np.zeros(3), abs=0.02)  # even stays even
    assert np.mean(kicked_top(first)[:, 2] ** 2) == pytest.approx(1 / 3, abs=0.01)


def test_an_image_in_chaos_has_the_rays_it_should_have(chaos):
    trace, known, passes = chaos
    image = redraw.redrawn(trace, known, passes, MEMBERS, DISC, np.random.default_rng(1))
    assert image.n_effective >= rays_aimed_at(image, 1.0) == 5000
    assert magnification(image) == pytest.approx(1, abs=4 / np.sqrt(image.n_effective))


def test_number_of_equal_rays_foretells_the_scatter(chaos):
    trace, known, passes = chaos
    chance = redraw.chances([known], passes, DISC)
    images = [redraw.redraw(trace, chance, MEMBERS, DISC, np.random.default_rng(seed), 1000) for seed in range(40)]
    values, foretold = np.array([magnification(image) for image in images]), np.mean([1 / image.n_effective for image in images])
    assert values.mean() == pytest.approx(1, abs=4 * np.sqrt(foretold / len(values)))
    assert 0.2 * foretold < values.var(ddof=1) < 1.8 * foretold


def test_pixels_of_two_draws_differ_by_what_the_rays_say(chaos):
    trace, known, passes = chaos
    a, b = (redraw.redrawn(trace, known, passes, MEMBERS, DISC, np.random.default_rng(seed)) for seed in (1, 2))
    x, y = (SourceLens("test", 1.0, 128, np.ones(1), (image,)).density()[0] for image in (a, b))
    used = x + y > 20 / a.n_effective
    chi2 = np.sum((x - y)[used] ** 2 / (x / a.n_effective + y / b.n_effective)[used])
    assert used.sum() > 30
    assert chi2 / used.sum() == pytest.approx(1, abs=0.3 + 4 * np.sqrt(2 / used.sum()))


@pytest.mark.parametrize("kept", [0.1, 0.5])
def test_what_is_not_known_of_the_image_is_not_missing(chaos, kept):
    """The known image is cut to the part of the sky that holds a share of it; the mean stays."""
    trace, known, passes = chaos
    last = np.cumsum(known.weight[np.argsort(known.ipix >> (2 * (known.order - 5)), kind="stable")])
    part = np.argsort(known.ipix >> (2 * (known.order - 5)), kind="stable")[: np.searchsorted(last, kept * last[-1])]
    columns = {name: getattr(known, name)[part] for name in ("ipix", "order", "weight", "member")}
    chance = redraw.chances([replace(known, **columns)], passes, DISC)
    images = [redraw.redraw(trace, chance, MEMBERS, DISC, np.random.default_rng(seed), 2000) for seed in range(30)]
    values = np.array([magnification(image) for image in images])
    assert values.mean() == pytest.approx(1, abs=4 * values.std(ddof=1) / np.sqrt(len(values)))


@pytest.mark.parametrize(("factor", "is_random"), [(0.45, True), (0.2, False), (2.0, False)])
def test_magnification_behind_chaos_is_the_ratio_of_solid_angles(factor, is_random):
    """What gathers or spreads rays after the chaos decides how large an image is."""
    ends = Source(unit_vectors(0.0, 90.0), 1.0, 0.0, is_random)
    trace, known, passes = lens(lambda directions: gathering(kicked_top(directions), factor), ends)
    radius = 2 * np.degrees(np.arctan(factor * np.tan(np.radians(0.5))))  # of what the chaotic lens leaves
    image = redraw.redrawn(trace, known, passes, MEMBERS, ends, np.random.default_rng(1))
    expected = disc_solid_angle(radius) / disc_solid_angle(1.0)
    assert image.n_effective >= (5000 if expected > 0.1 else 500)
    assert magnification(image) == pytest.approx(expected, rel=4 / np.sqrt(image.n_effective))


def test_a_smooth_image_costs_few_rays():
    traced = []

    def straight(directions):
        traced.append(len(directions))
        return directions

    trace, known, passes = lens(straight)
    traced.clear()
    image = redraw.redrawn(trace, known, passes, MEMBERS, DISC, np.random.default_rng(1))
    assert magnification(image) == pytest.approx(1, abs=4 / np.sqrt(image.n_effective))
    assert sum(traced) < 4 * image.n_effective


def test_a_fisher_distribution_weighs_rays_by_their_angle():
    ends = Source(DISC.direction, 15.0, 2 / np.radians(7.0) ** 2, True)
    trace, known, passes = lens(lambda directions: directions, ends)
    image = redraw.redrawn(trace, known, passes, MEMBERS, ends, np.random.default_rng(1))
    assert image.solid_angle == pytest.approx(disc_solid_angle(15.0, ends.concentration), rel=4 / np.sqrt(image.n_effective))
    angle = angular_distance(pixel_vectors(2**image.leaf_order, image.ipix), ends.direction)
    assert np.sqrt(image.share @ angle**2) == pytest.approx(7.0, rel=0.05)  # 99 % of the distribution


def test_trapped_rays_are_no_image():
    """Half the sky is trapped, with the border right through the disc: half the image is left."""

    def half(directions):
        return np.where(lonlat(directions)[1][:, np.newaxis] > 25.0, np.nan, directions)

    trace, known, passes = lens(half)
    image = redraw.redrawn(trace, known, passes, MEMBERS, DISC, np.random.default_rng(1))
    assert (lonlat(pixel_vectors(2**image.leaf_order, image.ipix))[1] <= 25.0).all()
    assert magnification(image) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(image.n_effective) + 0.01)


def test_nothing_stays_nothing(chaos):
    assert len(redraw.redrawn(chaos[0], nothing(), chaos[2], MEMBERS, DISC, np.random.default_rng(1)).ipix) == 0


def test_effort_has_an_end(chaos, monkeypatch):
    monkeypatch.setattr(redraw, "MOST_FAMILIES", 3000)
    image = redraw.redrawn(*chaos, MEMBERS, DISC, np.random.default_rng(1))
    assert 0 < image.n_effective < 3 * 3000 and magnification(image) == pytest.approx(1, abs=5 / np.sqrt(image.n_effective))


def test_the_same_on_one_thread_and_on_two(tmp_path, monkeypatch):
    monkeypatch.setattr(redraw, "MOST_FAMILIES", 4000)
    source, galaxy, known = find_source("M82"), galactic_field("jf12_regular"), None
    images = []
    for threads in (1, 2):
        monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", threads)
        known = known or assembly.compute_image(source, galaxy, 1.0, 25.0, cache=tmp_path)
        poor = replace(known, n_effective=100.0)
        images.append(assembly.compute_image(source, galaxy, 1.0, 25.0, thorough=True, known=poor, cache=tmp_path))
    for name in ("ipix", "weight", "member", "n_effective"):
        np.testing.assert_array_equal(*(getattr(image, name) for image in images))
    assert magnification(images[0]) == pytest.approx(magnification(known), rel=4 / np.sqrt(images[0].n_effective))
