"""How long extragalactic propagation takes: ``pytest tests/benchmarks/bench_propagation.py`` with pytest-benchmark."""

import numpy as np

from zevatron.core.config import EmissionConfig, PropagationConfig
from zevatron.core.propagation import propagated_spectra
from zevatron.core.propagation.march import local_medium

NEAR = 0.5 * np.arange(1, 51)


def fresh(tmp_path_factory, distances):
    """Propagate with nothing prepared and nothing in the cache."""
    local_medium.cache_clear()
    return propagated_spectra(EmissionConfig(), PropagationConfig(), distances, cache=tmp_path_factory.mktemp("cache"))


def test_fifty_near_distances(benchmark, tmp_path_factory):
    assert len(benchmark(fresh, tmp_path_factory, NEAR)) == 50


def test_one_near_source(benchmark, tmp_path_factory):
    benchmark(fresh, tmp_path_factory, [3.5])


def test_one_far_source(benchmark, tmp_path_factory):
    benchmark.pedantic(fresh, (tmp_path_factory, [250.0]), rounds=2)
