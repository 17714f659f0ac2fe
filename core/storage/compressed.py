"""Files of others, perhaps compressed, that may be damaged or grow without end when they are unpacked; FITS that would be read without end."""

import bz2
import gzip
import lzma
import re
import zlib
from pathlib import Path

from ..errors import DamagedFileError, InputError

COMPRESSIONS = (".gz", ".bz2", ".xz")
LZMA_MEMORY = 128 * 2**20  # bytes; xz -9 needs 65 MB
CHUNK = 2**20  # bytes
# classes and no flag for the case: five times faster, and maps have up to 256 MiB; the standard allows 999, astropy counts on
ENDLESS_FITS = re.compile(rb"[NnTt](?:[Aa][Xx][Ii][Ss]|[Ff][Ii][Ee][Ll][Dd][Ss]) *= *\+? *0*[1-9][0-9]{3}")
IMAGE_FITS = re.compile(rb"[Zz][Ii][Mm][Aa][Gg][Ee] *= *T")


def chunks(path, largest):
    """Yield the bytes of a file, decompressed by its ending, in pieces of at most a few MiB.

    Parameters
    ----------
    path : path-like
        Of a plain file, or one that ends in ``.gz``, ``.bz2`` or ``.xz``.
    largest : int
        Most bytes after decompression.

    Raises
    ------
    DamagedFileError
        If it cannot be read or decompressed, or becomes larger; not more than one piece too much is ever held.
    """
    path, size = Path(path), 0
    if path.exists() and not path.is_file():
        raise DamagedFileError(f"cannot read {path}: expected a regular file")
    reader = _xz_chunks if path.suffix == ".xz" else _plain_chunks
    try:
        for piece in reader(path):
            size += len(piece)
            if size > largest:
                raise DamagedFileError(f"{path}: expected at most {largest / 2**20:g} MiB, received more")
            yield piece
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        raise DamagedFileError(f"cannot read {path}: {error}; copy it again") from None


def read_text(path, largest):
    """Return the whole text of a file; arguments and errors as for :func:`chunks`, :class:`InputError` if it is no text."""
    try:
        return b"".join(chunks(path, largest)).decode("ascii")
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected a text of numbers, received binary data") from None


def require_plain_fits(content):
    """Look through the bytes of a FITS file of tables before astropy does.

    Raises
    ------
    ValueError
        If it announces more axes or columns than the standard allows, which astropy would go through one by one, or holds a packed image,
        which may unpack to any size.
    """
    if found := ENDLESS_FITS.search(content):
        raise ValueError(f"expected {found[0].split(b'=')[0].decode().strip()} of at most 999")
    if IMAGE_FITS.search(content):
        raise ValueError("expected tables, received a packed image")


def _plain_chunks(path):
    opener = {".gz": gzip.open, ".bz2": bz2.open}.get(path.suffix, open)
    with opener(path, "rb") as stream:
        while piece := stream.read(CHUNK):
            yield piece


def _xz_chunks(path):
    """Pieces of an xz file; the decompressor of :mod:`lzma` is used directly because only it can bound the memory."""
    with path.open("rb") as stream:
        decompressor = lzma.LZMADecompressor(memlimit=LZMA_MEMORY)
        packed = stream.read(CHUNK)
        while packed or not decompressor.eof:
            if not packed and decompressor.needs_input:
                raise EOFError("the compressed data end too early")
            yield decompressor.decompress(packed, max_length=CHUNK)
            if decompressor.eof:  # another stream may follow
                packed = decompressor.unused_data or stream.read(CHUNK)
                if packed:
                    decompressor = lzma.LZMADecompressor(memlimit=LZMA_MEMORY)
            else:
                packed = stream.read(CHUNK) if decompressor.needs_input else b""
