"""src_sample files: the published text, samples drawn here, and densities made of them."""

import lzma

import healpy as hp
import numpy as np
import pytest

from zevatron.core.config import run_config, with_values
from zevatron.core.errors import ConfigError, InputError, NoEventsError
from zevatron.core.sky import angular_distance, unit_vectors, vector_pixels
from zevatron.core.sky_density import sky_density
from zevatron.core.sky_density.samples import draw_sample, drawn_nuclei, read_sample, write_sample
from zevatron.core.sources import find_source
from zevatron.core.streams import random_stream

CEN_A, M82 = find_source("Cen A"), find_source("M82")
RUN = with_values(run_config("quick"), {"sky.nside": 8, "energy.bin_width": 0.25, "field.model": "none", "sky.source_radius": 3.0})
HEADER = "#   lat_ini    lon_ini    lat_res    lon_res     angsep   Z   E   cell_no\n"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Spectrum and lens without a field are the same for all tests here."""
    return tmp_path_factory.mktemp("cache")


def published_text(rows, padding=2):
    """Lines in the layout of the published scripts: five angles, Z, E, cell; padding of zeros at the end."""
    rows = [*rows, *[(0,) * 8] * padding]
    return HEADER + "".join(
        "".join(f"{angle:11.5f}" for angle in row[:5]) + f"{row[5]:4d}{row[6]:5d}{row[7]:9d}\n" for row in rows
    )


def rows_near(source, n=40, seed=3):
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        glon, glat = source.glon + rng.uniform(-1, 1), source.glat + rng.uniform(-1, 1)
        angsep = float(angular_distance(unit_vectors(glon, glat), source.direction))
        lon = 180 - (180 - glon) % 360
        rows.append((30.0, 100.0, glat, lon, angsep, int(rng.integers(1, 27)), int(rng.integers(56, 150)), 5))
    return rows


@pytest.mark.parametrize("ending", [".txt", ".txt.xz"])
def test_published_sample_is_read_without_its_padding(tmp_path, ending):
    path, rows = tmp_path / f"src_sample_CenA{ending}", rows_near(CEN_A)
    content = published_text(rows).encode()
    path.write_bytes(lzma.compress(content) if ending.endswith("xz") else content)
    sample = read_sample(path)
    assert len(sample) == 40
    assert sample.charge.tolist() == [row[5] for row in rows] and sample.energy.tolist() == [row[6] for row in rows]
    np.testing.assert_allclose(sample.arrival, np.tile(unit_vectors(100.0, 30.0), (40, 1)), atol=1e-7)
    np.testing.assert_allclose(angular_distance(sample.entry, CEN_A.direction), sample.angsep, atol=2e-5)


def test_sample_is_read_back_and_by_numpy(tmp_path, cache):
    path = tmp_path / "s.txt.xz"
    sample = draw_sample(RUN, CEN_A, 500, 64, 56.0, cache=cache)
    write_sample(path, sample, 64, ["a test"])
    with lzma.open(path, "rt") as stream:
        columns = np.genfromtxt(stream)
    assert columns.shape == (500, 8)
    cells = hp.ang2pix(64, columns[:, 1], columns[:, 0], lonlat=True)
    np.testing.assert_array_equal(columns[:, 7], cells)
    back = read_sample(path)
    for name in ("arrival", "entry"):
        assert angular_distance(getattr(back, name), getattr(sample, name)).max() < 2e-5
    assert np.array_equal(back.charge, sample.charge) and np.array_equal(back.energy, sample.energy)


def test_drawn_nuclei_follow_the_spectrum(cache):
    charge, energy, count = drawn_nuclei(RUN, CEN_A, 100_000, 56.0, random_stream(1, "x"), cache)
    assert count.sum() == 100_000 and energy.min() == 56 and charge.min() >= 1 and charge.max() <= 26
    from zevatron.core.propagation import CHARGES, propagated_spectrum

    spectrum = propagated_spectrum(RUN.emission, RUN.propagation, CEN_A.distance, cache=cache)
    fine = np.geomspace(55.5, spectrum.energy[-1], 4000)
    number = spectrum.flux_at(fine) / fine**2
    for z in (2, 14):
        expected = np.trapezoid(number[z == CHARGES].sum(axis=0), fine) / np.trapezoid(number.sum(axis=0), fine)
        assert count[charge == z].sum() / 1e5 == pytest.approx(expected, abs=0.006)
    mean = np.trapezoid((number * fine).sum(axis=0), fine) / np.trapezoid(number.sum(axis=0), fine)
    assert np.average(energy, weights=count) == pytest.approx(mean, rel=0.005)


def test_every_nucleus_left_near_the_source_from_the_centre_of_a_pixel(cache):
    sample = draw_sample(with_values(RUN, {"field.model": "jf12_regular", "sky.source_radius": 1.0}), CEN_A, 300, 128, 90.0, cache=cache)
    assert angular_distance(sample.entry, CEN_A.direction).max() < 1.0
    np.testing.assert_allclose(sample.angsep, angular_distance(sample.entry, CEN_A.direction))
    centres = np.array(hp.pix2vec(128, hp.vec2pix(128, *sample.arrival.T))).T
    assert angular_distance(centres, sample.arrival).max() < 1e-6
    from zevatron.core.galactic_field import backtrack, galactic_field

    rigidity = sample.energy / sample.charge
    exits = backtrack(galactic_field("jf12_regular"), rigidity, sample.arrival).exit_direction
    np.testing.assert_allclose(exits, sample.entry, atol=1e-12)
    assert sample.energy.min() >= 90


def test_sample_repeats_with_the_seed(cache):
    first, again, other = (
        draw_sample(with_values(RUN, {"seed": seed}), CEN_A, 200, 64, 56.0, cache=cache) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.arrival, again.arrival) and not np.array_equal(first.arrival, other.arrival)


def test_without_a_field_the_pixels_of_the_disc_are_used_evenly(cache):
    sample = draw_sample(RUN, CEN_A, 20_000, 64, 56.0, cache=cache)
    inside = hp.query_disc(64, CEN_A.direction, np.radians(3.0), nest=True)
    counts = np.bincount(vector_pixels(64, sample.arrival), minlength=12 * 64**2)
    assert set(np.flatnonzero(counts)) == set(inside)
    expected = 20_000 / len(inside)
    assert np.sum((counts[inside] - expected) ** 2 / expected) < 1.5 * len(inside)  # at most Poisson: without replacement


def test_density_of_a_sample_tends_to_that_of_the_lens(tmp_path, cache):
    path = tmp_path / "s.txt"
    sample = draw_sample(RUN, CEN_A, 20_000, 256, RUN.energy.lowest_energy, cache=cache)
    write_sample(path, sample, 256)
    own = sky_density(RUN, CEN_A, cache=cache)
    run = with_values(RUN, {"field.model": "imported", "field.file": str(path)})
    density = sky_density(run, CEN_A, cache=cache)
    assert 0.5 * np.abs(density.source - own.source).sum() < 0.02
    assert density.losses.above_source == pytest.approx(own.losses.above_source, abs=0.002)
    halves = [sky_density(run, CEN_A, half=half, cache=cache).source for half in (0, 1)]
    np.testing.assert_allclose(np.mean(halves, axis=0), density.source, atol=1e-3)
    assert not np.array_equal(*halves)


def test_density_of_a_sample_by_hand(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text(published_text([(10.0, 20.0, CEN_A.glat, CEN_A.glon - 360, 0.0, 2, 60, 1), (-40.0, 70.0, CEN_A.glat, CEN_A.glon, 0.0, 14, 200, 1)]))
    run = with_values(RUN, {"energy.resolution": 0.0, "field.model": "imported", "field.file": str(path)})
    source = sky_density(run, CEN_A).source
    edges = run.energy.bin_edges
    expected = np.zeros_like(source)
    for lon, lat, energy in ((20.0, 10.0, 60), (70.0, -40.0, 200)):
        expected[hp.ang2pix(8, lon, lat, nest=True, lonlat=True), np.searchsorted(edges, energy) - 1] = 0.5
    np.testing.assert_allclose(source, expected)


def test_sample_of_another_source_is_refused(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text(published_text(rows_near(CEN_A)))
    run = with_values(RUN, {"field.model": "imported", "field.file": str(path)})
    with pytest.raises(InputError, match=r"field\.file: expected a sample of M82"):
        sky_density(run, M82)
    with pytest.raises(ConfigError, match=r"sky\.normalisation: expected edge"):
        sky_density(with_values(run, {"sky.normalisation": "flux"}), CEN_A)
    with pytest.raises(ConfigError, match=r"field\.ensemble: expected none"):
        sky_density(with_values(run, {"field.ensemble": ("jf12_regular",)}), CEN_A)


def test_sample_outside_the_bins_is_no_events(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text(published_text([(0.0, 0.0, CEN_A.glat, CEN_A.glon, 0.0, 1, 2, 0)]))
    with pytest.raises(NoEventsError):
        sky_density(with_values(RUN, {"energy.resolution": 0.1, "field.model": "imported", "field.file": str(path)}), CEN_A)


@pytest.mark.parametrize(("row", "message"), [
    ((95.0, 0, 0, 0, 0, 1, 60, 0), "row 1: expected lat_ini from -90 to 90"),
    ((0, 0, float("nan"), 0, 0, 1, 60, 0), "row 1: expected lat_res .* received nan"),
    ((0, 0, 0, 400.0, 0, 1, 60, 0), "row 1: expected lon_res"),
    ((0, 0, 0, 0, -1.0, 1, 60, 0), "row 1: expected angsep from 0 to 180"),
    ((0, 0, 0, 0, 0, 27, 60, 0), "row 1: expected Z as a whole number from 1 to 26, received 27"),
    ((0, 0, 0, 0, 0, 1, -60, 0), "row 1: expected E as a whole number"),
    ((0, 0, 0, 0, 0, 1, 60, -1), "row 1: expected cell_no"),
])
def test_sample_without_sense_is_refused(tmp_path, row, message):
    path = tmp_path / "s.txt"
    path.write_text(published_text([rows_near(CEN_A)[0], row]))
    with pytest.raises(InputError, match=message):
        read_sample(path)


def test_file_that_is_no_sample_is_refused(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text("1 2 3 4 5\n")
    with pytest.raises(InputError, match="line 1: expected 8 numbers"):
        read_sample(path)
    path.write_text(published_text([]))
    with pytest.raises(InputError, match="padding only"):
        read_sample(path)


@pytest.mark.parametrize(("change", "n", "lowest", "message"), [
    ({}, 0, 56.0, "expected 1 to"),
    ({}, 10, 1e9, "where the spectrum ends"),
    ({"sky.source_shape": "fisher"}, 10, 56.0, r"sky\.source_shape"),
    ({"field.model": "imported", "field.file": "x"}, 10, 56.0, "is a lens"),
])
def test_draw_without_sense_is_refused(cache, change, n, lowest, message):
    with pytest.raises((InputError, ConfigError), match=message):
        draw_sample(with_values(RUN, change), CEN_A, n, 64, lowest, cache=cache)
