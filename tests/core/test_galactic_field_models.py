"""What the published fields must obey: no sources, their symmetries, their limits."""

from dataclasses import replace

import numpy as np
import pytest

from tests.core.field_laws import cylindrical, divergence, flux_through_box, within_one_piece
from zevatron.core.config import FieldConfig
from zevatron.core.galactic_field import GalacticField, galactic_field
from zevatron.core.galactic_field.jf12_solenoidal import JF12Solenoidal
from zevatron.core.galactic_field.registry import FIELD_MODELS
from zevatron.core.galactic_field.tf17 import TF17Ad1, tf17_ad1_c0, tf17_bd1_c1, tf17_dd1_c1
from zevatron.core.galactic_field.uf23 import UF23, uf23_expx, uf23_spur, uf23_twistx

UF23_NAMES = [name for name in FIELD_MODELS if name.startswith("uf23")]
SOUTHWARDS = np.array([1.0, 1.0, -1.0])


@pytest.fixture
def positions(rng):
    """Points in disk and halo."""
    return rng.uniform([-14, -14, -6], [14, 14, 6], (400, 3))


def relative_divergence(field, positions):
    """Largest divergence in units of the local strength per kpc."""
    return np.max(np.abs(divergence(field, positions)) / np.linalg.norm(field.values(positions), axis=1))


def turned(vectors, angle):
    """Vectors rotated about the z axis by ``angle`` in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return vectors @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])


def without_disk(name):
    """One of UF23's halos alone."""
    model = galactic_field(name).model
    off = {"spur_strength": 0.0} if name == "uf23_spur" else {"mode_strengths": (0.0,) * 3}
    return GalacticField("halo", replace(model, **off))


def test_solenoidal_jf12_has_no_sources_in_any_piece(positions):
    field = galactic_field("jf12sol_regular")
    inside = positions[np.linalg.norm(positions, axis=1) < 19]
    assert relative_divergence(field, within_one_piece(field, inside * [1, 1, 0.2])) < 1e-5


@pytest.mark.parametrize("radius", [5.0, 8.0, 17.0, 19.99])
def test_solenoidal_jf12_has_no_sources_at_its_edges(radius, rng):
    """Flux through boxes across arms and edges of the disk; the original loses some at 5 kpc."""
    solenoidal, original = galactic_field("jf12sol_regular"), galactic_field("jf12_regular")
    phi = rng.uniform(-np.pi, np.pi, 12)
    centres = np.stack([radius * np.cos(phi), radius * np.sin(phi), rng.uniform(-0.3, -0.21, 12)], axis=1)
    if radius > 19:
        centres[:, :2] *= 0.98  # the field ends at 20 kpc from the centre
    flux = [[abs(flux_through_box(field, centre, 0.2)) for centre in centres] for field in (solenoidal, original)]
    assert np.max(flux[0]) < 0.01
    if radius == 5.0:
        assert np.median(flux[1]) > 0.03


def test_solenoidal_jf12_is_jf12_away_from_the_disk(positions):
    """The halo is unchanged above the slab, outside the hole and where no disk is left."""
    away = positions[(np.abs(positions[:, 2]) > 2.7) & (np.linalg.norm(positions, axis=1) < 20)]
    expected = galactic_field("jf12_regular").values(away)
    np.testing.assert_allclose(galactic_field("jf12sol_regular").values(away), expected, atol=1e-12)


def test_solenoidal_jf12_arms_have_the_strengths_of_jf12():
    """Between the edges the arms are those of JF12, but for the eighth, which carries the rest of the flux."""
    names = dict(x_strength=0.0, north_strength=0.0, south_strength=0.0)
    disk = GalacticField("disk", JF12Solenoidal(**names))
    radii = np.array([8.2, 9.0, 11.0, 12.0, 14.0])
    b_r, b_phi, _ = cylindrical(disk, np.stack([-radii, 1e-9 + 0 * radii, 0 * radii], axis=1))
    shown = 1 / (1 + np.exp(-2 * 0.4 / 0.27))
    strength, published = np.hypot(b_r, b_phi), np.array([0.8, 2.0, 4.2, 0.0])
    np.testing.assert_allclose(strength[:-1], shown * published * 5 / radii[:-1], rtol=1e-9)
    assert strength[-1] == pytest.approx(shown * 2.7 * 5 / 14, rel=0.05)


def test_planck_update_is_jf12_with_two_parameters_changed(positions):
    changed = FieldConfig("jf12_regular", {"x_strength": 1.8, "arm_strengths": (0.1, 3, -0.9, -0.8, -2, -3.5, 0, 2.7)})
    expected = galactic_field(changed).values(positions)
    np.testing.assert_array_equal(galactic_field("jf12planck_regular").values(positions), expected)


@pytest.mark.parametrize("name", [name for name in FIELD_MODELS if name.startswith("tf17")])
def test_tf17_has_no_sources_away_from_the_axis(name, positions):
    """Lines wound up as the paper does it stay free of divergence, in each of the disks and halos."""
    field = galactic_field(name)
    outside = positions[np.hypot(positions[:, 0], positions[:, 1]) > 3.01]
    assert relative_divergence(field, within_one_piece(field, outside * [1, 1, 0.5], h=1e-3)) < 1e-4


def test_tf17_halo_is_axisymmetric_or_bisymmetric(positions):
    """Turned by any angle C0 is the same; turned by half a turn C1 is reversed."""
    c0 = GalacticField("C0", replace(tf17_ad1_c0(), disk_strength=0.0))
    c1 = GalacticField("C1", replace(tf17_bd1_c1(), disk_strength=0.0))
    np.testing.assert_allclose(c0.values(turned(positions, 0.7)), turned(c0.values(positions), 0.7), atol=1e-12)
    np.testing.assert_allclose(c1.values(turned(positions, np.pi)), -turned(c1.values(positions), np.pi), atol=1e-9)
    assert np.abs(c1.values(turned(positions, 0.7)) - turned(c1.values(positions), 0.7)).max() > 0.1


@pytest.mark.parametrize("make", [tf17_ad1_c0, tf17_bd1_c1, tf17_dd1_c1])
def test_tf17_lines_have_their_pitch_at_the_centre(make):
    """In the plane tan p -> tan p_0 towards the axis, where r << L_p (eq. 24)."""
    model = replace(make(), halo_strength=0.0, winding_radius=1e6)
    angle = np.linspace(0.1, 6, 50)
    circle = 6 * np.stack([np.cos(angle), np.sin(angle), 1e-10 * angle], axis=1)
    b_r, b_phi, _ = cylindrical(GalacticField("disk", model), circle)
    np.testing.assert_allclose(b_r, -np.tan(np.radians(model.pitch)) * b_phi, rtol=1e-4)


def test_tf17_disk_is_one_direction_inside_its_cylinder(rng):
    """Inside r_1 the lines of Ad1 in a plane are straight, parallel and of one strength."""
    field = GalacticField("disk", TF17Ad1(halo_strength=0.0))
    inside = rng.uniform([-2, -2, 0.02], [2, 2, 0.02], (50, 3))
    values = field.values(inside)
    np.testing.assert_allclose(values, np.tile(values[0], (50, 1)), atol=1e-12)
    assert np.linalg.norm(values[0]) == pytest.approx(19.0 * np.exp(-0.02 / 0.055))
    assert field.values([[3.5, 0, 0.02]])[0] != pytest.approx(values[0])


@pytest.mark.parametrize("name", UF23_NAMES)
def test_uf23_halo_has_no_sources(name, positions):
    """Poloidal and toroidal halo, away from the plane, where B_r starts like |z|^(p - 1)."""
    field = without_disk(name)
    assert relative_divergence(field, positions[np.abs(positions[:, 2]) > 0.1]) < 2e-5


@pytest.mark.parametrize("name", UF23_NAMES)
def test_uf23_disk_has_no_sources_between_its_edges(name, rng):
    """Between the edges at 5 and 20 kpc, which are 0.5 kpc wide; the spur is made long, since its ends are open."""
    model = galactic_field(name).model
    if name == "uf23_spur":
        model = replace(model, spur_length=179.0, spur_end=0.5)
    r, phi, z = rng.uniform([12, np.pi / 2, 0.1], [13, 3 * np.pi / 2, 1.5], (200, 3)).T
    between = np.stack([r * np.cos(phi), r * np.sin(phi), z * rng.choice([-1, 1], 200)], axis=1)
    assert relative_divergence(GalacticField("disk", model), between) < 2e-5


@pytest.mark.parametrize("name", UF23_NAMES)
def test_uf23_poloidal_halo_is_symmetric_about_axis_and_plane(name, positions):
    """B_r and B_phi change sign across the plane where both come from the poloidal halo, B_z does not."""
    field = without_disk(name)
    np.testing.assert_allclose(field.values(turned(positions, 2.0)), turned(field.values(positions), 2.0), atol=1e-10)
    b_r, b_phi, b_z = cylindrical(field, positions)
    below_r, below_phi, below_z = cylindrical(field, positions * SOUTHWARDS)
    np.testing.assert_allclose([below_r, below_z], [-b_r, b_z], atol=1e-12)
    if name == "uf23_twistx":
        np.testing.assert_allclose(below_phi, -b_phi, atol=1e-12)


@pytest.mark.parametrize("name", UF23_NAMES)
def test_uf23_poloidal_halo_in_the_plane_is_its_profile(name, rng):
    """Lines are labelled by the radius at which they cross the plane: there B_z is the published profile (eq. 30, 36)."""
    field = without_disk(name)
    model, r = field.model, rng.uniform(0.1, 15, 100)
    expected = (
        model.x_strength * np.exp(-r / model.x_radius) if name == "uf23_expx"
        else model.x_strength / (1 + np.exp((r - model.x_radius) / model.x_width))
    )
    b_r, _, b_z = cylindrical(field, np.stack([r, 0 * r, 0 * r], axis=1))
    np.testing.assert_allclose(b_z, expected, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(b_r, 0, atol=1e-12)


def test_uf23_exponential_lines_end_straight():
    """Lines of expX that cross the plane far outside a_c end at the angle xi to the plane."""
    model = replace(uf23_expx(), mode_strengths=(0.0,) * 3, north_strength=0.0, outer_radius=1e5)
    crossing, r, power = 50.0, 5000.0, model.x_power
    z = np.tan(np.radians(model.x_elevation)) * (r**power - crossing**power) ** (1 / power)
    b_r, _, b_z = cylindrical(GalacticField("X field", model), np.array([[r, 0, z]]))
    np.testing.assert_allclose(np.degrees(np.arctan2(b_z, b_r)), model.x_elevation, atol=0.5)


def test_uf23_spur_is_strongest_on_its_spiral_and_ends():
    """B_1 at its azimuth 8.2 kpc from the centre; a standard deviation aside less by exp(-1/2); nothing half a turn away."""
    model = replace(uf23_spur(), x_strength=0.0, north_strength=0.0, south_strength=0.0)
    phi = np.radians(model.spur_azimuth + np.array([0.0, model.spur_width, 180.0]))
    on, aside, away = np.linalg.norm(
        GalacticField("spur", model).values(8.2 * np.stack([np.cos(phi), np.sin(phi), 0 * phi], axis=1)), axis=1
    )
    shown = 1 - 1 / (1 + np.exp(model.disk_height / model.disk_width))
    assert on == pytest.approx(abs(model.spur_strength) * shown, rel=3e-3)  # less what the ends take at the centre
    assert aside == pytest.approx(on * np.exp(-0.5), rel=2e-2)
    assert away == 0.0


def test_uf23_twist_grows_with_time_from_nothing(positions):
    halo = replace(uf23_twistx(), mode_strengths=(0.0,) * 3)
    none, one, two = (
        cylindrical(GalacticField("halo", replace(halo, twist_time=time)), positions)[1] for time in (0.0, 10.0, 20.0)
    )
    np.testing.assert_allclose(none, 0, atol=1e-14)
    np.testing.assert_allclose(two, 2 * one, atol=1e-14)
    assert np.abs(one).max() > 0.01


def test_uf23_disk_has_its_pitch():
    disk = GalacticField("disk", UF23(x_strength=0.0, north_strength=0.0, south_strength=0.0))
    angle = np.linspace(0, 6, 50)
    b_r, b_phi, b_z = cylindrical(disk, 10 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1))
    np.testing.assert_allclose(b_r, np.tan(np.radians(10.1069)) * b_phi, atol=1e-12)
    assert np.abs(b_phi).max() > 1.0 and not b_z.any()
