"""Tracks through the Galaxy: agreement with CRPropa, circles, inverses, scaling, and what is refused."""

import time
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import pytest

from zevatron.core.errors import CancelledError, InputError
from zevatron.core.galactic_field import GalacticField, backtrack, backtracking, galactic_field, trace_paths, track
from zevatron.core.galactic_field.compiled import formula, jit
from zevatron.core.galactic_field.field import FieldModel
from zevatron.core.galactic_field.integrator import trace_rays
from zevatron.core.galactic_field.registry import FIELD_MODELS
from zevatron.core.galactic_field.tf17 import TF17Ad1
from zevatron.core.galactic_field.uniform import UniformField
from zevatron.core.progress import Progress
from zevatron.core.sky import angular_distance, lonlat, unit_vectors
from zevatron.core.units import GYRATION

REFERENCE = Path(__file__).parents[1] / "reference" / "gmf"
TABLES = sorted(path.stem.removeprefix("backtrack_") for path in REFERENCE.glob("backtrack_*.csv"))
KINDS = (
    "jf12_regular", "jf12sol_regular", "pt11_bss_halo", "pt11_ass_halo", "tf17_ad1_c0", "tf17_dd1_c0", "uf23_base",
    "uf23_spur", "uf23_twistx", "uf23_expx",
)
TIGHT = {"tf17_ad1_c1", "tf17_bd1_c1", "tf17_dd1_c0", "tf17_dd1_c1"}  # wound up tightly: ten times the error
SUN = np.array([-8.5, 0.0, 0.0])


def reference_tracks(name):
    """Columns of CRPropa's table: rigidity, arrival and exit direction, path, well-conditioned or not."""
    lines = [line for line in (REFERENCE / f"backtrack_{name}.csv").read_text().splitlines() if line[0] != "#"]
    table = np.array([line.split(",") for line in lines[1:]], dtype=float).T
    rigidity, path, (own_error, sensitivity) = table[0], table[5], table[6:]
    usable = ~((sensitivity > 30) | (own_error > 0.001))
    return rigidity, unit_vectors(*table[1:3]), unit_vectors(*table[3:5]), path, usable


@pytest.fixture
def directions(rng):
    """Isotropic unit vectors."""
    vectors = rng.normal(size=(200, 3))
    return vectors / np.linalg.norm(vectors, axis=1)[:, np.newaxis]


def test_every_regular_model_has_a_table():
    assert set(TABLES) == {name for name, entry in FIELD_MODELS.items() if not entry.random} - {"none"}


@pytest.mark.parametrize("name", TABLES)
def test_exit_directions_agree_with_crpropa(name):
    """At most 0.0005 degrees median and 0.005 at the 95th percentile; ten times that in the tightly wound fields."""
    rigidity, arrival, expected, path, usable = reference_tracks(name)
    found = backtrack(galactic_field(name), rigidity, arrival)
    np.testing.assert_array_equal(np.isnan(found.path)[usable], np.isnan(path)[usable])
    error, slack = angular_distance(found.exit_direction, expected), (10 if name in TIGHT else 1)
    for value in np.unique(rigidity):
        chosen = error[usable & (rigidity == value)]
        assert len(chosen) > 5
        assert np.median(chosen) < 0.0005 * slack
        assert np.percentile(chosen, 95) < 0.005 * slack
    assert np.nanpercentile(np.abs(found.path - path)[usable], 95) < 1e-4 * slack


def test_no_field_no_deflection(directions):
    found = backtrack(galactic_field("none"), 5.0, directions)
    along = directions @ SUN
    np.testing.assert_allclose(found.exit_direction, directions, atol=1e-14)
    np.testing.assert_allclose(found.path, -along + np.sqrt(along**2 + 20**2 - 8.5**2), atol=2e-6)
    np.testing.assert_allclose(np.linalg.norm(found.exit_position, axis=1), 20, atol=2e-6)


def test_uniform_field_gives_the_gyroradius(rng):
    """In 2 microgauss along z a particle of 3 EV runs a circle of 1.08101 kpc x R / B, with its known sense."""
    field = GalacticField("uniform", UniformField(bz=2.0))
    radius = 1.08101 * 3.0 / 2.0
    lengths = rng.uniform(0.1, 30, 40)
    starts = np.tile([1.0, 0, 0], (40, 1))
    found = track(field, 3.0, starts, np.tile([0, 1.0, 0], (40, 1)), charge_sign=1, max_path=lengths, tolerance=1e-10)
    angle = lengths / radius  # dn/ds = +n x B / (radius B): clockwise about +z, centre on the right
    expected = starts + radius * np.stack([1 - np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    np.testing.assert_allclose(found.position, expected, atol=3e-4 * radius)
    np.testing.assert_allclose(np.linalg.norm(found.direction, axis=1), 1, atol=1e-14)
    np.testing.assert_allclose(found.path, lengths)
    assert not found.left.any()


def test_uniform_field_keeps_pitch_angle_and_energy(directions):
    """A magnetic field does no work and keeps the component of motion along itself."""
    field = GalacticField("uniform", UniformField(0.3, -0.4, 1.2))
    axis = np.array([0.3, -0.4, 1.2]) / 1.3
    found = backtrack(field, 20.0, directions)
    ok = ~np.isnan(found.path)
    np.testing.assert_allclose(found.exit_direction[ok] @ axis, directions[ok] @ axis, atol=2e-6)
    np.testing.assert_allclose(np.linalg.norm(found.exit_direction[ok], axis=1), 1, atol=1e-14)


def test_trapped_particles_are_nan():
    field = GalacticField("uniform", UniformField(bz=5.0))
    found = backtrack(field, [1.0, 1.0], unit_vectors([10.0, 0.0], [0.0, 90.0]))
    assert np.isnan(found.exit_direction[0]).all()
    assert np.isnan(found.path[0])
    np.testing.assert_allclose(found.exit_direction[1], [0, 0, 1], atol=1e-4)


@pytest.mark.parametrize("name", KINDS)
def test_particle_sent_back_in_returns_to_the_sun(name, directions):
    """The inverse: the particle that enters where the antiparticle left arrives at the Sun from the direction chosen."""
    field = galactic_field(name)
    out = backtrack(field, 8.0, directions, tolerance=1e-9)
    back = track(
        field, 8.0, out.exit_position, -out.exit_direction, charge_sign=1, max_path=out.path, tolerance=1e-9
    )
    distance = np.linalg.norm(back.position - SUN, axis=1)
    assert np.median(distance) < 1e-5
    assert np.percentile(distance, 90) < 1e-3
    assert np.median(angular_distance(-back.direction, directions)) < 1e-4


def test_a_thin_disk_is_not_overlooked(directions, monkeypatch):
    """Disk Ad1 of TF17 is 55 pc thick: steps of at most 0.05 kpc find nothing on the way that the usual ones do not."""
    field, flat = galactic_field("tf17_ad1_c0"), directions * [1, 1, 0.1]
    flat /= np.linalg.norm(flat, axis=1)[:, np.newaxis]
    usual = backtrack(field, 20.0, flat).exit_direction
    monkeypatch.setattr(TF17Ad1, "largest_step", 0.05)
    assert angular_distance(backtrack(field, 20.0, flat).exit_direction, usual).max() < 0.02


def test_only_rigidity_over_field_matters(directions):
    """Twice the field and twice the rigidity, or both field and charge reversed, is the same track."""
    plain = backtrack(GalacticField("plain", UniformField(0.5, 0.2, -0.3)), 5.0, directions)
    double = backtrack(GalacticField("double", UniformField(1.0, 0.4, -0.6)), 10.0, directions)
    mirror = backtrack(GalacticField("mirror", UniformField(-0.5, -0.2, 0.3)), 5.0, directions, charge_sign=1)
    np.testing.assert_allclose(double.exit_direction, plain.exit_direction, atol=1e-12)
    np.testing.assert_allclose(mirror.exit_direction, plain.exit_direction, atol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_small_deflections_are_the_integral_along_the_line_of_sight(name, directions):
    """At high rigidity the direction changes by -(GYRATION / R) times the integral of n x B, to first order."""
    field, rigidity, some = galactic_field(name), 1e6, directions[:40]
    found = backtrack(field, rigidity, some, tolerance=1e-10)
    centres, width = np.linspace(0, 30, 60_001)[:-1] + 0.00025, 0.0005
    for direction, exit_direction in zip(some, found.exit_direction, strict=True):
        line = SUN + centres[:, np.newaxis] * direction
        line = line[np.linalg.norm(line, axis=1) < 20]
        expected = -GYRATION / rigidity * width * np.cross(direction, field.values(line).sum(axis=0))
        np.testing.assert_allclose(exit_direction - direction, expected, atol=1e-3 * np.abs(expected).max() + 1e-9)


def test_deflection_falls_as_one_over_rigidity(directions):
    field = galactic_field("jf12_regular")
    low, high = (angular_distance(backtrack(field, r, directions).exit_direction, directions) for r in (1e3, 4e3))
    assert np.median(np.abs(low / high / 4 - 1)) < 0.02


def test_result_depends_on_neither_order_nor_company(directions):
    field = galactic_field("jf12_regular")
    together = backtrack(field, 6.0, np.tile(directions, (5, 1))).exit_direction
    alone = backtrack(field, 6.0, directions[7:8]).exit_direction
    np.testing.assert_array_equal(together[7], alone[0])
    np.testing.assert_array_equal(together[::-1][-8], alone[0])


def test_path_points_start_at_the_sun_and_end_on_the_sphere(directions):
    field, some = galactic_field("pt11_bss_halo"), directions[:5]
    points = trace_paths(field, 4.0, some, 30)
    found = backtrack(field, 4.0, some)
    assert points.shape == (5, 30, 3)
    np.testing.assert_array_equal(points[:, 0], np.tile(SUN, (5, 1)))
    np.testing.assert_allclose(points[:, -1], found.exit_position, atol=1e-4)
    chords = np.linalg.norm(np.diff(points, axis=1), axis=2)
    assert (chords <= (found.path / 29)[:, np.newaxis] * (1 + 1e-5)).all()


class SlabConstants(NamedTuple):
    strength: float
    bottom: float
    marked: bool


class Slab(FieldModel):
    """2 microgauss along +y more than 1 kpc above the plane, nothing below; its jump is marked or left to be met."""

    largest_step = 0.5

    def __init__(self, marked):
        self.marked = marked

    def constants(self):
        return SlabConstants(2.0, 1.0, self.marked)


@jit
def _above(c, x, y, z):
    return 1 if c.marked and z >= c.bottom else 0


@formula(SlabConstants, _above)
def _slab(c, piece, x, y, z):
    inside = piece == 1 if c.marked else z >= c.bottom
    return 0.0, (c.strength if inside else 0.0), 0.0


@pytest.fixture
def uncached(monkeypatch):
    """Compile in memory only: numba's cache on disk must not name classes of a test."""
    monkeypatch.setattr(backtracking, "trace_rays", numba.njit(nogil=True, error_model="numpy")(trace_rays.py_func))


@pytest.mark.parametrize(("marked", "tolerance"), [(True, 1e-6), (False, 1e-9)])
def test_a_jump_of_the_field_is_met_where_it_is(marked, tolerance, uncached):
    """Into the slab 30 degrees from the vertical, 240 degrees of a circle, out again mirrored: exact geometry."""
    radius = 1 / (GYRATION * 2.0 / 4.0)
    direction = unit_vectors(0.0, 60.0)[np.newaxis]
    length = 2 / np.sin(np.radians(60)) + radius * np.radians(240)
    field = GalacticField("slab", Slab(marked))
    found = track(field, 4.0, np.zeros((1, 3)), direction, charge_sign=1, max_path=length, tolerance=tolerance)
    np.testing.assert_allclose(found.direction, direction * [[1, 1, -1]], atol=1e-5)
    aside = 2 / np.tan(np.radians(60)) - 2 * radius * np.sin(np.radians(120))
    np.testing.assert_allclose(found.position, [[aside, 0, 0]], atol=1e-4)


class Recorder(Progress):
    """Keeps what it is told; asks to stop after so many reports."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.seen, self.stop_after = [], stop_after

    def show(self, stage, done, total, values):
        self.seen.append((done, total))
        if len(self.seen) == self.stop_after:
            self.cancel()


def test_progress_counts_rays(directions):
    progress = Recorder()
    backtrack(galactic_field("none"), 5.0, np.tile(directions, (5, 1)), progress=progress)
    done = [entry[0] for entry in progress.seen]
    assert done == sorted(done)
    assert progress.seen[0] == (0, 1000)
    assert progress.seen[-1] == (1000, 1000)
    assert len(progress.seen) > 5


def test_cancelling_stops_soon(directions):
    rays = np.tile(directions, (200, 1))
    started = time.monotonic()
    with pytest.raises(CancelledError):
        backtrack(galactic_field("jf12_regular"), 2.0, rays, progress=Recorder(stop_after=2))
    assert time.monotonic() - started < 5


def test_no_rays_no_tracks():
    found = backtrack(galactic_field("none"), 5.0, np.empty((0, 3)))
    assert found.exit_direction.shape == (0, 3)
    assert found.path.shape == (0,)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"directions": [[1.0, 0]]}, r"expected directions of shape \(n, 3\), received shape \(1, 2\)"),
        ({"directions": [[0.0, 0, 0]]}, "expected directions as unit vectors, received one of length 0 in row 0"),
        ({"directions": [[1.0, 0, 0], [1, 1, 0]]}, "received one of length 1.41421 in row 1; divide by the length"),
        ({"directions": [[1.0, np.nan, 0]]}, "expected finite directions"),
        ({"rigidity": 0.0}, "expected rigidity in EV above zero, received 0"),
        ({"rigidity": -3.0}, "expected rigidity in EV above zero, received -3"),
        ({"rigidity": np.nan}, "expected rigidity in EV above zero, received nan"),
        ({"rigidity": np.inf}, "expected rigidity in EV above zero, received inf"),
        ({"rigidity": 1e-6}, "expected rigidity of at least 0.001 EV, received 1e-06"),
        ({"rigidity": [1.0, 2.0]}, r"expected rigidity in EV as one number or 1, received shape \(2,\)"),
        ({"rigidity": "many"}, "expected rigidity in EV as a number, received 'many'"),
        ({"charge_sign": 2}, "expected a charge sign of -1 or 1, received 2"),
        ({"max_path": 0.0}, "expected a longest path in kpc above zero"),
        ({"radius": 5.0}, "expected positions within 5 kpc, received 8.5 kpc in row 0"),
        ({"tolerance": -1.0}, "expected a tolerance in radians above zero"),
    ],
)
def test_bad_input_is_named(changed, message):
    arguments = {"rigidity": 5.0, "directions": [[1.0, 0, 0]]} | changed
    with pytest.raises(InputError, match=message):
        backtrack(galactic_field("none"), **arguments)


def test_bad_number_of_points_is_named():
    with pytest.raises(InputError, match="expected at least 2 points on a track, received 1"):
        trace_paths(galactic_field("none"), 5.0, [[1.0, 0, 0]], 1)


def test_as_many_positions_as_directions():
    with pytest.raises(InputError, match="expected as many positions as directions, received 2 and 1"):
        track(galactic_field("none"), 5.0, np.zeros((2, 3)), [[1.0, 0, 0]])


def test_directions_come_in_galactic_coordinates():
    """Without a field a nucleus seen from (l, b) came from (l, b)."""
    found = backtrack(galactic_field("none"), 5.0, unit_vectors([309.5], [19.4]))
    np.testing.assert_allclose(lonlat(found.exit_direction), [[309.5], [19.4]])
