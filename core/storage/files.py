"""Files that are either the old one or the new one, never half of it, and the folders they lie in."""

import contextlib
import os
import tempfile
from pathlib import Path

from ..errors import InputError


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


def write_text(path, text):
    """Write a text in UTF-8 whole or not at all; errors as of :func:`replacing_path`."""
    with replacing(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def make_folder(path, remedy="choose another one"):
    """Make a folder, and those that it is in, unless it is there.

    Parameters
    ----------
    path : path-like
    remedy : str, optional
        What to do if that is impossible, for the message.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If it cannot be made.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {path}: {error.strerror}; {remedy}") from None
    return path


def claim_folder(path, is_ours=lambda name: False):
    """Make a folder for files of one kind, or take one that holds nothing else.

    Parameters
    ----------
    path : path-like
    is_ours : callable, optional
        Whether an entry of this name may be there.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If it cannot be made or read, or holds something else.
    """
    path = make_folder(path)
    try:
        foreign = min((entry.name for entry in path.iterdir() if not is_ours(entry.name)), default=None)
    except OSError as error:
        raise InputError(f"cannot read the folder {path}: {error.strerror}; choose another one") from None
    if foreign is not None:
        raise InputError(f"{path} holds other files ({foreign}, …); choose a new folder")
    return path


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
