"""A process that behaves like a training, without Keras: it holds the lock, obeys, writes its folder and tells of it."""

import functools
import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAUSE = 0.04  # seconds of one batch
BATCHES = 2


def command(folder, root=ROOT):
    """Command line that trains a folder."""
    return [sys.executable, str(Path(__file__).resolve()), str(folder), str(root)]


def use_instead(monkeypatch):
    """Let the window start this process in place of the real one; returns the folders it was started for, in order."""
    from zevatron.core.training.process import TrainingProcess
    from zevatron.gui.tasks import training

    started = []

    @functools.wraps(TrainingProcess)
    def make(folder, on_message=None):
        started.append(folder.path.name)
        return TrainingProcess(folder, on_message, command=command(folder.path))

    monkeypatch.setattr(training, "TrainingProcess", make)
    return started


def start(folder):
    """Train a folder from outside of the window."""
    return subprocess.Popen(command(folder), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def main(path, root):
    """Train."""
    sys.path.insert(0, root)
    import main  # noqa: F401

    from zevatron.core.training.run_folder import RunFolder

    folder = RunFolder(path)
    orders = queue.SimpleQueue()
    threading.Thread(target=lambda: [orders.put(json.loads(line)["command"]) for line in sys.stdin] + [orders.put("stop")], daemon=True).start()

    def say(kind, **values):
        print(json.dumps({"type": kind, **values}), flush=True)

    with folder.locked():
        state, epochs = folder.state, folder.config.training.epochs
        state = folder.set_state(state, state="running", reason="", epochs=epochs, pid=os.getpid(), device="CPU, 1 thread", memory=150_000_000)
        say("started", epoch=state.epoch + 1, epochs=epochs, batches=BATCHES)
        for epoch in range(state.epoch + 1, epochs + 1):
            for batch in range(1, BATCHES + 1):
                while not orders.empty() or state.state == "paused":
                    order = orders.get()
                    if order == "stop":
                        folder.set_state(state, state="stopped", reason="stopped by the user")
                        say("stopped", reason="stopped by the user")
                        os._exit(0)
                    state = folder.set_state(state, state="paused" if order == "pause" else "running")
                    say("paused" if order == "pause" else "resumed")
                time.sleep(PAUSE)
                say("batch", epoch=epoch, batch=batch, batches=BATCHES, loss=1 / epoch, accuracy=1 - 0.5 / epoch, maps_per_second=123.0,
                    elapsed=epoch * 0.1, seconds_left=(epochs - epoch) * 0.1, memory=160_000_000)
            row = {"epoch": epoch, "loss": 1 / epoch, "accuracy": 1 - 0.5 / epoch, "val_loss": 1.1 / epoch, "val_accuracy": 1 - 0.6 / epoch,
                   "val_auc": 0.9, "val_eta": 0.5 / epoch, "seconds": 0.1}
            folder.best_path.touch()
            folder.append_history(row)
            state = folder.set_state(state, epoch=epoch, best_epoch=epoch, best_accuracy=row["val_accuracy"], seconds=epoch * 0.1)
            say("epoch", **row, epochs=epochs, best_epoch=epoch, patience_used=0, elapsed=epoch * 0.1, seconds_left=0.0)
        folder.set_state(state, state="done", reason="all epochs done")
        say("done", reason="all epochs done")
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
