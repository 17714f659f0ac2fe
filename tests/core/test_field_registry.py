"""Every model of the registry: listed, changeable, finite, in the command line, and strict about what it is given."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest

import main

from zevatron.core.config import FieldConfig, RunConfig, with_values
from zevatron.core.errors import ConfigError
from zevatron.core.galactic_field import GalacticField, backtrack, galactic_field
from zevatron.core.galactic_field.registry import (
    FIELD_MODELS,
    check_parameters,
    model_parameters,
    model_parts,
    published_model,
    published_parts,
)
from zevatron.core.storage.tables import read_table, write_table

MODELS = list(FIELD_MODELS)
REGULAR = [name for name, entry in FIELD_MODELS.items() if not entry.random]
RANDOM = [name for name in MODELS if name not in REGULAR]
PARAMETERS = [(name, spec) for name in MODELS for part in published_parts(name) for spec in fields(part)]
REGULAR_PARAMETERS = [(name, spec) for name, spec in PARAMETERS if name in REGULAR]
DRAWN = {"inner_scale", "outer_scale"}  # act on the draw, not on its strength
IDLE = {"halo_phase"}  # of TF17's axisymmetric halo


def nudged(value, spec, factor=1.1):
    """Another allowed value of a parameter."""
    if isinstance(value, tuple):
        return tuple(nudged(entry, spec, factor) for entry in value)
    if isinstance(value, bool):
        return not value
    return value * factor if value else min(0.1, spec.metadata["high"])


@pytest.fixture
def positions(rng):
    return np.concatenate([rng.normal(0, 1, (2000, 3)) * scale for scale in ([25, 25, 15], [9, 9, 1], [2, 2, 1])])


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_listed_for_people(name):
    listed = model_parameters(name)
    assert len({parameter.name for parameter in listed}) == len(listed)
    assert all(parameter.help for parameter in listed)
    for parameter in listed:
        switch = isinstance(parameter.default, bool) or parameter.name in ("x_power", "striation")
        assert bool(parameter.unit) != switch
    parts = published_parts(name)
    assert len(parts) == 1 + (name in RANDOM)
    assert {parameter.name: parameter.default for parameter in listed} == {
        spec.name: getattr(part, spec.name) for part in parts for spec in fields(part)
    }


def test_listed_defaults_are_those_of_the_variant():
    """The axisymmetric disk of PT11 differs from the defaults of its class."""
    assert {p.name: (p.default, p.unit) for p in model_parameters("pt11_ass_halo")}["pitch"] == (-5.0, "deg")


@pytest.mark.parametrize(
    ("name", "spec"), REGULAR_PARAMETERS, ids=[f"{name}-{spec.name}" for name, spec in REGULAR_PARAMETERS]
)
def test_every_parameter_changes_field_and_digest(name, spec, positions):
    published = galactic_field(name)
    value = nudged(getattr(published.model, spec.name), spec)
    changed = galactic_field(with_values(RunConfig(), {"field.model": name, f"field.parameters.{spec.name}": value}).field)
    assert changed.digest != published.digest
    new, old = changed.values(positions), published.values(positions)
    assert np.isfinite(new).all()
    assert (new != old).any() or (spec.name in IDLE and not published.model.bisymmetric)


@pytest.mark.parametrize("name", RANDOM)
def test_parameters_of_both_parts_change_the_field(name, positions):
    """All stand in one table; none is taken for one of the other part."""
    published = galactic_field(name)
    for part in published_parts(name):
        for spec in fields(part):
            values = {spec.name: nudged(getattr(part, spec.name), spec)}
            changed = galactic_field(FieldConfig(name, values))
            assert changed.digest != published.digest
            own = spec.name in {known.name for known in fields(published.model)}
            assert (changed.model != published.model, changed.random != published.random) == (own, not own)
            if changed.random != published.random and spec.name not in DRAWN:
                assert np.any(np.array(changed.random_strength(positions)) != published.random_strength(positions))


@pytest.mark.parametrize("name", REGULAR)
def test_fields_with_any_parameters_are_finite(name, rng, positions):
    special = np.array([[0, 0, 0], [0, 0, 1e-12], [0, 0, 5], [-8.5, 0, 0], [5, 0, 0], [3, 0, -0.0]])
    for _draw in range(5):
        model = published_model(name)
        for spec in fields(model):
            try:
                value = nudged(getattr(model, spec.name), spec, np.exp(rng.uniform(-1, 1)))
                model = replace(model, **{spec.name: value})
            except ConfigError:  # out of bounds, or contradicts the others: kept as it was
                continue
        assert np.isfinite(GalacticField("changed", model).values(np.concatenate([special, positions]))).all()


@pytest.mark.parametrize(("name", "spec"), PARAMETERS, ids=[f"{name}-{spec.name}" for name, spec in PARAMETERS])
def test_impossible_values_name_their_parameter(name, spec):
    bad = [math.nan, math.inf, "strong", None, [1.0, 2.0], {}]
    if not isinstance(spec.default, bool):
        bounds = spec.metadata
        bad += [True] + [0.0] * bounds["nonzero"] + [-1e9] * (bounds["low"] > -math.inf) + [1e9] * (bounds["high"] < math.inf)
    if isinstance(spec.default, tuple):
        bad += [spec.default[:-1], [*spec.default, 1.0]]
        bad += [(*spec.default[:-1], entry) for entry in (math.nan, "strong", True)]
    for value in bad:
        with pytest.raises(ConfigError, match=rf"^field\.parameters\.{spec.name}.*: expected .*, received") as caught:
            check_parameters(name, {spec.name: value})
        assert caught.value.path.startswith(f"field.parameters.{spec.name}")


@pytest.mark.parametrize(
    ("name", "parameters", "path", "message"),
    [
        ("jf12_regular", {"x_strenth": 3.5}, "x_strenth", "no parameter of jf12_regular; known: arm_radii"),
        ("jf12_regular", {"x_scale": 0}, "x_scale", r"expected a finite number above 0 \(kpc\), received 0"),
        ("jf12_regular", {"arm_radii": (5, 4, 6, 7, 8, 9, 10, 11)}, "arm_radii", "expected growing radii"),
        ("jf12_regular", {"arm_strengths": (1, 2, math.nan, 4, 5, 6, 7, 8)}, r"arm_strengths[2]", "expected a finite number"),
        ("jf12sol_regular", {"edge_width": 8}, "edge_width", "expected at most half of the disk, 7.5 kpc, received 8"),
        ("jf12sol_regular", {"arm_radii": (1, 2, 3, 4, 5, 6, 7, 8)}, "arm_radii", "expected arms within one turn"),
        ("pt11_bss_halo", {"pitch": 0.0}, "pitch", r"expected a finite number of at least -89, at most 89, not 0 \(deg\), received 0"),
        ("pt11_bss_halo", {"bisymmetric": 1}, "bisymmetric", "expected true or false, received 1"),
        ("pt11_bss_halo", {"reversal_distance": 0.0}, "reversal_distance", "puts no reversal at the Sun"),
        ("jf12", {"outer_scale": 0.008}, "outer_scale", "expected more than inner_scale, 0.008 kpc, received 0.008"),
        ("jf12", {"striation": -1}, "striation", "expected a finite number of at least 0, received -1"),
        ("uf23_spur", {"mode_strengths": (1, 2, 3)}, "mode_strengths", "known: pitch, disk_height"),
        ("none", {"pitch": 1.0}, "pitch", "known: bx, by, bz"),
    ],
)
def test_faults_say_what_would_have_worked(name, parameters, path, message):
    with pytest.raises(ConfigError, match=message) as caught:
        check_parameters(name, parameters)
    assert caught.value.path == f"field.parameters.{path}"


def test_the_page_of_parameters_shows_them_as_they_are(request):
    from docs.make_field_parameters import page

    shown = (request.config.rootpath / "docs" / "field-parameters.md").read_text(encoding="utf-8")
    assert shown == page(), "run: python docs/make_field_parameters.py"


def test_an_imported_lens_has_no_parameters():
    with pytest.raises(ConfigError, match=r"^field\.parameters: expected none, because the field 'imported' has no parameters"):
        check_parameters("imported", {"pitch": 1.0})


def test_integers_are_taken_as_numbers():
    """A whole number in a run file must neither start the compiler nor name another field."""
    whole, broken = (galactic_field(FieldConfig("jf12_regular", {"x_scale": value})) for value in (3, 3.0))
    assert whole.digest == broken.digest
    assert type(whole.constants.x_scale) is float
    model, _random = model_parts("jf12_regular", {"arm_strengths": [1, 2, 3, 4, 5, 6, 7, 8]})
    assert {type(strength) for strength in model.arm_strengths} == {float}


def test_every_model_has_another_digest():
    assert len({galactic_field(name).digest for name in MODELS}) == len(MODELS)


@pytest.mark.parametrize("name", REGULAR)
def test_every_regular_model_is_in_the_command_line(name, tmp_path, monkeypatch):
    """``field`` and ``backtrack`` give what the engine gives."""
    monkeypatch.chdir(tmp_path)
    position, lon, lat = np.array([[-8.0, 1.0, 0.3]]), np.array([40.0]), np.array([25.0])
    write_table("at.csv", dict(zip(("x_kpc", "y_kpc", "z_kpc"), position.T, strict=True)))
    write_table("to.csv", {"l_deg": lon, "b_deg": lat})
    assert main.main(["field", name, "--at", "at.csv", "--out", "field.csv"]) == 0
    assert main.main(["backtrack", name, "--rigidity", "40", "--directions", "to.csv", "--out", "exit.csv"]) == 0
    values = [read_table("field.csv").floats(f"B{axis}_uG")[0] for axis in "xyz"]
    field = galactic_field(name)
    np.testing.assert_allclose(values, field.values(position)[0], atol=1e-8)
    lon, lat = np.radians(lon), np.radians(lat)
    directions = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    path = backtrack(field, 40.0, directions).path
    assert read_table("exit.csv").floats("path_kpc") == pytest.approx(path, abs=1e-5)
