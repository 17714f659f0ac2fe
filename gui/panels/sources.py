"""Which sources are asked about: the published five, further ones behind a fold, and the user's own."""

from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from ...core.errors import ZevatronError
from ...core.sky import angular_distance, unit_vectors
from ...core.sources import (
    catalogue,
    custom_source,
    find_source,
    known_sources,
    read_custom_sources,
    selected_sources,
    write_sources,
)
from ..style import theme
from ..style.numbers import THIN_SPACE, fixed
from ..style.widgets import Tick, button, clear_layout, column, delete_when_over, label, row, tab_as_laid_out, wrapped
from .form import ListField, ResetDot, TickField
from .section import SectionPanel
from .source_dialog import SourceDialog

SAME_PLACE = 0.01  # degrees, and as a share of the distance
PICK_RADIUS = 3.0  # degrees around a marker that count as the marker
RESET = ("sources.names", "sources.mixture", "sources.shares")


def distance_text(distance):
    """Return ``"3.5 Mpc"``."""
    return f"{fixed(distance, 0 if distance >= 20 and float(distance).is_integer() else 1)}{THIN_SPACE}Mpc"


class Grip(QWidget):
    """Where a source is taken to drag it up or down; the keyboard moves it with the arrows."""

    moved = Signal(int)  # vertical position on the screen while it is dragged
    stepped = Signal(int)
    SIZE = QSize(12, 18)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setFixedSize(self.SIZE)
        self.setCursor(Qt.CursorShape.SizeVerCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip("Drag, or press the arrows up and down: the results are in this order")
        self.setAccessibleName("Move this source")

    def paintEvent(self, event):
        """Paint six points."""
        colours, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.active if self.hasFocus() or self.underMouse() else colours.quiet))
        for x in (3.5, 8.5):
            for y in (5, 9, 13):
                painter.drawEllipse(QPointF(x, y), 1.2, 1.2)

    def mousePressEvent(self, event):
        """Take the source; the moves come here until the button is let go."""
        event.accept()

    def mouseMoveEvent(self, event):
        """Say where it is dragged."""
        self.moved.emit(round(event.globalPosition().y()))

    def keyPressEvent(self, event):
        """Move it by one."""
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.key() in steps:
            self.stepped.emit(steps[event.key()])
        else:
            super().keyPressEvent(event)


class SourceRow(QWidget):
    """A source with its distance; ticked if the run asks about it."""

    toggled = Signal(str, bool)
    removed = Signal(str)

    def __init__(self, source, is_chosen, is_own, parent=None):
        super().__init__(parent)
        self.source = source
        self.tick = Tick(source.name)
        self.tick.setChecked(is_chosen)
        self.tick.clicked.connect(lambda chosen: self.toggled.emit(source.name, chosen))
        self.grip = Grip()
        self.grip.hide()
        parts = [self.grip, self.tick, None, label(distance_text(source.distance), "quiet")]
        if is_own:
            parts.append(button("Remove", "link", on_click=lambda: self.removed.emit(source.name)))
        self.setLayout(row(*parts))
        self.layout().setSpacing(4)
        names = f"{', '.join(source.other_names)}\n" if source.other_names else ""
        self.setToolTip(f"{names}l {fixed(source.glon)}°, b {fixed(source.glat)}°\n{source.reference}".strip())

    def matches(self, text):
        """Whether any of the names contains ``text``."""
        wanted = text.replace(" ", "").lower()
        return any(wanted in name.replace(" ", "").lower() for name in (self.source.name, *self.source.other_names))


class SourcesPanel(SectionPanel):
    """Choose sources, find more, add own ones, put them in order.

    Attributes
    ----------
    failed : Signal(str)
        For the message bar.
    pick_wanted : Signal()
        The next click on the sky chooses a source; it is handed to :meth:`pick`.
    """

    failed = Signal(str)
    pick_wanted = Signal()

    def __init__(self, draft, parent=None):
        super().__init__("Sources", parent)
        self._draft = draft
        self.rows = {}
        self._first, self._others = column(spacing=4), column(spacing=4)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a source")
        self.search.setClearButtonEnabled(False)
        self.search.textChanged.connect(self._filter)
        self.fault = wrapped(role="fault")
        self.mixture = TickField(draft, "sources.mixture", "One mixture of them")
        self.free = TickField(draft, "sources.free_shares")
        self.shares = ListField(draft, "sources.shares", "Shares, empty: equal")
        self.add_button = button("Add source…", on_click=self.add_source)
        self.pick_button = button("Pick on the sky", on_click=self.pick_wanted.emit)
        self.pick_button.setToolTip("Then click the sky: on a marker to choose that source, elsewhere to add one there")
        self.import_button = button("Import…", "link", on_click=self.import_file, tooltip="Add the sources of a table (CSV)")
        self.export_button = button("Export…", "link", on_click=self.export_file, tooltip="Write the chosen sources as a table (CSV)")
        self.dot = ResetDot(draft, RESET, "Sources", lambda: ", ".join(draft.default("sources.names")), parent=self)
        self.add_title_dot(self)
        self.add(self._first)
        self.more = self.add_fold(self.search, self._others)
        self.add(
            self.fault, self.mixture, self.free, self.shares, row(self.add_button, self.pick_button, None),
            row(self.import_button, self.export_button, None, spacing=2 * theme.RHYTHM),
        )
        draft.subscribe(self._draft_changed)
        self._rebuild()
        self.dot.refresh()

    def _draft_changed(self, paths):
        if "sources.custom" in paths:
            self._rebuild()
        elif any(path.startswith("sources.") for path in paths):
            self._refresh()

    def chosen(self):
        """Return the names of the chosen sources as the catalogue writes them."""
        names = []
        for name in self._draft.value("sources.names"):
            try:
                names.append(find_source(name, self._draft.config.sources).name)
            except ZevatronError:
                names.append(name)
        return tuple(names)

    def _rebuild(self):
        clear_layout(self._first)
        clear_layout(self._others)
        self.rows.clear()
        chosen, shipped = self.chosen(), set(catalogue())
        known = {source.name: source for source in known_sources(self._draft.config.sources)}
        for name in self._order():
            source, is_own = known[name], known[name] not in shipped
            made = SourceRow(source, name in chosen, is_own)
            made.toggled.connect(self._toggle)
            made.removed.connect(self._remove)
            made.grip.moved.connect(lambda height, name=name: self._drag(name, height))
            made.grip.stepped.connect(lambda step, name=name: self._step(name, step))
            self.rows[name] = made
            (self._first if source.published or is_own else self._others).addWidget(made)
        self._filter(self.search.text())
        self._refresh()
        tab_as_laid_out(self.layout())

    def _reorder(self):
        """Put the rows into the run's order; they stay the same, so that one may be dragged meanwhile."""
        order = self._order()
        if order == list(self.rows):
            return
        self.rows = {name: self.rows[name] for name in order}
        for layout in (self._first, self._others):
            there = [made for made in self.rows.values() if layout.indexOf(made) >= 0]
            for place, made in enumerate(there):
                layout.insertWidget(place, made)
        tab_as_laid_out(self.layout())

    def _order(self):
        """Return the names of all known sources: of the chosen ones, each takes the place of another in the run's order."""
        known = [source.name for source in known_sources(self._draft.config.sources)]
        chosen = [name for name in self.chosen() if name in known]
        in_order = iter(chosen)
        return [next(in_order) if name in chosen else name for name in known]

    def _drag(self, name, height):
        """Let a source take the place of the chosen one that lies at a height of the screen."""
        for other in self.chosen():
            made = self.rows.get(other)
            if made is not None and other != name and made.isVisible() and 0 <= made.mapFromGlobal(QPoint(0, height)).y() < made.height():
                self._swap(name, other)
                return

    def _step(self, name, step):
        chosen = self.chosen()
        place = chosen.index(name) + step
        if 0 <= place < len(chosen):
            self._swap(name, chosen[place])

    def _swap(self, name, other):
        """Exchange two chosen sources, and their shares with them."""
        names, shares = list(self.chosen()), list(self._draft.config.sources.shares)
        a, b = names.index(name), names.index(other)
        for entries in (names, shares):
            if len(entries) == len(names):
                entries[a], entries[b] = entries[b], entries[a]
        self._draft.set_many({"sources.names": tuple(names), "sources.shares": tuple(shares)})

    def _refresh(self):
        chosen = self.chosen()
        several = len(chosen) > 1
        self._reorder()
        for name, made in self.rows.items():
            made.tick.setChecked(name in chosen)
            policy = made.grip.sizePolicy()
            policy.setRetainSizeWhenHidden(several)  # so that all ticks stay in one line
            made.grip.setSizePolicy(policy)
            made.grip.setVisible(name in chosen and several)
            if made.tick.isChecked() and self._others.indexOf(made) >= 0 and not self.more.is_open:
                self.more.set_open(True)
        self.mixture.setVisible(several)
        mixed = several and self._draft.value("sources.mixture")
        self.free.setVisible(mixed)
        self.shares.setVisible(mixed and not (self._draft.value("sources.free_shares") and not self._draft.value("sources.shares")))
        message = self._draft.errors.get("sources.names")
        self.fault.setVisible(message is not None)
        self.fault.setText("Choose at least one source." if not chosen else message or "")

    def _toggle(self, name, is_chosen):
        names = [known for known in self.chosen() if known != name]
        self._draft.set_many({"sources.names": tuple([*names, name] if is_chosen else names), "sources.shares": ()})

    def _filter(self, text):
        for index in range(self._others.count()):
            made = self._others.itemAt(index).widget()
            made.setVisible(made.matches(text))

    def pick(self, glon, glat):
        """Choose the source at a place on the sky, or ask for a new one there.

        Parameters
        ----------
        glon, glat : float
            Galactic, degrees.
        """
        near = [
            (angle, name) for name, made in self.rows.items()
            if (angle := float(angular_distance(made.source.direction, unit_vectors(glon, glat)))) <= PICK_RADIUS
            and (made.source.published or name in self.chosen() or made.source.reference == "user")
        ]
        if not near:
            self.add_source((glon, glat))
        elif (name := min(near)[1]) not in self.chosen():
            self._toggle(name, True)

    def add_source(self, position=None):
        """Ask for a source of the user's own; ``position`` is where it is, Galactic, in degrees."""
        dialog = SourceDialog(self._draft.config.sources, self.window(), position=position)
        delete_when_over(dialog)
        dialog.accepted.connect(lambda: self._add((dialog.entry,)))
        dialog.open()

    def import_file(self):
        """Ask for a CSV file with sources."""
        path, _ = QFileDialog.getOpenFileName(self, "Import sources", "", "CSV (*.csv);;All files (*)")
        if path:
            self.import_sources(path)

    def export_file(self):
        """Ask where to write the chosen sources."""
        path, _ = QFileDialog.getSaveFileName(self, "Export sources", "sources.csv", "CSV (*.csv)")
        if path:
            self.export_sources(path if Path(path).suffix else f"{path}.csv")

    def export_sources(self, path):
        """Write the chosen sources as a CSV file that can be imported."""
        try:
            write_sources(path, selected_sources(self._draft.config.sources))
        except (OSError, ZevatronError) as error:
            self.failed.emit(f"The sources were not written: {error}. Choose another place.")

    def import_sources(self, path):
        """Add the sources of a CSV file."""
        try:
            self._add(read_custom_sources(path))
        except ZevatronError as error:
            self.failed.emit(str(error))

    def _add(self, entries):
        sources = self._draft.config.sources
        custom = (*sources.custom, *(entry for entry in entries if not self._is_known(entry)))
        names = tuple(dict.fromkeys((*self.chosen(), *(self._known_name(entry) for entry in entries))))
        try:
            known_sources(type(sources)(custom=custom))
        except ZevatronError as error:
            self.failed.emit(str(error))
            return
        self._draft.set_many({"sources.custom": custom, "sources.names": names, "sources.shares": ()})

    def _known_name(self, entry):
        """Return the name under which the catalogue or the run has a source, or its own."""
        return find_source(entry.name, self._draft.config.sources).name if self._is_known(entry) else entry.name

    def _is_known(self, entry):
        """Whether a source of this name stands at the same place already, as in a table that was exported."""
        try:
            known = find_source(entry.name, self._draft.config.sources)
        except ZevatronError:
            return False
        other = custom_source(entry)
        apart = float(angular_distance(known.direction, other.direction))
        return apart < SAME_PLACE and abs(known.distance - other.distance) < SAME_PLACE * known.distance

    def _remove(self, name):
        custom = tuple(entry for entry in self._draft.config.sources.custom if entry.name != name)
        names = tuple(known for known in self.chosen() if known != name) or (catalogue()[0].name,)
        self._draft.set_many({"sources.custom": custom, "sources.names": names, "sources.shares": ()})
