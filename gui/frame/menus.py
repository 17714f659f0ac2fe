"""The menus, small enough to stand in the top bar."""

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenuBar

from ...core.network.files import shipped_models
from ..files import result_report
from ..files.settings import recent_files
from ..style import theme


class Menus(QMenuBar):
    """File, Edit, View and Help; what an entry does is a method of the window.

    Parameters
    ----------
    window : MainWindow
    """

    def __init__(self, window):
        super().__init__(window)
        self.setNativeMenuBar(False)
        self._window = window
        self.actions_by_text = {}
        self._make_file()
        self._make_edit()
        self._make_view()
        self._make_help()

    def _add(self, menu, text, function, shortcut=None, *, checkable=False):
        action = QAction(text, self._window)
        action.setCheckable(checkable)
        if shortcut is not None:
            action.setShortcut(shortcut)
        action.triggered.connect(lambda: function())
        menu.addAction(action)
        self.actions_by_text[text] = action
        return action

    def _make_file(self):
        window, keys = self._window, QKeySequence.StandardKey
        menu = self.addMenu("&File")
        self._add(menu, "New run", window.files.new, keys.New)
        self._add(menu, "Open run…", window.files.open, keys.Open)
        self._recent = menu.addMenu("Recent runs")
        self._recent.aboutToShow.connect(self._fill_recent)
        menu.addSeparator()
        self._add(menu, "Save run", window.files.save, keys.Save)
        self._add(menu, "Save run as…", window.files.save_as, keys.SaveAs)
        menu.addSeparator()
        self._add(menu, "Open events…", lambda: window.events.open(), "Ctrl+Shift+O")
        self._add(menu, "Open training…", window.files.open_training)
        self._add(menu, "Open model…", window.models.open)
        shipped = menu.addMenu("Shipped models")
        for path in shipped_models():
            self._add(shipped, path.stem, lambda path=path: window.models.open_path(path))
        shipped.setEnabled(not shipped.isEmpty())
        self._add(menu, "Add runs to the queue…", lambda: window.monitor.add())
        self._add(menu, "New search…", lambda: window.searches.new())
        self._add(menu, "Open search…", lambda: window.searches.open())
        self._add(menu, "New study…", lambda: window.studies.new())
        self._add(menu, "Open study…", lambda: window.studies.open())
        self._add(menu, "Open study folder…", lambda: window.studies.open_folder())
        self._add(menu, "Folder for trainings…", window.files.choose_runs_folder)
        menu.addSeparator()
        self.export = menu.addMenu("Export")
        for kind, text in window.exports.offers():
            self._add(self.export, text, lambda kind=kind: window.exports.ask(kind))
        self._add(menu, "Report…", lambda: result_report.ask(window))
        menu.addSeparator()
        self._add(menu, "Quit", window.close, keys.Quit)

    def _fill_recent(self):
        self._recent.clear()
        paths = recent_files()
        for path in paths:
            action = self._recent.addAction(str(path))
            action.triggered.connect(lambda checked=False, path=path: self._window.files.open_path(path))
        self._recent.setEnabled(True)
        if not paths:
            self._recent.addAction("None yet").setEnabled(False)

    def _make_edit(self):
        window, keys = self._window, QKeySequence.StandardKey
        menu = self.addMenu("&Edit")
        undo = self._add(menu, "Undo", window.history.undo, keys.Undo)
        redo = self._add(menu, "Redo", window.history.redo, keys.Redo)
        menu.addSeparator()
        self._add(menu, "Back to the defaults", lambda: window.draft.replace(window.draft.defaults))
        menu.addSeparator()
        self._add(menu, "Copy figure", window.figure_menu.copy_page, "Ctrl+Shift+C")
        menu.addSeparator()
        self._add(menu, "New sky", window.controller.new_sky, "Ctrl+M")
        self._add(menu, "Compute again", window.compute_again, "F5")

        def refresh(paths=None):
            for action, word, what in ((undo, "Undo", window.history.undo_text), (redo, "Redo", window.history.redo_text)):
                action.setEnabled(what is not None)
                action.setText(word if what is None else f"{word}: {what}")

        window.draft.subscribe(refresh)
        window.view.subscribe(refresh)
        refresh()

    def _make_view(self):
        window = self._window
        menu = self.addMenu("&View")
        find = self._add(menu, "Find a command or setting…", window.commands.find)
        find.setShortcuts(["Ctrl+K", "Ctrl+Shift+P"])
        menu.addSeparator()
        self._make_colours(menu.addMenu("Colours"))
        self._add(menu, "Answer", window.toggle_inspector, "Ctrl+I")
        self._add(menu, "Log", window.jobs_bar.toggle_log, "Ctrl+L")
        self._add(menu, "Run as text", window.toggle_text, "Ctrl+E")
        menu.addSeparator()
        for number, name in enumerate(("Sky", "Field", "Training", "Results", "Search", "Events", "Studies")):
            self._add(menu, name, lambda number=number: window.tabs.setCurrentIndex(number), f"Ctrl+{number + 1}")
        menu.addSeparator()
        self._make_demo(menu.addMenu("Demo"))
        self._add(menu, "Next part of the window", window.commands.next_part, "F6")
        move = self._add(menu, "Panels can be moved", lambda: window.workspace.set_unlocked(move.isChecked()), checkable=True)
        menu.aboutToShow.connect(lambda: move.setChecked(window.workspace.is_unlocked))
        self._add(menu, "Reset layout", window.reset_layout)

    def _make_demo(self, menu):
        window, demo = self._window, self._window.presentation
        start = self._add(menu, "Demo mode", demo.toggle, "F11")
        window.addAction(start)  # the menus are hidden meanwhile
        menu.addSeparator()
        self._add(menu, "Open demo…", demo.open)
        record = self._add(menu, "Add this view", demo.record, "Ctrl+D")
        forget = self._add(menu, "Forget added views", demo.forget)
        save = self._add(menu, "Save demo…", demo.save)

        def refresh():
            n = len(demo.scenes)
            record.setText(f"Add this view ({n} so far)" if n else "Add this view")
            for action in (forget, save):
                action.setEnabled(n > 0)

        menu.aboutToShow.connect(refresh)

    def _make_colours(self, menu):
        window, group = self._window, QActionGroup(self)
        for name, text in theme.LABELS.items():
            action = self._add(menu, text, lambda name=name: window.commands.use_theme(name), checkable=True)
            group.addAction(action)
        menu.addSeparator()
        self._add(menu, "Light or dark", window.commands.toggle_theme, "Ctrl+T")
        menu.aboutToShow.connect(lambda: self.actions_by_text[theme.LABELS[theme.current().name]].setChecked(True))

    def _make_help(self):
        menu = self.addMenu("&Help")
        self._add(menu, "Welcome", self._window.commands.welcome, QKeySequence.StandardKey.HelpContents)
        self._add(menu, "Tour", self._window.commands.tour)
        menu.addSeparator()
        self._add(menu, "Information for a report…", self._window.commands.report)
        self._add(menu, "About Zevatron", self._window.commands.about)
