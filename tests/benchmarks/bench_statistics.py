"""Skies scored per second beside numpy and healpy, and a whole verdict beside what it takes to score as many skies that way."""

import healpy as hp
import numpy as np
from bench_events import density  # noqa: F401

from zevatron.core.config import RunConfig, with_values
from zevatron.core.mock_events import draw_events
from zevatron.core.statistics import LikelihoodRatio, likelihood_verdict
from zevatron.core.statistics.power_spectrum import SkySpectra
from zevatron.core.study.estimate import SIGNALS

N_EVENTS = 300


def test_scores(table, density):  # noqa: F811
    events = draw_events(density, N_EVENTS, np.full(20_000, 10), np.random.default_rng(1))
    logs = np.log(1 - 0.03 + 0.03 * density.source.ravel() / density.isotropic.ravel())
    plainly, statistic = lambda: logs[events.ipix * density.n_bins + events.bin].sum(axis=1), LikelihoodRatio(density, 0.03)
    assert np.allclose(plainly(), statistic.scores(events), atol=1e-5)
    table.race("skies scored by the likelihood ratio", "numpy: look up and sum", (plainly, len(events)), (lambda: statistic.scores(events), len(events)), unit="skies")


def test_power_spectra(table, density):  # noqa: F811
    events = draw_events(density, N_EVENTS, np.full(2_000, 10), np.random.default_rng(1))
    spectra = SkySpectra(density)
    few = events.select(slice(20))

    def plainly():
        relative = few.counts().sum(axis=2) * (density.npix / N_EVENTS) - 1
        return np.array([hp.anafast(hp.reorder(sky, n2r=True), lmax=spectra.l_max, iter=0)[1:] for sky in relative])

    assert np.allclose(plainly(), spectra.of(few), rtol=1e-3, atol=1e-6)
    table.race(
        "power spectra to l = 32, 300 events at Nside 32", "healpy's `anafast`, map by map", (plainly, len(few)), (lambda: spectra.of(events), len(events)),
        unit="skies",
    )


def test_verdict(table, density):  # noqa: F811
    """A whole verdict: isotropic skies, those at about seven fractions, further ones, the interval."""
    config = with_values(RunConfig(), {"test.maps": 20_000, "test.check_maps": 40_000})
    skies, rng = (1 + SIGNALS) * config.test.maps + config.test.check_maps, np.random.default_rng(1)
    logs = np.log(1 - 0.03 + 0.03 * density.source.ravel() / density.isotropic.ravel())
    cumulative = np.cumsum(density.isotropic.ravel())

    def plainly():
        logs[np.minimum(np.searchsorted(cumulative, rng.random((2000, N_EVENTS))), logs.size - 1)].sum(axis=1)

    table.race(
        "skies of a verdict, drawn and scored, N = 300", "numpy: `searchsorted`, look up and sum",
        (plainly, 2000), (lambda: likelihood_verdict(config, density, N_EVENTS), skies), unit="skies", rounds=2,
    )
