"""Tables of the window as columns of plain values, in the order of the rows that are shown: for CSV and LaTeX. No Qt here.

Each function returns ``(columns, comments)`` as :func:`zevatron.core.storage.tables.write_table` takes them. Fractions are 0 to 1.
"""

from ...core.settings import value_text

RUNS = "trainings; val_*: on validation skies, of the best epoch; eta_*: smallest detectable fraction (0..1) of source events on test skies"
SOURCES = (
    "eta: fraction (0..1) of the detected events that fits best, eta_low and eta_high its interval, eta_upper its upper limit; "
    "local_p: share of isotropic skies that score as high; *_any_scale: whatever the energy scale is, within its error"
)
CELLS = "cells of a study; eta_*: smallest detectable fraction (0..1) of source events with its 68 % interval"


def run_columns(rows):
    """Make the table of trainings.

    Parameters
    ----------
    rows : sequence of RunRow
    """
    entries = [row.entry for row in rows]
    return {
        "run": [entry.name for entry in entries], "state": [row.state for row in rows], "place_in_queue": [row.place for row in rows],
        "network": [entry.config.network.kind for entry in entries], "source": [entry.source for entry in entries],
        "n_events": [entry.n_events for entry in entries], "field": [entry.config.field.model for entry in entries],
        "epochs": [row.epoch for row in rows], "most_epochs": [entry.config.training.epochs for entry in entries],
        "val_accuracy": [entry.accuracy for entry in entries], "val_eta": [entry.eta for entry in entries],
        "eta_test": [entry.eta_test for entry in entries], "eta_limit": [entry.limit for entry in entries],
        "ratio_to_limit": [entry.eta_test / entry.limit if entry.eta_test and entry.limit else None for entry in entries],
        "seed": [entry.config.seed for entry in entries], "digest": [entry.config.digest for entry in entries],
    }, [RUNS]


def source_columns(observation):
    """Make the table of the sources that measured events were tested for.

    Parameters
    ----------
    observation : Observation
    """
    findings, level = observation.findings.sources, observation.findings.sources[0].eta
    columns = {
        "source": [f.source for f in findings], "statistic": [f.statistic for f in findings], "score": [f.score for f in findings],
        "local_p": [f.local_p for f in findings], "local_z": [f.local_z for f in findings],
        "eta": [f.eta.best for f in findings], "eta_low": [f.eta.low for f in findings], "eta_high": [f.eta.high for f in findings],
        "eta_upper": [f.eta.upper for f in findings], "expected_upper": [f.expected_upper for f in findings],
        "eta_flux": [f.flux["best"] for f in findings], "eta_flux_upper": [f.flux["upper"] for f in findings],
    }
    if observation.shifted:
        scale = observation.with_scale()
        columns |= {f"eta_{end}_any_scale": [scale[f.source][end] for f in findings] for end in ("low", "high", "upper")}
    return columns, [
        SOURCES, f"{observation.selection.n_events} events, {observation.effort.skies} isotropic skies, interval of {level.level:g}, "
        f"upper limit of {level.upper_level:g}; global p over all sources {observation.findings.global_p:.6g}",
        f"digest {observation.config.digest}, seed {observation.config.seed}", *observation.notes,
    ]


def cell_columns(study, rows):
    """Make the table of the cells of a study.

    Parameters
    ----------
    study : Study
    rows : sequence of CellRow
    """
    columns = {
        "cell": [row.cell.folder_name for row in rows], "state": [row.state for row in rows], "statistic": [row.cell.statistic for row in rows],
        "source": [row.source for row in rows], "n_events": [row.n_events for row in rows],
    }
    columns |= {
        key: ["" if key not in row.cell.axes else value_text(row.cell.axes[key]) for row in rows]
        for key in study.axes if key not in ("sources.names", "events.n_events")
    }
    columns |= {name: [row.result.get(name) for row in rows] for name in ("eta_min", "eta_low", "eta_high", "eta_limit", "ratio_to_limit")}
    columns |= {"seconds": [row.report.state.seconds if row.state == "done" else None for row in rows], "error": [row.error for row in rows]}
    return columns, [CELLS, f"digest of the base run {study.base.digest}, seed {study.base.seed}"]
