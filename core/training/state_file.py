"""What a process is doing, as JSON in the folder it works on, for other processes to read."""

from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from ..errors import DamagedFileError, InputError
from ..storage.documents import json_document, read_bytes, write_json
from . import lock


@dataclass(frozen=True)
class ProcessState:
    """What every kind of work says of itself.

    Attributes
    ----------
    state : str
    reason : str
        Why it ended, or the error, in one line.
    pid : int
        Process at work on it, 0 if none was yet.
    updated : str
        When this was written, ISO 8601, UTC.
    """

    state: str = "queued"
    reason: str = ""
    pid: int = 0
    updated: str = ""


class WorkFolder:
    """A folder with the state, the log and the lock of one piece of work.

    Parameters
    ----------
    path : path-like
    """

    def __init__(self, path):
        self.path = Path(path)

    state_path = property(lambda self: self.path / "state.json")
    lock_path = property(lambda self: self.path / "lock")
    log_path = property(lambda self: self.path / "log.txt")

    def locked(self):
        """Return a context in which no other process can work here; entering raises :class:`TrainingError` if one does."""
        return lock.held(self.lock_path)

    def set_state(self, state, /, **changes):
        """Write a :class:`ProcessState`, changed by the given values; returns what was written."""
        return write_state(self.state_path, state, **changes)


def read_state(path, kind, what):
    """Read a state.

    Parameters
    ----------
    path : Path
    kind : type
        A :class:`ProcessState`; entries that it does not know are left out.
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
        found = json_document(read_bytes(path))
        return kind(**{spec.name: _checked(found[spec.name], spec) for spec in fields(kind) if spec.name in found})
    except FileNotFoundError:
        return kind()
    except (OSError, ValueError, TypeError, InputError) as error:
        raise DamagedFileError(f"{path} is not a state of {what} ({error}); delete it and go on with {what}") from None


def write_state(path, state, /, **changes):
    """Write a state, changed by the given values and with the time in ``updated``; returns what was written."""
    state = replace(state, **changes, updated=datetime.now(UTC).isoformat(timespec="seconds"))
    write_json(path, asdict(state))
    return state


def _checked(value, spec):
    kind = type(spec.default)
    if not isinstance(value, (int, float) if kind is float else kind) or (kind is not bool and isinstance(value, bool)):
        raise ValueError(f"expected {kind.__name__} in {spec.name}, found {value!r}")
    return value
