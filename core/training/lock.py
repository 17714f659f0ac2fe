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
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise TrainingError(f"cannot write in {path.parent}: {error.strerror}; choose a folder that can be written") from None
    try:
        deadline = time.monotonic() + patience
        while not _taken(handle):
            if time.monotonic() > deadline:
                raise TrainingError(complaint or f"{path.parent} is being trained by another process; stop that one first")
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


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
