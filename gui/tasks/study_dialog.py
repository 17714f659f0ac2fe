"""Asks what a study compares: sources × fields × statistics × any further settings, of the run on the left or of another base run."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QScrollArea, QWidget

from ...core.config import settings_of
from ...core.errors import ZevatronError
from ...core.study.estimate import study_cost, summary
from ...core.study.plan import make_study
from ..panels.form import tooltip_of
from ..state.axes import (
    axis_choices,
    axis_label,
    axis_settings,
    base_values,
    chosen_axes,
    offered_statistics,
    read_values,
    values_words,
    write_values,
)
from ..state.labels import choice_entries
from ..style.widgets import Choice, Menu, Tick, ValueEdit, button, column, label, menu_button, row, separator, wrapped
from .queue_dialog import LIST_WIDTHS, WITHOUT, TickList

AT_FIRST = ("events.n_events", "energy.resolution", "energy.bin_width", "observatory.exposure", "field.realisation")
LISTED = ("sources.names", "field.model")  # have lists of their own
ALWAYS = "events.n_events"  # numbers of events are written down in any case
PAUSE = 250  # ms after an edit before the cells are counted
AXES_HEIGHT = 190
HINT = "Values separated by commas; whole numbers also as 0 to 9, fractions also as 20 %. What is not ticked stays as in the base run."


class ValueMenu(QWidget):
    """A button with the values to tick."""

    def __init__(self, name, entries, ticked, changed, parent=None):
        super().__init__(parent)
        self._texts = {value: text for value, text in entries if value is not None}
        menu = Menu(self)
        self.ticks = {}
        for value, text in self._texts.items():
            self.ticks[value] = menu.tick(text, lambda on: (self._show(), changed()))
            self.ticks[value].setChecked(value in ticked)
        self.button = menu_button(menu, name)
        self.setLayout(row(self.button))
        self._show()

    @property
    def values(self):
        """Values that are ticked, in their order."""
        return [value for value, action in self.ticks.items() if action.isChecked()]

    def _show(self):
        self.button.setText(values_words([self._texts[value] for value in self.values], 3) or "none")


class AxisRow:
    """One setting that may be an axis: whether it is, and its values.

    Parameters
    ----------
    path : str
    values : list
        Those at first.
    is_on : bool
    changed : callable
    """

    def __init__(self, path, values, is_on, changed):
        self.path, self._changed = path, changed
        name, spec = axis_label(path), dict(settings_of()).get(path)
        self.tick = Tick(name)
        self.tick.setChecked(is_on)
        self.tick.setToolTip(f"{path}\n{tooltip_of(spec)}" if spec else path)
        entries = axis_choices(path)
        if entries:
            self.box = ValueMenu(name, entries, values, changed)
        else:
            self.box = ValueEdit()
            self.box.setAccessibleName(name)
            self.box.show_text(write_values(values))
            self.box.textChanged.connect(lambda text: changed())
        self.tick.toggled.connect(self._toggled)
        self.box.setEnabled(is_on)

    def _toggled(self, on):
        self.box.setEnabled(on)
        self._changed()

    @property
    def is_axis(self):
        """Whether it is ticked."""
        return self.tick.isChecked()

    @property
    def values(self):
        """Its values; raises :class:`ConfigError` if they cannot be read."""
        return self.box.values if isinstance(self.box, ValueMenu) else read_values(self.path, self.box.text())


class StudyDialog(QDialog):
    """Axes and statistics of a study; ``study`` is the result.

    Parameters
    ----------
    base : RunConfig
    sources : sequence of Source
        All that are known.
    own : collection of str
        Names of those of the run on the left.
    jobs : Jobs
        Count and estimate.
    study : Study, optional
        One whose axes are to be changed; ``base`` is its base run.
    """

    def __init__(self, base, sources, own, jobs, study=None, parent=None):
        super().__init__(parent)
        self.setWindowTitle("New study" if study is None else "Change study")
        self._base, self._jobs, self._job, self.study = base, jobs, None, None
        self._own = set(base.sources.names) if study is not None else set(own)
        axes = {} if study is None else dict(study.axes)
        self._settings = axis_settings(base)
        self._soon = QTimer(self, singleShot=True, interval=PAUSE)
        self._soon.timeout.connect(self._count)
        self._make_lists(sources, axes, ("likelihood_ratio",) if study is None else study.statistics)
        self._make_axes(axes)
        self.estimate, self.fault = wrapped(role="quiet"), wrapped(role="fault")
        self.make_button = button("Show study", "primary", on_click=self.accept)
        names = " + ".join(base.sources.names) if base.sources.mixture else ", ".join(base.sources.names)
        about = wrapped(
            f"Every combination of what is ticked is a cell. Base run: {names}, seed {base.seed}"
            f"{', as on the left' if study is None else ''}. Nothing starts yet.", "quiet",
        )
        line = QHBoxLayout()
        line.setSpacing(16)
        for part in (self.sources, self.fields, self.statistics):
            line.addWidget(part)
        self.setLayout(column(
            label(self.windowTitle(), "title"), about, line, label("AXES", "heading"), self._area, row(self.further, None),
            wrapped(HINT, "caption"), separator(), self.estimate, self.fault,
            row(None, button("Cancel", on_click=self.reject), self.make_button), spacing=12, margins=(24, 24, 24, 16),
        ))
        self.finished.connect(lambda result: self._end())
        self._changed()

    def _make_lists(self, sources, axes, statistics):
        base = self._base
        is_mixture = base.sources.mixture
        known = {source.name for source in sources}
        listed = [source.name for source in sources if source.published or source.name in self._own]
        chosen = axes.pop("sources.names", None)
        self._kept_sources = chosen if chosen is not None and (is_mixture or not set(map(str, chosen)) <= known) else None
        if is_mixture or self._kept_sources is not None:  # mixtures are written, not ticked
            words = [" + ".join(names) if isinstance(names, tuple | list) else names for names in self._kept_sources or (base.sources.names,)]
            entries, ticked = [(word, word) for word in words], words
        else:
            ticked = sorted(self._own) if chosen is None else chosen
            entries = [(name, name) for name in dict.fromkeys([*listed, *ticked])]
        fields = axes.pop("field.model", [base.field.model])
        offered = [entry for entry in choice_entries("field.model", dict(settings_of())["field.model"]) if entry[0] not in WITHOUT or entry[0] in fields]
        names = offered_statistics()
        names += tuple((name, "Network of the run") for name in statistics if name not in dict(names))
        lists = (("Sources", entries, ticked), ("Galactic fields", offered, fields), ("Statistics", names, statistics))
        made = [TickList(*entry, self._changed, width) for entry, width in zip(lists, LIST_WIDTHS, strict=True)]
        self.sources, self.fields, self.statistics = made
        self.sources.setEnabled(not is_mixture and self._kept_sources is None)

    def _make_axes(self, axes):
        self.rows = {}
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self._grid.setContentsMargins(8, 6, 8, 6)
        inner = QWidget()
        inner.setObjectName("panel")
        holder = column(None)
        holder.insertLayout(0, self._grid)
        inner.setLayout(holder)
        self._area = QScrollArea(widgetResizable=True)
        self._area.setObjectName("panel")
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(inner)
        self._area.setFixedHeight(AXES_HEIGHT)
        for path in dict.fromkeys((*AT_FIRST, *axes)):
            values = axes.get(path) or base_values(self._base, path)
            self._add_row(path, values, path in axes or path == ALWAYS)
        self.further = Choice([("", "Add an axis…")])
        self.further.setMinimumWidth(260)
        for path, name in self._settings.items():
            if path not in LISTED and path not in self.rows:
                self.further.addItem(f"{name}  ·  {path}", path)
        self.further.setAccessibleName("Add an axis")
        self.further.activated.connect(self._further_chosen)

    def _add_row(self, path, values, is_on):
        made = self.rows[path] = AxisRow(path, values, is_on, self._changed)
        place = self._grid.rowCount()
        self._grid.addWidget(made.tick, place, 0)
        self._grid.addWidget(made.box, place, 1)

    def _further_chosen(self, index):
        path = self.further.itemData(index)
        self.further.setCurrentIndex(0)
        if path:
            self.further.removeItem(index)
            self._add_row(path, base_values(self._base, path), True)
            QTimer.singleShot(0, lambda: self._area.ensureWidgetVisible(self.rows[path].box))
            self._changed()

    def _entered(self):
        written = {path: made.values for path, made in self.rows.items() if made.is_axis}
        if written.get(ALWAYS) == list(self._base.events.n_events):
            del written[ALWAYS]
        sources = self._own if self._kept_sources is not None else self.sources.chosen
        axes = chosen_axes(self._base, self._own, sources, self.fields.chosen, written)
        if self._kept_sources is not None:
            axes = {"sources.names": self._kept_sources} | axes
        return axes, list(self.statistics.chosen)

    def _changed(self):
        """Count again as soon as nothing is changed for a moment."""
        self.study = None
        self._soon.start()
        if hasattr(self, "make_button"):
            self.make_button.setEnabled(False)

    def _count(self):
        """Find out in a thread how many cells that are, whether each is a run, and what they take."""
        try:
            axes, statistics = self._entered()
        except ZevatronError as error:
            self._show_fault(str(error))
            return
        base = self._base

        def work(progress):
            study = make_study(base, axes, statistics)
            return study, study_cost(study, check_cancelled=progress.check_cancelled)

        self.estimate.setText("Counting…")
        self._show_fault("")
        self._job = self._jobs.submit(
            "Counting cells", work, lane="new study", key="new study", quiet=True, on_done=self._counted,
            on_failed=lambda error: self._show_fault(str(error)),
        )

    def _counted(self, found):
        if self._soon.isActive():
            return
        self.study, cost = found
        number = len(cost.cells)
        self.estimate.setText(summary(cost).replace(", 0 done; the others take", "; they take" if number > 1 else "; it takes"))
        self.make_button.setText(f"Show study of {number} cells" if number > 1 else "Show study of 1 cell")
        self.make_button.setEnabled(True)

    def _show_fault(self, text):
        self.fault.setText(text)
        self.fault.setVisible(bool(text))
        self.estimate.setVisible(not text)

    def _end(self):
        self._soon.stop()
        if self._job is not None:
            self._jobs.cancel(self._job)
