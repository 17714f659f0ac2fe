"""Speed and memory of training and scoring beside the published way, on the same skies.

The ways take turns, batch by batch; ratios are of their shortest times, which say the same on a busy machine. Run with
``make bench``, or ``python -m pytest -s tests/benchmarks/bench_network.py``. ``BENCH_ROUNDS`` (3), ``BENCH_BATCH`` (64) and
``BENCH_EVENTS`` (300) may be set.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

import main  # noqa: F401

from tests.core.plain_network import plain_network
from zevatron.core.mock_events import EventSampler, draw_training_events
from zevatron.core.network import build_network, event_network, score_network
from zevatron.core.sky_density import SkyDensity

NSIDE, N_BINS, FILTERS = 32, 15, 76
ROUNDS, BATCH, N_EVENTS = (int(os.environ.get(f"BENCH_{name}", default)) for name, default in (("ROUNDS", 3), ("BATCH", 64), ("EVENTS", 300)))
ROOT = Path(__file__).resolve().parents[2]

WAYS = {
    "published": lambda: plain_network(NSIDE, N_BINS, FILTERS, nest=False),
    "gather": lambda: plain_network(NSIDE, N_BINS, FILTERS),
    "maps": lambda: score_network(build_network("bcnn", NSIDE, N_BINS, FILTERS)),
    "events": lambda: event_network(build_network("bcnn", NSIDE, N_BINS, FILTERS)),
    "events, bfloat16": lambda: event_network(build_network("bcnn", NSIDE, N_BINS, FILTERS, precision="bfloat16")),
}
"""The published layers in RING order; the same in NESTED order, without gathers before pooling; ours on maps and on events."""


def has_bfloat16():
    try:
        return "_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def sampler():
    rng = np.random.default_rng(1)
    source = np.zeros((12 * NSIDE**2, N_BINS))
    source[2000:2400] = rng.random((400, N_BINS))
    isotropic = np.tile(np.exp(-0.4 * np.arange(N_BINS)), (12 * NSIDE**2, 1))
    edges = 56 * 10 ** (0.05 * np.arange(N_BINS + 1))
    return EventSampler(SkyDensity("Cen A", NSIDE, edges, source / source.sum(), isotropic / isotropic.sum()))


def skies():
    """One batch as in training: cells, counts and labels."""
    events, labels = draw_training_events(sampler(), N_EVENTS, BATCH, np.random.default_rng(2))
    return events.ipix * np.int32(N_BINS) + events.bin, events.counts(), labels[:, None]


def steps(way, cells, counts, labels):
    """Return one step of training and one of scoring, both traced already."""
    model, skies = WAYS[way](), cells if way.startswith("events") else counts
    model.compile(keras.optimizers.Adadelta(1.0), keras.losses.BinaryCrossentropy(from_logits=True))
    train, score = lambda: model.train_on_batch(skies, labels), lambda: model.predict_on_batch(skies)
    train(), score()
    return {"training": train, "scoring": score}


def timed(step):
    """Wall and processor seconds of a step."""
    wall, processor = time.perf_counter(), time.process_time()
    step()
    return time.perf_counter() - wall, time.process_time() - processor


def matrix_rate(dtype):
    """Floating-point operations per processor second in the product of two matrices, in 1e9."""
    matrix, size = keras.random.normal((2048, 2048), dtype=dtype), 2048
    seconds = min(timed(lambda: float(keras.ops.cast(keras.ops.matmul(matrix, matrix)[0, 0], "float32")))[1] for _ in range(5))
    return 2 * size**3 / seconds / 1e9


def operations_per_map():
    """Of all convolutions on full maps, forward, in 1e9: what scoring takes; training takes three times that, less the first."""
    return sum(
        2 * 9 * channels * FILTERS * 12 * side**2 / 1e9
        for side, channels in zip((32, 16, 8, 4, 2), (N_BINS, *(FILTERS,) * 4), strict=True)
    )


@pytest.fixture(scope="module")
def shortest():
    """Shortest wall and processor seconds of each way, (training or scoring, way)."""
    batch = skies()
    ways = {way: steps(way, *batch) for way in WAYS if has_bfloat16() or "bfloat16" not in way}
    found = {}
    for what in ("training", "scoring"):
        for _ in range(ROUNDS):
            for way, step in ways.items():
                found[what, way] = np.minimum(found.get((what, way), np.inf), timed(step[what]))
    return found


@pytest.mark.parametrize("what", ["training", "scoring"])
def test_ratios_to_the_published_way(shortest, what):
    first = 2 * 9 * N_BINS * FILTERS * 12 * NSIDE**2 / 1e9
    work = operations_per_map() * BATCH if what == "scoring" else (3 * operations_per_map() - first) * BATCH
    rates = {dtype: matrix_rate(dtype) for dtype in ("float32", "bfloat16")}
    print(f"\n{what}, batch {BATCH}, N = {N_EVENTS}; matrix product {rates['float32']:.0f} GFLOP/s, bfloat16 {rates['bfloat16']:.0f}")
    ratios = {}
    for way in (way for kind, way in shortest if kind == what):
        wall, processor = shortest[what, way]
        ratios[way] = shortest[what, "published"] / shortest[what, way]
        rate = work / processor / rates["bfloat16" if "bfloat16" in way else "float32"]
        print(
            f"{way:18} {BATCH / wall:6.1f} maps/s, {BATCH / processor:6.1f} per processor second; ratio {ratios[way][0]:.2f} in wall, "
            f"{ratios[way][1]:.2f} in processor time; {100 * rate:.0f} % of the matrix rate, counted as full maps"
        )
    assert ratios["events"][1] > {"training": 3, "scoring": 2.5}[what]
    if what == "training" and has_bfloat16():
        assert ratios["events, bfloat16"][1] > 4.5


def test_drawing_skies_is_no_bottleneck(shortest):
    source, rng = sampler(), np.random.default_rng(3)
    seconds = min(timed(lambda: draw_training_events(source, N_EVENTS, BATCH, rng))[1] for _ in range(30))
    share = seconds / min(shortest[what][1] for what in shortest if what[0] == "training")
    print(f"\n{BATCH / seconds:.0f} event lists per processor second, {100 * share:.2f} % of the fastest step of training")
    assert share < 0.05


def test_peak_memory():
    """Of a process that trains two batches, above what it holds before the first."""
    peaks = {}
    for way in ("published", "maps", "events", *(["events, bfloat16"] if has_bfloat16() else [])):
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.bench_network", way], cwd=ROOT, capture_output=True, text=True, check=True
        )
        peaks[way] = float(done.stdout.splitlines()[-1])
    print("\npeak memory of training, MB: " + ", ".join(f"{way} {peak:.0f}" for way, peak in peaks.items()))
    assert peaks["events"] < peaks["published"] / 2


def _peak():
    """Most memory that this process has held, MB; unlike ``ru_maxrss`` without that of the process that started it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    batch, before = skies(), _peak()
    trained = steps(sys.argv[1], *batch)["training"]
    trained()
    print(_peak() - before)
