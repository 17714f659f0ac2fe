"""Particles and antiparticles followed through the Galaxy, many at a time.

A nucleus seen from direction n went the same way as an antiparticle of its rigidity that starts at the Sun towards n.
Where that one leaves the Galaxy, its direction is the one from which the nucleus came: so one track per pixel of the
sky answers what otherwise takes millions of nuclei sent in from outside.
"""

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numba
import numpy as np

from ..errors import InputError
from ..progress import SILENT
from ..units import GALAXY_RADIUS, GYRATION, SUN_DISTANCE
from .field import checked_vectors
from .integrator import trace_rays
from .random_field import asking
from .random_tracks import trace_random_rays

SUN = (-SUN_DISTANCE, 0.0, 0.0)  # kpc
MAX_PATH = 500.0  # kpc: a particle still inside after this counts as trapped
TOLERANCE = 1e-6  # radians per step
LOWEST_RIGIDITY = 1e-3  # EV: gyroradii of a parsec; below, a track of the longest path would take minutes
SLACK = 1e-6  # relative: how exactly a direction must have unit length and a start lie on the sphere
EDGE = 1e-9  # relative: starts on the sphere are moved inside by this much
LARGEST_CHUNK = 256  # rays that one thread follows between two looks whether anyone still wants them


@dataclass(frozen=True)
class Tracked:
    """Ends of tracks.

    Attributes
    ----------
    position : ndarray, shape (n, 3)
        Where each track ends, kpc.
    direction : ndarray, shape (n, 3)
        Unit vector of motion there.
    path : ndarray, shape (n,)
        Length, kpc.
    left : ndarray of bool, shape (n,)
        Whether it ended because the particle left the sphere.
    """

    position: np.ndarray
    direction: np.ndarray
    path: np.ndarray
    left: np.ndarray


@dataclass(frozen=True)
class Backtracked:
    """Where antiparticles from the Sun leave the Galaxy; nan for those that did not within the longest path.

    Attributes
    ----------
    exit_direction : ndarray, shape (n, 3)
        Unit vector of motion on leaving: where in the sky outside the Galaxy the nucleus came from.
    path : ndarray, shape (n,)
        Length of the track, kpc.
    exit_position : ndarray, shape (n, 3)
        Where it left, kpc.
    """

    exit_direction: np.ndarray
    path: np.ndarray
    exit_position: np.ndarray


def backtrack(
    field, rigidity, directions, *, charge_sign=-1, radius=GALAXY_RADIUS, max_path=MAX_PATH, tolerance=None, progress=SILENT
):
    """Follow antiparticles from the Sun out of the Galaxy.

    Parameters
    ----------
    field : GalacticField
        What bends them.
    rigidity : float or array_like, shape (n,)
        R = E / Z in EV; nothing else of the nucleus matters.
    directions : array_like, shape (n, 3)
        Arrival directions at the Sun: unit vectors to where in the sky a nucleus is seen.
    charge_sign : {-1, 1}
        -1 for antiparticles.
    radius : float
        Where the Galaxy ends, kpc from its centre.
    max_path : float
        Longest track, kpc.
    tolerance : float, optional
        Error allowed in one step, radians; :data:`TOLERANCE` by default.
    progress : Progress
        Told how many rays are done.

    Returns
    -------
    Backtracked

    Raises
    ------
    InputError
        If shapes do not fit, a direction is no unit vector, or a number is out of range.
    CancelledError
        If ``progress`` was cancelled.
    """
    directions = checked_directions(directions)
    positions = np.tile(SUN, (len(directions), 1))
    tracked = track(
        field, rigidity, positions, directions, charge_sign=charge_sign, radius=radius, max_path=max_path,
        tolerance=tolerance, progress=progress,
    )
    for values in (tracked.direction, tracked.path, tracked.position):
        values[~tracked.left] = np.nan
    return Backtracked(tracked.direction, tracked.path, tracked.position)


def track(
    field, rigidity, positions, directions, *, charge_sign=1, radius=GALAXY_RADIUS, max_path=MAX_PATH, tolerance=None,
    progress=SILENT,
):
    """Follow particles from anywhere until they leave the sphere or have run their longest path.

    Parameters are those of :func:`backtrack`, but ``positions`` in kpc, shape (n, 3), are the starts, ``directions``
    are those of motion, and ``max_path`` may be an array, shape (n,). A particle may start on the sphere.

    Returns
    -------
    Tracked
    """
    directions = checked_directions(directions)
    positions = checked_vectors(positions, "positions")
    if positions.shape != directions.shape:
        raise InputError(f"expected as many positions as directions, received {len(positions)} and {len(directions)}")
    if charge_sign not in (-1, 1):
        raise InputError(f"expected a charge sign of -1 or 1, received {charge_sign!r}")
    n = len(directions)
    rigidity = checked_positive(rigidity, "rigidity in EV", n)
    if (rigidity < LOWEST_RIGIDITY).any():
        raise InputError(f"expected rigidity of at least {LOWEST_RIGIDITY:g} EV, received {rigidity.min():g}")
    max_path = checked_positive(max_path, "a longest path in kpc", n)
    radius = float(checked_positive(radius, "a radius in kpc", 1)[0])
    tolerance = TOLERANCE if tolerance is None else float(checked_positive(tolerance, "a tolerance in radians", 1)[0])
    positions = inside_sphere(positions, radius)
    path, left = np.empty(n), np.empty(n, dtype=bool)

    curvature = charge_sign * GYRATION / rigidity
    with asking(progress.check_cancelled):
        draw = field.draw

    def trace_chunk(chunk):
        rays = curvature[chunk], positions[chunk], directions[chunk], radius, max_path[chunk]
        if draw is None:
            trace_rays(field.constants, *rays, tolerance, field.model.largest_step, path[chunk], left[chunk])
        else:
            trace_random_rays(field.constants, draw, *rays, path[chunk], left[chunk])

    run_chunks(trace_chunk, n, progress)
    return Tracked(positions, directions, path, left)


def trace_paths(
    field, rigidity, directions, n_points, *, charge_sign=-1, radius=GALAXY_RADIUS, max_path=MAX_PATH, progress=SILENT
):
    """Points along the tracks of antiparticles from the Sun, for drawing.

    Parameters are those of :func:`backtrack`. Every point is a track of its own, so ask for tens of rays, not millions.

    Returns
    -------
    positions : ndarray, shape (n, n_points, 3)
        kpc, at equal lengths of path from the Sun to where the particle leaves, or after ``max_path`` if it does not.
    """
    if not isinstance(n_points, int | np.integer) or n_points < 2:
        raise InputError(f"expected at least 2 points on a track, received {n_points!r}")
    directions = checked_directions(directions)
    path = backtrack(
        field, rigidity, directions, charge_sign=charge_sign, radius=radius, max_path=max_path, progress=progress
    ).path
    path = np.where(np.isnan(path), max_path, path)
    lengths = np.outer(path, np.linspace(0, 1, n_points)[1:]).ravel()
    each = np.repeat(np.arange(len(path)), n_points - 1)
    tracked = track(
        field, np.broadcast_to(rigidity, path.shape)[each], np.tile(SUN, (len(each), 1)), directions[each],
        charge_sign=charge_sign, radius=radius, max_path=lengths, progress=progress,
    )
    later = tracked.position.reshape(len(path), n_points - 1, 3)
    return np.concatenate([np.broadcast_to(SUN, (len(path), 1, 3)), later], axis=1)


def run_chunks(work, n, progress):
    """Call ``work(slice)`` for all of ``n`` rays from as many threads as there are processors, the next free one first."""
    threads = numba.config.NUMBA_NUM_THREADS
    size = min(max(n // (16 * threads), 32), LARGEST_CHUNK)
    chunks = [slice(first, min(first + size, n)) for first in range(0, n, size)]
    done = 0
    progress.report("tracing rays", done, n)
    with ThreadPoolExecutor(threads, thread_name_prefix="rays") as pool:
        futures = {pool.submit(work, chunk): chunk for chunk in chunks}
        try:
            for future in as_completed(futures):
                future.result()
                done += futures[future].stop - futures[future].start
                progress.report("tracing rays", done, n)
        finally:
            pool.shutdown(cancel_futures=True)


def checked_directions(directions):
    """Return unit vectors as a new float array, shape (n, 3), normalised to the last digit.

    Raises
    ------
    InputError
        If one is zero or differs in length from 1 by more than 1e-6.
    """
    directions = checked_vectors(directions, "directions")
    length = np.linalg.norm(directions, axis=1)
    bad = np.flatnonzero(np.abs(length - 1) > SLACK)
    if bad.size:
        raise InputError(
            f"expected directions as unit vectors, received one of length {length[bad[0]]:.6g} in row {bad[0]}; "
            "divide by the length"
        )
    return directions / length[:, np.newaxis]


def inside_sphere(positions, radius):
    """Return a copy of ``positions`` with those on the sphere, where tracks end, moved inside by a hair's breadth.

    Raises
    ------
    InputError
        If one is outside.
    """
    distance = np.linalg.norm(positions, axis=1)
    bad = np.flatnonzero(distance > radius * (1 + SLACK))
    if bad.size:
        raise InputError(f"expected positions within {radius:g} kpc, received {distance[bad[0]]:.6g} kpc in row {bad[0]}")
    largest = radius * (1 - EDGE)
    return positions * np.minimum(1.0, largest / np.maximum(distance, largest))[:, np.newaxis]


def checked_positive(values, name, n):
    """Return one or ``n`` positive finite numbers as a float array, shape (n,)."""
    try:
        values = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"expected {name} as a number, received {values!r}") from None
    if values.shape not in ((), (n,)):
        raise InputError(f"expected {name} as one number or {n}, received shape {values.shape}")
    bad = values[~(np.isfinite(values) & (values > 0))]
    if bad.size:
        raise InputError(f"expected {name} above zero, received {bad.flat[0]:g}")
    return np.broadcast_to(values, (n,)).copy()
