"""The whole sky traced for other programs: lenses for CRPropa, deflection tables in the published format."""

import json
import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import healpy as hp
import numpy as np
from scipy import sparse

from ..config import FieldConfig, digest_of
from ..errors import InputError
from ..galactic_field import backtrack, galactic_field
from ..progress import SILENT, PartOfStage
from ..sky import check_nside, pixel_vectors, vector_pixels
from ..storage.files import replacing
from ..storage.provenance import versions
from . import crpropa, published

RECORD_NAME = "export.json"
LENS_STAGE, TABLES_STAGE = "lens: rigidities", "deflections: rigidities"
LARGEST_NSIDE = 512
MOST_RAYS = 2**26  # of one matrix: 10 bytes each and more while they are traced
MOST_RANGES = 1000
BATCH = 2**20  # rays traced at once


@dataclass(frozen=True)
class ExportRequest:
    """What an export depends on.

    Attributes
    ----------
    field : FieldConfig
        Model, parameters and realisation.
    nside : int
        Of the pixels.
    rays_per_pixel : int
        1 (the pixel's centre) or a power of 4: the centres of the pixel's descendants.

    Raises
    ------
    InputError
        If a number is out of range.
    """

    field: FieldConfig
    nside: int
    rays_per_pixel: int = 1

    def __post_init__(self):
        if check_nside(self.nside, "--nside") > LARGEST_NSIDE:
            raise InputError(f"expected an Nside of at most {LARGEST_NSIDE}, received {self.nside}", "--nside")
        rays = self.rays_per_pixel
        if rays < 1 or 4 ** self.levels != rays:
            raise InputError(f"expected 1, 4, 16 or another power of 4, received {rays}", "--rays-per-pixel")
        if 12 * self.nside**2 * rays > MOST_RAYS:
            raise InputError(
                f"expected at most {MOST_RAYS} rays for a rigidity, received {12 * self.nside**2 * rays}; lower --nside or "
                "--rays-per-pixel"
            )

    @property
    def levels(self):
        """How many times a pixel is divided into four."""
        return (max(self.rays_per_pixel, 1).bit_length() - 1) // 2


def parse_rigidities(text):
    """Edges of ranges of rigidity from ``low..high:step`` (EV, EV, step in lg R) or a list of edges in EV.

    Returns
    -------
    ndarray, shape (n + 1,)
        EV, increasing; the last range is whole and may end above ``high``.

    Raises
    ------
    InputError
        If it is neither, or the edges do not increase.
    """
    try:
        if ".." in text:
            limits, step = text.split(":")
            low, high = (math.log10(float(limit)) for limit in limits.split(".."))
            n = math.ceil((high - low) / float(step) - 1e-9)
            edges = 10.0 ** (low + float(step) * np.arange(min(n, MOST_RANGES + 1) + 1))
        else:
            edges = np.array([float(edge) for edge in text.split(",")])
    except (ValueError, OverflowError, ZeroDivisionError):
        raise InputError(
            f"expected low..high:step (EV, EV, step in lg R), such as 1..320:0.05, or edges in EV separated by commas, received {text!r}",
            "--rigidities",
        ) from None
    if not (len(edges) > 1 and np.all(np.isfinite(edges)) and edges[0] > 0 and np.all(np.diff(edges) > 0)):
        raise InputError(f"expected two or more increasing rigidities above 0 EV, received {text!r}", "--rigidities")
    if len(edges) > MOST_RANGES + 1:
        raise InputError(f"expected at most {MOST_RANGES} ranges, received more in {text!r}", "--rigidities")
    return edges


def export_crpropa(request, edges, folder, *, progress=SILENT):
    """Write a lens for CRPropa: one matrix for each range, traced at its geometric middle, and ``lens.cfg`` last.

    Matrices that an interrupted export of the same request has written are kept.

    Parameters
    ----------
    request : ExportRequest
    edges : array_like, shape (n + 1,)
        Of the ranges, EV, increasing.
    folder : path-like
        Made if it is not there.
    progress : Progress
        Told the ranges done, parts of them included.

    Returns
    -------
    int
        How many matrices were traced; the others were there.

    Raises
    ------
    InputError
        If the folder holds something else or cannot be written.
    CancelledError
        If ``progress`` was cancelled.
    """
    galaxy, folder = galactic_field(request.field), Path(folder)
    edges = np.asarray(edges, dtype=float)
    open_export(folder, request, galaxy, "crpropa", [f"{edge:.10g}" for edge in edges])
    parts = [
        crpropa.LensPart(folder / f"lens-{i:03d}.mldat", low, high)
        for i, (low, high) in enumerate(pairwise(edges.tolist()))
    ]
    missing = [part for part in parts if not crpropa.is_complete(part.path, request.nside)]
    for done, part in enumerate(missing):
        step = PartOfStage(progress, LENS_STAGE, done, 1, len(missing))
        crpropa.write_matrix(part.path, lens_matrix(request, galaxy, math.sqrt(part.low * part.high), step))
    crpropa.write_config(folder, parts, [*description(request, galaxy), "file, lg(Rmin/V), lg(Rmax/V); traced at the geometric middle"])
    return len(missing)


def export_tables(request, names, folder, *, progress=SILENT):
    """Write deflection tables in the published format, those that are there already excepted.

    Parameters
    ----------
    request : ExportRequest
        With one ray per pixel.
    names : mapping of str to float
        Rigidities in EV by name of file.
    folder, progress
        As for :func:`export_crpropa`, as are the errors.

    Returns
    -------
    int
        How many tables were traced.
    """
    if request.rays_per_pixel != 1:
        raise InputError("expected 1, because a deflection table has one ray for each pixel", "--rays-per-pixel")
    galaxy, folder = galactic_field(request.field), Path(folder)
    open_export(folder, request, galaxy, "deflections", [])  # more nuclei may be added later
    missing = {name: rigidity for name, rigidity in names.items() if not (folder / name).is_file()}
    ring = hp.ring2nest(request.nside, np.arange(12 * request.nside**2))
    for done, (name, rigidity) in enumerate(missing.items()):
        step = PartOfStage(progress, TABLES_STAGE, done, 1, len(missing))
        exits = backtrack(galaxy, rigidity, pixel_vectors(request.nside, ring), progress=step).exit_direction
        published.write_table(folder / name, exits, [*description(request, galaxy), f"R = E/Z = {rigidity:.10g} EV; degrees"])
    return len(missing)


def lens_matrix(request, galaxy, rigidity, progress=SILENT):
    """Share of the rays of each pixel at Earth that leave in each pixel of the edge.

    Returns
    -------
    sparse.coo_array, shape (npix, npix)
        RING; rows (Earth) sum to 1 less what is trapped.
    """
    npix = 12 * request.nside**2
    fine_nside, rays = request.nside * 2**request.levels, npix * request.rays_per_pixel
    counts = sparse.csr_array((npix, npix))
    for first in range(0, rays, BATCH):
        fine = np.arange(first, min(first + BATCH, rays))
        step = PartOfStage(progress, "rays", first, len(fine), rays)
        exits = backtrack(galaxy, rigidity, pixel_vectors(fine_nside, fine), progress=step).exit_direction
        left = ~np.isnan(exits[:, 0])
        earth, edge = fine[left] // request.rays_per_pixel, vector_pixels(request.nside, exits[left])
        earth, edge = (hp.nest2ring(request.nside, pixels) for pixels in (earth, edge))
        counts += sparse.coo_array((np.ones(len(earth)), (earth, edge)), shape=(npix, npix)).tocsr()
    return (counts / request.rays_per_pixel).tocoo()


def description(request, galaxy):
    """Lines about an export for people."""
    return [
        f"Zevatron {versions()['zevatron']}: {galaxy.name}, realisation {request.field.realisation}, field {galaxy.digest}",
        f"Nside {request.nside}, RING, {request.rays_per_pixel} rays per pixel, antiparticles from the Sun to the sphere of 20 kpc",
    ]


def open_export(folder, request, galaxy, kind, edges):
    """Make the folder of an export, or see that what an interrupted one left there belongs to the same request."""
    digest = digest_of("export", kind, galaxy.digest, request.nside, request.rays_per_pixel, edges)
    record = folder / RECORD_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = json.loads(record.read_text(encoding="utf-8"))["digest"] if record.is_file() else None
        strangers = known is None and any(not path.name.startswith(".") for path in folder.iterdir())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"cannot use the folder {folder}: {error}; choose another --out") from None
    if strangers or known not in (None, digest):
        raise InputError(f"{folder} holds {'other files' if strangers else 'another export'}; choose another --out or empty it")
    if known is None:
        with replacing(record, "w", encoding="utf-8") as stream:
            json.dump({"digest": digest, "description": description(request, galaxy), "versions": versions()}, stream, indent=2)
