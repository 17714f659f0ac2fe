"""What comes with the program to begin with: runs whose maps are shipped, so that the first answer takes no tracing."""

from dataclasses import dataclass, field

from ...core.config import RunConfig, with_values
from ..panels.method import preset_values


@dataclass(frozen=True)
class Example:
    """A run to begin with.

    Attributes
    ----------
    title, text : str
        What it is and what to do with it.
    steps : tuple of dict
        Settings by dotted path that differ from the defaults; several are runs between which undo and redo go.
    tab : int
        What is shown first: 0 sky, 1 field, 2 training, 3 results.
    """

    title: str
    text: str
    steps: tuple = field(default=({},))
    tab: int = 0

    def runs(self):
        """Return a RunConfig for each step."""
        return [with_values(RunConfig(), {"name": self.title, **values}) for values in self.steps]


FIVE = ("Cen A", "M82", "NGC 253", "M87", "Fornax A")
EXAMPLES = (
    Example(
        "Cen A with BCNN", "Centaurus A through JF12, and a small network that is trained in minutes: press “Train network”.",
        ({**preset_values("quick"), "events.n_events": (100, 300, 500)},), tab=2,
    ),
    Example(
        "Five sources compared", "The smallest detectable fraction of the five published sources, one after the other.",
        ({"sources.names": FIVE, "events.n_events": (100, 300)},), tab=3,
    ),
    Example(
        "Field models compared", "Cen A through JF12 without and with its random part: Undo and Redo go from one to the other.",
        ({"field.model": "jf12_regular"}, {"field.model": "jf12"}),
    ),
)
