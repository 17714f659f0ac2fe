"""Event files: the contract of the layout, round trip and damage."""

import h5py
import numpy as np
import pytest

from zevatron.core.config import RunConfig
from zevatron.core.errors import DamagedFileError, InputError
from zevatron.core.mock_events import simulate_skies
from zevatron.core.mock_events.files import read_events, write_events
from zevatron.core.sky_density import SkyDensity
from zevatron.core.sky_density.files import sealed

NPIX = 48
EDGES = np.array([56.0, 70.0, 90.0, 120.0])


@pytest.fixture
def written(tmp_path, rng):
    source = rng.random((NPIX, 3))
    density = SkyDensity("Cen A", 2, EDGES, source / source.sum(), np.full((NPIX, 3), 1 / (3 * NPIX)))
    events = simulate_skies(RunConfig(), density, 20, 30, 0.37)
    write_events(tmp_path / "mocks.h5", RunConfig(), density, events)
    return tmp_path / "mocks.h5", events


def test_layout_is_the_contract(written):
    path, _ = written
    with h5py.File(path) as file:
        for name in ("events/ipix", "events/bin", "events/energy_EeV", "events/is_source"):
            assert file[name].shape == (30, 20)
        assert file["n_source"].shape == (30,)
        np.testing.assert_array_equal(file["n_source"][()], file["events/is_source"][()].sum(axis=1))
        for name in ("events/ipix", "events/bin", "events/energy_EeV", "events/is_source", "n_source"):
            attributes = file[name].attrs
            assert (attributes["ordering"], attributes["nside"], attributes["normalisation"]) == ("NESTED", 2, "edge")
            np.testing.assert_array_equal(attributes["bin_edges_EeV"], EDGES)
        assert file.attrs["digest"] == RunConfig().digest and file.attrs["source"] == "Cen A"
        assert np.array_equal(np.digitize(file["events/energy_EeV"][()], EDGES) - 1, file["events/bin"][()])


def test_round_trip(written):
    path, events = written
    config, found, energy = read_events(path)
    assert config == RunConfig() and energy.shape == (30, 20)
    for name in ("ipix", "bin", "is_source", "n_source", "nside", "n_bins"):
        np.testing.assert_array_equal(getattr(found, name), getattr(events, name))


def test_damage_is_noticed(written):
    path, _ = written
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DamagedFileError, match=r"mocks\.h5 is damaged"):
        read_events(path)
    with pytest.raises(InputError, match="no file"):
        read_events(path.parent / "none.h5")


@pytest.mark.parametrize(("name", "value"), [("events/ipix", -1), ("events/ipix", 48), ("events/bin", 3), ("events/bin", -1)])
def test_events_outside_the_sky_are_noticed(written, name, value):
    path, _ = written
    with h5py.File(path) as whole, sealed(path, RunConfig()) as file:
        for group in ("events", "n_source"):
            whole.copy(group, file)
        file[name][0, 0] = value
    with pytest.raises(DamagedFileError, match="outside the sky"):
        read_events(path)
