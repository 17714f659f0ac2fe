"""Measured events as the window holds them: how they are tested, what was found, which networks fit. No Qt here."""

from dataclasses import asdict, dataclass
from pathlib import Path

from ...core.config import Section, digest_of, setting
from ...core.errors import ZevatronError
from ...core.observed.effort import Effort, with_number
from ...core.observed.trained import mismatches
from ...core.statistics.registry import label_of
from .answers import alone, density_key

NETWORK = "network"
MOST_NETWORKS = 30  # trainings that are looked at for one that fits
STANDARD = Effort()


@dataclass(frozen=True)
class TestChoices(Section):
    """How events are tested; edited through a :class:`~.draft.Draft` as the run is."""

    __test__ = False  # not a pytest class

    scales: tuple[float, ...] = setting(
        (1.0,), low=0.5, high=2.0, label="Energies times", help="Factor on the energies: one for all lists, or one for each"
    )
    skies: int = setting(STANDARD.skies, low=100, high=100_000_000, label="Isotropic skies", help="From which p-values are counted")
    belt_skies: int = setting(
        STANDARD.belt_skies, low=100, high=10_000_000, label="Skies per fraction", help="For each of 41 fractions of the interval and the limit"
    )
    scale_error: float = setting(
        STANDARD.scale_error, low=0.0, high=0.5, label="Energy scale, ±",
        help="Relative error of the energy scale: all is done again with energies multiplied by 1 ± this; 0 leaves it out",
    )
    level: float = setting(STANDARD.level, low=0.5, high=0.9999, label="Interval", help="Confidence of the interval of η")
    upper_level: float = setting(STANDARD.upper_level, low=0.5, high=0.9999, label="Upper limit", help="Confidence of the upper limit on η")

    def effort(self):
        """Return the :class:`~zevatron.core.observed.effort.Effort`."""
        return Effort(self.skies, self.belt_skies, self.scale_error, self.level, self.upper_level)

    def scales_for(self, n_lists):
        """Return a factor for each list, or None where their number does not fit."""
        scales = self.scales * n_lists if len(self.scales) == 1 else self.scales
        return scales if len(scales) == n_lists else None


@dataclass(frozen=True)
class FittingNetwork:
    """A network that can judge events.

    Attributes
    ----------
    name : str
        For people.
    path : Path
    changed : int
        When its file was written, ns.
    kind, source : str
        Architecture, and the source it was trained for.
    faults : tuple of str
        In what it does not fit the events; empty if it does.
    """

    name: str
    path: Path
    changed: int
    kind: str
    source: str
    faults: tuple = ()


def network_for(path, config, source, n_events):
    """Read for what a network was trained, and compare.

    Parameters
    ----------
    path : Path
    config : RunConfig
    source : str
        Of the test: a network trained for another one is no fault, but named.
    n_events : int

    Returns
    -------
    FittingNetwork
    """
    from ...core.network.files import read_record

    record = read_record(path)
    folder = path.resolve().parent.name if path.stem in ("best", "last") else path.stem
    kind, trained = record.get("kind", "network"), record.get("source", source)
    name = f"{label_of(kind)}, {trained}, N = {record.get('n_events', '?')} ({folder})"
    return FittingNetwork(name, path, path.stat().st_mtime_ns, kind, trained, mismatches(record, config, n_events))


def fitting_networks(runs_folder, config, source, n_events):
    """Return the networks that fit events and source: of the runs folder, the newest first, then shipped ones."""
    from ...core.network.files import shipped_models

    paths = sorted(Path(runs_folder).glob("*/best.keras"), key=lambda path: path.stat().st_mtime, reverse=True)
    found = []
    for path in (*paths[:MOST_NETWORKS], *shipped_models()):
        try:
            network = network_for(path, config, source, n_events)
        except ZevatronError:
            continue
        if not network.faults and network.source == source:
            found.append(network)
    return tuple(found)


@dataclass(frozen=True)
class Test:
    """One test of one selection: everything that decides its result.

    Attributes
    ----------
    config : RunConfig
        With the number of events; with one source for a network.
    lists, scales : tuple
    effort : Effort
    statistic : str
        Name of a statistic, or the kind of ``network``.
    network : FittingNetwork or None
    """

    __test__ = False

    config: object
    lists: tuple
    scales: tuple
    effort: Effort
    statistic: str
    network: FittingNetwork | None = None

    @property
    def key(self):
        """Names the result; equal keys, equal result."""
        network = None if self.network is None else (str(self.network.path), self.network.changed)
        return digest_of(
            density_key(self.config), self.config.seed, self.config.events.n_events, [events.sha256 for events in self.lists],
            list(self.scales), asdict(self.effort), self.statistic, network,
        )

    def plan(self):
        """Return what is recorded of it, see :func:`~zevatron.core.observed.blind.make_plan`."""
        from ...core.observed.blind import make_plan

        path = None if self.network is None else self.network.path
        return make_plan(self.config, self.lists, self.scales, self.statistic, self.effort, path)


def test_of(config, lists, scales, effort, statistic, network, source, n_events):
    """Make a :class:`Test` of what is chosen."""
    if network is not None:
        config, statistic = alone(config, source), network.kind
    return Test(with_number(config, n_events), tuple(lists), tuple(scales), effort, statistic, network)


test_of.__test__ = False


def judged(test, selection, densities, progress, record=None):
    """Judge a test: statistics here, a network in a process of its own.

    Parameters
    ----------
    test : Test
    selection : Selection
    densities : sequence of SkyDensity or None
        Of the run, if they are known.
    progress : Progress
    record : path-like, optional
        Of a recorded test, which this has to be.

    Returns
    -------
    Observation
    plan : dict or None
        The record.

    Raises
    ------
    InputError
        If it is not the recorded test.
    """
    from ...core.observed.blind import read_plan, require_same
    from ...core.observed.report import observe

    plan = None
    if record is not None:
        plan = read_plan(record)
        require_same(plan, test.plan())
    if test.network is None:
        found = observe(
            test.config, test.lists, test.scales, statistic=test.statistic, effort=test.effort, densities=densities, progress=progress
        )
        return found, plan
    return _judged_by_network(test, selection, densities, progress), plan


def _judged_by_network(test, selection, densities, progress):
    import tempfile

    from ...core.config import write_run
    from ...core.observed.stored import read_observation
    from ...core.sky_density import sky_densities
    from ..background.engine import run_command

    densities = densities or sky_densities(test.config, progress=progress)
    effort = test.effort
    with tempfile.TemporaryDirectory() as temporary:
        run, result, table = (Path(temporary) / name for name in ("run.toml", "result.json", "events.csv"))
        write_run(run, test.config)
        run_command([
            "events", *(events.path.resolve() for events in test.lists), "--run", run, "--model", test.network.path, "--out", result,
            "--table", table, "--energy-scale", ",".join(map(repr, test.scales)), "--skies", effort.skies, "--belt-skies", effort.belt_skies,
            "--scale-error", effort.scale_error, "--level", effort.level, "--upper-level", effort.upper_level,
        ], progress)
        return read_observation(
            result, table, config=test.config, lists=test.lists, scales=test.scales, selection=selection, densities=densities
        )


def only_source(densities, test, source):
    """Return the densities that a test judges: all, or for a network that of one source; None where it is not there."""
    if test.network is None:
        return tuple(densities)
    chosen = tuple(density for density in densities if density.name == source)
    return chosen or None


def as_document(observation, plan):
    """Return the content of the result file, with the record of the test if there is one."""
    from ...core.observed.blind import seal

    return observation.as_dict() | {"plan": None if plan is None else {"seal": seal(plan), **plan}}
