"""Build classifiers by name, and the same weights behind other inputs and outputs."""

import contextlib
import importlib

import keras

from ..errors import ConfigError, UnknownNameError
from ..sky import check_nside, nside_of
from .event_blocks import made_of_blocks, network_of_counts, network_of_events, starts_with_blocks
from .event_lists import network_from_counts, takes_lists
from .layers import EventCounts
from .registry import NETWORKS


def build_network(kind, nside, n_bins, filters, seed=None, precision="float32", dense=None):
    """Build an untrained classifier.

    Parameters
    ----------
    kind : str
        Name in :data:`.registry.NETWORKS`.
    nside : int
        Resolution of the maps, at least 2.
    n_bins : int
        Number of energy bins.
    filters : int
        Feature maps of each convolution.
    seed : int, optional
        Of the initial weights; None: other weights each time.
    precision : {"float32", "bfloat16"}
        Of the maps inside; weights and what comes out are float32 in any case.
    dense : sequence of int, optional
        Units of the dense layers before the output; None: the network's own. Only for networks that have some to choose.

    Returns
    -------
    keras.Model
        Counts (batch, 12 nside^2, n_bins), NESTED, float32, to the probability of a source (batch, 1). Its layer
        ``log_odds`` gives the logarithm of the odds, which does not saturate.

    Raises
    ------
    UnknownNameError, InputError, ConfigError
        If the kind is unknown or the sizes cannot be.
    """
    if kind not in NETWORKS:
        raise UnknownNameError("network", kind, NETWORKS)
    nside = check_nside(nside, "sky.nside")
    for path, size, low in (("sky.nside", nside, 2), ("energy.n_bins", n_bins, 1), ("network.filters", filters, 1)):
        if size < low:
            raise ConfigError(f"expected at least {low} for a network, received {size}", path)
    entry = NETWORKS[kind]
    module = importlib.import_module(f".{entry.module}", __package__)
    chosen = {} if dense is None else {"dense": tuple(dense)}
    with _precision(precision):
        return getattr(module, entry.factory)(nside, int(n_bins), int(filters), seed=seed, **chosen)


@contextlib.contextmanager
def _precision(name):
    """Let layers be made for this precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32" if name == "float32" else f"mixed_{name}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def start_from_template(kind, network, density):
    """Give a network of :func:`build_network` the :class:`~..sky_density.SkyDensity` that it is to find; its kind has a ``template``."""
    entry = NETWORKS[kind]
    getattr(importlib.import_module(f".{entry.module}", __package__), entry.template)(network, density)


def score_network(network):
    """Return the network, same weights, with log odds as output; unchanged if it has no layer ``probability`` after them."""
    if not any(layer.name == "probability" for layer in network.layers):
        return network
    return keras.Model(network.inputs, network.get_layer("probability").input, name=network.name)


def event_network(network):
    """Return the network, same weights, that takes events instead of counts and gives log odds.

    Its input is (batch, n) integers ``ipix * n_bins + bin`` for any n, negative entries being padding: a batch of
    64 maps of 300 events is 77 kB, the counts it stands for 47 MB at nside 32.
    """
    events = keras.Input((None,), dtype="int32", name="events")
    if takes_lists(network):
        return keras.Model(events, network.get_layer("log_odds")(events), name=f"{network.name}_events")
    if starts_with_blocks(network):
        return network_of_events(network)
    _, npix, n_bins = network.input_shape
    counts = EventCounts(nside_of(npix), n_bins, name="counts_of_events")(events)
    return keras.Model(events, score_network(network)(counts), name=f"{network.name}_events")


def counts_network(event_network):
    """Return the network from counts to probability, same weights, that :func:`event_network` was made from."""
    if made_of_blocks(event_network):
        return network_of_counts(event_network)
    scores = event_network.layers[-1]
    if not any(isinstance(layer, EventCounts) for layer in event_network.layers):
        return network_from_counts(scores, event_network.name.removesuffix("_events"))
    probability = keras.layers.Activation("sigmoid", dtype="float32", name="probability")(scores.output)
    return keras.Model(scores.inputs, probability, name=scores.name)
