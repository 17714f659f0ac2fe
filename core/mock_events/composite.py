"""Mock skies of several scenarios: each sky is wholly from one of them, drawn at random."""

import numpy as np

from .events import EventSampler, MockEvents


class CompositeSampler:
    """Draws events as :class:`~.events.EventSampler` does, each sky from one density of several.

    Parameters
    ----------
    densities : sequence of SkyDensity
        With the same pixels, bins and isotropic part.
    weights : sequence of float, optional
        Relative probabilities of the scenarios; equal by default.
    """

    def __init__(self, densities, weights=None):
        self._samplers = [EventSampler(density) for density in densities]
        weights = np.ones(len(self._samplers)) if weights is None else np.asarray(weights, dtype=float)
        self._cumulative = np.cumsum(weights) / np.sum(weights)
        self.nside, self.n_bins = self._samplers[0].nside, self._samplers[0].n_bins

    def draw(self, n_events, n_source, rng):
        """Draw mock skies; arguments, result and errors are those of :meth:`.events.EventSampler.draw`."""
        n_source = np.asarray(n_source, dtype=np.int64)
        scenario = np.searchsorted(self._cumulative, rng.random(n_source.shape), side="right")
        ipix = np.empty((len(n_source), n_events), dtype=np.int32)
        energy_bin = np.empty(ipix.shape, dtype=np.int8)
        for i, sampler in enumerate(self._samplers):
            skies = np.flatnonzero(scenario == i)
            if len(skies):
                drawn = sampler.draw(n_events, n_source[skies], rng)
                ipix[skies], energy_bin[skies] = drawn.ipix, drawn.bin
        return MockEvents(ipix, energy_bin, np.arange(n_events) < n_source[:, None], n_source, self.nside, self.n_bins)
