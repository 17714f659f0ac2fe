"""Speed of training on a graphics card: skies a second, share of the card's matrix rate, time of a training of the paper's size.

    KERAS_BACKEND=jax python tests/benchmarks/gpu_training.py [--batch 64 256 1024] [--steps 100] [--events 300]

Skies are drawn on the card, and drawing and training are one compiled step, as in ``main.py train`` on such a machine. Where no card
is found it says so and runs through with tiny sizes, whose times mean nothing for a card; ``--full`` keeps the sizes.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import main  # noqa: F401  (makes this checkout the package zevatron)

from zevatron.core.backend import has_accelerator, load_backend

load_backend()

import keras  # noqa: E402
import numpy as np  # noqa: E402

from zevatron.core.network import build_network, event_network  # noqa: E402
from zevatron.core.network.layers import FaceConvolution  # noqa: E402
from zevatron.core.sky_density import SkyDensity  # noqa: E402
from zevatron.core.training.on_device import SelfFed  # noqa: E402

PAPER_MAPS = 1_000_000  # 100 epochs of 10,000
TABLE = 5 * 6 * 2  # trainings: sources, numbers of events, networks
PRODUCTS = 10  # matrix products between two looks at the clock


def density(nside, n_bins):
    """Return an invented source of a few degrees before an isotropic sky; what is drawn does not matter for the time."""
    source = np.zeros((12 * nside**2, n_bins))
    source[: nside**2 // 8] = 1
    isotropic = np.tile(np.exp(-0.4 * np.arange(n_bins)), (12 * nside**2, 1))
    edges = 56 * 10 ** (0.05 * np.arange(n_bins + 1))
    return SkyDensity("invented", nside, edges, source / source.sum(), isotropic / isotropic.sum())


def matrix_rate(dtype, size):
    """Floating-point operations a second in products of square matrices of this size."""
    matrix = keras.ops.cast(keras.random.normal((size, size)) / size**0.5, dtype)

    def products():
        product = matrix
        for _ in range(PRODUCTS):
            product = keras.ops.matmul(product, matrix)
        return float(keras.ops.cast(product[0, 0], "float32"))  # waits for the card

    return PRODUCTS * 2 * size**3 / shortest(products, 5)


def operations(network):
    """Floating-point operations of the convolutions for one sky of training, on full maps: forward and both gradients."""
    layers = [layer for layer in network.layers if isinstance(layer, FaceConvolution)]
    each = [2 * 12 * layer.output.shape[2] ** 2 * np.prod(layer.kernel.shape) for layer in layers]
    return 3 * sum(each) - each[0]  # nobody asks for the gradient of the counts


def shortest(step, repeats):
    """Seconds of the fastest of so many calls, after one that compiles."""
    step()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return min(times)


def training(kind, nside, n_bins, filters, n_events, precision, batch, steps):
    """Return skies a second over ``steps`` steps and the operations for one sky."""
    network = build_network(kind, nside, n_bins, filters, seed=1, precision=precision)
    model = event_network(network)
    model.compile(keras.optimizers.Adadelta(1.0), keras.losses.BinaryCrossentropy(from_logits=True))
    fed = SelfFed(model, [density(nside, n_bins)], n_events)
    fed.reseed(np.random.default_rng(1))
    for _ in range(3):
        found = fed.step(batch)
    started = time.perf_counter()
    for _ in range(steps):
        found = fed.step(batch)
    seconds = time.perf_counter() - started
    if not np.isfinite(found["loss"]):
        raise SystemExit(f"the loss of {kind} in {precision} is no longer a number")
    return batch * steps / seconds, operations(network)


def parsed(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batch", type=int, nargs="+", default=[64, 256, 1024])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--full", action="store_true", help="the paper's sizes even without a graphics card")
    return parser.parse_args(arguments)


def report(options):
    """Measure and print; returns whether there was a card."""
    card = has_accelerator()
    print(f"Keras {keras.__version__} on {keras.backend.backend()}, devices: {', '.join(keras.distribution.list_devices())}")
    nside, n_bins, n_events, batches, steps, size = 32, 15, options.events, options.batch, options.steps, 8192
    filters = {"bcnn": 76, "cnn": 32}
    if not card:
        print("no graphics card found: nothing below says anything about one" + ("" if options.full else "; sizes are tiny"))
        size = 1024
        if not options.full:
            nside, n_events, batches, steps, filters = 4, 20, [16], 3, {"bcnn": 6, "cnn": 4}
    rates = {precision: matrix_rate(precision, size) for precision in ("float32", "bfloat16")}
    print("matrix product: " + ", ".join(f"{precision} {rate / 1e12:.3g} TFLOP/s" for precision, rate in rates.items()))
    print(f"Nside {nside}, {n_bins} bins, N = {n_events}")
    print("| network | precision | batch | maps/s | share of the matrix rate | time of 1,000,000 maps |")
    print("| --- | --- | --- | --- | --- | --- |")
    fastest = dict.fromkeys(filters, 0.0)
    for kind, maps in filters.items():
        for precision, rate in rates.items():
            for batch in batches:
                speed, work = training(kind, nside, n_bins, maps, n_events, precision, batch, steps)
                fastest[kind] = max(fastest[kind], speed)
                print(
                    f"| {kind} ({maps} maps) | {precision} | {batch} | {speed:.0f} | {100 * speed * work / rate:.1f} % | "
                    f"{PAPER_MAPS / speed:.0f} s |", flush=True
                )  # fmt: skip
    if card or options.full:
        hours = sum(PAPER_MAPS / speed for speed in fastest.values()) * TABLE / len(fastest) / 3600
        print(f"{TABLE} trainings of Table 1, each the fastest way, without validation and tests: {hours:.2f} h")
    return card


if __name__ == "__main__":
    report(parsed(sys.argv[1:]))
