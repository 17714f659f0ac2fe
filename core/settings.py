"""What a section of the run configuration is made of: settings with unit, bounds, choices and help, checked when they are made."""

import json
import math
import types
import typing
from dataclasses import field as dataclass_field
from dataclasses import fields, is_dataclass

import numpy as np

from .errors import ConfigError, UnknownNameError


class Table(dict):
    """A read-only mapping from names to numbers, booleans, texts or tuples of them: a setting with keys of its own."""

    def __hash__(self):
        return hash(frozenset(self.items()))

    def __reduce__(self):
        return Table, (dict(self),)

    def __setitem__(self, key, value):
        raise TypeError("a Table is read-only; make a new one")

    __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = __setitem__


NOTHING = Table()


def setting(default, *, label, help, unit="", low=None, high=None, choices=None, step=None):
    """Declare one setting.

    Parameters
    ----------
    default : object
        Value of the published analysis where it has one.
    label : str
        What a physicist calls it; stands beside the control in the window.
    help : str
        One sentence: tooltip, comment in the run file and row of the README's table.
    unit : str, optional
        Shown behind the value.
    low, high : float, optional
        Bounds, inclusive; for a list they hold for every entry.
    choices : sequence of str or callable, optional
        What is allowed; a callable is asked late, so that registries stay unloaded until needed.
    step : float, optional
        What one click on the arrow of a spin box changes.
    """
    metadata = dict(label=label, help=help, unit=unit, low=low, high=high, choices=choices, step=step)
    return dataclass_field(default=default, metadata=types.MappingProxyType(metadata))


def describe_setting(spec):
    """Return help, unit, bounds or choices of a setting in one line."""
    meta, parts = spec.metadata, []
    if meta["unit"]:
        parts.append(meta["unit"])
    if meta["choices"] is not None:
        parts.append(" | ".join(meta["choices"]() if callable(meta["choices"]) else meta["choices"]))
    elif meta["low"] is not None and meta["high"] is not None:
        parts.append(f"{meta['low']:g} to {meta['high']:g}")
    elif meta["low"] is not None:
        parts.append(f"at least {meta['low']:g}")
    return meta["help"] + (f" [{'; '.join(parts)}]" if parts else "")


class Section:
    """A part of the run configuration; checks its values when it is made."""

    path = ""

    def __post_init__(self):
        for spec in fields(self):
            path = f"{self.path}.{spec.name}" if self.path else spec.name
            object.__setattr__(self, spec.name, checked_value(getattr(self, spec.name), spec, path))
        self.check()

    def check(self):
        """Raise :class:`ConfigError` where settings contradict each other."""


def checked_value(value, spec, path):
    """Return ``value`` in the type of the dataclass field ``spec``, or raise :class:`ConfigError` naming ``path``."""
    kind = spec.type
    if typing.get_origin(kind) is tuple:
        item_kind = typing.get_args(kind)[0]
        if isinstance(value, str) or not isinstance(value, (list, tuple, np.ndarray)):
            raise ConfigError(f"expected a list, received {value!r}", path)
        return tuple(_checked_scalar(item, item_kind, spec, f"{path}[{i}]") for i, item in enumerate(value))
    return _checked_scalar(value, kind, spec, path)


def _checked_table(value, path):
    """Return a :class:`Table` of plain finite values."""
    if not isinstance(value, dict):
        raise ConfigError(f"expected a table of names and values, received {value!r}", path)
    checked = {}
    for name, entry in value.items():
        items = entry if isinstance(entry, (list, tuple, np.ndarray)) else (entry,)
        items = tuple(item.item() if isinstance(item, np.generic) else item for item in items)
        for item in items:
            if not isinstance(item, (bool, int, float, str)) or (isinstance(item, float) and not math.isfinite(item)):
                raise ConfigError(f"expected a finite number, received {item!r}", f"{path}.{name}")
        checked[str(name)] = items[0] if items and items[0] is entry else items
    return Table(checked)


def _checked_scalar(value, kind, spec, path):
    if kind is Table:
        return _checked_table(value, path)
    if is_dataclass(kind):
        if isinstance(value, kind):
            return value
        if not isinstance(value, dict):
            raise ConfigError(f"expected a table, received {value!r}", path)
        return section_from_dict(kind, value, path)
    if isinstance(value, np.generic):
        value = value.item()
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    low, high = spec.metadata.get("low"), spec.metadata.get("high")
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise ConfigError(f"expected {_expectation(kind, low, high)}, received {value!r}", path)
    if kind in (int, float):
        finite = math.isfinite(value)
        if not finite or (low is not None and value < low) or (high is not None and value > high):
            raise ConfigError(f"expected {_expectation(kind, low, high)}, received {value!r}", path)
    choices = spec.metadata.get("choices")
    if choices is not None:
        known = choices() if callable(choices) else choices
        if value not in known:
            raise UnknownNameError(spec.metadata["label"], value, known, path)
    return value


def _expectation(kind, low, high):
    noun = {int: "an integer", float: "a number", bool: "true or false", str: "a text"}[kind]
    if low is not None and high is not None:
        return f"{noun} from {low:g} to {high:g}"
    if low is not None:
        return f"{noun} of at least {low:g}"
    return noun if high is None else f"{noun} of at most {high:g}"


def value_text(value):
    """Return the value of a setting as it stands in a table: lists and tables as JSON."""
    return json.dumps(value) if isinstance(value, list | tuple | dict) else value


def section_from_dict(section_class, data, path):
    """Make a section from nested dictionaries, refusing unknown keys with the path of the bad entry."""
    specs = {spec.name: spec for spec in fields(section_class)}
    for key in data:
        if key not in specs:
            where = f"{path}.{key}" if path else key
            raise ConfigError(f"no such setting; expected one of {', '.join(specs)}", where)
    values = {}
    for key, value in data.items():
        where = f"{path}.{key}" if path else key
        if is_dataclass(specs[key].type):
            if not isinstance(value, dict):
                raise ConfigError(f"expected a table [{where}], received {value!r}", where)
            value = section_from_dict(specs[key].type, value, where)
        values[key] = value
    return section_class(**values)
