"""Likelihood ratio and power spectrum: skies scored per second, and whole verdicts at 50,000 test skies."""

import numpy as np
import pytest
from bench_events import density  # noqa: F401

from zevatron.core.config import RunConfig
from zevatron.core.mock_events import draw_events
from zevatron.core.statistics import LikelihoodRatio, likelihood_verdict
from zevatron.core.statistics.power_spectrum import SkySpectra


def test_scores(benchmark, density):  # noqa: F811
    events = draw_events(density, 300, np.full(50_000, 10), np.random.default_rng(1))
    benchmark(LikelihoodRatio(density, 0.03).scores, events)


@pytest.mark.parametrize("n_events", [100, 300, 500])
def test_power_spectra(benchmark, density, n_events):  # noqa: F811
    events = draw_events(density, n_events, np.full(5_000, 10), np.random.default_rng(1))
    benchmark(SkySpectra(density).of, events)
    benchmark.extra_info["skies_per_second"] = len(events) / benchmark.stats["min"]


@pytest.mark.parametrize("n_events", RunConfig().events.n_events)
def test_verdict(benchmark, density, n_events):  # noqa: F811
    found = benchmark.pedantic(likelihood_verdict, (RunConfig(), density, n_events), rounds=2, warmup_rounds=0)
    benchmark.extra_info["eta_min"] = found.eta_min
