"""A report holds what the result holds, whatever it is made from, and can be made again."""

import hashlib
import json
import re
import shlex
import shutil

import numpy as np
import pytest

from zevatron.core import citations
from zevatron.core.cli.parser import build_parser
from zevatron.core.config import read_run, run_config, run_toml, with_values
from zevatron.core.emission.registry import EMISSION_MODELS
from zevatron.core.errors import DamagedFileError, InputError
from zevatron.core.galactic_field.registry import FIELD_MODELS
from zevatron.core.network.registry import NETWORKS
from zevatron.core.observatory import EXPOSURES
from zevatron.core.report import make_report, read_content
from zevatron.core.report.build import commands
from zevatron.core.resources import resource_path
from zevatron.core.statistics.registry import STATISTICS
from zevatron.core.storage.tables import read_table
from zevatron.core.study import Study, likelihood_verdicts, result_document, run_study, write_result
from zevatron.core.training.run_folder import HISTORY, RunFolder

RUN = with_values(run_config("quick"), {
    "field.model": "none", "sky.nside": 8, "energy.bin_width": 0.25, "test.maps": 1000, "test.bootstrap": 10, "test.check_maps": 0,
    "events.n_events": (60,),
})


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("ZEVATRON_CACHE", str(tmp_path_factory.mktemp("cache")))
    path = tmp_path_factory.mktemp("made") / "limit.json"
    write_result(path, result_document(RUN, likelihood_verdicts(RUN)))
    yield path
    patch.undo()


def make_training(path, config=RUN, epochs=3):
    folder = RunFolder.create(path, config)
    folder.write_history([dict.fromkeys(HISTORY, 0.5) | {"epoch": i + 1, "val_accuracy": 0.6 + 0.01 * i} for i in range(epochs)])
    return folder


def pages_of(folder):
    content = (folder / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF") and content.rstrip().endswith(b"%%EOF")
    return len(re.findall(rb"/Type /Page\b", content))


def commands_of(folder):
    return [shlex.split(line)[2:] for line in (folder / "commands.sh").read_text().splitlines() if line.startswith("python")]


def test_result_alone_gives_everything(result, tmp_path):
    files = make_report(result, tmp_path / "report")
    found = tmp_path / "report"
    assert sorted(files) == sorted(str(path.relative_to(found)) for path in found.rglob("*") if path.is_file())
    assert {"report.pdf", "run.toml", "eta_table.csv", "eta_table.tex", "citations.bib", "figures/roc-CenA-N60-1.png"} <= set(files)
    assert pages_of(found) == 6  # scenario, sky, ROC, table, how to make it again, what to cite: no network, no curve
    document = json.loads(result.read_text())
    assert read_table(found / "eta_table.csv").floats("eta_min")[0] == document["results"][0]["eta_min"]
    assert read_run(found / "run.toml") == RUN
    changed = read_table(found / "changed_settings.csv")
    assert {"field.model", "sky.nside", "energy.bin_width"} <= set(changed.columns["setting"])
    for line in (found / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((found / name).read_bytes()).hexdigest() == digest
    assert json.loads((found / "provenance.json").read_text())["results"][0]["digest"] == RUN.digest


def test_commands_are_ones_that_the_command_line_knows_and_name_the_same_run(result, tmp_path, run_in):
    make_report(result, tmp_path / "report")
    (command,) = commands_of(tmp_path / "report")
    assert command[:2] == ["likelihood", "run.toml"]
    run_in(tmp_path / "report")(*command)
    again = json.loads((tmp_path / "report" / command[-1]).read_text())
    assert again["results"] == json.loads(result.read_text())["results"]


def test_training_brings_its_curves_and_its_result(result, tmp_path):
    folder = make_training(tmp_path / "trained")
    bare = make_report(folder.path, tmp_path / "bare")
    assert {"training.csv", "figures/training.png"} <= set(bare) and "eta_table.csv" not in bare
    shutil.copy(result, folder.path / "result.json")
    make_report(folder.path, tmp_path / "full")
    assert pages_of(tmp_path / "full") == pages_of(tmp_path / "bare") + 2  # ROC and table
    assert np.allclose(read_table(tmp_path / "full/training.csv").floats("val_accuracy"), folder.history["val_accuracy"])
    beside = read_content(result, folder.path)
    assert [run.path for run in beside.trainings] == [folder.path] and beside.statistics == ("likelihood_ratio", "bcnn")
    kinds = {command[0] for command in commands_of(tmp_path / "full")}
    assert kinds == {"train", "likelihood"}
    for command in commands_of(tmp_path / "full"):
        build_parser().parse_args(command)


def test_demo_folder_is_a_run_with_its_training(result, tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/run.toml").write_text(run_toml(RUN))
    make_training(tmp_path / "demo/training")
    shutil.copy(result, tmp_path / "demo/result.json")
    content = read_content(tmp_path / "demo")
    assert content.kind == "demo" and len(content.rows) == len(content.trainings) == 1
    assert commands(content) == ["python main.py demo --out demo"]


def test_study_shows_every_cell_its_axis_and_what_failed(result, tmp_path):
    folder = tmp_path / "study"
    run_study(Study(RUN, {"energy.resolution": [0.1, 0.3]}, ("likelihood_ratio",)), folder)
    (folder / "cells/broken").mkdir()
    (folder / "cells/broken/error.txt").write_text("no nucleus arrives\n")
    content = read_content(folder)
    assert content.failed == (("broken", "no nucleus arrives"),)
    files = make_report(folder, tmp_path / "report")
    table = read_table(tmp_path / "report/eta_table.csv")
    assert sorted(table.floats("energy.resolution")) == [0.1, 0.3]
    assert sum(name.startswith("runs/") for name in files) == 2
    for command in commands_of(tmp_path / "report"):
        build_parser().parse_args(command)
        assert read_run(tmp_path / "report" / command[1]).energy.resolution in (0.1, 0.3)


@pytest.mark.parametrize(("make", "error", "says"), [
    (lambda path: None, InputError, "no file or folder"),
    (lambda path: path.mkdir(), InputError, "is no folder of a training"),
    (lambda path: path.write_text("{}"), DamagedFileError, "expected a result"),
    (lambda path: (path / "cells").mkdir(parents=True), InputError, "no cell of the study"),
    (lambda path: make_training(path, epochs=0), InputError, "neither a result nor a finished epoch"),
    (lambda path: path.write_text(json.dumps({"results": [{}], "run": {"config": ""}})), DamagedFileError, "is not a result"),
])
def test_what_cannot_be_reported_is_refused_and_nothing_is_written(make, error, says, tmp_path):
    make(tmp_path / "it")
    with pytest.raises(error, match=says):
        make_report(tmp_path / "it", tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_every_model_knows_what_to_cite_and_every_entry_is_cited_by_something():
    bib = citations.entries()
    assert set(citations.EMISSION) == set(EMISSION_MODELS) and set(citations.EXPOSURE) == set(EXPOSURES)
    assert set(citations.STATISTIC) == {*STATISTICS, *NETWORKS}
    assert {entry.optimizer for entry in NETWORKS.values()} <= set(citations.OPTIMIZER)
    used = set(citations.ALWAYS + citations.TOOLS + citations.KERAS + citations.PROPAGATION)
    for name, entry in FIELD_MODELS.items():
        keys = citations.field_citations(name)
        assert bool(keys) == (name != "none")
        for key in keys:  # the registry's own reference names the same year
            assert bib[key]
        assert not entry.reference or any(re.search(r"year = \{(\d+)\}", bib[key])[1] in entry.reference for key in keys)
        used.update(keys)
    for registry in ("EMISSION", "BACKGROUND", "LIGHT", "EXPOSURE", "STATISTIC", "OPTIMIZER"):
        for keys in getattr(citations, registry).values():
            used.update(keys)
    assert used == set(bib)
    for key, entry in bib.items():
        assert entry.count("{") == entry.count("}") and "year = {" in entry and citations.plain(key)


def test_citations_follow_the_run():
    keys = citations.citations(with_values(RUN, {"field.model": "jf12", "field.ensemble": ["uf23_base"]}), ["deepsphere"])
    assert {"Jansson2012regular", "Jansson2012random", "Unger2024", "Perraudin2019", "Inoue2013", "Gorski2005", "Keras"} <= set(keys)
    assert not {"Pshirkov2011", "Gilmore2012", "Sommers2001"} & set(keys)
    assert "Keras" not in citations.citations(RUN, ["likelihood_ratio"])


def test_shipped_results_can_be_reported():
    for path in resource_path("models").glob("*.json"):
        assert read_content(path).statistics == (path.stem.rpartition("-")[2],)
