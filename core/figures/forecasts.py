"""The limit to come: against N, years, energy uncertainty and bin width."""

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator, PercentFormatter

from .canvas import INK, LIMIT, NETWORK, PUBLISHED, label_axes, new_figure

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
    figure = new_figure(7, 7.2)
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
    label_axes(upper, "", "smallest detectable η")
    upper.legend(frameon=False, fontsize=8)
    for number, (name, rate) in enumerate(document["rates"].items()):
        colour, _ = SOURCE_LINES[number % len(SOURCE_LINES)]
        lower.plot(numbers, numbers / rate, color=colour, lw=1.6, label=f"{OBSERVATORY_NAMES[name]}, {rate:.3g} events a year")
    lower.set(xscale="log", yscale="log")
    lower.xaxis.set_major_locator(FixedLocator(numbers))
    lower.xaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
    lower.xaxis.set_minor_locator(NullLocator())
    lower.yaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
    label_axes(lower, "events N", "years")
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
    figure = new_figure(4.6 * len(parts), 3.8)
    for axes, (rows, key, label) in zip(figure.subplots(1, len(parts), squeeze=False).flat, parts, strict=True):
        _draw_fractions(axes, rows, key)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_ylim(bottom=0)
        axes.set_title(f"N = {rows[0]['n_events']}", color=INK)
        label_axes(axes, label, "smallest detectable η")
        axes.legend(frameon=False, fontsize=8)
    return figure
