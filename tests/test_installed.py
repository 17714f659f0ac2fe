"""What `pip install` puts on a machine: everything under the name `zevatron`, which needs no checkout."""

import configparser
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import tomllib
import zipfile
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
BUILD = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]


@pytest.fixture
def away(tmp_path_factory):
    """A folder and an environment from which the checkout cannot be seen."""
    folder = tmp_path_factory.mktemp("away")
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return folder, {**environment, "ZEVATRON_CACHE": str(folder / "cache"), "XDG_CONFIG_HOME": str(folder / "xdg")}


def copy_as_installed(site):
    """Lay the files as the wheel does, as pyproject.toml says."""
    for source, target in BUILD["force-include"].items():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, site / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (site / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / source, site / target)


def run(command, away, **options):
    folder, environment = away
    done = subprocess.run([*map(str, command)], cwd=folder, env=environment | options, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


TRAINING = """
    import json, sys
    sys.path.append(sys.argv[1])  # the tests' small run, after the package
    from pathlib import Path
    from training_runs import small_density, small_run
    from zevatron.core.resources import PROGRAM, own_command
    from zevatron.core.training.process import TrainingProcess
    from zevatron.core.training.run_folder import RunFolder
    process = TrainingProcess(RunFolder.create(Path("run"), small_run(training__epochs=1), small_density()))
    process.start()
    last = process.wait(300)
    print(json.dumps({"last": last["type"], "program": PROGRAM, "main": own_command()[1]}))
"""
SEARCH = """
    import subprocess, sys
    sys.path.append(sys.argv[1])
    from pathlib import Path
    from training_runs import small_run
    from zevatron.core.resources import own_command
    from zevatron.core.search import SearchFolder
    from zevatron.core.search.plan import make_plan
    base = small_run(field__model="none", sky__source_radius=10.0, training__epochs=1, test__maps=1000, test__check_maps=0)
    folder = SearchFolder.create(Path("search"), make_plan(base, {"network.filters": [4]}, sampler="grid"))
    with subprocess.Popen(own_command("search-worker", folder.path), stdin=subprocess.PIPE) as process:
        process.wait(300)
    print(folder.state.state, [trial.state for trial in folder.trials()])
"""


def trained(python, away, **options):
    """Train in the process that the window would start; what was said of it."""
    said = run([python, "-c", textwrap.dedent(TRAINING), ROOT / "tests/core"], away, **options)
    return json.loads(said.splitlines()[-1])


def test_everything_is_installed_under_one_name():
    assert {Path(target).parts[0] for target in BUILD["force-include"].values()} == {"zevatron"}
    assert all((ROOT / source).exists() for source in [*BUILD["force-include"], *BUILD["shared-data"]])


def test_an_installed_copy_needs_no_checkout(tmp_path, away):
    copy_as_installed(tmp_path)
    said = json.loads(run([sys.executable, "-m", "zevatron.main", "info", "--json"], away, PYTHONPATH=str(tmp_path)))
    assert said["versions"]["zevatron"]
    own = {"last": "done", "program": "zevatron", "main": str(tmp_path / "zevatron" / "main.py")}
    assert trained(sys.executable, away, PYTHONPATH=str(tmp_path)) == own


def test_the_desktop_entry_names_the_command_and_an_icon_of_every_size():
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str
    entry.read(ROOT / "resources/desktop/zevatron.desktop")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert entry["Desktop Entry"]["Exec"] in project["scripts"]
    assert BUILD["shared-data"]["resources/desktop/zevatron.desktop"].startswith("share/applications/")
    icons = {target: source for source, target in BUILD["shared-data"].items() if "/icons/" in target}
    assert {Path(target).stem for target in icons} == {entry["Desktop Entry"]["Icon"]}
    for target, source in icons.items():
        if source.endswith(".png"):
            width, height = Image.open(ROOT / source).size
            assert f"/{width}x{height}/" in target
    if shutil.which("desktop-file-validate"):
        subprocess.run(["desktop-file-validate", str(ROOT / "resources/desktop/zevatron.desktop")], check=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the source distribution, as an index would get both."""
    folder = tmp_path_factory.mktemp("dist")
    builder = tmp_path_factory.mktemp("builder")
    subprocess.run([sys.executable, "-m", "venv", str(builder)], check=True)
    subprocess.run([str(builder / "bin/pip"), "install", "-q", "build", "hatchling"], check=True)
    subprocess.run([str(builder / "bin/python"), "-m", "build", "--no-isolation", "-o", str(folder), str(ROOT)], check=True)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    assert sdist.stat().st_size < 30e6
    return wheel


@pytest.mark.slow
def test_the_wheel_in_an_environment_of_its_own(wheel, tmp_path, away):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"zevatron"}
    assert {"zevatron/__init__.py", "zevatron/main.py", "zevatron/core/config/run.py", "zevatron/gui/app.py", "zevatron/resources/sources.toml"} <= set(names)
    assert not any("__pycache__" in name for name in names)

    subprocess.run([sys.executable, "-m", "venv", str(tmp_path)], check=True)
    python, program = tmp_path / "bin/python", tmp_path / "bin/zevatron"
    # the packages it needs are borrowed, not fetched again; the wheel itself is installed
    site = Path(run([python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], away).strip())
    (site / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"])
    subprocess.run([str(tmp_path / "bin/pip"), "install", "-q", "--no-deps", str(wheel)], check=True)

    assert json.loads(run([program, "info", "--json"], away))["versions"]["zevatron"] in wheel.name
    assert (tmp_path / "share/applications/zevatron.desktop").is_file()
    assert trained(python, away) == {"last": "done", "program": "zevatron", "main": str(site / "zevatron" / "main.py")}
    assert run([python, "-c", textwrap.dedent(SEARCH), ROOT / "tests/core"], away).splitlines()[-1] == "done ['done']"
    missing = subprocess.run([str(program), "sky", "none.toml", "--out", "x"], cwd=away[0], env=away[1], capture_output=True, text=True)
    assert (missing.returncode, missing.stderr) == (2, "zevatron: no file none.toml; make one with: zevatron new --out none.toml\n")


@pytest.mark.slow
def test_the_window_of_an_installed_copy(tmp_path, away):
    copy_as_installed(tmp_path)
    code = """
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication
        from zevatron.gui import app, main_window
        show = main_window.MainWindow.show
        def shown(window):
            show(window)
            QTimer.singleShot(500, window.close)
            icon = QApplication.windowIcon()
            print(window.windowTitle(), icon.isNull(), icon.pixmap(32).width(), flush=True)
        main_window.MainWindow.show = shown
        raise SystemExit(app.main(["zevatron"]))
    """
    said = run([sys.executable, "-c", textwrap.dedent(code)], away, PYTHONPATH=str(tmp_path))
    assert "False 32" in said
