"""Published networks: the scores of the plain arithmetic, or one line that says what is wrong; no code from a file."""

import bz2
import copy
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.core.published_files import PublishedFile
from zevatron.core.errors import DamagedFileError, InputError
from zevatron.core.mock_events import MockEvents
from zevatron.core.network import (
    build_network,
    import_network,
    load_network,
    read_maps,
    read_record,
    save_network,
    score_maps,
    score_network,
)
from zevatron.core.network import maps as network_maps
from zevatron.core.network.published import LARGEST, read_published
from zevatron.core.storage.tables import read_table
from zevatron.core.training import NetworkStatistic

ROOT = Path(__file__).resolve().parents[2]
VARIANTS = {
    "one map, as published": dict(nside=4, filters=(5, 6)),
    "bins, hidden layers, dropout": dict(nside=4, n_bins=3, filters=(5, 4), units=(6, 3), dropout=True),
    "pooled to 48 pixels, no bias": dict(nside=8, filters=(3, 4), units=(5,), activation="tanh", use_bias=False),
}


def counts(rng, n, nside, n_bins=1):
    """From sparse to crowded: every pixel, also where a neighbour is missing, holds events in some of them."""
    return rng.poisson(np.linspace(0.05, 2, n)[:, None, None], (n, 12 * nside**2, n_bins)).astype("float32")


def probability(log_odds):
    return 1 / (1 + np.exp(-log_odds))


# Scores


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("ending", [".h5", ".h5.bz2"])
def test_scores_are_those_of_the_plain_arithmetic(tmp_path, rng, variant, ending):
    file = PublishedFile(rng, **VARIANTS[variant])
    path = file.write(tmp_path / "net.h5")
    if ending == ".h5.bz2":
        path = tmp_path / "net.h5.bz2"
        path.write_bytes(bz2.compress((tmp_path / "net.h5").read_bytes()))
    import_network(path, tmp_path / "net.keras")
    network, record = load_network(tmp_path / "net.keras")
    maps = counts(rng, 40, VARIANTS[variant]["nside"], file.n_bins)
    expected = file.log_odds(maps)
    assert np.ptp(expected) > 0.1
    assert_allclose(score_maps(network, maps), probability(expected), rtol=0, atol=1e-5)
    assert_allclose(score_maps(score_network(network), maps), expected, rtol=1e-5, atol=1e-5)
    assert record["imported"]["file"] == path.name and record["imported"]["keras_version"] == "2.1.6"
    assert (record["kind"], record["n_bins"]) == ("imported", file.n_bins)


def test_a_missing_neighbour_is_zero(tmp_path, rng):
    """Single events on all pixels around the eight points where a neighbour is missing."""
    file = PublishedFile(rng, nside=4, filters=(5, 6))
    maps = np.eye(192, dtype="float32")
    network = import_network(file.write(tmp_path / "net.h5"), tmp_path / "net.keras")
    assert_allclose(score_maps(score_network(network), maps), file.log_odds(maps), rtol=1e-5, atol=1e-5)


def test_packing_changes_name_but_not_the_digest(tmp_path, rng):
    path = PublishedFile(rng, nside=4).write(tmp_path / "net.h5")
    packed = tmp_path / "net.h5.bz2"
    packed.write_bytes(bz2.compress(path.read_bytes()))
    assert read_published(path).origin["sha256"] == read_published(packed).origin["sha256"]


def test_it_is_a_statistic_that_sums_the_bins_of_a_run(tmp_path, rng):
    file = PublishedFile(rng, nside=4, filters=(5, 6))
    import_network(file.write(tmp_path / "net.h5"), tmp_path / "net.keras")
    ipix, energy_bin = rng.integers(0, 192, (30, 50)).astype("int32"), rng.integers(0, 7, (30, 50)).astype("int8")
    events = MockEvents(ipix, energy_bin, ipix < 0, np.zeros(30), nside=4, n_bins=7)
    statistic = NetworkStatistic(tmp_path / "net.keras")
    assert (statistic.name, statistic.nside, statistic.n_bins) == ("imported", 4, 1)
    expected = file.log_odds(in_ring_order(events.counts()).sum(axis=2))
    assert_allclose(statistic.scores(events), expected, rtol=1e-5, atol=1e-5)


def in_ring_order(nested):
    import healpy as hp

    return nested[:, hp.ring2nest(hp.npix2nside(nested.shape[1]), np.arange(nested.shape[1]))]


def test_one_learns_that_its_scenario_is_not_known(tmp_path, rng, caplog):
    from tests.core.training_runs import small_run

    import_network(PublishedFile(rng, nside=2, filters=(3,)).write(tmp_path / "CenA_N300.h5"), tmp_path / "net.keras")
    NetworkStatistic(tmp_path / "net.keras").check_fits(small_run())
    assert "CenA_N300.h5 does not say which scenario it was trained for" in caplog.text


# Files that are something else


def other_layer(file):
    file.of("MaxPooling1D")["class_name"] = "AveragePooling1D"


def lambda_layer(file):
    file.of("Activation")["class_name"] = "Lambda"


def wrong_shape(file):
    layer = file.of("Conv1D", 1)["name"]
    file.weights[layer] = [file.weights[layer][0][:, :-1]]


def missing_weights(file):
    file.weights[file.of("Dense")["name"]].pop()


def weight_that_is_none(file):
    file.weights[file.of("Conv1D")["name"]][0][0, 0, 0] = np.nan


def convolution_with_bias(file):
    file.of("Conv1D")["config"]["use_bias"] = True


def other_stride(file):
    file.of("Conv1D")["config"]["strides"] = [1]


def other_neighbours(file):
    table = file.of("OrderMap")["config"]["indices"]["value"]
    table[1], table[2] = table[2], table[1]


def other_children(file):
    table = file.of("OrderMap", 1)["config"]["indices"]["value"]
    table[3], table[4] = table[4], table[3]


def branch(file):
    file.of("Flatten")["inbound_nodes"][0].append([file.layers[1]["name"], 0, 0, {}])


def two_classes(file):
    file.layers.pop()
    file.add_dense(48, 2, "sigmoid", True)


def unknown_activation(file):
    file.of("Dense")["config"]["activation"] = "hard_sigmoid"


def no_sigmoid(file):
    file.of("Dense")["config"]["activation"] = "linear"


def no_healpix_map(file):
    file.of("InputLayer")["config"]["batch_input_shape"] = [None, 100]


def vast_map(file):
    file.of("InputLayer")["config"]["batch_input_shape"] = [None, 12 * 8192**2]


def too_many_blocks(file):
    file.layers[-2:] = [copy.deepcopy(layer) for layer in file.layers[2:7]]
    for before, layer in zip(file.layers[-6:], file.layers[-5:], strict=False):
        layer["inbound_nodes"] = [[[before["name"], 0, 0, {}]]]


CHANGES = {
    other_layer: "expected a layer MaxPooling1D, found AveragePooling1D",
    lambda_layer: "expected a layer Activation, found Lambda",
    wrong_shape: r"expected weights of shapes \(\(9, 3, 4\),\), found \[\(9, 2, 4\)\]",
    missing_weights: r"expected weights of shapes \(\(48, 1\), \(1,\)\)",
    weight_that_is_none: "expected finite weights",
    convolution_with_bias: "expected use_bias False, found True",
    other_stride: r"expected strides \[9\], found \[1\]",
    other_neighbours: "expected the nine neighbours of RING pixels of Nside 4",
    other_children: "expected the four children of RING pixels of Nside 4",
    branch: "expected layers one after the other",
    two_classes: "one sigmoid unit at the end",
    unknown_activation: "expected an activation of .*, found 'hard_sigmoid'",
    no_sigmoid: "one sigmoid unit at the end",
    no_healpix_map: "100 pixels are no HEALPix map",
    vast_map: "expected the nine neighbours of RING pixels of Nside 8192",
    too_many_blocks: "expected Flatten at twelve pixels",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_other_networks_are_refused(tmp_path, rng, change):
    file = PublishedFile(rng, nside=4)
    change(file)
    path = file.write(tmp_path / "net.h5")
    with pytest.raises(DamagedFileError, match=CHANGES[change]) as caught:
        read_published(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def truncated(path):
    path.write_bytes(path.read_bytes()[:5000])


def text(path):
    path.write_text("no network")


def weights_only(path):
    with h5py.File(path, "a") as file:
        del file.attrs["model_config"]


def broken_architecture(path):
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = file.attrs["model_config"][:1000]


def endless_nesting(path):
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = "[" * 10**5


def link_elsewhere(path):
    with h5py.File(path, "a") as file:
        del file["model_weights/conv1d_3"]
        file["model_weights/conv1d_3"] = h5py.ExternalLink("/etc/passwd", "/")


def weights_elsewhere(path):
    with h5py.File(path, "a") as file:
        del file["model_weights/conv1d_3/conv1d_3/kernel:0"]
        file.create_dataset("model_weights/conv1d_3/conv1d_3/kernel:0", (9, 1, 3), "f4", external=[("/etc/passwd", 0, 108)])


def without_weights(path):
    with h5py.File(path, "a") as file:
        del file["model_weights"]


FAULTS = {
    truncated: "is not a whole network as Keras 2 writes it",
    text: "is not a whole network as Keras 2 writes it",
    weights_only: "weights alone cannot be imported",
    broken_architecture: "is not a whole network as Keras 2 writes it .JSONDecodeError",
    endless_nesting: "is not a whole network as Keras 2 writes it .RecursionError",
    link_elsewhere: "found a link to elsewhere at model_weights/conv1d_3",
    weights_elsewhere: "expected data in the file itself",
    without_weights: "is not a whole network as Keras 2 writes it .KeyError",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_damaged_and_false_files_are_refused(tmp_path, rng, fault):
    path = PublishedFile(rng, nside=4).write(tmp_path / "net.h5")
    fault(path)
    with pytest.raises(DamagedFileError, match=FAULTS[fault]) as caught:
        read_published(path)
    assert "\n" not in str(caught.value)


def test_weights_that_fill_the_memory_are_refused_before_they_are_read(tmp_path, rng):
    """HDF5 can promise arrays of any size in a few bytes."""
    file = PublishedFile(rng, nside=4, units=(10,))
    file.of("Dense")["config"]["units"] = 10**7
    path, name = file.write(tmp_path / "net.h5"), file.of("Dense")["name"]
    with h5py.File(path, "a") as opened:
        group = opened[f"model_weights/{name}/{name}"]
        for part, shape in (("kernel:0", (48, 10**7)), ("bias:0", (10**7,))):
            del group[part]
            group.create_dataset(part, shape, "f4", chunks=True)
    assert path.stat().st_size < 10**5
    with pytest.raises(DamagedFileError, match="expected at most 64 MiB, model_weights/"):
        read_published(path)


def test_a_packed_file_that_never_ends_is_refused(tmp_path):
    bomb = tmp_path / "bomb.h5.bz2"
    bomb.write_bytes(bz2.compress(bytes(LARGEST + 1)))
    assert bomb.stat().st_size < 10**4
    with pytest.raises(DamagedFileError, match="expected at most 64 MiB, received more"):
        read_published(bomb)


# Maps


@pytest.fixture(scope="module")
def ours():
    return build_network("bcnn", 4, 3, 5, seed=2)


def test_maps_are_in_ring_order_and_batches_do_not_show(ours, rng, monkeypatch):
    nested = rng.poisson(0.2, (23, 192, 3)).astype("float32")
    expected = ours.predict_on_batch(nested).ravel()
    for pixels in (192 * 5, 192 * 23, 1):
        monkeypatch.setattr(network_maps, "BATCH_PIXELS", pixels)
        assert_allclose(score_maps(ours, in_ring_order(nested)), expected, rtol=1e-5)


def test_integers_serve_as_counts(ours, rng):
    maps = rng.poisson(0.2, (4, 192, 3))
    assert np.array_equal(score_maps(ours, maps), score_maps(ours, maps.astype("float32")))


def test_one_map_networks_take_the_sum_of_bins(rng):
    network = build_network("bcnn", 4, 1, 5, seed=2)
    maps = rng.poisson(0.2, (4, 192, 6)).astype("float32")
    assert np.array_equal(score_maps(network, maps), score_maps(network, maps.sum(axis=2)))


@pytest.mark.parametrize(("shape", "words"), [
    ((2, 192), r"expected maps of shape \(n, 192, 3\) .* received \(2, 192\)"),
    ((2, 192, 5), r"received \(2, 192, 5\)"),
    ((2, 48, 3), r"for this network of nside 4, received \(2, 48, 3\)"),
])
def test_maps_of_another_shape_are_refused(ours, shape, words):
    with pytest.raises(InputError, match=words):
        score_maps(ours, np.zeros(shape, dtype="float32"))


@pytest.mark.parametrize("value", [-1, np.nan, np.inf, 1e300])
def test_what_is_no_count_is_refused_by_its_map(ours, value):
    maps = np.zeros((70, 192, 3))
    maps[66, 17, 1] = value
    with pytest.raises(InputError, match=r"map 66: expected counts of 0 or more, received .* in pixel 17"):
        score_maps(ours, maps)


def test_maps_are_not_read_into_memory(tmp_path):
    np.save(tmp_path / "maps.npy", np.zeros((5, 48), dtype="float32"))
    assert isinstance(read_maps(tmp_path / "maps.npy"), np.memmap)


class Strange:
    def __reduce__(self):
        return os.mkdir, ("made_by_a_pickle",)


@pytest.mark.parametrize(("write", "words"), [
    (lambda path: np.save(path, np.array([Strange()], dtype=object)), "cannot read .* as an array"),
    (lambda path: path.write_bytes(Strange.__name__.encode()), "cannot read .* as an array"),
    (lambda path: path.write_bytes(b""), "cannot read .* as an array"),
    (lambda path: np.save(path, np.zeros((2, 48)).astype(str)), r"expected counts .* received <U32 of shape \(2, 48\)"),
    (lambda path: np.save(path, np.zeros(48)), r"received float64 of shape \(48,\)"),
    (lambda path: np.save(path, np.zeros((0, 48))), "cannot read .* as an array|expected counts"),
    (lambda path: np.savez(path.open("wb"), a=np.zeros((2, 48))), "received an archive of several"),
])
def test_other_arrays_are_refused(tmp_path, monkeypatch, write, words):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "maps.npy"
    write(path)
    with pytest.raises(InputError, match=words) as caught:
        read_maps(path)
    assert "\n" not in str(caught.value) and not (tmp_path / "made_by_a_pickle").exists()


def test_a_truncated_array_is_refused(tmp_path):
    np.save(tmp_path / "maps.npy", np.zeros((5, 48)))
    (tmp_path / "maps.npy").write_bytes((tmp_path / "maps.npy").read_bytes()[:-100])
    with pytest.raises(InputError, match="cannot read"):
        read_maps(tmp_path / "maps.npy")


# Commands


def command(folder, *arguments):
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *arguments], cwd=folder, capture_output=True, text=True, timeout=200,
        env=os.environ | {"ZEVATRON_CACHE": str(folder / "cache")},
    )


def test_commands_import_and_score(tmp_path, rng):
    file = PublishedFile(rng, nside=4, filters=(5, 6))
    (tmp_path / "published.h5.bz2").write_bytes(bz2.compress(file.write(tmp_path / "net.h5").read_bytes()))
    imported = command(tmp_path, "import-model", "published.h5.bz2", "--out", "model.keras")
    assert (imported.returncode, imported.stderr) == (0, "")
    assert "nside 4, one map of all energies" in imported.stdout
    maps = counts(rng, 30, 4)[:, :, 0]
    np.save(tmp_path / "maps.npy", maps)
    scored = command(tmp_path, "score", "--model", "model.keras", "--maps", "maps.npy", "--out", "scores.csv")
    assert (scored.returncode, scored.stderr) == (0, "")
    table = read_table(tmp_path / "scores.csv")
    assert list(table.columns) == ["score"]
    assert_allclose(table.floats("score"), probability(file.log_odds(maps)), rtol=0, atol=1e-5)


@pytest.fixture
def run(tmp_path, run_in):
    return run_in(tmp_path)


def test_score_takes_our_own_networks(run, tmp_path, ours, rng):
    save_network(tmp_path / "ours.keras", ours, {"kind": "bcnn"})
    nested = rng.poisson(0.2, (5, 192, 3)).astype("float32")
    np.save(tmp_path / "maps.npy", in_ring_order(nested))
    for option, network in (("", ours), ("--log-odds", score_network(ours))):
        run("score", "--model", "ours.keras", "--maps", "maps.npy", "--out", "s.csv", *option.split())
        assert_allclose(read_table("s.csv").floats("score"), network.predict_on_batch(nested).ravel(), rtol=1e-5)


def test_evaluate_takes_an_imported_network(run, rng, caplog):
    PublishedFile(rng, nside=4, filters=(5, 6)).write("net.h5")
    run("import-model", "net.h5", "--out", "net.keras")
    settings = ("sky.nside=4", "test.maps=1000", "test.bootstrap=20", "energy.bin_width=0.25")
    run("new", "--events", "40", *(part for text in settings for part in ("--set", text)), "--out", "run.toml")
    assert "N = 40, imported" in run("evaluate", "run.toml", "--model", "net.keras", "--out", "result.json")
    assert "does not say which scenario" in caplog.text
    assert read_record("net.keras")["imported"]["file"] == "net.h5"


def test_bad_input_gets_one_line(run, tmp_path, ours, rng):
    PublishedFile(rng, nside=4).write("net.h5")
    ours.save("ours.keras")
    (tmp_path / "text.h5").write_text("no network")
    np.save("maps.npy", np.zeros((3, 48), dtype="float32"))
    for arguments, words in (
        (("import-model", "none.h5", "--out", "x.keras"), "no file none.h5"),
        (("import-model", "text.h5", "--out", "x.keras"), "text.h5 is not a whole network"),
        (("import-model", "ours.keras", "--out", "x.keras"), "ours.keras is not a whole network"),
        (("import-model", "net.h5", "--out", "x.h5"), "--out: expected a name that ends in .keras"),
        (("import-model", "net.h5", "--out", "no/where/x.keras"), "cannot write"),
        (("score", "--model", "none.keras", "--maps", "maps.npy", "--out", "x.csv"), "no file none.keras"),
        (("score", "--model", "net.h5", "--maps", "maps.npy", "--out", "x.csv"), "net.h5 is not a whole .keras file"),
        (("score", "--model", "ours.keras", "--maps", "none.npy", "--out", "x.csv"), "none.npy"),
        (("score", "--model", "ours.keras", "--maps", "maps.npy", "--out", "x.csv"), "received (3, 48)"),
    ):
        assert words in run(*arguments, code=2)
    assert not list(tmp_path.glob("x.*"))
