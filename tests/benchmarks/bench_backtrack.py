"""Rays traced per second of processor time, beside scipy's integrator and beside the least that is asked of each model.

The mix is that of the project's requirement: the nine rigidities from 2 to 200 EV and the isotropic directions of the
reference tables, which are the same for all models, with the tolerance of every day. Compiling is done before, and so is the
draw of a random field, a box of 134 MB.
"""

from pathlib import Path

import numpy as np
import pytest
from ratios import take_turns
from scipy.integrate import solve_ivp

from zevatron.core.galactic_field import backtrack, galactic_field
from zevatron.core.galactic_field.backtracking import SUN
from zevatron.core.galactic_field.registry import FIELD_MODELS
from zevatron.core.sky import angular_distance, unit_vectors
from zevatron.core.units import GALAXY_RADIUS, GYRATION

TABLE = Path(__file__).parents[1] / "reference" / "gmf" / "backtrack_jf12_regular.csv"
N_RAYS, N_PLAIN = 3_000, 20
MODELS = [name for name in FIELD_MODELS if name != "none"]
FLOORS = {"jf12": 10_000, "pt11": 10_000}  # rays per second of a regular field, by the paper of the model
FLOOR = 3_000  # of every other regular field: UF23, TF17 and those to come
RANDOM_FLOOR = 5_000  # with a random part
IN_THE_TABLE = ("jf12_regular", "jf12", "pt11_bss_halo", "tf17_ad1_c0", "uf23_base")


def floor(name):
    """Least rays per second of processor time for the model ``name``."""
    return RANDOM_FLOOR if FIELD_MODELS[name].random else FLOORS.get(name[:4], FLOOR)


@pytest.fixture(scope="module")
def reference_mix():
    """Rigidities, shape (N_RAYS,), and directions, shape (N_RAYS, 3)."""
    lines = [line for line in TABLE.read_text().splitlines() if line[0] != "#"]
    rigidity, glon, glat = np.array([line.split(",")[:3] for line in lines[1:]], dtype=float).T
    ray = np.arange(N_RAYS) % len(rigidity)
    return rigidity[ray], unit_vectors(glon, glat)[ray]


def plainly(field, rigidity, directions):
    """Exit directions by scipy's Runge-Kutta of order 5, ray by ray."""
    def leaves(s, state):
        return np.dot(state[:3], state[:3]) - GALAXY_RADIUS**2

    leaves.terminal = True
    found = []
    for value, direction in zip(rigidity, directions, strict=True):
        def bend(s, state, curvature=-GYRATION / value):
            return np.concatenate([state[3:], curvature * np.cross(state[3:], field.values(state[:3][None])[0])])

        found.append(solve_ivp(bend, (0, 500), [*SUN, *direction], "RK45", events=leaves, rtol=1e-5, atol=1e-6, max_step=0.5).y[3:, -1])
    return np.array(found)


def test_rays_beside_scipy(table, reference_mix):
    field, (rigidity, directions) = galactic_field("jf12_regular"), reference_mix
    rays = slice(None, None, N_RAYS // N_PLAIN)
    kept = rigidity[rays] >= 10  # where both integrators leave the Galaxy by the same way
    some = rigidity[rays][kept], directions[rays][kept]
    apart = angular_distance(plainly(field, *some), backtrack(field, *some).exit_direction)
    assert np.nanmedian(apart) < 0.05  # degrees: the same rays
    ratio = table.race(
        "rays through `jf12_regular`, 10 to 200 EV", "scipy's `solve_ivp`, ray by ray on the same compiled field",
        (lambda: plainly(field, *some), len(some[0])), (lambda: backtrack(field, np.resize(some[0], N_RAYS), np.resize(some[1], (N_RAYS, 3))), N_RAYS),
        unit="rays", rounds=2,
    )
    assert ratio > 20


@pytest.mark.parametrize("name", MODELS)
def test_rays_per_cpu_second(table, name, reference_mix):
    field = galactic_field(name)
    rigidity, directions = reference_mix
    backtrack(field, rigidity[:10], directions[:10])
    seconds = take_turns({name: lambda: backtrack(field, rigidity, directions)}, rounds=2)[name]
    if name in IN_THE_TABLE:
        table.within(f"rays through `{name}`, 2 to 200 EV, a processor second", N_RAYS / seconds, floor(name), unit="rays/s", fewer=False)
    assert N_RAYS / seconds > floor(name)
