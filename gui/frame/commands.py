"""What menus, keys and buttons do that needs nothing but the window: help, search, colours, and where the keyboard is."""

from PySide6.QtCore import Qt

from ..files.settings import settings
from ..style import theme
from ..style.widgets import delete_when_over, first_focusable


class Commands:
    """Commands of a window.

    Parameters
    ----------
    window : MainWindow
    """

    def __init__(self, window):
        self._window = window

    def find(self):
        """Offer every command and every setting by its name."""
        from .palette import Palette, menu_entries, setting_entries

        window = self._window
        Palette([*menu_entries(window.menus), *setting_entries(window.left)], window).open_over(window)

    def welcome(self):
        """Show the sheet of the first start."""
        self._window.welcome.open()

    def tour(self):
        """Show the parts of the window one after the other."""
        from .tour import Tour, stops

        Tour(self._window, stops(self._window))

    def report(self):
        """Show what a bug report needs."""
        from ..files.report import ReportDialog, report

        window = self._window
        self._open(ReportDialog(report(window.draft.config, window.jobs_bar.log.text.toPlainText()), window))

    def about(self):
        """Show versions."""
        from .about import AboutDialog

        self._open(AboutDialog(self._window))

    @staticmethod
    def _open(dialog):
        delete_when_over(dialog)
        dialog.open()

    @staticmethod
    def use_theme(name):
        """Use the colours of a theme, and remember it."""
        theme.set_theme(name)
        settings().setValue("theme", name)

    def toggle_theme(self):
        """Change between dark and light, and remember it."""
        self.use_theme("light" if theme.current() is theme.DARK else "dark")

    def open_example(self, example):
        """Begin with an example."""
        window = self._window
        if not window.files.may_leave():
            return
        *earlier, run = example.runs()
        window.draft.load(run, earlier=earlier)
        window.tabs.setCurrentIndex(example.tab)

    def go_to_fault(self):
        """Bring the keyboard to the first entry that has to be put right."""
        window = self._window
        for field in window.left.fields():
            if field.path in field.draft.errors:
                window.left.go_to(field)
                return
        window.left.ensureWidgetVisible(window.sources_panel.heading)  # the only entry that is no field: which sources
        first_focusable(window.sources_panel).setFocus()

    def next_part(self):
        """Bring the keyboard from one part of the window to the next: question, page, answer, work in progress."""
        window = self._window
        parts = [part for part in (window.left, window.tabs, window.inspector, window.jobs_bar) if part.isVisible()]
        present = window.focusWidget()
        place = next((i for i, part in enumerate(parts) if present is not None and (part is present or part.isAncestorOf(present))), -1)
        for part in parts[place + 1:] + parts[:place + 1]:
            if (target := first_focusable(part)) is not None:
                target.setFocus(Qt.FocusReason.TabFocusReason)
                return
