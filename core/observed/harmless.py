"""What a list of events may not hold when a library is to read it: what unpacks, reaches out, or grows without end.

astropy takes time with the square of the number of columns, and of a VOTable room for what it announces and not for what it holds.
"""

import io
import math
import re

from ..storage.compressed import require_plain_fits

MOST_EVENTS = 1_000_000
FURTHER_LINES = 1000  # of a text, for comments and names
LONGEST_LINE = 2**13  # bytes
MOST_COLUMNS = 1000  # of a VOTable
MOST_VALUES = 2**26  # of a VOTable, all rows and columns together
PACKED = (b"\x1f\x8b", b"\x1f\x9d", b"BZh", b"\xfd7zXZ", b"PK\x03\x04")  # gzip, compress, bzip2, xz, zip: astropy would unpack them
REACHES_OUT = re.compile(rb"<!DOCTYPE|<!ENTITY|<[^<>]*STREAM[^<>]*href", re.IGNORECASE)
SIZES = re.compile(rb"""(arraysize|nrows)\s*=\s*["']([^"']*)["']""")


def require_harmless(content, kind):
    """Look through the bytes of a list before astropy does.

    Parameters
    ----------
    content : bytes
        Unpacked.
    kind : str
        Name of astropy's format.

    Raises
    ------
    ValueError
        Saying what was expected.
    """
    if content.startswith(PACKED):
        raise ValueError("it is packed, although its name does not say so")
    if kind == "votable":
        _require_plain_votable(content)
    elif kind == "fits":
        require_plain_fits(content)
    elif kind.startswith("ascii"):
        _require_short_lines(content)


def _require_short_lines(content):
    lines = max(content.count(b"\n"), content.count(b"\r"))
    if lines > MOST_EVENTS + FURTHER_LINES:
        raise ValueError(f"expected at most {MOST_EVENTS} events, received {lines} lines")
    longest = max(map(len, io.BytesIO(content.replace(b"\r", b"\n"))), default=0)
    if longest > LONGEST_LINE:
        raise ValueError(f"expected lines of at most {LONGEST_LINE} bytes, received one of {longest}")


def _require_plain_votable(content):
    if b"\0" in content or REACHES_OUT.search(content):
        raise ValueError("expected a VOTable that holds its data itself")
    columns = len(re.findall(rb"<[^<>/\s]*FIELD[\s/>]", content))
    if columns > MOST_COLUMNS:
        raise ValueError(f"expected at most {MOST_COLUMNS} columns, received {columns}")
    values, rows = columns, len(re.findall(rb"<[^<>/\s]*TR[\s/>]", content))
    for attribute, text in SIZES.findall(content):
        if b"&" in text:  # a number spelt by character references
            raise ValueError(f"expected a number as {attribute.decode()}, received {text[:40].decode('ascii', 'replace')}")
        size = math.prod(int(number) for number in re.findall(rb"\d+", text[:100]))
        if attribute == b"nrows":
            rows = max(rows, size)
        else:
            values += size
    if values * rows > MOST_VALUES:
        raise ValueError(f"expected at most {MOST_VALUES} values, received {rows} rows of {values}")
