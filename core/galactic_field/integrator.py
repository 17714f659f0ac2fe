"""The compiled track of one particle: an embedded Runge-Kutta pair of order 5(4) with adaptive step.

With the path length s, position x and unit direction n obey dx/ds = n and dn/ds = k n x B(x), where k is the charge
sign times ``GYRATION`` / R. Pair: Dormand & Prince, J. Comput. Appl. Math. 6 (1980) 19; the last stage of a step is
the first of the next. Step control: Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, Sect. II.4.
"""

import math

import numpy as np

from .compiled import compile_loop, field_in, jit, piece_at

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

SMALLEST_STEP = 1e-8  # kpc: accepted whatever the error, where a field jumps within a piece
FIRST_STEP = 0.05  # kpc
BORDER_ACCURACY = 1e-6  # kpc: how far beyond the border of a piece a step may end
LOOK_STEP = 0.3  # kpc: a piece that is entered and left within less than this can be overlooked
BEYOND = -1  # label of everything outside the sphere at which tracks end
LENGTH_SCALE = 1.0  # kpc: an error of position by this much counts like one of a radian

@jit
def _set_bend(constants, piece, curvature, x, n, bend):
    """Fill ``bend`` with dn/ds at position ``x`` and direction ``n``."""
    bx, by, bz = field_in(constants, piece, x[0], x[1], x[2])
    bend[0] = curvature * (n[1] * bz - n[2] * by)
    bend[1] = curvature * (n[2] * bx - n[0] * bz)
    bend[2] = curvature * (n[0] * by - n[1] * bx)


@jit
def _try_step(constants, piece, curvature, x, n, bend, step):
    """Fill rows 1 to 6 of ``x``, ``n``, ``bend`` (row 0: start, row 6: end of the step) and return the local error."""
    for stage in range(1, 7):
        for axis in range(3):
            moved = turned = 0.0
            for earlier in range(stage):
                moved += STAGES[stage, earlier] * n[earlier, axis]
                turned += STAGES[stage, earlier] * bend[earlier, axis]
            x[stage, axis] = x[0, axis] + step * moved
            n[stage, axis] = n[0, axis] + step * turned
        _set_bend(constants, piece, curvature, x[stage], n[stage], bend[stage])
    total = 0.0
    for axis in range(3):
        moved = turned = 0.0
        for stage in range(7):
            moved += ERROR[stage] * n[stage, axis]
            turned += ERROR[stage] * bend[stage, axis]
        total += turned * turned + (moved / LENGTH_SCALE) ** 2
    return step * math.sqrt(total)


@jit
def _accept(x, n, bend):
    """Make the end of the step the start of the next one, with the direction of unit length again."""
    norm = math.sqrt(n[6, 0] ** 2 + n[6, 1] ** 2 + n[6, 2] ** 2)
    for axis in range(3):
        x[0, axis] = x[6, axis]
        n[0, axis] = n[6, axis] / norm
        bend[0, axis] = bend[6, axis] / norm


@jit
def _label(constants, radius, x, y, z):
    """Label of the piece of the field at a point, ``BEYOND`` outside the sphere."""
    return BEYOND if x * x + y * y + z * z > radius * radius else piece_at(constants, x, y, z)


@jit
def _label_along(constants, radius, x, n, step, share):
    """Label at a share of the tried step, on the cubic through both its ends with their directions (Hermite)."""
    rest = 1.0 - share
    start, end = rest * rest * (1.0 + 2.0 * share), share * share * (1.0 + 2.0 * rest)
    leave, arrive = step * share * rest * rest, -step * share * share * rest
    return _label(
        constants,
        radius,
        start * x[0, 0] + end * x[6, 0] + leave * n[0, 0] + arrive * n[6, 0],
        start * x[0, 1] + end * x[6, 1] + leave * n[0, 1] + arrive * n[6, 1],
        start * x[0, 2] + end * x[6, 2] + leave * n[0, 2] + arrive * n[6, 2],
    )


@jit
def _path_to_border(constants, radius, piece, x, n, step):
    """Path after which the tried step has just left ``piece``; ``step`` itself if its middle and end are inside."""
    parts = 2 + int(step / LOOK_STEP)
    low, high = 0.0, 0.0
    for part in range(1, parts + 1):
        low, high = high, part / parts
        if _label_along(constants, radius, x, n, step, high) != piece:
            break
    else:
        return step
    while (high - low) * step > BORDER_ACCURACY:
        middle = 0.5 * (low + high)
        if _label_along(constants, radius, x, n, step, middle) == piece:
            low = middle
        else:
            high = middle
    return high * step


@jit
def _cross_piece(constants, curvature, x, n, bend, radius, longest, tolerance, largest_step, proposed):
    """Follow one particle through the piece it is in to just across the border, or for ``longest``.

    The step adapts to the error as if the piece had no end; a step that ends in another piece, or outside the sphere,
    is repeated up to the border.

    Returns
    -------
    moved, proposed : float
        Path run and the next step to try, kpc.
    """
    piece = piece_at(constants, x[0, 0], x[0, 1], x[0, 2])
    _set_bend(constants, piece, curvature, x[0], n[0], bend[0])
    moved, ends_here = 0.0, False
    step = min(proposed, largest_step, longest)
    while True:
        error = _try_step(constants, piece, curvature, x, n, bend, step)
        growth = max(0.9 * (tolerance / max(error, 1e-6 * tolerance)) ** 0.2, 0.1)
        if error > tolerance and step > SMALLEST_STEP:
            step, ends_here = max(step * growth, SMALLEST_STEP), False
            continue
        proposed = max(proposed, step * growth) if ends_here else step * min(growth, 5.0)
        if not ends_here:
            border = _path_to_border(constants, radius, piece, x, n, step)
            if border < step:
                step, ends_here = max(border, SMALLEST_STEP), True
                continue
        moved += step
        _accept(x, n, bend)
        if ends_here or moved >= longest:
            return moved, proposed
        step = min(proposed, largest_step, longest - moved)


@jit
def trace(constants, curvature, x, n, bend, radius, max_path, tolerance, largest_step):
    """Follow one particle from row 0 of ``x`` and ``n`` until it leaves the sphere or has run ``max_path``.

    Parameters
    ----------
    x, n, bend : ndarray, shape (7, 3)
        Work space; row 0 of ``x`` (kpc) and ``n`` holds the start, inside the sphere, and receives the end.
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
        Whether it ended by leaving the sphere.
    """
    path, proposed = 0.0, FIRST_STEP
    while path < max_path:
        moved, proposed = _cross_piece(
            constants, curvature, x, n, bend, radius, max_path - path, tolerance, largest_step, proposed
        )
        path += moved
        if _label(constants, radius, x[0, 0], x[0, 1], x[0, 2]) == BEYOND:
            return path, True
    return path, False


@compile_loop
def trace_rays(constants, curvature, positions, directions, radius, max_path, tolerance, largest_step, path, left):
    """Follow many particles.

    Parameters
    ----------
    constants : named tuple
        Of the field model.
    curvature, max_path : ndarray, shape (n,)
        See :func:`trace`.
    positions, directions : ndarray, shape (n, 3)
        Starts, replaced by the ends.
    radius, tolerance, largest_step : float
        See :func:`trace`.
    path, left : ndarray, shape (n,)
        Receive what :func:`trace` returns.
    """
    x, n, bend = np.empty((7, 3)), np.empty((7, 3)), np.empty((7, 3))
    for ray in range(len(curvature)):
        for axis in range(3):  # element by element: assigning rows takes numba seconds to compile
            x[0, axis], n[0, axis] = positions[ray, axis], directions[ray, axis]
        path[ray], left[ray] = trace(
            constants, curvature[ray], x, n, bend, radius, max_path[ray], tolerance, largest_step
        )
        for axis in range(3):
            positions[ray, axis], directions[ray, axis] = x[0, axis], n[0, axis]
