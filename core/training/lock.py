"""A lock on a file that vanishes with the process that holds it, however that ends."""

import contextlib
import errno
import os
import time

from ..errors import TrainingError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # what a system answers where someone else holds it
PATIENCE = 1.0  # seconds; someone who only asks whether the lock is held takes it for an instant


@contextlib.contextmanager
def held(path, complaint=None, patience=PATIENCE):
    """Hold the lock ``path``.

    Parameters
    ----------
    path : Path
    complaint : str, optional
        What to say if it cannot be had; by default that the folder is being trained.
    patience : float, optional
        Seconds to wait for it.

    Raises
    ------
    TrainingError
        If another process, or another part of this one, holds it for longer than ``patience`` seconds, or the folder cannot be written.
    OSError
        If the file system has no locks.
    """
    deadline, handle = time.monotonic() + patience, _opened(path)
    try:
        while not (is_ours := _taken(handle)) or not _is_there(handle, path):
            if time.monotonic() > deadline:
                raise TrainingError(complaint or f"{path.parent} is being trained by another process; stop that one first")
            if is_ours:  # of a folder that was removed while we waited: nobody else sees this file any more
                gone, handle = handle, _opened(path)
                os.close(gone)
            else:
                time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def _opened(path):
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise TrainingError(f"cannot write in {path.parent}: {error.strerror}; choose a folder that can be written") from None


def _is_there(handle, path):
    """Whether an open file is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def is_held(path):
    """Whether someone holds the lock ``path``."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:  # never locked, or a folder that is only read here
        return False
    try:
        return not _taken(handle)
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(handle)


def _taken(handle):
    try:
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError as error:
        if error.errno in TAKEN:
            return False
        raise
    return True
