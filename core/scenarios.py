"""Runs that differ from one in a few settings: the possible truths of a composite hypothesis."""

from dataclasses import dataclass

from .config import NOTHING, RunConfig, parse_assignment, with_values
from .errors import ConfigError

SHARED = ("sky.nside", "events.n_events", "seed")  # the same skies have to be judged by all tests


@dataclass(frozen=True)
class Scenario:
    """One of the possible truths: a name and a run with one source, or a mixture; ``family`` is what it is left out with."""

    name: str
    config: RunConfig
    family: str = ""


def make_scenario(base, name, values, where):
    """Make one scenario.

    Parameters
    ----------
    base : RunConfig
    name : str
    values : dict
        Settings by dotted path in which it differs.
    where : str
        Entry of the file, for messages.

    Raises
    ------
    ConfigError
        If a setting is unknown, impossible, or has to be the same for all scenarios.
    """
    for path, value in values.items():
        if path in SHARED or path.startswith(("training.", "network.", "test.")):
            raise ConfigError(f"expected the same for all scenarios; set it in the base run, not to {value!r}", f"{where}.{path}")
    config = with_values(base, {path: tuple(value) if isinstance(value, list) else value for path, value in values.items()})
    if len(config.sources.names) > 1 and not config.sources.mixture:
        raise ConfigError(f"expected one source or a mixture, received {', '.join(config.sources.names)}", f"{where}.sources.names")
    return Scenario(name, config)


def training_scenarios(config):
    """Return the :class:`Scenario` of each entry of ``training.scenarios``, an empty tuple where there is none.

    An entry has the name of the scenario and one or more assignments as of ``--set``: ``PT11 = "field.model=pt11_bss_halo"``.
    """
    base, found = with_values(config, {"training.scenarios": NOTHING}), []
    for name, texts in config.training.scenarios.items():
        where = f"training.scenarios.{name}"
        texts = texts if isinstance(texts, tuple) else (texts,)
        if not all(isinstance(text, str) for text in texts):
            raise ConfigError(f'expected assignments such as "field.model=pt11_bss_halo", received {list(texts)}', where)
        found.append(make_scenario(base, name, dict(parse_assignment(text) for text in texts), where))
    return tuple(found)
