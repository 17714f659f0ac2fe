"""From event lists to the one sky that a run can judge."""

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..exposure import pixel_exposure
from ..mock_events import MockEvents
from ..sky import vector_pixels

INTEGRAL_INDEX = 3.5  # of the flux above 50 EeV, about: E^-4.5 in all; only to tell that a list starts above the threshold
MISSING = 5.0  # so many events missing between the threshold and the lowest energy are more than chance
FEWEST = 2


@dataclass(frozen=True, eq=False)
class Selection:
    """The events of one or more lists that a run judges, as one sky.

    Attributes
    ----------
    events : MockEvents
        One sky; nobody knows what is from the source.
    of_list, row : ndarray of int, shape (n,)
        List and row, from 0, of each event.
    glon, glat, ra, dec : ndarray, shape (n,)
        Degrees.
    energy : ndarray, shape (n,)
        EeV, with the factor of its list.
    below, above : int
        Events below the threshold and above the last edge, left out.
    notes : tuple of str
        What a reader of the result should know.
    """

    events: MockEvents
    of_list: np.ndarray
    row: np.ndarray
    glon: np.ndarray
    glat: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    energy: np.ndarray
    below: int
    above: int
    notes: tuple

    @property
    def n_events(self):
        """Number of events."""
        return len(self.energy)


def select(lists, scales, config):
    """Select the events of a run.

    Parameters
    ----------
    lists : sequence of EventList
    scales : sequence of float
        Factor on the energies of each list, to bring them to one scale.
    config : RunConfig

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        If fewer than two events are left, or one lies where the exposure is 0.
    """
    energy = np.concatenate([scale * events.energy for events, scale in zip(lists, scales, strict=True)])
    of_list = np.repeat(np.arange(len(lists)), [len(events) for events in lists])
    row = np.concatenate([np.arange(len(events)) for events in lists])
    edges = config.energy.bin_edges
    kept = (energy >= edges[0]) & (energy < edges[-1])
    below, above = int((energy < edges[0]).sum()), int((energy >= edges[-1]).sum())
    if kept.sum() < FEWEST:
        raise InputError(
            f"expected at least {FEWEST} events from {edges[0]:g} to {edges[-1]:.0f} EeV, received {kept.sum()} ({below} of "
            f"{len(energy)} are below, the highest has {energy.max():.4g} EeV); lower energy.threshold or see to the scale"
        )
    chosen = np.flatnonzero(kept)
    columns = {name: np.concatenate([getattr(events, name) for events in lists])[chosen] for name in ("glon", "glat", "ra", "dec")}
    direction = np.concatenate([events.direction for events in lists])[chosen]
    ipix = vector_pixels(config.sky.nside, direction)
    _require_in_sight(ipix, config, lists, of_list[chosen], row[chosen], columns["dec"])
    energy_bin = np.clip(np.searchsorted(edges, energy[chosen], side="right") - 1, 0, len(edges) - 2)
    events = MockEvents(
        ipix[None].astype(np.int32), energy_bin[None].astype(np.int8), np.zeros((1, len(chosen)), bool), np.zeros(1, np.int64),
        config.sky.nside, config.energy.bin_count,
    )
    notes = _notes(lists, scales, edges[0], config)
    return Selection(events, of_list[chosen], row[chosen], energy=energy[chosen], below=below, above=above, notes=notes, **columns)


def _require_in_sight(ipix, config, lists, of_list, row, dec):
    unseen = np.flatnonzero(pixel_exposure(config.observatory, config.sky.nside, ipix) == 0)
    if unseen.size:
        i = unseen[0]
        raise InputError(
            f"{lists[of_list[i]].path}: row {row[i] + 1} is at declination {dec[i]:.1f} degrees, where exposure "
            f"{config.observatory.exposure!r} sees nothing ({unseen.size} such events); set observatory.exposure to that of the list"
        )


def _notes(lists, scales, threshold, config):
    notes = []
    for events, scale in zip(lists, scales, strict=True):
        lowest, n = scale * events.energy.min(), int((scale * events.energy >= threshold).sum())
        missing = n * ((threshold / lowest) ** -INTEGRAL_INDEX - 1) if lowest > threshold else 0.0
        if missing > MISSING:
            notes.append(
                f"{events.path.name} starts at {lowest:.1f} EeV: about {missing:.0f} events from {threshold:g} EeV on are missing in it; "
                f"raise energy.threshold to {lowest:.4g}"
            )
        known = events.published
        if known and known.exposure != config.observatory.exposure and config.observatory.exposure != "auger_ta":
            notes.append(f"{events.path.name} has the columns of {known.name}, the run another exposure than {known.exposure!r}")
    return tuple(notes)
