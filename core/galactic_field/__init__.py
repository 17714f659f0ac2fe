"""Models of the Galactic magnetic field, and antiparticles traced back through them.

A model is one module with its parameters and its formula, and one line in :mod:`.registry`. The names below are
imported when first used, so that the list of models can be read without loading the compiler.
"""

from importlib import import_module

_HOMES = {
    "GalacticField": "field",
    "galactic_field": "field",
    "Backtracked": "backtracking",
    "Tracked": "backtracking",
    "backtrack": "backtracking",
    "trace_paths": "backtracking",
    "track": "backtracking",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
