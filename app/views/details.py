"""Behind a reply's info button: all its numbers, and the report made of them."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from app import strings
from app.domain.conversation import ReplyRecord
from app.viewmodels.footer import facts
from app.views import fonts
from app.views.buttons import push_button

_VALUE_WIDTH = 260


class Details(QFrame):
    """A popup: a click elsewhere, or Esc, closes it."""

    save_asked = Signal()

    def __init__(self, reply: ReplyRecord, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("popover")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(strings.REPLY_NUMBERS)
        title = QLabel(strings.REPLY_NUMBERS)
        title.setFont(fonts.strong())
        self.save = push_button(strings.SAVE_REPORT, "outline")
        self.save.clicked.connect(self._ask_to_save)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 16)
        column.setSpacing(10)
        column.addWidget(title)
        column.addLayout(_grid(reply))
        column.addSpacing(4)
        column.addWidget(self.save)

    def show_at(self, anchor: QWidget) -> None:
        """Above its anchor where there is room, else below; always on the screen."""
        self.adjustSize()
        screen = anchor.screen().availableGeometry()
        corner = anchor.mapToGlobal(QPoint(anchor.width(), 0))
        left = max(screen.left() + 8, corner.x() - self.width())
        top = corner.y() - self.height() - 6
        if top < screen.top() + 8:
            top = min(corner.y() + anchor.height() + 6, screen.bottom() - self.height() - 8)
        self.move(left, top)
        self.show()
        self.save.setFocus()

    def _ask_to_save(self) -> None:
        self.close()
        self.save_asked.emit()


def _grid(reply: ReplyRecord) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(22)
    grid.setVerticalSpacing(6)
    for row, fact in enumerate(facts(reply)):
        label = QLabel(fact.label)
        label.setProperty("tone", "muted")
        label.setFont(fonts.small())
        value = QLabel(fact.value)
        value.setFont(fonts.small())
        value.setWordWrap(True)
        value.setMinimumWidth(_VALUE_WIDTH)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(value, row, 1)
    return grid
