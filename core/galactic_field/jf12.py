"""Jansson & Farrar 2012: spiral disk, toroidal halo and X-shaped halo field.

Jansson & Farrar, ApJ 757 (2012) 14 (arXiv:1204.3662), Table 1 and Sect. 5; equation numbers below are of that paper.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..errors import ConfigError
from .compiled import formula, jit
from .model import FieldModel, parameter, parameter_path

REFERENCE_RADIUS = 5.0  # kpc, where the strengths of ring and arms are given
NEGLIGIBLE_DISK = 1e-7  # share of the disk left, 2.6 kpc above the plane, below which it is not computed

# The label of a piece: where in the disk, plus bits; the halo's parts are continued across each other's borders.
RING, NO_DISK = 8, 9  # after the arms 0 to 7
SOUTH, CORE, HOLE, OUTSIDE = 16, 32, 64, 128
DISK = 15


class Constants(NamedTuple):
    """Parameters of :class:`JF12` in the form the formula uses."""

    arm_radii: np.ndarray
    arm_strengths: np.ndarray
    tan_pitch: float
    sin_pitch: float
    cos_pitch: float
    arm_turn: float
    ring_strength: float
    ring_inner: float
    disk_height: float
    disk_slope: float
    disk_top: float
    north_strength: float
    south_strength: float
    north_radius: float
    south_radius: float
    halo_slope: float
    halo_scale: float
    x_strength: float
    x_cos: float
    x_sin: float
    x_cot: float
    x_core: float
    x_scale: float
    inner_radius: float
    outer_radius: float


@dataclass(frozen=True)
class JF12Halo(FieldModel):
    """What the original and the solenoidal model share: where the arms lie, the toroidal halo, the X field."""

    arm_radii: tuple = parameter(
        (5.1, 6.3, 7.1, 8.3, 9.8, 11.4, 12.7, 15.5), "kpc",
        "where the spirals that end arms 1 to 8 cross the negative x axis (r_-x)", positive=True,
    )
    pitch: float = parameter(11.5, "deg", "pitch angle of the arms (i)", low=-89, high=89)
    disk_height: float = parameter(0.40, "kpc", "height of the change from disk to halo (h_disk)", low=0)
    disk_width: float = parameter(0.27, "kpc", "width of the change from disk to halo (w_disk)", positive=True)
    north_strength: float = parameter(1.4, "µG", "toroidal halo above the plane (B_n)")
    south_strength: float = parameter(-1.1, "µG", "toroidal halo below the plane (B_s)")
    north_radius: float = parameter(9.22, "kpc", "radius at which the northern toroidal halo ends (r_n)", low=0)
    south_radius: float = parameter(17.0, "kpc", "radius at which the southern toroidal halo ends (r_s)", low=0)
    halo_width: float = parameter(0.20, "kpc", "width of the toroidal halo's end (w_h)", positive=True)
    halo_scale: float = parameter(5.3, "kpc", "scale height of the toroidal halo (z_0)", positive=True)
    x_strength: float = parameter(4.6, "µG", "X field in the centre of the plane (B_X)")
    x_elevation: float = parameter(
        49.0, "deg", "angle of the X field to the plane outside x_core (Theta_X^0)", high=90, positive=True
    )
    x_core: float = parameter(
        4.8, "kpc", "radius in the plane inside which the X field steepens towards the axis (r_X^c)", positive=True
    )
    x_scale: float = parameter(2.9, "kpc", "scale length of the X field in the plane (r_X)", positive=True)
    inner_radius: float = parameter(1.0, "kpc", "no halo closer to the centre", low=0)
    outer_radius: float = parameter(20.0, "kpc", "no field beyond", low=0)

    def check(self):
        """Require arms that follow each other outwards."""
        if any(inner >= outer for inner, outer in pairwise(self.arm_radii)):
            raise ConfigError(f"expected growing radii, received {list(self.arm_radii)}", parameter_path("arm_radii"))

    def arm_constants(self):
        """Return what :func:`arm_at` reads, by name."""
        tan_pitch = math.tan(math.radians(self.pitch))
        return dict(arm_radii=np.array(self.arm_radii), tan_pitch=tan_pitch, arm_turn=math.exp(-2 * math.pi * tan_pitch))

    def shared_constants(self):
        """Return the constants of both models, by name."""
        pitch, elevation = math.radians(self.pitch), math.radians(self.x_elevation)
        return dict(
            sin_pitch=math.sin(pitch),
            cos_pitch=math.cos(pitch),
            disk_height=self.disk_height,
            disk_slope=2 / self.disk_width,
            disk_top=self.disk_height - self.disk_width / 2 * math.log(NEGLIGIBLE_DISK),
            north_strength=self.north_strength,
            south_strength=self.south_strength,
            north_radius=self.north_radius,
            south_radius=self.south_radius,
            halo_slope=2 / self.halo_width,
            halo_scale=self.halo_scale,
            x_strength=self.x_strength,
            x_cos=math.cos(elevation),
            x_sin=math.sin(elevation),
            x_cot=1 / math.tan(elevation),
            x_core=self.x_core,
            x_scale=self.x_scale,
            inner_radius=self.inner_radius,
            outer_radius=self.outer_radius,
        )


@dataclass(frozen=True)
class JF12(JF12Halo):
    """Parameters of the regular field, the published best fit by default; b_8 follows from zero net flux, rounded."""

    arm_strengths: tuple = parameter(
        (0.1, 3.0, -0.9, -0.8, -2.0, -4.2, 0.0, 2.7), "µG", "fields of arms 1 to 8, 5 kpc from the centre (b_1 to b_8)"
    )
    ring_strength: float = parameter(0.1, "µG", "azimuthal field of the molecular ring at 5 kpc (b_ring)")
    ring_inner: float = parameter(3.0, "kpc", "inner edge of the ring, which ends at 5 kpc", positive=True)

    def constants(self):
        """Return the parameters with their trigonometry done."""
        return Constants(
            arm_strengths=np.array(self.arm_strengths),
            ring_strength=self.ring_strength,
            ring_inner=self.ring_inner,
            **self.arm_constants(),
            **self.shared_constants(),
        )


def jf12_regular():
    """JF12 without its random parts."""
    return JF12()


def jf12planck_regular():
    """JF12 with arm 6 and X field weakened to agree with the synchrotron maps of Planck, without its random parts.

    Planck Collaboration, A&A 596 (2016) A103 (arXiv:1601.00546), "JF12b"; b_8 is left as it was.
    """
    return JF12(arm_strengths=(0.1, 3.0, -0.9, -0.8, -2.0, -3.5, 0.0, 2.7), x_strength=1.8)


@jit
def arm_at(c, x, y, r):
    """Arm 0 to 7 at a point in the disk, from where its spiral crosses the negative x axis (Sect. 5.1)."""
    last = len(c.arm_radii) - 1
    crossing = r * math.exp((math.pi - math.atan2(y, x)) * c.tan_pitch)
    for _turn in range(2):
        if crossing > c.arm_radii[last]:
            crossing *= c.arm_turn
    arm = 0
    while arm < last and crossing >= c.arm_radii[arm]:
        arm += 1
    return arm


@jit
def _piece(c, x, y, z):
    """Label the smooth piece: arm, ring or no disk; which side of the plane; the X field's core; hole; outside."""
    r2 = x * x + y * y
    distance2 = r2 + z * z
    r, height = math.sqrt(r2), abs(z)
    if r < c.ring_inner or height > c.disk_top:
        piece = NO_DISK
    elif r < REFERENCE_RADIUS:
        piece = RING
    else:
        piece = arm_at(c, x, y, r)
    if z < 0.0:
        piece |= SOUTH
    if r < c.x_core + height * c.x_cot:
        piece |= CORE
    if distance2 < c.inner_radius * c.inner_radius:
        piece |= HOLE
    elif distance2 >= c.outer_radius * c.outer_radius:
        piece |= OUTSIDE
    return piece


@jit
def _disk(c, place, r):
    """Return (B_r, B_phi) of molecular ring or spiral arm (Sect. 5.1) in the plane."""
    strength = REFERENCE_RADIUS / r
    if place == RING:
        return 0.0, strength * c.ring_strength
    strength *= c.arm_strengths[place]
    return strength * c.sin_pitch, strength * c.cos_pitch


@jit
def toroidal(c, south, r, height):
    """B_phi of the toroidal halo (eq. 6) without its decrease towards the disk."""
    strength, edge = (c.south_strength, c.south_radius) if south else (c.north_strength, c.north_radius)
    return strength * math.exp(-height / c.halo_scale) / (1.0 + math.exp(c.halo_slope * (r - edge)))


@jit
def x_field(c, in_core, r, height):
    """Return (B_r, B_z) of the northern X field (eq. 7 to 10)."""
    if not in_core:
        origin = r - height * c.x_cot
        strength = c.x_strength * math.exp(-origin / c.x_scale) * origin / r
        return strength * c.x_cos, strength * c.x_sin
    shrink = c.x_core / (c.x_core + height * c.x_cot)
    origin = r * shrink
    strength = c.x_strength * math.exp(-origin / c.x_scale) * shrink * shrink
    away = r * c.x_cot / (c.x_core + height * c.x_cot)  # (r - origin) / height
    b_z = strength / math.sqrt(1.0 + away * away)
    return b_z * away, b_z


@formula(Constants, _piece)
def _regular(c, piece, x, y, z):
    if piece & OUTSIDE:
        return 0.0, 0.0, 0.0
    r = math.sqrt(x * x + y * y)
    cos_phi, sin_phi = (x / r, y / r) if r > 0.0 else (1.0, 0.0)
    south = piece & SOUTH
    height = -z if south else z
    disk = 1.0 / (1.0 + math.exp(c.disk_slope * (height - c.disk_height)))  # 1 - L(z), eq. 5
    b_r = b_phi = b_z = 0.0
    if piece & DISK != NO_DISK:
        b_r, b_phi = _disk(c, piece & DISK, r)
        b_r, b_phi = b_r * disk, b_phi * disk
    if not piece & HOLE:
        b_phi += (1.0 - disk) * toroidal(c, south, r, height)
        x_r, b_z = x_field(c, piece & CORE, r, height)
        b_r += -x_r if south else x_r
    return b_r * cos_phi - b_phi * sin_phi, b_r * sin_phi + b_phi * cos_phi, b_z
