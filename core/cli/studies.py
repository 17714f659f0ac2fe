"""The command that runs a study, here or on a cluster, and its process on a worker."""

import sys

from ..errors import InputError
from ..progress import TerminalProgress, format_duration

SHOWN = 40  # cells that a dry run lists; --json gives all
SHOWN_FAILURES = 20


def study(options):
    """Run a study, or say what it would take; cells that are done are not repeated."""
    from ..study import read_study, run_study
    from ..study.estimate import study_cost, summary

    plan = read_study(options.study)
    if options.network_resource and not (options.scheduler or options.cluster):
        raise InputError("expected --scheduler or --cluster with it", "--network-resource")
    if options.dry_run:
        return _dry_run(study_cost(plan, options.out))
    if options.out is None:
        raise InputError("expected a folder to write, or --dry-run", "--out")
    do_jobs = _elsewhere(options)
    print(summary(study_cost(plan, options.out)), file=sys.stderr)
    outcome = run_study(plan, options.out, TerminalProgress(), do_jobs=do_jobs)
    failed = outcome["failed"]
    lines = [f"{len(outcome['done'])} cells done" + (f", table in {options.out / 'eta_table.csv'}" if outcome["done"] else "")]
    lines += [f"failed: {f['cell']}: {f['error']}" for f in failed[:SHOWN_FAILURES]]
    if failed:
        more = len(failed) - SHOWN_FAILURES
        lines.append((f"and {more} more; " if more > 0 else "") + f"{len(failed)} cells failed, list in {options.out / 'failed.csv'}")
    if failed and not outcome["done"]:
        raise InputError("; ".join(lines))
    return {"text": "\n".join(lines), **outcome}


def _elsewhere(options):
    """Return who does the cells, None for this process."""
    if not (options.scheduler or options.cluster):
        return None
    from ..study.cluster import jobs_in_queue, jobs_on_scheduler, parse_resource

    resources = parse_resource(options.network_resource) if options.network_resource else None
    if options.scheduler:
        return jobs_on_scheduler(options.scheduler, resources)
    return jobs_in_queue(options.cluster, resources)


def _dry_run(found):
    from ..study.estimate import summary

    lines = []
    for cell, state, cost in found.cells[:SHOWN]:
        takes = f"took {format_duration(cost.processor)}" if state == "done" else f"{format_duration(cost.processor)}, {cost.memory:.0f} MiB"
        lens = f" (tracing {format_duration(cost.lens)})" if cost.lens and state != "done" else ""
        lines.append(f"{cell.folder_name}  {state}  {takes}{lens}")
    if len(found.cells) > SHOWN:
        lines.append(f"and {len(found.cells) - SHOWN} more; --json lists all")
    return {
        "text": "\n".join([*lines, summary(found)]), "processor_seconds": found.processor, "memory_MiB": found.memory,
        "disk_MiB": found.disk, "scaled_to_done_cells": found.measured,
        "cells": [
            {"cell": cell.folder_name, "state": state, "statistic": cell.statistic, "axes": cell.axes, "processor_seconds": cost.processor,
             "tracing_seconds": cost.lens, "memory_MiB": cost.memory, "disk_MiB": cost.disk}
            for cell, state, cost in found.cells
        ],
    }


def study_worker(options):
    """Do one cell, told which on standard input; a worker of a cluster starts it."""
    from ..study.worker import main

    return main()


def study_process(options):
    """Do a study in this process, told to stop on standard input; the window starts it."""
    from ..study.process import main

    return main(options.folder, options.scheduler)
