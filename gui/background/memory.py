"""Memory that a window at rest gives back: a random field that no run needs, templates, and what the C library keeps for itself."""

import ctypes
import sys

from PySide6.QtCore import QObject, QTimer

from ...core.galactic_field.members import field_members, has_random_part
from ...core.storage.kept import forget_all

REST = 3000  # ms without work before memory is given back
SKIES = ("mock", "test")  # lanes of quiet jobs that make skies, up to 100 MB of them
LARGE = 4 * 2**20  # bytes: numpy asks for huge pages for arrays from this size on
M_MMAP_THRESHOLD = -3  # of glibc's malloc.h


class MemoryKeeper(QObject):
    """Gives memory back when work has ended and nothing follows; lives in the window's thread.

    Parameters
    ----------
    draft : Draft
        Of the run.
    jobs : Jobs
    """

    def __init__(self, draft, jobs, parent=None):
        super().__init__(parent)
        keep_large_blocks_apart()
        self._draft, self._jobs = draft, jobs
        self._timer = QTimer(self, singleShot=True, interval=REST)
        self._timer.timeout.connect(self._rested)
        jobs.changed.connect(self._job_changed)

    @property
    def is_waiting(self):
        """Whether memory is about to be given back."""
        return self._timer.isActive()

    def _job_changed(self, job):
        if not job.quiet or job.lane in SKIES:
            self._timer.start()

    def _rested(self):
        if any(not job.quiet for job in self._jobs.active):
            return  # its end starts the timer again
        if self._jobs.n_left:
            self._timer.start()
            return
        config = self._draft.config
        self._jobs.submit("Giving memory back", lambda progress: give_back(config), lane="memory", key="memory", quiet=True)


def give_back(config):
    """Let go of templates, and of the last random field unless the run needs one, then :func:`trim`; returns whether that gave something."""
    forget_all()
    if not any(has_random_part(member.model) for member, _ in field_members(config.field)):
        from ...core.galactic_field.random_field import turbulent_box

        turbulent_box.cache_clear()  # 134 MB
    return trim()


def keep_large_blocks_apart():
    """Let every large block have pages of its own, which go back when it is freed; returns whether the C library can.

    By itself glibc soon takes blocks of up to 32 MB from the heap. Where a large array of numpy has been, the heap keeps its
    huge pages: whatever small block comes to lie there later takes 2 MB, and the memory of a window grows for hours.
    """
    mallopt = _of_library("mallopt")
    return mallopt is not None and bool(mallopt(M_MMAP_THRESHOLD, LARGE))


def trim():
    """Return freed memory to the system, as far as whole pages are free; returns whether something was.

    glibc keeps what was freed between pieces in use, for each thread; elsewhere, and with other libraries, nothing is done.
    """
    malloc_trim = _of_library("malloc_trim")
    return malloc_trim is not None and bool(malloc_trim(0))


def _of_library(name):
    """Return a function of the C library; None where it is not glibc."""
    library = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    return getattr(library, name, None) if hasattr(library, "gnu_get_libc_version") else None
