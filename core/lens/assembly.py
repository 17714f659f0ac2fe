"""The Galactic field as a lens: from which directions a source is seen at Earth, rigidity by rigidity."""

import math
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy import sparse

from ..config import IMPORTED_FIELD, digest_of
from ..galactic_field import backtrack, galactic_field
from ..progress import SILENT, Unreported
from ..resources import resource_path
from ..storage.cache import cache_path
from ..units import GYRATION
from .coarse import COARSE_ORDER, cached_exits, coarse_pass
from .image import disc_solid_angle, source_extent
from .imported import imported_images
from .redraw import SETTINGS as REDRAW_SETTINGS
from .redraw import redrawn
from .search import SETTINGS, SLOPE, TARGETS, Source, find_image, rays_aimed_at
from .store import ImageStore, read_images, rigidity_key

POINTS_PER_DECADE = 40
TOLERANCE = 1e-5  # radians per step: rays are right to about 0.01 degrees, a hundredth of the usual disc
# Up to so many EV, rigidities in the band around each of the grid and pixels of one order that are divided, chosen for the
# halves of an image to agree where most nuclei are (docs/lens.md); the second is for a random field.
BANDS = (
    ((2.1, 8, 1200), (3.1, 8, 1500), (16.0, 8, 2200), (40.0, 4, 2200), (math.inf, 2, 2200)),
    ((2.0, 4, 1500), (3.1, 6, 1500), (5.0, 40, 2000), (8.0, 20, 2000), (16.0, 8, 2200), (40.0, 4, 2200), (math.inf, 2, 2200)),
)
AGAIN = 4.0  # EV: from here on a regular field is searched once more, dividing twice as many pixels, if there are few rays
REDRAWN_MEMBERS = 64  # rigidities in a band for a run that asks for enough rays everywhere
CHAOTIC = 8.0  # EV: up to here each rigidity of a band in a random field has a coarse pass of its own
VERSION = 8
SHIPPED_ORDER = 8  # pixels of the maps that come with Zevatron: they serve maps up to Nside 256


def rigidity_grid(lowest, highest):
    """Return rigidities in EV from ``lowest`` or just below to ``highest`` or just above, in equal logarithmic steps.

    All grids are parts of one, 10^(k/40) EV for whole k, so that runs with other energies share maps.
    """
    first = math.floor(POINTS_PER_DECADE * math.log10(lowest) + 1e-9)
    last = math.ceil(POINTS_PER_DECADE * math.log10(highest) - 1e-9)
    return 10.0 ** (np.arange(first, last + 1) / POINTS_PER_DECADE)


@dataclass(frozen=True)
class SourceLens:
    """How a source is seen at Earth through the Galactic field.

    Attributes
    ----------
    name : str
        Of the source.
    radius : float
        Nuclei that enter the Galaxy within this angle of the source count as coming from it, degrees.
    nside : int
        Of the maps.
    rigidity : ndarray, shape (n_R,)
        EV, increasing; each map is the mean over the band that reaches half way to its neighbours.
    images : tuple of Image
        One for each rigidity.
    concentration : float
        Of the Fisher distribution of the nuclei within the radius; 0 where they fill it evenly.
    """

    name: str
    radius: float
    nside: int
    rigidity: np.ndarray
    images: tuple
    concentration: float = 0.0

    @property
    def magnification(self):
        """Flux at Earth relative to that without a field, shape (n_R,): solid angle of image over that of the disc."""
        return np.array([image.solid_angle for image in self.images]) / disc_solid_angle(self.radius, self.concentration)

    @property
    def n_effective(self):
        """Number of equal rays that make up each map, shape (n_R,)."""
        return np.array([image.n_effective for image in self.images])

    def density(self, half=None):
        """Probability that a nucleus from the source is seen in each pixel.

        Parameters
        ----------
        half : {0, 1}, optional
            Use only the even or the odd rigidities of each band, to see what the number of rays does to a result.

        Returns
        -------
        ndarray, shape (n_R, npix)
            NESTED; each row sums to 1, or is 0 where the field lets no nucleus through.
        """
        return self.sparse_density(half).toarray()

    def sparse_density(self, half=None):
        """Same as :meth:`density` as a sparse array, for large ``nside``."""
        npix = 12 * self.nside**2
        rows = [_row(image, self.nside, half) for image in self.images]
        ipix, weight = (np.concatenate(column) for column in zip(*rows, strict=True))
        index = np.repeat(np.arange(len(rows)), [len(pixels) for pixels, _ in rows])
        density = sparse.coo_array((weight, (index, ipix)), shape=(len(rows), npix)).tocsr()
        total = density.sum(axis=1)
        scale = np.divide(1.0, total, out=np.zeros(len(rows)), where=total > 0)
        return sparse.diags_array(scale) @ density


def _row(image, nside, half):
    """Pixels of a map, with repeats, and the weight that the parts of an image give to them."""
    used = slice(None) if half is None else image.member % 2 == half
    ipix, weight, order = image.ipix[used], image.share[used], image.order[used].astype(int)
    step = order - (nside.bit_length() - 1)
    copies = 4 ** np.maximum(-step, 0)  # pixels of the map in one of the image
    first = np.where(step >= 0, ipix >> (2 * np.maximum(step, 0)), ipix * copies)
    position = np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
    return np.repeat(first, copies) + position, np.repeat(weight / copies, copies)


def source_lens(source, field, sky, rigidity, *, cache=None, progress=SILENT):
    """Compute how a source is seen at Earth, or take it from the cache or from the maps that come with Zevatron.

    Parameters
    ----------
    source : Source
    field : FieldConfig
    sky : SkyConfig
        Gives the radius around the source and the resolution of the maps; another resolution costs no ray.
    rigidity : array_like, shape (n_R,)
        EV, as from :func:`rigidity_grid`.
    cache : Path, optional
        Folder of the caches.
    progress : Progress
        Told the rigidities done.

    Returns
    -------
    SourceLens
        Of an imported field at the rigidities of its own tables.

    Raises
    ------
    InputError
        If an imported field cannot be used.
    CancelledError
        If ``progress`` was cancelled; the rigidities done are kept.
    """
    rigidity, (radius, concentration) = np.asarray(rigidity, dtype=float), source_extent(sky)
    if field.model == IMPORTED_FIELD:
        found = imported_images(source, field.file, sky, rigidity, cache=cache, progress=progress)
        return SourceLens(source.name, radius, sky.nside, *found, concentration)
    galaxy, known = galactic_field(field), {}
    if sky.nside <= 2**SHIPPED_ORDER and concentration == 0:
        known = read_images(shipped_path(source, galaxy), lens_digest(source, galaxy, radius))
    images = find_images(
        source, galaxy, radius, rigidity, concentration=concentration, known=known, thorough=field.thorough, cache=cache,
        progress=progress,
    )
    return SourceLens(source.name, radius, sky.nside, rigidity, images, concentration)


def extragalactic_spread(rigidity, distance, strength, coherence_length):
    """Rms angle by which a turbulent extragalactic field moves arrival directions, for many small deflections, degrees.

    Waxman & Miralda-Escude, ApJ 472 (1996) L89: sqrt(2 D l / 9) over the gyroradius, 0.8 degrees for 100 EV, 10 Mpc,
    1 Mpc and 1 nG.

    Parameters
    ----------
    rigidity : float
        EV.
    distance, coherence_length : float
        Of the source and of the field, Mpc.
    strength : float
        Rms of the field, nG.
    """
    path = math.sqrt(2 * distance * coherence_length / 9) * 1e3  # kpc
    return math.degrees(GYRATION * strength * 1e-3 * path / rigidity)


def find_images(
    source, galaxy, radius, rigidity, *, concentration=0.0, known=MappingProxyType({}), thorough=False, cache=None, progress=SILENT
):
    """Return the images at all rigidities: those in ``known``, by rigidity key, then those in the cache, else traced.

    With ``thorough`` those with too few rays are traced anew and kept in a file of their own.
    """
    store = open_store(source, galaxy, radius, concentration, cache)
    stage, n = f"lens of {source.name}", len(rigidity)
    images = first = [known.get(rigidity_key(value)) or store.get(value) for value in rigidity]
    if thorough:
        store = open_store(source, galaxy, radius, concentration, cache, thorough=True)
        usable = [image is not None and has_enough_rays(image, radius, concentration) for image in images]
        images = [image if good else store.get(value) for image, good, value in zip(images, usable, rigidity, strict=True)]
    missing = [index for index, image in enumerate(images) if image is None]

    def compute(index):
        progress.check_cancelled()
        return compute_image(
            source, galaxy, radius, rigidity[index], concentration=concentration, thorough=thorough, known=first[index], cache=cache,
            progress=progress,
        )

    progress.report(stage, n - len(missing), n)
    # two at a time: while one is traced by all threads, the pixels of the other are chosen by one
    with ThreadPoolExecutor(2, thread_name_prefix="lens") as pool:
        futures = {pool.submit(compute, index): index for index in missing}
        try:
            for done, future in enumerate(as_completed(futures), n - len(missing) + 1):
                images[futures[future]] = future.result()
                store.put(rigidity[futures[future]], future.result())
                progress.report(stage, done, n)
        finally:
            pool.shutdown(cancel_futures=True)
            store.save()
    return tuple(images)


def has_enough_rays(image, radius, concentration=0.0):
    """Whether an image consists of as many equal rays as :data:`.search.TARGETS` asks for at its magnification."""
    return image.n_effective >= rays_aimed_at(image, radius, concentration)


def compute_image(
    source, galaxy, radius, rigidity, *, concentration=0.0, thorough=False, known=None, cache=None, progress=SILENT
):
    """Trace the image of a source in the band around one rigidity of the grid; only the coarse pass is cached.

    With ``thorough`` one of too few rays, ``known`` if it is given, is traced anew until :func:`has_enough_rays`.
    """

    def trace(directions, rigidities):
        progress.check_cancelled()
        return backtrack(galaxy, rigidities, directions, tolerance=TOLERANCE, progress=Unreported(progress)).exit_direction

    def exits(rigidities):
        return [cached_exits(trace, galaxy.digest, value, cache=cache) for value in rigidities]

    def passes(rigidities):
        if ends.is_random and rigidity < CHAOTIC:
            return [coarse_pass(one) for one in exits(rigidities)]
        below, middle, above = exits(neighbours(rigidity))
        return [coarse_pass(middle, beside=(below, above))]

    def stream(*more):
        return np.random.default_rng(int(lens_digest(source, galaxy, radius, concentration, rigidity_key(rigidity), *more), 16))

    members, max_pixels = band(rigidity, galaxy)
    ends = Source(source.direction, radius, concentration, galaxy.random is not None)
    image = known or _first_image(trace, passes(members), members, rigidity, ends, stream(), max_pixels)
    if not thorough or has_enough_rays(image, radius, concentration):
        return image
    image = image.condensed(SHIPPED_ORDER)  # the maps that come with Zevatron lead to the same
    some = members[len(members) // 6 :: max(len(members) // 3, 1)]
    return redrawn(trace, image, passes(some), members_of_band(rigidity, REDRAWN_MEMBERS), ends, stream("redrawn", *REDRAW_SETTINGS))


def _first_image(trace, passes, members, rigidity, ends, rng, max_pixels):
    """What :func:`~.search.find_image` finds; the better of two where a regular field leaves few rays."""

    def search(max_pixels):
        return find_image(
            trace, passes, members, ends.direction, ends.radius, rng,
            max_pixels=max_pixels, concentration=ends.concentration, is_random=ends.is_random,
        )

    image = search(max_pixels)
    bright, enough = TARGETS[0]
    is_bright = image.solid_angle >= bright * disc_solid_angle(ends.radius, ends.concentration)
    if is_bright and image.n_effective < enough and not ends.is_random and rigidity >= AGAIN:
        return max(image, search(2 * max_pixels), key=lambda one: one.n_effective)
    return image


def neighbours(rigidity):
    """Return a rigidity in EV between the next ones below and above, shape (3,).

    Those of the grid come out to the last bit whichever of them they are asked of: they share coarse passes, and in chaos one
    bit is another ray.
    """
    index = POINTS_PER_DECADE * math.log10(rigidity)
    if abs(index - round(index)) < 1e-6:
        index = round(index)
    return 10.0 ** ((index + np.array([-1.0, 0.0, 1.0])) / POINTS_PER_DECADE)


def band(rigidity, galaxy):
    """Rigidities in EV, shape (m,), of the band around one of the grid, and how many pixels of one order are divided there."""
    n, max_pixels = next(usual for limit, *usual in BANDS[galaxy.random is not None] if rigidity < limit)
    return members_of_band(rigidity, n), max_pixels


def members_of_band(rigidity, n):
    """Rigidities in EV, shape (n,), that share the band around one of the grid evenly in ln R."""
    return rigidity * 10 ** (((np.arange(n) + 0.5) / n - 0.5) / POINTS_PER_DECADE)


def open_store(source, galaxy, radius, concentration=0.0, cache=None, *, thorough=False):
    """Open the file of the images of a source in a field, or that of those made thoroughly."""
    digest = lens_digest(source, galaxy, radius, concentration, *(["thorough", REDRAWN_MEMBERS, *REDRAW_SETTINGS] if thorough else []))
    path = cache_path(cache, "lens", f"{source.key}-{galaxy.name}-{digest}.h5")
    return ImageStore(path, digest, attributes_of(source, galaxy, radius) | {"concentration": concentration})


def attributes_of(source, galaxy, radius):
    """What a file of images says about itself to people."""
    return {
        "source": source.name, "glon_deg": source.glon, "glat_deg": source.glat, "field": galaxy.name, "radius_deg": radius
    }


def shipped_path(source, galaxy):
    """Path at which maps of a source come with Zevatron; for most there are none."""
    return resource_path("lens", f"{source.key}-{galaxy.name}.h5")


def lens_digest(source, galaxy, radius, concentration=0.0, *more):
    """Twelve hexadecimal digits of everything that an image depends on, ``more`` included."""
    if concentration:
        more = ("fisher", concentration, SLOPE, *more)
    is_random = galaxy.random is not None
    effort = (BANDS[is_random], CHAOTIC if is_random else AGAIN)
    algorithm = (VERSION, TOLERANCE, COARSE_ORDER, POINTS_PER_DECADE, *effort, *SETTINGS)
    position = (round(source.glon, 6), round(source.glat, 6))
    return digest_of("lens", algorithm, galaxy.digest, position, radius, *more)
