"""Images found by dividing the sky have the place, size and number that analytic lenses demand."""

import healpy as hp
import numpy as np
import pytest
from scipy.integrate import quad

from zevatron.core.config import SkyConfig
from zevatron.core.lens import search
from zevatron.core.lens.assembly import SourceLens
from zevatron.core.lens.coarse import coarse_pass, trace_coarse
from zevatron.core.lens.image import disc_solid_angle, nothing, source_extent
from zevatron.core.lens.search import find_image
from zevatron.core.sky import angular_distance, lonlat, pixel_vectors, unit_vectors

SOURCE = unit_vectors(40.0, 25.0)


def image_of(trace, direction=SOURCE, radius=1.0, seed=1, members=1, **options):
    """Image through a lens that is the same for all rigidities."""
    rng = np.random.default_rng(seed)

    def trace_any(directions, rigidities):
        return trace(directions)

    coarse = coarse_pass(trace_coarse(trace_any, 1.0))
    return find_image(trace_any, [coarse], np.ones(members), direction, radius, rng, **options)


def lens_of(*images, nside=32, radius=1.0):
    return SourceLens("test", radius, nside, 10.0 * np.arange(1, len(images) + 1), images)


def magnification(image, radius=1.0):
    return image.solid_angle / disc_solid_angle(radius)


def pixel_directions(image):
    """Centres of the parts of an image and their weights, summing to 1."""
    vectors = np.concatenate([pixel_vectors(2**order, [ipix]) for ipix, order in zip(image.ipix, image.order.tolist(), strict=True)])
    return vectors, image.weight / image.weight.sum()


def straight(directions):
    return directions


def winding(times):
    """A lens that winds longitudes round: ``times`` images, each 1/``times`` as large."""

    def trace(directions):
        glon, glat = lonlat(directions)
        return unit_vectors(times * glon, glat)

    return trace


def shearing(strength):
    """A lens that turns each parallel by an angle of its own: area-preserving, images drawn out."""

    def trace(directions):
        glon, glat = lonlat(directions)
        return unit_vectors(glon + strength * np.sin(3 * np.radians(glat)), glat)

    return trace


def zooming(factor):
    """A lens that enlarges what is near the pole: tan(exit colatitude / 2) = tan(colatitude / 2) / ``factor``."""

    def trace(directions):
        glon, glat = lonlat(directions)
        return unit_vectors(glon, 90 - 2 * np.degrees(np.arctan(np.tan(np.radians(90 - glat) / 2) / factor)))

    return trace


def test_without_a_field_the_image_is_the_disc():
    image = image_of(straight)
    assert magnification(image) == pytest.approx(1, abs=0.01)
    assert image.n_effective > 3000
    vectors, weight = pixel_directions(image)
    distance = angular_distance(vectors, SOURCE)
    assert distance.max() < 1.1
    centre = weight @ vectors
    assert angular_distance(centre / np.linalg.norm(centre), SOURCE) < 0.01
    within = np.degrees(1) ** 2 * hp.nside2pixarea(1) / 4.0**image.order / 6  # of squares around their own centres
    assert weight @ (distance**2 + within) == pytest.approx(0.5, rel=0.01)  # mean squared distance in a disc


@pytest.mark.parametrize("radius", [0.1, 0.5, 3.0, 20.0])
def test_disc_of_any_radius(radius):
    image = image_of(straight, radius=radius)
    assert magnification(image, radius) == pytest.approx(1, abs=0.01)
    finest = disc_solid_angle(radius) / hp.nside2pixarea(2**search.MAX_ORDER)
    assert image.n_effective >= min(search.TARGETS[0][1], finest) * 0.95


@pytest.mark.parametrize("times", [2, 5])
def test_every_image_is_found(times):
    image = image_of(winding(times))
    assert magnification(image) == pytest.approx(1, abs=0.02)  # flux is conserved
    vectors, weight = pixel_directions(image)
    expected = unit_vectors((40.0 + 360 * np.arange(times)) / times, np.full(times, 25.0))
    nearest = angular_distance(vectors[:, np.newaxis], expected).argmin(axis=1)
    np.testing.assert_allclose(np.bincount(nearest, weight), 1 / times, rtol=0.05)


def test_strong_shear_keeps_the_area():
    image = image_of(shearing(300.0))
    assert magnification(image) == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(lonlat(pixel_directions(image)[0])[1], 25.0, atol=1.1)


@pytest.mark.parametrize("factor", [0.2, 3.0, 10.0])
def test_magnification_is_the_ratio_of_solid_angles(factor):
    image = image_of(zooming(factor), unit_vectors(0.0, 90.0))
    expected = 2 * np.degrees(np.arctan(factor * np.tan(np.radians(0.5))))  # radius of the image
    ratio = disc_solid_angle(expected) / disc_solid_angle(1.0)
    assert magnification(image) == pytest.approx(ratio, rel=0.02)
    assert image.n_effective >= 0.9 * next(rays for limit, rays in search.TARGETS if ratio > limit)


def test_thinning_at_random_changes_nothing_on_average():
    images = [image_of(shearing(300.0), seed=seed, max_pixels=100, targets=((0.0, 200.0),)) for seed in range(16)]
    values = np.array([magnification(image) for image in images])
    assert values.mean() == pytest.approx(1, abs=4 * values.std(ddof=1) / np.sqrt(len(values)))
    assert values.std() < 0.5


def test_number_of_equal_rays_foretells_the_scatter():
    """Images from few draws scatter as (sum of w^2 + variance of the draws) / (sum of w)^2 says, or less."""

    def winding_up(directions):
        glon, glat = lonlat(directions)
        return unit_vectors(glon + 3000 * np.sin(np.radians(glat)), glat)

    images = [image_of(winding_up, seed=seed, max_pixels=150, targets=((0.0, 1000.0),)) for seed in range(24)]
    values = np.array([magnification(image) for image in images])
    foretold = np.mean([1 / image.n_effective for image in images])
    assert 1e-3 < foretold < 0.3
    assert values.var(ddof=1) / values.mean() ** 2 < 2.5 * foretold
    assert values.mean() == pytest.approx(1, abs=4 * values.std(ddof=1) / np.sqrt(len(values)))


def test_passes_at_every_rigidity_give_the_image_of_each():
    """A lens that turns the sky by 10 degrees per EV, seen without any pass at the middle of the band."""

    def trace(directions, rigidities):
        glon, glat = lonlat(directions)
        return unit_vectors(glon + 10 * rigidities, glat)

    rigidities = np.array([1.0, 2.0])
    passes = [coarse_pass(trace_coarse(trace, value)) for value in rigidities]
    lens = lens_of(find_image(trace, passes, rigidities, SOURCE, 1.0, np.random.default_rng(1), is_random=True))
    for half, glon in ((0, 30.0), (1, 20.0)):
        centre = lens.density(half)[0] @ pixel_vectors(32)
        assert angular_distance(centre / np.linalg.norm(centre), unit_vectors(glon, 25.0)) < 0.6


def test_dust_is_counted_by_the_rays_that_pass_near():
    """Rays that leave anywhere, whatever their start: the image is the share of the sky that the disc is, everywhere."""

    def trace(directions, rigidities):
        seed = np.abs(directions @ np.array([12.9898, 78.233, 37.719]) * 43758.5453)
        first, second = seed % 1, (seed * 7919.0) % 1
        return unit_vectors(360 * first, np.degrees(np.arcsin(2 * second - 1)))

    rigidities = np.ones(8)
    passes = [coarse_pass(trace_coarse(trace, 1.0))] * len(rigidities)
    image = find_image(trace, passes, rigidities, SOURCE, 1.0, np.random.default_rng(1), is_random=True)
    assert image.n_effective > 100
    assert magnification(image) == pytest.approx(1, abs=4 / np.sqrt(image.n_effective))


def test_image_below_the_limit_counts_as_none():
    image = image_of(zooming(0.05), unit_vectors(0.0, 90.0))  # 1/400 of the disc
    assert len(image.ipix) == 0 and image.solid_angle == 0


def test_rigidities_of_a_band_count_by_their_magnification():
    """Half of the band is magnified ninefold: nine of ten nuclei of an even spectrum come from there."""

    def trace(directions, rigidities):
        return np.where(rigidities[:, np.newaxis] > 1.5, zooming(3.0)(directions), directions)

    exits = [trace_coarse(trace, rigidity) for rigidity in (1.0, 1.0, 3.0)]
    pole = unit_vectors(0.0, 90.0)
    image = find_image(trace, [coarse_pass(exits[0], exits[1:])], np.array([1.0, 2.0]), pole, 1.0, np.random.default_rng(1))
    assert magnification(image) == pytest.approx(5, rel=0.02)
    assert image.share.sum() == pytest.approx(1)
    assert image.share[image.member == 0].sum() == pytest.approx(0.1, abs=0.005)


def test_directions_that_nothing_reaches_give_an_empty_image():
    def northwards(directions):
        glon, glat = lonlat(directions)
        return unit_vectors(glon, (glat + 90) / 2)

    image = image_of(northwards, unit_vectors(40.0, -25.0))
    assert len(image.ipix) == 0 and image.solid_angle == 0 and image.n_effective == 0


def test_trapped_rays_are_no_image_and_hide_none():
    """Half the sky is trapped, with the border right through the disc: half the image is left."""

    def trace(directions):
        return np.where(lonlat(directions)[1][:, np.newaxis] > 25.0, np.nan, directions)

    image = image_of(trace)
    assert magnification(image) == pytest.approx(0.5, abs=0.03)
    assert len(image_of(lambda directions: np.full_like(directions, np.nan)).ipix) == 0


def test_few_rays_do_for_a_fine_image():
    """More than 5,000 equal rays at Nside 1024 for the price of its rim."""
    traced = []

    def trace(directions):
        traced.append(len(directions))
        return directions

    image = image_of(trace)
    assert image.leaf_order == 10 and image.n_effective > 5000
    assert sum(traced[1:]) < 2000


def test_band_is_the_mean_of_its_rigidities():
    """A lens that turns the sky by 10 degrees at 1 EV and 20 degrees at 2 EV."""

    def trace(directions, rigidities):
        glon, glat = lonlat(directions)
        return unit_vectors(glon + 10 * rigidities, glat)

    exits = [trace_coarse(trace, rigidity) for rigidity in (1.5, 0.5, 2.5)]
    image = find_image(
        trace, [coarse_pass(exits[0], exits[1:])], np.array([1.0, 2.0]), SOURCE, 1.0, np.random.default_rng(1)
    )
    assert magnification(image) == pytest.approx(1, abs=0.02)
    lens = lens_of(image)
    for half, glon in ((0, 30.0), (1, 20.0), (None, 25.0)):
        centre = lens.density(half)[0] @ pixel_vectors(32)
        assert angular_distance(centre / np.linalg.norm(centre), unit_vectors(glon, 25.0)) < 0.6


def test_rows_sum_to_one_or_zero():
    for nside in (1, 8, 32, 256):
        lens = lens_of(image_of(winding(2), members=2), nothing(), image_of(straight, members=3), nside=nside)
        for half in (None, 0, 1):
            density = lens.sparse_density(half)
            assert density.shape == (3, 12 * nside**2)
            np.testing.assert_allclose(density.sum(axis=1), [1, 0, 1])
    np.testing.assert_allclose(lens.magnification, [1, 0, 1], atol=0.02)
    assert lens.n_effective[1] == 0


def test_maps_of_all_resolutions_belong_together():
    image = image_of(winding(2))
    fine = lens_of(image, nside=256).density()[0]
    for nside in (1, 4, 64):
        coarse = lens_of(image, nside=nside).density()[0]
        np.testing.assert_allclose(coarse, fine.reshape(len(coarse), -1).sum(axis=1), atol=1e-12)


def test_density_counts_the_disc_in_each_pixel():
    """Against every pixel of Nside 1024 in the disc."""
    density = lens_of(image_of(straight), nside=64).density()[0]
    seen = np.flatnonzero(density)
    fine = pixel_vectors(1024, (256 * seen[:, np.newaxis] + np.arange(256)).ravel())
    expected = (angular_distance(fine, SOURCE) < 1).reshape(-1, 256).sum(axis=1)
    np.testing.assert_allclose(density[seen], expected / expected.sum(), atol=0.003)


def test_halves_agree_and_make_up_the_whole():
    """A lens that turns the sky by 0.4 degrees within the band."""

    def trace(directions, rigidities):
        glon, glat = lonlat(directions)
        return unit_vectors(glon + 4 * rigidities, glat)

    exits = [trace_coarse(trace, rigidity) for rigidity in (1.0, 0.9, 1.1)]
    image = find_image(
        trace, [coarse_pass(exits[0], exits[1:])], np.linspace(0.95, 1.05, 8), SOURCE, 1.0, np.random.default_rng(1)
    )
    lens = lens_of(image)
    a, b, both = (lens.density(half)[0] for half in (0, 1, None))
    assert not np.array_equal(a, b)
    assert 0.5 * np.abs(a - b).sum() < 0.03
    np.testing.assert_allclose((a + b) / 2, both, atol=0.003)


def test_same_generator_same_image():
    first, second, third = (image_of(shearing(300.0), seed=seed, max_pixels=100) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.ipix, second.ipix)
    assert not np.array_equal(first.ipix, third.ipix)


@pytest.mark.parametrize("spread", [1.0, 5.0, 20.0])
def test_fisher_distribution_is_seen_as_it_is_without_a_field(spread):
    """Mean cosine of a Fisher distribution cut where 99 % are inside, against numerical integration."""
    radius, concentration = source_extent(SkyConfig(source_shape="fisher", source_spread=spread))
    image = image_of(straight, radius=radius, concentration=concentration)
    assert image.solid_angle / disc_solid_angle(radius, concentration) == pytest.approx(1, abs=0.01)

    def integral(power, lowest):
        return quad(lambda cosine: cosine**power * np.exp(concentration * (cosine - 1)), lowest, 1)[0]

    edge = np.cos(np.radians(radius))
    assert integral(0, edge) / integral(0, max(-1, 1 - 40 / concentration)) == pytest.approx(0.99, abs=1e-4)
    vectors, shares = pixel_directions(image)
    expected = integral(1, edge) / integral(0, edge)
    assert 1 - shares @ vectors @ SOURCE == pytest.approx(1 - expected, rel=0.03)


def test_condensed_image_makes_the_same_maps():
    image = image_of(shearing(100.0), members=8)
    small = image.condensed(6)
    assert len(small.ipix) < len(image.ipix) / 3 and small.n_effective == image.n_effective
    assert small.solid_angle == pytest.approx(image.solid_angle, rel=1e-3)
    for half in (None, 0, 1):
        for nside in (16, 64):
            full, condensed = (lens_of(one, nside=nside).density(half)[0] for one in (image, small))
            np.testing.assert_allclose(condensed, full, rtol=1e-3, atol=1e-12)
    assert len(nothing().condensed(6).ipix) == 0
