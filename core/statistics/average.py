"""Several scenarios, one of them true and nobody knows which: averages of likelihood ratios, and the weights that protect the worst."""

import numpy as np
from scipy.special import logsumexp

from ..config import with_values
from ..errors import InputError
from ..progress import SILENT, StageProgress
from .ratios import likelihood_ratio, ratio_of
from .search import coarse_maps
from .verdicts import smallest_fraction

ROUNDS = 8
STEP = 6.0  # of ln(weight), for a fraction that is its limit's double; halved as the rounds go on
TOLERANCE = 0.005  # relative: so close together, the ratios are equal within the errors of a few thousand skies


class AveragedLikelihoodRatio:
    r"""Logarithm of the weighted mean of several likelihood ratios.

    .. math:: \ln \sum_j w_j \exp\left(\sum_{events} \ln(1 - \eta + \eta\, p_j / p_{isotropic})\right)

    If the true density is the j-th with probability :math:`w_j`, this is the likelihood ratio, and by Neyman and Pearson no
    statistic has more power averaged over the scenarios with these weights. It is not the ratio of the mean density: all
    events of one sky come from the same scenario.

    Parameters
    ----------
    densities : sequence of SkyDensity
        With the same pixels and bins and the same isotropic density.
    eta : float
        Fraction under test, 0 < eta <= 1.
    weights : sequence of float, optional
        Relative; equal by default. Scenarios of weight 0 do not count.

    Raises
    ------
    InputError
        If the densities or weights do not fit together.
    """

    name = "averaged_likelihood_ratio"
    thread_safe = True

    def __init__(self, densities, eta, weights=None):
        densities = tuple(densities)
        weights = np.ones(len(densities)) if weights is None else np.asarray(weights, dtype=float)
        if not densities or weights.shape != (len(densities),) or not (np.all(weights >= 0) and weights.sum() > 0):
            raise InputError(f"expected a weight for each of {len(densities)} scenarios, not all zero, received {weights.tolist()}")
        require_same_background(densities)
        self.weights = weights / weights.sum()
        self.nside, self.n_bins = densities[0].nside, densities[0].n_bins
        self._parts = [(np.log(w), likelihood_ratio(d, eta)) for w, d in zip(self.weights, densities, strict=True) if w > 0]

    def scores(self, events):
        """Return the statistic of each sky, shape (n_maps,); arguments and errors as of the likelihood ratio."""
        return logsumexp([log_weight + ratio.scores(events) for log_weight, ratio in self._parts], axis=0)


def require_same_background(densities):
    """Raise :class:`InputError` unless all densities have the same isotropic part: the hypothesis that is to be rejected."""
    first = densities[0]
    for other in densities[1:]:
        if (other.nside, other.n_bins) != (first.nside, first.n_bins):
            raise InputError(
                f"expected scenarios of nside {first.nside} in {first.n_bins} bins, received nside {other.nside} in {other.n_bins} bins"
            )
        if not np.allclose(other.isotropic, first.isotropic, rtol=1e-6, atol=0):
            raise InputError("expected scenarios with the same isotropic events; set energy.background and energy.resolution alike")


def minimax_weights(config, templates, densities, n_events, *, progress=SILENT):
    """Find the weights of an average that loses least where it loses most.

    The loss in a scenario is the fraction that the average needs there over that of the scenario's own likelihood ratio.
    Weights go up where it is large and down where it is small until all are equal or no weight is left to take; of all
    weights tried, on few skies, those with the least largest loss are returned: the average with the least favourable prior
    over the scenarios (Lehmann & Romano, Testing Statistical Hypotheses, chapter 8, The minimax principle).

    Parameters
    ----------
    config : RunConfig
        Its ``test`` section and seed.
    templates, densities : sequence of SkyDensity
        What the ratios know, and what the skies of each scenario are drawn from.
    n_events : int
    progress : Progress, optional

    Returns
    -------
    weights : ndarray, shape (n_scenarios,)
    losses : ndarray, shape (n_scenarios,)
        With these weights; inf where nothing is detected.
    """
    few = with_values(config, {"test.maps": min(config.test.maps, coarse_maps(config.test.alpha))})

    def fractions(statistics, stage):
        return np.array([
            smallest_fraction(few, density, n_events, statistic, progress=StageProgress(progress, stage)) or np.inf
            for density, statistic in zip(densities, statistics, strict=True)
        ])

    limits = fractions([ratio_of(template) for template in templates], "limits of the scenarios")
    if not np.all(np.isfinite(limits)):
        raise InputError("expected scenarios each of which is detectable by its own likelihood ratio")
    log_weights, best = np.zeros(len(limits)), None
    for turn in range(ROUNDS):
        weights = np.exp(log_weights - logsumexp(log_weights))
        average = _average(templates, weights)
        losses = fractions([average] * len(limits), f"weights {turn + 1}/{ROUNDS}") / limits
        if best is None or losses.max() < best[1].max():
            best = weights, losses
        if losses.max() < (1 + TOLERANCE) * losses.min():
            break
        bounded = np.minimum(losses, 2 * losses.min())
        log_weights += STEP / (1 + turn / 2) * (bounded - bounded.mean())
    return best


def _average(templates, weights):
    return lambda eta: AveragedLikelihoodRatio(templates, eta, weights)
