"""What every result carries: configuration, digest, seed and versions."""

import platform
from importlib.metadata import PackageNotFoundError, version

from .. import __version__
from ..config import config_from_toml, run_toml
from ..errors import DamagedFileError

PACKAGES = ("numpy", "scipy", "healpy", "astropy", "numba", "h5py", "keras", "tensorflow")


def versions():
    """Versions of Zevatron, Python and the packages that can change a number."""
    found = {"zevatron": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def run_record(config):
    """Return digest, seed, versions and the whole configuration as plain values, for JSON."""
    return {
        "digest": config.digest, "seed": config.seed, "versions": versions(), "config": run_toml(config, comments=False)
    }


def stamp(group, config):
    """Write the run record as attributes of an open HDF5 file or group."""
    group.attrs["config"] = run_toml(config, comments=False)
    group.attrs["digest"] = config.digest
    group.attrs["seed"] = config.seed
    for package, number in versions().items():
        group.attrs[f"version_{package}"] = number


def stamped_config(group):
    """Return the :class:`~.config.RunConfig` in an open HDF5 file or group.

    Raises
    ------
    DamagedFileError
        If there is none, or it does not match its digest.
    """
    if "config" not in group.attrs or "digest" not in group.attrs:
        raise DamagedFileError(f"{group.file.filename}: expected a file made by Zevatron, found no run record in it")
    config = config_from_toml(group.attrs["config"])
    if config.digest != group.attrs["digest"]:
        raise DamagedFileError(f"{group.file.filename}: the run record does not match its digest; make the file again")
    return config
