"""Likelihood ratios for a field that nobody knows: of templates that are blurred and turned away from where they should be.

An unknown Galactic field sends the image of a source elsewhere and gives it another shape, and a ratio for one field is
blind to that. Averaged over many turns about random axes, with angles evenly spread in their logarithm, a blurred image
finds others of its kind, the sooner the nearer they are. With half of the weight on the templates as they are, little is
lost where one of the known fields is true.
"""

from dataclasses import dataclass

import numba
import numpy as np
from scipy.spatial.transform import Rotation
from scipy.stats import qmc

from ..errors import InputError
from ..sky import pixel_vectors
from ..sky_density.reduced import without_energies
from ..sky_density.smoothing import smoothed_density
from ..storage.kept import kept_within
from .average import AveragedLikelihoodRatio, require_same_background
from .cells import check_cells
from .likelihood import checked_fraction

KEPT = 128 * 2**20  # bytes of turned templates: 14 of Nside 32 with 128 turns
TURNS = tuple(2**k for k in range(11))
UNIT = 2.0**-16  # logarithms in whole units: exact as float32, and sums of them as float64 whatever the order of events
LARGEST = 100.0  # of the logarithm of one event's odds


@dataclass(frozen=True)
class Spread:
    """How far the true field may be from the known ones.

    Attributes
    ----------
    share : float
        Of the weight, for blurred and turned templates; the rest is for the templates as they are.
    smoothing_deg : tuple of float
        Standard deviations of the beams that blur them; each turn has one of them.
    smallest_deg, largest_deg : float
        Angles of the turns, evenly in their logarithm.
    turns : int
        Number of turns, a power of two.
    network_share : float
        Of the weight, for a network where one is combined with the templates; the rest is theirs.

    Raises
    ------
    InputError
        If a number is out of range.
    """

    share: float = 0.5
    smoothing_deg: tuple = (3.0, 5.0, 8.0)
    smallest_deg: float = 5.0
    largest_deg: float = 30.0
    turns: int = 128
    network_share: float = 0.8

    def __post_init__(self):
        for name in ("share", "network_share"):
            if not 0 < getattr(self, name) < 1:
                raise InputError(f"expected a share above 0 and below 1, received {getattr(self, name)!r}", f"spread.{name}")
        if not self.smoothing_deg or not all(0.5 <= width <= 90 for width in self.smoothing_deg):
            raise InputError(f"expected one or more widths from 0.5 to 90 degrees, received {self.smoothing_deg!r}", "spread.smoothing_deg")
        if not 0 < self.smallest_deg <= self.largest_deg <= 180:
            raise InputError(
                f"expected angles in ascending order, above 0, up to 180 degrees, received {self.smallest_deg:g} to {self.largest_deg:g}",
                "spread.largest_deg",
            )
        if self.turns not in TURNS:
            raise InputError(f"expected one of {', '.join(map(str, TURNS))}, received {self.turns!r}", "spread.turns")


def random_turns(spread):
    """Return the turns of a :class:`Spread`: points of a Sobol sequence, always the same.

    Returns
    -------
    Rotation
        All of them, :class:`scipy.spatial.transform.Rotation`.
    beam : ndarray of int, shape (turns,)
        Which of ``smoothing_deg`` belongs to each.
    """
    first, second, third, fourth = qmc.Sobol(4, seed=1).random(spread.turns).T
    angle = np.radians(spread.smallest_deg * (spread.largest_deg / spread.smallest_deg) ** first)
    height, longitude = 2 * second - 1, 2 * np.pi * third
    radius = np.sqrt(1 - height**2)
    axis = np.stack([radius * np.cos(longitude), radius * np.sin(longitude), height], axis=1)
    return Rotation.from_rotvec(axis * angle[:, None]), (fourth * len(spread.smoothing_deg)).astype(int)


@kept_within(KEPT)
def turned_ratios(density, spread):
    """Return density ratios of blurred and turned templates without energies, float32, shape (npix, turns); each mean is 1."""
    import healpy as hp  # slow to load

    positions = without_energies(density)
    blurred = [smoothed_density(positions, width).source[:, 0] for width in spread.smoothing_deg]
    isotropic, vectors = positions.isotropic[:, 0], pixel_vectors(positions.nside)
    ratios = np.empty((positions.npix, spread.turns), dtype=np.float32)
    for i, (turn, beam) in enumerate(zip(*random_turns(spread), strict=True)):
        lon, lat = hp.vec2ang(turn.apply(vectors, inverse=True), lonlat=True)
        source = hp.get_interp_val(blurred[beam], lon, lat, nest=True, lonlat=True) * (isotropic > 0)
        ratios[:, i] = np.divide(source / source.sum(), isotropic, out=np.ones(positions.npix), where=isotropic > 0)
    return ratios


class TurnedRatio:
    r"""Logarithm of the mean of the likelihood ratios of blurred and turned templates of several densities.

    Energies of events are not used: a displaced image is not what it was at every energy.

    Parameters
    ----------
    densities : sequence of SkyDensity
        With the same pixels and bins and the same isotropic density.
    eta : float
        Fraction under test, 0 < eta <= 1.
    spread : Spread, optional
    """

    name = "turned_likelihood_ratio"
    thread_safe = True

    def __init__(self, densities, eta, spread=Spread()):
        require_same_background(densities)
        self.nside, self.n_bins = densities[0].nside, densities[0].n_bins
        eta = np.float32(checked_fraction(eta))
        odds = (1 - eta) + eta * np.concatenate([turned_ratios(density, spread) for density in densities], axis=1)
        with np.errstate(divide="ignore"):
            logarithms = np.clip(np.log(odds), -LARGEST, LARGEST)
        self._table = (np.rint(logarithms / UNIT) * UNIT).astype(np.float32)

    def scores(self, events):
        """Return the statistic of each sky, shape (n_maps,); arguments and errors as of the likelihood ratio."""
        check_cells(events, self.nside, self.n_bins)
        return _log_mean_of_products(events.ipix, self._table)


class RobustRatio:
    """Likelihood ratio averaged over known fields, and over blurred and turned templates of them for all that are not known.

    Parameters
    ----------
    densities : sequence of SkyDensity
        Of the known scenarios.
    eta : float
        Fraction under test, 0 < eta <= 1.
    spread : Spread, optional
    """

    name = "robust_likelihood_ratio"
    thread_safe = True

    def __init__(self, densities, eta, spread=Spread()):
        self._log_shares = np.log([1 - spread.share, spread.share])
        self._known, self._unknown = AveragedLikelihoodRatio(densities, eta), TurnedRatio(densities, eta, spread)

    def scores(self, events):
        """Return the statistic of each sky, shape (n_maps,); arguments and errors as of the likelihood ratio."""
        known, unknown = self._log_shares
        return np.logaddexp(known + self._known.scores(events), unknown + self._unknown.scores(events))


class CombinedRatio:
    """The robust ratio and a network: the weighted mean of what both say are the odds of a source.

    A network knows shapes that no template has. Its log odds, learnt from skies half of which are isotropic, are the
    logarithm of a likelihood ratio averaged over what it was trained on, as far as it has learnt it.

    Parameters
    ----------
    robust : RobustRatio
    network : object
        A statistic whose scores are log odds.
    share : float
        Weight of the network, above 0 and below 1.
    """

    name = "combined_likelihood_ratio"

    def __init__(self, robust, network, share=Spread.network_share):
        self._robust, self._network, self._log_shares = robust, network, np.log([1 - share, share])
        self.thread_safe = getattr(network, "thread_safe", False)

    def scores(self, events):
        """Return the statistic of each sky, shape (n_maps,); arguments and errors as of the likelihood ratio."""
        templates, network = self._log_shares
        return np.logaddexp(templates + self._robust.scores(events), network + self._network.scores(events))


def robust_ratios(config, density, n_events, progress=None):
    """Return the robust ratio of one density as a function of the fraction under test: the entry of the registry."""
    return lambda eta: RobustRatio((density,), eta)


@numba.njit(nogil=True, cache=True)
def _log_mean_of_products(ipix, table):
    n_templates = table.shape[1]
    result, total = np.empty(len(ipix)), np.empty(n_templates)
    for i in range(ipix.shape[0]):
        total[:] = 0.0
        for j in range(ipix.shape[1]):
            row = table[ipix[i, j]]
            for k in range(n_templates):
                total[k] += row[k]
        largest = total.max()
        result[i] = largest + np.log(np.mean(np.exp(total - largest)))
    return result
