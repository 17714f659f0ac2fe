"""Verdicts made in a moment: Gaussian scores whose separation grows with the number of source events."""

import numpy as np
from scipy.stats import norm

from zevatron.core.statistics import Verdict

CURVE = np.array([0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0])


def verdict(source, n_events, statistic, eta, eta_limit=None):
    """Gaussian scores whose separation gives the errors asked for."""
    separation = norm.isf(0.01) + norm.isf(0.05)
    false = np.concatenate([[0], np.geomspace(1e-4, 1, 100)])
    edges = np.linspace(-4, 9, 40)
    middle = (edges[1:] + edges[:-1]) / 2
    interval = (None, None) if eta is None else (0.95 * eta, 1.04 * eta)
    scale = 40.0 if statistic == "likelihood_ratio" else 1.0  # scores of different statistics have nothing in common
    grid = CURVE * (eta or 0.5)
    beta = norm.cdf(norm.isf(0.01) - separation * CURVE)
    return Verdict(
        source, n_events, statistic, eta, *interval, 0.0099, 0.0498, 0.01, 0.05, 0.997, scale * norm.isf(0.01), false,
        norm.sf(norm.isf(false) - separation), (scale * edges, norm.pdf(middle) / scale), (scale * edges, norm.pdf(middle - separation) / scale),
        grid, beta, eta_limit=eta_limit, beta_error=np.sqrt(beta * (1 - beta) / 5000),
    )


def verdicts():
    """Two sources, three numbers of events, two statistics; one that detects nothing."""
    return [
        verdict(source, n, statistic, factor * eta * (300 / n) ** 0.6)
        for source, factor in (("Cen A", 1.0), ("NGC 253", 0.7))
        for n in (50, 100, 300)
        for statistic, eta in (("likelihood_ratio", 0.029), ("bcnn", 0.055))
    ] + [verdict("M82", 50, "bcnn", None)]
