"""What is shown of a run, and decides none of its numbers: which sky, which N and η, which pixel."""

from dataclasses import dataclass, replace

from .observable import Observable

EXPECTED, MOCK = "expected", "mock"


@dataclass(frozen=True)
class Choices:
    """The choices of the person at the window.

    Attributes
    ----------
    source : int
        Which of the run's densities is shown.
    n_events : int
        Events N of the mock sky and of the answer on the right.
    eta : float
        Fraction of events from the source in the mock sky, 0..1.
    sky_seed : int
        Which mock sky.
    mode : str
        ``EXPECTED`` density or one ``MOCK`` sky.
    """

    source: int = 0
    n_events: int = 300
    eta: float = 0.05
    sky_seed: int = 1
    mode: str = EXPECTED


class View(Observable):
    """Holds :class:`Choices` and tells what has changed in them."""

    def __init__(self, choices=None):
        super().__init__()
        self._choices = choices or Choices()

    @property
    def choices(self):
        """The choices now."""
        return self._choices

    def set(self, **values):
        """Change some choices; listeners hear only of those that differ."""
        changed = [name for name, value in values.items() if getattr(self._choices, name) != value]
        if changed:
            self._choices = replace(self._choices, **values)
            self.notify(*changed)
