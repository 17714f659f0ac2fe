"""Runs as TOML: read from files of anybody, written with every setting and its help."""

from dataclasses import fields, is_dataclass
from pathlib import Path

from ..errors import ConfigError, InputError
from ..resources import PROGRAM
from ..settings import Table, describe_setting
from ..storage.documents import LARGEST_RUN, read_text, toml_document
from ..storage.files import write_text
from .run import config_from_dict


def base_run(data, folder):
    """Return the run that a file of studies, scenarios or searches builds on: ``base = "RUN.toml"`` beside it, or its table ``[run]``.

    Parameters
    ----------
    data : dict
        Of the file.
    folder : Path
        In which it lies.

    Raises
    ------
    InputError, ConfigError
        If there are both, or the run is not valid.
    """
    if "base" not in data:
        return config_from_dict(data.get("run", {}))
    if "run" in data:
        raise ConfigError("expected either base or run, received both", "base")
    if not isinstance(data["base"], str):
        raise ConfigError(f"expected the path of a run file, received {data['base']!r}", "base")
    return read_run(Path(folder) / data["base"])


def read_toml(path):
    """Read a TOML file into dictionaries, turning every fault into an :class:`InputError` that says where it is."""
    path = Path(path)
    try:
        return toml_document(read_text(path, LARGEST_RUN))
    except FileNotFoundError:
        raise InputError(f"no file {path}; make one with: {PROGRAM} new --out {path.name}") from None
    except ValueError as error:
        raise InputError(f"{path} is not valid TOML: {error}") from None


def read_run(path):
    """Read a run file."""
    return config_from_dict(read_toml(path))


def write_run(path, config):
    """Write a run file with every setting and its help."""
    write_text(path, run_toml(config))


def run_toml(config, comments=True):
    """Write a configuration as the text of a run file; :func:`config_from_toml` gives it back exactly."""
    import tomlkit

    document = tomlkit.document()
    if comments:
        document.add(tomlkit.comment(f"Zevatron run, digest {config.digest}"))
    _fill_table(document, config, comments)
    return tomlkit.dumps(document)


def _fill_table(table, section, comments):
    import tomlkit

    for spec in fields(section):
        value = getattr(section, spec.name)
        if is_dataclass(spec.type):
            child = tomlkit.table()
            _fill_table(child, value, comments)
            table.add(spec.name, child)
            continue
        if comments:
            table.add(tomlkit.comment(describe_setting(spec)))
        if isinstance(value, tuple) and value and is_dataclass(value[0]):
            array = tomlkit.aot()
            for item in value:
                child = tomlkit.table()
                _fill_table(child, item, comments=False)
                array.append(child)
            table.add(spec.name, array)
        elif isinstance(value, Table):
            inline = tomlkit.inline_table()
            inline.update({name: list(entry) if isinstance(entry, tuple) else entry for name, entry in value.items()})
            table.add(spec.name, inline)
        else:
            table.add(spec.name, list(value) if isinstance(value, tuple) else value)


def config_from_toml(text):
    """Read the text of a run file."""
    try:
        document = toml_document(text)
    except ValueError as error:
        raise InputError(f"not valid TOML: {error}") from None
    return config_from_dict(document)
