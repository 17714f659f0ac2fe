"""Skies: expected densities, any map, the exposure, measured events."""

import healpy as hp
import numpy as np
from matplotlib.colors import LogNorm, Normalize, PowerNorm
from matplotlib.patheffects import withStroke

from ..exposure import declination_curve
from ..observatory import UNIFORM, ObservatoryConfig
from ..sky import galactic_to_equatorial
from ..sky_density.exposed import relative_exposure
from .canvas import INK, LIMIT, NETWORK, PUBLISHED, SKY_COLOURS, label_axes, new_figure

SCALES = {"linear": Normalize, "log": LogNorm}


def mollweide(values, nside, width):
    """Project a NESTED map, longitude growing to the left; NaN outside the sky."""
    projection = hp.projector.MollweideProj(xsize=width)
    return projection.projmap(values, lambda x, y, z: hp.vec2pix(nside, x, y, z, nest=True)), projection


def _draw_sky(axes, values, nside, width, norm, graticule=True):
    image, projection = mollweide(values, nside, width)
    shown = axes.imshow(
        np.ma.masked_invalid(image), origin="lower", extent=(-2, 2, -1, 1), cmap=SKY_COLOURS, norm=norm, interpolation="nearest"
    )
    outline = np.linspace(0, 2 * np.pi, 361)
    axes.plot(2 * np.cos(outline), np.sin(outline), color=PUBLISHED, lw=0.6)
    if graticule:
        turn = np.linspace(-179.9, 179.9, 361)
        for glat in (-60, -30, 0, 30, 60):
            axes.plot(*projection.ang2xy(turn, np.full_like(turn, glat), lonlat=True), color=PUBLISHED, lw=0.4, alpha=0.5)
        for glon in (-120, -60, 0, 60, 120):
            rise = np.linspace(-90, 90, 181)
            axes.plot(*projection.ang2xy(np.full_like(rise, glon), rise, lonlat=True), color=PUBLISHED, lw=0.4, alpha=0.5)
    axes.set_axis_off()
    axes.set_aspect("equal")
    return shown, projection


def sky_figure(density, markers=()):
    """Draw the expected density of a source relative to isotropy: all bins together, and each bin.

    Parameters
    ----------
    density : SkyDensity
    markers : iterable of Source, optional
        Sources to mark by name.

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = 5
    rows = -(-density.n_bins // columns)
    figure = new_figure(10, 5.6 + 1.15 * rows)
    upper, lower = figure.subfigures(2, 1, height_ratios=[5.2, 1.15 * rows + 0.4])
    axes = upper.subplots()
    isotropic = density.isotropic.sum(axis=1)
    with np.errstate(invalid="ignore"):
        total = np.where(isotropic > 0, density.source.sum(axis=1) / isotropic, np.nan)
    shown, projection = _draw_sky(axes, total, density.nside, 1000, PowerNorm(0.5, 0, np.nanmax(total)))
    upper.colorbar(shown, ax=axes, shrink=0.75, label="density relative to isotropy (square-root scale)")
    _mark_sources(axes, projection, markers)
    axes.set_title(f"{density.name}: all energies, {density.bin_edges[0]:.0f}–{density.bin_edges[-1]:.0f} EeV", color=INK)
    per_bin = density.source.sum(axis=0)
    exposure = relative_exposure(density)[:, None]
    shares = density.source / np.where(per_bin > 0, per_bin, 1) * density.npix
    relative = np.divide(shares, exposure, out=np.full_like(shares, np.nan), where=exposure > 0)
    grid = np.atleast_2d(lower.subplots(rows, columns, squeeze=False))
    for index, panel in enumerate(grid.flat):
        panel.set_axis_off()
        if index < density.n_bins:
            _draw_sky(panel, relative[:, index], density.nside, 260, PowerNorm(0.5, 0, np.nanmax(relative)), graticule=False)
            low, high = density.bin_edges[index : index + 2]
            panel.set_title(f"{low:.0f}–{high:.0f} EeV", fontsize=8, pad=2, color=PUBLISHED)
    return figure


def _mark_sources(axes, projection, sources):
    halo = [withStroke(linewidth=2.5, foreground="white")]
    for source in sources:
        x, y = projection.ang2xy(source.glon, source.glat, lonlat=True)
        axes.plot(x, y, "o", mfc="none", mec=LIMIT, ms=7, clip_on=False, path_effects=halo)
        axes.annotate(source.name, (x, y), xytext=(6, 6), textcoords="offset points", color=LIMIT, fontsize=9, path_effects=halo)


def map_figure(values, nside, label, *, title="", scale="linear", low=0.0, high=None, markers=()):
    """Draw one map of the whole sky.

    Parameters
    ----------
    values : ndarray, shape (npix,)
        NESTED; nan stays white.
    nside : int
    label : str
        Of the colour bar, with the unit.
    title : str, optional
    scale : {"linear", "log"}
    low, high : float, optional
        Ends of the colours; by default from 0 to the largest value. The logarithmic scale needs ``low`` above 0.
    markers : iterable of Source, optional
        Sources to mark by name.
    """
    figure = new_figure(9, 5.2)
    axes = figure.subplots()
    top = float(np.max(values, where=np.isfinite(values), initial=0.0)) if high is None else high
    shown, projection = _draw_sky(
        axes, np.where(np.isnan(values), np.nan, np.clip(values, low, None)), nside, 1000, SCALES[scale](low, top or 1.0)
    )
    figure.colorbar(shown, ax=axes, shrink=0.7, label=label)
    _mark_sources(axes, projection, markers)
    axes.set_title(title, color=INK)
    return figure


def exposure_figure(observatory, sources=()):
    """Draw the relative exposure against declination, with that of each source.

    Parameters
    ----------
    observatory : ObservatoryConfig
    sources : iterable of Source, optional
    """
    figure = new_figure(6, 4)
    axes = figure.subplots()
    for config, colour, width in ((ObservatoryConfig(UNIFORM), PUBLISHED, 0.8), (observatory, NETWORK, 2.2)):
        axes.plot(*declination_curve(config), color=colour, lw=width, label=config.exposure.replace("_", " "))
    for source in sources:
        dec = galactic_to_equatorial(source.glon, source.glat)[1]
        axes.axvline(dec, color=LIMIT, lw=0.8, ls=":")
        axes.annotate(source.name, (dec, 0.98), xycoords=("data", "axes fraction"), xytext=(3, 0), textcoords="offset points",
                      rotation=90, va="top", color=LIMIT, fontsize=8)
    axes.set(xlim=(-90, 90), xticks=range(-90, 91, 30))
    axes.set_ylim(bottom=0)
    label_axes(axes, "declination (°)", "exposure relative to the mean over the sky")
    axes.legend(frameon=False)
    return figure


def observed_figure(observation):
    """Draw measured events on the sky, a picture for each source, coloured by the probability to be from it.

    Parameters
    ----------
    observation : Observation
    """
    findings, selection = observation.findings.sources, observation.selection
    figure = new_figure(9, 4.6 * len(findings))
    panels = np.atleast_1d(figure.subplots(len(findings), 1))
    size = 6 + 40 * (selection.energy / selection.energy.max()) ** 2
    for axes, density, finding in zip(panels, observation.densities, findings, strict=True):
        unseen = np.where(density.isotropic.any(axis=1), np.nan, 0.2)
        shade, projection = _draw_sky(axes, unseen, density.nside, 1000, Normalize(0, 1))
        shade.set_cmap("Greys")
        order = np.argsort(finding.posterior)
        x, y = projection.ang2xy(selection.glon[order], selection.glat[order], lonlat=True)
        drawn = axes.scatter(x, y, s=size[order], c=finding.posterior[order], cmap=SKY_COLOURS, norm=Normalize(0, 1), ec=INK, lw=0.5)
        figure.colorbar(drawn, ax=axes, shrink=0.75, label=f"probability to be from {finding.source}")
        axes.set_title(f"{finding.source}: {selection.n_events} events, local p-value {finding.local_p:.2g}", color=INK)
    return figure
