"""The report of what is on screen: results and training go to a process, which writes a PDF and a folder."""

import tempfile
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from ...core.study import result_document, write_result
from ..background.engine import run_command

SCENARIO = ("emission", "propagation", "field", "observatory", "energy", "sky")


def ask(window):
    """Ask where to, and write the report there, in a folder of its own."""
    path = QFileDialog.getExistingDirectory(window, "Where to put the report", str(Path.home()))
    if path:
        write(window, path)


def write(window, place):
    """Write the report of the run on screen into ``place``/report-DIGEST in the background."""
    config, verdicts = window.controller.config, window.verdicts()
    if not verdicts:
        window.messages.say("There is nothing to report yet; wait for the answer or train a network.")
        return
    target, training = Path(place) / f"report-{config.digest}", _training_of(window, config)

    def work(progress):
        with tempfile.TemporaryDirectory() as folder:
            result = Path(folder) / "result.json"
            write_result(result, result_document(config, verdicts))
            run_command(["report", result, "--out", target, *training], progress)
        return target / "report.pdf"

    def done(path):
        window.messages.say(f"The report is in {path}.")

    window.jobs.submit("Report", work, lane="export", on_done=done)


def _training_of(window, config):
    """Return the options that name the training on screen if it belongs to the scenario of the run."""
    folder, history = window.training.folder, window.training.history
    if folder is None or history is None or not len(history["epoch"]):
        return []
    trained = folder.config
    same = all(getattr(trained, part) == getattr(config, part) for part in SCENARIO)
    return ["--training", folder.path] if same else []
