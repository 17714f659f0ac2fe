"""Lenses in the format of CRPropa and PARSEC (arXiv:1302.3761): one sparse matrix for each range of rigidities.

``lens.cfg`` has one line ``file lg(Rmin/V) lg(Rmax/V)`` for each matrix; a line with ``#`` is a comment. The ranges are
half-open, Rmin < R <= Rmax, and join each other. A matrix file is little-endian: three uint32 (number of non-zeros,
rows, columns), then for each of these uint32 row, uint32 column and float64 value. Row is the HEALPix pixel seen from
Earth, column that of the direction at the Galaxy's edge, both in RING order; the value is the share of the rays of the
Earth's pixel that leave in that column.
"""

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import sparse

from ..errors import DamagedFileError, InputError
from ..storage.documents import LARGEST_RUN, read_bytes, read_text
from ..storage.files import replacing, replacing_path

CONFIG_NAME = "lens.cfg"
HEADER = np.dtype("<u4")
N_HEADER = 3
ENTRY = np.dtype([("row", "<u4"), ("column", "<u4"), ("value", "<f8")])
LG_EV = 18.0  # lg of an EV in V
JOINED = 1e-6  # how exactly ranges must join, in lg R
LARGEST_NSIDE = 1024
LARGEST_MATRIX = N_HEADER * HEADER.itemsize + 2**26 * ENTRY.itemsize  # bytes: an entry for each of the most rays that an export traces


@dataclass(frozen=True)
class LensPart:
    """One matrix of a lens.

    Attributes
    ----------
    path : Path
    low, high : float
        Its range of rigidities, low < R <= high, EV.
    """

    path: Path
    low: float
    high: float


def write_matrix(path, matrix):
    """Write one matrix.

    Parameters
    ----------
    path : path-like
    matrix : sparse array, shape (npix, npix)
        RING: rows at Earth, columns at the Galaxy's edge.
    """
    matrix = sparse.coo_array(matrix)
    entries = np.empty(matrix.nnz, ENTRY)
    entries["row"], entries["column"], entries["value"] = *matrix.coords, matrix.data
    with replacing_path(path) as temporary, open(temporary, "wb") as stream:
        stream.write(np.array([matrix.nnz, *matrix.shape], HEADER).tobytes())
        stream.write(entries.tobytes())


def is_complete(path, nside):
    """Whether ``path`` is a matrix of this resolution with all the entries that it announces."""
    try:
        with open(path, "rb") as stream:
            header = np.fromfile(stream, HEADER, N_HEADER)
        size = Path(path).stat().st_size
    except OSError:
        return False
    npix = 12 * nside**2
    return header.tolist()[1:] == [npix, npix] and size == HEADER.itemsize * N_HEADER + ENTRY.itemsize * int(header[0])


def read_matrix(path):
    """Read one matrix.

    Returns
    -------
    sparse.csc_array, shape (npix, npix)
        RING: rows at Earth, columns at the Galaxy's edge.

    Raises
    ------
    InputError
        If there is no such file, it is larger than 1 GiB, or its numbers are no lens.
    DamagedFileError
        If it has another size than its header says.
    """
    try:
        content = read_bytes(path, LARGEST_MATRIX)
    except FileNotFoundError:
        raise InputError(f"no matrix {path}; copy the whole folder of the lens") from None
    start = HEADER.itemsize * N_HEADER
    if len(content) < start or (len(content) - start) % ENTRY.itemsize:
        raise DamagedFileError(
            f"{path}: expected {start} bytes and {ENTRY.itemsize} for each entry, received {len(content)} bytes; copy it again"
        )
    announced, *shape = (int(number) for number in np.frombuffer(content, HEADER, N_HEADER))
    entries = np.frombuffer(content, ENTRY, offset=start)
    if announced not in (0, len(entries)):  # CRPropa's own writer leaves the number 0
        raise DamagedFileError(f"{path}: expected {announced} entries as its header says, received {len(entries)}; copy it again")
    _check_shape(path, shape)
    _check_entries(path, entries, shape[0])
    return sparse.coo_array((entries["value"], (entries["row"], entries["column"])), shape=shape).tocsc()


def _check_shape(path, shape):
    n_rows, n_columns = shape
    if n_rows != n_columns:
        raise InputError(f"{path}: expected as many rows as columns, received {n_rows} and {n_columns}")
    nside = round((n_rows / 12) ** 0.5)
    if n_rows != 12 * nside**2 or not 1 <= nside <= LARGEST_NSIDE:
        raise InputError(
            f"{path}: expected 12 Nside^2 rows with Nside from 1 to {LARGEST_NSIDE}, received {n_rows}; it is no lens of HEALPix pixels"
        )
    if nside & (nside - 1):
        raise InputError(f"{path}: expected an Nside that is a power of two, received {nside} ({n_rows} rows)")


def _check_entries(path, entries, npix):
    for name in ("row", "column"):
        bad = np.flatnonzero(entries[name] >= npix)
        if bad.size:
            raise InputError(f"{path}, entry {bad[0]}: expected a {name} below {npix}, received {entries[name][bad[0]]}")
    bad = np.flatnonzero(~(np.isfinite(entries["value"]) & (entries["value"] >= 0)))
    if bad.size:
        raise InputError(f"{path}, entry {bad[0]}: expected a value of at least 0, received {entries['value'][bad[0]]}")


def write_config(folder, parts, comments=()):
    """Write ``lens.cfg``; without a line break at its end, which CRPropa would report as a line it cannot read.

    Parameters
    ----------
    folder : path-like
    parts : sequence of LensPart
    comments : iterable of str, optional
        Lines put first, each behind ``#``.
    """
    lines = [f"# {comment}" for comment in comments]
    lines += [f"{part.path.name} {_lg(part.low):.12f} {_lg(part.high):.12f}" for part in parts]
    with replacing(Path(folder) / CONFIG_NAME, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines))


def _lg(rigidity):
    return np.log10(rigidity) + LG_EV


def read_config(folder):
    """Read ``lens.cfg`` of a folder.

    Returns
    -------
    tuple of LensPart
        By increasing rigidity.

    Raises
    ------
    InputError
        If it cannot be read, a line is no range, a matrix is not there, or the ranges leave a gap or overlap.
    """
    path = Path(folder) / CONFIG_NAME
    try:
        text = read_text(path, LARGEST_RUN)
    except FileNotFoundError:
        raise InputError(f"no file {path}; give the folder of a CRPropa lens", "field.file") from None
    except InputError as error:
        raise InputError(str(error), "field.file") from None
    parts = [
        _part(line, path, number) for number, line in enumerate(text.splitlines(), 1) if line.strip() and "#" not in line
    ]
    if not parts:
        raise InputError(f"{path}: expected lines 'file lg(Rmin/V) lg(Rmax/V)', received none")
    parts.sort(key=lambda part: part.low)
    for below, above in pairwise(parts):
        step = np.log10(above.low / below.high)
        if abs(step) > JOINED:
            raise InputError(
                f"{path}: expected ranges that join, but {below.path.name} ends at {_lg(below.high):.6g} and "
                f"{above.path.name} starts at {_lg(above.low):.6g} ({'a gap' if step > 0 else 'an overlap'})"
            )
    return tuple(parts)


def _part(line, path, number):
    where, words = f"{path}, line {number}", line.split()
    try:
        name, low, high = words[0], float(words[1]), float(words[2])
    except (IndexError, ValueError):
        raise InputError(f"{where}: expected 'file lg(Rmin/V) lg(Rmax/V)', received {line.strip()[:80]!r}") from None
    if not LG_EV - 6 < low < high < LG_EV + 6:
        raise InputError(f"{where}: expected lg(R/V) increasing within {LG_EV - 6:g} to {LG_EV + 6:g}, received {low:g} and {high:g}")
    file = path.parent / name
    if not os.path.isfile(file):  # the method of Path raises OSError for a name that is too long
        raise InputError(f"{where}: no file {file}; copy the whole folder of the lens", "field.file")
    if file.stat().st_size > LARGEST_MATRIX:  # its content is not even looked at
        raise InputError(f"{where}: expected matrices of at most {LARGEST_MATRIX / 2**30:.3g} GiB, received a larger {file}", "field.file")
    return LensPart(file, 10 ** (low - LG_EV), 10 ** (high - LG_EV))
