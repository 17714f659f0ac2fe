"""The file ``result.json``: what was found, and the run record."""

from dataclasses import MISSING, fields

import numpy as np

from ..errors import DamagedFileError, InputError
from ..storage.documents import json_document, read_bytes, write_json
from ..storage.provenance import run_record


def result_document(config, verdicts):
    """Return the content of a ``result.json``: ``results`` and the ``run`` record."""
    return {"results": [verdict.as_dict() for verdict in verdicts], "run": run_record(config)}


def write_result(path, document):
    """Write a ``result.json``; a finished file is never left half written."""
    write_json(path, document)


def read_result(path):
    """Read a ``result.json``.

    Raises
    ------
    InputError, DamagedFileError
        If it cannot be read or is not a result.
    """
    try:
        document = json_document(read_bytes(path))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error}") from None
    except ValueError as error:
        raise DamagedFileError(f"{path} is not a complete JSON file ({error}); make it again") from None
    kinds = {"results": list, "run": dict}
    if not isinstance(document, dict) or not all(isinstance(document.get(name), kind) for name, kind in kinds.items()):
        raise DamagedFileError(f"{path}: expected a result of Zevatron with 'results' and 'run'")
    return document


def verdict_from_entry(entry, path="result.json"):
    """Turn an entry of a ``result.json`` back into a :class:`~..statistics.Verdict`."""
    from ..statistics import TemplateChoice, Verdict

    try:
        values = {spec.name: entry[spec.name] for spec in fields(Verdict) if spec.name in entry or not has_default(spec)}
        for name in ("roc_false_positive", "roc_true_positive", "eta_grid", "beta_grid", "beta_error", "roc_false_positive_error"):
            values[name] = np.array(values.get(name, ()), dtype=float)
        if values.get("template") is not None:
            values["template"] = TemplateChoice(**values["template"])
        for name in ("null_histogram", "signal_histogram"):
            values[name] = tuple(np.array(part, dtype=float) for part in values[name])
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"{path}: expected the entries of a result, {error} is missing or no number") from None
    return Verdict(**values)


def has_default(spec):
    """Whether a field of a dataclass may be missing in files of earlier versions."""
    return spec.default is not MISSING or spec.default_factory is not MISSING
