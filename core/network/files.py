"""Networks on disk: Keras files that also hold what they were trained for.

A ``.keras`` file is a zip archive. Zevatron adds one member, ``zevatron.json``,
with the run's configuration, digests, seed and versions; Keras ignores it, so
that any program with Keras 3 reads the network. Reading runs no code from the
file: neither pickles nor lambda layers are accepted.
"""

import json
import os
import zipfile
from pathlib import Path

from ..errors import DamagedFileError, InputError
from ..files import replacing_path
from .registry import register_layers

RECORD = "zevatron.json"
FORMAT = 1


def save_network(path, network, record):
    """Write a network, with the optimizer's state if it is compiled, and its record; never half a file.

    Parameters
    ----------
    path : Path
        Ends in ``.keras``.
    network : keras.Model
    record : dict
        Plain values, for JSON.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with replacing_path(path) as temporary:
        network.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(RECORD, json.dumps({"format": FORMAT, **record}))
        with open(temporary, "rb+") as stream:
            os.fsync(stream.fileno())


def read_record(path):
    """Return what a network was trained for; empty if the file was not made by Zevatron. Does not need Keras.

    Raises
    ------
    InputError, DamagedFileError
        If there is no such file, it is not a whole Keras file, or a later version of Zevatron made it.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            members = archive.namelist()
            record = json.loads(archive.read(RECORD)) if RECORD in members else {}
    except FileNotFoundError:
        raise InputError(f"no file {path}; expected a trained network such as best.keras of a run folder") from None
    except (OSError, zipfile.BadZipFile, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DamagedFileError(f"{path} is not a whole .keras file ({error}); train the network again") from None
    if damaged or "config.json" not in members:
        raise DamagedFileError(f"{path} is not a whole .keras file (no sound {damaged or 'config.json'}); train the network again")
    if record.get("format", FORMAT) != FORMAT:
        raise InputError(f"{path}: expected a record of format {FORMAT}, found {record['format']}; update Zevatron")
    return record


def load_network(path, *, training=False):
    """Read a network.

    Parameters
    ----------
    path : Path
    training : bool, optional
        Compile it as it was and restore the optimizer's state.

    Returns
    -------
    network : keras.Model
    record : dict
        Empty if the file was not made by Zevatron.

    Raises
    ------
    InputError, DamagedFileError
        As :func:`read_record`; also if the file holds layers that nobody here knows.
    """
    record = read_record(path)
    import keras

    register_layers()
    try:
        network = keras.saving.load_model(path, compile=training, safe_mode=True)
    except Exception as error:  # a foreign file can fail anywhere inside Keras
        reason = str(error).strip().partition("\n")[0][:200]
        raise DamagedFileError(f"{path}: Keras cannot read this network ({reason}); train it again") from None
    return network, record
