"""Trainings and verdicts: learning curves, ROC, scores, the smallest detectable fraction."""

from collections import Counter

import numpy as np
from matplotlib.ticker import PercentFormatter

from ..published import published_eta
from ..statistics.registry import STATISTICS, label_of
from .canvas import INK, LIMIT, NETWORK, PUBLISHED, label_axes, new_figure

FEW_SKIES = 100
LINES = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))  # of several statistics in one colour: style, marker


def training_figure(history):
    """Draw loss and accuracy against the epoch; training thin, validation thick, the best epoch marked.

    Parameters
    ----------
    history : mapping of str to sequence
        Columns of ``history.csv``: ``epoch``, ``loss``, ``val_loss``, ``accuracy``, ``val_accuracy``.
    """
    figure = new_figure(8, 3.4)
    epoch = np.asarray(history["epoch"])
    best = epoch[int(np.argmax(history["val_accuracy"]))]
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.plot(epoch, history[name], color=NETWORK, lw=0.9, alpha=0.7, label="training")
        axes.plot(epoch, history[f"val_{name}"], color=NETWORK, lw=2.2, label="validation")
        axes.axvline(best, color=PUBLISHED, lw=0.8, ls=":", label=f"best epoch {best:.0f}")
        label_axes(axes, "epoch", name)
        axes.legend(frameon=False)
    return figure


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
    figure = new_figure(5.2, 4.2)
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
    label_axes(axes, "false-positive rate α", "power 1 − β")
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
    figure = new_figure(5.2, 3.6)
    axes = figure.subplots()
    for (edges, density), colour, label in (
        (verdict.null_histogram, PUBLISHED, "isotropy"), (verdict.signal_histogram, colour_of(verdict.statistic), "with the source")
    ):
        axes.stairs(density, edges, color=colour, fill=True, alpha=0.45, label=label)
    axes.axvline(verdict.threshold, color=INK, lw=0.9, ls="--", label=f"threshold at α ≤ {verdict.alpha_requested:g}")
    label_axes(axes, f"score: {name_of(verdict.statistic)}", "probability density")
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
    figure = new_figure(4.6 * min(len(sources), 3), 3.6 * -(-len(sources) // 3))
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
    label_axes(axes, "events N", "smallest detectable η")
    axes.legend(frameon=False, fontsize=8)
