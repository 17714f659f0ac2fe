"""Speed of training and scoring, the halo network beside the published way on the same skies.

Times are processor seconds of all threads: they say the same on a busy machine. Run with ``make bench``, or
``python -m pytest tests/benchmarks/bench_network.py`` with ``BENCH_BATCHES=…`` for more than three batches.
"""

import os
import time

import keras
import numpy as np
import pytest

from tests.core.plain_network import plain_network
from zevatron.core.network import build_network, event_network, score_network

NSIDE, N_BINS, FILTERS, BATCH, N_EVENTS = 32, 15, 76, 64, 300
BATCHES = int(os.environ.get("BENCH_BATCHES", "3"))


@pytest.fixture(scope="module")
def skies():
    rng = np.random.default_rng(1)
    cells = rng.integers(0, 12 * NSIDE**2 * N_BINS, (BATCH, N_EVENTS)).astype("int32")
    counts = np.zeros((BATCH, 12 * NSIDE**2 * N_BINS), "float32")
    np.add.at(counts, (np.arange(BATCH)[:, None], cells), 1)
    return {"cells": cells, "counts": counts.reshape(BATCH, -1, N_BINS), "labels": rng.integers(0, 2, (BATCH, 1))}


def halo_of_events():
    return event_network(build_network("bcnn", NSIDE, N_BINS, FILTERS)), "cells"


def halo_of_counts():
    return score_network(build_network("bcnn", NSIDE, N_BINS, FILTERS)), "counts"


def plain_gather():
    return plain_network(NSIDE, N_BINS, FILTERS), "counts"


def steps(make, skies):
    """Return one step of training and one of scoring, both traced already."""
    model, kind = make()
    model.compile(keras.optimizers.Adadelta(1.0), keras.losses.BinaryCrossentropy(from_logits=True))

    def train():
        model.train_on_batch(skies[kind], skies["labels"])

    def score():
        model.predict_on_batch(skies[kind])

    train(), score()
    return {"training": train, "scoring": score}


@pytest.mark.parametrize("what", ["training", "scoring"])
@pytest.mark.parametrize("make", [halo_of_events, halo_of_counts, plain_gather])
def test_speed(benchmark, skies, make, what):
    step = steps(make, skies)[what]
    benchmark.group = what
    benchmark.pedantic(step, rounds=BATCHES)
    benchmark.extra_info["maps_per_second"] = BATCH / benchmark.stats["mean"]


def test_ratio_to_the_plain_gather(skies):
    """The two ways take turns, batch by batch; ratios of wall and of processor time are printed."""
    ours, plain = steps(halo_of_events, skies), steps(plain_gather, skies)
    for what in ours:
        spent = np.zeros((2, 2))
        for _ in range(BATCHES):
            for way, step in enumerate((ours[what], plain[what])):
                started = time.perf_counter(), time.process_time()
                step()
                spent[way] += time.perf_counter() - started[0], time.process_time() - started[1]
        wall, processor = spent[1] / spent[0]
        rates = BATCH * BATCHES / spent
        print(
            f"\n{what}: {rates[0, 0]:.1f} maps/s ({rates[0, 1]:.1f} per processor second) against {rates[1, 0]:.1f} "
            f"({rates[1, 1]:.1f}); ratio {wall:.2f} in wall time, {processor:.2f} in processor time"
        )
        assert processor > {"training": 1.5, "scoring": 1.2}[what]
