"""What a network was trained for, read from its record, and where a run is something else. Needs no Keras."""

from pathlib import Path

from ..config import config_from_toml, differing_settings, value_at
from ..errors import ZevatronError
from ..scenarios import training_scenarios

SCENARIO = ("sources", "emission", "propagation", "field", "observatory", "energy", "sky")


def scenario_differences(record, config):
    """Return, one line each, where a run is not what a network was trained for.

    Parameters
    ----------
    record : dict
        As :func:`~..network.read_record` gives it.
    config : RunConfig

    Returns
    -------
    tuple of str
        Empty if it is the same, or unknown: see :func:`is_of_unknown_origin`. A network that was trained on several
        scenarios is held against the most similar one.
    """
    if "run" not in record:
        return ()
    try:
        trained = config_from_toml(record["run"]["config"])
        truths = [scenario.config for scenario in training_scenarios(trained)] or [trained]
    except ZevatronError as error:
        return (f"its run was written by another version ({error})",)
    found = min((_different_settings(truth, config) for truth in truths), key=len)
    if record.get("n_events") not in config.events.n_events:
        found.append(f"events.n_events was {record.get('n_events')}, is {list(config.events.n_events)}")
    return tuple(found)


def is_of_unknown_origin(record):
    """Whether nothing is known of what a network was trained for."""
    return "run" not in record


def origin(record, path):
    """Return in a few words what a network was trained for: ``"trained for Cen A, N = 300"``."""
    if is_of_unknown_origin(record):
        return f"{record.get('imported', {}).get('file', Path(path).name)} does not say which scenario it was trained for"
    return f"trained for {record.get('source', 'an unknown source')}, N = {record.get('n_events')}"


def trained_density(record):
    """Return the digest of the density that training skies were drawn from; None if unknown, or if there were several."""
    if is_of_unknown_origin(record):
        return None
    try:
        trained = config_from_toml(record["run"]["config"])
    except ZevatronError:
        return None
    return None if trained.training.scenarios else record.get("density")


def _different_settings(trained, config):
    return [
        f"{path} was {_plain(value_at(trained, path))}, is {_plain(value_at(config, path))}"
        for path in differing_settings([trained, config]) if path.split(".")[0] in SCENARIO
    ]


def _plain(value):
    return repr(list(value) if isinstance(value, tuple) else value)
