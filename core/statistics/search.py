"""The smallest detectable source fraction and its statistical error."""

import math

import numpy as np

from .roc import threshold_at

COARSE_TAIL = 50  # isotropic skies above the threshold in the first, coarse search
INTERVAL = (15.865, 84.135)  # per cent: 68 % between them


def coarse_maps(alpha):
    """Number of skies for the first, coarse search."""
    return math.ceil(COARSE_TAIL / alpha)


def coarse_count(measurement_at, n_events, beta, n_maps):
    """Find by bisection, on few skies, about how many source events are detected.

    Parameters
    ----------
    measurement_at : callable
        ``measurement_at(eta)`` returns a :class:`~.trials.Measurement`.
    n_events : int
    beta : float
        Requested probability to miss the source.
    n_maps : int

    Returns
    -------
    int
        Smallest number of source events with at most ``beta`` of the skies missed; ``n_events`` if there is none.
    """
    low, high = 0, n_events
    while high - low > 1:
        middle = min(max(round(math.sqrt(max(low, 1) * high)), low + 1), high - 1)
        if measurement_at(middle / n_events).missed(middle, n_maps) <= beta:
            high = middle
        else:
            low = middle
    return high


def crossing(measurement, start, beta):
    """Fraction at which one statistic misses exactly ``beta`` of the skies.

    Between whole numbers of source events the missed share is linear in the fraction, by the definition of the mixture.

    Parameters
    ----------
    measurement : Measurement
    start : int
        Guess of the number of source events.
    beta : float

    Returns
    -------
    float or None
        None where even skies of nothing but source events are missed too often.
    """
    n_events = measurement.trials.n_events
    high = min(max(start, 1), n_events)
    while measurement.missed(high) > beta:
        if high == n_events:
            return None
        high += 1
    while high > 1 and measurement.missed(high - 1) <= beta:
        high -= 1
    above, below = measurement.missed(high - 1), measurement.missed(high)
    return (high - (beta - below) / (above - below)) / n_events if above > beta else (high - 1) / n_events


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
