"""The work in progress at the bottom: one line for the most important job, the others and the log behind buttons."""

import time

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ..core.progress import format_duration
from .jobs import RUNNING, Job
from .plots.numbers import significant
from .widgets import Elided, button, clear_layout, column, label, progress_line, separator

HEIGHT = 44
PATIENCE = 0.3  # s that a job takes before it is listed: what is over sooner would only flicker


class JobRow(QWidget):
    """One job: title, bar, words, buttons. Bar and words follow :meth:`show_progress`."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.title = Elided()
        self.bar, self.words = progress_line()
        self.bar.setFixedWidth(220)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self.title)
        layout.addWidget(self.bar)
        layout.addWidget(self.words, 1)
        layout.addLayout(self.buttons)
        self._actions = {}

    def show_progress(self, title, fraction, words):
        """Show title, share done (None: unknown) and words."""
        self.title.setText(title)
        self.title.setMinimumWidth(min(self.title.sizeHint().width(), 320))
        self.bar.show_share(fraction)
        self.words.setText(words)

    def show_actions(self, actions):
        """Show buttons for ``(text, function)``; made anew only if the texts differ, though they may be those of another training."""
        before, self._actions = self._actions, dict(actions)
        if [*self._actions] == [*before]:
            return
        clear_layout(self.buttons)
        for text in self._actions:
            self.buttons.addWidget(button(text, on_click=lambda text=text: self._actions[text]()))


def words_for(job):
    """Return stage, numbers and time left of a job."""
    if job.state != RUNNING:
        return "waiting"
    parts = [job.report.stage] if job.report.stage else []
    parts += [f"{name.replace('_', ' ')} {significant(value)}" for name, value in job.report.values.items()
              if isinstance(value, (int, float))]
    if (left := job.seconds_left) is not None and left >= 1:
        parts.append(f"{format_duration(left)} left")
    return " · ".join(parts)


class JobsBar(QWidget):
    """Bar and drawers at the bottom of the window.

    Parameters
    ----------
    jobs : Jobs
    processes : sequence
        Trainings and search: a signal ``changed`` and ``lines``, those at work with ``title``, ``fraction``, ``words`` and ``actions``.
    log : LogDrawer
    """

    def __init__(self, jobs, processes, log, parent=None):
        super().__init__(parent)
        self._jobs, self._processes, self.log = jobs, tuple(processes), log
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.rest = label("Ready", "quiet")
        self.main_row = JobRow()
        self.more_button = button("", on_click=self._toggle_list)
        self.log_button = button("Log", on_click=self.toggle_log, tooltip="What has happened so far")
        self.list = QWidget()
        self.list.setObjectName("drawer")
        self._rows = column(spacing=8, margins=(16, 12, 16, 12))
        self.list.setLayout(self._rows)
        self.list.hide()
        log.hide()
        line = QWidget()
        line.setFixedHeight(HEIGHT)
        layout = QHBoxLayout(line)
        layout.setContentsMargins(16, 0, 16, 0)
        layout.setSpacing(8)
        layout.addWidget(self.rest, 1)
        layout.addWidget(self.main_row, 1)
        layout.addWidget(self.more_button)
        layout.addWidget(self.log_button)
        self.setLayout(column(log, self.list, separator(), line, spacing=0))
        self._listed = []
        self._timer = QTimer(self, interval=200)
        self._timer.timeout.connect(self.refresh)
        jobs.changed.connect(lambda job: self._wake())
        jobs.progressed.connect(self._progressed)
        for process in self._processes:
            process.changed.connect(lambda *_: self._wake())
        self.refresh()

    def _wake(self):
        if not self._timer.isActive():
            self._timer.start()
        self.refresh()

    def _progressed(self, job):
        self.refresh()

    def jobs_listed(self):
        """Return the jobs worth a line, the longest running first."""
        now = time.monotonic()
        return [job for job in self._jobs.active if not job.quiet and now - job.submitted >= PATIENCE]

    def _lines(self):
        return [line for process in self._processes for line in process.lines] + self.jobs_listed()

    def refresh(self):
        """Show the jobs as they are now."""
        lines = self._lines()
        if not self._jobs.active and not lines:
            self._timer.stop()
        self.rest.setVisible(not lines)
        self.main_row.setVisible(bool(lines))
        if lines:
            self._fill(self.main_row, lines[0])
        self.more_button.setVisible(len(lines) > 1)
        self.more_button.setText(f"{len(lines) - 1} more")
        self._show_list(lines[1:])

    def _show_list(self, lines):
        if len(lines) != len(self._listed):
            clear_layout(self._rows)
            self._listed = [JobRow() for _ in lines]
            for made in self._listed:
                self._rows.addWidget(made)
        for made, line in zip(self._listed, lines, strict=True):
            self._fill(made, line)
        if not lines:
            self.list.hide()

    def _fill(self, made, line):
        if not isinstance(line, Job):
            made.show_progress(line.title, line.fraction, line.words)
            made.show_actions(line.actions)
            return
        made.show_progress(line.title, line.report.fraction, words_for(line))
        made.show_actions([("Cancel", lambda: self._jobs.cancel(self._job_of(made)))])

    def _job_of(self, made):
        return self._lines()[0 if made is self.main_row else 1 + self._listed.index(made)]

    def _toggle_list(self):
        self.list.setVisible(self.list.isHidden())

    def toggle_log(self):
        """Open or close the log."""
        self.log.setVisible(self.log.isHidden())
