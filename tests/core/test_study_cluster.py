"""A study on a real Dask scheduler with worker processes on this machine: the same numbers, whoever dies."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zevatron.core.config import run_config, with_values
from zevatron.core.errors import ConfigError, InputError, UnknownNameError
from zevatron.core.storage.tables import read_table
from zevatron.core.study import make_study, read_result, run_study
from zevatron.core.study.cell import read_cell_state
from zevatron.core.study.cluster import jobs_in_queue, jobs_on_scheduler, parse_resource, read_cluster

pytest.importorskip("distributed")
ROOT = Path(__file__).resolve().parents[2]
TINY = {
    "sky.nside": 4, "energy.bin_width": 0.25, "field.model": "none", "events.n_events": (50,), "test.maps": 2000, "test.bootstrap": 10,
    "test.check_maps": 0,
}
PATIENCE = 120.0


def tiny_study(slow=0, **axes):
    """Cells of the likelihood ratio; `slow` is the number of check skies, which take time and change no fraction."""
    base = with_values(run_config("quick"), TINY | {"test.check_maps": slow})
    return make_study(base, {"energy.resolution": [0.0, 0.2]} | axes, ["likelihood_ratio"])


@pytest.fixture(scope="module")
def caches(tmp_path_factory):
    """One cache for all processes; the shipped density of the default source is read, nothing is traced."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZEVATRON_CACHE", str(tmp_path_factory.mktemp("cache")))
        for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
            patch.setenv(name, "1")
        yield


class LocalCluster:
    """A scheduler and workers, processes that can be killed."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self._file = folder / "scheduler.json"
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", self._file)
        until(self._file.exists)
        self.address = json.loads(self._file.read_text())["address"]

    def add_worker(self, *arguments):
        return self._start(
            "dask_worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1", "--local-directory",
            self.folder, *arguments,
        )

    def _start(self, name, *arguments):
        with open(self.folder / "log.txt", "ab") as log:
            command = [sys.executable, "-m", f"distributed.cli.{name}", *map(str, arguments)]
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder))
        return self.processes[-1]

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(caches, tmp_path):
    (tmp_path / "dask").mkdir()
    made = LocalCluster(tmp_path / "dask")
    yield made
    made.close()


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def results(folder):
    return {path.parent.name: read_result(path)["results"] for path in (folder / "cells").glob("*/result.json")}


def running(folder):
    """State and folder of the cells that a process is at."""
    found = [(path.parent, read_cell_state(path.parent)) for path in (folder / "cells").glob("*/state.json")]
    return [(path, state) for path, state in found if state.state == "running"]


def study_process(study_file, folder, address):
    return subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "study", str(study_file), "--out", str(folder), "--scheduler", address],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )


def write_study(path, study):
    from zevatron.core.study.plan import study_toml

    path.write_text(study_toml(study))
    return path


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the worker of a cell in /proc")
def test_a_worker_killed_in_mid_cell_and_a_scheduler_killed_change_no_number(cluster, tmp_path):
    study = tiny_study(slow=200_000, **{"energy.resolution": [0.0, 0.1, 0.2]})
    path = write_study(tmp_path / "study.toml", study)
    workers = [cluster.add_worker(), cluster.add_worker()]
    client = study_process(path, tmp_path / "far", cluster.address)
    cell, state = until(lambda: running(tmp_path / "far"))[0]
    dead = next(worker for worker in workers if worker.pid == parent_of(state.pid))
    dead.kill()
    until(lambda: read_cell_state(cell).attempts == 2)  # another worker has taken it
    until(lambda: results(tmp_path / "far"))
    cluster.scheduler.kill()
    _, error = client.communicate(timeout=PATIENCE)
    assert client.returncode == 2
    assert error.strip().splitlines()[-1].startswith("zevatron: lost the Dask scheduler") and "goes on" in error
    done = set(results(tmp_path / "far"))
    assert done and len(done) < 3
    # another client and another scheduler go on with what is in the folder
    times = {name: (tmp_path / "far/cells" / name / "result.json").stat().st_mtime_ns for name in done}
    (tmp_path / "again").mkdir()
    second = LocalCluster(tmp_path / "again")
    with contextlib.closing(second):
        second.add_worker()
        outcome = run_study(study, tmp_path / "far", do_jobs=jobs_on_scheduler(second.address))
    assert len(outcome["done"]) == 3 and not outcome["failed"]
    assert times == {name: (tmp_path / "far/cells" / name / "result.json").stat().st_mtime_ns for name in done}
    run_study(study, tmp_path / "near")
    assert results(tmp_path / "far") == results(tmp_path / "near") and len(results(tmp_path / "near")) == 3
    assert (tmp_path / "far/eta_table.csv").read_text() == (tmp_path / "near/eta_table.csv").read_text()


@pytest.mark.slow
def test_failures_are_listed_and_networks_wait_for_their_resource(cluster, tmp_path, caplog):
    base = with_values(run_config("quick"), TINY | {
        "network.filters": 2, "training.epochs": 1, "training.maps_per_epoch": 64, "training.validation_maps": 64, "training.threads": 1,
        "test.maps": 200, "emission.model": "table", "emission.file": str(tmp_path / "missing.csv"),
    })
    study = make_study(base, {"emission.model": ["table", "kkos"]}, ["likelihood_ratio", "bcnn"])
    cluster.add_worker()
    order = []
    do_jobs = jobs_on_scheduler(cluster.address, parse_resource("GPU=1"))

    def noted(jobs, progress):
        for job, outcome in do_jobs(jobs, progress):
            order.append((job.cell.statistic, outcome.state))
            if len(order) == 2:
                cluster.add_worker("--resources", "GPU=1")
            yield job, outcome

    outcome = run_study(study, tmp_path / "study", do_jobs=noted)
    assert sorted(order[:2]) == [("likelihood_ratio", "done"), ("likelihood_ratio", "failed")]
    assert sorted(order[2:]) == [("bcnn", "done"), ("bcnn", "failed")]
    assert "networks wait until one comes" in caplog.text or "no workers yet" in caplog.text
    failed = read_table(tmp_path / "study/failed.csv")
    assert len(failed) == len(outcome["failed"]) == 2 and all("missing.csv" in text for text in failed.columns["error"])
    trained = next(path for path in (tmp_path / "study/cells").glob("*_bcnn_*") if (path / "result.json").exists())
    assert (trained / "training/best.keras").exists() and read_cell_state(trained).processor > 0


def test_workers_that_cannot_do_a_cell_stop_the_study_with_one_line(cluster, tmp_path, monkeypatch):
    from zevatron.core.study import cluster as module

    cluster.add_worker()
    monkeypatch.setattr(module, "__version__", "9.9")
    with pytest.raises(InputError, match=r"expected 9\.9; install the same everywhere"):
        run_study(tiny_study(), tmp_path / "study", do_jobs=jobs_on_scheduler(cluster.address))
    monkeypatch.undo()
    monkeypatch.setattr(module, "own_command", lambda: [sys.executable, str(tmp_path / "main.py")])
    with pytest.raises(InputError, match="put it on the shared file system"):
        run_study(tiny_study(), tmp_path / "study", do_jobs=jobs_on_scheduler(cluster.address))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense", "magic://127.0.0.1:1"])
def test_a_scheduler_that_is_not_there_is_one_line_within_seconds(address, monkeypatch):
    monkeypatch.setattr("zevatron.core.study.cluster.CONNECT", 2.0)
    started = time.monotonic()
    with pytest.raises(InputError, match=f"no Dask scheduler answers at {address}"):
        jobs_on_scheduler(address)
    assert time.monotonic() - started < 20


def write_cluster(path, **changes):
    entries = {"system": '"slurm"', "jobs": "1"} | changes
    options = entries.pop("options", 'cores = 1\nmemory = "1GB"\ninterface = "lo"\nqueue = "short"')
    path.write_text("\n".join(f"{key} = {value}" for key, value in entries.items()) + f"\n[options]\n{options}\n")
    return path


SBATCH = """#!/bin/sh
cp "$1" "{folder}/script.sh"
sh "$1" >>"{folder}/log.txt" 2>&1 &
echo $! >>"{folder}/pids"
echo "Submitted batch job $!"
"""


@pytest.mark.slow
def test_jobs_of_a_queue_do_the_cells(caches, tmp_path, monkeypatch):
    pytest.importorskip("dask_jobqueue")
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, text in (("sbatch", SBATCH.format(folder=tmp_path)), ("scancel", "#!/bin/sh\nexit 0\n")):
        (commands / name).write_text(text)
        (commands / name).chmod((commands / name).stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    path = write_cluster(tmp_path / "cluster.toml")
    study = tiny_study()
    try:
        outcome = run_study(study, tmp_path / "far", do_jobs=jobs_in_queue(path))
        assert len(outcome["done"]) == 2
        script = (tmp_path / "script.sh").read_text()
        assert "#SBATCH -p short" in script and script.rindex("--nthreads 1") > 0
    finally:
        for pid in (tmp_path / "pids").read_text().split():
            with contextlib.suppress(OSError):
                os.kill(int(pid), signal.SIGKILL)
    run_study(study, tmp_path / "near")
    assert results(tmp_path / "far") == results(tmp_path / "near")


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"system": '"cray"'}, UnknownNameError, "unknown system 'cray'; known: slurm, pbs"),
        ({"jobs": "0"}, ConfigError, "jobs: expected a whole number of at least 1"),
        ({"options": "cores = 1"}, ConfigError, "options: expected a table with at least cores and memory"),
        ({"job": "2"}, ConfigError, "job: no such entry"),
    ],
)
def test_descriptions_of_a_queue_without_sense_are_refused(tmp_path, changes, error, words):
    with pytest.raises(error, match=words):
        read_cluster(write_cluster(tmp_path / "cluster.toml", **changes))


def test_a_queue_that_is_not_there_is_said_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="no command qsub here"):
        jobs_in_queue(write_cluster(tmp_path / "cluster.toml", system='"pbs"'))


def test_dask_that_is_not_installed_is_said_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"Dask distributed, which is not installed; install it with: pip install"):
        jobs_on_scheduler("tcp://127.0.0.1:1")


def test_one_module_alone_loads_dask():
    found = {path.name for path in (ROOT / "core").rglob("*.py") if "import distributed" in (text := path.read_text()) or "from distributed" in text}
    assert found == {"cluster.py"}


@pytest.mark.parametrize("text", ["GPU=many", "GPU=0", "=1", "GPU=-1"])
def test_resources_without_sense_are_refused(text):
    with pytest.raises(InputError, match="such as GPU=1"):
        parse_resource(text)


def test_resources_of_workers():
    assert parse_resource("GPU=1") == parse_resource("GPU") == {"GPU": 1.0}
