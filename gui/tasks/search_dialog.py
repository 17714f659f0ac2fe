"""Asks what a search may vary, how it proposes and how many trials it has."""

from PySide6.QtWidgets import QDialog, QGridLayout

from ...core.config import settings_of
from ...core.errors import ConfigError, ZevatronError
from ...core.network.registry import NETWORKS
from ...core.search.plan import make_plan
from ..plots.search import OBJECTIVE_WORDS, setting_name
from ..state.labels import NARROW_SPACE, label_of
from ..style.widgets import Choice, Tick, ValueEdit, button, column, label, row, separator, wrapped

RANGE = " to "
OFFERED = {  # setting: values to begin with, whether they are ticked, what it is
    "sky.nside": ("16, 32, 64", True, "Resolution of maps and network; 64 takes four times as long as 32"),
    "energy.bin_width": ("0.2, 0.1, 0.05", True, "Width of an energy bin in lg E; 1/5, 1/10 and 1/20 are published"),
    "network.filters": ("16 to 128", True, "Feature maps of each convolution"),
    "network.dense": ("own, none, 16, 32 × 32", True, "Units of the dense layers before the output, one behind the other"),
    "training.learning_rate": ("0.1 to 3", False, "Relative to the published rate"),
    "training.batch_size": ("32, 64, 128", False, "Mock skies in one step"),
}
SAMPLERS = (("tpe", "Learning from earlier trials"), ("random", "At random"), ("grid", "Every combination"))
PRUNERS = (("none", "Train every network to its end"), ("median", "End those worse than the median"))
HINT = "Values separated by commas; a range as 16 to 128, drawn evenly in the logarithm. Dense layers: own, none, or units as 32 × 16."


def read_values(path, text):
    """Turn what was entered for a setting into what stands in a search file.

    Raises
    ------
    ConfigError
        If it is neither values nor a range.
    """
    if path == "network.dense":
        return [_dense(item.strip()) for item in text.split(",")]
    kind = dict(settings_of())[path].type
    low, is_range, high = text.partition(RANGE.strip())
    if is_range:
        return {"low": _number(path, kind, low), "high": _number(path, kind, high), "log": True}
    return [_number(path, kind, item) for item in text.split(",")]


def _dense(text):
    words = {"own": [], "none": [0]}
    if text in words:
        return words[text]
    return [_number("network.dense", int, part) for part in text.replace("x", "×").split("×")]


def _number(path, kind, text):
    try:
        return kind(text.strip())
    except ValueError:
        noun = "whole numbers" if kind is int else "numbers"
        raise ConfigError(f"expected {noun} such as {OFFERED[path][0]}, received {text.strip() or 'nothing'!r}", path) from None


class SearchDialog(QDialog):
    """Parameters, proposals and trials of a search; ``plan`` is the result.

    Parameters
    ----------
    base : RunConfig
        With one source (or a mixture) and one number of events.
    """

    def __init__(self, base, parent=None):
        super().__init__(parent)
        self.setWindowTitle("New search")
        self.setMinimumWidth(520)
        self._base, self.plan = base, None
        self.rows = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for path, (text, is_on, meaning) in OFFERED.items():
            if path == "network.dense" and NETWORKS[base.network.kind].dense is None:
                continue
            tick, box = Tick(setting_name(path)), ValueEdit()
            tick.setChecked(is_on)
            tick.setToolTip(meaning)
            box.setToolTip(meaning)
            box.setAccessibleName(setting_name(path))
            box.show_text(text)
            box.setEnabled(is_on)
            tick.toggled.connect(box.setEnabled)
            tick.toggled.connect(lambda on: self._count())
            box.textChanged.connect(lambda text: self._count())
            grid.addWidget(tick, grid.rowCount(), 0)
            grid.addWidget(box, grid.rowCount() - 1, 1)
            self.rows[path] = tick, box
        self.sampler, self.pruner = Choice(SAMPLERS), Choice(PRUNERS)
        self.objective = Choice([(name, words) for name, (words, _) in OBJECTIVE_WORDS.items()])
        self.trials, self.judged = ValueEdit(), ValueEdit()
        self.trials.show_text("30")
        self.judged.show_text("3")
        self.judged.setToolTip("So many of the best networks are judged on test skies at the end")
        self.sampler.currentIndexChanged.connect(lambda index: self._count())
        further = QGridLayout()
        further.setHorizontalSpacing(16)
        further.setVerticalSpacing(8)
        further.setColumnStretch(1, 1)
        for place, (text, control) in enumerate((
            ("Chosen by", self.objective), ("Proposals", self.sampler), ("Poor trainings", self.pruner),
            ("Trials", self.trials), ("Judged at the end", self.judged),
        )):
            further.addWidget(label(text), place, 0)
            further.addWidget(control, place, 1)
        self.fault = wrapped(role="fault")
        self.start_button = button("Start search", "primary", on_click=self.accept)
        maps = f"{base.training.maps_per_epoch:,}".replace(",", NARROW_SPACE)
        about = wrapped(
            f"{label_of('network.kind', base.network.kind)} for {' + '.join(base.sources.names)}, N = {base.events.n_events[0]}; each trial is a training "
            f"of up to {base.training.epochs} epochs of {maps} skies. What is not ticked stays as it is on the left.", "quiet",
        )
        self.setLayout(column(
            label("New search", "title"), about, grid, wrapped(HINT, "caption"), separator(), further, self.fault,
            row(None, button("Cancel", on_click=self.reject), self.start_button), spacing=12, margins=(24, 24, 24, 16),
        ))
        self._count()

    def _entered(self):
        parameters = {path: read_values(path, box.text()) for path, (tick, box) in self.rows.items() if tick.isChecked()}
        if not parameters:
            raise ConfigError("expected at least one setting that may vary; tick one")
        numbers = {"judged": self._whole(self.judged, "Judged at the end")}
        if self.sampler.currentData() != "grid":
            numbers["trials"] = self._whole(self.trials, "Trials")
        return make_plan(
            self._base, parameters, objective=self.objective.currentData(), sampler=self.sampler.currentData(),
            pruner=self.pruner.currentData(), **numbers,
        )

    @staticmethod
    def _whole(box, name):
        try:
            return int(box.text())
        except ValueError:
            raise ConfigError(f"{name}: expected a whole number, received {box.text()!r}") from None

    def _count(self):
        """Say how many trials a grid has, and forget the last complaint."""
        is_grid = self.sampler.currentData() == "grid"
        self.trials.setEnabled(not is_grid)
        self.fault.hide()
        self.start_button.setText("Start search")
        if is_grid:
            try:
                self.start_button.setText(f"Start search, {self._entered().total} trials")
            except ZevatronError:
                return

    def accept(self):
        """Close if there can be such a search."""
        try:
            self.plan = self._entered()
        except ZevatronError as error:
            self.fault.setText(str(error))
            self.fault.show()
            return
        super().accept()
