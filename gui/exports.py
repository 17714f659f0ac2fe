"""Pictures and tables for papers and talks; written in the background from the same numbers as on screen."""

import logging
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from ..core.sources import known_sources

LOG = logging.getLogger(__name__)
OFFERS = {  # kind: words, file name, filter
    "sky_png": ("Sky as PNG…", "sky.png", "PNG (*.png)"),
    "sky_pdf": ("Sky as PDF…", "sky.pdf", "PDF (*.pdf)"),
    "sky_fits": ("Sky as HEALPix FITS…", "sky.fits", "FITS (*.fits)"),
    "sky_h5": ("Densities as HDF5…", "sky.h5", "HDF5 (*.h5)"),
    "results_png": ("Results as PNG…", "results.png", "PNG (*.png)"),
    "results_pdf": ("Results as PDF…", "results.pdf", "PDF (*.pdf)"),
    "results_csv": ("η table as CSV…", "eta_table.csv", "CSV (*.csv)"),
    "training_pdf": ("Training curves as PDF…", "training.pdf", "PDF (*.pdf)"),
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
        work = getattr(self, f"_{kind.rpartition('_')[0]}")(Path(path))
        if work is None:
            self._window.messages.say("There is nothing to export yet; wait for the answer or train a network.")
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

    def _results(self, path):
        verdicts = self._window.verdicts()
        if not verdicts:
            return None
        config = self._window.controller.config
        if path.suffix == ".csv":
            return lambda progress: _write_table(path, config, verdicts)
        shown = self._window.verdicts_at_screen()

        def work(progress):
            written = _save(_named(path, "roc"), "roc_figure", shown) if shown else []
            for verdict in shown:
                written += _save(_named(path, f"scores_{verdict.statistic}"), "score_figure", verdict)
            return written + _save(_named(path, "eta"), "eta_figure", [verdict.as_dict() for verdict in verdicts])

        return work

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


def _write_fits(path, density):
    from ..core.sky_density.files import write_fits

    write_fits(path, density)
    return [path]


def _write_densities(path, config, densities):
    from ..core.sky_density.files import write_densities

    write_densities(path, config, densities)
    return [path]


def _write_table(path, config, verdicts):
    from ..core.study import eta_columns
    from ..core.tables import write_table

    write_table(path, eta_columns([verdict.as_dict() for verdict in verdicts]), [
        "smallest detectable source fraction eta (0..1) with its 68 % interval",
        f"digest {config.digest}, seed {config.seed}",
    ])
    return [path]
