"""Strength and direction of the field in a plane through the Galactic centre."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError, UnknownNameError
from ..units import GALAXY_RADIUS

PLANES = {"xy": (0, 1, 2), "xz": (0, 2, 1)}  # axis to the right, axis upwards, axis out of the plane


@dataclass(frozen=True)
class FieldPlane:
    """Field on a grid of points in a plane.

    Attributes
    ----------
    plane : str
        Key of :data:`PLANES`.
    axis : ndarray, shape (n,)
        Coordinates of the points along either axis, the centres of ``n`` equal cells, kpc.
    offset : float
        Third coordinate of all points, kpc.
    field : ndarray, shape (n, n, 3)
        Bx, By, Bz in microgauss; the first index counts upwards, the second to the right; nan outside the sphere at which
        tracks end, where no field acts.
    """

    plane: str
    axis: np.ndarray
    offset: float
    field: np.ndarray

    @property
    def half_width(self):
        """Distance from the middle to the outer edges of the cells, kpc."""
        return float(self.axis[-1] + (self.axis[1] - self.axis[0]) / 2)

    @property
    def strength(self):
        """Strength of the field in microgauss, shape (n, n)."""
        return np.linalg.norm(self.field, axis=-1)

    @property
    def right(self):
        """Component along the axis that points to the right, microgauss, shape (n, n)."""
        return self.field[..., PLANES[self.plane][0]]

    @property
    def up(self):
        """Component along the axis that points upwards, microgauss, shape (n, n)."""
        return self.field[..., PLANES[self.plane][1]]

    @property
    def out(self):
        """Component along the third axis (z of the x-y plane, y of the x-z plane), microgauss, shape (n, n)."""
        return self.field[..., PLANES[self.plane][2]]

    @property
    def positions(self):
        """Points in kpc, shape (n, n, 3)."""
        return plane_positions(self.plane, self.axis, self.offset)

    def position(self, up, right):
        """Return one point in kpc, shape (3,), by its indices."""
        point = np.full(3, self.offset)
        point[[*PLANES[self.plane][:2]]] = self.axis[right], self.axis[up]
        return point


def plane_positions(plane, axis, offset):
    """Return the points of a plane in kpc, shape (n, n, 3), from the coordinates along its axes, shape (n,)."""
    right, up, out = PLANES[plane]
    positions = np.empty((len(axis), len(axis), 3))
    positions[..., right], positions[..., up], positions[..., out] = axis[np.newaxis, :], axis[:, np.newaxis], offset
    return positions


def field_plane(galaxy, plane, half_width=GALAXY_RADIUS, n=240, *, offset=0.0):
    """Evaluate the field in a plane.

    Parameters
    ----------
    galaxy : GalacticField
    plane : str
        ``"xy"`` or ``"xz"``.
    half_width : float
        The plane reaches so far to every side of the Galactic centre, kpc.
    n : int
        Points along each axis, at least 2.
    offset : float
        Third coordinate, kpc.

    Returns
    -------
    FieldPlane

    Raises
    ------
    UnknownNameError, InputError
        If there is no such plane, or a number is out of range.
    """
    if plane not in PLANES:
        raise UnknownNameError("plane", plane, PLANES)
    if not (np.isfinite(half_width) and half_width > 0 and np.isfinite(offset)):
        raise InputError(f"expected a half width in kpc above zero and a finite offset, received {half_width} and {offset}")
    if not isinstance(n, int | np.integer) or n < 2:
        raise InputError(f"expected at least 2 points along an axis, received {n!r}")
    axis = half_width * ((2 * np.arange(n) + 1) / n - 1)
    positions = plane_positions(plane, axis, float(offset))
    field = np.full(positions.shape, np.nan)
    inside = np.linalg.norm(positions, axis=-1) <= GALAXY_RADIUS
    field[inside] = galaxy.values(positions[inside])
    return FieldPlane(plane, axis, float(offset), field)
