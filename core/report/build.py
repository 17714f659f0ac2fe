"""From what was computed to the report: pages, tables, pictures, commands, versions, digests and citations."""

import hashlib
import json
from pathlib import Path

from ..citations import bibtex, citations, plain
from ..config import RunConfig, differing_settings, run_toml, value_at
from ..figures import eta_figure, roc_figure, save, score_figure, sky_figure, training_figure
from ..progress import SILENT
from ..resources import PROGRAM
from ..sources import selected_sources
from ..storage.files import make_folder, replacing_path, write_text
from ..storage.provenance import versions
from ..storage.tables import write_table
from ..study import run_cells, verdict_from_entry, write_eta_tables
from .content import kind_of, read_content
from .pages import Pages

MOST_SKIES = 12  # pictures of the sky, and as many of ROC and of trainings: of large studies the first
SKY_PARTS = ("sources", "emission", "propagation", "field", "observatory", "energy", "sky")


def make_report(source, folder, *, training=None, progress=SILENT):
    """Write the report of a result.

    Parameters
    ----------
    source : path-like
        Folder of a training, of ``demo`` or of a study, or a result as JSON.
    folder : path-like
        Gets ``report.pdf`` and what it is made of.
    training : path-like, optional
        Folder of the training whose curves belong to a result given as JSON.
    progress : Progress, optional
        Skies that are not at hand are computed.

    Returns
    -------
    list of str
        Names of the files.

    Raises
    ------
    InputError, DamagedFileError, TrainingError
        If there is nothing to report or the folder cannot be written.
    """
    content = read_content(source, training)
    folder = make_folder(folder, "choose another --out")
    make_folder(folder / "figures", "choose another --out")
    return _Report(content, folder, progress).write()


def changed_settings(config):
    """Return ``(setting, value, default)`` of everything that differs from the published defaults, as text."""
    defaults = RunConfig()
    paths = differing_settings([config, defaults], but=("name",))
    return [(path, _text(value_at(config, path)), _text(value_at(defaults, path))) for path in paths]


def commands(content):
    """Return the lines that make the result again, run in the folder of the report."""
    if content.kind == "demo":
        return [f"{PROGRAM} demo --out demo"]
    if content.kind == "study":
        cells = {part.config.digest: part for part in content.parts}
        return [line for part in cells.values() for line in _commands_of(f"runs/{part.config.digest}.toml", part)]
    lines = [line for part in content.parts for line in _commands_of("run.toml", part)]
    if content.trainings and not any(line.startswith(f"{PROGRAM} train") for line in lines):
        lines.insert(0, f"{PROGRAM} train run.toml --out training")
    return list(dict.fromkeys(lines))


def _commands_of(run, part):
    lines = []
    stem = Path(run).stem
    for name in dict.fromkeys(row["statistic"] for row in part.rows):
        out = f"{stem}-{name.replace(':', '_')}.json"
        if kind_of(name) == "network":
            for cell, config in run_cells(part.config):
                narrow = f"--events {config.events.n_events[0]}"
                lines.append(f"{PROGRAM} train {run} {narrow} --set network.kind={name} --out training-{cell}-{name}")
                lines.append(f"{PROGRAM} evaluate {run} {narrow} --model training-{cell}-{name}/best.keras --out {cell}-{out}")
        elif name == "likelihood_ratio":
            lines.append(f"{PROGRAM} likelihood {run} --out {out}")
        elif name.startswith("limit_") or kind_of(name) == "limit":
            lines.append(f"{PROGRAM} likelihood {run} --information --out {stem}-information.json")
        else:
            lines.append(f"{PROGRAM} evaluate {run} --statistic {name} --out {out}")
    return list(dict.fromkeys(lines))


class _Report:
    def __init__(self, content, folder, progress):
        self.content, self.folder, self.progress = content, folder, progress
        self.config = content.parts[0].config if content.parts else content.config
        self.name = self.config.name or content.path.resolve().stem
        self.files, self.keys = [], citations(self.config, content.statistics)
        for part in content.parts[1:]:
            self.keys = tuple(dict.fromkeys([*self.keys, *citations(part.config, content.statistics)]))
        self.pages = Pages(f"Zevatron report: {self.name}, digest {self.config.digest}")

    def write(self):
        """Write all files; the list of their digests comes last."""
        self._runs()
        self._first_page()
        self._skies()
        self._verdicts()
        self._eta()
        self._trainings()
        self._how()
        with replacing_path(self._path("report.pdf")) as temporary:
            self.pages.write(temporary)
        digests = {name: hashlib.sha256((self.folder / name).read_bytes()).hexdigest() for name in self.files}
        self._text_file("SHA256SUMS", "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())))
        return self.files

    def _path(self, name):
        self.files.append(name)
        return self.folder / name

    def _text_file(self, name, text):
        write_text(self._path(name), text)

    def _picture(self, figure, name):
        """Write a figure by itself, before a page makes it larger."""
        for ending in ("png", "pdf"):
            save(figure, self._path(f"figures/{name}.{ending}"))

    def _runs(self):
        self._text_file("run.toml", run_toml(self.config))
        if self.content.kind == "study":
            (self.folder / "runs").mkdir(exist_ok=True)
            for config in {part.config.digest: part.config for part in self.content.parts}.values():
                self._text_file(f"runs/{config.digest}.toml", run_toml(config))
        changed = changed_settings(self.config)
        write_table(self._path("changed_settings.csv"), {
            name: [row[i] for row in changed] for i, name in enumerate(("setting", "value", "default"))
        }, [f"settings of run.toml that differ from the defaults, digest {self.config.digest}"])
        if self.content.parts:
            documents = [{"results": part.rows, "run": part.record} for part in self.content.parts]
            self._text_file("results.json", json.dumps(documents if len(documents) > 1 else documents[0], indent=1))

    def _first_page(self):
        config, content = self.config, self.content
        what = {"training": "A training", "demo": "The demonstration", "study": "A study", "result": "A result"}[content.kind]
        sources = [f"{s.name}: l = {s.glon:.2f}°, b = {s.glat:.2f}°, {s.distance:g} Mpc" for s in selected_sources(config.sources)]
        energy = config.energy
        scenario = [
            f"Emission {config.emission.model}; background light {config.propagation.ebl}; Galactic field {config.field.model}",
            f"Events above {energy.threshold:g} EeV, ΔE/E = {energy.resolution:g}, {energy.bin_count} bins of {energy.bin_width:g} in lg E; "
            f"isotropic spectrum {energy.background}",
            f"Exposure {config.observatory.exposure}; HEALPix Nside {config.sky.nside}; seed {config.seed}",
            f"Test: α ≤ {config.test.alpha:g}, β ≤ {config.test.beta:g}, {config.test.maps} skies of each kind",
        ]
        changed = [f"{path} = {value}   (default {default})" for path, value, default in changed_settings(config)]
        headlines = [_headline(row) for row in content.rows]
        more = [f"and {len(headlines) - 12} more in the table"] if len(headlines) > 12 else []
        self.pages.text(self.name if self.name else "Report", [
            (f"{what}: what came out", (headlines[:12] + more) or [f"The network has not been judged yet: {PROGRAM} evaluate"]),
            ("Sources", sources), ("Scenario", scenario),
            ("Settings that differ from the published defaults", changed or ["none"]),
            *([("Cells that failed", [f"{cell}: {why}" for cell, why in content.failed])] if content.failed else []),
        ])

    def _skies(self):
        from ..sky_density import sky_densities

        configs = [part.config for part in self.content.parts] or [self.config]
        distinct = {tuple(repr(getattr(config, part)) for part in SKY_PARTS): config for config in configs}
        seen, left_out = {}, 0
        for config in distinct.values():
            if len(seen) >= MOST_SKIES:
                left_out += 1
                continue
            for density in sky_densities(config, half=config.sky.events_half, progress=self.progress):
                seen.setdefault(density.digest, (density, config))
        for number, (density, config) in enumerate(seen.values(), 1):
            figure = sky_figure(density, selected_sources(config.sources))
            self._picture(figure, f"sky-{density.key}" if len(seen) == 1 else f"sky-{number}-{density.key}")
            notes = [
                f"Expected density of events from {density.name} relative to isotropy: all energies, and each bin.",
                f"Field {config.field.model}, exposure {config.observatory.exposure}.", str(density.losses) + ".",
            ]
            if left_out and number == len(seen):
                notes.append(f"{left_out} more runs of the study have skies that are not shown.")
            self.pages.picture(figure, f"The sky of {density.name}", notes)

    def _verdicts(self):
        cells = {}
        for part in self.content.parts:
            key = tuple(_text(value_at(part.config, path)) for path in ("energy", "field", "observatory"))
            for row in part.rows:
                cells.setdefault((row["source"], row["n_events"], key), []).append(verdict_from_entry(row, part.path))
        for number, ((source, n_events, _), verdicts) in enumerate(list(cells.items())[:MOST_SKIES], 1):
            shown = [verdict for verdict in verdicts if verdict.eta_min is not None]
            if not shown or (len(cells) > MOST_SKIES and len(shown) < 2):
                continue
            figure, name = roc_figure(shown), f"{''.join(source.split())}-N{n_events}-{number}"
            self._picture(figure, f"roc-{name}")
            notes = [_headline(verdict.as_dict()) for verdict in shown]
            notes.append("Dotted: requested errors. Each curve is taken at its own smallest detectable fraction.")
            self.pages.picture(figure, f"ROC: {source}, N = {n_events}", notes)
            judged = [verdict for verdict in shown if kind_of(verdict.statistic) == "network"] or shown[:1]
            scores = score_figure(judged[-1])
            self._picture(scores, f"scores-{name}")
            if kind_of(judged[-1].statistic) == "network":
                self.pages.picture(scores, f"Scores of {judged[-1].statistic}: {source}, N = {n_events}", [
                    f"Isotropic skies and skies with {100 * judged[-1].eta_min:.2f} % of the events from {source}.",
                    f"Missed: {100 * judged[-1].beta:.2f} %; false alarms: {100 * judged[-1].alpha:.2f} %.",
                ])

    def _eta(self):
        rows = self.content.rows
        if not rows:
            return
        write_eta_tables(self.folder, self.config, rows)
        self.files += ["eta_table.csv", "eta_table.tex", "eta_table.h5"]
        axes = [key for key in rows[0] if "." in key]
        if len({row["n_events"] for row in rows}) > 1 and not axes:
            figure = eta_figure(rows)
            self._picture(figure, "eta")
            self.pages.picture(figure, "Smallest detectable fraction against N")
        header = ["source", *(key.split(".")[-1] for key in axes), "N", "statistic", "η / %", "68 % interval", "flux / %", "of limit", "AUC"]
        self.pages.table("Smallest detectable fraction η", header, [
            [row["source"], *(str(row[key]) for key in axes), row["n_events"], row["statistic"], _percent(row["eta_min"]),
             f"{_percent(row['eta_low'])} – {_percent(row['eta_high'])}", _percent(row.get("eta_flux")),
             "–" if row.get("ratio_to_limit") is None else f"{row['ratio_to_limit']:.2f}", f"{row['auc']:.4f}"]
            for row in rows
        ], "η: smallest fraction of the detected events that the test sees with the requested errors; flux: the same in the flux at the Earth; "
           "of limit: ratio to the likelihood ratio on the same skies.")

    def _trainings(self):
        for number, folder in enumerate(self.content.trainings[:MOST_SKIES], 1):
            history, config = folder.history, folder.config
            name = "training" if len(self.content.trainings) == 1 else f"training-{number}"
            figure = training_figure(history)
            self._picture(figure, name)
            write_table(self._path(f"{name}.csv"), history, [f"digest {config.digest}, seed {config.seed}"])
            best = int(history["val_accuracy"].argmax())
            self.pages.picture(figure, f"Training of {config.network.kind}: {', '.join(config.sources.names)}, N = {config.events.n_events[0]}", [
                f"{len(history['epoch'])} epochs of {config.training.maps_per_epoch} skies; {history['seconds'].sum() / 60:.3g} minutes.",
                f"Best epoch {history['epoch'][best]}: validation accuracy {history['val_accuracy'][best]:.4f}, "
                f"AUC {history['val_auc'][best]:.4f}.",
                f"State: {folder.state.state}. {folder.state.device}",
            ])

    def _how(self):
        lines = commands(self.content)
        self._text_file("commands.sh", "\n".join(["#!/bin/sh", "# run in this folder; where main.py is named, that of Zevatron is meant", "set -e", *lines, ""]))
        records = [part.record for part in self.content.parts]
        made_by = records[0].get("versions", {}) if records else versions()
        provenance = {
            "digest": self.config.digest, "seed": self.config.seed, "field_seed": self.config.field.seed,
            "computed_with": made_by, "report_made_with": versions(),
            "results": [{"file": str(part.path), "digest": part.record.get("digest"), "seed": part.record.get("seed"),
                         "skies": sorted({row.get("skies", "") for row in part.rows})} for part in self.content.parts],
        }
        self._text_file("provenance.json", json.dumps(provenance, indent=1, ensure_ascii=False))
        self._text_file("citations.bib", bibtex(self.keys))
        shown = lines[:20] + ([f"and {len(lines) - 20} more in commands.sh"] if len(lines) > 20 else [])
        self.pages.text("How to make it again", [
            ("Commands", shown),
            ("Seeds and digests", [
                f"run {self.config.digest}, seed {self.config.seed}, seed of the random field {self.config.field.seed}",
                *(f"{part.path.name}: digest {part.record.get('digest')}" for part in self.content.parts[:8]),
                "SHA256SUMS: the digest of every file of this report",
            ]),
            ("Computed with", [", ".join(f"{name} {number}" for name, number in made_by.items())]),
        ])
        self.pages.text("What to cite", [
            ("As BibTeX: citations.bib", [f"[{key}] {plain(key)}" for key in self.keys])
        ])


def _percent(eta):
    return "–" if eta is None else f"{100 * eta:.2f}"


def _headline(row):
    found = "nothing detected" if row["eta_min"] is None else f"η = {_percent(row['eta_min'])} %"
    interval = "" if row["eta_low"] is None or row["eta_high"] is None else f" ({_percent(row['eta_low'])} to {_percent(row['eta_high'])} %)"
    return f"{row['source']}, N = {row['n_events']}, {row['statistic'].replace('_', ' ')}: {found}{interval}"


def _text(value):
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
