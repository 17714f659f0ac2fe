"""What the Field tab shows, computed in background threads, so nothing of Qt here."""

import functools
import threading
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from ...core.config import IMPORTED_FIELD, digest_of
from ...core.galactic_field.members import field_members, member_name
from ...core.progress import SILENT

PLANE_POINTS = 320
RAY_NSIDE = {"deflection": 64, "magnification": 128}  # of the sky at Earth: 49,152 and 196,608 rays
MAGNIFICATION_NSIDE = 16  # 64 rays to a pixel
IMAGE_NSIDE = 64
KEPT = 32 * 2**20  # bytes of maps kept in memory, of up to 5 MB each; rays of others lie in the cache on disk
RAYS_TO_A_PIXEL = 3  # that a click on the magnification map follows


@functools.lru_cache(64)
def _first_and_number(field):
    members = field_members(field)
    return members[0][0], len(members)


def shown_field(config):
    """Return the one ``FieldConfig`` that the tab shows: the first of those that the run averages over."""
    return _first_and_number(config.field)[0]


def which_of_several(config):
    """Return which of the averaged fields is shown, ``"first of 4 fields averaged: jf12, realisation 0"``; empty for one."""
    field, n = _first_and_number(config.field)
    return f"first of {n} fields averaged: {member_name(field)}" if n > 1 else ""


def field_key(config):
    """Name what the shown field of a run depends on."""
    return digest_of(asdict(shown_field(config)))


def setup_key(config):
    """Name what a :class:`FieldSetup` depends on."""
    return field_key(config), config.energy.rigidity_range


def is_imported(config):
    """Return whether the field of a run is a lens that has no field at points."""
    return config.field.model == IMPORTED_FIELD


def n_rays(kind):
    """Number of rays behind a map of one kind."""
    return 12 * RAY_NSIDE[kind] ** 2


@dataclass(frozen=True, eq=False)
class FieldSetup:
    """What is the same at all rigidities.

    Attributes
    ----------
    rigidity : ndarray, shape (n_R,)
        Grid of the run, EV, increasing.
    planes : dict of str to FieldPlane
        Empty for an imported lens, which has no field at points.
    top : float
        Largest strength in any of them, microgauss.
    """

    rigidity: np.ndarray
    planes: dict
    top: float


@dataclass(frozen=True, eq=False)
class SkyOfField:
    """One map of the whole sky at one rigidity.

    Attributes
    ----------
    deflection : DeflectionMap
        The rays.
    magnification : MagnificationMap, optional
        Made of them, if that is what is shown.
    """

    deflection: object
    magnification: object = None

    @property
    def kind(self):
        """``"deflection"`` by direction of arrival, or ``"magnification"`` by direction outside the Galaxy."""
        return "deflection" if self.magnification is None else "magnification"

    @cached_property
    def values(self):
        """Degrees or magnification, shape (npix,), NESTED."""
        return self.deflection.angle if self.magnification is None else self.magnification.value

    @property
    def nside(self):
        """Resolution of :attr:`values`."""
        return (self.magnification or self.deflection).nside

    def arrivals(self, ipix):
        """Return the directions of arrival, shape (n, 3), that belong to one pixel of the map."""
        from ...core.sky import pixel_vectors, vector_pixels

        if self.kind == "deflection":
            return pixel_vectors(self.nside, np.array([ipix]))
        left = ~np.isnan(self.deflection.exit_direction[:, 0])
        rays = np.flatnonzero(left)[vector_pixels(self.nside, self.deflection.exit_direction[left]) == ipix]
        chosen = rays[np.linspace(0, len(rays) - 1, min(len(rays), RAYS_TO_A_PIXEL)).astype(int)]
        return pixel_vectors(self.deflection.nside, chosen)


@dataclass(frozen=True, eq=False)
class SourceImages:
    """The images of a source at all rigidities of the run.

    Attributes
    ----------
    source : Source
    statistics : ImageStatistics
    density : csr_array, shape (n_R, npix)
        Density relative to isotropy, NESTED, of Nside :data:`IMAGE_NSIDE`.
    """

    source: object
    statistics: object
    density: object

    def row(self, index):
        """Return the map at one rigidity, shape (npix,)."""
        return self.density[[index]].toarray()[0]


class FieldWork:
    """Computes for the Field tab; keeps the last field, which may hold a random part of hundreds of MB."""

    def __init__(self):
        self._lock = threading.Lock()
        self._key = self._galaxy = None

    def _field(self, config, progress):
        from ...core.galactic_field import galactic_field

        with self._lock:
            if self._key != field_key(config):
                galaxy = galactic_field(shown_field(config))
                progress.check_cancelled()  # a random part takes seconds: what nobody wants any more is not kept
                self._galaxy, self._key = galaxy, field_key(config)
            return self._galaxy

    def forget_others(self, config):
        """Let the last field go if it is not that of the run."""
        if self._lock.acquire(blocking=False):  # else it is in use just now
            if self._key is not None and self._key != field_key(config):
                self._key = self._galaxy = None
            self._lock.release()

    def setup(self, config, progress=SILENT):
        """Return the :class:`FieldSetup` of a run."""
        from ...core.field_views import PLANES, field_plane
        from ...core.lens import rigidity_grid

        planes = {}
        for done, plane in enumerate(() if is_imported(config) else PLANES):
            progress.report("field in planes", done, len(PLANES))
            planes[plane] = field_plane(self._field(config, progress), plane, n=PLANE_POINTS)
        top = max((float(np.nanmax(plane.strength)) for plane in planes.values()), default=0.0)
        return FieldSetup(rigidity_grid(*config.energy.rigidity_range), planes, top)

    def sky(self, config, rigidity, kind, progress=SILENT):
        """Return the :class:`SkyOfField` of one rigidity in EV."""
        from ...core.field_views import deflection_map, magnification_map

        deflection = deflection_map(self._field(config, progress), rigidity, RAY_NSIDE[kind], progress=progress)
        nside = min(MAGNIFICATION_NSIDE, deflection.nside)
        sky = SkyOfField(deflection, None if kind == "deflection" else magnification_map(deflection, nside))
        sky.values.flags.writeable = False  # made here, in the job's thread, and kept
        return sky

    def rays(self, config, rigidity, arrivals, progress=SILENT):
        """Follow rays from the directions of arrival, shape (n, 3); returns a list of Ray."""
        from ...core.field_views import trace_ray

        return [trace_ray(self._field(config, progress), rigidity, arrival, progress=progress) for arrival in arrivals]

    @staticmethod
    def images(config, source, progress=SILENT):
        """Return the :class:`SourceImages` of a source through the shown field.

        Its lens is in the cache once the sky of the run is known.
        """
        from dataclasses import replace

        from ...core.field_views import image_statistics
        from ...core.lens import rigidity_grid, source_lens

        grid = rigidity_grid(*config.energy.rigidity_range)
        lens = source_lens(source, shown_field(config), config.sky, grid, progress=progress)
        progress.report(f"images of {source.name}", 0, 1)
        statistics = image_statistics(lens, source.direction)
        density = replace(lens, nside=IMAGE_NSIDE).sparse_density().tocsr() * (12.0 * IMAGE_NSIDE**2)
        return SourceImages(source, statistics, density)
