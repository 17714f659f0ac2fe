"""The folder of one search: what command line, window and the process that searches share.

================  ================================================================
``search.toml``   the plan, its base run in full
``journal.log``   Optuna's storage: every trial, what was proposed and what came out
``trials.csv``    the same as a table, for people and for the window
``state.json``    :class:`SearchState`, replaced as a whole
``trials/``       the run folder of each training, named by the digest of its run
``log.txt``       what the process of the window wrote on standard error
================  ================================================================

A run that is proposed twice is trained once. What a kill has left behind goes on where it was.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import DamagedFileError, InputError
from ..settings import value_text
from ..storage.files import claim_folder, write_text
from ..storage.tables import read_table, write_table
from ..training import lock
from ..training.state_file import ProcessState, WorkFolder, read_state
from .plan import OBJECTIVES, read_search, search_toml, value_of_text, with_free

MEASURES = ("val_loss", "val_accuracy", "val_auc", "val_eta")
VERDICT = ("eta_min", "eta_low", "eta_high", "eta_limit")
NUMBERS = ("value", "best_epoch", *MEASURES, "seconds", *VERDICT)
ALIVE = "running"


@dataclass(frozen=True)
class SearchState(ProcessState):
    """How far a search is; ``state`` is ``queued``, ``running``, ``stopped``, ``done`` or ``failed``.

    Attributes
    ----------
    done, total : int
        Trials that are over, and all.
    trial : int
        Number of the one under way, 0 for none.
    stage : str
        What is being done.
    fraction : float
        Share of that stage, 0 to 1.
    """

    done: int = 0
    total: int = 0
    trial: int = 0
    stage: str = ""
    fraction: float = 0.0


@dataclass(frozen=True)
class Trial:
    """One training of a search.

    Attributes
    ----------
    number : int
        From 1.
    state : str
        ``waiting``, ``running``, ``interrupted``, ``done``, ``pruned`` or ``failed``.
    values : dict
        Of the parameters, by setting.
    folder : str
        Name of the run folder in ``trials/``; empty before it is made.
    reason : str
        Why it failed.
    numbers : dict
        The columns :data:`NUMBERS`; None for what is not known.
    """

    number: int
    state: str
    values: dict
    folder: str = ""
    reason: str = ""
    numbers: dict = field(default_factory=dict)

    @property
    def is_over(self):
        """Whether nothing more will come of it."""
        return self.state in ("done", "pruned", "failed")

    @property
    def value(self):
        """What the search makes small or large, or None."""
        return self.numbers.get("value")


class SearchFolder(WorkFolder):
    """One search on disk; reading it never disturbs the process that searches, and needs no Optuna.

    Parameters
    ----------
    path : Path
        A folder made by :meth:`create`.

    Raises
    ------
    InputError
        If there is no search in it.
    """

    def __init__(self, path):
        super().__init__(path)
        if not self.plan_path.is_file():
            raise InputError(f"{self.path} is not the folder of a search: it has no search.toml")

    plan_path = property(lambda self: self.path / "search.toml")
    journal_path = property(lambda self: self.path / "journal.log")
    table_path = property(lambda self: self.path / "trials.csv")
    runs_path = property(lambda self: self.path / "trials")

    @classmethod
    def create(cls, path, plan):
        """Make the folder of a search, or open one of the same search.

        Parameters
        ----------
        path : Path
            New or empty, or a folder whose plan differs at most in the number of trials and of judged ones, which then change.
        plan : SearchPlan

        Raises
        ------
        InputError
            If it cannot be made or holds something else.
        """
        path = Path(path)
        if (path / "search.toml").is_file():
            known = cls(path).plan
            if known.digest != plan.digest:
                raise InputError(f"{path} holds another search; choose a new folder")
            plan = with_free(known, plan)
        else:
            claim_folder(path)
        write_text(path / "search.toml", search_toml(plan))
        return cls(path)

    @property
    def plan(self):
        """The :class:`.plan.SearchPlan`."""
        return read_search(self.plan_path)

    @property
    def state(self):
        """The :class:`SearchState`; ``stopped`` if the process that should be at work is gone."""
        state = read_state(self.state_path, SearchState, "a search")
        if state.state == ALIVE and not lock.is_held(self.lock_path):
            return replace(state, state="stopped", reason="interrupted")
        return state

    def write_trials(self, plan, trials):
        """Write ``trials.csv``: a line for each :class:`Trial`."""
        write_table(self.table_path, *trial_columns(plan, trials))

    def trials(self):
        """Return every :class:`Trial` that is known, by number; empty before the first.

        Raises
        ------
        InputError
            If ``trials.csv`` is not such a table.
        """
        if not self.table_path.exists():
            return ()
        table = read_table(self.table_path)
        table.require("trial", "state", "folder", "reason", *NUMBERS)
        settings = [name for name in table.columns if "." in name]
        try:
            return tuple(_trial(dict(zip(table.columns, row, strict=True)), settings) for row in zip(*table.columns.values(), strict=True))
        except ValueError as error:
            raise DamagedFileError(f"{self.table_path}: expected numbers ({error}); search on to make it again") from None


def trial_columns(plan, trials):
    """Return the columns of ``trials.csv`` and the comments above them, as :func:`~..tables.write_table` takes them."""
    columns = {"trial": [trial.number for trial in trials], "state": [trial.state for trial in trials]}
    columns |= {path: [value_text(trial.values.get(path)) for trial in trials] for path in plan.parameters}
    columns |= {name: [trial.numbers.get(name) for trial in trials] for name in NUMBERS}
    columns |= {"folder": [trial.folder for trial in trials], "reason": [trial.reason for trial in trials]}
    return columns, [
        f"search for the {'smallest' if OBJECTIVES[plan.objective] else 'largest'} {plan.objective} (column value) on validation "
        "skies, at the epoch of best accuracy; eta_*: verdict on test skies",
        f"digest of the search {plan.digest}, of its base run {plan.base.digest}, seed {plan.base.seed}",
    ]


def _trial(row, settings):
    return Trial(
        int(row["trial"]), row["state"], {name: value_of_text(row[name]) for name in settings if row[name]}, row["folder"], row["reason"],
        {name: float(row[name]) if row[name] else None for name in NUMBERS},
    )


def best_first(trials, objective):
    """Return the trials that have a value and were not ended early, the best first; of equals the earlier one."""
    sign = 1 if OBJECTIVES[objective] else -1
    judged = [trial for trial in trials if trial.state == "done" and trial.value is not None]
    return sorted(judged, key=lambda trial: (sign * trial.value, trial.number))
