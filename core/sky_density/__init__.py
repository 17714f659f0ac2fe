"""Where and with which energy events of a source are expected, and isotropic ones.

A propagated spectrum says how many nuclei of which energy and charge enter the
Galaxy, the lens where a nucleus of their rigidity is seen, the energy bins how
the detector smears them. Together they are one probability per pixel and bin.
"""

from .build import sky_densities, sky_density
from .density import Losses, SkyDensity
from .lens_report import AveragedField, LensReport, LensSummary

__all__ = ["AveragedField", "LensReport", "LensSummary", "Losses", "SkyDensity", "sky_densities", "sky_density"]
