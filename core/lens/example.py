"""The maps that come with Zevatron, so that the built-in example needs no tracing.

They are what :func:`~.assembly.source_lens` would compute with the default settings, condensed to pixels of Nside 256,
and are used only as long as their digest says so. After a change of the field, the tracing or the search make them
again with ``python main.py example-maps --out resources/lens``.
"""

from pathlib import Path

from ..config import RunConfig
from ..galactic_field import galactic_field
from ..progress import SILENT
from ..resources import resource_path
from ..sources import catalogue
from .assembly import SHIPPED_ORDER, attributes_of, find_images, lens_digest, rigidity_grid, shipped_path
from .store import rigidity_key, write_images


def example_grid():
    """Rigidities in EV of a run with the default settings."""
    return rigidity_grid(*RunConfig().energy.rigidity_range)


def build(folder=None, *, field=None, sources=None, cache=None, progress=SILENT):
    """Make the shipped maps of one field.

    Parameters
    ----------
    folder : path-like, optional
        Where to write; ``resources/lens`` by default.
    field : FieldConfig, optional
        That of a run with the default settings by default.
    sources : sequence of Source, optional
        The published five by default.
    cache : Path, optional
        Folder of the caches; what is there already is not traced again.
    progress : Progress

    Returns
    -------
    str
        What was written where.
    """
    config = RunConfig()
    folder = resource_path("lens") if folder is None else Path(folder)
    galaxy, radius, rigidity = galactic_field(field or config.field), config.sky.source_radius, example_grid()
    size = 0
    for source in sources or [source for source in catalogue() if source.published]:
        images = find_images(source, galaxy, radius, rigidity, cache=cache, progress=progress)
        path = folder / shipped_path(source, galaxy).name
        by_key = {
            rigidity_key(value): image.condensed(SHIPPED_ORDER) for value, image in zip(rigidity, images, strict=True)
        }
        write_images(path, lens_digest(source, galaxy, radius), by_key, attributes_of(source, galaxy, radius))
        size += path.stat().st_size
    return f"wrote maps of {len(rigidity)} rigidities, {size / 1e6:.2f} MB, to {folder}"
