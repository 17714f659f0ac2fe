"""Solenoidal JF12: the regular field of Jansson & Farrar 2012 with its sources of divergence removed.

Kleimann, Schorlepp, Merten & Becker Tjus, ApJ 877 (2019) 76 (arXiv:1809.07528). The flux of the spiral arms no longer
ends at the edges of the disk but returns along them, and the lines of the X field cross the plane as parabolae.
Toroidal halo and parameters are those of :mod:`.jf12`; there is no molecular ring.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import ConfigError
from .compiled import formula, jit
from .jf12 import JF12Halo, toroidal, x_field
from .model import parameter, parameter_path

# The label of a piece: arm in the lowest three bits, zone of the disk in the next two, then single bits.
ARM = 7
NO_DISK, INNER_EDGE, SPIRAL, OUTER_EDGE = 0, 8, 16, 24
ZONE = 24
SOUTH, CORE, HOLE, SLAB, OUTSIDE = 32, 64, 128, 256, 512


class Constants(NamedTuple):
    """Parameters of :class:`JF12Solenoidal` in the form the formula uses."""

    arm_azimuths: np.ndarray
    arm_centres: np.ndarray
    arm_strengths: np.ndarray
    arm_potentials: np.ndarray
    sin_pitch: float
    cos_pitch: float
    cot_pitch: float
    disk_inner: float
    disk_outer: float
    inner_end: float
    outer_begin: float
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
    x_slab: float
    inner_radius: float
    outer_radius: float


@dataclass(frozen=True)
class JF12Solenoidal(JF12Halo):
    """Parameters of the regular field; the strength of arm 8 follows from those of the others: no net flux."""

    arm_strengths: tuple = parameter(
        (0.1, 3.0, -0.9, -0.8, -2.0, -4.2, 0.0), "µG", "fields of arms 1 to 7, 5 kpc from the centre (b_1 to b_7)"
    )
    pitch: float = parameter(11.5, "deg", "pitch angle of the arms (i)", high=89, positive=True)
    disk_inner: float = parameter(5.0, "kpc", "inner edge of the disk (r_1)", positive=True)
    disk_outer: float = parameter(20.0, "kpc", "outer edge of the disk (r_2)", positive=True)
    edge_width: float = parameter(
        3.0, "kpc", "width of the zones at both edges in which the flux of the arms returns (delta)", positive=True
    )
    x_slab: float = parameter(
        0.5, "kpc", "height below which the lines of the X field are parabolae (z_s)", positive=True
    )
    inner_radius: float = parameter(1.0, "kpc", "no toroidal halo closer to the centre", low=0)

    def check(self):
        """Require arms that fit once around the circle and edges that leave room between them."""
        super().check()
        if self._winding(self.arm_radii[-1] / self.arm_radii[0]) >= 2 * math.pi:
            radii = list(self.arm_radii)
            raise ConfigError(f"expected arms within one turn of the spiral, received {radii}", parameter_path("arm_radii"))
        half = (self.disk_outer - self.disk_inner) / 2
        if self.edge_width > half:
            raise ConfigError(
                f"expected at most half of the disk, {half:g} kpc, received {self.edge_width:g}", parameter_path("edge_width")
            )

    def _winding(self, ratio):
        """Azimuth by which a spiral turns back while its radius grows by ``ratio``, radians."""
        return math.log(ratio) / math.tan(math.radians(self.pitch))

    def _arms(self):
        """Return the arms on the inner circle, in the order of falling azimuth.

        Returns
        -------
        borders : ndarray, shape (9,)
            phi_0 to phi_8: arm k lies between phi_(k-1) and phi_k.
        strengths : ndarray, shape (8,)
            The last one so that the flux through the circle is zero.
        potentials : ndarray, shape (8,)
            Integral of the strength over azimuth from 0 to the middle of each arm.
        """
        borders = np.array([math.pi - self._winding(radius / self.disk_inner) for radius in self.arm_radii])
        borders = np.concatenate([[borders[-1] + 2 * math.pi], borders])
        widths = borders[:-1] - borders[1:]
        strengths = np.append(self.arm_strengths, -np.dot(self.arm_strengths, widths[:-1]) / widths[-1])
        # integral from phi_8 to each border; the one to phi = 0, or to its image within the turn, is taken off
        flux = np.append(np.cumsum((strengths * widths)[::-1])[::-1], 0.0)
        zero = -borders[-1] % (2 * math.pi) + borders[-1]
        return borders, strengths, flux[1:] + strengths * widths / 2 - np.interp(zero, borders[::-1], flux[::-1])

    def constants(self):
        """Return the parameters with their trigonometry and the flux of the arms done."""
        borders, strengths, potentials = self._arms()
        return Constants(
            arm_azimuths=borders,
            arm_centres=(borders[:-1] + borders[1:]) / 2,
            arm_strengths=strengths,
            arm_potentials=potentials,
            cot_pitch=1 / math.tan(math.radians(self.pitch)),
            disk_inner=self.disk_inner,
            disk_outer=self.disk_outer,
            inner_end=self.disk_inner + self.edge_width,
            outer_begin=self.disk_outer - self.edge_width,
            x_slab=self.x_slab,
            **self.shared_constants(),
        )


def jf12sol_regular():
    """Solenoidal JF12 without its random parts."""
    return JF12Solenoidal()


@jit
def _inner_azimuth(c, x, y, r):
    """Azimuth at which the spiral through the point crosses the inner circle, not wrapped."""
    return math.atan2(y, x) - c.cot_pitch * math.log(r / c.disk_inner)


@jit
def _arm(c, x, y, r):
    """Arm 0 to 7 at a point in the disk."""
    last = len(c.arm_azimuths) - 1
    behind = c.arm_azimuths[0] - _inner_azimuth(c, x, y, r)
    behind -= 2.0 * math.pi * math.floor(behind / (2.0 * math.pi))
    arm = 0
    while arm < last - 1 and behind > c.arm_azimuths[0] - c.arm_azimuths[arm + 1]:
        arm += 1
    return arm


@jit
def _piece(c, x, y, z):
    """Label the smooth piece: arm and zone of the disk; side of the plane; core and slab of the X field; outside."""
    r2 = x * x + y * y
    distance2 = r2 + z * z
    if distance2 >= c.outer_radius * c.outer_radius:
        return OUTSIDE
    r, height = math.sqrt(r2), abs(z)
    piece = NO_DISK
    if c.disk_inner <= r < c.disk_outer and height <= c.disk_top:
        piece = INNER_EDGE if r < c.inner_end else (OUTER_EDGE if r > c.outer_begin else SPIRAL)
        piece |= _arm(c, x, y, r)
    if z < 0.0:
        piece |= SOUTH
    if distance2 < c.inner_radius * c.inner_radius:
        piece |= HOLE
    if height <= c.x_slab:
        piece |= SLAB
        core = c.x_core + c.x_slab * c.x_cot - 0.5 * c.x_slab * c.x_cot * (1.0 - (z / c.x_slab) ** 2)
    else:
        core = c.x_core + height * c.x_cot
    return piece | CORE if r < core else piece


@jit
def _returning(start, end, r):
    """Return p and q of a zone at the edge between ``start``, where B_r is zero, and ``end``."""
    bend = (start / end - 2.0) / (start - end) ** 2
    p = 2.0 - r / end + bend * (r - end) ** 2
    q = 2.0 - 2.0 * r / end + bend * (3.0 * r * r - 4.0 * r * end + end * end)
    return p / end, q / end


@jit
def _disk(c, piece, x, y, r):
    """Return (B_r, B_phi) of the disk in the plane."""
    arm, zone = piece & ARM, piece & ZONE
    strength = c.arm_strengths[arm]
    if zone == SPIRAL:
        strength *= c.disk_inner / r
        return strength * c.sin_pitch, strength * c.cos_pitch
    if zone == INNER_EDGE:
        p, q = _returning(c.disk_inner, c.inner_end, r)
    else:
        p, q = _returning(c.disk_outer, c.outer_begin, r)
    offset = _inner_azimuth(c, x, y, r) - c.arm_centres[arm]
    offset -= 2.0 * math.pi * round(offset / (2.0 * math.pi))
    flux = c.arm_potentials[arm] + strength * offset
    b_r, b_phi = p * strength * c.sin_pitch, p * strength * c.cos_pitch - q * flux * c.sin_pitch
    return c.disk_inner * b_r, c.disk_inner * b_phi


@jit
def _x_parabola(c, in_core, r, z):
    """Return (B_r, B_z) of the X field where its lines are parabolae."""
    rest = 1.0 - (z / c.x_slab) ** 2
    if in_core:
        shrink = 1.0 - rest / (2.0 + 2.0 * c.x_core / (c.x_slab * c.x_cot))
        radius, growth = r / shrink, 1.0 / (shrink * shrink)
    else:
        shift = 0.5 * c.x_slab * c.x_cot * rest
        radius, growth = r + shift, 1.0 + shift / r
    b_r, b_z = x_field(c, in_core, radius, c.x_slab)
    return z / c.x_slab * growth * b_r, growth * b_z


@formula(Constants, _piece)
def _regular(c, piece, x, y, z):
    if piece & OUTSIDE:
        return 0.0, 0.0, 0.0
    r = math.sqrt(x * x + y * y)
    cos_phi, sin_phi = (x / r, y / r) if r > 0.0 else (1.0, 0.0)
    south = piece & SOUTH
    height = -z if south else z
    disk = 1.0 / (1.0 + math.exp(c.disk_slope * (height - c.disk_height)))  # 1 - L(z), eq. 5 of Jansson & Farrar
    if piece & SLAB:
        b_r, b_z = _x_parabola(c, piece & CORE, r, z)
    else:
        b_r, b_z = x_field(c, piece & CORE, r, height)
        b_r = -b_r if south else b_r
    b_phi = 0.0
    if not piece & HOLE:
        b_phi = (1.0 - disk) * toroidal(c, south, r, height)
    if piece & ZONE:
        disk_r, disk_phi = _disk(c, piece, x, y, r)
        b_r, b_phi = b_r + disk * disk_r, b_phi + disk * disk_phi
    return b_r * cos_phi - b_phi * sin_phi, b_r * sin_phi + b_phi * cos_phi, b_z
