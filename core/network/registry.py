"""The one list of classifiers: a new network is one module and one line here."""

import importlib
from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkEntry:
    """Where a network is coded; ``factory`` in ``module`` builds it, ``filters`` is its own number of feature maps."""

    module: str
    factory: str
    label: str
    uses_energy: bool
    filters: int


NETWORKS = {
    "bcnn": NetworkEntry("convolutional", "bcnn", "BCNN", True, 76),
    "cnn": NetworkEntry("convolutional", "cnn", "CNN", False, 32),
    "deepsphere": NetworkEntry("deepsphere", "deepsphere", "DeepSphere", True, 32),
    "event_graph": NetworkEntry("event_graph", "event_graph", "Event graph", True, 64),
    "spectrum_network": NetworkEntry("spectrum", "spectrum_network", "Power-spectrum network", True, 64),
}


def register_layers():
    """Make the layers of all networks known to Keras: ``keras.models.load_model`` then needs no custom objects."""
    for module in {entry.module for entry in NETWORKS.values()}:
        importlib.import_module(f".{module}", __package__)
