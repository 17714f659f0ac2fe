"""Which sources are asked about: the published five, further ones behind a fold, and the user's own."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from ...core.errors import ZevatronError
from ...core.sources import catalogue, find_source, known_sources, read_custom_sources
from ..plots.numbers import THIN_SPACE, fixed
from ..widgets import Tick, button, clear_layout, column, label, row, wrapped
from .form import ListField, TickField
from .section import SectionPanel
from .source_dialog import SourceDialog


def distance_text(distance):
    """Return ``"3.5 Mpc"``."""
    return f"{fixed(distance, 0 if distance >= 20 and float(distance).is_integer() else 1)}{THIN_SPACE}Mpc"


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
        parts = [self.tick, None, label(distance_text(source.distance), "quiet")]
        if is_own:
            parts.append(button("Remove", "link", on_click=lambda: self.removed.emit(source.name)))
        self.setLayout(row(*parts))
        names = f"{', '.join(source.other_names)}\n" if source.other_names else ""
        self.setToolTip(f"{names}l {fixed(source.glon)}°, b {fixed(source.glat)}°\n{source.reference}".strip())

    def matches(self, text):
        """Whether any of the names contains ``text``."""
        wanted = text.replace(" ", "").lower()
        return any(wanted in name.replace(" ", "").lower() for name in (self.source.name, *self.source.other_names))


class SourcesPanel(SectionPanel):
    """Choose sources, find more, add own ones."""

    failed = Signal(str)

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
        self.import_button = button("Import CSV…", on_click=self.import_file)
        self.add(self._first)
        self.more = self.add_fold(self.search, self._others)
        self.add(self.fault, self.mixture, self.free, self.shares, row(self.add_button, self.import_button, None))
        draft.subscribe(self._draft_changed)
        self._rebuild()

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
        for source in known_sources(self._draft.config.sources):
            is_own = source not in shipped
            made = SourceRow(source, source.name in chosen, is_own)
            made.toggled.connect(self._toggle)
            made.removed.connect(self._remove)
            self.rows[source.name] = made
            (self._first if source.published or is_own else self._others).addWidget(made)
        self._filter(self.search.text())
        self._refresh()

    def _refresh(self):
        chosen = self.chosen()
        for name, made in self.rows.items():
            made.tick.setChecked(name in chosen)
            if made.tick.isChecked() and self._others.indexOf(made) >= 0 and not self.more.is_open:
                self.more.set_open(True)
        several = len(chosen) > 1
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

    def add_source(self):
        """Ask for a source of the user's own."""
        dialog = SourceDialog(self._draft.config.sources, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._add((dialog.entry,)))
        dialog.open()

    def import_file(self):
        """Ask for a CSV file with sources."""
        path, _ = QFileDialog.getOpenFileName(self, "Import sources", "", "CSV (*.csv);;All files (*)")
        if path:
            self.import_sources(path)

    def import_sources(self, path):
        """Add the sources of a CSV file."""
        try:
            self._add(read_custom_sources(path))
        except ZevatronError as error:
            self.failed.emit(str(error))

    def _add(self, entries):
        sources = self._draft.config.sources
        custom = (*sources.custom, *entries)
        names = (*self.chosen(), *(entry.name for entry in entries))
        try:
            known_sources(type(sources)(custom=custom))
        except ZevatronError as error:
            self.failed.emit(str(error))
            return
        self._draft.set_many({"sources.custom": custom, "sources.names": names, "sources.shares": ()})

    def _remove(self, name):
        custom = tuple(entry for entry in self._draft.config.sources.custom if entry.name != name)
        names = tuple(known for known in self.chosen() if known != name) or (catalogue()[0].name,)
        self._draft.set_many({"sources.custom": custom, "sources.names": names, "sources.shares": ()})
