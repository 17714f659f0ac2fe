"""A test that learns the sampling of a map gains nothing: template from one half of the rays, events from the other."""

import numpy as np
import pytest

from zevatron.core.config import RunConfig, with_values
from zevatron.core.sky_density import sky_density
from zevatron.core.sources import find_source
from zevatron.core.statistics import LikelihoodRatio, verdict

CONFIG = with_values(RunConfig(), {"test.maps": 20_000, "test.bootstrap": 0})
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("M82", "NGC 253", "M87", "Fornax A")]


def smallest_fraction(template, events):
    return verdict(CONFIG, events, 300, lambda eta: LikelihoodRatio(template, eta)).eta_min


@pytest.mark.parametrize("name", ["Cen A", *SLOW])
def test_events_of_the_other_half_of_the_rays_cost_under_three_per_cent(tmp_path, name):
    a, b = (sky_density(CONFIG, find_source(name), half=half, cache=tmp_path) for half in (0, 1))
    assert not np.array_equal(a.source, b.source)
    across = (smallest_fraction(a, b) + smallest_fraction(b, a)) / 2
    assert across / smallest_fraction(a, a) < 1.03
