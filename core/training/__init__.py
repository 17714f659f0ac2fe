"""Training of classifiers in a process of its own, and trained classifiers as test statistics.

Nothing heavy is imported here: the window reads run folders and supervises
the training process without Keras; :func:`train` and :class:`NetworkStatistic`
load it when they are used.
"""

import importlib

from .process import TrainingProcess, train_blocking
from .run_folder import RunFolder, RunState

__all__ = ["NetworkStatistic", "RunFolder", "RunState", "TrainingProcess", "train", "train_blocking"]

_HOMES = {"NetworkStatistic": "statistic", "train": "loop"}


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
