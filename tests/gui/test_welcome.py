"""The first minute: welcome, examples, recent runs, tour; and when the window is painted."""

import pytest
from hands import click
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QMessageBox, QPushButton

from zevatron.core.config import RunConfig, run_toml, with_values
from zevatron.core.training.run_folder import RunFolder
from zevatron.gui.files import settings
from zevatron.gui.files.run_files import CANCEL
from zevatron.gui.frame.examples import EXAMPLES
from zevatron.gui.frame.tour import Tour, place_beside, stops


@pytest.fixture(autouse=True)
def no_question(monkeypatch):
    """A question that no test expects fails at once."""
    monkeypatch.setattr(QMessageBox, "exec", lambda box: pytest.fail(box.text()))


@pytest.fixture
def first_window(open_window, densities, qtbot, own_settings):
    """The window at its very first start."""
    opened = open_window(config=None)
    qtbot.waitUntil(lambda: opened.controller.density is not None, timeout=20_000)
    return opened


def test_very_first_start_shows_welcome_and_the_sky_together(first_window, qtbot):
    window = first_window
    assert window.welcome.isVisible() and window.sky.isVisible() and window.sky.map._rects
    sheet = QRect(window.welcome.mapTo(window, window.welcome.rect().topLeft()), window.welcome.size())
    sky = QRect(window.sky.mapTo(window, window.sky.rect().topLeft()), window.sky.size())
    assert sheet.intersected(sky).width() < sky.width() / 3  # most of the sky is seen
    qtbot.keyClick(window.welcome, Qt.Key.Key_Escape)
    assert not window.welcome.isVisible()
    assert window.draft.config == RunConfig()


def test_later_starts_do_not(new_window):
    assert not new_window.welcome.isVisible()
    new_window.menus.actions_by_text["Welcome"].trigger()
    assert new_window.welcome.isVisible()


@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=lambda number: EXAMPLES[number].title)
def test_example_is_begun_with_one_click(window, qtbot, number):
    example = EXAMPLES[number]
    window.welcome.open()
    click(qtbot, window.welcome.cards[number])
    assert window.draft.config == example.runs()[-1] and window.tabs.currentIndex() == example.tab
    assert window.top_bar.run_name.text() == example.title and not window.welcome.isVisible()
    if len(example.steps) > 1:
        window.history.undo()
        assert window.draft.config == example.runs()[0]


def test_maps_of_the_examples_are_shipped():
    """An example that begins with minutes of tracing is none; only shipped fields and sources are used."""
    for example in EXAMPLES:
        for run in example.runs():
            assert run.field.model in ("jf12", "jf12_regular") and not run.field.parameters and run.field.realisations == 1
            assert run.sky.source_radius == RunConfig().sky.source_radius


def test_example_asks_before_edits_are_lost(window, qtbot, monkeypatch):
    window.draft.set("seed", 9)
    monkeypatch.setattr(QMessageBox, "exec", lambda box: None)
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: next(made for made in box.buttons() if made.text() == CANCEL))
    window.welcome.open()
    click(qtbot, window.welcome.cards[1])
    assert window.draft.config.seed == 9


def test_recent_runs_and_trainings_are_opened(window, qtbot, tmp_path, small_run):
    run = tmp_path / "mine.toml"
    run.write_text(run_toml(with_values(small_run, {"seed": 21})))
    settings.add_recent_file(run)
    training = with_values(small_run, {"events.n_events": (50,), "seed": 22})
    RunFolder.create(settings.runs_folder() / "CenA-N50", training, window.controller.density)
    window.welcome.open()
    buttons = {made.accessibleName(): made for made in window.welcome.findChildren(QPushButton) if made.accessibleName()}
    click(qtbot, buttons["Open mine"])
    assert window.draft.config.seed == 21 and window.draft.path == run.resolve()
    window.welcome.open()
    buttons = {made.accessibleName(): made for made in window.welcome.findChildren(QPushButton) if made.accessibleName()}
    click(qtbot, buttons["Open CenA-N50"])
    assert window.draft.config == training


def test_tour_goes_through_the_window_and_ends(window, qtbot):
    window.welcome.open()
    click(qtbot, window.welcome.tour_button)
    tour = window.findChild(Tour)
    n = len(stops(window))
    seen = set()
    for number in range(n):
        assert tour.count.text() == f"{number + 1} of {n}" and window.focusWidget() is tour.next_button
        spot, card = tour._spot, tour.card.geometry()
        assert tour.rect().contains(spot) and tour.rect().contains(card) and spot.width() > 20
        assert not card.intersects(spot) or spot.width() > 800  # a large part holds the card
        seen.add(tour.title.text())
        qtbot.keyClick(tour, Qt.Key.Key_Right)
    assert len(seen) == n
    qtbot.waitUntil(lambda: window.findChild(Tour) is None)


def test_tour_is_left_with_escape(window, qtbot):
    window.menus.actions_by_text["Tour"].trigger()
    tour = window.findChild(Tour)
    qtbot.keyClick(tour, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.findChild(Tour) is None)


@pytest.mark.parametrize("spot", [QRect(0, 40, 300, 900), QRect(1300, 40, 300, 900), QRect(400, 0, 800, 40), QRect(400, 960, 800, 40)])
def test_card_lies_beside_its_spot(spot):
    size, area = QSize(340, 160), QRect(0, 0, 1600, 1000)
    card = QRect(place_beside(spot, size, area), size)
    assert area.contains(card) and not card.intersects(spot)
