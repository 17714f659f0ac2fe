"""What makes a window one to live in: text beside the form, nothing lost, everything found, seen and copied."""

import subprocess
import sys
from pathlib import Path

import pytest
from hands import click, drop, press, type_into
from PySide6.QtCore import QMimeData, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QDragEnterEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox

from zevatron.core.config import RunConfig, config_from_toml, run_toml, with_values
from zevatron.gui.files import settings
from zevatron.gui.files.figure_copy import figure_at
from zevatron.gui.files.report import ReportDialog
from zevatron.gui.files.session import AFTER_A_CRASH
from zevatron.gui.frame.palette import Palette, match, setting_entries
from zevatron.gui.frame.text_view import fault_line
from zevatron.gui.frame.workspace import reachable
from zevatron.gui.plots.base import Diagram
from zevatron.gui.style import theme
from zevatron.gui.style.widgets import TYPING_PAUSE

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def text_view(window, qtbot):
    """The text panel, opened with its shortcut."""
    window.draft.load(RunConfig())
    press(qtbot, window, Qt.Key.Key_E, CONTROL)
    qtbot.waitUntil(window.text_view.text.hasFocus, timeout=5000)
    yield window.text_view
    window.text_dock.hide()


def edit_line(qtbot, view, start, text):
    """Replace what stands behind ``start`` in its line."""
    cursor = view.text.document().find(start)
    cursor.movePosition(cursor.MoveOperation.EndOfBlock, cursor.MoveMode.KeepAnchor)
    view.text.setTextCursor(cursor)
    qtbot.keyClicks(view.text, start + text)


def test_text_follows_the_form_and_keeps_its_place(window, text_view, qtbot):
    assert config_from_toml(text_view.text.toPlainText()) == RunConfig()
    cursor = text_view.text.document().find("bootstrap =")
    text_view.text.setTextCursor(cursor)
    type_into(qtbot, window.energy_panel.resolution.box, "35")
    click(qtbot, window.sources_panel.rows["M82"].tick)
    qtbot.waitUntil(lambda: "resolution = 0.35" in text_view.text.toPlainText(), timeout=5000)
    assert config_from_toml(text_view.text.toPlainText()) == window.draft.config
    assert text_view.text.textCursor().block().text().startswith("bootstrap =")


def test_form_follows_the_text_in_one_step(window, text_view, qtbot):
    edit_line(qtbot, text_view, "resolution = ", "0.3")
    qtbot.waitUntil(lambda: window.draft.config.energy.resolution == 0.3, timeout=5000)
    assert window.energy_panel.resolution.box.text() == "30\u2009%" and not text_view.fault.isVisible()
    assert window.menus.actions_by_text["Undo"].text() == "Undo: Uncertainty ΔE/E"
    window.history.undo()
    qtbot.waitUntil(lambda: "resolution = 0.2" in text_view.text.toPlainText(), timeout=5000)


def test_text_that_nobody_typed_changes_no_run(window, qtbot):
    """New colours are a change of text to the editor; before its first sight it is empty, which would be a valid run."""
    before = window.draft.config
    for name in ("light", "dark"):
        theme.set_theme(name)
        qtbot.wait(TYPING_PAUSE + 200)
    assert window.draft.config == before != RunConfig() and not window.draft.can_undo


@pytest.mark.parametrize("start, wrong, said", [
    ("resolution = ", "0.9", "from 0 to 0.5"), ("names = ", '["Nowhere"]', "unknown source"), ("nside = ", "", "Invalid value"),
])
def test_text_that_is_no_run_is_marked_where_it_is_wrong(window, text_view, qtbot, start, wrong, said):
    edit_line(qtbot, text_view, start, wrong)
    qtbot.waitUntil(text_view.fault.isVisible, timeout=5000)
    (mark,) = text_view.text.extraSelections()
    assert mark.cursor.block().text().startswith(start.strip())
    assert said in text_view.fault.text() and text_view.fault.text().startswith(f"Line {mark.cursor.blockNumber() + 1}: ")
    assert window.draft.config == RunConfig()
    click(qtbot, text_view.revert_button)
    assert config_from_toml(text_view.text.toPlainText()) == RunConfig() and not text_view.fault.isVisible()


def test_line_of_a_fault_in_a_table_of_sources():
    text = run_toml(with_values(RunConfig(), {"sources.custom": ({"name": "A", "distance": 5.0},)}), comments=False)
    error = Exception("no distance")
    error.path = "sources.custom.distance"
    assert text.splitlines()[fault_line(text, error)].startswith("distance =")


def test_crash_loses_nothing(open_window, densities, qtbot, own_settings):
    first = open_window()
    first.draft.set("energy.resolution", 0.1)
    first.view.set("n_events", 70)
    qtbot.waitUntil(lambda: "resolution = 0.1" in own_settings.value("session/run", ""), timeout=10_000)
    lock = settings.settings().fileName().removesuffix(".ini") + ".lock"
    first.session._lock.unlock()
    code = "import os, sys; from PySide6.QtCore import QLockFile; l = QLockFile(sys.argv[1]); l.tryLock(0); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, lock])
    assert Path(lock).exists()  # as a killed window leaves it
    second = open_window(config=None)
    assert (second.draft.config.energy.resolution, second.controller.choices.n_events) == (0.1, 70)
    assert second.messages.isVisible() and second.messages.text.text() == AFTER_A_CRASH


def test_proper_end_is_not_called_a_crash(open_window, densities):
    open_window().close()
    assert not open_window(config=None).messages.isVisible()


def test_file_of_a_run_is_remembered_with_its_edits(open_window, densities, small_run, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(run_toml(small_run))
    first = open_window()
    first.files.open_path(path)
    first.draft.set("seed", 9)
    first.close()
    second = open_window(config=None)
    assert second.draft.path == path and second.draft.config.seed == 9 and second.top_bar.edited.isVisible()
    second.history.undo()
    assert second.draft.config == small_run and not second.top_bar.edited.isVisible()


def test_files_are_opened_by_dropping_them(window, tmp_path, monkeypatch):
    run, table, picture = tmp_path / "a.toml", tmp_path / "own.csv", tmp_path / "a.png"
    run.write_text(run_toml(with_values(RunConfig(), {"seed": 77})))
    table.write_text("name,l_deg,b_deg,distance_Mpc\nA,10,20,5\n")
    picture.write_bytes(b"")
    monkeypatch.setattr(QMessageBox, "exec", lambda box: pytest.fail("nothing to save"))
    assert drop(window, run)
    assert window.draft.path == run and window.draft.config.seed == 77
    assert drop(window, table)
    assert window.draft.config.sources.names == ("Cen A", "A")
    assert drop(window, picture)
    assert window.messages.text.text().startswith("Cannot open a.png; drop a run file (.toml)")


def test_what_is_no_file_is_not_taken(window):
    data = QMimeData()
    data.setText("word")
    enter = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted()


@pytest.mark.parametrize("key, keys", [(Qt.Key.Key_K, CONTROL), (Qt.Key.Key_P, CONTROL | SHIFT)])
def test_palette_runs_a_command_by_a_few_letters(window, qtbot, key, keys):
    press(qtbot, window, key, keys)
    palette = window.findChild(Palette)
    qtbot.keyClicks(palette.box, "results")
    names = [palette.list.item(i).text() for i in range(palette.list.count())]
    assert names[0] == "View: Results"
    qtbot.keyClick(palette.box, Qt.Key.Key_Return)
    assert window.tabs.currentIndex() == 3
    qtbot.waitUntil(lambda: window.findChild(Palette) is None)


def test_palette_finds_settings_and_goes_there(window, qtbot):
    press(qtbot, window, Qt.Key.Key_K, CONTROL)
    palette = window.findChild(Palette)
    qtbot.keyClicks(palette.box, "check maps")
    assert palette.list.item(0).text() == "Test: Check maps"
    qtbot.keyClick(palette.box, Qt.Key.Key_Return)
    (field,) = [field for field in window.left.fields() if field.path == "test.check_maps"]
    assert field.isVisible() and field.box.hasFocus() and window.test_panel.more.is_open
    area = window.left.viewport()
    assert area.rect().contains(field.mapTo(area, QPoint(0, 0)))
    window.test_panel.more.set_open(False)


@pytest.mark.parametrize("typed", ["five", ""])
def test_palette_lists_settings_that_have_to_be_put_right(window, typed):
    numbers = [field for field in window.left.fields() if type(field.draft.value(field.path)) in (int, float)]
    for field in numbers:
        field.draft.set(field.path, typed)
    assert len(window.draft.errors) > 20
    seen = [field for field in window.left.fields() if not field.isHidden()]
    words = {field.path: words for field, (_, words, _) in zip(seen, setting_entries(window.left), strict=True)}
    assert "energy.bin_width" in words and all(words[field.path] == typed for field in numbers if field.path in words)


def test_palette_of_nothing_says_so_and_leaves_with_escape(window, qtbot):
    press(qtbot, window, Qt.Key.Key_K, CONTROL)
    palette = window.findChild(Palette)
    qtbot.keyClicks(palette.box, "qqqq")
    assert palette.nothing.isVisible() and not palette.list.isVisible()
    qtbot.keyClick(palette.box, Qt.Key.Key_Return)
    qtbot.keyClick(palette.box, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.findChild(Palette) is None)


def test_letters_match_beginnings_of_words_first():
    texts = ["File: Save run as…", "View: Results", "Energy: Uncertainty ΔE/E", "Edit: New sky"]
    assert match("zz", texts[0]) is None
    assert min(texts, key=lambda text: match("ns", text) if match("ns", text) is not None else 99) == "Edit: New sky"
    assert match("save", texts[0]) < match("sve", texts[0])


def eta_diagram(window):
    return window.inspector.eta_plot.findChild(Diagram)


def test_high_contrast_reaches_window_and_plots(window, qtbot):
    window.menus.actions_by_text["High contrast"].trigger()
    qtbot.wait(50)
    assert window.grab().toImage().pixelColor(4, 400) == QColor("#000000")
    assert settings.settings().value("theme") == "contrast"
    assert window.sky.map._theme is theme.CONTRAST and eta_diagram(window)._theme is theme.CONTRAST
    window.menus.actions_by_text["Dark"].trigger()
    assert theme.current() is theme.DARK


def test_figure_goes_to_the_clipboard_sharp(window, qtbot):
    QGuiApplication.clipboard().clear()
    press(qtbot, window, Qt.Key.Key_C, CONTROL | SHIFT)
    picture = QGuiApplication.clipboard().image()
    page = window.tabs.currentWidget()
    assert picture.size() == page.size() * 2
    colours = {picture.pixelColor(x, y).name() for x in range(0, picture.width(), 40) for y in range(0, picture.height(), 40)}
    assert len(colours) > 10  # ground, sky, texts


def test_figure_under_the_mouse_can_be_copied(window, monkeypatch):
    plot = eta_diagram(window)
    shown = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, place: shown.append(menu))
    middle = plot.viewport().rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, middle, plot.viewport().mapToGlobal(middle))
    QApplication.sendEvent(plot.viewport(), event)
    (menu,) = shown
    assert figure_at(plot.viewport(), window) is plot and figure_at(window.left.viewport(), window) is None
    assert [action.text() for action in menu.actions() if action.text()] == [
        "Copy this figure", "Copy the whole page", "Export this figure…", "Export",
    ]
    menu.actions()[0].trigger()
    assert QGuiApplication.clipboard().image().size() == plot.size() * 2
    menu.deleteLater()


def test_report_names_versions_screen_and_what_was_changed(window, qtbot):
    window.draft.load(with_values(RunConfig(), {"energy.resolution": 0.1}))
    window.menus.actions_by_text["Information for a report…"].trigger()
    dialog = window.findChild(ReportDialog)
    click(qtbot, dialog.copy_button)
    text = QGuiApplication.clipboard().text()
    for wanted in ("PySide6", "Qt 6.", "scale", window.draft.config.digest, "energy.resolution = 0.1", "## Last"):
        assert wanted in text
    assert "test.alpha" not in text
    dialog.accept()


def test_fault_of_a_job_unfolds_its_details(new_window, qtbot):
    window = new_window

    def fails(progress):
        raise KeyError("unforeseen")

    window.jobs.submit("Something", fails)
    qtbot.waitUntil(window.messages.isVisible, timeout=5000)
    window.jobs.submit("Something else", fails)
    qtbot.waitUntil(lambda: "else" in window.messages.text.text(), timeout=5000)
    bar = window.messages
    assert "unforeseen" in bar.text.text() and not bar.details.isVisible()
    click(qtbot, bar.details_button)
    assert bar.details.isVisible() and "Traceback" in bar.details.toPlainText() and "in fails" in bar.details.toPlainText()
    assert bar.earlier_button.text() == "1 earlier"
    click(qtbot, bar.earlier_button)
    assert bar.text.text().startswith("Something: ") and not bar.earlier_button.isVisible()
    click(qtbot, bar.close_button)
    assert not bar.isVisible()


def test_message_without_a_fault_has_no_details(window, qtbot):
    window.messages.say("Choose another place.")
    assert not window.messages.details_button.isVisible()
    click(qtbot, window.messages.close_button)


def test_panel_taken_out_of_reach_comes_back(open_window, densities, qtbot):
    first = open_window()
    qtbot.waitUntil(lambda: first.controller.density is not None, timeout=20_000)
    first.menus.actions_by_text["Panels can be moved"].trigger()
    click(qtbot, first.question_dock._title.float_button)
    assert first.question_dock.isFloating() and first.question_dock._title.float_button.text() == "Put back"
    first.question_dock.setGeometry(QRect(9000, 9000, 320, 700))
    first.close()
    second = open_window(config=None)
    assert second.question_dock.isFloating()
    screen = second.screen().availableGeometry()
    assert screen.intersects(second.question_dock.geometry())
    second.menus.actions_by_text["Reset layout"].trigger()
    assert not second.question_dock.isFloating() and second.left.isVisible() and second.left.width() >= 300


@pytest.mark.parametrize("place, is_kept", [
    (QRect(100, 100, 300, 400), True), (QRect(-250, 0, 300, 400), True), (QRect(-290, 0, 300, 400), False),
    (QRect(5000, 100, 300, 400), False), (QRect(100, -500, 300, 400), False), (QRect(100, 100, 9000, 9000), True),
])
def test_windows_out_of_reach_are_moved_onto_the_first_screen(place, is_kept):
    screens = [QRect(0, 0, 1600, 1000)]
    moved = reachable(place, screens)
    assert (moved == place) == is_kept
    assert is_kept or screens[0].contains(moved)
