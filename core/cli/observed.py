"""The command on measured events."""

from ..errors import InputError
from ..progress import command_progress
from .run_files import load


def events(options):
    """Read event lists; with a run test them, or record the test without looking."""
    from ..observed.lists import read_event_list

    lists = [read_event_list(path) for path in options.lists]
    scales = _scales(options.energy_scale, len(lists))
    if options.run is None:
        _refuse_without_run(options)
        return {"text": "\n".join(line for found in lists for line in found.lines()), "lists": [_summary(found) for found in lists]}
    if options.out is None:
        raise InputError("expected a file for the result", "--out")
    return _test(load(options), lists, scales, options)


def _test(config, lists, scales, options):
    from ..observed.blind import make_plan, read_plan, require_same, seal, write_plan
    from ..observed.effort import DEFAULT_STATISTIC, Effort, with_number
    from ..observed.report import observe, write_event_table
    from ..observed.selection import select
    from ..study import write_result

    effort = Effort(options.skies, options.belt_skies, options.scale_error, options.level, options.upper_level)
    selection = select(lists, scales, config)
    config = with_number(config, selection.n_events)
    network = _network(options, config, selection.n_events) if options.model else None
    name = network.name if network else options.statistic or DEFAULT_STATISTIC
    plan = make_plan(config, lists, scales, name, effort, options.model)
    if options.blind:
        write_plan(options.out, plan)
        lines = [line for found in lists for line in found.lines()]
        return {"text": "\n".join([
            *lines, f"{selection.n_events} events from {config.energy.threshold:g} EeV on; nothing else was looked at",
            f"recorded the test in {options.out}, seal {seal(plan)[:12]}; see the result with --unblind {options.out}",
        ]), "seal": seal(plan), "n_events": selection.n_events}
    recorded = None
    if options.unblind:
        recorded = read_plan(options.unblind)
        require_same(recorded, plan)
    observation = observe(config, lists, scales, statistic=network or name, effort=effort, progress=command_progress())
    document = observation.as_dict() | {"plan": recorded and {"seal": seal(recorded), **recorded}}
    write_result(options.out, document)
    written = [options.out]
    if options.table:
        write_event_table(options.table, observation)
        written.append(options.table)
    if options.png:
        from ..figures import observed_figure, save

        save(observed_figure(observation), options.png)
        written.append(options.png)
    return {"text": "\n".join([*observation.lines(), "wrote " + ", ".join(map(str, written))]), **document}


def _network(options, config, n_events):
    if not options.model.is_file():
        raise InputError(f"no file {options.model}; give the best.keras of a run folder", "--model")
    if len(config.sources.names) > 1 and not config.sources.mixture:
        raise InputError(f"expected one source for one network, received {', '.join(config.sources.names)}; choose with --source NAME")
    from ..network.files import read_record
    from ..observed.trained import require_trained_for

    same_run = " ".join([str(options.run), *(f"--set {text}" for text in options.assignments)])
    require_trained_for(read_record(options.model), options.model, config, n_events, same_run)
    from ..backend import load_backend

    load_backend(config.training.threads)
    from ..training import NetworkStatistic

    network = NetworkStatistic(options.model)
    network.check_fits(config)
    return network


def _scales(given, n_lists):
    scales = given or (1.0,)
    scales = scales * n_lists if len(scales) == 1 else scales
    if len(scales) != n_lists or not all(0.5 <= scale <= 2 for scale in scales):
        raise InputError(f"expected one factor from 0.5 to 2, or one for each of {n_lists} lists, received {list(scales)}", "--energy-scale")
    return scales


def _refuse_without_run(options):
    for name in ("out", "model", "statistic", "table", "png", "blind", "unblind"):
        if getattr(options, name):
            raise InputError("expected --run RUN.toml with it", f"--{name}")


def _summary(found):
    return {
        "file": str(found.path), "n": len(found), "columns": [str(column) for column in found.recognised],
        "published": found.published.name if found.published else None,
    }
