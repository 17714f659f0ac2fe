"""Which test finds what: statistics made for one scenario, or for all, on the skies of each.

A cross file names a base run and scenarios, each with the settings in which it differs: other fields, realisations,
sources or emissions. Each likelihood ratio is tried on the skies of all of them, and so are their average, the average
without the scenario that the skies are from, the average with minimax weights, the robust average, and trained networks.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from .config import RunConfig, base_run, read_toml, run_toml, with_values
from .errors import ConfigError, UnknownNameError
from .progress import SILENT, StageProgress
from .scenarios import make_scenario
from .storage.files import make_folder, write_text
from .storage.tables import latex_text, write_table
from .study import result_document, template_pairs, write_result

AVERAGE, LEAVE_ONE_OUT, MINIMAX = "average", "leave_one_out", "minimax"
ROBUST, ROBUST_LEAVE_ONE_OUT = "robust", "robust_leave_one_out"
AVERAGES = (AVERAGE, LEAVE_ONE_OUT, MINIMAX, ROBUST, ROBUST_LEAVE_ONE_OUT)
USUAL_AVERAGES = (AVERAGE, LEAVE_ONE_OUT, MINIMAX)
ENTRIES = ("base", "run", "scenario", "averages", "models", "smoothing_deg", "spread")


@dataclass(frozen=True)
class CrossPlan:
    """What a cross file asks for.

    Attributes
    ----------
    base : RunConfig
    scenarios : tuple of Scenario
    averages : tuple of str
        Of :data:`AVERAGES`.
    models : tuple of Path
        Trained networks.
    smoothing : float
        Templates are blurred by this standard deviation, degrees: towards the spread between the scenarios.
    spread : Spread
        For the robust averages, :class:`~.statistics.rotated.Spread`; None: the default.
    """

    base: RunConfig
    scenarios: tuple
    averages: tuple = USUAL_AVERAGES
    models: tuple = ()
    smoothing: float = 0.0
    spread: object = None


def read_cross(path):
    """Read a cross file.

    It holds a base run as ``base = "RUN.toml"`` or as a table ``[run]``, two or more tables ``[[scenario]]`` with a ``name``
    and settings by dotted path, and optionally ``averages``, ``models`` (paths of networks), ``smoothing_deg`` and
    ``spread``. A scenario may name a ``family``: all of one family are left out together.

    Raises
    ------
    InputError, ConfigError
        Naming the entry at fault.
    """
    data, folder = read_toml(path), Path(path).parent
    unknown = set(data) - set(ENTRIES)
    if unknown:
        raise ConfigError(f"no such entry in a cross file; expected one of {', '.join(ENTRIES)}", sorted(unknown)[0])
    base = base_run(data, folder)
    smoothing = data.get("smoothing_deg", 0.0)
    if isinstance(smoothing, bool) or not isinstance(smoothing, int | float) or not 0 <= smoothing <= 90:
        raise ConfigError(f"expected degrees from 0 to 90, received {smoothing!r}", "smoothing_deg")
    averages, models = (_texts(data, key, default) for key, default in (("averages", list(USUAL_AVERAGES)), ("models", [])))
    for name in averages:
        if name not in AVERAGES:
            raise UnknownNameError("average", name, AVERAGES, "averages")
    scenarios, spread = _scenarios(base, data.get("scenario", [])), _spread(data.get("spread", {}))
    if {LEAVE_ONE_OUT, ROBUST_LEAVE_ONE_OUT} & set(averages) and len({scenario.family for scenario in scenarios}) < 2:
        raise ConfigError(f"expected scenarios of two or more families to leave one out, received {scenarios[0].family!r} only", "averages")
    return CrossPlan(base, scenarios, tuple(averages), tuple(folder / name for name in models), float(smoothing), spread)


def _spread(table):
    from .statistics.rotated import Spread

    known = {spec.name: spec.type for spec in fields(Spread)}
    if not isinstance(table, dict) or set(table) - set(known):
        raise ConfigError(f"expected a table with some of {', '.join(known)}, received {table!r}", "spread")
    table = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    for key, value in table.items():
        items = value if known[key] is tuple else (value,)
        if not isinstance(items, tuple) or not all(isinstance(item, int | float) and not isinstance(item, bool) for item in items):
            raise ConfigError(f"expected {'a list of numbers' if known[key] is tuple else 'a number'}, received {value!r}", f"spread.{key}")
    return Spread(**table)


def _texts(data, key, default):
    values = data.get(key, default)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ConfigError(f"expected a list of texts, received {values!r}", key)
    return values


def _scenarios(base, tables):
    if not isinstance(tables, list) or len(tables) < 2:
        raise ConfigError("expected two or more tables [[scenario]] with a name and settings", "scenario")
    found = {}
    for i, table in enumerate(tables):
        where = f"scenario[{i}]"
        if not isinstance(table, dict):
            raise ConfigError(f"expected a table [[scenario]], received {table!r}", where)
        table = dict(table)
        name = table.pop("name", None)
        if not isinstance(name, str) or not name.strip() or name in found:
            raise ConfigError(f"expected a name of its own, received {name!r}", f"{where}.name")
        family = table.pop("family", name)
        if not isinstance(family, str):
            raise ConfigError(f"expected a text, received {family!r}", f"{where}.family")
        found[name] = replace(make_scenario(base, name, dict(_dotted(table)), where), family=family)
    return tuple(found.values())


def _dotted(table):
    """Yield settings of a scenario, whether written ``"field.model" = …`` or as a table ``field = { model = … }``."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{inner}", entry) for inner, entry in value.items())
        else:
            yield key, value


def run_cross(plan, folder, progress=SILENT):
    """Judge every test in every scenario and write the tables.

    Parameters
    ----------
    plan : CrossPlan
    folder : path-like
        Gets ``result.json`` and, for each number of events, ``cross_N….csv`` and ``.tex``.
    progress : Progress, optional

    Returns
    -------
    dict
        Content of ``result.json``: ``results`` (verdicts with ``scenario`` and ``test``), ``weights``, ``scenarios``, ``run``.
    """
    folder = make_folder(folder, "choose another --out")
    rows, weights = [], {}
    pairs = scenario_pairs(plan, progress)
    networks = _networks(plan)
    for n_events in plan.base.events.n_events:
        tests, weights[n_events] = _tests(plan, pairs, n_events, networks, StageProgress(progress, f"N = {n_events}"))
        found = _judged(plan, pairs, n_events, tests, StageProgress(progress, f"N = {n_events}"))
        _write_tables(folder, plan, n_events, list(tests), found)
        rows += found
    document = result_document(plan.base, ()) | {
        "results": rows, "weights": {str(n): w for n, w in weights.items() if w},
        "scenarios": {scenario.name: run_toml(scenario.config, comments=False) for scenario in plan.scenarios},
    }
    write_result(folder / "result.json", document)
    return document


def scenario_pairs(plan, progress=SILENT):
    """Return the templates, blurred as the plan says, and the densities of the scenarios, two tuples."""
    from .sky_density.smoothing import smoothed_density
    from .statistics.average import require_same_background

    pairs = []
    for scenario in plan.scenarios:
        (template, density), = template_pairs(scenario.config, progress=StageProgress(progress, scenario.name))
        pairs.append((smoothed_density(template, plan.smoothing), density))
    templates, densities = zip(*pairs, strict=True)
    require_same_background(densities)
    return templates, densities


def _networks(plan):
    if not plan.models:
        return {}
    from .backend import load_backend

    load_backend(plan.base.training.threads)
    from .statistics.remembered import RememberedScores
    from .training import NetworkStatistic

    found = {}
    for path in plan.models:
        network = NetworkStatistic(path)
        network.check_fits(plan.base)
        found[str(path)] = RememberedScores(network)
    return found


def _tests(plan, pairs, n_events, networks, progress):
    """Return ``{label: statistic of scenario j}`` and the minimax weights if they are wanted."""
    from .statistics.average import AveragedLikelihoodRatio, minimax_weights
    from .statistics.ratios import ratio_of
    from .statistics.rotated import CombinedRatio, RobustRatio, Spread

    templates, densities = pairs
    families, weights = np.array([scenario.family for scenario in plan.scenarios]), None
    spread = plan.spread or Spread()
    tests = {
        f"likelihood ratio for {scenario.name}": _same(ratio_of(template))
        for scenario, template in zip(plan.scenarios, templates, strict=True)
    }

    def average(chosen):
        return lambda eta: AveragedLikelihoodRatio(templates, eta, chosen)

    def robust(chosen):
        return lambda eta: RobustRatio([template for template, known in zip(templates, chosen, strict=True) if known], eta, spread)

    def combined(chosen, network):
        return lambda eta: CombinedRatio(robust(chosen)(eta), network, spread.network_share)

    def others(j):
        return families != families[j]

    everything = np.ones(len(families), dtype=bool)
    if AVERAGE in plan.averages:
        tests["average of all"] = _same(average(None))
    if LEAVE_ONE_OUT in plan.averages:
        tests["average of the others"] = lambda j: average(others(j))
    if MINIMAX in plan.averages:
        found, _ = minimax_weights(plan.base, templates, densities, n_events, progress=progress)
        weights = dict(zip((s.name for s in plan.scenarios), found.tolist(), strict=True))
        tests["minimax average"] = _same(average(found))
    if ROBUST in plan.averages:
        tests["robust average of all"] = _same(robust(everything))
    if ROBUST_LEAVE_ONE_OUT in plan.averages:
        tests["robust average of the others"] = lambda j: robust(others(j))
    for label, network in networks.items():
        tests[name := f"network {Path(label).name}"] = _same(network)
        if ROBUST in plan.averages:
            tests[f"robust average of all with {name}"] = _same(combined(everything, network))
        if ROBUST_LEAVE_ONE_OUT in plan.averages:
            tests[f"robust average of the others with {name}"] = lambda j, network=network: combined(others(j), network)
    return tests, weights


def _same(statistic):
    return lambda j: statistic


def _judged(plan, pairs, n_events, tests, progress):
    """Return a row for each test in each scenario, scenario by scenario, with the scenario's own ratio as the limit."""
    from .statistics import verdict

    run, rows = with_values(plan.base, {"test.check_maps": 0}), []
    for j, (scenario, density) in enumerate(zip(plan.scenarios, pairs[1], strict=True)):
        own = f"likelihood ratio for {scenario.name}"
        stage = StageProgress(progress, scenario.name)
        found = {label: verdict(run, density, n_events, choose(j), progress=stage) for label, choose in tests.items()}
        rows += [
            replace(one, eta_limit=found[own].eta_min).as_dict() | {"scenario": scenario.name, "test": label}
            for label, one in found.items()
        ]
    return rows


def _write_tables(folder, plan, n_events, labels, rows):
    """Write tests in rows and scenarios in columns: fractions and ratios to the scenario's own limit as CSV, per cent in LaTeX."""
    names = [scenario.name for scenario in plan.scenarios]
    by_cell = {(row["test"], row["scenario"]): row for row in rows}
    columns = {"test": labels}
    for key, words in (("eta_min", "eta"), ("ratio_to_limit", "ratio")):
        columns |= {f"{words}: {name}": [by_cell[label, name][key] for label in labels] for name in names}
    columns["largest ratio"] = [_largest([by_cell[label, name]["ratio_to_limit"] for name in names]) for label in labels]
    write_table(folder / f"cross_N{n_events}.csv", columns, [
        f"smallest detectable source fraction eta (0..1) at N = {n_events} on skies of each scenario, empty where nothing is detected; "
        "ratio: over the likelihood ratio of that scenario",
        f"digest of the base run {plan.base.digest}, seed {plan.base.seed}, templates smoothed by {plan.smoothing:g} deg",
    ])
    write_text(folder / f"cross_N{n_events}.tex", cross_latex(labels, names, by_cell))


def _largest(ratios):
    return None if None in ratios else max(ratios)


def cross_latex(labels, names, by_cell):
    """Return the table in LaTeX, per cent; the scenario's own ratio in bold face, ``--`` where nothing is detected."""
    lines = [
        r"\begin{tabular}{l" + "r" * len(names) + "}", r"\hline", " & ".join(["Test", *map(latex_text, names)]) + r" \\", r"\hline",
    ]
    for label in labels:
        cells = [_latex_cell(by_cell[label, name], label == f"likelihood ratio for {name}") for name in names]
        lines.append(" & ".join([latex_text(label), *cells]) + r" \\")
    return "\n".join([*lines, r"\hline", r"\end{tabular}", ""])


def _latex_cell(row, is_own):
    if row["eta_min"] is None:
        return "--"
    text = f"{100 * row['eta_min']:.2f}"
    return rf"\textbf{{{text}}}" if is_own else text
