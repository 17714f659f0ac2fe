"""What a fresh machine relies on."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def requirement_name(text):
    return re.split(r"[<>=!\[ ;]", text)[0].lower().replace("_", "-")


def test_everything_that_is_installed_is_pinned_without_an_address():
    pinned = {
        requirement_name(line)
        for line in (ROOT / "requirements/constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    wanted = (ROOT / "requirements/development.txt").read_text()
    assert {requirement_name(line) for line in wanted.splitlines() if line and not line.startswith("#")} <= pinned
    assert "://" not in wanted + (ROOT / "requirements/constraints.txt").read_text()


def test_the_wheel_and_make_install_the_same_runtime_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = {requirement_name(d) for d in project["dependencies"] + project["optional-dependencies"]["dev"]}
    lines = (ROOT / "requirements/development.txt").read_text().splitlines()
    assert {requirement_name(line) for line in lines if line and not line.startswith("#")} == listed


def test_qt_versions_known_to_fail_are_excluded():
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (qt,) = (d for d in dependencies if d.startswith("PySide6"))
    assert qt == "PySide6-Essentials>=6.8,!=6.11.0,!=6.11.1,<6.12"
    assert any(d.startswith("pyqtgraph") and "<0.15" in d for d in dependencies)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_qt_keeps_its_references_to_none():
    # PySide6 6.12.0 loses one reference per call that returns None and aborts after about 5,000 (PYSIDE-3474)
    code = (
        "import sys; from PySide6.QtCore import QCoreApplication as A; app = A([]); before = sys.getrefcount(None)\n"
        "for _ in range(2000): app.processEvents()\n"
        "print(sys.getrefcount(None) - before)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(result.stdout) > -100


def test_ci_runs_make_test_and_nothing_else():
    commands = [
        line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith(("#", "set ", "cd "))
    ]
    assert commands == ["make test"]


def test_shell_scripts_are_valid():
    for script in [*ROOT.glob("requirements/*.sh"), ROOT / ".ci/run"]:
        subprocess.run(["sh", "-n", str(script)], check=True)


def test_qt_check_says_what_to_install_when_not_root(tmp_path):
    for name, body in (("dpkg-query", "exit 1"), ("id", "echo 1000")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    result = subprocess.run(
        ["sh", str(ROOT / "requirements/qt_libraries.sh")], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stderr.startswith("Qt needs libraries that are missing here. Install them with: sudo apt-get install")
    assert "libxcb-cursor0" in result.stderr
