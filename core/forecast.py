"""What more events and better energies will bring: the limit against N, years of observatories, energy resolution, bin width.

Everything is the likelihood ratio, which no test beats. Its fraction falls about as 1 / sqrt(N) as long as the isotropic events under
the source's image make the noise; the years are N over the rate of an observatory.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np

from .config import with_values
from .emission.background import background_spectrum
from .errors import ConfigError
from .observatory import ObservatoryConfig
from .progress import SILENT, StageProgress
from .settings import Section, section_from_dict, setting
from .sky_density.energy_bins import numbers_in_cells
from .storage.documents import write_json
from .storage.files import make_folder
from .storage.provenance import run_record
from .storage.tables import write_table
from .study import likelihood_verdicts

AUGER_EVENTS, AUGER_YEARS = 438, 17.0
"""Events above 56 EeV in the list of 2022 and its years: ApJ 935 (2022) 170, arXiv:2206.13492."""
AUGER_ABOVE_40 = 1387  # its events above 40 EeV
FLUX = "auger2020"  # spectrum by which rates are carried to another threshold
COLUMNS = ("source", "n_events", "resolution", "bin_width", "eta_min", "eta_low", "eta_high", "eta_flux")


@dataclass(frozen=True)
class ForecastConfig(Section):
    """What a forecast asks, and the rates it rests on; not part of a run, whose numbers it does not decide."""

    path = "forecast"
    events: tuple[int, ...] = setting(
        (50, 100, 200, 300, 500, 1000, 2000), low=1, high=100_000, label="Numbers N", help="Numbers of events of the curve"
    )
    reference_events: int = setting(
        300, low=1, high=100_000, label="N of the comparisons", help="Number of events at which resolution and bin width are varied"
    )
    resolutions: tuple[float, ...] = setting(
        (0.0, 0.1, 0.2, 0.3, 0.4, 0.5), low=0.0, high=0.5, label="Uncertainties ΔE/E", help="Energy uncertainties that are compared; may be empty"
    )
    bin_widths: tuple[float, ...] = setting(
        (0.05, 0.1, 0.2, 0.75), low=0.01, high=1.0, label="Bin widths Δ_b",
        help="Bin widths in lg E that are compared over the energies of the run, 0.75: all in one bin; may be empty",
    )
    rate_threshold: float = setting(
        56.0, unit="EeV", low=20.0, high=300.0, label="Threshold of the rates",
        help="Energy above which the rates count; at another threshold of the run they follow the spectrum measured by Auger (2020)",
    )
    auger_rate: float = setting(
        AUGER_EVENTS / AUGER_YEARS, unit="1/yr", low=0.0, high=1e6, label="Auger",
        help="Events a year of the Pierre Auger Observatory: 438 above 56 EeV in 17 years, ApJ 935 (2022) 170",
    )
    telescope_array_rate: float = setting(
        72 / 5, unit="1/yr", low=0.0, high=1e6, label="Telescope Array",
        help="Events a year of the Telescope Array: 72 above 57 EeV of its own energy scale in 5 years, ApJ 790 (2014) L21; without TAx4",
    )
    poemma_rate: float = setting(
        1400 / 5 * AUGER_EVENTS / AUGER_ABOVE_40, unit="1/yr", low=0.0, high=1e6, label="POEMMA",
        help="Events a year of POEMMA, stereo: 1400 above 40 EeV in 5 years (PRD 101 (2020) 023012, unchecked), of which 438/1387 as in the "
        "list of Auger are above 56 EeV",
    )
    k_euso_rate: float = setting(
        18_000 * AUGER_EVENTS / ObservatoryConfig.auger_exposure, unit="1/yr", low=0.0, high=1e6, label="K-EUSO",
        help="Events a year of K-EUSO: exposure of 18 000 km2 sr yr a year (Universe 8 (2022) 88, unchecked) times the flux of Auger's list",
    )

    def check(self):
        """Require numbers of events, each value once, and some rate."""
        for name in ("events", "resolutions", "bin_widths"):
            values = getattr(self, name)
            if len(set(values)) < len(values) or (name == "events" and not values):
                raise ConfigError(f"expected different numbers, received {list(values)}", f"forecast.{name}")
        if not any(self.rates.values()):
            raise ConfigError("expected at least one rate above 0", "forecast.auger_rate")

    @property
    def rates(self):
        """Events a year above :attr:`rate_threshold`, ``{observatory: rate}``."""
        return {
            "auger": self.auger_rate, "telescope_array": self.telescope_array_rate, "poemma": self.poemma_rate, "k_euso": self.k_euso_rate
        }


def forecast_config(assignments):
    """Make a :class:`ForecastConfig` from ``{"forecast.auger_rate": 30.0}``; unknown keys raise :class:`ConfigError`."""
    return section_from_dict(ForecastConfig, {path.removeprefix("forecast."): value for path, value in assignments.items()}, "forecast")


def flux_ratio(threshold, reference):
    """Events above ``threshold`` for one above ``reference``, both EeV, of the spectrum measured by Auger (PRL 125 (2020) 121106)."""
    energy, e2j = background_spectrum(FLUX)

    def above(lowest):
        return numbers_in_cells(energy, e2j, np.linspace(math.log(lowest), math.log(energy[-1]), 4000)).sum()

    return float(above(threshold) / above(reference))


def yearly_rates(plan, threshold):
    """Return the events a year of each observatory above the threshold of a run in EeV, those without a rate left out."""
    factor = 1.0 if threshold == plan.rate_threshold else flux_ratio(threshold, plan.rate_threshold)
    return {name: rate * factor for name, rate in plan.rates.items() if rate > 0}


def run_forecast(config, plan, progress=SILENT):
    """Measure what the likelihood ratio detects against N, energy resolution and bin width.

    Parameters
    ----------
    config : RunConfig
        Its sources, field, exposure and test; its numbers of events are not used.
    plan : ForecastConfig
    progress : Progress, optional

    Returns
    -------
    dict
        ``curve``, ``resolution``, ``bin_width``: lists of rows with :data:`COLUMNS`, in ``curve`` also ``years`` by observatory;
        ``rates``: events a year above the threshold of the run; ``exponents``: slope of ln eta against ln N by source;
        ``forecast``: the plan; ``run``: the record of the run.
    """
    rates = yearly_rates(plan, config.energy.threshold)
    curve = _rows(config, {"events.n_events": plan.events}, StageProgress(progress, "limit against N"))
    for row in curve:
        row["years"] = {name: row["n_events"] / rate for name, rate in rates.items()}
    reference = with_values(config, {"events.n_events": (plan.reference_events,)})
    resolution = [
        row for value in sorted(plan.resolutions)
        for row in _rows(reference, {"energy.resolution": value}, StageProgress(progress, f"ΔE/E = {value:g}"))
    ]
    span = config.energy.bin_count * config.energy.bin_width
    widths = [
        row for value in sorted(plan.bin_widths)
        for row in _rows(
            reference, {"energy.bin_width": value, "energy.n_bins": max(1, math.ceil(round(span / value, 6)))},
            StageProgress(progress, f"Δ_b = {value:g}"),
        )
    ]
    return {
        "curve": curve, "resolution": resolution, "bin_width": widths, "rates": rates, "exponents": exponents(curve),
        "forecast": asdict(plan), "run": run_record(config),
    }


def _rows(config, values, progress):
    run = with_values(config, values | {"test.check_maps": 0})
    energy = {"resolution": run.energy.resolution, "bin_width": run.energy.bin_width}
    return [
        {name: found.get(name) for name in COLUMNS}
        for found in (verdict.as_dict() | energy for verdict in likelihood_verdicts(run, progress))
    ]


def exponents(curve):
    """Return the least-squares slope of ln eta against ln N of each source: -1/2 where background makes the noise.

    Sources with fewer than two detectable numbers of events are left out.
    """
    found = {}
    for source in dict.fromkeys(row["source"] for row in curve):
        points = [(row["n_events"], row["eta_min"]) for row in curve if row["source"] == source and row["eta_min"]]
        if len(points) > 1:
            number, eta = np.log(np.array(points).T)
            found[source] = float(np.polyfit(number, eta, 1)[0])
    return found


def write_forecast(folder, document):
    """Write ``forecast.json``, tables as CSV and pictures as PNG into a folder; returns the names of the files.

    Raises
    ------
    InputError
        If the folder cannot be made or written.
    """
    from .figures import forecast_figure, save, sensitivity_figure

    folder = make_folder(folder, "choose another --out")
    write_json(folder / "forecast.json", document)
    files = ["forecast.json"]
    notes = [
        "smallest detectable source fraction eta (0..1) of the likelihood ratio with its 68 % interval",
        f"digest {document['run']['digest']}, seed {document['run']['seed']}",
    ]
    for part in ("curve", "resolution", "bin_width"):
        rows = document[part]
        if not rows:
            continue
        columns = {name: [row[name] for row in rows] for name in COLUMNS}
        if part == "curve":
            columns |= {f"years_{name}": [row["years"][name] for row in rows] for name in document["rates"]}
        write_table(folder / f"{part}.csv", columns, notes)
        files.append(f"{part}.csv")
    save(forecast_figure(document), folder / "curve.png")
    files.append("curve.png")
    if document["resolution"] or document["bin_width"]:
        save(sensitivity_figure(document), folder / "sensitivity.png")
        files.append("sensitivity.png")
    return files
