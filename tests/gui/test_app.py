"""The application as a process: start, display, imports, Ctrl-C, closing while a training runs."""

import ast
import gc
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

import main

from zevatron.core.training.run_folder import RunFolder

ROOT = Path(main.__file__).parent
DRIVER = """
import os, sys, time
sys.path[:0] = [{root!r}, {tests!r}]
import main
from PySide6.QtCore import QTimer
import zevatron.core.sky_density
from synthetic import synthetic_densities
zevatron.core.sky_density.sky_densities = synthetic_densities
from zevatron.gui import app, main_window

def when_shown(act):
    show = main_window.MainWindow.show
    def shown(window):
        show(window)
        QTimer.singleShot(0, lambda: act(window))
    main_window.MainWindow.show = shown

def until(ready, act, window):
    if ready(window):
        act(window)
    else:
        QTimer.singleShot(20, lambda: until(ready, act, window))
"""
SMALL_RUN = """
from zevatron.core.config import RunConfig, run_toml, with_values
from zevatron.gui.files.settings import set_runs_folder, settings
run = with_values(RunConfig(), {"sky.nside": 8, "test.maps": 400, "events.n_events": (50,)})
settings().setValue("session/run", run_toml(run, comments=False))
set_runs_folder(os.environ["RUNS"])
"""


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "xdg"), "RUNS": str(tmp_path / "runs"), "ZEVATRON_CACHE": str(tmp_path / "cache")}


def start(code, environment, **options):
    program = DRIVER.format(root=str(ROOT), tests=str(Path(__file__).parent)) + SMALL_RUN + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


def test_no_display_is_one_clear_line(environment):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        environment.pop(name, None)
    done = subprocess.run([sys.executable, "main.py"], cwd=ROOT, env=environment, text=True, capture_output=True)
    assert done.returncode == 2
    assert done.stdout == "" and done.stderr.count("\n") == 1 and "no display" in done.stderr


def test_something_is_painted_before_the_slow_modules(environment):
    code = """
        import main, sys
        from PySide6.QtCore import QTimer
        from zevatron.gui import app
        from zevatron.gui.frame import splash
        slow = {"keras", "tensorflow", "numba", "h5py", "healpy", "astropy", "pyqtgraph"}
        shown = splash.Splash.show
        splash.Splash.show = lambda self: (shown(self), print(sorted(slow & set(sys.modules)), flush=True))
        finish = splash.Splash.finish
        splash.Splash.finish = lambda self, window: (
            finish(self, window), print(sorted({"keras", "tensorflow", "numba", "h5py"} & set(sys.modules)), flush=True),
            QTimer.singleShot(0, window.close),
        )
        sys.exit(app.main([]))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, env=environment, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    splash, window = done.stdout.splitlines()
    assert splash == "[]"
    assert not {"keras", "tensorflow"} & set(ast.literal_eval(window))


def test_interrupt_closes_the_window(environment):
    program = start("""
        when_shown(lambda window: until(lambda w: w.controller.sky is not None, lambda w: print("ready", flush=True), window))
        sys.exit(app.main([]))
    """, environment)
    assert program.stdout.readline() == "ready\n", program.stderr.read()
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=60)
    assert program.returncode == 0 and "Traceback" not in err


@pytest.mark.parametrize("worker", ["import sys; sys.stdin.read()", "import time; time.sleep(600)"], ids=["obedient", "stubborn"])
def test_closing_while_training_leaves_nothing_behind(environment, tmp_path, worker):
    program = start(f"""
        import functools
        from zevatron.gui.tasks import training
        worker = [sys.executable, "-c", {worker!r}]
        training.TrainingProcess = functools.partial(training.TrainingProcess, command=worker)
        main_window.MainWindow._may_close = lambda self: print("asked", flush=True) or True

        def close(window):
            print(window.training._process.pid, flush=True)
            started = time.monotonic()
            window.close()
            print(time.monotonic() - started, flush=True)

        def train(window):
            window.train()
            until(lambda w: w.training.is_active, close, window)

        when_shown(lambda window: until(lambda w: w.controller.density is not None, train, window))
        sys.exit(app.main([]))
    """, environment)
    out, err = program.communicate(timeout=120)
    assert program.returncode == 0, err
    pid, asked, seconds = out.split()
    assert asked == "asked" and float(seconds) < 3.5
    with pytest.raises(ProcessLookupError):
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            os.kill(int(pid), 0)
            time.sleep(0.05)
    (folder,) = (tmp_path / "runs").iterdir()
    assert RunFolder(folder).state.state in ("stopped", "queued")


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal")
def test_qt_calls_do_not_eat_references_to_none(qapp):
    """PySide6 6.12.0 loses one with every call before Python 3.12 and aborts after about 5,000 (PYSIDE-3474)."""
    gc.collect()
    before = sys.getrefcount(None)
    for _ in range(2000):
        QApplication.processEvents()
    assert sys.getrefcount(None) > before - 200
