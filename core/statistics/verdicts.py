"""What a statistic can detect: threshold, errors, curves and the smallest fraction."""

import math
from dataclasses import asdict, dataclass, field, is_dataclass, replace

import numpy as np

from ..mock_events import random_stream, source_counts
from ..progress import SILENT
from .registry import statistic_named
from .roc import area_under_curve, histogram, roc_curve
from .search import bootstrap_interval, coarse_fraction, coarse_maps, crossing
from .trials import Measurement, Trials

SETTLED = 0.02  # relative: so close to the fraction it tests, the likelihood ratio's root moves by 1e-3 of itself
MAX_ROUNDS = 6
CURVE = (0.25, 0.5, 0.75, 1.25, 1.5, 2.0)  # further points of beta(eta), in units of eta_min


@dataclass(frozen=True, eq=False)
class Verdict:
    """What one statistic detects of one source in skies of one size.

    Attributes
    ----------
    source, statistic : str
    n_events : int
    eta_min : float or None
        Smallest fraction of source events that is detected with at most the requested errors; None where even skies of
        nothing but source events are missed too often: all below is then measured at fraction 1.
    eta_low, eta_high : float or None
        68 % interval of ``eta_min`` from resampled test skies.
    eta_flux : float or None
        Fraction of the source in the flux at the Earth where ``eta_min`` of the detected events are from it.
    alpha, beta : float
        Errors measured on the test skies at ``eta_min``.
    alpha_requested, beta_requested : float
    auc : float
        Area under the ROC curve at ``eta_min``, midranks for equal scores.
    threshold : float
        A sky that scores above it is called anisotropic.
    roc_false_positive, roc_true_positive : ndarray
        At ``eta_min``, from the check skies if there are any, else from the test skies.
    null_histogram, signal_histogram : tuple of (ndarray, ndarray)
        Edges, shape (n + 1,), and densities, shape (n,), of the scores.
    eta_grid, beta_grid : ndarray
        Missed share against the fraction, each fraction tested by its own statistic where it depends on it.
    beta_error : ndarray
        Binomial error of each missed share; empty in results of earlier versions.
    eta_limit : float or None
        What the likelihood ratio detects on the same skies; None where it is unknown or detects nothing.
    alpha_checked, alpha_checked_error : float or None
        False-positive rate on ``check_maps`` isotropic skies that had no part in placing the threshold, and its Poisson error.
    check_maps : int
    roc_false_positive_error : ndarray
        Poisson error of each false-positive rate.
    skies : str
        Digest of the test skies: methods with the same one were judged on the same events.
    rays : str
        ``"all"``, or ``"halves"``: the statistic knows one half of the rays, the skies are drawn from the other.
    template : TemplateChoice or None
        How a likelihood ratio across halves came to its template.
    """

    source: str
    n_events: int
    statistic: str
    eta_min: float | None
    eta_low: float | None
    eta_high: float | None
    alpha: float
    beta: float
    alpha_requested: float
    beta_requested: float
    auc: float
    threshold: float
    roc_false_positive: np.ndarray
    roc_true_positive: np.ndarray
    null_histogram: tuple
    signal_histogram: tuple
    eta_grid: np.ndarray
    beta_grid: np.ndarray
    eta_limit: float | None = None
    alpha_checked: float | None = None
    alpha_checked_error: float | None = None
    check_maps: int = 0
    roc_false_positive_error: np.ndarray = field(default_factory=lambda: np.zeros(0))
    skies: str = ""
    rays: str = "all"
    template: object = None
    eta_flux: float | None = None
    beta_error: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def ratio_to_limit(self):
        """``eta_min`` over that of the likelihood ratio on the same skies; None where either detects nothing."""
        return None if self.eta_min is None or self.eta_limit is None else self.eta_min / self.eta_limit

    def as_dict(self):
        """Return plain values for an entry of ``result.json``."""
        return {name: _plain(value) for name, value in vars(self).items()} | {"ratio_to_limit": self.ratio_to_limit}


def likelihood_verdict(config, density, n_events, *, progress=SILENT):
    """Judge the likelihood ratio, every fraction tested by its own ratio; see :func:`verdict`."""
    found = named_verdict("likelihood_ratio", config, density, n_events, progress=progress)
    return replace(found, eta_limit=found.eta_min)


def named_verdict(name, config, density, n_events, *, progress=SILENT):
    """Judge a statistic of :data:`.registry.STATISTICS` by its name; see :func:`verdict`."""
    statistic = statistic_named(name, config, density, n_events, progress=progress)
    return verdict(config, density, n_events, statistic, progress=progress)


def smallest_fraction(config, density, n_events, statistic, *, progress=SILENT):
    """Return only the fraction that :func:`verdict` finds, with the same arguments; None where nothing is detected."""
    trials = Trials(density, n_events, config.test.maps, config.seed, progress)
    return _smallest_fraction(_measurements(trials, statistic, config.test.alpha), n_events, config.test)[1]


def verdict(config, density, n_events, statistic, *, progress=SILENT):
    """Find the smallest fraction of source events that a statistic detects.

    Parameters
    ----------
    config : RunConfig
        Its ``test`` section and seed.
    density : SkyDensity
        Test skies are drawn from it.
    n_events : int
    statistic : object or callable
        A statistic, or ``statistic(eta)`` that returns the one for the fraction ``eta`` under test.
    progress : Progress, optional

    Returns
    -------
    Verdict
    """
    test = config.test
    trials = Trials(density, n_events, test.maps, config.seed, progress)
    measurement_at = _measurements(trials, statistic, test.alpha)
    measurement, eta = _smallest_fraction(measurement_at, n_events, test)
    tested = 1.0 if eta is None else eta
    interval = (None, None)
    if eta is not None:
        rng = random_stream(config.seed, "bootstrap", n_events)
        interval = bootstrap_interval(measurement, eta, test.beta, test.bootstrap, rng)
    checked = _check_scores(config, density, measurement.statistic, n_events, progress)
    curve = _power_curve(measurement_at, measurement, tested)
    found = _describe(density.name, measurement, tested, eta, interval, config, curve, checked)
    return replace(found, eta_flux=None if eta is None else density.flux_fraction(eta))


def _check_scores(config, density, statistic, n_events, progress):
    """Score isotropic skies of a stream of their own, some at a time; None if the run wants none."""
    n_maps = config.test.check_maps
    if n_maps == 0:
        return None
    trials = Trials(density, n_events, n_maps, config.seed, progress, null_stream="check_null")
    return np.concatenate(trials.scores(statistic, None, range(trials.batches(n_maps))))


def _measurements(trials, statistic, alpha):
    if hasattr(statistic, "scores"):
        fixed = Measurement(trials, statistic, alpha)
        return lambda eta: fixed
    return lambda eta: Measurement(trials, statistic(eta), alpha)


def _smallest_fraction(measurement_at, n_events, test):
    """Return the measurement of the statistic that tests its own smallest fraction, and that fraction or None.

    The crossing of the likelihood ratio hardly depends on the fraction it is made for near the answer, because its power
    is about the largest there: one or two rounds settle it. A fixed statistic needs one.
    """
    tested = coarse_fraction(measurement_at, n_events, test.alpha, test.beta)
    for _ in range(MAX_ROUNDS):
        measurement = measurement_at(tested)
        eta = crossing(measurement, tested, test.beta)
        following = 1.0 if eta is None else eta
        if abs(following - tested) <= SETTLED * following:
            break
        tested = following
    return measurement, eta


def _power_curve(measurement_at, measurement, tested):
    """Fractions, missed shares and their errors: on few skies at multiples of the fraction, on all of them at the fraction itself."""
    trials, n_events = measurement.trials, measurement.trials.n_events
    few = coarse_maps(measurement.alpha)
    points = {tested: (measurement.beta(*source_counts(tested, n_events)), trials.n_maps)}
    scored = min(trials.batches(few) * trials.batch, trials.n_maps)  # whole batches are
    for factor in CURVE:
        n_source = round(factor * tested * n_events)
        eta = n_source / n_events
        if 0 < eta <= 1 and eta not in points:
            points[eta] = measurement_at(eta).missed(n_source, few), scored
    grid = np.array(sorted(points))
    beta, n_maps = np.array([points[eta] for eta in grid]).T
    return grid, beta, np.sqrt(beta * (1 - beta) / n_maps)


def _describe(source, measurement, tested, eta, interval, config, curve, checked):
    trials, test = measurement.trials, config.test
    low, high, weight = source_counts(tested, trials.n_events)
    null = measurement.null()
    signal, weights = measurement.signal(low), np.full(trials.n_maps, 1 - weight)
    if weight:
        signal = np.concatenate([signal, measurement.signal(high)])
        weights = np.concatenate([weights, np.full(trials.n_maps, weight)])
    threshold = measurement.threshold()
    edges, null_density, signal_density = histogram(null, signal, weights)
    independent = null if checked is None else checked
    false_positive, true_positive = roc_curve(independent, signal, weights)
    above = None if checked is None else int(np.sum(checked > threshold))
    return Verdict(
        source=source, n_events=trials.n_events, statistic=measurement.statistic.name,
        eta_min=eta, eta_low=interval[0], eta_high=interval[1],
        alpha=float(np.mean(null > threshold)), beta=measurement.beta(low, high, weight),
        alpha_requested=test.alpha, beta_requested=test.beta,
        auc=area_under_curve(null, signal, weights), threshold=threshold,
        roc_false_positive=false_positive, roc_true_positive=true_positive,
        null_histogram=(edges, null_density), signal_histogram=(edges, signal_density),
        eta_grid=curve[0], beta_grid=curve[1], beta_error=curve[2],
        alpha_checked=None if checked is None else above / len(checked),
        alpha_checked_error=None if checked is None else math.sqrt(above) / len(checked),
        check_maps=0 if checked is None else len(checked),
        roc_false_positive_error=np.sqrt(false_positive / len(independent)),
        skies=trials.digest, rays="halves" if config.sky.halves else "all",
    )


def _plain(value):
    if isinstance(value, np.ndarray):
        return [float(f"{x:.6g}") for x in value]
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {name: _plain(item) for name, item in asdict(value).items()}
    return value
