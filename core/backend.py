"""Keras and what computes for it: the environment it reads when it is loaded, and loading it without its chatter."""

import contextlib
import logging
import os
import sys
import tempfile

LOG = logging.getLogger(__name__)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NUMBA_NUM_THREADS")


def prepare_environment(threads=0, environment=os.environ):
    """Set what must stand before Keras and its backend are loaded; what the user has set stays.

    Parameters
    ----------
    threads : int, optional
        0: as many as there are processors.
    environment : mutable mapping, optional
    """
    environment.setdefault("KERAS_BACKEND", "tensorflow")
    environment.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    environment.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if threads:
        environment.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))


def load_backend(threads=0):
    """Load Keras; what its backend says about drivers and instructions goes to the log instead of standard error."""
    if "keras" in sys.modules:
        return
    prepare_environment(threads)
    with _diverted_errors():
        import keras

        keras.ops.zeros(1)  # devices are looked for, and complained about, at the first operation


def has_accelerator():
    """Whether Keras computes on something else than processors, such as a graphics card. Loads Keras."""
    import keras

    return any(not device.startswith("cpu") for device in keras.distribution.list_devices())


def computes_on_processor():
    """Whether Keras runs TensorFlow on processors alone: shapes may then depend on values. Loads Keras."""
    import keras

    return keras.backend.backend() == "tensorflow" and not has_accelerator()


def is_out_of_memory(error):
    """Whether an exception says that memory did not suffice: Python's own, or that of any backend of Keras."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ in ("ResourceExhaustedError", "OutOfMemoryError")
        or "RESOURCE_EXHAUSTED" in str(error)
    )


@contextlib.contextmanager
def _diverted_errors():
    """Keep what is written to standard error for the log of those who look for faults; where the block fails it is written after all."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        level = logging.ERROR
        try:
            yield
            level = logging.DEBUG
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            for line in said.read().decode(errors="replace").splitlines():
                LOG.log(level, "%s", line)
