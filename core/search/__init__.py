"""Search for meta-parameters: many trainings that differ in a few settings, proposed by Optuna.

Optuna is loaded only while a search runs; plans and folders are read without it.
"""

import importlib

from .folder import SearchFolder, SearchState
from .plan import OBJECTIVES, Choices, Range, SearchPlan, read_search

__all__ = ["OBJECTIVES", "Choices", "Range", "SearchFolder", "SearchPlan", "SearchState", "read_search", "run_search"]

_HOMES = {"run_search": "engine"}


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
