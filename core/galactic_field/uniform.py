"""The same field everywhere: none, or one whose orbits are known circles."""

from dataclasses import dataclass
from typing import NamedTuple

from .compiled import formula
from .model import FieldModel, parameter


class Constants(NamedTuple):
    """Field in microgauss."""

    bx: float
    by: float
    bz: float


@dataclass(frozen=True)
class UniformField(FieldModel):
    """Uniform field."""

    bx: float = parameter(0.0, "µG", "field along x")
    by: float = parameter(0.0, "µG", "field along y")
    bz: float = parameter(0.0, "µG", "field along z")
    largest_step = 5.0

    def constants(self):
        """Return the three components."""
        return Constants(self.bx, self.by, self.bz)


def no_field():
    """Model of an empty Galaxy: straight lines."""
    return UniformField()


@formula(Constants)
def _uniform(c, piece, x, y, z):
    return c.bx, c.by, c.bz
