"""Draw docs/field-parameters.md from the registry of field models: python docs/make_field_parameters.py."""

import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import main  # noqa: E402, F401  (makes this checkout the package zevatron)

from zevatron.core.galactic_field.registry import FIELD_MODELS, model_parameters  # noqa: E402

PAGE = ROOT / "docs" / "field-parameters.md"
OPENING = """# Parameters of the Galactic field models

Drawn from the models themselves by `python docs/make_field_parameters.py`. Any of them can be changed in a run file,
`parameters = { x_strength = 3.5 }` in its section `[field]`, or with `--set field.parameters.x_strength=3.5`; all others
stay as published. A changed field has maps of its own in the cache.
"""


def page():
    """Return the text of the page: one table for each run of models with the same parameters."""
    tables = [_table(list(group)) for _names, group in groupby(FIELD_MODELS, key=_parameter_names)]
    return "\n".join([OPENING, *tables])


def _parameter_names(model):
    return tuple(parameter.name for parameter in model_parameters(model))


def _table(models):
    """Return heading, references and table of models that have the same parameters."""
    lists = [model_parameters(model) for model in models]
    papers = "; ".join(dict.fromkeys(FIELD_MODELS[model].reference for model in models))
    lines = ["## " + ", ".join(f"`{model}`" for model in models), ""]
    lines += [papers, ""] if papers else []
    lines += ["| parameter | " + " | ".join(models) + " | unit | meaning |"]
    lines += ["| --- | " + "--- | " * len(models) + "--- | --- |"]
    for row in zip(*lists, strict=True):
        values = " | ".join(_shown(parameter.default) for parameter in row)
        lines.append(f"| `{row[0].name}` | {values} | {row[0].unit} | {row[0].help} |")
    return "\n".join(lines) + "\n"


def _shown(value):
    if isinstance(value, tuple):
        return ", ".join(_shown(entry) for entry in value)
    return str(value).lower() if isinstance(value, bool) else f"{value:.8g}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
