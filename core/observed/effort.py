"""What a test of measured events is told beside the events: which statistic, how many skies, which confidence. Loads nothing heavy."""

from dataclasses import dataclass

from ..config import with_values
from ..errors import InputError

DEFAULT_STATISTIC = "maximum_likelihood_ratio"


@dataclass(frozen=True)
class Effort:
    """How much is simulated, and which confidence is wanted.

    Attributes
    ----------
    skies : int
        Isotropic skies, for p-values.
    belt_skies : int
        Skies for each fraction of the construction.
    scale_error : float
        Relative error of the energy scale; 0 for none. 0.14 is that of Auger.
    level, upper_level : float
        Confidence of interval and upper limit.
    """

    skies: int = 50_000
    belt_skies: int = 2_000
    scale_error: float = 0.14
    level: float = 0.68
    upper_level: float = 0.95

    def __post_init__(self):
        for name, low, high in (("skies", 100, 1e8), ("belt_skies", 100, 1e7), ("scale_error", 0, 0.5)):
            if not low <= getattr(self, name) <= high:
                raise InputError(f"expected {name} from {low:g} to {high:g}, received {getattr(self, name):g}")
        if not (0.5 <= self.level < 1 and 0.5 <= self.upper_level < 1):
            raise InputError(f"expected levels of confidence from 0.5 to below 1, received {self.level:g} and {self.upper_level:g}")


def with_number(config, n_events):
    """Return a run for the number of events of a list."""
    return with_values(config, {"events.n_events": (n_events,), "sky.halves": False})
