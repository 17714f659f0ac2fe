"""How measured events are tested: what is taken of them, which test, and whether it is blind."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QWidget

from ...core.statistics.registry import FOR_EVENTS, label_of
from ..style.numbers import significant
from ..style.widgets import Choice, Tick, button, column, row, wrapped
from .form import ChoiceField, NumberField, field_for
from .section import SectionPanel

WIDTH = 312
OTHER = "other"  # entry that asks for a file


class SelectionPanel(SectionPanel):
    """The lists and what of them is tested."""

    def __init__(self, draft, choices, parent=None):
        super().__init__("Events", parent)
        self.lists, self.count, self.fault = wrapped(role="caption"), wrapped(), wrapped(role="fault")
        self.scales = field_for(choices, "scales")
        self.threshold = NumberField(draft, "energy.threshold")
        self.resolution = NumberField(draft, "energy.resolution", percent=True)
        self.exposure = ChoiceField(draft, "observatory.exposure")
        self.columns = wrapped(role="caption")
        self.add(self.count, self.fault, self.lists, self.threshold, self.resolution, self.exposure, self.scales)
        self.more = self.add_fold(self.columns, text="Columns")

    def show_lists(self, lists):
        """Say what was read."""
        self.lists.setText("\n".join(filter(None, (list_words(events) for events in lists))))
        self.columns.setText("\n".join(line.strip() for events in lists for line in events.lines()[1:]))

    def show_selection(self, selection, threshold, fault=""):
        """Say how many events there are, and what was cut."""
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))
        self.count.setVisible(selection is not None)
        if selection is not None:
            self.count.setText(selection_words(selection, threshold))


class JudgePanel(SectionPanel):
    """Which test, and how much is simulated.

    Attributes
    ----------
    statistic_chosen : Signal(str)
    network_chosen : Signal(object)
        A :class:`~..state.observed.FittingNetwork`; None to be asked for a file.
    train_wanted : Signal()
    """

    statistic_chosen = Signal(str)
    network_chosen = Signal(object)
    train_wanted = Signal()

    def __init__(self, choices, parent=None):
        super().__init__("Test", parent)
        self.box = Choice()
        self.box.setAccessibleName("Test")
        self.box.activated.connect(self._chosen)
        self.network_words = wrapped(role="caption")
        self.train = button("Train a network for these events", on_click=self.train_wanted.emit)
        self.add(self.box, self.network_words, row(self.train, None))
        self.more = self.add_fold(
            *(field_for(choices, path) for path in ("skies", "belt_skies")),
            *(NumberField(choices, path, percent=True) for path in ("scale_error", "level", "upper_level")),
        )
        self._networks, self._shown, self._current = (), None, 0
        self.show_tests((), FOR_EVENTS[0], None)

    def show_tests(self, networks, statistic, network):
        """Offer the statistics, the networks that fit and the one that was opened, and show what is chosen."""
        shown = tuple(networks), statistic, network
        if shown == self._shown:
            self.box.setCurrentIndex(self._current)
            return
        self._shown, self._networks = shown, tuple(networks)
        if network is not None and network not in self._networks:
            self._networks += (network,)
        self.box.clear()
        for name in FOR_EVENTS:
            self.box.addItem(label_of(name), name)
        for i, known in enumerate(self._networks):
            self.box.addItem(known.name, i)
        self.box.addItem("Other network…", OTHER)
        chosen = self.box.findData(statistic if network is None else self._networks.index(network))
        self.box.setCurrentIndex(chosen)
        self._current = chosen
        self.box.setToolTip(self.box.currentText())
        if network is not None and network.faults:
            self.network_words.setText("\n".join(["Not trained for these events:", *network.faults, "Train one, or choose another test."]))
        elif network is None and not self._networks:
            self.network_words.setText("No network has been trained for this number of events, exposure and resolution.")
        else:
            self.network_words.setText("")
        self.network_words.setVisible(bool(self.network_words.text()))
        self.train.setVisible((network is None and not self._networks) or bool(network is not None and network.faults))

    def _chosen(self, index):
        data = self.box.itemData(index)
        if data == OTHER:
            self.network_chosen.emit(None)
        elif isinstance(data, int):
            self.network_chosen.emit(self._networks[data])
        else:
            self.statistic_chosen.emit(data)


class BlindPanel(SectionPanel):
    """Whether the result stays hidden until the test is recorded.

    Attributes
    ----------
    blind_wanted : Signal(bool)
    record_wanted, open_wanted, restore_wanted : Signal()
    """

    blind_wanted = Signal(bool)
    record_wanted = Signal()
    open_wanted = Signal()
    restore_wanted = Signal()

    def __init__(self, parent=None):
        super().__init__("Blind", parent)
        self.tick = Tick("Hide sky and result")
        self.tick.clicked.connect(lambda on: self.blind_wanted.emit(on))
        self.words = wrapped(role="caption")
        self.record = button("Record the test…", on_click=self.record_wanted.emit)
        self.open = button("Open record…", on_click=self.open_wanted.emit)
        self.restore = button("Back to the recorded run", on_click=self.restore_wanted.emit)
        self.add(self.tick, self.words, row(self.record, self.open, None), row(self.restore, None))

    def show_state(self, is_blind, words, can_record, differs):
        """Show whether it is blind, what is recorded, and whether the run is not the recorded one."""
        self.tick.setChecked(is_blind)
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self.record.setVisible(is_blind)
        self.record.setEnabled(can_record)
        self.open.setVisible(is_blind)
        self.restore.setVisible(is_blind and differs)


class ObservedPanel(QScrollArea):
    """The left side of the Events tab."""

    def __init__(self, draft, choices, parent=None):
        super().__init__(parent)
        self.selection, self.judge, self.blind = SelectionPanel(draft, choices), JudgePanel(choices), BlindPanel()
        content = QWidget()
        content.setObjectName("panel")
        content.setLayout(column(self.selection, self.judge, self.blind, None, spacing=0))
        self.setObjectName("panel")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(WIDTH)
        self.setWidget(content)


def list_words(events):
    """Return what a list is, and how to cite it if it is a published one."""
    size = f"{events.path.name}: {len(events)} events, {significant(events.energy.min())} to {significant(events.energy.max())} EeV"
    return f"{size}; columns of {events.published.name}, cite {events.published.citation}" if events.published else size


def selection_words(selection, threshold):
    """Return how many events are tested, and how many were left out why."""
    left = [f"{n} {why}" for n, why in ((selection.below, "below"), (selection.above, "above the last edge")) if n]
    return f"{selection.n_events} events from {threshold:g} EeV on" + (f"; {' and '.join(left)} left out" if left else "")
