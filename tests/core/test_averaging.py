"""Averages over realisations and models: what the members are, and the laws of a mean."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from test_sky_density import Lens, Spectrum

from zevatron.core.config import FieldConfig, RunConfig, Table, with_values
from zevatron.core.errors import ConfigError, NoEventsError
from zevatron.core.galactic_field.members import field_members, member_name
from zevatron.core.mock_events import EventSampler
from zevatron.core.progress import Progress
from zevatron.core.propagation import CHARGES
from zevatron.core.sky_density import sky_density
from zevatron.core.sky_density.build import mean_over_fields
from zevatron.core.sources import find_source
from zevatron.core.statistics import LikelihoodRatio, likelihood_verdict

NSIDE = 4
NPIX = 12 * NSIDE**2
RANDOM, REGULAR, OTHER = "jf12", "jf12_regular", "pt11_bss_halo"


class LensOfHalves(Lens):
    """Its halves differ."""

    def sparse_density(self, half=None):
        return sparse.csr_array(self.maps if half is None else np.roll(self.maps, half + 1, axis=1))


@pytest.fixture
def engine(monkeypatch):
    """Instant spectra and lenses; returns the list of the fields whose lens was asked for."""
    asked = []

    def source_lens(source, field, sky, rigidity, *, cache=None, progress=None):
        asked.append(field)
        progress.report(f"lens of {source.name}", 1, 1)
        rng = np.random.default_rng([len(field.model), field.realisation])
        maps = rng.random((len(rigidity), NPIX))
        closed = field.model == "none" or (field.model == RANDOM and field.realisation == 7)
        maps = np.zeros_like(maps) if closed else maps / maps.sum(axis=1, keepdims=True)
        return LensOfHalves(rigidity, maps, rng.uniform(0.2, 3, len(rigidity)) * maps.any(axis=1), NSIDE)

    def spectrum(emission, propagation, distance, *, cache=None, progress=None):
        energy = np.geomspace(20, 300, 60)
        flux = np.zeros((len(CHARGES), len(energy)))
        flux[[27, 55]] = energy**-1.0
        return Spectrum(energy, flux)

    monkeypatch.setattr("zevatron.core.lens.source_lens", source_lens)
    monkeypatch.setattr("zevatron.core.propagation.propagated_spectrum", spectrum)
    return asked


def density_of(half=None, progress=None, **field):
    config = with_values(RunConfig(), {"sky.nside": NSIDE, **{f"field.{key}": value for key, value in field.items()}})
    return sky_density(config, find_source("Cen A"), half=half, progress=progress or Progress())


def test_a_model_without_a_random_part_is_one_member_whatever_the_realisations():
    field = FieldConfig(model=REGULAR, realisation=5, realisations=20, parameters=Table(x_strength=3.0))
    assert field_members(field) == ((FieldConfig(model=REGULAR, parameters=Table(x_strength=3.0)), 1.0),)


def test_each_member_is_one_field_with_parameters_of_its_own_model_only():
    field = FieldConfig(
        model=RANDOM, parameters=Table(x_strength=3.0), realisation=4, realisations=3, seed=9,
        ensemble=(OTHER, "none"), weights=(3.0, 2.0, 0.0),
    )
    members = field_members(field)
    assert [(m.model, m.realisation) for m, _ in members] == [(RANDOM, 4), (RANDOM, 5), (RANDOM, 6), (OTHER, 0)]
    np.testing.assert_allclose([weight for _, weight in members], [0.2, 0.2, 0.2, 0.4])
    for member, _ in members:
        assert (member.realisations, member.ensemble, member.weights, member.seed) == (1, (), (), 9)
        assert field_members(member) == ((member, 1.0),)
    assert members[0][0].parameters == {"x_strength": 3.0} and members[-1][0].parameters == {}
    assert [member_name(m) for m, _ in members][2:] == ["jf12, realisation 6", OTHER]


def test_realisations_end_at_the_largest_number():
    assert FieldConfig(realisation=9990, realisations=10).realisations == 10
    with pytest.raises(ConfigError, match=r"field\.realisations: .* up to 9999, received 9990 to 10000"):
        FieldConfig(realisation=9990, realisations=11)


@pytest.mark.parametrize("normalisation", ["edge", "flux"])
def test_the_average_is_the_mean_of_the_members_in_any_order(engine, normalisation):
    config = with_values(RunConfig(), {
        "sky.nside": NSIDE, "sky.normalisation": normalisation, "field.model": RANDOM, "field.realisations": 3,
        "field.ensemble": (OTHER,), "field.weights": (2.0, 1.0),
    })
    source = find_source("Cen A")
    mean = sky_density(config, source)
    assert len(engine) == 4
    single = [(sky_density(replace(config, field=member), source), weight) for member, weight in field_members(config.field)]
    np.testing.assert_allclose(mean.source, sum(weight * density.source for density, weight in single), atol=1e-15)
    for loss in ("blocked", "above_source"):
        assert getattr(mean.losses, loss) == pytest.approx(sum(w * getattr(d.losses, loss) for d, w in single))
    turned = with_values(config, {"field.model": OTHER, "field.ensemble": (RANDOM,), "field.weights": (1.0, 2.0)})
    np.testing.assert_allclose(sky_density(turned, source).source, mean.source, atol=1e-15)


def test_the_average_is_linear_in_the_weights(engine):
    first, second = (density_of(model=model).source for model in (REGULAR, OTHER))
    for share in (0.0, 0.3, 1.0):
        mean = density_of(model=REGULAR, ensemble=(OTHER,), weights=(share, 1 - share))
        np.testing.assert_allclose(mean.source, share * first + (1 - share) * second, atol=1e-15)


def test_equal_fields_average_to_one_of_them(engine):
    one = density_of(model=REGULAR)
    members = [(FieldConfig(model=REGULAR), 0.25)] * 4
    mean = mean_over_fields(members, lambda field, progress: one)
    np.testing.assert_allclose(mean.source, one.source, rtol=1e-14)
    assert mean.losses == one.losses
    np.testing.assert_allclose(mean.lens_reports[0].magnification, one.lens_reports[0].magnification)
    np.testing.assert_allclose(mean.lens_reports[0].n_effective, 4 * one.lens_reports[0].n_effective)


def test_nothing_is_repeated_without_a_random_part(engine):
    once = density_of(model=REGULAR)
    again = density_of(model=REGULAR, realisations=10)
    assert len(engine) == 2 and once.digest == again.digest


def test_a_field_in_which_nothing_arrives_is_left_out_and_named(engine):
    rest = density_of(model=RANDOM, realisation=5, realisations=2)
    mean = density_of(model=RANDOM, realisation=5, realisations=3)
    np.testing.assert_allclose(mean.source, rest.source, atol=1e-15)
    (report,) = mean.lens_reports
    assert report.closed_fields == ("jf12, realisation 7",)
    assert report.lines()[-1] == "left out, because nothing arrives through it: jf12, realisation 7"
    assert mean.losses == rest.losses
    with pytest.raises(NoEventsError, match="lets no nucleus"):
        density_of(model="none", ensemble=(RANDOM,), realisation=7)


def test_halves_pass_through_to_every_member(engine):
    parts = [density_of(half=1, model=model).source for model in (REGULAR, OTHER)]
    np.testing.assert_allclose(density_of(half=1, model=REGULAR, ensemble=(OTHER,)).source, sum(parts) / 2, atol=1e-15)
    assert not np.allclose(density_of(half=0, model=REGULAR).source, parts[0])


def test_progress_names_the_member(engine):
    class Listener(Progress):
        stages = []

        def show(self, stage, done, total, values):
            self.stages.append(stage)

    density_of(model=RANDOM, realisations=2, progress=(listener := Listener()))
    assert listener.stages == ["1/2 jf12, realisation 0: lens of Cen A", "2/2 jf12, realisation 1: lens of Cen A"]


def test_the_likelihood_of_one_event_is_the_mean_over_the_fields(engine, rng):
    mean = density_of(model=REGULAR, ensemble=(OTHER,))
    parts = [density_of(model=model) for model in (REGULAR, OTHER)]
    events = EventSampler(mean).draw(1, rng.integers(0, 2, 500), rng)
    ratios = [np.exp(LikelihoodRatio(part, 0.2).scores(events)) for part in parts]
    np.testing.assert_allclose(np.exp(LikelihoodRatio(mean, 0.2).scores(events)), sum(ratios) / 2, rtol=1e-6)
    assert np.ptp(ratios[0] - ratios[1]) > 0.1
    config = with_values(RunConfig(), {"sky.nside": NSIDE, "test.maps": 200, "test.alpha": 0.05, "test.bootstrap": 0})
    assert 0 < likelihood_verdict(config, mean, 2000).eta_min < 0.5
