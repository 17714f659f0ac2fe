"""Reports that one process makes for another."""

import io
import sys

import pytest

from zevatron.core.errors import CancelledError
from zevatron.core.progress import LINES_WANTED, LineProgress, TerminalProgress, command_progress, read_progress


def test_reports_cross_as_lines(monkeypatch):
    stream = io.StringIO()
    progress = LineProgress(stream)
    for done in range(1000):
        progress.report("scoring skies", done, 1000)
    progress.report("scoring skies", 1000, 1000)
    progress.report("fractions", 1, 41)
    reports = [read_progress(line) for line in stream.getvalue().splitlines()]
    assert reports[0] == ("scoring skies", 0, 1000) and reports[-2:] == [("scoring skies", 1000, 1000), ("fractions", 1, 41)]
    assert len(reports) < 100  # ten a second
    progress.cancel()
    with pytest.raises(CancelledError):
        progress.report("fractions", 2, 41)


@pytest.mark.parametrize("line", ["", "eta = 3 %", "[1, 2]", "{}", '{"stage": "a"}', "null"])
def test_other_lines_are_no_reports(line):
    assert read_progress(line) is None


def test_commands_write_lines_only_where_they_are_wanted(monkeypatch):
    monkeypatch.delenv(LINES_WANTED, raising=False)
    assert type(command_progress()) is TerminalProgress
    monkeypatch.setenv(LINES_WANTED, "1")
    assert type(command_progress()) is LineProgress and command_progress()._stream is sys.stdout
