"""The one list of classifiers: a new network is one module and one line here."""

import importlib
from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkEntry:
    """Where a network is coded and how it is trained.

    Attributes
    ----------
    module, factory : str
        ``factory`` in ``module`` builds it.
    label : str
    uses_energy : bool
    optimizer : str
        Name in :data:`~..training.optimizers.OPTIMIZERS`.
    template : str
        Function in ``module``, of network and density, that starts the network from a known density; empty: there is none.
    """

    module: str
    factory: str
    label: str
    uses_energy: bool
    optimizer: str = "adadelta"
    template: str = ""


NETWORKS = {
    "bcnn": NetworkEntry("convolutional", "bcnn", "BCNN", True),
    "cnn": NetworkEntry("convolutional", "cnn", "CNN, one map", False),
    "deepsphere": NetworkEntry("deepsphere", "deepsphere", "DeepSphere", True),
    "event_graph": NetworkEntry("event_graph", "event_graph", "Event graph", True),
    "density_ratio": NetworkEntry("density_ratio", "density_ratio", "Density ratio and shapes", True, "adam", "set_density"),
    "spectrum_network": NetworkEntry("spectrum", "spectrum_network", "Power-spectrum network", True),
}


def register_layers():
    """Make the layers of all networks known to Keras: ``keras.models.load_model`` then needs no custom objects."""
    for module in {entry.module for entry in NETWORKS.values()}:
        importlib.import_module(f".{module}", __package__)
