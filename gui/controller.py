"""Between the question and the answer: sees what has changed, asks the engine, hands on what comes back."""

import logging

from PySide6.QtCore import QObject, QTimer, Signal

from ..core.errors import ZevatronError
from ..core.sources import known_sources, selected_sources
from .background.jobs import CANCELLED
from .state.answers import Answers, alone, density_key, wanted_numbers
from .state.skies import SkyTester, mock_sky

LOG = logging.getLogger(__name__)
EDIT_PAUSE = 250  # ms without a further edit before the expected density is computed anew
TEST_PAUSE = 300  # ms before a sky is tested, which takes longer than drawing the next one: not while a slider is moved
LIMIT_PAUSE = 400  # ms before a limit for another N is begun


def one_limit(config, density, n_events, progress):
    """Judge the likelihood ratio of the density on screen, across halves of the rays if the run says so."""
    from ..core.statistics import limit_verdict

    if not config.sky.halves:
        return limit_verdict(config, density, density, n_events, progress=progress)
    from ..core.study import template_pairs

    (template, drawn), = template_pairs(alone(config, density.name), progress=progress)
    return limit_verdict(config, template, drawn, n_events, progress=progress)


class Controller(QObject):
    """Keeps densities, mock sky and limits up to date with the draft.

    Parameters
    ----------
    draft : Draft
        Of the :class:`~zevatron.core.config.RunConfig`.
    view : Draft
        Of the :class:`~.state.view.Choices`.
    jobs : Jobs

    Attributes
    ----------
    density_changed : Signal()
        Another :attr:`density` is shown, or none.
    computing : Signal()
        The densities of another run are being computed.
    sky_changed : Signal()
        Another :attr:`sky`.
    test_changed : Signal()
        Another :attr:`sky_test`.
    answers_changed : Signal()
        More or other verdicts.
    failed : Signal(str)
        Something could not be computed; for the message bar.
    """

    density_changed = Signal()
    computing = Signal()
    sky_changed = Signal()
    test_changed = Signal()
    answers_changed = Signal()
    failed = Signal(str)

    def __init__(self, draft, view, jobs, parent=None):
        super().__init__(parent)
        self.draft, self.view, self.jobs = draft, view, jobs
        self.answers = Answers()
        self.densities, self._densities_key = (), None
        self.sky = self.sky_test = None
        self._tester = SkyTester()
        self._density_job = None
        self._limit_job = self._limit_wanted = None
        self._limit_failures = set()  # what failed is not tried again before it is asked for, and holds up nothing else
        self._was_left = False  # whether the run went on to be another one since its densities came
        self._edit_timer = QTimer(self, singleShot=True, interval=EDIT_PAUSE)
        self._edit_timer.timeout.connect(self.compute_densities)
        self._limit_timer = QTimer(self, singleShot=True, interval=LIMIT_PAUSE)
        self._limit_timer.timeout.connect(self._next_limit)
        self._test_timer = QTimer(self, singleShot=True, interval=TEST_PAUSE)
        self._test_timer.timeout.connect(self._test_sky)
        jobs.changed.connect(self._job_changed)
        draft.subscribe(self._draft_changed)
        view.subscribe(self._view_changed)

    @property
    def config(self):
        """The run as it can be computed."""
        return self.draft.config

    @property
    def choices(self):
        """What the person at the window wants to see."""
        return self.view.config

    @property
    def is_current(self):
        """Whether the densities belong to the run as it is now."""
        return self._densities_key == density_key(self.config)

    @property
    def density(self):
        """The :class:`~zevatron.core.sky_density.SkyDensity` shown, or None."""
        for density in self.densities:
            if density.name == self.choices.source:
                return density
        return self.densities[0] if self.densities else None

    @property
    def source_name(self):
        """Name of the density shown, or of the one that will be."""
        if self.density is not None:
            return self.density.name
        try:
            return selected_sources(self.config.sources)[0].name
        except ZevatronError:
            return self.config.sources.names[0]

    @property
    def is_working(self):
        """Whether a density or a limit is being computed or about to be."""
        is_limiting = self._limit_timer.isActive() or (self._limit_job is not None and not self._limit_job.is_over)
        return self._is_asking() or is_limiting

    def sources(self):
        """Return all known sources and the names of those chosen."""
        return known_sources(self.config.sources), {source.name for source in selected_sources(self.config.sources)}

    def _draft_changed(self, paths):
        if not self.is_current:
            self._was_left = True
            self._edit_timer.start()
            self.answers_changed.emit()
        elif self._was_left:
            self._take_back()
        elif any(path.startswith(("events.", "test.", "seed")) for path in paths):
            self._limit_timer.start()
            self.answers_changed.emit()

    def _is_asking(self):
        """Whether other densities than those that are there are being computed or about to be."""
        return self._edit_timer.isActive() or (self._density_job is not None and not self._density_job.is_over)

    def _take_back(self):
        """Go on with the run whose densities are there: an edit was undone before its own were, or were given up."""
        self._was_left = False
        self._edit_timer.stop()
        if self._density_job is not None:
            self.jobs.cancel(self._density_job)
        self.draw_sky()
        self._limit_timer.start()
        self.answers_changed.emit()

    def _view_changed(self, names):
        if "source" in names:
            self.density_changed.emit()
        if names & {"n_events", "eta", "sky_seed", "source"}:
            self.draw_sky()
        if names & {"n_events", "source"}:
            self._limit_timer.start()
            self.answers_changed.emit()

    def _job_changed(self, job):
        if job.state == CANCELLED and job in (self._density_job, self._limit_job):
            self.answers_changed.emit()

    def compute_densities(self):
        """Compute the expected densities of the run, unless they are there."""
        self._edit_timer.stop()
        config = self.config
        if self.is_current:
            return

        def work(progress):
            from ..core.sky_density import sky_densities

            return sky_densities(config, progress=progress)

        names = ", ".join(config.sources.names)
        self._stop_limits()
        self._density_job = self.jobs.submit(
            f"Sky of {names}", work, lane="sky", key="density",
            on_done=lambda densities: self._densities_ready(config, densities),
            on_failed=lambda error: self._densities_failed(config, error),
        )
        self.computing.emit()
        self.answers_changed.emit()

    def _densities_ready(self, config, densities):
        if density_key(config) != density_key(self.config):
            return
        self.densities, self._densities_key, self._was_left = tuple(densities), density_key(config), False
        self.density_changed.emit()
        self.answers_changed.emit()
        self.draw_sky()
        self._next_limit()

    def _densities_failed(self, config, error):
        if density_key(config) != density_key(self.config):
            return
        self.densities, self._densities_key, self.sky, self.sky_test = (), density_key(config), None, None
        self._was_left = False
        self.density_changed.emit()
        self.sky_changed.emit()
        self.test_changed.emit()
        self.answers_changed.emit()
        self.failed.emit(str(error) or type(error).__name__)

    def compute_again(self):
        """Compute what was stopped or has failed."""
        self._limit_failures.clear()
        if not self.is_current or not self.densities:
            self._densities_key = None
            self.compute_densities()
        else:
            self.draw_sky()
            self._next_limit()

    def draw_sky(self):
        """Draw the mock sky of the choices, then test it."""
        density, choices, config = self.density, self.choices, self.config
        if density is None:
            return
        self.jobs.submit(
            "Mock sky", lambda progress: mock_sky(config, density, choices.n_events, choices.eta, choices.sky_seed),
            lane="mock", key="mock", quiet=True, finish=True, on_done=self._sky_ready,
        )

    def _sky_ready(self, sky):
        if sky.density is not self.density:
            return
        self.sky, self.sky_test = sky, None
        self.sky_changed.emit()
        self.test_changed.emit()
        self._test_timer.start()

    def _test_sky(self):
        sky, seed = self.sky, self.config.seed
        if sky is not None:
            self.jobs.submit(
                "Test of this sky", lambda progress: self._tester(sky, seed, progress),
                lane="test", key="test", quiet=True, on_done=lambda sky_test: self._test_ready(sky, sky_test),
            )

    def _test_ready(self, sky, sky_test):
        if sky is not self.sky:
            return
        self.sky_test = sky_test
        self.test_changed.emit()

    def new_sky(self):
        """Draw the next mock sky."""
        self.view.set("sky_seed", self.choices.sky_seed + 1)

    def missing_limits(self):
        """Return ``(density, n_events)`` for which no limit is known: what is on screen first."""
        if not self.is_current:
            return []
        numbers = wanted_numbers(self.config, self.choices.n_events)
        shown = [self.density] if self.density is not None else []
        order = [*shown, *(density for density in self.densities if density is not self.density)]
        self.answers.keep_at_least(len(order) * len(numbers))
        return [
            (density, n) for density in order for n in numbers if self.answers.limit(self.config, density.name, n) is None
        ]

    def _stop_limits(self):
        self._limit_timer.stop()
        if self._limit_job is not None:
            self.jobs.cancel(self._limit_job)
            self._limit_job = None

    def _next_limit(self):
        """Begin the most wanted limit; what is running and still as wanted goes on."""
        config, missing = self.config, self.missing_limits()
        possible = [
            (wanted, density, n) for density, n in missing
            if (wanted := (density.digest, n, config.test, config.seed)) not in self._limit_failures
        ]
        if not possible:
            self._stop_limits()
            return
        wanted, density, n_events = possible[0]
        known = len(self.densities) * len(wanted_numbers(config, self.choices.n_events))
        if self._limit_job is not None and not self._limit_job.is_over and wanted == self._limit_wanted:
            return

        def work(progress):
            return one_limit(config, density, n_events, progress)

        number = known - len(missing) + 1
        self._limit_job = self.jobs.submit(
            f"Limit for {density.name}, N = {n_events} ({number} of {known})", work, lane="limit", key="limit",
            on_done=lambda verdict: self._limit_ready(config, verdict),
            on_failed=lambda error: self._limit_failed(wanted, error),
        )
        self._limit_wanted = wanted

    def _limit_ready(self, config, verdict):
        self.answers.add_limit(config, verdict)
        self._limit_job = None
        self.answers_changed.emit()
        self._next_limit()

    def compute_information(self, statistics=None):
        """Ask what the limit on screen owes to energies, positions and the field.

        Parameters
        ----------
        statistics : sequence of str, optional
            Only these, see :func:`~zevatron.core.information.information_verdicts`.
        """
        config, source, n_events = alone(self.config, self.source_name), self.source_name, self.choices.n_events
        limit = self.answers.limit(self.config, source, n_events)
        if limit is None:
            return

        def work(progress):
            from ..core.information import information_verdicts

            return information_verdicts(config, [limit], statistics=statistics, progress=progress)

        def keep(verdicts):
            self.answers.add_information(config, verdicts)
            self.answers_changed.emit()

        self.jobs.submit(f"What the limit for {source}, N = {n_events} rests on", work, lane="information", on_done=keep)

    def _limit_failed(self, wanted, error):
        self._limit_failures.add(wanted)
        self._limit_job = None
        self.failed.emit(f"The limit could not be computed: {error}")
        self.answers_changed.emit()
        self._next_limit()
