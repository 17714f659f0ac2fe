"""What a physicist calls the choices of a setting."""

NARROW_SPACE = "\u202f"  # between thousands; keeps the line together
WORDS = {
    "propagation.ebl": {"inoue12": "Inoue et al. 2012", "gilmore12": "Gilmore et al. 2012"},
    "energy.background": {
        "kkos": "KKOS diffuse flux", "auger2020": "Auger 2020, measured", "ta2019": "Telescope Array 2019, measured",
    },
    "energy.method": {"exact": "Exact, closed form", "sampled": "Sampled nuclei"},
    "sky.normalisation": {"edge": "At the Galaxy's edge", "flux": "Flux at the Earth"},
    "observatory.exposure": {
        "uniform": "Uniform over the sky", "auger": "Auger, zenith to 80°", "auger_vertical": "Auger, zenith to 60°",
        "telescope_array": "Telescope Array", "auger_ta": "Auger and Telescope Array", "poemma": "POEMMA", "k_euso": "K-EUSO",
        "site": "Own site", "map": "From a file",
    },
    "emission.cutoff_shape": {"exponential": "Exponential", "broken": "Broken exponential"},
    "sky.source_shape": {"cap": "Even within a cap", "fisher": "Fisher distribution"},
    "network.start": {"scratch": "From scratch", "template": "From the template"},
    "frame": {"galactic": "Galactic l, b", "equatorial": "Equatorial α, δ"},
}


def choice_entries(path, spec):
    """Return ``(value, text)`` for each choice of a setting, named for people; ``(None, text)`` is a heading or a line.

    Parameters
    ----------
    path : str
        Dotted path of the setting.
    spec : dataclasses.Field
    """
    choices = spec.metadata["choices"]
    values = choices() if callable(choices) else choices
    words = WORDS.get(path) or registry_labels(path)
    entries = [(value, words.get(value, value)) for value in values]
    return tuple(with_families(entries) if path == "field.model" else entries)


def with_families(entries):
    """Bring together models that share the first word of their labels.

    A family of two or more has a heading, ``(None, text)``; a line, ``(None, "")``, parts it from a model without family.
    """
    families = {}
    for value, text in entries:
        families.setdefault(text.split()[0].strip(","), []).append((value, text))
    in_family = False
    for family, members in families.items():
        is_family = len(members) > 1
        if is_family or in_family:
            yield None, family if is_family else ""
        yield from members
        in_family = is_family


def registry_labels(path):
    """Return the labels that the registry of a setting gives, by name."""
    if path == "field.model":
        from ...core.galactic_field.registry import FIELD_MODELS

        return {name: entry.label for name, entry in FIELD_MODELS.items()} | {"imported": "Imported lens or sample"}
    if path == "emission.model":
        from ...core.emission.registry import EMISSION_MODELS as entries
    elif path == "network.kind":
        from ...core.network.registry import NETWORKS as entries
    else:
        return {}
    return {name: entry.label for name, entry in entries.items()}


def label_of(path, value):
    """Return the label of one value of a setting with choices."""
    return registry_labels(path).get(value, value)
