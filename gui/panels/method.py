"""Network, its training, and the test: how the question is answered."""

from ...core.config import PRESETS, RunConfig, settings_of, value_at
from ..state.labels import NARROW_SPACE
from ..style import theme
from ..style.widgets import Segments, row, wrapped
from .form import BoundField, ChoiceField, field_for
from .section import SectionPanel

KEPT = ("events.n_events",)  # the window answers for every N of the run whatever the preset
PRESET_WORDS = {"quick": ("Quick look", "minutes on two cores"), "paper": ("As published", "hours on two cores, less on a GPU")}


def preset_values(preset):
    """Return the settings of a preset, ``{path: value}``, the published values where the preset says nothing."""
    paths, published = {path for values in PRESETS.values() for path in values} - set(KEPT), RunConfig()
    return {path: PRESETS[preset].get(path, value_at(published, path)) for path in sorted(paths)}


def preset_of(config):
    """Return the preset whose settings a run has, or None."""
    for preset in PRESETS:
        if all(value_at(config, path) == value for path, value in preset_values(preset).items()):
            return preset
    return None


class NetworkPanel(SectionPanel):
    """The classifier and how long it is trained."""

    def __init__(self, draft, parent=None):
        super().__init__("Network", parent)
        self._draft = draft
        self.kind = ChoiceField(draft, "network.kind", beneath=False)
        self.presets = Segments([(preset, PRESET_WORDS[preset][0]) for preset in ("quick", "paper")])
        self.presets.chosen.connect(lambda preset: draft.set_many(preset_values(preset)))
        self.summary = wrapped(role="caption")
        self.add_title_dot(self.kind)
        self.add(self.kind, self.presets, self.summary)
        training = [path for path, _ in settings_of() if path.startswith("training.") and path != "training.scenarios"]
        self.more = self.add_fold(*(field_for(draft, path) for path in ("sky.nside", "network.filters", "network.dense", "network.start", *training)))
        draft.subscribe(lambda paths: self._show())
        self._show()

    def _show(self):
        config = self._draft.config
        preset = preset_of(config)
        self.presets.choose(preset)
        maps = f"{config.training.maps_per_epoch:,}".replace(",", NARROW_SPACE)
        text = f"Nside {config.sky.nside}, {config.network.filter_count} feature maps, up to {config.training.epochs} epochs of {maps} skies"
        if scenarios := config.training.scenarios:
            text += f", each from one of {len(scenarios)} scenarios ({', '.join(scenarios)})"
        self.summary.setText(f"{text}: {PRESET_WORDS[preset][1]}." if preset else f"{text}.")


class TestPanel(SectionPanel):
    """The errors that are allowed."""

    __test__ = False  # not a pytest class

    def __init__(self, draft, parent=None):
        super().__init__("Test", parent)
        self.alpha = BoundField(draft, "test.alpha", "α ≤", width=56)
        self.beta = BoundField(draft, "test.beta", "β ≤", width=56)
        self.add(row(self.alpha, self.beta, spacing=2 * theme.RHYTHM))
        self.halves = field_for(draft, "sky.halves")
        self.add(self.halves)
        self.more = self.add_fold(*(field_for(draft, f"test.{key}") for key in ("maps", "bootstrap", "check_maps")))
