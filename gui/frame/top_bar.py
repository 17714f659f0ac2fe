"""The bar at the top: name, menus, the run, and the two things done most."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from ..state.labels import registry_labels
from ..style.widgets import Elided, button, column, label, row, separator
from .answer import AnswerLine


class TopBar(QWidget):
    """What is edited, and buttons.

    Parameters
    ----------
    window : MainWindow
        With its menus.
    """

    def __init__(self, window):
        super().__init__(window)
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.run_name, self.edited = Elided(), label("edited", "quiet")
        self.fault_button = button("", "fault", on_click=window.commands.go_to_fault, tooltip="Go to the first of them")
        self.answer_line = AnswerLine(window.controller)
        self.new_sky_button = button("New sky", on_click=window.new_sky, tooltip="Draw the next mock sky (Ctrl+M)")
        self.train_button = button("Train network", "primary", on_click=window.train)
        self.inspector_button = button("Answer", on_click=window.toggle_inspector, tooltip="Show or hide the answer (Ctrl+I)")
        line = row(
            label("Zevatron", "name"), window.menus, self.run_name, self.edited, self.fault_button, None, self.answer_line,
            self.inspector_button, self.new_sky_button, self.train_button,
        )
        line.setContentsMargins(16, 6, 16, 6)
        self.setLayout(column(line, separator(), spacing=0))
        self.show_run(window.draft)

    def show_run(self, draft):
        """Show the name of the run, whether it was edited, and how many entries are wrong."""
        config = draft.config
        name = config.name or (draft.path.stem if draft.path else "")
        labels = registry_labels("field.model")
        field = " + ".join(labels[model] for model in (config.field.model, *config.field.ensemble))
        self.run_name.setText(name or f"{', '.join(config.sources.names)}; {field}")
        self.edited.setVisible(draft.is_edited)
        n_faults = len(draft.errors)
        self.fault_button.setVisible(n_faults > 0)
        self.fault_button.setText(f"{n_faults} entr{'y' if n_faults == 1 else 'ies'} to put right")
