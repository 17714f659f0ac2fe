"""The one list of Galactic field models: a new model is one module and one line here."""

from dataclasses import dataclass, fields, replace
from importlib import import_module

from ..errors import ConfigError


@dataclass(frozen=True)
class FieldEntry:
    """Where a model is coded and what it is called; ``factory`` in ``module`` makes it from the ``FieldConfig``."""

    module: str
    factory: str
    label: str
    reference: str
    random: str = ""  # factory, in ``jf12_random``, of the random part


FIELD_MODELS = {
    "jf12": FieldEntry("jf12", "jf12_regular", "JF12", "Jansson & Farrar, ApJ 757 (2012) 14, ApJL 761 (2012) L11", "jf12_random"),
    "none": FieldEntry("uniform", "no_field", "No field", ""),
    "jf12_regular": FieldEntry("jf12", "jf12_regular", "JF12, regular", "Jansson & Farrar, ApJ 757 (2012) 14"),
    "pt11_bss_halo": FieldEntry("pt11", "pt11_bss_halo", "PT11, BSS disk + halo", "Pshirkov et al., ApJ 738 (2011) 192"),
    "pt11_ass_halo": FieldEntry("pt11", "pt11_ass_halo", "PT11, ASS disk + halo", "Pshirkov et al., ApJ 738 (2011) 192"),
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a model, for people.

    Attributes
    ----------
    name : str
        Key in ``field.parameters``.
    default : float, bool or tuple of floats
        Published value.
    unit, help : str
        As declared by the model.
    """

    name: str
    default: object
    unit: str
    help: str


def published_model(name):
    """Make the model ``name`` of :data:`FIELD_MODELS` with its published parameters."""
    entry = FIELD_MODELS[name]
    return getattr(import_module(f".{entry.module}", __package__), entry.factory)()


def published_parts(name):
    """Make everything that has parameters in the model ``name``: the regular field, and the random part if it has one."""
    entry = FIELD_MODELS[name]
    random = (getattr(import_module(".jf12_random", __package__), entry.random)(),) if entry.random else ()
    return published_model(name), *random


def model_parameters(name):
    """List the parameters of the model ``name``.

    Returns
    -------
    tuple of Parameter
    """
    return tuple(
        Parameter(spec.name, getattr(part, spec.name), spec.metadata.get("unit", ""), spec.metadata.get("help", ""))
        for part in published_parts(name)
        for spec in fields(part)
    )


def model_parts(name, parameters):
    """Make the regular and the random part of a model, None where it has none, with some ``parameters`` changed."""
    changed = []
    for part in published_parts(name):
        own = {spec.name for spec in fields(part)}
        changed.append(replace(part, **{key: value for key, value in parameters.items() if key in own}))
    return changed[0], (changed[1] if len(changed) > 1 else None)


def check_parameters(name, parameters):
    """Raise :class:`ConfigError` where a changed parameter is none of the model's or has another type or length."""
    if name not in FIELD_MODELS:
        raise ConfigError(f"expected none, because the field {name!r} has no parameters", "field.parameters")
    known = {parameter.name: parameter.default for parameter in model_parameters(name)}
    for key, value in parameters.items():
        path = f"field.parameters.{key}"
        if key not in known:
            raise ConfigError(f"no parameter of {name}; known: {', '.join(known) or 'none'}", path)
        published = known[key]
        if isinstance(published, tuple):
            numbers = isinstance(value, tuple) and all(isinstance(item, int | float) for item in value)
            if not numbers or len(value) != len(published):
                raise ConfigError(f"expected {len(published)} numbers, received {value!r}", path)
        elif isinstance(published, bool) != isinstance(value, bool) or not isinstance(value, bool | int | float):
            raise ConfigError(f"expected a value such as {published!r}, received {value!r}", path)
