"""Tables whose rows are objects: a model that keeps them in order by itself, and the table that shows it.

Qt's own sorting proxy asks for one comparison at a time, ten thousand of them for a thousand rows, each a call of Python: fifty times
the work of sorting a list once.
"""

import math
from typing import NamedTuple

from PySide6.QtCore import QAbstractProxyModel, QAbstractTableModel, QModelIndex, Qt
from PySide6.QtGui import QFont, QFontMetrics, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QStyle, QTableView

from ..style import theme

ROW_HEIGHT = 28
CELL_PADDING, CELL_MARGIN = 8, 8  # pixels: at each side of a text, and what the style adds to both together
ROWS_MEASURED, WIDEST = 30, 240  # for the widths of columns; pixels
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
# plain numbers, as Qt hands them over: a cell is asked for ten of them, a table for thousands
DISPLAY, ALIGNMENT, TOOLTIP, FONT, FOREGROUND, BACKGROUND, CHECK = (int(role) for role in (
    Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.TextAlignmentRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.FontRole,
    Qt.ItemDataRole.ForegroundRole, Qt.ItemDataRole.BackgroundRole, Qt.ItemDataRole.CheckStateRole,
))
LOOKS = (TOOLTIP, FONT, FOREGROUND, BACKGROUND, CHECK)


class Column(NamedTuple):
    """One column of a table.

    Attributes
    ----------
    title, tooltip : str
    text : callable
        Writes the cell of a row.
    key : callable
        Returns the tuple that the row is sorted by; see :func:`sort_order`.
    """

    title: str
    tooltip: str
    text: object
    key: object


def sort_order(values):
    """Return a tuple of values as it is compared: what is missing comes last."""
    return tuple((1, 0.0) if v is None or (isinstance(v, float) and math.isnan(v)) else (0, v) for v in values)


class RowModel(QAbstractTableModel):
    """Rows in the order of one column; subclasses say what tells a row from others, and how a cell looks.

    Parameters
    ----------
    columns : sequence of Column
    text_columns : sequence of int
        Those that are no numbers.

    Attributes
    ----------
    rows : tuple
        As they are shown.
    """

    bold_columns = None  # those that may be bold, which takes more room; None: all

    def __init__(self, columns=(), text_columns=(), parent=None):
        super().__init__(parent)
        self.columns, self.text_columns = tuple(columns), text_columns
        self.rows, self._sorted = (), None

    def identity(self, row):
        """Return what tells a row from others, also after it was made anew."""
        raise NotImplementedError

    def look(self, row, column, role):
        """Return what there is to a cell for a role of :data:`LOOKS`."""
        return None

    def set_rows(self, rows):
        """Show other rows; where they are the same ones, each keeps its marks and the table its place."""
        rows = self._in_order(rows)
        if {self.identity(row) for row in rows} != {self.identity(row) for row in self.rows} or len(rows) != len(self.rows):
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        self._rearrange(rows)

    def set_columns(self, columns, text_columns):
        """Take other columns; the rows go."""
        self.beginResetModel()
        self.columns, self.text_columns, self.rows = tuple(columns), text_columns, ()
        self.endResetModel()

    def sort(self, column, order=Qt.SortOrder.AscendingOrder):
        """Sort by one column; -1 leaves the rows in the order in which they come."""
        self._sorted = (column, order == Qt.SortOrder.DescendingOrder) if column >= 0 else None
        self._rearrange(self._in_order(self.rows))

    def _in_order(self, rows):
        if self._sorted is None or self._sorted[0] >= len(self.columns):
            return tuple(rows)
        column, descending = self._sorted
        key = self.columns[column].key
        return tuple(sorted(rows, key=lambda row: sort_order(key(row)), reverse=descending))

    def _rearrange(self, rows):
        """Show the same rows in another order, or with other numbers."""
        before = [self.identity(row) for row in self.rows]
        place = {self.identity(row): i for i, row in enumerate(rows)}
        is_moved = any(place[name] != i for i, name in enumerate(before))
        if is_moved:
            self.layoutAboutToBeChanged.emit()
            former = self.persistentIndexList()
            now = [self.index(place[before[index.row()]], index.column()) for index in former]
        self.rows = rows
        if is_moved:
            self.changePersistentIndexList(former, now)
            self.layoutChanged.emit()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(self.columns) - 1))

    def row_of(self, identity):
        """Return the number of a row, -1 if there is none."""
        return next((i for i, row in enumerate(self.rows) if self.identity(row) == identity), -1)

    def rowCount(self, parent=QModelIndex()):  # noqa: B008
        """Number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent=QModelIndex()):  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section, orientation, role=Qt.ItemDataRole.DisplayRole):
        """Titles and their explanations."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        roles = {DISPLAY: column.title, TOOLTIP: column.tooltip or None, ALIGNMENT: LEFT if section in self.text_columns else RIGHT}
        return roles.get(role)

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        """Text, alignment and look of a cell."""
        if role == DISPLAY:
            return self.columns[index.column()].text(self.rows[index.row()])
        if role == ALIGNMENT:
            return LEFT if index.column() in self.text_columns else RIGHT
        return self.look(self.rows[index.row()], index.column(), role) if role in LOOKS else None


class RowTable(QTableView):
    """Shows a :class:`RowModel`, or a filter of one: one row is chosen at a time, a click on a heading sorts.

    Every column is at least as wide as what stands in it, and the table scrolls sideways where there is no room for all: by the
    arrow keys, by a trackpad, and by the wheel with Shift. Room that is left is shared out. A width that was dragged stays.

    Parameters
    ----------
    model : RowModel or QAbstractProxyModel
    padding : int
        Pixels at each side of a text.
    stretch : sequence of int
        Columns that share the room that is left; the last one that is seen by default.
    """

    def __init__(self, model, padding=CELL_PADDING, stretch=(), parent=None):
        super().__init__(parent, sortingEnabled=True, showGrid=False, cornerButtonEnabled=False)
        self._padding, self._stretch, self._least = padding, tuple(stretch), {}
        self._needed, self._dragged, self._is_fitting = {}, {}, False
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().sectionResized.connect(self._resized)
        self.setStyleSheet(
            f"QTableView, QHeaderView {{ border: none; }} QTableView::item {{ padding: 0 {padding}px; }} "
            f"QHeaderView::section {{ padding: 6px {padding + 4}px 6px {padding + 2}px; }}"  # over the texts of the cells
        )

        theme.notifier.changed.connect(self._refit)

    def _refit(self, _):
        """Follow the size of letters."""
        if self._needed:
            self.fit(self._least)

    @property
    def rows_model(self):
        """The :class:`RowModel`."""
        model = self.model()
        return model.sourceModel() if isinstance(model, QAbstractProxyModel) else model

    def fit(self, least=None):
        """Make every column as wide as its heading and the texts of its first rows.

        Qt's own way asks ten things of each of these cells, whenever a single one of them may have changed.

        Parameters
        ----------
        least : dict of int to str, optional
            Texts of columns that will stand there later.
        """
        header, model, self._least = self.horizontalHeader(), self.rows_model, dict(least or {})
        usual, bold = (QFontMetrics(theme.font(weight=weight)) for weight in (QFont.Weight.Normal, QFont.Weight.DemiBold))
        self._needed = {}
        for number, column in enumerate(model.columns):
            metrics = bold if model.bold_columns is None or number in model.bold_columns else usual
            texts = {column.text(row) for row in model.rows[:ROWS_MEASURED]} | {self._least.get(number, ""), column.title}
            widest = max(metrics.horizontalAdvance(text) for text in texts) + 2 * self._padding + CELL_MARGIN
            if model.rows and model.flags(model.index(0, number)) & Qt.ItemFlag.ItemIsUserCheckable:
                widest += self.style().pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth) + CELL_MARGIN
            self._needed[number] = min(max(widest, header.minimumSectionSize()), theme.scaled(WIDEST))
        self._share_out()

    def _share_out(self):
        """Give the columns their widths, and the room that is left to some."""
        header, known = self.horizontalHeader(), len(self.rows_model.columns)
        shown = [n for n in sorted(self._needed, key=header.visualIndex) if n < known and not self.isColumnHidden(n)]
        if not shown:
            return
        widths = {n: self._dragged.get(self.rows_model.columns[n].title, self._needed[n]) for n in shown}
        takers = [n for n in self._stretch if n in widths] or shown[-1:]
        left = max(self.viewport().width() - sum(widths.values()), 0)
        for place, number in enumerate(takers):
            widths[number] += left // len(takers) + (place < left % len(takers))
        self._is_fitting = True
        for number, width in widths.items():
            header.resizeSection(number, width)
        self._is_fitting = False

    def _resized(self, number, before, now):
        """Keep the width that a heading was dragged to, also for other rows."""
        if not self._is_fitting and before and now and number in self._needed:  # a column that is hidden or shown changes from or to 0
            self._dragged[self.rows_model.columns[number].title] = now

    def resizeEvent(self, event):
        """Share out the room anew."""
        super().resizeEvent(event)
        self._share_out()

    def setColumnHidden(self, number, is_hidden):
        """Hide a column, or show it, and share out its room."""
        if self.isColumnHidden(number) != is_hidden:
            super().setColumnHidden(number, is_hidden)
            self._share_out()

    def wheelEvent(self, event):
        """Scroll sideways with Shift."""
        by = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and by.y() and not by.x():
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - by.y())
            event.accept()
            return
        super().wheelEvent(event)


def add_row_keys(table, actions):
    """Let keys work on a table while it has the keyboard: ``{key: function}``."""
    for key, function in actions.items():
        shortcut = QShortcut(QKeySequence(key), table, context=Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(function)
