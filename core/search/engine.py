"""The search itself: Optuna proposes, the training process trains, the folder remembers.

A search that was interrupted goes on as if it had not been: each proposal has a random stream of its own, and a training that
was under way is finished in its own run folder.
"""

import itertools
import logging
import math
import os
import time

from ..errors import CancelledError, DamagedFileError, InputError, ZevatronError, one_line
from ..progress import SILENT, Progress, StageProgress
from ..settings import value_text
from ..streams import random_stream
from ..study import network_verdicts, read_result, result_document, write_result
from ..training import RunFolder, train_blocking
from .folder import MEASURES, VERDICT, Trial, best_first
from .plan import OBJECTIVES, Choices

LOG = logging.getLogger(__name__)
STATE_INTERVAL = 1.0  # seconds between two writes of state.json
STUDY = "search"
STATES = {"WAITING": "waiting", "RUNNING": "running", "COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}


class _Pruned(CancelledError):
    """The training under way is not worth finishing."""


def run_search(folder, progress=SILENT):
    """Train and judge until the plan is done.

    Parameters
    ----------
    folder : SearchFolder
    progress : Progress, optional

    Returns
    -------
    tuple of Trial
        By number.

    Raises
    ------
    InputError
        If Optuna is not installed, the folder is in use, or no trial could be trained.
    CancelledError
        If it was stopped; the same call goes on.
    """
    optuna = _load_optuna()
    with folder.locked():
        state = folder.set_state(folder.state, state="running", reason="", pid=os.getpid(), trial=0, stage="", fraction=0.0)
        teller = _Teller(progress, folder, state)
        search = None
        try:
            search = _Search(optuna, folder, teller)
            search.run()
        except BaseException as error:
            stopped = isinstance(error, CancelledError | KeyboardInterrupt)
            reason = "stopped by the user" if stopped else one_line(error)
            if search is not None:
                search.write(at_rest=True)
            teller.end("stopped" if stopped else "failed", reason)
            raise
        teller.end("done", "all trials done")
        return search.trials


def _load_optuna():
    try:
        import optuna
    except ImportError:
        raise InputError("a search needs Optuna, which is not installed; install it with: pip install optuna") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


class _Teller(Progress):
    """Passes reports on, the number of the trial before them, and notes them in ``state.json``."""

    def __init__(self, progress, folder, state):
        super().__init__()
        self._progress, self._folder, self._state, self._written = progress, folder, state, 0.0

    def check_cancelled(self):
        """Ask the listener."""
        self._progress.check_cancelled()

    def report(self, stage, done, total, **values):
        """Pass a report on."""
        trial = self._state.trial
        self._progress.report(f"trial {trial} of {self._state.total}: {stage}" if trial else stage, done, total, **values)
        if time.monotonic() - self._written > STATE_INTERVAL:
            self.note(stage=stage, fraction=min(done / total, 1.0) if total else 0.0)

    def note(self, **changes):
        """Write a change of the state."""
        self._written = time.monotonic()
        self._state = self._folder.set_state(self._state, **changes)

    def end(self, state, reason):
        """Write how it ended."""
        self.note(state=state, reason=reason, trial=0, stage="", fraction=0.0)


class _Search:
    def __init__(self, optuna, folder, teller):
        self.optuna, self.folder, self.teller, self.plan = optuna, folder, teller, folder.plan
        self.study = self._opened()
        self.distributions = {path: self._distribution(path, space) for path, space in self.plan.parameters.items()}
        self.meanings = {  # of what Optuna keeps of a choice
            path: {value_text(value): value for value in space.values}
            for path, space in self.plan.parameters.items() if isinstance(space, Choices)
        }
        self.trials = ()

    def _opened(self):
        optuna, path = self.optuna, self.folder.journal_path
        (path.parent / f"{path.name}.lock").unlink(missing_ok=True)  # of a process that was killed: the folder is locked by this one
        if path.exists():
            _drop_half_a_line(path)
        storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
        pruner = optuna.pruners.MedianPruner() if self.plan.pruner == "median" else optuna.pruners.NopPruner()
        direction = "minimize" if OBJECTIVES[self.plan.objective] else "maximize"
        try:
            return optuna.create_study(storage=storage, study_name=STUDY, direction=direction, pruner=pruner, load_if_exists=True)
        except ValueError as error:
            raise DamagedFileError(f"{path} is not a whole journal of Optuna ({error}); delete it to search anew, trainings are kept") from None

    def _distribution(self, path, space):
        kinds = self.optuna.distributions
        if isinstance(space, Choices):
            return kinds.CategoricalDistribution([value_text(value) for value in space.values])
        kind = kinds.IntDistribution if isinstance(space.low, int) else kinds.FloatDistribution
        return kind(space.low, space.high, log=space.log)

    def run(self):
        self._take_up()
        self.teller.note(total=self.plan.total)
        self.write()
        while sum(trial.is_over for trial in self.trials) < self.plan.total:
            self._one_trial()
        best = best_first(self.trials, self.plan.objective)
        if not best:
            raise InputError(f"none of {len(self.trials)} trials gave a network; the first: {self.trials[0].reason or 'ended early'}")
        self._judge(best[: self.plan.judged])

    def _take_up(self):
        """Put trials that a kill has left under way first in the line, then the points of a grid that are not there yet."""
        known = self.study.get_trials(deepcopy=False)
        waiting = {trial.user_attrs["number"] for trial in known if trial.state.name == "WAITING"}
        for trial in [trial for trial in known if trial.state.name == "RUNNING"]:
            number = trial.user_attrs.get("number", self._next_number())
            if number not in waiting and trial.params:
                self._enqueue(number, trial.params)
            self.study.tell(trial.number, state=self.optuna.trial.TrialState.FAIL)
        if self.plan.sampler == "grid":
            there = self._numbers()
            for number, point in enumerate(grid_points(self.plan), 1):
                if number not in there:
                    self._enqueue(number, {path: value_text(value) for path, value in point.items()})

    def _enqueue(self, number, params):
        self.study.enqueue_trial(params, user_attrs={"number": number, "params": params})

    def _numbers(self):
        return {trial.user_attrs["number"] for trial in self.study.get_trials(deepcopy=False) if "number" in trial.user_attrs}

    def _next_number(self):
        return max(self._numbers(), default=0) + 1

    def _sampler(self, number):
        """A sampler with a random stream of the trial: what is proposed does not depend on interruptions."""
        seed = int(random_stream(self.plan.base.seed, "search", number).integers(2**32))
        samplers = self.optuna.samplers
        return samplers.TPESampler(seed=seed) if self.plan.sampler == "tpe" else samplers.RandomSampler(seed=seed)

    def _values(self, params):
        """Return the values of settings that Optuna's parameters stand for."""
        return {path: self.meanings[path][kept] if path in self.meanings else kept for path, kept in params.items()}

    def _one_trial(self):
        following = self._next_number()
        self.study.sampler = self._sampler(following)
        trial = self.study.ask(self.distributions)
        if "number" not in trial.user_attrs:
            trial.set_user_attr("number", following)
        number = trial.user_attrs["number"]
        values = self._values(trial.params)
        self.teller.note(trial=number, stage="", fraction=0.0)
        tell, states = self.study.tell, self.optuna.trial.TrialState
        try:
            config = self.plan.config(values)
            trial.set_user_attr("folder", config.digest)
            self.write()
            path = self.folder.runs_path / config.digest
            train_blocking(config, path, progress=_Watch(self.teller, self, trial, path))
            self._tell_epochs(trial, RunFolder(path))
            self._remember(trial, RunFolder(path))
            tell(trial, self._value(trial))
        except _Pruned:
            self._remember(trial, RunFolder(path))
            tell(trial, state=states.PRUNED)
        except CancelledError:
            raise
        except ZevatronError as error:
            LOG.warning("trial %d failed: %s", number, error)
            trial.set_user_attr("reason", str(error))
            tell(trial, state=states.FAIL)
        self.teller.note(trial=0, stage="", fraction=0.0)
        self.write()

    def _tell_epochs(self, trial, run):
        """Tell Optuna of every epoch that it does not know yet; returns whether there was a new one."""
        history, known = run.history, self.study.get_trials(deepcopy=False)[trial.number].intermediate_values
        fresh = [i for i, epoch in enumerate(history["epoch"]) if int(epoch) not in known]
        for i in fresh:
            if math.isfinite(value := history[self.plan.objective][i]):
                trial.report(float(value), int(history["epoch"][i]))
        return bool(fresh)

    def should_end(self, trial, run):
        """Whether a training is not worth finishing, asked after each of its epochs."""
        return self._tell_epochs(trial, run) and trial.should_prune()

    def _remember(self, trial, run):
        """Keep what the best epoch reached, by validation accuracy as in every training."""
        state, history = run.state, run.history
        place = list(history["epoch"]).index(state.best_epoch)
        found = {name: float(history[name][place]) for name in MEASURES}
        trial.set_user_attr("found", {
            "best_epoch": state.best_epoch, "seconds": state.seconds,
            **{name: value if math.isfinite(value) else None for name, value in found.items()},
        })

    def _value(self, trial):
        """What was reached; the worst there can be where nothing is detected."""
        value = trial.user_attrs["found"][self.plan.objective]
        return math.inf if value is None else value

    def write(self, at_rest=False):
        """Bring ``trials.csv`` and :attr:`trials` up to date; of trials with one number the last counts."""
        found = {}
        for trial in self.study.get_trials(deepcopy=False):
            if (number := trial.user_attrs.get("number")) is not None:
                found[number] = self._described(number, trial, at_rest)
        self.trials = tuple(found[number] for number in sorted(found))
        if self.trials:
            self.folder.write_trials(self.plan, self.trials)
        self.teller.note(done=sum(trial.is_over for trial in self.trials))

    def _described(self, number, trial, at_rest):
        state, attributes = STATES[trial.state.name], trial.user_attrs
        values = self._values(trial.params or attributes.get("params", {}))
        name = attributes.get("folder", "")
        numbers = dict(attributes.get("found", {}))
        if state == "done":
            numbers["value"] = trial.value
            numbers |= self._verdict(name)
        return Trial(
            number, "interrupted" if state == "running" and at_rest else state, values, name, attributes.get("reason", ""), numbers
        )

    def _verdict(self, name):
        """Return the verdict in a run folder as columns; empty where it was not asked for."""
        path = self.folder.runs_path / name / "result.json"
        if not path.is_file():
            return {}
        entry = read_result(path)["results"][0]
        return {column: entry.get(column) for column in VERDICT}

    def _judge(self, best):
        """Measure on test skies what the best networks detect."""
        for place, trial in enumerate(best, 1):
            run = RunFolder(self.folder.runs_path / trial.folder)
            result = run.path / "result.json"
            if not result.is_file():
                stage = StageProgress(self.teller, f"test of trial {trial.number} ({place} of {len(best)})")
                write_result(result, result_document(run.config, network_verdicts(run.config, run.best_path, stage)))
            self.write()


class _Watch(Progress):
    """Passes the reports of a training on and looks after each epoch whether it is worth going on."""

    def __init__(self, progress, search, trial, path):
        super().__init__()
        self._progress, self._search, self._trial, self._path = progress, search, trial, path

    def check_cancelled(self):
        """Ask the listener."""
        self._progress.check_cancelled()

    def report(self, stage, done, total, **values):
        """Pass a report on; one with validation measures is that of a finished epoch."""
        self._progress.report(stage, done, total, **values)
        if "val_loss" in values and self._search.should_end(self._trial, RunFolder(self._path)):
            raise _Pruned


def grid_points(plan):
    """Yield ``{setting: value}`` of every combination of a grid, the last parameter changing fastest."""
    for values in itertools.product(*(space.values for space in plan.parameters.values())):
        yield dict(zip(plan.parameters, values, strict=True))


def _drop_half_a_line(path):
    """Cut off what a kill has left of a line."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with open(path, "rb+") as stream:
            stream.truncate(whole)
