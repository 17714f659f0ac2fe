"""Make the networks in `resources/models/` again, with their cards: for each of the published sources our own and the BCNN.

    python docs/make_models.py [SOURCE ...] [--kind KIND] [--from FOLDER]

Each is trained from scratch in the scenario of the paper (default field, N = 300) by the commands of the command line and judged;
on one core about 5 minutes for a network. With `--from` the trainings in a folder
(`KEY-KIND` and `KEY-KIND.json`, as this script leaves them) are taken as they are; those that are missing there are made in it.
"""

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import main  # noqa: E402, F401  makes the checkout the package `zevatron`

FOLDER = ROOT / "resources" / "models"
N_EVENTS, FIELD = 300, "jf12"
SETTINGS = {  # of the run, by kind of network; the rest is the default
    "density_ratio": {
        "network.filters": 16, "training.threads": 1, "training.batch_size": 256, "training.epochs": 2,
        "training.maps_per_epoch": 100_000,
    },
    "bcnn": {
        "network.filters": 32, "training.threads": 1, "training.batch_size": 32, "training.precision": "bfloat16", "training.epochs": 4,
        "training.validation_maps": 4000, "test.maps": 10_000, "test.check_maps": 0,
    },
}


def run(*arguments):
    """Run one command of the command line."""
    subprocess.run([sys.executable, str(ROOT / "main.py"), *map(str, arguments)], check=True)


def train(source, key, kind, folder):
    """Train and judge a network in ``folder``."""
    settings = [part for name, value in {"network.kind": kind, **SETTINGS[kind]}.items() for part in ("--set", f"{name}={value}")]
    name = f"{key}-{kind}"
    scenario = folder / f"{name}.toml"
    run("new", "--out", scenario, "--source", source, "--field", FIELD, "--events", N_EVENTS)
    run("train", scenario, *settings, "--out", folder / name)
    run("evaluate", scenario, *settings, "--model", folder / name / "best.keras", "--out", folder / f"{name}.json")


def ship(key, kind, folder):
    """Copy a trained network and its verdict into the repository."""
    name = f"{key}-{FIELD}-N{N_EVENTS}-{kind}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / f"{key}-{kind}" / "best.keras", FOLDER / f"{name}.keras")
    shutil.copy(folder / f"{key}-{kind}.json", FOLDER / f"{name}.json")


def write_cards():
    """Write the table of all shipped networks from their records and verdicts."""
    from zevatron.core.network.files import read_record, shipped_models

    lines = []
    for path in shipped_models():
        record = read_record(path)
        found = next(r for r in json.loads(path.with_suffix(".json").read_text())["results"] if r["statistic"] == record["kind"])
        eta = f"{100 * found['eta_min']:.2f} ({100 * found['eta_low']:.2f} to {100 * found['eta_high']:.2f})"
        lines.append(
            f"| `{path.name}` | {record['source']} | {record['n_events']} | {eta} | {100 * found['eta_limit']:.2f} | "
            f"{found['ratio_to_limit']:.2f} | {record['epoch']} | {record['run']['seed']} | `{record['density']}` | {path.stat().st_size / 1e6:.1f} |"
        )
    (FOLDER / "README.md").write_text(CARD.format(rows="\n".join(lines), missing=missing()).rstrip() + "\n")


def missing():
    """Say which networks are not there."""
    from zevatron.core.sources import catalogue

    names = [source.name for source in catalogue() if source.published and not list(FOLDER.glob(f"{source.key}-*-bcnn.keras"))]
    return f"Missing: the BCNN for {', '.join(names)}; no graphics card was at hand, and two cores were short of time." if names else ""


CARD = """# Networks that come with Zevatron

Our own network (`density_ratio`, see [docs/network.md](../../docs/network.md)) for the published sources, and a BCNN (`bcnn`, Figure 1 of the paper with
32 maps of features in place of 76 and trained on 40,000 skies, not the paper's million) for those in the table. Default scenario: KKOS emission, JF12 with
its striated and turbulent parts (one realisation), Nside 32, 15 bins from 56 EeV, ΔE/E = 20 %. Trained from scratch, never started from the
template, by

    python docs/make_models.py

η and limit in per cent, at α = 0.01 and β = 0.05, both on the same skies, which are drawn from the same map as the training skies: that
the network may have learnt the sampling of that map is not excluded here (across halves of the rays: docs/network.md).

| file | source | N | η (68 %) | limit | ratio | best epoch | seed | data digest | MB |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

The JSON file beside each network is the verdict as `evaluate` wrote it, with settings and versions. In the window: *File › Shipped models*;
on the command line `evaluate RUN.toml --model resources/models/FILE.keras`.

{missing}
"""


def main_():
    """Make the networks asked for, or all."""
    from zevatron.core.config import RunConfig
    from zevatron.core.sources import catalogue, find_source

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", help="names; default: the published five")
    parser.add_argument("--kind", choices=SETTINGS, action="append", help="of network, may be repeated; default: all")
    parser.add_argument("--from", dest="folder", type=Path, help="folder of finished trainings")
    asked = parser.parse_args()
    assert RunConfig().field.model == FIELD
    sources = [find_source(name) for name in asked.sources] or [source for source in catalogue() if source.published]
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for source, kind in itertools.product(sources, asked.kind or SETTINGS):
            if not (folder / f"{source.key}-{kind}.json").exists():
                train(source.name, source.key, kind, folder)
            ship(source.key, kind, folder)
            write_cards()


if __name__ == "__main__":
    main_()
