"""Densities on disk: HDF5 with the run record, read back only if whole; FITS for other programs.

HDF5 libraries can hang on a file with a single altered byte. The first 512 bytes (HDF5's user block, which readers
skip) therefore hold the SHA-256 of all the rest, which is checked before anything is parsed.
"""

import contextlib
import hashlib
from dataclasses import asdict, fields, replace

import numpy as np

from ..errors import DamagedFileError, InputError
from ..sky import ORDERING
from ..storage.documents import read_bytes
from ..storage.files import replacing_path
from ..storage.hdf5 import LARGEST, USER_BLOCK, open_content, replacing_hdf5, require_plain
from ..storage.provenance import stamp, stamped_config
from .density import Losses, SkyDensity
from .lens_report import AveragedField, LensReport

PACKED = dict(compression="gzip", shuffle=True)
MAGIC = b"zevatron result 1\n"


def write_densities(path, config, densities):
    """Write the densities of one run.

    ``/sources/KEY/density`` and ``/isotropic/density``, shape (npix, n_bins), each summing to 1, with the attributes
    ``ordering``, ``nside``, ``bin_edges_EeV`` and ``normalisation``; the run record stands at the root. The lens report
    of each source behind a density is the table ``/sources/KEY/lens/0``, ``1``, … Where the shares of a mixture are free,
    those of its sources are ``/sources/KEY/parts/0``, ``1``, …

    Parameters
    ----------
    path : Path
    config : RunConfig
    densities : sequence of SkyDensity
        With one isotropic density in common.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with sealed(path, config) as file:
        for density in densities:
            group = file.create_group(f"sources/{density.key}", track_order=True)
            group.attrs["name"] = density.name
            group.attrs["exposure_ratio"] = density.exposure_ratio
            for loss, value in asdict(density.losses).items():
                group.attrs[loss] = value
            describe(group.create_dataset("density", data=density.source, **PACKED), density)
            for i, report in enumerate(density.lens_reports):
                _write_report(group, f"lens/{i}", report)
            for i, part in enumerate(density.parts):
                dataset = group.create_dataset(f"parts/{i}", data=part.source, **PACKED)
                describe(dataset, part)
                dataset.attrs["name"], dataset.attrs["key"] = part.name, part.key
        file["sources"].attrs["order"] = [density.key for density in densities]
        describe(file.create_dataset("isotropic/density", data=densities[0].isotropic, **PACKED), densities[0])


def read_densities(path):
    """Read what :func:`write_densities` wrote.

    Returns
    -------
    config : RunConfig
    densities : tuple of SkyDensity

    Raises
    ------
    InputError
        If there is no such file.
    DamagedFileError
        If it is truncated, altered or something else.
    """
    with opened(path) as file:
        config = stamped_config(file)
        isotropic = file["isotropic/density"][()]
        densities = tuple(_read_source(file["sources"][key], key, isotropic) for key in file["sources"].attrs["order"])
    return config, densities


@contextlib.contextmanager
def sealed(path, config):
    """Write an HDF5 file with the run record that takes the place of ``path``, complete and sealed, when the block ends.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    with replacing_hdf5(path, MAGIC) as file:
        stamp(file, config)
        yield file


@contextlib.contextmanager
def opened(path):
    """Open a sealed HDF5 file for reading.

    Raises
    ------
    InputError
        If there is no such file.
    DamagedFileError
        If it is not what was written, or the block does not find in it what it expects.
    """
    try:
        content = read_bytes(path, LARGEST)
    except FileNotFoundError:
        raise InputError(f"no file {path}") from None
    if not content.startswith(_seal(content)):
        raise DamagedFileError(f"{path} is damaged or not made by Zevatron; make it again")
    try:
        with open_content(content) as file:
            require_plain(file)
            yield file
    except DamagedFileError:
        raise
    except Exception as error:  # whoever seals a file can put anything behind the seal, and HDF5 fails in many ways
        raise DamagedFileError(f"{path} does not hold what is expected ({error}); make it again") from None


def _seal(content):
    return MAGIC + hashlib.sha256(memoryview(content)[USER_BLOCK:]).hexdigest().encode()


def describe(dataset, density):
    """Write the attributes that every dataset carries."""
    dataset.attrs["ordering"] = ORDERING
    dataset.attrs["nside"] = density.nside
    dataset.attrs["bin_edges_EeV"] = density.bin_edges
    dataset.attrs["normalisation"] = density.normalisation


def write_fits(path, density):
    """Write one density as a HEALPix FITS table in NESTED order, Galactic coordinates.

    Columns ``SOURCE_1`` to ``SOURCE_n`` and ``ISOTROPIC_1`` to ``ISOTROPIC_n``, one for each bin; the header gives the
    edges in EeV as ``EEDGE0`` to ``EEDGEn``.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    import healpy as hp

    numbers = range(1, density.n_bins + 1)
    header = [(f"EEDGE{i}", edge, "edge of an energy bin, EeV") for i, edge in enumerate(density.bin_edges)]
    with replacing_path(path) as temporary:
        hp.write_map(
            str(temporary), np.concatenate([density.source, density.isotropic], axis=1).T, nest=True, coord="G",
            column_names=[f"SOURCE_{i}" for i in numbers] + [f"ISOTROPIC_{i}" for i in numbers],
            extra_header=[*header, ("SRCNAME", density.name), ("NORMAL", density.normalisation)],
            dtype=np.float64, overwrite=True,
        )


def _read_source(group, key, isotropic):
    dataset = group["density"]
    if dataset.attrs["ordering"] != ORDERING:
        raise ValueError(f"expected {ORDERING} order, found {dataset.attrs['ordering']}")
    mixed = SkyDensity(
        name=group.attrs["name"], nside=int(dataset.attrs["nside"]), bin_edges=dataset.attrs["bin_edges_EeV"],
        source=dataset[()], isotropic=isotropic, normalisation=dataset.attrs["normalisation"],
        losses=Losses(**{field.name: float(group.attrs[field.name]) for field in fields(Losses)}), key=key,
        lens_reports=tuple(_read_report(group[f"lens/{i}"]) for i in range(len(group.get("lens", ())))),
        exposure_ratio=float(group.attrs["exposure_ratio"]),
    )
    parts = (group[f"parts/{i}"] for i in range(len(group.get("parts", ()))))
    return replace(mixed, parts=tuple(
        replace(mixed, name=part.attrs["name"], key=part.attrs["key"], source=part[()], lens_reports=()) for part in parts
    ))


def _write_report(group, name, report):
    columns = report.columns()
    table = np.rec.fromarrays(list(columns.values()), names=list(columns))
    dataset = group.create_dataset(name, data=table)
    dataset.attrs["source"] = report.source
    dataset.attrs["fields"] = [field.name for field in report.fields]
    dataset.attrs["weights"] = [field.weight for field in report.fields]
    dataset.attrs["arrives"] = [field.arrives for field in report.fields]


def _read_report(dataset):
    table, attributes = dataset[()], dataset.attrs
    rigidity, *others = (table[name].copy() for name in table.dtype.names)
    averaged = zip(attributes["fields"], attributes["weights"], attributes["arrives"], strict=True)
    return LensReport(
        attributes["source"], rigidity, *others, tuple(AveragedField(name, float(w), bool(a)) for name, w, a in averaged)
    )
