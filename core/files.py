"""Files that are either the old one or the new one, never half of it."""

import contextlib
import os
import tempfile
from pathlib import Path

from .errors import InputError


@contextlib.contextmanager
def replacing_path(path):
    """Give a temporary path beside ``path`` that takes its place when the block ends well.

    Raises
    ------
    InputError
        If the folder is missing or cannot be written, or the disk is full; what was there stays.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; choose a folder that exists and can be written") from None
    os.close(handle)
    os.chmod(name, 0o666 & ~_umask())
    try:
        yield Path(name)
        os.replace(name, path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        Path(name).unlink(missing_ok=True)


@contextlib.contextmanager
def replacing(path, mode="w", *, durable=True, **options):
    """Open a file that takes the place of ``path`` when the block ends well; see :func:`replacing_path`.

    What is not ``durable`` survives the end of the process, but perhaps not that of the machine; it is written in less than a millisecond.
    """
    with replacing_path(path) as temporary, open(temporary, mode, **options) as stream:
        yield stream
        stream.flush()
        if durable:
            os.fsync(stream.fileno())


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
