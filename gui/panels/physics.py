"""Emission, energy, events: what happens between source and detector."""

from ..style.numbers import energy_range
from ..style.widgets import Segments, ValueEdit, label, row
from .form import ChoiceField, Field, FileField, NumberField, SliderField, field_for, spread
from .section import SectionPanel

POWER_LAW = ("emission.index", "emission.cutoff", "emission.cutoff_shape", "emission.fractions")
AROUND = ("propagation.ebl", "propagation.mass_factor", "propagation.one_mass")
BINS_PER_DECADE = (5, 10, 20)
SLIDER_EVENTS = 500  # right end of the slider; larger numbers can be typed
EVENT_STEP = 10


class EmissionPanel(SectionPanel):
    """What the sources emit."""

    def __init__(self, draft, parent=None):
        super().__init__("Emission", parent)
        self._draft = draft
        self.model = ChoiceField(draft, "emission.model", beneath=False)
        self.file = FileField(draft, "emission.file", "Injected spectra, or folder of published ones", is_folder=self._is_published)
        self.power_law = [field_for(draft, path) for path in POWER_LAW]
        self.add_title_dot(self.model)
        self.add(self.model, self.file, *self.power_law)
        self.more = self.add_fold(*(field_for(draft, path) for path in AROUND))
        draft.subscribe(self._draft_changed)
        self._show_what_matters()

    def _is_published(self):
        return self._draft.value("emission.model") == "published"

    def _draft_changed(self, paths):
        if "emission.model" in paths:
            self._show_what_matters()

    def _show_what_matters(self):
        model = self._draft.value("emission.model")
        self.file.setVisible(model in ("table", "published"))
        for field in self.power_law:
            field.setVisible(model == "power_law")


class BinsField(Field):
    """The bin width as bins per decade of energy: three usual numbers, or any other."""

    def __init__(self, draft, parent=None):
        super().__init__(draft, "energy.bin_width", "Bins per decade", parent)
        self.segments = Segments([(n, str(n)) for n in BINS_PER_DECADE])
        self.segments.chosen.connect(lambda n: self.edit(1 / n))
        self.other = ValueEdit(quiet=True)
        self.other.setPlaceholderText("other")
        self.other.setAccessibleName("Other number of bins per decade")
        self.other.setFixedWidth(46)
        self.watch(self.other, self._read)
        for n in BINS_PER_DECADE:
            self.segments.button(n).setFixedWidth(36)
        line = spread(self.title(), self.other, self.segments)
        line.setSpacing(4)
        self.finish(line)

    @staticmethod
    def _read(text):
        try:
            return 1 / float(text)
        except (ValueError, ZeroDivisionError):
            return text

    def words(self, value):
        """Return the number of bins per decade."""
        return f"{1 / value:.4g}"

    def mark_default(self, value):
        """Underline its button."""
        self.segments.mark_default(round(1 / value, 6))

    def show_value(self, value):
        """Press the button of a usual number, or write another one beside."""
        per_decade = value if isinstance(value, str) else round(1 / value, 6)
        self.segments.choose(per_decade)
        self.other.show_text("" if per_decade in BINS_PER_DECADE else per_decade if isinstance(per_decade, str) else f"{per_decade:g}")

    def explain(self, message, value):
        """Speak of bins per decade."""
        if isinstance(value, str) or not self.spec.metadata["low"] <= value <= self.spec.metadata["high"]:
            return "Enter from 1 to 100 bins per decade."
        return super().explain(message, value)


class EnergyPanel(SectionPanel):
    """Uncertainty, bins and range of the energy."""

    def __init__(self, draft, parent=None):
        super().__init__("Energy", parent)
        self._draft = draft
        self.resolution = SliderField(
            draft, "energy.resolution", percent=True,
            to_position=lambda value: value / 0.5, to_value=lambda place: round(place * 50) / 100,
        )
        self.bins = BinsField(draft)
        self.range = label()
        self.add(self.resolution, self.bins, row(label("Range"), None, self.range))
        self.threshold = NumberField(draft, "energy.threshold")
        self.n_bins = NumberField(draft, "energy.n_bins", "Number of bins, 0: auto")
        others = (field_for(draft, path) for path in ("energy.background", "energy.method", "energy.n_sampled"))
        self.more = self.add_fold(self.threshold, self.n_bins, *others)
        draft.subscribe(self._draft_changed)
        self._show_range()

    def _draft_changed(self, paths):
        if any(path.startswith("energy.") for path in paths):
            self._show_range()

    def _show_range(self):
        energy = self._draft.config.energy
        count = energy.bin_count
        bins = f"{count} bin{'s' if count > 1 else ''}"
        self.range.setText(f"{energy_range(energy.bin_edges[0], energy.bin_edges[-1])}, {bins}")


class EventsPanel(SectionPanel):
    """How many events, and how many of them come from the source."""

    def __init__(self, draft, view, parent=None):
        super().__init__("Events", parent)
        self.n_events = SliderField(
            view, "n_events", to_position=lambda n: n / SLIDER_EVENTS,
            to_value=lambda place: max(round(place * SLIDER_EVENTS / EVENT_STEP) * EVENT_STEP, EVENT_STEP),
        )
        # small fractions matter most: the square root gives them half of the slider
        self.eta = SliderField(
            view, "eta", percent=True, to_position=lambda eta: eta**0.5, to_value=lambda place: round(place**2, 3)
        )
        self.add(self.n_events, self.eta)
        self.more = self.add_fold(
            field_for(draft, "events.n_events", "Answers for N ="), NumberField(draft, "seed"),
            NumberField(view, "sky_seed", "Number of the mock sky"),
        )
