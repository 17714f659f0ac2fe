"""The folder listing is the architecture: who may import whom is read from the sources."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = sorted((ROOT / "core").rglob("*.py"))
GUI = sorted((ROOT / "gui").rglob("*.py"))

# Data flows one way: a stage may import those before it and the foundation.
STAGES = (
    "sources", "emission", "propagation", "galactic_field", "lens", "field_views", "exposure", "sky_density", "mock_events", "network",
    "statistics", "training", "study", "information", "cross", "search", "observed", "figures", "diagrams", "forecast", "report", "demo", "cli",
)
# The same for the window: a room may import those before it.
ROOMS = ("style", "background", "state", "plots", "panels", "files", "controller", "tasks", "frame", "main_window", "app")
# What may load a heavy library at import time or at all; elsewhere it is a fault.
ALLOWED = {
    "keras": {"network", "training", "backend"}, "matplotlib": {"figures", "diagrams", "report"}, "optuna": {"search"}, "distributed": {"study"},
    "dask": {"study"}, "dask_jobqueue": {"study"}, "tensorflow": set(), "PySide6": set(), "pyqtgraph": set(),
}


def imports(path):
    """Yield (module, relative level, line) of every import in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module:
                yield node.module, node.level, node.lineno
            else:
                yield from ((alias.name, node.level, node.lineno) for alias in node.names)


def stage_of(path):
    return path.relative_to(ROOT / "core").parts[0].removesuffix(".py")


def test_core_never_knows_the_window_and_names_no_backend():
    faults = []
    for path in CORE:
        for module, level, line in imports(path):
            top = module.split(".")[0]
            if top in ALLOWED and level == 0 and stage_of(path) not in ALLOWED[top]:
                faults.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
            if top in {"gui", "zevatron", "core"} and level == 0:
                faults.append(f"{path.relative_to(ROOT)}:{line} imports {module} absolutely")
    assert not faults, "\n".join(faults)


def test_window_imports_the_engine_relatively_and_never_keras():
    faults = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in GUI
        for module, level, line in imports(path)
        if level == 0 and module.split(".")[0] in {"gui", "zevatron", "core", "keras", "tensorflow"}
    ]
    assert not faults, "\n".join(faults)


def test_stages_import_downwards():
    faults = []
    for path in CORE:
        stage = stage_of(path)
        if stage not in STAGES:
            continue
        depth = len(path.relative_to(ROOT / "core").parts)
        for module, level, line in imports(path):
            target = module.split(".")[0]
            if level == depth and target in STAGES and STAGES.index(target) > STAGES.index(stage):
                faults.append(f"{path.relative_to(ROOT)}:{line} {stage} imports {target}, which comes after it")
    # the emission models that are made by propagating (the diffuse spectrum) and the demo's words are known exceptions
    known = {("emission", "propagation"), ("demo", "cli")}
    faults = [f for f in faults if not any(f" {a} imports {b}," in f for a, b in known)]
    assert not faults, "\n".join(faults)


def test_rooms_of_the_window_import_downwards():
    def room(module):
        return module.split(".")[1]

    faults = [
        f"{module} imports {target}"
        for module, targets in import_graph(later=True).items() if module.startswith("gui.")
        for target in targets if target.startswith("gui.") and ROOMS.index(room(target)) > ROOMS.index(room(module))
    ]
    assert not faults, "\n".join(faults)


def test_every_stage_exists():
    for room in ROOMS:
        assert (ROOT / "gui" / room).is_dir() or (ROOT / "gui" / f"{room}.py").is_file(), room
    for stage in STAGES:
        assert (ROOT / "core" / stage).is_dir() or (ROOT / "core" / f"{stage}.py").is_file(), stage


@pytest.mark.parametrize("module", ["core.config", "core.sources", "core.study", "core.search", "core.cli.parser"])
def test_what_the_window_loads_first_loads_nothing_heavy(module):
    heavy = "{'keras', 'tensorflow', 'numba', 'matplotlib', 'astropy', 'h5py', 'optuna', 'distributed', 'PySide6'}"
    code = f"import main, sys, zevatron.{module}; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def module_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def import_graph(*, later):
    """Modules of core and gui that each of them imports; with ``later`` also what functions import when they run."""
    modules = {module_name(path): path for path in CORE + GUI}

    def imported(path, node):
        folder = path.relative_to(ROOT).parent.parts
        base = ".".join([*folder[: len(folder) - node.level + 1], *(node.module.split(".") if node.module else ())])
        return {f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules else base for alias in node.names}

    def look(path, node, found):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ImportFrom) and child.level:
                found |= imported(path, child)
            if later or not isinstance(child, (ast.FunctionDef, ast.Lambda)):
                look(path, child, found)
        return found

    return {name: look(path, ast.parse(path.read_text(encoding="utf-8")), set()) & modules.keys() - {name} for name, path in modules.items()}


def in_cycles(graph):
    """Modules that import themselves over others."""

    def reached(name):
        found, ahead = set(), [name]
        while ahead:
            new = graph[ahead.pop()] - found
            found |= new
            ahead += new
        return found

    return {name for name in graph if name in reached(name)}


def test_no_module_imports_itself_over_others():
    assert in_cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a", "c"}}) == {"b", "c"}
    assert not in_cycles(import_graph(later=False))
    # the form makes fields that are built from its own; the theme writes its style sheet
    known = {"gui.panels.section", "gui.panels.field_dialogs", "gui.panels.field", "gui.panels.form", "gui.style.stylesheet", "gui.style.theme"}
    assert in_cycles(import_graph(later=True)) == known


def test_the_state_of_the_window_knows_no_qt_and_plots_alone_know_pyqtgraph():
    homes = {"PySide6": lambda place: place.parts[0] != "state", "pyqtgraph": lambda place: place.parts[0] in ("plots", "style")}
    faults = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in GUI
        for module, level, line in imports(path)
        if level == 0 and module.split(".")[0] in homes and not homes[module.split(".")[0]](path.relative_to(ROOT / "gui"))
    ]
    assert not faults, "\n".join(faults)
