"""Cost of the coarse pass and of one image; rays traced is what counts, about 20,000 per second and processor."""

import numpy as np
import pytest

from zevatron.core.galactic_field import backtrack, galactic_field
from zevatron.core.lens.assembly import TOLERANCE, band
from zevatron.core.lens.coarse import coarse_pass, trace_coarse
from zevatron.core.lens.search import find_image
from zevatron.core.sources import find_source

SOURCE = find_source("Cen A")


def tracing():
    field = galactic_field("jf12_regular")
    return lambda directions, rigidities: backtrack(field, rigidities, directions, tolerance=TOLERANCE).exit_direction


@pytest.mark.parametrize("rigidity", [2.0, 6.0, 60.0])
def test_coarse_pass(benchmark, rigidity):
    benchmark.pedantic(trace_coarse, (tracing(), rigidity), rounds=3, warmup_rounds=1)


@pytest.mark.parametrize("rigidity", [2.0, 6.0, 60.0])
def test_image(benchmark, rigidity):
    trace = tracing()
    coarse = coarse_pass(trace_coarse(trace, rigidity))
    image = benchmark.pedantic(
        lambda: find_image(trace, [coarse], band(rigidity, galactic_field("jf12_regular"))[0], SOURCE.direction, 1.0, np.random.default_rng(1)),
        rounds=3, warmup_rounds=1,
    )
    benchmark.extra_info["n_effective"] = image.n_effective
