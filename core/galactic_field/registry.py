"""The one list of Galactic field models: a new model is one module and one line here."""

from dataclasses import dataclass, fields, replace
from importlib import import_module

from ..errors import ConfigError


@dataclass(frozen=True)
class FieldEntry:
    """Where a model is coded and what it is called; ``factory`` in ``module`` makes it as published."""

    module: str
    factory: str
    label: str
    reference: str
    random: str = ""  # factory, in ``jf12_random``, of the random part


JF12 = "Jansson & Farrar, ApJ 757 (2012) 14"
PLANCK = "Planck Collaboration, A&A 596 (2016) A103"
SOLENOIDAL = "Kleimann et al., ApJ 877 (2019) 76"
PT11 = "Pshirkov et al., ApJ 738 (2011) 192"
TF17 = "Terral & Ferrière, A&A 600 (2017) A29"
UF23 = "Unger & Farrar, ApJ 970 (2024) 95"

FIELD_MODELS = {
    "jf12": FieldEntry("jf12", "jf12_regular", "JF12", f"{JF12}, ApJL 761 (2012) L11", "jf12_random"),
    "jf12_planck": FieldEntry("jf12", "jf12planck_regular", "JF12, Planck update", PLANCK, "jf12planck_random"),
    "jf12_sol": FieldEntry("jf12_solenoidal", "jf12sol_regular", "JF12, solenoidal", SOLENOIDAL, "jf12_random"),
    "none": FieldEntry("uniform", "no_field", "No field", ""),
    "jf12_regular": FieldEntry("jf12", "jf12_regular", "JF12, regular", JF12),
    "jf12planck_regular": FieldEntry("jf12", "jf12planck_regular", "JF12, Planck update, regular", PLANCK),
    "jf12sol_regular": FieldEntry("jf12_solenoidal", "jf12sol_regular", "JF12, solenoidal, regular", SOLENOIDAL),
    "pt11_bss_halo": FieldEntry("pt11", "pt11_bss_halo", "PT11, BSS disk + halo", PT11),
    "pt11_ass_halo": FieldEntry("pt11", "pt11_ass_halo", "PT11, ASS disk + halo", PT11),
    "tf17_ad1_c0": FieldEntry("tf17", "tf17_ad1_c0", "TF17, disk Ad1 + halo C0", TF17),
    "tf17_ad1_c1": FieldEntry("tf17", "tf17_ad1_c1", "TF17, disk Ad1 + halo C1", TF17),
    "tf17_bd1_c0": FieldEntry("tf17", "tf17_bd1_c0", "TF17, disk Bd1 + halo C0", TF17),
    "tf17_bd1_c1": FieldEntry("tf17", "tf17_bd1_c1", "TF17, disk Bd1 + halo C1", TF17),
    "tf17_dd1_c0": FieldEntry("tf17", "tf17_dd1_c0", "TF17, disk Dd1 + halo C0", TF17),
    "tf17_dd1_c1": FieldEntry("tf17", "tf17_dd1_c1", "TF17, disk Dd1 + halo C1", TF17),
    "uf23_base": FieldEntry("uf23", "uf23_base", "UF23, base", UF23),
    "uf23_cre10": FieldEntry("uf23", "uf23_cre10", "UF23, cre10 (thicker electron halo)", UF23),
    "uf23_nebcor": FieldEntry("uf23", "uf23_nebcor", "UF23, nebCor (field and electrons correlated)", UF23),
    "uf23_necl": FieldEntry("uf23", "uf23_necl", "UF23, neCL (other thermal electrons)", UF23),
    "uf23_syncg": FieldEntry("uf23", "uf23_syncg", "UF23, synCG (other synchrotron map)", UF23),
    "uf23_spur": FieldEntry("uf23", "uf23_spur", "UF23, spur (local arm only)", UF23),
    "uf23_twistx": FieldEntry("uf23", "uf23_twistx", "UF23, twistX (X field wound up by rotation)", UF23),
    "uf23_expx": FieldEntry("uf23", "uf23_expx", "UF23, expX (exponential X field)", UF23),
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


def twin_model(name):
    """Return the model with the same regular field that has a random part where ``name`` has none, or none where it has one.

    Returns
    -------
    str or None
    """
    entry = FIELD_MODELS[name]
    return next((
        other for other, found in FIELD_MODELS.items()
        if (found.module, found.factory) == (entry.module, entry.factory) and bool(found.random) != bool(entry.random)
    ), None)


def published_model(name):
    """Make the model ``name`` of :data:`FIELD_MODELS` with its published parameters."""
    entry = FIELD_MODELS[name]
    return getattr(import_module(f".{entry.module}", __package__), entry.factory)()


def published_parts(name):
    """Make everything that has parameters in the model ``name``: the regular field, and the random part if it has one.

    Returns
    -------
    tuple of frozen dataclasses
        No two have a parameter of the same name: all stand in the one table ``field.parameters``.
    """
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
        Parameter(spec.name, getattr(part, spec.name), spec.metadata["unit"], spec.metadata["help"])
        for part in published_parts(name)
        for spec in fields(part)
    )


def model_parts(name, parameters):
    """Make the parts of the model ``name`` with some parameters changed.

    Parameters
    ----------
    name : str
        Key in :data:`FIELD_MODELS`.
    parameters : dict
        New values by name; all others stay as published.

    Returns
    -------
    regular : FieldModel
    random : RandomPart or None

    Raises
    ------
    ConfigError
        If no part has a parameter of that name, or not with that value; it names ``field.parameters.NAME``.
    """
    parts = published_parts(name)
    known = [{spec.name: None for spec in fields(part)} for part in parts]
    for key in parameters:
        if not any(key in names for names in known):
            listed = ", ".join(key for names in known for key in names) or "none"
            raise ConfigError(f"no parameter of {name}; known: {listed}", f"field.parameters.{key}")
    changed = [
        replace(part, **{key: value for key, value in parameters.items() if key in names})
        for part, names in zip(parts, known, strict=True)
    ]
    return changed[0], (changed[1] if len(changed) > 1 else None)


def check_parameters(name, parameters):
    """Raise :class:`ConfigError` where a changed parameter is none of the model's or has an impossible value."""
    if name not in FIELD_MODELS:
        raise ConfigError(f"expected none, because the field {name!r} has no parameters", "field.parameters")
    model_parts(name, parameters)
