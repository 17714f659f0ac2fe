"""The axes of a study as a person chooses and writes them, from what the settings say of themselves. No Qt here."""

from ...core.config import network_kinds, settings_of, value_at
from ...core.errors import ConfigError
from ...core.settings import Table
from ...core.statistics.registry import STATISTICS, label_of
from ...core.storage.documents import toml_document
from ...core.study.plan import LISTED, OWN_NETWORK, value_text
from .labels import choice_entries

RANGE = " to "
MOST_IN_RANGE = 1000
PARAMETERS = "field.parameters."
NO_AXES = ("name", "sources.custom", "training.threads")


def statistic_words(name):
    """Return what stands in ``statistics`` in words."""
    return "Network of the run" if name == OWN_NETWORK else label_of(name)


def values_words(values, most=8):
    """Return the values of an axis, the first of many."""
    shown = ", ".join(str(value_text(value)) for value in values[:most])
    return shown if len(values) <= most else f"{shown}, … ({len(values)})"


def axis_settings(base):
    """Return ``{path: label}`` of all settings that can be an axis, parameters of the field of the base run among them.

    Parameters
    ----------
    base : RunConfig
    """
    from ...core.galactic_field.registry import FIELD_MODELS, model_parameters

    found = {path: spec.metadata["label"] for path, spec in settings_of() if path not in NO_AXES and spec.type is not Table}
    if base.field.model in FIELD_MODELS:
        found |= {f"{PARAMETERS}{entry.name}": f"Field: {entry.name}" for entry in model_parameters(base.field.model)}
    return found


def axis_label(path):
    """Return what an axis is called."""
    spec = dict(settings_of()).get(path)
    return spec.metadata["label"] if spec else path.rpartition(".")[2]


def axis_choices(path):
    """Return ``(value, text)`` of the values that an axis can take; empty where they are written down."""
    spec = dict(settings_of()).get(path)
    if spec is None or spec.type not in (str, bool):
        return ()
    if spec.type is bool:
        return (False, "no"), (True, "yes")
    return choice_entries(path, spec) if spec.metadata["choices"] is not None else ()


def base_values(base, path):
    """Return the values of a setting in the base run as those of an axis."""
    parameter = path.removeprefix(PARAMETERS)
    if parameter == path:
        value = value_at(base, path)
        return list(value) if path in LISTED else [value]
    from ...core.galactic_field.registry import model_parameters

    published = {entry.name: entry.default for entry in model_parameters(base.field.model)}
    return [base.field.parameters.get(parameter, published[parameter])]


def write_values(values):
    """Return values of an axis as they are typed."""
    from ...core.training.card import toml_text

    return ", ".join(toml_text(value) for value in values)


def read_values(path, text):
    """Turn what was typed for an axis into its values.

    Numbers are separated by commas, also in per cent, whole ones also as a range, ``0 to 9``; lists and texts are TOML.

    Raises
    ------
    ConfigError
        Naming the axis.
    """
    spec = dict(settings_of()).get(path)
    kind = int if path == "events.n_events" else None if spec is None else spec.type
    low, is_range, high = text.partition(RANGE)
    if kind is int and is_range:
        first, last = (_number(path, int, part) for part in (low, high))
        if not 0 < last - first < MOST_IN_RANGE:
            raise ConfigError(f"expected a range such as 0 to 9, of fewer than {MOST_IN_RANGE} numbers, received {text!r}", axis_label(path))
        return list(range(first, last + 1))
    if kind in (int, float):
        return [_number(path, kind, part) for part in text.replace(";", ",").split(",")]
    try:
        return toml_document(f"values = [{text}]")["values"]
    except ValueError:
        raise ConfigError(f"expected values as in a study file, such as {write_values([_example(spec)])}, received {text!r}", axis_label(path)) from None


def _number(path, kind, text):
    text = text.strip()
    try:
        return float(text.removesuffix("%")) / 100 if kind is float and text.endswith("%") else kind(text)
    except ValueError:
        noun = "whole numbers separated by commas, or a range such as 0 to 9" if kind is int else "numbers separated by commas"
        raise ConfigError(f"expected {noun}, received {text or 'nothing'!r}", axis_label(path)) from None


def _example(spec):
    return 1.5 if spec is None else spec.default


def chosen_axes(base, own, sources, fields, written):
    """Put together the axes of what was chosen in the dialog; what is as in the base run is no axis.

    Parameters
    ----------
    base : RunConfig
    own : collection of str
        Names of its sources, as those that were chosen.
    sources : sequence of str
        Of a mixture, which stays together, any.
    fields : sequence of str
    written : dict of str to list
        Values of further axes.

    Raises
    ------
    ConfigError
        If nothing is chosen where something has to be.
    """
    axes = {}
    if not base.sources.mixture:
        if not sources:
            raise ConfigError("expected at least one source; tick one")
        if set(sources) != set(own):
            axes["sources.names"] = list(sources)
    if not fields:
        raise ConfigError("expected at least one Galactic field; tick one")
    if tuple(fields) != (base.field.model,):
        axes["field.model"] = list(fields)
    return axes | written


def offered_statistics():
    """Return ``(name, label)`` of the statistics of a study: those without training, then networks."""
    return tuple((name, statistic_words(name)) for name in (*STATISTICS, *network_kinds()))
