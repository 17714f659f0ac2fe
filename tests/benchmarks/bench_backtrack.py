"""Rays traced per second of processor time: ``pytest tests/benchmarks/bench_backtrack.py`` with pytest-benchmark.

The mix is that of the project's requirement: the rigidities and directions of the reference table, tiled to 50,000
rays. Time is that of all threads together; compiling is done before.
"""

import time
from pathlib import Path

import numpy as np
import pytest

from zevatron.core.galactic_field import backtrack, galactic_field
from zevatron.core.galactic_field.random_field import turbulent_box
from zevatron.core.galactic_field.random_tracks import STEP
from zevatron.core.sky import unit_vectors

REFERENCE = Path(__file__).parents[1] / "reference" / "gmf"
N_RAYS = 50_000


def reference_mix(name):
    """Rigidities, shape (N_RAYS,), and directions, shape (N_RAYS, 3)."""
    lines = [line for line in (REFERENCE / f"backtrack_{name}.csv").read_text().splitlines() if line[0] != "#"]
    rigidity, glon, glat = np.array([line.split(",")[:3] for line in lines[1:]], dtype=float).T
    ray = np.arange(N_RAYS) % len(rigidity)
    return rigidity[ray], unit_vectors(glon, glat)[ray]


@pytest.mark.parametrize("name", ["jf12_regular", "pt11_bss_halo", "pt11_ass_halo"])
def test_rays_per_cpu_second(benchmark, name):
    field = galactic_field(name)
    rigidity, directions = reference_mix(name)
    backtrack(field, rigidity[:10], directions[:10])
    started = time.process_time()
    benchmark.pedantic(backtrack, (field, rigidity, directions), rounds=3)
    rays = 3 * N_RAYS / (time.process_time() - started)
    benchmark.extra_info["rays_per_cpu_second"] = round(rays)
    assert rays > 10_000


def test_rays_per_cpu_second_in_a_random_field(benchmark, rng):
    """JF12 with its striated and turbulent parts: pairs of steps of 25 pc, 100 pc where there is no turbulence.

    Isotropic directions, an equal share of the nine rigidities of the reference table, 2 to 200 EV; the box of 256
    points in each direction, 134 MB, is drawn before.
    """
    field = galactic_field("jf12")
    rigidity = np.unique(reference_mix("jf12_regular")[0])[np.arange(N_RAYS) % 9]
    directions = rng.normal(size=(N_RAYS, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, np.newaxis]
    backtrack(field, rigidity[:10], directions[:10])
    started = time.process_time()
    benchmark.pedantic(backtrack, (field, rigidity, directions), rounds=3)
    rays = 3 * N_RAYS / (time.process_time() - started)
    benchmark.extra_info["rays_per_cpu_second"] = round(rays)
    benchmark.extra_info["step_pc"] = 1000 * STEP
    assert rays > 5_000


def test_drawing_a_random_field(benchmark):
    """A box of turbulence from its random numbers to 16-bit integers."""
    part = galactic_field("jf12").random
    benchmark.pedantic(turbulent_box.__wrapped__, (1, 0, part.inner_scale, part.outer_scale), rounds=3)


@pytest.mark.parametrize("name", ["jf12_regular", "pt11_bss_halo", "pt11_ass_halo", "jf12"])
def test_field_values(benchmark, name, rng):
    field = galactic_field(name)
    benchmark(field.values, rng.normal(0, 6, (100_000, 3)))
