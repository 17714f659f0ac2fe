"""Unger & Farrar 2023: eight coherent fields that agree with the same data; their spread is what is not known.

ApJ 970 (2024) 95 (arXiv:2311.12120); equation numbers below are of that paper. ``nebCor`` and ``cre10`` differ from
``base`` by auxiliary input, ``neCL`` by the model of thermal electrons, ``synCG`` by the synchrotron map, ``expX`` by the
profile of the X field, ``spur`` by the disk, ``twistX`` by the origin of the toroidal field. A variant is the sum of a
disk, a poloidal halo and what makes the toroidal field, each a class of its own below.
"""

import math
from dataclasses import dataclass

import numpy as np

from ..units import KPC_PER_MYR
from .model import FieldModel, parameter
from .uf23_formula import NEGLIGIBLE, Constants


@dataclass(frozen=True)
class UF23Part(FieldModel):
    """What all variants have: pitch and height of the disk, the end of the field."""

    pitch: float = parameter(10.1069, "deg", "pitch angle of the spiral disk (alpha)", low=-89, high=89, nonzero=True)
    disk_height: float = parameter(0.79408965, "kpc", "height of the change from disk to halo (z_d)", low=0)
    disk_width: float = parameter(0.10720909, "kpc", "width of the change from disk to halo (w_d)", positive=True)
    outer_radius: float = parameter(30.0, "kpc", "no field beyond", low=0)

    def constants(self):
        """Return the parameters with their trigonometry done."""
        return Constants(**{name: 0.0 for name in Constants._fields} | self._constants())

    def _constants(self):
        """Constants of the parts this class is made of, by name; every part adds its own."""
        pitch, no_modes = math.radians(self.pitch), np.zeros(3)
        return dict(
            spur=False,
            twisted=False,
            exponential=False,
            mode_cos=no_modes,
            mode_sin=no_modes,
            sin_pitch=math.sin(pitch),
            cos_pitch=math.cos(pitch),
            cot_pitch=1 / math.tan(pitch),
            disk_height=self.disk_height,
            disk_width=self.disk_width,
            disk_top=self.disk_height - self.disk_width * math.log(NEGLIGIBLE),
            outer_radius=self.outer_radius,
        )


@dataclass(frozen=True)
class SpiralDisk(UF23Part):
    """Disk of three magnetic modes (eq. 10 to 14)."""

    mode_strengths: tuple = parameter(
        (1.0878565, 2.6605034, 3.1166311), "µG", "modes 1 to 3 at 5 kpc from the centre (B_1 to B_3)"
    )
    mode_phases: tuple = parameter(
        (263.16589, 97.782269, 35.112281), "deg", "azimuths of the modes there (phi_1 to phi_3)"
    )
    disk_inner: float = parameter(5.0, "kpc", "radius at which the disk begins (r_1)", low=0)
    disk_outer: float = parameter(20.0, "kpc", "radius at which the disk ends (r_2)", low=0)
    disk_edge: float = parameter(0.5, "kpc", "width of both edges (w_1, w_2)", positive=True)

    def _constants(self):
        phases = np.radians(self.mode_phases) * [1, 2, 3]
        return super()._constants() | dict(
            mode_cos=self.mode_strengths * np.cos(phases),
            mode_sin=self.mode_strengths * np.sin(phases),
            disk_inner=self.disk_inner,
            disk_outer=self.disk_outer,
            disk_edge=self.disk_edge,
        )


@dataclass(frozen=True)
class SpurDisk(UF23Part):
    """Disk of the local spur alone (eq. 16 to 18)."""

    spur_strength: float = parameter(-4.2993328, "µG", "field on the spur's spiral, 8.2 kpc from the centre (B_1)")
    spur_azimuth: float = parameter(
        155.89875, "deg", "azimuth at which the spiral is 8.2 kpc from the centre (phi_1)", low=0, high=360
    )
    spur_centre: float = parameter(157.18686, "deg", "azimuth of the spur's middle (phi_cn)", low=0, high=360)
    spur_length: float = parameter(31.839577, "deg", "half of its length (L_s)", low=0)
    spur_end: float = parameter(5.0, "deg", "width of both its ends", positive=True)
    spur_width: float = parameter(10.318114, "deg", "standard deviation across (w_s)", positive=True)

    def _constants(self):
        return super()._constants() | dict(
            spur=True,
            spur_strength=self.spur_strength,
            spur_azimuth=math.radians(self.spur_azimuth),
            spur_centre=math.radians(self.spur_centre),
            spur_length=math.radians(self.spur_length),
            spur_end=math.radians(self.spur_end),
            spur_width=math.radians(self.spur_width),
        )


@dataclass(frozen=True)
class ToroidalHalo(UF23Part):
    """Toroidal halo of its own (eq. 21)."""

    north_strength: float = parameter(3.255676, "µG", "toroidal halo above the plane (B_N)")
    south_strength: float = parameter(-3.0914569, "µG", "toroidal halo below the plane (B_S)")
    halo_height: float = parameter(4.0242749, "kpc", "scale height of the toroidal halo (z_t)", positive=True)
    halo_radius: float = parameter(10.193815, "kpc", "radius at which the toroidal halo ends (r_t)", low=0)
    halo_width: float = parameter(1.6936993, "kpc", "width of that end (w_t)", positive=True)

    def _constants(self):
        return super()._constants() | dict(
            north_strength=self.north_strength,
            south_strength=self.south_strength,
            halo_height=self.halo_height,
            halo_radius=self.halo_radius,
            halo_width=self.halo_width,
        )


@dataclass(frozen=True)
class TwistedHalo(UF23Part):
    """Toroidal field made from the poloidal halo by differential rotation (eq. 43 to 47)."""

    twist_time: float = parameter(54.733549, "Myr", "how long the halo has been wound up (t)")
    rotation_speed: float = parameter(-240.0, "km/s", "speed of rotation far from the centre, along +phi (v_0)")
    rotation_radius: float = parameter(1.6, "kpc", "radial scale over which rotation sets in (r_0)", positive=True)
    rotation_height: float = parameter(10.0, "kpc", "scale height of the rotation (z_0)", positive=True)

    def _constants(self):
        return super()._constants() | dict(
            twisted=True,
            twist_time=self.twist_time,
            rotation=self.rotation_speed * KPC_PER_MYR,
            rotation_radius=self.rotation_radius,
            rotation_height=self.rotation_height,
        )


@dataclass(frozen=True)
class PoloidalHalo(UF23Part):
    """X-shaped halo whose strength in the plane ends at a radius (eq. 28 to 36)."""

    x_strength: float = parameter(0.97775487, "µG", "poloidal halo at the centre (B_p)")
    x_power: float = parameter(1.4266186, "", "exponent of the field lines (p)", low=1)
    x_height: float = parameter(4.4597373, "kpc", "height at which the lines have opened (z_p)", positive=True)
    x_radius: float = parameter(7.2925417, "kpc", "radius in the plane at which the poloidal halo ends (r_p)", low=0)
    x_width: float = parameter(0.11188158, "kpc", "width of that end (w_p)", positive=True)
    x_straight: float = parameter(
        1e6, "kpc", "radius beyond which lines are straight (a_c); practically infinite", positive=True
    )

    def _constants(self):
        return super()._constants() | dict(
            x_strength=self.x_strength,
            x_power=self.x_power,
            x_height=self.x_height,
            x_radius=self.x_radius,
            x_width=self.x_width,
            x_far=self.x_straight**-self.x_power,
        )


@dataclass(frozen=True)
class ExponentialPoloidalHalo(UF23Part):
    """X-shaped halo whose strength in the plane falls exponentially (eq. 28 to 36)."""

    x_strength: float = parameter(5.835799, "µG", "poloidal halo at the centre (B_p)")
    x_power: float = parameter(1.9510779, "", "exponent of the field lines (p)", low=1)
    x_radius: float = parameter(2.4994376, "kpc", "scale length of the poloidal halo in the plane (r_p)", positive=True)
    x_straight: float = parameter(6.1938701, "kpc", "radius beyond which lines are straight (a_c)", positive=True)
    x_elevation: float = parameter(20.926122, "deg", "their angle to the plane there (xi)", high=89, positive=True)

    def _constants(self):
        return super()._constants() | dict(
            exponential=True,
            x_strength=self.x_strength,
            x_power=self.x_power,
            x_height=self.x_straight * math.tan(math.radians(self.x_elevation)),
            x_radius=self.x_radius,
            x_far=self.x_straight**-self.x_power,
        )


@dataclass(frozen=True)
class UF23(PoloidalHalo, ToroidalHalo, SpiralDisk):
    """``base`` and the four variants that differ from it by their numbers."""


@dataclass(frozen=True)
class UF23Spur(PoloidalHalo, ToroidalHalo, SpurDisk):
    """``spur``."""


@dataclass(frozen=True)
class UF23Twist(PoloidalHalo, TwistedHalo, SpiralDisk):
    """``twistX``."""


@dataclass(frozen=True)
class UF23Exponential(ExponentialPoloidalHalo, ToroidalHalo, SpiralDisk):
    """``expX``."""


def uf23_base():
    """Fiducial fit."""
    return UF23()


def uf23_cre10():
    """Fit with cosmic-ray electrons up to 10 kpc from the plane."""
    return UF23(
        pitch=10.162759, disk_height=0.80844932, disk_width=0.10824003,
        mode_strengths=(1.2035697, 2.747849, 3.2104342), mode_phases=(265.15882, 98.211313, 35.944588),
        north_strength=3.7308133, south_strength=-3.5039958, halo_height=2.92728, halo_radius=10.407507,
        halo_width=1.7398375,
        x_strength=0.96938453, x_power=1.4150957, x_height=4.5748332, x_radius=7.2987296, x_width=0.10923051,
    )


def uf23_nebcor():
    """Fit with thermal electrons correlated with the field."""
    return UF23(
        pitch=10.151183, disk_height=0.81151971, disk_width=0.11863734,
        mode_strengths=(1.4081935, 3.52924, 4.1290147), mode_phases=(264.47529, 97.57266, 36.403798),
        north_strength=4.6491142, south_strength=-4.500661, halo_height=3.5557767, halo_radius=10.205288,
        halo_width=1.7004868,
        x_strength=1.3485916, x_power=1.3414395, x_height=4.8242603, x_radius=7.2473841, x_width=0.14318227,
    )


def uf23_necl():
    """Fit with another model of thermal electrons."""
    return UF23(
        pitch=11.867859, disk_height=0.67405199, disk_width=0.061162799,
        mode_strengths=(1.4259645, 1.3543223, 3.4390669), mode_phases=(199.61898, 135.41461, 64.909767),
        north_strength=2.6256593, south_strength=-2.5699466, halo_height=4.5585463, halo_radius=10.134257,
        halo_width=1.1547728,
        x_strength=0.98387831, x_power=1.6773615, x_height=3.6521188, x_radius=7.4084361, x_width=0.14168192,
    )


def uf23_syncg():
    """Fit to another map of synchrotron radiation."""
    return UF23(
        pitch=9.9034844, disk_height=0.62172353, disk_width=0.066517521,
        mode_strengths=(0.81386878, 2.058693, 2.9437335), mode_phases=(229.88551, 97.388282, 32.927367),
        north_strength=2.3991193, south_strength=-2.0919944, halo_height=5.5844594, halo_radius=9.4227834,
        halo_width=0.91608418,
        x_strength=0.80883734, x_power=1.5820957, x_height=3.533855, x_radius=7.4625235, x_width=0.15003765,
    )


def uf23_spur():
    """Fit with the local spur as the only structure of the disk."""
    return UF23Spur(
        pitch=12.074432, disk_height=0.75019749, disk_width=0.1226312,
        north_strength=2.9286724, south_strength=-2.5979895, halo_height=6.0941229, halo_radius=9.7536425,
        halo_width=1.4210055,
        x_strength=0.99302987, x_power=1.3982374, x_height=4.485327, x_radius=7.1973387, x_width=0.12262244,
    )


def uf23_twistx():
    """Fit with a toroidal field wound up from the poloidal one."""
    return UF23Twist(
        pitch=12.100979, disk_height=0.9380618, disk_width=0.14933338,
        mode_strengths=(1.3741995, 2.0089881, 1.5212463), mode_phases=(235.60316, 101.89856, 56.187572),
        x_strength=0.62793114, x_power=2.3292519, x_height=2.6274437, x_radius=7.9212358, x_width=0.29056201,
    )


def uf23_expx():
    """Fit with an exponential poloidal halo."""
    return UF23Exponential(
        pitch=10.02707, disk_height=0.71508681, disk_width=0.098524736,
        mode_strengths=(0.99258148, 2.1821124, 3.1197345), mode_phases=(247.45741, 98.578879, 34.884485),
        north_strength=2.7077434, south_strength=-2.5677104, halo_height=5.4564991, halo_radius=10.134022,
        halo_width=2.0956159,
    )
