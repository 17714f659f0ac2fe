"""Speed and memory of training and scoring beside the published way, on the same skies.

``BENCH_ROUNDS`` (3), ``BENCH_BATCH`` (64) and ``BENCH_EVENTS`` (300) may be set.
"""

import subprocess
import sys

import numpy as np
import pytest
from ratios import ROOT, take_turns

PUBLISHED = "the published layers: RING order, nine neighbours gathered"
NAMES = {"maps": "on full maps", "events": "on event lists", "events, bfloat16": "on event lists, bfloat16"}
AIMS = {("training", "events"): 3.0, ("training", "events, bfloat16"): 4.5, ("scoring", "events"): 2.5}
LISTS = 50_000  # event lists a processor second that are asked for


@pytest.fixture(scope="module")
def ways():
    """The module of the ways, which loads Keras: not before the window's benchmarks are over."""
    from tests.benchmarks import network_ways

    return network_ways


@pytest.fixture(scope="module")
def shortest(ways):
    """Shortest processor seconds of a step of each way, (training or scoring, way)."""
    batch = ways.skies()
    steps = {way: ways.steps(way, *batch) for way in ("published", *NAMES) if ways.has_bfloat16() or "bfloat16" not in way}
    return {
        (what, way): seconds for what in ("training", "scoring")
        for way, seconds in take_turns({way: step[what] for way, step in steps.items()}, ways.ROUNDS).items()
    }


@pytest.mark.parametrize("what", ["training", "scoring"])
def test_ratios_to_the_published_way(table, ways, shortest, what):
    batch, layers = ways.BATCH, ways.operations_per_map()
    work = batch * (sum(layers) if what == "scoring" else 3 * sum(layers) - layers[0])
    rates = {dtype: ways.matrix_rate(dtype) for dtype in ("float32", "bfloat16")}
    print(f"\nmatrix product {rates['float32']:.0f} GFLOP/s, bfloat16 {rates['bfloat16']:.0f}")
    for way, name in NAMES.items():
        if (what, way) not in shortest:
            continue
        aim, seconds = AIMS.get((what, way)), shortest[what, way]
        ratio = table.compare(
            f"BCNN, {what}, N = {ways.N_EVENTS}, {name}", PUBLISHED, batch / shortest[what, "published"], batch / seconds, unit="skies/s", aim=aim
        )
        share = work / seconds / rates["bfloat16" if "bfloat16" in way else "float32"]
        print(f"{what}, {name}: {100 * share:.0f} % of the matrix rate, counted as full maps")
        assert aim is None or ratio > aim


def test_drawing_skies_is_no_bottleneck(table, ways, shortest):
    source, rng = ways.sampler(), np.random.default_rng(3)
    seconds = take_turns({"draw": lambda: ways.draw_training_events(source, ways.N_EVENTS, ways.BATCH, rng)}, 30)["draw"]
    table.within(f"training skies drawn, N = {ways.N_EVENTS}, of one core", ways.BATCH / seconds, LISTS, unit="skies/s", fewer=False)
    share = seconds / min(shortest[what] for what in shortest if what[0] == "training")
    table.within("drawing, of the fastest step of training", 100 * share, 5.0, unit="%")
    assert share < 0.05


def test_peak_memory(table):
    """Of a process that trains two batches, above what it holds before the first."""
    peaks = {}
    for way in ("published", "events"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.network_ways", way], cwd=ROOT, capture_output=True, text=True, check=True
        )
        peaks[way] = float(done.stdout.splitlines()[-1])
    ratio = table.compare("BCNN, peak memory of training", PUBLISHED, peaks["published"], peaks["events"], unit="MB", aim=2.0, fewer=True)
    assert ratio > 2
