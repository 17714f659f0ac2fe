"""The smallest detectable fractions that were published, to stand beside ours."""

import csv
import functools
from types import MappingProxyType

from .resources import resource_path


@functools.cache
def published_table():
    """Return ``{(source name, n_events): {statistic: eta}}`` from ``resources/published_eta.csv``; read-only."""
    table = {}
    with open(resource_path("published_eta.csv"), encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(line for line in stream if not line.startswith("#")):
            table.setdefault((row["source"], int(row["n_events"])), {})[row["statistic"]] = float(row["eta"])
    return MappingProxyType({key: MappingProxyType(value) for key, value in table.items()})


def published_eta(source, n_events):
    """Return the published fractions of a source by name or key, ``{statistic: eta}``; empty where there are none.

    The statistics are ``bcnn`` and ``cnn`` (arXiv:2105.06414, Table 1) and ``power_spectrum`` (JCAP 09 (2019) 034),
    for the field JF12 with its random part and alpha = 0.01, beta = 0.05.
    """
    return _published_by_key().get((source.replace(" ", ""), n_events), MappingProxyType({}))


@functools.cache
def _published_by_key():
    return {(name.replace(" ", ""), number): etas for (name, number), etas in published_table().items()}
