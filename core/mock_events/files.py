"""Mock skies on disk."""

import numpy as np

from ..sky_density.files import PACKED, describe, opened, sealed
from ..storage.provenance import stamped_config
from ..streams import random_stream
from .events import MockEvents
from .places import event_energies


def write_events(path, config, density, events):
    """Write mock skies.

    ``/events/ipix``, ``/events/bin``, ``/events/energy_EeV`` and ``/events/is_source`` of shape (n_maps, n_events) and
    ``/n_source`` of shape (n_maps,); every dataset has the attributes of a density's. Give events in random order
    (:meth:`~.events.MockEvents.shuffled`), so that their place does not tell their origin.

    Parameters
    ----------
    path : Path
    config : RunConfig
    density : SkyDensity
        From which they were drawn.
    events : MockEvents

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    energy = event_energies(events, density, random_stream(config.seed, "energies"))
    datasets = {
        "events/ipix": events.ipix, "events/bin": events.bin, "events/energy_EeV": energy,
        "events/is_source": events.is_source, "n_source": events.n_source,
    }
    with sealed(path, config) as file:
        file.attrs["source"] = density.name
        file.attrs["density"] = density.digest
        for name, values in datasets.items():
            describe(file.create_dataset(name, data=values, **PACKED), density)


def read_events(path):
    """Read what :func:`write_events` wrote.

    Returns
    -------
    config : RunConfig
    events : MockEvents
    energy : ndarray, shape (n_maps, n_events)
        EeV.

    Raises
    ------
    InputError, DamagedFileError
        If there is no such file, or it is truncated, altered or something else.
    """
    with opened(path) as file:
        config = stamped_config(file)
        ipix = file["events/ipix"]
        nside, n_bins = int(ipix.attrs["nside"]), len(ipix.attrs["bin_edges_EeV"]) - 1
        columns = [file[f"events/{name}"][()] for name in ("bin", "is_source", "energy_EeV")]
        events = MockEvents(ipix[()], columns[0], columns[1].astype(bool), file["n_source"][()], nside, n_bins)
        if any(column.shape != events.ipix.shape for column in columns) or len(events.n_source) != len(events):
            raise ValueError("the columns have different lengths")
        if not all(np.all((x >= 0) & (x < end)) for x, end in ((events.ipix, events.npix), (events.bin, n_bins))):
            raise ValueError("an event lies outside the sky or the bins")
    return config, events, columns[2]
