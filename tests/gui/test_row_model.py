"""Tables that keep their rows in order themselves: marks stay with their rows, whatever moves."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from PySide6.QtCore import QAbstractItemModel, QPersistentModelIndex, QPoint, QPointF, Qt
from PySide6.QtGui import QFontMetrics, QWheelEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from zevatron.gui.plots.row_model import LEFT, RIGHT, Column, RowModel, RowTable
from zevatron.gui.style import theme

COLUMNS = (
    Column("Name", "", lambda row: row.name, lambda row: (row.name,)),
    Column("Value", "How much", lambda row: str(row.value), lambda row: (row.value, row.name)),
)


@dataclass(frozen=True)
class Entry:
    name: str
    value: float | None


class Entries(RowModel):
    """Names with values."""

    def __init__(self):
        super().__init__(COLUMNS, (0,))

    def identity(self, row):
        return row.name


def entries(rng, n=60):
    values = [None if i % 13 == 0 else math.nan if i % 17 == 0 else float(value) for i, value in enumerate(rng.integers(0, 20, n))]
    return [Entry(f"row {i:02d}", value) for i, value in enumerate(values)]


@pytest.fixture
def model(qapp):
    """A model that Qt watches for faults."""
    made = Entries()
    made.tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal)
    return made


def shown(model, column=0):
    return [model.index(i, column).data() for i in range(model.rowCount())]


def test_rows_come_in_the_order_of_a_column_and_what_is_missing_comes_last(model):
    rows = entries(np.random.default_rng(1))
    model.sort(1)
    model.set_rows(rows)
    values = [row.value for row in model.rows]
    known = [value for value in values if value is not None and not math.isnan(value)]
    assert values[:len(known)] == known == sorted(known) and len(known) < len(values)
    assert sorted(shown(model)) == sorted(row.name for row in rows)
    model.sort(1, Qt.SortOrder.DescendingOrder)
    assert [row.value for row in model.rows][-len(known):] == known[::-1]


def test_marks_stay_with_their_rows_while_these_move_and_change(model):
    rng = np.random.default_rng(2)
    model.set_rows(rows := entries(rng))
    marks = {row.name: QPersistentModelIndex(model.index(model.row_of(row.name), 1)) for row in rows[::7]}
    resets = []
    model.modelReset.connect(lambda: resets.append(1))
    for column, order in ((1, Qt.SortOrder.AscendingOrder), (0, Qt.SortOrder.DescendingOrder), (1, Qt.SortOrder.DescendingOrder)):
        model.sort(column, order)
        rows = [Entry(row.name, float(value)) for row, value in zip(rows, rng.integers(0, 50, len(rows)), strict=True)]
        model.set_rows(rows)
        for name, mark in marks.items():
            assert mark.isValid() and model.rows[mark.row()].name == name
            assert mark.data() == str(next(row.value for row in rows if row.name == name))
    assert not resets
    model.set_rows(rows[1:])
    assert resets == [1] and not any(mark.isValid() for mark in marks.values())


def test_a_change_of_a_number_is_told_once_and_without_a_reset(model):
    model.set_rows(entries(np.random.default_rng(3), 5))
    told = []
    model.dataChanged.connect(lambda first, last: told.append((first.row(), last.row(), first.column(), last.column())))
    model.set_rows([Entry("row 02", 100.0) if row.name == "row 02" else row for row in model.rows])
    assert told == [(0, 4, 0, 1)] and "100.0" in shown(model, 1)
    model.set_rows(())
    model.set_rows(())
    assert model.rowCount() == 0 and len(told) == 1


def test_a_click_on_a_heading_sorts_and_the_chosen_row_stays_chosen(model, qtbot):
    table = RowTable(model)
    qtbot.addWidget(table)
    table.resize(300, 400)
    table.show()
    qtbot.waitExposed(table)
    model.set_rows(entries(np.random.default_rng(4)))
    table.selectRow(20)
    chosen = model.rows[20].name
    header = table.horizontalHeader()
    for _ in range(2):
        place = header.sectionViewportPosition(1) + 10
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=header.viewport().rect().topLeft() + type(header.pos())(place, 8))
        assert model.rows[table.currentIndex().row()].name == chosen
        assert [index.row() for index in table.selectionModel().selectedRows()] == [table.currentIndex().row()]
    known = [row.value for row in model.rows if row.value is not None and not math.isnan(row.value)]
    assert known in (sorted(known), sorted(known, reverse=True))


def test_other_columns_bring_other_headings(model):
    assert isinstance(model, QAbstractItemModel) and model.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) == "How much"
    assert [model.headerData(i, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole) for i in (0, 1)] == [LEFT, RIGHT]
    model.set_rows(entries(np.random.default_rng(5), 3))
    model.sort(1)
    model.set_columns(COLUMNS[:1], ())
    assert (model.columnCount(), model.rowCount()) == (1, 0)
    model.set_rows(entries(np.random.default_rng(5), 3))
    assert shown(model) == ["row 00", "row 01", "row 02"]


def wheel(table, x, y, modifiers=Qt.KeyboardModifier.NoModifier):
    place = QPointF(table.viewport().rect().center())
    event = QWheelEvent(
        place, QPointF(table.viewport().mapToGlobal(place.toPoint())), QPoint(), QPoint(x, y), Qt.MouseButton.NoButton, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False,
    )
    QApplication.sendEvent(table.viewport(), event)


def test_no_column_is_cut_and_the_table_scrolls_sideways(qtbot):
    model = Entries()
    model.set_columns([Column(f"Column {n}", "", lambda row, n=n: n * row.name, lambda row: (row.name,)) for n in range(1, 5)], (0, 1, 2, 3))
    table = RowTable(model)
    qtbot.addWidget(table)
    table.resize(300, 300)
    table.show()
    qtbot.waitExposed(table)
    model.set_rows([Entry(f"row {i}", float(i)) for i in range(5)])
    table.fit()
    header, bar, metrics = table.horizontalHeader(), table.horizontalScrollBar(), QFontMetrics(theme.font())

    def are_whole():
        return all(header.sectionSize(n) >= metrics.horizontalAdvance((n + 1) * "row 0") for n in range(4))

    assert are_whole() and bar.maximum() > 0
    table.setFocus()
    table.setCurrentIndex(model.index(0, 0))
    for _ in range(3):
        qtbot.keyClick(table, Qt.Key.Key_Right)
    assert bar.value() == bar.maximum() and table.visualRect(model.index(0, 3)).right() <= table.viewport().width()
    wheel(table, 120, 0)
    assert bar.value() < bar.maximum()
    for _ in range(20):
        wheel(table, 120, 0)
    assert bar.value() == 0
    wheel(table, 0, -120, Qt.KeyboardModifier.ShiftModifier)
    assert bar.value() > 0 and table.verticalScrollBar().value() == 0
    table.resize(1500, 300)
    qtbot.waitUntil(lambda: header.length() == table.viewport().width())
    assert are_whole()


def test_a_width_that_was_dragged_stays(model, qtbot):
    table = RowTable(model, stretch=(0,))
    qtbot.addWidget(table)
    table.resize(600, 300)
    table.show()
    qtbot.waitExposed(table)
    model.set_rows(entries(np.random.default_rng(4)))
    table.fit()
    header = table.horizontalHeader()
    header.resizeSection(0, header.sectionSize(0) - 80)  # there is room at the right
    before = header.sectionSize(1)
    end = QPoint(header.sectionViewportPosition(1) + before - 2, 8)
    qtbot.mousePress(header.viewport(), Qt.MouseButton.LeftButton, pos=end)
    qtbot.mouseMove(header.viewport(), end + QPoint(20, 0))
    qtbot.mouseMove(header.viewport(), end + QPoint(40, 0))
    qtbot.mouseRelease(header.viewport(), Qt.MouseButton.LeftButton, pos=end + QPoint(40, 0))
    wide = header.sectionSize(1)
    assert wide > before + 20
    model.set_rows(entries(np.random.default_rng(5)))
    table.fit()
    assert header.sectionSize(1) == wide
