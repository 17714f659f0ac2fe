"""CONTRIBUTING.md is followed to the letter: every recipe on a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^## (An? .*?)\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S))
STEP = re.compile(r"(?:^\*\*`(?P<path>\S+)`\*\*(?P<where>[^\n]*)\n\n)?^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.M | re.S)
SLOW = {"A field model", "A network", "A panel"}


def change(path, patch):
    """Apply a patch whose lines stand together in the file, at one place only."""
    lines = patch.splitlines()
    assert all(line[0] in " +-" for line in lines), patch
    before = "".join(line[1:] + "\n" for line in lines if line[0] != "+")
    after = "".join(line[1:] + "\n" for line in lines if line[0] != "-")
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{path} has {text.count(before)} times:\n{before}"
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture
def checkout(tmp_path):
    for name in ("core", "gui", "resources"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("main.py", "pyproject.toml"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("recipe", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in RECIPES])
def test_a_recipe_works_as_written(recipe, checkout):
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "ZEVATRON_CACHE": str(checkout / "cache"),
        "XDG_CONFIG_HOME": str(checkout / "xdg"), "PYTHONPATH": "",
    }
    commands = 0
    for step in STEP.finditer(RECIPES[recipe]):
        path, kind, body = step["path"], step["kind"], step["body"]
        if kind == "sh":
            done = subprocess.run(["sh", "-eu", "-c", body], cwd=checkout, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, f"{body}\n{done.stdout}{done.stderr}"
            commands += 1
        elif kind == "diff":
            change(checkout / path, body)
        elif "at the end" in step["where"]:
            with open(checkout / path, "a", encoding="utf-8") as stream:
                stream.write(body)
        else:
            assert path and not (checkout / path).exists(), body
            (checkout / path).write_text(body, encoding="utf-8")
    assert commands, "a recipe ends with commands that show it worked"
    new = [str(path) for path in checkout.rglob("*.py") if not (ROOT / path.relative_to(checkout)).exists() and "check_" not in path.name]
    if new:
        config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
        subprocess.run([sys.executable, "-m", "ruff", "check", *config, *new], check=True)


def test_every_kind_of_part_has_a_recipe():
    assert list(RECIPES) == ["A source", "An emission model", "A field model", "A network", "A statistic", "A panel"]
    assert all(len(STEP.findall(text)) == text.count("```") // 2 for text in RECIPES.values())
