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
    filters : int
        Its own number of feature maps.
    dense : tuple of int or None
        Units of its own dense layers before the output; None: it has none to choose.
    optimizer : str
        Name in :data:`~..training.optimizers.OPTIMIZERS`.
    template : str
        Function in ``module``, of network and density, that starts the network from a known density; empty: there is none.
    """

    module: str
    factory: str
    label: str
    filters: int
    dense: tuple | None = None
    optimizer: str = "adadelta"
    template: str = ""


NETWORKS = {
    "bcnn": NetworkEntry("convolutional", "bcnn", "BCNN", 76, (16, 16)),
    "cnn": NetworkEntry("convolutional", "cnn", "CNN", 32, ()),
    "deepsphere": NetworkEntry("deepsphere", "deepsphere", "DeepSphere", 32, (16,)),
    "event_graph": NetworkEntry("event_graph", "event_graph", "Event graph", 64),
    "density_ratio": NetworkEntry("density_ratio", "density_ratio", "Density ratio and shapes", 76, None, "adam", "set_density"),
    "spectrum_network": NetworkEntry("spectrum", "spectrum_network", "Power-spectrum network", 64),
}


def register_layers():
    """Make layers and losses of all networks known to Keras: ``keras.models.load_model`` then needs no custom objects."""
    for module in {entry.module for entry in NETWORKS.values()} | {"event_blocks", "losses"}:
        importlib.import_module(f".{module}", __package__)
