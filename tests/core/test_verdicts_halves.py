"""Across halves of the rays: what a test learns of the sampling is worth nothing on skies of the other half."""

import json

import healpy as hp
import numpy as np
import pytest

from zevatron.core.config import RunConfig, with_values
from zevatron.core.errors import InputError
from zevatron.core.galactic_field.members import twin_field
from zevatron.core.galactic_field.registry import FIELD_MODELS, twin_model
from zevatron.core.information import ASPECTS, information_runs, information_verdicts, perfect_energies
from zevatron.core.sky import angular_distance, pixel_vectors
from zevatron.core.sky_density import SkyDensity, sky_densities
from zevatron.core.sky_density.smoothing import smoothed_density
from zevatron.core.statistics import likelihood_verdict, limit_verdict
from zevatron.core.study import likelihood_verdicts, template_pairs
from zevatron.core.training.run_folder import RunFolder, training_digest

NSIDE = 16
CENTRE = pixel_vectors(NSIDE, np.array([1234]))[0]


def blob(width=10.0, rays=None, seed=0):
    """A Gaussian source of so many degrees; with ``rays`` only as many random ones make it up."""
    angle = angular_distance(pixel_vectors(NSIDE), CENTRE)
    place = np.exp(-0.5 * (angle / width) ** 2)
    place /= place.sum()
    if rays is not None:
        place = np.random.default_rng(seed).multinomial(rays, place) / rays
    npix = len(place)
    return SkyDensity("blob", NSIDE, np.array([56.0, 100.0]), place[:, None], np.full((npix, 1), 1 / npix))


def config(**values):
    return with_values(RunConfig(), {"test.maps": 5000, "test.check_maps": 0, "test.bootstrap": 0, **values})


# ---- smoothing


@pytest.mark.parametrize("width", [4.0, 9.0])
def test_a_point_becomes_a_gaussian_on_the_sphere(width):
    """The beam multiplies the first moment by exp(-l (l + 1) sigma^2 / 2) at l = 1: mean cosine exp(-sigma^2)."""
    source = np.zeros((12 * NSIDE**2, 2))
    source[1234] = 0.7, 0.3
    point = SkyDensity("point", NSIDE, np.array([56.0, 80.0, 100.0]), source, np.full_like(source, 1 / source.size))
    blurred = smoothed_density(point, width)
    np.testing.assert_allclose(blurred.source_spectrum, [0.7, 0.3], rtol=1e-12)
    vectors = pixel_vectors(NSIDE)
    pixel = pixel_vectors(64 * NSIDE, np.arange(1234 * 64**2, 1235 * 64**2)).mean(axis=0)  # the point is a pixel
    mean = (vectors * blurred.source[:, :1] / 0.7).sum(axis=0)
    assert mean @ CENTRE == pytest.approx(np.exp(-np.radians(width) ** 2) * (pixel @ CENTRE), abs=1e-3)
    far = angular_distance(vectors, CENTRE) > 5 * width + 4
    assert blurred.source[far].sum() < 1e-3


def test_smoothing_keeps_the_means_and_empty_bins_and_refuses_nonsense():
    density = blob()
    assert smoothed_density(density, 0) is density
    empty = np.column_stack([density.source[:, 0], np.zeros(density.npix)])
    one_full = SkyDensity("half", NSIDE, np.array([56.0, 80.0, 100.0]), empty, np.full_like(empty, 1 / empty.size))
    np.testing.assert_array_equal(smoothed_density(one_full, 5).source[:, 1], 0)
    for width in (-1.0, np.nan, np.inf):
        with pytest.raises(InputError, match="at least 0 degrees"):
            smoothed_density(density, width)


def test_two_beams_one_after_the_other_are_one_of_the_squared_sum():
    density = blob(12.0)
    twice = smoothed_density(smoothed_density(density, 6.0), 8.0)
    np.testing.assert_allclose(twice.source, smoothed_density(density, 10.0).source, atol=0.01 * twice.source.max())


# ---- which template


def test_of_two_lumpy_halves_the_smoothed_template_wins_and_knowing_the_rays_would_win_more():
    """Both halves are 60 rays of the same source: their lumps have nothing in common."""
    template, events = blob(rays=60, seed=1), blob(rays=60, seed=2)
    found = limit_verdict(config(**{"sky.halves": True}), template, events, 100)
    choice = found.template
    assert choice.eta_smoothed < 0.6 * choice.eta_raw and choice.smoothing_deg == choice.best_width_deg >= 3
    assert found.eta_min == choice.eta_smoothed == found.eta_limit and found.rays == "halves"
    assert choice.eta_same_rays < 0.6 * found.eta_min
    assert min(choice.scan_eta) == choice.scan_eta[choice.scan_width_deg.index(choice.best_width_deg)]
    assert f"smoothed by {choice.smoothing_deg:g} deg" in choice.name


def test_of_two_smooth_halves_nothing_was_learnt_from_the_rays_and_nothing_is_won_by_smoothing():
    found = limit_verdict(config(**{"sky.halves": True}), blob(4.0), blob(4.0), 100)
    choice = found.template
    assert choice.eta_raw == choice.eta_same_rays == likelihood_verdict(config(), blob(4.0), 100).eta_min
    assert found.eta_min == min(choice.eta_raw, choice.eta_smoothed) > 0.98 * choice.eta_raw
    assert (choice.name == "raw template") == (choice.eta_raw <= choice.eta_smoothed)


def test_a_hopeless_width_ends_the_scan():
    choice = limit_verdict(config(**{"sky.halves": True}), blob(3.0), blob(3.0), 100).template
    best = min(choice.scan_eta)
    assert all(eta <= 1.2 * best for eta in choice.scan_eta[:-1]) and len(choice.scan_eta) < 7


def test_a_template_of_elsewhere_finds_nothing_raw_or_smoothed():
    opposite = SkyDensity("blob", NSIDE, np.array([56.0, 100.0]), blob(3.0).source[::-1], blob().isotropic)
    found = limit_verdict(config(**{"sky.halves": True, "test.maps": 2000}), opposite, blob(3.0), 30)
    assert found.eta_min is None and found.template.eta_raw is None and found.ratio_to_limit is None
    assert json.loads(json.dumps(found.as_dict()))["template"]["smoothing_deg"] in (0, found.template.best_width_deg)


# ---- the run decides which rays are seen


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def centaurus(cache, monkeypatch):
    """The shipped lens of Cen A on few pixels, the spectrum computed once."""
    monkeypatch.setenv("ZEVATRON_CACHE", str(cache))
    return config(**{"field.model": "jf12_regular", "sky.nside": 8, "energy.bin_width": 0.25, "events.n_events": (100,), "test.maps": 2000})


def test_templates_and_test_skies_come_from_different_rays(centaurus):
    across = with_values(centaurus, {"sky.halves": True})
    halves = [sky_densities(centaurus, half=half)[0].digest for half in (0, 1)]
    ((template, drawn),) = template_pairs(across)
    assert [template.digest, drawn.digest] == halves and halves[0] != halves[1]
    ((template, drawn),) = template_pairs(centaurus)
    assert template is drawn and drawn.digest == sky_densities(centaurus)[0].digest


def test_halves_are_part_of_the_run_and_of_the_training(centaurus):
    across = with_values(centaurus, {"sky.halves": True})
    assert across.digest != centaurus.digest and training_digest(across) != training_digest(centaurus)
    (found,), (same,) = likelihood_verdicts(across), likelihood_verdicts(centaurus)
    assert found.rays == "halves" and found.template is not None and same.rays == "all" and same.template is None
    assert found.skies != same.skies


def test_a_density_of_all_rays_is_not_trained_on_across_halves(centaurus, tmp_path):
    density = sky_densities(centaurus)[0]
    assert RunFolder.create(tmp_path / "all", centaurus, density).density.digest == density.digest
    assert RunFolder.create(tmp_path / "halves", with_values(centaurus, {"sky.halves": True}), density).density is None


def test_nuclei_sampled_for_the_halves_are_not_the_same(centaurus):
    """Of the same nuclei both halves would have the same energies by chance."""
    run = with_values(centaurus, {"energy.method": "sampled", "energy.n_sampled": 2000})
    first, second = (sky_densities(run, half=half)[0].source_spectrum for half in (0, 1))
    exact = sky_densities(centaurus)[0].source_spectrum
    assert np.corrcoef(first - exact, second - exact)[0, 1] < 0.9


# ---- what energies, positions and the field are worth


def test_every_aspect_stands_beside_the_limit(centaurus):
    limits = likelihood_verdicts(centaurus)
    found = {one.statistic: one for one in information_verdicts(centaurus, limits)}
    assert set(found) == {"limit_one_bin", "limit_perfect_energies", "limit_base_faces", "limit_energies_only",
                          "likelihood_ratio_fixed_number"} < set(ASPECTS)
    assert all(one.eta_limit == limits[0].eta_min and one.n_events == 100 for one in found.values())
    ratio = {name: one.ratio_to_limit for name, one in found.items()}
    assert ratio["limit_perfect_energies"] < 0.95 < 0.99 < ratio["limit_one_bin"] < ratio["limit_base_faces"]
    assert found["limit_energies_only"].eta_min is None  # of 100 events not even all from the source are told by their energies
    assert 0.9 < ratio["likelihood_ratio_fixed_number"] <= 1.005


def test_perfect_energies_cover_the_same_range_in_narrow_bins():
    for changes in ({}, {"energy.bin_width": 0.25}, {"energy.n_bins": 1, "energy.bin_width": 0.05}, {"energy.n_bins": 20}):
        run = with_values(RunConfig(), changes)
        perfect = perfect_energies(run).energy
        assert perfect.resolution == 0 and perfect.bin_width >= 0.01
        np.testing.assert_allclose(perfect.bin_edges[[0, -1]], run.energy.bin_edges[[0, -1]])
        assert perfect.bin_count >= run.energy.bin_count


def test_a_field_and_its_twin_differ_by_the_random_part():
    for name, entry in FIELD_MODELS.items():
        twin = twin_model(name)
        if twin is not None:
            assert twin_model(twin) == name and bool(FIELD_MODELS[twin].random) != bool(entry.random)
    assert twin_model("jf12") == "jf12_regular" and twin_model("pt11_bss_halo") is None


def test_a_twin_field_keeps_what_was_changed_as_far_as_it_can():
    run = with_values(RunConfig(), {
        "field.model": "jf12", "field.parameters.x_strength": 3.5, "field.parameters.random_halo_strength": 2.0,
    })
    regular = twin_field(run.field, random=False)
    assert regular.model == "jf12_regular" and dict(regular.parameters) == {"x_strength": 3.5}
    assert twin_field(run.field, random=True) is None
    assert twin_field(with_values(RunConfig(), {"field.model": "pt11_bss_halo"}).field, random=True) is None
    assert twin_field(with_values(RunConfig(), {"field.model": "jf12_regular", "field.ensemble": ("jf12",)}).field, random=True) is None
    asked = [aspect.statistic for aspect, _, _ in information_runs(with_values(RunConfig(), {"field.model": "jf12_regular"}), random_field=True)]
    assert asked[-1] == "limit_random_field" and len(asked) == 6
    assert [a.statistic for a, _, _ in information_runs(run)][-1] == "limit_regular_field"


def test_beams_are_standard_deviations():
    """healpy's own beam of the same full width at half maximum."""
    width = 5.0
    own = smoothed_density(blob(12.0), width).source[:, 0]
    other = hp.smoothing(blob(12.0).source[:, 0], fwhm=np.radians(width) * 2.354820045, nest=True)
    np.testing.assert_allclose(own, other / other.sum(), atol=0.01 * own.max())
