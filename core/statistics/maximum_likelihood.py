"""The fraction that fits a sky best, and the likelihood ratio at it: a test that need not be told which fraction to look for."""

import numba
import numpy as np

from .cells import check_cells
from .likelihood import LARGEST_ODDS, density_ratios

PRECISION = 1e-10  # of the fraction
MOST_STEPS = 200
TYPICAL = 0.05  # fraction at which events are weighed for the unbiased estimate: near it none is more precise
LARGEST_EXCESS = 1e12  # of a ratio over 1: beyond it the fit of an event does not change


class MaximumLikelihoodRatio:
    r"""Log-likelihood ratio against isotropy at the fraction that fits best.

    .. math:: \max_{0 \le \eta \le 1} \sum_{events} \ln\left(1 + \eta\,(r - 1)\right), \qquad r = p_{source} / p_{isotropic}

    in the pixel and energy bin of each event, each of which is from the source with probability :math:`\eta`. The sum is
    concave in the fraction, so that there is one maximum; half of the isotropic skies have it at 0. Twice the value is the
    test statistic TS of the literature (Pierre Auger Collaboration, ApJL 853 (2018) L29, arXiv:1801.06160).

    Parameters
    ----------
    density : SkyDensity
    """

    name = "maximum_likelihood_ratio"
    thread_safe = True

    def __init__(self, density):
        self.nside, self.n_bins = density.nside, density.n_bins
        self._excess = np.clip(density_ratios(density), 1 / LARGEST_ODDS, LARGEST_EXCESS) - 1
        self._weights = self._excess / (1 + TYPICAL * self._excess)
        self._means = [float(part.ravel() @ self._weights) for part in (density.isotropic, density.source)]

    def scores(self, events):
        """Return the statistic of each sky, shape (n_maps,); arguments and errors as of the likelihood ratio."""
        return self.fit(events)[1]

    def fit(self, events):
        """Fit the fraction to each sky.

        Parameters
        ----------
        events : MockEvents
            Of the same ``nside`` and ``n_bins``.

        Returns
        -------
        eta, score : ndarray, shape (n_maps,)
            Best fraction, 0 to 1, and the log-likelihood ratio there.
        """
        check_cells(events, self.nside, self.n_bins)
        return _fits(events.ipix, events.bin, self.n_bins, self._excess)

    def unbiased(self, events):
        """Estimate the fraction of each sky without a bound at 0 and without bias, whatever the truth.

        The mean over the events of the likelihood's slope at a typical fraction, between its expectations for isotropy and for
        the source. A sky with fewer events near the source than isotropy gives has a negative fraction.

        Returns
        -------
        ndarray, shape (n_maps,)
        """
        check_cells(events, self.nside, self.n_bins)
        slopes = self._weights[events.ipix.astype(np.int64) * self.n_bins + events.bin].mean(axis=1)
        return (slopes - self._means[0]) / (self._means[1] - self._means[0])

    def log_ratios(self, events, etas):
        """Log-likelihood ratios of given fractions.

        Parameters
        ----------
        events : MockEvents
        etas : ndarray, shape (n_etas,)
            0 to 1.

        Returns
        -------
        ndarray, shape (n_etas, n_maps)
        """
        check_cells(events, self.nside, self.n_bins)
        return _log_ratios(events.ipix, events.bin, self.n_bins, self._excess, np.asarray(etas, dtype=float))

    def event_ratios(self, events):
        """Ratio of the densities at each event, shape (n_maps, n_events)."""
        check_cells(events, self.nside, self.n_bins)
        return 1 + self._excess[events.ipix.astype(np.int64) * self.n_bins + events.bin]


def maximum_likelihood_ratio(config, density, n_events, progress=None):
    """Return the statistic of a run."""
    return MaximumLikelihoodRatio(density)


@numba.njit(nogil=True, cache=True)
def _fits(ipix, energy_bin, n_bins, excess):
    n_maps, n_events = ipix.shape
    best, score = np.zeros(n_maps), np.zeros(n_maps)
    x = np.empty(n_events)
    for i in range(n_maps):
        slope = 0.0
        for j in range(n_events):
            x[j] = excess[ipix[i, j] * n_bins + energy_bin[i, j]]
            slope += x[j]
        if slope <= 0.0:
            continue
        low, high = 0.0, 1.0
        eta = 0.1
        for _ in range(MOST_STEPS):
            slope, curvature = 0.0, 0.0
            for j in range(n_events):
                term = x[j] / (1.0 + eta * x[j])
                slope += term
                curvature += term * term
            if slope > 0.0:
                low = eta
            else:
                high = eta
            step = slope / curvature
            following = eta + step
            if not low < following < high:
                following = 0.5 * (low + high)
            if abs(following - eta) < PRECISION or high - low < PRECISION:
                break
            eta = following
        if 1.0 - eta < 2 * PRECISION:
            eta = 1.0
        best[i] = eta
        for j in range(n_events):
            score[i] += np.log(max(1.0 + eta * x[j], 1e-300))
    return best, score


@numba.njit(nogil=True, cache=True)
def _log_ratios(ipix, energy_bin, n_bins, excess, etas):
    n_maps, n_events = ipix.shape
    result = np.zeros((len(etas), n_maps))
    for i in range(n_maps):
        for j in range(n_events):
            x = excess[ipix[i, j] * n_bins + energy_bin[i, j]]
            for k in range(len(etas)):
                result[k, i] += np.log(max(1.0 + etas[k] * x, 1e-300))
    return result
