"""Angular power spectra: against healpy and sums over pairs, by the laws of shot noise and the symmetries of the sphere."""

import math
from pathlib import Path

import healpy as hp
import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import eval_legendre

from tests.core.training_runs import small_run
from zevatron.core.config import RunConfig, run_config
from zevatron.core.errors import InputError, UnknownNameError
from zevatron.core.harmonics import highest_multipole, legendre_functions, ring_places
from zevatron.core.mock_events import EventSampler, MockEvents, random_stream
from zevatron.core.network import build_network, event_network, register_layers
from zevatron.core.network.spectrum import PowerSpectra
from zevatron.core.sky_density import SkyDensity
from zevatron.core.statistics import SpectrumDeviation, named_verdict
from zevatron.core.statistics.power_spectrum import SkySpectra, isotropic_spectra
from zevatron.core.statistics.registry import statistic_named
from zevatron.core.training import NetworkStatistic, RunFolder, train

NSIDE = 16
REFERENCE = Path(__file__).parent.parent / "reference" / "jf12_random_CenA_arrivals.csv"
DEGREES = np.arange(1, 33)


def sky_density(nside=NSIDE, exposure=None, spread=8.0, n_bins=1):
    """A blob 20 degrees wide on a sky of the given exposure, uniform by default."""
    centre, vectors = hp.ang2vec(40, 20, lonlat=True), np.stack(hp.pix2vec(nside, np.arange(12 * nside**2), nest=True), axis=-1)
    seen = np.ones(len(vectors)) if exposure is None else exposure
    source = seen * np.exp(spread * (vectors @ centre - 1))
    spectrum = np.linspace(2, 1, n_bins)
    cells = [np.outer(values, spectrum) / (values.sum() * spectrum.sum()) for values in (source, seen)]
    return SkyDensity("blob", nside, 56 * 10 ** (0.05 * np.arange(n_bins + 1)), *cells)


def tilted_exposure(nside):
    """Falls towards the south and leaves the pole out."""
    z = hp.pix2vec(nside, np.arange(12 * nside**2), nest=True)[2]
    return np.where(z > -0.7, 1 + 0.8 * z, 0)


def events_at(ipix, nside=NSIDE, energy_bin=None, n_bins=1):
    ipix = np.atleast_2d(ipix).astype(np.int32)
    energy_bin = np.zeros(ipix.shape, np.int8) if energy_bin is None else energy_bin
    return MockEvents(ipix, energy_bin, np.zeros(ipix.shape, bool), np.zeros(len(ipix), int), nside, n_bins)


def isotropic(density, n_maps, n_events, rng):
    return EventSampler(density).draw(n_events, np.zeros(n_maps, int), rng)


# Harmonics


def test_legendre_functions_obey_the_addition_theorem():
    z = np.linspace(-1, 1, 21)
    table = legendre_functions(z, 32) ** 2
    for degree in (0, 1, 7, 32):
        total = table[:, 0, degree] + 2 * table[:, 1:, degree].sum(axis=1)
        assert_allclose(total, (2 * degree + 1) / (4 * math.pi), rtol=1e-12)


@pytest.mark.parametrize(("degree", "m"), [(0, 0), (1, 1), (5, 2), (9, 0), (32, 31)])
def test_harmonics_are_those_of_healpy(degree, m):
    ring, longitude, z = ring_places(8)
    ours = legendre_functions(z, 32)[ring, m, degree] * np.cos(m * longitude) * (2 if m else 1)
    coefficients = np.zeros(hp.Alm.getsize(32), complex)
    coefficients[hp.Alm.getidx(32, degree, m)] = 1
    assert_allclose(hp.reorder(hp.alm2map(coefficients, 8, lmax=32), r2n=True), ours, atol=1e-6)


def test_pixels_carry_no_more_multipoles_than_they_can():
    assert [highest_multipole(nside) for nside in (1, 2, 8, 16, 512)] == [2, 5, 23, 32, 32]


# Power spectra


def pair_sums(ipix, nside, degrees):
    """Sum of P_l(cos angle) over all pairs of events, each with itself too."""
    vectors = np.stack(hp.pix2vec(nside, ipix, nest=True), axis=-1)
    return np.array([eval_legendre(degree, vectors @ vectors.T).sum() for degree in degrees])


@pytest.mark.parametrize("nside", [8, 16])
@pytest.mark.parametrize("exposed", [False, True])
def test_spectra_are_those_of_healpy(nside, exposed, rng):
    density = sky_density(nside, tilted_exposure(nside) if exposed else None)
    events = EventSampler(density).draw(60, np.array([0, 20, 60]), rng)
    share = density.isotropic[:, 0]
    for found, counts in zip(SkySpectra(density).of(events), events.counts()[:, :, 0], strict=True):
        intensity = (counts.astype(float) / 60 - share) * density.npix
        oracle = hp.anafast(hp.reorder(intensity, n2r=True), lmax=highest_multipole(nside), iter=0)
        assert_allclose(found, oracle[1:], rtol=1e-9)


def test_spectra_are_sums_over_pairs(rng):
    events = isotropic(sky_density(), 2, 40, rng)
    pairs = np.stack([pair_sums(ipix, NSIDE, DEGREES) for ipix in events.ipix]) * 4 * math.pi / 40**2
    # the centres of pixels do not quite add up to zero
    assert_allclose(SkySpectra(sky_density()).of(events), pairs, atol=2e-3)


def test_isotropic_skies_show_shot_noise(rng):
    n_events, n_maps = 500, 4000
    found = SkySpectra(sky_density(n_bins=3)).of(isotropic(sky_density(n_bins=3), n_maps, n_events, rng))
    noise, scatter = 4 * math.pi / n_events, np.sqrt(2 / (2 * DEGREES + 1))
    pull = (found.mean(axis=0) / noise - 1) / (scatter / math.sqrt(n_maps))
    assert np.abs(pull).max() < 4.5
    assert_allclose(found.std(axis=0) / noise, scatter, rtol=0.12)  # error of a standard deviation of chi2 with 3 to 65 degrees


def test_shot_noise_where_the_exposure_differs(rng):
    """Every event adds the same to every multipole, wherever it is seen; less what the mean of the sky has of it."""
    density = sky_density(exposure=tilted_exposure(NSIDE))
    found = isotropic_spectra(density, 400, seed=1, n_maps=2000).mean
    noise = 4 * math.pi / 400
    assert_allclose(found[9:], noise, rtol=0.1)
    assert found.mean() == pytest.approx(noise, rel=0.03)


def test_a_quarter_turn_and_a_mirror_change_no_spectrum(rng):
    events = isotropic(sky_density(), 5, 80, rng)
    lon, lat = hp.pix2ang(NSIDE, events.ipix, nest=True, lonlat=True)
    spectra = SkySpectra(sky_density())
    for moved in ((lon + 90, lat), (lon, -lat), (-lon, lat)):
        turned = events_at(hp.ang2pix(NSIDE, *moved, nest=True, lonlat=True))
        assert_allclose(spectra.of(turned), spectra.of(events), rtol=1e-8)


def test_any_rotation_changes_a_spectrum_by_no_more_than_pixels_do(rng):
    nside, density = 64, sky_density(64)
    events = EventSampler(density).draw(200, np.array([100]), rng)
    turned = hp.Rotator(rot=(70, 35, 20))(np.stack(hp.pix2vec(nside, events.ipix[0], nest=True)))
    found = SkySpectra(density).of(events_at(np.stack([events.ipix[0], hp.vec2pix(nside, *turned, nest=True)]), nside))
    assert_allclose(found[1, :10], found[0, :10], rtol=0.06)


def test_the_order_of_events_changes_no_bit(rng):
    events = isotropic(sky_density(), 20, 100, rng)
    spectra = SkySpectra(sky_density())
    assert_array_equal(spectra.of(events.shuffled(rng)), spectra.of(events))


def test_first_multipole_is_the_dipole(rng):
    amplitude, n_events = 0.6, 200_000
    z = hp.pix2vec(NSIDE, np.arange(12 * NSIDE**2), nest=True)[2]
    events = events_at(rng.choice(len(z), n_events, p=(1 + amplitude * z) / np.sum(1 + amplitude * z)))
    found = SkySpectra(sky_density()).of(events)[0]
    assert 1.5 * math.sqrt(found[0] / math.pi) == pytest.approx(amplitude, rel=0.02)
    assert found[1:].max() < 1e-3 * found[0]


# D and its square


@pytest.mark.parametrize(("power", "mean"), [(1, 0.0), (2, 1.0)])
def test_isotropic_skies_are_where_they_should_be(power, mean, rng):
    density = sky_density()
    scores = SpectrumDeviation(density, 60, seed=1, power=power).scores(isotropic(density, 4000, 60, rng))
    assert scores.mean() == pytest.approx(mean, abs=4 * math.hypot(scores.std() / math.sqrt(4000), scores.std() / math.sqrt(20_000)))


@pytest.mark.parametrize("power", [1, 2])
def test_a_source_raises_the_statistic_wherever_it_is(power, rng):
    density = sky_density()
    statistic = SpectrumDeviation(density, 60, seed=1, power=power)
    events = EventSampler(density).draw(60, np.repeat([0, 10, 20, 40], 200), rng)
    lon, lat = hp.pix2ang(NSIDE, events.ipix, nest=True, lonlat=True)
    elsewhere = events_at(hp.ang2pix(NSIDE, lon + 180, -lat, nest=True, lonlat=True))
    scores = statistic.scores(events)
    assert np.all(np.diff(scores.reshape(4, 200).mean(axis=1)) > 0)
    assert_allclose(statistic.scores(elsewhere), scores, rtol=1e-8)


def test_isotropy_has_a_stream_of_its_own():
    density = sky_density()
    first, again = (isotropic_spectra(density, 30, seed=5, n_maps=50) for _ in range(2))
    assert_array_equal(first.mean, again.mean)
    events = isotropic(density, 50, 30, random_stream(5, "power_spectrum", 30))
    assert_allclose(first.mean, SkySpectra(density).of(events).mean(axis=0), rtol=1e-12)
    assert np.all(first.mean != isotropic_spectra(density, 30, seed=6, n_maps=50).mean)


def test_skies_that_do_not_fit_are_refused(rng):
    statistic = SpectrumDeviation(sky_density(8), 20, seed=1)
    with pytest.raises(InputError, match="expected skies of 20 events, received 21"):
        statistic.scores(isotropic(sky_density(8), 1, 21, rng))
    with pytest.raises(InputError, match="expected events of nside 8 in 1 bins, received nside 16"):
        statistic.scores(isotropic(sky_density(16), 1, 20, rng))
    with pytest.raises(UnknownNameError, match=r"known: likelihood_ratio, maximum_likelihood_ratio, .*power_spectrum, power_spectrum_squared"):
        statistic_named("wavelets", RunConfig(), sky_density(8), 20)


def test_no_spectrum_beats_the_likelihood_ratio():
    config, density = run_config("quick", test__maps=2000, test__bootstrap=50), sky_density(8)
    found = {name: named_verdict(name, config, density, 60) for name in ("likelihood_ratio", "power_spectrum", "power_spectrum_squared")}
    assert all(verdict.statistic == name and verdict.alpha <= 0.01 for name, verdict in found.items())
    limit = found["likelihood_ratio"].eta_high
    assert all(found[name].eta_min > 1.2 * limit for name in ("power_spectrum", "power_spectrum_squared"))


@pytest.mark.parametrize(("n_events", "published"), [(100, 0.21), pytest.param(300, 0.12, marks=pytest.mark.slow)])
def test_published_fractions_come_out_again(n_events, published):
    """Kalashev, Pshirkov & Zotov, JCAP 09 (2019) 034: Cen A by D, in per cent without decimals; rays of CRPropa, not theirs."""
    table = np.loadtxt(REFERENCE, delimiter=",", comments="#", skiprows=4)
    source = np.zeros((12 * 32**2, 1))
    source[table[:, 0].astype(int), 0] = table[:, 1] / table[:, 1].sum()
    density = SkyDensity("Cen A", 32, np.array([56.0, 315.0]), source, np.full(source.shape, 1 / len(source)))
    found = named_verdict("power_spectrum", run_config(test__maps=5000, test__bootstrap=0), density, n_events)
    assert found.eta_min == pytest.approx(published, rel=0.06)


# The network of power spectra


def test_features_are_the_spectra_above_each_edge(rng):
    nside, n_bins, degrees = 8, 3, DEGREES[:23]
    events = isotropic(sky_density(nside, n_bins=n_bins), 4, 90, rng)
    found = keras.ops.convert_to_numpy(PowerSpectra(nside)(events.counts()))
    assert found.shape == (4, n_bins, 23)
    for sky, energy_bin in np.ndindex(4, n_bins):
        above = events.ipix[sky][events.bin[sky] >= energy_bin]
        relative = np.sqrt(degrees + 0.5) * (pair_sums(above, nside, degrees) / len(above) - 1)
        assert_allclose(found[sky, energy_bin], np.arcsinh(relative), atol=1e-4)


def test_the_network_does_not_know_where_events_are(rng):
    network = build_network("spectrum_network", 8, 2, 5, seed=1)
    lon, lat = hp.pix2ang(8, np.arange(768), nest=True, lonlat=True)
    turned = hp.ang2pix(8, lon + 90, -lat, nest=True, lonlat=True)
    counts = rng.poisson(0.1, (3, 768, 2)).astype("float32")
    assert_allclose(network.predict_on_batch(counts[:, turned]), network.predict_on_batch(counts), rtol=1e-4)
    assert np.all(np.isfinite(network.predict_on_batch(np.zeros((1, 768, 2), "float32"))))


@pytest.mark.parametrize("n_bins", [1, 15])
def test_network_comes_back_without_custom_objects(n_bins, rng, tmp_path):
    network = build_network("spectrum_network", 4, n_bins, 3, seed=1)
    cells = rng.integers(0, 192 * n_bins, (2, 30)).astype("int32")
    network.save(tmp_path / "network.keras")
    register_layers()
    again = keras.models.load_model(tmp_path / "network.keras")
    assert_array_equal(event_network(again).predict_on_batch(cells), event_network(network).predict_on_batch(cells))
    assert again.get_layer("spectra").get_config().keys() == {"name", "trainable", "dtype", "nside"}


def test_network_learns_a_source(tmp_path):
    run = small_run(network__kind="spectrum_network", sky__nside=4, energy__n_bins=1)
    density = sky_density(4, spread=60.0)
    folder = RunFolder.create(tmp_path / "run", run, density)
    train(folder)
    assert folder.history["val_accuracy"].max() > 0.6  # chance: 0.5 with an error of 0.02
    assert NetworkStatistic(folder.best_path).name == "spectrum_network"
