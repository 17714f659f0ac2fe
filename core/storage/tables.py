"""CSV in and out: lines that start with ``#`` are skipped, further columns are kept, faults name the line."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from .documents import read_text
from .files import replacing, write_text

LATEX = {character: f"\\{character}" for character in "_%&#${}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}


@dataclass(frozen=True)
class Table:
    """The text of a CSV file by column.

    Attributes
    ----------
    path : Path
        Where it came from, for messages.
    columns : dict of str to tuple of str
    lines : tuple of int
        Line number of each row.
    """

    path: Path
    columns: dict
    lines: tuple

    def __len__(self):
        """Number of rows."""
        return len(self.lines)

    def require(self, *names):
        """Raise :class:`InputError` unless all columns are there."""
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise InputError(
                f"{self.path}: expected columns {', '.join(names)}; missing: {', '.join(missing)}; "
                f"found: {', '.join(self.columns)}"
            )

    def floats(self, name):
        """Return a column as finite numbers, shape (n_rows,).

        Raises
        ------
        InputError
            If the column is missing or an entry is not a finite number; the line is named.
        """
        self.require(name)
        values = np.empty(len(self))
        for row, text in enumerate(self.columns[name]):
            try:
                values[row] = float(text)
            except ValueError:
                values[row] = np.nan
            if not np.isfinite(values[row]):
                raise InputError(
                    f"{self.path}, line {self.lines[row]}: expected a number in column {name}, received {text!r}"
                )
        return values

    def others(self, *names):
        """Return the columns that are not in ``names``, as a dictionary."""
        return {name: values for name, values in self.columns.items() if name not in names}


def read_table(path):
    """Read a CSV file with a header line.

    Raises
    ------
    InputError
        If the file cannot be read as text, has no header or no rows, or a row has too few or too many fields.
    """
    path = Path(path)
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise InputError(f"no file {path}; give the path of a CSV file with a header line") from None
    kept = [(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip() and not line.lstrip().startswith("#")]
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(line for _, line in kept)]
    except csv.Error as error:
        raise InputError(f"cannot read {path} as CSV: {error}") from None
    if len(rows) < 2 or len(rows) != len(kept):
        raise InputError(f"{path}: expected a header line and at least one row of comma-separated values")
    header = rows[0]
    if len(set(header)) < len(header):
        raise InputError(f"{path}, line {kept[0][0]}: expected every column once, received {', '.join(header)}")
    for (line, _), row in zip(kept[1:], rows[1:], strict=True):
        if len(row) != len(header):
            raise InputError(f"{path}, line {line}: expected {len(header)} values, received {len(row)}")
    return Table(path, dict(zip(header, zip(*rows[1:], strict=True), strict=True)), tuple(i for i, _ in kept[1:]))


def write_table(path, columns, comments=()):
    """Write columns of equal length as CSV; floats with all their digits, NaN as ``nan``, None as an empty field.

    Parameters
    ----------
    path : path-like
    columns : dict of str to sequence
    comments : iterable of str, optional
        Lines put first, each behind ``#``.
    """
    with replacing(path, "w", encoding="utf-8", newline="") as stream:
        for comment in comments:
            stream.write(f"# {comment}\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_text(value) for value in row] for row in zip(*columns.values(), strict=True))


def write_latex(path, columns, comments=()):
    """Write columns of equal length as a LaTeX ``tabular``; arguments as of :func:`write_table`, floats with four digits."""
    lines = [f"% {comment}" for comment in comments]
    lines += [r"\begin{tabular}{" + "l" * len(columns) + "}", r"\hline", _latex_row(columns), r"\hline"]
    lines += [_latex_row(row) for row in zip(*columns.values(), strict=True)]
    write_text(path, "\n".join([*lines, r"\hline", r"\end{tabular}", ""]))


def _latex_row(values):
    return " & ".join(_latex(value) for value in values) + r" \\"


def _latex(value):
    if value is None or (isinstance(value, (float, np.floating)) and not np.isfinite(value)):
        return "--"
    if isinstance(value, (float, np.floating)):
        return f"${value:.4g}$" if "e" not in f"{value:.4g}" else "${}\\times10^{{{}}}$".format(*_parts_of(value))
    return latex_text(value)


def latex_text(value):
    """Return a text with what LaTeX would take for a command written out."""
    return "".join(LATEX.get(character, character) for character in str(value))


def _parts_of(value):
    mantissa, power = f"{value:.3e}".split("e")
    return f"{float(mantissa):.4g}", int(power)


def _text(value):
    if value is None:
        return ""
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    return value
