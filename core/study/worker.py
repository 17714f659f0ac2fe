"""The process of one cell on a worker of a cluster.

It reads its order, a line of JSON, from standard input: ``path``, ``study`` (its folder), ``statistic``, ``run`` (text of the run
file), ``tried`` and ``version``. It answers with one line on standard output: ``state``, and ``rows`` or ``reason``. States are those of
:class:`.cell.Outcome`, ``stopped``, and ``unfit``: this machine cannot do any cell. When the input ends, the worker is gone, and
the cell stops.
"""

import json
import os
import platform
import threading
import time
from dataclasses import asdict
from pathlib import Path

from .. import __version__
from ..backend import prepare_environment
from ..config import config_from_toml
from ..errors import CancelledError, InputError
from ..training.control import Control, heed_signals
from ..training.worker import Channel, obey
from .cell import do_cell
from .tables import TABLE_COLUMNS

GRACE = 3.0  # seconds to stop, after that it is as with a kill, which loses nothing that is finished
PATIENCE = 10.0  # seconds until a file that was made on another machine is surely seen


def main():
    """Do the cell that standard input asks for; returns the exit code."""
    channel, control = Channel(), Control()
    heed_signals(control)
    stream = os.fdopen(os.dup(0), "rb", buffering=0)
    order = json.loads(stream.readline())
    threading.Thread(target=_end_with_input, args=(control, stream), daemon=True).start()
    channel.send(_answer(order, control))
    return 0


def _end_with_input(control, stream):
    obey(control, stream)
    time.sleep(GRACE)
    os._exit(1)


def _answer(order, control):
    here = platform.node()
    if order["version"] != __version__:
        return _unfit(f"the worker on {here} has Zevatron {__version__}, expected {order['version']}; install the same everywhere")
    study = Path(order["study"])
    if not _is_seen(study / "study.toml"):
        return _unfit(f"the worker on {here} does not see {study}; choose a folder on a file system that all workers share")
    config = config_from_toml(order["run"])
    prepare_environment(config.training.threads)
    try:
        outcome = do_cell(Path(order["path"]), order["statistic"], config, tried=order["tried"], progress=control)
    except CancelledError:
        return {"state": "stopped", "reason": f"stopped on {here}"}
    except InputError as error:  # of the folder; errors of the cell are in its outcome
        return _unfit(f"the worker on {here} {error}")
    rows = [{name: row.get(name) for name in TABLE_COLUMNS} for row in outcome.rows]
    return asdict(outcome) | {"rows": rows}


def _unfit(reason):
    return {"state": "unfit", "reason": reason}


def _is_seen(path):
    end = time.monotonic() + PATIENCE
    while not path.is_file():
        if time.monotonic() > end:
            return False
        time.sleep(1.0)
    return True
