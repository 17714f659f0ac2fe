"""Jansson & Farrar 2012: spiral disk, toroidal halo and X-shaped halo field.

Jansson & Farrar, ApJ 757 (2012) 14 (arXiv:1204.3662), Table 1 and Sect. 5; equation numbers below are of that paper.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .compiled import formula, jit
from .field import FieldModel

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
class JF12(FieldModel):
    """Parameters of the regular field, the published best fit by default.

    Parameters
    ----------
    arm_radii : tuple of 8 floats
        Radii in kpc at which the spirals that end arms 1 to 8 cross the negative x axis (r_-x).
    arm_strengths : tuple of 8 floats
        Fields b_1 to b_8 of the arms at 5 kpc from the centre, microgauss; b_8 follows from zero net flux, rounded.
    pitch : float
        Pitch angle of the arms, degrees.
    ring_strength : float
        Azimuthal field of the molecular ring at 5 kpc (b_ring), microgauss.
    ring_inner : float
        Inner edge of the ring in kpc; it ends at 5 kpc.
    disk_height, disk_width : float
        Height of the change from disk to halo (h_disk) and its width (w_disk), kpc.
    north_strength, south_strength : float
        Toroidal halo (B_n, B_s), microgauss.
    north_radius, south_radius : float
        Radii at which the toroidal halo ends (r_n, r_s), kpc.
    halo_width : float
        Width of that end (w_h), kpc.
    halo_scale : float
        Scale height of the toroidal halo (z_0), kpc.
    x_strength : float
        X field in the centre of the plane (B_X), microgauss.
    x_elevation : float
        Its angle to the plane outside x_core, degrees.
    x_core : float
        Radius in the plane (r_X^c) inside which the angle grows to 90 degrees at the axis, kpc.
    x_scale : float
        Scale length of its strength in the plane (r_X), kpc.
    inner_radius, outer_radius : float
        No halo closer to the centre than the first, no field at all beyond the second, kpc.
    """

    arm_radii: tuple = (5.1, 6.3, 7.1, 8.3, 9.8, 11.4, 12.7, 15.5)
    arm_strengths: tuple = (0.1, 3.0, -0.9, -0.8, -2.0, -4.2, 0.0, 2.7)
    pitch: float = 11.5
    ring_strength: float = 0.1
    ring_inner: float = 3.0
    disk_height: float = 0.40
    disk_width: float = 0.27
    north_strength: float = 1.4
    south_strength: float = -1.1
    north_radius: float = 9.22
    south_radius: float = 17.0
    halo_width: float = 0.20
    halo_scale: float = 5.3
    x_strength: float = 4.6
    x_elevation: float = 49.0
    x_core: float = 4.8
    x_scale: float = 2.9
    inner_radius: float = 1.0
    outer_radius: float = 20.0

    def constants(self):
        """Return the parameters with their trigonometry done."""
        pitch, elevation = math.radians(self.pitch), math.radians(self.x_elevation)
        return Constants(
            arm_radii=np.array(self.arm_radii),
            arm_strengths=np.array(self.arm_strengths),
            tan_pitch=math.tan(pitch),
            sin_pitch=math.sin(pitch),
            cos_pitch=math.cos(pitch),
            arm_turn=math.exp(-2 * math.pi * math.tan(pitch)),
            ring_strength=self.ring_strength,
            ring_inner=self.ring_inner,
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


def jf12_regular():
    """JF12 without its random parts."""
    return JF12()


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
def _toroidal(c, south, r, height):
    """B_phi of the toroidal halo (eq. 6) without its decrease towards the disk."""
    strength, edge = (c.south_strength, c.south_radius) if south else (c.north_strength, c.north_radius)
    return strength * math.exp(-height / c.halo_scale) / (1.0 + math.exp(c.halo_slope * (r - edge)))


@jit
def _x_field(c, in_core, r, height):
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
        b_phi += (1.0 - disk) * _toroidal(c, south, r, height)
        x_r, b_z = _x_field(c, piece & CORE, r, height)
        b_r += -x_r if south else x_r
    return b_r * cos_phi - b_phi * sin_phi, b_r * sin_phi + b_phi * cos_phi, b_z
