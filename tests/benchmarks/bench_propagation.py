"""How long extragalactic propagation takes, and its exponentials beside scipy's."""

import numpy as np
from ratios import take_turns
from scipy.linalg import expm

from zevatron.core.config import EmissionConfig, PropagationConfig
from zevatron.core.propagation import propagated_spectra
from zevatron.core.propagation.march import local_medium
from zevatron.core.propagation.transport import exponential

NEAR = 0.5 * np.arange(1, 51)


def fresh(tmp_path_factory, distances):
    """Propagate with nothing prepared and nothing in the cache."""
    local_medium.cache_clear()
    return propagated_spectra(EmissionConfig(), PropagationConfig(), distances, cache=tmp_path_factory.mktemp("cache"))


def test_exponentials_beside_scipy(table):
    generator = local_medium("inoue12").generator
    some = generator[:: len(generator) // 40]
    assert np.allclose(expm(some * 0.5), exponential(some, 0.5), atol=1e-12)
    table.race(
        "exponentials of 56 × 56 rates, one for each energy", "scipy's `expm`, which does not keep small elements positive",
        (lambda: expm(some * 0.5), len(some)), (lambda: exponential(some, 0.5), len(some)), unit="matrices",
    )


def test_fifty_near_distances(table, tmp_path_factory):
    seconds = take_turns({"near": lambda: fresh(tmp_path_factory, NEAR)}, rounds=2)["near"]
    table.within("spectra at fifty distances to 25 Mpc from nothing, a processor", seconds, 10.0, unit="s")
    assert seconds < 20  # ten seconds are asked of two cores
