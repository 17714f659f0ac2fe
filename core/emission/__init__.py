"""What sources emit: spectra of nuclei by mass number."""

import importlib

from .registry import EMISSION_MODELS


def emission_model(config):
    """Make the emission model that a :class:`~..config.EmissionConfig` names.

    Returns
    -------
    Injection or SpectrumFolder
        The latter only for models whose registry entry says ``propagated``.

    Raises
    ------
    InputError
        If the model reads a file and cannot.
    """
    entry = EMISSION_MODELS[config.model]
    return getattr(importlib.import_module(f".{entry.module}", __name__), entry.factory)(config)
