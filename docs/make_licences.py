"""Write `docs/licences.md` from the metadata of the packages that are installed here: python docs/make_licences.py.

Looks at what `pip install zevatron` brings: the dependencies of pyproject.toml and theirs, and those of the extra `search`.
"""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/licences.md"
NAME = re.compile(r"[A-Za-z0-9._-]+")
HEAD = """# Licences

Zevatron itself is under the [BSD 3-Clause licence](https://spdx.org/licenses/BSD-3-Clause.html), file `LICENSE`. What `pip install` brings with it, on
Linux, in the versions of `requirements/constraints.txt`, as the packages' own metadata say (`python docs/make_licences.py`); each comes
from its authors with its own licence text, none is part of Zevatron. Qt (PySide6, shiboken6) is used under the LGPL 3: it is
installed as separate shared libraries, which you may replace. healpy is under the GPL 2: Zevatron calls it and does not contain it, but
whoever passes on one bundle with all packages in it has to look at its terms.

| package | version | licence | needed by |
| --- | --- | --- | --- |
"""


def key(name):
    """Return a package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(distribution):
    """Names of what a distribution needs on this machine without extras."""
    found = (Requirement(text) for text in distribution.requires or ())
    return [found.name for found in found if found.marker is None or found.marker.evaluate({"extra": ""})]


def licence_of(distribution):
    """Return the licence that a distribution declares: the expression, else its classifiers, else a short text."""
    metadata = distribution.metadata
    if metadata.get("License-Expression"):
        return metadata["License-Expression"]
    classifiers = [text.split(" :: ")[-1] for text in metadata.get_all("Classifier") or () if text.startswith("License ::")]
    classifiers = [text for text in classifiers if text != "OSI Approved"]
    text = (metadata.get("License") or "").strip().splitlines()
    if classifiers:
        return ", ".join(classifiers)
    return text[0] if text and len(text[0]) < 60 else "see its licence file"


def bill():
    """Rows (name, version, licence, needed by) of all packages, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["search"]]
    ahead, needed = [(NAME.match(text)[0], "zevatron") for text in wanted], {}
    while ahead:
        name, by = ahead.pop(0)
        if key(name) in needed:
            needed[key(name)].append(by)
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # for other systems or Pythons
        needed[key(name)] = [by]
        ahead += [(other, found.metadata["Name"]) for other in requirements(found)]
    rows = ((distribution(name), by) for name, by in needed.items())
    return sorted(
        ((d.metadata["Name"], d.version, licence_of(d), ", ".join(sorted(set(by), key=str.lower))) for d, by in rows), key=lambda row: row[0].lower()
    )


if __name__ == "__main__":
    PAGE.write_text(HEAD + "".join(f"| {' | '.join(row)} |\n" for row in bill()), encoding="utf-8")
