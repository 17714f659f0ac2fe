"""Independent random streams with names, all from the one seed of a run."""

import hashlib

import numpy as np


def random_stream(seed, name, *numbers):
    """Start the stream called ``name``.

    The name itself is part of the seed, so that a new stream changes no other.

    Parameters
    ----------
    seed : int
        Of the run.
    name : str
        ``"training"``, ``"validation"``, ``"test_null"``, ``"test_signal"``, ``"simulate"``, ``"bootstrap"``, …
    *numbers : int
        Part of the stream, such as the epoch: a resumed training goes on with the same maps.

    Returns
    -------
    numpy.random.Generator
    """
    words = np.frombuffer(hashlib.sha256(name.encode()).digest()[:16], dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(*words.tolist(), *numbers)))


class random_streams(dict):
    """Mapping from the name of a stream to its :class:`numpy.random.Generator`, started when first asked for.

    Parameters
    ----------
    seed : int
        Of the run.
    """

    def __init__(self, seed):
        super().__init__()
        self._seed = seed

    def __missing__(self, name):
        return self.setdefault(name, random_stream(self._seed, name))
