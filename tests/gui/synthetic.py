"""Densities made in a moment: a Fisher blob that moves and widens with falling energy, as a field does."""

import numpy as np

from zevatron.core.sky import pixel_vectors, unit_vectors
from zevatron.core.sky_density import LensReport, SkyDensity
from zevatron.core.sources import selected_sources


def synthetic_density(config, source, concentration=120.0):
    """Return a SkyDensity of one source for the bins and pixels of a run."""
    edges, nside = config.energy.bin_edges, config.sky.nside
    middle = np.sqrt(edges[1:] * edges[:-1])
    falling = middle**-2.2
    falling /= falling.sum()
    pixels = pixel_vectors(nside)
    density = np.empty((len(pixels), len(middle)))
    for i, energy in enumerate(middle):
        centre = unit_vectors(source.glon - 1500 / energy, source.glat - 600 / energy)
        density[:, i] = np.exp(concentration * (energy / middle[0]) ** 1.2 * (pixels @ centre - 1))
    density *= falling / density.sum(axis=0)
    isotropic = np.broadcast_to(falling / len(pixels), density.shape)
    return SkyDensity(
        source.name, nside, edges, density / density.sum(), isotropic / isotropic.sum(), key=source.key,
        lens_reports=(synthetic_report(source.name),),
    )


def synthetic_report(name):
    """Return the report of a lens that dims the lowest of three rigidities."""
    shares = np.array([0.2, 0.3, 0.5])
    magnification = np.array([0.04, 0.5, 1.0])
    flux = shares * magnification
    rays = np.array([120.0, 2500.0, 6000.0])
    return LensReport(name, np.array([3.0, 10.0, 30.0]), magnification, rays, np.zeros(3), shares, flux / flux.sum())


def synthetic_densities(config, *, half=None, cache=None, progress=None):
    """Stand in for ``core.sky_density.sky_densities``."""
    sources = selected_sources(config.sources)
    for i, _ in enumerate(sources):
        if progress is not None:
            progress.report("sky densities", i + 1, len(sources))
    if config.sources.mixture:
        return (synthetic_density(config, sources[0]),)
    return tuple(synthetic_density(config, source) for source in sources)
