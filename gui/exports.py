"""Pictures and tables for papers and talks; written in the background from the same numbers as on screen."""

import logging
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from ..core.sources import known_sources
from .panels.labels import label_of
from .plots.field import LOWEST_MAGNIFICATION, magnification_top
from .state.field import shown_field, which_of_several

LOG = logging.getLogger(__name__)
OFFERS = {  # kind: words, file name, filter
    "sky_png": ("Sky as PNG…", "sky.png", "PNG (*.png)"),
    "sky_pdf": ("Sky as PDF…", "sky.pdf", "PDF (*.pdf)"),
    "sky_fits": ("Sky as HEALPix FITS…", "sky.fits", "FITS (*.fits)"),
    "sky_h5": ("Densities as HDF5…", "sky.h5", "HDF5 (*.h5)"),
    "field_png": ("Field as PNG…", "field.png", "PNG (*.png)"),
    "field_pdf": ("Field as PDF…", "field.pdf", "PDF (*.pdf)"),
    "field_csv": ("Field, map, images and rays as CSV…", "field.csv", "CSV (*.csv)"),
    "results_png": ("Results as PNG…", "results.png", "PNG (*.png)"),
    "results_pdf": ("Results as PDF…", "results.pdf", "PDF (*.pdf)"),
    "results_csv": ("η table as CSV…", "eta_table.csv", "CSV (*.csv)"),
    "events_csv": ("Measured events as CSV…", "events.csv", "CSV (*.csv)"),
    "events_json": ("Test of measured events as JSON…", "events.json", "JSON (*.json)"),
    "events_png": ("Measured events as PNG…", "events.png", "PNG (*.png)"),
    "events_pdf": ("Measured events as PDF…", "events.pdf", "PDF (*.pdf)"),
    "training_pdf": ("Training curves as PDF…", "training.pdf", "PDF (*.pdf)"),
}
NOTHING_YET = {  # first word of the kind: what to do
    "sky": "wait for the sky", "field": "open the Field tab first, which is computed when it is seen",
    "results": "wait for the answer or train a network", "training": "train a network",
    "events": "open an event list and test it",
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
        """Return ``(kind, words)`` of every export."""
        return [(kind, words) for kind, (words, _, _) in OFFERS.items()]

    def ask(self, kind):
        """Ask for a file name and write."""
        words, name, pattern = OFFERS[kind]
        path, _ = QFileDialog.getSaveFileName(self._window, words.rstrip("…"), str(Path.home() / name), pattern)
        if path:
            self.write(kind, path if Path(path).suffix else path + Path(name).suffix)

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
        write = _write_field_tables if path.suffix == ".csv" else _draw_field
        return lambda progress: write(path, title, planes, sky, images, rays)

    def _results(self, path):
        verdicts, answers = self._window.verdicts(), self._window.controller.answers
        if not verdicts:
            return None
        config = self._window.controller.config
        if path.suffix == ".csv":
            cells = dict.fromkeys((verdict.source, verdict.n_events) for verdict in verdicts)
            rows = [*verdicts, *(found for cell in cells for found in answers.information(config, *cell).values())]
            notes = dict.fromkeys(
                f"{verdict.statistic}: {note}" for verdict in verdicts if (note := answers.note(config, verdict))
            )
            return lambda progress: _write_table(path, config, rows, notes)
        shown = self._window.verdicts_at_screen()

        def work(progress):
            written = _save(_named(path, "roc"), "roc_figure", shown) if shown else []
            for verdict in shown:
                written += _save(_named(path, f"scores_{verdict.statistic.replace(':', '_')}"), "score_figure", verdict)
            return written + _save(_named(path, "eta"), "eta_figure", [verdict.as_dict() for verdict in verdicts])

        return work

    def _events(self, path):
        return self._window.events.export(path)

    def _training(self, path):
        history = self._window.training.history
        if history is None or not len(history["epoch"]):
            return None
        return lambda progress: _save(path, "training_figure", history)


def _named(path, part):
    return path.with_name(f"{path.stem}_{part}{path.suffix}")


def _save(path, figure, *arguments):
    from ..core import figures

    figures.save(getattr(figures, figure)(*arguments), path)
    return [path]


def _draw_field(path, name, planes, sky, images, rays):
    written = []
    if planes:
        written += _save(_named(path, "planes"), "planes_figure", planes, rays, name)
    if sky is not None:
        from ..core import figures

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
    from ..core import field_views
    from ..core.tables import write_table

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
        write_table(_named(path, part), columns, [f"{name}{rigidity}"])
    return [_named(path, part) for part, _ in tables]


def _write_fits(path, density):
    from ..core.sky_density.files import write_fits

    write_fits(path, density)
    return [path]


def _write_densities(path, config, densities):
    from ..core.sky_density.files import write_densities

    write_densities(path, config, densities)
    return [path]


def _write_table(path, config, verdicts, notes):
    from ..core.study import eta_columns
    from ..core.tables import write_table

    write_table(path, eta_columns([verdict.as_dict() for verdict in verdicts]), [
        "smallest detectable source fraction eta (0..1) with its 68 % interval; statistics that begin with limit_ and the one of fixed "
        "number: the likelihood ratio with more or less knowledge",
        f"digest {config.digest}, seed {config.seed}",
        *notes,
    ])
    return [path]
