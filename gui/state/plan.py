"""Many trainings from one question: sources × N × fields × networks. No Qt."""

import itertools
from dataclasses import replace

from ...core.config import FieldConfig
from ...core.errors import ConfigError, ZevatronError
from .answers import alone

MOST_RUNS = 500  # in one go: a slip of the finger, rather


def with_field(config, model):
    """Return a run in another Galactic field; parameters of a model mean nothing to another one."""
    if model == config.field.model:
        return config
    return replace(config, field=FieldConfig(model=model, realisation=config.field.realisation, realisations=config.field.realisations, seed=config.field.seed))


def planned_runs(base, sources, numbers, fields, networks):
    """Return the runs, each one training, of every combination, those of the first number of events first.

    Parameters
    ----------
    base : RunConfig
        Everything else.
    sources : sequence of str
        Names; of a mixture, which stays together, any.
    numbers : sequence of int
    fields, networks : sequence of str
        Names in the registries.

    Returns
    -------
    tuple of RunConfig

    Raises
    ------
    ConfigError
        If one of the lists is empty, there are too many runs, or one of them is impossible.
    """
    for entries, what in ((sources, "source"), (numbers, "number of events"), (fields, "field"), (networks, "network")):
        if not entries:
            raise ConfigError(f"expected at least one {what}; tick one" if what != "number of events" else "expected numbers of events such as 100, 300")
    sources = sources[:1] if base.sources.mixture else sources
    if (count := len(sources) * len(numbers) * len(fields) * len(networks)) > MOST_RUNS:
        raise ConfigError(f"expected at most {MOST_RUNS} runs in one go, received {count}; tick less")
    runs = []
    for source, field, network in itertools.product(sources, fields, networks):  # settings are checked here, so as seldom as can be
        try:
            run = alone(with_field(base, field), source)
            run = replace(run, network=replace(run.network, kind=network))
            runs += [(n_events, replace(run, events=replace(run.events, n_events=(n_events,)))) for n_events in numbers]
        except ZevatronError as error:
            raise ConfigError(f"{source}, {field}, {network}: {error}") from None
    order = {n_events: place for place, n_events in enumerate(numbers)}
    return tuple(dict.fromkeys(run for _, run in sorted(runs, key=lambda entry: order[entry[0]])))
