"""The training loop: fresh mock skies for every batch, one checkpoint for every epoch.

Each epoch draws from a random stream of its own, so a training that goes on
after a kill sees the same skies as one that was never interrupted.
"""

import gc
import logging
import math
import os
import platform
import time
from dataclasses import replace

import numpy as np

from ..backend import has_accelerator, is_out_of_memory
from ..config import config_from_toml, digest_of
from ..errors import CancelledError, DamagedFileError, TrainingError, one_line
from ..mock_events import CompositeSampler, EventSampler, draw_training_events, random_stream
from ..network import (
    build_network,
    counts_network,
    event_network,
    load_network,
    read_record,
    save_network,
    start_from_template,
)
from ..network.losses import SkyAccuracy, SkyCrossentropy
from ..network.registry import NETWORKS
from ..storage.provenance import run_record
from .control import Control
from .device import card, device_name, resident_memory
from .monitor import validation_measures
from .on_device import SelfFed
from .optimizers import OPTIMIZERS
from .run_folder import HISTORY, RunState, training_digest, write_density
from .skies import training_densities
from .statistic import event_cells, scored

LOG = logging.getLogger(__name__)
REPORT_INTERVAL = 0.25  # seconds between two batch messages
SMALLEST_BATCH = 2
STATE_INTERVAL = 2.0  # seconds between two writes of state.json inside an epoch


def train(folder, *, control=None, report=None):
    """Train the network of a run folder in this process, from the last finished epoch on.

    Parameters
    ----------
    folder : RunFolder
    control : Control, optional
        Pauses or ends it from another thread.
    report : callable, optional
        Receives messages, plain dictionaries with their name in ``type``: ``progress`` (stage, done, total), ``started``
        (epoch, epochs, batches), ``batch`` (epoch, batch, batches, loss and accuracy of the epoch so far,
        maps_per_second, elapsed, seconds_left, memory in bytes), ``epoch`` (the columns of the history, epochs, best_epoch, patience_used,
        elapsed, seconds_left), ``checkpoint`` (epoch, path), ``damaged`` (path, reason: it goes on from the epoch before), ``paused``,
        ``resumed``, ``batch_halved`` (epoch, batch_size,
        batches: memory did not suffice, and the epoch starts again), and at last ``done`` or ``stopped``
        (reason, epoch, best_epoch, best).

    Returns
    -------
    RunState
        ``done``, or ``stopped`` if the control asked for it.

    Raises
    ------
    TrainingError
        If the loss is no longer a number, memory does not suffice for the smallest batch, or the folder cannot be continued.
    """
    report = report or (lambda message: None)
    control = control or Control(report)
    with folder.locked():
        folder.sweep()
        try:
            state = replace(folder.state, epochs=folder.config.training.epochs, reason="")
        except DamagedFileError as error:  # what stands there follows from last.keras
            LOG.warning("%s", error)
            state = RunState(epochs=folder.config.training.epochs)
        try:
            state = folder.set_state(
                state, state="preparing", pid=os.getpid(), host=platform.node(), device=device_name(folder.config.training.threads),
            )
            state = Trainer(folder, state, control, report).run()
        except CancelledError:
            state = folder.set_state(folder.state, state="stopped", reason="stopped by the user")
        except Exception as error:
            folder.set_state(folder.state, state="failed", reason=one_line(error))
            raise
    best = str(folder.best_path) if folder.best_path.exists() else None
    report({"type": state.state, "reason": state.reason, "epoch": state.epoch, "best_epoch": state.best_epoch, "best": best})
    return state


class Trainer:
    """One training under way.

    Parameters
    ----------
    folder : RunFolder
        Locked.
    state : RunState
    control : Control
    report : callable
    """

    def __init__(self, folder, state, control, report):
        self.folder, self.state, self.control, self.report = folder, state, control, report
        self.config = folder.config
        self.settings = self.config.training
        self.n_events = self.config.events.n_events[0]
        self.batch_size = self.settings.batch_size
        self._is_sound = True  # last.keras
        self.densities = self._prepared_densities()
        self.density = self.densities[0]
        self.sampler = EventSampler(self.density) if len(self.densities) == 1 else CompositeSampler(self.densities)
        self.rows = []
        self._make_model()
        rng = random_stream(self.config.seed, "validation")
        self.validation, _ = draw_training_events(self.sampler, self.n_events, self.settings.validation_maps, rng)
        self._state_written = self._reported = 0.0

    def run(self):
        """Train until all epochs are done or patience is used up; returns the final state."""
        self._put_right()
        first = len(self.rows) + 1
        self.report({"type": "started", "epoch": first, "epochs": self.settings.epochs, "batches": self.batches})
        while not (reason := self._end()):
            epoch = len(self.rows) + 1
            try:
                row = self._epoch(epoch)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                shortage = error.__class__.__name__
            else:
                self._keep(row)
                continue
            self._halve_batch(epoch, shortage)  # out here, where the error holds on to no array any more
        return self.folder.set_state(self.state, state="done", reason=reason, batch=0)

    @property
    def batches(self):
        """Steps in an epoch."""
        return math.ceil(self.settings.maps_per_epoch / self.batch_size)

    @property
    def best(self):
        """Row of the epoch with the best validation accuracy, the first of equals; None before the first."""
        return max(self.rows, key=lambda row: row["val_accuracy"], default=None)

    @property
    def patience_used(self):
        """Epochs since the best one."""
        return len(self.rows) - self.best["epoch"] if self.rows else 0

    def _end(self):
        if self.patience_used >= self.settings.patience:
            return f"no better validation accuracy for {self.patience_used} epochs"
        return "all epochs done" if len(self.rows) >= self.settings.epochs else ""

    def _prepared_densities(self):
        try:
            densities = self.folder.densities
        except DamagedFileError:
            densities = ()
        if not densities:
            densities = training_densities(self.config, self.control)
            write_density(self.folder.density_path, self.config, *densities)
        return densities

    @property
    def _digest(self):
        """Digest of what the skies are drawn from."""
        return self.density.digest if len(self.densities) == 1 else digest_of([density.digest for density in self.densities])

    def _make_model(self):
        self.model = self._restored() or self._fresh()
        self.network = counts_network(self.model)
        is_fed = has_accelerator() and not any(density.parts for density in self.densities)  # unknown shares are drawn on the processor
        self.fed = SelfFed(self.model, self.densities, self.n_events) if is_fed else None

    def _halve_batch(self, epoch, shortage):
        """Start the epoch again with half as many skies in a step."""
        if self.batch_size // 2 < SMALLEST_BATCH:
            raise TrainingError(
                f"memory does not suffice for {self.batch_size} skies in one step ({shortage}); lower network.filters or sky.nside"
            )
        LOG.warning("memory does not suffice for %d skies in one step (%s); going on with %d", self.batch_size, shortage, self.batch_size // 2)
        self.batch_size //= 2
        self.model = self.network = self.fed = None  # the step may have spoilt the weights
        gc.collect()
        self._make_model()
        self._update("running", batch=0)
        self.report({"type": "batch_halved", "epoch": epoch, "batch_size": self.batch_size, "batches": self.batches})

    def _fresh(self):
        network = build_network(
            self.config.network.kind, self.density.nside, self.density.n_bins, self.config.network.filter_count, self.config.seed,
            self.settings.precision, self.config.network.dense_units,
        )
        if self.config.network.start == "template":
            start_from_template(self.config.network.kind, network, self.density)
        model = event_network(network)
        model.compile(
            optimizer=OPTIMIZERS[NETWORKS[self.config.network.kind].optimizer](self.settings.learning_rate),
            loss=SkyCrossentropy(), metrics=[SkyAccuracy()],
        )
        return model

    def _restored(self):
        """Return the model after the last finished epoch, or None if there was none."""
        model, record = self._checkpoint()
        if model is None:
            return None
        same = "run" in record and training_digest(config_from_toml(record["run"]["config"])) == training_digest(self.config)
        if not same or record["density"] != self._digest:
            raise TrainingError(f"{self.folder.last_path} belongs to another training; choose a new folder")
        self.rows = record["history"]
        self.batch_size = min(self.batch_size, record.get("batch_size", self.batch_size))
        return model

    def _checkpoint(self):
        """Return model and record of the last finished epoch, of the one before if its file is damaged, None and None if there is none."""
        for path in (self.folder.last_path, self.folder.previous_path):
            if path.exists():
                try:
                    read_record(path)  # of the file as such; what Keras cannot read may be of another version, and is not trained anew
                except DamagedFileError as error:
                    self._is_sound = False
                    LOG.warning("%s; going on from the epoch before", error)
                    self.report({"type": "damaged", "path": str(path), "reason": str(error)})
                    continue
                return load_network(path, training=True)
        return None, None

    def _put_right(self):
        """Bring what a kill may have left behind in line with ``last.keras``."""
        self.folder.write_history(self.rows)
        if self.rows and self.patience_used == 0:
            save_network(self.folder.best_path, self.network, self._record())
        self._update("running", batch=0)

    def _epoch(self, epoch):
        """Train one epoch and measure it; returns its row of the history."""
        rng = random_stream(self.config.seed, "training", epoch)
        if self.fed:
            self.fed.reseed(rng)
        started, rested = time.monotonic(), 0.0
        sums = dict.fromkeys(("loss", "accuracy"), 0.0)
        for batch in range(1, self.batches + 1):
            rested += self._rest()
            found = self._step(rng)
            if not np.isfinite(found["loss"]):
                raise TrainingError(
                    f"the loss is no longer a number in epoch {epoch}, batch {batch}; lower training.learning_rate "
                    f"({self.settings.learning_rate:g})"
                )
            sums = {name: total + float(found[name]) for name, total in sums.items()}
            means = {name: total / batch for name, total in sums.items()}
            self._batch_done(epoch, batch, means, time.monotonic() - started - rested)
        scores = scored(self.model, self.validation, self.batch_size, self._validation_step)
        measures = validation_measures(scores, self.validation, self.config.test)
        return {"epoch": epoch, **means, **measures, "seconds": round(time.monotonic() - started - rested, 3)}

    def _step(self, rng):
        """Draw one batch and train on it; returns its loss and accuracy."""
        if self.fed:
            return self.fed.step(self.batch_size)
        events, labels = draw_training_events(self.sampler, self.n_events, self.batch_size, rng)
        return self.model.train_on_batch(event_cells(events), labels[:, None], return_dict=True)

    def _rest(self):
        """Obey pause and stop; returns the seconds rested."""
        if not self.control.is_paused:
            self.control.check_cancelled()
            return 0.0
        started = time.monotonic()
        self._update("paused")
        self.report({"type": "paused"})
        self.control.wait()
        self._update("running")
        self.report({"type": "resumed"})
        return time.monotonic() - started

    def _batch_done(self, epoch, batch, means, seconds):
        now = time.monotonic()
        if now - self._state_written >= STATE_INTERVAL:
            self._update("running", batch=batch)
        if batch < self.batches and now - self._reported < REPORT_INTERVAL:
            return
        self._reported = now
        self.report({
            "type": "batch", "epoch": epoch, "batch": batch, "batches": self.batches,
            **means,
            "maps_per_second": batch * self.batch_size / max(seconds, 1e-9),
            "elapsed": self._elapsed() + seconds, "seconds_left": self._seconds_left(batch, seconds), "memory": resident_memory(),
        })

    def _validation_step(self, done, total):
        self.control.check_cancelled()
        if time.monotonic() - self._reported >= REPORT_INTERVAL:
            self._reported = time.monotonic()
            self.report({"type": "progress", "stage": "validation", "done": done, "total": total})

    def _keep(self, row):
        """Write checkpoint, best network, history and state of a finished epoch, in this order."""
        self.rows.append(row)
        if self.folder.last_path.exists() and self._is_sound:
            os.replace(self.folder.last_path, self.folder.previous_path)
        save_network(self.folder.last_path, self.model, self._record())
        self._is_sound = True
        if self.patience_used == 0:
            self.folder.result_path.unlink(missing_ok=True)  # it is about another network, whatever the clock says
            save_network(self.folder.best_path, self.network, self._record())
        self.folder.append_history(row)
        self._update("running", batch=0, **self._card_memory())
        self.report({
            "type": "epoch", **_finite(row), "epochs": self.settings.epochs, "best_epoch": self.best["epoch"],
            "patience_used": self.patience_used, "elapsed": self._elapsed(), "seconds_left": self._seconds_left(0, 0.0),
        })
        self.report({"type": "checkpoint", "epoch": row["epoch"], "path": str(self.folder.last_path)})

    def _update(self, state, **changes):
        best = self.best or {"epoch": 0, "val_accuracy": 0.0}
        self.state = self.folder.set_state(
            self.state, state=state, epoch=len(self.rows), best_epoch=best["epoch"], best_accuracy=best["val_accuracy"],
            seconds=self._elapsed(), batches=self.batches, batch_size=self.batch_size, memory=resident_memory(), **changes,
        )
        self._state_written = time.monotonic()

    @staticmethod
    def _card_memory():
        """Memory of the graphics card as the driver tells it; nothing without one."""
        found = card() if has_accelerator() else None
        return {} if found is None else {"device_memory": found[1], "device_memory_total": found[2]}

    def _record(self):
        return {
            "kind": self.config.network.kind, "source": " | ".join(density.name for density in self.densities), "n_events": self.n_events,
            "nside": self.density.nside, "n_bins": self.density.n_bins, "filters": self.config.network.filter_count,
            "density": self._digest, "batch_size": self.batch_size, "epoch": len(self.rows), "history": self.rows, "run": run_record(self.config),
        }

    def _elapsed(self):
        return sum(row["seconds"] for row in self.rows)

    def _seconds_left(self, batch, seconds):
        """Estimate for all epochs that may follow, from the last epochs or from the batches of the first."""
        epochs_left = self.settings.epochs - len(self.rows)
        pace = np.median([row["seconds"] for row in self.rows[-5:]]) if self.rows else seconds / batch * self.batches
        return max(float(pace) * epochs_left - seconds, 0.0)


def _finite(row):
    """Row of the history with None for what does not exist, as JSON knows no nan."""
    return {name: row[name] if math.isfinite(row[name]) else None for name in HISTORY}
