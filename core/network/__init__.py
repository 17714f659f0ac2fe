"""HEALPix layers and the classifiers made of them (Keras 3 API only).

The list of networks (:mod:`.registry`) loads nothing; Keras is imported when
one of the names below is first used. After :func:`register_layers`
``keras.models.load_model`` reads a saved network without custom objects.
"""

import importlib

_HOMES = {
    "build_network": "build", "counts_network": "build", "event_network": "build", "score_network": "build",
    "start_from_template": "build",
    "register_layers": "registry",
    "load_network": "files", "read_record": "files", "save_network": "files",
}

__all__ = [
    "build_network", "counts_network", "event_network", "load_network", "read_record", "register_layers", "save_network",
    "score_network", "start_from_template",
]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
