"""Figures for papers and reports, drawn with matplotlib on its Agg canvas; no window is needed.

Two accents, as in the window: amber for the network, blue for the limit, grey
for published values.
"""

from collections import Counter
from pathlib import Path

import healpy as hp
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator, PercentFormatter

from .errors import InputError
from .exposure import declination_curve
from .files import replacing_path
from .observatory import UNIFORM, ObservatoryConfig
from .published import published_eta
from .sky import galactic_to_equatorial
from .sky_density.exposed import relative_exposure
from .statistics.registry import STATISTICS, label_of
from .units import SUN_DISTANCE

NETWORK, LIMIT, PUBLISHED, INK = "#c2571a", "#1769aa", "#667085", "#1b2130"
SKY_COLOURS = LinearSegmentedColormap.from_list(
    "paper_to_ink", ["#ffffff", "#fde3c0", "#f6a15f", "#d94f3d", "#8f2469", "#3b1357", "#0d0829"]
)
FORMATS = ("png", "pdf", "svg")


def _figure(width, height):
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure, path, dpi=160):
    """Write a figure as PNG, PDF or SVG, by the ending of ``path``."""
    kind = Path(path).suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise InputError(f"expected a file ending in .png, .pdf or .svg, received {path}")
    with replacing_path(path) as temporary:
        figure.savefig(temporary, format=kind, dpi=dpi, facecolor="white")


def _mollweide(values, nside, width):
    """Project a NESTED map, longitude growing to the left; NaN outside the sky."""
    projection = hp.projector.MollweideProj(xsize=width)
    return projection.projmap(values, lambda x, y, z: hp.vec2pix(nside, x, y, z, nest=True)), projection


def _draw_sky(axes, values, nside, width, norm, graticule=True):
    image, projection = _mollweide(values, nside, width)
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
    figure = _figure(10, 5.6 + 1.15 * rows)
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


SCALES = {"linear": Normalize, "log": LogNorm}


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
    figure = _figure(9, 5.2)
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
    figure = _figure(6, 4)
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
    _label(axes, "declination (°)", "exposure relative to the mean over the sky")
    axes.legend(frameon=False)
    return figure


def observed_figure(observation):
    """Draw measured events on the sky, a picture for each source, coloured by the probability to be from it.

    Parameters
    ----------
    observation : Observation
    """
    findings, selection = observation.findings.sources, observation.selection
    figure = _figure(9, 4.6 * len(findings))
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


ARROWS = 18  # along each axis of a plane
RAY_LINES = ((NETWORK, "-"), (LIMIT, "-"), (INK, "-"), (NETWORK, "--"), (LIMIT, "--"), (INK, "--"))


def planes_figure(planes, rays=(), title=""):
    """Draw strength and direction of a Galactic field in planes, and rays through the Galaxy.

    Parameters
    ----------
    planes : sequence of FieldPlane
    rays : sequence of Ray, optional
        Numbered from 1.
    title : str, optional
    """
    figure = _figure(5.2 * len(planes) + 0.8, 5.0)
    grid = np.atleast_1d(figure.subplots(1, len(planes)))
    top = max(float(np.nanmax(plane.strength)) for plane in planes) or 1.0
    for axes, plane in zip(grid, planes, strict=True):
        shown = _draw_plane(axes, plane, LogNorm(1e-3 * top, top))
        columns = [0, 1 if plane.plane == "xy" else 2]
        for number, ray in enumerate(rays):
            colour, style = RAY_LINES[number % len(RAY_LINES)]
            x, y = ray.points[:, columns].T
            halo = [withStroke(linewidth=3.5, foreground="white")]
            axes.plot(x, y, style, color=colour, lw=1.6, path_effects=halo)
            axes.annotate(str(number + 1), (x[-1], y[-1]), color=colour, ha="center", va="center", path_effects=halo)
    figure.colorbar(shown, ax=grid.tolist(), shrink=0.8, label="field strength (µG)")
    figure.suptitle(title, color=INK)
    return figure


def _draw_plane(axes, plane, norm):
    half, right, up = plane.half_width, *plane.plane
    strength = np.ma.masked_invalid(np.clip(plane.strength, norm.vmin, None))
    shown = axes.imshow(strength, origin="lower", extent=(-half, half, -half, half), cmap=SKY_COLOURS, norm=norm)
    places = np.round((np.arange(ARROWS) + 0.5) / ARROWS * len(plane.axis) - 0.5).astype(int)
    chosen = np.ix_(places, places)
    seen = plane.strength[chosen] > norm.vmin
    scale = np.where(seen, plane.strength[chosen], np.nan)
    axes.quiver(
        *np.meshgrid(plane.axis[places], plane.axis[places]), plane.right[chosen] / scale, plane.up[chosen] / scale, pivot="mid",
        scale=1.25 * ARROWS, width=0.0035, color="white", ec=INK, lw=0.4,
    )
    axes.plot(-SUN_DISTANCE, 0, "o", color=NETWORK, mec="white", ms=7)
    axes.annotate("Sun", (-SUN_DISTANCE, 0), xytext=(0, -14), textcoords="offset points", ha="center", color=INK,
                  path_effects=[withStroke(linewidth=2.5, foreground="white")])
    axes.set_xlabel(f"{right} (kpc)", color=INK)
    axes.set_ylabel(f"{up} (kpc)", color=INK)
    return shown


def images_figure(statistics, field=""):
    """Draw number, spread and magnification of a source's images against rigidity.

    Parameters
    ----------
    statistics : ImageStatistics
    field : str, optional
        What the field is called, for the title.
    """
    figure = _figure(6, 7)
    upper, middle, lower = figure.subplots(3, 1, sharex=True)
    rigidity = statistics.rigidity
    upper.plot(rigidity, statistics.n_images, color=NETWORK, drawstyle="steps-mid")
    _label(upper, "", f"images (≥ {100 * statistics.least_share:g} % of the flux)")
    for values, colour, text in (
        (statistics.offset, PUBLISHED, "centre to source"), (statistics.radius_68, LIMIT, "68 % of the flux"),
        (statistics.spread, NETWORK, "r.m.s. about the centre"),
    ):
        middle.plot(rigidity, values, color=colour, label=text)
    middle.legend(frameon=False, fontsize=8)
    _label(middle, "", "angle (°)")
    lower.plot(rigidity, np.where(statistics.magnification > 0, statistics.magnification, np.nan), color=NETWORK)
    lower.axhline(1, color=PUBLISHED, lw=0.8, ls=":")
    lower.set(xscale="log", yscale="log")
    _label(lower, "rigidity (EV)", "flux relative to no field")
    upper.set_title("\n".join(filter(None, (f"Images of {statistics.name}", field))), color=INK)
    return figure


def training_figure(history):
    """Draw loss and accuracy against the epoch; training thin, validation thick, the best epoch marked.

    Parameters
    ----------
    history : mapping of str to sequence
        Columns of ``history.csv``: ``epoch``, ``loss``, ``val_loss``, ``accuracy``, ``val_accuracy``.
    """
    figure = _figure(8, 3.4)
    epoch = np.asarray(history["epoch"])
    best = epoch[int(np.argmax(history["val_accuracy"]))]
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.plot(epoch, history[name], color=NETWORK, lw=0.9, alpha=0.7, label="training")
        axes.plot(epoch, history[f"val_{name}"], color=NETWORK, lw=2.2, label="validation")
        axes.axvline(best, color=PUBLISHED, lw=0.8, ls=":", label=f"best epoch {best:.0f}")
        _label(axes, "epoch", name)
        axes.legend(frameon=False)
    return figure


FEW_SKIES = 100
LINES = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))  # of several statistics in one colour: style, marker


def colour_of(statistic):
    """Return blue for the limit, ink for statistics that need no training and amber for every network."""
    return LIMIT if statistic == "likelihood_ratio" else INK if statistic in STATISTICS else NETWORK


def lines_of(statistics):
    """Return ``{statistic: (line style, marker)}``, so that those of one colour can be told apart."""
    found, used = {}, Counter()
    for statistic in sorted(set(statistics)):
        found[statistic] = LINES[used[colour_of(statistic)] % len(LINES)]
        used[colour_of(statistic)] += 1
    return found


def name_of(statistic):
    """Return how a statistic is called in a legend."""
    return "likelihood ratio (limit)" if statistic == "likelihood_ratio" else label_of(statistic)


def roc_figure(verdicts):
    """Draw the ROC of each verdict at its smallest detectable fraction, the false-positive rate on a log axis."""
    figure = _figure(5.2, 4.2)
    axes = figure.subplots()
    lines = lines_of(verdict.statistic for verdict in verdicts)
    for verdict in verdicts:
        if verdict.eta_min is None:
            continue
        label = f"{name_of(verdict.statistic)}, η = {100 * verdict.eta_min:.2f} %, AUC {verdict.auc:.4f}"
        style, _ = lines[verdict.statistic]
        axes.plot(verdict.roc_false_positive, verdict.roc_true_positive, style, color=colour_of(verdict.statistic), lw=1.8, label=label)
        _draw_poisson_errors(axes, verdict)
    if verdicts:
        axes.axvline(verdicts[0].alpha_requested, color=PUBLISHED, lw=0.8, ls=":")
        axes.axhline(1 - verdicts[0].beta_requested, color=PUBLISHED, lw=0.8, ls=":")
        axes.set_title(f"{verdicts[0].source}, N = {verdicts[0].n_events}", color=INK)
    axes.set_xscale("log")
    axes.set_xlim(1e-5, 1)
    axes.set_ylim(0, 1.01)
    _label(axes, "false-positive rate α", "power 1 − β")
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def _draw_poisson_errors(axes, verdict):
    """Shade the error of false-positive rates that rest on fewer than a hundred isotropic skies."""
    rate, error = verdict.roc_false_positive, verdict.roc_false_positive_error
    if len(error):
        few = (rate > 0) & (error > FEW_SKIES**-0.5 * rate)
        low, high = np.maximum(rate - error, 1e-9), rate + error
        axes.fill_betweenx(verdict.roc_true_positive[few], low[few], high[few], color=colour_of(verdict.statistic), alpha=0.25, lw=0)


def score_figure(verdict):
    """Draw the distributions of the score under isotropy and with the source, and the threshold."""
    figure = _figure(5.2, 3.6)
    axes = figure.subplots()
    for (edges, density), colour, label in (
        (verdict.null_histogram, PUBLISHED, "isotropy"), (verdict.signal_histogram, colour_of(verdict.statistic), "with the source")
    ):
        axes.stairs(density, edges, color=colour, fill=True, alpha=0.45, label=label)
    axes.axvline(verdict.threshold, color=INK, lw=0.9, ls="--", label=f"threshold at α ≤ {verdict.alpha_requested:g}")
    _label(axes, f"score: {name_of(verdict.statistic)}", "probability density")
    axes.legend(frameon=False)
    return figure


def eta_figure(rows):
    """Draw the smallest detectable fraction against N, with 68 % intervals and the published values.

    Parameters
    ----------
    rows : list of dict
        Entries of ``results`` in a ``result.json``.
    """
    sources = list(dict.fromkeys(row["source"] for row in rows))
    figure = _figure(4.6 * min(len(sources), 3), 3.6 * -(-len(sources) // 3))
    grid = figure.subplots(-(-len(sources) // 3), min(len(sources), 3), squeeze=False)
    for axes, source in zip(grid.flat, sources, strict=False):
        _draw_eta(axes, source, [row for row in rows if row["source"] == source and row["eta_min"] is not None])
    for axes in grid.flat[len(sources):]:
        axes.set_axis_off()
    return figure


def _draw_eta(axes, source, rows):
    lines = lines_of(row["statistic"] for row in rows)
    for statistic in dict.fromkeys(row["statistic"] for row in rows):
        style, marker = lines[statistic]
        chosen = sorted((row for row in rows if row["statistic"] == statistic), key=lambda row: row["n_events"])
        number = [row["n_events"] for row in chosen]
        eta = np.array([row["eta_min"] for row in chosen])
        low = np.array([row["eta_min"] if row["eta_low"] is None else row["eta_low"] for row in chosen])
        high = np.array([row["eta_min"] if row["eta_high"] is None else row["eta_high"] for row in chosen])
        axes.errorbar(number, eta, [np.clip(eta - low, 0, None), np.clip(high - eta, 0, None)], color=colour_of(statistic),
                      ls=style, marker=marker, ms=4, lw=1.6, capsize=2, label=name_of(statistic))
    for statistic, marker in (("bcnn", "x"), ("cnn", "*"), ("power_spectrum", "+")):
        published = [(n, published_eta(source, n).get(statistic)) for n in sorted({row["n_events"] for row in rows})]
        points = [(n, eta) for n, eta in published if eta is not None]
        if points:
            axes.plot(*zip(*points, strict=True), marker, color=PUBLISHED, ms=7, label=f"published, {name_of(statistic)}")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylim(bottom=0)
    axes.set_title(source, color=INK)
    _label(axes, "events N", "smallest detectable η")
    axes.legend(frameon=False, fontsize=8)


def _label(axes, x, y):
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.grid(alpha=0.25, lw=0.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


OBSERVATORY_NAMES = {"auger": "Auger", "telescope_array": "Telescope Array", "poemma": "POEMMA", "k_euso": "K-EUSO"}
SOURCE_LINES = ((LIMIT, "o"), (NETWORK, "s"), (INK, "^"), ("#2a9d6f", "D"), ("#8f2469", "v"), (PUBLISHED, "P"))  # colour, marker


def _draw_fractions(axes, rows, key):
    """Draw the smallest fraction of each source against one column, with 68 % intervals."""
    for number, source in enumerate(dict.fromkeys(row["source"] for row in rows)):
        colour, marker = SOURCE_LINES[number % len(SOURCE_LINES)]
        chosen = [row for row in rows if row["source"] == source and row["eta_min"] is not None]
        eta = np.array([row["eta_min"] for row in chosen])
        ends = [np.array([row["eta_min"] if row[name] is None else row[name] for row in chosen]) for name in ("eta_low", "eta_high")]
        axes.errorbar([row[key] for row in chosen], eta, [np.clip(eta - ends[0], 0, None), np.clip(ends[1] - eta, 0, None)],
                      color=colour, marker=marker, ms=4, lw=1.6, capsize=2, label=source)


def forecast_figure(document):
    """Draw the limit against N on logarithmic axes, and under it the years of each observatory.

    Parameters
    ----------
    document : dict
        As :func:`.forecast.run_forecast` returns it.
    """
    figure = _figure(7, 7.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    curve = document["curve"]
    _draw_fractions(upper, curve, "n_events")
    numbers = np.array(sorted({row["n_events"] for row in curve}), dtype=float)
    first = [row for row in curve if row["eta_min"] is not None]
    if first and len(numbers) > 1:
        middle = first[len([row for row in first if row["source"] == first[0]["source"]]) // 2]
        upper.plot(numbers, middle["eta_min"] * np.sqrt(middle["n_events"] / numbers), ":", color=PUBLISHED, lw=1, label="∝ 1/√N")
    upper.set(xscale="log", yscale="log")
    _percent_ticks(upper.yaxis)
    _label(upper, "", "smallest detectable η")
    upper.legend(frameon=False, fontsize=8)
    for number, (name, rate) in enumerate(document["rates"].items()):
        colour, _ = SOURCE_LINES[number % len(SOURCE_LINES)]
        lower.plot(numbers, numbers / rate, color=colour, lw=1.6, label=f"{OBSERVATORY_NAMES[name]}, {rate:.3g} events a year")
    lower.set(xscale="log", yscale="log")
    lower.xaxis.set_major_locator(FixedLocator(numbers))
    lower.xaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
    lower.xaxis.set_minor_locator(NullLocator())
    lower.yaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
    _label(lower, "events N", "years")
    lower.legend(frameon=False, fontsize=8)
    return figure


def _percent_ticks(axis):
    """Label a logarithmic axis of fractions in per cent, also between decades."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, place: f"{100 * value:g} %"))
    axis.set_minor_formatter(NullFormatter())


def sensitivity_figure(document):
    """Draw the limit against the energy uncertainty and against the bin width; ``document`` as of :func:`forecast_figure`."""
    parts = [
        (document[key], key, label)
        for key, label in (("resolution", "energy uncertainty ΔE/E"), ("bin_width", "bin width Δ_b in lg E"))
        if document[key]
    ]
    figure = _figure(4.6 * len(parts), 3.8)
    for axes, (rows, key, label) in zip(figure.subplots(1, len(parts), squeeze=False).flat, parts, strict=True):
        _draw_fractions(axes, rows, key)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_ylim(bottom=0)
        axes.set_title(f"N = {rows[0]['n_events']}", color=INK)
        _label(axes, label, "smallest detectable η")
        axes.legend(frameon=False, fontsize=8)
    return figure
