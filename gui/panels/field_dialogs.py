"""Dialogs of the Galactic field: its parameters, and the models it is averaged with. What is edited counts at once."""

from types import SimpleNamespace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QScrollArea, QWidget

from ...core.config import Table
from ...core.galactic_field.registry import FIELD_MODELS, model_parameters
from ..state.labels import registry_labels, with_families
from ..style import theme
from ..style.numbers import percent
from ..style.widgets import Tick, ValueEdit, button, column, delete_when_over, label, restyle, row, separator, wrapped
from .form import NumberFormat

DOT = "●"
NUMBER_WIDTH, LIST_WIDTH, WEIGHT_WIDTH = 110, 250, 56
MARGIN = 3 * theme.RHYTHM


class FieldDialog(QDialog):
    """A title, what it is about, rows that scroll, and a line of buttons.

    Parameters
    ----------
    draft : Draft
        Of the run.
    """

    size = (600, 640)

    def __init__(self, draft, title, about, parent=None):
        super().__init__(parent)
        delete_when_over(self)
        self.setWindowTitle(title)
        self.resize(*self.size)
        self.draft = draft
        self.status = label("", "quiet")
        self.fault = wrapped(role="fault")
        self.reset_button = button("", on_click=self.reset)
        self.done_button = button("Done", "primary", on_click=self.accept)
        content = QWidget()
        content.setObjectName("panel")
        content.setLayout(column(*self.make_rows(), None, spacing=theme.RHYTHM, margins=(MARGIN, 8, MARGIN, 8)))
        area = QScrollArea()
        area.setObjectName("panel")
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        head = column(label(title, "title"), wrapped(about, "quiet"), spacing=4, margins=(MARGIN, 20, MARGIN, 12))
        foot = column(
            self.fault, row(self.status, None, self.reset_button, self.done_button), margins=(MARGIN, 12, MARGIN, 16)
        )
        layout = column(head, area, foot, spacing=0)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.destroyed.connect(draft.subscribe(self._draft_changed))
        self.refresh()

    def _draft_changed(self, paths):
        if any(path.startswith("field.") for path in paths):
            self.refresh()

    def make_rows(self):
        """Return the widgets that scroll."""
        raise NotImplementedError

    def refresh(self):
        """Show what the draft holds."""
        raise NotImplementedError

    def reset(self):
        """Go back to the published field."""
        raise NotImplementedError


class ParameterRow(QWidget):
    """One parameter: a dot if it was changed, its name and help, its value, the published one and a way back.

    Parameters
    ----------
    draft : Draft
    parameter : Parameter
    """

    def __init__(self, draft, parameter, parent=None):
        super().__init__(parent)
        self._draft, self.parameter = draft, parameter
        self.path = f"field.parameters.{parameter.name}"
        self.dot = label("", "active")
        self.dot.setFixedWidth(12)
        self.fault = wrapped(role="fault")
        self.published = label("", "caption")
        self.reset_button = button("Reset", "link", on_click=lambda: self.edit(parameter.default))
        is_list = isinstance(parameter.default, tuple)
        kind = tuple[float, ...] if is_list else type(parameter.default)
        self.format = NumberFormat(SimpleNamespace(type=kind, metadata={"unit": parameter.unit, "low": None, "high": None}))
        self.box = self._control(kind, LIST_WIDTH if is_list else NUMBER_WIDTH)
        self.box.setAccessibleName(parameter.name)
        help_text = f"{parameter.help} ({parameter.unit})" if is_list and parameter.unit else parameter.help
        self.help = wrapped(help_text, "caption")
        self.help.setVisible(bool(help_text))
        self.setLayout(column(
            row(self.dot, label(parameter.name), None, self.published, self.reset_button, self.box, spacing=theme.RHYTHM),
            self._indented(self.help), self._indented(self.fault), spacing=0,
        ))

    def _control(self, kind, width):
        if kind is bool:
            tick = Tick("")
            tick.clicked.connect(self.edit)
            return tick
        box = ValueEdit()
        box.setFixedWidth(width)
        box.setAlignment(Qt.AlignmentFlag.AlignRight)
        box.typed.connect(lambda text: self.edit(self.format.read(text)))
        return box

    @staticmethod
    def _indented(widget):
        layout = row(widget)
        layout.setContentsMargins(12 + theme.RHYTHM, 0, 0, 0)
        return layout

    @property
    def is_changed(self):
        """Whether the value differs from the published one, or waits to be put right."""
        return self.dot.text() == DOT

    def edit(self, value):
        """Hand a new value to the draft."""
        self._draft.set(self.path, value)

    def refresh(self):
        """Show what the draft holds and its complaint."""
        message = self._draft.errors.get(self.path)
        published = self.parameter.default
        value = self._draft.value(self.path) if message else self._draft.config.field.parameters.get(self.parameter.name, published)
        changed = message is not None or value != published
        self.dot.setText(DOT if changed else "")
        self.published.setText(f"published {self._written(published)}")
        self.published.setVisible(changed and not isinstance(published, tuple))
        self.reset_button.setVisible(changed)
        self.fault.setVisible(message is not None)
        self.fault.setText("" if message is None else f"{message[:1].upper()}{message[1:]}.")
        if isinstance(self.box, Tick):
            self.box.setChecked(bool(value))
            return
        self.box.show_text(self.format.write(value))
        if bool(self.box.property("invalid")) != (message is not None):
            self.box.setProperty("invalid", message is not None)
            restyle(self.box)

    def _written(self, value):
        return ("yes" if value else "no") if isinstance(value, bool) else self.format.write(value)


class ParametersDialog(FieldDialog):
    """Every parameter of the model with its published value."""

    def __init__(self, draft, parent=None):
        model = draft.config.field.model
        name = registry_labels("field.model").get(model, model)
        reference = FIELD_MODELS[model].reference if model in FIELD_MODELS else ""
        self.rows = {}
        super().__init__(draft, f"Parameters of {name}", f"As published in {reference}." if reference else "It has none.", parent)
        self.reset_button.setText("Reset all")

    def make_rows(self):
        """Return one row for each parameter."""
        model = self.draft.config.field.model
        parameters = model_parameters(model) if model in FIELD_MODELS else ()
        self.rows = {parameter.name: ParameterRow(self.draft, parameter) for parameter in parameters}
        return self.rows.values()

    def refresh(self):
        """Show what the draft holds."""
        for made in self.rows.values():
            made.refresh()
        n_changed = sum(made.is_changed for made in self.rows.values())
        self.status.setText(f"{n_changed} of {len(self.rows)} changed" if n_changed else "all as published")
        self.reset_button.setEnabled(n_changed > 0)
        message = self.draft.errors.get("field.parameters", "")
        self.fault.setText(message)
        self.fault.setVisible(bool(message))

    def reset(self):
        """Take the published value of every parameter."""
        self.draft.set("field.parameters", Table())


class MemberRow(QWidget):
    """One model to average over, with its weight."""

    def __init__(self, dialog, model, text, parent=None):
        super().__init__(parent)
        self.model = model
        self.tick = Tick(text)
        self.tick.clicked.connect(lambda ticked: dialog.toggle(model, ticked))
        self.share = label("", "quiet")
        self.weight = ValueEdit()
        self.weight.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.weight.setFixedWidth(WEIGHT_WIDTH)
        self.weight.setAccessibleName(f"Weight of {text}")
        self.weight.typed.connect(lambda typed: dialog.set_weight(model, typed))
        self.setLayout(row(self.tick, None, self.share, self.weight))
        self.setMinimumHeight(self.weight.sizeHint().height())

    def show_member(self, weight, share, is_bad):
        """Show the weight of a model that is averaged, None of another one."""
        self.tick.setChecked(weight is not None)
        self.weight.setVisible(weight is not None)
        self.share.setText("" if share is None else percent(share))
        if weight is not None:
            self.weight.show_text(weight)
        if bool(self.weight.property("invalid")) != is_bad:
            self.weight.setProperty("invalid", is_bad)
            restyle(self.weight)


class EnsembleDialog(FieldDialog):
    """The models to average over and their weights."""

    size = (460, 640)
    about = (
        "The true field is one unknown draw: the map is the mean over the models ticked, each with its share. A random part "
        "counts with all its realisations together."
    )

    def __init__(self, draft, parent=None):
        self.rows = {}
        self.format = NumberFormat(SimpleNamespace(type=float, metadata={"unit": "", "low": 0.0, "high": None}))
        super().__init__(draft, "Average over models", self.about, parent)
        self.reset_button.setText("Only the first")

    def make_rows(self):
        """Return headings and one row for each model, that of the run first."""
        first, labels = self.draft.config.field.model, registry_labels("field.model")
        others = [(name, labels[name]) for name in FIELD_MODELS if name != first]
        parts = []
        for name, text in ((first, labels[first]), *with_families(others)):
            if name is None:
                parts.append(label(text, "heading") if text else separator())
                continue
            self.rows[name] = MemberRow(self, name, text)
            parts.append(self.rows[name])
        self.rows[first].tick.setEnabled(False)
        return parts

    def members(self):
        """Return the models and the weights as they stand in the form, wrong ones too."""
        models = (self.draft.config.field.model, *self.draft.config.field.ensemble)
        weights = self.draft.value("field.weights") or (1.0,) * len(models)
        return dict(zip(models, weights, strict=False))

    def toggle(self, model, is_ticked):
        """Average over a model, or no longer."""
        members = self.members()
        first, *_ = members
        chosen = (set(members) | {model}) if is_ticked else (set(members) - {model})
        ensemble = tuple(name for name in FIELD_MODELS if name in chosen and name != first)
        self._set(ensemble, [members.get(name, 1.0) for name in (first, *ensemble)])

    def set_weight(self, model, text):
        """Give a model another weight."""
        members = self.members() | {model: self.format.read(text)}
        _, *ensemble = members
        self._set(tuple(ensemble), list(members.values()))

    def _set(self, ensemble, weights):
        equal = len(set(weights)) == 1 and self.format.is_allowed(weights[0]) and weights[0] > 0
        self.draft.set_many({"field.ensemble": ensemble, "field.weights": () if equal else tuple(weights)})

    def refresh(self):
        """Show what the draft holds."""
        members = self.members()
        message = self.draft.errors.get("field.weights") or self.draft.errors.get("field.ensemble")
        total = 0.0 if message else sum(members.values())
        for name, made in self.rows.items():
            weight = members.get(name)
            share = weight / total if weight is not None and total > 0 and len(members) > 1 else None
            is_bad = weight is not None and not self.format.is_allowed(weight)
            made.show_member(None if weight is None else self.format.write(weight), share, is_bad)
        self.status.setText(f"{len(members)} model{'s' if len(members) > 1 else ''}")
        self.reset_button.setEnabled(len(members) > 1)
        bad = [weight for weight in members.values() if not self.format.is_allowed(weight)]
        self.fault.setVisible(bool(message))
        self.fault.setText("" if not message else self.format.explain(bad[0]) if bad else f"{message[:1].upper()}{message[1:]}.")

    def reset(self):
        """Average over nothing but the model of the run."""
        self.draft.set_many({"field.ensemble": (), "field.weights": ()})
