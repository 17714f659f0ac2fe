"""The result of this stage: two probabilities per pixel and energy bin."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import InputError
from ..sky import check_nside


@dataclass(frozen=True)
class Losses:
    """Shares of nuclei that a density does not hold.

    Attributes
    ----------
    blocked : float
        Of the source's nuclei reconstructed above the threshold: not let through by the Galactic field.
    outside_rigidity : float
        Of the same: outside the rigidities of the lens.
    above_source, above_isotropic : float
        Of the events that arrive above the threshold: reconstructed above the last edge.
    unseen : float
        Of the source's events at the Earth: from where the detector never looks.
    """

    blocked: float = 0.0
    outside_rigidity: float = 0.0
    above_source: float = 0.0
    above_isotropic: float = 0.0
    unseen: float = 0.0

    def __str__(self):
        unseen = f"{self.unseen:.1%} arrive out of the detector's sight, " if self.unseen else ""
        return (
            f"{self.blocked:.1%} of the nuclei blocked by the field, {self.outside_rigidity:.1%} outside the rigidities, "
            f"{unseen}{self.above_source:.1%} above the last edge (isotropic: {self.above_isotropic:.1%})"
        )


@dataclass(frozen=True, eq=False)
class SkyDensity:
    """Probability of an event per pixel and energy bin, for a source and for isotropy.

    Attributes
    ----------
    name : str
        Of the source, or of the mixture: ``"Cen A + M82"``.
    nside : int
        HEALPix resolution; all pixels are NESTED.
    bin_edges : ndarray, shape (n_bins + 1,)
        Reconstructed energy, EeV.
    source, isotropic : ndarray, shape (npix, n_bins)
        Each sums to 1; read-only.
    normalisation : str
        ``"edge"`` or ``"flux"``, see :class:`~..config.SkyConfig`.
    losses : Losses
    key : str
        Name in files, without blanks: ``"CenA"``; by default from ``name``.
    lens_reports : tuple of LensReport
        What the density rests on, one for each source; empty if it was not made through a lens.
    exposure_ratio : float
        Mean exposure of the source's events at the Earth over that of isotropic ones: 1 for a uniform exposure.
    parts : tuple of SkyDensity
        Of a mixture with free shares, the density of each source: every sky mixes them with shares of its own, drawn evenly
        from all that are possible, and ``source`` is the mean. Empty for all other densities.

    Raises
    ------
    InputError
        If shapes do not fit or a density is not a probability.
    """

    name: str
    nside: int
    bin_edges: np.ndarray
    source: np.ndarray
    isotropic: np.ndarray
    normalisation: str = "edge"
    losses: Losses = Losses()
    key: str = ""
    lens_reports: tuple = ()
    exposure_ratio: float = 1.0
    parts: tuple = ()

    def __post_init__(self):
        check_nside(self.nside)
        object.__setattr__(self, "key", self.key or "".join(self.name.split()))
        for field in ("bin_edges", "source", "isotropic"):
            values = np.asarray(getattr(self, field), dtype=float)[:]  # a view of its own: the caller's stays writeable
            values.flags.writeable = False
            object.__setattr__(self, field, values)
        for field in ("source", "isotropic"):
            values = getattr(self, field)
            if values.shape != (self.npix, self.n_bins):
                raise InputError(f"{field} density: expected shape {self.npix, self.n_bins}, received {values.shape}")
            if not (values.min() >= 0 and abs(values.sum() - 1) < 1e-6):
                raise InputError(f"{field} density: expected probabilities that sum to 1, received a sum of {values.sum():g}")
        for part in self.parts:
            if part.source.shape != self.source.shape or part.parts:
                raise InputError(f"{part.name}: expected one source of shape {self.source.shape}, received {part.source.shape}")

    @property
    def n_bins(self):
        """Number of energy bins."""
        return len(self.bin_edges) - 1

    @property
    def npix(self):
        """Number of pixels."""
        return 12 * self.nside**2

    @cached_property
    def digest(self):
        """Twelve hexadecimal digits of the numbers; equal densities, equal digest."""
        content = hashlib.sha256(f"{self.nside} {self.normalisation}".encode())
        for values in (self.bin_edges, self.source, self.isotropic):
            content.update(np.ascontiguousarray(values))
        for part in self.parts:
            content.update(part.digest.encode())
        return content.hexdigest()[:12]

    @property
    def source_spectrum(self):
        """Probability of each bin for an event of the source, shape (n_bins,)."""
        return self.source.sum(axis=0)

    @property
    def isotropic_spectrum(self):
        """Probability of each bin for an isotropic event, shape (n_bins,)."""
        return self.isotropic.sum(axis=0)

    def flux_fraction(self, eta):
        """Fraction of the source in the flux at the Earth for a fraction ``eta`` of detected events; equal if exposure is uniform."""
        return eta / (eta + (1 - eta) * self.exposure_ratio)
