"""What is shown of a field: planes, maps of the whole sky, rays and images, by laws that need no reference."""

import time

import numpy as np
import pytest

from zevatron.core.config import FieldConfig, SkyConfig
from zevatron.core.errors import CancelledError, InputError, UnknownNameError
from zevatron.core.field_views import (
    deflection_columns,
    deflection_map,
    field_plane,
    image_columns,
    image_statistics,
    magnification_columns,
    magnification_map,
    plane_columns,
    ray_columns,
    trace_ray,
)
from zevatron.core.field_views.images import centre_and_spread, count_images
from zevatron.core.galactic_field import GalacticField, galactic_field
from zevatron.core.galactic_field.uniform import UniformField
from zevatron.core.lens import SourceLens, source_lens
from zevatron.core.lens.image import Image
from zevatron.core.progress import Progress
from zevatron.core.sky import angular_distance, pixel_vectors, unit_vectors, vector_pixels
from zevatron.core.sources import find_source
from zevatron.core.units import GYRATION

NONE, JF12 = galactic_field("none"), galactic_field("jf12_regular")
ALONG_Z = GalacticField("uniform", UniformField(bz=1.0))


@pytest.mark.parametrize("plane", ["xy", "xz"])
def test_planes_hold_the_field_at_their_points(plane):
    found = field_plane(JF12, plane, 20.0, 40, offset=0.3)
    inside = np.linalg.norm(found.positions, axis=-1) <= 20.0
    np.testing.assert_array_equal(found.field[inside], JF12.values(found.positions[inside]))
    assert np.isnan(found.field[~inside]).all() and (~inside).any()
    assert found.half_width == pytest.approx(20.0)
    squares = found.right**2 + found.up**2 + found.out**2
    np.testing.assert_allclose(found.strength[inside], np.sqrt(squares[inside]))


def test_axes_of_the_planes_point_where_they_say():
    galaxy = GalacticField("uniform", UniformField(bx=1.0, by=2.0, bz=3.0))
    centre = (10, 10)
    xy, xz = (field_plane(galaxy, plane, 20.0, 20) for plane in ("xy", "xz"))
    assert [part[centre] for part in (xy.right, xy.up, xy.out)] == [1.0, 2.0, 3.0]
    assert [part[centre] for part in (xz.right, xz.up, xz.out)] == [1.0, 3.0, 2.0]
    np.testing.assert_allclose(xy.positions[3, 5], [xy.axis[5], xy.axis[3], 0.0])
    np.testing.assert_allclose(xz.positions[3, 5], [xz.axis[5], 0.0, xz.axis[3]])
    for plane in (xy, xz):
        np.testing.assert_array_equal(plane.position(3, 5), plane.positions[3, 5])


def test_spiral_disk_points_along_the_arms_and_has_no_vertical_part():
    """The disk of JF12 is a spiral of pitch 11.5 degrees (Jansson & Farrar 2012, Table 1) beyond its inner ring."""
    plane = field_plane(JF12, "xy", 20.0, 120, offset=0.05)
    radius = np.hypot(plane.positions[..., 0], plane.positions[..., 1])
    disk = (radius > 6) & (radius < 15)
    outward = (plane.right * plane.positions[..., 0] + plane.up * plane.positions[..., 1])[disk] / radius[disk]
    assert np.abs(outward).max() > 0.1
    assert np.median(np.abs(outward) / np.hypot(plane.right, plane.up)[disk]) < 2 * np.sin(np.radians(11.5))


@pytest.mark.parametrize(
    ("arguments", "words", "error"),
    [(("yz",), "plane", UnknownNameError), (("xy", -1.0), "half width", InputError), (("xy", 20.0, 1), "at least 2", InputError)],
)
def test_planes_refuse_what_makes_no_sense(arguments, words, error):
    with pytest.raises(error, match=words):
        field_plane(NONE, *arguments)


def test_nothing_is_deflected_or_magnified_without_a_field(tmp_path):
    found = deflection_map(NONE, 10.0, 16, cache=tmp_path)
    assert found.angle.max() < 1e-4
    assert found.trapped == 0
    magnification = magnification_map(found, 4)
    np.testing.assert_array_equal(magnification.value, 1.0)
    np.testing.assert_allclose(magnification.error, 1 / 4)


def test_uniform_field_turns_every_ray_by_its_arc(tmp_path):
    """About the field the ray turns by GYRATION B s / R; seen from its direction: the chord of that arc on a parallel."""
    rigidity = 100.0
    found = deflection_map(ALONG_Z, rigidity, 8, cache=tmp_path)
    arrivals = pixel_vectors(8)
    for ipix in (100, 300, 500):
        ray = trace_ray(ALONG_Z, rigidity, arrivals[ipix], n_points=50)
        turn = GYRATION * ray.path / rigidity
        polar = np.linalg.norm(arrivals[ipix, :2])
        expected = np.degrees(2 * np.arcsin(polar * np.sin(turn / 2)))
        assert found.angle[ipix] == pytest.approx(expected, abs=0.01)
        assert ray.deflection == pytest.approx(expected, abs=0.001)


def test_field_along_z_deflects_alike_above_and_below(tmp_path):
    angle = deflection_map(ALONG_Z, 20.0, 16, cache=tmp_path).angle
    arrivals = pixel_vectors(16)
    mirror = vector_pixels(16, arrivals * [1, 1, -1])
    np.testing.assert_allclose(angle, angle[mirror], atol=1e-3)
    assert angle.max() > 5


def test_deflections_halve_where_rigidity_doubles(tmp_path):
    """For small angles the deflection is inversely proportional to the rigidity."""
    high, higher = (deflection_map(JF12, rigidity, 8, cache=tmp_path).angle for rigidity in (1000.0, 2000.0))
    np.testing.assert_allclose(higher * 2, high, rtol=0.05, atol=0.02)
    assert np.median(high) > 0.05


def test_mean_magnification_is_one_less_what_is_trapped(tmp_path):
    found = deflection_map(ALONG_Z, 3.0, 16, cache=tmp_path)  # rays with a small pitch circle in a field of 1 microgauss
    assert 0.01 < found.trapped < 0.9
    for nside in (1, 4, 16):
        assert magnification_map(found, nside).value.mean() == pytest.approx(1 - found.trapped)
    assert np.isnan(found.angle).mean() == found.trapped


def test_magnification_agrees_with_the_image_of_a_source(tmp_path):
    """Liouville's theorem both ways: rays counted by exit pixel, and the solid angle of the image of that disc."""
    rigidity, source = 40.0, find_source("M82")
    lens = source_lens(source, FieldConfig(), SkyConfig(nside=64, source_radius=5.0), [rigidity], cache=tmp_path)
    rays = deflection_map(JF12, rigidity, 64, cache=tmp_path)
    hits = angular_distance(rays.exit_direction, source.direction) < 5.0
    without = angular_distance(pixel_vectors(64), source.direction) < 5.0
    assert hits.sum() / without.sum() == pytest.approx(lens.magnification[0], rel=4 / np.sqrt(hits.sum()))


def test_maps_are_kept_by_field_rigidity_and_resolution(tmp_path, monkeypatch):
    from zevatron.core.field_views import sky_maps

    traced, backtrack = [], sky_maps.backtrack
    monkeypatch.setattr(sky_maps, "backtrack", lambda *a, **k: traced.append(a[1]) or backtrack(*a, **k))
    first = deflection_map(ALONG_Z, 20.0, 4, cache=tmp_path)
    again = deflection_map(ALONG_Z, 20.0, 4, cache=tmp_path)
    np.testing.assert_array_equal(first.exit_direction.astype(np.float32), again.exit_direction.astype(np.float32))
    assert len(traced) == 1
    for galaxy, rigidity, nside in ((NONE, 20.0, 4), (ALONG_Z, 21.0, 4), (ALONG_Z, 20.0, 8)):
        deflection_map(galaxy, rigidity, nside, cache=tmp_path)
    assert len(traced) == 4


def test_maps_report_and_can_be_cancelled(tmp_path):
    class Impatient(Progress):
        reports = 0

        def show(self, stage, done, total, values):
            self.reports += 1
            self.cancel()

    progress, started = Impatient(), time.monotonic()
    with pytest.raises(CancelledError):
        deflection_map(JF12, 2.0, 64, cache=tmp_path, progress=progress)
    assert progress.reports == 1 and time.monotonic() - started < 5
    assert not list(tmp_path.rglob("*.h5"))


def test_magnification_needs_as_many_rays_as_pixels(tmp_path):
    with pytest.raises(InputError, match="Nside 4 at most"):
        magnification_map(deflection_map(NONE, 10.0, 4, cache=tmp_path), 8)


def test_rays_begin_at_the_sun_and_end_where_they_leave():
    ray = trace_ray(JF12, 20.0, unit_vectors(30.0, 40.0), n_points=100)
    np.testing.assert_allclose(ray.points[0], [-8.5, 0, 0])
    assert np.linalg.norm(ray.points[-1]) == pytest.approx(20.0, abs=1e-3)
    steps = np.linalg.norm(np.diff(ray.points, axis=0), axis=1)
    assert steps.sum() == pytest.approx(ray.path, rel=1e-3)
    last = ray.points[-1] - ray.points[-2]
    assert angular_distance(last / np.linalg.norm(last), ray.exit) < 1
    assert not ray.is_trapped


def test_trapped_rays_say_so_and_are_drawn_for_a_while():
    ray = trace_ray(ALONG_Z, 1.0, [0.0, 1.0, 0.0])
    assert ray.is_trapped and np.isnan(ray.deflection)
    gyroradius = 1.0 / GYRATION
    centre = np.array([-8.5 + gyroradius, 0, 0])
    other = np.array([-8.5 - gyroradius, 0, 0])
    distance = [np.linalg.norm(ray.points - c, axis=1) for c in (centre, other)]
    assert min(np.abs(d - gyroradius).max() for d in distance) < 1e-3


def spots(nside, *directions, radius=2.0):
    """Pixels within ``radius`` of each direction."""
    vectors = pixel_vectors(nside)
    return np.concatenate([np.flatnonzero(angular_distance(vectors, unit_vectors(*d)) < radius) for d in directions])


def test_images_that_do_not_touch_are_counted():
    one = spots(64, (10, 20))
    two = spots(64, (10, 20), (40, -30))
    touching = spots(64, (10, 20), (13.5, 20))
    assert [count_images(p, np.ones(len(p)), 64) for p in (one, two, touching)] == [1, 2, 1]
    over_the_pole = spots(64, (0, 89), (180, 89), radius=1.5)  # across the corners of four faces of HEALPix
    assert count_images(over_the_pole, np.ones(len(over_the_pole)), 64) == 1


def test_stray_rays_are_no_images():
    pixels = spots(64, (10, 20), (40, -30))
    weight = np.where(np.isin(pixels, spots(64, (10, 20))), 1.0, 1e-5)
    assert count_images(pixels, weight, 64) == 1
    assert count_images(pixels, weight, 64, least_share=0.0) == 2


def test_spread_of_a_fisher_distribution(rng):
    """A Fisher distribution of concentration k: mean square angle 2 / k, and 68 % within sqrt(-2 ln(0.32) / k)."""
    k, n = 400.0, 200_000
    cosine = 1 + np.log1p(rng.random(n) * np.expm1(-2 * k)) / k
    angle = rng.random(n) * 2 * np.pi
    sine = np.sqrt(1 - cosine**2)
    mean, spread, radius = centre_and_spread(np.stack([sine * np.cos(angle), sine * np.sin(angle), cosine], 1), np.ones(n))
    assert angular_distance(mean, np.array([0, 0, 1.0])) < 0.05
    assert spread == pytest.approx(np.degrees(np.sqrt(2 / k)), rel=0.01)
    assert radius == pytest.approx(np.degrees(np.sqrt(-2 * np.log(0.32) / k)), rel=0.01)


def image_of(pixels, order):
    n = len(pixels)
    member = np.zeros(n, np.int8)
    return Image(pixels.astype(np.int64), np.full(n, order, np.int8), np.ones(n, np.float32), member, order, float(n))


def test_statistics_follow_the_images_through_the_rigidities():
    pixels = [spots(128, (10, 20), (40, -30)), np.zeros(0, int), spots(128, (10, 20))]
    lens = SourceLens("made", 1.0, 32, np.array([5.0, 10.0, 20.0]), tuple(image_of(p, 7) for p in pixels))
    found = image_statistics(lens, unit_vectors(10.0, 20.0))
    np.testing.assert_array_equal(found.n_images, [2, 0, 1])
    assert np.isnan([found.spread[1], found.radius_68[1], found.offset[1]]).all()
    assert found.offset[2] < 0.1
    assert found.spread[2] == pytest.approx(2 / np.sqrt(2), rel=0.05)  # of a disc of 2 degrees
    separation = angular_distance(unit_vectors(10, 20), unit_vectors(40, -30))
    assert found.spread[0] == pytest.approx(separation / 2, rel=0.05)
    np.testing.assert_allclose(found.magnification, lens.magnification)


def test_without_a_field_a_source_has_one_image_as_large_as_its_disc(tmp_path):
    source = find_source("Cen A")
    lens = source_lens(source, FieldConfig(model="none"), SkyConfig(), [20.0, 50.0], cache=tmp_path)
    found = image_statistics(lens, source.direction)
    np.testing.assert_array_equal(found.n_images, 1)
    np.testing.assert_allclose(found.spread, 1 / np.sqrt(2), rtol=0.05)
    np.testing.assert_allclose(found.radius_68, np.sqrt(0.68), rtol=0.08)
    np.testing.assert_allclose(found.magnification, 1, rtol=0.05)
    assert found.offset.max() < 0.1


def test_images_multiply_and_spread_as_rigidity_falls():
    """In JF12 a source is a single narrow image at 100 EV and a scattered one at 3 EV (shipped maps)."""
    source = find_source("Cen A")
    from zevatron.core.lens import rigidity_grid

    lens = source_lens(source, FieldConfig(), SkyConfig(), rigidity_grid(3.0, 100.0))
    found = image_statistics(lens, source.direction)
    assert found.n_images[-1] == 1 and found.n_images.max() > 1
    assert found.spread[-1] < 2 < found.spread[:5].max()
    assert found.offset[-1] < found.offset[len(found.offset) // 2]


def test_tables_hold_what_is_shown(tmp_path):
    planes = [field_plane(JF12, plane, 20.0, 30) for plane in ("xy", "xz")]
    columns = plane_columns(planes)
    inside = sum(int(np.isfinite(plane.strength).sum()) for plane in planes)
    assert {len(values) for values in columns.values()} == {inside}
    positions = np.stack([columns[f"{axis}_kpc"] for axis in "xyz"], axis=1)
    np.testing.assert_array_equal(np.stack([columns[f"B{axis}_uG"] for axis in "xyz"], axis=1), JF12.values(positions))
    found = deflection_map(ALONG_Z, 3.0, 8, cache=tmp_path)
    table = deflection_columns(found)
    arrival, left = unit_vectors(table["l_deg"], table["b_deg"]), unit_vectors(table["exit_l_deg"], table["exit_b_deg"])
    np.testing.assert_allclose(angular_distance(arrival, left), table["deflection_deg"], atol=1e-9)
    counts = magnification_columns(magnification_map(found, 2))
    np.testing.assert_allclose(counts["rays"], counts["magnification"] * 16)
    rays = [trace_ray(JF12, rigidity, unit_vectors(0.0, 45.0), n_points=5) for rigidity in (10.0, 20.0)]
    points = ray_columns(rays)
    np.testing.assert_array_equal(points["ray"], [1] * 5 + [2] * 5)
    np.testing.assert_array_equal(points["rigidity_EV"], [10.0] * 5 + [20.0] * 5)
    np.testing.assert_allclose(points["x_kpc"][[0, 5]], -8.5)


def test_image_table_has_a_row_for_each_rigidity():
    lens = SourceLens("made", 1.0, 32, np.array([5.0, 10.0]), (image_of(spots(128, (10, 20)), 7), image_of(np.zeros(0, int), 7)))
    columns = image_columns(image_statistics(lens))
    np.testing.assert_array_equal(columns["n_images"], [1, 0])
    assert columns["centre_l_deg"][0] == pytest.approx(10, abs=0.2) and np.isnan(columns["centre_l_deg"][1])
    assert np.isnan(columns["centre_to_source_deg"]).all()
