"""The report of a lens: shares that add up, both ways of counting, files."""

import json
from dataclasses import replace

import numpy as np
import pytest
from test_sky_density import CHARGES, PUBLISHED, expected, one_pixel_lens, power_law, toy_density

from zevatron.core.config import RunConfig
from zevatron.core.sky_density import AveragedField, LensReport
from zevatron.core.sky_density.arrivals import nuclei_in_cells
from zevatron.core.sky_density.files import read_densities, write_densities
from zevatron.core.sky_density.lens_report import lens_report, mean_report, write_reports
from zevatron.core.storage.tables import read_table

FIELDS = (AveragedField("jf12, realisation 0", 0.75), AveragedField("jf12, realisation 1", 0.25, arrives=False))


def report_of(lens):
    return lens_report("Cen A", nuclei_in_cells(power_law(), CHARGES, PUBLISHED), lens, PUBLISHED)


@pytest.fixture
def dim():
    """Four rigidities: bright, dim, very dim, and empty."""
    return LensReport(
        "Cen A", np.array([10.0, 5.0, 3.0, 2.0]), np.array([1.0, 0.05, 0.005, 0.0]), np.array([5000.0, 250.0, 30.0, 0.0]),
        np.array([0.0, 0.0, 0.0, 1.0]), np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.96, 0.036, 0.0024, 0.0]), FIELDS,
    )


def test_shares_are_those_of_the_density(rng):
    lens = one_pixel_lens(low=3.0, closed=(6, 7))
    report = report_of(lens)
    _, losses = expected(power_law(), lens)
    assert report.share_edge.sum() == pytest.approx(1 - losses.outside_rigidity)
    assert report.summary("edge").blocked == pytest.approx(losses.blocked) and losses.blocked > 0.01
    assert report.share_flux.sum() == pytest.approx(1) and report.summary("flux").blocked == 0
    wide = replace(PUBLISHED, n_bins=20)  # hardly anything above the last edge: pixel i holds what has rigidity i
    report = lens_report("Cen A", nuclei_in_cells(power_law(), CHARGES, wide), lens, wide)
    for normalisation in ("edge", "flux"):
        by_row = expected(power_law(), lens, wide, normalisation)[0].sum(axis=1)[:26]
        share = report.shares(normalisation) * (1 - report.empty)
        np.testing.assert_allclose(by_row, share / share.sum(), atol=2e-3)


def test_summary_counts_dim_and_blocked_rigidities_both_ways(dim):
    edge, flux = dim.summary("edge"), dim.summary("flux")
    assert (edge.dim, edge.very_dim, edge.blocked) == pytest.approx((0.5, 0.2, 0.1))
    assert (flux.dim, flux.very_dim, flux.blocked) == pytest.approx((0.0384, 0.0024, 0.0))
    assert (edge.median_rays, edge.least_rays) == (250, 30)
    assert (flux.median_rays, flux.least_rays) == (5000, 30)
    few = replace(dim, share_flux=np.array([0.9995, 0.0003, 0.0002, 0.0]))
    assert few.summary("flux").least_rays == 5000  # rigidities that hold less than a thousandth do not matter


def test_lines_show_both_ways_and_the_fields_left_out(dim):
    edge, flux, fields, left_out = dim.lines()
    assert "at the Galaxy's edge: 250 effective rays for the median nucleus, at least 30; 50.0% of the nuclei" in edge
    assert "weighted by the magnification: 5000 effective rays" in flux and "3.8% of the nuclei" in flux
    assert fields == "mean of 2 fields: jf12, realisation 0, jf12, realisation 1"
    assert left_out.endswith("nothing arrives through it: jf12, realisation 1")
    assert json.loads(json.dumps(dim.as_dict()))["fields"][1] == {"name": "jf12, realisation 1", "weight": 0.25, "arrives": False}


def test_a_lens_that_is_closed_has_no_rays():
    summary = report_of(one_pixel_lens(closed=range(26))).summary("edge")
    assert (summary.median_rays, summary.least_rays, summary.dim) == (0, 0, 0)
    assert summary.blocked == pytest.approx(1)


def test_mean_counts_rays_as_the_variance_does(rng):
    """A map of n rays has the variance 1 / n: the mean of maps has that of the weighted sum."""
    n, weights = np.array([40, 400]), np.array([0.3, 0.7])
    counts = rng.binomial(n, 0.3, (200_000, 2)) / n
    one = report_of(one_pixel_lens())
    reports = [replace(one, n_effective=np.full(26, float(size))) for size in n]
    rays = mean_report(reports, weights, FIELDS).n_effective[0]
    assert 0.3 * 0.7 / np.var(counts @ weights) == pytest.approx(rays, rel=0.02)


def test_mean_leaves_out_empty_maps_at_their_rigidity():
    first, second = report_of(one_pixel_lens(closed=(3,))), report_of(one_pixel_lens())
    mean = mean_report([first, second], [0.25, 0.75], FIELDS)
    assert mean.empty[3] == 0.25 and mean.n_effective[3] == pytest.approx(second.n_effective[3])
    np.testing.assert_allclose(mean.magnification, 0.25 * first.magnification + 0.75 * second.magnification)
    assert mean.fields == FIELDS


def test_files_keep_the_report(tmp_path, dim):
    density = replace(toy_density("Cen A", 3), lens_reports=(dim, replace(dim, source="M82", fields=())))
    write_densities(tmp_path / "maps.h5", RunConfig(), [density])
    (found,) = read_densities(tmp_path / "maps.h5")[1]
    assert [report.source for report in found.lens_reports] == ["Cen A", "M82"]
    for before, after in zip(density.lens_reports, found.lens_reports, strict=True):
        assert after.fields == before.fields
        for name, values in before.columns().items():
            np.testing.assert_array_equal(after.columns()[name], values)


def test_table_has_one_row_for_each_source_and_rigidity(tmp_path, dim):
    write_reports(tmp_path / "lens.csv", [dim, replace(dim, source="M82")], ["digest abc"])
    table = read_table(tmp_path / "lens.csv")
    assert list(table.columns) == [
        "source", "rigidity_EV", "magnification", "n_effective", "empty", "share_edge", "share_flux",
    ]
    assert table.columns["source"] == ("Cen A",) * 4 + ("M82",) * 4
    np.testing.assert_array_equal(table.floats("share_flux")[:4], dim.share_flux)
