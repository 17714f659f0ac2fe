"""A lens made elsewhere, read from a folder and used in place of our own."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import healpy as hp
import numpy as np

from ..config import digest_of
from ..errors import InputError
from ..progress import SILENT
from ..sky import angular_distance
from ..storage.cache import cache_path, read_cache, write_cache
from . import crpropa, published
from .image import Image, disc_solid_angle, effective_rays, fisher_weight, source_extent

VERSION = 2
FEWEST_PIXELS = 3  # that a disc at the edge holds: hardly a direction is farther than its radius from the centre of a pixel


def table_image(nside, ring, weight):
    """Make an image of RING pixels, shape (n,), each with a weight in pixels."""
    ipix = hp.ring2nest(nside, np.asarray(ring, dtype=np.int64))
    sorting = np.argsort(ipix)
    n, leaf_order = len(ipix), nside.bit_length() - 1
    order, weight = np.full(n, leaf_order, np.int8), np.asarray(weight, dtype=np.float32)[sorting]
    half = (np.arange(n) % 2).astype(np.int8)
    return Image(ipix[sorting], order, weight, half, leaf_order, effective_rays(weight))


@dataclass(frozen=True)
class ImportedRow:
    """What an imported lens says about one rigidity.

    Attributes
    ----------
    rigidity : float
        EV.
    path : Path
        Of the file it comes from; two rows may share one.
    """

    rigidity: float
    path: Path


def rows_of(folder):
    """Rigidities of an imported lens and the files they come from.

    A range of a CRPropa lens is used at its geometric middle, the first also at its lower and the last at its upper end,
    so that the whole of the lens is used.

    Returns
    -------
    tuple of ImportedRow
        By increasing rigidity.

    Raises
    ------
    InputError
        If the folder is no lens.
    """
    folder = Path(folder)
    if folder.is_file():
        raise InputError(f"{folder} is a file; a sample of nuclei says nothing by rigidity, a lens or tables are a folder", "field.file")
    if not folder.is_dir():
        raise InputError(f"no folder {folder}; give the folder of a CRPropa lens or of deflection tables", "field.file")
    if not (folder / crpropa.CONFIG_NAME).exists():
        return tuple(ImportedRow(table.rigidity, table.path) for table in published.find_tables(folder))
    parts = crpropa.read_config(folder)
    middles = [ImportedRow((part.low * part.high) ** 0.5, part.path) for part in parts]
    return ImportedRow(parts[0].low, parts[0].path), *middles, ImportedRow(parts[-1].high, parts[-1].path)


def needed_rows(rows, needed, folder):
    """Leave out the rows that no rigidity of a run comes near to.

    Parameters
    ----------
    rows : sequence of ImportedRow
    needed : array_like
        Rigidities of the run, EV, increasing.
    folder : path-like
        For the message.

    Raises
    ------
    InputError
        If the run needs none of the lens' rigidities.
    """
    rigidity = np.array([row.rigidity for row in rows])
    lowest, highest = needed[0], needed[-1]
    if rigidity[-1] < lowest or rigidity[0] > highest:
        raise InputError(
            f"{folder} covers {rigidity[0]:.4g} to {rigidity[-1]:.4g} EV, but the run needs rigidities from {lowest:.4g} to "
            f"{highest:.4g} EV; take another lens or change energy.threshold", "field.file",
        )
    first = max(np.searchsorted(rigidity, lowest, side="right") - 1, 0)
    last = min(max(np.searchsorted(rigidity, highest, side="left"), 1), len(rows) - 1)
    first = min(first, last - 1)  # two rows at least, to interpolate between
    return rows[first : last + 1]


def imported_images(source, folder, sky, needed, *, cache=None, progress=SILENT):
    """Images of a source in a lens made elsewhere.

    Parameters
    ----------
    source : Source
    folder : path-like
        With ``lens.cfg`` and its matrices, or with deflection tables.
    sky : SkyConfig
        Gives the radius around the source, or the Fisher distribution of its nuclei.
    needed : array_like
        Rigidities that the run can need, EV, increasing.
    cache : Path, optional
        Folder of the caches.
    progress : Progress
        Told the files done.

    Returns
    -------
    rigidity : ndarray, shape (n_R,)
        EV: those of the lens, as far as they are needed.
    images : tuple of Image
        One for each.

    Raises
    ------
    InputError
        If the folder is no lens, a file is not what it should be, or no rigidity fits.
    CancelledError
        If ``progress`` was cancelled; the files done are kept.
    """
    extent = source_extent(sky)
    rows = needed_rows(rows_of(folder), needed, folder)
    paths = list(dict.fromkeys(row.path for row in rows))
    images = {}
    for done, path in enumerate(paths):
        progress.report(f"imported lens for {source.name}", done, len(paths))
        images[path] = _image(path, source.direction, extent, cache)
    progress.report(f"imported lens for {source.name}", len(paths), len(paths))
    _check_resolution({path: image.leaf_order for path, image in images.items()})
    return np.array([row.rigidity for row in rows]), tuple(images[row.path] for row in rows)


def _check_resolution(orders):
    (first, order), *others = orders.items()
    for path, other in others:
        if other != order:
            raise InputError(f"expected one Nside in all files, received {2**order} in {first} and {2**other} in {path}")


def _image(path, direction, extent, cache):
    """Image in one file; kept in the cache by the content of the file, because published tables take seconds to read."""
    try:
        with open(path, "rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    digest = digest_of("imported", VERSION, content, [round(float(x), 9) for x in direction], extent)
    kept = cache_path(cache, "imported", f"{digest}.h5")
    found = read_cache(kept, digest)
    if found is None:
        seen = matrix_pixels if path.suffix == ".mldat" else table_pixels
        nside, ring, weight = seen(path, direction, *extent)
        found = {"nside": nside, "ring": ring, "weight": weight}
        write_cache(kept, digest, found, {"file": str(path), "ordering": "RING"})
    return table_image(int(found["nside"]), found["ring"], found["weight"])


def matrix_pixels(path, direction, radius, concentration=0.0):
    """Pixels at Earth that see a source through one matrix of a CRPropa lens.

    The source fills the columns whose centres are within the radius, evenly or as a Fisher distribution of the given
    concentration, or, if there are none, the one it lies in. The weight of a pixel is the mean of its values there over
    the share that the columns have of the disc, so that the sum is the solid angle of the image of the disc.

    Returns
    -------
    nside : int
    ring : ndarray of int
        RING.
    weight : ndarray
        In pixels.
    """
    matrix = crpropa.read_matrix(path)
    nside = hp.npix2nside(matrix.shape[0])
    angle = angular_distance(published.ring_centres(nside), direction)
    columns = np.flatnonzero(angle < radius)
    if not len(columns):
        columns = np.array([hp.vec2pix(nside, *direction)])
    filled = fisher_weight(angle[columns], concentration)
    disc = disc_solid_angle(radius, concentration) / hp.nside2pixarea(nside)
    weight = matrix[:, columns] @ (filled / filled.sum()) * disc
    ring = np.flatnonzero(weight)
    return nside, ring, weight[ring]


def table_pixels(path, direction, radius, concentration=0.0):
    """Pixels at Earth whose rays, by a deflection table, leave near a source; result as of :func:`matrix_pixels`.

    A disc smaller than :data:`FEWEST_PIXELS` pixels of the table could fall between its rays and is widened to that.
    """
    exits = published.read_table(path)
    nside = hp.npix2nside(len(exits))
    used = max(radius, np.degrees(np.arccos(1 - FEWEST_PIXELS * hp.nside2pixarea(nside) / (2 * np.pi))))
    angle = angular_distance(exits, direction)
    ring = np.flatnonzero(angle < used)
    part = disc_solid_angle(radius, concentration) / disc_solid_angle(used, concentration)
    return nside, ring, part * fisher_weight(angle[ring], concentration)
