"""Colours: readable, perceptual, and told apart by everyone."""

import re

import numpy as np
import pytest

from zevatron.gui.style import colormaps, theme
from zevatron.gui.style.stylesheet import TEMPLATE, stylesheet

THEMES = pytest.mark.parametrize("colours", [theme.DARK, theme.LIGHT, theme.CONTRAST], ids=lambda t: t.name)
# R. M. Machado et al., IEEE Trans. Vis. Comput. Graph. 15 (2009) 1291, severity 1.0, on linear RGB
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255 if isinstance(colour, str) else np.asarray(colour) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def luminance(rgb):
    return rgb @ [0.2126, 0.7152, 0.0722]


def contrast(a, b):
    """Contrast ratio of WCAG 2."""
    low, high = sorted((luminance(linear(a)), luminance(linear(b))))
    return (high + 0.05) / (low + 0.05)


def lightness(rgb):
    """CIE L* of linear RGB."""
    y = luminance(rgb)
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27)


@THEMES
@pytest.mark.parametrize("ground", ["ground", "panel", "control"])
@pytest.mark.parametrize("text", ["text", "quiet", "active", "limit", "fault"])
def test_texts_are_readable(colours, ground, text):
    least = {"text": 7, "quiet": 4.4, "fault": 4.4}.get(text, 4)  # accents are bold or lines
    assert contrast(getattr(colours, text), getattr(colours, ground)) >= least


@THEMES
def test_words_on_the_main_button_are_readable(colours):
    assert contrast(colours.on_active, colours.active) >= 4.4


@THEMES
@pytest.mark.parametrize("kind", BLINDNESS)
def test_accents_and_grey_are_told_apart_by_everyone(colours, kind):
    seen = [np.clip(np.array(BLINDNESS[kind]) @ linear(getattr(colours, name)), 0, 1) for name in ("active", "limit", "quiet")]
    lab = [_lab(rgb) for rgb in seen]
    distances = [np.linalg.norm(a - b) for i, a in enumerate(lab) for b in lab[:i]]
    assert min(distances) > 15  # CIE 1976; 2.3 is just noticed


def _lab(rgb):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (xyz * 24389 / 27 + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@THEMES
def test_sky_colours_are_perceptual(colours):
    steps = lightness(linear(theme.sky_lookup(colours).astype(float)))
    change = np.diff(steps)
    assert np.all(change > -0.3) if colours.is_dark else np.all(change < 0.3)
    assert abs(steps[-1] - steps[0]) > 85
    assert np.abs(change).max() < 4 * np.abs(change).mean()


@THEMES
@pytest.mark.parametrize("name", [*colormaps.CHOICES])
@pytest.mark.parametrize("kind", BLINDNESS)
def test_every_choice_of_sky_colours_is_told_apart_by_everyone(colours, name, kind):
    seen = np.clip(linear(colormaps.chosen(name, colours.sky, colours.is_dark).astype(float)) @ np.array(BLINDNESS[kind]).T, 0, 1)
    steps = lightness(seen)
    change = np.diff(steps[::8])
    assert np.all(change > 0) if colours.is_dark else np.all(change < 0)
    assert abs(steps[-1] - steps[0]) > 60


@THEMES
@pytest.mark.parametrize("kind", BLINDNESS)
def test_less_and_more_are_told_apart_by_everyone(colours, kind):
    table = colormaps.diverging(colours.is_dark)
    seen = np.clip(linear(table.astype(float)) @ np.array(BLINDNESS[kind]).T, 0, 1)
    lab = np.array([_lab(rgb) for rgb in seen])
    assert np.linalg.norm(lab[0] - lab[-1]) > 50 and np.linalg.norm(lab[64] - lab[191]) > 20
    away = np.abs(lightness(seen) - lightness(seen)[127])
    assert np.all(np.diff(away[127::8]) > 0) and np.all(np.diff(away[127::-8]) > 0)


def test_light_skies_begin_at_paper_white():
    for name in colormaps.CHOICES:
        first = colormaps.chosen(name, theme.LIGHT.sky, False)[0]
        assert first.min() >= 245 and np.ptp(first) <= 6


def test_letters_grow_and_shrink_together(qtbot):
    before = theme.font().pixelSize()
    with qtbot.waitSignal(theme.notifier.changed):
        theme.set_type_scale(2.0)
    assert theme.font().pixelSize() == 2 * before and "font-size: 26px" in stylesheet(theme.DARK)
    theme.set_type_scale(1.0)
    assert theme.font().pixelSize() == before


def test_theme_is_announced(qtbot):
    with qtbot.waitSignal(theme.notifier.changed) as told:
        theme.toggle()
    assert told.args == [theme.LIGHT] and theme.current() is theme.LIGHT
    theme.toggle()
    assert theme.current() is theme.DARK


@THEMES
def test_stylesheet_uses_theme_colours_only(colours):
    assert "#" not in re.sub(r"\bQ\w+#", "", TEMPLATE.template)  # names of widgets aside
    assert colours.active in stylesheet(colours) and "$" not in stylesheet(colours)


def test_no_colour_outside_the_theme():
    from pathlib import Path

    folder = Path(theme.__file__).parents[1]
    found = [path.name for path in folder.rglob("*.py") if path.name != "theme.py" and re.search(r"[\"']#[0-9a-fA-F]{6}\b", path.read_text())]
    assert found == []
