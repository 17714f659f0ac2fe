r"""One draw of the small-scale Galactic field: a periodic box of turbulence, and the signs of the striated field.

Turbulence is a Gaussian vector field without divergence and with the spectrum of Kolmogorov (Dokl. Akad. Nauk SSSR 30
(1941) 301): the power of a Fourier mode of wave number k falls as :math:`k^{-11/3}` between an outer and an inner
scale, so that the energy per interval of k falls as :math:`k^{-5/3}`. The box has unit rms; a model multiplies it by
its own rms at each place, which all published use does although the product has some divergence again.
"""

import math
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import fft

from ..errors import InputError
from ..streams import random_stream
from ..units import GYRATION

POINTS = 256  # of the box in each direction; a power of two, which the tracing relies on
SPACING = 0.004  # kpc
CUBES = 100  # of one sign of the striated field in each direction, repeated periodically like the box
CUBE_SIZE = 0.1  # kpc
KOLMOGOROV = 5 / 3
SLACK = 1e-9  # relative, of the scales that just fit into a box
_ask = ContextVar("ask", default=lambda: None)  # no argument of the box, which is kept whoever waits for it


class Draw(NamedTuple):
    """One realisation of a random field as the compiled code reads it.

    Attributes
    ----------
    profile : named tuple
        Constants of the rms of the turbulence, for :func:`~.compiled.strength_at`.
    turbulence : ndarray of int16, shape (n, n, n, 4)
        Periodic field of unit rms (all components together) and zero mean, over ``unit``; the fourth column is empty, so
        that the points of the box are aligned in memory.
    unit : float
    points_per_kpc : float
        Point i of the box is at i over this many kpc.
    signs : ndarray of int8, shape (m, m, m)
        1 or -1, each for a cube of the striated field, repeated periodically.
    cubes_per_kpc : float
    striation : float
        Striated over regular field.
    """

    profile: tuple
    turbulence: np.ndarray
    unit: float
    points_per_kpc: float
    signs: np.ndarray
    cubes_per_kpc: float
    striation: float


@contextmanager
def asking(check_cancelled):
    """Let the filling of a box, which takes seconds, ask again and again whether it is still wanted: ``check_cancelled`` may raise."""
    token = _ask.set(check_cancelled)
    try:
        yield
    finally:
        _ask.reset(token)


def draw(part, regular, seed, realisation):
    """Draw a realisation of the random field of a model.

    Parameters
    ----------
    part : RandomPart
    regular : FieldModel
        Regular field that it goes with.
    seed : int
        All realisations are drawn from it.
    realisation : int

    Returns
    -------
    Draw
    """
    turbulence, unit = turbulent_box(seed, realisation, part.inner_scale, part.outer_scale)
    signs = random_stream(seed, "striated field", realisation).integers(0, 2, (CUBES,) * 3, dtype=np.int8)
    return Draw(
        part.profile(regular), turbulence, unit, 1 / SPACING, 2 * signs - 1, 1 / CUBE_SIZE, math.sqrt(part.striation)
    )


@lru_cache(maxsize=1)  # 134 MB: one at a time
def turbulent_box(seed, realisation, inner_scale, outer_scale):
    """Turbulence of unit rms in whole numbers of a unit, shape (n, n, n, 4), and the unit; see :class:`Draw`."""
    field = kolmogorov_box(random_stream(seed, "turbulent field", realisation), POINTS, SPACING, inner_scale, outer_scale)
    unit = float(max(field.max(), -field.min())) / np.iinfo(np.int16).max
    box, ask = np.zeros((*field.shape[:3], 4), dtype=np.int16), _ask.get()
    for plane, values in zip(box, field, strict=True):
        ask()
        plane[..., :3] = np.rint(values / unit)
    box.flags.writeable = False
    return box, unit


def kolmogorov_box(rng, n, spacing, inner_scale, outer_scale, index=KOLMOGOROV):
    """Draw a periodic, divergence-free Gaussian field with a power-law spectrum.

    White noise is filtered in Fourier space and its part along the wave vector is left out.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
        Points in each direction.
    spacing : float
        Between points, kpc.
    inner_scale, outer_scale : float
        Shortest and longest wavelength, kpc; at least two points to a wavelength, and none longer than the box.
    index : float
        Energy per interval of wave number falls as ``k**-index``.

    Returns
    -------
    ndarray of float32, shape (n, n, n, 3)
        Zero mean, unit rms of the three components together.

    Raises
    ------
    InputError
        If the box cannot hold these wavelengths.
    """
    shortest, longest = 2 * spacing, n * spacing
    if not shortest * (1 - SLACK) <= inner_scale < outer_scale <= longest * (1 + SLACK):
        raise InputError(
            f"expected an inner scale of at least {shortest:g} kpc below an outer scale of at most {longest:g} kpc, "
            f"received {inner_scale:g} and {outer_scale:g}"
        )
    ask = _ask.get()
    frequency = [np.fft.fftfreq(n).astype(np.float32)] * 2 + [np.fft.rfftfreq(n).astype(np.float32)]
    k = [f.reshape([-1 if axis == i else 1 for i in range(3)]) for axis, f in enumerate(frequency)]
    k2 = k[0] ** 2 + k[1] ** 2 + k[2] ** 2
    amplitude = _amplitude(k2, k, spacing, inner_scale, outer_scale, index)
    modes = []
    for _component in range(3):
        ask()
        noise = rng.standard_normal((n, n, n), dtype=np.float32)
        ask()
        noise = fft.rfftn(noise, workers=-1)
        noise *= amplitude
        modes.append(noise)
    ask()
    k2[0, 0, 0] = 1
    along = sum(k[axis] * modes[axis] for axis in range(3)) / k2
    field = np.empty((n, n, n, 3), dtype=np.float32)
    for axis in range(3):
        ask()
        modes[axis] -= k[axis] * along
        field[..., axis] = fft.irfftn(modes[axis], s=(n, n, n), workers=-1)
        modes[axis] = None
    ask()
    field /= math.sqrt(3 * np.mean(np.square(field, dtype=np.float32), dtype=float))
    return field


def _amplitude(k2, k, spacing, inner_scale, outer_scale, index):
    """Filter of the modes; those at the Nyquist frequency have no definite direction and are left out."""
    inside = (k2 >= (spacing / outer_scale) ** 2) & (k2 <= (spacing / inner_scale) ** 2)
    for component in k:
        inside &= np.abs(component) < 0.5
    return np.where(inside, np.where(inside, k2, 1) ** np.float32(-(index + 2) / 4), 0).astype(np.float32)


def coherence_length(inner_scale, outer_scale, index=KOLMOGOROV):
    """Coherence length of turbulence, in the unit of its scales (Harari, Mollerach, Roulet & Sanchez, JHEP 03 (2002) 045).

    It is the integral of the correlation <B(0) B(x)> along a line, in both directions, over the mean of B squared.
    """
    ratio = inner_scale / outer_scale
    return outer_scale / 2 * (index - 1) / index * (1 - ratio**index) / (1 - ratio ** (index - 1))


def turbulent_deflection(rigidity, path, strength, length):
    r"""Root mean square deflection by many small random ones, degrees: :math:`K B \sqrt{L L_c / 2} / R`.

    The variance is the integral of the correlation of the field across the path, which for an isotropic field without
    divergence is half of that of the whole field (Harari et al., JHEP 03 (2002) 045). Holds for deflections well below
    a radian over a path of many coherence lengths.

    Parameters
    ----------
    rigidity : array_like
        EV
    path : array_like
        Length of the path L, kpc.
    strength : array_like
        Rms of the field B, all three components together, microgauss.
    length : array_like
        Its coherence length L_c, kpc.
    """
    return np.degrees(GYRATION * strength / rigidity * np.sqrt(np.multiply(path, length) / 2))
