"""What is written about the code: docstrings, the theory page, links, licences, the manual."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from zevatron.core import __version__

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
           for folder in ("core", "gui") for path in sorted((ROOT / folder).rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
# Keras calls and documents these; they say nothing of their own
KERAS = {"build", "call", "compute_output_shape", "compute_output_spec", "get_config", "from_config"}
SECTION = re.compile(r"^(Parameters|Attributes)\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}\n|\Z)", re.M | re.S)
# They cite data, formats and programs, not formulas.
NO_FORMULAE = {
    "core.citations", "core.emission.published", "core.emission.registry", "core.forecast", "core.galactic_field.registry", "core.lens.crpropa", "core.lens.published",
    "core.observatory", "core.observed.lists", "core.observed.published", "core.published", "core.sky_density.samples",
}
CITATION = re.compile(r"math::|:math:|ApJ|arXiv|PRD|JCAP|JHEP|A&A|astro-ph|Phys\. |Trans\. |J\. ")


def public(tree, prefix=""):
    """Yield name and node of everything that others may use."""
    for node in tree.body:
        if isinstance(node, (*FUNCTION, ast.ClassDef)) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node, f"{prefix}{node.name}.")


def names_in(tree):
    """Every name that a module or class defines, functions and classes with what is in them."""
    names = set()
    for node in tree.body:
        if isinstance(node, (*FUNCTION, ast.ClassDef)):
            names.add(node.name)
            if isinstance(node, ast.ClassDef):
                names |= {f"{node.name}.{inner}" for inner in names_in(node)}
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def described(docstring, section):
    """Names in a section of a numpy-style docstring."""
    found = [body for title, body in SECTION.findall(docstring) if title == section]
    return [name.strip("* ") for body in found for line in body.splitlines()
            if line and not line[0].isspace() and not line.endswith(" shape")  # of layers: Input shape, Output shape
            for name in line.split(" : ")[0].split(",")]


def test_every_public_name_has_a_docstring():
    missing = [name for name, tree in TREES.items() if not ast.get_docstring(tree)]
    missing += [f"{module}.{name}" for module, tree in TREES.items() for name, node in public(tree)
                if not ast.get_docstring(node) and not (node.name in KERAS and "." in name)]
    assert not missing, "\n".join(missing)


def test_parameters_are_described_by_their_names():
    faults = []
    for module, tree in TREES.items():
        for name, node in public(tree):
            takes = node if isinstance(node, FUNCTION) else next((f for f in node.body if isinstance(f, FUNCTION) and f.name == "__init__"), None)
            if takes is None:
                continue
            arguments = takes.args
            known = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg) if a}
            wrong = set(described(ast.get_docstring(node) or "", "Parameters")) - known
            faults += [f"{module}.{name} describes {', '.join(sorted(wrong))}"] if wrong else []
    assert not faults, "\n".join(faults)


def test_places_in_the_code_exist():
    """Wherever a page names a module or what is in it."""
    missing = []
    for page in PAGES:
        for place in re.findall(r"`((?:core|gui)(?:\.\w+)+)`", page.read_text(encoding="utf-8")):
            parts = place.split(".")
            module = next((".".join(parts[:n]) for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in MODULES), None)
            inside = place.removeprefix(f"{module}.") if module != place else None
            lazy = "__getattr__" in names_in(TREES[module]) and inside in MODULES[module].read_text(encoding="utf-8") if module and inside else False
            if module is None or (inside and inside not in names_in(TREES[module]) and not lazy):
                missing.append(f"{page.relative_to(ROOT)}: {place}")
    assert not missing, "\n".join(missing)


def test_every_module_with_a_formula_is_on_the_theory_page():
    theory = (ROOT / "docs/theory.md").read_text(encoding="utf-8")
    named = set(re.findall(r"core(?:\.\w+)+", theory))
    citing = {name for name, path in MODULES.items() if name.startswith("core.") and CITATION.search(path.read_text(encoding="utf-8"))}
    missing = {name for name in citing - NO_FORMULAE if not any(place.startswith(f"{name}.") for place in named)}
    assert not missing, sorted(missing)
    assert citing >= NO_FORMULAE


def test_links_between_pages_work():
    broken = []
    for page in PAGES:
        text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            goal = (page.parent / path).resolve() if path else page
            if not goal.exists() or (anchor and anchor not in anchors(goal)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken, "\n".join(broken)


def anchors(page):
    """Names of a page's headings in links."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_table_of_rooms_names_every_part_of_the_engine():
    rooms = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    parts = [path.stem if path.suffix else path.name for path in (ROOT / "core").iterdir() if path.stem not in ("__init__", "__pycache__")]
    assert not [part for part in parts if not re.search(rf"`(?:core/)?{part}(?:\.py|/)`", rooms)]


def test_every_package_that_is_installed_has_its_licence_listed():
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (.+?) \| (.+?) \|$", (ROOT / "docs/licences.md").read_text(encoding="utf-8"), re.M)
    listed = {normal(name): (version, licence) for name, version, licence, _ in rows}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {normal(re.match(r"[\w.-]+", text)[0]) for text in [*project["dependencies"], *project["optional-dependencies"]["search"]]}
    assert wanted <= listed.keys() and all(licence for _, licence in listed.values())
    pinned = dict(line.split("==") for line in (ROOT / "requirements/constraints.txt").read_text().splitlines() if "==" in line)
    versions = {normal(name): version for name, version in pinned.items()}
    assert {name: version for name, (version, _) in listed.items() if version != versions.get(name, version)} == {}, "run docs/make_licences.py"


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_changelog_and_citation_file_name_this_version():
    changes, citation = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    version, date = re.search(r"^## (\S+) \((\d{4}-\d\d-\d\d)\)$", changes, re.M).groups()
    assert version == __version__
    assert f'\nversion: {version}\ndate-released: "{date}"\n' in citation and "\ncff-version: 1.2.0\n" in f"\n{citation}"
    assert not [line for line in changes.splitlines() if len(line) > 140]


@pytest.mark.slow
def test_the_manual_is_built_without_a_warning(tmp_path):
    pytest.importorskip("sphinx", reason="make docs installs it")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", "docs", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"QT_QPA_PLATFORM": "offscreen"}, check=True)
    assert "<math" in (tmp_path / "theory.html").read_text(encoding="utf-8")
    reference = "".join(page.read_text(encoding="utf-8") for page in tmp_path.glob("reference/*.html"))
    known = set(re.findall(r'id="module-zevatron\.((?:core|gui)[\w.]*)"', reference))
    assert {name for name in MODULES if "." in name} <= known
