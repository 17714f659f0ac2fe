"""Demo mode as a presenter uses it, and the files of its views."""

import pytest
from conftest import has_sky
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from zevatron.core.errors import InputError
from zevatron.core.sources import find_source
from zevatron.gui.files.scenes import Scene, read_scenes, standard_scenes, write_scenes
from zevatron.gui.main_window import SKY
from zevatron.gui.plots.look import SkyLook
from zevatron.gui.style import theme

SCRIPT = """
[[scene]]
title = "First of {source}"
seconds = 0.3
bin = 2

[scene.sky]
projection = "globe"
centre = [309.5, 19.4]

[[scene]]
title = "Second: N = {N}, {eta}"
seconds = 0.3
eta = 0.2
n_events = 60

[scene.sky]
mode = "events"
"""


@pytest.fixture
def shown(window, qtbot):
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=30_000)  # shortcuts go to the active window
    yield window
    window.presentation.stop()
    window.presentation.scenes = ()
    qtbot.waitUntil(lambda: not window.isFullScreen(), timeout=30_000)


def press(qtbot, window, key):
    qtbot.keyClick(window, key)


def test_f11_shows_the_picture_alone_and_escape_brings_everything_back(shown, qtbot):
    quiet = [shown.left, shown.menuWidget(), shown.jobs_bar, shown.tabs.tabBar(), shown.sky.controls]
    assert all(part.isVisible() for part in quiet)
    shown.sky.set_look(SkyLook(scale="sqrt", projection="globe"))
    size, look, choices = theme.font().pixelSize(), shown.sky.look, shown.view.config
    press(qtbot, shown, Qt.Key.Key_F11)
    demo = shown.presentation
    assert demo.is_on and demo.bar.isVisible()
    assert not any(part.isVisible() for part in (*quiet, shown.inspector))
    assert theme.font().pixelSize() == round(1.5 * size)
    assert "font-size: 20px" in QApplication.instance().styleSheet()
    assert demo.bar.title.text() == "What arrives from Cen A, all energies together" and demo.bar.place.text() == "1 / 9"
    for _ in range(6):
        press(qtbot, shown, Qt.Key.Key_Right)
    assert shown.sky.mode == "significance" and shown.view.config.eta == 0.1
    press(qtbot, shown, Qt.Key.Key_PageUp)
    assert demo.bar.title.text() == "The same sky, the events of Cen A in colour"
    assert not shown.left.isVisible() and shown.sky.mode == "events"
    press(qtbot, shown, Qt.Key.Key_Escape)
    assert not demo.is_on and demo.bar.isHidden()
    assert all(part.isVisible() for part in quiet)
    assert theme.font().pixelSize() == size
    assert (shown.sky.look, shown.view.config.eta, shown.view.config.n_events) == (look, choices.eta, choices.n_events)
    assert shown.tabs.currentIndex() == SKY


def test_every_standard_view_can_be_shown(shown, qtbot):
    demo = shown.presentation
    demo.start()
    titles = []
    for _ in range(9):
        titles.append(demo.bar.title.text())
        qtbot.wait(30)
        demo.next()
    assert len(set(titles)) == 9 and demo.bar.place.text() == "1 / 9"
    assert not any("{" in title for title in titles)


def test_a_globe_turns_by_itself(shown, qtbot):
    demo = shown.presentation
    demo.scenes = (Scene(sky=SkyLook(projection="globe", centre=(0.0, 0.0)), turn=60.0),)
    demo.start()
    qtbot.waitUntil(lambda: shown.sky.look.centre[0] > 10, timeout=30_000)
    assert shown.sky.look.centre[0] < 180 and abs(shown.sky.look.centre[1]) < 1e-6
    demo.stop()
    centre = shown.sky.look.centre
    qtbot.wait(120)
    assert shown.sky.look.centre == centre


def test_a_script_drives_itself(shown, qtbot, tmp_path):
    path = tmp_path / "demo.toml"
    path.write_text(SCRIPT)
    demo, titles = shown.presentation, []
    demo.open_path(path)
    assert shown.sky.look.projection == "globe" and shown.sky.selected_bin == 2

    def seen():
        titles.append(demo.bar.title.text())
        return {"First of Cen A", "Second: N = 60, 20.0\u2009%"} <= set(titles) and demo.bar.place.text() == "1 / 2"

    qtbot.waitUntil(lambda: demo.bar.place.text() == "2 / 2", timeout=30_000)
    qtbot.waitUntil(seen, timeout=30_000)  # and after the last comes the first
    demo.stop()
    qtbot.waitUntil(lambda: has_sky(shown), timeout=30_000)


def test_views_are_recorded_saved_and_read_back(shown, qtbot, tmp_path):
    demo = shown.presentation
    shown.sky.set_look(SkyLook(mode="counts", frame="galactic", scale="linear", overlays=("sources",)))
    shown.sky.select_bin(4)
    qtbot.keyClick(shown, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    shown.sky.set_look(SkyLook(projection="zoom", centre=(309.5, 19.4), width=30.0))
    shown.view.set("eta", 0.3)
    demo.record()
    assert len(demo.scenes) == 2
    path = tmp_path / "mine.toml"
    demo.save_path(path)
    assert read_scenes(path) == demo.scenes
    assert demo.scenes[0].bin == 4 and demo.scenes[0].sky.mode == "counts" and demo.scenes[1].eta == 0.3
    shown.sky.set_look(SkyLook())
    demo.open_path(path)
    assert shown.sky.look == demo.scenes[0].sky and shown.sky.selected_bin == 4
    demo.forget()
    demo.stop()
    demo.start()
    assert demo.bar.place.text() == "1 / 9"


@pytest.mark.parametrize(("text", "words"), [
    ("", "no demonstration"), ("[[scene]]\ntab = 'Moon'", "scene 1: tab: expected one of Sky"), ("x = 1", "no demonstration"),
    ("[[scene]]\n[[scene]]\neta = 2.0", "scene 2: eta: expected a number from 0 to 1"), ("[[scene]]\ncolour = 1", "scene 1: expected some of"),
    ("[[scene]]\n[scene.sky]\nmode = 'x'", "scene 1: sky.mode: expected one of density"), ("[[scene]]\nsky = 3", "scene 1: sky: expected a table"),
    ("[[scene]]\nbin = 1.5", "whole number"), ("[[scene]]\ntitle = 3", "expected a text"), ("[[", "not valid TOML"),
])
def test_a_faulty_file_is_refused_with_its_place(tmp_path, text, words):
    path = tmp_path / "demo.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words.replace(".", r"\.")):
        read_scenes(path)


def test_a_faulty_file_is_told_in_the_window_and_begins_nothing(shown, tmp_path):
    path = tmp_path / "demo.toml"
    path.write_text("[[scene]]\ntab = 'Moon'")
    shown.presentation.open_path(path)
    assert shown.messages.isVisible() and "Moon" in shown.messages.text.text()
    assert not shown.presentation.is_on


def test_standard_views_survive_a_file(tmp_path):
    scenes = standard_scenes(find_source("Cen A"))
    write_scenes(tmp_path / "demo.toml", scenes)
    assert read_scenes(tmp_path / "demo.toml") == scenes
    full = Scene("x", "Field", 3.5, SkyLook(width=12.0), 3, True, -4.0, "images", 9.5, "M82", 70, 0.25, 12)
    write_scenes(tmp_path / "demo.toml", [full])
    assert read_scenes(tmp_path / "demo.toml") == (full,)
