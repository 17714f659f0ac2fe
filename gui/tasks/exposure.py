"""Keeps the curve of the exposure and its limits on the skies up to date with the run."""

from PySide6.QtCore import QObject, Signal

from ...core.errors import ZevatronError
from ...core.observatory import UNIFORM
from ...core.sources import selected_sources
from ..state.exposure import shown_exposure


class Exposure(QObject):
    """Asks for the curve when detector or sources are others.

    Parameters
    ----------
    draft : Draft
    jobs : Jobs

    Attributes
    ----------
    changed : Signal(object)
        The :class:`~.state.exposure.ShownExposure`; None where all of the sky is seen alike, or none can be had.
    """

    changed = Signal(object)

    def __init__(self, draft, jobs, parent=None):
        super().__init__(parent)
        self._draft, self._jobs, self._asked, self._has_failed = draft, jobs, None, False
        draft.subscribe(lambda paths: self.ask())

    def ask(self):
        """Ask unless it is known."""
        try:
            wanted = self._draft.config.observatory, tuple(selected_sources(self._draft.config.sources))
        except ZevatronError:
            return
        if wanted == self._asked:
            return
        self._asked, self._has_failed = wanted, False
        self.changed.emit(None)
        if wanted[0].exposure != UNIFORM:
            self._jobs.submit(
                "Exposure", lambda progress: shown_exposure(*wanted), lane="exposure", key="exposure", quiet=True,
                on_done=lambda shown: self._ready(wanted, shown), on_failed=lambda error: self._failed(wanted),
            )

    def again(self):
        """Ask for what has failed."""
        if self._has_failed:
            self._asked = None
            self.ask()

    def _failed(self, wanted):
        """Remember it; the sky says why, which needs the same file."""
        self._has_failed = self._has_failed or wanted == self._asked

    def _ready(self, wanted, shown):
        if wanted == self._asked:
            self.changed.emit(shown)
