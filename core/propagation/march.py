"""The way from sources at given distances to the Galaxy, step by step."""

import functools

import numpy as np

from ..progress import SILENT
from .cosmology import redshift_at
from .interactions import LG_GAMMA
from .nuclei import MASSES
from .transport import STEP, Medium, settle

LOCAL_DISTANCE = 25.0  # Mpc; nearer sources are reached at z = 0 (z = 0.0057 there)
SHELL = 25.0  # Mpc; beyond, photon fields are constant within shells of this thickness
STAGE = "propagating nuclei"


def emitted_state(injection):
    """Return what an :class:`~..emission.injection.Injection` emits, per ln(gamma), shape (56, n_gamma)."""
    energy = MASSES[:, None] * 10.0**LG_GAMMA
    return settle(injection.flux(energy) / energy)


@functools.lru_cache(maxsize=2)
def local_medium(ebl):
    """Return the :class:`~.transport.Medium` of z = 0, kept for the next march."""
    return Medium(ebl)


def states_at(state, ebl, distances, *, step=STEP, progress=SILENT):
    """Give the states that arrive from sources at several distances.

    Parameters
    ----------
    state : ndarray, shape (56, n_gamma)
        Emitted nuclei per ln(gamma).
    ebl : str
        Background light.
    distances : sequence of float
        Comoving Mpc.
    step : float, optional
        Mpc.
    progress : Progress, optional

    Returns
    -------
    dict of float to ndarray
        States by distance. To :data:`LOCAL_DISTANCE` all come from one march at z = 0.
    """
    near = sorted(d for d in set(distances) if d <= LOCAL_DISTANCE)
    far = sorted(set(distances) - set(near))
    return _near_states(state, ebl, near, step, progress) | _far_states(state, ebl, far, step, progress)


def _near_states(state, ebl, distances, step, progress):
    states, n_done = {}, 0
    for distance in distances:
        progress.report(STAGE, distance, distances[-1])
        medium = local_medium(ebl)
        n_steps = int(np.floor(distance / step + 1e-9))
        state = medium.travel(state, (n_steps - n_done) * step, step)
        n_done = n_steps
        states[distance] = medium.travel(state, distance - n_steps * step, step)
    return states


def _far_states(state, ebl, distances, step, progress):
    """March inwards shell by shell, so that each shell's photon fields are prepared once for all sources behind it."""
    states = dict.fromkeys(distances, state)
    n_shells = int(np.ceil(max(distances, default=0.0) / SHELL))
    for shell in range(n_shells)[::-1]:
        progress.report(STAGE, n_shells - 1 - shell, n_shells)
        medium = shell_medium(ebl, shell)
        for distance in distances:
            if distance > shell * SHELL:
                length = proper_length(shell * SHELL, min(distance, (shell + 1) * SHELL))
                states[distance] = medium.travel(states[distance], length, step)
    return states


def shell_medium(ebl, shell):
    """Return the :class:`~.transport.Medium` of a shell of :data:`SHELL` Mpc, counted from 0, at its middle redshift."""
    return Medium(ebl, float(redshift_at((shell + 0.5) * SHELL)))


def proper_length(inner, outer):
    """Return the length of the way between two comoving distances (Mpc): c times the time it takes."""
    return (outer - inner) / (1.0 + float(redshift_at((inner + outer) / 2.0)))
