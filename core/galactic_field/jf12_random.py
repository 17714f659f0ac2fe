"""Jansson & Farrar 2012: the random field, turbulent and striated, that goes with their regular field.

Jansson & Farrar, ApJL 761 (2012) L11 (arXiv:1210.7820), Table 1. Turbulence between 8 and 272 pc has the coherence
length of 60 pc with which the published deflections were computed.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .compiled import strength
from .field import RandomPart
from .jf12 import REFERENCE_RADIUS, arm_at


class Profile(NamedTuple):
    """Parameters of the rms in the form the formula uses; the names of the arms are those of the regular field."""

    arm_radii: np.ndarray
    arm_strengths: np.ndarray
    tan_pitch: float
    arm_turn: float
    inner_strength: float
    disk_scale: float
    halo_strength: float
    halo_radius: float
    halo_scale: float
    outer_radius: float


@dataclass(frozen=True)
class JF12Random(RandomPart):
    """Parameters of the random field, the published best fit by default.

    Parameters
    ----------
    random_arm_strengths : tuple of 8 floats
        Rms b_1 to b_8 in the arms of the regular field at 5 kpc from the centre, microgauss.
    random_inner_strength : float
        Rms inside 5 kpc (b_int), microgauss.
    random_disk_scale : float
        Gaussian scale height of the disk (z_0^disk), kpc.
    random_halo_strength : float
        Rms of the halo in the centre (B_0), microgauss.
    random_halo_radius, random_halo_scale : float
        Exponential scale length (r_0) and Gaussian scale height (z_0) of the halo, kpc.
    striation : float
        Ratio beta of the energies of striated and regular field.
    inner_scale, outer_scale : float
        Shortest and longest wavelength of the turbulence, kpc.
    """

    random_arm_strengths: tuple = (10.81, 6.96, 9.59, 6.96, 1.96, 16.34, 37.29, 10.35)
    random_inner_strength: float = 7.63
    random_disk_scale: float = 0.61
    random_halo_strength: float = 4.68
    random_halo_radius: float = 10.97
    random_halo_scale: float = 2.84
    striation: float = 1.36
    inner_scale: float = 0.008
    outer_scale: float = 0.272

    def profile(self, regular):
        """Return the constants of the rms; the arms are those of the ``regular`` model."""
        tan_pitch = math.tan(math.radians(regular.pitch))
        return Profile(
            arm_radii=np.array(regular.arm_radii),
            arm_strengths=np.array(self.random_arm_strengths),
            tan_pitch=tan_pitch,
            arm_turn=math.exp(-2 * math.pi * tan_pitch),
            inner_strength=self.random_inner_strength,
            disk_scale=self.random_disk_scale,
            halo_strength=self.random_halo_strength,
            halo_radius=self.random_halo_radius,
            halo_scale=self.random_halo_scale,
            outer_radius=regular.outer_radius,
        )


def jf12_random():
    """Random field of the published fit."""
    return JF12Random()


def jf12planck_random():
    """Random field as updated with Planck's synchrotron maps (A&A 596 (2016) A103, arXiv:1601.00546)."""
    return JF12Random(
        random_arm_strengths=(3.12, 6.24) * 4, random_inner_strength=3.90, random_halo_strength=7.332
    )


@strength(Profile)
def _rms(c, x, y, z):
    r2 = x * x + y * y
    if r2 + z * z >= c.outer_radius * c.outer_radius:
        return 0.0
    r = math.sqrt(r2)
    disk = 0.0
    height = z / c.disk_scale
    if abs(height) < 6.0:  # e^-18 is left
        disk = c.inner_strength if r < REFERENCE_RADIUS else c.arm_strengths[arm_at(c, x, y, r)] * REFERENCE_RADIUS / r
        disk *= math.exp(-0.5 * height * height)
    height = z / c.halo_scale
    halo = c.halo_strength * math.exp(-r / c.halo_radius - 0.5 * height * height)
    return math.sqrt(disk * disk + halo * halo)
