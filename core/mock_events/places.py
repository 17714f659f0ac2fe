"""Directions and energies of events inside their pixel and bin."""

import healpy as hp
import numpy as np

FINEST_ORDER = 29  # pixels of 0.4 milliarcseconds, the finest that 64-bit indices reach


def event_directions(events, rng):
    """Draw a direction uniformly inside the pixel of each event.

    Parameters
    ----------
    events : MockEvents
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (n_maps, n_events, 3)
        Galactic unit vectors.
    """
    descendants = 4 ** (FINEST_ORDER - hp.nside2order(events.nside))
    finest = events.ipix.astype(np.int64) * descendants + rng.integers(descendants, size=events.ipix.shape)
    return np.stack(hp.pix2vec(2**FINEST_ORDER, finest, nest=True), axis=-1)


def event_energies(events, density, rng):
    """Draw a reconstructed energy inside the bin of each event.

    Inside a bin the number per ln E follows a power law through the neighbouring bins of the source's or of the
    isotropic spectrum (flat where a neighbour is empty).

    Parameters
    ----------
    events : MockEvents
    density : SkyDensity
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (n_maps, n_events)
        EeV.
    """
    slopes = np.stack([log_slopes(density.isotropic_spectrum), log_slopes(density.source_spectrum)])
    slope = slopes[events.is_source.astype(np.intp), events.bin]
    uniform = rng.random(events.ipix.shape)
    steep = np.abs(slope) > 1e-6
    safe = np.where(steep, slope, 1.0)
    position = np.where(steep, np.log1p(uniform * np.expm1(safe)) / safe, uniform)
    edges = np.log(density.bin_edges)
    return np.exp(edges[events.bin] + position * np.diff(edges)[events.bin])


def log_slopes(probability):
    """Change of ln(probability) from bin to bin at each bin, shape (n_bins,)."""
    if len(probability) < 2:
        return np.zeros(len(probability))
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.gradient(np.log(probability))
    return np.clip(np.where(np.isfinite(slopes), slopes, 0.0), -50.0, 50.0)
