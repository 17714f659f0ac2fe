"""The detector: what of the sky it sees."""

from ..plots.base import Key
from ..plots.exposure import ExposureDiagram
from ..style.widgets import wrapped
from .form import ChoiceField, FileField, field_for
from .section import SectionPanel

NEEDS = {"latitude": "site", "max_zenith": "site", "auger_exposure": "auger_ta", "ta_exposure": "auger_ta"}
CURVE_HEIGHT = 132


class ObservatoryPanel(SectionPanel):
    """Which exposure, what it needs, and the curve it gives."""

    def __init__(self, draft, parent=None):
        super().__init__("Observatory", parent)
        self._draft = draft
        self.exposure = ChoiceField(draft, "observatory.exposure", beneath=False)
        self.needs = {path: field_for(draft, f"observatory.{path}") for path in NEEDS}
        self.file = FileField(draft, "observatory.file", "HEALPix map or table of dec_deg, exposure", is_folder=lambda: False)
        self.curve, self.key, self.sight = ExposureDiagram(self), Key(parent=self), wrapped(role="caption")
        self.curve.setFixedHeight(CURVE_HEIGHT)
        self.add_title_dot(self.exposure)
        self.add(self.exposure, *self.needs.values(), self.file, self.curve, self.key, self.sight)
        draft.subscribe(self._draft_changed)
        self._show_what_matters()
        self.show_curve(None)

    def _draft_changed(self, paths):
        if "observatory.exposure" in paths:
            self._show_what_matters()

    def _show_what_matters(self):
        exposure = self._draft.value("observatory.exposure")
        self.file.setVisible(exposure == "map")
        for path, field in self.needs.items():
            field.setVisible(exposure == NEEDS[path])

    def show_curve(self, shown):
        """Show an :class:`~..state.exposure.ShownExposure`; None where all of the sky is seen alike, or nothing is known."""
        for part in (self.curve, self.key, self.sight):
            part.setVisible(shown is not None)
        if shown is not None:
            self.curve.set_curve(shown.dec, shown.exposure, shown.sources)
            self.key.set_entries([("line", "active", "exposure"), ("dashes", "quiet", "mean"), ("dotted", "limit", "sources")])
            self.sight.setText(shown.words)
