"""Sources: picked on the sky, put in order, exported and imported."""

import pytest
from hands import click, press
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog

from zevatron.core.config import RunConfig, with_values
from zevatron.core.sources import find_source, read_custom_sources, selected_sources, write_sources
from zevatron.gui.panels.source_dialog import SourceDialog


@pytest.fixture
def panel(window):
    window.draft.load(with_values(RunConfig(), {"sources.names": ("Cen A", "M82", "M87"), "sky.nside": 8}))
    return window.sources_panel


def point_at(window, glon, glat):
    x, y = window.sky.map.position(glon, glat)
    return QPoint(round(float(x)), round(float(y)))


def test_sources_are_dragged_into_another_order(window, panel, qtbot):
    row, target = panel.rows["Cen A"], panel.rows["M82"]
    assert row.grip.isVisible() and not panel.rows["NGC 253"].grip.isVisible()
    start = row.grip.rect().center()
    qtbot.mousePress(row.grip, Qt.MouseButton.LeftButton, pos=start)
    down = target.mapTo(window, target.rect().center()).y() - row.grip.mapTo(window, start).y()
    qtbot.mouseMove(row.grip, start + QPoint(0, down))
    assert window.draft.config.sources.names == ("M82", "Cen A", "M87")
    qtbot.waitUntil(lambda: row.mapTo(window, QPoint()).y() > target.mapTo(window, QPoint()).y())
    target = panel.rows["M87"]
    down = target.mapTo(window, target.rect().center()).y() - row.grip.mapTo(window, start).y()
    qtbot.mouseMove(row.grip, start + QPoint(0, down))
    qtbot.mouseRelease(row.grip, Qt.MouseButton.LeftButton)
    assert window.draft.config.sources.names == ("M82", "M87", "Cen A")  # one drag
    window.history.undo()
    assert window.draft.config.sources.names == ("Cen A", "M82", "M87")


def test_order_can_be_changed_with_the_keyboard_and_shares_go_along(window, panel, qtbot):
    window.draft.set_many({"sources.mixture": True, "sources.shares": (3.0, 2.0, 1.0)})
    panel.rows["M87"].grip.setFocus()
    qtbot.keyClick(panel.rows["M87"].grip, Qt.Key.Key_Up)
    assert window.draft.config.sources.names == ("Cen A", "M87", "M82")
    assert window.draft.config.sources.shares == (3.0, 1.0, 2.0)
    assert window.focusWidget() is panel.rows["M87"].grip  # in its new place
    qtbot.keyClick(panel.rows["M87"].grip, Qt.Key.Key_Up)
    qtbot.keyClick(panel.rows["M87"].grip, Qt.Key.Key_Up)
    assert window.draft.config.sources.names == ("M87", "Cen A", "M82")


def test_marker_on_the_sky_chooses_its_source(window, panel, qtbot):
    window.tabs.setCurrentIndex(3)
    click(qtbot, panel.pick_button)
    assert window.tabs.currentIndex() == 0 and window.picker.banner.isVisible()
    other = find_source("Fornax A")
    qtbot.mouseClick(window.sky.map.viewport(), Qt.MouseButton.LeftButton, pos=point_at(window, other.glon, other.glat))
    assert window.draft.config.sources.names == ("Cen A", "M82", "M87", "Fornax A")
    assert not window.picker.banner.isVisible()
    qtbot.mouseClick(window.sky.map.viewport(), Qt.MouseButton.LeftButton, pos=point_at(window, 30.0, 30.0))
    assert window.findChild(SourceDialog) is None  # a click is a click on the sky again


def test_empty_place_on_the_sky_adds_a_source_there(window, panel, qtbot):
    click(qtbot, panel.pick_button)
    qtbot.mouseClick(window.sky.map.viewport(), Qt.MouseButton.LeftButton, pos=point_at(window, 30.0, 40.0))
    dialog = window.findChild(SourceDialog)
    assert dialog.draft.config.lon == pytest.approx(30.0, abs=0.5) and dialog.draft.config.lat == pytest.approx(40.0, abs=0.5)
    click(qtbot, dialog.add_button)
    (own,) = window.draft.config.sources.custom
    assert own.name == "My source" and own.lat == dialog.draft.config.lat


def test_picking_ends_with_escape(window, panel, qtbot):
    click(qtbot, panel.pick_button)
    press(qtbot, window, Qt.Key.Key_Escape)
    assert not window.picker.is_waiting and not window.picker.banner.isVisible()


def test_exported_sources_are_imported_as_they_were(window, panel, qtbot, tmp_path, monkeypatch):
    own = ({"name": "Mine", "frame": "equatorial", "lon": 187.7, "lat": 12.4, "distance": 16.0},)
    window.draft.set_many({"sources.custom": own, "sources.names": ("M82", "Mine")})
    before = selected_sources(window.draft.config.sources)
    path = tmp_path / "mine.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    click(qtbot, panel.export_button)
    window.draft.load(with_values(RunConfig(), {"sources.names": ("M82",)}))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    click(qtbot, panel.import_button)
    after = selected_sources(window.draft.config.sources)
    assert [source.name for source in after] == ["M82", "Mine"] and len(window.draft.config.sources.custom) == 1
    for old, new in zip(before, after, strict=True):
        assert new.direction == pytest.approx(old.direction, abs=1e-12) and new.distance == old.distance


def test_written_sources_are_read_back(tmp_path):
    sources = [find_source(name) for name in ("Cen A", "NGC 253", "Fornax A")]
    write_sources(tmp_path / "s.csv", sources)
    read = read_custom_sources(tmp_path / "s.csv")
    assert [(s.name, s.lon, s.lat, s.distance) for s in read] == [(s.name, s.glon, s.glat, s.distance) for s in sources]


def test_dot_of_the_sources_goes_back_to_cen_a(window, panel, qtbot):
    assert panel.dot.isVisible() and "Cen A" in panel.dot.toolTip()
    click(qtbot, panel.dot)
    assert window.draft.config.sources.names == ("Cen A",) and not panel.dot.isVisible()
