"""The table that all benchmarks write together."""

import pytest
from ratios import PATH, TABLE


@pytest.fixture(scope="session")
def table():
    """The :class:`ratios.RatioTable` of this run."""
    return TABLE


def pytest_terminal_summary(terminalreporter):
    """Write the table and show it."""
    if TABLE.rows:
        TABLE.write()
        terminalreporter.write_line(f"\n{TABLE.text()}\nThe table is in {PATH}")
