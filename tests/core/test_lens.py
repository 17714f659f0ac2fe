"""The lens of a source: grid, cache, interruption, damage, and nothing traced twice."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace

import h5py
import numpy as np
import pytest

from zevatron.core.config import FieldConfig, SkyConfig
from zevatron.core.errors import CancelledError
from zevatron.core.lens import assembly, coarse, rigidity_grid, source_lens
from zevatron.core.lens import store as storage
from zevatron.core.progress import Progress
from zevatron.core.sky import angular_distance, pixel_vectors
from zevatron.core.sources import Source, find_source

CEN_A, M82 = find_source("Cen A"), find_source("M82")
NO_FIELD, SKY = FieldConfig(model="none"), SkyConfig(nside=16)
GRID = rigidity_grid(20.0, 25.0)


@pytest.fixture
def rays(monkeypatch):
    """Numbers of rays traced, call by call."""
    traced, backtrack = [], assembly.backtrack

    def counting(field, rigidity, directions, **options):
        traced.append(len(directions))
        return backtrack(field, rigidity, directions, **options)

    monkeypatch.setattr(assembly, "backtrack", counting)
    return traced


@pytest.fixture
def computed(monkeypatch):
    """Rigidities at which an image was searched."""
    found, compute = [], assembly.compute_image

    def counting(source, galaxy, radius, rigidity, **options):
        found.append(rigidity)
        return compute(source, galaxy, radius, rigidity, **options)

    monkeypatch.setattr(assembly, "compute_image", counting)
    return found


@pytest.fixture(autouse=True)
def nothing_shipped(monkeypatch, tmp_path):
    monkeypatch.setattr(assembly, "shipped_path", lambda source, galaxy: tmp_path / "none.h5")


def lens(cache, source=CEN_A, grid=GRID, field=NO_FIELD, sky=SKY, **options):
    return source_lens(source, field, sky, grid, cache=cache, **options)


def only_file(folder):
    (path,) = folder.iterdir()
    return path


def test_grid_covers_the_range_in_equal_steps():
    grid = rigidity_grid(1.18, 316.0)
    assert grid[0] <= 1.18 < grid[1] and grid[-2] < 316.0 <= grid[-1]
    np.testing.assert_allclose(np.diff(np.log10(grid)), 1 / 40)


def test_grids_share_their_points():
    assert set(rigidity_grid(3.0, 50.0)) < set(rigidity_grid(1.18, 316.0))
    assert len(rigidity_grid(10.0, 10.0 ** (1 + 3 / 40))) == 4  # limits on points of the grid add none


def test_a_rigidity_of_the_grid_is_the_same_to_the_last_bit_as_neighbour_of_others():
    grid = rigidity_grid(1.18, 316.0)
    below, middle, above = np.transpose([assembly.neighbours(value) for value in grid])
    assert np.array_equal(middle, grid)
    assert np.array_equal(below[1:], grid[:-1])
    assert np.array_equal(above[:-1], grid[1:])


def test_neighbours_of_a_rigidity_off_the_grid_are_as_far_away():
    below, middle, above = assembly.neighbours(5.3)
    assert middle == pytest.approx(5.3, rel=1e-12)
    assert [middle / below, above / middle] == pytest.approx([10 ** (1 / 40)] * 2, rel=1e-12)


def test_without_a_field_every_rigidity_shows_the_disc(tmp_path):
    found = lens(tmp_path)
    assert found.density().shape == (len(GRID), 12 * 16**2)
    np.testing.assert_allclose(found.density().sum(axis=1), 1)
    np.testing.assert_allclose(found.magnification, 1, atol=0.01)
    assert (found.n_effective > 1800).all()
    seen = pixel_vectors(16)[found.density()[0] > 0]
    assert angular_distance(seen, CEN_A.direction).max() < 1 + 3.7


def test_cache_gives_the_same_without_a_ray(tmp_path, rays):
    first = lens(tmp_path)
    traced = sum(rays)
    second = lens(tmp_path)
    assert sum(rays) == traced > 0
    np.testing.assert_array_equal(first.density(0), second.density(0))
    np.testing.assert_array_equal(first.magnification, second.magnification)


def test_other_resolution_and_part_of_the_grid_cost_no_ray(tmp_path, rays):
    fine = lens(tmp_path, sky=SkyConfig(nside=64))
    traced = sum(rays)
    part = lens(tmp_path, grid=GRID[1:-1])
    assert sum(rays) == traced
    expected = fine.density()[1:-1].reshape(len(GRID) - 2, -1, 16).sum(axis=2)
    np.testing.assert_allclose(part.density(), expected, atol=1e-12)


def test_new_source_needs_no_new_coarse_pass(tmp_path, rays):
    lens(tmp_path)
    npix = 12 * 4**coarse.COARSE_ORDER
    assert rays.count(npix) == len(GRID) + 2  # and the next rigidities on both sides
    lens(tmp_path, source=M82)
    assert rays.count(npix) == len(GRID) + 2


@pytest.mark.parametrize("change", [
    {"source": M82},
    {"source": Source("Cen A", 309.6, 19.4173, 3.5)},
    {"field": FieldConfig(model="jf12_regular")},
    {"sky": SkyConfig(nside=16, source_radius=2.0)},
])
def test_what_an_image_depends_on_makes_a_new_one(tmp_path, rays, change):
    lens(tmp_path, grid=GRID[:1])
    before = len(rays)
    lens(tmp_path, grid=GRID[:1], **change)
    assert len(rays) > before


def test_algorithm_is_part_of_the_digest(monkeypatch):
    galaxy = assembly.galactic_field("none")
    digest = assembly.lens_digest(CEN_A, galaxy, 1.0)
    monkeypatch.setattr(assembly, "SETTINGS", (1, 2, 3))
    assert assembly.lens_digest(CEN_A, galaxy, 1.0) != digest
    assert assembly.lens_digest(CEN_A, galaxy, 1.0) == assembly.lens_digest(CEN_A, galaxy, 1.0)


def test_distance_of_the_source_does_not_matter(tmp_path, rays):
    lens(tmp_path)
    before = len(rays)
    lens(tmp_path, source=Source("Cen A", CEN_A.glon, CEN_A.glat, 77.0))
    assert len(rays) == before


@pytest.mark.parametrize("damage", [
    lambda content: content[: len(content) // 2],
    lambda content: content[:2000] + bytes(255 - byte for byte in content[2000:2100]) + content[2100:],
    lambda content: b"",
    lambda content: b"l_deg,b_deg\n1,2\n",
])
@pytest.mark.parametrize("kind", ["lens", "coarse"])
def test_damaged_cache_is_rebuilt(tmp_path, rays, damage, kind):
    grid = GRID[:2]
    first = lens(tmp_path, grid=grid)
    for path in (tmp_path / kind).iterdir():
        path.write_bytes(damage(path.read_bytes()))
    if kind == "coarse":
        only_file(tmp_path / "lens").unlink()
    before = len(rays)
    second = lens(tmp_path, grid=grid)
    assert len(rays) > before
    np.testing.assert_array_equal(first.density(), second.density())
    before = len(rays)
    lens(tmp_path, grid=grid)
    assert len(rays) == before  # healed


class Stopping(Progress):
    """Cancel after some reports."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def show(self, stage, done, total, values):
        if done >= self.after:
            self.cancel()


def test_cancelled_work_goes_on_where_it_stopped(tmp_path, computed):
    with pytest.raises(CancelledError):
        lens(tmp_path, progress=Stopping(2))
    kept = storage.read_images(only_file(tmp_path / "lens"), assembly.open_store(
        CEN_A, assembly.galactic_field("none"), 1.0, cache=tmp_path).digest)
    assert len(kept) in (2, 3)  # one more may have been found before it was asked to stop
    computed.clear()
    whole = lens(tmp_path)
    missing = [value for value in GRID if storage.rigidity_key(value) not in kept]
    np.testing.assert_array_equal(sorted(computed), missing)
    np.testing.assert_array_equal(whole.density(), lens(tmp_path / "other").density())


def _compute_slowly(cache, pause):
    storage.SAVE_INTERVAL = 0.0
    original = assembly.compute_image

    def slow(*arguments, **options):
        time.sleep(pause)
        return original(*arguments, **options)

    assembly.compute_image = slow
    lens(cache)


def test_killed_work_goes_on_where_it_stopped(tmp_path, computed):
    process = multiprocessing.get_context("fork").Process(target=_compute_slowly, args=(tmp_path, 0.2))
    process.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / "lens").exists() or not list((tmp_path / "lens").glob("[!.]*")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    lens(tmp_path)
    assert 0 < len(computed) < len(GRID)


def test_two_processes_at_once_give_one_good_file(tmp_path):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_compute_slowly, args=(tmp_path, pause)) for pause in (0.0, 0.03)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    alone = lens(tmp_path / "alone")
    np.testing.assert_array_equal(lens(tmp_path).density(), alone.density())


def test_files_say_what_they_hold(tmp_path):
    lens(tmp_path, grid=GRID[:2])
    path = only_file(tmp_path / "lens")
    with h5py.File(path) as file:
        assert file.attrs["source"] == "Cen A" and file.attrs["field"] == "none" and file.attrs["ordering"] == "NESTED"
        assert file.attrs["radius_deg"] == 1.0
        np.testing.assert_allclose(file["rigidity"][()], GRID[:2])
    assert path.stat().st_size < 40_000


def test_progress_counts_rigidities(tmp_path):
    reports = []

    class Listening(Progress):
        def show(self, stage, done, total, values):
            reports.append((stage, done, total))

    lens(tmp_path, progress=Listening())
    assert reports[0] == ("lens of Cen A", 0, len(GRID)) and reports[-1][1:] == (len(GRID), len(GRID))


def test_spread_by_an_extragalactic_field_is_that_of_the_paper():
    """0.8 degrees for 100 EV, 10 Mpc, 1 Mpc and 1 nG (Waxman & Miralda-Escude 1996)."""
    assert assembly.extragalactic_spread(100.0, 10.0, 1.0, 1.0) == pytest.approx(0.8, abs=0.02)
    assert assembly.extragalactic_spread(10.0, 40.0, 2.0, 1.0) == pytest.approx(40 * assembly.extragalactic_spread(100.0, 10.0, 1.0, 1.0))


def test_fisher_shape_has_a_lens_of_its_own(tmp_path):
    sky = SkyConfig(nside=32, source_shape="fisher", source_spread=5.0)
    wide, narrow = (source_lens(CEN_A, FieldConfig(model="none"), shape, GRID[:2], cache=tmp_path) for shape in (sky, SkyConfig()))
    assert wide.radius > 10 and narrow.radius == 1.0
    np.testing.assert_allclose(wide.magnification, 1, atol=0.02)
    assert (wide.density() > 0).sum() > 20 * (narrow.density() > 0).sum()
    assert len(list((tmp_path / "lens").iterdir())) == 2


@pytest.fixture
def poor(monkeypatch):
    """Images that the search finds seem to be made of 100 equal rays; where it was asked for them."""
    asked, find = [], assembly.find_image

    def finding(trace, passes, members, *arguments, **options):
        asked.append(members[0])
        return replace(find(trace, passes, members, *arguments, **options), n_effective=100.0)

    monkeypatch.setattr(assembly, "find_image", finding)
    return asked


def test_a_thorough_run_traces_on_until_the_rays_suffice(tmp_path, poor, rays):
    thorough = replace(NO_FIELD, thorough=True)
    found = lens(tmp_path, grid=GRID[:1], field=thorough)
    assert (found.n_effective >= 5000).all()
    np.testing.assert_allclose(found.magnification, 1, atol=4 / np.sqrt(5000))
    assert (lens(tmp_path, grid=GRID[:1]).n_effective == 100).all()  # the usual run is as it was
    traced = sum(rays)
    np.testing.assert_array_equal(lens(tmp_path, grid=GRID[:1], field=thorough).density(), found.density())
    assert sum(rays) == traced


def test_a_thorough_run_begins_with_the_usual_images(tmp_path, poor):
    """Those in the cache or shipped are not searched again, and lead to the same."""
    thorough = replace(NO_FIELD, thorough=True)
    alone = lens(tmp_path / "alone", grid=GRID[:1], field=thorough)
    lens(tmp_path / "after", grid=GRID[:1])
    n = len(poor)
    np.testing.assert_array_equal(lens(tmp_path / "after", grid=GRID[:1], field=thorough).density(), alone.density())
    assert len(poor) == n


def test_a_thorough_run_keeps_what_already_has_enough_rays(tmp_path, computed):
    usual = lens(tmp_path)
    assert all(assembly.has_enough_rays(image, usual.radius) for image in usual.images)
    n = len(computed)
    assert np.array_equal(lens(tmp_path, field=replace(NO_FIELD, thorough=True)).n_effective, usual.n_effective)
    assert len(computed) == n
