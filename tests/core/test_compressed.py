"""Files of others: every compression, every way to break off, and none that grows without end."""

import bz2
import gzip
import lzma

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zevatron.core.errors import DamagedFileError, InputError
from zevatron.core.storage import compressed
from zevatron.core.storage.compressed import chunks, read_text

PACK = {".txt": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
TEXT = "".join(f"{i} {i * i}\n" for i in range(3000))


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("chunk", [7, 4096, 2**20])
def test_text_comes_back_whatever_the_pieces(tmp_path, monkeypatch, ending, chunk):
    monkeypatch.setattr(compressed, "CHUNK", chunk)
    path = tmp_path / f"a{ending}"
    path.write_bytes(PACK[ending](TEXT.encode()))
    assert read_text(path, len(TEXT)) == TEXT
    assert max(len(piece) for piece in chunks(path, len(TEXT))) <= chunk


def test_streams_of_xz_behind_each_other_are_one_text(tmp_path, monkeypatch):
    path = tmp_path / "a.xz"
    path.write_bytes(lzma.compress(TEXT.encode()) + lzma.compress(b"more"))
    assert read_text(path, 10**6) == TEXT + "more"
    monkeypatch.setattr(compressed, "CHUNK", len(lzma.compress(TEXT.encode())))
    assert read_text(path, 10**6) == TEXT + "more"


@pytest.mark.parametrize("ending", PACK)
def test_one_byte_too_many_is_refused(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    path.write_bytes(PACK[ending](TEXT.encode()))
    with pytest.raises(DamagedFileError, match="received more"):
        read_text(path, len(TEXT) - 1)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([".gz", ".bz2", ".xz"]), st.integers(0, 10**6))
def test_truncated_file_is_damaged(tmp_path_factory, ending, cut):
    path = tmp_path_factory.mktemp("packed") / f"a{ending}"
    content = PACK[ending](TEXT.encode())
    path.write_bytes(content[: 1 + cut % (len(content) - 1)])
    with pytest.raises(DamagedFileError, match="copy it again"):
        read_text(path, 10**6)


def test_what_is_no_text_or_not_there_is_named(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"a\.txt: expected a text"):
        read_text(tmp_path / "a.txt", 100)
    with pytest.raises(DamagedFileError, match=r"b\.xz"):
        read_text(tmp_path / "b.xz", 100)
