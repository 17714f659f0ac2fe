"""How the sky is laid on a picture, seen from inside: longitude grows to the left. No Qt here.

A picture spans u from -1 (left) to 1 and v from -1 (bottom) to 1. With longitude l from -180 to 180 degrees and latitude b
about the middle of the picture:

    Mollweide   u = -(l / 180) cos t,  v = sin t,  2 t + sin 2t = pi sin b      (all of the sky, areas as they are)
    globe       u = -cos b sin l,      v = sin b                                 (orthographic: the half that faces us)
    zoom        u = -tan l / tan(w / 2),  v = 2 tan b / cos l / tan(w / 2)       (gnomonic: w degrees across, great circles straight)

(Snyder, USGS Professional Paper 1395, 1987, eqs. 31-1 to 31-4, 20-3, 20-4, 22-4, 22-5.) The way back, needed for every
point of a picture, is in closed form.
"""

import functools
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...core.sky import frame_rotation, lonlat, pixel_vectors, unit_vectors, vector_pixels

NEWTON_STEPS = 12
PARALLELS = tuple(range(-60, 61, 30))
KINDS = ("mollweide", "globe", "zoom")
MIDDLE = {"galactic": 0.0, "equatorial": 180.0, "supergalactic": 0.0}  # longitude in the middle of a map of the whole sky
NARROWEST, WIDEST = 2.0, 120.0  # degrees across a zoom
STEPS = (30.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5)  # degrees between lines of the graticule of a zoom
POINTS = 181  # of a line of the graticule


@dataclass(frozen=True)
class Projection:
    """One way to lay the sky on a picture.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    frame : str
        Key of :data:`~zevatron.core.sky.FRAMES`: its north is up, its coordinates make the graticule.
    centre : tuple of float
        Galactic longitude and latitude in degrees in the middle of a globe or zoom.
    width : float
        Degrees across a zoom.
    """

    kind: str = "mollweide"
    frame: str = "galactic"
    centre: tuple = (0.0, 0.0)
    width: float = 40.0

    @property
    def aspect(self):
        """Width of a picture over its height."""
        return 1.0 if self.kind == "globe" else 2.0

    @property
    def is_round(self):
        """Whether the picture is an ellipse, and otherwise a rectangle."""
        return self.kind != "zoom"

    @property
    def can_turn(self):
        """Whether another centre gives another picture."""
        return self.kind != "mollweide"

    @cached_property
    def frame_centre(self):
        """Longitude and latitude of the middle in the frame, degrees."""
        if self.kind == "mollweide":
            return MIDDLE[self.frame], 0.0
        return tuple(map(float, lonlat(frame_rotation(self.frame) @ unit_vectors(*self.centre))))

    @cached_property
    def rotation(self):
        """Rotation from Galactic vectors to those of the picture, shape (3, 3): +x to its middle, +y left, +z up."""
        lon, lat = np.radians(self.frame_centre)
        about = np.array([[np.cos(lon), np.sin(lon), 0], [-np.sin(lon), np.cos(lon), 0], [0, 0, 1]])
        tilt = np.array([[np.cos(lat), 0, np.sin(lat)], [0, 1, 0], [-np.sin(lat), 0, np.cos(lat)]])
        return tilt @ about @ frame_rotation(self.frame)

    @property
    def _scale(self):
        return np.tan(np.radians(self.width) / 2)

    def project(self, vectors):
        """Lay Galactic unit vectors, shape (..., 3), on the picture.

        Returns
        -------
        u, v : ndarray, shape (...,)
            nan on the far side of a globe or zoom; beyond 1 outside a zoom.
        """
        x, y, z = np.moveaxis(np.asarray(vectors) @ self.rotation.T, -1, 0)
        if self.kind == "mollweide":
            angle = _auxiliary_angle(np.pi * z)
            return -np.arctan2(y, x) / np.pi * np.cos(angle), np.sin(angle)
        if self.kind == "globe":
            return np.where(x >= -1e-9, -y, np.nan), np.where(x >= -1e-9, z, np.nan)
        near = np.where(x > 0.02, x, np.nan)
        return -y / near / self._scale, 2 * z / near / self._scale

    def place(self, vectors):
        """Lay vectors on the picture as :meth:`project` does; nan for all that is not seen."""
        u, v = self.project(vectors)
        seen = (np.abs(u) <= 1) & (np.abs(v) <= 1)
        return np.where(seen, u, np.nan), np.where(seen, v, np.nan)

    def unproject(self, u, v):
        """Turn points of the picture, shape (...,), into Galactic unit vectors, shape (..., 3); nan off the sky."""
        u, v = np.broadcast_arrays(np.asarray(u, float), np.asarray(v, float))
        off = u * u + v * v > 1 + 1e-12 if self.is_round else np.maximum(np.abs(u), np.abs(v)) > 1
        return np.where(off[..., None], np.nan, self._vectors(u, v))

    def _vectors(self, u, v):
        """Galactic vectors of points; those off the sky repeat its edge."""
        if self.kind == "mollweide":
            angle = np.arcsin(np.clip(v, -1, 1))
            sine = (2 * angle + np.sin(2 * angle)) / np.pi
            longitude = -np.pi * np.clip(u / np.maximum(np.cos(angle), 1e-9), -1 + 1e-9, 1 - 1e-9)
            cosine = np.sqrt(np.maximum(1 - sine**2, 0))
            own = cosine * np.cos(longitude), cosine * np.sin(longitude), np.broadcast_to(sine, np.shape(longitude))
        elif self.kind == "globe":
            radius = np.maximum(np.hypot(u, v), 1.0)
            y, z = -u / radius, v / radius
            own = np.sqrt(np.maximum(1 - y**2 - z**2, 0)), y, z
        else:
            y, z = -u * self._scale, v * self._scale / 2
            x = 1 / np.sqrt(1 + y**2 + z**2)
            own = x, x * y, x * z
        return turned_vectors(np.stack(np.broadcast_arrays(*own), axis=-1), self.rotation)

    def lookup_table(self, nside, width, height):
        """HEALPix pixel behind each point of a picture.

        Points off the sky repeat its edge, so that a smooth outline can be laid over the picture.

        Parameters
        ----------
        nside : int
        width, height : int
            Size of the picture, device pixels.

        Returns
        -------
        ndarray of int32, shape (height, width)
            NESTED pixels, row 0 on top.
        """
        u = -1.0 + 2.0 * (np.arange(width) + 0.5) / width
        v = 1.0 - 2.0 * (np.arange(height) + 0.5) / height
        return vector_pixels(nside, self._vectors(u[None, :], v[:, None])).astype(np.int32)

    def pixel_at(self, nside, u, v):
        """NESTED pixel at one point of the picture, or None off the sky."""
        vector = self.unproject(u, v)
        return None if np.isnan(vector).any() else int(vector_pixels(nside, vector))

    def turned(self, du, dv):
        """Return the projection after the sky was dragged by a part of the picture, so that it follows the mouse."""
        reach = 1.0 if self.kind == "globe" else self._scale
        up = np.arctan(dv * reach / self.aspect)
        lon, lat = self.frame_centre
        across = np.arctan(du * reach / max(np.cos(np.radians(lat)), 0.2))
        return self.facing(lon + np.degrees(across), float(np.clip(lat - np.degrees(up), -90, 90)))

    def facing(self, lon, lat):
        """Return the projection with another middle, given in degrees of its own frame."""
        glon, glat = lonlat(unit_vectors(lon, lat) @ frame_rotation(self.frame))
        return replace(self, centre=(float(glon), float(glat)))

    def zoomed(self, factor):
        """Return a zoom so many times as wide."""
        return replace(self, width=float(np.clip(self.width * factor, NARROWEST, WIDEST)))

    @property
    def step(self):
        """Degrees between two parallels of the graticule."""
        if self.kind != "zoom":
            return 30.0
        return next((step for step in STEPS if self.width / step >= 3.5), STEPS[-1])

    def _frame_line(self, lon, lat):
        return self.project(unit_vectors(lon, lat) @ frame_rotation(self.frame))

    def graticule(self):
        """Meridians and parallels of the frame as one line with gaps: u and v of shape (n,), nan between its parts."""
        step = self.step
        lon, lat = self.frame_centre
        if self.kind == "zoom":
            half = 0.75 * self.width
            parallels = np.arange(np.ceil(max(lat - half, -89) / step), np.floor(min(lat + half, 89) / step) + 1) * step
            reach = min(half / max(np.cos(np.radians(min(abs(lat) + half, 89.5))), 0.01), 180.0)
            apart = meridian_step(step, lat)
            meridians = np.arange(np.ceil((lon - reach) / apart), np.floor((lon + reach) / apart) + 1) * apart
            along = np.linspace(max(lat - half, -90), min(lat + half, 90), POINTS)
        else:
            parallels, meridians, reach = np.array(PARALLELS, float), np.arange(0.0, 360.0, 60.0), 180.0 - 1e-7
            if self.kind == "mollweide":
                meridians = meridians[np.abs((meridians - lon) % 360 - 180) > 1]  # that one is the limb
            along = np.linspace(-90, 90, POINTS // 3)
        across = lon + np.linspace(-reach, reach, POINTS)
        lines = [self._frame_line(np.full_like(along, meridian), along) for meridian in meridians]
        lines += [self._frame_line(across, np.full_like(across, parallel)) for parallel in parallels]
        return joined(lines)

    def great_circle(self, pole):
        """The great circle about a Galactic unit vector as a line with gaps, see :meth:`graticule`."""
        first = np.cross(pole, (0.0, 0.0, 1.0) if abs(pole[2]) < 0.9 else (1.0, 0.0, 0.0))
        first /= np.linalg.norm(first)
        phase = np.linspace(0, 2 * np.pi, 4 * POINTS)[:, None]
        return self.line(np.cos(phase) * first + np.sin(phase) * np.cross(pole, first))

    def line(self, vectors):
        """Galactic vectors, shape (n, 3), as a line that is broken where it leaves the picture."""
        u, v = self.project(vectors)
        jump = np.abs(np.diff(u, prepend=u[0])) > (0.5 if self.kind == "mollweide" else 10.0)
        return joined([(np.insert(u, np.flatnonzero(jump), np.nan), np.insert(v, np.flatnonzero(jump), np.nan))])

    def labels(self):
        """Where the lines of the graticule are named.

        Returns
        -------
        list of (degrees, is_parallel, u, v)
            Meridians as 0 to 360.
        """
        lon = self.frame_centre[0]
        if self.kind == "zoom":
            return self._edge_labels()
        found = []
        edge = lon if self.kind == "globe" else lon + 179.999999
        for parallel in PARALLELS:
            found.append((parallel, True, *map(float, self._frame_line(edge, parallel))))
        for meridian in np.arange(0.0, 360.0, 60.0):
            away = abs((meridian - lon + 180) % 360 - 180)
            if away < (75 if self.kind == "globe" else 179):
                found.append((meridian, False, *map(float, self._frame_line(meridian, 0.0))))
        if self.kind == "globe":
            found = [label for label in found if np.hypot(label[2], label[3]) < 0.93 and not (label[1] and label[0] == 0)]
        return found

    def _edge_labels(self):
        """Names of the lines that cross the left and the lower edge of a zoom."""
        along = np.linspace(-0.97, 0.97, 400)
        names = []
        for is_parallel, (u, v) in ((True, (np.full_like(along, -1), along)), (False, (along, np.full_like(along, -1)))):
            lon, lat = lonlat(self._vectors(u, v) @ frame_rotation(self.frame).T)
            value = lat if is_parallel else np.unwrap(lon, period=360.0)
            step = self.step if is_parallel else meridian_step(self.step, self.frame_centre[1])
            lines = np.floor(value / step)
            for at in np.flatnonzero(np.diff(lines)):
                number = step * max(lines[at], lines[at + 1])
                share = (number - value[at]) / (value[at + 1] - value[at])
                place = (float(axis[at] + share * (axis[at + 1] - axis[at])) for axis in (u, v))
                names.append((number if is_parallel else number % 360, is_parallel, *place))
        return names


def turned_vectors(vectors, rotation):
    """Turn vectors, shape (..., 3): ``vectors @ rotation``, as one product of matrices, and none where nothing turns."""
    if np.array_equal(rotation, np.eye(3)):
        return vectors
    return (vectors.reshape(-1, 3) @ rotation).reshape(vectors.shape)


def meridian_step(step, latitude):
    """Degrees between meridians that lie about as far apart as parallels in ``step`` degrees at a latitude."""
    wanted = step / max(np.cos(np.radians(latitude)), 0.05)
    return float(min((s for s in (*STEPS, 60.0, 90.0) if s >= 0.75 * wanted), default=90.0))


def joined(lines):
    """Join lines of u and v to one, with nan between them."""
    gap = np.array([np.nan])
    u, v = (np.concatenate([part for line in lines for part in (line[axis], gap)] or [gap]) for axis in (0, 1))
    return u, v


def _auxiliary_angle(target):
    """Solve ``2 t + sin 2t = target`` by Newton's method from the cube-root law that holds near the poles."""
    target = np.clip(target, -np.pi, np.pi)
    # near a pole t = pi/2 - d with 4 d^3 / 3 = pi - target
    angle = np.sign(target) * (np.pi / 2 - np.cbrt(0.75 * (np.pi - np.abs(target))))
    for _ in range(NEWTON_STEPS):
        slope = 2 + 2 * np.cos(2 * angle)
        step = np.divide(2 * angle + np.sin(2 * angle) - target, slope, out=np.zeros_like(angle), where=slope > 1e-12)
        angle = np.clip(angle - step, -np.pi / 2, np.pi / 2)
    return angle


@functools.lru_cache(16)
def graticule_labels(projection):
    """Return :meth:`Projection.labels`, kept while the projection is in use."""
    return tuple(projection.labels())


def pixel_centre(nside, ipix):
    """Galactic longitude and latitude in degrees of the centre of a NESTED pixel."""
    glon, glat = lonlat(pixel_vectors(nside, ipix))
    return float(glon), float(glat)


WHOLE_SKY = Projection()
