"""The one list of statistics that need no training: a new one is one module and one line here."""

import importlib
from dataclasses import dataclass

from ..errors import UnknownNameError
from ..network.registry import NETWORKS
from ..progress import SILENT


@dataclass(frozen=True)
class StatisticEntry:
    """Where a statistic is coded; ``factory`` in ``module`` makes it for a run, a density, a number of events and a progress.

    Where ``of_fraction`` is true it makes a function of the fraction under test, which measured events do not tell.
    """

    module: str
    factory: str
    label: str
    of_fraction: bool = False


MODEL = "model:"  # before the name of a network that was opened as a file

STATISTICS = {
    "likelihood_ratio": StatisticEntry("ratios", "likelihood_ratios", "Likelihood ratio", of_fraction=True),
    "maximum_likelihood_ratio": StatisticEntry("maximum_likelihood", "maximum_likelihood_ratio", "Maximum likelihood ratio"),
    "power_spectrum": StatisticEntry("power_spectrum", "mean_deviation", "Power spectrum D"),
    "power_spectrum_squared": StatisticEntry("power_spectrum", "mean_squared_deviation", "Power spectrum D²"),
    "robust_likelihood_ratio": StatisticEntry("rotated", "robust_ratios", "Robust likelihood ratio", of_fraction=True),
}
FOR_EVENTS = tuple(name for name, entry in STATISTICS.items() if not entry.of_fraction)
"""Those that can judge measured events."""


def statistic_named(name, config, density, n_events, *, progress=SILENT):
    """Make a statistic.

    Parameters
    ----------
    name : str
        In :data:`STATISTICS`.
    config : RunConfig
        Its seed.
    density : SkyDensity
    n_events : int
    progress : Progress, optional

    Returns
    -------
    object or callable
        As :func:`~.verdicts.verdict` takes it.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    if name not in STATISTICS:
        raise UnknownNameError("statistic", name, STATISTICS)
    entry = STATISTICS[name]
    return getattr(importlib.import_module(f".{entry.module}", __package__), entry.factory)(config, density, n_events, progress=progress)


def label_of(name):
    """Return what a statistic or network is called in print; of one that is not known here, the name in words."""
    if name.startswith(MODEL):
        return name.removeprefix(MODEL)
    entry = STATISTICS.get(name) or NETWORKS.get(name)
    return entry.label if entry else name.replace("_", " ").capitalize()
