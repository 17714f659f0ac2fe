"""What a training computes on, and the memory it takes."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from ..backend import has_accelerator

STATM = Path("/proc/self/statm")  # Linux: sizes of this process in pages
ASK_CARD = ("nvidia-smi", "--query-gpu=name,memory.used,memory.total", "--format=csv,noheader,nounits")
PATIENCE = 5.0  # seconds that the driver may take to answer
MIB = 2**20


def device_name(threads):
    """Name what Keras computes on: ``"NVIDIA H100"`` or ``"CPU, 2 threads"``. Loads Keras."""
    if has_accelerator():
        return (card() or ("GPU", 0, 0))[0]
    count = threads or os.cpu_count() or 1
    return f"CPU, {count} thread{'s' * (count > 1)}"


def resident_memory():
    """Bytes of main memory that this process takes; its peak where the system tells no more, 0 where it tells nothing."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(ImportError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return 0


def card():
    """Return name, used and whole memory (bytes) of the graphics card in use, or None if its driver does not tell."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0].strip()
    command = [*ASK_CARD, *(["-i", visible] if visible else [])]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True, stdin=subprocess.DEVNULL).stdout
        return card_of(said.splitlines()[0])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def card_of(line):
    """Read ``"NVIDIA H100 80GB HBM3, 3100, 81559"``: name, used and whole memory in MiB.

    Raises
    ------
    ValueError
        If it is something else.
    """
    name, used, total = (part.strip() for part in line.rsplit(",", 2))
    return name, int(used) * MIB, int(total) * MIB
