"""The limit across halves of the rays: a template from one half, test skies from the other.

A map is made of rays, and a test that knows which ones gains what no measurement could: the lumps of the sampling. Across
halves they are of no use, and a template blurred by the right width loses less to the lumps of its own half than a raw
one. The limit across halves is the lower of the two fractions.
"""

from dataclasses import dataclass, replace

from ..progress import SILENT, StageProgress
from ..sky_density.smoothing import smoothed_density
from ..storage.kept import kept_within
from .ratios import ratio_of
from .search import coarse_maps
from .verdicts import likelihood_verdict, smallest_fraction, verdict

WIDTHS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)  # standard deviations of the beams that are tried, degrees
KEPT = 128 * 2**20  # bytes of blurred templates: all of one template to Nside 64
HOPELESS = 1.2  # wider beams are not tried once a fraction is so many times the best: they only blur more


@dataclass(frozen=True)
class TemplateChoice:
    """Which template made the lower fraction across halves.

    Attributes
    ----------
    smoothing_deg : float
        Of the winner: 0 for the raw template.
    eta_raw, eta_smoothed : float or None
        Fractions found with the raw and with the best-smoothed template; None where nothing is detected.
    best_width_deg : float
        Of the best-smoothed template.
    scan_width_deg, scan_eta : tuple of float
        Widths tried on few skies, up to the first that is hopeless, and the fractions found.
    eta_same_rays : float or None
        Fraction found by the template of the very rays that the skies are drawn from: what knowing them is worth.
    """

    smoothing_deg: float
    eta_raw: float | None
    eta_smoothed: float | None
    best_width_deg: float
    scan_width_deg: tuple
    scan_eta: tuple
    eta_same_rays: float | None

    @property
    def name(self):
        """The winner in words."""
        return f"template smoothed by {self.smoothing_deg:g} deg" if self.smoothing_deg else "raw template"


def limit_across_halves(config, template, density, n_events, *, progress=SILENT):
    """Judge the likelihood ratio of one half of the rays on skies of the other.

    Parameters
    ----------
    config : RunConfig
    template : SkyDensity
        Of the half that the ratio knows.
    density : SkyDensity
        Of the half that the test skies are drawn from.
    n_events : int
    progress : Progress, optional

    Returns
    -------
    Verdict
        Of the lower of the raw and the best-smoothed template; its ``template`` says which.
    """
    scan = _scan_widths(config, template, density, n_events, progress)
    best = min(scan, key=lambda width: _order(scan[width]))
    judged = {
        width: verdict(config, density, n_events, ratio_of(_smoothed(template, width)), progress=progress)
        for width in (0.0, best)
    }
    winner = min(judged, key=lambda width: _order(judged[width].eta_min))
    quick = replace(config, test=replace(config.test, bootstrap=0, check_maps=0))
    choice = TemplateChoice(
        winner, judged[0.0].eta_min, judged[best].eta_min, best, tuple(scan), tuple(scan.values()),
        smallest_fraction(quick, density, n_events, ratio_of(density), progress=progress),
    )
    return replace(judged[winner], eta_limit=judged[winner].eta_min, template=choice)


def _scan_widths(config, template, density, n_events, progress):
    """Return the fractions found on few skies by width."""
    few = replace(config, test=replace(config.test, maps=min(config.test.maps, coarse_maps(config.test.alpha))))
    found = {}
    for width in WIDTHS:
        stage = StageProgress(progress, f"template smoothed by {width:g} deg")
        smooth = _smoothed(template, width)
        found[width] = smallest_fraction(few, density, n_events, ratio_of(smooth), progress=stage)
        if _order(found[width]) > HOPELESS * min(map(_order, found.values())):
            break
    return found


def limit_verdict(config, template, density, n_events, *, progress=SILENT):
    """Judge the likelihood ratio as the run wants it: across halves, or with the density of all rays for both.

    Arguments and result are those of :func:`limit_across_halves`.
    """
    if config.sky.halves:
        return limit_across_halves(config, template, density, n_events, progress=progress)
    return likelihood_verdict(config, density, n_events, progress=progress)


@kept_within(KEPT)
def _smoothed(template, width):
    """Templates are blurred once for all numbers of events."""
    return smoothed_density(template, width)


def _order(eta):
    """What is never detected comes last."""
    return 2.0 if eta is None else eta
