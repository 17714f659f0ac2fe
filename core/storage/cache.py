"""Results on disk that are cheap to keep and dear to compute: found again by digest, never trusted when damaged.

A cache file is HDF5. Its first 512 bytes (HDF5's user block, which readers of
HDF5 skip) hold the SHA-256 of all the rest, so that a truncated or altered
file is recognised before the HDF5 library parses a byte of it. Files are
written beside their place and moved in by one rename: another window or
process sees the old file or the new one, never half of one.
"""

import contextlib
import hashlib
import logging
import os
import sys
import time
from pathlib import Path

import numpy as np

from ..errors import InputError
from .hdf5 import USER_BLOCK, open_content, replacing_hdf5, require_plain

LOG = logging.getLogger(__name__)
ENVIRONMENT_VARIABLE = "ZEVATRON_CACHE"
MAGIC = b"zevatron cache 1\n"
LEFTOVER_AGE = 24 * 3600.0  # s; a temporary file this old belongs to a process that was killed


def cache_directory():
    """Return the folder of all caches: ``$ZEVATRON_CACHE``, else the platform's folder for caches of the user."""
    chosen = os.environ.get(ENVIRONMENT_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "zevatron"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "zevatron" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zevatron"


def cache_path(cache, *parts):
    """Return the path of one cache file.

    Parameters
    ----------
    cache : Path or None
        Folder of the caches; None means :func:`cache_directory`.
    *parts : str
        Folders and name of the file below it.
    """
    return (cache_directory() if cache is None else Path(cache)).joinpath(*parts)


def write_cache(path, digest, arrays, attributes=None):
    """Write arrays as one cache file, replacing what was there.

    Parameters
    ----------
    path : Path
    digest : str
        Names everything that the content depends on; :func:`read_cache` asks for it.
    arrays : mapping of str to array_like
        Become datasets of the same names and types, compressed.
    attributes : mapping of str to (str or number), optional
        For people who look into the file.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot make the folder {path.parent} ({error.strerror}); choose another with {ENVIRONMENT_VARIABLE}"
        ) from None
    with replacing_hdf5(path, MAGIC) as file:
        file.attrs["digest"] = digest
        for name, value in (attributes or {}).items():
            file.attrs[name] = value
        for name, array in arrays.items():
            array = np.asarray(array)
            packing = dict(compression="gzip", compression_opts=4, shuffle=True) if array.size > 1 else {}
            file.create_dataset(name, data=array, **packing)
    _remove_leftovers(path)


def read_cache(path, digest):
    """Return the arrays of a cache file.

    Returns
    -------
    dict of str to ndarray, or None
        None if there is no such file, if it was made from something else (another ``digest``) or is damaged: in all
        three cases the caller computes anew and writes over it.
    """
    try:
        content = Path(path).read_bytes()  # read once: what is checked is what is used
    except OSError:
        return None
    if not content.startswith(MAGIC + _checksum(content)):
        return None
    try:
        with open_content(content) as file:
            require_plain(file)
            if file.attrs["digest"] != digest:
                return None
            return {name: dataset[()] for name, dataset in file.items()}
    except Exception as error:  # whoever seals a file can put anything behind the seal
        LOG.warning("%s is not used: %s", path, error)
        return None


def _checksum(content):
    return hashlib.sha256(memoryview(content)[USER_BLOCK:]).hexdigest().encode()


def _remove_leftovers(path):
    """Remove temporary files beside ``path`` that killed processes left."""
    for leftover in path.parent.glob(f".*{path.suffix}"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > LEFTOVER_AGE:
                leftover.unlink()
