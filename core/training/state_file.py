"""What a process is doing, as JSON in the folder it works on, for other processes to read."""

import json
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime

from ..errors import DamagedFileError
from ..files import replacing


def read_state(path, kind, what):
    """Read a state.

    Parameters
    ----------
    path : Path
    kind : type
        Dataclass with a default for each entry; entries that it does not know are left out.
    what : str
        For the message: ``"a training"``.

    Returns
    -------
    object
        Of this kind; the default if there is no file.

    Raises
    ------
    DamagedFileError
        If it is no such file.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return kind(**{key: found[key] for key in (spec.name for spec in fields(kind)) if key in found})
    except FileNotFoundError:
        return kind()
    except (OSError, ValueError, TypeError) as error:
        raise DamagedFileError(f"{path} is not a state of {what} ({error}); delete it and go on with {what}") from None


def write_state(path, state, /, **changes):
    """Write a state, changed by the given values and with the time in ``updated``; returns what was written."""
    state = replace(state, **changes, updated=datetime.now(UTC).isoformat(timespec="seconds"))
    with replacing(path, "w", encoding="utf-8") as stream:
        json.dump(asdict(state), stream, indent=1)
    return state
