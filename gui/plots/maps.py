"""The numbers behind a sky view: one map with all bins and one for each energy bin. No Qt here."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from .projection import project

LEVELS = 255  # colours of a map; the colour after them says "no value"
NO_VALUE = LEVELS
SCALES = ("linear", "sqrt", "log")
DECADES = 3.0  # range of the logarithmic scale below its top


@dataclass(frozen=True)
class MapStack:
    """Maps in NESTED order: row 0 has all bins, row b + 1 bin b.

    Attributes
    ----------
    values : ndarray of float32, shape (1 + n_bins, npix)
        nan where a value makes no sense.
    nside : int
    bin_edges : ndarray, shape (n_bins + 1,)
        EeV.
    unit : str
        Follows a value in a sentence: ``"× isotropic"``.
    title : str
        Heads the colour bar: ``"density relative to isotropy"``.
    discrete : bool
        Counts rather than a density.
    """

    values: np.ndarray
    nside: int
    bin_edges: np.ndarray
    unit: str
    title: str
    discrete: bool = False

    @property
    def n_bins(self):
        """Number of energy bins."""
        return len(self.values) - 1

    @property
    def npix(self):
        """Number of pixels."""
        return self.values.shape[1]

    def top(self, rows):
        """Largest finite value of some rows; 1 where all is empty."""
        part = self.values[rows]
        largest = np.max(part, where=np.isfinite(part), initial=0.0)
        return float(largest) if largest > 0 else 1.0


def relative_density(source, isotropic, nside, bin_edges):
    """Make the maps of how many times more source events arrive in a pixel than if they came isotropically.

    Each bin is compared with the same number of isotropic events, so that bins differ by where their events arrive and
    not by the two energy spectra, which are shown elsewhere.

    Parameters
    ----------
    source, isotropic : ndarray, shape (npix, n_bins)
        Densities that each sum to 1, NESTED.
    nside : int
    bin_edges : ndarray, shape (n_bins + 1,)
        EeV.

    Returns
    -------
    MapStack
    """
    n_bins = source.shape[1]
    values = np.full((n_bins + 1, len(source)), np.nan, np.float32)
    np.divide(source.sum(1), isotropic.sum(1), out=values[0], where=isotropic.sum(1) > 0, casting="unsafe")
    share = np.divide(source.sum(0), isotropic.sum(0), out=np.zeros(n_bins), where=isotropic.sum(0) > 0)
    expected = isotropic.T * np.where(share > 0, share, 1.0)[:, None]
    np.divide(source.T, expected, out=values[1:], where=expected > 0, casting="unsafe")
    return MapStack(values, nside, np.asarray(bin_edges), "× isotropic", "density relative to isotropy")


def event_counts(ipix, bins, nside, bin_edges):
    """Make the maps of the number of events in each pixel.

    Parameters
    ----------
    ipix, bins : ndarray of int, shape (n_events,)
        NESTED pixel and energy bin of each event.
    nside : int
    bin_edges : ndarray, shape (n_bins + 1,)
        EeV.

    Returns
    -------
    MapStack
    """
    n_bins, npix = len(bin_edges) - 1, 12 * nside**2
    values = np.zeros((n_bins + 1, npix), np.float32)
    np.add.at(values, (np.asarray(bins, np.intp) + 1, ipix), 1)
    np.add.at(values, (0, ipix), 1)
    return MapStack(values, nside, np.asarray(bin_edges), "events", "events per pixel", discrete=True)


@dataclass(frozen=True)
class EventDots:
    """Events as a sky view draws them; arrays of shape (n_events,).

    Attributes
    ----------
    glon, glat : ndarray
        Degrees.
    energy : ndarray
        EeV.
    bin : ndarray of int
    is_source : ndarray of bool
    """

    glon: np.ndarray
    glat: np.ndarray
    energy: np.ndarray
    bin: np.ndarray
    is_source: np.ndarray

    def __len__(self):
        return len(self.energy)

    @cached_property
    def plane(self):
        """Where they lie in the Mollweide plane: x and y."""
        return project(self.glon, self.glat)

    def of_bin(self, number):
        """Return the events of one bin; all for None."""
        if number is None:
            return self
        chosen = self.bin == number
        return EventDots(*(getattr(self, f.name)[chosen] for f in fields(self)))


@dataclass(frozen=True)
class ColourScale:
    """How values become colours: ``kind`` of :data:`SCALES`, from ``low`` to ``high``."""

    kind: str
    low: float
    high: float

    @classmethod
    def for_top(cls, kind, top, discrete=False):
        """Scale from zero to ``top``; the logarithmic one begins at half an event or :data:`DECADES` below."""
        if kind != "log":
            return cls(kind, 0.0, top)
        return cls(kind, min(0.5, top / 2) if discrete else top * 10**-DECADES, top)

    def fraction(self, values):
        """Position of values on the colour bar, 0 to 1; nan stays nan."""
        values = np.clip(values, self.low, self.high)
        if self.kind == "log":
            return np.log(values / self.low) / np.log(self.high / self.low)
        part = (values - self.low) / (self.high - self.low)
        return np.sqrt(part) if self.kind == "sqrt" else part

    def colour_indices(self, values):
        """Colour of each value as uint8: 0 to 254, and :data:`NO_VALUE` for nan."""
        fraction = self.fraction(values)
        missing = np.isnan(fraction)
        indices = (np.where(missing, 0.0, fraction) * (LEVELS - 1) + 0.5).astype(np.uint8)
        indices[missing] = NO_VALUE
        return indices

    def ticks(self, most=5, discrete=False):
        """Round values to write at the colour bar, the ends of the scale among them where they are round."""
        if self.kind == "log":
            powers = np.arange(np.ceil(np.log10(self.low) - 1e-9), np.floor(np.log10(self.high) + 1e-9) + 1)
            return 10.0**powers
        step = _round_step(self.high / (most - 1), discrete)
        ticks = np.arange(0, self.high * (1 + 1e-9), step)
        if self.kind == "sqrt" and len(ticks) > 1 and ticks[1] / self.high > 0.15 and not discrete:
            ticks = np.insert(ticks, 1, _round_step(ticks[1] / 5, False))
        return ticks


def _round_step(size, discrete):
    if discrete:
        size = max(size, 1.0)
    power = 10.0 ** np.floor(np.log10(size))
    step = power * next(m for m in (1, 2, 5, 10) if m * power >= size * (1 - 1e-9))
    return step
