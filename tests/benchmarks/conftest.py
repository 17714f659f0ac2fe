"""The table that all benchmarks write together."""

import pytest
from ratios import PATH, TABLE

AT_ONCE = 50.0  # ms: nothing on the window's thread takes longer
WITHIN = {  # by test: what it is, ms
    "test_fifteen_panels_of_300_by_150": ("fifteen panels of 300 × 150, redrawn", 33.0),
    "test_new_density": ("a new density, all views painted", AT_ONCE),
    "test_new_mock_sky": ("a new mock sky, all views painted", AT_ONCE),
    "test_turn[globe-galactic]": ("the globe turned by one step", AT_ONCE),
    "test_turn[zoom-galactic]": ("a zoom turned by one step", AT_ONCE),
    "test_one_diagram_of_the_results[6-eta]": ("η(N) of six ticked results", AT_ONCE),
    "test_one_diagram_of_the_results[6-power]": ("power of six ticked results", AT_ONCE),
    "test_sort_500_results[8]": ("500 results sorted", AT_ONCE),
    "test_filter_500_results": ("500 results filtered", AT_ONCE),
    "test_fill_1000_results[new]": ("1000 new results in the table", AT_ONCE),
    "test_first_fill_of_500_runs": ("500 runs in the table of trainings", AT_ONCE),
    "test_new_trials_of_a_search": ("the Search tab with 100 new trials", AT_ONCE),
}
MEASURED = {  # by what a test tells besides: what it is, aim, unit, whether less is better
    "skies_per_second": ("skies painted while a slider moves, {}", 30.0, "skies/s", False),
    "p99": ("intervals of a 16 ms timer, 99 % below, {}", 50.0, "ms", True),
    "worst": ("the same, longest, {}", 100.0, "ms", True),
}
CANCELLED = {"acknowledged": 0.1, "effective": 1.0}  # s
SLOWEST = {}


@pytest.fixture(scope="session")
def table():
    """The :class:`ratios.RatioTable` of this run."""
    return TABLE


@pytest.fixture(autouse=True)
def row_of_a_benchmark(request, table):
    """Take over what pytest-benchmark has measured, where there is an aim for it."""
    yield
    found = request.node.funcargs.get("benchmark")
    if found is None or found.stats is None:
        return
    name, told = request.node.name, found.extra_info
    if name in WITHIN:
        what, aim = WITHIN[name]
        table.within(what, 1000 * found.stats.stats.min, aim, unit="ms")
    for key, (what, aim, unit, fewer) in MEASURED.items():
        if key in told:
            table.within(what.format(name.partition("[")[2].rstrip("]")), told[key], aim, unit=unit, fewer=fewer)
    for key in CANCELLED:
        seconds = told.get("free") or told.get(key) if key == "effective" else told.get(key)
        if seconds:
            SLOWEST[key] = max(SLOWEST.get(key, (0.0, "")), (max(seconds), name.partition("[")[2].rstrip("]") or name))


def pytest_terminal_summary(terminalreporter):
    """Write the table and show it."""
    for key, (seconds, name) in SLOWEST.items():
        TABLE.within(f"cancelling {key}, the slowest kind of work ({name})", seconds, CANCELLED[key], unit="s")
    if TABLE.rows:
        TABLE.write()
        terminalreporter.write_line(f"\n{TABLE.text()}\nThe table is in {PATH}")
