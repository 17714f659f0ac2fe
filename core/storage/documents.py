"""TOML and JSON of anybody, read whole: only regular files of bounded size, every fault one line, no number beyond 64 bits."""

import json
import os
import re
import tomllib
from pathlib import Path

from ..errors import InputError
from .files import write_text

LARGEST = 64 * 2**20  # bytes, of a result with its curves or of a table
LARGEST_RUN = 2**20  # bytes, of what people write
LARGEST_INTEGER = 2**63  # TOML's own bound; Python would go on, and fail later when it prints or converts the number
# of a TOML key; tomllib takes time with the square of it
DOTTED = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){32}""", re.ASCII)


def read_tail(path, length):
    """Return the last bytes of a regular file, at most ``length``; errors as of :func:`read_bytes`."""
    def read(stream):
        stream.seek(max(stream.seek(0, os.SEEK_END) - length, 0))
        return stream.read(length)

    return _read(path, read)


def read_bytes(path, largest=LARGEST):
    """Return the content of a regular file.

    Raises
    ------
    FileNotFoundError
        For who reads it to say what was expected there.
    InputError
        If it is no regular file (a device, a pipe, a folder), is larger, or cannot be read.
    """
    def read(stream):
        return stream.read(largest + 1) if os.fstat(stream.fileno()).st_size <= largest else None

    content = _read(path, read)
    if content is None or len(content) > largest:
        raise InputError(f"cannot read {path}: expected at most {largest / 2**20:g} MiB, received more")
    return content


def _read(path, read):
    try:
        path = Path(path)
        if path.exists() and not path.is_file():
            raise InputError(f"cannot read {path}: expected a regular file")
        with open(path, "rb") as stream:
            return read(stream)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(f"cannot read {str(path)!r}: {getattr(error, 'strerror', None) or error}") from None


def read_text(path, largest=LARGEST):
    """Return the content of a regular file in UTF-8, without its byte order mark and with plain line feeds; errors as of :func:`read_bytes`."""
    try:
        return read_bytes(path, largest).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"cannot read {path} as a text file: {error}") from None


def toml_document(text):
    """Read TOML into dictionaries; raises ValueError with one line whatever is wrong with it."""
    if DOTTED.search(text):
        raise ValueError("expected keys of fewer than 32 parts")
    return _document(tomllib.loads, text)


def json_document(content):
    """Read JSON, text or bytes; raises ValueError with one line whatever is wrong with it."""
    return _document(json.loads, content)


def _document(loads, content):
    try:
        document = loads(content)
        _require_small_integers(document)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return document


def write_json(path, content):
    """Write plain values as JSON, whole or not at all.

    Raises
    ------
    InputError
        If the file cannot be written.
    ValueError
        If a number is not finite, which JSON has no word for.
    """
    write_text(path, json.dumps(content, indent=1, allow_nan=False))


def _require_small_integers(part):
    if isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            _require_small_integers(inner)
    elif isinstance(part, int) and abs(part) > LARGEST_INTEGER:
        raise ValueError("expected integers of at most 64 bits")
