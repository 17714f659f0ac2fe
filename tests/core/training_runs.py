"""Small runs that train in seconds: an invented source on a coarse sky."""

import healpy as hp
import numpy as np

from zevatron.core.config import run_config
from zevatron.core.sky_density import SkyDensity

NSIDE, N_BINS = 2, 3


def small_density(nside=NSIDE, n_bins=N_BINS, spread=20.0):
    """A Fisher-distributed source with a harder spectrum than the isotropic sky's."""
    centre = hp.ang2vec(40, 20, lonlat=True)
    cosine = np.stack(hp.pix2vec(nside, np.arange(12 * nside**2), nest=True), axis=-1) @ centre
    source = np.exp(spread * (cosine - 1))[:, None] * np.linspace(1, 0.3, n_bins)
    isotropic = np.ones((12 * nside**2, 1)) * np.linspace(1, 0.1, n_bins)
    edges = 56 * 10 ** (0.05 * np.arange(n_bins + 1))
    return SkyDensity("Cen A", nside, edges, source / source.sum(), isotropic / isotropic.sum())


def small_run(**values):
    """Configuration of a training of 3 epochs of 10 batches."""
    settings = {
        "sky__nside": NSIDE, "energy__n_bins": N_BINS, "network__filters": 6, "events__n_events": (50,),
        "training__epochs": 3, "training__maps_per_epoch": 640, "training__validation_maps": 600, "training__threads": 1,
    }
    return run_config("quick", **(settings | values))
