"""The one stylesheet, filled with the colours of a theme."""

from pathlib import Path
from string import Template

from . import theme as themes

ICONS = Path(__file__).resolve().parent / "icons"
TEMPLATE = Template("""
QWidget { font-size: ${text_size}px; }
QMainWindow, QDialog, QWidget#ground { background: $ground; }
QWidget#panel, QWidget#bar, QScrollArea#panel, QWidget#drawer { background: $panel; border: none; }
QFrame#line { background: $line; border: none; }

QLabel { background: transparent; color: $text; }
QLabel[role="quiet"] { color: $quiet; }
QLabel[role="caption"] { color: $quiet; font-size: ${caption_size}px; }
QLabel[role="heading"] { color: $quiet; font-size: ${caption_size}px; font-weight: 600; letter-spacing: 0.6px; }
QLabel[role="name"] { color: $active; font-size: ${name_size}px; font-weight: 700; }
QLabel[role="title"] { font-size: ${name_size}px; font-weight: 600; }
QLabel[role="active"] { color: $active; font-weight: 600; }
QLabel[role="limit"] { color: $limit; font-weight: 600; }
QLabel[role="banner"] { background: $active; color: $on_active; border-radius: ${corner}px; padding: 6px 12px; }
QLabel[role="fault"] { color: $fault; font-size: ${caption_size}px; }

QPushButton {
    background: $control; color: $text; border: 1px solid $line; border-radius: ${corner}px; padding: 5px 12px;
    min-height: 16px;
}
QPushButton:hover { border-color: $quiet; }
QPushButton:pressed { background: $line; }
QPushButton:focus { border-color: $active; }
QPushButton:disabled { color: $quiet; background: transparent; }
QPushButton[role="primary"] { background: $active; color: $on_active; border-color: $active; font-weight: 600; }
QPushButton[role="primary"]:hover { border-color: $text; }
QPushButton[role="primary"]:disabled { background: $control; color: $quiet; border-color: $line; }
QPushButton[role="link"], QPushButton[role="link marked"] {
    background: transparent; border: none; color: $quiet; padding: 0; text-align: right; font-size: ${caption_size}px;
}
QPushButton[role="fault"] { color: $fault; border-color: $fault; background: transparent; padding: 2px 10px; }
QPushButton[role="link marked"] { color: $active; }
QPushButton[role="link"]:hover, QPushButton[role="link marked"]:hover { color: $text; }
QPushButton[role="link"]:focus, QPushButton[role="link marked"]:focus { color: $text; text-decoration: underline; }

QPushButton[role="card"] { text-align: left; padding: 0; background: $control; }
QPushButton[role="card"]:hover, QPushButton[role="card"]:focus { border-color: $active; }
QWidget#sheet { background: $panel; border: none; border-right: 1px solid $line; }
QWidget#callout { background: $panel; border: 1px solid $quiet; border-radius: ${corner}px; }

QPushButton[role="menu"] { padding: 5px 20px 5px 8px; }
QPushButton::menu-indicator {
    image: url($icons/chevron.svg); width: 12px; height: 12px; subcontrol-origin: padding; subcontrol-position: right center;
    right: 8px;
}

QPushButton[role="segment"] { border-radius: 0; padding: 4px 8px; border-left-width: 0; }
QPushButton[role="segment"][place="first"] {
    border-left-width: 1px; border-top-left-radius: ${corner}px; border-bottom-left-radius: ${corner}px;
}
QPushButton[role="segment"][place="last"] { border-top-right-radius: ${corner}px; border-bottom-right-radius: ${corner}px; }
QPushButton[role="segment"][standard="true"] { border-bottom: 2px solid $quiet; padding-bottom: 3px; }
QPushButton[role="segment"]:focus { border: 1px solid $text; }
QPushButton[role="segment"]:checked { background: $active; color: $on_active; border-color: $active; font-weight: 600; }
QPushButton[role="segment"]:checked:focus { border-color: $text; }
QPushButton[role="primary"]:focus { border-color: $text; }

QLineEdit, QPlainTextEdit, QAbstractSpinBox {
    background: $control; color: $text; border: 1px solid $line; border-radius: ${corner}px; padding: 4px 8px;
    selection-background-color: $active; selection-color: $on_active;
}
QAbstractSpinBox, QLineEdit { min-height: 18px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; height: 0; border: none; }
QLineEdit:focus, QPlainTextEdit:focus, QAbstractSpinBox:focus { border-color: $active; }
QLineEdit:disabled, QAbstractSpinBox:disabled { color: $quiet; }
QLineEdit[invalid="true"], QAbstractSpinBox[invalid="true"] { border-color: $fault; }
QLineEdit[role="value"] {
    background: transparent; border: 1px solid transparent; padding: 1px 2px; min-height: 16px; border-radius: 4px;
}
QLineEdit[role="value"]:hover { border-color: $line; background: $control; }
QLineEdit[role="value"]:focus { border-color: $active; background: $control; }
QLineEdit[role="value"][invalid="true"] { border-color: $fault; }
QPlainTextEdit#log { background: $ground; font-size: ${caption_size}px; border-radius: 0; border: none; }

QComboBox {
    background: $control; color: $text; border: 1px solid $line; border-radius: ${corner}px; padding: 4px 8px; min-height: 18px;
}
QComboBox:hover { border-color: $quiet; }
QComboBox:focus, QComboBox:on { border-color: $active; }
QComboBox[invalid="true"] { border-color: $fault; }
QComboBox:disabled { color: $quiet; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url($icons/chevron.svg); width: 12px; height: 12px; }
QComboBox QAbstractItemView { padding: 4px; }
QComboBox QAbstractItemView::item { min-height: 26px; padding: 0 6px; border-radius: 4px; }
QGraphicsView { background: transparent; border: none; }

QSlider::groove:horizontal { height: 4px; background: $line; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $active; border-radius: 2px; }
QSlider::handle:horizontal { background: $text; width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; }
QSlider::handle:horizontal:focus { border: 2px solid $active; width: 10px; height: 10px; margin: -5px 0; border-radius: 7px; }
QSlider::sub-page:horizontal:disabled { background: $quiet; }

QProgressBar { background: $line; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: $limit; border-radius: 3px; }

QTabWidget::pane { border: none; }
QTabWidget::tab-bar { left: 12px; }
QTabBar { background: transparent; }
QTabBar::tab {
    background: transparent; color: $quiet; padding: 11px 10px 10px 10px; border: none; border-bottom: 2px solid transparent;
}
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $active; font-weight: 600; }
QTabBar::tab:focus { color: $active; }

QScrollArea { border: none; background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 8px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 8px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 4px; min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: $quiet; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QMenuBar { background: $panel; color: $text; padding: 0 8px; }
QMenuBar::item { padding: 5px 10px; background: transparent; border-radius: 4px; }
QMenuBar::item:selected { background: $control; }
QMenu { background: $panel; color: $text; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 4px; }
QMenu::item:selected { background: $line; }
QMenu::item:disabled { color: $quiet; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QToolTip { background: $panel; color: $text; border: 1px solid $line; padding: 6px; font-size: ${caption_size}px; }

QHeaderView::section { background: $panel; color: $quiet; border: none; border-bottom: 1px solid $line; padding: 6px 8px; }
QHeaderView::up-arrow, QHeaderView::down-arrow { width: 9px; height: 9px; subcontrol-origin: border; subcontrol-position: top center; }
QHeaderView::up-arrow { image: url($icons/chevron-up.svg); }
QHeaderView::down-arrow { image: url($icons/chevron.svg); }
QTableView::indicator { width: 12px; height: 12px; border: 1px solid $quiet; border-radius: 3px; background: $control; }
QTableView::indicator:checked { background: $active; border-color: $active; image: url($icons/$tick.svg); }
QTableView { background: $panel; alternate-background-color: $ground; gridline-color: $line; border: none; }
QAbstractItemView {
    background: $panel; color: $text; border: 1px solid $line; selection-background-color: $line; selection-color: $text;
    outline: none;
}
QSplitter::handle { background: $line; }
QMainWindow::separator { background: $line; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: $active; }
QDockWidget { background: $panel; color: $text; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }

QDialog#palette { background: $panel; border: 1px solid $quiet; }
QDialog#palette QListWidget { border: none; }
QDialog#palette QListWidget::item { min-height: 28px; padding: 0 8px; border-radius: 4px; }
QDialog#palette QListWidget::item:selected { background: $line; color: $text; }

QWidget#message { background: $panel; border-top: 2px solid $fault; }
""")


def stylesheet(theme):
    """Return the stylesheet in the colours of ``theme``."""
    colours = {name: getattr(theme, name) for name in theme.__dataclass_fields__}
    return TEMPLATE.substitute(
        colours, text_size=themes.scaled(themes.TEXT_SIZE), caption_size=themes.scaled(themes.CAPTION_SIZE),
        name_size=themes.scaled(themes.NAME_SIZE), corner=themes.CORNER, icons=ICONS.as_posix(),
        tick="tick-dark" if theme.is_dark else "tick-light",
    )
