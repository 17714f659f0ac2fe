"""From configurations to tables of the smallest detectable fraction.

A run is a grid of cells, one for each source and number of events. A study is
a base run, axes of further settings and a list of statistics; each of its
cells is a folder with its own result, so that nothing is computed twice and
a failed cell does not stop the rest.
"""

import functools
import itertools
import json
import logging
import math
from dataclasses import dataclass, replace
from pathlib import Path

from .config import RunConfig, base_run, network_kinds, read_toml, run_toml, settings_of, with_values
from .documents import json_document, read_bytes
from .errors import CancelledError, ConfigError, DamagedFileError, InputError, UnknownNameError, ZevatronError
from .files import replacing
from .progress import SILENT, StageProgress
from .provenance import run_record, stamp
from .published import published_eta
from .sources import selected_sources
from .statistics.registry import STATISTICS
from .tables import write_table

LIKELIHOOD_RATIO = "likelihood_ratio"
MOST_CELLS = 10_000
log = logging.getLogger(__name__)


def grid_verdicts(config, judge, progress=SILENT):
    """Judge every source (or the mixture) and number of events of a run.

    Parameters
    ----------
    config : RunConfig
    judge : callable
        ``judge(config, template, density, n_events, progress=...)`` returns a :class:`~.statistics.Verdict` on skies of
        ``density``; ``template`` is what a statistic may know: the same, or across halves that of the other rays.
    progress : Progress, optional

    Returns
    -------
    tuple of Verdict
        Sources in the order of the run, numbers of events inside.
    """
    verdicts = []
    for template, density in template_pairs(config, progress=progress):
        for n_events in config.events.n_events:
            stage = StageProgress(progress, f"{density.name}, N = {n_events}")
            verdicts.append(judge(config, template, density, n_events, progress=stage))
    return tuple(verdicts)


def template_pairs(config, *, progress=SILENT):
    """Return ``(template, density)`` of every source of a run: what a statistic may know, what test skies are drawn from."""
    from .sky_density import sky_densities

    drawn = sky_densities(config, half=config.sky.events_half, progress=progress)
    known = sky_densities(config, half=config.sky.template_half, progress=progress) if config.sky.halves else drawn
    return tuple(zip(known, drawn, strict=True))


def likelihood_verdicts(config, progress=SILENT):
    """Return the likelihood-ratio limit of every cell of a run."""
    return statistic_verdicts(LIKELIHOOD_RATIO, config, progress)


def statistic_verdicts(name, config, progress=SILENT):
    """Return what a statistic of :data:`.statistics.registry.STATISTICS` reaches in every cell of a run."""
    from .statistics import limit_verdict
    from .statistics.registry import statistic_named

    if name == LIKELIHOOD_RATIO:
        return grid_verdicts(config, limit_verdict, progress)
    return beside_limits(config, functools.partial(statistic_named, name, config), progress)


def network_verdicts(config, model_path, progress=SILENT):
    """Return what a trained network reaches in every cell of a run, beside the limit on the same skies."""
    from .backend import load_backend

    load_backend(config.training.threads)
    from .training import NetworkStatistic

    network = NetworkStatistic(model_path)
    network.check_fits(config)
    return beside_limits(config, lambda template, n_events: network.on_skies_of(template), progress)


def beside_limits(config, statistic, progress=SILENT):
    """Judge ``statistic(template, n_events)`` in every cell of a run, the likelihood ratio on the same skies for ``eta_limit``."""
    from .statistics import limit_verdict, verdict

    def judge(config, template, density, n_events, progress):
        found = verdict(config, density, n_events, statistic(template, n_events), progress=progress)
        bare = with_values(config, {"test.bootstrap": 0, "test.check_maps": 0})
        limit = limit_verdict(bare, template, density, n_events, progress=progress)
        return replace(found, eta_limit=limit.eta_min)

    return grid_verdicts(config, judge, progress)


def result_document(config, verdicts):
    """Return the content of a ``result.json``: ``results`` and the ``run`` record."""
    return {"results": [verdict.as_dict() for verdict in verdicts], "run": run_record(config)}


def write_result(path, document):
    """Write a ``result.json``; a finished file is never left half written."""
    with replacing(path, "w", encoding="utf-8") as stream:
        json.dump(document, stream, indent=1, allow_nan=False)


def read_result(path):
    """Read a ``result.json``.

    Raises
    ------
    InputError, DamagedFileError
        If it cannot be read or is not a result.
    """
    try:
        document = json_document(read_bytes(path))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error}") from None
    except ValueError as error:
        raise DamagedFileError(f"{path} is not a complete JSON file ({error}); make it again") from None
    kinds = {"results": list, "run": dict}
    if not isinstance(document, dict) or not all(isinstance(document.get(name), kind) for name, kind in kinds.items()):
        raise DamagedFileError(f"{path}: expected a result of Zevatron with 'results' and 'run'")
    return document


def run_cells(config):
    """Split a run into its cells.

    Returns
    -------
    tuple of (str, RunConfig)
        A readable name fit for a folder, and the configuration with one source (or the mixture) and one N.
    """
    if config.sources.mixture:
        groups = [("mixture", config.sources.names)]
    else:
        groups = [(source.key, (source.name,)) for source in selected_sources(config.sources)]
    return tuple(
        (f"{key}_N{n_events}", with_values(config, {"sources.names": names, "events.n_events": (n_events,)}))
        for key, names in groups
        for n_events in config.events.n_events
    )


@dataclass(frozen=True)
class StudyCell:
    """One source, number of events and statistic of a study."""

    label: str
    config: RunConfig
    statistic: str
    axes: dict

    @property
    def folder_name(self):
        """Label and digest: unique and readable."""
        return f"{self.label}_{self.statistic}_{self.config.digest}"


@dataclass(frozen=True)
class Study:
    """A base run, further axes and the statistics to compare."""

    base: RunConfig
    axes: dict
    statistics: tuple

    def cells(self):
        """Return every cell; a mixture is one source."""
        cells = []
        for values in itertools.product(*self.axes.values()):
            point = dict(zip(self.axes, values, strict=True))
            config = with_values(self.base, {
                key: (value,) if key in ("sources.names", "events.n_events") and not isinstance(value, list) else value
                for key, value in point.items()
            })
            for (label, cell), statistic in itertools.product(run_cells(config), self.statistics):
                if statistic in network_kinds():
                    cell = with_values(cell, {"network.kind": statistic})
                cells.append(StudyCell(label, cell, statistic, point))
        return tuple(cells)


def read_study(path):
    """Read a study file.

    It holds ``statistics`` (a list of names of statistics and network kinds), a base run as ``base = "RUN.toml"`` or
    as a table ``[run]``, and optionally ``[axes]`` with lists of values by dotted setting.

    Raises
    ------
    InputError, ConfigError
        Naming the entry at fault.
    """
    data = read_toml(path)
    unknown = set(data) - {"statistics", "base", "run", "axes"}
    if unknown:
        raise ConfigError("no such entry in a study; expected statistics, base or run, axes", sorted(unknown)[0])
    base = base_run(data, Path(path).parent)
    known = (*STATISTICS, *network_kinds())
    statistics = data.get("statistics", [LIKELIHOOD_RATIO])
    if not isinstance(statistics, list) or not statistics:
        raise ConfigError(f"expected a list of {', '.join(known)}, received {statistics!r}", "statistics")
    for i, name in enumerate(statistics):
        if name not in known:
            raise UnknownNameError("statistic", str(name), known, f"statistics[{i}]")
    axes = data.get("axes", {})
    settings = [key for key, _ in settings_of()]
    if not isinstance(axes, dict):
        raise ConfigError(f"expected a table [axes], received {axes!r}", "axes")
    for key, values in axes.items():
        if key not in settings:
            raise ConfigError(f'no such setting; write it in quotes, as "energy.resolution"; known: {", ".join(settings)}', f"axes.{key}")
        if not isinstance(values, list) or not values:
            raise ConfigError(f"expected a list of values, received {values!r}", f"axes.{key}")
    points = math.prod(len(values) for values in axes.values())
    if points * len(statistics) > MOST_CELLS:
        raise ConfigError(f"expected at most {MOST_CELLS} points and statistics, received {points * len(statistics)}; give fewer values", "axes")
    study = Study(base, axes, tuple(statistics))
    study.cells()  # every cell must be a valid run before the first one starts
    return study


def run_study(study, folder, progress=SILENT):
    """Compute every cell that has no result yet, then write the tables.

    Parameters
    ----------
    study : Study
    folder : path-like
        Gets ``cells/`` and ``eta_table.csv``, ``.tex``, ``.h5``.
    progress : Progress, optional

    Returns
    -------
    dict
        ``done`` and ``failed``: lists of cell names; ``failed`` with its error.
    """
    folder = Path(folder)
    cells = study.cells()
    rows, failed = [], []
    for i, cell in enumerate(cells):
        progress.report("cells", i, len(cells))
        cell_folder = folder / "cells" / cell.folder_name
        try:
            cell_folder.mkdir(parents=True, exist_ok=True)
            document = _cell_result(cell, cell_folder, progress)
        except CancelledError:
            raise
        except ZevatronError as error:
            log.warning("cell %s failed: %s", cell.folder_name, error)
            with replacing(cell_folder / "error.txt", "w", encoding="utf-8") as stream:
                stream.write(f"{error}\n")
            failed.append({"cell": cell.folder_name, "error": str(error)})
            continue
        except OSError as error:
            raise InputError(f"cannot write {cell_folder}: {error.strerror}; choose a folder that can be written") from None
        (cell_folder / "error.txt").unlink(missing_ok=True)
        rows += [{"cell": cell.folder_name, **_axis_columns(cell.axes), **row} for row in document["results"]]
    progress.report("cells", len(cells), len(cells))
    if rows:
        write_eta_tables(folder, study.base, rows)
    return {"done": [cell.folder_name for cell in cells if cell.folder_name not in {f["cell"] for f in failed}], "failed": failed}


def _axis_columns(axes):
    return {key: json.dumps(v) if isinstance(v, list) else v for key, v in axes.items() if key not in ("sources.names", "events.n_events")}


def _cell_result(cell, folder, progress):
    result = folder / "result.json"
    if result.exists():
        try:
            document = read_result(result)
            if document["run"].get("digest") == cell.config.digest:
                return document
        except DamagedFileError as error:
            log.warning("%s", error)
    with replacing(folder / "run.toml", "w", encoding="utf-8") as stream:
        stream.write(run_toml(cell.config))
    if cell.statistic in STATISTICS:
        verdicts = statistic_verdicts(cell.statistic, cell.config, progress)
    else:
        from .training import train_blocking

        model = train_blocking(cell.config, folder / "training", progress=progress)
        verdicts = network_verdicts(cell.config, model, progress)
    document = result_document(cell.config, verdicts)
    write_result(result, document)
    return document


TABLE_COLUMNS = (
    "source", "n_events", "statistic", "eta_min", "eta_low", "eta_high", "eta_flux", "eta_limit", "ratio_to_limit", "alpha", "alpha_checked",
    "beta", "auc", "rays",
)


def eta_columns(rows):
    """Turn result rows into columns of the eta table, the published values beside ours."""
    axes = [key for key in rows[0] if "." in key]
    columns = {name: [row.get(name) for row in rows] for name in (*TABLE_COLUMNS[:3], *axes, *TABLE_COLUMNS[3:])}
    for statistic in ("bcnn", "cnn", "power_spectrum"):
        columns[f"published_{statistic}"] = [published_eta(r["source"], r["n_events"]).get(statistic) for r in rows]
    return columns


def write_eta_tables(folder, config, rows, name="eta_table"):
    """Write the eta table as CSV, LaTeX and HDF5 into ``folder``; fractions, 0 to 1 (per cent in LaTeX)."""
    folder = Path(folder)
    columns = eta_columns(rows)
    write_table(folder / f"{name}.csv", columns, [
        "smallest detectable source fraction eta (0..1) of the detected events with its 68 % interval; eta_flux: of the flux at the Earth; eta_limit: likelihood ratio on the same skies; "
        "published_*: see resources/published_eta.csv",
        f"digest {config.digest}, seed {config.seed}",
    ])
    with replacing(folder / f"{name}.tex", "w", encoding="utf-8") as stream:
        stream.write(eta_latex(rows))
    _write_eta_hdf5(folder / f"{name}.h5", config, columns)


def _write_eta_hdf5(path, config, columns):
    import h5py
    import numpy as np

    from .hdf5 import replacing_hdf5

    with replacing_hdf5(path) as file:
        stamp(file, config)
        for name, values in columns.items():
            if any(isinstance(value, str) for value in values):
                file.create_dataset(name, data=[str(value) for value in values], dtype=h5py.string_dtype())
            else:
                file.create_dataset(name, data=np.array([np.nan if value is None else value for value in values], float))


def eta_latex(rows):
    """Return a LaTeX table like the paper's Table 1: sources in rows, N in columns, per cent.

    Published values stand in round brackets, ratios to the limit in square ones.
    """
    numbers = sorted({row["n_events"] for row in rows})
    axes = [key for key in rows[0] if "." in key]
    lines = [
        r"\begin{tabular}{ll" + "l" * len(axes) + "r" * len(numbers) + "}", r"\hline",
        " & ".join(["Source", "Statistic", *(key.replace("_", r"\_") for key in axes), *(f"$N={n}$" for n in numbers)]) + r" \\",
        r"\hline",
    ]
    groups = {}
    for row in rows:
        groups.setdefault((row["source"], row["statistic"], *(str(row[a]) for a in axes)), {})[row["n_events"]] = row
    for (source, statistic, *values), by_number in groups.items():
        cells = [_latex_cell(by_number.get(n)) for n in numbers]
        lines.append(" & ".join([source, *(v.replace("_", r"\_") for v in (statistic, *values)), *cells]) + r" \\")
    return "\n".join([*lines, r"\hline", r"\end{tabular}", ""])


def _latex_cell(row):
    if row is None:
        return ""
    if row["eta_min"] is None:
        return "--"
    published = published_eta(row["source"], row["n_events"]).get(row["statistic"])
    ratio = row.get("ratio_to_limit")
    return (
        f"{100 * row['eta_min']:.2f}" + (f" ({100 * published:.2f})" if published else "")
        + (f" [{ratio:.2f}]" if ratio and row["statistic"] != LIKELIHOOD_RATIO else "")
    )
