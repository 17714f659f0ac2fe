"""What the limit owes to energies, to positions and to the field: the likelihood ratio with more or less knowledge.

Each answer is the smallest fraction that the likelihood ratio detects when something about the events is forgotten or
known better. The fraction is always that of the events above the threshold; with perfect energies these are the events
whose true energy lies above it.
"""

from dataclasses import dataclass, replace

from .config import with_values
from .galactic_field.members import twin_field
from .progress import SILENT, StageProgress
from .sky_density.reduced import in_larger_pixels, without_energies, without_positions
from .statistics import FixedNumberRatio, limit_verdict, verdict
from .study import template_pairs

MOST_BINS, FINEST_WIDTH = 60, 0.01  # of EnergyConfig


@dataclass(frozen=True)
class Aspect:
    """One way of knowing more or less; ``label`` is for people."""

    statistic: str
    label: str


ONE_BIN = Aspect("limit_one_bin", "without energies (one bin)")
PERFECT_ENERGIES = Aspect("limit_perfect_energies", "with perfect energies")
FACES = Aspect("limit_base_faces", "positions known to the twelve base faces")
ENERGIES_ONLY = Aspect("limit_energies_only", "without positions (energies alone)")
REGULAR_FIELD = Aspect("limit_regular_field", "without the random part of the field")
RANDOM_FIELD = Aspect("limit_random_field", "with the random part of the field")
FIXED_NUMBER = Aspect(FixedNumberRatio.name, "with the number of source events known")
ASPECTS = {
    a.statistic: a for a in (ONE_BIN, PERFECT_ENERGIES, FACES, ENERGIES_ONLY, REGULAR_FIELD, RANDOM_FIELD, FIXED_NUMBER)
}


def perfect_energies(config):
    """Return the run with exact energies, in bins as narrow as there can be over the same range."""
    width = config.energy.bin_count * config.energy.bin_width
    n_bins = max(min(MOST_BINS, int(width / FINEST_WIDTH * (1 + 1e-9))), 1)
    return with_values(config, {"energy.resolution": 0.0, "energy.bin_width": width / n_bins, "energy.n_bins": n_bins})


def information_runs(config, *, random_field=False):
    """List what can be asked about a run.

    Parameters
    ----------
    config : RunConfig
    random_field : bool, optional
        Also the random part of a field that the run has without; images in it take minutes to trace the first time.

    Returns
    -------
    tuple of (Aspect, RunConfig, callable)
        The callable turns a density of that run into the one that is known.
    """
    runs = [
        (ONE_BIN, config, without_energies), (PERFECT_ENERGIES, perfect_energies(config), _unchanged),
        (FACES, config, lambda density: in_larger_pixels(density, 1)), (ENERGIES_ONLY, config, without_positions),
    ]
    if not config.sources.has_free_shares:  # the number of source events is known, those of each source are not
        runs.append((FIXED_NUMBER, config, _unchanged))
    for aspect, twin in (
        (REGULAR_FIELD, twin_field(config.field, random=False)),
        (RANDOM_FIELD, twin_field(config.field, random=True) if random_field else None),
    ):
        if twin is not None:
            runs.append((aspect, replace(config, field=twin), _unchanged))
    return tuple(runs)


def information_verdicts(config, limits, *, statistics=None, progress=SILENT):
    """Judge the likelihood ratio with more and with less knowledge.

    Parameters
    ----------
    config : RunConfig
    limits : sequence of Verdict
        Of the likelihood ratio, for the cells that are asked about; their ``eta_min`` is the ``eta_limit`` of the answers.
    statistics : sequence of str, optional
        Keys of :data:`ASPECTS`; by default all that :func:`information_runs` lists without a random field.
    progress : Progress, optional

    Returns
    -------
    tuple of Verdict
        ``statistic`` is a key of :data:`ASPECTS`; ``ratio_to_limit`` above 1 is what the forgotten part had added.
    """
    runs = information_runs(config, random_field=statistics is not None)
    found = []
    for aspect, run, known in runs:
        if statistics is not None and aspect.statistic not in statistics:
            continue
        stage = StageProgress(progress, aspect.label)
        bare = with_values(run, {"test.check_maps": 0})
        pairs = {density.name: (known(template), known(density)) for template, density in template_pairs(bare, progress=stage)}
        for limit in limits:
            one = _judge(aspect, bare, *pairs[limit.source], limit.n_events, stage)
            found.append(replace(one, statistic=aspect.statistic, eta_limit=limit.eta_min))
    return tuple(found)


def _judge(aspect, config, template, density, n_events, progress):
    if aspect is FIXED_NUMBER:
        return verdict(config, density, n_events, lambda eta: FixedNumberRatio(template, eta, n_events), progress=progress)
    return limit_verdict(config, template, density, n_events, progress=progress)


def _unchanged(density):
    return density
