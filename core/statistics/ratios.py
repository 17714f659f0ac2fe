"""Which likelihood ratio a density asks for."""

from .free_shares import FreeSharesRatio
from .likelihood import LikelihoodRatio


def likelihood_ratio(density, eta):
    """Return the likelihood ratio of a density at a fraction: averaged over the shares where they are free."""
    return FreeSharesRatio(density.parts, eta) if density.parts else LikelihoodRatio(density, eta)


def ratio_of(density):
    """Return the likelihood ratio of a density as a function of the fraction under test."""
    return lambda eta: likelihood_ratio(density, eta)


def likelihood_ratios(config, density, n_events, progress=None):
    """Return :func:`ratio_of` the density: the entry of the registry."""
    return ratio_of(density)
