"""Which rows of the results are shown: words that have to be found, and conditions such as ``N>=100``. No Qt here."""

import operator
import re

OPERATORS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "=": operator.eq}
VALUES = {  # name before the sign: value of a row in the unit that the table shows
    "n": lambda row: row.verdict.n_events, "eta": lambda row: _percent(row.verdict.eta_min), "alpha": lambda row: _percent(row.verdict.alpha),
    "beta": lambda row: _percent(row.verdict.beta), "auc": lambda row: row.verdict.auc, "ratio": lambda row: row.ratio,
    "paper": lambda row: _percent(row.published),
}
LETTERS = {"η": "eta", "α": "alpha", "β": "beta", "η/limit": "ratio", "eta/limit": "ratio"}
CONDITION = re.compile(r"^(?P<name>[^\s<>=]+)(?P<sign><=|>=|<|>|=)(?P<number>[^\s<>=]*)$")


def _percent(fraction):
    return None if fraction is None else round(100 * fraction, 10)


def conditions(text):
    """Return functions of a row of the table that all have to be true; what is still being typed asks for nothing.

    Parameters
    ----------
    text : str
        Words, of which each has to stand somewhere in the row, and conditions on ``N``, ``η`` (per cent), ``α``, ``β``, ``AUC``,
        ``η/limit`` and ``paper``; Greek letters may be written out.
    """
    found = []
    for token in re.sub(r"\s*(<=|>=|<|>|=)\s*", r"\1", text).split():
        match = CONDITION.match(token)
        name = None if match is None else LETTERS.get(match["name"].lower(), match["name"].lower())
        if name not in VALUES:
            found.append(_holds(token.casefold()))
            continue
        try:
            number = float(match["number"].rstrip("%").replace(",", "."))
        except ValueError:
            continue
        found.append(_compares(VALUES[name], OPERATORS[match["sign"]], number))
    return tuple(found)


def _holds(word):
    return lambda row: word in row.words


def _compares(value, compare, number):
    return lambda row: (known := value(row)) is not None and compare(known, number)
