"""CRPropa's lens format: bytes as another program packs them, round trips, and every kind of damage."""

import os
import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from zevatron.core.errors import DamagedFileError, InputError
from zevatron.core.lens.crpropa import LensPart, is_complete, read_config, read_matrix, write_config, write_matrix

NPIX = 12  # Nside 1
ENTRIES = [(0, 3, 0.25), (0, 4, 0.75), (7, 3, 1.0), (11, 11, 0.5)]


def packed(entries=ENTRIES, announced=None, n_rows=NPIX, n_columns=NPIX):
    """A matrix file written entry by entry with :mod:`struct`, which knows nothing of numpy."""
    header = struct.pack("<III", len(entries) if announced is None else announced, n_rows, n_columns)
    return header + b"".join(struct.pack("<IId", *entry) for entry in entries)


def dense(entries=ENTRIES, npix=NPIX):
    matrix = np.zeros((npix, npix))
    for row, column, value in entries:
        matrix[row, column] += value
    return matrix


@pytest.fixture
def file(tmp_path):
    return tmp_path / "m.mldat"


@pytest.mark.parametrize("announced", [len(ENTRIES), 0])
def test_file_of_another_program_is_read(file, announced):
    file.write_bytes(packed(announced=announced))
    np.testing.assert_array_equal(read_matrix(file).toarray(), dense())


def test_file_is_what_another_program_expects(file):
    write_matrix(file, sparse.csr_array(dense()))
    content = file.read_bytes()
    assert struct.unpack_from("<III", content) == (len(ENTRIES), NPIX, NPIX)
    assert sorted(struct.iter_unpack("<IId", content[12:])) == ENTRIES


@settings(max_examples=30, deadline=None)
@given(
    arrays.arrays(float, (48, 48), elements=st.floats(0, 1), fill=st.just(0.0)),
    st.integers(0, 10_000),
)
def test_round_trip_and_no_truncated_file_is_taken(tmp_path_factory, matrix, cut):
    file = tmp_path_factory.mktemp("lens") / "m.mldat"
    write_matrix(file, sparse.csr_array(matrix))
    np.testing.assert_array_equal(read_matrix(file).toarray(), matrix)
    assert is_complete(file, 2) and not is_complete(file, 1)
    content = file.read_bytes()
    file.write_bytes(content[: cut % len(content)])
    assert not is_complete(file, 2)
    with pytest.raises(DamagedFileError, match=r"m\.mldat"):
        read_matrix(file)


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_a_matrix_or_an_error_that_names_the_file(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("lens") / "m.mldat"
    file.write_bytes(content)
    try:
        matrix = read_matrix(file)
    except InputError as error:
        assert "m.mldat" in str(error)
    else:
        assert matrix.shape[0] == matrix.shape[1] and 12 + 16 * matrix.nnz <= len(content)


@pytest.mark.parametrize(("content", "message"), [
    (packed([(12, 0, 1.0)]), "entry 0: expected a row below 12, received 12"),
    (packed([(0, 0, 1.0), (0, 99, 1.0)]), "entry 1: expected a column below 12, received 99"),
    (packed([(0, 0, float("nan"))]), "entry 0: expected a value of at least 0, received nan"),
    (packed([(0, 0, float("inf"))]), "received inf"),
    (packed([(0, 0, -0.5)]), "received -0.5"),
    (packed(n_rows=108, n_columns=108), "power of two, received 3"),
    (packed(n_rows=13, n_columns=13), r"12 Nside\^2"),
    (packed(n_rows=0, n_columns=0), r"12 Nside\^2"),
    (packed(n_columns=48), "as many rows as columns, received 12 and 48"),
    (packed(announced=5), "expected 5 entries as its header says, received 4"),
])
def test_numbers_that_are_no_lens_are_refused(file, content, message):
    file.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_matrix(file)


def test_missing_matrix_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.mldat"):
        read_matrix(tmp_path / "none.mldat")
    assert not is_complete(tmp_path / "none.mldat", 1)


def config(folder, text):
    for name in ("a.mldat", "b.mldat"):
        (folder / name).write_bytes(packed())
    (folder / "lens.cfg").write_text(text)
    return read_config(folder)


def test_config_is_read_in_any_order_with_comments(tmp_path):
    low, high = config(tmp_path, "# a lens\n\nb.mldat 18.5 19\na.mldat 18 18.5\n")
    assert (low.path.name, high.path.name) == ("a.mldat", "b.mldat")
    assert low.low == pytest.approx(1) and low.high == high.low == pytest.approx(10**0.5) and high.high == pytest.approx(10)


def test_config_gives_its_ranges_back(tmp_path):
    edges = [1.0, 2.5, 7.0]
    parts = [LensPart(tmp_path / f"{i}.mldat", low, high) for i, (low, high) in enumerate(pairwise(edges))]
    for part in parts:
        part.path.write_bytes(packed())
    write_config(tmp_path, parts, ["where it comes from"])
    assert not (tmp_path / "lens.cfg").read_text().endswith("\n")  # CRPropa reports an empty last line as an error
    for part, found in zip(parts, read_config(tmp_path), strict=True):
        assert found.path == part.path
        assert (found.low, found.high) == pytest.approx((part.low, part.high), rel=1e-10)


@pytest.mark.parametrize(("text", "message"), [
    ("a.mldat 18 18.5\nb.mldat 18.6 19", "a gap"),
    ("a.mldat 18 18.5\nb.mldat 18.4 19", "an overlap"),
    ("a.mldat 18 18.5\nc.mldat 18.5 19", r"line 2: no file .*c\.mldat"),
    ("a.mldat 18", "line 1: expected 'file lg"),
    ("a.mldat low high", "line 1: expected 'file lg"),
    ("a.mldat nan 18", "line 1: expected lg"),
    ("a.mldat 18.5 18", "line 1: expected lg"),
    ("a.mldat 1 3", "line 1: expected lg"),  # EV and not lg V
    ("# nothing", "received none"),
])
def test_config_without_sense_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        config(tmp_path, text)


def without_content(path, size):
    """Make a file of this size that takes no room on the disk."""
    with open(path, "wb") as stream:
        stream.truncate(size)


def test_what_is_larger_than_any_lens_is_refused_unread(tmp_path):
    without_content(tmp_path / "a.mldat", 2**40)
    with pytest.raises(InputError, match="at most 1024 MiB"):
        read_matrix(tmp_path / "a.mldat")
    (tmp_path / "lens.cfg").write_text("a.mldat 18 18.5")
    with pytest.raises(InputError, match="line 1: expected matrices of at most 1 GiB"):
        read_config(tmp_path)
    without_content(tmp_path / "lens.cfg", 2**40)
    with pytest.raises(InputError, match=r"lens\.cfg: expected at most 1 MiB"):
        read_config(tmp_path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_waited_for(tmp_path, make):
    make(tmp_path / "a.mldat")
    with pytest.raises(InputError, match="regular file"):
        read_matrix(tmp_path / "a.mldat")
    (tmp_path / "lens.cfg").write_text("a.mldat 18 18.5")
    with pytest.raises(InputError, match="no file"):
        read_config(tmp_path)
    (tmp_path / "lens.cfg").unlink()
    make(tmp_path / "lens.cfg")
    with pytest.raises(InputError, match="regular file"):
        read_config(tmp_path)


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b", "../" * 2000])
def test_names_that_no_file_can_have_are_named(tmp_path, name):
    with pytest.raises(InputError, match="line 1: no file"):
        config(tmp_path, f"{name} 18 18.5")


def test_folder_without_config_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no file .*lens\.cfg"):
        read_config(tmp_path)
