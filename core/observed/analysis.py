"""Measured events against isotropic skies of the same exposure: p-values, the source's fraction, and which events are its own."""

from dataclasses import asdict, dataclass, field

import numpy as np
from scipy.stats import norm

from ..errors import UnknownNameError
from ..mock_events import EventSampler, MockEvents, random_stream
from ..progress import SILENT, StageProgress
from ..statistics import MaximumLikelihoodRatio
from ..statistics.confidence import LikelihoodBelt, ScoreBelt, fraction_grid, intervals, share_at_least
from ..statistics.registry import FOR_EVENTS, statistic_named
from ..statistics.trials import Trials
from .effort import DEFAULT_STATISTIC, Effort

FRACTIONS = 2001  # of the posterior
EXPECTED_SKIES = 200  # isotropic ones from which the expected limit is the median
GRID_SKIES = 20  # of them, that the grid of fractions has to hold beside the measured one


@dataclass(frozen=True, eq=False)
class SourceFinding:
    """What the events say of one source.

    Attributes
    ----------
    source, statistic : str
    score : float
        Of the events.
    local_p : float
        Share of isotropic skies that score at least as high, the measured one counted among them.
    local_z : float
        The same in standard deviations, one-sided.
    eta : Interval
        Fraction of the detected events.
    eta_unbiased : float
        Estimate of the fraction without a bound at 0: negative where there are too few events near the source.
    expected_upper : float
        Median upper limit of isotropic skies.
    flux : dict
        ``best``, ``low``, ``high`` and ``upper`` as fractions of the flux at the Earth.
    posterior : ndarray, shape (n_events,)
        Probability of each event to be from the source, averaged over fractions with a flat prior.
    null_scores : ndarray, shape (skies,)
    """

    source: str
    statistic: str
    score: float
    local_p: float
    local_z: float
    eta: object
    eta_unbiased: float
    expected_upper: float
    flux: dict
    posterior: np.ndarray = field(repr=False)
    null_scores: np.ndarray = field(repr=False)

    def as_dict(self):
        """Return plain values for JSON; the scores and the posterior of events are left out."""
        return {name: value for name, value in vars(self).items() if name not in ("posterior", "null_scores", "eta")} | {
            "eta": asdict(self.eta)
        }


@dataclass(frozen=True, eq=False)
class Findings:
    """What the events say of all sources of a run: ``sources``, and the chance of isotropy to do as well for any of them."""

    sources: tuple
    global_p: float
    n_events: int

    def as_dict(self):
        """Return plain values for JSON."""
        return {
            "n_events": self.n_events, "global_p": self.global_p, "global_z": significance(self.global_p),
            "sources": [finding.as_dict() for finding in self.sources],
        }


def significance(p):
    """Standard deviations of a one-sided p-value, 0 where nothing stands out; a counted p-value is never 0."""
    return max(float(norm.isf(p)), 0.0)


def examine(config, densities, events, statistic=None, effort=None, progress=SILENT):
    """Test one sky for every source.

    Parameters
    ----------
    config : RunConfig
        Its seed.
    densities : sequence of SkyDensity
        As the detector sees them, one for each source.
    events : MockEvents
        One sky.
    statistic : str or object, optional
        Name of a statistic that needs no training (the maximum likelihood ratio by default), or one with ``scores(events)``.
    effort : Effort, optional
    progress : Progress, optional

    Returns
    -------
    Findings

    Raises
    ------
    UnknownNameError
        If there is no such statistic, or it is one of a fraction that has to be known.
    """
    effort, statistic = effort or Effort(), statistic or DEFAULT_STATISTIC
    if isinstance(statistic, str) and statistic not in FOR_EVENTS:
        raise UnknownNameError("statistic of measured events", statistic, FOR_EVENTS)
    found = []
    for density in densities:
        stage = StageProgress(progress, f"{density.name}, N = {events.n_events}")
        found.append(_one_source(config, density, events, statistic, effort, stage))
    return Findings(tuple(found), global_p_value(found), events.n_events)


def _one_source(config, density, events, statistic, effort, progress):
    n_events = events.n_events
    judge = statistic_named(statistic, config, density, n_events, progress=progress) if isinstance(statistic, str) else statistic
    trials = Trials(density, n_events, effort.skies, config.seed, progress, null_stream="observed_null")
    null = np.concatenate(trials.scores(judge, None, range(trials.batches(effort.skies))))
    score = float(judge.scores(events)[0])
    local_p = float(share_at_least(np.sort(null), score))

    def belt_at(etas, n_maps):
        if judge.name == DEFAULT_STATISTIC:
            return LikelihoodBelt(density, n_events, etas, n_maps, config.seed, progress)
        return ScoreBelt(judge, density, n_events, etas, n_maps, config.seed, progress)

    isotropic = EventSampler(density).draw(
        n_events, np.zeros(EXPECTED_SKIES, np.int64), random_stream(config.seed, "expected_limit", n_events)
    )
    belt = belt_at(fraction_grid(belt_at, together(events, isotropic.select(slice(GRID_SKIES)))), effort.belt_skies)
    levels = effort.level, effort.upper_level
    eta = intervals(belt, events, *levels)[0]
    expected = float(np.median([sky.upper for sky in intervals(belt, isotropic, *levels)]))
    ratio = MaximumLikelihoodRatio(density)
    return SourceFinding(
        source=density.name, statistic=judge.name, score=score, local_p=local_p, local_z=significance(local_p), eta=eta,
        eta_unbiased=float(ratio.unbiased(events)[0]), expected_upper=expected,
        flux={name: density.flux_fraction(getattr(eta, name)) for name in ("best", "low", "high", "upper")},
        posterior=posterior(ratio, events), null_scores=null,
    )


def together(one, more):
    """Return the skies of two :class:`~..mock_events.MockEvents` as one."""
    return MockEvents(*(
        np.concatenate([getattr(one, name), getattr(more, name)]) for name in ("ipix", "bin", "is_source", "n_source")
    ), one.nside, one.n_bins)


def global_p_value(findings):
    """Chance of an isotropic sky to have as small a local p-value as the smallest measured, for any of the sources.

    All sources are tried on the same isotropic skies, so that what they have in common is counted once.

    Parameters
    ----------
    findings : sequence of SourceFinding

    Returns
    -------
    float
    """
    smallest = np.min([share_at_least(np.sort(f.null_scores), f.null_scores) for f in findings], axis=0)
    measured = min(f.local_p for f in findings)
    return float((1 + (smallest <= measured).sum()) / (1 + len(smallest)))


def posterior(ratio, events):
    """Probability of each event of one sky to be from the source.

    Averaged over the fraction of the source with a flat prior from 0 to 1 and the likelihood of the sky.

    Parameters
    ----------
    ratio : MaximumLikelihoodRatio
    events : MockEvents
        One sky.

    Returns
    -------
    ndarray, shape (n_events,)
    """
    etas = np.linspace(0, 1, FRACTIONS)
    logs = ratio.log_ratios(events, etas)[:, 0]
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    ratios = ratio.event_ratios(events)[0]
    return sum(w * eta * ratios / (1 - eta + eta * ratios) for w, eta in zip(weights[:-1], etas[:-1], strict=True)) + weights[-1]
