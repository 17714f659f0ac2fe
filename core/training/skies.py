"""What training skies are drawn from: the density of the run, or those of its scenarios."""

from dataclasses import replace

from ..progress import SILENT, StageProgress
from ..scenarios import training_scenarios


def training_densities(config, progress=SILENT):
    """Compute the densities that training skies are drawn from, across halves those of the first half of the rays.

    Parameters
    ----------
    config : RunConfig
        With one source (or a mixture).
    progress : Progress, optional

    Returns
    -------
    tuple of SkyDensity
        One, or one for each of ``training.scenarios``, with its name.

    Raises
    ------
    ConfigError, InputError
        If a scenario is impossible, or has other isotropic events than the first.
    """
    from ..sky_density import sky_densities
    from ..statistics.average import require_same_background

    half = config.sky.template_half
    scenarios = training_scenarios(config)
    if not scenarios:
        return sky_densities(config, half=half, progress=progress)
    densities = tuple(
        replace(
            sky_densities(scenario.config, half=half, progress=StageProgress(progress, scenario.name))[0],
            name=scenario.name, key=f"scenario{i}",
        )
        for i, scenario in enumerate(scenarios, 1)
    )
    require_same_background(densities)
    return densities
