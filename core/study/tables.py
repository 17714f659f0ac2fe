"""Tables of the smallest detectable fraction: CSV, LaTeX and HDF5."""

from pathlib import Path

from ..published import published_eta
from ..storage.files import write_text
from ..storage.provenance import stamp
from ..storage.tables import latex_text, write_table
from .grid import LIKELIHOOD_RATIO

TABLE_COLUMNS = (
    "source", "n_events", "statistic", "eta_min", "eta_low", "eta_high", "eta_flux", "eta_limit", "ratio_to_limit", "alpha", "alpha_checked",
    "beta", "auc", "rays",
)


def is_axis(key):
    """Whether a column tells runs apart: the values of a setting, or ``run`` where there are several."""
    return "." in key or key in ("seed", "run")


def eta_columns(rows):
    """Turn result rows into columns of the eta table, the published values beside ours."""
    axes = [key for key in rows[0] if is_axis(key)]
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
    write_text(folder / f"{name}.tex", eta_latex(rows))
    _write_eta_hdf5(folder / f"{name}.h5", config, columns)


def _write_eta_hdf5(path, config, columns):
    import h5py
    import numpy as np

    from ..storage.hdf5 import replacing_hdf5

    with replacing_hdf5(path) as file:
        stamp(file, config)
        for name, values in columns.items():
            if any(isinstance(value, str) for value in values):
                file.create_dataset(name, data=["" if value is None else str(value) for value in values], dtype=h5py.string_dtype())
            else:
                file.create_dataset(name, data=np.array([np.nan if value is None else value for value in values], float))


def eta_latex(rows):
    """Return a LaTeX table like the paper's Table 1: sources in rows, N in columns, per cent.

    Published values stand in round brackets, ratios to the limit in square ones.
    """
    numbers = sorted({row["n_events"] for row in rows})
    axes = [key for key in rows[0] if is_axis(key)]
    lines = [
        r"\begin{tabular}{ll" + "l" * len(axes) + "r" * len(numbers) + "}", r"\hline",
        " & ".join(["Source", "Statistic", *map(latex_text, axes), *(f"$N={n}$" for n in numbers)]) + r" \\",
        r"\hline",
    ]
    groups = {}
    for row in rows:
        groups.setdefault((row["source"], row["statistic"], *("" if row[a] is None else str(row[a]) for a in axes)), {})[row["n_events"]] = row
    for (source, statistic, *values), by_number in groups.items():
        cells = [_latex_cell(by_number.get(n)) for n in numbers]
        lines.append(" & ".join([*map(latex_text, (source, statistic, *values)), *cells]) + r" \\")
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
