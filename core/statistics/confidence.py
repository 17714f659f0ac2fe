r"""Intervals and limits of the source's fraction by Neyman's construction on simulated skies.

For each fraction of a grid skies are simulated and ordered by how badly they fit it. A fraction belongs to the interval of
confidence C if the measured sky is not among the worst 1 - C of its own (Neyman, Phil. Trans. R. Soc. A 236 (1937) 333); the
order is that of the likelihood ratio between the fraction and the one that fits best (Feldman & Cousins, Phys. Rev. D 57
(1998) 3873), so that intervals turn into limits by themselves and are never empty. An upper limit counts only skies that look
like less than the fraction. Coverage comes from the simulation and needs no asymptotic formula, which fails where the best
fraction is 0, in half of the isotropic skies.

The fraction is the probability of each event to be from the source: numbers of source events are binomial.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from ..mock_events import EventSampler, random_stream
from ..progress import SILENT
from .maximum_likelihood import MaximumLikelihoodRatio

GRID = 41  # fractions
DENSER = 1.5  # power that makes the grid denser near 0
TOPS = (0.05, 0.1, 0.2, 0.4, 0.8)  # ends of the grid that are tried, then 1
FEW_MAPS = 400  # to choose the end
BEYOND = 0.003  # chance of a sky that looks like less, at the end of the grid
EVENTS_PER_BATCH = 2_000_000
NARROWEST = 1e-12  # standard deviation of a score


@dataclass(frozen=True)
class Interval:
    """What one sky says about the fraction.

    Attributes
    ----------
    best : float
        Of the maximum likelihood; for other scores the fraction whose median score was measured.
    low, high : float
        Interval of confidence ``level``.
    upper : float
        Upper limit of confidence ``upper_level``.
    level, upper_level : float
    """

    best: float
    low: float
    high: float
    upper: float
    level: float
    upper_level: float


def skies_with_fraction(sampler, n_events, eta, n_maps, seed, stream):
    """Simulate skies in which each event is from the source with probability ``eta``; yields batches of MockEvents.

    Every fraction uses the same random numbers, which makes whatever is counted a smooth function of it.
    """
    size = max(EVENTS_PER_BATCH // n_events, 1)
    for batch, start in enumerate(range(0, n_maps, size)):
        n = min(size, n_maps - start)
        n_source = binom.ppf(random_stream(seed, f"{stream} number", n_events, batch).random(n), n_events, eta).astype(np.int64)
        yield sampler.draw(n_events, n_source, random_stream(seed, stream, n_events, batch))


class LikelihoodBelt:
    """Acceptance of every fraction of a grid, skies ordered by their likelihood ratio.

    Parameters
    ----------
    density : SkyDensity
    n_events : int
    etas : ndarray, shape (n_etas,)
        Growing.
    n_maps : int
        Skies simulated for each.
    seed : int
        Of the run.
    progress : Progress, optional
    """

    def __init__(self, density, n_events, etas, n_maps, seed, progress=SILENT):
        self.etas, self.n_maps = np.asarray(etas, dtype=float), n_maps
        self._ratio = MaximumLikelihoodRatio(density)
        sampler = EventSampler(density)
        self._deviances, self._signed = [], []
        for i, eta in enumerate(self.etas):
            progress.report("simulating fractions", i, len(self.etas))
            signed = np.concatenate([
                self._signed_roots(events, np.array([eta]))[1][0]
                for events in skies_with_fraction(sampler, n_events, eta, n_maps, seed, "belt")
            ])
            self._signed.append(np.sort(signed))
            self._deviances.append(np.sort(np.abs(signed)))
        progress.report("simulating fractions", len(self.etas), len(self.etas))

    def _signed_roots(self, events, etas):
        """Best fractions, and roots of the deviances of ``etas``, shape (n_etas, n_maps), negative where less fits better."""
        best, largest = self._ratio.fit(events)
        deviance = 2 * np.maximum(largest - self._ratio.log_ratios(events, etas), 0)
        return best, np.where(best < etas[:, None], -1, 1) * np.sqrt(deviance)

    def p_values(self, events):
        """Return the best fraction of each sky and two p-values for each fraction of the grid.

        Returns
        -------
        best : ndarray, shape (n_maps,)
        two_sided, one_sided : ndarray, shape (n_etas, n_maps)
            Share of simulated skies that fit the fraction no better, and that look like less or as little.
        """
        best, signed = self._signed_roots(events, self.etas)
        two_sided = np.stack([share_at_least(simulated, np.abs(row)) for simulated, row in zip(self._deviances, signed, strict=True)])
        one_sided = np.stack([share_at_most(simulated, row) for simulated, row in zip(self._signed, signed, strict=True)])
        return best, two_sided, one_sided


class ScoreBelt:
    """Acceptance of every fraction of a grid for any statistic, such as a network, that grows with the fraction.

    Scores of a fraction are taken for Gaussian where they are ordered by their likelihood ratio, and only there; what share of
    them lies beyond is counted.

    Parameters
    ----------
    statistic : object
        With ``scores(events)``.
    density, n_events, etas, n_maps, seed, progress
        As of :class:`LikelihoodBelt`.
    """

    def __init__(self, statistic, density, n_events, etas, n_maps, seed, progress=SILENT):
        self.etas, self.n_maps, self._statistic = np.asarray(etas, dtype=float), n_maps, statistic
        sampler, self._scores = EventSampler(density), []
        for i, eta in enumerate(self.etas):
            progress.report("simulating fractions", i, len(self.etas))
            skies = skies_with_fraction(sampler, n_events, eta, n_maps, seed, "belt")
            self._scores.append(np.sort(np.concatenate([np.asarray(statistic.scores(events), dtype=float) for events in skies])))
        progress.report("simulating fractions", len(self.etas), len(self.etas))
        self._mean = np.array([scores.mean() for scores in self._scores])
        self._width = np.array([max(scores.std(), NARROWEST) for scores in self._scores])
        self._orders = [np.sort(self._order(scores, i)) for i, scores in enumerate(self._scores)]

    def _order(self, scores, i):
        """Logarithm of the likelihood of the i-th fraction over that of the best one."""
        logs = -(((scores - self._mean[:, None]) / self._width[:, None]) ** 2) / 2 - np.log(self._width)[:, None]
        return logs[i] - logs.max(axis=0)

    def p_values(self, events):
        """Return best fractions and p-values; see :meth:`LikelihoodBelt.p_values`."""
        return self.p_values_of(np.asarray(self._statistic.scores(events), dtype=float))

    def p_values_of(self, scores):
        """Return the same for scores, shape (n_maps,)."""
        two_sided = np.stack([share_at_most(order, self._order(scores, i)) for i, order in enumerate(self._orders)])
        one_sided = np.stack([share_at_most(simulated, scores) for simulated in self._scores])
        medians = np.maximum.accumulate([np.median(simulated) for simulated in self._scores])
        return np.interp(scores, medians, self.etas), two_sided, one_sided


def share_at_least(simulated, values):
    """Share of sorted ``simulated`` numbers that are at least each of ``values``, the measured one counted among them."""
    return (1 + len(simulated) - np.searchsorted(simulated, values, side="left")) / (1 + len(simulated))


def share_at_most(simulated, values):
    """Share that are at most each of ``values``, the measured one counted among them."""
    return (1 + np.searchsorted(simulated, values, side="right")) / (1 + len(simulated))


def intervals(belt, events, level=0.68, upper_level=0.95):
    """Return the :class:`Interval` of each sky.

    Edges are interpolated between the fractions of the grid, and are the outermost where a p-value crosses twice.

    Parameters
    ----------
    belt : LikelihoodBelt or ScoreBelt
    events : MockEvents
    level, upper_level : float
        Confidence of the interval and of the upper limit.
    """
    best, two_sided, one_sided = belt.p_values(events)
    found = []
    for i, value in enumerate(best):
        low, high = accepted(belt.etas, two_sided[:, i], 1 - level, value)
        upper = accepted(belt.etas, one_sided[:, i], 1 - upper_level, value)[1]
        found.append(Interval(float(value), low, high, upper, level, upper_level))
    return tuple(found)


def accepted(etas, p_values, least, best):
    """First and last fraction with a p-value of at least ``least``; ``best`` twice where the grid is too coarse for any."""
    inside = np.flatnonzero(p_values >= least)
    if not inside.size:
        return float(best), float(best)

    def edge(accepted_one, refused):
        p, q = p_values[accepted_one], p_values[refused]
        return float(etas[accepted_one] + (etas[refused] - etas[accepted_one]) * (p - least) / (p - q))

    first, last = inside[0], inside[-1]
    low = edge(first, first - 1) if first > 0 else float(etas[0])
    high = edge(last, last + 1) if last < len(etas) - 1 else float(etas[-1])
    return low, high


def fraction_grid(belt_at, events):
    """Choose the grid of fractions for a measured sky: from 0 to where skies that look like less are too rare to matter.

    Parameters
    ----------
    belt_at : callable
        ``belt_at(etas, n_maps)`` makes a belt.
    events : MockEvents
        One sky.

    Returns
    -------
    ndarray, shape (GRID,)
    """
    for top in TOPS:
        _, _, one_sided = belt_at(np.array([top]), FEW_MAPS).p_values(events)
        if one_sided.max() < BEYOND:
            return grid_to(top)
    return grid_to(1.0)


def grid_to(top):
    """Fractions from 0 to ``top``, shape (GRID,), dense near 0, where p-values change fast."""
    return top * np.linspace(0, 1, GRID) ** DENSER
