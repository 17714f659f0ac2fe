"""Lenses and tables for other programs against rays traced one by one; killed exports go on."""

import multiprocessing
import os
import signal
import time

import healpy as hp
import numpy as np
import pytest

from zevatron.core.config import FieldConfig
from zevatron.core.errors import CancelledError, InputError
from zevatron.core.galactic_field import Backtracked, backtrack, galactic_field
from zevatron.core.lens import export
from zevatron.core.lens.crpropa import read_config, read_matrix
from zevatron.core.lens.export import ExportRequest, export_crpropa, export_tables, parse_rigidities
from zevatron.core.lens.published import read_table
from zevatron.core.progress import Progress

NONE, JF12 = FieldConfig(model="none"), FieldConfig(model="jf12_regular")
EDGES = [2.0, 4.0, 8.0, 16.0]


@pytest.fixture
def traced(monkeypatch):
    """Rigidities traced, call by call."""
    rigidities = []

    def counting(field, rigidity, directions, **options):
        rigidities.append(rigidity)
        return backtrack(field, rigidity, directions, **options)

    monkeypatch.setattr(export, "backtrack", counting)
    return rigidities


def test_matrix_counts_rays_traced_one_by_one(tmp_path):
    nside, rays = 4, 4
    export_crpropa(ExportRequest(JF12, nside, rays), [5.0, 20.0], tmp_path)
    (part,) = read_config(tmp_path)
    expected = np.zeros((12 * nside**2,) * 2)
    galaxy = galactic_field(JF12)
    for earth in range(12 * nside**2):
        children = 4 * hp.ring2nest(nside, earth) + np.arange(4)
        starts = np.array(hp.pix2vec(2 * nside, children, nest=True)).T
        for exit_direction in backtrack(galaxy, 10.0, starts).exit_direction:
            expected[earth, hp.vec2pix(nside, *exit_direction)] += 1 / rays
    np.testing.assert_allclose(read_matrix(part.path).toarray(), expected, atol=1e-12)


def test_without_a_field_rays_stay_in_their_pixel(tmp_path):
    export_crpropa(ExportRequest(NONE, 8, 16), EDGES, tmp_path)
    parts = read_config(tmp_path)
    assert [part.low for part in parts] == pytest.approx(EDGES[:-1]) and parts[-1].high == pytest.approx(16)
    for part in parts:
        np.testing.assert_array_equal(read_matrix(part.path).toarray(), np.eye(768))


def test_rays_start_at_the_geometric_middle(tmp_path, traced):
    export_crpropa(ExportRequest(NONE, 1), EDGES, tmp_path)
    assert traced == pytest.approx([8**0.5, 32**0.5, 128**0.5])


def test_trapped_rays_are_missing_in_their_row(tmp_path, monkeypatch):
    def trapping(field, rigidity, directions, **options):
        exits = np.where(np.arange(len(directions))[:, None] % 4 == 1, np.nan, directions)
        return Backtracked(exits, exits[:, 0], exits)

    monkeypatch.setattr(export, "backtrack", trapping)
    export_crpropa(ExportRequest(NONE, 2, 4), [1.0, 2.0], tmp_path)
    np.testing.assert_allclose(read_matrix(tmp_path / "lens-000.mldat").sum(axis=1), 0.75)


def test_batches_change_nothing(tmp_path, monkeypatch):
    whole = export.lens_matrix(ExportRequest(JF12, 4, 4), galactic_field(JF12), 8.0).toarray()
    monkeypatch.setattr(export, "BATCH", 100)
    np.testing.assert_allclose(export.lens_matrix(ExportRequest(JF12, 4, 4), galactic_field(JF12), 8.0).toarray(), whole)


def test_tables_have_the_ray_of_each_ring_pixel(tmp_path):
    assert export_tables(ExportRequest(JF12, 4), {"helium_020EeV.txt.xz": 10.0}, tmp_path) == 1
    starts = np.array(hp.pix2vec(4, np.arange(192))).T
    expected = backtrack(galactic_field(JF12), 10.0, starts).exit_direction
    np.testing.assert_allclose(read_table(tmp_path / "helium_020EeV.txt.xz"), expected, atol=2e-7)  # five decimals


class Stopping(Progress):
    """Cancel once so many steps are done; remember the stages."""

    def __init__(self, after):
        super().__init__()
        self.after, self.shown = after, []

    def show(self, stage, done, total, values):
        self.shown.append((stage, done, total))
        if done >= self.after:
            self.cancel()


def test_cancelled_export_goes_on_where_it_stopped(tmp_path, traced):
    with pytest.raises(CancelledError):
        export_crpropa(ExportRequest(NONE, 2), EDGES, tmp_path, progress=Stopping(1))
    assert not (tmp_path / "lens.cfg").exists() and (tmp_path / "lens-000.mldat").exists()
    traced.clear()
    assert export_crpropa(ExportRequest(NONE, 2), EDGES, tmp_path) == 2
    assert len(traced) == 2 and len(read_config(tmp_path)) == 3


def test_progress_grows_over_the_whole_export(tmp_path):
    progress = Stopping(np.inf)
    export_crpropa(ExportRequest(NONE, 8), EDGES, tmp_path, progress=progress)
    done = [step for _, step, _ in progress.shown]
    assert done == sorted(done) and done[0] == 0 and done[-1] == 3
    assert {(stage, total) for stage, _, total in progress.shown} == {("lens: rigidities", 3)}


def _export_slowly(folder):
    original = export.lens_matrix

    def slow(*arguments):
        time.sleep(0.3)
        return original(*arguments)

    export.lens_matrix = slow
    export_crpropa(ExportRequest(NONE, 2), np.geomspace(1, 100, 31), folder)


def test_killed_export_goes_on_where_it_stopped(tmp_path, traced):
    process = multiprocessing.get_context("fork").Process(target=_export_slowly, args=(tmp_path,))
    process.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / "lens-001.mldat").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("lens-*.mldat")}
    traced.clear()
    assert export_crpropa(ExportRequest(NONE, 2), np.geomspace(1, 100, 31), tmp_path) == len(traced) == 30 - len(kept)
    assert all(path.stat().st_mtime_ns == time_ns for path, time_ns in kept.items())
    assert len(read_config(tmp_path)) == 30


def test_incomplete_matrix_is_made_again(tmp_path, traced):
    export_crpropa(ExportRequest(NONE, 2), EDGES, tmp_path)
    path = tmp_path / "lens-001.mldat"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    traced.clear()
    assert export_crpropa(ExportRequest(NONE, 2), EDGES, tmp_path) == len(traced) == 1
    assert path.read_bytes() == whole


def test_tables_that_are_there_are_kept_and_others_added(tmp_path, traced):
    export_tables(ExportRequest(NONE, 2), {"proton_005EeV.txt": 5.0}, tmp_path)
    assert export_tables(ExportRequest(NONE, 2), {"proton_005EeV.txt": 5.0, "proton_006EeV.txt": 6.0}, tmp_path) == 1
    assert traced == [5.0, 6.0]


@pytest.mark.parametrize("other", [ExportRequest(JF12, 2), ExportRequest(NONE, 4), ExportRequest(NONE, 2, 4)])
def test_folder_of_another_export_is_refused(tmp_path, other):
    export_crpropa(ExportRequest(NONE, 2), EDGES, tmp_path)
    with pytest.raises(InputError, match="another export"):
        export_crpropa(other, EDGES, tmp_path)


def test_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="other files"):
        export_crpropa(ExportRequest(NONE, 2), EDGES, tmp_path)


@pytest.mark.parametrize("arguments", [(3,), (0,), (1024,), (8, 2), (8, 0), (8, 8), (512, 64)])
def test_request_without_sense_is_refused(arguments):
    with pytest.raises(InputError, match="expected"):
        ExportRequest(NONE, *arguments)


def test_ranges_of_equal_width_cover_what_is_asked_for():
    edges = parse_rigidities("1..320:0.05")
    np.testing.assert_allclose(np.diff(np.log10(edges)), 0.05)
    assert edges[0] == 1 and edges[-2] < 320 <= edges[-1] and len(edges) == 52
    np.testing.assert_allclose(parse_rigidities("1..10:0.25"), 10 ** np.arange(0, 1.1, 0.25))
    assert parse_rigidities("1,2.5,7").tolist() == [1, 2.5, 7]


@pytest.mark.parametrize("text", [
    "", "5", "1..320", "1..320:0", "320..1:0.05", "0..10:0.1", "1..nan:0.1", "1..10:nan", "1..inf:0.1", "2,1", "1,1", "-1,2", "1,x",
    "1..320:-0.1", "1..320:1e-9",
])
def test_ranges_without_sense_are_refused(text):
    with pytest.raises(InputError, match="--rigidities"):
        parse_rigidities(text)
