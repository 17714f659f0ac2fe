"""The random field: laws of a box of turbulence, of the striated field, and of what a realisation is.

Where a law holds only on average, it is tested on the mean of many small boxes, within four or five times the error
that their scatter, or the number of their modes, says the mean has.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import fft
from scipy.ndimage import map_coordinates
from scipy.stats import kurtosis, skew

from zevatron.core.config import FieldConfig
from zevatron.core.errors import CancelledError, InputError
from zevatron.core.galactic_field import GalacticField, backtrack, galactic_field, random_field
from zevatron.core.galactic_field.jf12 import JF12
from zevatron.core.galactic_field.jf12_random import jf12_random
from zevatron.core.galactic_field.random_field import coherence_length, kolmogorov_box
from zevatron.core.progress import Progress
from zevatron.core.streams import random_stream

REFERENCE = Path(__file__).parents[1] / "reference" / "gmf"
SCALES = 0.016, 0.256 / 5.3  # kpc, of the small boxes


def spectrum(box):
    """Wave number in waves per box and power of every Fourier mode, shapes (n, n, n)."""
    number = fft.fftfreq(len(box), 1 / len(box))
    k = np.sqrt(sum(axis**2 for axis in np.meshgrid(number, number, number, indexing="ij")))
    modes = fft.fftn(box.astype(float), axes=(0, 1, 2), workers=-1)
    return k, (np.abs(modes) ** 2).sum(axis=3) / len(box) ** 6


def turbulence_at(draw, positions):
    """Unit turbulence by scipy's linear interpolation in the periodic box, shape (n, 3)."""
    points = positions.T * draw.points_per_kpc
    components = [
        map_coordinates(draw.turbulence[..., i], points, output=float, order=1, mode="grid-wrap") for i in range(3)
    ]
    return draw.unit * np.stack(components, axis=1)


@pytest.fixture(scope="module")
def box():
    """0.512 kpc with the full range of waves that its points can hold: 4 to 64 waves in a box of 128 points."""
    return kolmogorov_box(np.random.default_rng(1), 128, 0.004, 0.008, 0.128)


@pytest.fixture(scope="module")
def boxes():
    """Forty small boxes that hold 5.3 of the longest and 16 of the shortest waves, shape (40, 64, 64, 64, 3)."""
    rng = np.random.default_rng(2)
    return np.stack([kolmogorov_box(rng, 64, 0.004, *SCALES) for _ in range(40)])


@pytest.fixture(scope="module")
def jf12():
    """Field with its full box of 256 points."""
    field = galactic_field("jf12")
    assert field.draw.turbulence.shape == (256, 256, 256, 4)
    return field


@pytest.fixture
def small_draws(monkeypatch):
    """Make a draw take 0.3 s, and leave the kept box of full size alone."""
    monkeypatch.setattr(random_field, "POINTS", 128)
    monkeypatch.setattr(random_field, "turbulent_box", random_field.turbulent_box.__wrapped__)


def test_box_has_unit_rms_and_zero_mean(box):
    """By construction, so to the rounding of 32-bit numbers."""
    assert np.mean((box.astype(float) ** 2).sum(axis=3)) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(box.mean(axis=(0, 1, 2), dtype=float), 0, atol=1e-6)


def test_energy_per_interval_of_k_falls_as_kolmogorov(box):
    """The mean power of N modes scatters by N**-1/2 about its law, two polarisations and conjugate pairs counted."""
    k, power = spectrum(box)
    inside = (k >= 4) & (k < 64) & (power > 1e-20)  # those at the Nyquist frequency are left out
    shell = k[inside].astype(int) - 4
    count = np.bincount(shell)
    relative = np.bincount(shell, (power * k ** (11 / 3))[inside] / np.mean((power * k ** (11 / 3))[inside])) / count
    assert np.abs((relative - 1) * np.sqrt(count)).max() < 4.5
    log_k = np.log(np.arange(4.5, 64))
    slope, error = np.polyfit(log_k, np.log(relative), 1, w=np.sqrt(count))[0], 1 / np.sqrt(count @ (log_k - 4) ** 2)
    assert slope == pytest.approx(0, abs=max(4 * error, 0.01))  # of k**(5/3) times the energy


def test_no_wave_outside_the_scales(box):
    k, power = spectrum(box)
    outside = (k < 4 * (1 - 1e-6)) | (k > 64 * (1 + 1e-6))
    assert power[outside].sum() < 1e-10
    assert (power[~outside & (k < 63)] > 0).all()


def test_coherence_length_of_the_published_scales():
    assert coherence_length(8.0, 272.0) == pytest.approx(60.0, abs=0.05)
    assert coherence_length(16.0, 272.0) == pytest.approx(63.5, abs=0.05)
    assert coherence_length(0.016, 0.064) == pytest.approx(coherence_length(16.0, 64.0) / 1000)


def test_coherence_length_is_the_integral_of_the_correlation(boxes):
    """Over a whole line through a periodic box it is the mean square of the line's average, times its length.

    Of waves that fit into the box, those across the line have 1.2 % less power than the continuum of the formula: a
    sum over the points of the lattice.
    """
    measured = [
        np.mean([(box.mean(axis=axis) ** 2).sum(axis=2).mean() for axis in range(3)]) * 64 * 0.004 for box in boxes
    ]
    error = np.std(measured) / np.sqrt(len(measured))
    assert error < 0.01 * np.mean(measured)
    assert np.mean(measured) / 0.988 == pytest.approx(coherence_length(*SCALES), abs=4 * error)


def test_waves_are_transverse(box):
    """Divergence in Fourier space: k . B is zero to the rounding of 32-bit numbers."""
    number = fft.fftfreq(128, 1 / 128)
    k = np.stack(np.meshgrid(number, number, number, indexing="ij"), axis=3)
    modes = fft.fftn(box.astype(float), axes=(0, 1, 2), workers=-1)
    along = np.abs((k * modes).sum(axis=3)) ** 2
    assert along.sum() < 1e-12 * ((k**2).sum(axis=3) * (np.abs(modes) ** 2).sum(axis=3)).sum()


def test_questions_while_a_box_is_filled_change_no_bit(small_draws):
    asked = []
    quiet, unit = random_field.turbulent_box(3, 0, *SCALES)
    with random_field.asking(lambda: asked.append(1)):
        box, same = random_field.turbulent_box(3, 0, *SCALES)
    assert box.tobytes() == quiet.tobytes() and unit == same
    assert len(asked) > 128  # between two Fourier transforms, and at each plane
    random_field.turbulent_box(4, 0, *SCALES)
    assert len(asked) == 128 + 11


@pytest.mark.parametrize("questions", [0, 5, 60])
def test_a_box_that_nobody_wants_any_more_is_given_up(small_draws, questions):
    left = iter(range(questions))

    def ask():
        if next(left, None) is None:
            raise CancelledError()

    with pytest.raises(CancelledError), random_field.asking(ask):
        random_field.turbulent_box(3, 0, *SCALES)
    progress, field = Progress(), galactic_field(FieldConfig(model="jf12", seed=987))
    progress.cancel()
    with pytest.raises(CancelledError):
        backtrack(field, 10.0, np.eye(3), progress=progress)
    assert "draw" not in vars(field)


def test_divergence_by_differences_is_small(rng):
    """Central differences of a wave of 16 points are wrong by up to (2 pi / 16)**2 / 6 = 2.6 %."""
    smooth = kolmogorov_box(rng, 64, 0.004, 0.064, 0.256)
    gradient = np.stack([np.roll(smooth, -1, axis) - np.roll(smooth, 1, axis) for axis in range(3)])
    divergence = gradient[0, ..., 0] + gradient[1, ..., 1] + gradient[2, ..., 2]
    assert np.std(divergence) < 0.026 * np.sqrt(np.mean(gradient**2))


def test_components_are_alike_and_uncorrelated(boxes):
    products = np.einsum("bxyzi,bxyzj->bij", boxes, boxes, optimize=True) / 64**3
    error = products.std(axis=0) / np.sqrt(len(boxes))
    assert error.max() < 0.003
    assert (np.abs(products.mean(axis=0) - np.eye(3) / 3) < 4 * error).all()


def test_correlations_along_and_across_a_line_belong_together(boxes):
    """Without divergence g = f + r f' / 2 (von Karman & Howarth 1938), f of B along and g of B across the line.

    The derivative is exact, taken in Fourier space. Of f(0), a third, the mean of the boxes scatters by 0.3 % and the
    lattice of the waves makes 0.8 %; g falls below zero, by 14 % of it, where f does not.
    """
    along = across = 0
    for axis in range(3):
        lines = np.moveaxis(boxes, axis + 1, 3)
        power = (np.abs(fft.rfft(lines, axis=3)) ** 2).mean(axis=(0, 1, 2)) / 64
        along = along + power[:, axis] / 3
        across = across + (power.sum(axis=1) - power[:, axis]) / 6
    wave, lag = 2j * np.pi * np.arange(33) / 64, np.arange(17)
    f, g, slope = (fft.irfft(values)[:17] for values in (along, across, wave * along))
    assert f[0] == pytest.approx(1 / 3, abs=0.003)
    np.testing.assert_allclose(g, f + lag * slope / 2, atol=0.012 * f[0])
    assert g.min() < -0.12 * f[0] < -0.05 * f[0] < f.min()


def test_field_is_gaussian(boxes):
    """Moments of each box scatter about zero; fixing its rms takes 3 / (degrees of freedom) from the kurtosis."""
    samples = boxes[::2].reshape(20, -1, 3).transpose(0, 2, 1)
    third, fourth = skew(samples, axis=2).ravel(), kurtosis(samples, axis=2).ravel()
    for moment in (third, fourth):
        error = moment.std() / np.sqrt(len(moment))
        assert error < 0.01
        assert abs(moment.mean()) < 4 * error + 0.005


def test_box_fits_in_memory(jf12):
    assert sum(part.nbytes for part in (jf12.draw.turbulence, jf12.draw.signs)) < 150e6


def test_full_box_is_the_published_turbulence(jf12):
    """Unit rms at points 16 pc apart, and waves between 8 and 272 pc only: 3.8 to 128 in the box of 1.024 kpc."""
    some = jf12.draw.turbulence[::4, ::4, ::4, :3] * jf12.draw.unit
    assert np.sqrt((some**2).sum(axis=3).mean()) == pytest.approx(1, abs=0.01)
    k, power = spectrum(some)
    assert power[k < 3.7].sum() < 3e-4  # folded there from waves too short for points 16 pc apart
    assert power[(k > 3.76) & (k < 5)].sum() > 0.1
    assert not jf12.draw.turbulence[..., 3].any()
    assert 1 / jf12.draw.points_per_kpc == pytest.approx(0.004)


@pytest.mark.parametrize("scales", [(0.007, 0.1), (0.06, 0.06), (0.1, 0.02), (0.02, 0.3), (0.02, np.nan), (-1, 0.1)])
def test_scales_that_a_box_cannot_hold_are_refused(scales):
    with pytest.raises(InputError, match=r"at least 0\.008 kpc below an outer scale of at most 0\.256 kpc, received"):
        kolmogorov_box(np.random.default_rng(1), 64, 0.004, *scales)


def test_whole_numbers_cost_less_than_a_ten_thousandth_of_the_rms(small_draws):
    box, unit = random_field.turbulent_box(3, 5, 0.008, 0.128)
    exact = kolmogorov_box(random_stream(3, "turbulent field", 5), 128, 0.004, 0.008, 0.128)
    np.testing.assert_allclose(box[..., :3] * unit, exact, atol=1e-4)


def test_same_realisation_is_the_same_field(small_draws):
    first, again = (galactic_field(FieldConfig(model="jf12", seed=4, realisation=2)).draw for _ in range(2))
    assert first is not again
    np.testing.assert_array_equal(first.turbulence, again.turbulence)
    np.testing.assert_array_equal(first.signs, again.signs)
    assert first.unit == again.unit


@pytest.mark.parametrize("other", [{"seed": 4, "realisation": 3}, {"seed": 5, "realisation": 2}])
def test_another_realisation_is_independent(other, small_draws):
    """The correlation of two boxes scatters by the root of the sum of P**2 / 3, P the share of a mode in the power."""
    configs = FieldConfig(model="jf12", seed=4, realisation=2), FieldConfig(model="jf12", **other)
    first, second = (galactic_field(config).draw for config in configs)
    one, two = (draw.turbulence[..., :3] * draw.unit for draw in (first, second))
    error = np.sqrt((spectrum(one)[1] ** 2).sum() / 3)
    assert error < 0.15
    assert abs(np.mean((one * two).sum(axis=3))) < 4 * error
    assert abs(np.mean(first.signs * second.signs, dtype=float)) < 4e-3


def test_digest_names_the_realisation():
    configs = [{}, {"realisation": 1}, {"seed": 2}]
    fields = [galactic_field(FieldConfig(model="jf12", **changed)) for changed in configs]
    fields += [galactic_field("jf12_regular"), GalacticField("jf12", JF12(), replace(jf12_random(), striation=1.0))]
    assert len({field.digest for field in fields}) == len(fields)


def test_field_is_the_sum_of_its_parts(jf12, rng):
    """Regular field stretched or turned round in its cube, plus rms times turbulence, each computed by other means."""
    positions = rng.uniform([-15, -15, -3], [15, 15, 3], (20_000, 3))
    regular, rms = galactic_field("jf12_regular").values(positions), jf12.random_strength(positions)[0]
    signs = jf12.draw.signs[tuple(np.floor(positions.T / 0.1).astype(int) % 100)]
    turbulence = turbulence_at(jf12.draw, positions)
    expected = regular * (1 + np.sqrt(1.36) * signs)[:, np.newaxis] + rms[:, np.newaxis] * turbulence
    np.testing.assert_allclose(jf12.values(positions), expected, atol=1e-9)
    # linear interpolation damps a wave by (2 + cos(2 pi k h)) / 3 in each direction: 6.6 % of the energy
    assert np.mean((turbulence**2).sum(axis=1)) == pytest.approx(0.934, abs=4 * 0.82 / np.sqrt(len(positions)))


def test_signs_are_equally_often_up_and_down(jf12):
    """A million signs, and the products of neighbours in each direction: all average to zero within 4 / 1000."""
    signs = jf12.draw.signs.astype(int)
    assert set(np.unique(signs)) == {-1, 1}
    averages = [signs.mean()] + [np.mean(signs * np.roll(signs, 1, axis)) for axis in range(3)]
    assert np.abs(averages).max() < 4e-3


def test_sign_is_one_in_a_cube_of_100_pc():
    """Seen in the field itself: factors of the regular field at points of 500 cubes, and 10 kpc further."""
    silent = replace(
        jf12_random(), random_arm_strengths=(0.0,) * 8, random_inner_strength=0.0, random_halo_strength=0.0
    )
    rng = np.random.default_rng(8)
    cubes = rng.integers(-60, -10, (500, 1, 3))
    positions = 0.1 * (cubes + rng.uniform(0.001, 0.999, (500, 20, 3))).reshape(-1, 3)
    for shift in ([0, 0, 0], [10, 0, 0], [0, 10, 0], [0, 0, 10]):
        at = positions + shift
        field, regular = GalacticField("striated", JF12(), silent), galactic_field("jf12_regular").values(at)
        factor = (field.values(at) * regular).sum(axis=1) / (regular**2).sum(axis=1)
        signs = ((factor - 1) / np.sqrt(1.36)).reshape(500, 20)
        np.testing.assert_allclose(np.abs(signs), 1, atol=1e-9)
        np.testing.assert_allclose(signs, np.tile(field.draw.signs[tuple(cubes[:, 0].T % 100)], (20, 1)).T, atol=1e-9)


def test_turbulence_repeats_after_a_box(jf12, rng):
    positions = rng.uniform(-1, 1, (500, 3))
    steady = replace(
        jf12_random(), striation=0.0, random_arm_strengths=(0.0,) * 8, random_inner_strength=0.0,
        random_halo_strength=1.0, random_halo_radius=1e12, random_halo_scale=1e12,
    )
    empty = JF12(arm_strengths=(0.0,) * 8, ring_strength=0.0, north_strength=0.0, south_strength=0.0, x_strength=0.0)
    field = GalacticField("turbulence alone", empty, steady)
    np.testing.assert_allclose(field.values(positions), turbulence_at(field.draw, positions), atol=1e-9)
    for boxes_away in ([1, 0, 0], [0, -3, 0], [0, 0, 7], [-5, 2, 4]):
        moved = positions + 1.024 * np.array(boxes_away)
        np.testing.assert_allclose(field.values(moved), field.values(positions), atol=1e-9)


@pytest.mark.parametrize(("table", "name"), [("jf12", "jf12"), ("jf12planck", "jf12_planck")])
def test_strength_agrees_with_crpropa(table, name):
    text = (REFERENCE / f"turbulent_strength_{table}.csv").read_text()
    lines = [line for line in text.splitlines() if line[0] != "#"]
    numbers = np.array([line.split(",")[:5] for line in lines[1:]], dtype=float)
    for found, expected in zip(galactic_field(name).random_strength(numbers[:, :3]), numbers[:, 3:].T, strict=True):
        wrong = np.abs(found - expected) > 1e-4 * expected + 1e-12
        assert wrong.mean() <= 0.002


def test_regular_models_have_no_random_strength(rng):
    turbulent, striated = galactic_field("jf12_regular").random_strength(rng.normal(0, 5, (30, 3)))
    assert turbulent.shape == striated.shape == (30,)
    assert not turbulent.any()
    assert not striated.any()
