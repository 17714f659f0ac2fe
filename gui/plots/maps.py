"""The numbers behind a sky view: one map with all bins and one for each energy bin. No Qt here."""

import math
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

LEVELS = 255  # colours of a map; the colour after them says "no value"
NO_VALUE = LEVELS
SCALES = ("linear", "sqrt", "asinh", "log")
DECADES = 3.0  # range of the logarithmic scale below its top
KNEE = 0.01  # of the top: below it the asinh scale is linear, above it logarithmic
LEAST_SIGNIFICANCE = 3.0  # at the ends of the colours, so that noise is not as bright as a find


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
    is_signed : bool
        Values on both sides of zero, which has the colour of the ground.
    """

    values: np.ndarray
    nside: int
    bin_edges: np.ndarray
    unit: str
    title: str
    discrete: bool = False
    is_signed: bool = False

    @cached_property
    def of_bins(self):
        """Rows of the bins alone, always the same array."""
        return self.values[1:]

    @cached_property
    def has_gaps(self):
        """Whether a pixel has no value."""
        return bool(np.isnan(self.values).any())

    @property
    def n_bins(self):
        """Number of energy bins."""
        return len(self.values) - 1

    @property
    def npix(self):
        """Number of pixels."""
        return self.values.shape[1]

    def top(self, rows):
        """Largest finite value of some rows, or largest distance from zero; 1 where all is empty."""
        largest = self._tops[rows].max()
        return float(largest) if largest > 0 else 1.0

    @cached_property
    def _tops(self):
        sizes = np.abs(self.values) if self.is_signed else self.values
        return np.max(sizes, axis=1, where=np.isfinite(sizes), initial=0.0)

    def scale(self, kind, top):
        """Colour scale of a kind that ends at ``top``."""
        if self.is_signed:
            top = max(top, LEAST_SIGNIFICANCE)
            return ColourScale("linear", -top, top)
        return ColourScale.for_top(kind, top, self.discrete)


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


def empty_sky(nside, bin_edges, unexposed=None):
    """Make the maps of a sky without anything, on which events are drawn.

    Parameters
    ----------
    nside : int
    bin_edges : ndarray, shape (n_bins + 1,)
        EeV.
    unexposed : ndarray of bool, shape (npix,), optional
        Pixels that the detector does not see, which have no value.

    Returns
    -------
    MapStack
    """
    values = np.zeros((len(bin_edges), 12 * nside**2), np.float32)
    if unexposed is not None:
        values[:, unexposed] = np.nan
    return MapStack(values, nside, np.asarray(bin_edges), "", "")


def event_counts(ipix, bins, nside, bin_edges, unexposed=None):
    """Make the maps of the number of events in each pixel.

    Parameters
    ----------
    ipix, bins : ndarray of int, shape (n_events,)
        NESTED pixel and energy bin of each event.
    nside : int
    bin_edges : ndarray, shape (n_bins + 1,)
        EeV.
    unexposed : ndarray of bool, shape (npix,), optional
        Pixels that the detector does not see; without events they have no value.

    Returns
    -------
    MapStack
    """
    n_bins, npix = len(bin_edges) - 1, 12 * nside**2
    values = np.zeros((n_bins + 1, npix), np.float32)
    np.add.at(values, (np.asarray(bins, np.intp) + 1, ipix), 1)
    np.add.at(values, (0, ipix), 1)
    if unexposed is not None:
        values[:, unexposed & (values[0] == 0)] = np.nan
    return MapStack(values, nside, np.asarray(bin_edges), "events", "events per pixel", discrete=True)


def significance(counts, isotropic, radius):
    """Make the maps of the significance of the events around each pixel.

    Parameters
    ----------
    counts : MapStack
        Of events, see :func:`event_counts`.
    isotropic : ndarray, shape (npix, n_bins)
        Density, NESTED.
    radius : float
        Of the top-hat, degrees.

    Returns
    -------
    MapStack
    """
    from ...core.statistics import significance_maps

    values = significance_maps(np.nan_to_num(counts.values[1:].T), isotropic, radius).astype(np.float32)
    title = f"Li\u2013Ma significance (\u03c3), {radius:g}\u00b0 top-hat"
    return MapStack(values, counts.nside, counts.bin_edges, "\u03c3", title, is_signed=True)


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
    probability : ndarray, optional
        To be from the source, 0 to 1; of measured events, once it is known.
    """

    glon: np.ndarray
    glat: np.ndarray
    energy: np.ndarray
    bin: np.ndarray
    is_source: np.ndarray
    probability: np.ndarray | None = None

    _last_places = None

    def __len__(self):
        return len(self.energy)

    @cached_property
    def vectors(self):
        """Galactic unit vectors, shape (n_events, 3)."""
        from ...core.sky import unit_vectors

        return unit_vectors(self.glon, self.glat)

    @cached_property
    def _by_bin(self):
        order = np.argsort(self.bin, kind="stable")
        return order, np.searchsorted(self.bin[order], np.arange(self.bin.max(initial=0) + 2))

    def indices_of(self, number):
        """Return which events lie in one bin."""
        order, first = self._by_bin
        return order[first[number]:first[number + 1]] if number + 1 < len(first) else order[:0]

    def of_bin(self, number):
        """Return the events of one bin; all for None."""
        if number is None:
            return self
        chosen = self.indices_of(number)
        return EventDots(*(None if (values := getattr(self, f.name)) is None else values[chosen] for f in fields(self)))

    def places(self, projection):
        """Return where they lie in a picture: u and v, nan where they are not seen; kept for the last projection."""
        if self._last_places is None or self._last_places[0] != projection:
            object.__setattr__(self, "_last_places", (projection, projection.place(self.vectors)))
        return self._last_places[1]


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
        """Position of values on the colour bar, 0 to 1, as a new array; nan stays nan."""
        part = np.clip(np.atleast_1d(values), self.low, self.high)
        if part.dtype.kind != "f":
            part = part.astype(float)
        if self.kind == "log":
            part /= self.low
            np.log(part, out=part)
            part /= math.log(self.high / self.low)
        elif self.kind == "asinh":
            part /= KNEE * self.high
            np.arcsinh(part, out=part)
            part /= math.asinh(1 / KNEE)
        else:
            part -= self.low
            part /= self.high - self.low
            if self.kind == "sqrt":
                np.sqrt(part, out=part)
        return part.reshape(np.shape(values))

    def colour_indices(self, values):
        """Colour of each value as uint8: 0 to 254, and :data:`NO_VALUE` for nan."""
        fraction = self.fraction(values)
        missing = np.isnan(fraction)
        has_missing = missing.any()
        if has_missing:
            fraction[missing] = 0.0
        fraction *= LEVELS - 1
        fraction += 0.5
        indices = fraction.astype(np.uint8)
        if has_missing:
            indices[missing] = NO_VALUE
        return indices

    def ticks(self, most=5, discrete=False):
        """Round values to write at the colour bar, the ends of the scale among them where they are round."""
        if self.kind == "log":
            powers = np.arange(np.ceil(np.log10(self.low) - 1e-9), np.floor(np.log10(self.high) + 1e-9) + 1)
            return 10.0**powers
        if self.kind == "asinh":
            decades = 10.0 ** np.arange(np.ceil(np.log10(KNEE * self.high)), np.floor(np.log10(self.high) + 1e-9) + 1)
            return np.insert(decades[decades >= 1] if discrete else decades, 0, 0.0)
        step = _round_step(self.high / 3 if self.low < 0 else self.high / (most - 1), discrete)
        ticks = np.arange(np.ceil(self.low / step - 1e-9), np.floor(self.high / step + 1e-9) + 1) * step + 0.0
        if self.kind == "sqrt" and len(ticks) > 1 and ticks[1] / self.high > 0.15 and not discrete:
            ticks = np.insert(ticks, 1, _round_step(ticks[1] / 5, False))
        return ticks


def _round_step(size, discrete):
    if discrete:
        size = max(size, 1.0)
    power = 10.0 ** np.floor(np.log10(size))
    step = power * next(m for m in (1, 2, 5, 10) if m * power >= size * (1 - 1e-9))
    return step
