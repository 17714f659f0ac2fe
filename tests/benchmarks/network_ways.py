"""Ways to train and to score, the published one and ours, on the same skies; `python -m tests.benchmarks.network_ways WAY` prints peak memory."""

import os
import sys
from pathlib import Path

import keras
import numpy as np

import main  # noqa: F401

from tests.benchmarks.ratios import take_turns
from tests.core.plain_network import plain_network
from zevatron.core.mock_events import EventSampler, draw_training_events
from zevatron.core.network import build_network, event_network, score_network
from zevatron.core.sky_density import SkyDensity

NSIDE, N_BINS, FILTERS = 32, 15, 76
ROUNDS, BATCH, N_EVENTS = (int(os.environ.get(f"BENCH_{name}", default)) for name, default in (("ROUNDS", 3), ("BATCH", 64), ("EVENTS", 300)))
SIZE = 2048  # of the matrices whose product says what the machine can do

WAYS = {
    "published": lambda: plain_network(NSIDE, N_BINS, FILTERS, nest=False),
    "maps": lambda: score_network(build_network("bcnn", NSIDE, N_BINS, FILTERS)),
    "events": lambda: event_network(build_network("bcnn", NSIDE, N_BINS, FILTERS)),
    "events, bfloat16": lambda: event_network(build_network("bcnn", NSIDE, N_BINS, FILTERS, precision="bfloat16")),
}
"""The published layers in RING order; ours on maps and on events."""


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


def matrix_rate(dtype):
    """Floating-point operations per processor second in the product of two matrices, in 1e9."""
    matrix = keras.random.normal((SIZE, SIZE), dtype=dtype)
    seconds = take_turns({"product": lambda: float(keras.ops.cast(keras.ops.matmul(matrix, matrix)[0, 0], "float32"))}, 5)["product"]
    return 2 * SIZE**3 / seconds / 1e9


def operations_per_map():
    """Of the convolutions on full maps, forward, in 1e9, layer by layer: scoring takes all, training three times that, less the first once."""
    return [
        2 * 9 * channels * FILTERS * 12 * side**2 / 1e9
        for side, channels in zip((32, 16, 8, 4, 2), (N_BINS, *(FILTERS,) * 4), strict=True)
    ]


def _peak():
    """Most memory that this process has held, MB; unlike ``ru_maxrss`` without that of the process that started it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    batch, before = skies(), _peak()
    steps(sys.argv[1], *batch)["training"]()
    print(_peak() - before)
