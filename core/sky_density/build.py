"""From a run's configuration to its densities."""

from dataclasses import replace

import numpy as np

from ..progress import SILENT
from ..sources import selected_sources
from ..streams import random_stream
from .arrivals import expected_density, nuclei_in_cells, sampled_density
from .density import Losses, SkyDensity
from .energy_bins import bin_probabilities


def isotropic_density(energy, nside):
    """Density of isotropic events: uniform on the sky, the background's spectrum smeared like the source's.

    Returns
    -------
    density : ndarray, shape (npix, n_bins)
        Sums to 1; a view of one row.
    above : float
        Share above the last edge.
    """
    from ..emission.background import background_spectrum

    spectrum, above = bin_probabilities(*background_spectrum(energy.background), energy)
    npix = 12 * nside**2
    return np.broadcast_to(spectrum / npix, (npix, len(spectrum))), above


def sky_density(config, source, *, half=None, cache=None, progress=SILENT):
    """Compute the density of one source.

    Parameters
    ----------
    config : RunConfig
    source : Source
    half : {0, 1}, optional
        Only one half of the lens' rays, to see what their number does to a result.
    cache : Path, optional
        Folder of the caches of spectrum and lens.
    progress : Progress, optional

    Returns
    -------
    SkyDensity

    Raises
    ------
    NoEventsError
        If no nucleus arrives in the bins.
    """
    from ..lens import rigidity_grid, source_lens
    from ..propagation import CHARGES, propagated_spectrum
    from .samples import density_of_sample, is_sample, read_sample

    if is_sample(config.field):
        isotropic = isotropic_density(config.energy, config.sky.nside)
        return density_of_sample(config, source, read_sample(config.field.file), *isotropic, half)
    spectrum = propagated_spectrum(config.emission, config.propagation, source.distance, cache=cache, progress=progress)
    nuclei = nuclei_in_cells(spectrum, CHARGES, config.energy)
    grid = rigidity_grid(*config.energy.rigidity_range)
    lens = source_lens(source, config.field, config.sky, grid, cache=cache, progress=progress)
    return density_from_parts(config, source.name, source.key, nuclei, lens, half)


def density_from_parts(config, name, key, nuclei, lens, half=None):
    """Same as :func:`sky_density` from :class:`~.arrivals.Nuclei` and a :class:`~..lens.SourceLens` at hand."""
    arguments = (nuclei, lens, lens.sparse_density(half), config.energy, config.sky.normalisation)
    if config.energy.method == "sampled":
        source, losses = sampled_density(*arguments, random_stream(config.seed, f"nuclei {key}"))
    else:
        source, losses = expected_density(*arguments)
    isotropic, above = isotropic_density(config.energy, lens.nside)
    return SkyDensity(
        name, lens.nside, config.energy.bin_edges, source, isotropic, config.sky.normalisation,
        replace(losses, above_isotropic=above), key,
    )


def sky_densities(config, *, half=None, cache=None, progress=SILENT):
    """Compute the density of every source of a run, or of their mixture.

    Arguments and errors are those of :func:`sky_density`.

    Returns
    -------
    tuple of SkyDensity
        In the order of ``config.sources.names``; one only where ``config.sources.mixture`` is true.
    """
    densities = []
    sources = selected_sources(config.sources)
    for i, source in enumerate(sources):
        progress.report("sky densities", i, len(sources))
        densities.append(sky_density(config, source, half=half, cache=cache, progress=progress))
    progress.report("sky densities", len(sources), len(sources))
    if config.sources.mixture:
        return (mixture(densities, config.sources.shares or (1.0,) * len(densities)),)
    return tuple(densities)


def mixture(densities, shares):
    """Mix the sources of several densities.

    Parameters
    ----------
    densities : sequence of SkyDensity
        Of one configuration.
    shares : sequence of float
        Relative numbers of events.

    Returns
    -------
    SkyDensity
        Its losses are the shares' mean.
    """
    weights = np.asarray(shares, dtype=float) / np.sum(shares)
    losses = Losses(**{
        field: float(sum(w * getattr(d.losses, field) for w, d in zip(weights, densities, strict=True)))
        for field in Losses.__dataclass_fields__
    })
    return replace(
        densities[0],
        name=" + ".join(d.name for d in densities),
        key="+".join(d.key for d in densities),
        source=sum(w * d.source for w, d in zip(weights, densities, strict=True)),
        losses=losses,
    )
