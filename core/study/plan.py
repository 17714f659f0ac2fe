"""What a study file asks for: a base run, axes of further settings, and the statistics to compare."""

import functools
import itertools
import json
import math
from dataclasses import dataclass
from pathlib import Path

from ..config import RunConfig, base_run, network_kinds, read_toml, run_toml, settings_of, with_values
from ..errors import ConfigError, UnknownNameError, ZevatronError
from ..settings import Table, checked_value, value_text
from ..sources import find_source
from ..statistics.registry import STATISTICS
from .grid import LIKELIHOOD_RATIO, run_cells

OWN_NETWORK = "network"  # in statistics: the network that network.kind names, which may be an axis
LISTED = ("sources.names", "events.n_events")  # one value of their axes stands for a list of one
TRAINING = ("network.", "training.")  # settings that decide nothing where nothing is trained
MOST_CELLS = 100_000


@dataclass(frozen=True)
class StudyCell:
    """One source, number of events and statistic of a study.

    Attributes
    ----------
    label : str
        Source and number of events, fit for a folder.
    config : RunConfig
    statistic : str
        In :data:`~..statistics.registry.STATISTICS`, or the kind of a network.
    axes : dict
        Values of the axes that decide something for it.
    """

    label: str
    config: RunConfig
    statistic: str
    axes: dict

    @functools.cached_property
    def folder_name(self):
        """Label and digest: unique and readable."""
        return f"{self.label}_{self.statistic}_{self.config.digest}"

    @property
    def is_network(self):
        """Whether something is trained for it."""
        return self.statistic not in STATISTICS


@dataclass(frozen=True)
class Study:
    """A base run, further axes and the statistics to compare.

    Attributes
    ----------
    base : RunConfig
    axes : dict of str to list
        Values by dotted setting.
    statistics : tuple of str
        Names of statistics and kinds of networks; :data:`OWN_NETWORK` is what ``network.kind`` says.
    """

    base: RunConfig
    axes: dict
    statistics: tuple

    def cells(self):
        """Return every cell; a mixture is one source, and a statistic without training has no axes of networks.

        Raises
        ------
        ConfigError
            If a combination is no valid run, or two give the same cell.
        """
        return self._cells

    @functools.cached_property
    def _cells(self):
        cells = {}
        for values in itertools.product(*self.axes.values()):
            point = dict(zip(self.axes, values, strict=True))
            for statistic in self.statistics:
                trained = statistic not in STATISTICS
                own = {key: value for key, value in point.items() if trained or not key.startswith(TRAINING)}
                if any(point[key] != self.axes[key][0] for key in point if key not in own):
                    continue  # the same for every value of the axes of networks
                for cell in self._cells_at(own, statistic):
                    if cell.folder_name in cells:
                        other = cells[cell.folder_name].axes
                        raise ConfigError(
                            f"expected different cells; {describe_point(other)} and {describe_point(own)} both give {cell.label}", "axes"
                        )
                    cells[cell.folder_name] = cell
        return tuple(cells.values())

    def _cells_at(self, point, statistic):
        try:
            config = with_values(self.base, {
                key: (value,) if key in LISTED and not isinstance(value, list | tuple) else value for key, value in point.items()
            })
            if statistic in network_kinds():
                config = with_values(config, {"network.kind": statistic})
            cells = run_cells(config)
        except ConfigError as error:
            if not point:
                raise
            raise ConfigError(f"no run for {describe_point(point)}: {error}", "axes") from None
        kind = config.network.kind if statistic == OWN_NETWORK else statistic
        return [StudyCell(label, cell, kind, point) for label, cell in cells]


def describe_point(point):
    """Return the values of axes in words: ``energy.n_bins = 8, seed = 2``."""
    return ", ".join(f"{key} = {value_text(value)}" for key, value in point.items()) or "the base run"


def read_study(path):
    """Read a study file.

    It holds ``statistics`` (a list of names of statistics and network kinds), a base run as ``base = "RUN.toml"`` or
    as a table ``[run]``, and optionally ``[axes]`` with lists of values by dotted setting.

    Returns
    -------
    Study
        Each of its cells is a valid run.

    Raises
    ------
    InputError, ConfigError, UnknownNameError
        Naming the entry at fault.
    """
    data = read_toml(path)
    unknown = set(data) - {"statistics", "base", "run", "axes"}
    if unknown:
        raise ConfigError("no such entry in a study; expected statistics, base or run, axes", sorted(unknown)[0])
    return make_study(base_run(data, Path(path).parent), data.get("axes", {}), data.get("statistics", [LIKELIHOOD_RATIO]))


def make_study(base, axes, statistics):
    """Check the parts of a study and put them together; arguments as they stand in the file, errors as of :func:`read_study`."""
    known = (*STATISTICS, *network_kinds(), OWN_NETWORK)
    if not isinstance(statistics, list) or not statistics:
        raise ConfigError(f"expected a list of {', '.join(known)}, received {statistics!r}", "statistics")
    for i, name in enumerate(statistics):
        if name not in known:
            raise UnknownNameError("statistic", str(name), known, f"statistics[{i}]")
    if len(set(statistics)) < len(statistics):
        raise ConfigError(f"expected each statistic once, received {', '.join(statistics)}", "statistics")
    if not isinstance(axes, dict):
        raise ConfigError(f'expected a table [axes] with settings in quotes, as "energy.resolution" = [0.0, 0.2], received {axes!r}', "axes")
    study = Study(base, {key: _axis(key, values, base, axes) for key, values in axes.items()}, tuple(statistics))
    _check_networks(study)
    if (number := math.prod(map(len, study.axes.values()))) > MOST_CELLS:
        raise ConfigError(f"expected at most {MOST_CELLS} combinations, the axes have {number}; give fewer values", "axes")
    study.cells()  # every cell must be a valid run before the first one starts
    return study


def _axis(key, values, base, axes):
    specs, where = dict(settings_of()), f"axes.{key}"
    table = key.rpartition(".")[0]  # "field.parameters.x_strength" is an entry of a setting that is a table
    if key not in specs and not (table in specs and specs[table].type is Table):
        raise ConfigError(f'no such setting; write it in quotes, as "energy.resolution"; known: {", ".join(specs)}', where)
    if key == "name":
        raise ConfigError("expected a setting that decides something; a name does not", where)
    if not isinstance(values, list) or not values:
        raise ConfigError(f"expected a list of values, received {values!r}", where)
    checked = [_value(key, value, specs.get(key), f"{where}[{i}]") for i, value in enumerate(values)]
    meant = [json.dumps(value, default=vars) for value in checked]
    if key == "sources.names" and "sources.custom" not in axes:
        meant = [
            tuple(find_source(name, base.sources, f"{where}[{i}]").key for name in ([value] if isinstance(value, str) else value))
            for i, value in enumerate(checked)
        ]
    for i, meaning in enumerate(meant):
        if meaning in meant[:i]:
            raise ConfigError(f"expected each value once; {value_text(values[meant.index(meaning)])!r} and {value_text(values[i])!r} are the same", where)
    return checked


def _value(key, value, spec, where):
    """Return a value of an axis in the type of its setting; one that stands for a list of one stays alone."""
    if spec is None:
        return value
    if key in LISTED and not isinstance(value, list):
        try:
            return checked_value((value,), spec, "")[0]
        except ZevatronError as error:
            raise ConfigError(str(error).removeprefix("[0]: "), where) from None
    return checked_value(value, spec, where)


def _check_networks(study):
    """Refuse axes of networks where no statistic is one, and kinds that are named twice."""
    trained = [name for name in study.statistics if name not in STATISTICS]
    for key in study.axes:
        if key.startswith(TRAINING) and not trained:
            raise ConfigError(
                f'decides nothing, because no statistic of the study is a network; add "{OWN_NETWORK}" (what network.kind says) or one of '
                f"{', '.join(network_kinds())} to statistics", f"axes.{key}",
            )
    named = [name for name in trained if name != OWN_NETWORK]
    if "network.kind" in study.axes and named:
        raise ConfigError(f'statistics name {", ".join(named)} already; write "{OWN_NETWORK}" there for what this axis says', "axes.network.kind")


def study_toml(study):
    """Write a study as the text of a study file, its base run in full; :func:`read_study` gives it back."""
    import tomlkit

    document = tomlkit.document()
    document.add("statistics", list(study.statistics))
    axes = tomlkit.table()
    for key, values in study.axes.items():
        axes.add(key, json.loads(json.dumps(values, default=vars)))
    document.add("axes", axes)
    document.add("run", tomlkit.parse(run_toml(study.base, comments=False)))
    return tomlkit.dumps(document)
