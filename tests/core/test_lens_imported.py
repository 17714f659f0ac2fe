"""Lenses made elsewhere, used in a run: maps against matrices multiplied by hand and against our own lens."""

import healpy as hp
import numpy as np
import pytest
from scipy import sparse

from zevatron.core.config import FieldConfig, SkyConfig, run_config, with_values
from zevatron.core.errors import CancelledError, InputError
from zevatron.core.lens import imported, rigidity_grid, source_lens
from zevatron.core.lens.crpropa import LensPart, write_config, write_matrix
from zevatron.core.lens.export import ExportRequest, export_crpropa, export_tables
from zevatron.core.lens.image import disc_solid_angle, source_extent
from zevatron.core.lens.imported import imported_images
from zevatron.core.lens.published import table_name, write_table
from zevatron.core.progress import Progress
from zevatron.core.propagation import CHARGES, propagated_spectrum
from zevatron.core.sky import angular_distance, pixel_vectors
from zevatron.core.sky_density import sky_density
from zevatron.core.sky_density.arrivals import nuclei_in_cells
from zevatron.core.sources import find_source

CEN_A = find_source("Cen A")
NSIDE, NPIX, RADIUS = 8, 768, 12.0
EDGES = [2.0, 5.0, 12.0, 40.0]


def random_matrix(seed):
    """A lens that sends each pixel's rays to three pixels at random, some of them nowhere."""
    rng = np.random.default_rng(seed)
    matrix = np.zeros((NPIX, NPIX))
    for row in range(NPIX):
        matrix[row, rng.choice(NPIX, 3, replace=False)] = rng.dirichlet(np.ones(4))[:3]
    return matrix


@pytest.fixture
def crpropa_lens(tmp_path):
    folder = tmp_path / "lens"
    folder.mkdir()
    matrices = [random_matrix(seed) for seed in range(3)]
    parts = [LensPart(folder / f"{i}.mldat", EDGES[i], EDGES[i + 1]) for i in range(3)]
    for part, matrix in zip(parts, matrices, strict=True):
        write_matrix(part.path, sparse.csr_array(matrix))
    write_config(folder, parts)
    return folder, matrices


def lens_of(folder, cache, radius=RADIUS, nside=NSIDE, needed=(2.0, 40.0), **options):
    field = FieldConfig(model="imported", file=str(folder))
    sky = SkyConfig(nside=nside, source_radius=radius)
    return source_lens(CEN_A, field, sky, np.array(needed), cache=cache, **options)


def test_maps_of_a_crpropa_lens_are_its_columns_around_the_source(tmp_path, crpropa_lens):
    folder, matrices = crpropa_lens
    lens = lens_of(folder, tmp_path)
    middles = [10**0.5, 60**0.5, 480**0.5]
    np.testing.assert_allclose(lens.rigidity, [2.0, *middles, 40.0], rtol=1e-9)
    centres = np.array(hp.pix2vec(NSIDE, np.arange(NPIX))).T
    columns = np.flatnonzero(angular_distance(centres, CEN_A.direction) < RADIUS)
    assert len(columns) > 5
    for row, which in enumerate([0, 0, 1, 2, 2]):
        seen = matrices[which][:, columns].sum(axis=1)
        density = hp.reorder(seen / seen.sum(), r2n=True)
        np.testing.assert_allclose(lens.density()[row], density, atol=1e-7)
        assert lens.magnification[row] == pytest.approx(matrices[which][:, columns].sum() / len(columns), rel=1e-5)


def test_source_smaller_than_a_pixel_is_the_pixel_it_lies_in(tmp_path, crpropa_lens):
    folder, matrices = crpropa_lens
    lens = lens_of(folder, tmp_path, radius=0.2)
    column = matrices[1][:, hp.vec2pix(NSIDE, *CEN_A.direction)]
    np.testing.assert_allclose(lens.density()[2], hp.reorder(column / column.sum(), r2n=True), atol=1e-7)
    assert lens.magnification[2] == pytest.approx(column.sum(), rel=1e-5)


def turned(nside, turn, tilt=0.0):
    """Exit directions of a field that turns the sky, RING."""
    lon, lat = hp.pix2ang(nside, np.arange(12 * nside**2), lonlat=True)
    return np.array(hp.ang2vec(lon + turn, np.clip(lat + tilt, -90, 90), lonlat=True))


def write_tables(folder, nside, turns):
    folder.mkdir()
    for rigidity, turn in turns.items():
        write_table(folder / table_name(1, rigidity), turned(nside, turn))
    return folder


def test_map_of_a_turned_sky_is_the_turned_disc(tmp_path):
    folder = write_tables(tmp_path / "tables", 64, {3: 20.0, 30: 5.0})
    lens = lens_of(folder, tmp_path, radius=5.0, nside=64, needed=(3.0, 30.0))
    assert lens.rigidity.tolist() == [3, 30]
    for density, turn in zip(lens.density(), (20.0, 5.0), strict=True):
        centre = hp.ang2vec(CEN_A.glon - turn, CEN_A.glat, lonlat=True)
        inside = hp.query_disc(64, centre, np.radians(5.0), nest=True)
        assert set(np.flatnonzero(density)) == set(inside)
        np.testing.assert_allclose(density[inside], 1 / len(inside), rtol=1e-6)
    np.testing.assert_allclose(lens.magnification, 1, atol=0.1)
    np.testing.assert_allclose(lens.n_effective, [len(image.ipix) for image in lens.images])


def test_disc_smaller_than_three_pixels_is_widened(tmp_path):
    folder = write_tables(tmp_path / "tables", 4, {3: 0.0, 30: 0.0})
    lens = lens_of(folder, tmp_path, radius=1.0, needed=(3.0, 30.0))
    used = np.degrees(np.arccos(1 - 3 * hp.nside2pixarea(4) / (2 * np.pi)))
    near = np.flatnonzero(angular_distance(turned(4, 0.0), CEN_A.direction) < used)
    assert len(lens.images[0].ipix) == len(near) > 0
    assert lens.magnification[0] == pytest.approx(len(near) * hp.nside2pixarea(4) / disc_solid_angle(used), rel=1e-5)


@pytest.mark.parametrize("nside", [4, 16, 64])
def test_widened_disc_never_falls_between_the_rays(tmp_path, nside):
    folder = write_tables(tmp_path / "tables", nside, {3: 0.0, 30: 0.0})
    directions = np.random.default_rng(4).normal(size=(300, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, np.newaxis]
    exits = imported.published.read_table(folder / table_name(1, 3))
    used = np.degrees(np.arccos(1 - imported.FEWEST_PIXELS * hp.nside2pixarea(nside) / (2 * np.pi)))
    assert min(np.count_nonzero(angular_distance(exits, direction) < used) for direction in directions) >= 1


def test_halves_are_the_two_parts_of_the_map(tmp_path):
    folder = write_tables(tmp_path / "tables", 32, {3: 20.0, 30: 5.0})
    lens = lens_of(folder, tmp_path, radius=8.0, nside=32, needed=(3.0, 30.0))
    whole, (even, odd) = lens.density()[0], (lens.density(half)[0] for half in (0, 1))
    assert not np.any((even > 0) & (odd > 0))
    assert set(np.flatnonzero(even + odd)) == set(np.flatnonzero(whole))
    assert abs(np.count_nonzero(even) - np.count_nonzero(odd)) <= 1
    assert even.sum() == pytest.approx(1) and odd.sum() == pytest.approx(1)


def test_source_that_no_ray_comes_from_has_an_empty_map(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    for rigidity in (3, 30):
        exits = np.tile(-CEN_A.direction, (NPIX, 1))
        exits[::2] = np.nan
        write_table(folder / table_name(1, rigidity), exits)
    lens = lens_of(folder, tmp_path, needed=(3.0, 30.0))
    assert not lens.density().any() and not lens.magnification.any() and not lens.n_effective.any()


def test_only_the_rigidities_of_the_run_are_read(tmp_path):
    folder = write_tables(tmp_path / "tables", 1, {1: 0.0, 2: 0.0, 4: 0.0, 8: 0.0, 16: 0.0})
    assert lens_of(folder, tmp_path, needed=(2.5, 5.0)).rigidity.tolist() == [2, 4, 8]
    assert lens_of(folder, tmp_path, needed=(2.0, 8.0)).rigidity.tolist() == [2, 4, 8]
    assert lens_of(folder, tmp_path, needed=(0.1, 1.0)).rigidity.tolist() == [1, 2]
    assert lens_of(folder, tmp_path, needed=(16.0, 99.0)).rigidity.tolist() == [8, 16]


def test_no_rigidity_in_common_is_an_error_that_names_both_ranges(tmp_path, crpropa_lens):
    with pytest.raises(InputError, match=r"field\.file: .* covers 2 to 40 EV, .* needs rigidities from 50 to 300 EV"):
        lens_of(crpropa_lens[0], tmp_path, needed=(50.0, 300.0))


def test_changed_files_give_changed_maps_and_unchanged_ones_are_not_read_again(tmp_path, crpropa_lens, monkeypatch):
    folder, _ = crpropa_lens
    first = lens_of(folder, tmp_path).density()
    read, original = [], imported.crpropa.read_matrix
    monkeypatch.setattr(imported.crpropa, "read_matrix", lambda path: read.append(path.name) or original(path))
    np.testing.assert_array_equal(lens_of(folder, tmp_path).density(), first)
    assert read == []
    write_matrix(folder / "1.mldat", sparse.csr_array(random_matrix(9)))
    second = lens_of(folder, tmp_path).density()
    assert read == ["1.mldat"]
    assert np.array_equal(second[0], first[0]) and not np.allclose(second[2], first[2])


def test_reading_can_be_cancelled(tmp_path, crpropa_lens):
    progress = Progress()
    progress.cancel()
    with pytest.raises(CancelledError):
        lens_of(crpropa_lens[0], tmp_path, progress=progress)


def test_matrices_of_several_resolutions_are_refused(tmp_path, crpropa_lens):
    write_matrix(crpropa_lens[0] / "1.mldat", sparse.eye_array(12))
    with pytest.raises(InputError, match=r"one Nside .* 8 in .*0\.mldat and 1 in .*1\.mldat"):
        lens_of(crpropa_lens[0], tmp_path)


def test_fisher_distribution_weighs_the_columns(tmp_path, crpropa_lens):
    folder, matrices = crpropa_lens
    sky = SkyConfig(nside=NSIDE, source_shape="fisher", source_spread=15.0)
    lens = source_lens(CEN_A, FieldConfig(model="imported", file=str(folder)), sky, np.array([2.0, 40.0]), cache=tmp_path)
    angle = angular_distance(np.array(hp.pix2vec(NSIDE, np.arange(NPIX))).T, CEN_A.direction)
    filled = np.where(angle < lens.radius, np.exp(lens.concentration * (np.cos(np.radians(angle)) - 1)), 0.0)
    seen = matrices[1] @ filled
    np.testing.assert_allclose(lens.density()[2], hp.reorder(seen / seen.sum(), r2n=True), atol=1e-7)
    assert lens.magnification[2] == pytest.approx(seen.sum() / filled.sum(), rel=1e-5)


def test_fisher_distribution_through_tables_of_no_deflection(tmp_path):
    """Each ray leaves where it is seen, so that the map is the distribution itself and the magnification is one."""
    nside = 32
    centres = np.array(hp.pix2vec(nside, np.arange(12 * nside**2))).T
    for charge in (1, 26):
        write_table(tmp_path / table_name(charge, 60.0), centres, ["no field"])
    sky = SkyConfig(nside=nside, source_shape="fisher", source_spread=10.0)
    _, images = imported_images(CEN_A, tmp_path, sky, [2.5, 50.0], cache=tmp_path / "cache")
    radius, concentration = source_extent(sky)
    assert images[0].solid_angle == pytest.approx(disc_solid_angle(radius, concentration), rel=0.01)
    cosine = pixel_vectors(nside, images[0].ipix) @ CEN_A.direction
    np.testing.assert_allclose(images[0].weight, np.exp(concentration * (cosine - 1)), rtol=1e-3)


def test_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"field\.file: no folder"):
        imported_images(CEN_A, tmp_path / "none", SkyConfig(), [1.0, 2.0], cache=tmp_path)
    (tmp_path / "sample.txt").write_text("")
    with pytest.raises(InputError, match=r"field\.file: .*sample\.txt is a file; a sample of nuclei says nothing by rigidity"):
        imported_images(CEN_A, tmp_path / "sample.txt", SkyConfig(), [1.0, 2.0], cache=tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"field\.file: .*expected lens\.cfg, or two or more"):
        imported_images(CEN_A, tmp_path / "empty", SkyConfig(), [1.0, 2.0], cache=tmp_path)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Spectra are the same for all runs here."""
    return tmp_path_factory.mktemp("cache")


def proton_run(threshold, radius):
    """One narrow bin of protons with sharp energies, so that one energy is one rigidity."""
    return with_values(run_config("quick"), {
        "sky.nside": 8, "sky.source_radius": radius, "energy.threshold": threshold, "energy.resolution": 0.0, "energy.n_bins": 1,
        "energy.bin_width": 0.01, "emission.model": "power_law", "emission.fractions": (1.0, 0.0, 0.0, 0.0, 0.0),
        "emission.cutoff": 1000.0,
    })


def export_and_import(run, model, nside, edges, folder):
    """Runs through a lens and through tables that were exported before."""
    request = ExportRequest(FieldConfig(model=model), nside)
    export_crpropa(request, edges, folder / "lens")
    export_tables(request, {table_name(1, rigidity): float(f"{rigidity:.6g}") for rigidity in edges}, folder / "tables")
    return [with_values(run, {"field.model": "imported", "field.file": str(folder / kind)}) for kind in ("lens", "tables")]


def test_exported_and_imported_again_gives_the_density_of_our_own_lens(tmp_path, cache, monkeypatch):
    run = proton_run(160.0, 10.0)
    grid = rigidity_grid(160.0, run.energy.bin_edges[-1])
    monkeypatch.setattr("zevatron.core.lens.rigidity_grid", lambda *limits: grid)
    own = sky_density(with_values(run, {"field.model": "none"}), CEN_A, cache=cache)
    for changed in export_and_import(run, "none", 32, grid, tmp_path):
        density = sky_density(changed, CEN_A, cache=cache)
        assert density.losses.outside_rigidity == pytest.approx(own.losses.outside_rigidity, abs=1e-6)
        assert density.losses.blocked == own.losses.blocked == 0
        # 94 pixels fill the disc, a third of them at its rim, in or out as a whole
        assert 0.5 * np.abs(density.source - own.source).sum() < 0.05


def test_deflected_image_is_where_our_own_lens_sees_it(tmp_path, cache):
    run = with_values(proton_run(32.0, 1.0), {"field.model": "jf12_regular", "sky.nside": 64})  # the shipped maps
    grid = rigidity_grid(32.0, run.energy.bin_edges[-1])

    def centre(config):
        mean = sky_density(config, CEN_A, cache=cache).source[:, 0] @ pixel_vectors(64)
        return mean / np.linalg.norm(mean)

    own = centre(run)
    assert angular_distance(own, CEN_A.direction) > 4
    for changed in export_and_import(run, "jf12_regular", 32, grid, tmp_path):
        assert angular_distance(centre(changed), own) < 1.3  # pixels of 1.8 degrees, at the edge and at Earth


def test_nuclei_outside_the_lens_are_lost(tmp_path, cache, crpropa_lens):
    run = with_values(run_config("quick"), {
        "sky.nside": 8, "sky.source_radius": RADIUS, "energy.resolution": 0.0, "emission.model": "power_law",
        "emission.fractions": (1.0, 1.0, 1.0, 1.0, 1.0), "emission.cutoff": 1000.0,
        "field.model": "imported", "field.file": str(crpropa_lens[0]),
    })
    spectrum = propagated_spectrum(run.emission, run.propagation, CEN_A.distance, cache=cache)
    nuclei = nuclei_in_cells(spectrum, CHARGES, run.energy)
    inside = (np.exp(nuclei.log_rigidity) > EDGES[0]) & (np.exp(nuclei.log_rigidity) <= EDGES[-1])
    expected = nuclei.number[~inside].sum() / nuclei.number.sum()
    assert 0.05 < expected < 0.9
    assert sky_density(run, CEN_A, cache=cache).losses.outside_rigidity == pytest.approx(expected, rel=1e-6)
