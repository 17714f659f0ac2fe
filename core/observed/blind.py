"""The blind mode: a test is written down and sealed before its result is seen, and the result belongs to that record only."""

import hashlib
import json
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path

from ..config import value_at
from ..errors import DamagedFileError, InputError
from ..storage.documents import json_document, read_bytes, write_json
from ..storage.provenance import run_record
from .effort import Effort

KIND = "Zevatron test plan 1"
SEEN = "events_seen"  # whether the window had shown these events when the test was recorded
FREE = ("created", "versions", SEEN)  # may differ when the result is opened
LISTED = {"file": str, "sha256": str, "scale": int | float}  # what is read of each list
RUN_FILES = (  # setting, the one that decides whether it is read, and for which of its values
    ("observatory.file", "observatory.exposure", ("map",)), ("emission.file", "emission.model", ("table", "published")),
    ("field.file", "field.model", ("imported",)),
)


def make_plan(config, lists, scales, statistic, effort, model=None):
    """Return everything that decides the result of a test, as plain values.

    Parameters
    ----------
    config : RunConfig
    lists : sequence of EventList
    scales : sequence of float
    statistic : str
        Name of a statistic or kind of a network.
    effort : Effort
    model : path-like, optional
        Of a network.
    """
    record = run_record(config)
    plan = {
        "created": datetime.now(UTC).isoformat(timespec="seconds"), "versions": record.pop("versions"), "run": record,
        "lists": [{"file": events.path.name, "sha256": events.sha256, "scale": scale} for events, scale in zip(lists, scales, strict=True)],
        "statistic": statistic, "effort": asdict(effort), "files": files_of(config),
    }
    if model is not None:
        plan["model"] = {"file": Path(model).name, "sha256": hashlib.sha256(Path(model).read_bytes()).hexdigest()}
    return plan


def files_of(config):
    """Return the SHA-256 of every file or folder that a run reads, by its setting: with other content it is another test.

    Raises
    ------
    InputError
        If one cannot be read.
    """
    return {
        path: _content_digest(Path(value_at(config, path))) for path, chooser, needed in RUN_FILES if value_at(config, chooser) in needed
    }


def _content_digest(path):
    content = hashlib.sha256()
    parts = sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else [path]
    try:
        for part in parts:
            content.update(str(part.relative_to(path)).encode())
            content.update(part.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}, which the run names: {error}") from None
    return content.hexdigest()


def seal(plan):
    """SHA-256 of a plan's content."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def write_plan(path, plan):
    """Write a plan; one that is already there stays.

    Raises
    ------
    InputError
        If there is a file, because a plan that can be replaced fixes nothing.
    """
    if Path(path).exists():
        raise InputError(f"{path} exists; a recorded test is not replaced: choose another name, or open it with --unblind {path}")
    write_json(path, {"kind": KIND, "plan": plan, "seal": seal(plan)})


def read_plan(path):
    """Read a plan.

    Raises
    ------
    InputError, DamagedFileError
        If there is none, or it was changed after it was written.
    """
    try:
        document = json_document(read_bytes(path))
    except FileNotFoundError:
        raise InputError(f"no file {path}; record a test with --blind first") from None
    except (OSError, ValueError) as error:
        raise DamagedFileError(f"{path} is not the record of a test ({error})") from None
    if not isinstance(document, dict) or document.get("kind") != KIND or not isinstance(document.get("plan"), dict):
        raise DamagedFileError(f"{path} is not the record of a test")
    if seal(document["plan"]) != document.get("seal"):
        raise DamagedFileError(f"{path} was changed after it was sealed; record the test again")
    if not _is_plan(document["plan"]):
        raise DamagedFileError(f"{path} is not the record of a test: expected run, lists, statistic and effort as --blind writes them")
    return document["plan"]


def _is_plan(plan):
    """Whether a plan has all that is read of it; a seal says only that it was not changed."""
    run, lists, effort = plan.get("run"), plan.get("lists"), plan.get("effort")
    return (
        isinstance(plan.get("statistic"), str) and isinstance(run, dict) and isinstance(run.get("config"), str)
        and isinstance(effort, dict) and set(effort) <= {spec.name for spec in fields(Effort)} and isinstance(lists, list)
        and all(isinstance(entry, dict) and all(isinstance(entry.get(name), kind) for name, kind in LISTED.items()) for entry in lists)
    )


def require_lists(recorded, lists):
    """Raise :class:`InputError` unless a plan is about these event lists.

    Parameters
    ----------
    recorded : dict
    lists : sequence of EventList
    """
    if [entry["sha256"] for entry in recorded["lists"]] != [events.sha256 for events in lists]:
        names = ", ".join(entry["file"] for entry in recorded["lists"])
        raise InputError(f"the record is about {names}, and not about the lists that are open; open those as they were then")


def require_same(recorded, now):
    """Raise :class:`InputError` where a test is not the one that was recorded; the differences are named."""
    differences = [path for path, a, b in _differences(recorded, now, "") if a != b and path.split(".")[0] not in FREE]
    if differences:
        raise InputError(f"this is not the test that was recorded; different: {', '.join(differences)}; open it as it was recorded")


def _differences(a, b, path):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a, *b}):
            yield from _differences(a.get(key), b.get(key), f"{path}.{key}" if path else key)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from _differences(x, y, f"{path}[{i}]")
    else:
        yield path, a, b
