"""HEALPix layers and the classifiers made of them (Keras 3 API only).

The list of networks (:mod:`.registry`) loads nothing; Keras is imported when
one of the names below is first used. After :func:`register_layers`
``keras.models.load_model`` reads a saved network without custom objects.
"""

import importlib

_HOMES = {
    "build_network": "build", "counts_network": "build", "event_network": "build", "score_network": "build",
    "input_maps": "maps", "read_maps": "maps", "score_maps": "maps",
    "start_from_template": "build",
    "register_layers": "registry",
    "load_network": "files", "read_record": "files", "save_network": "files",
    "import_network": "published",
}

__all__ = [
    "build_network", "counts_network", "event_network", "import_network", "input_maps", "load_network", "read_maps", "read_record",
    "register_layers", "save_network", "score_maps", "score_network", "start_from_template",
]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
