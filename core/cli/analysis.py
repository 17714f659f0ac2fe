"""Commands that take a run file through density, mock skies, training and verdict."""

import collections
import sys

from ..config import parse_assignment
from ..errors import InputError
from ..progress import TerminalProgress
from ..settings import value_text
from ..sources import selected_sources
from .run_files import load


def sky(options):
    """Compute the densities and write them as HDF5, optionally as pictures and as FITS."""
    from ..sky_density import sky_densities
    from ..sky_density.files import write_densities, write_fits
    from ..sky_density.lens_report import write_reports
    from ..sky_density.samples import is_sample

    config = load(options)
    if options.report and is_sample(config.field):
        raise InputError("expected a run through a lens; a sample of nuclei says nothing about rays", "--report")
    densities = sky_densities(config, progress=TerminalProgress())
    write_densities(options.out, config, densities)
    written = [options.out]
    if options.fits:
        for path, density in paths_by_key(options.fits, densities).items():
            write_fits(path, density)
            written.append(path)
    if options.png:
        from ..figures import save, sky_figure

        for path, density in paths_by_key(options.png, densities).items():
            save(sky_figure(density), path)
            written.append(path)
    reports = {report.source: report for density in densities for report in density.lens_reports}
    if options.report:
        write_reports(options.report, reports.values(), [f"digest {config.digest}"])
        written.append(options.report)
    lines = [f"{d.name}: {d.n_bins} bins, {d.losses}" for d in densities]
    lines += [line for report in reports.values() for line in report.lines()]
    return {"text": "\n".join([*lines, "wrote " + ", ".join(map(str, written))]), "files": [str(p) for p in written],
            "sources": [d.name for d in densities], "digest": config.digest,
            "lens": {name: report.as_dict() for name, report in reports.items()}}


def paths_by_key(path, densities):
    """Return ``{path: density}``; of several densities each has its key before the ending: ``sky-CenA.fits``."""
    if len(densities) == 1:
        return {path: densities[0]}
    return {path.with_name(f"{path.stem}-{density.key}{path.suffix}"): density for density in densities}


def one_source(config):
    """Return the source of a run that has one, or raise :class:`InputError`."""
    if len(config.sources.names) > 1:
        raise InputError(f"expected one source; the run has {', '.join(config.sources.names)}: choose with --source NAME")
    return selected_sources(config.sources)[0]


def _one_density(config, progress):
    from ..sky_density import sky_densities

    if not config.sources.mixture:
        one_source(config)
    return sky_densities(config, progress=progress)[0]


def simulate(options):
    """Draw mock skies of the source, of a given fraction or mixed as in training."""
    from ..mock_events import simulate_skies
    from ..mock_events.files import write_events

    config = load(options)
    if options.maps < 1:
        raise InputError(f"expected at least one map, received {options.maps}", "--maps")
    if options.eta is not None and not 0 <= options.eta <= 1:
        raise InputError(f"expected a fraction from 0 to 1, received {options.eta:g}", "--eta")
    density = _one_density(config, TerminalProgress())
    n_events = max(config.events.n_events)
    events = simulate_skies(config, density, n_events, options.maps, options.eta)
    write_events(options.out, config, density, events)
    return {"text": f"wrote {options.maps} skies of {n_events} events to {options.out}", "maps": options.maps, "n_events": n_events}


def _result(options, config, verdicts):
    from ..study import result_document, write_result

    document = result_document(config, verdicts)
    write_result(options.out, document)
    lines = [describe(verdict) for verdict in verdicts]
    return {"text": "\n".join([*lines, f"wrote {options.out}"]), **document}


def describe(verdict):
    """Return one line for a person: source, N, statistic, eta with interval in per cent."""
    name = f"{verdict.source}, N = {verdict.n_events}, {verdict.statistic}"
    if verdict.eta_min is None:
        return f"{name}: not detectable even if every event is from the source"
    low, high = (f"{100 * x:.2f}" if x is not None else "-" for x in (verdict.eta_low, verdict.eta_high))
    text = f"{name}: eta = {100 * verdict.eta_min:.2f} % ({low} to {high} %), AUC {verdict.auc:.4f}"
    if verdict.eta_flux not in (None, verdict.eta_min):
        text += f", {100 * verdict.eta_flux:.2f} % of the flux at the Earth"
    if verdict.check_maps:
        text += f", alpha {100 * verdict.alpha_checked:.2f} +- {100 * verdict.alpha_checked_error:.2f} % on {verdict.check_maps} other skies"
    if verdict.template is not None:
        return f"{text}; across halves, {describe_template(verdict.template)}"
    if verdict.statistic != "likelihood_ratio" and verdict.ratio_to_limit is not None:
        return f"{text}; {verdict.ratio_to_limit:.2f} times the limit of {100 * verdict.eta_limit:.2f} %"
    return text


def describe_template(choice):
    """Return which template made the limit across halves, and what the others found."""
    raw, smoothed, same = (
        "nothing" if eta is None else f"{100 * eta:.2f} %" for eta in (choice.eta_raw, choice.eta_smoothed, choice.eta_same_rays)
    )
    return (
        f"{choice.name} (raw {raw}, smoothed by {choice.best_width_deg:g} deg {smoothed}; "
        f"template of the same rays as the events: {same})"
    )


def likelihood(options):
    """Measure the smallest fraction that the likelihood ratio detects."""
    from ..information import information_runs, information_verdicts
    from ..study import likelihood_verdicts

    config = load(options)
    if options.random_field and not options.information:
        raise InputError("expected --information with it", "--random-field")
    limits = likelihood_verdicts(config, TerminalProgress())
    if options.information:
        asked = [aspect.statistic for aspect, _, _ in information_runs(config, random_field=options.random_field)]
        limits += information_verdicts(config, limits, statistics=asked, progress=TerminalProgress())
    return _result(options, config, limits)


def forecast(options):
    """Measure the limit against N, and what energy resolution and bin width do to it."""
    from ..forecast import forecast_config, run_forecast, write_forecast

    own = [text for text in options.assignments if text.strip().startswith("forecast.")]
    options.assignments = [text for text in options.assignments if text not in own]
    plan = forecast_config(dict(map(parse_assignment, own)))
    document = run_forecast(load(options), plan, TerminalProgress())
    files = write_forecast(options.out, document)
    lines = []
    for row in document["curve"]:
        eta = "nothing detected" if row["eta_min"] is None else f"eta = {100 * row['eta_min']:.2f} %"
        years = ", ".join(f"{name} {value:.3g} yr" for name, value in row["years"].items())
        lines.append(f"{row['source']}, N = {row['n_events']}: {eta}; {years}")
    return {"text": "\n".join([*lines, f"wrote {', '.join(files)} to {options.out}"]), "files": files, **document}


def evaluate(options):
    """Measure the smallest fraction that a trained network, or a statistic that needs no training, detects."""
    if options.statistic is not None:
        from ..study import statistic_verdicts

        config = load(options)
        return _result(options, config, statistic_verdicts(options.statistic, config, TerminalProgress()))
    if not options.model.is_file():
        raise InputError(f"no file {options.model}; give the best.keras of a run folder", "--model")
    from ..study import network_verdicts

    config = load(options)
    return _result(options, config, network_verdicts(config, options.model, TerminalProgress()))


def train(options):
    """Train a network for each source and number of events; one cell uses the run folder itself."""
    from ..study import run_cells
    from ..training import train_blocking

    config = load(options)
    cells, models = run_cells(config), []
    for name, cell in cells:
        path = options.out if len(cells) == 1 else options.out / name
        _say_what_is_there(path)
        models.append(train_blocking(cell, path, progress=TerminalProgress()))
    return {"text": "\n".join(f"best network: {path}" for path in models), "models": [str(path) for path in models]}


def _say_what_is_there(path):
    """Write on standard error how far an earlier training in a folder has come."""
    from ..training import RunFolder

    if (path / "config.toml").is_file() and (state := RunFolder(path).state).epoch:
        words = {"done": "done before"}.get(state.state, "interrupted; going on" if state.is_interrupted else "going on")
        print(f"{path}: {state.epoch} epochs are there, {words}", file=sys.stderr)


def cross(options):
    """Try tests made for one scenario, or for all, on the skies of each."""
    from ..cross import read_cross, run_cross

    plan = read_cross(options.cross)
    document = run_cross(plan, options.out, TerminalProgress())
    lines = [
        f"N = {row['n_events']}, skies of {row['scenario']}, {row['test']}: "
        + ("nothing detected" if row["eta_min"] is None else f"eta = {100 * row['eta_min']:.2f} %")
        for row in document["results"]
    ]
    return {"text": "\n".join([*lines, f"wrote result.json and tables to {options.out}"]), **document}


def search(options):
    """Search for meta-parameters; a search that was interrupted goes on."""
    from ..search import SearchFolder, read_search, run_search
    from ..search.folder import best_first

    plan = read_search(options.search)
    folder = SearchFolder.create(options.out, plan)
    if found := folder.trials():
        print(f"{options.out}: {sum(trial.is_over for trial in found)} of {plan.total} trials are there, going on", file=sys.stderr)
    trials = run_search(folder, TerminalProgress())
    lines, best = [], best_first(trials, plan.objective)
    for trial in best[: max(plan.judged, 1)]:
        values = ", ".join(f"{path} = {value_text(value)}" for path, value in trial.values.items())
        lines.append(f"trial {trial.number}: {plan.objective} {trial.value:.4g} with {values}")
        if trial.numbers.get("eta_limit") is not None:
            eta = trial.numbers["eta_min"]
            found = "nothing detected" if eta is None else f"eta = {100 * eta:.2f} %"
            lines.append(f"  on test skies: {found}, limit {100 * trial.numbers['eta_limit']:.2f} %; {folder.runs_path / trial.folder / 'best.keras'}")
    states = collections.Counter(trial.state for trial in trials)
    lines.append(f"{', '.join(f'{number} {state}' for state, number in states.items())}; table in {folder.table_path}")
    return {
        "text": "\n".join(lines), "objective": plan.objective, "table": str(folder.table_path),
        "trials": [{"trial": t.number, "state": t.state, "values": t.values, "folder": t.folder, **t.numbers} for t in trials],
        "best": best[0].number,
    }


def search_worker(options):
    """Search in this process, told to stop on standard input; the window starts it."""
    from ..search.worker import main

    return main(options.folder)


def worker(options):
    """Train in this process, told what to do on standard input; the window and ``train`` start it."""
    from ..training.worker import main

    return main(options.folder)
