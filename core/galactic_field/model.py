"""What every field model is: a frozen dataclass whose fields declare themselves and are checked when it is made.

The window's list, the documentation and the validation of ``field.parameters`` are all drawn from these declarations.
"""

import math
import types
from dataclasses import field as dataclass_field
from dataclasses import fields

import numpy as np

from ..errors import ConfigError


def parameter(default, unit, help, *, low=-math.inf, high=math.inf, nonzero=False, positive=False):
    """Declare one parameter of a model.

    Parameters
    ----------
    default : float, bool or tuple of floats
        Published value; it fixes the type and, for a tuple, the length.
    unit : str
        Unit; empty for a pure number or a switch.
    help : str
        What it is, with the symbol of its paper.
    low, high : float, optional
        Bounds, inclusive; for a tuple they hold for every entry.
    nonzero, positive : bool, optional
        Whether zero, or whatever is not above zero, is refused: for instance because the formula divides by the value.
    """
    low, nonzero = (0.0, True) if positive else (low, nonzero)
    metadata = dict(unit=unit, help=help, low=low, high=high, nonzero=nonzero)
    return dataclass_field(default=default, metadata=types.MappingProxyType(metadata))


class Parameters:
    """Base of frozen dataclasses whose fields are declared by :func:`parameter`.

    Raises
    ------
    ConfigError
        On making one with a value of another type or length, out of bounds or not finite; it names
        ``field.parameters.NAME``.
    """

    def __post_init__(self):
        for spec in fields(self):
            object.__setattr__(self, spec.name, _checked(getattr(self, spec.name), spec))
        self.check()

    def check(self):
        """Raise :class:`ConfigError` where parameters contradict each other."""


class FieldModel(Parameters):
    """Base of the parameters of a model's regular field.

    Attributes
    ----------
    version : int
        Raised by hand whenever the formula gives other numbers, so that cached results are made again.
    largest_step : float
        Longest step in kpc that cannot overlook a structure of the field.
    """

    version = 1
    largest_step = 2.0

    def constants(self):
        """Numbers of the formula as a named tuple of the class its ``@formula`` is registered for."""
        raise NotImplementedError


class RandomPart(Parameters):
    """Base of the parameters of a model's random field.

    Attributes
    ----------
    version : int
        Raised by hand whenever the formula gives other numbers.
    striation : float
        Ratio beta of the energies of striated and regular field: the striated field is the regular one times the square
        root of beta and a sign that changes at random from cell to cell.
    inner_scale, outer_scale : float
        Shortest and longest wavelength of the turbulence, kpc.
    """

    version = 1

    def profile(self, regular):
        """Constants of the rms as a named tuple of the class its ``@strength`` is registered for."""
        raise NotImplementedError


def parameter_path(name):
    """Where a run file holds the parameter, for messages."""
    return f"field.parameters.{name}"


def _checked(value, spec):
    """Return ``value`` in the type of the default of ``spec``: an integer must not make the compiler start again."""
    path = parameter_path(spec.name)
    if isinstance(spec.default, tuple):
        if not isinstance(value, list | tuple | np.ndarray) or len(value) != len(spec.default):
            raise ConfigError(f"expected {len(spec.default)} numbers, received {value!r}", path)
        return tuple(_checked_number(entry, spec.metadata, f"{path}[{i}]") for i, entry in enumerate(value))
    if isinstance(spec.default, bool):
        if not isinstance(value, bool | np.bool_):
            raise ConfigError(f"expected true or false, received {value!r}", path)
        return bool(value)
    return _checked_number(value, spec.metadata, path)


def _checked_number(value, bounds, path):
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    within = number and math.isfinite(value) and bounds["low"] <= value <= bounds["high"]
    if not within or (bounds["nonzero"] and value == 0):
        raise ConfigError(f"expected {_expectation(**bounds)}, received {value!r}", path)
    return float(value)


def _expectation(unit, help, low, high, nonzero):
    """Say in words which values a parameter may have."""
    words = "a finite number"
    if low == 0 and nonzero:
        words += " above 0"
    elif low > -math.inf:
        words += f" of at least {low:g}"
    if high < math.inf:
        words += f", at most {high:g}"
    if nonzero and low != 0:
        words += ", not 0"
    return f"{words} ({unit})" if unit else words
