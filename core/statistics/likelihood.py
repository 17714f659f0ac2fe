"""The likelihood ratio of the model itself, the best statistic there can be on events of its own density."""

import numba
import numpy as np

from ..errors import InputError
from .cells import check_cells

LARGEST_ODDS = 1e300  # of one event: keeps the score finite where only one hypothesis allows the event
UNIT = 2.0**-32  # logarithms are summed in whole units: equal events give equal scores in whatever order they come


class LikelihoodRatio:
    r"""Log-likelihood ratio of a source fraction ``eta`` against isotropy.

    .. math:: \sum_{events} \ln\left(1 - \eta + \eta\, p_{source} / p_{isotropic}\right)

    with the probabilities of the event's pixel and energy bin: the logarithm of the ratio for a sky in which each event
    is from the source with probability ``eta``. By the lemma of Neyman and Pearson (Phil. Trans. R. Soc. A 231 (1933)
    289) no statistic of the same events has more power.

    Parameters
    ----------
    density : SkyDensity
    eta : float
        Fraction under test, 0 < eta <= 1.
    """

    name = "likelihood_ratio"
    thread_safe = True

    def __init__(self, density, eta):
        self.eta = checked_fraction(eta)
        self.nside, self.n_bins = density.nside, density.n_bins
        odds = (1 - self.eta) + self.eta * np.minimum(density_ratios(density), LARGEST_ODDS)
        self._table = np.rint(np.log(np.maximum(odds, 1 / LARGEST_ODDS)) / UNIT).astype(np.int64)

    def scores(self, events):
        """Return the statistic of each sky.

        Parameters
        ----------
        events : MockEvents
            Of the same ``nside`` and ``n_bins``.

        Returns
        -------
        ndarray, shape (n_maps,)

        Raises
        ------
        InputError
            If events and density have different pixels or bins.
        """
        check_cells(events, self.nside, self.n_bins)
        return _sums(events.ipix, events.bin, self.n_bins, self._table) * UNIT

    def pixel_scores(self, events, index=0):
        """Return what the events of each pixel add to the statistic of one sky, shape (npix,), NESTED."""
        check_cells(events, self.nside, self.n_bins)
        ipix, cells = events.ipix[index], events.ipix[index] * self.n_bins + events.bin[index]
        return np.bincount(ipix, self._table[cells] * UNIT, minlength=12 * self.nside**2)


def checked_fraction(eta):
    """Return the fraction under test as a float, or raise :class:`InputError` unless 0 < eta <= 1."""
    if not 0 < eta <= 1:
        raise InputError(f"expected a fraction above 0, up to 1, received {eta:g}")
    return float(eta)


def density_ratios(density):
    """Densities of source over isotropy, shape (npix * n_bins,): huge where only the source is, 1 where neither is."""
    source, isotropic = density.source.ravel(), density.isotropic.ravel()
    return np.divide(source, isotropic, out=np.where(source > 0, LARGEST_ODDS, 1.0), where=isotropic > 0)


@numba.njit(nogil=True, cache=True)
def _sums(ipix, energy_bin, n_bins, table):
    result = np.zeros(ipix.shape[0], np.int64)
    for i in range(ipix.shape[0]):
        for j in range(ipix.shape[1]):
            result[i] += table[ipix[i, j] * n_bins + energy_bin[i, j]]
    return result
