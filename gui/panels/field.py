"""The Galactic field: model, changed parameters, realisations, and what it is averaged with."""

from PySide6.QtCore import Qt

from ...core.config import IMPORTED_FIELD, Table
from ...core.errors import ConfigError
from ...core.galactic_field.members import has_random_part
from ...core.galactic_field.registry import FIELD_MODELS, check_parameters
from ..style import theme
from ..style.widgets import button, label, row
from .field_dialogs import EnsembleDialog, ParametersDialog
from .form import ChoiceField, Field, FileField, NumberField, field_for, spread
from .section import SectionPanel

WIDTH, SHORT = 64, 44  # of numbers behind long labels, and of two in a row
RANDOM = ("field.realisation", "field.realisations", "field.seed")


def values_for_model(field, model):
    """Return what to set so that a run uses another field model: parameters and models that no longer fit are dropped.

    Parameters
    ----------
    field : FieldConfig
    model : str

    Returns
    -------
    dict of str to object
        By dotted path; set together they are one step of the history.
    """
    kept = {name: value for name, value in field.parameters.items() if _has_parameter(model, name, value)}
    values = {"field.model": model, "field.parameters": Table(kept)}
    averaged = () if model == IMPORTED_FIELD else tuple(other for other in field.ensemble if other != model)
    if averaged != field.ensemble:
        values |= {"field.ensemble": averaged, "field.weights": ()}
    return values


def _has_parameter(model, name, value):
    try:
        check_parameters(model, {name: value})
    except ConfigError:
        return False
    return True


class FieldModelField(ChoiceField):
    """The model; choosing another one drops what does not fit it."""

    def edit(self, value):
        """Hand the model and what depends on it to the draft."""
        self.draft.set_many(values_for_model(self.draft.config.field, value))


class SummaryField(Field):
    """A setting with a dialog of its own; the form says in a few words what is set.

    Subclasses give ``dialog_class`` and :meth:`summary`.
    """

    dialog_class = None

    def __init__(self, draft, path, text=None, parent=None):
        super().__init__(draft, path, text, parent)
        self.value = label("", "quiet")
        self.button = button("Edit…", "link", on_click=self.open_dialog)
        self.button.setAccessibleName(f"Edit {self.text.lower()}")
        self.dialog = None
        self.finish(spread(self.title(), self.value, self.button))

    def open_dialog(self):
        """Show the dialog; what is edited there goes to the draft at once."""
        self.dialog = self.dialog_class(self.draft, self.window())
        self.dialog.open()

    def show_value(self, value):
        """Say in a few words what is set."""
        self.value.setText(self.summary(value))

    def summary(self, value):
        """Return a few words."""
        raise NotImplementedError

    def words(self, value):
        """Return the same words."""
        return self.summary(value)


class ParametersField(SummaryField):
    """Which parameters of the model differ from its paper."""

    dialog_class = ParametersDialog

    def summary(self, value):
        """Count what was changed."""
        return f"{len(value)} changed" if value else "as published"

    def _draft_changed(self, paths):
        if any(path.startswith((self.path, "field.model")) for path in paths):
            self.refresh()


class EnsembleField(SummaryField):
    """Which further models the maps are averaged with."""

    dialog_class = EnsembleDialog

    def summary(self, value):
        """Count the models."""
        return f"{len(value)} more model{'s' if len(value) > 1 else ''}" if value else "no other"


class FieldPanel(SectionPanel):
    """The Galactic field and how a source looks when its nuclei enter it."""

    def __init__(self, draft, parent=None):
        super().__init__("Galactic field", parent)
        self._draft = draft
        self.model = FieldModelField(draft, "field.model", beneath=False)
        self.file = FileField(draft, "field.file", "Lens, deflection tables or sample")
        self.parameters = ParametersField(draft, "field.parameters", "Parameters")
        first, averaged, seed = RANDOM
        self.random = {
            first: NumberField(draft, first, width=SHORT), averaged: NumberField(draft, averaged, "mean over", width=SHORT),
            seed: field_for(draft, seed),
        }
        self.ensemble = EnsembleField(draft, "field.ensemble")
        realisations = row(self.random[first], self.random[averaged], spacing=2 * theme.RHYTHM)
        for path in (first, averaged):
            realisations.setAlignment(self.random[path], Qt.AlignmentFlag.AlignTop)  # a complaint may stand under one
        self.add_title_dot(self.model)
        self.add(self.model, self.file, self.parameters, realisations, self.ensemble)
        self.shape = {"shape": field_for(draft, "sky.source_shape")}
        self.shape |= {name: NumberField(draft, f"sky.source_{name}", width=WIDTH) for name in ("radius", "spread")}
        self.more = self.add_fold(self.random[seed], *self.shape.values(), field_for(draft, "sky.normalisation"))
        draft.subscribe(self._draft_changed)
        self._show_what_matters()

    def _draft_changed(self, paths):
        if paths & {"field.model", "field.ensemble", "sky.source_shape"}:
            self._show_what_matters()

    def _show_what_matters(self):
        model, ensemble = self._draft.value("field.model"), self._draft.value("field.ensemble")
        self.file.setVisible(model == IMPORTED_FIELD)
        self.ensemble.setVisible(model != IMPORTED_FIELD)
        self.parameters.setVisible(model in FIELD_MODELS and bool(FIELD_MODELS[model].reference))  # without a paper: none
        for field in self.random.values():
            field.setVisible(any(has_random_part(name) for name in (model, *ensemble)))
        is_fisher = self._draft.value("sky.source_shape") == "fisher"
        self.shape["radius"].setVisible(not is_fisher)
        self.shape["spread"].setVisible(is_fisher)
