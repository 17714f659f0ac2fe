"""Field models: published values, laws of their geometry, smooth pieces, names and faults."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import main

from tests.core.field_laws import cylindrical, divergence
from zevatron.core.config import FieldConfig
from zevatron.core.errors import InputError, UnknownNameError
from zevatron.core.galactic_field import GalacticField, galactic_field
from zevatron.core.galactic_field.compiled import piece_at
from zevatron.core.galactic_field.field import _field_values
from zevatron.core.galactic_field.jf12 import JF12
from zevatron.core.galactic_field.pt11 import PT11
from zevatron.core.galactic_field.registry import FIELD_MODELS
from zevatron.core.galactic_field.uniform import UniformField

REFERENCE = Path(__file__).parents[1] / "reference" / "gmf"
REGULAR = [name for name, entry in FIELD_MODELS.items() if not entry.random]
MODELS = [name for name in REGULAR if name != "none"]
JUMPING = {name for name in MODELS if name.startswith(("jf12", "tf17_ad1", "tf17_dd1"))}


def reference_field(name):
    """Positions and fields of CRPropa, shapes (n, 3)."""
    lines = [line for line in (REFERENCE / f"field_{name}.csv").read_text().splitlines() if line[0] != "#"]
    numbers = np.array([line.split(",")[:6] for line in lines[1:]], dtype=float)
    return numbers[:, :3], numbers[:, 3:]


@pytest.fixture
def positions(rng):
    """Points in disk and halo, none on a border."""
    return rng.uniform([-14, -14, -6], [14, 14, 6], (500, 3))


@pytest.mark.parametrize("name", MODELS)
def test_field_agrees_with_crpropa(name):
    positions, expected = reference_field(name)
    error = np.linalg.norm(galactic_field(name).values(positions) - expected, axis=1)
    outliers = (error > 1e-4 * np.linalg.norm(expected, axis=1)) & (error > 2e-6)
    assert outliers.mean() <= 0.002


@pytest.mark.parametrize("name", REGULAR)
def test_every_regular_model_is_finite_everywhere(name, rng):
    field = galactic_field(name)
    special = [[0, 0, 0], [0, 0, 5], [0, 0, -1e-12], [-8.5, 0, 0], [5, 0, 0], [-3, 0, 0], [0, 20, 0], [40, 0, 9]]
    positions = np.concatenate([special, rng.normal(0, 10, (1000, 3))])
    values = field.values(positions)
    assert values.shape == positions.shape
    assert np.isfinite(values).all()
    assert np.abs(values).max() < 300  # TF17 winds up 24 microgauss at 3 kpc to 150 within


def test_no_field_is_zero(positions):
    assert not galactic_field("none").values(positions).any()


def test_x_field_keeps_its_flux(positions):
    """The X field is built to be free of divergence; away from the plane and the hole nothing else acts here."""
    only_x = JF12(arm_strengths=(0.0,) * 8, ring_strength=0.0, north_strength=0.0, south_strength=0.0)
    away = positions[(np.abs(positions[:, 2]) > 0.1) & (np.linalg.norm(positions, axis=1) > 1.1)]
    field = GalacticField("X field", only_x)
    scale = np.linalg.norm(field.values(away), axis=1)
    assert np.median(scale) > 0.05
    assert np.abs(divergence(field, away)).max() < 1e-5


def test_x_field_is_symmetric_about_axis_and_plane(positions):
    field = GalacticField("X field", JF12(arm_strengths=(0.0,) * 8, north_strength=0.0, south_strength=0.0, ring_strength=0.0))
    b_r, b_phi, b_z = cylindrical(field, positions)
    mirrored_r, _, mirrored_z = cylindrical(field, positions * [1, 1, -1])
    turned_r, _, turned_z = cylindrical(field, positions[:, [1, 0, 2]] * [-1, 1, 1])
    np.testing.assert_allclose(b_phi, 0, atol=1e-14)
    np.testing.assert_allclose([mirrored_r, mirrored_z], [-b_r, b_z], atol=1e-12)
    np.testing.assert_allclose([turned_r, turned_z], [b_r, b_z], atol=1e-12)


def test_x_field_slope_outside_its_core():
    field = GalacticField("X field", JF12(arm_strengths=(0.0,) * 8, north_strength=0.0, south_strength=0.0))
    b_r, _, b_z = cylindrical(field, np.array([[12.0, 0, 2], [0, -9.0, 1]]))
    np.testing.assert_allclose(np.degrees(np.arctan2(b_z, b_r)), 49.0)


def test_spiral_arms_have_their_pitch_and_end_at_their_radii():
    """In the disk of JF12 B_r / B_phi = tan 11.5 degrees, and the field changes where the arms cross the -x axis."""
    field = GalacticField("disk", JF12(x_strength=0.0, north_strength=0.0, south_strength=0.0))
    radii = np.array([5.05, 5.5, 6.9, 8.0, 9.0, 11.0, 14.0])
    b_r, b_phi, _ = cylindrical(field, np.stack([-radii, 1e-9 + 0 * radii, 0 * radii], axis=1))
    disk = 1 / (1 + np.exp(-2 * 0.4 / 0.27))  # 1 - L(0)
    np.testing.assert_allclose(b_r, np.tan(np.radians(11.5)) * b_phi, rtol=1e-9)
    strengths = np.array([0.1, 3.0, -0.9, -0.8, -2.0, -4.2, 2.7])
    np.testing.assert_allclose(b_phi, np.cos(np.radians(11.5)) * strengths * 5 / radii * disk, rtol=1e-6)


def test_jf12_ends_at_twenty_kpc_and_has_a_hole(rng):
    directions = rng.normal(size=(100, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, np.newaxis]
    field = galactic_field("jf12_regular")
    assert not field.values(20.0001 * directions).any()
    assert not field.values(0.99 * directions).any()
    assert field.values(19.9 * directions).any(axis=1).all()


def test_pt11_disk_reverses_only_when_bisymmetric():
    """Along a circle through the Sun the bisymmetric disk field changes direction; the axisymmetric one never
    does: at the Sun both point towards l = 90 degrees, against +phi."""
    phi = np.linspace(0, 2 * np.pi, 721)
    circle = 8.5 * np.stack([np.cos(phi), np.sin(phi), 0 * phi + 1e-6], axis=1)
    signs = {}
    for model in (PT11(north_strength=0.0), PT11(bisymmetric=False, pitch=-5.0, north_strength=0.0)):
        _, b_phi, _ = cylindrical(GalacticField("disk", model), circle)
        signs[model.bisymmetric] = set(np.sign(b_phi[np.abs(b_phi) > 1e-6]))
    assert signs == {True: {-1.0, 1.0}, False: {-1.0}}


def test_pt11_disk_strength_and_reversal_next_to_the_sun():
    """2 microgauss at the Sun, none 0.6 kpc closer to the centre (the paper's B_0 and d)."""
    for model in (PT11(north_strength=0, south_strength=0), PT11(False, -5.0, north_strength=0, south_strength=0)):
        at_sun, at_reversal = GalacticField("disk", model).values([[-8.5, 0, 0], [-7.9, 0, 0]])
        assert np.linalg.norm(at_sun) == pytest.approx(2.0, rel=1e-9)
        assert np.linalg.norm(at_reversal) == pytest.approx(0.0, abs=1e-9)


def test_pt11_halo_peaks_where_the_paper_says():
    halo = GalacticField("halo", PT11(disk_strength=0.0))
    peaks = halo.values([[8.0, 0, 1.3], [0, 8.0, -1.3]])
    np.testing.assert_allclose(peaks, [[0, 4, 0], [4, 0, 0]], atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_labels_mark_every_jump(name, rng):
    """Between points a few parsecs apart, go where the field changes most: down to nothing, unless the label changes."""
    field = galactic_field(name)
    start = rng.uniform([-9, -9, -0.3], [9, 9, 0.3], (10_000, 3))
    end = start + rng.normal(0, 5e-3, start.shape)
    for _halving in range(25):
        middle = 0.5 * (start + end)
        at_start, at_middle, at_end = (field.values(points) for points in (start, middle, end))
        first = np.linalg.norm(at_middle - at_start, axis=1) > np.linalg.norm(at_end - at_middle, axis=1)
        start, end = np.where(first[:, np.newaxis], start, middle), np.where(first[:, np.newaxis], middle, end)
    jump = np.linalg.norm(field.values(end) - field.values(start), axis=1)
    suspicious = np.flatnonzero(jump > 1e-3)
    assert len(suspicious) > (3 if name in JUMPING else -1)
    assert all(piece_at(field.constants, *start[i]) != piece_at(field.constants, *end[i]) for i in suspicious)


def test_parameters_act_without_compiling_again(positions):
    weak, strong = GalacticField("weak", JF12()), GalacticField("strong", replace(JF12(), x_strength=9.2))
    weak.values(positions)
    versions = len(_field_values.signatures)
    difference = strong.values(positions) - weak.values(positions)
    only_x = GalacticField("X", JF12(arm_strengths=(0.0,) * 8, ring_strength=0.0, north_strength=0.0, south_strength=0.0))
    np.testing.assert_allclose(difference, only_x.values(positions), atol=1e-12)
    assert len(_field_values.signatures) == versions


def test_digest_follows_model_and_parameters():
    fields = [galactic_field(name) for name in FIELD_MODELS]
    fields += [GalacticField("jf12_regular", JF12(pitch=11.0)), GalacticField("uniform", UniformField(1.0))]
    assert len({field.digest for field in fields}) == len(fields)
    assert galactic_field("jf12_regular").digest == galactic_field(FieldConfig(model="jf12_regular")).digest


def test_a_field_without_positions():
    assert galactic_field("jf12_regular").values(np.empty((0, 3))).shape == (0, 3)


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([1.0, 2.0, 3.0], r"expected positions of shape \(n, 3\), received shape \(3,\)"),
        (np.ones((4, 2)), r"received shape \(4, 2\)"),
        ([[0, 0, 0], [0, np.nan, 0]], r"expected finite positions, received \[0.0, nan, 0.0\] in row 1"),
        ([["a", "b", "c"]], "expected positions as numbers"),
    ],
)
def test_bad_positions_are_named(positions, message):
    with pytest.raises(InputError, match=message):
        galactic_field("none").values(positions)


def test_unknown_model_lists_the_known():
    with pytest.raises(UnknownNameError, match=r"unknown Galactic field 'JF21'; known: .*none, jf12_regular, jf12planck"):
        galactic_field("JF21")


def test_list_of_models_loads_no_compiler():
    code = "import main, sys, zevatron.core.galactic_field.registry; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(main.__file__).parent).returncode == 0
