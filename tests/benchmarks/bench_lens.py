"""The image of a source found by bisection, beside rays to the whole sky until as many of them have met the source."""

import time

import numpy as np
import pytest

from zevatron.core.galactic_field import backtrack, galactic_field
from zevatron.core.lens.assembly import TOLERANCE, band
from zevatron.core.lens.coarse import coarse_pass, trace_coarse
from zevatron.core.lens.search import find_image
from zevatron.core.sky import angular_distance
from zevatron.core.sources import find_source

SOURCE = find_source("Cen A")
N_PLAIN = 20_000


@pytest.mark.parametrize("rigidity", [6.0, 60.0])
def test_image(table, rigidity):
    field = galactic_field("jf12_regular")

    def trace(directions, rigidities):
        return backtrack(field, rigidities, directions, tolerance=TOLERANCE).exit_direction

    trace(np.eye(3), np.full(3, rigidity))
    began = time.process_time()
    coarse = coarse_pass(trace_coarse(trace, rigidity))
    image = find_image(trace, [coarse], band(rigidity, field)[0], SOURCE.direction, 1.0, np.random.default_rng(1))
    ours = time.process_time() - began
    vectors = np.random.default_rng(2).normal(size=(N_PLAIN, 3))
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    began = time.process_time()
    angular_distance(trace(vectors, np.full(N_PLAIN, rigidity)), SOURCE.direction)
    plain = time.process_time() - began
    expected = N_PLAIN * image.solid_angle / (4 * np.pi)  # of them from within 1 degree of the source
    table.compare(
        f"rays from the source in its image, `jf12_regular`, {rigidity:g} EV, coarse pass counted", "rays to the whole sky, those kept that meet the source",
        expected / plain, image.n_effective / ours, unit="equal rays/s",
    )
