"""Fields that know their setting: label, unit, bounds and help come from the configuration itself.

A field shows what the draft holds, hands every edit to the draft, and carries
the draft's complaint beneath it until the value is put right. What is being
typed is looked at as soon as typing rests. A dot behind the label says that
the value is not the default; pressing it goes back.
"""

import functools
import math
import textwrap
import typing
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from ...core.config import Table, describe_setting, settings_of
from ..state.labels import choice_entries
from ..style.numbers import MINUS, THIN_SPACE
from ..style.widgets import Choice, Dot, Slider, Tick, ValueEdit, button, column, label, restyle, row, wrapped

SLIDER_STEPS = 1000
SYMBOLS = {"deg": "°"}


def specification(draft, path):
    """Return the dataclass field that declares the setting at ``path``."""
    return _specifications(type(draft.config))[path]


@functools.cache
def _specifications(config_class):
    return dict(settings_of(config_class))


def tooltip_of(spec):
    """Return help, unit and bounds of a setting, broken into lines."""
    return "\n".join(textwrap.wrap(describe_setting(spec), 64))


class ResetDot(Dot):
    """Seen while some settings differ from their defaults; pressing it goes back to them.

    Parameters
    ----------
    draft : Draft
    paths : sequence of str
    words : str
        What is changed, such as the label of the setting.
    describe : callable, optional
        Returns the default in words.
    """

    def __init__(self, draft, paths, words, describe=None, parent=None):
        super().__init__(parent)
        self._draft, self._paths, self._words, self._describe = draft, tuple(paths), words, describe
        self.setAccessibleName(f"Back to the default: {words}")
        self.clicked.connect(lambda: draft.reset(self._paths))
        self.destroyed.connect(draft.subscribe(self._draft_changed))
        self.hide()

    def _draft_changed(self, paths):
        if any(path == known or path.startswith(f"{known}.") for path in paths for known in self._paths):
            self.refresh()

    def refresh(self):
        """Be seen or not; to be called once ``describe`` can answer."""
        is_changed = any(self._draft.is_changed(path) for path in self._paths)
        if is_changed and self._describe is not None:
            self.setToolTip(f"Changed. Press for the default: {self._describe()}")
        self.setVisible(is_changed)


class Field(QWidget):
    """One setting: subclasses hold the control and say how values are shown.

    Parameters
    ----------
    draft : Draft
    path : str
        Dotted path of the setting.
    text : str, optional
        In place of the setting's own label.
    """

    def __init__(self, draft, path, text=None, parent=None):
        super().__init__(parent)
        self.draft, self.path = draft, path
        self.spec = specification(draft, path)
        self.text = self.spec.metadata["label"] if text is None else text
        self.fault = wrapped(role="fault")
        self.fault.hide()
        self.dot = None
        if draft.defaults is not None:
            self.dot = ResetDot(draft, [path], self.text, lambda: self.words(draft.default(path)), parent=self)
        self._unsubscribe = draft.subscribe(self._draft_changed)
        self.destroyed.connect(self._unsubscribe)

    def finish(self, *parts, spacing=4):
        """Lay out the parts and show the value of the draft."""
        self.setLayout(column(*parts, self.fault, spacing=spacing))
        if self.dot is not None:
            self.mark_default(self.draft.default(self.path))
            self.dot.refresh()
        self.setToolTip(self.help())
        self.refresh()

    def title(self):
        """Return the label, and behind it the dot, as a row."""
        return row(label(self.text), *([self.dot] if self.dot is not None else []), spacing=2)

    def help(self):
        """Return help, unit, bounds and default."""
        text = tooltip_of(self.spec)
        return text if self.draft.defaults is None else f"{text}\nDefault: {self.words(self.draft.default(self.path))}"

    def words(self, value):
        """Return a value as a person reads it."""
        return str(value) or "empty"

    def mark_default(self, value):
        """Show in the control which value is the default, where it can."""

    def watch(self, box, read):
        """Take what is typed into a box; ``read`` turns its text into a value."""
        box.typed.connect(lambda text: self.edit(read(text)))
        box.paused.connect(lambda text: self.preview(read(text)))

    def preview(self, value):
        """Say what would be wrong with a value that is still being typed."""
        self.complain(self.draft.complaint(self.path, value), value)

    def _draft_changed(self, paths):
        if self.path in paths:
            self.refresh()

    def refresh(self):
        """Show what the draft holds, and its complaint if there is one."""
        value = self.draft.value(self.path)
        self.show_value(value)
        self.complain(self.draft.errors.get(self.path), value)

    def complain(self, message, value):
        """Mark the control and say what is wrong with ``value``; None takes that back."""
        self.fault.setVisible(message is not None)
        self.fault.setText("" if message is None else self.explain(message, value))
        self.mark(message is not None)

    def edit(self, value):
        """Hand a new value to the draft."""
        self.draft.set(self.path, value)

    def show_value(self, value):
        """Show a value; sends nothing."""
        raise NotImplementedError

    def explain(self, message, value):
        """Return the complaint about a value in the words and units of this field."""
        return message[:1].upper() + message[1:]

    def mark(self, is_invalid):
        """Mark the control."""
        for control in self.findChildren(QWidget):
            if isinstance(control, (ValueEdit, Choice)) and bool(control.property("invalid")) != is_invalid:
                control.setProperty("invalid", is_invalid)
                restyle(control)


def spread(left, *right):
    """Lay out a row with ``left``, a layout, at its left end and widgets at its right end."""
    layout = row(None, *right)
    layout.insertLayout(0, left)
    return layout


class NumberFormat:
    """How the numbers of a setting are written: decimals as needed, its unit, fractions optionally in percent."""

    def __init__(self, spec, percent=False):
        kind = spec.type
        self.is_list = typing.get_origin(kind) is tuple
        self.kind = typing.get_args(kind)[0] if self.is_list else kind
        self.scale, self.unit = (100.0, "%") if percent else (1.0, SYMBOLS.get(spec.metadata["unit"], spec.metadata["unit"]))
        self.suffix = "" if not self.unit else self.unit if self.unit == "°" else THIN_SPACE + self.unit
        self.low, self.high = spec.metadata["low"], spec.metadata["high"]

    def write(self, value):
        """Return a value with its unit; text that is no number comes back as it is."""
        if isinstance(value, (tuple, list)):
            return ", ".join(self.number(item) for item in value)
        return self.number(value) + ("" if isinstance(value, str) else self.suffix)

    def number(self, value):
        """Return a number as it is typed."""
        if isinstance(value, str):
            return value
        if self.kind is int and float(value).is_integer():
            return str(int(value)).replace("-", MINUS)
        return f"{value * self.scale:.6g}".replace("-", MINUS)

    def read(self, text):
        """Return the number (or tuple of numbers) in ``text``, or the text itself where it is none."""
        plain = text.replace(MINUS, "-").replace(THIN_SPACE, " ").strip()
        if self.is_list:
            return tuple(self._number(part) for part in plain.replace(";", ",").split(",") if part.strip())
        return self._number(plain.removesuffix(self.unit) if self.unit else plain)

    def _number(self, text):
        text = text.strip()
        try:
            value = float(text) / self.scale
        except ValueError:
            return text
        return int(value) if self.kind is int and math.isfinite(value) and value.is_integer() else value

    def explain(self, value):
        """Say what is expected in the units of the field."""
        noun = "a whole number" if self.kind is int else "a number"
        low, high = (None if bound is None else self.number(bound) for bound in (self.low, self.high))
        bounds = ""
        if low is not None and high is not None:
            bounds = f" from {low} to {high}{self.suffix}"
        elif low is not None:
            bounds = f" of at least {low}{self.suffix}"
        return f"Enter {noun}{bounds}; this is {self.write(value) or 'empty'}."

    def is_allowed(self, value):
        """Whether a single value has the right type and lies within the bounds."""
        if isinstance(value, str) or not math.isfinite(value) or (self.kind is int and not isinstance(value, int)):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


class NumberField(Field):
    """A number, or several separated by commas, behind its label."""

    def __init__(self, draft, path, text=None, *, percent=False, width=96, quiet=True, parent=None):
        super().__init__(draft, path, text, parent)
        self.format = NumberFormat(self.spec, percent)
        self.box = ValueEdit(quiet=quiet)
        self.box.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.box.setAccessibleName(self.text)
        self.box.setMinimumWidth(width)
        self.watch(self.box, self.format.read)
        self.finish(spread(self.title(), self.box))

    def show_value(self, value):
        """Show the number with its unit."""
        self.box.show_text(self.format.write(value))

    def words(self, value):
        """Return the number with its unit."""
        return self.format.write(value) or "empty"

    def explain(self, message, value):
        """Speak in the units of the field where the value itself is at fault."""
        values = value if isinstance(value, tuple) else (value,)
        if bad := [item for item in values if not self.format.is_allowed(item)]:
            return self.format.explain(bad[0])
        return super().explain(message, value)


class ListField(NumberField):
    """Several numbers, in a box of full width under its label."""

    def finish(self, *parts, spacing=4):
        """Put the box under the label."""
        self.box.setProperty("role", None)
        self.box.setAlignment(Qt.AlignmentFlag.AlignLeft)
        super().finish(spread(self.title()), self.box, spacing=spacing)


class BoundField(NumberField):
    """A short number right behind its label: ``α ≤ 0.01``."""

    def finish(self, *parts, spacing=4):
        """Put the box beside the label."""
        self.box.setAlignment(Qt.AlignmentFlag.AlignLeft)
        parts = [self.dot] if self.dot is not None else []
        super().finish(row(label(self.text), self.box, *parts, None, spacing=2), spacing=spacing)


class SliderField(NumberField):
    """A number with a slider beneath.

    Parameters
    ----------
    to_position, to_value : callable
        From the value to the place on the slider, 0..1, and back.
    """

    moved = Signal()

    def __init__(self, draft, path, text=None, *, to_position, to_value, percent=False, parent=None):
        self._to_position, self._to_value = to_position, to_value
        self.slider = Slider(SLIDER_STEPS)
        super().__init__(draft, path, text, percent=percent, width=72, parent=parent)
        self.slider.setAccessibleName(self.text)
        self.slider.valueChanged.connect(self._slid)

    def finish(self, *parts, spacing=2):
        """Add the slider."""
        super().finish(*parts, self.slider, spacing=spacing)

    def show_value(self, value):
        """Show number and slider."""
        super().show_value(value)
        if self.format.is_allowed(value):
            position = min(max(self._to_position(value), 0.0), 1.0)
            self.slider.blockSignals(True)
            self.slider.setValue(round(position * SLIDER_STEPS))
            self.slider.blockSignals(False)

    def mark_default(self, value):
        """Draw a notch under the slider."""
        self.slider.mark_default(round(min(max(self._to_position(value), 0.0), 1.0) * SLIDER_STEPS))

    def _slid(self, position):
        self.edit(self._to_value(position / SLIDER_STEPS))
        self.moved.emit()


class ChoiceField(Field):
    """One of several, by their names for people."""

    def __init__(self, draft, path, text=None, *, beneath=True, parent=None):
        super().__init__(draft, path, text, parent)
        self.box = Choice(choice_entries(path, self.spec))
        self.box.setAccessibleName(self.text)
        self.box.activated.connect(lambda index: self.edit(self.box.itemData(index)))
        if beneath:
            self.finish(spread(self.title()), self.box)
        else:
            self.finish(self.box)

    def show_value(self, value):
        """Choose the entry."""
        self.box.setCurrentIndex(self.box.findData(value))

    def words(self, value):
        """Return the name of a choice."""
        return self.box.itemText(self.box.findData(value))

    def mark_default(self, value):
        """Mark it in the list."""
        self.box.mark_default(value)


class TickField(Field):
    """Yes or no."""

    def __init__(self, draft, path, text=None, parent=None):
        super().__init__(draft, path, text, parent)
        self.box = Tick(self.text)
        self.box.clicked.connect(self.edit)
        self.finish(spread(row(self.box, *([self.dot] if self.dot is not None else []), spacing=2)))

    def show_value(self, value):
        """Tick or not."""
        self.box.setChecked(bool(value))

    def words(self, value):
        """Return yes or no."""
        return "yes" if value else "no"


class TextField(Field):
    """A text in a box under its label."""

    def __init__(self, draft, path, text=None, parent=None):
        super().__init__(draft, path, text, parent)
        self.box = ValueEdit()
        self.box.setAccessibleName(self.text)
        self.watch(self.box, str)
        self.finish(spread(self.title()), self.box)

    def show_value(self, value):
        """Show the text."""
        self.box.show_text(str(value))


class FileField(TextField):
    """The path of a file or folder, with a button to choose it.

    Parameters
    ----------
    title : str
        Of the dialog.
    is_folder : callable, optional
        Whether a folder is wanted now; left out where either will do, which gives two buttons.
    """

    def __init__(self, draft, path, title, *, is_folder=None, parent=None):
        self._title = title
        if is_folder is None:
            self.buttons = (button("Folder…", on_click=self._choose_folder), button("File…", on_click=self._choose_file))
        else:
            self.buttons = (button("Choose…", on_click=lambda: self._choose_folder() if is_folder() else self._choose_file()),)
        super().__init__(draft, path, parent=parent)

    def finish(self, *parts, spacing=4):
        """Add the buttons."""
        super().finish(*parts, row(None, *self.buttons), spacing=spacing)

    def _choose_folder(self):
        self._chosen(QFileDialog.getExistingDirectory(self, self._title, self._start()))

    def _choose_file(self):
        self._chosen(QFileDialog.getOpenFileName(self, self._title, self._start())[0])

    def _start(self):
        return str(self.draft.value(self.path) or Path.home())

    def _chosen(self, path):
        if path:
            self.edit(path)


def field_for(draft, path, text=None):
    """Make the field that suits the type of a setting."""
    from . import field  # its fields are built from those above

    spec = specification(draft, path)
    kind = spec.type
    if kind is Table:
        return field.ParametersField(draft, path, text)
    if path == "field.ensemble":
        return field.EnsembleField(draft, path, text)
    if spec.metadata["choices"] is not None:
        return ChoiceField(draft, path, text)
    if kind is bool:
        return TickField(draft, path, text)
    if kind is str:
        return TextField(draft, path, text)
    return (ListField if typing.get_origin(kind) is tuple else NumberField)(draft, path, text)
