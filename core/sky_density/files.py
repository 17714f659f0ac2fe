"""Densities on disk: HDF5 with the run record, read back only if whole; FITS for other programs."""

from dataclasses import asdict, fields

import h5py
import numpy as np

from ..errors import DamagedFileError, InputError
from ..files import replacing_path
from ..provenance import stamp, stamped_config
from ..sky import ORDERING
from .density import Losses, SkyDensity

PACKED = dict(compression="gzip", shuffle=True, fletcher32=True)  # the checksum makes HDF5 notice altered numbers


def write_densities(path, config, densities):
    """Write the densities of one run.

    ``/sources/KEY/density`` and ``/isotropic/density``, shape (npix, n_bins), each summing to 1, with the attributes
    ``ordering``, ``nside``, ``bin_edges_EeV`` and ``normalisation``; the run record stands at the root.

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
    with replacing_path(path) as temporary, h5py.File(temporary, "w") as file:
        stamp(file, config)
        for density in densities:
            group = file.create_group(f"sources/{density.key}", track_order=True)
            group.attrs["name"] = density.name
            for loss, value in asdict(density.losses).items():
                group.attrs[loss] = value
            describe(group.create_dataset("density", data=density.source, **PACKED), density)
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


class opened:
    """Open an HDF5 file for reading and turn every fault met inside the block into an error that names the file."""

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        try:
            self._file = h5py.File(self._path, "r")
        except FileNotFoundError:
            raise InputError(f"no file {self._path}") from None
        except OSError as error:
            raise self._damaged(error) from None
        return self._file

    def __exit__(self, kind, error, traceback):
        self._file.close()
        if isinstance(error, (OSError, KeyError, ValueError, InputError)) and not isinstance(error, DamagedFileError):
            raise self._damaged(error) from None

    def _damaged(self, error):
        return DamagedFileError(f"{self._path} is damaged or not made by Zevatron ({error}); make it again")


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
    return SkyDensity(
        name=group.attrs["name"], nside=int(dataset.attrs["nside"]), bin_edges=dataset.attrs["bin_edges_EeV"],
        source=dataset[()], isotropic=isotropic, normalisation=dataset.attrs["normalisation"],
        losses=Losses(**{field.name: float(group.attrs[field.name]) for field in fields(Losses)}), key=key,
    )
