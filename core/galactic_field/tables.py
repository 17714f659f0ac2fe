"""Comma-separated tables given by a user: positions in the Galaxy, directions in the sky."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError


@dataclass(frozen=True)
class Table:
    """A table as read.

    Attributes
    ----------
    values : ndarray, shape (n, n_columns)
        The columns that were asked for, in that order.
    header : list of str
        Names of all columns of the file.
    rows : list of list of str
        All entries as they stand in the file, so that further columns can be passed on.
    """

    values: np.ndarray
    header: list
    rows: list


def read_table(path, columns):
    """Read named columns of numbers from a CSV file whose first line, after comments that start with #, names them.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str
        Which columns to turn into numbers.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, or an entry is text, nan or infinite; with the line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected a readable text file: {getattr(error, 'strerror', None) or error}") from None
    lines = [(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    entries = [[entry.strip() for entry in row] for row in csv.reader(line for _, line in lines)]
    if not entries:
        raise InputError(f"{path}: expected a line with the columns {', '.join(columns)}, received an empty table")
    header, rows = entries[0], entries[1:]
    missing = [name for name in columns if name not in header]
    if missing:
        raise InputError(f"{path}: expected the columns {', '.join(columns)}; missing: {', '.join(missing)}")
    places = [header.index(name) for name in columns]
    values = np.empty((len(rows), len(columns)))
    for i, row in enumerate(rows):
        line = lines[i + 1][0]
        if len(row) != len(header):
            raise InputError(f"{path}, line {line}: expected {len(header)} entries, received {len(row)}")
        for j, place in enumerate(places):
            values[i, j] = _number(row[place], f"{path}, line {line}, column {header[place]}")
    return Table(values, header, rows)


def _number(text, where):
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{where}: expected a finite number, received {text!r}")
    return number
