"""Galactic fields: planes with rays through them, and the images of a source."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.patheffects import withStroke

from ..units import SUN_DISTANCE
from .canvas import INK, LIMIT, NETWORK, PUBLISHED, SKY_COLOURS, label_axes, new_figure

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
    figure = new_figure(5.2 * len(planes) + 0.8, 5.0)
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
    figure = new_figure(6, 7)
    upper, middle, lower = figure.subplots(3, 1, sharex=True)
    rigidity = statistics.rigidity
    upper.plot(rigidity, statistics.n_images, color=NETWORK, drawstyle="steps-mid")
    label_axes(upper, "", f"images (≥ {100 * statistics.least_share:g} % of the flux)")
    for values, colour, text in (
        (statistics.offset, PUBLISHED, "centre to source"), (statistics.radius_68, LIMIT, "68 % of the flux"),
        (statistics.spread, NETWORK, "r.m.s. about the centre"),
    ):
        middle.plot(rigidity, values, color=colour, label=text)
    middle.legend(frameon=False, fontsize=8)
    label_axes(middle, "", "angle (°)")
    lower.plot(rigidity, np.where(statistics.magnification > 0, statistics.magnification, np.nan), color=NETWORK)
    lower.axhline(1, color=PUBLISHED, lw=0.8, ls=":")
    lower.set(xscale="log", yscale="log")
    label_axes(lower, "rigidity (EV)", "flux relative to no field")
    upper.set_title("\n".join(filter(None, (f"Images of {statistics.name}", field))), color=INK)
    return figure
