"""The one list of classifiers: a new network is one module and one line here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkEntry:
    """Where a network is coded; ``factory`` in ``module`` builds it."""

    module: str
    factory: str
    label: str
    uses_energy: bool


NETWORKS = {
    "bcnn": NetworkEntry("convolutional", "bcnn", "BCNN", True),
    "cnn": NetworkEntry("convolutional", "cnn", "CNN, one map", False),
}
