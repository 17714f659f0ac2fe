"""Mock skies as lists of pixel and energy bin, drawn without a Python loop over events."""

from dataclasses import dataclass, replace

import numba
import numpy as np

from ..errors import InputError
from .alias import alias_table, draw_cells


@dataclass(frozen=True, eq=False)
class MockEvents:
    """Event lists of several mock skies.

    Attributes
    ----------
    ipix : ndarray of int32, shape (n_maps, n_events)
        NESTED pixel of each event.
    bin : ndarray of int8, shape (n_maps, n_events)
        Energy bin.
    is_source : ndarray of bool, shape (n_maps, n_events)
        Whether it was drawn from the source's density.
    n_source : ndarray of int64, shape (n_maps,)
        How many were.
    nside, n_bins : int

    Notes
    -----
    Events drawn here have those of the source first; :meth:`shuffled` hides that from whoever looks at the order.
    """

    ipix: np.ndarray
    bin: np.ndarray
    is_source: np.ndarray
    n_source: np.ndarray
    nside: int
    n_bins: int

    def __len__(self):
        return len(self.ipix)

    @property
    def n_maps(self):
        """Number of mock skies."""
        return self.ipix.shape[0]

    @property
    def n_events(self):
        """Events in each."""
        return self.ipix.shape[1]

    @property
    def npix(self):
        """Number of pixels."""
        return 12 * self.nside**2

    def counts(self):
        """Counts maps: float32, shape (n_maps, npix, n_bins), NESTED."""
        counts = np.zeros((self.n_maps, self.npix * self.n_bins), dtype=np.float32)
        _add_counts(self.ipix, self.bin, self.n_bins, counts)
        return counts.reshape(self.n_maps, self.npix, self.n_bins)

    def select(self, which):
        """Return some of the skies; ``which`` is a slice, a mask or an array of indices."""
        return MockEvents(
            self.ipix[which], self.bin[which], self.is_source[which], self.n_source[which], self.nside, self.n_bins
        )

    def summed(self):
        """Return the same skies with all energies in one bin."""
        return replace(self, bin=np.zeros_like(self.bin), n_bins=1)

    def shuffled(self, rng):
        """Return the same skies with the events of each in random order."""
        order = np.argsort(rng.random(self.ipix.shape), axis=1)
        ipix, energy_bin, is_source = (np.take_along_axis(x, order, axis=1) for x in (self.ipix, self.bin, self.is_source))
        return MockEvents(ipix, energy_bin, is_source, self.n_source, self.nside, self.n_bins)


class EventSampler:
    """Draws events of one density; the tables are made once.

    Where the density is a mixture with free shares, every sky has shares of its own.

    Parameters
    ----------
    density : SkyDensity
    """

    def __init__(self, density):
        self.nside, self.n_bins = density.nside, density.n_bins
        self._sources = [alias_table(part.source) for part in density.parts or (density,)]
        self._isotropic = alias_table(density.isotropic)

    def draw(self, n_events, n_source, rng):
        """Draw mock skies.

        One random number is used for each event whatever its origin: with the same state of ``rng`` and one source
        event more, one isotropic event is replaced by one of the source and all others stay.

        Parameters
        ----------
        n_events : int
            In each sky.
        n_source : array_like of int, shape (n_maps,)
            How many of them are from the source.
        rng : numpy.random.Generator

        Returns
        -------
        MockEvents

        Raises
        ------
        InputError
            If a number of source events is negative or above ``n_events``.
        """
        n_source = np.asarray(n_source, dtype=np.int64)
        if n_events < 1 or n_source.ndim != 1 or np.any((n_source < 0) | (n_source > n_events)):
            raise InputError(f"expected 0 to {n_events} source events in each sky, received {n_source}")
        uniform = rng.random((len(n_source), n_events))
        ipix = np.empty(uniform.shape, dtype=np.int32)
        energy_bin = np.empty(uniform.shape, dtype=np.int8)
        draw_cells(uniform, n_source, self._sources[0], self._isotropic, self.n_bins, ipix, energy_bin)
        is_source = np.arange(n_events) < n_source[:, None]
        if len(self._sources) > 1 and n_source.any():
            self._draw_other_parts(uniform, n_source, rng, ipix, energy_bin)
        return MockEvents(ipix, energy_bin, is_source, n_source, self.nside, self.n_bins)


    def _draw_other_parts(self, uniform, n_source, rng, ipix, energy_bin):
        """Draw shares for each sky and a part for each event, and replace the events that are not of the first part.

        As many random numbers whatever ``n_source``: one source event more still changes one event only.
        """
        edges = np.cumsum(rng.dirichlet(np.ones(len(self._sources)), len(uniform)), axis=1)[:, :-1]
        part_of_event = np.sum(rng.random(uniform.shape)[..., None] > edges[:, None, :], axis=2, dtype=np.int8)
        part_of_event[np.arange(uniform.shape[1]) >= n_source[:, None]] = 0
        other_ipix, other_bin = np.empty_like(ipix), np.empty_like(energy_bin)
        for i, source in enumerate(self._sources[1:], 1):
            draw_cells(uniform, n_source, source, self._isotropic, self.n_bins, other_ipix, other_bin)
            chosen = part_of_event == i
            ipix[chosen], energy_bin[chosen] = other_ipix[chosen], other_bin[chosen]


def draw_events(density, n_events, n_source, rng):
    """Draw mock skies of a :class:`~..sky_density.SkyDensity`; see :meth:`EventSampler.draw`."""
    return EventSampler(density).draw(n_events, n_source, rng)


def draw_training_events(sampler, n_events, n_maps, rng):
    """Draw mock skies as the published training has them.

    Half of the skies are isotropic (one more of an odd number); the others have a number of source events that is
    log-uniform over 1 to ``n_events``: P(k) = ln(1 + 1/k) / ln(n_events + 1). The order is random.

    Parameters
    ----------
    sampler : EventSampler
    n_events, n_maps : int
    rng : numpy.random.Generator

    Returns
    -------
    events : MockEvents
    labels : ndarray of float32, shape (n_maps,)
        1 where there is a source.
    """
    labels = rng.permutation(np.arange(n_maps) % 2)
    n_source = labels * log_uniform_integers(n_events, n_maps, rng)
    return sampler.draw(n_events, n_source, rng), labels.astype(np.float32)


def log_uniform_integers(highest, size, rng):
    """Draw integers k from 1 to ``highest`` with P(k) = ln(1 + 1/k) / ln(highest + 1)."""
    return np.minimum(np.exp(rng.random(size) * np.log(highest + 1)).astype(np.int64), highest)


@numba.njit(nogil=True, cache=True)
def _add_counts(ipix, energy_bin, n_bins, counts):
    for i in range(ipix.shape[0]):
        for j in range(ipix.shape[1]):
            counts[i, ipix[i, j] * n_bins + energy_bin[i, j]] += 1
