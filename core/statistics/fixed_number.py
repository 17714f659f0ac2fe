"""The likelihood ratio for an exactly known number of source events, which nothing beats on such skies."""

import numba
import numpy as np

from ..errors import InputError
from ..mock_events import source_counts
from .likelihood import LARGEST_ODDS, UNIT, checked_fraction, density_ratios

LARGE, SMALL = 1e100, 1e-100  # of one event's ratio; running means beyond these are brought back to about 1


class FixedNumberRatio:
    r"""Log-likelihood ratio of skies with exactly k source events against isotropy.

    Any k of the N events can be those of the source, so that the ratio is the mean of the product of
    :math:`p_{source} / p_{isotropic}` over all choices of k events: the elementary symmetric polynomial e_k of the ratios
    over N choose k. A fraction between two whole numbers is the mixture of both, as everywhere here. Mock skies have such
    numbers and not binomial ones; for few source events this ratio therefore detects somewhat smaller fractions than
    :class:`~.likelihood.LikelihoodRatio`, and by the lemma of Neyman and Pearson nothing detects smaller ones.

    Parameters
    ----------
    density : SkyDensity
    eta : float
        Fraction under test, above 0, up to 1.
    n_events : int
        In every sky.
    """

    name = "likelihood_ratio_fixed_number"
    thread_safe = True

    def __init__(self, density, eta, n_events):
        self.nside, self.n_bins, self.n_events = density.nside, density.n_bins, n_events
        self._low, self._high, self._weight = source_counts(checked_fraction(eta), n_events)
        self._ratio = np.minimum(density_ratios(density), LARGE)

    def scores(self, events):
        """Return the statistic of each sky, shape (n_maps,); arguments and errors as of the likelihood ratio."""
        expected, received = (self.nside, self.n_bins, self.n_events), (events.nside, events.n_bins, events.n_events)
        if expected != received:
            raise InputError(
                "expected events of nside {} in {} bins, {} in a sky, received nside {} in {} bins, {} in a sky".format(*expected, *received)
            )
        ratios = _mixture_ratio(events.ipix, events.bin, self.n_bins, self._ratio, self._low, self._high, self._weight)
        return np.rint(ratios / UNIT) * UNIT


@numba.njit(nogil=True, cache=True)
def _mixture_ratio(ipix, energy_bin, n_bins, ratio, low, high, weight):
    """Logarithm of (1 - weight) P_low + weight P_high, P_k the mean product over all choices of k events."""
    n_maps, n_events = ipix.shape
    result = np.empty(n_maps)
    for i in range(n_maps):
        means = np.zeros(high + 1)
        means[0], log_scale = 1.0, 0.0
        for j in range(n_events):
            odds, count = ratio[ipix[i, j] * n_bins + energy_bin[i, j]], j + 1
            for k in range(min(count, high), 0, -1):
                means[k] = (means[k] * (count - k) + odds * means[k - 1] * k) / count
            largest = means.max()
            if not SMALL < largest < LARGE:
                means /= largest
                log_scale += np.log(largest)
        value = (1 - weight) * means[low] + weight * means[high]
        result[i] = np.log(max(value, 1 / LARGEST_ODDS)) + log_scale
    return result
