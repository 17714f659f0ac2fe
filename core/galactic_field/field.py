"""A Galactic field model as the rest of the program sees it: a name, values at points, a digest."""

import hashlib
import math
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from ..config import FieldConfig
from ..errors import InputError, UnknownNameError
from .compiled import compile_loop, field_in, piece_at, strength_at
from .model import FieldModel, RandomPart
from .random_field import draw
from .random_tracks import RANDOM_VERSION, total_field_values
from .registry import FIELD_MODELS, model_parts

TRACING_VERSION = 1  # raised by hand whenever tracks come out differently, for the digest


@dataclass(frozen=True)
class GalacticField:
    """The magnetic field of the Galaxy.

    Frame: Galactic centre at the origin, Sun at (-8.5, 0, 0) kpc, +y towards l = 90 degrees, +z to the north pole.

    Attributes
    ----------
    name : str
        Key in :data:`.registry.FIELD_MODELS`, or a label of the user's own.
    model : FieldModel
        Parameters of the regular field.
    random : RandomPart, optional
        Those of the random field.
    seed, realisation : int
        Which draw of the random field.
    """

    name: str
    model: FieldModel
    random: RandomPart | None = None
    seed: int = 1
    realisation: int = 0

    @cached_property
    def constants(self):
        """What the compiled code reads."""
        return self.model.constants()

    @cached_property
    def draw(self):
        """Random field of this realisation, a :class:`~.random_field.Draw`, or None for a model without random part."""
        return None if self.random is None else draw(self.random, self.model, self.seed, self.realisation)

    @cached_property
    def digest(self):
        """Twelve hexadecimal digits of model, parameters and versions of formula and tracing, for caches."""
        record = [TRACING_VERSION, type(self.model).__name__, self.model.version, sorted(asdict(self.model).items())]
        if self.random is not None:
            part = self.random
            record += [RANDOM_VERSION, type(part).__name__, part.version, sorted(asdict(part).items()), self.seed, self.realisation]
        return hashlib.sha256(repr(tuple(record)).encode()).hexdigest()[:12]

    def values(self, positions):
        """Field in microgauss, shape (n, 3), at ``positions`` in kpc, shape (n, 3).

        Raises
        ------
        InputError
            If the positions have another shape or are not finite numbers.
        """
        positions = checked_vectors(positions, "positions")
        values = np.empty_like(positions)
        if self.random is None:
            _field_values(self.constants, positions, values)
        else:
            total_field_values(self.constants, self.draw, positions, values)
        return values

    def random_strength(self, positions):
        """Strength of the random parts at ``positions`` in kpc, shape (n, 3), before a draw.

        Returns
        -------
        turbulent, striated : ndarray, shape (n,)
            Rms of the turbulence (all three components together) and strength of the striated field, microgauss; zero
            for a model without random part.
        """
        positions = checked_vectors(positions, "positions")
        turbulent, regular = np.zeros(len(positions)), np.empty_like(positions)
        if self.random is None:
            return turbulent, np.zeros(len(positions))
        _field_values(self.constants, positions, regular)
        _strengths(self.random.profile(self.model), positions, turbulent)
        return turbulent, math.sqrt(self.random.striation) * np.linalg.norm(regular, axis=1)


def galactic_field(config):
    """Make the field that a run asks for.

    Parameters
    ----------
    config : FieldConfig or str
        The section of a run, or just the name of the model.

    Returns
    -------
    GalacticField

    Raises
    ------
    UnknownNameError
        If no model has that name.
    ConfigError
        If the model has no such parameter, or not with that value.
    """
    if isinstance(config, str):
        if config not in FIELD_MODELS:
            raise UnknownNameError("Galactic field", config, FIELD_MODELS)
        config = FieldConfig(model=config)
    if config.model not in FIELD_MODELS:
        raise InputError(f"the field {config.model!r} is a lens, known only by where its rays leave; choose another for this")
    return GalacticField(
        config.model, *model_parts(config.model, config.parameters), seed=config.seed, realisation=config.realisation
    )


def checked_vectors(vectors, name):
    """Return ``vectors`` as a contiguous float array, shape (n, 3), or raise :class:`InputError`."""
    try:
        vectors = np.ascontiguousarray(vectors, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"expected {name} as numbers, shape (n, 3), received {type(vectors).__name__}") from None
    if vectors.ndim != 2 or vectors.shape[1] != 3:
        raise InputError(f"expected {name} of shape (n, 3), received shape {vectors.shape}")
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if bad.size:
        raise InputError(f"expected finite {name}, received {vectors[bad[0]].tolist()} in row {bad[0]}")
    return vectors


@compile_loop
def _field_values(constants, positions, values):
    for i in range(len(positions)):
        x, y, z = positions[i, 0], positions[i, 1], positions[i, 2]
        values[i, 0], values[i, 1], values[i, 2] = field_in(constants, piece_at(constants, x, y, z), x, y, z)


@compile_loop
def _strengths(profile, positions, values):
    for i in range(len(positions)):
        values[i] = strength_at(profile, positions[i, 0], positions[i, 1], positions[i, 2])
