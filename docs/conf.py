"""The manual: these pages and a reference of every module, built by `make docs` without a network.

The reference is drawn from the docstrings into `docs/reference`, a page for each package. Formulas become MathML, which
browsers draw by themselves.
"""

import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.domains.python import PyObject
from sphinx.util.docfields import TypedField

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import main  # noqa: E402, F401  makes the checkout the package `zevatron`

from zevatron.core import __version__  # noqa: E402
from zevatron.core.backend import load_backend  # noqa: E402

load_backend()  # quietly, before autodoc does
project, author, version, release = "Zevatron", "the Zevatron developers", __version__, __version__
project_copyright = "2026, the Zevatron developers"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "myst_parser"]
exclude_patterns = ["cross"]
html_theme = "furo"
html_title = f"Zevatron {version}"
html_static_path = []
html_favicon = html_logo = str(ROOT / "resources/desktop/zevatron.svg")
html_math_renderer = "mathml"
html_copy_source = False

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False  # what Keras and Qt document is not ours
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "ignore-module-all": True}
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Input shape", "notes_style"), ("Output shape", "notes_style")]


def write_reference(app):
    """Write a page for each package of the checkout, and one that lists them."""
    folder = Path(app.srcdir) / "reference"
    folder.mkdir(exist_ok=True)
    packages = [path.parent for path in sorted([*ROOT.glob("core/**/__init__.py"), *ROOT.glob("gui/**/__init__.py")])]
    pages = {}
    for package in packages:
        name = ".".join(package.relative_to(ROOT).parts)
        modules = [path.stem for path in sorted(package.glob("*.py")) if path.stem != "__init__"]
        blocks = [f"{name}\n{'=' * len(name)}\n\n.. automodule:: zevatron.{name}\n"]
        for module in modules:
            blocks.append(f"{module}\n{'-' * len(module)}\n\n.. automodule:: zevatron.{name}.{module}\n")
        pages[name] = "\n".join(blocks)
    listed = "\n".join(f"   {name}" for name in pages)
    pages["index"] = f"Reference\n=========\n\n.. toctree::\n   :maxdepth: 1\n\n{listed}\n"
    for old in folder.glob("*.rst"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def link_relatives(app, what, name, obj, options, lines):
    """Turn names relative to a module, ``~..config.RunConfig``, into whole ones, which Sphinx can link."""
    module = name
    while module not in sys.modules:
        module = module.rpartition(".")[0]
    package = module if hasattr(sys.modules[module], "__path__") else module.rpartition(".")[0]

    def whole(match):
        parts = package.split(".")
        return f"{match[1]}~{'.'.join(parts[: len(parts) - len(match[2]) + 1])}."

    lines[:] = [re.sub(r"(:\w+:`)~?(\.\.+)(?=\w)", whole, line) for line in lines]


def mathml(is_block):
    """Return the visitor that writes a formula."""

    def visit(self, node):
        formula = re.sub(r"\s+", " ", node.astext()).strip()
        code = tex2mathml(formula, as_block=is_block)
        self.body.append(f'<div class="formula">{code}</div>' if is_block else code)
        raise nodes.SkipNode

    return visit


def setup(app):
    """Register what is our own."""
    for field in PyObject.doc_field_types:
        if isinstance(field, TypedField):
            field.typerolename = ""  # types are words, such as "ndarray, shape (n,)": no links
    app.add_html_math_renderer("mathml", (mathml(False), None), (mathml(True), None))
    app.connect("builder-inited", write_reference)
    app.connect("autodoc-process-docstring", link_relatives)
