"""Statistics without training that are asked for beside the likelihood ratio: computed one after the other, what is on screen first."""

from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from ...core.statistics.registry import label_of
from ..state.answers import alone, wanted_numbers

PAUSE = 300  # ms after the run or the choice has changed
LIMIT = "likelihood_ratio"


def one_verdict(name, config, density, n_events, progress):
    """Judge a statistic on the density on screen, across halves of the rays if the run says so."""
    from ...core.statistics import verdict
    from ...core.statistics.registry import statistic_named

    template = drawn = density
    if config.sky.halves:
        from ...core.study import template_pairs

        (template, drawn), = template_pairs(alone(config, density.name), progress=progress)
    statistic = statistic_named(name, config, template, n_events, progress=progress)
    return verdict(config, drawn, n_events, statistic, progress=progress)


class FurtherStatistics(QObject):
    """Keeps the verdicts of the chosen statistics up to date with the run.

    Parameters
    ----------
    controller : Controller

    Attributes
    ----------
    failed : Signal(str)
        For the message bar.
    """

    failed = Signal(str)

    def __init__(self, controller, parent=None):
        super().__init__(parent)
        self._controller, self._chosen = controller, []
        self._job = self._wanted = None
        self._failures = set()  # what failed is not tried again before it is asked for, and holds up nothing else
        self._timer = QTimer(self, singleShot=True, interval=PAUSE)
        self._timer.timeout.connect(self._next)
        controller.density_changed.connect(self._timer.start)
        controller.answers_changed.connect(self._timer.start)

    def choose(self, name, on):
        """Ask for a statistic, or for it no more."""
        self._chosen = [known for known in self._chosen if known != name] + ([name] if on else [])
        self._failures.clear()
        self._controller.answers_changed.emit()

    @property
    def chosen(self):
        """Names of the statistics that are asked for."""
        return tuple(self._chosen)

    def missing(self):
        """Return ``(name, density, n_events)`` that are not known, what is on screen first."""
        controller = self._controller
        if not controller.is_current or controller.density is None:
            return []
        config, shown = controller.config, controller.density
        densities = (shown, *(density for density in controller.densities if density is not shown))
        numbers = wanted_numbers(config, controller.choices.n_events)
        return [
            (name, density, n) for density in densities for n in numbers for name in self._chosen
            if controller.answers.method(config, density.name, n, name) is None
        ]

    def _next(self):
        missing, config, wanted = self.missing(), self._controller.config, None
        for name, density, n_events in missing:
            one = name, density.digest, n_events, config.test, config.seed, config.sky.halves
            if one not in self._failures:
                wanted = one
                break
        is_running = self._job is not None and not self._job.is_over
        if is_running and wanted == self._wanted:
            return
        if is_running:
            self._controller.jobs.cancel(self._job)
        if wanted is None:
            return
        self._wanted = wanted
        self._job = self._controller.jobs.submit(
            f"{label_of(name)} for {density.name}, N = {n_events} ({len(missing)} to come)",
            lambda progress: one_verdict(name, config, density, n_events, progress), lane="statistics", key="statistics",
            on_done=lambda verdict: self._ready(config, verdict), on_failed=lambda error: self._failed(wanted, error),
        )

    def _ready(self, config, verdict):
        answers = self._controller.answers
        limit = answers.limit(config, verdict.source, verdict.n_events)
        answers.add_method(config, verdict if limit is None else replace(verdict, eta_limit=limit.eta_min))
        self._controller.answers_changed.emit()

    def _failed(self, wanted, error):
        self._failures.add(wanted)
        self._timer.start()
        self.failed.emit(f"The statistic could not be computed: {error}")
