"""Cache files come back unchanged, or not at all."""

import multiprocessing
import os
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from zevatron.core.errors import InputError
from zevatron.core.storage import cache

ARRAYS = {"map": np.arange(1000.0).reshape(10, 100), "ipix": np.arange(7, dtype=np.int64), "one": np.float64(3.5)}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "deep" / "file.h5"
    cache.write_cache(path, "abc", ARRAYS, {"made_from": "numbers"})
    return path


def test_arrays_come_back_with_type_and_shape(path):
    back = cache.read_cache(path, "abc")
    assert set(back) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == np.asarray(array).dtype


def test_file_is_ordinary_hdf5(path):
    with h5py.File(path) as file:
        assert file.attrs["made_from"] == "numbers" and file["map"].shape == (10, 100)


def test_another_digest_or_no_file_gives_nothing(path):
    assert cache.read_cache(path, "abd") is None
    assert cache.read_cache(path.with_name("other.h5"), "abc") is None


@pytest.mark.parametrize("length", [0, 10, 600, -1])
def test_truncated_file_gives_nothing(path, length):
    content = path.read_bytes()
    path.write_bytes(content[:length])
    assert cache.read_cache(path, "abc") is None


def test_every_altered_byte_is_noticed(path):
    content = path.read_bytes()
    used = [i for i in range(len(content)) if i < 81 or i >= cache.USER_BLOCK]  # the rest of the user block is padding
    for position in used[::97] + used[:81]:
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1:])
        assert cache.read_cache(path, "abc") is None, position
    path.write_bytes(content)
    assert cache.read_cache(path, "abc") is not None


def test_foreign_files_give_nothing(path):
    path.write_text("x_kpc,y_kpc,z_kpc\n1,2,3\n")
    assert cache.read_cache(path, "abc") is None
    with h5py.File(path, "w") as file:
        file.attrs["digest"] = "abc"
    assert cache.read_cache(path, "abc") is None


def test_failed_write_leaves_the_old_file_and_nothing_else(path):
    with pytest.raises(TypeError):
        cache.write_cache(path, "abc", {"map": np.arange(3), "not numbers": np.array([object()])})
    assert cache.read_cache(path, "abc") is not None
    assert list(path.parent.iterdir()) == [path]


def test_leftovers_of_killed_processes_go_after_a_day(path):
    old, new = path.parent / ".a.h5.x.h5", path.parent / ".b.h5.y.h5"
    for leftover in (old, new):
        leftover.write_text("half")
    os.utime(old, (time.time() - 2 * 86400,) * 2)
    cache.write_cache(path, "abc", ARRAYS)
    assert new.exists() and not old.exists()


def test_directory_that_cannot_be_written_names_the_variable(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match=f"cannot make the folder .*{cache.ENVIRONMENT_VARIABLE}"):
        cache.write_cache(tmp_path / "file" / "x.h5", "abc", ARRAYS)


def test_directory_follows_environment(monkeypatch, tmp_path):
    monkeypatch.setenv(cache.ENVIRONMENT_VARIABLE, str(tmp_path))
    assert cache.cache_directory() == tmp_path
    assert cache.cache_path(None, "lens", "a.h5") == tmp_path / "lens" / "a.h5"
    assert cache.cache_path(Path("/elsewhere"), "a.h5") == Path("/elsewhere/a.h5")
    monkeypatch.delenv(cache.ENVIRONMENT_VARIABLE)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.cache_directory() == tmp_path / "xdg" / "zevatron"


def _write_often(path, value, times):
    for _ in range(times):
        cache.write_cache(path, "abc", {"value": np.full(20_000, value)})


def test_processes_that_write_at_once_never_show_half_a_file(tmp_path):
    path = tmp_path / "shared.h5"
    _write_often(path, 0, 1)
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_often, args=(path, value, 15)) for value in (1, 2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        back = cache.read_cache(path, "abc")
        assert len(set(back["value"])) == 1
    assert len(set(cache.read_cache(path, "abc")["value"])) == 1
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
