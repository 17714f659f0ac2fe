"""Rays traced per second of processor time: ``pytest tests/benchmarks/bench_backtrack.py`` with pytest-benchmark.

The mix is that of the project's requirement: the nine rigidities from 2 to 200 EV and the isotropic directions of the
reference tables, which are the same for all models, tiled to 20,000 rays, with the tolerance of every day. Time is that of all
threads together; compiling is done before, and so is the draw of a random field, a box of 134 MB.
"""

import time
from pathlib import Path

import numpy as np
import pytest

from zevatron.core.galactic_field import backtrack, galactic_field
from zevatron.core.galactic_field.random_field import turbulent_box
from zevatron.core.galactic_field.registry import FIELD_MODELS
from zevatron.core.sky import unit_vectors

TABLE = Path(__file__).parents[1] / "reference" / "gmf" / "backtrack_jf12_regular.csv"
N_RAYS = 20_000
MODELS = [name for name in FIELD_MODELS if name != "none"]
FLOORS = {"jf12": 10_000, "pt11": 10_000}  # rays per second of a regular field, by the paper of the model
FLOOR = 3_000  # of every other regular field: UF23, TF17 and those to come
RANDOM_FLOOR = 5_000  # with a random part


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


@pytest.mark.parametrize("name", MODELS)
def test_rays_per_cpu_second(benchmark, name, reference_mix):
    field = galactic_field(name)
    rigidity, directions = reference_mix
    backtrack(field, rigidity[:10], directions[:10])
    started = time.process_time()
    benchmark.pedantic(backtrack, (field, rigidity, directions), rounds=2)
    rays = 2 * N_RAYS / (time.process_time() - started)
    benchmark.extra_info["rays_per_cpu_second"] = round(rays)
    assert rays > floor(name)


def test_drawing_a_random_field(benchmark):
    """A box of turbulence from its random numbers to 16-bit integers."""
    part = galactic_field("jf12").random
    benchmark.pedantic(turbulent_box.__wrapped__, (1, 0, part.inner_scale, part.outer_scale), rounds=3)


@pytest.mark.parametrize("name", MODELS)
def test_field_values(benchmark, name, rng):
    field = galactic_field(name)
    benchmark(field.values, rng.normal(0, 6, (100_000, 3)))
