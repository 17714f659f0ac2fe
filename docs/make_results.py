"""Write the tables of docs/results.md from a study and from verdicts on networks.

    python docs/make_results.py docs/results/table1.csv [VERDICT.json ...]

The study is the `eta_table.csv` of docs/results/table1.toml. Verdicts are what `evaluate` wrote; they are kept, in short, in
docs/results/networks.csv.
"""

import argparse
import csv
import json
import tomllib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PAGE, KEPT = FOLDER / "results.md", FOLDER / "results" / "networks.csv"
COLUMNS = ("source", "n_events", "statistic", "rays", "filters", "skies", "maps", "eta_min", "eta_low", "eta_high", "eta_limit", "digest")


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
                "skies": training["epochs"] * training["maps_per_epoch"],
            }
            rows.append({name: values.get(name) for name in COLUMNS})
    return rows


def network_table(rows):
    """Return the networks as Markdown."""
    lines = [
        "| source | N | network | rays | maps of the last convolution | training skies | test skies | η (68 %) in per cent | limit | ratio |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row['source']} | {row['n_events']} | `{row['statistic']}` | {row['rays']} | {row['filters']} | {int(row['skies']):,} | {int(row['maps']):,} | {interval(row)} | "
        f"{percent(row['eta_limit'])} | {_ratio(row['eta_min'], row['eta_limit'], 3)} |"
        for row in rows
    ]
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
    parser.add_argument("verdicts", type=Path, nargs="*", help="default: those that are kept")
    asked = parser.parse_args()
    if asked.verdicts:
        with open(KEPT, "w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(network_rows(asked.verdicts))
    page = replaced(PAGE.read_text(encoding="utf-8"), "table 1", study_table(rows_of(asked.study)))
    if KEPT.exists():
        page = replaced(page, "networks", network_table(rows_of(KEPT)))
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
