"""Jansson & Farrar 2012: the random field, turbulent and striated, that goes with their regular field.

Jansson & Farrar, ApJL 761 (2012) L11 (arXiv:1210.7820), Table 1. Turbulence between 8 and 272 pc has the coherence
length of 60 pc with which the published deflections were computed.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import ConfigError
from .compiled import strength
from .jf12 import REFERENCE_RADIUS, arm_at
from .model import RandomPart, parameter, parameter_path
from .random_field import POINTS, SPACING


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
    """Parameters of the random field, the published best fit by default."""

    random_arm_strengths: tuple = parameter(
        (10.81, 6.96, 9.59, 6.96, 1.96, 16.34, 37.29, 10.35), "µG",
        "rms in arms 1 to 8, 5 kpc from the centre (b_1 to b_8)", low=0,
    )
    random_inner_strength: float = parameter(7.63, "µG", "rms inside 5 kpc (b_int)", low=0)
    random_disk_scale: float = parameter(0.61, "kpc", "Gaussian scale height of the disk (z_0^disk)", positive=True)
    random_halo_strength: float = parameter(4.68, "µG", "rms of the halo in the centre (B_0)", low=0)
    random_halo_radius: float = parameter(10.97, "kpc", "exponential scale length of the halo (r_0)", positive=True)
    random_halo_scale: float = parameter(2.84, "kpc", "Gaussian scale height of the halo (z_0)", positive=True)
    striation: float = parameter(1.36, "", "ratio of the energies of striated and regular field (beta)", low=0)
    inner_scale: float = parameter(0.008, "kpc", "shortest wavelength of the turbulence", low=2 * SPACING)
    outer_scale: float = parameter(0.272, "kpc", "longest wavelength of the turbulence", high=POINTS * SPACING)

    def check(self):
        """Require wavelengths between the two scales."""
        if self.inner_scale >= self.outer_scale:
            raise ConfigError(
                f"expected more than inner_scale, {self.inner_scale:g} kpc, received {self.outer_scale:g}",
                parameter_path("outer_scale"),
            )

    def profile(self, regular):
        """Return the constants of the rms; the arms are those of the ``regular`` model."""
        return Profile(
            arm_strengths=np.array(self.random_arm_strengths),
            inner_strength=self.random_inner_strength,
            disk_scale=self.random_disk_scale,
            halo_strength=self.random_halo_strength,
            halo_radius=self.random_halo_radius,
            halo_scale=self.random_halo_scale,
            outer_radius=regular.outer_radius,
            **regular.arm_constants(),
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
