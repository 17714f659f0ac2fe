import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.image import imread

from zevatron.core import figures
from zevatron.core.errors import InputError
from zevatron.core.figures.skies import mollweide
from zevatron.core.sky import pixel_vectors, unit_vectors, vector_pixels
from zevatron.core.sky_density import SkyDensity
from zevatron.core.sources import catalogue

NSIDE = 16


def density_at(glon, glat, n_bins=5, spread=30.0):
    """A smooth spot at one place of the sky, weaker in higher bins."""
    spot = np.exp(spread * (pixel_vectors(NSIDE) @ unit_vectors(glon, glat) - 1))
    source = spot[:, None] * 0.5 ** np.arange(n_bins)
    edges = 56 * 10 ** (0.05 * np.arange(n_bins + 1))
    return SkyDensity("Spot", NSIDE, edges, source / source.sum(), np.full(source.shape, 1 / source.size))


def darkest_quarter(axes):
    """(left/right, upper/lower) quarter of the sky image that holds its maximum."""
    image = axes.images[0].get_array().filled(-1.0)
    row, column = np.unravel_index(np.argmax(image), image.shape)
    upper = row > image.shape[0] / 2 if axes.images[0].origin == "lower" else row < image.shape[0] / 2
    return ("left" if column < image.shape[1] / 2 else "right", "upper" if upper else "lower")


@pytest.mark.parametrize(
    ("glon", "glat", "where"),
    [(60, 30, ("left", "upper")), (300, 30, ("right", "upper")), (60, -30, ("left", "lower")), (300, -30, ("right", "lower"))],
)
def test_longitude_grows_to_the_left_and_latitude_upwards(glon, glat, where):
    figure = figures.sky_figure(density_at(glon, glat))
    assert darkest_quarter(figure.subfigs[0].axes[0]) == where


def test_sky_figure_has_one_panel_for_each_bin_with_its_energies_and_marks_sources_where_they_are():
    figure = figures.sky_figure(density_at(0, 0, n_bins=7), catalogue()[:2])
    titles = [axes.get_title() for axes in figure.subfigs[1].axes if axes.get_title()]
    assert len(titles) == 7 and titles[0] == "56–63 EeV"
    large = figure.subfigs[0].axes[0]
    names = [text.get_text() for text in large.texts]
    assert names == ["Cen A", "M82"]
    for source, text in zip(catalogue()[:2], large.texts, strict=True):
        # the readout of the projection at the marker is the source's pixel
        _, projection = mollweide(np.zeros(12), 1, 10)
        glon, glat = projection.xy2ang(*text.xy, lonlat=True)
        assert vector_pixels(64, unit_vectors(glon, glat)) == vector_pixels(64, source.direction)


@pytest.mark.parametrize("kind", figures.FORMATS)
def test_figures_are_written_whole(tmp_path, kind):
    path = tmp_path / f"sky.{kind}"
    figures.save(figures.sky_figure(density_at(60, 30)), path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    if kind == "png":
        picture = imread(path)
        assert picture.shape[0] > 500 and picture.std() > 0.05
    elif kind == "svg":
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
    else:
        assert path.read_bytes().startswith(b"%PDF")


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(InputError, match="png"):
        figures.save(figures.sky_figure(density_at(0, 0)), tmp_path / "sky.bmp")


def test_training_figure_marks_the_best_epoch():
    history = {
        "epoch": [1, 2, 3], "loss": [0.7, 0.5, 0.4], "val_loss": [0.7, 0.5, 0.6],
        "accuracy": [0.5, 0.7, 0.8], "val_accuracy": [0.5, 0.75, 0.7],
    }
    figure = figures.training_figure(history)
    for axes in figure.axes:
        (mark,) = (line for line in axes.lines if line.get_linestyle() == ":")
        assert mark.get_xdata()[0] == 2


def test_eta_figure_shows_ours_and_the_published_value():
    rows = [
        {"source": "Cen A", "n_events": n, "statistic": "likelihood_ratio", "eta_min": 3.0 / n, "eta_low": 2.9 / n, "eta_high": None}
        for n in (100, 300)
    ] + [{"source": "Cen A", "n_events": 100, "statistic": "bcnn", "eta_min": None, "eta_low": None, "eta_high": None}]
    (axes,) = figures.eta_figure(rows).axes
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["published, BCNN", "published, CNN", "published, Power spectrum D", "likelihood ratio (limit)"]
    published = next(line for line in axes.lines if line.get_label() == "published, BCNN")
    assert list(published.get_xdata()) == [300] and published.get_ydata()[0] == pytest.approx(0.0567)


def test_statistics_of_one_colour_are_told_apart_by_their_lines():
    names = ("likelihood_ratio", "bcnn", "cnn", "model:mine", "power_spectrum", "power_spectrum_squared")
    rows = [
        {"source": "M82", "n_events": n, "statistic": name, "eta_min": 3.0 / n, "eta_low": None, "eta_high": None}
        for name in names for n in (100, 300)
    ]
    (axes,) = figures.eta_figure(rows).axes
    drawn = {c.get_label(): (c.lines[0].get_color(), c.lines[0].get_linestyle(), c.lines[0].get_marker()) for c in axes.containers}
    assert len(drawn) == len(set(drawn.values())) == len(names) and "mine" in drawn
    assert len({colour for colour, _, _ in drawn.values()}) == 3


def test_map_of_any_kind_lies_where_its_values_are_and_leaves_white_what_is_missing():
    spot = np.exp(30 * (pixel_vectors(NSIDE) @ unit_vectors(60, 30) - 1))
    figure = figures.map_figure(np.where(spot < 1e-12, np.nan, spot), NSIDE, "deflection (°)", markers=catalogue()[:1])
    axes, bar = figure.axes[:2]
    assert darkest_quarter(axes) == ("left", "upper")
    assert bar.get_ylabel() == "deflection (°)"
    shown = axes.images[0].get_array()
    assert shown.mask.mean() > 1 - np.pi / 4 + 0.1  # more than what lies outside the ellipse
    assert shown.max() == pytest.approx(spot.max())
    assert catalogue()[0].name in {text.get_text() for text in axes.texts}


def test_planes_show_strength_arrows_and_rays(tmp_path):
    from zevatron.core.field_views import field_plane, trace_ray
    from zevatron.core.galactic_field import GalacticField
    from zevatron.core.galactic_field.uniform import UniformField

    galaxy = GalacticField("uniform", UniformField(bx=3.0, by=4.0))
    rays = [trace_ray(galaxy, 50.0, unit_vectors(90.0, 0.0), n_points=20)]
    figure = figures.planes_figure([field_plane(galaxy, plane, n=40) for plane in ("xy", "xz")], rays)
    xy, xz = figure.axes[:2]
    assert xy.images[0].get_array().compressed() == pytest.approx(5.0)
    arrows = {axes: axes.collections[0] for axes in (xy, xz)}
    np.testing.assert_allclose(np.nanmedian(arrows[xy].U), 0.6)
    np.testing.assert_allclose(np.nanmedian(arrows[xy].V), 0.8)
    np.testing.assert_allclose(np.nanmedian(arrows[xz].V), 0.0, atol=1e-12)
    np.testing.assert_allclose(xy.lines[1].get_xydata(), rays[0].points[:, :2])
    np.testing.assert_allclose(xz.lines[1].get_xydata(), rays[0].points[:, [0, 2]])
    figures.save(figure, tmp_path / "planes.pdf")
    assert (tmp_path / "planes.pdf").stat().st_size > 10_000


def test_planes_of_an_empty_galaxy_can_be_drawn(tmp_path):
    from zevatron.core.field_views import field_plane
    from zevatron.core.galactic_field import galactic_field

    figures.save(figures.planes_figure([field_plane(galactic_field("none"), "xy", n=20)]), tmp_path / "none.png")
    assert imread(tmp_path / "none.png").shape[2] == 4
