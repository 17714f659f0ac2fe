"""Keeps the curve of the exposure and its limits on the skies up to date with the run."""

from PySide6.QtCore import QObject, Signal

from ..core.errors import ZevatronError
from ..core.observatory import UNIFORM
from ..core.sources import selected_sources
from .state.exposure import shown_exposure


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
        self._draft, self._jobs, self._asked = draft, jobs, None
        draft.subscribe(lambda paths: self.ask())

    def ask(self):
        """Ask unless it is known."""
        try:
            wanted = self._draft.config.observatory, tuple(selected_sources(self._draft.config.sources))
        except ZevatronError:
            return
        if wanted == self._asked:
            return
        self._asked = wanted
        self.changed.emit(None)
        if wanted[0].exposure != UNIFORM:
            self._jobs.submit(
                "Exposure", lambda progress: shown_exposure(*wanted), lane="exposure", key="exposure", quiet=True,
                on_done=lambda shown: self._ready(wanted, shown), on_failed=lambda error: None,  # the sky says why: it needs the same file
            )

    def _ready(self, wanted, shown):
        if wanted == self._asked:
            self.changed.emit(shown)
