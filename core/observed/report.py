"""One job from lists to result: the test, its systematic from the energy scale, the document and the table of events."""

from dataclasses import asdict, dataclass

from ..errors import InputError
from ..progress import SILENT, StageProgress
from ..sky_density import sky_densities
from ..storage.provenance import run_record
from ..storage.tables import write_table
from .analysis import Findings, examine
from .effort import Effort, with_number
from .selection import Selection, select


@dataclass(frozen=True, eq=False)
class Observation:
    """The result of a list of events.

    Attributes
    ----------
    config : RunConfig
        Of the events: with their number.
    lists, scales : tuple
    selection : Selection
    densities : tuple of SkyDensity
    findings : Findings
    shifted : dict of float to Findings
        With other energy scales, by the factor on all energies.
    effort : Effort
    notes : tuple of str
    """

    config: object
    lists: tuple
    scales: tuple
    selection: Selection
    densities: tuple
    findings: Findings
    shifted: dict
    effort: Effort
    notes: tuple

    def with_scale(self):
        """Return by source the interval and the limit that hold whatever the energy scale is: the widest of all that were tried."""
        found = {}
        for i, finding in enumerate(self.findings.sources):
            etas = [finding.eta, *(shifted.sources[i].eta for shifted in self.shifted.values())]
            found[finding.source] = {
                "low": min(eta.low for eta in etas), "high": max(eta.high for eta in etas), "upper": max(eta.upper for eta in etas),
            }
        return found

    def as_dict(self):
        """Return the content of the result file."""
        return {
            "events": {
                "lists": [
                    {
                        "file": str(events.path), "sha256": events.sha256, "scale": scale, "n": len(events),
                        "columns": [str(column) for column in events.recognised],
                        "citation": events.published.citation if events.published else None,
                    }
                    for events, scale in zip(self.lists, self.scales, strict=True)
                ],
                "n_events": self.selection.n_events, "below_threshold": self.selection.below, "above_last_edge": self.selection.above,
            },
            "analysis": self.findings.as_dict(),
            "with_energy_scale": self.with_scale() if self.shifted else None,
            "energy_scale": [{"factor": factor, **findings.as_dict()} for factor, findings in self.shifted.items()],
            "effort": asdict(self.effort), "notes": list(self.notes), "run": run_record(self.config),
        }

    def lines(self):
        """Return the result in a few lines for a person."""
        lines = [line for events in self.lists for line in events.lines()]
        lines.append(
            f"{self.selection.n_events} events from {self.config.energy.threshold:g} EeV on; {self.selection.below} below, "
            f"{self.selection.above} above the last edge, left out"
        )
        lines += [line for finding in self.findings.sources for line in describe(finding)]
        if len(self.findings.sources) > 1:
            lines.append(f"global p-value over {len(self.findings.sources)} sources: {self.findings.global_p:.3g}")
        for factor, findings in self.shifted.items():
            for f in findings.sources:
                lines.append(
                    f"energies x {factor:g}: {findings.n_events} events, {f.source}: local p {f.local_p:.3g}, "
                    f"eta {100 * f.eta.best:.2f} %, below {100 * f.eta.upper:.2f} %"
                )
        if self.shifted:
            lines += [
                f"{name}, whatever the energy scale: eta {100 * eta['low']:.2f} to {100 * eta['high']:.2f} %, below {100 * eta['upper']:.2f} %"
                for name, eta in self.with_scale().items()
            ]
        return [*lines, *(f"note: {note}" for note in self.notes)]


def describe(finding):
    """Return what a :class:`~.analysis.SourceFinding` says, in two lines."""
    eta, flux = finding.eta, finding.flux
    lines = [
        f"{finding.source}, {finding.statistic}: score {finding.score:.4g}, local p-value {finding.local_p:.3g} ({finding.local_z:.2f} sigma)",
        f"{finding.source}: eta = {100 * eta.best:.2f} % ({100 * eta.low:.2f} to {100 * eta.high:.2f} % at {100 * eta.level:g} %), "
        f"below {100 * eta.upper:.2f} % at {100 * eta.upper_level:g} % (expected of isotropy: {100 * finding.expected_upper:.2f} %)",
    ]
    if flux["upper"] != eta.upper:
        lines[1] += f"; of the flux at the Earth {100 * flux['best']:.2f} %, below {100 * flux['upper']:.2f} %"
    return lines


def observe(config, lists, scales, *, statistic=None, effort=None, densities=None, progress=SILENT):
    """Judge the events of one or more lists by a run.

    Parameters
    ----------
    config : RunConfig
        Sources, field, exposure, energies; its numbers of events give way to that of the lists.
    lists : sequence of EventList
    scales : sequence of float
        Factor on the energies of each list.
    statistic : str or NetworkStatistic, optional
        The maximum likelihood ratio by default.
    effort : Effort, optional
    densities : sequence of SkyDensity, optional
        Those of the run, where they are known; computed otherwise.
    progress : Progress, optional

    Returns
    -------
    Observation

    Raises
    ------
    InputError
        If the lists do not fit the run.
    """
    effort = effort or Effort()
    selection = select(lists, scales, config)
    config = with_number(config, selection.n_events)
    densities = densities or sky_densities(config, progress=progress)
    findings = examine(config, densities, selection.events, statistic, effort, progress)
    notes, shifted = [*selection.notes, *fluctuations(findings)], {}
    is_network = statistic is not None and not isinstance(statistic, str)
    factors = tuple(round(1 + sign * effort.scale_error, 12) for sign in (-1, 1)) if effort.scale_error and not is_network else ()
    if is_network and effort.scale_error:
        notes.append("no other energy scale: with another number of events it needs another network")
    for factor in factors:
        try:
            moved = select(lists, [factor * scale for scale in scales], config)
        except InputError as error:
            notes.append(f"energies x {factor:g}: {error}")
            continue
        notes += [f"energies x {factor:g}: {note}" for note in moved.notes if note not in selection.notes]
        stage = StageProgress(progress, f"energies x {factor:g}")
        shifted[factor] = examine(with_number(config, moved.n_events), densities, moved.events, statistic, effort, stage)
    return Observation(config, tuple(lists), tuple(scales), selection, densities, findings, shifted, effort, tuple(notes))


def fluctuations(findings):
    """Return a note for each source whose limit is far below what isotropy lets expect."""
    return [
        f"the limit on {f.source} is below half of the {100 * f.expected_upper:.2f} % that isotropy lets expect: there are fewer events near "
        "it than by chance; quote both"
        for f in findings.sources if f.eta.upper < f.expected_upper / 2
    ]


def write_event_table(path, observation):
    """Write the events with the probability of each to be from each source, as CSV.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    write_table(path, *event_columns(observation))


def event_columns(observation):
    """Return the columns of the table of events and the comments above them, as :func:`~..tables.write_table` takes them."""
    s = observation.selection
    columns = {
        "list": [observation.lists[i].path.name for i in s.of_list], "row": s.row + 1, "ra_deg": s.ra, "dec_deg": s.dec, "l_deg": s.glon,
        "b_deg": s.glat, "energy_EeV": s.energy,
    }
    for density, finding in zip(observation.densities, observation.findings.sources, strict=True):
        columns[f"p_{density.key}"] = finding.posterior
    citations = {events.published.citation for events in observation.lists if events.published}
    return columns, [
        "p_SOURCE: probability of the event to be from the source, averaged over its fraction with a flat prior; energies with the factor "
        "of their list",
        *(f"events: {citation}" for citation in sorted(citations)),
        f"digest {observation.config.digest}, seed {observation.config.seed}",
    ]
