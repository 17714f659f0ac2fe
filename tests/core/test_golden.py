"""The same seed gives the same numbers: on one core and on two, and after an update unless the changelog says otherwise."""

import json
import os
import subprocess
import sys

import pytest
from golden import GOLDEN, ROOT, differing

KEPT = json.loads(GOLDEN.read_text())


def numbers_on(cores, cache):
    """Make the numbers in a process of its own that has only so many cores."""
    script = str(ROOT / "tests" / "core" / "golden.py")
    code = (
        "import os, runpy, sys; "
        f"hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:{cores}]); "
        f"sys.argv = [{script!r}]; sys.path.insert(0, {os.path.dirname(script)!r}); runpy.run_path({script!r}, run_name='__main__')"
    )
    environment = {**os.environ, "NUMBA_NUM_THREADS": str(cores), "ZEVATRON_CACHE": str(cache)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("cores", [1, 2])
def test_numbers_are_those_of_this_edition(cores, tmp_path):
    assert differing(numbers_on(cores, tmp_path), KEPT["numbers"]) == []


def test_a_change_of_numbers_would_be_seen():
    other = {name: list(values) for name, values in KEPT["numbers"].items()}
    name = next(iter(other))
    other[name][0] += 1e-4
    assert differing(other, KEPT["numbers"]) == [name]


def test_the_changelog_declares_this_edition():
    assert f"Numbers, edition {KEPT['edition']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
