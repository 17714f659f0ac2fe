"""Mock skies of a run, as the command ``simulate`` and the window ask for them."""

import math

import numpy as np

from ..streams import random_stream
from .events import EventSampler, draw_training_events


def source_counts(eta, n_events):
    """Split ``eta * n_events`` into whole events.

    A fraction between two whole numbers means a mixture of skies with the lower and the upper number, the upper one
    with the fractional weight.

    Returns
    -------
    low, high : int
    weight : float
        Share of skies with ``high`` events, 0 where ``eta * n_events`` is whole.
    """
    exact = eta * n_events
    if abs(exact - round(exact)) < 1e-9 * n_events:  # 0.07 * 100 is a little more than 7
        exact = round(exact)
    low = math.floor(exact)
    return low, min(low + 1, n_events), exact - low


def simulate_skies(config, density, n_events, n_maps, eta=None, *, seed=None, sampler=None):
    """Draw the mock skies of a run.

    Parameters
    ----------
    config : RunConfig
    density : SkyDensity
    n_events, n_maps : int
    eta : float, optional
        Fraction from the source in every sky, 0 for isotropy; of skies between two whole numbers of source events,
        exactly the fractional share (rounded to whole skies) has the upper one, in random order. Without ``eta`` skies
        are as in training: half isotropic, the others log-uniform.
    seed : int, optional
        Another than the run's.
    sampler : EventSampler, optional
        Of the density, where it is at hand.

    Returns
    -------
    MockEvents
        Events in random order.
    """
    rng = random_stream(config.seed if seed is None else seed, "simulate")
    sampler = EventSampler(density) if sampler is None else sampler
    if eta is None:
        events, _ = draw_training_events(sampler, n_events, n_maps, rng)
    else:
        low, high, weight = source_counts(eta, n_events)
        n_high = round(weight * n_maps)
        n_source = rng.permutation(np.repeat([low, high], [n_maps - n_high, n_high]))
        events = sampler.draw(n_events, n_source, rng)
    return events.shuffled(rng)
