"""The same field everywhere: none, or one whose orbits are known circles."""

from dataclasses import dataclass
from typing import NamedTuple

from .compiled import formula
from .field import FieldModel


class Constants(NamedTuple):
    """Field in microgauss."""

    bx: float
    by: float
    bz: float


@dataclass(frozen=True)
class UniformField(FieldModel):
    """Uniform field.

    Parameters
    ----------
    bx, by, bz : float
        Components in microgauss.
    """

    bx: float = 0.0
    by: float = 0.0
    bz: float = 0.0
    largest_step = 5.0

    def constants(self):
        """Return the three components."""
        return Constants(float(self.bx), float(self.by), float(self.bz))


def no_field():
    """Model of an empty Galaxy: straight lines."""
    return UniformField()


@formula(Constants)
def _uniform(c, piece, x, y, z):
    return c.bx, c.by, c.bz
