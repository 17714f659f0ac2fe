"""Networks on disk: Keras files that also hold what they were trained for.

A ``.keras`` file is a zip archive. Zevatron adds one member, ``zevatron.json``,
with the run's configuration, digests, seed and versions; Keras ignores it, so
that any program with Keras 3 reads the network. Reading runs no code from the
file: before Keras sees it, everything that it would build is looked up in a list
of what only computes, so that neither pickles, lambda layers, other programs'
modules nor files named in a configuration are touched.
"""

import json
import os
import zipfile
from pathlib import Path

from ..errors import DamagedFileError, InputError
from ..resources import resource_path
from ..storage.documents import json_document
from ..storage.files import replacing_path
from ..storage.hdf5 import open_content, require_plain
from .registry import register_layers

RECORD = "zevatron.json"
FORMAT = 1
MEMBERS = {"metadata.json", "config.json", "model.weights.h5", RECORD}
LARGEST = 512 * 2**20  # bytes, packed and unpacked
OWN = "zevatron>"
# layers that compute from their inputs and weights alone: none that holds code, opens a file or calls another program
LAYERS = {
    "Activation", "Add", "Average", "AveragePooling1D", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv1D", "Conv2D", "Dense",
    "Dot", "Dropout", "ELU", "Flatten", "GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "InputLayer", "LayerNormalization", "LeakyReLU", "MaxPooling1D", "MaxPooling2D", "Maximum",
    "Minimum", "Multiply", "PReLU", "Permute", "ReLU", "RepeatVector", "Rescaling", "Reshape", "SeparableConv1D", "SeparableConv2D",
    "Softmax", "SpatialDropout1D", "SpatialDropout2D", "Subtract", "UnitNormalization", "ZeroPadding1D", "ZeroPadding2D",
}
MODELS = {"Functional", "Sequential"}
HARMLESS_MODULES = {  # of Keras: what they hold is arithmetic
    "keras.constraints", "keras.dtype_policies", "keras.initializers", "keras.losses", "keras.metrics", "keras.optimizers",
    "keras.optimizers.schedules", "keras.regularizers", "keras.src.ops.nn", "keras.src.ops.numpy",
}
PLAIN = {"__bytes__", "__complex__", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__", "__tuple__"}


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


def shipped_models():
    """Return the paths of the networks that come with Zevatron, by name; each has its verdict in a JSON file beside it."""
    return sorted(resource_path("models").glob("*.keras"))


def read_record(path):
    """Return what a network was trained for; empty if the file was not made by Zevatron. Does not need Keras.

    Raises
    ------
    InputError, DamagedFileError
        If there is no such file, it is not a whole Keras file, or a later version of Zevatron made it.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: expected a file such as best.keras of a run folder")
        if path.stat().st_size > LARGEST:
            raise DamagedFileError(f"{path}: expected at most {LARGEST / 2**20:g} MiB, found {path.stat().st_size / 2**20:.3g} MiB")
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
            if (size := sum(entry.file_size for entry in archive.infolist())) > LARGEST:
                raise DamagedFileError(f"{path}: expected at most {LARGEST / 2**20:g} MiB unpacked, found {size / 2**20:.3g} MiB")
            damaged = archive.testzip()
            record = json_document(archive.read(RECORD)) if RECORD in members else {}
    except FileNotFoundError:
        raise InputError(f"no file {path}; expected a trained network such as best.keras of a run folder") from None
    except InputError:
        raise
    except Exception as error:  # zipfile fails in many ways on what is no archive
        raise DamagedFileError(f"{path} is not a whole .keras file ({error}); train the network again") from None
    if damaged or "config.json" not in members:
        raise DamagedFileError(f"{path} is not a whole .keras file (no sound {damaged or 'config.json'}); train the network again")
    if not isinstance(record, dict):
        raise DamagedFileError(f"{path}: expected a table in {RECORD}, found {str(record)[:80]}")
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
    saved_by = _require_harmless(Path(path))
    import keras

    register_layers()
    try:
        network = keras.saving.load_model(path, compile=training, safe_mode=True)
    except Exception as error:  # a foreign file can fail anywhere inside Keras
        reason = str(error).strip().partition("\n")[0][:200]
        by = "" if saved_by == keras.__version__ else f"; it was saved by Keras {saved_by}, this is {keras.__version__}"
        raise DamagedFileError(f"{path}: Keras cannot read this network ({reason}){by}; train it again") from None
    return network, record


def _require_harmless(path):
    """Raise :class:`InputError` if a file asks Keras for more than arithmetic; returns the version of Keras that saved it."""
    with zipfile.ZipFile(path) as archive:
        members = archive.namelist()
        if other := sorted(set(members) - MEMBERS):
            raise InputError(f"{path}: expected only {', '.join(sorted(MEMBERS))} in a network, found {other[0]}; it is not read")
        if len(set(members)) < len(members):
            raise InputError(f"{path}: expected each member once, found some twice; it is not read")
        try:
            config = json.loads(archive.read("config.json"))
            _require_arithmetic(path, config)
            _require_data_inside(path, archive.read("model.weights.h5"))
            return str(json.loads(archive.read("metadata.json"))["keras_version"])[:20]
        except InputError:
            raise
        except Exception as error:  # of JSON and HDF5 that are not what they should be
            raise DamagedFileError(f"{path} is not a whole .keras file ({type(error).__name__}: {error}); train the network again") from None


def _require_arithmetic(path, part):
    """Look up every object that the configuration names."""
    if isinstance(part, list):
        for inner in part:
            _require_arithmetic(path, inner)
    if not isinstance(part, dict):
        return
    name = part.get("class_name")
    if name is not None and not _is_arithmetic(name, part.get("module"), part.get("registered_name")):
        hint = ""
        if str(part.get("registered_name")).startswith(OWN):
            hint = "; another version of Zevatron may have made it: update, or train it again"
        raise InputError(f"{path}: the network holds {part.get('module')}.{name}, which is not known here as harmless; it is not read{hint}")
    for inner in part.values():
        _require_arithmetic(path, inner)


def _is_arithmetic(name, module, registered):
    if not isinstance(name, str) or not name.isidentifier():  # a dot would lead out of the module
        return False
    if isinstance(registered, str) and registered.startswith(OWN):
        return registered == f"{OWN}{name}" and str(module).startswith("zevatron.") and registered in own_layers()
    if name in PLAIN:
        return module is None
    if module == "keras.layers":
        return name in LAYERS
    if name in MODELS:
        return module in ("keras", "keras.models", "keras.src.models.functional", "keras.src.models.sequential")
    return module in HARMLESS_MODULES or (module, name) == ("keras", "DTypePolicy")


def own_layers():
    """Return the registered names of the layers that this version of Zevatron has."""
    import keras

    register_layers()
    return {name for name in keras.saving.get_custom_objects() if name.startswith(OWN)}


def _require_data_inside(path, weights):
    """Refuse weights that stand elsewhere: a link or an external array could point to any file of this machine."""
    try:
        with open_content(weights) as file:
            require_plain(file)
    except ValueError as error:
        raise InputError(f"{path}: {error}; it is not read") from None
