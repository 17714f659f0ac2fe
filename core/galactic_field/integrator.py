"""The compiled track of one particle: an embedded Runge-Kutta pair of order 5(4) with adaptive step.

With the path length s, position x and unit direction n obey dx/ds = n and dn/ds = k n x B(x), where k is the charge
sign times ``GYRATION`` / R. Pair: Dormand & Prince, J. Comput. Appl. Math. 6 (1980) 19; the last stage of a step is
the first of the next. Step control: Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, Sect. II.4.
"""

import math

import numba
import numpy as np

from .compiled import compile_loop, field_at

STAGES = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [1 / 5, 0, 0, 0, 0, 0],
        [3 / 40, 9 / 40, 0, 0, 0, 0],
        [44 / 45, -56 / 15, 32 / 9, 0, 0, 0],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0, 0],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ]
)
ERROR = np.array([71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])  # order 5 minus order 4

SMALLEST_STEP = 1e-8  # kpc: where the field jumps, steps this short are taken whatever their error
FIRST_STEP = 0.05  # kpc
LENGTH_SCALE = 1.0  # kpc: an error of position by this much counts like one of a radian

_jit = numba.njit(nogil=True, error_model="numpy")


@_jit
def _set_bend(constants, curvature, x, n, bend):
    """Fill ``bend`` with dn/ds at position ``x`` and direction ``n``."""
    bx, by, bz = field_at(constants, x[0], x[1], x[2])
    bend[0] = curvature * (n[1] * bz - n[2] * by)
    bend[1] = curvature * (n[2] * bx - n[0] * bz)
    bend[2] = curvature * (n[0] * by - n[1] * bx)


@_jit
def _try_step(constants, curvature, x, n, bend, step):
    """Fill rows 1 to 6 of ``x``, ``n``, ``bend`` (row 0: start, row 6: end of the step) and return the local error."""
    for stage in range(1, 7):
        for axis in range(3):
            moved = turned = 0.0
            for earlier in range(stage):
                moved += STAGES[stage, earlier] * n[earlier, axis]
                turned += STAGES[stage, earlier] * bend[earlier, axis]
            x[stage, axis] = x[0, axis] + step * moved
            n[stage, axis] = n[0, axis] + step * turned
        _set_bend(constants, curvature, x[stage], n[stage], bend[stage])
    total = 0.0
    for axis in range(3):
        moved = turned = 0.0
        for stage in range(7):
            moved += ERROR[stage] * n[stage, axis]
            turned += ERROR[stage] * bend[stage, axis]
        total += turned * turned + (moved / LENGTH_SCALE) ** 2
    return step * math.sqrt(total)


@_jit
def _accept(x, n, bend):
    """Make the end of the step the start of the next one, with the direction of unit length again."""
    norm = math.sqrt(n[6, 0] ** 2 + n[6, 1] ** 2 + n[6, 2] ** 2)
    for axis in range(3):
        x[0, axis] = x[6, axis]
        n[0, axis] = n[6, axis] / norm
        bend[0, axis] = bend[6, axis] / norm


@_jit
def _path_to_sphere(x, n, radius):
    """Length of the straight line from ``x`` along ``n`` to where it leaves the sphere; 0 outside and moving away."""
    along = x[0] * n[0] + x[1] * n[1] + x[2] * n[2]
    outside = x[0] * x[0] + x[1] * x[1] + x[2] * x[2] - radius * radius
    root = along * along - outside
    if root <= 0.0 or (outside >= 0.0 and along >= 0.0):
        return 0.0
    return math.sqrt(root) - along


@_jit
def trace(constants, curvature, x, n, bend, radius, max_path, tolerance, largest_step):
    """Follow one particle from row 0 of ``x`` and ``n`` until it leaves the sphere or has run ``max_path``.

    Parameters
    ----------
    x, n, bend : ndarray, shape (7, 3)
        Work space; row 0 of ``x`` (kpc) and ``n`` holds the start and receives the end.
    curvature : float
        Charge sign times ``GYRATION`` / R, per kpc and microgauss.
    radius, max_path, largest_step : float
        kpc
    tolerance : float
        Error allowed in one step, radians.

    Returns
    -------
    path : float
        Length of the track in kpc.
    left : bool
        Whether it ended on the sphere.
    """
    path, proposed = 0.0, FIRST_STEP
    _set_bend(constants, curvature, x[0], n[0], bend[0])
    while path < max_path:
        to_sphere = _path_to_sphere(x[0], n[0], radius)
        if to_sphere < SMALLEST_STEP:
            return path, True
        step = min(proposed, largest_step, to_sphere, max_path - path)
        error = _try_step(constants, curvature, x, n, bend, step)
        factor = 5.0 if error < 1e-4 * tolerance else 0.9 * (tolerance / error) ** 0.2
        if error > tolerance and step > SMALLEST_STEP:
            proposed = max(step * max(factor, 0.1), SMALLEST_STEP)
            continue
        path += step
        _accept(x, n, bend)
        if step == proposed or factor < 1.0:
            proposed = step * min(max(factor, 0.2), 5.0)
    return path, False


@compile_loop
def trace_rays(version):
    """Make the loop over the rays ``first`` to ``last`` - 1 of arrays of starts and directions, shape (n, 3)."""

    def trace_rays(constants, curvature, positions, directions, radius, max_path, tolerance, largest_step, path, left):
        _ = version
        x, n, bend = np.empty((7, 3)), np.empty((7, 3)), np.empty((7, 3))
        for ray in range(len(curvature)):
            x[0] = positions[ray]
            n[0] = directions[ray]
            path[ray], left[ray] = trace(
                constants, curvature[ray], x, n, bend, radius, max_path[ray], tolerance, largest_step
            )
            positions[ray] = x[0]
            directions[ray] = n[0]

    return trace_rays
