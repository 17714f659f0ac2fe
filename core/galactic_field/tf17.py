"""Terral & Ferrière 2017: spiralling fields with X-shaped lines, three disks and two halos.

A&A 600 (2017) A29 (arXiv:1611.10222); equation numbers below are of that paper. Its azimuth runs the other way:
phi' = pi - phi, so that its B_phi' is -B_phi of our frame. It gives only a lower limit of the winding's radial scale;
50 kpc is the choice of CRPropa, with which these numbers agree.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from .compiled import formula, jit
from .model import FieldModel, parameter

SMALLEST_LENGTH = 1e-9  # kpc; the winding ln(r) ends here, and the height in the formula of disk Dd1
AD1, BD1, DD1 = 0, 1, 2


class Constants(NamedTuple):
    """Parameters of one of the disks with its halo in the form the formula uses."""

    disk: int
    disk_strength: float
    disk_start: float
    disk_scale: float
    disk_flare: float
    disk_cos: float
    disk_sin: float
    bisymmetric: bool
    halo_strength: float
    halo_scale: float
    halo_opening: float
    halo_cos: float
    halo_sin: float
    cot_pitch: float
    winding_radius: float
    winding_height: float


@dataclass(frozen=True)
class TF17(FieldModel):
    """What the three disks share: the halo and the winding."""

    disk_strength: float = parameter(19.0, "µG", "strength of the disk (B_1)")
    disk_phase: float = parameter(-54.0, "deg", "azimuth of the disk's strongest line, winding undone (phi_star)")
    bisymmetric: bool = parameter(
        False, "", "whether the halo reverses twice around the circle (C1) or is axisymmetric (C0)"
    )
    halo_strength: float = parameter(0.36, "µG", "strength of the halo (B_1)")
    halo_scale: float = parameter(3.0, "kpc", "radial scale length of the halo (L)", positive=True)
    halo_phase: float = parameter(
        0.0, "deg", "azimuth of a bisymmetric halo's strongest line, winding undone (phi_star)"
    )
    halo_opening: float = parameter(1.17, "kpc^-2", "opening of the halo's parabolic lines (a)", low=0)
    pitch: float = parameter(-7.9, "deg", "pitch angle at the centre (p_0)", low=-89, high=89, nonzero=True)
    winding_radius: float = parameter(50.0, "kpc", "radial scale length of the winding (L_p)", positive=True)
    winding_height: float = parameter(5.0, "kpc", "scale height of the winding (H_p)", positive=True)

    def _constants(self, disk, start, scale, flare):
        disk_phase, halo_phase = math.radians(self.disk_phase), math.radians(self.halo_phase)
        return Constants(
            disk=disk,
            disk_strength=self.disk_strength,
            disk_start=start,
            disk_scale=scale,
            disk_flare=flare,
            disk_cos=math.cos(disk_phase),
            disk_sin=math.sin(disk_phase),
            bisymmetric=self.bisymmetric,
            halo_strength=self.halo_strength,
            halo_scale=self.halo_scale,
            halo_opening=self.halo_opening,
            halo_cos=math.cos(halo_phase),
            halo_sin=math.sin(halo_phase),
            cot_pitch=1 / math.tan(math.radians(self.pitch)),
            winding_radius=self.winding_radius,
            winding_height=self.winding_height,
        )


@dataclass(frozen=True)
class TF17Ad1(TF17):
    """Disk Ad1: parabolic lines that leave a cylinder, inside which they are straight."""

    disk_radius: float = parameter(
        3.0, "kpc", "radius of the cylinder at which strength and height are given (r_1)", positive=True
    )
    disk_height: float = parameter(0.055, "kpc", "scale height of the disk there (H)", positive=True)
    disk_opening: float = parameter(0.9, "kpc^-2", "opening of the disk's parabolic lines (a)", low=0)

    def constants(self):
        """Return the parameters with their trigonometry done."""
        return self._constants(AD1, self.disk_radius, self.disk_height, self.disk_opening)


@dataclass(frozen=True)
class TF17Bd1(TF17):
    """Disk Bd1: lines that come down from the halo and run outwards parallel to the plane."""

    disk_radius: float = parameter(3.0, "kpc", "radius at which strength and height are given (r_1)", positive=True)
    disk_height: float = parameter(0.32, "kpc", "scale height of the disk there (H)", positive=True)

    def constants(self):
        """Return the parameters with their trigonometry done."""
        return self._constants(BD1, self.disk_radius, self.disk_height, 0.0)


@dataclass(frozen=True)
class TF17Dd1(TF17):
    """Disk Dd1: lines that come down from the halo on both sides, antisymmetric about the plane."""

    disk_start: float = parameter(1.5, "kpc", "height at which the strength is given (z_1)", positive=True)
    disk_length: float = parameter(9.8, "kpc", "radial scale length of the disk there (L)", positive=True)

    def constants(self):
        """Return the parameters with their trigonometry done."""
        return self._constants(DD1, self.disk_start, self.disk_length, 0.0)


def tf17_ad1_c0():
    """Disk Ad1 with the axisymmetric halo."""
    return TF17Ad1()


def tf17_ad1_c1():
    """Disk Ad1 with the bisymmetric halo."""
    return TF17Ad1(
        disk_strength=32.0, disk_phase=-31.0, disk_height=0.054, disk_opening=0.031, bisymmetric=True,
        halo_strength=9.0, halo_scale=2.1, halo_phase=198.0, halo_opening=0.33, pitch=-9.1, winding_height=1.2,
    )


def tf17_bd1_c0():
    """Disk Bd1 with the axisymmetric halo."""
    return TF17Bd1(
        disk_strength=2.0, disk_phase=153.0, halo_strength=0.29, halo_scale=3.4, halo_opening=0.88, pitch=-7.2,
        winding_height=9.0,
    )


def tf17_bd1_c1():
    """Disk Bd1 with the bisymmetric halo."""
    return TF17Bd1(
        disk_strength=24.0, disk_phase=-34.0, disk_height=0.090, bisymmetric=True,
        halo_strength=8.2, halo_scale=2.2, halo_phase=197.0, halo_opening=0.38, pitch=-9.0, winding_height=1.2,
    )


def tf17_dd1_c0():
    """Disk Dd1 with the axisymmetric halo."""
    return TF17Dd1(
        disk_strength=0.065, disk_phase=14.0, halo_strength=0.18, halo_scale=4.8, halo_opening=0.61, pitch=-7.4,
        winding_height=4.2,
    )


def tf17_dd1_c1():
    """Disk Dd1 with the bisymmetric halo."""
    return TF17Dd1(
        disk_strength=0.40, disk_phase=120.0, disk_length=2.9, bisymmetric=True,
        halo_strength=9.5, halo_scale=2.1, halo_phase=179.0, halo_opening=0.45, pitch=-8.4, winding_height=1.2,
    )


SOUTH, CYLINDER, FADING = 1, 2, 4  # bits of the label of a piece


@jit
def _dd1_start(c, height):
    """Return u and z_1 / |z| of the line of disk Dd1 at a height; its u r is the radius at which it passes z_1."""
    v = c.disk_start / max(abs(height), SMALLEST_LENGTH)
    return 1.5 / (math.sqrt(v) + 0.5 / v), v


@jit
def _piece(c, x, y, z):
    """Label the pieces: side of the plane; in Ad1 the cylinder with straight lines; in Dd1 where lines get weaker."""
    piece = 0 if z >= 0.0 else SOUTH
    if c.disk == AD1 and x * x + y * y <= c.disk_start * c.disk_start:
        piece |= CYLINDER
    if c.disk == DD1:
        u, _v = _dd1_start(c, z)
        if u * math.sqrt(x * x + y * y) > c.disk_scale:
            piece |= FADING
    return piece


@jit
def _wound(q_2):
    """Return ln(1 - exp(-q)) and its derivative by ln q, q / (exp(q) - 1), from q^2.

    Up to q = 0.5 from their series (Bernoulli numbers), to 1e-12. The compiled code does not wait for a square root before it takes the logarithm.
    """
    q = math.sqrt(q_2)
    if q > 0.5:
        left = math.exp(-q)
        return math.log(1.0 - left), q * left / (1.0 - left)
    logarithm = q_2 * (1 / 24 - q_2 * (1 / 2880 - q_2 * (1 / 181_440 - q_2 / 9_676_800)))
    return 0.5 * math.log(q_2) - 0.5 * q + logarithm, 1.0 - 0.5 * q + q_2 * (1 / 12 - q_2 * (1 / 720 - q_2 * (1 / 30_240 - q_2 / 1_209_600)))


@jit
def _turned(cos_angle, sin_angle, cos_phase, sin_phase):
    """Cosine of an angle less a phase."""
    return cos_angle * cos_phase + sin_angle * sin_phase


@jit
def _ad1(c, r, height):
    """Return (B_r, B_z) of disk Ad1 at the azimuth where it is strongest (amplitude: eq. 30)."""
    start2, opened = c.disk_start * c.disk_start, 1.0 + c.disk_flare * r * r
    k = (1.0 + c.disk_flare * start2) / opened
    strength = c.disk_strength * k * math.exp(-k * height / c.disk_scale)
    return strength * c.disk_start / r, strength * 2.0 * c.disk_flare * c.disk_start * height / opened


@jit
def _bd1(c, r, height):
    """Return (B_r, B_z) of disk Bd1 at the azimuth where it is strongest."""
    u = c.disk_start / r
    root = math.sqrt(r / c.disk_start)
    k = 5.0 / (u * u + 4.0 * root)
    strength = c.disk_strength * k * math.exp(-k * height / c.disk_scale)
    return strength * u, -0.4 * strength * k * height * (u / r) * (u * u - root)


@jit
def _dd1(c, fading, r, height):
    """Return (B_r, B_z) of disk Dd1 above the plane at the azimuth where it is strongest."""
    u, v = _dd1_start(c, height)
    strength = c.disk_strength * u * u
    if fading:
        strength *= math.exp(1.0 - u * r / c.disk_scale)
    return -strength * u / 3.0 * (r / c.disk_start) * (v * math.sqrt(v) - 1.0), math.copysign(strength, height)


@formula(Constants, _piece)
def _disk_and_halo(c, piece, x, y, z):
    r_2 = max(x * x + y * y, SMALLEST_LENGTH**2)
    r = math.sqrt(r_2)
    cos_phi, sin_phi = x / r, y / r
    side = -1.0 if piece & SOUTH else 1.0
    height = side * z

    # winding (eq. 23): cosine and sine of phi' - G
    slope = c.cot_pitch / (1.0 + (z / c.winding_height) ** 2)  # cot p_0 / zeta
    logarithm, growth = _wound(r_2 / c.winding_radius**2)
    winding = slope * logarithm
    cos_wound, sin_wound = math.cos(winding), math.sin(winding)
    cos_angle = -cos_phi * cos_wound + sin_phi * sin_wound
    sin_angle = sin_phi * cos_wound + cos_phi * sin_wound

    # halo of parabolic lines
    u = 1.0 / (1.0 + c.halo_opening * z * z)
    b_z = c.halo_strength * u * u * math.exp(-u * r / c.halo_scale)
    if c.bisymmetric:
        b_z *= _turned(cos_angle, sin_angle, c.halo_cos, c.halo_sin)
    b_r = 2.0 * c.halo_opening * u * r * z * b_z

    straight_x = straight_y = 0.0
    if piece & CYLINDER:
        logarithm, _growth = _wound((c.disk_start / c.winding_radius) ** 2)
        start = slope * logarithm
        cos_start, sin_start = math.cos(start), math.sin(start)
        strength = c.disk_strength * math.exp(-height / c.disk_scale)
        straight_x = -strength * (cos_start * c.disk_cos - sin_start * c.disk_sin)
        straight_y = strength * (sin_start * c.disk_cos + cos_start * c.disk_sin)
    else:
        if c.disk == AD1:
            disk_r, disk_z = _ad1(c, r, height)
        elif c.disk == BD1:
            disk_r, disk_z = _bd1(c, r, height)
        else:
            disk_r, disk_z = _dd1(c, piece & FADING, r, height)
            disk_r, disk_z = side * disk_r, side * disk_z
        turned = _turned(cos_angle, sin_angle, c.disk_cos, c.disk_sin)
        b_r, b_z = b_r + turned * disk_r, b_z + side * turned * disk_z

    # azimuthal component of lines wound up by eq. 23 (eq. 28)
    along = slope * growth
    upwards = winding * 2.0 * z * r / (c.winding_height**2 * (1.0 + (z / c.winding_height) ** 2))
    b_phi = upwards * b_z - along * b_r
    return (
        b_r * cos_phi - b_phi * sin_phi + straight_x,
        b_r * sin_phi + b_phi * cos_phi + straight_y,
        b_z,
    )
