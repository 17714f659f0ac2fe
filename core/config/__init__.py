"""One typed, frozen object describes a whole run.

Each setting carries its unit, bounds, choices and help where it is declared (:mod:`.sections`); the window's form, the command
line's ``--set``, the commented run file, the table in the README and the validation are all drawn from there.
"""

from ..settings import NOTHING, Section, Table, describe_setting, setting
from .files import base_run, config_from_toml, read_run, read_toml, run_toml, write_run
from .run import (
    PRESETS,
    RunConfig,
    config_from_dict,
    differing_settings,
    digest_of,
    parse_assignment,
    run_config,
    settings_of,
    value_at,
    with_values,
)
from .sections import (
    IMPORTED_FIELD,
    CustomSource,
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
    emission_models,
    field_models,
    network_kinds,
)

__all__ = [
    "IMPORTED_FIELD", "NOTHING", "PRESETS", "CustomSource", "EmissionConfig", "EnergyConfig", "EventsConfig", "FieldConfig",
    "NetworkConfig", "PropagationConfig", "RunConfig", "Section", "SkyConfig", "SourcesConfig", "Table", "TestConfig",
    "TrainingConfig", "base_run", "config_from_dict", "config_from_toml", "describe_setting", "differing_settings", "digest_of", "emission_models",
    "field_models", "network_kinds", "parse_assignment", "read_run", "read_toml", "run_config", "run_toml", "setting", "settings_of",
    "value_at", "with_values", "write_run",
]
