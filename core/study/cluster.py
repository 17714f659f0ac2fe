"""Cells on many machines through Dask distributed: the only module that loads Dask.

Dask hands out cells and hands them out again when a worker dies. What is known of the study stays in its folder, on a file system
that all share: the scheduler may die, too.
"""

import contextlib
import logging
import queue
import shutil
import time
import uuid

from .. import __version__
from ..config import read_toml, run_toml
from ..errors import ConfigError, InputError, UnknownNameError, one_line
from ..progress import SILENT
from ..resources import own_command
from . import remote
from .cell import POLL, Outcome, note_failure
from .engine import LOOK_AGAIN

LOG = logging.getLogger(__name__)
CONNECT = 5.0  # seconds until a scheduler has answered, or is not there
MOST_DEATHS = 3  # of the process of a cell, as many as Dask allows of a worker, until the cell has failed
SYSTEMS = {"slurm": ("SLURMCluster", "sbatch"), "pbs": ("PBSCluster", "qsub")}
INSTALL = 'install it with: pip install "zevatron[cluster]", in a checkout: pip install ".[cluster]"'


def jobs_on_scheduler(address, resources=None):
    """Return what :func:`.engine.run_study` takes as ``do_jobs``: cells are done by the workers of a Dask scheduler.

    Parameters
    ----------
    address : str
        ``tcp://HOST:PORT``.
    resources : dict of str to float, optional
        What a network asks for of a worker, such as ``{"GPU": 1}``; other cells go to any worker.

    Raises
    ------
    InputError
        At once if Dask is not installed or nobody answers, later if the scheduler is lost or a worker is unfit.
    """
    _load()
    client = _connected(address, address)

    def do_jobs(jobs, progress=SILENT):
        with contextlib.closing(client):
            yield from _done_by(client, address, jobs, resources or {}, progress)

    return do_jobs


def jobs_in_queue(path, resources=None):
    """Return the same for workers that are jobs of SLURM or PBS, with a scheduler in this process.

    Parameters
    ----------
    path : Path
        Description: ``system``, ``jobs`` and a table ``[options]``, which are those of dask-jobqueue's cluster.
    resources : dict, optional

    Raises
    ------
    InputError, ConfigError
        Likewise, and if the description has a fault or the queue's commands are not there.
    """
    system, n_jobs, options = read_cluster(path)
    _load()
    try:
        import dask_jobqueue
    except ImportError:
        raise InputError(f"--cluster needs dask-jobqueue, which is not installed; {INSTALL}") from None
    name, command = SYSTEMS[system]
    if shutil.which(command) is None:
        raise InputError(f"no command {command} here; start the study where jobs of {system} can be sent off")
    try:
        cluster = getattr(dask_jobqueue, name)(**options)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}, [options]: dask-jobqueue says: {one_line(error)}") from None
    _quiet()
    cluster.scale(jobs=n_jobs)
    client = _connected(cluster, f"in {system}")

    def do_jobs(jobs, progress=SILENT):
        with contextlib.closing(cluster), contextlib.closing(client):
            yield from _done_by(client, f"in {system}", jobs, resources or {}, progress)

    return do_jobs


def read_cluster(path):
    """Read the description of workers in a queue; returns system, number of jobs and options of dask-jobqueue."""
    data = read_toml(path)
    if unknown := set(data) - {"system", "jobs", "options"}:
        raise ConfigError("no such entry; expected system, jobs, [options]", sorted(unknown)[0])
    system, n_jobs, options = data.get("system"), data.get("jobs", 1), data.get("options", {})
    if system not in SYSTEMS:
        raise UnknownNameError("system", str(system), SYSTEMS, "system")
    if not isinstance(n_jobs, int) or isinstance(n_jobs, bool) or n_jobs < 1:
        raise ConfigError(f"expected a whole number of at least 1, received {n_jobs!r}", "jobs")
    if not isinstance(options, dict) or not {"cores", "memory"} <= set(options):
        raise ConfigError("expected a table with at least cores and memory of one job, such as cores = 8, memory = \"16GB\"", "options")
    # a worker does one cell at a time, which uses several processors; `processes` says how many workers are in one job
    extra = ["--nthreads", "1", *options.get("worker_extra_args", [])]
    return system, n_jobs, options | {"worker_extra_args": extra}


def _load():
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise InputError(f"--scheduler and --cluster need Dask distributed, which is not installed; {INSTALL}") from None
    _quiet()


def _quiet():
    """Leave it to us to say what happens."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("distributed", "tornado")):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _connected(where, shown):
    from distributed import Client
    from distributed.comm import get_address_host_port

    try:
        if isinstance(where, str):
            where = where if "://" in where else f"tcp://{where}"
            get_address_host_port(where, strict=True)
        return Client(where, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:  # its TimeoutError is an OSError
        raise InputError(
            f"no Dask scheduler answers at {shown} ({one_line(error)}); start one with: dask scheduler"
        ) from None


class _ByValue:
    """A function of :mod:`.remote` that is pickled as it stands: a scheduler and a worker need no package of ours to read it."""

    def __init__(self, function):
        import cloudpickle

        cloudpickle.register_pickle_by_value(remote)
        self._function, self._pickled = function, cloudpickle.dumps(function)

    def __reduce__(self):
        import cloudpickle

        return cloudpickle.loads, (self._pickled,)

    def __call__(self, order):
        return self._function(order)


def _done_by(client, shown, jobs, resources, progress):
    lost = InputError(
        f"lost the Dask scheduler {shown}; what is done is kept in the folder: the same command with a scheduler that runs goes on"
    )
    _warn_of_missing_workers(client, jobs, resources)
    function = _ByValue(remote.do_remotely)
    over, under_way, later, deaths = queue.SimpleQueue(), {}, [(0.0, job) for job in jobs], {}
    try:
        while under_way or later:
            now = time.monotonic()
            for due, job in later:
                if due <= now:
                    future = _submitted(client, function, job, resources if job.cell.is_network else None)
                    under_way[future.key] = future, job
                    future.add_done_callback(lambda future: over.put(future.key))
            later = [(due, job) for due, job in later if due > now]
            progress.report(f"{len(under_way)} cells at workers or waiting for one", 0, 1)
            try:
                future, job = under_way.pop(over.get(timeout=POLL))
            except queue.Empty:
                if client.status not in ("running", "connecting"):
                    raise lost from None
                continue
            answer = _answer(future, lost)
            if answer["state"] == "unfit":
                raise InputError(answer["reason"])
            if answer["state"] in ("died", "stopped"):
                deaths[job.path] = deaths.get(job.path, 0) + 1
                if deaths[job.path] == MOST_DEATHS:
                    answer |= {"state": "failed", "reason": f"{answer['reason']}, {MOST_DEATHS} times"}
            if answer["state"] in ("done", "failed"):
                if answer["state"] == "failed":
                    note_failure(job.path, answer["reason"])
                yield job, Outcome(answer["state"], tuple(answer.get("rows", ())), answer.get("reason", ""))
            else:
                later.append((now + LOOK_AGAIN, job))
    finally:
        with contextlib.suppress(Exception):  # the scheduler may be gone; what workers are at ends in its folder
            client.cancel([future for future, _ in under_way.values()], force=True)


def _submitted(client, function, job, resources):
    order = {
        "main": own_command()[1], "version": __version__, "study": str(job.path.parent.parent.resolve()), "path": str(job.path.resolve()),
        "statistic": job.cell.statistic, "run": run_toml(job.cell.config, comments=False), "tried": job.tried,
    }
    key = f"{job.cell.folder_name}-{uuid.uuid4().hex[:8]}"
    return client.submit(function, order, key=key, resources=resources, pure=False)


def _answer(future, lost):
    """Return what a worker says of a cell."""
    from distributed import KilledWorker

    if future.status == "cancelled":
        raise lost
    try:
        return future.result()
    except KilledWorker as error:
        return {"state": "failed", "reason": f"its worker died each time, last {error.last_worker.address}"}
    except Exception as error:
        if future.status == "cancelled":
            raise lost from None
        raise InputError(f"a worker could not begin a cell: {type(error).__name__}: {one_line(error)}") from None


def _warn_of_missing_workers(client, jobs, resources):
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if not workers:
        LOG.warning("the scheduler has no workers yet; cells wait until one comes")
    elif resources and any(job.cell.is_network for job in jobs) and not any(
        all(worker["resources"].get(name, 0) >= amount for name, amount in resources.items()) for worker in workers
    ):
        LOG.warning("no worker has %s; networks wait until one comes", " and ".join(f"{n} = {a:g}" for n, a in resources.items()))


def parse_resource(text):
    """Return ``{"GPU": 1.0}`` of ``GPU=1``."""
    name, equals, amount = text.partition("=")
    try:
        number = float(amount) if equals else 1.0
        if name.strip() and number > 0:
            return {name.strip(): number}
    except ValueError:
        pass
    raise InputError(f"expected a resource of workers such as GPU=1, received {text!r}", "--network-resource")

