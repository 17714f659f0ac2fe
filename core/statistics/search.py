"""The smallest detectable source fraction and its statistical error."""

import math

import numpy as np
from scipy.special import ndtri

from .roc import threshold_at

COARSE_TAIL = 50  # isotropic skies above the threshold in the first, coarse search
SMALLEST_SHARE = 1e-6  # missed shares are taken to be no nearer to 0 and 1 where the next guess is made
INTERVAL = (15.865, 84.135)  # per cent: 68 % between them


def coarse_maps(alpha):
    """Number of skies for the first, coarse search."""
    return math.ceil(COARSE_TAIL / alpha)


def coarse_fraction(measurement_at, n_events, alpha, beta):
    """Find on few skies about which fraction is detected.

    Parameters
    ----------
    measurement_at : callable
        ``measurement_at(eta)`` returns a :class:`~.trials.Measurement`.
    n_events : int
    alpha, beta : float
        Requested errors.

    Returns
    -------
    float
        1 where nothing is.
    """
    n_maps = coarse_maps(alpha)
    low, high = bracket(lambda k: measurement_at(k / n_events).missed(k, n_maps), n_events, 0.1 * n_events, alpha, beta)
    return 1.0 if high is None else _interpolated(low, high, beta) / n_events


def crossing(measurement, start, beta):
    """Fraction at which one statistic misses ``beta`` of the skies.

    Between whole numbers of source events the missed share is linear in the fraction, by the definition of the mixture.

    Parameters
    ----------
    measurement : Measurement
    start : float
        Guess of the fraction.
    beta : float

    Returns
    -------
    float or None
        None where even skies of nothing but source events are missed too often.
    """
    n_events = measurement.trials.n_events
    low, high = bracket(measurement.missed, n_events, start * n_events, measurement.alpha, beta)
    if high is None:
        return None
    low = low[0], measurement.missed(low[0])
    return _interpolated(low, high, beta * (1 - 1e-12)) / n_events  # not above beta after rounding


def bracket(missed, n_events, start, alpha, beta):
    """Find neighbouring whole numbers of source events between which the missed share falls to ``beta``.

    The share of missed skies is about a Gaussian's tail, whose argument is linear in the number of source events: the
    next guess is on that line, and half-way where such a guess did not halve the bracket.

    Parameters
    ----------
    missed : callable
        Share of missed skies with so many source events.
    n_events : int
    start : float
        First guess.
    alpha, beta : float

    Returns
    -------
    low, high : tuple of (int, float)
        Number and share on both sides; ``high`` is None where even ``n_events`` are missed too often.
    """
    untested = (n_events + 1, None)
    low, high, guess, halved = (0, 1 - alpha), untested, start, True
    while high[0] - low[0] > 1:
        width = high[0] - low[0]
        count = min(max(math.ceil(guess), low[0] + 1), high[0] - 1)
        point = count, missed(count)
        low, high = (low, point) if point[1] <= beta else (point, high)
        halved = high[0] - low[0] <= width / 2 or not halved
        guess = _guess(low, high, alpha, beta) if halved else math.sqrt(max(low[0], 1) * high[0])
    return low, None if high is untested else high


def _guess(low, high, alpha, beta):
    (first, a), (second, b) = ((0, 1 - alpha), low) if high[1] is None else (low, high)
    aim, a, b = (ndtri(min(max(share, SMALLEST_SHARE), 1 - SMALLEST_SHARE)) for share in (beta, a, b))
    return first + (second - first) * (a - aim) / (a - b) if a - b > 0.1 else 2.0 * second


def _interpolated(low, high, beta):
    return high[0] - (beta - high[1]) / (low[1] - high[1]) * (high[0] - low[0])


def bootstrap_interval(measurement, eta, beta, size, rng):
    """68 % interval of the fraction from resampled skies.

    Isotropic skies and skies with a source are drawn again with replacement; each resampling has its own threshold and
    its own crossing. A sky keeps its place in all numbers of source events, which hold most of their events in common.

    Parameters
    ----------
    measurement : Measurement
    eta : float
        Where its crossing is.
    beta : float
    size : int
        Resamplings.
    rng : numpy.random.Generator

    Returns
    -------
    low, high : float or None
        None without resamplings; ``high`` also where the interval reaches beyond 1.
    """
    if size == 0:
        return None, None
    n_events, n_maps = measurement.trials.n_events, measurement.trials.n_maps
    null = measurement.null()
    thresholds = np.array([threshold_at(null[rng.integers(n_maps, size=n_maps)], measurement.alpha) for _ in range(size)])
    seed = rng.integers(2**63)

    def missed(n_source):
        resampling, signal = np.random.default_rng(seed), measurement.signal(n_source)
        return np.array([np.mean(signal[resampling.integers(n_maps, size=n_maps)] <= t) for t in thresholds])

    first = min(math.floor(eta * n_events), n_events - 1)
    window = {first: missed(first), first + 1: missed(first + 1)}
    tail = INTERVAL[0] / 100
    while min(window) > 0 and np.mean(window[min(window)] <= beta) > tail / 2:
        window[min(window) - 1] = missed(min(window) - 1)
    while max(window) < n_events and np.mean(window[max(window)] > beta) > tail / 2:
        window[max(window) + 1] = missed(max(window) + 1)
    counts = sorted(window)
    curves = np.stack([window[k] for k in counts])
    low, high = np.percentile(_crossings(np.array(counts), curves, beta), INTERVAL)
    return low / n_events, high / n_events if np.isfinite(high) else None


def _crossings(counts, curves, beta):
    """First number of source events, interpolated, at which each column of ``curves`` falls to ``beta``."""
    reached = curves <= beta
    index = np.argmax(reached, axis=0)
    column = np.arange(curves.shape[1])
    above, below = curves[np.maximum(index - 1, 0), column], curves[index, column]
    step = np.divide(above - beta, above - below, out=np.ones_like(above), where=above > below)
    found = np.where(index > 0, counts[index] - 1 + step, counts[0])
    return np.where(reached.any(axis=0), found, np.inf)
