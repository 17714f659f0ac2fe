"""What is being edited: the run, or the choices of what to show.

What the user typed and what can be computed are two things: :attr:`Draft.config`
is always valid and is what the engine sees, while entries that are not allowed wait
beside it with their error until they are put right.
"""

import itertools
import time

from ...core.config import settings_of, value_at, with_values
from ...core.errors import ZevatronError
from .observable import Observable

MERGE_SECONDS = 1.0  # one drag of a slider is one step of the history
HISTORY_LENGTH = 100
_steps = itertools.count(1)  # of all drafts together, so that the last of several can be found


class Draft(Observable):
    """A configuration under the user's hands.

    Parameters
    ----------
    config : Section
        Where editing starts, for example a :class:`~zevatron.core.config.RunConfig`.
    clock : callable, optional
        Seconds, increasing.
    defaults : Section, optional
        What counts as not changed, for example ``RunConfig()``; without it nothing does.
    passing : set of str, optional
        Paths whose edits are no steps of the history, such as what is merely looked at.
    """

    def __init__(self, config, clock=time.monotonic, defaults=None, passing=()):
        super().__init__()
        self.defaults, self._passing = defaults, frozenset(passing)
        self._clock = clock
        self._config = config
        self._saved = self._config
        self.path = None
        self._forget_edits()

    def _forget_edits(self):
        self._pending, self._errors = {}, {}
        self._past, self._future = [], []
        self._end_step()

    @property
    def config(self):
        """The last valid configuration."""
        return self._config

    @property
    def errors(self):
        """Message of every setting that has to be put right, by dotted path."""
        return dict(self._errors)

    @property
    def is_edited(self):
        """Whether something differs from the file it came from."""
        return bool(self._pending) or self._config != self._saved

    @property
    def can_undo(self):
        """Whether there is an earlier state, or an entry that waits to be put right."""
        return bool(self._past or self._pending)

    @property
    def can_redo(self):
        """Whether a step was undone."""
        return bool(self._future)

    @property
    def last_step(self):
        """Number of the last step of the history; the larger, the later."""
        return self._past[-1][0] if self._past else 0

    @property
    def redo_step(self):
        """Number of the step that :meth:`redo` does again; 0 where there is none."""
        return self._future[-1][0] if self._future else 0

    @property
    def undo_paths(self):
        """Paths that :meth:`undo` changes."""
        if self._pending:
            return set(self._pending)
        return changed_paths(self._past[-1][1], self._config) if self._past else set()

    @property
    def redo_paths(self):
        """Paths that :meth:`redo` changes."""
        return changed_paths(self._future[-1][1], self._config) if self._future else set()

    def default(self, path):
        """Return the value that counts as not changed."""
        return value_at(self.defaults, path)

    def is_changed(self, path):
        """Whether what the user sees at a path differs from its default."""
        return self.defaults is not None and self.value(path) != self.default(path)

    def reset(self, paths):
        """Go back to the defaults of several settings, in a step of its own."""
        self._end_step()
        self.set_many({path: self.default(path) for path in paths})
        self._end_step()

    def complaint(self, path, value):
        """Return what :meth:`set` would complain about, or None; changes nothing."""
        for waiting in (self._pending, {}):
            try:
                with_values(self._config, {**waiting, path: value})
            except ZevatronError as error:
                message = message_of(error)
            else:
                return None
        return message

    def value(self, path):
        """Return what the user sees at a dotted path: the entry that waits to be put right, or the valid value."""
        return self._pending[path] if path in self._pending else value_at(self._config, path)

    def set(self, path, value):
        """Change one setting; returns whether it is allowed."""
        return self.set_many({path: value})

    def set_many(self, values):
        """Change several settings together.

        Parameters
        ----------
        values : mapping of str to object
            By dotted path. A table takes the place of all its entries, those that wait to be put right too.

        Returns
        -------
        bool
            Whether all of them are allowed; those that are not wait in :attr:`errors`.
        """
        before, errors_before = self._config, dict(self._errors)
        waiting = {
            path: value for path, value in self._pending.items()
            if path not in values and not path.startswith(tuple(f"{table}." for table in values))
        }
        self._pending, self._errors = {}, {}
        config = self._accept(before, waiting, values)
        if config != before:
            if self._passing.issuperset(values):
                self._pass(values)
            else:
                self._remember(before, frozenset(values))
            self._config = config
        changed = changed_paths(before, config) | set(values) | (set(errors_before) ^ set(self._errors))
        if changed:
            self.notify(*changed)
        return not set(values) & set(self._pending)

    def _accept(self, config, waiting, values):
        """Return ``config`` with as many of the values as can be; the others are kept with their errors.

        What is set now is tried together with what waits, then by itself, at last one by one.
        """
        for together, rest in (({**waiting, **values}, {}), (values, waiting)):
            try:
                return self._one_by_one(with_values(config, together), rest)
            except ZevatronError:
                pass
        return self._one_by_one(config, {**waiting, **values})

    def _one_by_one(self, config, values):
        for path, value in values.items():
            try:
                config = with_values(config, {path: value})
            except ZevatronError as error:
                self._pending[path] = value
                self._errors[path] = message_of(error)
        return config

    def _pass(self, values):
        """Write values into every state of the history, so that no step changes them."""
        for states in (self._past, self._future):
            states[:] = [(number, with_values(config, values)) for number, config in states]

    def _remember(self, config, paths):
        now = self._clock()
        last_paths, last_time = self._last_edit
        if paths != last_paths or now - last_time > MERGE_SECONDS:
            self._past = [*self._past[1 - HISTORY_LENGTH:], (next(_steps), config)]
        self._last_edit, self._future = (paths, now), []

    def replace(self, config):
        """Edit another run in one step that can be undone; it still belongs to the same file."""
        if config != self._config:
            self._end_step()
            self._remember(self._config, frozenset(changed_paths(self._config, config)))
            self._end_step()
        self._change_to(config)

    def undo(self):
        """Go back one step: first the entries that wait to be put right, then the last edit."""
        if self._pending:
            self._change_to(self._config)
        else:
            self._step(self._past, self._future)

    def redo(self):
        """Take back the last :meth:`undo`."""
        self._step(self._future, self._past)

    def _step(self, source, target):
        if not source:
            return
        number, config = source.pop()
        target.append((number, self._config))
        self._end_step()
        self._change_to(config)

    def _end_step(self):
        """Let the next edit be a step of its own."""
        self._last_edit = (None, float("-inf"))

    def forget_undone(self):
        """Let nothing be redone any more."""
        self._future = []

    def load(self, config, path=None, earlier=()):
        """Edit another run, for example one from a file; the history starts anew, or with the runs ``earlier``."""
        self._saved, self.path = config, path
        self._past, self._future = [(next(_steps), run) for run in earlier], []
        self._end_step()
        self._change_to(config)

    def _change_to(self, config):
        changed = changed_paths(self._config, config) | set(self._pending)
        self._pending, self._errors = {}, {}
        self._config = config
        self.notify(*changed)

    def mark_saved(self, path):
        """Note that the valid configuration now stands in the file ``path``."""
        self._saved, self.path = self._config, path
        self.notify()


def changed_paths(before, after):
    """Return the set of dotted paths at which two configurations differ."""
    if before == after:
        return set()
    return {path for path, _ in settings_of(type(before)) if value_at(before, path) != value_at(after, path)}


def message_of(error):
    """Return the message of an error without the path that its field shows anyway."""
    return str(error).removeprefix(f"{error.path}: ") if getattr(error, "path", None) else str(error)
