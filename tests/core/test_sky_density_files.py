"""Density files: the contract of the layout, round trip, and every kind of damage."""

import h5py
import healpy as hp
import numpy as np
import pytest
from astropy.io import fits

from zevatron.core.config import RunConfig, with_values
from zevatron.core.errors import DamagedFileError, InputError
from zevatron.core.sky_density import Losses, SkyDensity
from zevatron.core.sky_density.files import read_densities, sealed, write_densities, write_fits

NSIDE = 4
CONFIG = with_values(RunConfig(), {"sky.nside": NSIDE, "sources.names": ("Cen A", "M82")})


@pytest.fixture
def densities(rng):
    source = rng.random((2, 12 * NSIDE**2, 3)) * (rng.random((2, 12 * NSIDE**2, 1)) < 0.2)
    isotropic = np.tile([0.6, 0.3, 0.1], (12 * NSIDE**2, 1))
    return tuple(
        SkyDensity(name, NSIDE, [56, 70, 90, 120], s / s.sum(), isotropic / isotropic.sum(), losses=Losses(0.1, 0.2, 0.3, 0.4))
        for name, s in zip(("Cen A", "M82"), source, strict=True)
    )


@pytest.fixture
def path(tmp_path, densities):
    write_densities(tmp_path / "maps.h5", CONFIG, densities)
    return tmp_path / "maps.h5"


def test_layout_is_the_contract(path):
    with h5py.File(path) as file:
        for name in ("sources/CenA", "sources/M82", "isotropic"):
            dataset = file[f"{name}/density"]
            assert dataset.shape == (12 * NSIDE**2, 3) and dataset[()].sum() == pytest.approx(1)
            assert dataset.attrs["ordering"] == "NESTED" and dataset.attrs["nside"] == NSIDE
            assert dataset.attrs["normalisation"] == "edge"
            np.testing.assert_array_equal(dataset.attrs["bin_edges_EeV"], [56, 70, 90, 120])
        assert file.attrs["digest"] == CONFIG.digest and file.attrs["seed"] == CONFIG.seed


def test_round_trip_keeps_everything(path, densities):
    config, found = read_densities(path)
    assert config == CONFIG
    for before, after in zip(densities, found, strict=True):
        assert (after.name, after.key, after.losses, after.digest) == (before.name, before.key, before.losses, before.digest)


def test_truncated_altered_and_foreign_files_are_told_from_good_ones(path):
    content = path.read_bytes()
    for size in (len(content) // 2, len(content) - 100, 10):
        path.write_bytes(content[:size])
        with pytest.raises(DamagedFileError, match=r"maps\.h5 is damaged"):
            read_densities(path)
    with h5py.File(path.parent / "whole.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(DamagedFileError, match="not made by Zevatron"):
        read_densities(path.parent / "whole.h5")
    with pytest.raises(InputError, match="no file"):
        read_densities(path.parent / "missing.h5")


def test_a_density_that_does_not_fit_its_attributes_is_noticed(path):
    with h5py.File(path) as whole, sealed(path, CONFIG) as file:
        for name in ("sources", "isotropic"):
            whole.copy(name, file)
        file["sources/M82/density"].attrs["nside"] = 8
    with pytest.raises(DamagedFileError, match="expected shape"):
        read_densities(path)


def test_a_folder_that_is_missing_is_named(tmp_path, densities):
    with pytest.raises(InputError, match="cannot write"):
        write_densities(tmp_path / "no" / "maps.h5", CONFIG, densities)


def test_fits_is_read_by_other_programs(tmp_path, densities):
    write_fits(tmp_path / "sky.fits", densities[0])
    maps = hp.read_map(tmp_path / "sky.fits", field=None, nest=True)
    np.testing.assert_allclose(maps[:3], densities[0].source.T)
    np.testing.assert_allclose(maps[3:], densities[0].isotropic.T)
    header = fits.getheader(tmp_path / "sky.fits", 1)
    assert header["ORDERING"] == "NESTED" and header["COORDSYS"] == "G" and header["TTYPE4"] == "ISOTROPIC_1"
    assert header["EEDGE0"] == 56 and header["EEDGE3"] == 120 and header["SRCNAME"] == "Cen A"


def test_whatever_byte_is_altered_is_noticed(path, rng):
    content = path.read_bytes()
    for place in (0, 512, len(content) - 1, *rng.integers(512, len(content), size=60)):
        altered = bytearray(content)
        altered[place] ^= 1 << rng.integers(8)
        path.write_bytes(altered)
        with pytest.raises(DamagedFileError):
            read_densities(path)
