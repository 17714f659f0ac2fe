"""Fixtures of every test; importing `main` makes this checkout the package `zevatron`."""

import os
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import settings

import main  # noqa: F401

settings.register_profile("shared machine", deadline=None)  # how long an example takes says nothing beside other work
settings.load_profile("shared machine")


def pytest_configure(config):
    """Give each of several test processes a screen of its own: keyboard and mouse belong to one window at a time."""
    if not os.environ.get("PYTEST_XDIST_WORKER") or not os.environ.get("DISPLAY") or shutil.which("Xvfb") is None:
        return
    ours, theirs = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(theirs), "-screen", "0", "1600x1000x24"], pass_fds=[theirs], stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    with open(ours, encoding="ascii") as answer:
        os.environ["DISPLAY"] = f":{int(answer.readline())}"
    config.add_cleanup(server.terminate)


def pytest_collection_modifyitems(items):
    """Several test processes share the files; one stays whole, since its tests share what they made."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(item.path.name))


@pytest.fixture
def rng():
    """A generator that gives the same numbers in every run."""
    return np.random.default_rng(20261123)


@pytest.fixture
def run_in(monkeypatch, capsys):
    """Make a function that runs commands in a folder: what they print, or the one line of error where ``code`` is 2."""
    from zevatron.core.cli import main as command_line

    def runner(folder):
        monkeypatch.chdir(folder)
        monkeypatch.setenv("ZEVATRON_CACHE", str(folder / "cache"))

        def run(*arguments, code=0):
            assert command_line([*map(str, arguments)]) == code, capsys.readouterr().err
            printed = capsys.readouterr()
            if code:
                assert len(printed.err.strip().splitlines()) == 1
            return printed.err if code else printed.out

        return run

    return runner
