"""Undo and redo over what is edited in several places: the run, and what is shown of it."""

from ...core.config import settings_of


class History:
    """The steps of several drafts in the order in which they were made.

    Parameters
    ----------
    drafts : sequence of Draft
    """

    def __init__(self, *drafts):
        self._drafts = drafts
        for draft in drafts:
            draft.subscribe(lambda paths, draft=draft: self._forget(draft))
        self._last = 0

    def _forget(self, edited):
        """After a new edit of one draft nothing undone in another one comes back."""
        if edited.last_step > self._last:
            self._last = edited.last_step
            for draft in self._drafts:
                draft.forget_undone()

    @property
    def _to_undo(self):
        able = (draft for draft in self._drafts if draft.can_undo)
        return max(able, key=lambda draft: (bool(draft.errors), draft.last_step), default=None)

    @property
    def _to_redo(self):
        return min((draft for draft in self._drafts if draft.can_redo), key=lambda draft: draft.redo_step, default=None)

    def undo(self):
        """Take back the last step, wherever it was made."""
        if (draft := self._to_undo) is not None:
            draft.undo()

    def redo(self):
        """Do again what was undone last."""
        if (draft := self._to_redo) is not None:
            draft.redo()

    @property
    def undo_text(self):
        """What would be undone, or None."""
        return None if (draft := self._to_undo) is None else step_text(draft, draft.undo_paths)

    @property
    def redo_text(self):
        """What would be redone, or None."""
        return None if (draft := self._to_redo) is None else step_text(draft, draft.redo_paths)


def step_text(draft, paths):
    """Say in a word what a step changes: the label of its setting, or how many settings."""
    labels = {path: spec.metadata["label"] for path, spec in settings_of(type(draft.config))}
    named = [labels[path] for path in labels if path in paths or any(known.startswith(f"{path}.") for known in paths)]
    return named[0] if len(named) == 1 else f"{len(named)} settings"
