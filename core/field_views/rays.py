"""One ray through the Galaxy, for drawing and for saying what became of it."""

from dataclasses import dataclass

import numpy as np

from ..galactic_field import backtrack, trace_paths
from ..progress import SILENT
from ..sky import angular_distance

DRAWN_PATH = 200.0  # kpc of a trapped ray that are drawn


@dataclass(frozen=True)
class Ray:
    """The way on which a nucleus reached the Earth, followed backwards.

    Attributes
    ----------
    rigidity : float
        EV.
    arrival : ndarray, shape (3,)
        Unit vector to where it is seen.
    exit : ndarray, shape (3,)
        Unit vector to where it came from outside the Galaxy; nan if the ray is trapped.
    path : float
        Length inside the Galaxy, kpc; nan if trapped.
    points : ndarray, shape (n, 3)
        Places along the track at equal lengths, the Sun first, kpc; of a trapped ray its first :data:`DRAWN_PATH`.
    """

    rigidity: float
    arrival: np.ndarray
    exit: np.ndarray
    path: float
    points: np.ndarray

    @property
    def is_trapped(self):
        """Whether it does not lead out of the Galaxy."""
        return bool(np.isnan(self.path))

    @property
    def deflection(self):
        """Angle between arrival and exit direction, degrees."""
        return float(angular_distance(self.arrival, self.exit))


def trace_ray(galaxy, rigidity, arrival, *, n_points=200, progress=SILENT):
    """Follow one ray out of the Galaxy.

    Parameters
    ----------
    galaxy : GalacticField
    rigidity : float
        EV.
    arrival : array_like, shape (3,)
        Unit vector to where the nucleus is seen at Earth.
    n_points : int
        Places along the track.
    progress : Progress

    Returns
    -------
    Ray
    """
    directions = np.asarray(arrival, dtype=float)[np.newaxis]
    end = backtrack(galaxy, rigidity, directions, progress=progress)
    longest = {"max_path": DRAWN_PATH} if np.isnan(end.path[0]) else {}
    points = trace_paths(galaxy, rigidity, directions, n_points, progress=progress, **longest)[0]
    return Ray(float(rigidity), directions[0], end.exit_direction[0], float(end.path[0]), points)
