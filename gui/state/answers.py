"""What has been found so far, and what it depends on.

Keys name what an answer depends on. An answer is shown only while its key is
that of the run on screen, so a change on the left empties the right until the
new answer is there, and going back shows the old one at once.
"""

import functools
from dataclasses import asdict, replace

from ...core.config import digest_of
from ...core.storage.kept import Store

KEPT = 8 * 2**20  # bytes of limits, some hundreds; what is forgotten is computed again when it is looked at
MATTERS_FOR_DENSITY = ("sources", "emission", "propagation", "field", "observatory", "energy", "sky")


@functools.lru_cache(256)
def density_key(config):
    """Name what the expected densities of a run depend on."""
    parts = [asdict(getattr(config, section)) for section in MATTERS_FOR_DENSITY]
    return digest_of(parts, config.seed if config.energy.method == "sampled" else None)


def alone(config, source):
    """Return the run with one source only; a mixture stays together."""
    if config.sources.mixture:
        return config
    own = tuple(entry for entry in config.sources.custom if entry.name == source)
    return replace(config, sources=replace(config.sources, names=(source,), shares=(), custom=own))


@functools.lru_cache(1024)
def verdict_key(config, source, n_events):
    """Name what a verdict of the likelihood ratio depends on; other sources of the run do not matter.

    Parameters
    ----------
    config : RunConfig
    source : str
        Name of the density.
    n_events : int
    """
    return digest_of(density_key(alone(config, source)), asdict(config.test), config.seed, source, n_events)


def wanted_numbers(config, n_events):
    """Return the numbers of events to answer for: first the one on screen, then those of the run."""
    return (n_events, *(n for n in config.events.n_events if n != n_events))


def run_for(config, source, n_events):
    """Return the run that trains one network: one source (or the mixture) and one number of events."""
    return replace(alone(config, source), events=replace(config.events, n_events=(n_events,)))


def read_verdicts(path):
    """Read the verdicts of a ``result.json``.

    Returns
    -------
    tuple of Verdict

    Raises
    ------
    InputError, DamagedFileError
        If the file cannot be read or is not a result.
    """
    from ...core.study import read_result, verdict_from_entry

    return tuple(verdict_from_entry(entry, path) for entry in read_result(path)["results"])


class Answers:
    """Verdicts by what they depend on."""

    def __init__(self):
        self._limits = Store(KEPT)
        self._methods, self._information, self._notes, self._folders = {}, {}, {}, {}

    def keep_at_least(self, n_limits):
        """Forget none of so many limits as were asked for last: a run that wants more than fit is computed once all the same."""
        self._limits.least = max(n_limits, 1)

    def add_limit(self, config, verdict):
        """Keep a verdict of the likelihood ratio."""
        self._limits.put(verdict_key(config, verdict.source, verdict.n_events), verdict)

    def add_method(self, config, verdict, note="", folder=None):
        """Keep a verdict of a network, or of a statistic beside the likelihood ratio; of one name the newest counts.

        Parameters
        ----------
        config : RunConfig
        verdict : Verdict
        note : str, optional
            What has to be known about it, such as that the network was trained for something else.
        folder : Path, optional
            Of the training that made it.
        """
        key = verdict_key(config, verdict.source, verdict.n_events)
        self._methods.setdefault(key, {})[verdict.statistic] = verdict
        self._notes[key, verdict.statistic] = note
        self._folders[key, verdict.statistic] = folder

    def add_information(self, config, verdicts):
        """Keep verdicts of the likelihood ratio with more or less knowledge."""
        for verdict in verdicts:
            key = verdict_key(config, verdict.source, verdict.n_events)
            self._information.setdefault(key, {})[verdict.statistic] = verdict

    def information(self, config, source, n_events):
        """Return verdicts with more or less knowledge by statistic; empty if none was asked for."""
        return dict(self._information.get(verdict_key(config, source, n_events), {}))

    def limit(self, config, source, n_events):
        """Return the verdict of the likelihood ratio, or None."""
        return self._limits.get(verdict_key(config, source, n_events))

    def method(self, config, source, n_events, statistic):
        """Return the verdict of a network or statistic by its name, or None."""
        return self._methods.get(verdict_key(config, source, n_events), {}).get(statistic)

    def network(self, config, source, n_events):
        """Return the verdict of the kind of network that the run has, or None."""
        return self.method(config, source, n_events, config.network.kind)

    def note(self, config, verdict):
        """Return what has to be known about a verdict; empty if nothing."""
        return self._notes.get((verdict_key(config, verdict.source, verdict.n_events), verdict.statistic), "")

    def folder(self, config, verdict):
        """Return the folder of the training behind a verdict, or None."""
        return self._folders.get((verdict_key(config, verdict.source, verdict.n_events), verdict.statistic))

    def limits(self, config, source, numbers):
        """Return the verdicts of the likelihood ratio that exist, by increasing N."""
        return existing(self.limit(config, source, n) for n in sorted(set(numbers)))

    def methods(self, config, source, numbers):
        """Return all verdicts of networks and of statistics beside the likelihood ratio, by increasing N."""
        keys = [verdict_key(config, source, n) for n in sorted(set(numbers))]
        return tuple(verdict for key in keys for verdict in self._methods.get(key, {}).values())


def existing(verdicts):
    """Return those that are not None, as a tuple."""
    return tuple(verdict for verdict in verdicts if verdict is not None)
