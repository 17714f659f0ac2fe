"""The whole run: its sections together, its digest, presets, and settings by dotted path."""

import hashlib
import json
import types
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from dataclasses import field as dataclass_field

from ..errors import ConfigError, UnknownNameError
from ..observatory import ObservatoryConfig
from ..settings import Section, section_from_dict, setting
from ..storage.documents import toml_document
from .sections import (
    EmissionConfig,
    EnergyConfig,
    EventsConfig,
    FieldConfig,
    NetworkConfig,
    PropagationConfig,
    SkyConfig,
    SourcesConfig,
    TestConfig,
    TrainingConfig,
)


@dataclass(frozen=True)
class RunConfig(Section):
    """Everything that decides the numbers of a run."""

    name: str = setting("", label="Name", help="Label of the run; decides nothing")
    seed: int = setting(1, low=0, high=2**63 - 1, label="Seed", help="Every random stream of the run is spawned from it")
    sources: SourcesConfig = dataclass_field(default_factory=SourcesConfig)
    emission: EmissionConfig = dataclass_field(default_factory=EmissionConfig)
    propagation: PropagationConfig = dataclass_field(default_factory=PropagationConfig)
    field: FieldConfig = dataclass_field(default_factory=FieldConfig)
    observatory: ObservatoryConfig = dataclass_field(default_factory=ObservatoryConfig)
    energy: EnergyConfig = dataclass_field(default_factory=EnergyConfig)
    sky: SkyConfig = dataclass_field(default_factory=SkyConfig)
    events: EventsConfig = dataclass_field(default_factory=EventsConfig)
    network: NetworkConfig = dataclass_field(default_factory=NetworkConfig)
    training: TrainingConfig = dataclass_field(default_factory=TrainingConfig)
    test: TestConfig = dataclass_field(default_factory=TestConfig)

    @property
    def digest(self):
        """Twelve hexadecimal digits that name the configuration (its label left out)."""
        return digest_of({key: value for key, value in asdict(self).items() if key != "name"})


def digest_of(*parts):
    """Twelve hexadecimal digits of plain values, dictionaries and dataclasses; equal content, equal digest."""
    plain = [asdict(part) if is_dataclass(part) else part for part in parts]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


PRESETS = types.MappingProxyType({
    "paper": types.MappingProxyType({}),
    "quick": types.MappingProxyType({
        "sky.nside": 16, "network.filters": 24, "events.n_events": (300,), "training.epochs": 8,
        "training.maps_per_epoch": 4000, "training.validation_maps": 2000, "training.patience": 4, "test.maps": 10_000,
        "test.check_maps": 20_000,
    }),
})


def run_config(preset="paper", **values):
    """Make a configuration from a preset; ``values`` are as in :func:`with_values`, dots written as double underscores."""
    if preset not in PRESETS:
        raise UnknownNameError("preset", preset, PRESETS)
    config = with_values(RunConfig(), PRESETS[preset])
    return with_values(config, {key.replace("__", "."): value for key, value in values.items()})


def settings_of(config_class=RunConfig, prefix=""):
    """Yield ``(dotted path, dataclass field)`` of every setting, in the order of the run file."""
    for spec in fields(config_class):
        path = f"{prefix}{spec.name}"
        if is_dataclass(spec.type):
            yield from settings_of(spec.type, f"{path}.")
        else:
            yield path, spec


def value_at(config, path):
    """Return the value of the setting with the dotted ``path``."""
    for part in path.split("."):
        config = getattr(config, part)
    return config


def differing_settings(configs, but=()):
    """Return the dotted paths of the settings that are not the same in all configurations, those in ``but`` left out."""
    return [path for path, _ in settings_of() if path not in but and len({repr(value_at(config, path)) for config in configs}) > 1]


def with_values(config, values):
    """Return a copy of ``config`` with other values.

    Parameters
    ----------
    config : RunConfig
    values : mapping of str to object
        Dotted paths, such as ``{"energy.n_bins": 8}``; all are set before anything is checked.

    Raises
    ------
    ConfigError
        If a path is unknown or a value is not allowed.
    """
    nested = {}
    for path, value in values.items():
        section, dot, key = path.partition(".")
        known = {spec.name for spec in fields(config)}
        if section not in known or (dot and not is_dataclass(getattr(config, section))):
            raise ConfigError(f"no such setting; known: {', '.join(p for p, _ in settings_of(type(config)))}", path)
        if dot:
            key, is_entry, entry = key.partition(".")
            if key not in (names := [spec.name for spec in fields(getattr(config, section))]):
                raise ConfigError(f"no such setting; [{section}] has {', '.join(names)}", path)
            if is_entry:
                table = nested.get(section, {}).get(key, getattr(getattr(config, section), key))
                if not isinstance(table, dict):
                    raise ConfigError(f"no such setting; {section}.{key} is no table", path)
                value = {**table, entry: value}
            nested.setdefault(section, {})[key] = value
        elif is_dataclass(getattr(config, section)) and not isinstance(value, type(getattr(config, section))):
            raise ConfigError(f"expected {section}.KEY, received the whole section", path)
        else:
            nested[section] = value
    return replace(config, **{
        key: replace(getattr(config, key), **value) if isinstance(value, dict) else value for key, value in nested.items()
    })


def parse_assignment(text):
    """Split ``"section.key=value"`` of ``--set`` into path and value (TOML; a bare word is taken as text)."""
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise ConfigError(f"expected section.key=value, received {text!r}")
    try:
        return path.strip(), toml_document(f"value = {value}")["value"]
    except ValueError:
        return path.strip(), value.strip()


def config_from_dict(data):
    """Make a :class:`RunConfig` from nested dictionaries, refusing unknown keys with the path of the bad entry."""
    if not isinstance(data, dict):
        raise ConfigError(f"expected a table [run], received {data!r}", "run")
    return section_from_dict(RunConfig, data, "")
