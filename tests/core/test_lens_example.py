"""The maps that come with Zevatron are found, small, and what the code computes today."""

import numpy as np
import pytest

from zevatron.core.config import RunConfig
from zevatron.core.galactic_field import galactic_field
from zevatron.core.lens import assembly, source_lens
from zevatron.core.lens.example import build, example_grid
from zevatron.core.lens.store import read_images, rigidity_key
from zevatron.core.resources import resource_path
from zevatron.core.sources import catalogue, find_source

CONFIG = RunConfig()
PUBLISHED = [source for source in catalogue() if source.published]


@pytest.fixture
def no_tracing(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("the shipped maps do not fit; make them again: python main.py example-maps --out resources/lens")

    monkeypatch.setattr(assembly, "backtrack", refuse)


@pytest.mark.parametrize("source", PUBLISHED, ids=lambda source: source.key)
def test_default_run_traces_nothing(no_tracing, tmp_path, source):
    lens = source_lens(source, CONFIG.field, CONFIG.sky, example_grid(), cache=tmp_path)
    total = lens.density().sum(axis=1)
    np.testing.assert_allclose(total[lens.magnification > 0], 1)
    assert (lens.magnification[lens.rigidity > 10] > 0.2).all()
    assert (lens.n_effective[lens.rigidity > 7] > 1500).all()  # below, some images are just about to appear
    assert not list(tmp_path.iterdir())  # nothing to keep


def test_shipped_maps_are_small():
    files = list(resource_path("lens").glob("*.h5"))
    assert len(files) == len(PUBLISHED)
    assert sum(path.stat().st_size for path in files) < 2_000_000


@pytest.mark.parametrize("row", [26, 45, 77])  # 5, 15 and 95 EV
def test_part_made_again_is_the_same(tmp_path, row):
    source, galaxy, radius = find_source("Cen A"), galactic_field(CONFIG.field), CONFIG.sky.source_radius
    rigidity = example_grid()[row]
    shipped = read_images(assembly.shipped_path(source, galaxy), assembly.lens_digest(source, galaxy, radius))
    image = assembly.compute_image(source, galaxy, radius, rigidity, cache=tmp_path)
    old, new = (
        assembly.SourceLens("Cen A", radius, 32, np.array([rigidity]), (kept,))
        for kept in (shipped[rigidity_key(rigidity)], image)
    )
    assert 0.5 * np.abs(old.density() - new.density()).sum() < 0.02  # other processors round otherwise
    np.testing.assert_allclose(old.magnification, new.magnification, rtol=0.02)


def test_build_writes_what_it_says(monkeypatch, tmp_path):
    monkeypatch.setattr("zevatron.core.lens.example.example_grid", lambda: assembly.rigidity_grid(100.0, 105.0))
    text = build(tmp_path / "out", sources=[find_source("M82")], cache=tmp_path / "cache")
    (path,) = (tmp_path / "out").iterdir()
    assert path.name == "M82-jf12_regular.h5" and "2 rigidities" in text
