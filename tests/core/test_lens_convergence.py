"""A test that learns the sampling of a map gains nothing: template from one half of the rays, events from the other."""

from dataclasses import replace

import numpy as np
import pytest

from zevatron.core.config import RunConfig, with_values
from zevatron.core.lens import rigidity_grid, source_lens
from zevatron.core.lens.image import nothing
from zevatron.core.propagation import CHARGES, propagated_spectrum
from zevatron.core.sky_density.arrivals import nuclei_in_cells
from zevatron.core.sky_density.build import density_from_parts
from zevatron.core.sources import find_source
from zevatron.core.statistics import LikelihoodRatio, verdict

CONFIG = with_values(RunConfig(), {"test.maps": 20_000, "test.bootstrap": 0})
DIM = 0.1  # magnification below which a source cannot have many rays
CASES = [
    pytest.param(field, name, marks=[] if name == "Cen A" else pytest.mark.slow)
    for field in ("jf12", "jf12_regular")
    for name in ("Cen A", "M82", "NGC 253", "M87", "Fornax A")
]


def halves(field, name, cache):
    """Densities from each half of the rays, without the rigidities at which the source is dim."""
    config, source = with_values(CONFIG, {"field.model": field}), find_source(name)
    spectrum = propagated_spectrum(config.emission, config.propagation, source.distance, cache=cache)
    lens = source_lens(source, config.field, config.sky, rigidity_grid(*config.energy.rigidity_range), cache=cache)
    images = tuple(
        image if magnification > DIM else nothing()
        for image, magnification in zip(lens.images, lens.magnification, strict=True)
    )
    nuclei, bright = nuclei_in_cells(spectrum, CHARGES, config.energy), replace(lens, images=images)
    return [density_from_parts(config, name, source.key, nuclei, bright, half) for half in (0, 1)]


def smallest_fraction(template, events):
    return verdict(CONFIG, events, 300, lambda eta: LikelihoodRatio(template, eta)).eta_min


@pytest.mark.parametrize(("field", "name"), CASES)
def test_events_of_the_other_half_of_the_rays_cost_under_three_per_cent(tmp_path, field, name):
    a, b = halves(field, name, tmp_path)
    assert not np.array_equal(a.source, b.source)
    across, same = (smallest_fraction(a, b) + smallest_fraction(b, a)) / 2, smallest_fraction(a, a)
    assert across / same < 1.03
