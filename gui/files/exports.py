"""Pictures and tables for papers and talks; written in the background from the same numbers as on screen."""

import logging
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from ...core.search.folder import trial_columns
from ...core.sources import known_sources
from ..plots.drawn import drawing
from ..plots.field import LOWEST_MAGNIFICATION, magnification_top
from ..state.field import shown_field, which_of_several
from ..state.labels import label_of
from ..state.tables import cell_columns, run_columns, source_columns

LOG = logging.getLogger(__name__)
PICTURE, TABLE = ("png", "pdf", "svg"), ("csv", "tex")
FILTERS = {
    "png": "PNG (*.png)", "pdf": "PDF (*.pdf)", "svg": "SVG (*.svg)", "fits": "FITS (*.fits)", "h5": "HDF5 (*.h5)", "csv": "CSV (*.csv)",
    "tex": "LaTeX (*.tex)", "json": "JSON (*.json)",
}
OFFERS = (  # what, words, file name, formats
    ("sky", "Sky as picture…", "sky", PICTURE),
    ("sky", "Sky as HEALPix FITS…", "sky", ("fits",)),
    ("sky", "Densities as HDF5…", "sky", ("h5",)),
    ("field", "Field as picture…", "field", PICTURE),
    ("field", "Field, map, images and rays as table…", "field", TABLE),
    ("results", "Results as picture…", "results", PICTURE),
    ("results", "η table…", "eta_table", TABLE),
    ("events", "Measured events as picture…", "events", PICTURE),
    ("events", "Measured events as table…", "events", TABLE),
    ("sources", "Sources tested as table…", "sources", TABLE),
    ("events", "Test of measured events as JSON…", "events", ("json",)),
    ("training", "Training curves as picture…", "training", PICTURE),
    ("runs", "Trainings as table…", "trainings", TABLE),
    ("trials", "Trials of the search as table…", "trials", TABLE),
    ("cells", "Cells of the study as table…", "cells", TABLE),
)
NOTHING_YET = {  # first word of the kind: what to do
    "sky": "wait for the sky", "field": "open the Field tab first, which is computed when it is seen",
    "results": "wait for the answer or train a network", "training": "train a network",
    "events": "open an event list and test it", "sources": "open an event list and test it", "runs": "train a network",
    "trials": "begin or open a search", "cells": "make or open a study",
}


class Exports:
    """What can be written from what is on screen.

    Parameters
    ----------
    window : MainWindow
    """

    def __init__(self, window):
        self._window = window

    @staticmethod
    def offers():
        """Return ``(kind, words)`` of every export; a kind is what is written and the format that is proposed."""
        return [(f"{what}_{formats[0]}", words) for what, words, _, formats in OFFERS]

    def ask(self, kind):
        """Ask for a file name and write, in the format of the kind or another that is chosen with the name."""
        what, _, wanted = kind.rpartition("_")
        words, name, formats = next(offer[1:] for offer in OFFERS if offer[0] == what and wanted in offer[3])
        path = self._ask_path(words, name, (wanted, *(other for other in formats if other != wanted)))
        if path:
            self.write(kind, path)

    def ask_diagram(self, diagram):
        """Ask for a file name and write one diagram with the limits that it has on screen."""
        title = diagram.accessibleName() or "Diagram"
        path = self._ask_path(f"{title} as picture", title.lower().partition(":")[0].replace(" ", "_"), PICTURE)
        if path:
            self.write_diagram(diagram, path)

    def write_diagram(self, diagram, path):
        """Write one diagram in the background."""
        path, what = Path(path), drawing(diagram)
        self._window.jobs.submit(f"Export {path.name}", lambda progress: _save_drawing(path, what), lane="export", on_done=self._written)

    def _ask_path(self, words, name, formats):
        """Return the path that a person chose, with the ending of the chosen format where none was typed; empty for none."""
        filters = {FILTERS[format_]: format_ for format_ in formats}
        path, chosen = QFileDialog.getSaveFileName(
            self._window, words.rstrip("…"), str(Path.home() / f"{name}.{formats[0]}"), ";;".join(filters),
        )
        return path if not path or Path(path).suffix else f"{path}.{filters.get(chosen, formats[0])}"

    def write(self, kind, path):
        """Write one export in the background."""
        what = kind.rpartition("_")[0]
        work = getattr(self, f"_{what}")(Path(path))
        if work is None:
            self._window.messages.say(f"There is nothing to export yet; {NOTHING_YET[what]}.")
            return
        self._window.jobs.submit(f"Export {Path(path).name}", work, lane="export", on_done=self._written)

    @staticmethod
    def _written(paths):
        LOG.info("wrote %s", ", ".join(str(path) for path in paths))

    def _sky(self, path):
        controller = self._window.controller
        density, config, sources = controller.density, controller.config, known_sources(controller.config.sources)
        names = set(controller.sources()[1])
        if density is None:
            return None
        if path.suffix == ".fits":
            return lambda progress: _write_fits(path, density)
        if path.suffix == ".h5":
            return lambda progress: _write_densities(path, config, controller.densities)
        return lambda progress: _save(path, "sky_figure", density, [source for source in sources if source.name in names])

    def _field(self, path):
        """Write what the Field tab shows, each part as a file of its own: planes, map, images, rays."""
        explorer, config = self._window.field, self._window.controller.config
        name, which = label_of("field.model", shown_field(config).model), which_of_several(config)
        title = f"{name} ({which})" if which else name
        setup, sky, images, rays = explorer.setup, explorer.sky, explorer.images, tuple(explorer.rays)
        planes = list(setup.planes.values()) if setup is not None else []
        if not planes and sky is None and images is None:
            return None
        write = _write_field_tables if path.suffix in (".csv", ".tex") else _draw_field
        return lambda progress: write(path, title, planes, sky, images, rays)

    def _results(self, path):
        """Write the rows of the table that are shown, or the four diagrams as they are on screen, each as a file of its own."""
        results, controller = self._window.results, self._window.controller
        if not results.rows:
            return None
        if path.suffix in (".csv", ".tex"):
            return self._results_table(path, controller.config, controller.answers, self._window.library.runs)
        drawings = {name: drawing(pane.diagram, results.title) for name, pane in results.panes.panes.items()}
        return lambda progress: [
            written for name, what in drawings.items() for written in _save_drawing(_named(path, name), what)
        ]

    def _results_table(self, path, config, answers, runs):
        rows = self._window.results.rows
        own = [verdict for verdict in rows if verdict not in runs]
        cells = dict.fromkeys((verdict.source, verdict.n_events) for verdict in own)
        further = [found for cell in cells for found in answers.information(config, *cell).values()]
        notes = dict.fromkeys(f"{verdict.statistic}: {note}" for verdict in own if (note := answers.note(config, verdict)))
        names = {verdict: run.name for verdict, run in runs.items()}
        return lambda progress: _write_table(path, config, [*rows, *further], notes, names)

    def _events(self, path):
        return self._window.events.export(path)

    def _sources(self, path):
        observation = self._window.events.observation
        return None if observation is None else self._rows(path, source_columns(observation))

    def _runs(self, path):
        rows = self._window.monitor_view.model.rows
        return self._rows(path, run_columns(rows)) if rows else None

    def _trials(self, path):
        search, trials = self._window.search, self._window.search_view.model.rows
        return self._rows(path, trial_columns(search.plan, trials)) if trials else None

    def _cells(self, path):
        rows = self._window.study_view.model.rows
        return self._rows(path, cell_columns(self._window.study.study, rows)) if rows else None

    @staticmethod
    def _rows(path, table):
        """Write the rows of a table in the order that they have on screen."""
        return lambda progress: write_columns(path, *table)

    def _training(self, path):
        history = self._window.training.history
        if history is None or not len(history["epoch"]):
            return None
        return lambda progress: _save(path, "training_figure", history)


def write_columns(path, columns, comments):
    """Write a table in the format that the ending says, LaTeX or CSV; returns the paths written."""
    from ...core.storage.tables import write_latex, write_table

    (write_latex if path.suffix == ".tex" else write_table)(path, columns, comments)
    return [path]


def _named(path, part):
    return path.with_name(f"{path.stem}_{part}{path.suffix}")


def _save(path, figure, *arguments):
    from ...core import figures

    figures.save(getattr(figures, figure)(*arguments), path)
    return [path]


def _draw_field(path, name, planes, sky, images, rays):
    written = []
    if planes:
        written += _save(_named(path, "planes"), "planes_figure", planes, rays, name)
    if sky is not None:
        from ...core import figures

        title = f"{name}, R = {sky.deflection.rigidity:.3g} EV"
        colours = {"low": LOWEST_MAGNIFICATION, "high": magnification_top(sky.values), "scale": "log"}
        words = {"deflection": ("deflection (°)", {}), "magnification": ("magnification", colours)}
        label, options = words[sky.kind]
        target = _named(path, sky.kind)
        figures.save(figures.map_figure(sky.values, sky.nside, label, title=title, **options), target)
        written.append(target)
    if images is not None:
        written += _save(_named(path, "images"), "images_figure", images.statistics, name)
    return written


def _write_field_tables(path, name, planes, sky, images, rays):
    from ...core import field_views

    tables = []
    if planes:
        tables.append(("planes", field_views.plane_columns(planes)))
    if sky is not None and sky.magnification is None:
        tables.append(("deflection", field_views.deflection_columns(sky.deflection)))
    elif sky is not None:
        tables.append(("magnification", field_views.magnification_columns(sky.magnification)))
    if images is not None:
        tables.append(("images", field_views.image_columns(images.statistics)))
    if rays:
        tables.append(("rays", field_views.ray_columns(rays)))
    for part, columns in tables:
        rigidity = f", {sky.deflection.rigidity:.6g} EV" if part in ("deflection", "magnification") else ""
        write_columns(_named(path, part), columns, [f"{name}{rigidity}"])
    return [_named(path, part) for part, _ in tables]


def _write_fits(path, density):
    from ...core.sky_density.files import write_fits

    write_fits(path, density)
    return [path]


def _write_densities(path, config, densities):
    from ...core.sky_density.files import write_densities

    write_densities(path, config, densities)
    return [path]


def _save_drawing(path, what):
    from ...core import diagrams, figures

    figures.save(diagrams.drawing_figure(what), path)
    return [path]


def _write_table(path, config, verdicts, notes, names):
    """Write rows of results; ``names`` of runs stand in a column of their own if there are any."""
    from ...core.storage.files import replacing
    from ...core.storage.tables import write_table
    from ...core.study import eta_columns, eta_latex

    run = (lambda verdict: {"run": names.get(verdict, "on screen")}) if names else (lambda verdict: {})
    rows = [{**verdict.as_dict(), **run(verdict)} for verdict in verdicts]
    comments = [
        "smallest detectable source fraction eta (0..1) with its 68 % interval; statistics that begin with limit_ and the one of fixed "
        "number: the likelihood ratio with more or less knowledge",
        f"digest {config.digest}, seed {config.seed}",
        *notes,
    ]
    if path.suffix == ".tex":
        with replacing(path, "w", encoding="utf-8") as stream:
            what = "smallest detectable eta in per cent; published values in round brackets, ratios to the limit in square ones"
            stream.writelines(f"% {line}\n" for line in (what, *comments[1:]))
            stream.write(eta_latex(rows))
    else:
        write_table(path, eta_columns(rows), comments)
    return [path]
