"""What a search file asks for: a base run, the settings that may vary, and how many trials of what.

Only settings of network and training and the resolution of the maps may vary: everything else changes the question that a
network is asked, and answers to different questions cannot be compared.
"""

import math
import types
import typing
from dataclasses import dataclass, replace
from pathlib import Path

from ..config import (
    RunConfig,
    base_run,
    digest_of,
    read_toml,
    run_toml,
    settings_of,
    with_values,
)
from ..errors import ConfigError, UnknownNameError
from ..settings import checked_value
from ..storage.documents import json_document
from ..training.run_folder import require_one_training

OBJECTIVES = types.MappingProxyType({  # measures on the validation skies at the best epoch: whether less is better
    "val_loss": True, "val_accuracy": False, "val_auc": False, "val_eta": True,
})
SAMPLERS = ("tpe", "random", "grid")
PRUNERS = ("none", "median")
RESOLUTION = ("sky.nside", "energy.bin_width", "energy.n_bins")
FIXED = ("training.threads", "training.scenarios")
MOST_TRIALS = 10_000
FREE = ("trials", "judged")  # may change when a search goes on
NUMBERS = {"trials": 1, "judged": 0}  # least value
WORDS = {"objective": tuple(OBJECTIVES), "sampler": SAMPLERS, "pruner": PRUNERS}
ENTRIES = (*NUMBERS, *WORDS)


@dataclass(frozen=True)
class Choices:
    """Some values; a value may be a list, as of ``network.dense``."""

    values: tuple

    def check(self, check_one):
        """Call ``check_one`` for each value."""
        for value in self.values:
            check_one(value)

    def as_plain(self):
        """Return what stands in the file."""
        return [list(value) if isinstance(value, tuple) else value for value in self.values]


@dataclass(frozen=True)
class Range:
    """All numbers from ``low`` to ``high``, drawn evenly in the logarithm if ``log``."""

    low: float
    high: float
    log: bool = False

    def check(self, check_one):
        """Call ``check_one`` for both ends."""
        check_one(self.low)
        check_one(self.high)

    def as_plain(self):
        """Return what stands in the file."""
        return {"low": self.low, "high": self.high, "log": self.log}


@dataclass(frozen=True)
class SearchPlan:
    """What a search does.

    Attributes
    ----------
    base : RunConfig
        With one source (or a mixture) and one number of events.
    parameters : dict of str to Choices or Range
        By the dotted path of a setting.
    trials : int
        Trainings in all; a grid has as many as it has points.
    objective : str
        Of :data:`OBJECTIVES`, measured on the validation skies.
    sampler : str
        Of :data:`SAMPLERS`: Optuna's tree-structured Parzen estimator, at random, or every combination.
    pruner : str
        Of :data:`PRUNERS`; median: end a training that is worse than the median of the earlier ones at the same epoch.
    judged : int
        So many of the best networks are judged on test skies at the end, which had no part in the choice.
    """

    base: RunConfig
    parameters: dict
    trials: int = 30
    objective: str = "val_loss"
    sampler: str = "tpe"
    pruner: str = "none"
    judged: int = 1

    @property
    def digest(self):
        """Names what may not change when a search goes on."""
        spaces = {path: space.as_plain() for path, space in self.parameters.items()}
        return digest_of(self.base.digest, spaces, self.objective, self.sampler, self.pruner)

    @property
    def total(self):
        """Number of trials that make it complete."""
        return math.prod(len(space.values) for space in self.parameters.values()) if self.sampler == "grid" else self.trials

    def config(self, values):
        """Return the run of a trial; raises :class:`ConfigError` where its values contradict each other."""
        return with_values(self.base, values)


def read_search(path):
    """Read a search file.

    It holds a base run as ``base = "RUN.toml"`` or as a table ``[run]``, a table ``[parameters]`` with a list of values, or
    ``{ low, high, log }``, for each dotted setting, and optionally ``trials``, ``objective``, ``sampler``, ``pruner``, ``judged``.

    Returns
    -------
    SearchPlan

    Raises
    ------
    InputError, ConfigError
        Naming the entry at fault.
    """
    data = read_toml(path)
    unknown = set(data) - {"base", "run", "parameters", *ENTRIES}
    if unknown:
        known = ", ".join(("base or run", "parameters", *ENTRIES))
        raise ConfigError(f"no such entry in a search file; expected {known}", sorted(unknown)[0])
    base = base_run(data, Path(path).parent)
    return make_plan(base, data.get("parameters", {}), **{name: data[name] for name in ENTRIES if name in data})


def make_plan(base, parameters, **entries):
    """Check the parts of a search and put them together.

    Parameters
    ----------
    base : RunConfig
    parameters : dict
        As in the file: a list of values or ``{"low", "high", "log"}`` by dotted setting.
    **entries
        Of :data:`ENTRIES`.

    Returns
    -------
    SearchPlan

    Raises
    ------
    ConfigError
        Naming the entry at fault.
    """
    for name, value in entries.items():
        _check_entry(name, value)
    if not isinstance(parameters, dict) or not parameters:
        raise ConfigError('expected a table [parameters] with settings in quotes, as "network.filters" = [16, 32]', "parameters")
    spaces = {path: _space(path, wanted) for path, wanted in parameters.items()}
    plan = SearchPlan(base, spaces, **entries)
    if plan.sampler == "grid" and (ranges := [path for path, space in spaces.items() if isinstance(space, Range)]):
        raise ConfigError("expected a list of values for a grid; or set sampler to tpe or random", f"parameters.{ranges[0]}")
    if plan.total > MOST_TRIALS:
        raise ConfigError(f"expected at most {MOST_TRIALS} trials, the grid has {plan.total}; give fewer values", "sampler")
    first = {path: _first(space) for path, space in spaces.items()}
    for path, space in spaces.items():
        space.check(lambda value, path=path: require_one_training(plan.config(first | {path: value})))
    return plan


def _check_entry(name, value):
    if name in WORDS:
        if not isinstance(value, str) or value not in WORDS[name]:
            raise UnknownNameError(name, str(value), WORDS[name], name)
    elif not isinstance(value, int) or isinstance(value, bool) or not NUMBERS[name] <= value <= MOST_TRIALS:
        raise ConfigError(f"expected an integer from {NUMBERS[name]} to {MOST_TRIALS}, received {value!r}", name)


def may_vary(path):
    """Whether a setting may be a parameter of a search."""
    return path in RESOLUTION or (path.startswith(("network.", "training.")) and path not in FIXED)


def _space(path, wanted):
    specs, where = dict(settings_of()), f"parameters.{path}"
    if path not in specs or not may_vary(path):
        able = ", ".join(name for name in specs if may_vary(name))
        raise ConfigError(f"no setting that a search may vary; write one in quotes, as \"sky.nside\"; known: {able}", where)
    spec = specs[path]
    if isinstance(wanted, dict):
        return _range(spec, wanted, where)
    if not isinstance(wanted, list) or not wanted:
        raise ConfigError(f"expected a list of values or {{ low = …, high = … }}, received {wanted!r}", where)
    values = tuple(checked_value(value, spec, f"{where}[{i}]") for i, value in enumerate(wanted))
    if len(set(values)) < len(values):
        raise ConfigError(f"expected each value once, received {wanted}", where)
    return Choices(values)


def _range(spec, wanted, where):
    if typing.get_origin(spec.type) is tuple or spec.type not in (int, float):
        raise ConfigError("expected a list of values; low and high go with numbers", where)
    if unknown := set(wanted) - {"low", "high", "log"}:
        raise ConfigError("no such entry of a range; expected low, high, log", f"{where}.{sorted(unknown)[0]}")
    if not {"low", "high"} <= set(wanted) or not isinstance(wanted.get("log", False), bool):
        raise ConfigError(f"expected low, high and perhaps log = true, received {wanted}", where)
    low, high = (checked_value(wanted[end], spec, f"{where}.{end}") for end in ("low", "high"))
    log = wanted.get("log", False)
    if not low < high or (log and low <= 0):
        raise ConfigError(f"expected low below high{', above 0' if log else ''}, received {low:g} and {high:g}", where)
    return Range(low, high, log)


def _first(space):
    return space.values[0] if isinstance(space, Choices) else space.low


def search_toml(plan):
    """Write a plan as the text of a search file, its base run in full; :func:`read_search` gives it back exactly."""
    import tomlkit

    document = tomlkit.document()
    for name in ENTRIES:
        document.add(name, getattr(plan, name))
    table = tomlkit.table()
    for path, space in plan.parameters.items():
        plain = space.as_plain()
        if isinstance(plain, dict):
            inline = tomlkit.inline_table()
            inline.update(plain)
            plain = inline
        table.add(path, plain)
    document.add("parameters", table)
    document.add("run", tomlkit.parse(run_toml(plan.base, comments=False)))
    return tomlkit.dumps(document)


def with_free(plan, other):
    """Return a plan with those settings of another that may change when a search goes on."""
    return replace(plan, **{name: getattr(other, name) for name in FREE})


def value_of_text(text):
    """Read back what :func:`~..settings.value_text` wrote and a file made text."""
    try:
        value = json_document(text)
    except ValueError:
        return {"True": True, "False": False}.get(text, text)
    return tuple(value) if isinstance(value, list) else value
