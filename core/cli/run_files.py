"""Run files: written by ``new``, read and changed by every command that takes one."""

from ..config import RunConfig, parse_assignment, read_run, run_config, with_values, write_run
from ..errors import ConfigError, InputError
from ..sources import read_custom_sources, selected_sources


def new(options):
    """Write a run file with every setting and its help."""
    values = {}
    if options.sources_file:
        own = read_custom_sources(options.sources_file)
        values["sources.custom"] = own
        values["sources.names"] = tuple(source.name for source in own)
    if options.source:
        values["sources.names"] = tuple(options.source)
    if options.field:
        values["field.model"] = options.field
    if options.realisation is not None:
        values["field.realisation"] = options.realisation
    if options.events:
        values["events.n_events"] = options.events
    config = changed(with_values(run_config(options.preset), values), options)
    names = tuple(source.name for source in selected_sources(config.sources))
    config = with_values(config, {"sources.names": names})
    write_run(options.out, config)
    return {"text": f"wrote {options.out} (digest {config.digest})", "run": str(options.out), "digest": config.digest}


def changed(config, options):
    """Apply ``--set`` and ``--seed``."""
    values = dict(parse_assignment(text) for text in options.assignments)
    if options.seed is not None:
        values["seed"] = options.seed
    return with_values(config, values) if values else config


def chosen_field(options):
    """Return the :class:`~..config.FieldConfig` of the one field that MODEL, ``--realisation`` and ``--set`` ask for."""
    from ..galactic_field.members import single_field

    values = {"field.model": options.model}
    if options.realisation is not None:
        values["field.realisation"] = options.realisation
    for path, value in map(parse_assignment, options.assignments):
        if not path.startswith("field."):
            raise InputError(f"expected field.KEY=VALUE, received {path}; the other settings do not matter here", "--set")
        values[path] = value
    return single_field(with_values(RunConfig(), values).field)


def load(options):
    """Read the run file of a command, with ``--set``, ``--seed``, ``--source``, ``--events`` and ``--halves`` applied."""
    config = changed(read_run(options.run), options)
    values = {}
    if getattr(options, "source", None):
        values["sources.names"] = (options.source,)
        if config.sources.mixture:
            raise ConfigError("expected no --source, because the run mixes its sources; set sources.mixture=false", "--source")
    if getattr(options, "events", None) is not None:
        values["events.n_events"] = (options.events,)
    if getattr(options, "halves", False):
        values["sky.halves"] = True
    config = with_values(config, values) if values else config
    selected_sources(config.sources)
    return config
