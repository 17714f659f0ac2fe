"""Numbers as in print, and what becomes colour."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zevatron.gui.plots.base import PrintedAxis, decimals_of
from zevatron.gui.plots.maps import NO_VALUE, ColourScale, EventDots, MapStack, event_counts, relative_density
from zevatron.gui.style import numbers


@pytest.mark.parametrize(("value", "text"), [
    (18.437, "18.4"), (0, "0"), (-43.04, "−43.0"), (0.000321, "0.000321"), (1.234e-5, "1.23\u2009×\u200910⁻⁵"),
    (123456.0, "1.23\u2009×\u200910⁵"), (9.999, "10.0"), (999.9, "1000"), (None, "—"), (float("nan"), "—"), (float("inf"), "∞"),
])
def test_significant_digits(value, text):
    assert numbers.significant(value) == text


@pytest.mark.parametrize(("call", "text"), [
    (numbers.fixed(-0.04, 1), "0.0"), (numbers.percent(0.0567, 2), "5.67\u2009%"), (numbers.percent(None), "—"),
    (numbers.percent_interval(0.054, 0.052, 0.056), "5.4 ± 0.2\u2009%"),
    (numbers.percent_interval(0.054, 0.053, 0.057), "5.4 +0.3 −0.1\u2009%"),
    (numbers.percent_interval(0.0128, 0.0127, 0.01284, 2), "1.28 ± 0.01\u2009%"),
    (numbers.percent_interval(0.054, None, None), "5.4\u2009%"), (numbers.energy_range(56.0, 62.83), "56–63 EeV"),
    (numbers.energy_range(56.0, 56.4), "56.0–56.4 EeV"), (numbers.right_ascension(201.365), "13h25m"),
    (numbers.right_ascension(359.99), "00h00m"), (numbers.tick(0.5), "0.5"), (numbers.tick(-20.0), "−20"),
    (numbers.tick(1e-4), "10⁻⁴"), (numbers.tick(2e6), "2×10⁶"), (numbers.clock(185), "3 min 05 s"), (numbers.clock(None), "—"),
])
def test_print(call, text):
    assert call == text


@given(st.floats(1e-12, 1e12))
def test_three_significant_digits_are_right_to_half_a_unit(value):
    text = numbers.significant(value).replace("\u2009", "")
    mantissa, _, power = text.partition("×10")
    exponent = int(power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")) or 0)
    assert float(mantissa) * 10.0**exponent == pytest.approx(value, rel=0.0051)


@pytest.mark.parametrize(("step", "decimals"), [(0.05, 2), (0.1, 1), (0.25, 2), (2, 0), (0.002, 3)])
def test_an_axis_writes_as_many_decimals_as_its_step_needs(step, decimals):
    assert decimals_of(step) == decimals


@pytest.mark.parametrize(("low", "high", "written"), [
    (0.25, 2.0, ["0.5", "1"]), (0.9, 6.0, ["1", "2", "5"]), (1e-3, 10.0, ["0.001", "0.01", "0.1", "1", "10"]), (2.5, 6.5, ["3", "4", "5", "6"]),
])
def test_a_logarithmic_axis_names_enough_numbers_to_be_read(qapp, low, high, written):
    axis = PrintedAxis("left")
    axis.setLogMode(y=True)
    levels = axis.tickValues(np.log10(low), np.log10(high), 150)
    texts = [text for spacing, values in levels for text in axis.tickStrings(values, 1.0, spacing) if text]
    assert sorted(set(texts), key=float) == written


@given(st.floats(0.01, 30.0))
def test_a_signed_scale_has_zero_in_its_middle(top):
    stack = MapStack(np.array([[-top, 0.0, top / 2], [0.0, 0.0, 0.0]], np.float32), 1, np.array([1.0, 2.0]), "", "", is_signed=True)
    scale = stack.scale("log", stack.top(slice(0, 1)))
    assert scale.kind == "linear" and scale.high == -scale.low >= 3.0
    assert scale.fraction(0.0) == pytest.approx(0.5)
    ticks = scale.ticks()
    np.testing.assert_allclose(ticks, -ticks[::-1])
    assert len(ticks) >= 3 and 0 in ticks


@given(st.sampled_from(["linear", "sqrt", "asinh", "log"]), st.floats(1e-3, 1e5), st.booleans())
def test_a_scale_rises_from_one_end_to_the_other_and_its_ticks_lie_on_it(kind, top, discrete):
    scale = ColourScale.for_top(kind, top, discrete)
    fractions = scale.fraction(np.linspace(scale.low, top, 50))
    assert fractions[0] == pytest.approx(0, abs=1e-9)
    assert fractions[-1] == pytest.approx(1)
    assert np.all(np.diff(fractions) > 0)
    ticks = scale.ticks(discrete=discrete)
    assert np.all(np.diff(ticks) > 0)
    assert np.all((scale.fraction(ticks) >= 0) & (scale.fraction(ticks) <= 1))
    if discrete and kind == "linear":
        np.testing.assert_array_equal(ticks, np.round(ticks))


def test_no_value_has_a_colour_of_its_own():
    indices = ColourScale("linear", 0.0, 2.0).colour_indices(np.array([0.0, 1.0, 2.0, 9.0, np.nan], np.float32))
    np.testing.assert_array_equal(indices, [0, 127, 254, 254, NO_VALUE])


def test_the_density_relative_to_isotropy_averages_to_one(rng):
    source, isotropic = rng.random((48, 3)), rng.random((48, 3))
    source, isotropic = source / source.sum(), isotropic / isotropic.sum()
    stack = relative_density(source, isotropic, 2, [50.0, 60.0, 80.0, 100.0])
    np.testing.assert_allclose(np.sum(stack.values[1:].T * isotropic / isotropic.sum(0), axis=0), 1, rtol=1e-5)
    assert np.sum(stack.values[0] * isotropic.sum(1)) == pytest.approx(1, rel=1e-6)


def test_a_bin_without_source_events_is_dark_and_not_unknown():
    source, isotropic = np.c_[np.full(12, 1 / 12), np.zeros(12)], np.full((12, 2), 1 / 24)
    np.testing.assert_allclose(relative_density(source, isotropic, 1, [50.0, 60.0, 70.0]).values[1:], [[1.0] * 12, [0.0] * 12])


def test_without_isotropic_events_there_is_no_ratio():
    source, isotropic = np.full((12, 1), 1 / 12), np.r_[np.zeros(6), np.full(6, 1 / 6)][:, None]
    stack = relative_density(source, isotropic, 1, [50.0, 60.0])
    assert np.isnan(stack.values[:, :6]).all()
    assert stack.top(slice(None)) == pytest.approx(0.5)


def test_counts_keep_every_event(rng):
    ipix, bins = rng.integers(0, 48, 300), rng.integers(0, 3, 300)
    stack = event_counts(ipix, bins, 2, [50.0, 60.0, 80.0, 100.0])
    np.testing.assert_array_equal(stack.values[1:].sum(1), np.bincount(bins, minlength=3))
    np.testing.assert_array_equal(stack.values[0], np.bincount(ipix, minlength=48))


def test_events_of_one_bin(rng):
    n = 40
    dots = EventDots(rng.random(n), rng.random(n), rng.random(n), rng.integers(0, 3, n), rng.random(n) < 0.5)
    assert sum(len(dots.of_bin(b)) for b in range(3)) == len(dots.of_bin(None)) == n
    np.testing.assert_array_equal(dots.of_bin(2).energy, dots.energy[dots.bin == 2])


def test_epochs_are_whole_numbers(qtbot):
    axis = PrintedAxis("bottom")
    for is_whole, point in ((False, True), (True, False)):
        axis.is_whole = is_whole
        texts = [text for spacing, values in axis.tickValues(0.8, 5.2, 300) for text in axis.tickStrings(values, 1.0, spacing)]
        assert ("3.0" in texts) == point and ("3" in texts) == (not point)
