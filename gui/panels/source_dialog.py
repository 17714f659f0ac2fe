"""Asks for a source of the user's own."""

from PySide6.QtWidgets import QDialog

from ...core.config import CustomSource, with_values
from ...core.errors import ZevatronError
from ...core.sources import known_sources
from ..state.draft import Draft
from ..style.widgets import Segments, button, column, label, row, wrapped
from .form import NumberField, TextField

COORDINATES = {"galactic": ("Longitude l", "Latitude b"), "equatorial": ("Right ascension α", "Declination δ")}


class SourceDialog(QDialog):
    """Name, position and distance of a source; ``entry`` is the result.

    Parameters
    ----------
    sources : SourcesConfig
        Whose names are taken.
    position : tuple of float, optional
        Where the source is, Galactic longitude and latitude in degrees.
    """

    def __init__(self, sources, parent=None, position=None):
        super().__init__(parent)
        self.setWindowTitle("Add source")
        self.setMinimumWidth(360)
        self._sources = sources
        self.entry = None
        lon, lat = (0.0, 0.0) if position is None else (round(position[0] % 360.0, 2), round(position[1], 2))
        self.draft = Draft(CustomSource(name="My source", lon=lon, lat=lat))
        self.name = TextField(self.draft, "name")
        self.frame = Segments([("galactic", "Galactic"), ("equatorial", "Equatorial (ICRS)")])
        self.frame.chosen.connect(lambda frame: self.draft.set("frame", frame))
        self._fields = {frame: [NumberField(self.draft, path, text, quiet=False) for path, text in zip(("lon", "lat"), texts, strict=True)]
                        for frame, texts in COORDINATES.items()}
        self.distance = NumberField(self.draft, "distance", quiet=False)
        self.fault = wrapped(role="fault")
        self.add_button = button("Add source", "primary", on_click=self.accept)
        positions = [field for fields in self._fields.values() for field in fields]
        self.setLayout(column(
            label("Add source", "title"), self.name, self.frame, *positions, self.distance, self.fault,
            row(None, button("Cancel", on_click=self.reject), self.add_button),
            spacing=12, margins=(24, 24, 24, 16),
        ))
        self.draft.subscribe(lambda paths: self._show())
        self._show()
        self.name.box.selectAll()

    def position_fields(self):
        """Return the fields of longitude and latitude in the frame chosen."""
        return self._fields[self.draft.config.frame]

    def _show(self):
        frame = self.draft.config.frame
        self.frame.choose(frame)
        for known, fields in self._fields.items():
            for field in fields:
                field.setVisible(known == frame)
        self.add_button.setEnabled(not self.draft.errors)
        self.fault.hide()

    def accept(self):
        """Close if the name is free."""
        if self.draft.errors:
            return
        entry = self.draft.config
        try:
            known_sources(with_values(self._sources, {"custom": (*self._sources.custom, entry)}))
        except ZevatronError as error:
            self.fault.setText(f"{entry.name} is taken; choose another name." if error.path == "sources.custom" else str(error))
            self.fault.show()
            return
        self.entry = entry
        super().accept()
