"""ECSV: a plain table below a header in YAML, of which names, units and the separator are taken.

astropy's own reader makes whatever the header asks for: arrays of any size (``subtype``), merged tables that double with every line, and a
thousand open brackets take it a second. Here the header becomes texts, lists and dictionaries, and nothing else.
"""

import io
import itertools
import textwrap

from .harmless import require_harmless

LARGEST_HEADER = 2**16  # bytes
DEEPEST_HEADER = 32  # brackets in brackets: the parser takes time with their number for each that comes
SEPARATORS = (" ", ",")


def read_ecsv(content):
    """Read the bytes of an ECSV file.

    Returns
    -------
    astropy.table.Table

    Raises
    ------
    ValueError
        If the header is none, or is not that of the table below it; astropy's and PyYAML's errors get through.
    """
    from astropy.table import Table

    header = list(itertools.takewhile(_is_header, io.BytesIO(content)))
    described = _described(header)
    separator = described.get("delimiter", " ")
    if separator not in SEPARATORS:
        raise ValueError(f"expected a space or a comma as delimiter, received {separator!r}")
    body = content[sum(map(len, header)):]
    require_harmless(body, "ascii.basic")
    table = Table.read(
        io.BytesIO(body), format="ascii.basic", delimiter=separator, comment="#", guess=False, fast_reader={"enable": "force"},
    )
    units = _units(described)
    if list(units) != table.colnames:
        raise ValueError(f"expected the columns of the header ({', '.join(units)}), received {', '.join(table.colnames)}")
    for name, unit in units.items():
        table[name].unit = unit
    return table


def _is_header(line):
    return line.lstrip().startswith(b"#") or not line.strip()


def _described(header):
    """Return what the lines of a header say."""
    import yaml

    size = sum(map(len, header))
    if size > LARGEST_HEADER:
        raise ValueError(f"expected a header of at most {LARGEST_HEADER} bytes, received {size}")
    text = b"".join(header).decode()
    depth = itertools.accumulate((character in "[{") - (character in "]}") for character in text)
    if max(depth, default=0) > DEEPEST_HEADER:
        raise ValueError(f"expected a header of at most {DEEPEST_HEADER} brackets in brackets")
    lines = [line.lstrip()[1:] for line in text.splitlines() if line.strip()]
    if not lines or not lines[0].strip().startswith("%ECSV"):
        raise ValueError("expected '# %ECSV' in the first line")
    described = yaml.load(textwrap.dedent("\n".join(lines)), yaml.BaseLoader)  # texts, lists and dictionaries only
    if not isinstance(described, dict):
        raise ValueError("expected a header that is a table")
    return described


def _units(described):
    columns = described.get("datatype")
    if not isinstance(columns, list) or not all(isinstance(column, dict) and isinstance(column.get("name"), str) for column in columns):
        raise ValueError("expected a datatype in the header: a list of columns with names")
    units = {column["name"]: column.get("unit") for column in columns}
    if not all(unit is None or isinstance(unit, str) for unit in units.values()):
        raise ValueError("expected units that are texts")
    return units
