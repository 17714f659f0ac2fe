"""Figures for papers and reports, drawn with matplotlib on its Agg canvas; no window is needed.

Two accents, as in the window: amber for the network, blue for the limit, grey
for published values.
"""

from .canvas import FORMATS, INK, LIMIT, NETWORK, PUBLISHED, save
from .fields import images_figure, planes_figure
from .forecasts import forecast_figure, sensitivity_figure
from .skies import exposure_figure, map_figure, observed_figure, sky_figure
from .verdicts import eta_figure, roc_figure, score_figure, training_figure

__all__ = [
    "FORMATS", "INK", "LIMIT", "NETWORK", "PUBLISHED", "eta_figure", "exposure_figure", "forecast_figure", "images_figure", "map_figure",
    "observed_figure", "planes_figure", "roc_figure", "save", "score_figure", "sensitivity_figure", "sky_figure", "training_figure",
]
