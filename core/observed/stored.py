"""A result read back from the files of the command ``events``."""

import numpy as np

from ..errors import DamagedFileError, InputError
from ..statistics.confidence import Interval
from ..storage.documents import json_document, read_bytes
from ..storage.tables import read_table
from .analysis import Findings, SourceFinding
from .effort import Effort
from .report import Observation


def read_observation(path, table_path, *, config, lists, scales, selection, densities):
    """Read a result that another process wrote for the same lists and run.

    Parameters
    ----------
    path, table_path : path-like
        JSON and table of events.
    config, lists, scales, selection, densities
        As of :class:`~.report.Observation`.

    Returns
    -------
    Observation
        Without the scores of isotropic skies.

    Raises
    ------
    InputError, DamagedFileError
        If the files are not that.
    """
    table = read_table(table_path)
    try:
        document = json_document(read_bytes(path))
        posteriors = {density.name: table.floats(f"p_{density.key}") for density in densities}
        findings = _findings(document["analysis"], posteriors)
        shifted = {entry["factor"]: _findings(entry, {}) for entry in document["energy_scale"]}
        effort, notes = Effort(**document["effort"]), tuple(document["notes"])
    except (OSError, InputError, ValueError, KeyError, TypeError) as error:
        raise DamagedFileError(f"{path} is not the result of an event list ({error})") from None
    if findings.n_events != selection.n_events:
        raise DamagedFileError(f"{path}: expected the result of {selection.n_events} events, found {findings.n_events}")
    return Observation(config, tuple(lists), tuple(scales), selection, tuple(densities), findings, shifted, effort, notes)


def _findings(entry, posteriors):
    none = np.zeros(0)
    sources = tuple(
        SourceFinding(**(one | {"eta": Interval(**one["eta"])}), posterior=posteriors.get(one["source"], none), null_scores=none)
        for one in entry["sources"]
    )
    return Findings(sources, entry["global_p"], entry["n_events"])
