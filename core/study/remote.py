"""What a Dask worker runs. It is sent there as it stands here, so that a worker needs no package: nothing of ours is imported."""


def do_remotely(order):
    """Do a cell in a process of its own and return what became of it, a dictionary as of ``core.study.worker``.

    The worker stays responsive, a cell that crashes takes no worker along, and when the worker dies the end of the standard input
    tells the process of the cell to end, too.

    Parameters
    ----------
    order : dict
        ``main``: path of ``main.py``, and what ``core.study.worker`` reads.
    """
    import importlib.util
    import json
    import os
    import platform
    import subprocess
    import sys

    main = order["main"]
    if not os.path.isfile(main):
        try:
            main = importlib.util.find_spec("zevatron.main").origin
        except (ImportError, AttributeError, ValueError):
            reason = f"finds neither {main} nor an installed zevatron; put it on the shared file system or install it there"
            return {"state": "unfit", "reason": f"the worker on {platform.node()} {reason}"}
    process = subprocess.Popen([sys.executable, main, "study-worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        try:
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        except BaseException:
            process.kill()
            raise
        process.stdin.close()
    try:
        return json.loads(answer)
    except ValueError:
        code = process.returncode
        cause = f"was killed by signal {-code} (out of memory?)" if code < 0 else f"ended with exit code {code}"
        return {"state": "died", "reason": f"the process of the cell on {platform.node()} {cause}"}
