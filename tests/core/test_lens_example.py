"""The maps that come with Zevatron are found, small, and what the code computes today."""

from dataclasses import replace

import numpy as np
import pytest

from zevatron.core.config import FieldConfig, RunConfig
from zevatron.core.galactic_field import galactic_field
from zevatron.core.lens import assembly, source_lens
from zevatron.core.lens.example import build, example_grid
from zevatron.core.lens.store import read_images, rigidity_key
from zevatron.core.resources import resource_path
from zevatron.core.sources import catalogue, find_source

CONFIG = RunConfig()
PUBLISHED = {source.key: source for source in catalogue() if source.published}
SHIPPED = sorted(path.stem.split("-") for path in resource_path("lens").glob("*.h5"))


@pytest.fixture
def no_tracing(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("the shipped maps do not fit; make them again: python main.py example-maps --out resources/lens")

    monkeypatch.setattr(assembly, "backtrack", refuse)


@pytest.mark.parametrize("field", [CONFIG.field.model, "jf12_regular"])
def test_all_published_sources_are_shipped(field):
    assert {key for key, model in SHIPPED if model == field} == set(PUBLISHED)


@pytest.mark.parametrize(("key", "field"), SHIPPED)
def test_shipped_maps_need_no_tracing(no_tracing, tmp_path, key, field):
    lens = source_lens(PUBLISHED[key], FieldConfig(model=field), CONFIG.sky, example_grid(), cache=tmp_path)
    total = lens.density().sum(axis=1)
    np.testing.assert_allclose(total[lens.magnification > 0], 1)
    bright = lens.magnification > 0.1
    assert bright[lens.rigidity > 16].all()
    assert np.median(lens.n_effective[bright]) > 1000
    assert (lens.n_effective[bright & (lens.rigidity > 3)] > (150 if field == "jf12" else 400)).all()
    assert not list(tmp_path.iterdir())  # nothing to keep


def test_shipped_maps_serve_no_finer_sky(no_tracing, tmp_path):
    with pytest.raises(AssertionError, match="do not fit"):
        source_lens(PUBLISHED["CenA"], CONFIG.field, replace(CONFIG.sky, nside=512), example_grid(), cache=tmp_path)


def test_shipped_maps_are_small():
    files = list(resource_path("lens").glob("*.h5"))
    assert max(path.stat().st_size for path in files) < 2_000_000


@pytest.mark.parametrize(("field", "row"), [("jf12_regular", 26), ("jf12_regular", 45), ("jf12_regular", 77), ("jf12", 77)])
def test_part_made_again_is_the_same(tmp_path, field, row):
    """At 5, 15 and 95 EV."""
    source, galaxy, radius = PUBLISHED["CenA"], galactic_field(field), CONFIG.sky.source_radius
    rigidity = example_grid()[row]
    shipped = read_images(assembly.shipped_path(source, galaxy), assembly.lens_digest(source, galaxy, radius))
    image = assembly.compute_image(source, galaxy, radius, rigidity, cache=tmp_path)
    old, new = (
        assembly.SourceLens("Cen A", radius, 32, np.array([rigidity]), (kept,))
        for kept in (shipped[rigidity_key(rigidity)], image)
    )
    assert 0.5 * np.abs(old.density() - new.density()).sum() < 0.02  # other processors round otherwise
    np.testing.assert_allclose(old.magnification, new.magnification, rtol=0.02)
    np.testing.assert_allclose(old.n_effective, new.n_effective, rtol=0.1)


def test_build_writes_what_it_says(monkeypatch, tmp_path):
    monkeypatch.setattr("zevatron.core.lens.example.example_grid", lambda: assembly.rigidity_grid(100.0, 105.0))
    text = build(
        tmp_path / "out", field=FieldConfig(model="jf12_regular"), sources=[find_source("M82")], cache=tmp_path / "cache"
    )
    (path,) = (tmp_path / "out").iterdir()
    assert path.name == "M82-jf12_regular.h5" and "2 rigidities" in text
