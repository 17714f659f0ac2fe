"""The one list of emission models: name, label for people, reference."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EmissionEntry:
    """Where an emission model is coded; ``factory`` in ``module`` makes it from the configuration."""

    module: str
    factory: str
    label: str
    reference: str


EMISSION_MODELS = {
    "kkos": EmissionEntry("kkos", "kkos", "KKOS", "Kachelriess et al., PRD 96 (2017) 083006"),
}
