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
    "statistics", "training", "study", "information", "cross", "search", "observed", "figures", "forecast", "report", "demo", "cli",
)
# What may load a heavy library at import time or at all; elsewhere it is a fault.
ALLOWED = {"keras": {"network", "training", "backend"}, "matplotlib": {"figures", "report"}, "optuna": {"search"}, "tensorflow": set(), "PySide6": set(), "pyqtgraph": set()}


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


def test_every_stage_exists():
    for stage in STAGES:
        assert (ROOT / "core" / stage).is_dir() or (ROOT / "core" / f"{stage}.py").is_file(), stage


@pytest.mark.parametrize("module", ["core.config", "core.sources", "core.study", "core.search", "core.cli.parser"])
def test_what_the_window_loads_first_loads_nothing_heavy(module):
    heavy = "{'keras', 'tensorflow', 'numba', 'matplotlib', 'astropy', 'h5py', 'optuna', 'PySide6'}"
    code = f"import main, sys, zevatron.{module}; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
