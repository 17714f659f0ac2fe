"""What is known of observatories, and the section of the run configuration that chooses one."""

from dataclasses import dataclass

from .errors import ConfigError
from .settings import Section, setting


@dataclass(frozen=True)
class Site:
    """A detector on the ground that is fully efficient up to a zenith angle: geographic latitude and that angle, degrees."""

    latitude: float
    max_zenith: float


AUGER = Site(-35.2, 80.0)
"""Pierre Auger Observatory with inclined showers, as in its list of 2022: ApJ 935 (2022) 170, arXiv:2206.13492."""
AUGER_VERTICAL = Site(-35.2, 60.0)
TELESCOPE_ARRAY = Site(39.3, 55.0)
"""Telescope Array, cut of its list of 2014: ApJ 790 (2014) L21, arXiv:1404.5890."""
SITES = {"auger": AUGER, "auger_vertical": AUGER_VERTICAL, "telescope_array": TELESCOPE_ARRAY}
ORBITS = {"poemma": 28.5, "k_euso": 51.6}
"""Inclinations in degrees: POEMMA, JCAP 06 (2021) 007, arXiv:2012.07945; K-EUSO on the International Space Station."""
UNIFORM, OWN_SITE, BOTH, MAP = "uniform", "site", "auger_ta", "map"
EXPOSURES = (UNIFORM, *SITES, BOTH, *ORBITS, OWN_SITE, MAP)


@dataclass(frozen=True)
class ObservatoryConfig(Section):
    """What the detector sees of the sky."""

    path = "observatory"
    exposure: str = setting(
        UNIFORM, choices=EXPOSURES, label="Exposure",
        help="Relative exposure over the sky: auger to zenith 80 degrees, auger_vertical to 60, auger_ta both, site: a detector of "
        "your own, map: a file (docs/exposure.md)",
    )
    latitude: float = setting(
        AUGER.latitude, unit="deg", low=-90.0, high=90.0, label="Latitude", help="Geographic latitude of the detector (exposure site)"
    )
    max_zenith: float = setting(
        60.0, unit="deg", low=1.0, high=90.0, label="Largest zenith angle",
        help="Zenith angle up to which the detector is fully efficient (exposure site)",
    )
    auger_exposure: float = setting(
        121_420.0, unit="km² sr yr", low=0.0, high=1e8, label="Auger, in all",
        help="Integrated exposure of Auger to zenith 80 degrees (exposure auger_ta); that of the list of 2022",
    )
    ta_exposure: float = setting(
        8_600.0, unit="km² sr yr", low=0.0, high=1e8, label="Telescope Array, in all",
        help="Integrated exposure of the Telescope Array (exposure auger_ta); about that of the list of 2014",
    )
    file: str = setting(
        "", label="File of the exposure",
        help="HEALPix map (.fits) or CSV table of dec_deg, exposure (exposure map)",
    )

    def check(self):
        """Require a file where a map is asked for, and an exposure that is not nothing."""
        if self.exposure == MAP and not self.file:
            raise ConfigError("expected a path, because observatory.exposure is 'map'", "observatory.file")
        if self.exposure == BOTH and self.auger_exposure + self.ta_exposure <= 0:
            raise ConfigError("expected an exposure above 0 of one of the two", "observatory.auger_exposure")
