"""The grid of one run: a cell for each source (or the mixture) and each number of events."""

import functools
from dataclasses import replace

from ..config import with_values
from ..progress import SILENT, StageProgress
from ..sources import selected_sources

LIKELIHOOD_RATIO = "likelihood_ratio"


def grid_verdicts(config, judge, progress=SILENT):
    """Judge every source (or the mixture) and number of events of a run.

    Parameters
    ----------
    config : RunConfig
    judge : callable
        ``judge(config, template, density, n_events, progress=...)`` returns a :class:`~.statistics.Verdict` on skies of
        ``density``; ``template`` is what a statistic may know: the same, or across halves that of the other rays.
    progress : Progress, optional

    Returns
    -------
    tuple of Verdict
        Sources in the order of the run, numbers of events inside.
    """
    verdicts = []
    for template, density in template_pairs(config, progress=progress):
        for n_events in config.events.n_events:
            stage = StageProgress(progress, f"{density.name}, N = {n_events}")
            verdicts.append(judge(config, template, density, n_events, progress=stage))
    return tuple(verdicts)


def template_pairs(config, *, progress=SILENT):
    """Return ``(template, density)`` of every source of a run: what a statistic may know, what test skies are drawn from."""
    from ..sky_density import sky_densities

    drawn = sky_densities(config, half=config.sky.events_half, progress=progress)
    known = sky_densities(config, half=config.sky.template_half, progress=progress) if config.sky.halves else drawn
    return tuple(zip(known, drawn, strict=True))


def likelihood_verdicts(config, progress=SILENT):
    """Return the likelihood-ratio limit of every cell of a run."""
    return statistic_verdicts(LIKELIHOOD_RATIO, config, progress)


def statistic_verdicts(name, config, progress=SILENT):
    """Return what a statistic of :data:`.statistics.registry.STATISTICS` reaches in every cell of a run."""
    from ..statistics import limit_verdict
    from ..statistics.registry import statistic_named

    if name == LIKELIHOOD_RATIO:
        return grid_verdicts(config, limit_verdict, progress)
    return beside_limits(config, functools.partial(statistic_named, name, config), progress)


def network_verdicts(config, model_path, progress=SILENT):
    """Return what a trained network reaches in every cell of a run, beside the limit on the same skies."""
    from ..backend import load_backend

    load_backend(config.training.threads)
    from ..training import NetworkStatistic

    network = NetworkStatistic(model_path)
    network.check_fits(config)
    return beside_limits(config, lambda template, n_events, progress: network.on_skies_of(template), progress)


def beside_limits(config, statistic, progress=SILENT):
    """Judge ``statistic(template, n_events, progress=progress)`` in every cell of a run, the likelihood ratio on the same skies for ``eta_limit``."""
    from ..statistics import limit_verdict, verdict

    def judge(config, template, density, n_events, progress):
        found = verdict(config, density, n_events, statistic(template, n_events, progress=progress), progress=progress)
        bare = with_values(config, {"test.bootstrap": 0, "test.check_maps": 0})
        limit = limit_verdict(bare, template, density, n_events, progress=progress)
        return replace(found, eta_limit=limit.eta_min)

    return grid_verdicts(config, judge, progress)


def run_cells(config):
    """Split a run into its cells.

    Returns
    -------
    tuple of (str, RunConfig)
        A readable name fit for a folder, and the configuration with one source (or the mixture) and one N.
    """
    if config.sources.mixture:
        groups = [("mixture", config.sources.names)]
    else:
        groups = [(source.key, (source.name,)) for source in selected_sources(config.sources)]
    return tuple(
        (f"{key}_N{n_events}", with_values(config, {"sources.names": names, "events.n_events": (n_events,)}))
        for key, names in groups
        for n_events in config.events.n_events
    )
