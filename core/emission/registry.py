"""The one list of emission models: name, label for people, reference."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EmissionEntry:
    """Where an emission model is coded; ``factory`` in ``module`` makes it from the configuration.

    Attributes
    ----------
    module, factory : str
        The factory takes an :class:`~..config.EmissionConfig` and gives an :class:`~.injection.Injection`, or, if
        ``propagated`` is true, a :class:`~.published.SpectrumFolder`.
    label : str
        What a physicist calls it; says so where numbers were not checked against the article.
    reference : str
    propagated : bool
        The model holds spectra that have travelled already.
    """

    module: str
    factory: str
    label: str
    reference: str
    propagated: bool = False


_AUGER_2017 = "Pierre Auger Collaboration, JCAP 04 (2017) 038, arXiv:1612.07155"

EMISSION_MODELS = {
    "kkos": EmissionEntry("kkos", "kkos", "KKOS", "Kachelriess et al., PRD 96 (2017) 083006, as fitted to its spectra"),
    "kkos_common": EmissionEntry(
        "kkos", "kkos_common", "KKOS, common index and cutoff", "Kachelriess et al., PRD 96 (2017) 083006, same"
    ),
    "auger2017": EmissionEntry("auger", "auger2017", "Auger 2017, reference fit (fractions unchecked)", _AUGER_2017),
    "auger2017_second": EmissionEntry("auger", "auger2017_second", "Auger 2017, second minimum (unchecked)", _AUGER_2017),
    "auger2017_systematics": EmissionEntry(
        "auger", "auger2017_systematics", "Auger 2017, with systematics (unchecked)", _AUGER_2017
    ),
    "auger2017_ctg": EmissionEntry("auger", "auger2017_ctg", "Auger 2017, CTG (unchecked)", _AUGER_2017),
    "auger2017_ctg_second": EmissionEntry(
        "auger", "auger2017_ctg_second", "Auger 2017, CTG, second minimum (unchecked)", _AUGER_2017
    ),
    "auger2023": EmissionEntry(
        "auger", "auger2023", "Auger 2023, high-energy component (unchecked)",
        "Pierre Auger Collaboration, JCAP 05 (2023) 024, arXiv:2211.02857",
    ),
    "power_law": EmissionEntry("power_law", "power_law", "Power law with rigidity cutoff", ""),
    "table": EmissionEntry("table", "injection_table", "Own table of injected spectra", ""),
    "published": EmissionEntry("published", "spectrum_folder", "Published propagated spectra", "", propagated=True),
}
