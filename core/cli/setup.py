"""Commands about Zevatron itself: the demonstration, the shipped data, the installation."""

import os

from ..config import FieldConfig, emission_models, field_models, network_kinds, run_config, with_values, write_run
from ..progress import TerminalProgress
from ..storage.files import make_folder
from ..storage.provenance import versions


def demo(options):
    """Do the main job on the built-in example: sky, training, ROC and eta, as PNG and CSV."""
    from ..demo import run_demo

    make_folder(options.out, "choose another --out")
    config = run_config("quick")
    write_run(options.out / "run.toml", config)
    limit_config = with_values(config, {"events.n_events": (50, 100, 200, 300, 400, 500)})
    lines, files = run_demo(config, limit_config, options.out, TerminalProgress())
    return {"text": "\n".join([*lines, f"wrote {len(files)} files to {options.out}:", *(f"  {name}" for name in files)]),
            "files": files, "results": lines}


def example_maps(options):
    """Make the shipped maps of the built-in example again."""
    from ..lens.example import build
    from ..sources import find_source

    field = FieldConfig(model=options.field) if options.field else None
    sources = [find_source(name) for name in options.source] or None
    return {"text": build(options.out, field=field, sources=sources, progress=TerminalProgress())}


def background(options):
    """Make the shipped diffuse spectrum of KKOS sources again."""
    from ..propagation.diffuse import write_kkos_diffuse

    write_kkos_diffuse(options.out, progress=TerminalProgress())
    return {"text": f"wrote {options.out}"}


def info(options):
    """Show versions, models, folders and processors."""
    from ..storage.cache import cache_directory

    facts = {
        "versions": versions(),
        "field_models": list(field_models()),
        "emission_models": list(emission_models()),
        "networks": list(network_kinds()),
        "cache": str(cache_directory()),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
    text = [
        "Zevatron " + facts["versions"]["zevatron"],
        *(f"{name}: {', '.join(value) if isinstance(value, list) else value}" for name, value in facts.items() if name != "versions"),
        "versions: " + ", ".join(f"{name} {number}" for name, number in facts["versions"].items()),
    ]
    return {"text": "\n".join(text), **facts}
