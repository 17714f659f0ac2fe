"""What a person wants to see of a Galactic field: its strength and direction, what it does to the sky and to a source.

The names below are imported when first used, so that the window can name them without loading the compiler.
"""

from importlib import import_module

_HOMES = {
    "FieldPlane": "planes",
    "PLANES": "planes",
    "field_plane": "planes",
    "DeflectionMap": "sky_maps",
    "MagnificationMap": "sky_maps",
    "deflection_map": "sky_maps",
    "magnification_map": "sky_maps",
    "ImageStatistics": "images",
    "image_statistics": "images",
    "Ray": "rays",
    "trace_ray": "rays",
    "deflection_columns": "tables",
    "image_columns": "tables",
    "magnification_columns": "tables",
    "plane_columns": "tables",
    "ray_columns": "tables",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
