"""How long trainings take, from those that are on disk."""

from dataclasses import dataclass

import numpy as np

SCORING = 1 / 3  # time to score a sky, in that to train on it: a forward pass beside forward and backward
# maps a second of one core, BCNN as published in float32 (docs/performance.md), where nothing was measured here
REFERENCE_RATE, REFERENCE = 94.0, ("bcnn", 32, 15, 76)


@dataclass(frozen=True)
class Pace:
    """How fast one training was.

    Attributes
    ----------
    key : tuple
        Kind of network, Nside, energy bins, feature maps.
    seconds : float
        For one sky of training.
    name : str
        Of the training, for people.
    """

    key: tuple
    seconds: float
    name: str = ""


def pace_key(config):
    """Return kind of network, Nside, energy bins and feature maps of a run: what its pace depends on most."""
    return config.network.kind, config.sky.nside, config.energy.bin_count, config.network.filter_count


def measured_pace(config, seconds, name=""):
    """Return the :class:`Pace` of a training from the seconds of its epochs; None before the first."""
    seconds = np.asarray(seconds, dtype=float)
    if not len(seconds):
        return None
    return Pace(pace_key(config), float(np.median(seconds)) / _skies_of_epoch(config), name)


def most_seconds(config, paces=()):
    """Estimate how long a training takes if patience does not end it early.

    The pace is that of the last training of the same kind and size; else that of the last one of the same kind, else of
    any, scaled by pixels times feature maps squared, as convolutions go; else that of BCNN on one core.

    Parameters
    ----------
    config : RunConfig
    paces : sequence of Pace
        Newest first.

    Returns
    -------
    seconds : float
    measured : Pace or None
        What the estimate rests on; None: nothing was measured here.
    """
    key = pace_key(config)
    same = [pace for pace in paces if pace.key == key] or [pace for pace in paces if pace.key[0] == key[0]] or list(paces)
    measured = same[0] if same else None
    pace = measured or Pace(REFERENCE, 1 / REFERENCE_RATE)
    seconds = pace.seconds * _work(key) / _work(pace.key)
    return seconds * _skies_of_epoch(config) * config.training.epochs, measured


def _skies_of_epoch(config):
    return config.training.maps_per_epoch + SCORING * config.training.validation_maps


def _work(key):
    _, nside, _, filters = key
    return nside**2 * filters**2
