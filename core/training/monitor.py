"""How good a network is after an epoch, from the scores of fixed validation skies."""

import numpy as np
from scipy.optimize import isotonic_regression

from ..statistics import area_under_curve, threshold_at


def validation_measures(scores, events, test):
    """Measure loss, accuracy, area under the ROC curve and smallest fraction.

    Parameters
    ----------
    scores : ndarray, shape (n_maps,)
        Log odds of a source.
    events : MockEvents
        The skies as in training: half isotropic, the others with log-uniform numbers of source events.
    test : TestConfig
        Requested errors.

    Returns
    -------
    dict
        ``val_loss`` (binary cross-entropy), ``val_accuracy``, ``val_auc``, ``val_eta``.
    """
    scores = np.asarray(scores, dtype=float)
    has_source = events.n_source > 0
    return {
        "val_loss": float(np.mean(np.logaddexp(0.0, np.where(has_source, -scores, scores)))),
        "val_accuracy": float(np.mean((scores > 0) == has_source)),
        "val_auc": area_under_curve(scores[~has_source], scores[has_source]),
        "val_eta": quick_eta(scores, events.n_source, events.n_events, test.alpha, test.beta),
    }


def quick_eta(scores, n_source, n_events, alpha, beta):
    """Estimate the smallest detectable fraction without further skies.

    The threshold comes from the isotropic skies. Whether a sky with a source is detected is a yes or no at its own
    number of source events; the share of yes grows with that number, so its best monotonic fit (isotonic regression:
    Barlow et al., Statistical Inference under Order Restrictions, 1972) says where it reaches ``1 - beta``. With 5,000
    skies of each kind the estimate scatters by about a tenth; the verdict is measured on the test skies.

    Parameters
    ----------
    scores : ndarray, shape (n_maps,)
    n_source : ndarray of int, shape (n_maps,)
        0: isotropic.
    n_events : int
    alpha, beta : float

    Returns
    -------
    float
        nan where skies of nothing but source events are missed too often, or there are no skies of one kind.
    """
    has_source = n_source > 0
    if has_source.all() or not has_source.any():
        return float("nan")
    order = np.argsort(n_source[has_source], kind="stable")
    numbers = n_source[has_source][order]
    detected = (scores[has_source][order] > threshold_at(scores[~has_source], alpha)).astype(float)
    found, first, skies = np.unique(numbers, return_index=True, return_counts=True)
    power = isotonic_regression(np.add.reduceat(detected, first) / skies, weights=skies).x
    reached = power >= 1 - beta
    return float(found[np.argmax(reached)] / n_events) if reached.any() else float("nan")
