"""The one list of Galactic field models: a new model is one module and one line here."""

from dataclasses import dataclass, fields
from importlib import import_module

from ..errors import ConfigError


@dataclass(frozen=True)
class FieldEntry:
    """Where a model is coded and what it is called; ``factory`` in ``module`` makes it from the ``FieldConfig``."""

    module: str
    factory: str
    label: str
    reference: str


FIELD_MODELS = {
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


def model_parameters(name):
    """List the parameters of the model ``name``.

    Returns
    -------
    tuple of Parameter
    """
    model = published_model(name)
    return tuple(
        Parameter(spec.name, getattr(model, spec.name), spec.metadata.get("unit", ""), spec.metadata.get("help", ""))
        for spec in fields(model)
    )


def check_parameters(name, parameters):
    """Raise :class:`ConfigError` where a changed parameter is none of the model's or has another type or length."""
    if name not in FIELD_MODELS:
        raise ConfigError(f"expected none, because the field {name!r} has no parameters", "field.parameters")
    model = published_model(name)
    known = {spec.name: getattr(model, spec.name) for spec in fields(model)}
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
