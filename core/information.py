"""What the limit owes to energies, to positions and to the field: the likelihood ratio with more or less knowledge.

Each answer is the smallest fraction that the likelihood ratio detects when something about the events is forgotten or
known better. The fraction is always that of the events above the threshold; with perfect energies these are the events
whose true energy lies above it.
"""

from dataclasses import dataclass, replace

from .config import Table, with_values
from .galactic_field.registry import FIELD_MODELS, model_parameters, twin_model
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


def twin_field(config, *, random):
    """Return the run in the same field with or without its random part; None where there is no such field.

    Changed parameters stay as far as the other field has them. A run that averages over models has no twin.
    """
    field = config.field
    twin = None if field.ensemble or field.model not in FIELD_MODELS else twin_model(field.model)
    if twin is None or bool(FIELD_MODELS[twin].random) != random:
        return None
    known = {parameter.name for parameter in model_parameters(twin)}
    kept = Table({name: value for name, value in field.parameters.items() if name in known})
    return replace(config, field=replace(field, model=twin, parameters=kept))


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
    for aspect, twin in (
        (REGULAR_FIELD, twin_field(config, random=False)),
        (RANDOM_FIELD, twin_field(config, random=True) if random_field else None),
    ):
        if twin is not None:
            runs.append((aspect, twin, _unchanged))
    return tuple(runs)


def information_verdicts(config, limits, *, random_field=False, progress=SILENT):
    """Judge the likelihood ratio with more and with less knowledge.

    Parameters
    ----------
    config : RunConfig
    limits : sequence of Verdict
        Of the likelihood ratio, for the cells that are asked about; their ``eta_min`` is the ``eta_limit`` of the answers.
    random_field : bool, optional
        See :func:`information_runs`.
    progress : Progress, optional

    Returns
    -------
    tuple of Verdict
        ``statistic`` is a key of :data:`ASPECTS`; ``ratio_to_limit`` above 1 is what the forgotten part had added.
    """
    found = []
    for aspect, run, known in information_runs(config, random_field=random_field):
        stage = StageProgress(progress, aspect.label)
        bare = with_values(run, {"test.check_maps": 0})
        pairs = {density.name: (known(template), known(density)) for template, density in template_pairs(bare, progress=stage)}
        for limit in limits:
            one = limit_verdict(bare, *pairs[limit.source], limit.n_events, progress=stage)
            found.append(replace(one, statistic=aspect.statistic, eta_limit=limit.eta_min))
    return tuple(found) + _fixed_number_verdicts(config, limits, progress)


def _fixed_number_verdicts(config, limits, progress):
    """Judge the ratio for a known number of source events; across halves with the raw template."""
    bare = with_values(config, {"test.check_maps": 0})
    stage = StageProgress(progress, FIXED_NUMBER.label)
    pairs = {density.name: (template, density) for template, density in template_pairs(bare, progress=stage)}
    found = []
    for limit in limits:
        template, density = pairs[limit.source]
        one = verdict(bare, density, limit.n_events, _fixed_number(template, limit.n_events), progress=stage)
        found.append(replace(one, eta_limit=limit.eta_min))
    return tuple(found)


def _fixed_number(template, n_events):
    return lambda eta: FixedNumberRatio(template, eta, n_events)


def _unchanged(density):
    return density
