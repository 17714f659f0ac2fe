"""Tracks through a random field: deflections by many small ones, exact turns, inverses, short steps, and CRPropa."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numba
import numpy as np
import pytest

from zevatron.core.galactic_field import (
    GalacticField,
    backtrack,
    backtracking,
    field,
    galactic_field,
    trace_paths,
    track,
)
from zevatron.core.galactic_field.compiled import JIT_OPTIONS, strength
from zevatron.core.galactic_field.jf12 import JF12
from zevatron.core.galactic_field.jf12_random import jf12_random
from zevatron.core.galactic_field.model import RandomPart, parameter
from zevatron.core.galactic_field.random_field import coherence_length, turbulent_deflection
from zevatron.core.galactic_field.random_tracks import LONG_STRETCH, STRETCH
from zevatron.core.galactic_field.uniform import UniformField
from zevatron.core.sky import angular_distance
from zevatron.core.units import GYRATION

SUN = np.array([-8.5, 0.0, 0.0])
STEP, LONG_STEP = STRETCH / 2, LONG_STRETCH / 2
SILENT = replace(
    jf12_random(), random_arm_strengths=(0.0,) * 8, random_inner_strength=0.0, random_halo_strength=0.0, striation=0.0
)


class Steady(NamedTuple):
    rms: float


@dataclass(frozen=True)
class SteadyTurbulence(RandomPart):
    """Turbulence with the scales of JF12 and one rms everywhere, microgauss."""

    rms: float = parameter(1.0, "µG", "rms everywhere")
    striation: float = parameter(0.0, "", "ratio of the energies of striated and regular field")
    inner_scale: float = parameter(0.008, "kpc", "shortest wavelength")
    outer_scale: float = parameter(0.272, "kpc", "longest wavelength")

    def profile(self, regular):
        return Steady(self.rms)


@strength(Steady)
def _steady(c, x, y, z):
    return c.rms


@pytest.fixture(scope="module")
def uncached():
    """Compile in memory only: numba's cache on disk must not name classes of a test."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((backtracking, "trace_random_rays"), (field, "total_field_values")):
            patch.setattr(module, name, numba.njit(**JIT_OPTIONS)(getattr(module, name).py_func))
        yield


@pytest.fixture(scope="module")
def jf12():
    return galactic_field("jf12")


def isotropic(rng, n):
    vectors = rng.normal(size=(n, 3))
    return vectors / np.linalg.norm(vectors, axis=1)[:, np.newaxis]


def push(field, curvature, position, heading, step):
    """Move particles by one step of a plain Boris pusher, in place, which asks for the whole field in the middle."""
    position += step / 2 * heading
    turn = curvature * step / 2 * field.values(position)
    half = heading + np.cross(heading, turn)
    heading += np.cross(half, turn) * (2 / (1 + (turn**2).sum(axis=1)))[:, np.newaxis]
    position += step / 2 * heading


def pushed_out(field, rigidity, directions, step):
    """Exit directions of antiparticles from the Sun by the plain pusher, nan for those still inside after 80 kpc."""
    position, heading = np.tile(SUN, (len(directions), 1)), directions.copy()
    found, ray = np.full(directions.shape, np.nan), np.arange(len(directions))
    for _step in range(round(80 / step)):
        push(field, -GYRATION / rigidity, position, heading, step)
        left = (position**2).sum(axis=1) > 20**2
        found[ray[left]] = heading[left]
        position, heading, ray = position[~left], heading[~left], ray[~left]
    return found


@pytest.mark.parametrize(
    ("rigidity", "path", "rms"), [(5, 2, 1), (20, 2, 1), (80, 2, 1.5), (10, 0.5, 1), (10, 4, 1), (40, 8, 2)]
)
def test_many_small_deflections_add_up(rigidity, path, rms, uncached, rng):
    """Rms deflection in turbulence of one strength against the formula, each of 20,000 rays from its own place.

    20,000 rays give the rms to 0.35 % and the one box to about 0.5 %. Steps of 25 pc sample it too coarsely, which adds
    2 % (short waves counted as long ones); the lattice of waves in the box takes 1.6 %, linear interpolation 0.7 %.
    """
    n = 20_000
    turbulent = GalacticField("turbulence", UniformField(), SteadyTurbulence(float(rms)))
    starts, directions = rng.uniform(0, 1.024, (n, 3)), isotropic(rng, n)
    found = track(turbulent, rigidity, starts, directions, max_path=path)
    deflection = np.sqrt(np.mean(angular_distance(found.direction, directions) ** 2))
    expected = turbulent_deflection(rigidity, path, rms, coherence_length(0.008, 0.272))
    assert expected < 8
    assert deflection == pytest.approx(expected, rel=0.03)


def test_turbulence_turns_each_ray_as_in_a_plain_pusher(uncached, rng):
    """Turbulence and a uniform field: the compiled steps do what 80 steps of 25 pc in numpy do."""
    turbulent = GalacticField("both parts", UniformField(0.3, -0.4, 1.2), SteadyTurbulence(1.0))
    starts, directions = rng.uniform(-1, 1, (300, 3)), isotropic(rng, 300)
    found = track(turbulent, 5.0, starts, directions, max_path=80 * STEP)
    position, heading = starts.copy(), directions.copy()
    for _step in range(80):
        push(turbulent, GYRATION / 5.0, position, heading, STEP)
    np.testing.assert_allclose(found.position, position, atol=1e-9)
    np.testing.assert_allclose(found.direction, heading, atol=1e-9)


def test_striated_field_counts_with_its_mean_along_each_step(uncached, rng):
    """Against the plain pusher in steps of 0.5 pc, which meet the walls of the cubes where they are, to 1 %."""
    striated = GalacticField("striated", UniformField(0.3, -0.4, 1.2), SteadyTurbulence(0.0, striation=1.36))
    starts, directions = rng.uniform(-1, 1, (60, 3)), isotropic(rng, 60)
    found = track(striated, 200.0, starts, directions, max_path=1.0)
    position, heading = starts.copy(), directions.copy()
    for _step in range(2000):
        push(striated, GYRATION / 200.0, position, heading, 0.0005)
    deflection = angular_distance(heading, directions)
    assert np.median(deflection) > 0.1
    assert angular_distance(found.direction, heading).max() < 0.01 * np.median(deflection)


def test_exit_is_a_continuous_function_of_arrival(rng):
    """The searching of images relies on it: a ray of 28 EV moved by 1e-7 degrees leaves almost where it did."""
    directions, field = isotropic(rng, 1000), galactic_field("jf12")
    moved = directions + 1e-7 * np.pi / 180 * np.cross(directions, [0, 0, 1.0])
    moved /= np.linalg.norm(moved, axis=1)[:, np.newaxis]
    first, second = (backtrack(field, 28.0, rays).exit_direction for rays in (directions, moved))
    apart = angular_distance(first, second)
    assert np.median(apart) < 1e-5
    assert np.percentile(apart, 90) < 1e-2  # in the plane of the Galaxy paths part by e in half a kiloparsec


def test_deflection_has_no_preferred_direction(uncached, rng):
    n = 20_000
    turbulent = GalacticField("turbulence", UniformField(), SteadyTurbulence(1.0))
    directions = isotropic(rng, n)
    change = track(turbulent, 20.0, rng.uniform(0, 1.024, (n, 3)), directions, max_path=2.0).direction - directions
    spread = np.sqrt(np.mean(change**2))
    assert np.abs(change.mean(axis=0)).max() < 0.05 * spread
    np.testing.assert_allclose(np.cov(change.T), spread**2 * np.eye(3), atol=0.05 * spread**2)


def test_deflection_is_inverse_to_rigidity(uncached, rng):
    """Ray by ray: at such rigidities both pass the same places, to a parsec."""
    turbulent = GalacticField("turbulence", UniformField(), SteadyTurbulence(1.0))
    starts, directions = rng.uniform(0, 1.024, (2000, 3)), isotropic(rng, 2000)
    low, high = (
        angular_distance(track(turbulent, rigidity, starts, directions, max_path=2.0).direction, directions)
        for rigidity in (2e3, 8e3)
    )
    assert np.median(np.abs(low / high / 4 - 1)) < 0.01


def test_without_turbulence_each_step_turns_by_its_known_angle(uncached):
    """2 microgauss along z, 3 EV: each of 40 steps turns by 2 arctan(step / 2 radius), a circle to second order."""
    steady = GalacticField("uniform", UniformField(bz=2.0), SteadyTurbulence(0.0))
    radius, n = 1.08101 * 3.0 / 2.0, 40
    found = track(steady, 3.0, [[1.0, 0, 0]], [[0, 1.0, 0]], charge_sign=1, max_path=n * LONG_STEP)
    angle = n * 2 * np.arctan(LONG_STEP / (2 * radius))
    np.testing.assert_allclose(found.direction, [[np.sin(angle), np.cos(angle), 0]], atol=1e-5)
    exact = n * LONG_STEP / radius
    assert abs(angle - exact) < exact * (LONG_STEP / radius) ** 2 / 12
    circle = [1 + radius * (1 - np.cos(exact)), radius * np.sin(exact), 0]
    np.testing.assert_allclose(found.position[0], circle, atol=radius * exact * (LONG_STEP / radius) ** 2 / 12)


def test_steps_are_shorter_where_the_field_is_strong(uncached):
    """20 microgauss and 1 EV turn by 3.7 rad in 200 pc: 32 steps of under 0.2 rad, the angle wrong by 0.11 %."""
    strong = GalacticField("uniform", UniformField(bz=20.0), SteadyTurbulence(0.0))
    found = track(strong, 1.0, [[1.0, 0, 0]], [[0, 1.0, 0]], charge_sign=1, max_path=1.0)
    angle, turn = GYRATION * 20.0, GYRATION * 20.0 * LONG_STRETCH / 32
    assert 0.1 < turn < 0.2
    error = angular_distance(found.direction, [[np.sin(angle), np.cos(angle), 0]])
    assert np.degrees(angle * turn**2 / 13) < error[0] < np.degrees(angle * turn**2 / 11.5)


def test_without_turbulence_a_uniform_field_gives_the_track_of_the_other_integrator(uncached, rng):
    """Second order in steps of at most 0.2 rad against an error of 1e-10: the angle differs by up to 0.33 %."""
    uniform, directions = UniformField(0.3, -0.4, 1.2), isotropic(rng, 200)
    smooth = backtrack(GalacticField("uniform", uniform), 30.0, directions, tolerance=1e-10)
    steps = backtrack(GalacticField("uniform", uniform, SteadyTurbulence(0.0)), 30.0, directions)
    np.testing.assert_array_equal(np.isnan(smooth.path), np.isnan(steps.path))
    assert np.nanmax(angular_distance(smooth.exit_direction, steps.exit_direction)) < 0.4
    assert np.nanmax(np.abs(smooth.path - steps.path)) < LONG_STEP


def test_without_random_part_jf12_is_what_the_other_integrator_finds(rng):
    """At 50 EV, where the median deflection is 6 degrees: steps of 100 pc blur the jumps of the field a little."""
    directions = isotropic(rng, 1000)
    steps = backtrack(GalacticField("silent", JF12(), SILENT), 50.0, directions).exit_direction
    error = angular_distance(steps, backtrack(galactic_field("jf12_regular"), 50.0, directions).exit_direction)
    assert np.median(error) < 0.03
    assert np.percentile(error, 90) < 0.12


def test_direction_stays_a_unit_vector(jf12, rng):
    found = backtrack(jf12, 1.5, isotropic(rng, 500))
    left = ~np.isnan(found.path)
    np.testing.assert_allclose(np.linalg.norm(found.exit_direction[left], axis=1), 1, atol=1e-14)
    np.testing.assert_array_less(20 - 1e-9, np.linalg.norm(found.exit_position[left], axis=1))
    np.testing.assert_array_less(np.linalg.norm(found.exit_position[left], axis=1), 20 + LONG_STEP)


def test_trapped_particles_are_nan(uncached):
    """Along +x, across the field of 5 microgauss, a particle of 1 EV circles; along it, it leaves."""
    trap = GalacticField("trap", UniformField(bz=5.0), SteadyTurbulence(0.0))
    found = backtrack(trap, 1.0, [[1.0, 0, 0], [0, 0, 1.0]])
    assert np.isnan(found.exit_direction[0]).all()
    assert np.isnan(found.path[0])
    np.testing.assert_allclose(found.exit_direction[1], [0, 0, 1], atol=1e-12)


def test_particle_sent_back_returns_to_the_sun(jf12, rng):
    """Over 1 kpc at 20 EV, deflected by 2 degrees: the pairs of steps meet at almost the same places both ways.

    Borders of the field are found to 0.05 pc, seen from this side and from that; a few paths graze one.
    """
    directions = isotropic(rng, 500)
    out = track(jf12, 20.0, np.tile(SUN, (500, 1)), directions, charge_sign=-1, max_path=1.0)
    back = track(jf12, 20.0, out.position, -out.direction, charge_sign=1, max_path=1.0)
    assert np.median(angular_distance(out.direction, directions)) > 1
    distance, error = np.linalg.norm(back.position - SUN, axis=1), angular_distance(-back.direction, directions)
    assert np.percentile(distance, 98) < 1e-4
    assert np.percentile(error, 98) < 0.01
    assert distance.max() < 0.01


@pytest.mark.parametrize(("rigidity", "difference"), [(20, 2.0), (50, 0.5), (200, 0.09)])
def test_steps_are_short_enough(rigidity, difference, jf12, rng):
    """Steps of 5 pc with everything taken anew at each, through the same realisation.

    The median ray differs by under 10 % of the deflection, because steps of 25 pc skip the shortest waves; the rms of
    the deflections by under 3 %, which is less than their error from 400 rays.
    """
    directions = isotropic(rng, 400)
    fine = pushed_out(jf12, rigidity, directions, 0.005)
    found = backtrack(jf12, rigidity, directions).exit_direction
    both = ~np.isnan(found + fine).any(axis=1)
    assert both.mean() > 0.99
    deflections = [np.sqrt(np.mean(angular_distance(rays[both], directions[both]) ** 2)) for rays in (found, fine)]
    assert np.median(angular_distance(found[both], fine[both])) < difference
    assert deflections[0] == pytest.approx(deflections[1], rel=0.04)


@pytest.mark.parametrize(("rigidity", "median"), [(2.0, 72), (3.3, 60), (5.6, 44), (9.4, 29), (15.6, 18)])
def test_median_deflections_are_those_of_crpropa(rigidity, median, jf12, rng):
    """CRPropa 3, JF12 with striated and turbulent parts, another realisation.

    The median of 4000 rays is known to 1.3 degrees at 2 EV and 0.2 at 15.6; realisations differ by as much again, and
    the medians of CRPropa are whole degrees.
    """
    directions = isotropic(rng, 4000)
    found = backtrack(jf12, rigidity, directions)
    assert np.isnan(found.path).mean() < 0.01
    deflection = np.nanmedian(angular_distance(found.exit_direction, directions))
    assert deflection == pytest.approx(median, abs=max(2, 0.08 * median))


def test_result_depends_on_neither_order_nor_company(jf12, rng):
    directions = isotropic(rng, 100)
    together = backtrack(jf12, 6.0, np.tile(directions, (5, 1))).exit_direction
    np.testing.assert_array_equal(together[::-1][-8], backtrack(jf12, 6.0, directions[7:8]).exit_direction[0])


def test_another_realisation_is_another_track_of_the_same_kind(rng):
    """At 5.6 EV the rays of two realisations part, but their deflections are distributed alike."""
    directions = isotropic(rng, 2000)
    first, second = (
        backtrack(replace(galactic_field("jf12"), realisation=number), 5.6, directions).exit_direction
        for number in (0, 1)
    )
    assert np.nanmedian(angular_distance(first, second)) > 10
    medians = [np.nanmedian(angular_distance(rays, directions)) for rays in (first, second)]
    assert medians[0] == pytest.approx(medians[1], rel=0.1)


def test_points_of_a_track_lie_on_it(jf12, rng):
    directions = isotropic(rng, 5)
    points, found = trace_paths(jf12, 8.0, directions, 30), backtrack(jf12, 8.0, directions)
    np.testing.assert_array_equal(points[:, 0], np.tile(SUN, (5, 1)))
    np.testing.assert_allclose(points[:, -1], found.exit_position, atol=1e-5)  # the last step may be a shorter one
    chords = np.linalg.norm(np.diff(points, axis=1), axis=2)
    assert (chords <= (found.path / 29)[:, np.newaxis] * (1 + 1e-9)).all()
