"""What is shown of a run, and decides none of its numbers: which sky, which N and η."""

from dataclasses import dataclass

from ...core.config import Section, setting


@dataclass(frozen=True)
class Choices(Section):
    """The choices of the person at the window; edited through a :class:`~.draft.Draft` as the run is."""

    n_events: int = setting(
        300, low=1, high=100_000, label="Number N", help="Events in the sky shown; the answer on the right is for this number"
    )
    eta: float = setting(
        0.05, low=0.0, high=1.0, label="From the source η", help="Fraction of the events of the mock sky that come from the source"
    )
    sky_seed: int = setting(1, low=0, high=2**31, label="Sky", help="Which mock sky is shown")
    source: str = setting("", label="Shown source", help="Which of the run's sources is shown")
