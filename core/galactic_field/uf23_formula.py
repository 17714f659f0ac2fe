"""The formula of Unger & Farrar 2023 for all eight of its variants; equation numbers are of ApJ 970 (2024) 95.

Exponentials are the cost of this field. Azimuths are therefore added as pairs of cosine and sine, the three powers share
their logarithms, and what is negligible is left out: the disk where less than 1e-7 of it is left by its height or, in
the spur, by the distance from it.
"""

import math
from typing import NamedTuple

import numpy as np

from .compiled import formula, jit

SPIRAL_RADIUS = 5.0  # kpc, reference radius of the disk's modes
SPUR_RADIUS = 8.2  # kpc, reference radius of the spur
CORE_RADIUS = 1.0  # kpc, inside which the disk fades (eq. 13)
SMALLEST_RADIUS = 1e-9  # kpc; the winding ln(r) ends here
NEGLIGIBLE = 1e-7  # share of the disk below which it is not computed

SOUTH, OUTSIDE = 1, 2  # bits of the label of a piece


class Constants(NamedTuple):
    """Parameters of any variant in the form the formula uses; those of parts it does not have are zero."""

    spur: bool
    twisted: bool
    exponential: bool
    sin_pitch: float
    cos_pitch: float
    cot_pitch: float
    disk_height: float
    disk_width: float
    disk_top: float
    mode_cos: np.ndarray
    mode_sin: np.ndarray
    disk_inner: float
    disk_outer: float
    disk_edge: float
    spur_strength: float
    spur_azimuth: float
    spur_centre: float
    spur_length: float
    spur_end: float
    spur_width: float
    north_strength: float
    south_strength: float
    halo_height: float
    halo_radius: float
    halo_width: float
    x_strength: float
    x_power: float
    x_height: float
    x_radius: float
    x_width: float
    x_far: float
    rotation: float
    rotation_radius: float
    rotation_height: float
    twist_time: float
    outer_radius: float


@jit
def _piece(c, x, y, z):
    """Label the pieces on both sides of the plane and outside."""
    if x * x + y * y + z * z > c.outer_radius * c.outer_radius:
        return OUTSIDE
    return 0 if z >= 0.0 else SOUTH


@jit
def _spiral(c, r, log_r, cos_phi, sin_phi):
    """Strength of the three modes of the spiral disk in the plane (eq. 10 to 14)."""
    wound = c.cot_pitch * (log_r - math.log(SPIRAL_RADIUS))
    cos_wound, sin_wound = math.cos(wound), math.sin(wound)
    cos_0, sin_0 = cos_phi * cos_wound + sin_phi * sin_wound, sin_phi * cos_wound - cos_phi * sin_wound
    cos_m, sin_m, total = 1.0, 0.0, 0.0
    for mode in range(len(c.mode_cos)):  # cos and sin of (mode + 1) phi_0
        cos_m, sin_m = cos_m * cos_0 - sin_m * sin_0, sin_m * cos_0 + cos_m * sin_0
        total += c.mode_cos[mode] * cos_m + c.mode_sin[mode] * sin_m
    inwards, outwards = math.exp((c.disk_inner - r) / c.disk_edge), math.exp((r - c.disk_outer) / c.disk_edge)
    core = 1.0 - math.exp(-((r / CORE_RADIUS) ** 2))
    return total * SPIRAL_RADIUS * core / (r * (1.0 + inwards) * (1.0 + outwards))


@jit
def _spur(c, r, log_r, x, y):
    """Strength of the spur in the plane (eq. 16 to 18).

    Azimuths are those from the spur, unwrapped between 0 and 2 pi, so that no other turn of its spiral is met.
    """
    phi = math.atan2(y, x)
    phi = phi if phi >= 0.0 else phi + 2.0 * math.pi
    length = abs(phi - c.spur_centre)
    across = (phi - c.cot_pitch * (log_r - math.log(SPUR_RADIUS)) - c.spur_azimuth) / c.spur_width
    exponent = 0.5 * across * across
    if exponent > -math.log(NEGLIGIBLE):
        return 0.0
    along = 1.0 + math.exp((min(length, 2.0 * math.pi - length) - c.spur_length) / c.spur_end)
    return c.spur_strength * math.exp(-exponent) * SPUR_RADIUS / (r * along)


@jit
def _poloidal(c, r, log_r, height):
    """Return (B_r, B_z) of the poloidal halo above the plane (eq. 28 to 36).

    The terms t_0, t_1 and A of the paper are divided by a_c^p, so that nothing cancels where a_c is practically infinite.
    """
    far = math.exp(c.x_power * log_r) * c.x_far  # (r / a_c)^p
    rise = math.exp(c.x_power * math.log(abs(height) / c.x_height)) if height != 0.0 else 0.0  # (|z| / z_p)^p
    t_0 = 1.0 + rise - far
    t_1 = math.sqrt(t_0 * t_0 + 4.0 * far)
    stretch = 0.5 * (t_0 + t_1)  # (r / a)^p
    shrink = math.exp(-math.log(stretch) / c.x_power)  # a / r
    a = r * shrink
    if c.exponential:
        strength = c.x_strength * math.exp(-a / c.x_radius)
    else:
        strength = c.x_strength / (1.0 + math.exp((a - c.x_radius) / c.x_width))
    strength *= shrink / t_1
    b_r = strength * a * rise / height if height != 0.0 else 0.0
    return b_r, strength * shrink * (stretch + far)


@jit
def _twist(c, r, height, b_r, b_z):
    """B_phi that differential rotation has made of the northern poloidal halo in the time of twist (eq. 43 to 47)."""
    fade = math.exp(-r / c.rotation_radius)
    rise = -math.expm1(-r / c.rotation_radius)
    grow = math.exp(2.0 * height / c.rotation_height)
    slow = 2.0 / (1.0 + grow)
    shear_z = -rise / c.rotation_height * grow * slow * slow
    shear_r = slow * (fade / c.rotation_radius - rise / r)
    return (b_z * shear_z + b_r * shear_r) * c.rotation * c.twist_time


@formula(Constants, _piece)
def _coherent(c, piece, x, y, z):
    if piece & OUTSIDE:
        return 0.0, 0.0, 0.0
    r = max(math.sqrt(x * x + y * y), SMALLEST_RADIUS)
    cos_phi, sin_phi, log_r = x / r, y / r, math.log(r)
    south = piece & SOUTH
    height = -z if south else z

    b_r, b_z = _poloidal(c, r, log_r, height)
    halo = 1.0
    disk_r = disk_phi = 0.0
    if height < c.disk_top:
        disk = 1.0 / (1.0 + math.exp((height - c.disk_height) / c.disk_width))
        halo = 1.0 - disk
        disk *= _spur(c, r, log_r, x, y) if c.spur else _spiral(c, r, log_r, cos_phi, sin_phi)
        disk_r, disk_phi = disk * c.sin_pitch, disk * c.cos_pitch
    if c.twisted:
        b_phi = _twist(c, r, height, b_r, b_z)
        b_phi = -b_phi if south else b_phi
    else:
        b_phi = c.south_strength if south else c.north_strength
        b_phi *= halo * math.exp(-height / c.halo_height)  # eq. 21
        b_phi /= 1.0 + math.exp((r - c.halo_radius) / c.halo_width)
    b_r, b_phi = disk_r + (-b_r if south else b_r), disk_phi + b_phi
    return b_r * cos_phi - b_phi * sin_phi, b_r * sin_phi + b_phi * cos_phi, b_z
