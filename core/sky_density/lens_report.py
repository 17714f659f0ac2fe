"""What a density rests on: rays, magnification and nuclei for each rigidity of the lens.

Counting every nucleus that gets through once, as at the Galaxy's edge and as published, gives the few rays of a
rigidity at which the field dims the source to a hundredth the weight of the thousands at another. Weighing by the
magnification does not. A report says what share of the source's nuclei this is, in both ways of counting.
"""

from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from ..storage.tables import write_table
from .arrivals import nuclei_at_rigidities, row_factors
from .energy_bins import normalised

MINOR_SHARE = 1e-3  # rigidities with fewer of the nuclei do not count for the least number of rays
COLUMNS = ("magnification", "n_effective", "empty", "share_edge", "share_flux")  # beside the rigidity


@dataclass(frozen=True)
class AveragedField:
    """One of the fields behind a density: its name, its weight, and whether it lets any nucleus through."""

    name: str
    weight: float
    arrives: bool = True


@dataclass(frozen=True)
class LensSummary:
    """A report in five numbers, for one way of counting nuclei.

    Attributes
    ----------
    median_rays : float
        Half of the nuclei that get through do so at rigidities with more effective rays than this.
    least_rays : float
        Fewest effective rays among the rigidities that hold a thousandth of these nuclei or more.
    dim, very_dim : float
        Share of the source's nuclei at rigidities that get through with a magnification below the first and below the
        second of ``limits``.
    blocked : float
        Share of them at rigidities at which nothing gets through.
    """

    median_rays: float
    least_rays: float
    dim: float
    very_dim: float
    blocked: float
    limits: ClassVar = (0.1, 0.01)

    def __str__(self):
        return (
            f"{self.median_rays:.0f} effective rays for the median nucleus, at least {self.least_rays:.0f}; "
            f"{self.dim:.1%} of the nuclei at a magnification below {self.limits[0]:g}, "
            f"{self.very_dim:.1%} below {self.limits[1]:g}, "
            f"{self.blocked:.1%} blocked"
        )


@dataclass(frozen=True, eq=False)
class LensReport:
    """The lens of one source, rigidity by rigidity; of several fields their weighted mean.

    Attributes
    ----------
    source : str
        Its name.
    rigidity : ndarray, shape (n_R,)
        EV.
    magnification : ndarray, shape (n_R,)
    n_effective : ndarray, shape (n_R,)
        Number of equal rays that would make as smooth a map.
    empty : ndarray, shape (n_R,)
        Weight of the fields that let nothing through: 0 or 1 for a single field.
    share_edge : ndarray, shape (n_R,)
        Share of the source's nuclei, reconstructed above the threshold, that have this rigidity at the Galaxy's edge.
        The sum is below 1 by what lies outside the lens.
    share_flux : ndarray, shape (n_R,)
        The same of nuclei weighted by the magnification; sums to 1, or 0 where all is blocked.
    fields : tuple of AveragedField
        What was averaged; fields in which nothing arrives are named here and count nowhere else.
    """

    source: str
    rigidity: np.ndarray
    magnification: np.ndarray
    n_effective: np.ndarray
    empty: np.ndarray
    share_edge: np.ndarray
    share_flux: np.ndarray
    fields: tuple = ()

    def shares(self, normalisation):
        """Shares of the nuclei, shape (n_R,), as counted with ``sky.normalisation`` ``"edge"`` or ``"flux"``."""
        return self.share_flux if normalisation == "flux" else self.share_edge

    def columns(self):
        """Return the report as a table: arrays by name and unit, one value for each rigidity."""
        return {"rigidity_EV": self.rigidity} | {name: getattr(self, name) for name in COLUMNS}

    def summary(self, normalisation):
        """Return the :class:`LensSummary` for one way of counting."""
        share = self.shares(normalisation)
        through = share * (1 - self.empty)
        dim, very_dim = (float(through[self.magnification < limit].sum()) for limit in LensSummary.limits)
        held = through > MINOR_SHARE * through.sum()
        least = float(self.n_effective[held].min()) if held.any() else 0.0
        return LensSummary(_median(self.n_effective, through), least, dim, very_dim, float((share * self.empty).sum()))

    def as_dict(self):
        """Return both summaries and the averaged fields as plain values for JSON."""
        summaries = {normalisation: asdict(self.summary(normalisation)) for normalisation in ("edge", "flux")}
        return summaries | {"fields": [asdict(field) for field in self.fields]}

    @property
    def closed_fields(self):
        """Names of the fields in which nothing arrives."""
        return tuple(field.name for field in self.fields if not field.arrives)

    def lines(self):
        """Return the report in a few lines for a person."""
        lines = [
            f"lens of {self.source}, nuclei counted at the Galaxy's edge: {self.summary('edge')}",
            f"lens of {self.source}, nuclei weighted by the magnification: {self.summary('flux')}",
        ]
        if len(self.fields) > 1:
            lines.append(f"mean of {len(self.fields)} fields: {', '.join(field.name for field in self.fields)}")
        if self.closed_fields:
            lines.append(
                f"left out, because nothing arrives through {'it' if len(self.closed_fields) == 1 else 'them'}: "
                + ", ".join(self.closed_fields)
            )
        return lines


def lens_report(source, nuclei, lens, energy):
    """Report on a :class:`~..lens.SourceLens` and the :class:`~.arrivals.Nuclei` that go through it."""
    per_row, entering = nuclei_at_rigidities(nuclei, lens, energy)
    nuclei_of_row = per_row.sum(axis=1)
    magnification = row_factors(lens, "flux")
    return LensReport(
        source, lens.rigidity, magnification, np.asarray(lens.n_effective, dtype=float),
        empty=(magnification == 0).astype(float), share_edge=nuclei_of_row / entering.sum(),
        share_flux=normalised(nuclei_of_row * magnification),
    )


def mean_report(reports, weights, fields):
    """Average reports over fields, on one grid of rigidities.

    The mean of maps with n_i effective rays and weights w_i has the variance of 1 / sum(w_i^2 / n_i) rays, the weights
    of the maps that are not empty taken to sum to 1.
    """
    weights = np.asarray(weights, dtype=float)[:, None]

    def stacked(name):
        return np.stack([getattr(report, name) for report in reports])

    n_effective, is_open = stacked("n_effective"), 1 - stacked("empty")
    total = (weights * is_open).sum(axis=0)
    inverse = np.divide(1.0, n_effective, out=np.zeros_like(n_effective), where=n_effective > 0)
    variance = ((weights * is_open) ** 2 * inverse).sum(axis=0)
    means = {name: (weights * stacked(name)).sum(axis=0) for name in COLUMNS if name != "n_effective"}
    rays = np.divide(total**2, variance, out=np.zeros_like(total), where=variance > 0)
    return LensReport(reports[0].source, reports[0].rigidity, n_effective=rays, fields=tuple(fields), **means)


def write_reports(path, reports, comments=()):
    """Write reports, one or more, as one CSV file, a row for each source and rigidity.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    columns = {"source": [report.source for report in reports for _ in report.rigidity]}
    parts = [report.columns() for report in reports]
    columns |= {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    write_table(path, columns, [
        "lens by rigidity; empty: weight of the averaged fields that let nothing through (0 or 1 for one field)",
        "share_edge, share_flux: of the source's nuclei reconstructed above the threshold, and weighted by the magnification",
        *comments,
    ])


def _median(values, weights):
    """Smallest of ``values`` below or at which half of ``weights`` lies; 0 without weight."""
    if not weights.any():
        return 0.0
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulative, cumulative[-1] / 2)])
