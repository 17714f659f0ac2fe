"""Scores of counts maps, of ours and of others: which maps a network takes, reading them, scoring them in batches."""

import numpy as np

from ..errors import DamagedFileError, InputError
from ..progress import SILENT
from ..sky import nside_of

BATCH_PIXELS = 64 * 12288  # in one step: 64 maps of nside 32


def input_maps(network, name):
    """Return ``nside`` and ``n_bins`` of the counts maps that a network takes.

    Parameters
    ----------
    network : keras.Model
    name : str or Path
        What to call it in a message.

    Raises
    ------
    DamagedFileError
        If it does not lead from counts, (batch, npix, n_bins), to one number.
    """
    taken, given = network.input_shape, network.output_shape
    if not (isinstance(taken, tuple) and len(taken) == 3 and None not in taken[1:] and given == (None, 1)):
        raise DamagedFileError(
            f"{name}: expected a network from (npix, n_bins) counts to one number, found one from {taken} to {given}; "
            "give the best.keras of a run folder"
        )
    try:
        return nside_of(taken[1]), taken[2]
    except InputError as error:
        raise DamagedFileError(f"{name}: {error}") from None


def read_maps(path):
    """Open an array of maps without reading it into memory.

    Parameters
    ----------
    path : path-like
        Of a ``.npy`` file of numbers, shape (n, npix) or (n, npix, n_bins), n at least 1.

    Returns
    -------
    numpy.memmap

    Raises
    ------
    InputError
        If there is no such file or it is not such an array. Pickled objects are never loaded.
    """
    try:
        maps = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # numpy reads the header as Python, which fails in many ways on what is none
        raise InputError(f"cannot read {path} as an array of numbers ({error}); write it with numpy.save") from None
    if not isinstance(maps, np.ndarray):
        raise InputError(f"{path}: expected one array, received an archive of several; write it with numpy.save")
    if maps.dtype.kind not in "iuf" or maps.ndim not in (2, 3) or not maps.size:
        raise InputError(
            f"{path}: expected counts of shape (n, npix) or (n, npix, n_bins), received {maps.dtype} of shape {maps.shape}"
        )
    return maps


def score_maps(network, maps, progress=SILENT):
    """Score counts maps made anywhere.

    Parameters
    ----------
    network : keras.Model
        From counts, (batch, npix, n_bins) in NESTED order, to one number.
    maps : ndarray, shape (n, npix) or (n, npix, n_bins)
        Counts in RING order, 0 or more. A network of one bin takes the sum over the bins of a map.
    progress : Progress, optional

    Returns
    -------
    ndarray of float32, shape (n,)
        What the network gives.

    Raises
    ------
    InputError
        If the network takes other maps, or a count is negative or not finite; the map is named.
    """
    import healpy as hp

    nside, n_bins = input_maps(network, network.name)
    npix = 12 * nside**2
    bins = 1 if maps.ndim == 2 else maps.shape[2]
    if maps.shape[1] != npix or n_bins not in (1, bins):
        wanted = f"(n, {npix}) or (n, {npix}, n_bins)" if n_bins == 1 else f"(n, {npix}, {n_bins})"
        raise InputError(f"expected maps of shape {wanted} for this network of nside {nside}, received {maps.shape}")
    ring_of_nested = hp.nest2ring(nside, np.arange(npix))
    size = min(max(BATCH_PIXELS // npix, 1), len(maps))
    scores = np.empty(len(maps), dtype=np.float32)
    batch = np.zeros((size, npix, n_bins), dtype=np.float32)  # the last one is filled up: every step has one shape
    for start in range(0, len(maps), size):
        counts = _checked(maps[start : start + size], start).reshape(-1, npix, bins)
        batch[: len(counts)] = (counts if bins == n_bins else counts.sum(axis=2, keepdims=True))[:, ring_of_nested]
        scores[start : start + len(counts)] = np.ravel(network.predict_on_batch(batch))[: len(counts)]
        progress.report("scoring", min(start + size, len(maps)), len(maps))
    return scores


def _checked(maps, first):
    """Return maps as float32; ``first`` is the number of the first one, for the message."""
    with np.errstate(over="ignore"):  # what does not fit is infinite, and named
        counts = np.asarray(maps, dtype=np.float32)
    bad = ~np.isfinite(counts) | (counts < 0)
    if bad.any():
        place = np.unravel_index(np.argmax(bad), bad.shape)
        raise InputError(
            f"map {first + place[0]}: expected counts of 0 or more, received {maps[place]:g} in pixel {place[1]}"
        )
    return counts
