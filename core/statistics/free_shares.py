"""The likelihood ratio of a mixture of sources whose shares nobody knows."""

import numba
import numpy as np
from scipy.special import roots_sh_jacobi

from .cells import check_cells
from .likelihood import UNIT, checked_fraction, density_ratios

MOST_NODES = 256
MOST_ORDER = 8
LARGE, SMALL = 1e60, 1e-60  # of one event's odds: five of them can be multiplied
EVENTS_PER_LOGARITHM = 5


class FreeSharesRatio:
    r"""Likelihood ratio averaged over all shares of the sources of a mixture.

    .. math:: \ln \int df \prod_{events} \left(1 - \eta + \eta \sum_j f_j\, p_j / p_{isotropic}\right)

    over the shares f that add up to 1, evenly (Dirichlet's distribution with all parameters 1). Skies of a mixture with free
    shares are drawn so; by Neyman and Pearson no statistic has more power averaged over them. The integral is a conical
    product of Gauss-Jacobi rules (Stroud, Approximate Calculation of Multiple Integrals, 1971), which is exact up to a
    degree of 15 in the shares for two and three sources, 11, 7, 5 for four, five, six.

    Parameters
    ----------
    parts : sequence of SkyDensity
        Of the sources, with the same isotropic density.
    eta : float
        Fraction of all sources together under test, 0 < eta <= 1.
    """

    name = "likelihood_ratio"
    thread_safe = True

    def __init__(self, parts, eta):
        self.eta = checked_fraction(eta)
        self.nside, self.n_bins = parts[0].nside, parts[0].n_bins
        self._ratios = np.ascontiguousarray(np.minimum([density_ratios(part) for part in parts], LARGE).T)
        self._alike = self._ratios.min(axis=1) == self._ratios.max(axis=1)
        self._shares, self._weights = shares_and_weights(len(parts))

    def scores(self, events):
        """Return the statistic of each sky, shape (n_maps,); arguments and errors as of the likelihood ratio."""
        check_cells(events, self.nside, self.n_bins)
        cells = (events.ipix, events.bin, self.n_bins, self._ratios, self._alike)
        logarithms = _mean_over_shares(*cells, self.eta * self._shares, 1 - self.eta, self._weights)
        return np.rint(logarithms / UNIT) * UNIT


def shares_and_weights(n_sources):
    """Return nodes of the even distribution of shares, shape (n, n_sources), and their weights, which sum to 1."""
    order = min(MOST_ORDER, int(MOST_NODES ** (1 / (n_sources - 1)) + 1e-9))
    shares, weights, left = np.zeros((1, 0)), np.ones(1), np.ones(1)
    for others in range(n_sources - 1, 0, -1):  # a stick is broken: each share is a part of what is left for it and so many others
        part, weight = roots_sh_jacobi(order, others, 1)
        shares = np.column_stack([np.repeat(shares, order, axis=0), np.outer(left, part).ravel()])
        weights = np.outer(weights, weight / weight.sum()).ravel()
        left = np.outer(left, 1 - part).ravel()
    return np.column_stack([shares, left]), weights


@numba.njit(nogil=True, cache=True)
def _mean_over_shares(ipix, energy_bin, n_bins, ratios, alike, shares, isotropic, weights):
    n_nodes, n_sources = shares.shape
    result, total, product = np.empty(len(ipix)), np.empty(n_nodes), np.empty(n_nodes)
    for i in range(ipix.shape[0]):
        total[:], product[:] = 0.0, 1.0
        in_common, n_multiplied = 0.0, 0
        for j in range(ipix.shape[1]):
            cell = ipix[i, j] * n_bins + energy_bin[i, j]
            if alike[cell]:  # most of the sky is far from all images: there the shares do not matter
                in_common += np.log(max(isotropic + (1 - isotropic) * ratios[cell, 0], SMALL))
                continue
            for node in range(n_nodes):
                odds = isotropic
                for source in range(n_sources):
                    odds += shares[node, source] * ratios[cell, source]
                product[node] *= max(odds, SMALL)
            n_multiplied += 1
            if n_multiplied % EVENTS_PER_LOGARITHM == 0:
                total += np.log(product)
                product[:] = 1.0
        total += np.log(product)
        largest = total.max()
        result[i] = in_common + largest + np.log(np.sum(weights * np.exp(total - largest)))
    return result
