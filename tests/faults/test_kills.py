"""kill -9 at random moments of real work: ``ZEVATRON_KILLS`` in all (10), from the seed ``ZEVATRON_KILL_SEED``.

Window, training, study, search and lens get a share each. After each kill everything that was finished is still there, and at
the end the result is that of a run that nobody disturbed.
"""

import csv
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.core.training_runs import small_density, small_run
from zevatron.core.config import run_toml
from zevatron.core.network import read_record
from zevatron.core.search import SearchFolder
from zevatron.core.search.plan import make_plan, search_toml
from zevatron.core.training import RunFolder
from zevatron.core.training.run_folder import HISTORY

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("ZEVATRON_KILLS", "10"))
SEED = int(os.environ.get("ZEVATRON_KILL_SEED", "1"))
SHARES = {"window": 0.45, "training": 0.2, "study": 0.15, "search": 0.05, "lens": 0.15}
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def share(kind):
    return max(round(KILLS * SHARES[kind]), 1)


def command(*arguments):
    return [sys.executable, str(ROOT / "main.py"), *map(str, arguments)]


def unbroken(arguments, says=None):
    """Run a command to its end; returns the seconds it took. ``says`` is a pattern of what it must say."""
    started = time.monotonic()
    done = subprocess.run(command(*arguments), check=True, text=True, **QUIET | {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT})
    assert says is None or re.search(says, done.stdout), done.stdout
    return time.monotonic() - started


def kill_after(arguments, seconds):
    """Start a command and kill it after some time; returns the seconds it took, or None if it was killed."""
    started = time.monotonic()
    with subprocess.Popen(command(*arguments), **QUIET) as process:
        try:
            assert process.wait(seconds) == 0
            return time.monotonic() - started
        except subprocess.TimeoutExpired:
            process.kill()
            return None


def files_of(folder, pattern):
    """Content and time of the finished files of a folder."""
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob(pattern)}


def campaign(kind, make_arguments, check, span, says):
    """Kill a command as often as its share says, each time going on with what is there; a finished piece of work is followed by a new one.

    ``check(folder)`` is called after each kill, ``check(folder, done=True)`` when a piece of work has ended well; ``says(folder)``
    returns what the next start has to say of what is there.
    """
    rng, kills, piece, is_new = random.Random(f"{SEED} {kind}"), 0, 0, True
    while kills < share(kind):
        took = kill_after(make_arguments(piece), rng.uniform(0, span))
        check(piece, done=took is not None)
        if took is None:
            kills += 1
        else:
            span, piece = min(span, took) if is_new else span, piece + 1  # the very first may have compiled
        is_new = took is not None
    unbroken(make_arguments(piece), says(piece))
    check(piece, done=True)
    print(f"\n{kind}: {kills} kills over {piece + 1} pieces of work")


def test_training(tmp_path):
    config = small_run(training__epochs=6, training__patience=6, training__maps_per_epoch=1280)
    finished = {}

    def folder(piece):
        return RunFolder.create(tmp_path / f"run{piece}", config, small_density())

    def check(piece, done=False):
        found = folder(piece)
        history, epochs = found.history, found.history["epoch"].tolist()
        assert len(epochs) >= finished.get(piece, 0), "a finished epoch was lost"
        finished[piece] = len(epochs)
        for name in HISTORY[:-1]:
            assert history[name].tobytes() == reference.history[name][: len(epochs)].tobytes(), name
        if found.last_path.exists():
            assert read_record(found.last_path)["epoch"] in (len(epochs), len(epochs) + 1)  # it comes first and decides
        assert found.state.state == ("done" if done else found.state.state) and found.state.state != "running"
        assert not done or len(epochs) == len(reference.history["epoch"])

    span = _worker(folder("reference"))
    reference = folder("reference")
    rng, kills, piece = random.Random(f"{SEED} training"), 0, 0
    while kills < share("training"):
        if _worker(folder(piece), rng.uniform(0, span)) is None:
            kills += 1
            check(piece)
        else:
            check(piece, done=True)
            piece += 1
    _worker(folder(piece))
    check(piece, done=True)
    print(f"\ntraining: {kills} kills over {piece + 1} trainings")


def _worker(folder, seconds=None):
    """Run the training process; returns the seconds it took, or None if it was killed."""
    started = time.monotonic()
    options = QUIET | {"stdin": subprocess.PIPE}  # as long as it is open, someone is there
    with subprocess.Popen(command("worker", folder.path), **options) as process:
        try:
            assert process.wait(seconds) == 0
            return time.monotonic() - started
        except subprocess.TimeoutExpired:
            process.kill()
            return None


def test_study(tmp_path):
    settings = {"field.model": "none", "sky.nside": 4, "events.n_events": (50,), "test.maps": 500, "test.check_maps": 0, "test.bootstrap": 10}
    base = small_run(**{key.replace(".", "__"): value for key, value in settings.items()}, sky__source_radius=10.0)
    (tmp_path / "base.toml").write_text(run_toml(base), encoding="utf-8")
    (tmp_path / "study.toml").write_text('base = "base.toml"\n[axes]\nseed = [1, 2, 3, 4, 5, 6, 7, 8]\n', encoding="utf-8")

    def arguments(piece):
        return ["study", tmp_path / "study.toml", "--out", tmp_path / f"out{piece}"]

    def rows(piece):
        with open(tmp_path / f"out{piece}" / "eta_table.csv", newline="") as stream:
            return list(csv.DictReader(line for line in stream if not line.startswith("#")))

    cells = {}

    def check(piece, done=False):
        found = files_of(tmp_path / f"out{piece}", "cells/*/result.json")
        for content, _ in found.values():
            assert json.loads(content)["results"]
        for path, before in cells.get(piece, {}).items():
            assert found[path] == before, "a finished cell was lost or computed again"
        cells[piece] = found
        assert not done or rows(piece) == rows("reference")

    def says(piece):
        done = len(files_of(tmp_path / f"out{piece}", "cells/*/result.json"))
        return f"8 cells, {done} done"

    campaign("study", arguments, check, unbroken(arguments("reference")), says)


def test_lens(tmp_path):
    def arguments(piece):
        return ["lens", "jf12_regular", "--nside", 8, "--rigidities", "5..20:0.05", "--out", tmp_path / f"lens{piece}"]

    span, parts = unbroken(arguments("reference")), {}
    whole = {path.name: path.read_bytes() for path in (tmp_path / "lensreference").glob("*.mldat")}

    def check(piece, done=False):
        found = files_of(tmp_path / f"lens{piece}", "[!.]*.mldat")
        assert all(content == whole[path.name] for path, (content, _) in found.items())
        for path, before in parts.get(piece, {}).items():
            assert found[path] == before, "a finished map was lost or traced again"
        parts[piece] = found
        assert not done or len(found) == len(whole) > 10

    def says(piece):
        there = len(files_of(tmp_path / f"lens{piece}", "[!.]*.mldat"))
        return rf"\({there} were there\)" if there else "wrote a lens"

    campaign("lens", arguments, check, span, says)


def test_search(tmp_path):
    base = small_run(field__model="none", sky__source_radius=10.0, training__epochs=2, test__maps=500, test__check_maps=0, test__bootstrap=0)
    (tmp_path / "search.toml").write_text(search_toml(make_plan(base, {"network.filters": [4, 6]}, sampler="grid")), encoding="utf-8")

    def arguments(piece):
        return ["search", tmp_path / "search.toml", "--out", tmp_path / f"s{piece}"]

    def values(piece):
        return [(trial.number, trial.state, trial.value) for trial in SearchFolder(tmp_path / f"s{piece}").trials()]

    over = {}

    def check(piece, done=False):
        if not (tmp_path / f"s{piece}" / "search.toml").exists():
            return
        found = [trial for trial in values(piece) if trial[1] == "done"]
        assert set(over.get(piece, [])) <= set(found), "a finished trial was lost"  # an interrupted one may end after a later one
        over[piece] = found
        assert SearchFolder(tmp_path / f"s{piece}").state.state == ("done" if done else SearchFolder(tmp_path / f"s{piece}").state.state)
        assert not done or values(piece) == values("reference")

    def says(piece):
        return "of 2 trials are there, going on" if (tmp_path / f"s{piece}" / "trials.csv").exists() else "2 done"

    campaign("search", arguments, check, unbroken(arguments("reference")), says)


WINDOW = """
import os, sys
sys.path[:0] = [{root!r}, {tests!r}]
import main
from PySide6.QtCore import QTimer
import zevatron.core.sky_density
from synthetic import synthetic_densities
zevatron.core.sky_density.sky_densities = synthetic_densities
from zevatron.gui import app, main_window
from zevatron.gui.files.session import AFTER_A_CRASH
from zevatron.gui.files.settings import set_runs_folder

def begin(window):
    said = window.messages.isVisible() and window.messages.text.text() == AFTER_A_CRASH
    print("restored", window.draft.config.seed, window.view.config.n_events, int(said), flush=True)
    window.edits = QTimer(window, interval=7)
    window.edits.timeout.connect(lambda: edit(window))
    window.edits.start()

def edit(window):
    number = window.draft.config.seed + 1
    window.draft.set("seed", number)
    window.view.set("n_events", 1 + number % 900)
    print("edited", number, flush=True)

show = main_window.MainWindow._show_run
def first(window):
    show(window)
    if not hasattr(window, "begun"):
        window.begun = True
        QTimer.singleShot(0, lambda: begin(window))
main_window.MainWindow._show_run = first
set_runs_folder(os.environ["RUNS"])
sys.exit(app.main([]))
"""


def test_window(tmp_path):
    """Every edit after which the program came to its next line is there at the next start, which says what happened."""
    rng = random.Random(f"{SEED} window")
    environment = {
        **os.environ, "XDG_CONFIG_HOME": str(tmp_path / "xdg"), "RUNS": str(tmp_path / "runs"), "ZEVATRON_CACHE": str(tmp_path / "cache"),
    }
    program, last, last_n, edits, began = WINDOW.format(root=str(ROOT), tests=str(ROOT / "tests" / "gui")), None, None, 0, False
    for kill in range(share("window") + 1):
        early = rng.random() < 0.15  # killed while it starts
        with subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as window:
            try:
                if early:
                    time.sleep(rng.uniform(0, 1.5))
                else:
                    restored = window.stdout.readline().split()
                    if kill < share("window"):
                        time.sleep(rng.uniform(0, 2))
            finally:
                window.kill()
            lines = [line.split() for line in window.stdout.read().splitlines()]
        if not early:
            assert restored[:1] == ["restored"], "the window did not open"
            _, seed, n_events, said = restored
            if last is not None:
                assert int(seed) in (last, last + 1), f"edit {last} was lost before kill {kill}: the run has {seed}"
                assert int(n_events) in (last_n, 1 + int(seed) % 900)
                assert said == "1", "the crash was not spoken of"
            began = True
        made = [int(line[1]) for line in lines if line[0] == "edited" and len(line) == 2]
        edits += len(made)
        if made:
            last, last_n = made[-1], 1 + made[-1] % 900
        elif not early:
            last, last_n = int(seed), int(n_events)
    assert began and edits > 0
    print(f"\nwindow: {share('window')} kills over {edits} edits")
