"""Thresholds, curves and areas from scores; equal scores are never split."""

import math

import numpy as np


def threshold_at(null_scores, alpha):
    """Lowest threshold at which not more than ``alpha`` of the isotropic skies score above it.

    A sky is called anisotropic when its score lies above the threshold, not at it: with equal scores the measured
    false-positive rate can stay below ``alpha`` but never exceeds it.

    Parameters
    ----------
    null_scores : ndarray, shape (n,)
    alpha : float

    Returns
    -------
    float
    """
    n = len(null_scores)
    allowed = min(round(alpha * n) if math.isclose(alpha * n, round(alpha * n)) else math.floor(alpha * n), n - 1)
    allowed -= allowed / n > alpha
    return float(np.partition(null_scores, n - 1 - allowed)[n - 1 - allowed])


def roc_curve(null_scores, signal_scores, weights=None, size=400):
    """Receiver operating characteristic.

    Parameters
    ----------
    null_scores : ndarray, shape (n,)
        Of isotropic skies.
    signal_scores : ndarray, shape (m,)
        Of skies with a source.
    weights : ndarray, shape (m,), optional
        Of the latter.
    size : int, optional
        At most so many thresholds, at null scores that are dense at small false-positive rates.

    Returns
    -------
    false_positive, true_positive : ndarray
        From 0 to 1, increasing: shares of skies above each threshold.
    """
    null = np.sort(null_scores)
    ranks = np.unique(np.geomspace(1, len(null), size).astype(int))
    thresholds = np.unique(null[len(null) - ranks])[::-1]
    order = np.argsort(signal_scores)
    weight = np.ones(len(order)) if weights is None else np.asarray(weights, dtype=float)[order]
    below = np.concatenate([[0.0], np.cumsum(weight)])
    true_positive = 1 - below[np.searchsorted(signal_scores[order], thresholds, side="right")] / below[-1]
    false_positive = 1 - np.searchsorted(null, thresholds, side="right") / len(null)
    return np.concatenate([[0.0], false_positive, [1.0]]), np.concatenate([[0.0], true_positive, [1.0]])


def area_under_curve(null_scores, signal_scores, weights=None):
    """Probability that a sky with a source scores above an isotropic one, half of the ties counted (midranks).

    Arguments are those of :func:`roc_curve`.
    """
    null = np.sort(null_scores)
    below = (np.searchsorted(null, signal_scores, "left") + np.searchsorted(null, signal_scores, "right")) / 2
    return float(np.average(below, weights=weights) / len(null))


def histogram(null_scores, signal_scores, weights=None, size=60):
    """Distributions under both hypotheses over common bins.

    Returns
    -------
    edges : ndarray, shape (size + 1,)
    null, signal : ndarray, shape (size,)
        Densities, each integrating to 1.
    """
    edges = np.histogram_bin_edges(np.concatenate([null_scores, signal_scores]), size)
    null, _ = np.histogram(null_scores, edges, density=True)
    signal, _ = np.histogram(signal_scores, edges, weights=weights, density=True)
    return edges, null, signal
