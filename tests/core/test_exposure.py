"""The exposure: its formula against a clock, the published observatories, and what it does to skies."""

import healpy as hp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.core.blobs import blob
from zevatron.core.config import run_config, with_values
from zevatron.core.errors import ConfigError, InputError, NoEventsError
from zevatron.core.exposure import (
    declination_curve,
    declination_exposure,
    declinations,
    exposure_at,
    exposure_map,
    limiting_declinations,
    parallel,
    pixel_exposure,
)
from zevatron.core.mock_events import EventSampler
from zevatron.core.observatory import EXPOSURES, ObservatoryConfig
from zevatron.core.sky import galactic_to_equatorial, lonlat, pixel_vectors
from zevatron.core.sky_density import sky_densities
from zevatron.core.sky_density.build import mixture
from zevatron.core.sky_density.exposed import exposed, relative_exposure
from zevatron.core.sky_density.files import read_densities, write_densities
from zevatron.core.sky_density.smoothing import smoothed_density
from zevatron.core.sources import find_source
from zevatron.core.storage.tables import write_table
from zevatron.core.study import statistic_verdicts

DECLINATIONS = (-89.9, -75, -60, -45, -30, -15, 0, 15, 30, 45, 60, 75, 89.9)
# computed from the formula by somebody else: shared/physics/sky.md, section 1
KNOWN = {
    "auger_vertical": (3.074, 2.088, 2.023, 1.944, 1.766, 1.482, 1.097, 0.609, 0, 0, 0, 0, 0),
    "auger": (2.377, 2.296, 1.958, 1.757, 1.573, 1.337, 1.048, 0.720, 0.379, 0, 0, 0, 0),
    "telescope_array": (0, 0, 0, 0, 0, 0.180, 0.986, 1.495, 1.882, 2.148, 2.300, 2.420, 3.776),
}
AT_SOURCES = {
    "Cen A": (1.927, 1.735, 0), "M82": (0, 0, 2.364), "NGC 253": (1.688, 1.505, 0), "M87": (0.704, 0.779, 1.415),
    "Fornax A": (1.865, 1.666, 0),
}
OF_DECLINATION = [name for name in EXPOSURES if name != "map"]
NSIDE = 16


def observatory(name, **values):
    return ObservatoryConfig(exposure=name, **values)


@pytest.mark.parametrize("name", KNOWN)
def test_published_observatories(name):
    assert_allclose(exposure_at(observatory(name), DECLINATIONS), KNOWN[name], rtol=0.01, atol=1e-12)


@pytest.mark.parametrize("source", AT_SOURCES)
def test_exposure_at_the_published_sources(source):
    dec = declinations(find_source(source).direction)
    found = [exposure_at(observatory(name), dec) for name in ("auger_vertical", "auger", "telescope_array")]
    assert_allclose(found, AT_SOURCES[source], rtol=0.01, atol=1e-12)


@pytest.mark.parametrize("latitude", [-90.0, -35.2, 0.0, 39.3, 90.0])
@pytest.mark.parametrize("limit", [55.0, 80.0, 90.0])
def test_formula_against_a_day_of_watching(latitude, limit):
    """The time integral of the cosine of the zenith angle, hour angle by hour angle."""
    dec = np.array([-90.0, -60.0, -20.0, 0.0, 33.0, 71.0, 90.0])
    hours = np.radians((np.arange(36_000) + 0.5) / 100)
    a, d = np.radians(latitude), np.radians(dec)[:, None]
    height = np.sin(a) * np.sin(d) + np.cos(a) * np.cos(d) * np.cos(hours)
    watched = np.where(height > np.cos(np.radians(limit)), height, 0).mean(axis=1)
    fine = np.linspace(-1, 1, 200_001)
    mean = np.trapezoid(declination_exposure(np.degrees(np.arcsin(fine)), latitude, limit), fine) / 2
    assert mean == pytest.approx(1, abs=2e-4)
    # a detector at a pole sees every direction at one height: all day or never
    assert_allclose(declination_exposure(dec, latitude, limit) * np.sin(np.radians(limit)) ** 2 / 4, watched, atol=2e-4)


@pytest.mark.parametrize("name", OF_DECLINATION)
def test_maps_are_means_of_the_curve(name):
    values = exposure_map(observatory(name), NSIDE)
    assert values.mean() == pytest.approx(1, abs=1e-12)
    dec, curve = declination_curve(observatory(name))
    assert np.average(curve, weights=np.cos(np.radians(dec))) == pytest.approx(1, abs=2e-3)
    _, declination = galactic_to_equatorial(*np.array(hp.pix2ang(NSIDE, np.arange(12 * NSIDE**2), nest=True, lonlat=True)))
    assert_allclose(declinations(pixel_vectors(NSIDE)), declination, atol=1e-6)
    smooth = np.abs(declination) < 75  # not at the poles, where the curve has a cusp
    assert np.abs(values - np.interp(declination, dec, curve))[smooth].max() < 0.15


def test_both_together_weigh_by_their_integrated_exposures():
    both = observatory("auger_ta", auger_exposure=3000.0, ta_exposure=1000.0)
    expected = 0.75 * np.array(KNOWN["auger"]) + 0.25 * np.array(KNOWN["telescope_array"])
    assert_allclose(exposure_at(both, DECLINATIONS), expected, rtol=0.01, atol=1e-12)


def test_orbits_see_all_the_sky_nearly_evenly():
    assert np.ptp(exposure_at(observatory("k_euso"), DECLINATIONS)) < 0.1
    assert 0.5 < exposure_at(observatory("poemma"), DECLINATIONS).min() < 0.7  # its orbit never reaches high latitudes


def test_uniform_exposure_changes_nothing():
    density = blob(20)
    assert exposed(density, ObservatoryConfig()) is density
    assert density.flux_fraction(0.07) == 0.07


@pytest.mark.parametrize("n_bins", [1, 5])
def test_source_and_isotropic_events_are_seen_alike(n_bins):
    density = blob(20, n_bins=n_bins)
    seen = exposed(density, observatory("auger"))
    weight = exposure_map(observatory("auger"), NSIDE)
    assert_allclose(seen.isotropic.sum(axis=1) * seen.npix, weight, atol=1e-12)
    assert_allclose(seen.isotropic_spectrum, density.isotropic_spectrum)
    looked_at = weight > 0
    ratio = (seen.source / np.where(seen.isotropic > 0, seen.isotropic, 1))[looked_at]
    before = (density.source / density.isotropic)[looked_at]
    assert_allclose(ratio * seen.exposure_ratio, before)  # a detector does not change what tells them apart
    assert not seen.source[~looked_at].any()
    assert seen.losses.unseen == pytest.approx(density.source[~looked_at].sum())


def test_flux_fraction_is_what_thinning_by_the_exposure_leaves(rng):
    """Draw the flux at the Earth and let a detector take each event with its exposure."""
    density, where = blob(10, n_bins=2), observatory("telescope_array")
    seen = exposed(density, where)
    flux_eta, n = 0.2, 400_000
    events = EventSampler(density).draw(n, [round(flux_eta * n)], rng)
    weight = exposure_map(where, NSIDE)
    taken = rng.random(n) < (weight / weight.max())[events.ipix[0]]
    eta = events.is_source[0][taken].mean()
    assert seen.flux_fraction(eta) == pytest.approx(flux_eta, abs=4 * np.sqrt(flux_eta / taken.sum()))
    assert abs(eta - flux_eta) > 0.02  # or the test would say nothing


def test_source_out_of_sight_is_refused():
    assert exposed(blob(40, width=8), observatory("auger")).losses.unseen > 0.1
    with pytest.raises(NoEventsError, match=r"M82: only 0\.\d+% of its events .*observatory\.exposure"):
        exposed(blob(70, width=8, name="M82"), observatory("auger"))


def test_mixture_shares_are_of_the_flux():
    north, south = blob(60, width=15, name="north"), blob(-60, width=15, name="south")
    where = observatory("auger_ta")
    mixed = exposed(mixture([north, south], (1, 1)), where)
    is_north = declinations(pixel_vectors(NSIDE)) > 0
    weight = exposure_map(where, NSIDE)
    expected = (north.source[:, 0] @ weight) / ((north.source[:, 0] + south.source[:, 0]) @ weight)
    assert mixed.source[is_north].sum() == pytest.approx(expected, abs=0.002)


def test_isotropic_events_have_the_pairs_of_the_exposure_and_no_more(rng):
    """Resampling a pool of directions, as the published code does, would show as too many pairs."""
    seen = exposed(blob(40, nside=32), observatory("telescope_array"))
    n_maps, n_events = 4000, 50
    events = EventSampler(seen).draw(n_events, np.zeros(n_maps, int), rng)
    ordered = np.sort(events.ipix, axis=1)
    runs = np.diff(ordered, axis=1) == 0  # triples are too rare to matter
    expected = n_events * (n_events - 1) / 2 * (seen.isotropic[:, 0] ** 2).sum()
    assert runs.sum() / n_maps == pytest.approx(expected, abs=4 * np.sqrt(expected / n_maps))
    assert expected < 0.4  # the published sampling had 4.3 repeated events in each map
    counts = np.bincount(events.ipix.ravel(), minlength=seen.npix)
    mean = seen.isotropic[:, 0] * n_maps * n_events
    assert not counts[mean == 0].any()
    chi2 = ((counts - mean) ** 2 / np.where(mean > 0, mean, 1)).sum()
    degrees = (mean > 0).sum() - 1
    assert abs(chi2 - degrees) < 4 * np.sqrt(2 * degrees + (1 / mean[mean > 0]).sum())


def test_blurring_is_of_the_flux_and_not_of_the_edge_of_sight():
    where, density = observatory("auger"), blob(-20, width=10)
    before, after = exposed(smoothed_density(density, 6.0), where), smoothed_density(exposed(density, where), 6.0)
    assert_allclose(after.source, before.source, atol=0.01 * before.source.max())
    assert not after.source[relative_exposure(after) == 0].any()


def write_map(path, values, coord):
    hp.write_map(path, values, nest=False, coord=coord, dtype=np.float64, overwrite=True)


@pytest.mark.parametrize("coord", ["G", "C"])
def test_map_of_a_file_is_the_map(tmp_path, coord):
    nside = 32
    lon, lat = hp.pix2ang(nside, np.arange(12 * nside**2), lonlat=True)
    dec = lat if coord == "C" else galactic_to_equatorial(lon, lat)[1]
    write_map(tmp_path / "exposure.fits", 7 * exposure_at(observatory("telescope_array"), dec), coord)
    mine = observatory("map", file=str(tmp_path / "exposure.fits"))
    expected = exposure_map(observatory("telescope_array"), NSIDE)
    assert np.abs(exposure_map(mine, NSIDE) - expected).max() < 0.1
    dec, curve = declination_curve(mine)
    assert np.abs(curve - exposure_at(observatory("telescope_array"), dec))[np.abs(dec) < 80].max() < 0.05


def test_table_of_declinations(tmp_path):
    dec = np.linspace(-90, 90, 181)
    path = tmp_path / "exposure.csv"
    write_table(path, {"dec_deg": dec, "exposure": 3 * exposure_at(observatory("auger"), dec)})
    assert_allclose(exposure_at(observatory("map", file=str(path)), DECLINATIONS), KNOWN["auger"], atol=0.02)
    assert_allclose(exposure_map(observatory("map", file=str(path)), 8), exposure_map(observatory("auger"), 8), atol=0.02)


def test_bad_files_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"observatory\.file: expected a path"):
        observatory("map")
    with pytest.raises(InputError, match="no file"):
        exposure_map(observatory("map", file=str(tmp_path / "none.fits")), 4)
    write_map(tmp_path / "frame.fits", np.ones(48), "E")
    with pytest.raises(InputError, match="COORDSYS"):
        exposure_map(observatory("map", file=str(tmp_path / "frame.fits")), 4)
    write_map(tmp_path / "negative.fits", -np.ones(48), "G")
    with pytest.raises(InputError, match="at least 0"):
        exposure_map(observatory("map", file=str(tmp_path / "negative.fits")), 4)
    (tmp_path / "text.fits").write_text("no map")
    with pytest.raises(InputError, match="HEALPix"):
        exposure_map(observatory("map", file=str(tmp_path / "text.fits")), 4)
    write_table(tmp_path / "falling.csv", {"dec_deg": [10.0, 0.0], "exposure": [1.0, 1.0]})
    with pytest.raises(InputError, match="grow"):
        exposure_map(observatory("map", file=str(tmp_path / "falling.csv")), 4)
    with pytest.raises(ConfigError, match="auger_exposure"):
        observatory("auger_ta", auger_exposure=0.0, ta_exposure=0.0)


RUN = run_config(
    "quick", observatory__exposure="auger", field__model="jf12_regular", sources__names=("Cen A",), sky__nside=8, energy__bin_width=0.25,
    test__maps=2000, test__check_maps=0, test__bootstrap=0, events__n_events=(60,),
)


def test_run_through_a_detector(tmp_path, monkeypatch):
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path))
    for n_bins in (1, 0):
        run = with_values(RUN, {"energy.n_bins": n_bins})
        (density,) = sky_densities(run)
        (flux,) = sky_densities(with_values(run, {"observatory.exposure": "uniform"}))
        assert density.digest == exposed(flux, run.observatory).digest != flux.digest
        assert density.exposure_ratio == pytest.approx(1.8, abs=0.15)
    write_densities(tmp_path / "density.h5", run, [density])
    _, (read,) = read_densities(tmp_path / "density.h5")
    assert (read.exposure_ratio, read.losses, read.digest) == (density.exposure_ratio, density.losses, density.digest)
    for name in ("likelihood_ratio", "power_spectrum"):
        (verdict,) = statistic_verdicts(name, run)
        assert verdict.alpha <= 0.01 and verdict.beta == pytest.approx(0.05, abs=0.005)
        assert verdict.eta_flux == density.flux_fraction(verdict.eta_min) < verdict.eta_min


def test_unknown_shares_are_those_of_detected_events(tmp_path, monkeypatch):
    """Half the detected events from each source: from their fluxes, f_i = (eta / 2) / ratio_i over what isotropy leaves."""
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path))
    several = with_values(RUN, {"sources.names": ("Cen A", "NGC 253")})
    singles = sky_densities(several)
    (mixed,) = sky_densities(with_values(several, {"sources.mixture": True, "sources.free_shares": True}))
    assert_allclose(mixed.source, sum(single.source for single in singles) / 2, atol=1e-12)
    assert [part.exposure_ratio for part in mixed.parts] == [single.exposure_ratio for single in singles]
    fluxes = sum(0.1 / single.exposure_ratio for single in singles)
    assert mixed.flux_fraction(0.2) == pytest.approx(fluxes / (fluxes + 0.8))


def test_command_tells_and_draws_the_exposure(run_in, tmp_path):
    run = run_in(tmp_path)
    run("new", "--out", "run.toml", "--set", "observatory.exposure=telescope_array", "--source", "M82", "--source", "Cen A")
    said = run("exposure", "run.toml", "--out", "curve.csv")
    assert "M82: 2.3" in said and "Cen A: 0.000" in said
    run("exposure", "run.toml", "--out", "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    header = [line for line in (tmp_path / "curve.csv").read_text().splitlines() if not line.startswith("#")]
    assert header[0] == "dec_deg,exposure" and len(header) == 722


@pytest.mark.parametrize(("exposure", "values", "limits"), [
    ("uniform", {}, ()), ("auger", {}, (44.8,)), ("auger_vertical", {}, (24.8,)), ("telescope_array", {}, (-15.7,)), ("auger_ta", {}, ()),
    ("poemma", {}, ()), ("site", {"latitude": 10.0, "max_zenith": 40.0}, (-30.0, 50.0)),
])
def test_where_sight_ends(exposure, values, limits):
    """Latitude plus or minus the largest zenith angle."""
    assert_allclose(limiting_declinations(ObservatoryConfig(exposure=exposure, **values)), limits, atol=1e-4)


def test_where_the_sight_of_a_file_ends(tmp_path):
    path = tmp_path / "exposure.csv"
    path.write_text("dec_deg,exposure\n-60,0\n-20,1\n30.5,2\n")
    assert_allclose(limiting_declinations(ObservatoryConfig(exposure="map", file=str(path))), (-60, 30.5), atol=1e-4)


def test_a_parallel_has_one_declination():
    vectors = parallel(44.8)
    assert_allclose(declinations(vectors), 44.8, atol=1e-9)
    assert_allclose(np.linalg.norm(vectors, axis=1), 1)
    ra, _ = galactic_to_equatorial(*lonlat(vectors[:-1]))
    assert_allclose(ra[:-1] % 360, np.linspace(0, 360, 181)[:-2], atol=1e-6)


def test_exposure_of_some_pixels_is_that_of_the_map():
    observatory, ipix = ObservatoryConfig(exposure="telescope_array"), np.array([700, 3, 44, 3])
    whole, some = exposure_map(observatory, 8), pixel_exposure(observatory, 8, ipix)
    assert_allclose(some / some[0], whole[ipix] / whole[700])
    assert_allclose(pixel_exposure(ObservatoryConfig(), 8, ipix), 1)
