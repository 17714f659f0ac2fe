"""Networks on disk: whole, or refused with one line; never code from a file."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from zevatron.core.errors import DamagedFileError, InputError
from zevatron.core.network import build_network, load_network, read_record, save_network

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


def test_code_in_a_file_is_not_run(tmp_path):
    network = keras.Sequential([keras.Input((48, 1)), keras.layers.Lambda(lambda x: x * 2), keras.layers.Flatten()])
    network.save(tmp_path / "lambda.keras")
    with pytest.raises(DamagedFileError, match="Keras cannot read this network"):
        load_network(tmp_path / "lambda.keras")


def test_unknown_layers_are_refused(saved, tmp_path):
    path = tmp_path / "foreign.keras"
    with zipfile.ZipFile(saved[0]) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(b"zevatron>FaceConvolution", b"strange>Layer") if name == "config.json" else content)
    with pytest.raises(DamagedFileError, match="Keras cannot read this network"):
        load_network(path)


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
