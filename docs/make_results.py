"""Write the tables of docs/results.md from a study and from verdicts on networks.

    python docs/make_results.py docs/results/table1.csv [VERDICT.json ...]

The study is the `eta_table.csv` of docs/results/table1.toml. Verdicts are what `evaluate` wrote; they are kept, in short, in
docs/results/networks.csv, where each replaces an earlier one of the same run.
"""

import argparse
import csv
import json
import tomllib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PAGE, KEPT, PUBLISHED = FOLDER / "results.md", FOLDER / "results" / "networks.csv", FOLDER.parent / "resources" / "published_eta.csv"
COLUMNS = (
    "source", "n_events", "statistic", "rays", "resolution", "filters", "skies", "maps", "eta_min", "eta_low", "eta_high", "eta_limit", "digest",
)


def rows_of(path):
    """Return the rows of a table of the project; its first lines are comments."""
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(line for line in stream if not line.startswith("#")))


def percent(text, digits=2):
    """Return a fraction in per cent, a dash where there is none."""
    return f"{100 * float(text):.{digits}f}" if text not in ("", None) else "–"


def interval(row):
    """Return a fraction with its 68 % interval."""
    return f"{percent(row['eta_min'])} ({percent(row['eta_low'])} to {percent(row['eta_high'])})"


def study_table(rows):
    """Return Table 1 as Markdown: a line for each source and number of events."""
    lines = [
        "| source | N | likelihood ratio | D | D² | D, published | D, ours / published | CNN / BCNN, published | published BCNN / limit |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    cells = {}
    for row in rows:
        cells.setdefault((row["source"], row["n_events"]), {})[row["statistic"]] = row
    for (source, n_events), found in cells.items():
        limit, spectrum = found["likelihood_ratio"], found["power_spectrum"]
        known, bcnn = limit["published_power_spectrum"], limit["published_bcnn"]
        networks = f"{percent(limit['published_cnn'])} / {percent(bcnn)}" if bcnn else "–"
        lines.append(
            f"| {source} | {n_events} | {interval(limit)} | {interval(spectrum)} | {interval(found['power_spectrum_squared'])} | {percent(known, 0)} | "
            f"{_ratio(spectrum['eta_min'], known)} | {networks} | {_ratio(bcnn, limit['eta_min'])} |"
        )
    return "\n".join(lines)


def _ratio(over, under, digits=2):
    return f"{float(over) / float(under):.{digits}f}" if over and under else "–"


def network_rows(paths):
    """Return what is kept of verdicts, one row for each."""
    rows = []
    for path in paths:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        run = document["run"]
        settings = tomllib.loads(run["config"])
        training, test = settings["training"], settings["test"]
        for found in document["results"]:
            values = {
                **found, "digest": run["digest"], "filters": settings["network"]["filters"], "maps": test["maps"],
                "skies": training["epochs"] * training["maps_per_epoch"], "resolution": settings["energy"]["resolution"],
            }
            rows.append({name: "" if (value := values.get(name)) is None else str(value) for name in COLUMNS})
    return rows


def in_order(rows, sources):
    """Return the rows by network, rays, resolution, source (as in Table 1) and number of events; of one run the last."""
    rows = {tuple(row[name] for name in ("digest", "source", "n_events", "statistic")): row for row in rows}.values()
    return sorted(
        rows,
        key=lambda row: (row["statistic"], row["rays"] == "all", float(row["resolution"]), sources.index(row["source"]), int(row["n_events"])),
    )


def network_table(rows, published):
    """Return the networks as Markdown; ``published`` has the published fractions by source, number of events and network."""
    lines = [
        "| network | source | N | ΔE/E | rays | maps of the last convolution | training skies | test skies | η (68 %) in per cent | limit | "
        "ratio | published | ours / published |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        known = published.get((row["source"], row["n_events"], row["statistic"]))
        lines.append(
            f"| `{row['statistic']}` | {row['source']} | {row['n_events']} | {100 * float(row['resolution']):.0f} % | {row['rays']} | {row['filters']} | "
            f"{int(row['skies']):,} | {int(row['maps']):,} | {interval(row)} | {percent(row['eta_limit'])} | "
            f"{_ratio(row['eta_min'], row['eta_limit'], 3)} | {percent(known)} | {_ratio(row['eta_min'], known)} |"
        )
    return "\n".join(lines)


def replaced(page, name, table):
    """Return the page with the table of that name anew."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = page.partition(start)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{PAGE}: expected {start} and {end}")
    return f"{before}{start}\n\n{table}\n\n{end}{after}"


def main():
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("verdicts", type=Path, nargs="*", help="beside those that are kept")
    asked = parser.parse_args()
    study = rows_of(asked.study)
    networks = in_order(rows_of(KEPT) + network_rows(asked.verdicts), [row["source"] for row in study])
    with open(KEPT, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(networks)
    published = {(row["source"], row["n_events"], row["statistic"]): row["eta"] for row in rows_of(PUBLISHED)}
    page = replaced(PAGE.read_text(encoding="utf-8"), "table 1", study_table(study))
    PAGE.write_text(replaced(page, "networks", network_table(networks, published)), encoding="utf-8")


if __name__ == "__main__":
    main()
