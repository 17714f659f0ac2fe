"""Pshirkov, Tinyakov, Kronberg & Newton-McGee 2011: spiral disk with or without reversals, and toroidal halo.

ApJ 738 (2011) 192 (arXiv:1103.0814), eq. 3 to 5 and 8, Table 3. The paper's azimuth runs the other way with its Sun at
+8.5 kpc; the formulae here are in our frame.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import ConfigError
from ..units import SUN_DISTANCE
from .compiled import formula, jit
from .model import FieldModel, parameter, parameter_path

SMALLEST_RADIUS = 1e-9  # kpc; the winding ln(r) ends here


class Constants(NamedTuple):
    """Parameters of :class:`PT11` in the form the formula uses."""

    sin_pitch: float
    cos_pitch: float
    cot_pitch: float
    phase: float
    disk_strength: float
    core_radius: float
    disk_scale: float
    bisymmetric: bool
    north_strength: float
    south_strength: float
    halo_radius: float
    halo_height: float
    inner_width: float
    outer_width: float


@dataclass(frozen=True)
class PT11(FieldModel):
    """Parameters, those of the bisymmetric disk by default."""

    bisymmetric: bool = parameter(
        True, "", "whether the disk field reverses between arms (BSS) or keeps its direction (ASS)"
    )
    pitch: float = parameter(-6.0, "deg", "pitch angle of the spiral (p)", low=-89, high=89, nonzero=True)
    reversal_distance: float = parameter(
        -0.6, "kpc", "distance of the nearest field reversal from the Sun (d), negative towards the Galactic centre", low=-8.4
    )
    disk_strength: float = parameter(2.0, "µG", "disk field at the Sun (B_0)")
    core_radius: float = parameter(
        5.0, "kpc", "radius inside which the disk field no longer grows (R_c)", positive=True
    )
    disk_scale: float = parameter(1.0, "kpc", "scale height of the disk (z_0)", positive=True)
    north_strength: float = parameter(
        4.0, "µG", "toroidal halo above the plane (B_0^H), positive along +phi of our frame"
    )
    south_strength: float = parameter(
        -4.0, "µG", "toroidal halo below the plane (B_0^H), positive along +phi of our frame"
    )
    halo_radius: float = parameter(8.0, "kpc", "radius at which the halo is strongest (R_0^H)", positive=True)
    halo_height: float = parameter(1.3, "kpc", "height at which the halo is strongest (z_0^H)", low=0)
    inner_width: float = parameter(0.25, "kpc", "width of the halo towards the plane (z_1^H)", positive=True)
    outer_width: float = parameter(0.40, "kpc", "width of the halo away from the plane (z_1^H)", positive=True)

    @property
    def phase(self):
        """Phase of the spiral at the Sun (eq. 4), radians."""
        return math.log1p(self.reversal_distance / SUN_DISTANCE) / math.tan(math.radians(self.pitch)) - math.pi / 2

    def check(self):
        """Require that the field does not vanish at the Sun, where its strength is given."""
        if abs(math.cos(self.phase)) < 1e-6:
            raise ConfigError(
                f"expected a distance that puts no reversal at the Sun, received {self.reversal_distance:g} kpc",
                parameter_path("reversal_distance"),
            )

    def constants(self):
        """Return the parameters with their trigonometry done."""
        pitch = math.radians(self.pitch)
        return Constants(
            sin_pitch=math.sin(pitch),
            cos_pitch=math.cos(pitch),
            cot_pitch=1 / math.tan(pitch),
            phase=self.phase,
            disk_strength=self.disk_strength * SUN_DISTANCE / math.cos(self.phase),  # eq. 5
            core_radius=self.core_radius,
            disk_scale=self.disk_scale,
            bisymmetric=self.bisymmetric,
            north_strength=self.north_strength,
            south_strength=self.south_strength,
            halo_radius=self.halo_radius,
            halo_height=self.halo_height,
            inner_width=self.inner_width,
            outer_width=self.outer_width,
        )


def pt11_bss_halo():
    """PT11 with the bisymmetric disk."""
    return PT11()


def pt11_ass_halo():
    """PT11 with the axisymmetric disk; the southern halo is half as strong."""
    return PT11(bisymmetric=False, pitch=-5.0, south_strength=-2.0)


SOUTH, CORE, REVERSED, INNER = 1, 2, 4, 8  # bits of the label of a piece


@jit
def _winding(c, x, y, r):
    """Cosine of the spiral's phase (eq. 3)."""
    return math.cos(math.pi - math.atan2(y, x) - c.cot_pitch * math.log(r / SUN_DISTANCE) + c.phase)


@jit
def _piece(c, x, y, z):
    """Label the pieces between the plane, the core and, in ASS, the lines where the disk field touches zero."""
    r = max(math.sqrt(x * x + y * y), SMALLEST_RADIUS)
    piece = 0 if z > 0.0 else SOUTH
    if r < c.core_radius:
        piece |= CORE
    if abs(z) < c.halo_height:
        piece |= INNER
    if not c.bisymmetric and _winding(c, x, y, r) < 0.0:
        piece |= REVERSED
    return piece


@formula(Constants, _piece)
def _disk_and_halo(c, piece, x, y, z):
    r = max(math.sqrt(x * x + y * y), SMALLEST_RADIUS)
    cos_phi, sin_phi = x / r, y / r
    south = piece & SOUTH
    height = -z if south else z

    disk = c.disk_strength / (c.core_radius if piece & CORE else r)
    disk *= math.exp(-height / c.disk_scale) * _winding(c, x, y, r)
    if piece & REVERSED:
        disk = -disk

    width = c.inner_width if piece & INNER else c.outer_width
    halo = c.south_strength if south else c.north_strength
    halo *= r / c.halo_radius * math.exp(1.0 - r / c.halo_radius)
    halo /= 1.0 + ((height - c.halo_height) / width) ** 2  # eq. 8

    b_r, b_phi = disk * c.sin_pitch, halo - disk * c.cos_pitch
    return b_r * cos_phi - b_phi * sin_phi, b_r * sin_phi + b_phi * cos_phi, 0.0
