"""Networks on disk: whole, or refused with one line; never code from a file."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from zevatron.core.errors import DamagedFileError, InputError
from zevatron.core.network import build_network, event_network, files, load_network, read_record, save_network
from zevatron.core.network.registry import NETWORKS
from zevatron.core.training.optimizers import OPTIMIZERS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def saved(tmp_path):
    network = build_network("bcnn", 4, 3, 5, seed=3)
    path = tmp_path / "network.keras"
    save_network(path, network, {"kind": "bcnn", "epoch": 7})
    return path, network


def test_a_network_comes_back_with_its_record(saved, rng):
    path, network = saved
    again, record = load_network(path)
    counts = rng.poisson(0.1, (3, 192, 3)).astype("float32")
    assert np.array_equal(again.predict_on_batch(counts), network.predict_on_batch(counts))
    assert record == read_record(path) == {"format": 1, "kind": "bcnn", "epoch": 7}


def test_plain_keras_reads_it_without_custom_objects(saved):
    """In a fresh process: importing the layers is all it takes."""
    code = (
        "import main, keras\n"
        "from zevatron.core.network import build_network\n"
        f"print(keras.models.load_model({str(saved[0])!r}).count_params())"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert int(found) == saved[1].count_params()


def test_nothing_is_left_beside_it(saved):
    assert [p.name for p in saved[0].parent.iterdir()] == ["network.keras"]


def test_the_list_of_networks_and_records_need_no_keras(saved):
    code = (
        "import main, sys\n"
        "from zevatron.core.network import read_record\n"
        "from zevatron.core.config import RunConfig; RunConfig()\n"
        f"read_record({str(saved[0])!r}); import zevatron.core.training\n"
        "print([m for m in ('keras', 'tensorflow', 'healpy', 'numba') if m in sys.modules and m != 'healpy'])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


def cut(content):
    return content[: len(content) // 2]


def altered(content):
    """Flip one byte inside the weights."""
    place = content.index(b"model.weights.h5") + 2000
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def text(content):
    return b"not a network"


def without_config(content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("holiday.txt", "photos")
    return stream.getvalue()


@pytest.mark.parametrize("damage", [cut, altered, text, without_config])
def test_damaged_files_are_refused(saved, damage):
    path = saved[0]
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedFileError, match=r"not a whole \.keras file.*train the network again"):
        load_network(path)


def test_missing_file():
    with pytest.raises(InputError, match=r"no file .*nowhere\.keras"):
        load_network("nowhere.keras")


def altered_config(path, out, alter):
    """Copy a network with another ``config.json``."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, json.dumps(alter(json.loads(content))) if name == "config.json" else content)
    return out


def test_code_in_a_file_is_not_run(tmp_path, monkeypatch):
    """Not even looked at by Keras."""
    network = keras.Sequential([keras.Input((48, 1)), keras.layers.Lambda(lambda x: x * 2), keras.layers.Flatten()])
    network.save(tmp_path / "lambda.keras")
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("Keras was asked"))
    with pytest.raises(InputError, match=r"holds keras\.layers\.Lambda, which is not known here as harmless; it is not read"):
        load_network(tmp_path / "lambda.keras")


@pytest.mark.parametrize("foreign", [
    {"module": "os", "class_name": "system", "registered_name": "system", "config": "touch /tmp/owned"},
    {"module": "builtins", "class_name": "function", "registered_name": "function", "config": "eval"},
    {"module": "keras", "class_name": "utils.get_file", "registered_name": None, "config": {}},
    {"module": "keras.utils", "class_name": "get_file", "registered_name": None, "config": {}},
    {"module": "keras.layers", "class_name": "TFSMLayer", "registered_name": None, "config": {"filepath": "/tmp/model"}},
    {"module": "keras.layers", "class_name": "StringLookup", "registered_name": None, "config": {"vocabulary": "/etc/passwd"}},
    {"module": "keras.layers", "class_name": "TorchModuleWrapper", "registered_name": None, "config": {"module": "gASV"}},
    {"module": "os", "class_name": "FaceConvolution", "registered_name": "zevatron>FaceConvolution", "config": {}},
    {"module": "keras.src.ops.numpy", "class_name": "a.b", "registered_name": None, "config": {}},
    {"class_name": "__lambda__", "config": {"value": "4wEA"}},
])  # fmt: skip
@pytest.mark.parametrize("place", ["layer", "activation", "optimizer"])
def test_what_is_not_arithmetic_is_refused_wherever_it_stands(saved, tmp_path, monkeypatch, foreign, place):
    def alter(config):
        if place == "layer":
            config["config"]["layers"][1] |= foreign
        elif place == "activation":
            config["config"]["layers"][-1]["config"]["activation"] = foreign
        else:
            config["compile_config"] = {"optimizer": {"class_name": "Adam", "module": "keras.optimizers", "config": {"learning_rate": foreign}}}
        return config

    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("Keras was asked"))
    path = altered_config(saved[0], tmp_path / "foreign.keras", alter)
    for training in (False, True):
        with pytest.raises(InputError, match="not known here as harmless; it is not read"):
            load_network(path, training=training)


@pytest.mark.filterwarnings("ignore:Skipping variable loading:UserWarning")
@pytest.mark.parametrize("kind", NETWORKS)
def test_all_our_networks_are_harmless_with_and_without_their_optimizer(kind, tmp_path):
    model = event_network(build_network(kind, 4, 3, 4, seed=1))
    optimizer = OPTIMIZERS[NETWORKS[kind].optimizer](1.0)
    model.compile(optimizer=optimizer, loss=keras.losses.BinaryCrossentropy(from_logits=True), metrics=[keras.metrics.BinaryAccuracy()])
    save_network(tmp_path / "net.keras", model, {})
    for training in (False, True):
        assert load_network(tmp_path / "net.keras", training=training)[0].count_params() == model.count_params()


def test_networks_of_plain_keras_layers_are_read(tmp_path):
    counts = keras.Input((48, 2))
    x = keras.layers.Conv1D(3, 4, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-3))(counts)
    x = keras.layers.LayerNormalization()(keras.layers.MaxPooling1D(3)(x)) * 2.0 + 1.0
    keras.Model(counts, keras.layers.Dense(1, "sigmoid")(keras.layers.Flatten()(x))).save(tmp_path / "plain.keras")
    assert load_network(tmp_path / "plain.keras")[0].output_shape == (None, 1)


def test_layers_of_another_version_are_refused_with_a_hint(saved, tmp_path):
    def alter(config):
        config["config"]["layers"][2] |= {"class_name": "WormholeLayer", "registered_name": "zevatron>WormholeLayer"}
        return config

    with pytest.raises(InputError, match=r"WormholeLayer.*another version of Zevatron may have made it: update"):
        load_network(altered_config(saved[0], tmp_path / "later.keras", alter))


def test_a_file_that_keras_cannot_read_names_both_versions(saved, tmp_path):
    def alter(config):
        config["config"]["layers"][2]["config"]["wormholes"] = 3
        return config

    path = altered_config(saved[0], tmp_path / "odd.keras", alter)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["metadata.json"] = json.dumps({"keras_version": "99.1", "date_saved": ""}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(DamagedFileError, match=r"Keras cannot read this network .*saved by Keras 99\.1, this is"):
        load_network(path)


def test_further_members_are_refused(saved):
    with zipfile.ZipFile(saved[0], "a") as archive:
        archive.writestr("assets/../../evil.txt", "out of the folder")
    with pytest.raises(InputError, match=r"found assets/\.\./\.\./evil\.txt; it is not read"):
        load_network(saved[0])


@pytest.mark.parametrize("kind", ["link", "external", "virtual"])
def test_weights_that_stand_elsewhere_are_refused(saved, tmp_path, kind):
    weights, secret = tmp_path / "weights.h5", tmp_path / "secret.bin"
    secret.write_bytes(bytes(4000))
    path = saved[0]
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    weights.write_bytes(members["model.weights.h5"])
    with h5py.File(weights, "a") as file:
        if kind == "link":
            file["stolen"] = h5py.ExternalLink(str(secret), "/")
        elif kind == "external":
            file.create_dataset("stolen", (1000,), "f4", external=[(str(secret), 0, 4000)])
        else:
            layout = h5py.VirtualLayout((10,), "f4")
            layout[:] = h5py.VirtualSource(str(secret), "x", (10,))
            file.create_virtual_dataset("stolen", layout)
    members["model.weights.h5"] = weights.read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match=r"found (a link to elsewhere at stolen|stolen elsewhere); it is not read"):
        load_network(path)


def test_a_file_that_unpacks_to_more_than_a_network_is_refused(saved, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 1000)
    with pytest.raises(DamagedFileError, match=r"expected at most .* MiB, found"):
        read_record(saved[0])


def test_a_network_without_record_is_read(tmp_path):
    build_network("cnn", 4, 3, 2).save(tmp_path / "plain.keras")
    assert load_network(tmp_path / "plain.keras")[1] == {}


def test_records_of_the_future_are_refused(saved):
    path = saved[0]
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["zevatron.json"] = json.dumps({"format": 99}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match="expected a record of format 1, found 99; update Zevatron"):
        read_record(path)
