"""Fixtures of every test; importing `main` makes this checkout the package `zevatron`."""

import numpy as np
import pytest

import main  # noqa: F401


def pytest_collection_modifyitems(items):
    """Two processes share the tests: one window is open at a time, and a file stays whole, since its tests share what they made."""
    for item in items:
        group = "window" if item.path.parent.name == "gui" else item.path.name
        item.add_marker(pytest.mark.xdist_group(group))


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
