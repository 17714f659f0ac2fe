"""From a run's configuration to its densities.

A run may ask for several fields: realisations of the random part, or models. The true field is one unknown draw from
them, so the density of the run is the weighted mean of the densities through each: a mixture, each part of which sums
to 1 (the source's fraction of the events is given, whatever the field). Inside each part ``sky.normalisation`` decides
how its rigidities are weighed.

All this is the flux at the Earth. What the detector sees of it comes last, on the arrival directions.
"""

from dataclasses import replace

import numpy as np

from ..errors import NoEventsError
from ..exposure import exposure_map
from ..galactic_field.members import field_members, member_name
from ..progress import SILENT, StageProgress
from ..sources import selected_sources
from ..streams import random_stream
from .arrivals import expected_density, nuclei_in_cells, sampled_density
from .density import Losses, SkyDensity
from .energy_bins import bin_probabilities
from .exposed import exposed, require_in_view
from .lens_report import AveragedField, lens_report, mean_report


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
    """Compute the density of one source as the run's detector sees it, the mean over the fields of the run.

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
        If no nucleus arrives in the bins, whatever the field, or hardly any where the detector looks.
    """
    return exposed(flux_density(config, source, half=half, cache=cache, progress=progress), config.observatory)


def flux_density(config, source, *, half=None, cache=None, progress=SILENT):
    """Compute the density of one source at the Earth, before any detector; arguments as of :func:`sky_density`."""
    from ..lens import rigidity_grid, source_lens
    from ..propagation import CHARGES, propagated_spectrum
    from .samples import density_of_sample, is_sample, read_sample

    if is_sample(config.field):
        isotropic = isotropic_density(config.energy, config.sky.nside)
        return density_of_sample(config, source, read_sample(config.field.file), *isotropic, half)
    spectrum = propagated_spectrum(config.emission, config.propagation, source.distance, cache=cache, progress=progress)
    nuclei = nuclei_in_cells(spectrum, CHARGES, config.energy)
    grid = rigidity_grid(*config.energy.rigidity_range)

    def through(field, stage):
        lens = source_lens(source, field, config.sky, grid, cache=cache, progress=stage)
        return density_from_parts(config, source.name, source.key, nuclei, lens, half)

    return mean_over_fields(field_members(config.field), through, progress)


def density_from_parts(config, name, key, nuclei, lens, half=None):
    """Make the density of one source from :class:`~.arrivals.Nuclei` and the :class:`~..lens.SourceLens` of one field."""
    arguments = (nuclei, lens, lens.sparse_density(half), config.energy, config.sky.normalisation)
    if config.energy.method == "sampled":
        stream = f"nuclei {key}" if half is None else f"nuclei {key}, half {half}"  # halves have no nucleus in common
        source, losses = sampled_density(*arguments, random_stream(config.seed, stream))
    else:
        source, losses = expected_density(*arguments)
    isotropic, above = isotropic_density(config.energy, lens.nside)
    return SkyDensity(
        name, lens.nside, config.energy.bin_edges, source, isotropic, config.sky.normalisation,
        replace(losses, above_isotropic=above), key, (lens_report(name, nuclei, lens, config.energy),),
    )


def mean_over_fields(members, density_through, progress=SILENT):
    """Average the density of one source over fields.

    Parameters
    ----------
    members : sequence of (FieldConfig, float)
        Single fields and their weights, as from :func:`~..galactic_field.members.field_members`.
    density_through : callable
        ``density_through(field, progress)`` returns the :class:`SkyDensity` through one field.
    progress : Progress, optional

    Returns
    -------
    SkyDensity
        Its losses and its report are the weighted means. A field in which nothing arrives is left out, the other
        weights are raised in proportion, and the report names it.

    Raises
    ------
    NoEventsError
        If nothing arrives in any of them.
    """
    first, mean, losses, reports, fields = None, 0.0, [], [], []
    for i, (field, weight) in enumerate(members, 1):
        name = member_name(field)
        stage = progress if len(members) == 1 else StageProgress(progress, f"{i}/{len(members)} {name}")
        try:
            density = density_through(field, stage)
        except NoEventsError as error:
            refusal = error
            fields.append(AveragedField(name, weight, arrives=False))
            continue
        first = first or density
        mean = mean + weight * density.source  # one by one: densities are large
        losses.append(density.losses)
        reports.append(density.lens_reports)
        fields.append(AveragedField(name, weight))
    if first is None:
        raise refusal
    weights = np.array([field.weight for field in fields if field.arrives])
    total = weights.sum()
    return replace(
        first, source=mean / total, losses=mean_losses(losses, weights / total),
        lens_reports=tuple(mean_report(same_source, weights / total, fields) for same_source in zip(*reports, strict=True)),
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
        densities.append(flux_density(config, source, half=half, cache=cache, progress=progress))
    progress.report("sky densities", len(sources), len(sources))
    if config.sources.mixture:
        weight = exposure_map(config.observatory, config.sky.nside)
        for density in densities:
            require_in_view(density, weight, config.observatory)
        if config.sources.has_free_shares:  # of the detected events, which is what a sky has
            parts = tuple(exposed(density, config.observatory) for density in densities)
            ratio = len(parts) / sum(1 / part.exposure_ratio for part in parts)  # each has its share of the detected events
            return (replace(mixture(parts, (1.0,) * len(parts)), parts=parts, exposure_ratio=ratio),)
        densities = [mixture(densities, config.sources.shares or (1.0,) * len(densities))]
    return tuple(exposed(density, config.observatory) for density in densities)


def mixture(densities, shares):
    """Mix the sources of several densities.

    Parameters
    ----------
    densities : sequence of SkyDensity
        Of one configuration.
    shares : sequence of float
        Relative numbers of events at the Earth.

    Returns
    -------
    SkyDensity
        Its losses are the shares' mean; it has the reports of all sources.
    """
    weights = np.asarray(shares, dtype=float) / np.sum(shares)
    return replace(
        densities[0],
        name=" + ".join(d.name for d in densities),
        key="+".join(d.key for d in densities),
        source=sum(w * d.source for w, d in zip(weights, densities, strict=True)),
        losses=mean_losses([d.losses for d in densities], weights),
        lens_reports=sum((d.lens_reports for d in densities), ()),
    )


def mean_losses(losses, weights):
    """Return the weighted mean of several :class:`~.density.Losses`; ``weights`` sum to 1."""
    return Losses(**{
        name: float(sum(w * getattr(part, name) for w, part in zip(weights, losses, strict=True)))
        for name in Losses.__dataclass_fields__
    })
