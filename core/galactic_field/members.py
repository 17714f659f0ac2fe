"""Which fields a run averages over: the true field is one unknown draw from them."""

from dataclasses import replace

from ..config import Table
from ..errors import ConfigError
from .registry import FIELD_MODELS, model_parameters, twin_model


def has_random_part(model):
    """Whether the field ``model`` differs from realisation to realisation."""
    return model in FIELD_MODELS and bool(FIELD_MODELS[model].random)


def field_members(field):
    """Split the fields of a run into single ones.

    A model with a random part stands for ``field.realisations`` members of equal weight, another for one. Models with
    weight 0 are left out.

    Parameters
    ----------
    field : FieldConfig

    Returns
    -------
    tuple of (FieldConfig, float)
        Each asks for exactly one field; the weights sum to 1.

    Raises
    ------
    ConfigError
        If a realisation has a number above the largest.
    """
    models = (field.model, *field.ensemble)
    weights = field.weights or (1.0,) * len(models)
    members = []
    for model, weight in zip(models, weights, strict=True):
        if weight > 0:
            own = {} if model == field.model else {"parameters": Table(), "file": ""}
            one = replace(field, model=model, ensemble=(), weights=(), realisations=1, **own)
            realisations = _realisations(field) if has_random_part(model) else (0,)
            members += [(replace(one, realisation=k), weight / len(realisations)) for k in realisations]
    total = sum(weight for _, weight in members)
    return tuple((member, weight / total) for member, weight in members)


def single_field(field):
    """Return the one field of a run.

    Raises
    ------
    ConfigError
        If the run averages over several.
    """
    members = field_members(field)
    if len(members) > 1:
        path = "field.ensemble" if field.ensemble else "field.realisations"
        raise ConfigError(f"expected one field, received {len(members)} to average over", path)
    return members[0][0]


def twin_field(field, *, random):
    """Return the same regular field with or without its random part.

    Parameters
    ----------
    field : FieldConfig
    random : bool
        Whether the twin has a random part.

    Returns
    -------
    FieldConfig or None
        With the changed parameters as far as the other model has them; None where there is no such model, and for a run
        that averages over models.
    """
    twin = None if field.ensemble or field.model not in FIELD_MODELS else twin_model(field.model)
    if twin is None or has_random_part(twin) != random:
        return None
    known = {parameter.name for parameter in model_parameters(twin)}
    kept = Table({name: value for name, value in field.parameters.items() if name in known})
    return replace(field, model=twin, parameters=kept)


def member_name(field):
    """Return what a single field is called: ``"jf12, realisation 3"``."""
    return f"{field.model}, realisation {field.realisation}" if has_random_part(field.model) else field.model


def _realisations(field):
    return range(field.realisation, field.realisation + field.realisations)
