import dataclasses
import math
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zevatron.core.config import (
    PRESETS,
    CustomSource,
    RunConfig,
    config_from_dict,
    config_from_toml,
    parse_assignment,
    read_run,
    run_config,
    run_toml,
    settings_of,
    value_at,
    with_values,
)
from zevatron.core.errors import ConfigError, InputError, UnknownNameError, ZevatronError


def test_defaults_are_those_of_the_paper():
    config = RunConfig()
    assert config.sky.nside == 32
    assert config.energy.resolution == 0.20
    assert config.energy.bin_width == 0.05
    assert config.energy.bin_count == 15
    assert config.energy.bin_edges[0] == 56.0
    assert config.energy.bin_edges[-1] == pytest.approx(56.0 * 10**0.75)
    assert (config.test.alpha, config.test.beta) == (0.01, 0.05)
    assert config.events.n_events == (50, 100, 200, 300, 400, 500)
    assert config.network.filters == 76


@pytest.mark.parametrize(("width", "count"), [(1 / 5, 4), (1 / 10, 8), (1 / 20, 15), (0.75, 1), (0.25, 3), (0.15, 5)])
def test_number_of_bins_covers_three_quarters_of_a_decade(width, count):
    assert with_values(RunConfig(), {"energy.bin_width": width}).energy.bin_count == count


def test_every_setting_has_label_help_and_a_default_within_its_own_bounds():
    for path, spec in settings_of():
        assert spec.metadata["label"] and spec.metadata["help"], path
        assert with_values(RunConfig(), {path: value_at(RunConfig(), path)}) == RunConfig()


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("comments", [True, False])
def test_presets_survive_the_round_trip_through_toml(preset, comments):
    config = run_config(preset)
    assert config_from_toml(run_toml(config, comments)) == config


texts = st.text(alphabet=string.printable + "éηΔβ☉", max_size=30)
custom_sources = st.builds(
    CustomSource,
    name=texts.filter(lambda t: t.strip()),
    frame=st.sampled_from(["galactic", "equatorial"]),
    lon=st.floats(0, 360),
    lat=st.floats(-90, 90),
    distance=st.floats(0.05, 250),
)


@settings(max_examples=60, deadline=None)
@given(
    name=texts,
    seed=st.integers(0, 2**63 - 1),
    threshold=st.floats(20, 70),
    resolution=st.floats(0, 0.5),
    n_events=st.lists(st.integers(1, 100_000), min_size=1, max_size=8, unique=True),
    custom=st.lists(custom_sources, max_size=3),
    file=texts,
)
def test_any_configuration_comes_back_exactly(name, seed, threshold, resolution, n_events, custom, file):
    config = with_values(RunConfig(), {
        "name": name, "seed": seed, "energy.threshold": threshold, "energy.resolution": resolution,
        "events.n_events": n_events, "sources.custom": custom, "emission.file": file,
    })
    again = config_from_toml(run_toml(config))
    assert again == config
    assert again.digest == config.digest


def test_digest_changes_with_every_number_but_not_with_the_label():
    config = RunConfig()
    assert with_values(config, {"name": "another"}).digest == config.digest
    changed = {with_values(config, {p: v}).digest for p, v in (("seed", 2), ("test.alpha", 0.02), ("energy.threshold", 57))}
    assert len(changed | {config.digest}) == 4


@pytest.mark.parametrize(
    ("values", "path", "words"),
    [
        ({"energy": {"n_bin": 5}}, "energy.n_bin", "no such setting"),
        ({"enrgy": {}}, "enrgy", "no such setting"),
        ({"energy": 3}, "energy", "expected a table"),
        ({"energy": {"n_bins": -1}}, "energy.n_bins", "an integer from 0 to 60, received -1"),
        ({"energy": {"n_bins": 2.5}}, "energy.n_bins", "received 2.5"),
        ({"energy": {"n_bins": True}}, "energy.n_bins", "received True"),
        ({"energy": {"n_bins": 40}}, "energy.n_bins", "end at 5600 EeV"),
        ({"energy": {"resolution": math.nan}}, "energy.resolution", "received nan"),
        ({"energy": {"resolution": "0.2"}}, "energy.resolution", "received '0.2'"),
        ({"events": {"n_events": [-5]}}, "events.n_events[0]", "from 1 to 100000"),
        ({"events": {"n_events": []}}, "events.n_events", "one or more"),
        ({"events": {"n_events": 300}}, "events.n_events", "expected a list"),
        ({"sky": {"nside": 31}}, "sky.nside", "power of two"),
        ({"field": {"model": "jf21"}}, "field.model", "jf12_regular"),
        ({"emission": {"model": "table"}}, "emission.file", "expected a path"),
        ({"emission": {"fractions": [1, 0]}}, "emission.fractions", "five numbers"),
        ({"sources": {"names": []}}, "sources.names", "at least one"),
        ({"sources": {"custom": [{"name": "X", "lat": 91}]}}, "sources.custom.lat", "from -90 to 90"),
        ({"sources": {"custom": [{"name": "X", "latt": 1}]}}, "sources.custom[0].latt", "no such setting"),
        ({"test": {"maps": 100, "alpha": 1e-3}}, "test.maps", "at least 1000 maps"),
        ({"seed": "one"}, "seed", "received 'one'"),
    ],
)
def test_bad_entries_are_refused_with_their_path(values, path, words):
    with pytest.raises(ZevatronError) as caught:
        config_from_dict(values)
    assert caught.value.path == path
    assert words in str(caught.value)


def test_with_values_checks_only_the_final_state():
    config = with_values(RunConfig(), {"energy.n_bins": 2, "energy.bin_width": 0.5})
    assert config.energy.bin_count == 2
    with pytest.raises(ConfigError, match="no such setting"):
        with_values(config, {"energy.foo": 1})
    with pytest.raises(ConfigError, match="whole section"):
        with_values(config, {"energy": {"n_bins": 3}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("energy.n_bins=8", ("energy.n_bins", 8)),
        ("field.model=none", ("field.model", "none")),
        ('field.model="none"', ("field.model", "none")),
        ("events.n_events=[50, 100]", ("events.n_events", [50, 100])),
        ("sources.mixture = true", ("sources.mixture", True)),
    ],
)
def test_assignments_of_the_command_line(text, expected):
    assert parse_assignment(text) == expected


def test_assignment_without_a_value_is_refused():
    with pytest.raises(ConfigError, match=r"section\.key=value"):
        parse_assignment("energy.n_bins")


def test_configuration_is_frozen_and_holds_plain_types():
    config = with_values(RunConfig(), {"events.n_events": np.array([10, 20]), "energy.resolution": np.float64(0.1)})
    assert [type(n) for n in config.events.n_events] == [int, int]
    assert type(config.energy.resolution) is float
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.energy.resolution = 0.3


def test_run_files_that_cannot_be_read_say_why(tmp_path):
    with pytest.raises(InputError, match=r"main\.py new"):
        read_run(tmp_path / "missing.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[energy\nn_bins = 3")
    with pytest.raises(InputError, match="line 1"):
        read_run(broken)
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="text file"):
        read_run(broken)


def test_unknown_names_list_what_would_have_worked():
    with pytest.raises(UnknownNameError, match="inoue12, gilmore12"):
        with_values(RunConfig(), {"propagation.ebl": "dominguez11"})


def test_the_readme_shows_the_settings_as_they_are(request):
    from docs.make_settings import END, START, settings_table

    readme = (request.config.rootpath / "README.md").read_text(encoding="utf-8")
    shown = readme.split(START)[1].split(END)[0].strip()
    assert shown == settings_table().strip(), "run: python docs/make_settings.py"


def test_changed_parameters_of_a_field_come_back_exactly():
    config = with_values(RunConfig(), {"field.parameters.x_strength": 3.5})
    config = with_values(config, {"field.parameters.arm_strengths": [0.0] * 8})
    assert config.field.parameters == {"x_strength": 3.5, "arm_strengths": (0.0,) * 8}
    assert config_from_toml(run_toml(config)) == config
    assert config.digest != RunConfig().digest and hash(config) != hash(RunConfig())


@pytest.mark.parametrize(("values", "path", "message"), [
    ({"field.parameters.x_strenth": 3.5}, "field.parameters.x_strenth", "known: arm_radii"),
    ({"field.parameters.x_strength": "much"}, "field.parameters.x_strength", "expected a finite number .µG., received .much."),
    ({"field.parameters.x_strength": float("nan")}, "field.parameters.x_strength", "expected a finite number"),
    ({"field.parameters.arm_strengths": [1.0]}, "field.parameters.arm_strengths", "expected 8 numbers"),
    ({"field.parameters": 3}, "field.parameters", "expected a table"),
    ({"field.model": "imported"}, "field.file", "expected the folder"),
    ({"field.model": "imported", "field.file": "lens", "field.ensemble": ["none"]}, "field.ensemble", "is not averaged with models"),
    ({"field.ensemble": ["none", "jf12"]}, "field.ensemble", "expected each model once"),
    ({"field.ensemble": ["none"], "field.weights": [1.0]}, "field.weights", "expected 2 weights"),
    ({"energy.threshold.x": 1.0}, "energy.threshold.x", "energy.threshold is no table"),
])
def test_faults_of_the_field_are_named(values, path, message):
    with pytest.raises(ConfigError, match=message) as caught:
        with_values(RunConfig(), values)
    assert caught.value.path == path
