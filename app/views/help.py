"""The Help menu's dialogs: what this program is, and every shortcut."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QIcon
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import strings
from app.viewmodels.common.palette import Entry
from app.views.common import fonts
from app.views.common.controls import push_button
from mtp_mlx.paths import licences, resources

_ICON = 64
_WIDTH = 420
_WIDE = 560
_MOST_HEIGHT = 560
_EDGE = 24


class AboutDialog(QDialog):
    """`version` is a sentence with the version and, where there is one, the commit."""

    def __init__(self, version: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(strings.ABOUT)
        picture = QLabel()
        drawing = QIcon(str(resources() / "icons" / "app.svg"))
        picture.setPixmap(drawing.pixmap(QSize(_ICON, _ICON)))
        name = QLabel(strings.APP_NAME)
        name.setFont(fonts.title())
        self.version = _text(version)
        self.version.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.licence = _text(strings.ABOUT_LICENCE)
        copy = push_button(strings.COPY, "outline")
        copy.setAutoDefault(False)
        copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(f"{strings.APP_NAME}: {version}")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(_EDGE, _EDGE, _EDGE, _EDGE)
        column.setSpacing(10)
        column.addWidget(picture)
        column.addWidget(name)
        column.addWidget(self.version)
        column.addWidget(_text(strings.ABOUT_PURPOSE))
        column.addWidget(self.licence)
        column.addLayout(_buttons(self, copy, *_licences()))
        self.setFixedWidth(_WIDTH)


class ShortcutsDialog(QDialog):
    """Commands with a shortcut, under the menus they are in."""

    def __init__(self, entries: Sequence[Entry], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(strings.SHORTCUTS)
        self.rows = [entry for entry in entries if entry.shortcut]
        body = QWidget()
        body.setObjectName("column")
        grid = QGridLayout(body)
        grid.setContentsMargins(10, 6, 14, 6)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(0, 1)
        for menu, group in groupby(self.rows, lambda entry: entry.menu):
            self._add_group(grid, menu, list(group))
        area = QScrollArea()
        area.setObjectName("transcriptArea")
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        area.setAccessibleName(strings.SHORTCUTS)
        column = QVBoxLayout(self)
        column.setContentsMargins(_EDGE, _EDGE, _EDGE, _EDGE)
        column.setSpacing(12)
        column.addWidget(area, 1)
        column.addWidget(_text(strings.SHORTCUTS_MORE))
        column.addLayout(_buttons(self))
        self.resize(_WIDE, _MOST_HEIGHT)

    def _add_group(self, grid: QGridLayout, menu: str, entries: list[Entry]) -> None:
        title = QLabel(menu)
        title.setFont(fonts.strong())
        title.setContentsMargins(0, 10 if grid.count() else 0, 0, 0)
        grid.addWidget(title, grid.rowCount(), 0, 1, 2)
        for entry in entries:
            row = grid.rowCount()
            keys = QLabel(entry.shortcut)
            keys.setProperty("tone", "muted")
            grid.addWidget(QLabel(entry.text.removesuffix("…")), row, 0)
            grid.addWidget(keys, row, 1, Qt.AlignmentFlag.AlignRight)


def _text(words: str) -> QLabel:
    label = QLabel(words)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _licences() -> list[QWidget]:
    """Return a button that opens the page of licences in the system's viewer, in a bundle."""
    page = licences()
    if page is None:
        return []
    button = push_button(strings.ABOUT_LICENCES, "outline")
    button.setAutoDefault(False)
    button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(page))))
    return [button]


def _buttons(dialog: QDialog, *others: QWidget) -> QHBoxLayout:
    close = push_button(strings.CLOSE, "filled")
    close.setDefault(True)
    close.clicked.connect(dialog.accept)
    row = QHBoxLayout()
    for other in others:
        row.addWidget(other)
    row.addStretch(1)
    row.addWidget(close)
    return row
